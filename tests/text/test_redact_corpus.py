"""How much is masked of what should be, over made-up secrets, and of what should not, over real output."""

from __future__ import annotations

import json
import os
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tai.text import Redactor, sanitise
from tests.text.corpus import CARRIERS, KINDS, cases

DATA = Path(os.environ.get("TAI_DATA", Path(__file__).parents[3] / "shared" / "data"))


def test_the_corpus_is_as_wide_as_promised() -> None:
    assert len({kind.name for kind in KINDS}) >= 40
    assert len(CARRIERS) >= 8


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_98_of_100_secrets_are_masked(seed: int) -> None:
    redactor = Redactor()
    tried: Counter[str] = Counter()
    leaked: Counter[str] = Counter()
    for case in cases(seed, samples=3):
        text = sanitise(case.text)
        masked = redactor.redact(text).text
        assert masked.count("\n") == text.count("\n")
        tried[case.kind] += 1
        if case.survivors(masked):
            leaked[f"{case.kind} in {case.carrier}"] += 1
    assert leaked.total() <= 0.02 * tried.total(), leaked
    by_kind = Counter(
        {name: sum(n for where, n in leaked.items() if where.startswith(f"{name} in ")) for name in tried}
    )
    assert not {kind: n for kind, n in by_kind.items() if n > 0.2 * tried[kind]}, leaked


def test_what_stands_around_a_secret_stays() -> None:
    redactor = Redactor()
    around = (
        "listen = 0.0.0.0:8080",
        '"workers": 4',
        "MainPID=812",
        "HOME=/srv/shop",
        "HTTP/1.1",
        "shop[",
        "workers = 4",
    )
    kept = lost = 0
    for case in cases(seed=4, samples=1):
        masked = redactor.redact(case.text).text
        for words in around:
            if words in case.text:
                kept += words in masked
                lost += words not in masked
    assert lost <= 0.01 * kept


def touched(texts: Iterator[tuple[str, str]]) -> tuple[int, list[str]]:
    """How many lines there are, and those that redaction changed, with the name of their text."""
    redactor = Redactor()
    lines = 0
    changed = []
    for name, text in texts:
        before, after = text.split("\n"), redactor.redact(text).text.split("\n")
        lines += len(before)
        changed += [f"{name}: {one[:200]}" for one, other in zip(before, after, strict=True) if one != other]
    return lines, changed


def test_shared_incidents_lose_less_than_one_line_in_500() -> None:
    folder = DATA / "incidents"
    if not folder.is_dir():
        pytest.skip(f"no shared incidents in {folder}")

    def texts() -> Iterator[tuple[str, str]]:
        for path in sorted(folder.glob("*.json")):
            for command, output in json.loads(path.read_text())["evidence"].items():
                yield f"{path.name} {command}", sanitise(output)

    lines, changed = touched(texts())
    assert lines > 100
    assert len(changed) * 500 < lines, changed


def test_real_command_outputs_lose_less_than_one_line_in_500() -> None:
    archive = DATA / "outputs" / "jc-fixtures.tar.xz"
    if not archive.is_file():
        pytest.skip(f"no shared outputs in {archive}")

    def texts() -> Iterator[tuple[str, str]]:
        with tarfile.open(archive) as tar:
            for member in tar:
                content = (
                    tar.extractfile(member) if member.isfile() and not member.name.endswith(".json") else None
                )
                if content is not None:
                    yield member.name, sanitise(content.read())

    lines, changed = touched(texts())
    assert lines > 10_000
    assert len(changed) * 500 < lines, changed[:50]
