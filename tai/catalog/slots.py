"""Typed slots in a probe's argv, and placeholders in a signature's words: finding and filling them.

Not the check of what is filled in: that is the policy's, which sees the whole argv afterwards. A slot never makes more
or fewer words than it stands in, but for a window's open end, whose word is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

SAMPLES: Final[dict[str, str]] = {
    "unit": "ssh.service",
    "port": "443",
    "mount": "/var",
    "path": "/var/log/syslog",
    "address": "192.0.2.1",
    "process": "nginx",
    "pid": "1",
    "device": "sda1",
    "link": "eth0",
    "container": "shop-web-1",
    "since": "2026-01-02 03:04:05 UTC",
    "until": "2026-01-02 04:04:05 UTC",
}
"""Every slot, with a value to show the policy when a file is loaded."""

SUBJECT_SLOTS: Final[dict[str, str]] = {
    "units": "unit",
    "processes": "process",
    "ports": "port",
    "addresses": "address",
    "mounts": "mount",
    "paths": "path",
}
"""The ticket's kinds of names, and the slot that each fills."""

WINDOW: Final = frozenset({"since", "until"})

_PLACE = re.compile(r"\{([A-Za-z_]\w*)\}")


def names_in(words: Sequence[str]) -> frozenset[str]:
    """The names of all slots in these words."""
    return frozenset(name for word in words for name in _PLACE.findall(word))


def fill_argv(argv: Sequence[str], values: Mapping[str, str]) -> tuple[str, ...]:
    """argv with its slots filled. A word with a slot of the window that has no value is left out.

    Raises KeyError for any other slot without a value.
    """
    return tuple(
        _PLACE.sub(lambda place: values[place[1]], word)
        for word in argv
        if not any(name in WINDOW and name not in values for name in _PLACE.findall(word))
    )


def fill_text(template: str, values: Mapping[str, Any]) -> str:
    """A sentence with its placeholders filled; a value that is absent or None leaves nothing behind."""
    plain, *rest = _pieces(template)
    for name, following in zip(rest[::2], rest[1::2], strict=True):
        plain += _shown(values.get(name)) + following
    return plain.strip()


@cache
def _pieces(template: str) -> tuple[str, ...]:
    """Words and names of a template in turns, words first and last."""
    return tuple(_PLACE.split(template))


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ",".join(str(item) for item in value)
    return str(value)
