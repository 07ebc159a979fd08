"""Long logs to lose an incident in: real lines of several hosts, with their times moved so that they follow one another.

Made from this machine's logs, the shared sosreport and what are logs of the shared command outputs (see `../shared/data/README.md`), the
same for the same seed on the same machine. A line whose like is rare in its source is used once only: repeating a log would make its rare lines
common, and what is searched for stand out.
"""

from __future__ import annotations

import json
import lzma
import random
import re
import subprocess
import tarfile
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from tai.parsers.timestamps import stamp_of

_LOGS = re.compile(
    r"/(?:journalctl_--no-pager|var/log/(?:[\w.-]+\.log|syslog|dmesg|apt/term\.log|apt/history\.log|openvswitch/[\w-]+\.log|libvirt/qemu/[\w-]+\.log))$"
)
_FIXTURE = re.compile(r"(?:logfile|syslog|dmesg|journal|messages)[\w-]*\.out$|-log[\w-]*\.out$")
_START = datetime(2026, 11, 18, 3, 0, 0)
_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ])\d\d:\d\d:\d\d")
_SYSLOG = re.compile(r"\b[^\W\d]{3,5}\.? +\d{1,2} \d\d:\d\d:\d\d")
_BOOT = re.compile(r"\[ *\d+\.\d{6}\]")
_NUMBERS = re.compile(r"\d+")
_HEAD = 60


def moved(line: str, at: datetime) -> str:
    """The line with the time at its head replaced, in the form that it had."""
    head, rest = line[:_HEAD], line[_HEAD:]
    head, done = _ISO.subn(lambda found: f"{at:%Y-%m-%d}{found[1]}{at:%H:%M:%S}", head, count=1)
    if not done:
        head = _SYSLOG.sub(f"{at:%b %d %H:%M:%S}", head, count=1)
    seconds = (at - _START).total_seconds() + 26000
    return _BOOT.sub(f"[{seconds:.6f}]", head, count=1) + rest


@cache
def _sources(data: Path) -> tuple[tuple[str, ...], ...]:
    texts = [
        path.read_text(encoding="utf-8", errors="replace")
        for path in sorted(Path("/var/log").rglob("*.log"))
        if path.is_file()
    ]
    journal = subprocess.run(
        ["journalctl", "--no-pager", "-n", "50000"],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    texts.append(journal.stdout)
    for archive, wanted in (
        ("hosts/sosreport-compute4.tar.xz", _LOGS),
        ("outputs/jc-fixtures.tar.xz", _FIXTURE),
    ):
        with tarfile.open(data / archive) as tar:
            for member in tar:
                if wanted.search(member.name) and (file := tar.extractfile(member)):
                    texts.append(file.read().decode("utf-8", "replace"))
    samples = json.loads(lzma.decompress((data / "outputs/insights-samples.json.xz").read_bytes()))
    texts += [sample["text"] for sample in samples if sample["lines"] >= 20]
    return tuple(tuple(text.split("\n")) for text in texts if text.count("\n") >= 20 and _is_log(text))


def _is_log(text: str) -> bool:
    """Most lines begin with a time: not a table, a listing or a file of settings."""
    lines = text.split("\n")
    return 2 * sum(stamp_of(line, year=2026) is not None for line in lines) > len(lines)


def haystack(size: int, *, data: Path, seed: int = 1) -> list[str]:
    """Lines of about `size` bytes in all. Blocks of a source's neighbouring lines stay together."""
    rng = random.Random(f"{seed}:{size}")
    blocks: list[tuple[list[str], list[bool]]] = []
    for source in _sources(data):
        shapes = [_NUMBERS.sub("#", line) for line in source]
        often = Counter(shapes)
        rare = [often[shape] <= 2 for shape in shapes]
        for start in range(0, len(source), 100):
            blocks.append((list(source[start : start + 100]), rare[start : start + 100]))
    lines: list[str] = []
    left, first = size, True
    for line in _endless(blocks, rng):
        left -= len(line.encode()) + 1
        if left < 0:
            break
        lines.append(line)
    del first
    step = timedelta(days=4) / max(1, len(lines))
    return [moved(line, _START + index * step) for index, line in enumerate(lines)]


def _endless(blocks: Sequence[tuple[list[str], list[bool]]], rng: random.Random) -> Iterator[str]:
    fresh = True
    while True:
        order = list(range(len(blocks)))
        rng.shuffle(order)
        for number in order:
            lines, rare = blocks[number]
            for line, is_rare in zip(lines, rare, strict=True):
                if fresh or not is_rare:
                    yield line
        fresh = False


def spliced(lines: Sequence[str], needles: Sequence[str], *, seed: str) -> tuple[list[str], list[int]]:
    """The haystack with the needles in it, near one another and in order, and their line indices."""
    rng = random.Random(seed)
    at = rng.randrange(len(lines) // 20, len(lines) * 19 // 20)
    result = list(lines[:at])
    places = []
    step = timedelta(days=4) / max(1, len(lines))
    for needle in needles:
        for part in needle.split("\n"):
            places.append(len(result))
            result.append(moved(part, _START + at * step))
        between = rng.randrange(5)
        result += lines[at : at + between]
        at += between
    return result + list(lines[at:]), places
