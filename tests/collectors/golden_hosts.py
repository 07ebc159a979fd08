"""The recorded hosts, as observations: every probe's whole answer, with its rows. See `record.py`.

HEALTHY_HOSTS: nothing is wrong with them, and all is kept. FURNISHED_HOSTS: something is, and of them only that is kept
which the healthy ones do not have.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from tai.engine.outcome import outcome_of
from tai.model import Observation
from tai.transport.base import Completed

GOLDEN = Path(__file__).parent / "golden"
HEALTHY_HOSTS = ("busybox", "debian-11", "debian-12", "debian-13")
FURNISHED_HOSTS = tuple(sorted({path.stem for path in GOLDEN.glob("*.json")} - {*HEALTHY_HOSTS}))
HOSTS = (*HEALTHY_HOSTS, *FURNISHED_HOSTS)


@cache
def index(host: str) -> dict[str, dict[str, Any]]:
    """What was asked of a host: probe → argv, exit, parser, and `left_out` where the output was not kept."""
    asked: dict[str, dict[str, Any]] = json.loads((GOLDEN / f"{host}.json").read_text())
    return asked


def output(host: str, probe: str) -> bytes:
    """What the probe printed there, byte for byte."""
    return (GOLDEN / probe / f"{host}.out").read_bytes()


def kept(host: str) -> list[str]:
    """The probes whose output was kept."""
    return [probe for probe, asked in index(host).items() if "left_out" not in asked]


def rows(host: str, probe: str) -> list[dict[str, Any]] | None:
    """The rows that were recorded, None when there are none."""
    path = GOLDEN / probe / f"{host}.json"
    return json.loads(path.read_text()) if path.exists() else None


def observations(host: str) -> list[Observation]:
    """Everything that is kept of one host, as one run would have seen it."""
    seen = []
    for n, probe in enumerate(kept(host), start=1):
        asked, said = index(host)[probe], output(host, probe)
        outcome, reason = outcome_of(Completed(asked["exit"], said), {asked["exit"]})
        seen.append(
            Observation(
                id=f"E{n}",
                host=host,
                collector="",
                probe=probe,
                argv=tuple(asked["argv"]),
                outcome=outcome,
                reason=reason,
                exit=asked["exit"],
                text=said.decode("utf-8", "replace"),
                data=rows(host, probe),
            )
        )
    return seen
