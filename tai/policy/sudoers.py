"""Prints a sudoers fragment that lets one account run exactly these reading commands as root, and nothing else.

Not a switch: tai uses sudo only for hosts whose configuration says so, and never installs what is printed here. A person
reads it and puts it under /etc/sudoers.d/ with visudo.

Every grant is one command line in full: sudo compares the arguments word by word, so neither wildcards (`*` in sudoers
also matches a space) nor regular expressions (sudo 1.9.10) are needed. Source: sudoers(5).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from typing import Final

from tai.errors import PolicyRefusal
from tai.policy.catalogue import catalogue
from tai.policy.grammar import Canonical, canonicalise

_ACCOUNT: Final = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_SPECIAL: Final = re.compile(r"([,:=*?\[\]!#])")
# What a sudoers line can hold as a word, once those are escaped, and match exactly (each seen with sudo 1.9.13). Not a
# space, which joins two arguments; not a backslash, which is read twice; not ^, which starts a regular expression.
_WORD: Final = re.compile(r"[A-Za-z0-9_./%+@~,:=*?\[\]!#-]+")


def grantable() -> list[Canonical]:
    """The example command lines of every program that the catalogue marks for sudo, in canonical form."""
    return [
        canonicalise(shlex.split(example))
        for program in catalogue().programs.values()
        if program.sudo
        for example in program.examples
    ]


def fragment(user: str, commands: Iterable[Canonical]) -> str:
    """A sudoers fragment for `user`, ending in a newline, that `visudo -c` accepts.

    user: the account that tai logs in with. commands: those to grant, such as `grantable()` or what the user's own
    collectors run; the order does not matter. Raises PolicyRefusal for an account name that sudoers could read as something
    else, for a command that the catalogue does not mark for sudo, and when there is nothing to grant.
    """
    if not _ACCOUNT.fullmatch(user):
        raise PolicyRefusal(
            f"{user!r} is not an account name that can stand in sudoers: a-z, 0-9, _ and - only"
        )
    lines = sorted({_grant(command) for command in commands})
    if not lines:
        raise PolicyRefusal("no command that is marked for sudo was given")
    granted = ", \\\n    ".join(lines)
    return (
        f"# Reading commands that tai may run as root for {user}. Check with: visudo -c -f FILE\n"
        "# NOEXEC: the commands cannot start others. Arguments are exact: another argument is another command.\n"
        f"Defaults:{user} !requiretty, env_reset, !setenv\n"
        f"{user} ALL=(root) NOPASSWD: NOEXEC: NOSETENV: \\\n    {granted}\n"
    )


def _grant(command: Canonical) -> str:
    if not command.sudo or not command.program.startswith("/"):
        raise PolicyRefusal(f"{command.argv[0]} is not marked for sudo in the catalogue")
    for word in command.argv[1:]:
        if not _WORD.fullmatch(word):
            raise PolicyRefusal(
                f"{command.argv[0]}: the argument {word!r} cannot be written exactly in sudoers"
            )
    arguments = " ".join(_SPECIAL.sub(r"\\\1", word) for word in command.argv[1:])
    return f"{command.program} {arguments}" if arguments else f'{command.program} ""'
