"""The read-only proof: all that tai can do, on real hosts, with everything that it left written down.

    make read-only-proof        writes docs/read-only-proof.md        (root; mmdebstrap, systemd-container, strace)
    python vm-fixtures/read_only_proof.py debian-12     one host, on standard output

Each host of `healthy.py` runs twice, side by side: the subject, and a twin that tai never meets. A bare login of each user
on both first, so that what a first login makes is there; then the state of both (`state.py`), the full run on the subject
as `diag` and as root (`full_run.py`) under the eyes of strace (`witness.py`), a few bare logins on the twin meanwhile, and
the state of both again. What differs on the twin too is the host's own life. Whatever else differs, and whatever was seen,
must be in `ALLOWED`, with its reason, or the proof fails. Then the control: a session that does write, which both
instruments must see, or the proof fails too.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from full_run import Done, everything
from healthy import HEALTHY, Healthy
from launcher import Lab, LabHost
from nspawn import NspawnLab
from state import State, differences, processes, state_of
from witness import Act, Witness

from tai import __version__

_CONTROL = "/etc/tai-was-here"
USERS = ("diag", "root")
_TWIN = "twin"
_LOGIN_EVERY_S = 10.0
_AT_ONCE = 2
# A database tidies up when it likes, on one host of a pair and not yet on the other: it is told to do so before, and then not to.
_TIDY = """command -v psql >/dev/null || exit 0
for sql in 'alter system set autovacuum = off' 'alter system set checkpoint_timeout = 86400' 'select pg_reload_conf()' 'vacuum' 'checkpoint'
do su postgres -c "psql -qtAc \\"$sql\\"" >/dev/null; done"""
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
    """What one host showed. changed, acted: allowed ones by reason; own: what differs on the twin too; against: what
    breaks the proof; control: what saw it; took_s: seconds, all in all.
    """

    name: str
    versions: str
    runs: dict[str, Done] = field(default_factory=dict)
    compared: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    programs: int = 0
    logins: int = 0
    changed: dict[str, list[str]] = field(default_factory=dict)
    acted: dict[str, list[str]] = field(default_factory=dict)
    own: list[str] = field(default_factory=list)
    against: list[str] = field(default_factory=list)
    control: list[str] = field(default_factory=list)
    took_s: float = 0.0


def _allowed(text: str, by: tuple[Allowed, ...]) -> str | None:
    return next((each.reason for each in by if re.fullmatch(each.where, text)), None)


def judge_state(before: State, after: State, verdict: Verdict, own: Iterable[str] = ()) -> None:
    """Sort what differs into allowed, the host's own life, and against. own: what differs on the twin, as `changes` has it."""
    lives = {_bare(text) for text in own}
    for text, how in changes(before, after):
        if reason := _allowed(text, ALLOWED_DIFFERENCES):
            verdict.changed.setdefault(reason, []).append(f"{_bare(text)} ({how})")
        elif _bare(text) in lives:
            verdict.own.append(_bare(text))
        else:
            verdict.against.append(f"differs: {text}: {how}")


def changes(before: State, after: State) -> list[tuple[str, str]]:
    """What differs, as `kind name`, and how. A process is called by its command line: its number says nothing."""
    found = []
    for kind, name, how in differences(before, after):
        called = name
        if kind == "process":
            called = after[kind].get(name) or before[kind][name]
        found.append((f"{kind} {called}", how))
    return found


def judge_acts(acts: Iterable[Act], verdict: Verdict) -> None:
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
    """Boot one host and its twin and do all of it. Raises RuntimeError when one does not come up or cannot be watched."""
    began = time.monotonic()
    spec = healthy.spec()
    versions = dict(line.split() for line in spec.image.packages.read_text().splitlines())
    kept = [
        f"{name} {versions[name]}"
        for name in ("systemd", "openssh-server", "dropbear-bin", "busybox-static")
        if name in versions
    ]
    verdict = Verdict(healthy.recipe, ", ".join(kept))
    lab = NspawnLab(Lab(spec.name, (spec, replace(spec, name=_TWIN))))
    with lab as hosts, tempfile.TemporaryDirectory() as scratch:
        init, twin_init = lab.init_of(spec.name), lab.init_of(_TWIN)
        with Witness(lab, hosts[spec.name], Path(scratch) / "trace") as witness:
            for user in USERS:
                witness.host.ssh("true", user=user)
                hosts[_TWIN].ssh("true", user=user)
            for host in (witness.host, hosts[_TWIN]):
                host.ssh(_TIDY, user="root")
            quiet(init)
            quiet(twin_init)
            time.sleep(2)  # what the last session's end still writes
            before, twin_before = state_of(init), state_of(twin_init)
            verdict.compared.update({kind: len(there) for kind, there in before.items()})
            start = witness.mark()
            for user in USERS:
                verdict.runs[user] = asyncio.run(
                    _beside(everything(witness.host, user), hosts[_TWIN], verdict)
                )
            quiet(init, dict(before["process"]))
            quiet(twin_init, dict(twin_before["process"]))
            after, twin_after = state_of(init), state_of(twin_init)
            end = witness.mark()
            judge_state(before, after, verdict, [text for text, _ in changes(twin_before, twin_after)])
            seen = witness.seen(start, end)
            judge_acts(seen.acts, verdict)
            verdict.calls, verdict.programs = seen.calls, len(seen.programs)
            _control(witness, init, verdict, after)
    verdict.took_s = time.monotonic() - began
    return verdict


async def _beside(run: Coroutine[None, None, Done], twin: LabHost, verdict: Verdict) -> Done:
    """The run, and a bare login on the twin every few seconds as long as it takes."""

    async def log_in() -> None:
        while True:
            await asyncio.to_thread(twin.ssh, "true", user=USERS[verdict.logins % 2])
            verdict.logins += 1
            await asyncio.sleep(_LOGIN_EVERY_S)

    async with asyncio.TaskGroup() as tasks:
        logins = tasks.create_task(log_in())
        done = await run
        logins.cancel()
    return done


def _control(witness: Witness, init: int, verdict: Verdict, before: State) -> None:
    """A session that writes. Both instruments must see it: else they see nothing, and the proof is none."""
    start = witness.mark()
    witness.host.ssh(f"touch {_CONTROL}")
    quiet(init, dict(before["process"]))
    if ("file", _CONTROL, "new") in differences(before, state_of(init)):
        verdict.control.append("comparison")
    if any(act.program and act.path == _CONTROL for act in witness.seen(start).acts):
        verdict.control.append("trace")
    if verdict.control != ["comparison", "trace"]:
        verdict.against.append(f"control: a write was seen only by {verdict.control or 'nobody'}")


_PLURALS = {
    "address": "addresses",
    "process": "processes",
    "nftables": "lines of nftables",
    "sysctl": "sysctls",
}
_SHOWN = 6


def document(verdicts: Sequence[Verdict]) -> str:
    """The proof as a page."""
    bad = sum(bool(each.against) for each in verdicts)
    said = "It holds on all of them." if not bad else f"**It does not hold on {bad} of them.**"
    lines = [
        "# Read-only proof",
        "",
        f"Made by `make read-only-proof` on {datetime.now(UTC):%Y-%m-%d} with tai {__version__} and {_strace()}, kernel "
        f"{os.uname().release.split('-')[0]}; do not edit.",
        "",
        "On each host tai ran every collector, every probe and every command of its prompt, as `diag` and as root, with every",
        "question answered with yes. Before and after, these were compared from outside: each file's digest, mode, owner, links,",
        "inode, size and times (that of access apart), processes, mounts, listening sockets, addresses, links, routes, nftables,",
        "sysctl, units, packages. All the while strace followed the ssh server and every process below it. Hosts are containers",
        "by systemd-nspawn with their own systemd (or busybox), journald and ssh server. Beside each ran a twin that tai never met,",
        "with bare logins (`ssh HOST true`) of the same users: what differs there too is the host's own life. Databases of both are told",
        "to tidy up before, and not to do so by themselves while it lasts.",
        "",
        f"**{len(verdicts)} hosts. {said}**" if not bad else f"{len(verdicts)} hosts. {said}",
        "",
        "How it is judged, and each trace that is allowed, with its reason: `vm-fixtures/read_only_proof.py`. What is not looked at:",
        "what the kernel counts and caches, times of access, and programs that these hosts do not have (LVM, multipath, ZFS, container",
        "engines and more); those are traced one by one, in namespaces, by `tests/policy/test_effects.py`, and what they leave is in",
        "`tests/policy/frozen/effects.toml`. Nor is what a person alone can ask for with `/run` beyond the lines of `vm-fixtures/full_run.py`:",
        "[policy.md](policy.md) says of each command what it does besides reading.",
    ]
    for each in verdicts:
        lines += ["", f"## {each.name}", "", *_section(each)]
    return "\n".join(lines) + "\n"


def _section(each: Verdict) -> Iterator[str]:
    yield each.versions
    yield ""
    for user, done in each.runs.items():
        yield (
            f"- as {user}: {done.collectors} collectors, {done.probes} probes, {len(done.entries)} lines at the prompt,"
            f" {len(done.commands)} commands sent ({len(set(done.commands))} different)"
        )
    kinds = (f"{count} {_PLURALS.get(kind, f'{kind}s')}" for kind, count in sorted(each.compared.items()))
    yield f"- compared: {', '.join(kinds)}"
    yield f"- watched: {each.calls} calls of {each.programs} programs"
    yield f"- control, a `touch` in a session: caught by {' and '.join(each.control) or 'nobody'}"
    yield from ("", "Allowed, because any login leaves it:", "")
    for title, found in (("differs", each.changed), ("seen", each.acted)):
        for reason, what in sorted(found.items()):
            yield f"- {title}: {_listed(one.partition(' (')[0] for one in what)}: {reason}"
    if each.own:
        yield from ("", f"The host's own life, on the twin with its {each.logins} bare logins too:", "")
        yield f"- differs: {_listed(each.own)}"
    if each.against:
        yield from (
            "",
            "**Against the proof:**",
            "",
            *(f"- `{one}`" for one in sorted(set(map(_bare, each.against)))),
        )


def _listed(names: Iterable[str]) -> str:
    each = sorted(set(names))
    more = f" and {len(each) - _SHOWN} more like it" if len(each) > _SHOWN else ""
    return ", ".join(f"`{name}`" for name in each[:_SHOWN]) + more


def _strace() -> str:
    said = subprocess.run(["strace", "--version"], check=True, capture_output=True, text=True).stdout
    return said.splitlines()[0].replace(" -- version", "")


def main(names: list[str]) -> int:
    """Prove it on the hosts that are named, or all; the page on standard output, 1 when it does not hold."""
    chosen = [healthy for healthy in HEALTHY if not names or healthy.recipe in names]
    verdicts = []
    with ProcessPoolExecutor(_AT_ONCE) as pool:
        for verdict in pool.map(prove, chosen):
            verdicts.append(verdict)
            print(
                f"{verdict.name}: {len(verdict.against)} against, {verdict.took_s:.0f} s",
                file=sys.stderr,
                flush=True,
            )
    sys.stdout.write(document(verdicts))
    return int(any(each.against for each in verdicts))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
