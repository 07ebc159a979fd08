"""Observations and findings for the engine's tests, in few words."""

from __future__ import annotations

from tai.model import Citation, Finding, Observation, Outcome, Severity

DF = "Filesystem Type Size Used Avail Use% Mounted on\n/dev/vda1 ext4 20G 7.1G 12G 38% /\n/dev/vdb1 ext4 2.0G 2.0G 0 100% /srv\n"
LOG = (
    "2026-11-21T14:00:01 db-01 mariadbd[71]: InnoDB: ready for connections\n"
    "2026-11-21T14:02:07 db-01 mariadbd[71]: InnoDB: Write to file ib_logfile0 failed: No space left on device\n"
    "2026-11-21T14:02:09 db-01 systemd[1]: mariadb.service: Main process exited, code=killed, status=6/ABRT\n"
)


def observation(
    number: int,
    text: str,
    *argv: str,
    outcome: Outcome = Outcome.OK,
    reason: str = "",
    exit_status: int | None = 0,
) -> Observation:
    return Observation(
        id=f"E{number}",
        host="db-01",
        collector="disk",
        probe="p",
        argv=argv or ("df", "-h"),
        outcome=outcome,
        reason=reason,
        text=text,
        exit=exit_status,
    )


def finding(
    *refs: tuple[str, int, str], title: str = "A filesystem is full", severity: Severity = "high"
) -> Finding:
    return Finding(
        signature="disk-full",
        title=title,
        severity=severity,
        category="disk",
        cited=tuple(Citation(observation=name, line=line, text=text) for name, line, text in refs),
        explanation="/srv has no space left",
    )
