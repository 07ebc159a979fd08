"""strace on a host's ssh server, from outside: the half of the read-only proof that watches. Changes nothing.

Whatever a session does is done by a process below the server, so following its forks follows all sessions. What counts as
a change is what `tests/policy/strace.py` counts. The server's own calls at a login are told apart from the session's: a
process is the server's until it starts another program.
"""

from __future__ import annotations

import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tests.policy.strace import CHANGING_CALLS, OPENING_CALLS, SENDING_CALLS, Call, Trace

_SIGNALS = ("kill", "tkill", "tgkill", "pidfd_send_signal")
_OUTER_PID = re.compile(r"\b\d+ /\* (\d+) in strace's PID NS \*/")
_CALL = re.compile(r"^(\d+) +(\w+)\((.*)$")
_SERVER = re.compile(r"/(?:sshd|sshd-session|sshd-auth|dropbear)$")
_ASKS_ONLY = re.compile(r"kill\(\d+, 0\b")  # whether a process is there; no signal is sent
_START_S = 20.0


@dataclass(frozen=True, slots=True)
class Act:
    """A call that could change the host. program: what made it, `` for the ssh server itself."""

    program: str
    call: str
    path: str

    def __str__(self) -> str:
        return f"{self.program or 'ssh server'}: {self.call}"


class Witness:
    """Watches while the block runs. server: the outer number of the ssh server's process."""

    def __init__(self, server: int, file: Path) -> None:
        self._file = file
        self._server = server
        self.calls = 0
        self.programs: frozenset[str] = frozenset()

    def __enter__(self) -> Witness:
        names = [*CHANGING_CALLS, *OPENING_CALLS, *SENDING_CALLS, *_SIGNALS, "execve", "execveat", "ioctl"]
        wanted = ",".join(f"?{name}" for name in names)
        self._strace = subprocess.Popen(
            [
                *(
                    "strace",
                    "-y",
                    "-f",
                    "-s",
                    "200",
                    "--pidns-translation",
                    "-e",
                    "signal=none",
                    "-e",
                    f"trace={wanted}",
                ),
                *("-o", str(self._file), "-p", str(self._server)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + _START_S
        while f"TracerPid:\t{self._strace.pid}\n" not in Path(f"/proc/{self._server}/status").read_text():
            if time.monotonic() > deadline or self._strace.poll() is not None:
                self._strace.kill()
                raise RuntimeError("strace could not attach to the ssh server")
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._strace.terminate()
        self._strace.wait()

    def acts(self) -> list[Act]:
        """What was done that could change the host. Also counts what was seen: `calls`, `programs`."""
        program: dict[int, str] = {}
        calls, owners = [], []
        for line in self._file.read_text(errors="replace").splitlines():
            if not (match := _CALL.match(_OUTER_PID.sub(r"\1", line))):
                continue
            call = Call(int(match[1]), match[2], match[3])
            if call.name == "execve" and not re.search(r"\) += -1 ", call.text):
                program[call.pid] = "" if _SERVER.search(call.path) else call.path
            calls.append(call)
            owners.append(program.get(call.pid, ""))
        self.calls = len(calls)
        self.programs = frozenset(filter(None, program.values()))
        whole = Trace(tuple(calls), 0, b"", b"")
        return [
            Act(owner, str(call), call.path or _path_of_descriptor(call))
            for call, owner in zip(calls, owners, strict=True)
            if not _ASKS_ONLY.match(f"{call.name}({call.text}") and whole._changes(call)  # noqa: SLF001 - one oracle for both uses
        ]


def _path_of_descriptor(call: Call) -> str:
    """The file that a call names by its number alone, as `strace -y` spells it; '' when there is none."""
    found = re.match(r"\d+<([^>]*)>", call.text)
    return found[1] if found else ""
