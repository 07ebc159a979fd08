"""What a real, healthy host printed for each probe parses to what it did when it was recorded, and shows no fault.

The recordings in `golden/` are the project's own (`record.py`). Outputs of other distributions are read from the shared
folder in TAI_DATA, and skipped by name where that is absent: none of them is kept here.
"""

from __future__ import annotations

import io
import json
import lzma
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tai import resources
from tai.catalog import load_catalog
from tai.engine.inspect import inspect
from tai.model import Observation, Outcome
from tai.parsers import parse

CATALOG = load_catalog([resources.folder("collectors")])
GOLDEN = Path(__file__).parent / "golden"
DATA = Path(os.environ.get("TAI_DATA", Path(__file__).parents[3] / "shared" / "data"))
RECORDED = sorted(GOLDEN.glob("*/*.out"))
PARSED = [path for path in RECORDED if path.with_suffix(".json").exists()]


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", PARSED, ids=named)
def test_recorded_output_parses_to_the_recorded_rows(path: Path) -> None:
    parser = CATALOG.probes[path.parent.name].parser
    expected: list[dict[str, Any]] = json.loads(path.with_suffix(".json").read_text())
    assert parse(parser, path.read_text()) == expected


@pytest.mark.parametrize("path", PARSED, ids=named)
def test_every_row_knows_a_line_that_the_host_printed(path: Path) -> None:
    lines = path.read_text().split("\n")
    for row in json.loads(path.with_suffix(".json").read_text()):
        for number in (row["_line"], *row.get("_at", {}).values()):
            assert lines[number - 1].strip()


def test_every_recording_belongs_to_a_probe_and_most_probes_have_one() -> None:
    recorded = {path.parent.name for path in RECORDED}
    assert recorded <= CATALOG.probes.keys()
    assert len(recorded) >= 35


def test_healthy_host_shows_nothing_above_info() -> None:
    observations = [
        Observation(
            id=f"E{n}",
            host="web-01",
            collector="",
            probe=path.parent.name,
            argv=("recorded",),
            outcome=Outcome.OK,
            text=path.read_text(),
            data=json.loads(path.with_suffix(".json").read_text()) if path in PARSED else None,
        )
        for n, path in enumerate(RECORDED, start=1)
    ]
    assert [f for f in inspect(CATALOG, observations) if f.severity != "info"] == []


@pytest.fixture(scope="module")
def fixtures() -> dict[str, str]:
    """jc's own fixtures, `centos-7.7/df.out` → text."""
    archive = DATA / "outputs" / "jc-fixtures.tar.xz"
    if not archive.exists():
        pytest.skip("TAI_DATA/outputs/jc-fixtures.tar.xz is not here")
    texts: dict[str, str] = {}
    with tarfile.open(fileobj=io.BytesIO(lzma.decompress(archive.read_bytes()))) as tar:
        for member in tar:
            name = member.name.partition("fixtures/")[2]
            if member.isfile() and (file := tar.extractfile(member)):
                texts[name] = file.read().decode("utf-8", "replace")
    return texts


def of(fixtures: dict[str, str], stem: str) -> list[str]:
    found = [name for name in fixtures if name.endswith(".out") and Path(name).name.startswith(stem)]
    assert found
    return found


def test_df_of_other_distributions_agrees_with_published_truth(fixtures: dict[str, str]) -> None:
    for name in of(fixtures, "df"):
        truth = [
            (row["filesystem"], row["use_percent"], row["mounted_on"])
            for row in json.loads(fixtures[name.replace(".out", ".json")])
            if row.get("use_percent") is not None
        ]
        rows = parse("df", fixtures[name])
        assert [(row["filesystem"], row["use_percent"], row["mount"]) for row in rows] == truth, name


def test_mounts_of_other_distributions_agree_with_published_truth(fixtures: dict[str, str]) -> None:
    for name in of(fixtures, "mount"):
        truth = [
            (row["mount_point"], row["type"]) for row in json.loads(fixtures[name.replace(".out", ".json")])
        ]
        assert [(row["mount"], row["type"]) for row in parse("mounts", fixtures[name])] == truth, name


def test_units_of_other_distributions_agree_with_published_truth(fixtures: dict[str, str]) -> None:
    for name in ("centos-7.7/systemctl.out", "ubuntu-18.04/systemctl.out"):
        truth = json.loads(fixtures[name.replace(".out", ".json")])
        rows = parse("units", fixtures[name])
        assert [(row["unit"], row["active"]) for row in rows] == [
            (row["unit"], row["active"]) for row in truth
        ]


@pytest.mark.parametrize("stem", ["ps-", "ss-", "lsblk", "uptime", "lsof"])
def test_rows_of_jc_know_their_lines(fixtures: dict[str, str], stem: str) -> None:
    parser = "jc:" + stem.rstrip("-")
    for name in of(fixtures, stem):
        lines = fixtures[name].split("\n")
        numbers = [row["_line"] for row in parse(parser, fixtures[name])]
        assert numbers == sorted(numbers)
        assert all(lines[number - 1].strip() for number in numbers), name


def samples(file: str) -> dict[str, str]:
    source = DATA / "outputs" / "insights-samples.json.xz"
    if not source.exists():
        pytest.skip("TAI_DATA/outputs/insights-samples.json.xz is not here")
    items = json.loads(lzma.decompress(source.read_bytes()))
    return {item["name"]: item["text"] for item in items if item["file"].endswith(file)}


@pytest.mark.parametrize(
    ("file", "parser", "wanted"),
    [
        ("test_df.py", "df", "DF_"),
        ("test_mdstat.py", "mdstat", "MD"),
        ("test_meminfo.py", "meminfo", "MEMINFO"),
        ("parsers/test_ip.py", "links", "IP_S_LINK"),
        ("test_systemctl_show.py", "properties", "SYSTEMCTL_SHOW"),
    ],
)
def test_red_hat_samples_parse(file: str, parser: str, wanted: str) -> None:
    texts = {name: text for name, text in samples(file).items() if name.startswith(wanted)}
    assert texts
    for text in texts.values():
        assert isinstance(parse(parser, text), list)
