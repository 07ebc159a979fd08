"""Sudo on one host: off unless the user's config says so for it, and off for good at the first refusal.

Not the wire form (`tai.policy.wire`) and not the list of programs: the catalogue marks those. sudo logs each try and may
mail root about it, so nothing is tried that was refused before, and tries come one at a time: the first refusal is the last.
"""

from __future__ import annotations

import asyncio
import re

from tai.model import Outcome
from tai.policy import ReadOnlyCommand
from tai.transport.base import Completed

# What sudo 1.8 and 1.9 and sudo-rs print when they do not let the account run a command. Only the line's beginning or end
# is sudo's for certain, since the command's own standard error is the same stream.
_REFUSED = re.compile(
    r"""(?mx)^(?:
      sudo(?:-rs)?:\ .{0,60}(?:password|terminal|authentication|tty)\b.{0,60}(?:required|provided|present|run\ sudo)
    | sudo(?:-rs)?:\ .{0,80}(?:no\ new\ privileges|account\ validation\ failure|setuid\ root|no\ valid\ sudoers|account\ management)
    | Sorry,\ user\ \S+\ (?:is\ not\ allowed\ to\ execute|may\ not\ run)
    | \S+\ is\ not\ (?:in\ the\ sudoers\ file|allowed\ to\ run\ sudo)
    ).*$"""
)
_PROGRAM_ABSENT = re.compile(r"(?m)^sudo: /\S+: command not found$")
_SUDO_ABSENT = re.compile(r"(?m)^.*\bsudo\b.*(?:No such file or directory|not found)$")


class Sudo:
    """allowed: the config says so for this host; is_root: the login is root's, who needs no sudo.

    turn: to be held around each use. off: why sudo is not used any more, '' while it is.
    """

    def __init__(self, *, allowed: bool = False) -> None:
        self.allowed = allowed
        self.off = ""
        self.turn = asyncio.Lock()

    def serves(self, command: ReadOnlyCommand, *, euid: int | None) -> bool:
        """Whether `command` is to run with sudo now. euid: of the login, None when the host did not tell.

        Only programs that the catalogue marks, and never one that reads the content of a path that was named: the path
        guard sees the host with the login's rights, not with root's.
        """
        marked = bool(command.sudo_path) and all(use.kind == "meta" for use in command.paths)
        return self.allowed and not self.off and marked and euid != 0

    def outcome(self, done: Completed) -> tuple[Outcome, str] | None:
        """What sudo itself made of a try, (outcome, reason); None when the command ran. A refusal turns sudo off."""
        said = done.stderr.decode("utf-8", "replace")
        if done.exit == 1 and (absent := _PROGRAM_ABSENT.search(said)):
            return Outcome.MISSING_TOOL, absent[0]
        refusal = (done.exit == 1 and _REFUSED.search(said)) or (
            done.exit == 127 and _SUDO_ABSENT.search(said)
        )
        if not refusal:
            return None
        self.off = refusal[0].strip()[:300]
        return Outcome.NO_PERMISSION, f"sudo refused: {self.off}"
