"""Keeps recordings small: `commands.json.xz` in place of the `commands.json` that ships with the demo.

One in plain text is read by reviewers and goes into the wheel; thirty of them would be 15 MB.
"""

from __future__ import annotations

import lzma
from pathlib import Path
from tempfile import TemporaryDirectory

from tai.demo.recording import COMMANDS_FILE, Recording, load, save

PACKED_FILE = f"{COMMANDS_FILE}.xz"


def is_recorded(folder: Path) -> bool:
    """Whether a recording lies there, packed or not."""
    return (folder / PACKED_FILE).is_file() or (folder / COMMANDS_FILE).is_file()


def load_recording(folder: Path) -> Recording:
    """Read a recording, packed or not. Raises ConfigError when it is missing or not one."""
    packed = folder / PACKED_FILE
    if packed.is_file():
        return Recording.model_validate_json(lzma.decompress(packed.read_bytes()))
    return load(folder)


def save_recording(recording: Recording, folder: Path) -> None:
    """Write a recording: as it is where a plain one lies already, packed otherwise."""
    if (folder / COMMANDS_FILE).is_file():
        save(recording, folder)
        return
    with TemporaryDirectory() as scratch:
        save(recording, Path(scratch))
        text = (Path(scratch) / COMMANDS_FILE).read_bytes()
    (folder / PACKED_FILE).write_bytes(lzma.compress(text, preset=9))
