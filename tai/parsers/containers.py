"""Containers and pods as their engines list them in JSON: docker (a line each) and crictl (one document).

The probes ask for JSON, which is there since docker 1.13 and crictl 1.0. The tables for people are read where somebody posts
one: by the places of their headings, since values hold blanks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from tai.parsers.rows import Row, Rows

# "Exited (137) 3 minutes ago", "Restarting (1) 5 seconds ago"; "Up 2 hours (unhealthy)", "Up 2 hours (Paused)".
_EXIT = re.compile(r"(?P<what>Exited|Restarting|Dead) \((?P<code>-?\d+)\)")


def docker_ps(text: str) -> Rows:
    """`docker ps --format '{{json .}}'` or its table (podman's is the same) → id, name, image, status, state, exit_code, health.

    state: running, exited, restarting, created, paused, dead. exit_code: None while it runs; health: healthy, unhealthy,
    starting, or '' where nothing checks. Older engines have no State: it is read from Status. Source: docker-ps(1).
    """
    rows: Rows = []
    for index, said in _listed(text):
        status = str(said.get("Status", ""))
        ended = _EXIT.match(status)
        health = re.search(r"\((?:health: )?(healthy|unhealthy|starting)\)", status)
        rows.append(
            {
                "id": str(said.get("ID", ""))[:12],
                "name": str(said.get("Names", "")).partition(",")[0],
                "image": str(said.get("Image", "")),
                "status": status,
                "state": str(said.get("State", "")) or _state(status),
                "exit_code": int(ended["code"]) if ended else None,
                "health": health[1] if health else "",
                "_line": index,
            }
        )
    return rows


def _listed(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each line's number and its container, by the names that the JSON has."""
    names = {"CONTAINER ID": "ID", "IMAGE": "Image", "STATUS": "Status", "NAMES": "Names"}
    columns: list[tuple[str, int]] = []
    for index, line in enumerate(text.split("\n"), start=1):
        if line.startswith("{"):
            yield index, _object(line)
        elif line.startswith("CONTAINER ID") and "STATUS" in line:
            columns = _columns(line)
        elif columns and line.strip():
            cells = _cells(line, columns)
            yield index, {key: cells.get(title, "") for title, key in names.items()}


def _columns(header: str) -> list[tuple[str, int]]:
    """The headings of a table and where they start; one blank stands inside a heading, more part them."""
    return [(found[0], found.start()) for found in re.finditer(r"\S+(?: \S+)*", header)]


def _cells(line: str, columns: Sequence[tuple[str, int]]) -> dict[str, str]:
    """A table's line by its headings. Where people lost the columns' widths, what stands between wide gaps is counted."""
    ends = [start for _, start in columns[1:]]
    if all(line[end - 1 : end] in {"", " "} for end in ends):
        return {title: line[a:b].strip() for (title, a), b in zip(columns, [*ends, None], strict=True)}
    words = re.split(r"\s{2,}", line.strip())
    # A column that is empty, PORTS for one, cannot be told from a gap: the last word is the name.
    cells = dict(zip([title for title, _ in columns], words, strict=False))
    last = columns[-1][0]
    return {**cells, last: words[-1]}


def _state(status: str) -> str:
    word = status.partition(" ")[0].lower()
    if word == "up":
        return "paused" if "(Paused)" in status else "running"
    return word


def crictl(text: str) -> Rows:
    """`crictl ps -o json` or `crictl pods -o json`, or the table of `crictl ps` → id, name, pod, namespace, state, attempt.

    state: running, exited, created, unknown (containers); ready, notready (pods). attempt: how often it was started
    again. Raises ValueError when it is neither. Source: the runtime API's ListContainersResponse, ListPodSandboxResponse.
    """
    if rows := _cri_table(text):
        return rows
    document = _object(text)
    items = document.get("containers", document.get("items"))
    if not isinstance(items, list):
        raise ValueError("neither containers nor items")  # noqa: TRY004 - one error for all that cannot be read
    lines = text.split("\n")
    return [_cri_row(item, lines) for item in items if isinstance(item, dict)]


def _cri_table(text: str) -> Rows:
    rows: Rows = []
    columns: list[tuple[str, int]] = []
    for index, line in enumerate(text.split("\n"), start=1):
        if line.startswith("CONTAINER ") and " STATE " in line and "ATTEMPT" in line:
            columns = _columns(line)
        elif columns and line.strip():
            cells = _cells(line, columns)
            attempt = cells.get("ATTEMPT", "")
            rows.append(
                {
                    "id": cells.get("CONTAINER", "")[:13],
                    "name": cells.get("NAME", ""),
                    "pod": cells.get("POD", ""),
                    "namespace": cells.get("NAMESPACE", ""),
                    "state": cells.get("STATE", "").lower(),
                    "attempt": int(attempt) if attempt.isdigit() else 0,
                    "_line": index,
                    "_at": {},
                }
            )
    return rows


def _cri_row(item: dict[str, Any], lines: list[str]) -> Row:
    labels = item.get("labels") or {}
    told = item.get("metadata") or {}
    identity = str(item.get("id", ""))
    state = str(item.get("state", ""))
    line = next((index for index, text in enumerate(lines, start=1) if identity and identity in text), 1)
    at = next((index for index in range(line, len(lines) + 1) if state and state in lines[index - 1]), line)
    return {
        "id": identity[:13],
        "name": str(told.get("name", "")),
        "pod": str(labels.get("io.kubernetes.pod.name", "")),
        "namespace": str(labels.get("io.kubernetes.pod.namespace", "")),
        "state": state.removeprefix("CONTAINER_").removeprefix("SANDBOX_").lower(),
        "attempt": int(told.get("attempt") or 0),
        "_line": line,
        "_at": {"state": at},
    }


def _object(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg}") from None
    if not isinstance(said, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - one error for all that cannot be read
    return said
