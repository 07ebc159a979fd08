"""strace on a host's ssh server, from outside: the half of the read-only proof that watches.

Whatever a session does is done by a process below the server, so following its forks follows all sessions. strace is slow
where it has to stop every call, and it can leave the filtering to the kernel only for what it started itself. So a second
server of the host's own is started under it: the host's program, its configuration, its namespaces, its control group, on
another port. That happens before the first look at the host's state, so it is no difference.

What counts as a change is what `tests/policy/strace.py` counts. The server's own calls at a login are told apart from the
session's: a process is the server's until it starts another program.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from launcher import LabHost
from nspawn import NspawnLab, cgroup2

from tests.policy.strace import CHANGING_CALLS, OPENING_CALLS, SENDING_CALLS, Call, Trace

_PORT = 2222
_SIGNALS = ("kill", "tkill", "tgkill", "pidfd_send_signal")
_OUTER_PID = re.compile(r"\b\d+ /\* (\d+) in strace's PID NS \*/")
_CALL = re.compile(r"^(\d+) +(\w+)\((.*)$")
_SERVER = re.compile(r"/(?:sshd|sshd-session|sshd-auth|dropbear)$")
_ASKS_ONLY = re.compile(r"kill\(\d+, 0\b")  # whether a process is there; no signal is sent
_LIMIT_S = 20.0
_COMMANDS = {
    "sshd": ("/usr/sbin/sshd", "-D", "-p", str(_PORT), "-o", "PidFile=none"),
    "dropbear": (
        *("/usr/sbin/dropbear", "-F", "-s", "-p", str(_PORT), "-P", ""),
        *("-r", "/etc/dropbear/dropbear_ed25519_host_key"),
    ),
}


@dataclass(frozen=True, slots=True)
class Act:
    """A call that could change the host. program: what made it, `` for the ssh server itself."""

    program: str
    call: str
    path: str

    def __str__(self) -> str:
        return f"{self.program or 'ssh server'}: {self.call}"


@dataclass(frozen=True, slots=True)
class Seen:
    """What was watched from one mark to another."""

    acts: tuple[Act, ...]
    calls: int
    programs: frozenset[str]


class Witness:
    """A watched ssh server on a host of a running lab, up inside the block. host: as the lab gave it; file: for the trace.

    `host` is then the same host, reached through the watched server.
    """

    def __init__(self, lab: NspawnLab, host: LabHost, file: Path) -> None:
        self._init = lab.init_of(host.name)
        self._client = lab.wiring.client
        self._address = lab.wiring.places[host.name].address
        self._file = file
        self._undo = contextlib.ExitStack()
        self._original = host
        self.host = host

    def __enter__(self) -> Witness:
        with contextlib.ExitStack() as undo:
            ours = _child(self._init, lambda name: name in _COMMANDS)
            name = _name(ours)
            group = Path(f"/proc/{ours}/cgroup").read_text().splitlines()[-1].removeprefix("0::/")
            names = [
                *CHANGING_CALLS,
                *OPENING_CALLS,
                *SENDING_CALLS,
                *_SIGNALS,
                "execve",
                "execveat",
                "ioctl",
            ]
            strace = subprocess.Popen(
                (
                    *("strace", "-f", "--seccomp-bpf", "-y", "-s", "200", "--pidns-translation"),
                    *("-e", "signal=none", "-e", "trace=" + ",".join(f"?{one}" for one in names)),
                    *("-o", str(self._file)),
                    *("nsenter", f"--target={self._init}", "--all", "--", *_COMMANDS[name]),
                ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
                start_new_session=True,
            )
            undo.callback(_end, strace)
            server = _await(lambda: _child(_child(strace.pid, lambda _: True), lambda one: one == name))
            undo.callback(_terminate, server)
            (cgroup2() / group / "cgroup.procs").write_text(str(server))
            _await(lambda: _listens(server))
            self.host = self._reach(undo)
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.close()

    def mark(self) -> int:
        """Where the trace is now. strace writes each line at once."""
        return self._file.stat().st_size

    def seen(self, since: int, until: int | None = None) -> Seen:
        """What was watched between two marks; until now where there is no second."""
        return read_trace(self._file, since, until)

    def _reach(self, undo: contextlib.ExitStack) -> LabHost:
        """A door to the watched server, beside the launcher's to the host's own. The host key is the same."""
        host = self._original
        door = undo.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = door.getsockname()[1]
        forwarder = subprocess.Popen(
            [
                *("nsenter", f"--net={self._client}", sys.executable),
                *(str(Path(__file__).with_name("forward.py")), f"{door.fileno()}={self._address}:{_PORT}"),
            ],
            pass_fds=[door.fileno()],
            start_new_session=True,
        )
        undo.callback(forwarder.wait)
        undo.callback(forwarder.terminate)
        known, config = (self._file.with_suffix(f".{name}") for name in ("known_hosts", "config"))
        for new, old in ((known, host.known_hosts), (config, host.config)):
            text = old.read_text().replace(str(host.known_hosts), str(known))
            new.write_text(re.sub(rf"((?<=\]:)|(?<=Port )){host.port}\b", str(port), text))
        return replace(host, port=port, known_hosts=known, config=config)


def read_trace(file: Path, since: int = 0, until: int | None = None) -> Seen:
    """What a trace of strace says between two places in it, by bytes. All before is read too: who a process is stands there."""
    program: dict[int, str] = {}
    calls, owners = [], []
    text = file.read_bytes()[:until]
    early = text[:since].count(b"\n")
    for number, line in enumerate(text.decode(errors="replace").splitlines()):
        if not (match := _CALL.match(_OUTER_PID.sub(r"\1", line))):
            continue
        call = Call(int(match[1]), match[2], match[3])
        if call.name == "execve" and not re.search(r"\) += -1 ", call.text):
            program[call.pid] = "" if _SERVER.search(call.path) else call.path
        if number >= early:
            calls.append(call)
            owners.append(program.get(call.pid, ""))
    whole = Trace(tuple(calls), 0, b"", b"")
    acts = (
        Act(owner, str(call), call.path or _path_of_descriptor(call))
        for call, owner in zip(calls, owners, strict=True)
        if not _ASKS_ONLY.match(f"{call.name}({call.text}") and whole._changes(call)  # noqa: SLF001 - one oracle for both uses
    )
    return Seen(tuple(acts), len(calls), frozenset(filter(None, owners)))


def _path_of_descriptor(call: Call) -> str:
    """The file that a call names by its number alone, as `strace -y` spells it; '' when there is none."""
    found = re.match(r"\d+<([^>]*)>", call.text)
    return found[1] if found else ""


def _child(process: int, wanted: Callable[[str], bool]) -> int:
    """The first child process whose name is wanted; 0 when there is none."""
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
            with contextlib.suppress(OSError):
                if wanted(_name(int(child))):
                    return int(child)
    return 0


def _name(process: int) -> str:
    return Path(f"/proc/{process}/comm").read_text().strip()


def _listens(server: int) -> bool:
    table = Path(f"/proc/{server}/net/tcp").read_text()
    return re.search(rf":{_PORT:04X} \S+ 0A ", table) is not None


def _await(ready: Callable[[], int]) -> int:
    """What it gives as soon as that is not 0. Raises RuntimeError when it stays 0."""
    deadline = time.monotonic() + _LIMIT_S
    while not (found := ready()):
        if time.monotonic() > deadline:
            raise RuntimeError("a watched ssh server did not start")
        time.sleep(0.05)
    return found


def _terminate(server: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(server, signal.SIGTERM)


def _end(strace: subprocess.Popen[bytes]) -> None:
    """It ends with the last process that it watches."""
    try:
        strace.wait(_LIMIT_S)
    except subprocess.TimeoutExpired:
        strace.kill()
        strace.wait()
        raise RuntimeError("what was watched did not end") from None
