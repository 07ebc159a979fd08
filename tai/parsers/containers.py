"""Containers and pods as their engines list them in JSON: docker (a line each) and crictl (one document).

The tables for people are not read: their columns are cut and differ by version; the JSON is there since docker 1.13
and crictl 1.0.
"""

from __future__ import annotations

import json
import re
from typing import Any

from tai.parsers.rows import Row, Rows

# "Exited (137) 3 minutes ago", "Restarting (1) 5 seconds ago"; "Up 2 hours (unhealthy)", "Up 2 hours (Paused)".
_EXIT = re.compile(r"(?P<what>Exited|Restarting|Dead) \((?P<code>-?\d+)\)")


def docker_ps(text: str) -> Rows:
    """`docker ps --format '{{json .}}'` → id, name, image, status, state, exit_code, health.

    state: running, exited, restarting, created, paused, dead. exit_code: None while it runs; health: healthy, unhealthy,
    starting, or '' where nothing checks. Older engines have no State: it is read from Status. Source: docker-ps(1).
    """
    rows: Rows = []
    for index, line in enumerate(text.split("\n"), start=1):
        if not line.startswith("{"):
            continue
        said = _object(line)
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


def _state(status: str) -> str:
    word = status.partition(" ")[0].lower()
    if word == "up":
        return "paused" if "(Paused)" in status else "running"
    return word


def crictl(text: str) -> Rows:
    """`crictl ps -o json` or `crictl pods -o json` → id, name, pod, namespace, state, attempt.

    state: running, exited, created, unknown (containers); ready, notready (pods). attempt: how often it was started
    again. Raises ValueError when it is neither. Source: the runtime API's ListContainersResponse, ListPodSandboxResponse.
    """
    document = _object(text)
    items = document.get("containers", document.get("items"))
    if not isinstance(items, list):
        raise ValueError("neither containers nor items")  # noqa: TRY004 - one error for all that cannot be read
    lines = text.split("\n")
    return [_cri_row(item, lines) for item in items if isinstance(item, dict)]


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
