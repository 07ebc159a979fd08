"""The bytes of one command on the wire, read alike by every login shell.

Not a policy check: `tai.transport.run` calls `render` with the argv of a ReadOnlyCommand, and nobody else does.

sshd hands what we send to the account's own login shell as `$SHELL -c TEXT`, and shells differ inside quotes: fish
reads a backslash there, tcsh an exclamation mark, and zsh expands an unquoted `=ls`. Two forms are read alike by dash,
bash, zsh, tcsh, fish, ksh93, mksh and busybox sh (tests/policy/test_wire.py runs them all):

1. one line with every word in single quotes, for words of printable ASCII without ' \\ ! that are not overlong;
2. for the rest, a line that starts `/bin/sh -s`, and the real line on its standard input in POSIX quotes.

Form 1 is preferred: a host's audit and ForceCommand scripts see the command itself.

`exec /usr/bin/env -i` bypasses the account's aliases, functions, PATH and environment; HOME its dot files.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

from tai.errors import PolicyRefusal
from tai.policy.sandbox import HOME, SEARCH_PATH, Sandbox

_ENVIRONMENT: Final = (
    f"PATH={SEARCH_PATH}",
    "LC_ALL=C.UTF-8",
    f"HOME={HOME}",
    "TERM=dumb",
    "PAGER=cat",
    "SYSTEMD_PAGER=",
    "SYSTEMD_COLORS=0",
    "SYSTEMD_URLIFY=0",
    "LESSSECURE=1",
    "BLKID_FILE=/dev/null",  # libblkid(3): else root's findmnt, btrfs and blkid write a cache in /run (seen)
)
# kubectl finds its cluster and its credentials in the account's own ~/.kube, and nowhere else. All eight shells expand
# exactly this spelling to one word.
_KEEPS_HOME: Final = frozenset({"kubectl"})
_OWN_HOME: Final = '"HOME=$HOME"'
_FORM_2_CHARACTERS: Final = frozenset("'\\!")
_LONGEST_FORM_1: Final = 900  # tcsh refuses a word of more than about a thousand characters: "Word too long."
_UNSENDABLE: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Wire:
    """command: the text of the exec request; stdin: what to write before end of file, None for an empty stdin."""

    command: str
    stdin: bytes | None = None


def render(argv: tuple[str, ...], sandbox: Sandbox, *, timeout_s: float, sudo: bool = False) -> Wire:
    """Spell a command so that the program receives exactly `argv`.

    argv: canonical words. sandbox: the layers for this command (`Sandbox.for_command`). timeout_s: seconds until the
    host itself stops it. sudo: run it as `sudo -n -- /absolute/path …`; argv[0] must then be absolute, and `SUDO_EXEMPT`
    must have been taken off the sandbox.
    Raises PolicyRefusal for what no shell can be trusted with: no words, NUL, newline, other control characters, lone
    surrogates; and for sudo without an absolute path, or under a layer that it cannot work under.
    """
    if not argv or not argv[0]:
        raise PolicyRefusal("there is no program to run")
    for word in argv:
        _refuse_unsendable(word)
    if sudo:
        if not argv[0].startswith("/"):
            raise PolicyRefusal(f"sudo needs the absolute path of {argv[0]}")
        if sandbox.level != "argv":
            raise PolicyRefusal(
                f"sudo cannot work under {sandbox.level}; take SUDO_EXEMPT off for this command"
            )
        argv = ("sudo", "-n", "--", *argv)
    words = (*sandbox.prefix(timeout_s), *argv)
    home = (_OWN_HOME,) if argv[0] in _KEEPS_HOME else ()
    if all(map(_fits_form_1, words)):
        return Wire(_bare(home, words))
    line = " ".join(["exec", *map(_posix, words), "</dev/null\n"])
    return Wire(_bare(home, ("/bin/sh", "-s")), line.encode())


def _bare(home: tuple[str, ...], words: tuple[str, ...]) -> str:
    """home: a last word of the environment that the login shell expands, if any."""
    return " ".join(["exec /usr/bin/env -i", *map(_single, _ENVIRONMENT), *home, *map(_single, words)])


def _single(word: str) -> str:
    return f"'{word}'"


def _posix(word: str) -> str:
    """POSIX shell quoting; a single quote is closed, escaped and opened again (XCU 2.2.2)."""
    return "'" + word.replace("'", "'\\''") + "'"


def _fits_form_1(word: str) -> bool:
    return word.isascii() and len(word) <= _LONGEST_FORM_1 and _FORM_2_CHARACTERS.isdisjoint(word)


def _refuse_unsendable(word: str) -> None:
    for character in word:
        if unicodedata.category(character) in _UNSENDABLE:
            raise PolicyRefusal(
                f"an argument holds the character U+{ord(character):04X}, which cannot be sent"
            )
