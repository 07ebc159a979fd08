"""The read-only policy: which command lines may be sent to a host, in which form, and why others may not.

Pure: nothing here opens a connection, reads a setting or runs a program. The catalogue (`commands.toml`) and the path
lists (`paths.toml`) ship with tai and nothing adds to them.

    line ─ lexer ─▶ argv ─ grammar ─▶ canonical argv = ReadOnlyCommand ─ wire ─▶ what the login shell gets
"""

from tai.policy.catalogue import catalogue
from tai.policy.command import ReadOnlyCommand
from tai.policy.grammar import Canonical, canonicalise
from tai.policy.paths import mount_guard, path_allowed
from tai.policy.types import PathKind, PathUse, Tier
from tai.policy.verdict import Decision, Verdict, check

__all__ = [
    "Canonical",
    "Decision",
    "PathKind",
    "PathUse",
    "ReadOnlyCommand",
    "Tier",
    "Verdict",
    "canonicalise",
    "catalogue",
    "check",
    "mount_guard",
    "path_allowed",
]
