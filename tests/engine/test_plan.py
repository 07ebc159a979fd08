"""The plan: chosen by facts and ticket, in a stable order, bounded, and grown by what was found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tai.catalog import load_catalog
from tai.engine.plan import Plan, Seen, Step, expand, later, plan
from tai.errors import InputError
from tai.model import Citation, Facts, Finding, Observation, Outcome, Subjects, Ticket, Window
from tai.policy import ReadOnlyCommand
from tai.policy.sandbox import PROBED_TOOLS
from tai.transport.distributions import family
from tests.shipped import shipped

CATALOG = load_catalog([Path(__file__).parent / "collectors"])
SHIPPED = shipped()
DEBIAN = Facts(
    os_id="debian",
    os_version="12",
    family="debian",
    kernel="6.1.0",
    euid=1000,
    tools=PROBED_TOOLS,
    init="systemd",
)
TICKET = Ticket(text="")
WINDOW = Window(
    since=datetime(2026, 11, 20, 15, 0, tzinfo=timezone(timedelta(hours=1))),
    until=datetime(2026, 11, 20, 14, 30, tzinfo=UTC),
)


def probes(made: Plan) -> list[str]:
    return [step.probe.id for step in made.steps]


def step(made: Plan, probe: str) -> Step:
    return next(each for each in made.steps if each.probe.id == probe)


def without(*tools: str, **facts: Any) -> Facts:
    left = tuple(tool for tool in PROBED_TOOLS if tool not in tools)
    return DEBIAN.model_copy(update={"tools": left, **facts})


def ended(step: Step, outcome: Outcome, *, status: int | None = 1, text: str = "") -> Seen:
    """What is known when this one step ended so, and nothing else."""
    seen = Observation(
        id=step.id, host="h", collector="", probe="", argv=step.argv, outcome=outcome, text=text, exit=status
    )
    return Seen(ended={step.argv: seen})


def found(signature: str, category: str, checks: tuple[tuple[str, ...], ...] = (), **more: Any) -> Finding:
    cited = (Citation(observation="E1", line=1, text="x"),)
    more = {"severity": "high", **more}
    return Finding(
        signature=signature, title="t", category=category, cited=cited, explanation="e", checks=checks, **more
    )


# ---------------------------------------------------------------- which probes


def test_default_run_takes_the_vital_probes_only() -> None:
    made = plan(CATALOG, TICKET, DEBIAN)
    assert probes(made) == [
        *("disk-space", "memory", "listening", "failed-units"),
        *("large-logs", "kernel-log", "journal-errors"),
        *("package-changes", "pressure"),
    ]
    assert {each.why for each in made.steps} == {"part of every default run"}
    assert [each.n for each in made.steps] == list(range(1, len(made.steps) + 1))
    assert made.steps[0].id == "E1"


def test_shipped_default_run_on_a_healthy_host_stays_small_and_is_all_tier_a() -> None:
    for facts in (DEBIAN, DEBIAN.model_copy(update={"euid": 0})):
        made = plan(SHIPPED, TICKET, facts)
        assert 20 <= len(made.steps) <= 50
        assert all(ReadOnlyCommand(each.argv).tier == "A" for each in made.steps)
        assert not [reason for reason in made.skipped if "cap" in reason]


def test_same_input_makes_the_same_plan() -> None:
    ticket = Ticket(text="", words=("disk", "dns", "full"), window=WINDOW)
    assert plan(SHIPPED, ticket, DEBIAN) == plan(SHIPPED, ticket, DEBIAN)


@pytest.mark.parametrize(
    ("words", "first", "more"),
    [
        (("disk", "full"), "disk", {"fstab", "block-devices"}),
        (("dns", "timeouts"), "network", {"resolver-config", "routes", "neighbours"}),
        (("fails", "nginx"), "services", {"timers"}),
        (("oom",), "general", set()),
    ],
)
def test_ticket_words_bring_their_collector_forward_and_say_so(
    words: tuple[str, ...], first: str, more: set[str]
) -> None:
    made = plan(CATALOG, Ticket(text="", words=words), DEBIAN)
    assert made.steps[0].collector == first
    said = [word for word in next(c.words for c in CATALOG.collectors if c.name == first) if word in words]
    assert made.steps[0].why == f"the ticket says {', '.join(map(repr, said))}"
    assert {each.collector for each in made.steps} == {"disk", "general", "network", "services"}
    assert set(probes(made)) - set(probes(plan(CATALOG, TICKET, DEBIAN))) == more


def test_word_of_one_collector_counts_more_than_a_word_of_two() -> None:
    made = plan(CATALOG, Ticket(text="", words=("dns", "service")), DEBIAN)
    assert made.steps[0].collector == "network"


def test_no_subject_starves_another() -> None:
    ticket = Ticket(text="", words=("disk", "dns", "full", "port", "timeouts"))
    made = plan(CATALOG, ticket, DEBIAN)
    vital = len(plan(CATALOG, TICKET, DEBIAN).steps)
    assert [each.probe.depth for each in made.steps] == ["vital"] * vital + ["ticket"] * 5
    assert [each.collector for each in made.steps[vital:]] == [
        *("network", "network", "network", "disk", "disk"),
    ]


def test_names_of_the_ticket_point_to_the_collector_that_takes_them() -> None:
    made = plan(CATALOG, Ticket(text="", subjects=Subjects(ports=(8081,))), DEBIAN)
    assert made.steps[0].collector == "network"
    assert ":8081" in step(made, "sockets-of-port").argv
    assert step(made, "sockets-of-port").why == "the ticket names 8081"
    by_unit = plan(CATALOG, Ticket(text="", subjects=Subjects(units=("nginx.service",))), DEBIAN)
    assert by_unit.steps[0].why == "the ticket says 'nginx'"


@pytest.mark.parametrize(
    ("path", "points"),
    [("/var/log/dpkg.log", True), ("/var", False), ("/var/lib", False), ("/etc/resolv.conf", True), ("/srv/shop", False)],
)  # fmt: skip
def test_path_points_to_who_reads_it_and_a_folder_of_all_to_nobody(path: str, points: bool) -> None:  # noqa: FBT001
    made = plan(CATALOG, Ticket(text="", paths=(path,)), DEBIAN)
    others = {each.collector for each in made.steps if each.why == f"the ticket names {path}"} - {"services"}
    assert bool(others) == points


def test_names_keep_to_what_was_asked_for() -> None:
    disk = plan(CATALOG, TICKET, DEBIAN, names=["disk"])
    assert probes(disk) == ["disk-space", "large-logs", "fstab", "block-devices"]
    assert {each.why for each in disk.steps} == {"you asked for it"}
    made = plan(CATALOG, TICKET, DEBIAN, names=["deleted-open"])
    assert probes(made) == ["deleted-open"]
    assert ReadOnlyCommand(made.steps[0].argv).tier == "B"
    assert "firewall-nft" in probes(plan(CATALOG, TICKET, DEBIAN, names=["firewall-nft"]))
    with pytest.raises(InputError, match="no collector or probe 'dsik'"):
        plan(CATALOG, TICKET, DEBIAN, names=["dsik"])


def test_what_is_named_only_is_in_no_other_run() -> None:
    ticket = Ticket(text="", words=("deleted", "disk", "full", "space"))
    assert "deleted-open" not in probes(plan(CATALOG, ticket, DEBIAN))
    led = expand(plan(CATALOG, ticket, DEBIAN), CATALOG, Seen(findings=[found("disk-full", "disk")]))
    assert "deleted-open" not in probes(led)


# ---------------------------------------------------------------- which form


def test_paths_and_forms_follow_the_distribution() -> None:
    debian = plan(CATALOG, TICKET, without("journalctl"))
    red_hat = plan(CATALOG, TICKET, without("journalctl", family="rhel", os_id="rocky", os_version="9.4"))
    red_hat_7 = plan(CATALOG, TICKET, without("dnf", family="rhel", os_id="rhel", os_version="7.9", kernel="3.10.0-1160"))  # fmt: skip
    assert step(debian, "journal-errors").argv[-1] == "/var/log/syslog"
    assert step(red_hat, "journal-errors").argv[-1] == "/var/log/messages"
    assert step(red_hat, "kernel-log").argv[0] == "dmesg"
    assert step(debian, "package-changes").argv[-1] == "/var/log/dpkg.log"
    assert step(red_hat, "package-changes").argv[-1] == "/var/log/dnf.rpm.log"
    assert step(red_hat_7, "package-changes").argv[0] == "rpm"
    assert "pressure" not in probes(red_hat_7)
    assert "general/pressure: it is for kernels >=4.20" in red_hat_7.skipped


def test_ubuntu_is_debian_and_can_be_told_from_it() -> None:
    ubuntu = DEBIAN.model_copy(update={"os_id": "ubuntu", "os_version": "22.04"})
    assert "snaps" in probes(plan(CATALOG, TICKET, ubuntu))
    assert "general/snaps: it is for ubuntu hosts" in plan(CATALOG, TICKET, DEBIAN).skipped
    assert "package-changes" in probes(plan(CATALOG, TICKET, ubuntu))


def test_init_system_is_a_fact_to_choose_by() -> None:
    alpine = without("systemctl", "journalctl", family="alpine", os_id="alpine", init="openrc")
    assert "openrc-services" in probes(plan(CATALOG, TICKET, alpine))
    assert "services/openrc-services: it is for hosts with openrc" in plan(CATALOG, TICKET, DEBIAN).skipped


def test_a_host_whose_tools_are_busybox_is_asked_in_its_own_words_at_once() -> None:
    bare = DEBIAN.model_copy(
        update={
            "os_id": "busybox",
            "family": family("busybox", "", "busybox"),
            "init": "other",
            "ls": "busybox",
        }
    )
    made = plan(SHIPPED, TICKET, bare)
    assert step(made, "disk-space").argv == ("df", "-h", "-T")
    assert step(made, "processes").argv[:2] == ("ps", "-o")
    assert step(made, "links").argv[-1] == "/proc/net/dev"
    assert not {"package-changes", "package-state", "openrc-services", "gateway"} & set(probes(made))


def test_a_family_is_what_the_release_says_before_what_the_tools_are() -> None:
    assert family("alpine", "", "busybox") == "alpine"
    assert family("openwrt", "lede openwrt", "busybox") == "busybox"
    assert family("gentoo", "", "gnu") == ""


def test_a_vague_word_leads_to_a_default_run_and_a_finding_to_more() -> None:
    vague = Ticket(text="slow", words=("slow",))
    made = plan(SHIPPED, vague, DEBIAN)
    assert {each.probe.id for each in made.steps if each.probe.depth != "vital"}, (
        "what it points to comes too"
    )
    later_on = made
    while len((grown := expand(later_on, SHIPPED, Seen())).steps) > len(later_on.steps):
        later_on = grown
    assert len(made.steps) < len(later_on.steps) == 50
    led = expand(later_on, SHIPPED, Seen(findings=[found("disk-full", "disk")]))
    assert len(led.steps) > 50
    telling = plan(SHIPPED, Ticket(text="postfix queue", words=("postfix", "queue", "slow")), DEBIAN)
    assert len(telling.steps) > len(made.steps)


def test_missing_tool_is_told_not_tried() -> None:
    made = plan(CATALOG, TICKET, Facts(family="debian", tools=("df", "cat")))
    assert {each.argv[0] for each in made.steps} == {"df", "cat"}
    assert "network/listening: the host has no ss" in made.skipped
    assert step(plan(CATALOG, TICKET, without("ss")), "listening").argv[0] == "netstat"


def test_host_that_told_nothing_is_asked_everything_plain() -> None:
    made = plan(CATALOG, TICKET, Facts())
    assert {"disk-space", "failed-units", "kernel-log"} <= set(probes(made))
    assert step(made, "listening").argv[0] == "ss"


def test_firewall_is_read_as_root_only() -> None:
    ticket = Ticket(text="", words=("port",))
    assert "firewall-nft" not in probes(plan(CATALOG, ticket, DEBIAN))
    assert "network/firewall-nft: it needs root" in plan(CATALOG, ticket, DEBIAN).skipped
    root = DEBIAN.model_copy(update={"euid": 0})
    assert "firewall-nft" in probes(plan(CATALOG, ticket, root))


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (Outcome.MISSING_TOOL, "journalctl is missing: the next best source"),
        (Outcome.NO_PERMISSION, "journalctl was not permitted: the next best source"),
    ],
)
def test_tool_that_fails_when_it_runs_gives_way_to_the_next_best_source(outcome: Outcome, why: str) -> None:
    made = plan(CATALOG, TICKET, DEBIAN)
    grown = expand(made, CATALOG, ended(step(made, "kernel-log"), outcome))
    fresh = grown.steps[len(made.steps) :]
    assert [(each.probe.id, each.argv, each.why) for each in fresh] == [("kernel-log", ("dmesg",), why)]
    both = {**ended(step(made, "kernel-log"), outcome).ended, **ended(fresh[0], outcome).ended}
    assert expand(grown, CATALOG, Seen(ended=both)).steps == grown.steps


def test_log_file_that_is_elsewhere_is_looked_for_there() -> None:
    made = plan(CATALOG, TICKET, without("journalctl"))
    first = step(made, "journal-errors")
    fresh = expand(made, CATALOG, ended(first, Outcome.FAILED)).steps[len(made.steps) :]
    assert [each.argv[-1] for each in fresh] == ["/var/log/messages"]
    assert fresh[0].why == "there is no such file: the next best source"


def test_answer_that_is_empty_is_an_answer() -> None:
    made = plan(CATALOG, TICKET, DEBIAN)
    for outcome in (Outcome.OK, Outcome.EMPTY, Outcome.TIMEOUT, Outcome.REFUSED):
        assert expand(made, CATALOG, ended(step(made, "listening"), outcome)) == made


# ---------------------------------------------------------------- time


def test_window_goes_to_the_journal_in_utc_with_the_half_hour_before() -> None:
    made = plan(CATALOG, Ticket(text="", window=WINDOW), DEBIAN)
    argv = step(made, "journal-errors").argv
    assert argv[argv.index("-S") + 1] == "2026-11-20 13:30:00 UTC"
    assert argv[argv.index("-U") + 1] == "2026-11-20 14:30:00 UTC"


def test_systemd_219_is_asked_in_seconds_since_1970() -> None:
    red_hat_7 = DEBIAN.model_copy(update={"family": "rhel", "os_id": "centos", "os_version": "7"})
    argv = step(plan(CATALOG, Ticket(text="", window=WINDOW), red_hat_7), "journal-errors").argv
    assert argv[argv.index("-S") + 1] == f"@{int(datetime(2026, 11, 20, 13, 30, tzinfo=UTC).timestamp())}"


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


# ---------------------------------------------------------------- values


def test_subjects_of_the_ticket_fill_the_slots() -> None:
    subjects = Subjects(units=("nginx", "nginx.service"), ports=(8081,))
    ticket = Ticket(text="", subjects=subjects, paths=("/var/log/app/app.log", "/etc/shadow"))
    made = plan(CATALOG, ticket, DEBIAN)
    assert [each.slots["unit"] for each in made.steps if each.probe.id == "unit-properties"] == [
        "nginx.service"
    ]
    assert [each.argv[-1] for each in made.steps if each.probe.id == "named-file"] == ["/var/log/app/app.log"]
    assert any(skipped.startswith("services/named-file:") for skipped in made.skipped)


def test_ticket_cannot_smuggle_a_flag_or_a_second_word() -> None:
    subjects = Subjects(units=("--root=/tmp", "a.service b.service", "x;reboot"))
    made = plan(CATALOG, Ticket(text="", subjects=subjects, paths=("/var/log/../../etc/shadow",)), DEBIAN)
    assert not [each for each in made.steps if each.slots]


def test_second_round_asks_about_what_the_first_found() -> None:
    made = plan(CATALOG, TICKET, DEBIAN)
    data: dict[str, list[Any]] = {"failed-units": [{"unit": "shop.service", "active": "failed", "_line": 1}]}
    grown = expand(made, CATALOG, Seen(data))
    fresh = grown.steps[len(made.steps) :]
    assert grown.steps[: len(made.steps)] == made.steps
    assert [each.probe.id for each in fresh] == ["unit-properties"]
    assert "shop.service" in fresh[0].argv
    assert fresh[0].n == made.steps[-1].n + 1
    assert fresh[0].why == "failed-units found shop.service"
    assert expand(grown, CATALOG, Seen(data)) == grown
    data["unit-properties"] = [
        {"Id": "shop.service", "LoadState": "loaded"},
        {"Id": "httpd.service", "LoadState": "not-found"},
    ]
    third = expand(grown, CATALOG, Seen(data)).steps[len(grown.steps) :]
    assert [(each.probe.id, each.slots) for each in third] == [("unit-journal", {"unit": "shop.service"})]


def test_values_are_bounded_over_all_rounds_and_what_is_left_out_is_told() -> None:
    made = plan(CATALOG, TICKET, DEBIAN)
    rows = [{"unit": f"u{n}.service"} for n in range(5)]
    grown = expand(made, CATALOG, Seen({"failed-units": rows[:2]}))
    grown = expand(grown, CATALOG, Seen({"failed-units": [*rows[::-1]]}))
    units = [each.slots["unit"] for each in grown.steps if each.probe.id == "unit-properties"]
    assert units == ["u0.service", "u1.service", "u4.service"]
    assert "services/unit-properties: 5 were found, the first 3 are looked at" in grown.skipped


def test_full_disk_is_looked_into_and_a_roomy_one_is_not() -> None:
    made = plan(CATALOG, TICKET, DEBIAN)
    roomy: dict[str, list[Any]] = {"disk-space": [{"mount": "/", "use_percent": 40}]}
    full: dict[str, list[Any]] = {"disk-space": [{"mount": "/var", "use_percent": 100}]}
    assert expand(made, CATALOG, Seen(roomy)) == made
    fresh = expand(made, CATALOG, Seen(full)).steps[len(made.steps) :]
    assert [(each.probe.id, each.argv[-1]) for each in fresh] == [("full-mount-files", "/var")]


# ---------------------------------------------------------------- findings


def test_finding_brings_the_collector_of_its_category() -> None:
    made = plan(CATALOG, TICKET, DEBIAN)
    grown = expand(made, CATALOG, Seen(findings=[found("disk-full", "disk", subject="/var")]))
    fresh = grown.steps[len(made.steps) :]
    assert [(each.probe.id, each.why) for each in fresh] == [
        ("fstab", "found disk-full (/var)"),
        ("block-devices", "found disk-full (/var)"),
    ]


@pytest.mark.parametrize(
    ("check", "first"),
    [(("ip", "neighbour", "show"), "neighbours"), (("cat", "/etc/resolv.conf"), "resolver-config")],
)
def test_probe_in_a_finding_s_own_checks_comes_first(check: tuple[str, ...], first: str) -> None:
    made = plan(CATALOG, TICKET, DEBIAN)
    seen = Seen(findings=[found("name-resolution", "application", (check,))])
    fresh = expand(made, CATALOG, seen).steps[len(made.steps) :]
    assert fresh[0].probe.id == first
    assert {each.collector for each in fresh} == {"network"}


def test_finding_that_is_mere_information_leads_nowhere() -> None:
    made = plan(CATALOG, TICKET, DEBIAN)
    seen = Seen(findings=[found("disk-note", "disk", severity="info")])
    assert expand(made, CATALOG, seen) == made


def test_plan_that_is_only_shown_says_what_may_follow() -> None:
    told = later(plan(CATALOG, TICKET, DEBIAN), CATALOG)
    assert "services/unit-properties: for each failed-units.unit that is found, up to 3" in told
    assert "disk: 2 more when a finding of the category disk points there, or with --collect disk" in told
    assert not any("deleted-open" in line for line in told)


# ---------------------------------------------------------------- bounds


def test_cap_on_commands_holds_over_all_rounds_and_is_told() -> None:
    made = plan(CATALOG, TICKET, DEBIAN, max_commands=5)
    assert len(made.steps) == 5
    assert any("the cap of 5 commands is reached (max_commands)" in skipped for skipped in made.skipped)
    grown = expand(made, CATALOG, Seen({"failed-units": [{"unit": "a.service"}]}))
    assert len(grown.steps) == 5


def test_first_round_leaves_a_third_of_the_cap_to_what_it_finds() -> None:
    ticket = Ticket(text="", words=("disk", "dns"))
    made = plan(CATALOG, ticket, DEBIAN, max_commands=15)
    assert len(made.steps) == 10
    assert not any("the cap" in reason for reason in made.skipped)
    grown = expand(made, CATALOG, Seen({"failed-units": [{"unit": "a.service"}]}))
    assert probes(grown)[10] == "unit-properties"
    assert len(grown.steps) == 15  # and what had no room in the first round


def test_later_round_of_a_conversation_repeats_nothing_and_numbers_on() -> None:
    made = plan(CATALOG, TICKET, DEBIAN, names=["disk"])
    sent = [each.argv for each in made.steps]
    again = plan(CATALOG, TICKET, DEBIAN, first=50, sent=sent)
    assert again.steps[0].n == 50
    assert not {each.argv for each in again.steps} & set(sent)
    nothing = plan(CATALOG, TICKET, DEBIAN, names=["disk"], first=50, sent=sent)
    grown = expand(nothing, CATALOG, Seen({"disk-space": [{"mount": "/srv", "use_percent": 95}]}))
    assert [each.n for each in grown.steps] == [50]
