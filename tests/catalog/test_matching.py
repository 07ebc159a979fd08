"""How a signature's match counts: so many lines, for each value, within a span of time; and which signature a line goes to."""

from __future__ import annotations

import pytest

from tai.catalog.matching import hits
from tai.catalog.model import Match
from tai.engine.inspect import inspect
from tai.model import Observation, Outcome
from tai.parsers.lines import Lines
from tests.shipped import shipped

CATALOG = shipped()


def at(*times: str, line: str = "link eth0 flaps") -> str:
    return "".join(f"2026-11-20T{time}+0000 h kernel: {line}\n" for time in times)


def numbers(match: Match, text: str) -> list[int]:
    return [hit.lines[0] for hit in hits(match, Lines(text), None)]


def flap(**more: object) -> Match:
    return Match.model_validate({"line": r"link (?P<link>\w+) flaps", "has": ["flaps"], **more})


def test_fewer_lines_than_asked_for_are_none() -> None:
    assert numbers(flap(min=3), at("14:00:00", "14:00:01")) == []
    assert numbers(flap(min=3), at("14:00:00", "14:00:01", "14:00:02")) == [1, 2, 3]


def test_within_s_takes_only_lines_that_come_close_together() -> None:
    text = at("10:00:00", "14:00:00", "14:00:20", "14:00:40", "18:00:00")
    assert numbers(flap(min=3, within_s=60), text) == [2, 3, 4]
    assert numbers(flap(min=3, within_s=30), text) == []
    assert numbers(flap(min=3), text) == [1, 2, 3, 4, 5]


def test_within_s_holds_at_its_very_edge_and_across_disorder() -> None:
    assert numbers(flap(min=2, within_s=60), at("14:00:00", "14:01:00")) == [1, 2]
    assert numbers(flap(min=2, within_s=60), at("14:00:00", "14:01:01")) == []
    assert numbers(flap(min=2, within_s=60), at("14:00:30", "09:00:00", "14:00:00")) == [1, 3]


def test_within_s_never_counts_lines_without_a_time() -> None:
    assert numbers(flap(min=2, within_s=60), "link eth0 flaps\n" * 5) == []


def test_within_s_reads_seconds_since_boot_too() -> None:
    text = "".join(f"[{second:5}.000001] link eth0 flaps\n" for second in (10, 500, 520, 9000))
    assert numbers(flap(min=2, within_s=60), text) == [2, 3]


def test_per_counts_each_value_by_itself() -> None:
    text = (
        at("14:00:00")
        + at("14:00:01", "14:00:02", line="link eth1 flaps")
        + at("14:00:03", line="link eth2 flaps")
    )
    assert numbers(flap(min=2, per="link"), text) == [2, 3]
    assert numbers(flap(min=2), text) == [1, 2, 3, 4]


def test_per_and_within_s_hold_together() -> None:
    near = at("14:00:00", "14:00:10", line="link eth1 flaps")
    far = at("14:00:05", "16:00:00")
    assert numbers(flap(min=2, per="link", within_s=60), near + far) == [1, 2]


def found(text: str, label: str = "journalctl") -> list[tuple[str, str]]:
    seen = Observation(id="E1", host="", collector="", probe="", label=label, outcome=Outcome.OK, text=text)
    return [(each.signature, each.subject) for each in inspect(CATALOG, [seen])]


def test_link_that_goes_down_twice_in_a_day_does_not_flap() -> None:
    line = "2026-11-20T{}+0000 h kernel: e1000e 0000:00:1f.6 eth0: NIC Link is {}\n"
    slow = "".join(line.format(f"{hour:02}:00:00", "Down") for hour in (1, 13))
    fast = "".join(line.format(f"14:0{n}:00", "Down" if n % 2 else "Up") for n in range(10))
    assert "link-flapping" not in dict(found(slow))
    assert dict(found(fast)).get("link-flapping") == "eth0"


FALLBACKS = [name for name, signature in CATALOG.signatures.items() if signature.fallback]


def test_general_signature_is_told_for_lines_that_no_other_took() -> None:
    known = "Nov 20 14:00:00 h nginx[81]: nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)\n"
    own = "Nov 20 14:00:00 h shopd[81]: could not bind to 192.0.2.1:8080\n"
    told = dict(found(known))
    assert "address-in-use" in told
    assert not told.keys() & set(FALLBACKS)
    assert dict(found(own)).keys() & set(FALLBACKS)


@pytest.mark.parametrize("name", FALLBACKS)
def test_each_general_signature_fits_its_own_case_and_gives_way(name: str) -> None:
    """A line that a special signature takes as well is left to that one, whichever case of the general one it is."""
    for case in CATALOG.signatures[name].cases:
        if not case.matches or case.kind not in ("", "log"):
            continue
        told = dict(found(case.text))
        special = {
            each for each in told if each not in FALLBACKS and CATALOG.signatures[each].severity != "info"
        }
        assert name in told or special, case.text
