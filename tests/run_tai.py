"""Runs the `tai` command as a user does: another process, a home of its own, real exit statuses. For end-to-end tests.

Take the fixture over by importing it, together with `client_home` of `tests.sshd`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.sshd import ClientHome, Sshd

TICKET = "The web shop on this box answers slowly since two hours ago. nginx logs errors, /var looks full, port 8080.\n"


@dataclass
class Tai:
    """Runs the command with a home, state and config of its own. inside: words that put it into another network."""

    home: ClientHome
    folder: Path
    inside: tuple[str, ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("TAI_", "SSH_", "XDG_"))
        }
        return {
            **kept,
            "HOME": str(self.home.path),
            "TAI_STATE_DIR": str(self.folder / "state"),
            "NO_COLOR": "1",
        }

    def words(self, *words: str) -> list[str]:
        return [*self.inside, sys.executable, "-m", "tai", *words]

    def __call__(
        self, *words: str, stdin: bytes = b"", variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end. variables: on top of the environment."""
        done = subprocess.run(
            self.words(*words),
            input=stdin,
            capture_output=True,
            env={**self.environment, **(variables or {})},
            timeout=50,
            check=False,
        )
        result = subprocess.CompletedProcess(
            words, done.returncode, done.stdout.decode(), done.stderr.decode()
        )
        assert "Traceback" not in result.stderr + result.stdout
        return result

    def ticket(self, text: str = TICKET) -> str:
        path = self.folder / "ticket.md"
        path.write_text(text)
        return str(path)

    def at(self, server: Sshd) -> list[str]:
        """The words that lead to a test server."""
        return [server.address, "-p", str(server.port), "--ignore-ssh-config"]

    @property
    def records(self) -> list[Path]:
        return sorted((self.folder / "state" / "sessions").glob("*/events.ndjson"))


@pytest.fixture
def tai(client_home: ClientHome, tmp_path: Path) -> Tai:
    return Tai(client_home, tmp_path)


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def of_kind(stream: Sequence[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in stream if event["kind"] == kind]


def refused(done: subprocess.CompletedProcess[str], status: int, *said: str) -> None:
    assert done.returncode == status, done.stderr
    for words in said:
        assert words in done.stderr, done.stderr
