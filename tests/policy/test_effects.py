"""The effect oracle: every command of the catalogue really runs, and strace sees that it only reads.

Each runs as root, without sandbox layers (the list of commands alone must hold), spelled by `wire.render`, in a
throw-away world: own mounts over the machine's root, own network, own processes. By default a few generated lines of each
program run besides the catalogue's examples, without disks. TAI_EFFECTS=all runs every flag of every form once, and lets
them see this machine's disks (minutes; for machines that may break).
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shlex
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tai.errors import PolicyRefusal
from tai.policy.catalogue import catalogue
from tai.policy.grammar import Canonical, canonicalise
from tai.policy.sandbox import SEARCH_PATH, Sandbox
from tai.policy.spec import Program
from tai.policy.types import Tier
from tai.policy.wire import Wire, render
from tests.policy import samples, strace

ALL = os.environ.get("TAI_EFFECTS") == "all"
GENERATED = 10_000 if ALL else 3  # besides the examples, for each program
AT_ONCE = 4  # most of the time goes into waiting for reports and name servers
PER_WORLD = 40

pytestmark = [
    pytest.mark.slow,  # a process under strace for every command of the catalogue
    pytest.mark.skipif(
        not strace.can_unshare(), reason="needs root, unshare, overlayfs and strace: apt-get install strace"
    ),
    pytest.mark.timeout(1200 if ALL else 300),
]

WORLD = """
mkdir -p /var/log/nginx /var/log/sysstat /run/sshd /home/app/.ssh /etc/nginx
for log in /var/log/syslog /var/log/messages /var/log/x /var/log/nginx/error.log; do
    echo "Nov 21 03:47:01 web-1 sshd[1]: error: x" >$log
done
gzip -c /var/log/syslog >/var/log/syslog.2.gz
ip link set lo up
ip link add eth0 type bridge && ip link set eth0 up || true
"""

Done = list[tuple[Canonical, strace.Trace]]


@functools.cache
def frozen() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "frozen" / "effects.toml").read_text())


@functools.cache
def installed() -> tuple[str, ...]:
    return tuple(name for name in catalogue().programs if shutil.which(name, path=SEARCH_PATH))


def lines_of(program: Program) -> Iterator[list[str]]:
    """The catalogue's examples, and each flag of each form once with a value of its type."""
    yield from map(shlex.split, program.examples)
    for form in program.distinct_forms():
        line = samples.required(program, form, set())
        yield [program.name, *form.words, *line, *samples.operands_for(form, line)]
        for _, line in samples.lines_with_each_flag(program, form):
            yield line


def chosen(name: str) -> list[Canonical]:
    """The examples, and generated lines taken evenly from all of them, so that every form has its chance."""
    program = catalogue().programs[name]
    allowed: dict[tuple[str, ...], Canonical] = {}
    for line in lines_of(program):
        with contextlib.suppress(PolicyRefusal):  # a flag that goes only with another one
            command = canonicalise(line)
            allowed.setdefault(command.argv, command)
    commands = list(allowed.values())
    examples, generated = commands[: len(program.examples)], commands[len(program.examples) :]
    return examples + generated[:: max(1, len(generated) // GENERATED)][:GENERATED]


@pytest.fixture(scope="module")
def worlds() -> dict[str, tuple[Done, list[str]]]:
    """Of each installed program: its commands with what strace saw, and the files they left behind."""
    jobs = [
        (name, lines[at : at + PER_WORLD])
        for name, lines in ((name, chosen(name)) for name in installed())
        for at in range(0, len(lines), PER_WORLD)
    ]

    def run(job: tuple[str, list[Canonical]]) -> tuple[str, Done, tuple[str, ...]]:
        name, lines = job
        wires = [render(line.argv, Sandbox.NONE, timeout_s=line.timeout_s) for line in lines]
        with tempfile.TemporaryDirectory(prefix="tai-world-") as folder:
            batch = strace.trace(wires, Path(folder), WORLD, devices=ALL, timeout_s=800)
        return name, list(zip(lines, batch.traces, strict=True)), batch.left_behind

    found: dict[str, tuple[Done, list[str]]] = {name: ([], []) for name in installed()}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for name, done, left_behind in pool.map(run, jobs):
            found[name][0].extend(done)
            found[name][1].extend(left_behind)
    return found


def excused(table: str, program: str, key: str, text: str) -> bool:
    return any(
        entry["program"] == program and entry[key] and re.match(entry[key], text) for entry in frozen()[table]
    )


def unexplained(program: str, done: Done) -> Iterator[str]:
    for line, trace in done:
        for call in trace.changes():
            if not excused("change", program, "calls", str(call)):
                yield f"{' '.join(line.argv)}: {call}"
        if line.tier is Tier.A:
            for call in trace.packets():
                if not excused("packet", program, "calls", str(call)):
                    yield f"{' '.join(line.argv)}: {call}"
        own = {"/usr/bin/env", "/bin/sh", "/usr/bin/sh", *frozen()["helpers"].get(program, [])}
        for path in trace.programs():
            if path not in own and Path(path).name != program:
                yield f"{' '.join(line.argv)}: started {path}"


@pytest.mark.parametrize("program", catalogue().programs)
def test_program_of_the_catalogue_only_reads(program: str, worlds: dict[str, tuple[Done, list[str]]]) -> None:
    if program not in worlds:
        pytest.skip(f"{program} is not installed")
    done, left_behind = worlds[program]
    assert list(unexplained(program, done)) == []
    assert [line for line in left_behind if not excused("change", program, "files", line)] == []


def test_most_of_the_catalogue_really_ran(worlds: dict[str, tuple[Done, list[str]]]) -> None:
    runs = [trace.exit_code for done, _ in worlds.values() for _, trace in done]
    print(
        f"{len(runs)} command lines of {len(worlds)} of {len(catalogue().programs)} programs; exit 0: {runs.count(0)}"
    )
    assert runs.count(0) > len(runs) // 3  # without systemd, disks and daemons many say what they miss
    assert 127 not in runs


@pytest.mark.parametrize(
    ("script", "seen"),
    [
        ("echo x > /tmp/tai-oracle", "openat"),
        ("echo x >> /etc/hosts", "openat"),
        ("rm /etc/hosts", "unlinkat"),
        ("mv /etc/hosts /etc/hosts2", "renameat"),
        ("mkdir /tmp/tai-oracle", "mkdir"),
        ("chmod 600 /etc/hosts", "fchmodat"),
        ("ln -s a /tmp/tai-oracle", "symlinkat"),
        ("mount -t tmpfs x /mnt", "mount"),
        ("date -s 2020-01-01", "clock_settime"),  # the world has no right to: clocks have no namespace
        ("hostname tai-oracle", "sethostname"),
        ("kill -0 1; kill -HUP 1", "kill"),
        ("ip link set lo down", "sendmsg"),
        ("ip route add 10.9.0.0/24 dev lo", "sendmsg"),
    ],
)
def test_oracle_sees_a_change_when_there_is_one(script: str, seen: str, tmp_path: Path) -> None:
    batch = strace.trace([Wire(script)], tmp_path, WORLD)
    assert {re.sub(r"\d+$", "", call.name) for call in batch.traces[0].changes()} >= {seen}


def test_oracle_sees_packets_and_files_left_behind(tmp_path: Path) -> None:
    batch = strace.trace([Wire("ping -c1 -w1 127.0.0.1"), Wire("touch /etc/tai-oracle")], tmp_path, WORLD)
    assert batch.traces[0].packets() != []
    assert batch.left_behind == ("etc/tai-oracle",)


def test_every_exception_names_a_program_of_the_catalogue_and_a_reason() -> None:
    for entry in [*frozen()["change"], *frozen()["packet"]]:
        assert entry["program"] in catalogue().programs
        assert len(entry["reason"]) > 5
    assert set(frozen()["helpers"]) <= set(catalogue().programs)
