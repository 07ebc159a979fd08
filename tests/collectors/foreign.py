"""Outputs of hosts that are not the project's own, read from the shared folder in TAI_DATA; absent, its tests are skipped by name."""

from __future__ import annotations

import io
import json
import lzma
import os
import tarfile
from functools import cache
from pathlib import Path

import pytest

DATA = Path(os.environ.get("TAI_DATA", Path(__file__).parents[3] / "shared" / "data"))


def _present(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"{path.relative_to(DATA.parent)} is not here")
    return path


def jc_fixtures() -> dict[str, str]:
    """jc's own fixtures: `centos-7.7/df.out` → text, and `centos-7.7/df.json` → the published truth."""
    return _members(_present(DATA / "outputs" / "jc-fixtures.tar.xz"), "fixtures/")


def sosreport() -> dict[str, str]:
    """A real Ubuntu 20.04 host's report: `sos_commands/memory/free` → text."""
    return _members(_present(DATA / "hosts" / "sosreport-compute4.tar.xz"), "sosreport-compute4/")


def insights(file: str) -> dict[str, str]:
    """Samples of RHEL 6 to 9 by their names, from the tests of one parser: `test_lvs.py`."""
    items = json.loads(lzma.decompress(_present(DATA / "outputs" / "insights-samples.json.xz").read_bytes()))
    return {item["name"]: item["text"] for item in items if item["file"].endswith(f"/{file}")}


@cache
def _members(archive: Path, below: str) -> dict[str, str]:
    texts: dict[str, str] = {}
    with tarfile.open(fileobj=io.BytesIO(lzma.decompress(archive.read_bytes()))) as tar:
        for member in tar:
            if member.isfile() and (file := tar.extractfile(member)):
                texts[member.name.partition(below)[2]] = file.read().decode("utf-8", "replace")
    return texts
