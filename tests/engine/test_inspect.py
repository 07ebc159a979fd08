"""Findings: cited exactly, said once, the same whatever command the line came from, and in a stable order."""

from __future__ import annotations

import re
from typing import Any

from tai.catalog.matching import Hit
from tai.engine.inspect import Inspection, _Tally, inspect
from tai.model import Finding, Observation, Outcome
from tai.parsers import parse
from tai.policy import canonicalise
from tests.shipped import shipped

CATALOG = shipped()
OOM = "kernel: Out of memory: Killed process {} ({}) total-vm:1kB, anon-rss:1kB, file-rss:0kB"


def seen(
    n: int, text: str, *, probe: str = "", label: str = "", argv: tuple[str, ...] = (), data: Any = None
) -> Observation:
    return Observation(
        id=f"E{n}",
        host="h",
        collector="",
        probe=probe,
        label=label,
        argv=argv,
        outcome=Outcome.OK,
        text=text,
        data=data,
    )


def signatures(findings: list[Finding]) -> list[str]:
    return [finding.signature for finding in findings]


def test_kernel_line_is_the_same_fault_in_journal_dmesg_syslog_and_attachment() -> None:
    line = "Nov 20 14:02:11 h " + OOM.format(81, "java") + "\n"
    for observation in (
        seen(1, line, probe="kernel-log", argv=("journalctl",)),
        seen(1, line, probe="syslog", argv=("tail",)),
        seen(1, line, label="dmesg -T | tail"),
        seen(1, line, label="/var/log/messages"),
        seen(1, line, label="what the console showed"),
    ):
        (finding,) = inspect(CATALOG, [observation])
        assert (finding.signature, finding.subject) == ("oom-kill", "java")
        assert finding.cited[0].text == line.rstrip("\n")
        assert finding.cited[0].ref == "E1:1"


def test_repeated_line_is_one_finding_that_cites_first_and_last_and_counts() -> None:
    full = "Nov 20 16:44:{:02} h kernel: nf_conntrack: nf_conntrack: table full, dropping packet"
    text = "\n".join(["Nov 20 16:40:00 h kernel: other", *(full.format(n) for n in range(40))]) + "\n"
    (finding,) = inspect(CATALOG, [seen(1, text, probe="kernel-log")])
    assert [cited.line for cited in finding.cited] == [2, 41]
    assert "40 times" in finding.explanation


def test_most_telling_form_of_a_fault_comes_first() -> None:
    text = (
        "h kernel: ata4.00: exception Emask 0x0 SAct 0x78000000 SErr 0x0 action 0x0\n"
        "h kernel: ata4.00: failed command: READ FPDMA QUEUED\n"
        "h kernel: ata4.00: error: { UNC }\n"
    )
    (finding,) = inspect(CATALOG, [seen(1, text, probe="kernel-log")])
    assert finding.cited[0].line == 3
    assert "UNC" in finding.explanation


def test_same_fault_in_two_outputs_is_one_finding() -> None:
    text = "2026-11-20T14:02:11+0000 h " + OOM.format(81, "java") + "\n"
    both = [seen(1, text, probe="kernel-log"), seen(2, "x\n" + text, probe="journal-errors")]
    (finding,) = inspect(CATALOG, both)
    assert {cited.observation for cited in finding.cited} == {"E1"}


def test_parsed_rows_cite_the_line_they_came_from() -> None:
    text = "Filesystem Type Size Used Avail Use% Mounted on\n/dev/vda ext4 9G 1G 8G 12% /\n/dev/vdb ext4 2G 2G 0 100% /srv\n"
    (finding,) = inspect(CATALOG, [seen(1, text, probe="disk-space", data=parse("df", text))])
    assert (finding.signature, finding.subject, finding.severity) == ("disk-full", "/srv", "critical")
    assert [(cited.line, cited.text) for cited in finding.cited] == [(3, "/dev/vdb ext4 2G 2G 0 100% /srv")]


def test_table_that_a_person_pasted_is_parsed_by_its_command_line() -> None:
    text = "Filesystem Size Used Avail Use% Mounted on\n/dev/vdb 2G 2G 0 100% /srv\n"
    assert signatures(inspect(CATALOG, [seen(1, text, label="sudo df -h | grep -v tmpfs")])) == ["disk-full"]


def test_command_that_a_person_ran_is_read_like_the_probe_of_the_same_program() -> None:
    text = "Filesystem Size Used Avail Use% Mounted on\n/dev/vdb 2G 2G 0 100% /srv\n"
    observation = seen(1, text, probe="run", argv=canonicalise(["df", "-h"]).argv)
    assert signatures(inspect(CATALOG, [observation])) == ["disk-full"]


def test_row_of_several_lines_cites_each_that_told() -> None:
    text = "Personalities : [raid1]\nmd0 : active raid1 sdb1[1] sda1[0](F)\n      2096128 blocks super 1.2 [2/1] [_U]\n"
    (finding,) = inspect(CATALOG, [seen(1, text, label="/proc/mdstat")])
    assert [cited.line for cited in finding.cited] == [2, 3]
    assert "sda1" in finding.explanation


def test_listing_of_one_directory_gets_its_path_from_the_command_line() -> None:
    text = "total 2.1G\n-rw-r----- 1 shop adm 2.1G Nov 20 14:01 shop.log\n"
    argv = canonicalise(["ls", "-l", "-A", "-h", "-S", "/var/log/shop"]).argv
    (finding,) = inspect(CATALOG, [seen(1, text, probe="log-directories", argv=argv, data=parse("ls", text))])
    assert finding.subject == "/var/log/shop/shop.log"


def test_lines_without_a_subject_join_the_one_that_is_named() -> None:
    text = (
        "[    1.7] systemd[1]: Found ordering cycle on basic.target/start\n"
        "[    1.7] systemd[1]: Job rpcd.service/start deleted to break ordering cycle starting with basic.target/start\n"
    )
    (finding,) = inspect(CATALOG, [seen(1, text, label="dmesg")])
    assert finding.subject == "rpcd.service"
    assert {cited.line for cited in finding.cited} == {1, 2}


def test_checks_hold_what_the_host_said_only_as_far_as_the_policy_allows() -> None:
    log = "h systemd[1]: {}: Start request repeated too quickly.\n"
    (good,) = inspect(CATALOG, [seen(1, log.format("shop.service"), label="journalctl")])
    assert good.checks[0] == canonicalise(["journalctl", "--unit=shop.service", "--lines=200"]).argv
    (odd,) = inspect(CATALOG, [seen(1, log.format("-H.service"), label="journalctl")])
    assert not any("-H.service" in word and word.startswith("-H") for argv in odd.checks for word in argv)


def test_sentences_close_up_where_the_line_did_not_tell() -> None:
    text = "bind: Address already in use\n"
    (finding,) = inspect(CATALOG, [seen(1, text, label="app")])
    assert "{" not in finding.explanation
    assert "  " not in finding.explanation
    assert finding.explanation.startswith("A program could not listen")


def test_no_sentence_of_any_signature_shows_where_its_pieces_meet() -> None:
    seams = re.compile(r"\(\s|\s\)|\(;|;\)|does not name(?:\w|/)|\wa unit\b|\{\w+\}|  ")
    found: dict[str, str] = {}
    told = 0
    for signature in CATALOG.signatures.values():
        for case in signature.cases:
            if case.matches and "log" in (case.kind or signature.reads):
                for finding in inspect(CATALOG, [seen(1, case.text, label="journalctl")]):
                    own = signature.explanation if finding.signature == signature.id else ""
                    told += bool(own)
                    if own and (seam := seams.search(finding.explanation)):
                        found[signature.id] = f"{seam[0]!r} in {finding.explanation}"
    assert told > 400
    assert found == {}


def test_lines_without_a_name_join_the_named_ones_and_the_most_telling_is_cited_wherever_it_stands() -> None:
    bare, told, mute = (
        Hit((4,), {"unit": "a", "code": None}, 1),
        Hit((9,), {"unit": "a", "code": "1"}, 0),
        Hit((2,), {}, 1),
    )
    named = _Tally(bare, bare, bare)
    named.add(told)
    for joined in (named.with_others(_Tally(mute, mute, mute)), _Tally(mute, mute, mute).with_others(named)):
        assert (joined.first, joined.last, joined.telling, joined.count) == (mute, told, told, 3)
    early = Hit((1,), {"unit": "a", "code": "2"}, 0)
    assert named.with_others(_Tally(early, early, early)).telling is early


def test_many_subjects_are_bounded_and_the_rest_is_told() -> None:
    text = "".join(f"unit{n}.service loaded failed failed Unit {n}\n" for n in range(30))
    findings = inspect(CATALOG, [seen(1, text, probe="failed-units", data=parse("units", text))])
    assert len(findings) == 8
    assert "22 more" in findings[-1].explanation


def test_findings_come_worst_first_and_the_same_every_time() -> None:
    text = (
        "h systemd[1]: shop.service: Main process exited, code=exited, status=1/FAILURE\n"
        "h " + OOM.format(81, "java") + "\n"
        "h shop[1]: connect: Connection refused\n"
    )
    observations = [seen(1, text, probe="journal-errors")]
    findings = inspect(CATALOG, observations)
    assert signatures(findings) == ["oom-kill", "unit-exited"]
    assert findings == inspect(CATALOG, observations)


def test_evidence_that_grows_says_in_the_end_what_it_says_at_once() -> None:
    observations = [
        seen(1, "h " + OOM.format(81, "java") + "\n", probe="kernel-log"),
        seen(2, "", probe="kernel-log"),
        seen(
            3,
            "h systemd[1]: shop.service: Main process exited, code=exited, status=1/FAILURE\n",
            label="journalctl",
        ),
        seen(4, "h " + OOM.format(82, "java") + "\n" + "h " + OOM.format(83, "java") + "\n", label="dmesg"),
    ]
    inspection = Inspection(CATALOG)
    for end in range(1, 5):
        assert inspection.findings(observations[:end]) == inspect(CATALOG, observations[:end])
    changed = [*observations[:3], seen(4, "h nothing\n", label="dmesg")]
    assert inspection.findings(changed) == inspect(CATALOG, changed), (
        "an observation made anew is searched anew"
    )


def test_a_finding_without_a_subject_of_its_own_waits_for_the_others() -> None:
    inspection = Inspection(CATALOG)
    (nameless,) = inspection.findings([seen(1, "bind: Address already in use\n", label="app")])
    assert nameless.subject == ""
    assert not inspection.certain(nameless)
    (named,) = inspection.findings([seen(1, "h " + OOM.format(81, "java") + "\n", probe="kernel-log")])
    assert inspection.certain(named)


def test_very_long_line_is_cited_whole_and_searched_where_a_telling_word_stands() -> None:
    said = OOM.format(1, "java")
    for text in (
        f"h {said}{'x' * 100_000}",
        f"{'x' * 100_000} {said}",
        f"{'x' * 50_000} {said} {'ü' * 50_000}",
    ):
        (finding,) = inspect(CATALOG, [seen(1, text + "\n", label="dmesg")])
        assert (finding.signature, finding.subject) == ("oom-kill", "java")
        assert finding.cited[0].text == text


def test_search_of_an_endless_line_is_bounded() -> None:
    said = OOM.format(1, "java")
    filler = "x" * 3_000_000
    assert inspect(CATALOG, [seen(1, f"{filler} {said} {filler}", label="dmesg")]) == []
    (finding,) = inspect(CATALOG, [seen(1, f"{filler} {said}", label="dmesg")])
    assert finding.subject == "java"


def test_nothing_is_found_in_nothing() -> None:
    assert inspect(CATALOG, []) == []
    assert inspect(CATALOG, [seen(1, "", label="dmesg")]) == []


def test_last_words_of_a_failed_unit_are_quoted_as_the_reason() -> None:
    text = (
        "Nov 20 14:02:10 h shop[7]: error: replica checksum mismatch in segment 4412\n"
        "Nov 20 14:02:11 h systemd[1]: shop.service: Main process exited, code=exited, status=1/FAILURE\n"
    )
    findings = {
        finding.signature: finding for finding in inspect(CATALOG, [seen(1, text, label="journalctl")])
    }
    assert findings["last-words"].cited[0].line == 1
    assert "last-words" in findings["unit-exited"].explained_by


def test_message_id_decides_whatever_the_words_are() -> None:
    text = (
        "Fri 2026-11-20 14:02:11.1 UTC [s=abc;i=1]\n    MESSAGE=mémoire\n"
        "    MESSAGE_ID=fc2e22bc6ee647b6b90729ab34a250b1\n    COREDUMP_COMM=shop\n"
    )
    findings = inspect(
        CATALOG, [seen(1, text, label="journalctl -o verbose MESSAGE_ID=fc2e22bc6ee647b6b90729ab34a250b1")]
    )
    assert [(finding.signature, finding.subject) for finding in findings] == [("core-dumped", "shop")]
