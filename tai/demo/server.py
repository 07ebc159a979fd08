"""An SSH server that answers as one recorded host did, and to nothing else. It executes nothing.

Not a test double: the client that talks to it is tai's own, over a real connection on loopback, with a real host key to
check and a real key pair to log in with. Both keys are made for the run and go away with it. What is not recorded gets
exit status 127; a shell, a terminal, a subsystem, a forwarding, a password or another key get what a strict sshd gives.

One thing is not as recorded: the probe's clock, which is today's. The recorded host's clock was right, and played back
unchanged it would look days off, which is a finding that is not there. Dates in logs stay as recorded.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tai.demo.recording import Recording, output_bytes
from tai.demo.spelling import Key, key_for, key_of
from tai.policy.sandbox import PROBE, parse_probe
from tai.policy.wire import Wire
from tai.transport.ssh.loader import asyncssh

NOT_RECORDED: Final = 127
"""What a shell answers for a command that is not there."""

_ADDRESS: Final = "127.0.0.1"
_LONGEST_STDIN: Final = 65536  # a command line of form 2 is some hundred bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What one command gets. exit: the status."""

    exit: int
    stdout: bytes = b""
    stderr: bytes = b""


class Answers:
    """Every recorded answer, by the text that asks for it."""

    def __init__(self, recording: Recording) -> None:
        probe = output_bytes(recording.probe)
        sandbox = parse_probe(probe.decode(errors="replace")).sandbox
        self._probe = probe
        self._by_key: Mapping[Key, Answer] = {
            key_for(command.argv, sandbox): Answer(
                command.exit, output_bytes(command.stdout), output_bytes(command.stderr)
            )
            for command in recording.commands
        }

    def to(self, wire: Wire) -> Answer:
        """The recorded answer; 127 for anything that was not recorded."""
        if wire == Wire(PROBE):
            now = f"now={time.time():.0f}".encode()
            return Answer(0, re.sub(rb"(?m)^now=\d+$", now, self._probe, count=1))
        not_recorded = Answer(NOT_RECORDED, stderr=b"tai demo: this command was not recorded\n")
        try:
            return self._by_key.get(key_of(wire), not_recorded)
        except UnicodeDecodeError:
            return not_recorded


@dataclass(frozen=True, slots=True)
class DemoServer:
    """A running server. host, port: where; user, key_file: who may log in; known_hosts_file: the key it will show."""

    host: str
    port: int
    user: str
    key_file: Path
    known_hosts_file: Path
    _acceptor: asyncssh.SSHAcceptor

    async def close(self) -> None:
        """Stop listening and end every connection. The key files are the caller's to remove, with their folder."""
        self._acceptor.close()
        await self._acceptor.wait_closed()


async def serve(recording: Recording, directory: Path) -> DemoServer:
    """Start a server for a recording on a free loopback port.

    directory: an empty private folder (0700) of the caller's, for the key files. Raises PolicyRefusal when the
    recording holds a command that the policy would not send now.
    """
    answers = Answers(recording)
    host_key, user_key = (
        asyncssh.generate_private_key("ssh-ed25519", comment) for comment in ("demo host", "demo user")
    )
    key_file, known_hosts_file = directory / "id_ed25519", directory / "known_hosts"
    key_file.touch(mode=0o600)
    user_key.write_private_key(str(key_file))
    acceptor = await asyncssh.listen(
        _ADDRESS,
        0,
        server_factory=lambda: _Server(recording.user, user_key.convert_to_public(), answers),
        server_host_keys=[host_key],
        encoding=None,
        password_auth=False,
        kbdint_auth=False,
        host_based_auth=False,
        gss_host=None,
        allow_pty=False,
        agent_forwarding=False,
        x11_forwarding=False,
    )
    port = acceptor.get_port()
    public = host_key.export_public_key().decode()
    known_hosts_file.write_text(f"[{_ADDRESS}]:{port} {public}", encoding="ascii")
    return DemoServer(_ADDRESS, port, recording.user, key_file, known_hosts_file, acceptor)


class _Server(asyncssh.SSHServer):
    """One connection: one user, one key, command sessions only. What it does not override, asyncssh refuses."""

    def __init__(self, user: str, key: asyncssh.SSHKey, answers: Answers) -> None:
        self._user = user
        self._key = key
        self._answers = answers

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002 - asyncssh's signature
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == self._user and key == self._key

    def session_requested(self) -> _Session:
        return _Session(self._answers)


class _Session(asyncssh.SSHServerSession[bytes]):
    """One channel, one command. A request for a terminal, a shell or a subsystem is refused by the base class."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._command = ""
        self._stdin = b""

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self._channel = chan

    def exec_requested(self, command: str) -> bool:
        self._command = command
        return True

    def session_started(self) -> None:
        # Only a line on standard input has to be waited for; many clients leave theirs open otherwise.
        if not self._command.endswith("'/bin/sh' '-s'"):
            self._answer(Wire(self._command))

    def data_received(self, data: bytes, datatype: int | None) -> None:  # noqa: ARG002 - asyncssh's signature
        self._stdin = (self._stdin + data)[:_LONGEST_STDIN]

    def eof_received(self) -> bool:
        self._answer(Wire(self._command, self._stdin or None))
        return False

    def _answer(self, wire: Wire) -> None:
        if self._channel.is_closing():
            return
        answer = self._answers.to(wire)
        self._channel.write(answer.stdout)
        self._channel.write_stderr(answer.stderr)
        self._channel.exit(answer.exit)
