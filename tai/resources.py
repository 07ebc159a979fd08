"""Finds the data folders (`collectors/`, `prompts/`, `help/`, `demo/`) in a checkout, an installed wheel, or a single binary.

Not a reader: it gives paths, and the catalog and the prompt loader read them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

_PACKAGE = Path(__file__).parent

Folder = Literal["collectors", "prompts", "help", "demo"]

# In a checkout the demo is one of the recorded incidents of the test hosts.
_CHECKOUT: dict[Folder, Path] = {
    "collectors": _PACKAGE.parent / "collectors",
    "prompts": _PACKAGE.parent / "prompts",
    "help": _PACKAGE.parent / "help",
    "demo": _PACKAGE.parent / "vm-fixtures" / "incidents" / "disk-full-database",
}


def folder(name: Folder) -> Path:
    """The folder that holds `name`. A wheel and a Nuitka binary carry it as package data; a checkout at the top."""
    packaged = _PACKAGE / "_data" / name
    return packaged if packaged.is_dir() else _CHECKOUT[name]
