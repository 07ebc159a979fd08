"""`tai diagnose --sosreport` and `tai collect --sosreport` as a user runs them: no host, no SSH, a report's own date."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.run_tai import Tai, events, of_kind, refused, tai
from tests.sshd import client_home
from tests.transport import sosreports

__all__ = ["client_home", "tai"]

SHARED = Path(os.environ.get("TAI_DATA", Path(__file__).parents[2] / "shared/data")) / "hosts"
REAL = SHARED / "sosreport-compute4.tar.xz"


def ticket(tmp_path: Path, text: str) -> str:
    file = tmp_path / "ticket.md"
    file.write_text(text)
    return str(file)


def test_a_ticket_about_a_report_becomes_a_diagnosis(tai: Tai, tmp_path: Path) -> None:
    report = sosreports.archive(tmp_path)
    said = ticket(tmp_path, "The shop answers 502 since 15:00, its service has stopped.")
    done = tai("diagnose", "--sosreport", str(report), "--ticket", said, "--json")
    assert done.returncode == 0, done.stderr
    stream = events(done.stdout)
    # "15:00" is the report's day, in the zone of the host that it is of.
    assert of_kind(stream, "ticket_parsed")[0]["ticket"]["window"]["since"] == "2026-11-20T15:00:00+01:00"
    assert of_kind(stream, "host_connected")[0]["host"]["name"] == "web-01"
    seen = {
        event["observation"]["probe"]: event["observation"] for event in of_kind(stream, "observation_made")
    }
    assert "df_-al_-x_autofs" in seen["disk-space"]["reason"]
    missing = [each for each in seen.values() if each["outcome"] == "missing_tool"]
    assert missing
    assert all("not in the sosreport" in each["reason"] for each in missing)
    diagnosis = stream[-2]["diagnosis"]
    assert diagnosis["outcome"] == "root_cause"
    assert "/var" in diagnosis["cause"]
    # Every command had passed the policy and is in the record, as for a host.
    assert all(event["tier"] == "A" for event in of_kind(stream, "command_sent"))


def test_a_report_is_collected_without_a_ticket(tai: Tai, tmp_path: Path) -> None:
    done = tai("collect", "--sosreport", str(sosreports.folder(tmp_path)), "--collect", "disk-space")
    assert done.returncode == 0, done.stderr
    assert "disk-space" in done.stderr


def test_a_report_and_a_host_do_not_go_together(tai: Tai, tmp_path: Path) -> None:
    report = str(sosreports.folder(tmp_path))
    said = ticket(tmp_path, "it is slow")
    refused(tai("diagnose", "web-01", "--sosreport", report, "-t", said), 2, "leave out web-01")
    none = tmp_path / "none"
    none.mkdir()
    refused(tai("diagnose", "--sosreport", str(none), "-t", said), 2, "no folder sos_commands")
    refused(tai("diagnose", "--sosreport", report, "-t", said, "--path", "/var/log"), 2, "--path lists files")
    refused(tai("collect"), 2, "name a host, or a report")


@pytest.mark.skipif(not REAL.exists(), reason=f"no {REAL}")
@pytest.mark.parametrize(
    "said",
    [
        "Requests to the API time out since 15:00, connections to the instance drop.",
        "The disk of compute4 is full, writes fail.",
        "Out of memory? Processes were killed at 12:30 and the host is slow.",
    ],
)
def test_a_real_report_without_a_fault_shows_none(tai: Tai, tmp_path: Path, said: str) -> None:
    done = tai("diagnose", "--sosreport", str(REAL), "--ticket", ticket(tmp_path, said), "--json")
    stream = events(done.stdout)
    findings = [event["finding"] for event in of_kind(stream, "finding_found")]
    # ceph-osd did fail there, hours before, for want of a key ring, and was made anew.
    others = [each for each in findings if each["severity"] != "info" and "ceph-osd" not in each["subject"]]
    assert [each["title"] for each in others] == []
    assert stream[-2]["diagnosis"]["outcome"] in ("healthy", "inconclusive")
    answered = [
        event for event in of_kind(stream, "observation_made") if event["observation"]["outcome"] == "ok"
    ]
    assert len(answered) >= 15
