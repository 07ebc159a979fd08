"""The read-only proof: all that tai can do, on real hosts, with everything that it left written down.

    make read-only-proof        writes docs/read-only-proof.md        (root; mmdebstrap, systemd-container, strace)
    python vm-fixtures/read_only_proof.py debian-12     one host, on standard output

For each host of `healthy.py`: a bare login of each user first, so that what a first login makes is there; then the state
(`state.py`), the full run as `diag` and as root (`full_run.py`) under the eyes of strace (`witness.py`), and the state
again. Whatever differs, and whatever was seen, must be in `ALLOWED`, with its reason, or the proof fails. Then the
control: a session that does write, which both must see, or the proof fails too.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from full_run import Done, everything
from healthy import HEALTHY, Healthy
from launcher import Lab, LabHost
from nspawn import NspawnLab
from state import State, differences, processes, state_of
from witness import Act, Witness

_CONTROL = "/etc/tai-was-here"
_QUIET_S = 60.0  # systemd keeps a user's manager for 10 s after the last session


@dataclass(frozen=True, slots=True)
class Allowed:
    """A trace that a login leaves by itself, whoever logs in. where: matches `kind name` of a difference, or `program path` of a call."""

    where: str
    reason: str


# What the host's own programs write because someone logged in. tai logs in; nothing else here is allowed.
ALLOWED_DIFFERENCES = (
    Allowed(r"file /var/log/journal/[0-9a-f]{32}(/[\w.@-]+\.journal)?", "journald writes that sshd and logind let someone in"),
    Allowed(r"file /var/log/auth\.log", "rsyslog writes the same"),
    Allowed(r"file /var/log/syslog", "rsyslog writes what systemd says of the session"),
    Allowed(r"file /var/log/messages", "busybox's syslogd writes that dropbear let someone in"),
    Allowed(r"file /run/systemd/(sessions|users|units|transient|inaccessible|seats)(/.*)?", "logind and systemd keep notes on sessions"),
    Allowed(r"file /run/user(/.*)?", "pam_systemd makes and removes the user's runtime folder"),
    Allowed(r"file /run/motd\.dynamic|file /run", "pam_motd writes the message of the day anew"),
    Allowed(r"file /run/systemd/journal/streams(/.*)?", "journald keeps its clients' streams"),
)  # fmt: skip
ALLOWED_ACTS = (
    Allowed(r"ssh server /proc/(self|\d+)/(oom_score_adj|loginuid)", "sshd and pam_loginuid mark their own process"),
    Allowed(r"ssh server /var/log/(lastlog|wtmp|btmp)|ssh server (/var)?/run/utmp", "sshd's and PAM's books of logins"),
    Allowed(r"(ssh server|/bin/sh|/usr/bin/dash) /run/motd\.dynamic(\.new)?", "pam_motd writes the message of the day anew"),
    Allowed(r"ssh server /dev/urandom", "dropbear stirs the kernel's random numbers"),
    Allowed(r"(/usr)?/bin/bash /dev/tty", "the login shell looks for its terminal; the session has none"),
)  # fmt: skip


@dataclass(slots=True)
class Verdict:
    """What one host showed. changed, acted: allowed ones by reason; against: what breaks the proof; control: what saw it."""

    name: str
    versions: str
    runs: dict[str, Done] = field(default_factory=dict)
    compared: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    programs: int = 0
    changed: dict[str, list[str]] = field(default_factory=dict)
    acted: dict[str, list[str]] = field(default_factory=dict)
    against: list[str] = field(default_factory=list)
    control: list[str] = field(default_factory=list)


def _allowed(text: str, by: tuple[Allowed, ...]) -> str | None:
    return next((each.reason for each in by if re.fullmatch(each.where, text)), None)


def judge_state(before: State, after: State, verdict: Verdict) -> None:
    """Sort what differs into allowed and against."""
    for kind, name, how in differences(before, after):
        text = f"{kind} {name}"
        reason = _allowed(text, ALLOWED_DIFFERENCES)
        if reason:
            verdict.changed.setdefault(reason, []).append(f"{_bare(text)} ({how})")
        else:
            verdict.against.append(f"differs: {text}: {how}")


def judge_acts(acts: list[Act], verdict: Verdict) -> None:
    """Sort what was seen into allowed and against."""
    for act in acts:
        reason = _allowed(f"{act.program or 'ssh server'} {act.path}", ALLOWED_ACTS)
        if reason:
            verdict.acted.setdefault(reason, []).append(f"{act.call.partition('(')[0]} {_bare(act.path)}")
        else:
            verdict.against.append(f"seen: {act}")


def _bare(text: str) -> str:
    """Without what is another in every run: ids and numbers."""
    return re.sub(r"\b\d{2,}\b", "N", re.sub(r"[0-9a-f]{32}", "ID", text))


def server_of(init: int) -> int:
    """The ssh server's process of a running container."""
    for child in Path(f"/proc/{init}/task/{init}/children").read_text().split():
        with contextlib.suppress(OSError):
            if Path(f"/proc/{child}/comm").read_text().strip() in {"sshd", "dropbear"}:
                return int(child)
    raise RuntimeError("no ssh server runs")


def quiet(init: int, wanted: dict[str, str] | None = None) -> None:
    """Wait until no session is left, and, where given, the same processes run; at most for a minute."""
    deadline = time.monotonic() + _QUIET_S
    while time.monotonic() < deadline:
        running = processes(init)
        if wanted is None and not any(
            re.search(r"sshd: (?!/)|systemd --user|\(sd-pam\)", one) for one in running.values()
        ):
            return
        if wanted is not None and running == wanted:
            return
        time.sleep(0.5)


def prove(healthy: Healthy) -> Verdict:
    """Boot one host and do all of it. Raises RuntimeError when it does not come up or cannot be watched."""
    spec = healthy.spec()
    versions = dict(line.split() for line in spec.image.packages.read_text().splitlines())
    kept = [
        f"{name} {versions[name]}"
        for name in ("systemd", "openssh-server", "dropbear-bin", "busybox-static")
        if name in versions
    ]
    verdict = Verdict(healthy.recipe, ", ".join(kept))
    launcher = NspawnLab(Lab(spec.name, (spec,)))
    with launcher as hosts, tempfile.TemporaryDirectory() as scratch:
        host = hosts[spec.name]
        init = launcher.init_of(spec.name)
        for user in ("diag", "root"):
            host.ssh("true", user=user)
        quiet(init)
        time.sleep(2)  # what the last session's end still writes
        before = state_of(init)
        verdict.compared.update({kind: len(there) for kind, there in before.items()})
        with Witness(server_of(init), Path(scratch) / "run") as witness:
            for user in ("diag", "root"):
                verdict.runs[user] = asyncio.run(everything(host, user))
            quiet(init, dict(before["process"]))
        after = state_of(init)
        judge_state(before, after, verdict)
        judge_acts(witness.acts(), verdict)
        verdict.calls, verdict.programs = witness.calls, len(witness.programs)
        _control(host, init, Path(scratch) / "control", verdict, after)
    return verdict


def _control(host: LabHost, init: int, file: Path, verdict: Verdict, before: State) -> None:
    """A session that writes. Both instruments must see it: else they see nothing, and the proof is none."""
    with Witness(server_of(init), file) as witness:
        host.ssh(f"touch {_CONTROL}")
        quiet(init, dict(before["process"]))
    if ("file", _CONTROL, "new") in differences(before, state_of(init)):
        verdict.control.append("comparison")
    if any(act.program and act.path == _CONTROL for act in witness.acts()):
        verdict.control.append("trace")
    if verdict.control != ["comparison", "trace"]:
        verdict.against.append(f"control: a write was seen only by {verdict.control or 'nobody'}")


def document(verdicts: list[Verdict]) -> str:
    """The proof as a page."""
    bad = sum(bool(each.against) for each in verdicts)
    said = "It holds on all of them." if not bad else f"**It does not hold on {bad} of them.**"
    lines = [
        "# Read-only proof",
        "",
        f"Made by `make read-only-proof` on {datetime.now(UTC):%Y-%m-%d}, kernel {os.uname().release.split('-')[0]}; do not edit.",
        "",
        "On each host tai ran every collector, every probe and every command of its prompt, as `diag` and as root, with every",
        "question answered with yes. Before and after, these were compared from outside: each file's digest, mode, owner, links,",
        "inode, size and times (that of access apart), processes, mounts, listening sockets, addresses, links, routes, nftables,",
        "sysctl, units, packages. All the while strace followed the ssh server and every process below it. Hosts are containers",
        "by systemd-nspawn with their own systemd (or busybox), journald and ssh server.",
        "",
        f"{len(verdicts)} hosts. {said}",
    ]
    for each in verdicts:
        lines += ["", f"## {each.name}", "", each.versions, ""]
        for user, done in each.runs.items():
            lines.append(
                f"- as {user}: {done.collectors} collectors, {done.probes} probes, {len(done.entries)} lines at the prompt,"
                f" {len(done.commands)} commands sent ({len(set(done.commands))} different)"
            )
        lines.append(
            "- compared: " + ", ".join(f"{count} {kind}s" for kind, count in sorted(each.compared.items()))
        )
        lines.append(f"- watched: {each.calls} calls of {each.programs} programs")
        lines.append(f"- control, a `touch` in a session: caught by {' and '.join(each.control) or 'nobody'}")
        lines += ["", "Allowed, because any login leaves it:", ""]
        for title, found in (("differs", each.changed), ("seen", each.acted)):
            for reason, what in sorted(found.items()):
                names = sorted({one.partition(" (")[0] for one in what})
                more = f" and {len(names) - 6} more like it" if len(names) > 6 else ""
                lines.append(f"- {title}: {', '.join(f'`{name}`' for name in names[:6])}{more}: {reason}")
        if each.against:
            lines += [
                "",
                "**Against the proof:**",
                "",
                *(f"- `{one}`" for one in sorted(set(map(_bare, each.against)))),
            ]
    return "\n".join(lines) + "\n"


def main(names: list[str]) -> int:
    """Prove it on the hosts that are named, or all; the page on standard output, 1 when it does not hold."""
    verdicts = []
    for healthy in HEALTHY:
        if not names or healthy.recipe in names:
            verdicts.append(prove(healthy))
            print(f"{healthy.recipe}: {len(verdicts[-1].against)} against", file=sys.stderr, flush=True)
    sys.stdout.write(document(verdicts))
    return int(any(each.against for each in verdicts))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
