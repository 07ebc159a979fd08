"""`tai collectors check` ends in bounded time, whatever a user's file holds, and says what was not tried."""

from __future__ import annotations

from pathlib import Path

import pytest

from tai.catalog import trial
from tai.errors import EXIT_OK, EXIT_USAGE
from tai.frontends.listings import check_files

SIGNATURE = '''
[[signature]]
id = "mine-{n}"
title = "A fault of mine"
severity = "low"
match.line = '{pattern}'
match.has = ["fault {n} "]
explanation = "Fault {n}."
reference = "my own manual"

[[signature.case]]
text = """{text}"""
matches = true

[[signature.case]]
text = "no fault of mine"
matches = false
'''


def written(
    folder: Path, count: int, size: int, pattern: str = "fault {n} at (?P<place>[a-z]{{1,40}}) of"
) -> Path:
    """A collector file of `count` signatures, with some `size` characters of cases in all."""
    lines = max(1, size // count // 80)
    parts = ['name = "mine"\ntitle = "Mine"\ncategory = "mine"\n']
    for n in range(count):
        text = "\n".join(
            f"Nov 20 14:00:00 h app[{k}]: fault {n} at place of {'x' * 20}" for k in range(lines)
        )
        parts.append(SIGNATURE.format(n=n, pattern=pattern.format(n=n), text=text))
    path = folder / "mine.toml"
    path.write_text("".join(parts), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAI_COLLECTORS_DIR", str(tmp_path / "none"))


@pytest.mark.slow  # long outputs
@pytest.mark.timeout(120)
def test_file_of_a_hundred_signatures_and_a_megabyte_of_cases_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_files([written(tmp_path, 100, 900_000)], None) == EXIT_OK
    assert "100 signatures, 200 cases" in capsys.readouterr().out


def test_file_that_takes_too_long_is_told_with_the_place_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "TOTAL_S", 0.3)
    path = written(tmp_path, 100, 900_000)
    assert check_files([path], None) == EXIT_USAGE
    (said,) = capsys.readouterr().err.splitlines()
    assert str(path) in said
    assert "signature(mine-" in said
    assert "takes longer than 0.3 s" in said
    assert "split the file" in said


def test_cases_that_hold_an_expression_up_are_stopped_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "TOTAL_S", 0.5)
    pattern = "fault {n} .{{0,300}}x.{{0,300}}x.{{0,300}}x.{{0,300}}x.{{0,300}}Q"
    path = written(tmp_path, 2, 200, pattern)
    path.write_text(path.read_text().replace("xxxxx", "x" * 700))
    assert check_files([path], None) == EXIT_USAGE
    assert "takes longer than 0.5 s" in capsys.readouterr().err
