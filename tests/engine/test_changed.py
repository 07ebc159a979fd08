"""What changed between two looks at the same thing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tai.engine.changed import changed, looked_twice
from tai.model import Observation, Outcome


def look(
    n: int, text: str, *, argv: tuple[str, ...] = ("df",), host: str = "h", probe: str = "disk"
) -> Observation:
    return Observation(
        id=f"E{n}", host=host, collector="c", probe=probe, argv=argv, outcome=Outcome.OK, text=text
    )


def test_the_last_two_looks_at_each_thing_are_paired() -> None:
    seen = [
        look(1, "a"),
        look(2, "x", argv=("free",)),
        look(3, "b"),
        look(4, "c"),
        look(5, "y", argv=("free",)),
    ]
    seen.append(look(6, "z", host="other"))
    assert [(a.id, b.id) for a, b in looked_twice(seen)] == [("E3", "E4"), ("E2", "E5")]


def test_a_probe_or_any_of_its_looks_chooses() -> None:
    seen = [
        look(1, "a"),
        look(2, "x", argv=("free",), probe="memory"),
        look(3, "b"),
        look(4, "y", argv=("free",), probe="memory"),
    ]
    for what in ("memory", "E2", "e4", "#4", "2"):
        assert [(a.id, b.id) for a, b in looked_twice(seen, what)] == [("E2", "E4")], what
    assert looked_twice(seen, "network") == []


def test_only_what_differs_is_told_with_its_neighbours() -> None:
    old = "".join(f"line {n}\n" for n in range(20))
    new = old.replace("line 9\n", "line nine\n")
    lines = list(changed(look(1, old), look(2, new)))
    assert lines[0] == "@@ -7,7 +7,7 @@"
    assert [line for line in lines if line[0] in "+-"] == ["-line 9", "+line nine"]
    assert len(lines) == 9
    assert list(changed(look(1, old), look(2, old))) == []


def test_another_outcome_is_a_change() -> None:
    denied = look(2, "").model_copy(update={"outcome": Outcome.NO_PERMISSION, "reason": "Permission denied"})
    assert list(changed(look(1, "x\n"), denied))[:2] == ["-ok", "+no permission Permission denied"]


def test_long_texts_that_share_nothing_do_not_hold_the_prompt() -> None:
    old, new = ("".join(f"{word} {n}\n" for n in range(50_000)) for word in ("before", "after"))
    assert list(changed(look(1, old), look(2, new))) == ["@@ line 1 on: 50,000 lines gave way to 50,000 @@"]
    grown = list(changed(look(1, old), look(2, old + "one more\n")))
    assert grown[-1] == "+one more"


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_nothing_is_told_exactly_when_nothing_changed(old: list[str], new: list[str]) -> None:
    told = list(changed(look(1, "\n".join(old)), look(2, "\n".join(new))))
    assert bool(told) == ("\n".join(old) != "\n".join(new))
