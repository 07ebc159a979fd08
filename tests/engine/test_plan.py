"""The plan: chosen by facts and ticket, in a stable order, bounded, and grown by what was found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tai import resources
from tai.catalog import load_catalog
from tai.engine.plan import Plan, Step, expand, plan
from tai.errors import InputError
from tai.model import Facts, Subjects, Ticket, Window
from tai.policy import ReadOnlyCommand
from tai.policy.sandbox import PROBED_TOOLS

CATALOG = load_catalog([resources.folder("collectors")])
DEBIAN = Facts(os_id="debian", family="debian", euid=1000, tools=PROBED_TOOLS)
TICKET = Ticket(text="")
WINDOW = Window(
    since=datetime(2026, 11, 20, 15, 0, tzinfo=timezone(timedelta(hours=1))),
    until=datetime(2026, 11, 20, 14, 30, tzinfo=UTC),
)


def probes(made: Plan) -> list[str]:
    return [step.probe.id for step in made.steps]


def step(made: Plan, probe: str) -> Step:
    return next(each for each in made.steps if each.probe.id == probe)


def test_default_run_on_a_healthy_host_stays_small_and_is_all_tier_a() -> None:
    made = plan(CATALOG, TICKET, DEBIAN)
    assert 20 <= len(made.steps) <= 40
    assert all(ReadOnlyCommand(each.argv).tier == "A" for each in made.steps)
    assert [each.n for each in made.steps] == list(range(1, len(made.steps) + 1))
    assert made.steps[0].id == "E1"


def test_same_input_makes_the_same_plan() -> None:
    assert plan(CATALOG, TICKET, DEBIAN) == plan(CATALOG, TICKET, DEBIAN)


@pytest.mark.parametrize(
    ("words", "first"),
    [
        (("disk", "full"), "disk"),
        (("dns", "timeouts"), "network"),
        (("service", "fails"), "services"),
        (("oom",), "general"),
    ],
)
def test_ticket_words_bring_their_collector_forward_and_say_so(words: tuple[str, ...], first: str) -> None:
    made = plan(CATALOG, Ticket(text="", words=words), DEBIAN)
    assert made.steps[0].collector == first
    assert made.steps[0].why == f"the ticket says {', '.join(repr(word) for word in sorted_as(first, words))}"
    assert {each.collector for each in made.steps} == {"disk", "general", "network", "services"}


def sorted_as(collector: str, words: tuple[str, ...]) -> list[str]:
    order = next(each.words for each in CATALOG.collectors if each.name == collector)
    return [word for word in order if word in words]


def test_names_keep_to_what_was_asked_for() -> None:
    assert {each.collector for each in plan(CATALOG, TICKET, DEBIAN, names=["disk"]).steps} == {"disk"}
    made = plan(CATALOG, TICKET, DEBIAN, names=["deleted-open"])
    assert probes(made) == ["deleted-open"]
    assert ReadOnlyCommand(made.steps[0].argv).tier == "B"
    with pytest.raises(InputError, match="no collector or probe 'dsik'"):
        plan(CATALOG, TICKET, DEBIAN, names=["dsik"])


def test_what_asks_first_is_not_in_the_default_run() -> None:
    assert not {"deleted-open", "largest-directories", "smart"} & set(probes(plan(CATALOG, TICKET, DEBIAN)))


def test_paths_and_forms_follow_the_distribution() -> None:
    no_journal = tuple(tool for tool in PROBED_TOOLS if tool != "journalctl")
    debian = plan(CATALOG, TICKET, Facts(family="debian", tools=no_journal))
    red_hat = plan(CATALOG, TICKET, Facts(family="rhel", tools=no_journal))
    assert step(debian, "syslog").argv[-1] == "/var/log/syslog"
    assert step(red_hat, "syslog").argv[-1] == "/var/log/messages"
    assert step(red_hat, "kernel-log").argv[0] == "dmesg"
    assert step(debian, "package-changes").argv[-1] == "/var/log/dpkg.log"
    assert step(red_hat, "package-changes").argv[0] == "rpm"
    assert "syslog" not in probes(plan(CATALOG, TICKET, DEBIAN))


def test_missing_tool_is_told_not_tried() -> None:
    made = plan(CATALOG, TICKET, Facts(family="debian", tools=("df", "cat")))
    assert {each.argv[0] for each in made.steps} == {"df", "cat"}
    assert "network/listening: the host has no ss" in made.skipped


def test_host_that_told_nothing_is_asked_everything_plain() -> None:
    made = plan(CATALOG, TICKET, Facts())
    assert {"disk-space", "failed-units", "kernel-log"} <= set(probes(made))
    assert "syslog" not in probes(made)


def test_firewall_is_read_as_root_only() -> None:
    assert "firewall-nft" not in probes(plan(CATALOG, TICKET, DEBIAN))
    assert "network/firewall-nft: it needs root" in plan(CATALOG, TICKET, DEBIAN).skipped
    assert "firewall-nft" in probes(plan(CATALOG, TICKET, DEBIAN.model_copy(update={"euid": 0})))


def test_window_goes_to_the_journal_in_utc_with_the_half_hour_before() -> None:
    made = plan(CATALOG, Ticket(text="", window=WINDOW), DEBIAN)
    argv = step(made, "journal-errors").argv
    assert argv[argv.index("-S") + 1] == "2026-11-20 13:30:00 UTC"
    assert argv[argv.index("-U") + 1] == "2026-11-20 14:30:00 UTC"
    assert "_TRANSPORT=kernel" in step(made, "kernel-log").argv


def test_host_whose_clock_is_off_is_asked_by_its_own_clock() -> None:
    facts = DEBIAN.model_copy(update={"clock_offset_s": -2520.4})
    argv = step(plan(CATALOG, Ticket(text="", window=WINDOW), facts), "journal-errors").argv
    assert argv[argv.index("-S") + 1] == "2026-11-20 12:48:00 UTC"


def test_open_end_of_a_window_leaves_its_word_out() -> None:
    since = Window(since=WINDOW.since)
    argv = step(plan(CATALOG, Ticket(text="", window=since), DEBIAN), "journal-errors").argv
    assert "-S" in argv
    assert "-U" not in argv
    until = Window(until=WINDOW.until)
    argv = step(plan(CATALOG, Ticket(text="", window=until), DEBIAN), "journal-errors").argv
    assert argv[argv.index("-S") + 1] == "2026-11-20 08:00:00 UTC"


def test_subjects_of_the_ticket_fill_the_slots() -> None:
    subjects = Subjects(units=("nginx", "nginx.service"), ports=(8081,))
    ticket = Ticket(text="", subjects=subjects, paths=("/var/log/app/app.log", "/etc/shadow"))
    made = plan(CATALOG, ticket, DEBIAN)
    assert [each.argv[-1] for each in made.steps if each.probe.id == "unit-properties"] == ["nginx.service"]
    assert ":8081" in step(made, "sockets-of-port").argv
    assert step(made, "sockets-of-port").why == "the ticket names 8081"
    assert [each.argv[-1] for each in made.steps if each.probe.id == "named-file"] == ["/var/log/app/app.log"]
    assert any(skipped.startswith("services/named-file:") for skipped in made.skipped)


def test_ticket_cannot_smuggle_a_flag_or_a_second_word() -> None:
    subjects = Subjects(units=("--root=/tmp", "a.service b.service", "x;reboot"))
    made = plan(CATALOG, Ticket(text="", subjects=subjects, paths=("/var/log/../../etc/shadow",)), DEBIAN)
    assert not [each for each in made.steps if each.slots]


def test_second_round_asks_about_what_the_first_found() -> None:
    made = plan(CATALOG, TICKET, DEBIAN)
    found = {"failed-units": [{"unit": "shop.service", "active": "failed", "_line": 1}]}
    grown = expand(made, CATALOG, found)
    fresh = grown.steps[len(made.steps) :]
    assert grown.steps[: len(made.steps)] == made.steps
    assert [each.probe.id for each in fresh] == ["unit-properties", "unit-status", "unit-journal"]
    assert all("shop.service" in each.argv for each in fresh)
    assert fresh[0].n == made.steps[-1].n + 1
    assert fresh[0].why == "failed-units found shop.service"
    assert expand(grown, CATALOG, found) == grown


def test_unit_that_systemd_does_not_know_is_not_asked_for_its_journal() -> None:
    made = plan(CATALOG, Ticket(text="", subjects=Subjects(units=("apache2", "httpd"))), DEBIAN)
    found = {
        "unit-properties": [
            {
                "Id": "apache2.service",
                "LoadState": "loaded",
                "FragmentPath": "/lib/systemd/system/apache2.service",
            },
            {"Id": "httpd.service", "LoadState": "not-found"},
        ]
    }
    fresh = expand(made, CATALOG, found).steps[len(made.steps) :]
    assert [each.argv[-1] for each in fresh if each.probe.id == "unit-status"] == ["apache2.service"]
    assert [each.argv[-1] for each in fresh if each.probe.id == "unit-file"] == [
        "/lib/systemd/system/apache2.service"
    ]


def test_full_disk_is_looked_into_and_a_roomy_one_is_not() -> None:
    made = plan(CATALOG, TICKET, DEBIAN)
    logs = [{"path": "/var/log/shop", "kind": "directory"}, {"path": "/var/log/syslog", "kind": "file"}]
    roomy: dict[str, list[Any]] = {"disk-space": [{"mount": "/", "use_percent": 40}], "large-logs": logs}
    full: dict[str, list[Any]] = {"disk-space": [{"mount": "/var", "use_percent": 100}], "large-logs": logs}
    assert expand(made, CATALOG, roomy) == made
    fresh = expand(made, CATALOG, full).steps[len(made.steps) :]
    assert [(each.probe.id, each.argv[-1]) for each in fresh] == [
        ("full-mount-files", "/var"),
        ("log-directories", "/var/log/shop"),
    ]


def test_cap_on_commands_holds_over_all_rounds_and_is_told() -> None:
    made = plan(CATALOG, TICKET, DEBIAN, max_commands=5)
    assert len(made.steps) == 5
    assert any("the cap of 5 commands is reached" in skipped for skipped in made.skipped)
    grown = expand(made, CATALOG, {"failed-units": [{"unit": "a.service"}]})
    assert len(grown.steps) == 5


def test_later_round_of_a_conversation_repeats_nothing_and_numbers_on() -> None:
    made = plan(CATALOG, TICKET, DEBIAN, names=["disk"])
    again = plan(CATALOG, TICKET, DEBIAN, first=50, sent=[each.argv for each in made.steps])
    assert again.steps[0].n == 50
    assert not {each.argv for each in again.steps} & {each.argv for each in made.steps}
    nothing = plan(CATALOG, TICKET, DEBIAN, names=["disk"], first=50, sent=[each.argv for each in made.steps])
    grown = expand(nothing, CATALOG, {"disk-space": [{"mount": "/srv", "use_percent": 95}]})
    assert [each.n for each in grown.steps] == [50]
