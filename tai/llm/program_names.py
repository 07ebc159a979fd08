"""Whether two names mean one program: a unit's, a process's, an account's. Pure."""

from __future__ import annotations

import re
from typing import Final

from tai.model import Finding

# Letters of a program's name, from which on a longer name that begins with it is a program of the same make.
_TELLING_STEM: Final = 5


def stems_of(finding: Finding) -> set[str]:
    return {stem_of(finding.subject)} - {""}


def stem_of(name: str) -> str:
    """`postgresql@15-main.service` → `postgresql`; sshd and ssh, mysqld and mysql are the same program."""
    base = name.rpartition("/")[2].lower()
    base = re.sub(r"\.(?:service|socket|timer|mount|scope|slice|target)$", "", base).partition("@")[0]
    return base.removesuffix("d") if len(base) > 3 else base


def same_program(one: str, other: str) -> bool:
    """postgres is postgresql, redis redis-server, and php-fpm php-fpm8.2; systemd has many that begin like it."""
    short, long = sorted((one, other), key=len)
    return bool(short) and (
        short == long or (len(short) >= _TELLING_STEM and short != "system" and long.startswith(short))
    )
