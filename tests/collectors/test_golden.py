"""What a real host printed for each probe parses to what it did when it was recorded; a healthy one shows no fault.

The recordings in `golden/` are the project's own (`record.py`). Outputs of other distributions are read from the shared
folder in TAI_DATA, and skipped by name where that is absent: none of them is kept here.
"""

from __future__ import annotations

import io
import json
import lzma
import os
import re
import tarfile
from pathlib import Path

import pytest

from tai.engine.inspect import inspect
from tai.parsers import parse
from tai.policy import ReadOnlyCommand
from tai.text import Redactor, clean
from tests.collectors.golden_hosts import (
    FURNISHED_HOSTS,
    GOLDEN,
    HEALTHY_HOSTS,
    HOSTS,
    index,
    kept,
    observations,
    output,
    rows,
)
from tests.collectors.without_case import WITHOUT_CASE, WITHOUT_ROWS
from tests.shipped import shipped

CATALOG = shipped()
DATA = Path(os.environ.get("TAI_DATA", Path(__file__).parents[3] / "shared" / "data"))
KEPT = [(host, probe) for host in HOSTS for probe in kept(host)]
PARSED = [(host, probe) for host, probe in KEPT if rows(host, probe) is not None]


def test_every_supported_host_is_recorded() -> None:
    assert [host for host in HEALTHY_HOSTS if len(kept(host)) < (80 if host == "busybox" else 150)] == []
    assert all(kept(host) for host in FURNISHED_HOSTS)


def test_every_probe_has_a_case_with_text_or_a_reason_why_it_has_none() -> None:
    told = {probe for host, probe in KEPT if output(host, probe).strip()}
    assert CATALOG.probes.keys() - told == WITHOUT_CASE.keys()


def test_every_parsed_probe_has_a_case_with_rows_or_a_reason_why_it_has_none() -> None:
    told = {probe for host, probe in KEPT if output(host, probe).strip()}
    parsed = {probe for probe in told if any(index(host).get(probe, {}).get("parser") for host in HOSTS)}
    assert parsed - {probe for host, probe in PARSED if rows(host, probe)} == WITHOUT_ROWS.keys()


@pytest.mark.parametrize(("host", "probe"), PARSED)
def test_recorded_output_parses_to_the_recorded_rows(host: str, probe: str) -> None:
    said = output(host, probe).decode("utf-8", "replace")
    assert parse(index(host)[probe]["parser"], said) == rows(host, probe)


def test_every_row_knows_a_line_that_the_host_printed() -> None:
    for host, probe in PARSED:
        lines = output(host, probe).decode("utf-8", "replace").split("\n")
        for row in rows(host, probe) or ():
            for number in (row["_line"], *row.get("_at", {}).values()):
                assert lines[number - 1].strip(), (host, probe, row)


@pytest.mark.parametrize("host", HOSTS)
def test_what_was_asked_is_a_form_that_the_probe_still_has_and_the_policy_allows(host: str) -> None:
    for probe, asked in index(host).items():
        assert probe in CATALOG.probes
        assert ReadOnlyCommand(asked["argv"]).argv == tuple(asked["argv"])
        known = CATALOG.probes[probe]
        assert asked["parser"] in {known.parser, *(variant.parser for variant in known.variants)}, probe


def test_files_are_kept_whole_or_left_out_with_a_reason_and_none_is_left_over() -> None:
    files = {path.relative_to(GOLDEN) for path in GOLDEN.glob("*/*.out")}
    assert files == {Path(probe) / f"{host}.out" for host, probe in KEPT}
    left_out = [asked["left_out"] for host in HOSTS for asked in index(host).values() if "left_out" in asked]
    assert all(left_out)
    assert len(left_out) < 30


@pytest.mark.parametrize("host", HOSTS)
def test_recordings_hold_no_secret_and_nothing_of_the_machine_outside(host: str) -> None:
    for probe in kept(host):
        said = output(host, probe)
        cleaned = clean(said, producer=" ".join(index(host)[probe]["argv"]), redactor=Redactor())
        assert cleaned.redactions == {}, probe
        assert not re.search(rb"/work/|/tmp/tai-|firecracker|pyenv|http_proxy|://[\w./-]+/debian\b", said), (
            probe
        )


@pytest.mark.parametrize("host", HEALTHY_HOSTS)
def test_healthy_host_shows_nothing_above_info(host: str) -> None:
    found = inspect(CATALOG, observations(host))
    assert [(each.signature, each.cited) for each in found if each.severity != "info"] == []


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
