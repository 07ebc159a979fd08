"""Parsers and signatures of daemons against outputs of other distributions, from the shared folder in TAI_DATA.

Skipped by name where it is absent: nothing of it is kept here.
"""

from __future__ import annotations

import io
import json
import lzma
import os
import tarfile
from pathlib import Path

import pytest

from tai.catalog import Collector
from tai.engine.inspect import inspect
from tai.model import Finding, Observation, Outcome
from tai.parsers import parse
from tests.shipped import shipped

CATALOG = shipped()
DATA = Path(os.environ.get("TAI_DATA", Path(__file__).parents[3] / "shared" / "data"))
DAEMONS = (
    "services",
    "journal",
    "syslog",
    "cron",
    "containers",
    "web",
    "databases",
    "mail",
    "messaging",
    "cloud",
)


def samples(file: str) -> dict[str, str]:
    source = DATA / "outputs" / "insights-samples.json.xz"
    if not source.exists():
        pytest.skip("TAI_DATA/outputs/insights-samples.json.xz is not here")
    items = json.loads(lzma.decompress(source.read_bytes()))
    return {item["name"]: item["text"] for item in items if item["file"].endswith(file)}


def member(archive: str, ending: str) -> str:
    source = DATA / archive
    if not source.exists():
        pytest.skip(f"TAI_DATA/{archive} is not here")
    with tarfile.open(fileobj=io.BytesIO(lzma.decompress(source.read_bytes()))) as tar:
        for each in tar:
            if each.name.endswith(ending) and (file := tar.extractfile(each)):
                return file.read().decode("utf-8", "replace")
    raise AssertionError(f"no {ending} in {archive}")


def of_daemons() -> list[Collector]:
    return [collector for collector in CATALOG.collectors if collector.name in DAEMONS]


def found(text: str) -> list[Finding]:
    """Findings by the daemons' own signatures in a text that is a log."""
    own = {signature.id for collector in of_daemons() for signature in collector.signatures}
    seen = Observation(
        id="E1", host="h", collector="", probe="journal-errors", argv=("log",), outcome=Outcome.OK, text=text
    )
    return [finding for finding in inspect(CATALOG, [seen]) if finding.signature in own]


@pytest.mark.parametrize(
    "file",
    [
        "test_cron_log.py",
        "test_httpd_log.py",
        "test_nginx_log.py",
        "test_messages.py",
        "test_secure.py",
        "test_crictl_logs.py",
    ],
)
def test_quiet_logs_of_red_hat_hosts_show_no_fault(file: str) -> None:
    for name, text in samples(file).items():
        assert [f for f in found(text) if f.severity != "info"] == [], name


def test_crash_in_a_red_hat_mysql_log_is_named() -> None:
    assert any(
        f.signature == "database-crashed"
        for text in samples("test_mysql_log.py").values()
        for f in found(text)
    )


def test_user_data_that_is_no_yaml_is_named() -> None:
    assert [f.signature for text in samples("test_cloud_init_log.py").values() for f in found(text)] == [
        "cloud-init-failed"
    ]


def test_access_logs_of_httpd_are_counted() -> None:
    for name, text in samples("test_httpd_log.py").items():
        if "ACCESS" in name:
            assert {row["status"] for row in parse("access-log", text)} <= {200, 304, 403, 404}, name


def test_steal_of_a_red_hat_host_is_read() -> None:
    (row,) = parse("cpu-times", samples("test_proc_stat.py")["PROC_STAT"])
    assert 1 < row["steal"] < 2


def test_timers_of_ubuntu_are_read_to_the_last() -> None:
    text = member("hosts/sosreport-compute4.tar.xz", "sos_commands/systemd/systemctl_list-timers_--all")
    rows = parse("timers", text)
    assert f"{len(rows)} timers listed" in text
    assert all(row["activates"].endswith(".service") for row in rows)


@pytest.mark.parametrize("name", ["centos-7.7/vmstat.out", "ubuntu-18.04/vmstat-1-long.out"])
def test_vmstat_of_other_versions_has_the_field_that_steal_is_read_from(name: str) -> None:
    rows = parse("jc:vmstat", member("outputs/jc-fixtures.tar.xz", name))
    assert all(isinstance(row["stolen_time"], int) for row in rows)


def test_a_host_that_is_ill_to_a_grep_shows_few_faults_of_daemons() -> None:
    text = member("hosts/sosreport-compute4.tar.xz", "sos_commands/logs/journalctl_--no-pager")
    grave = {f.signature for f in found(text) if f.severity in {"high", "critical"}}
    # What that host really had: services without their configuration, and one that was started until systemd gave up.
    assert grave <= {"config-error", "start-limit"}


def test_every_family_has_its_own_paths() -> None:
    probes = [probe for collector in of_daemons() for probe in collector.probes]
    words = {word for p in probes for argv in (p.argv, *(v.argv for v in p.variants)) for word in argv}
    assert {
        "/var/log/apache2",
        "/var/log/httpd",
        "/var/log/mail.log",
        "/var/log/maillog",
        "/var/log/cron",
    } <= words
    assert {
        "/var/lib/pgsql/data/log",
        "/var/log/postgresql",
        "/run/openrc/failed",
        "/etc/periodic/daily",
    } <= words
