"""What holds for every command line, tried on lines made from the catalogue and on lines made from anything."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from tai.errors import PolicyRefusal
from tai.policy import canonicalise, catalogue, check
from tai.policy.spec import Program, Style, Takes
from tests.policy import samples

PROGRAMS = catalogue().programs
ALL_FORMS = [(program, form) for program in PROGRAMS.values() for form in program.distinct_forms()]
COMMANDS = [(program.name, *form.words) for program, form in ALL_FORMS]
ANY_TEXT = st.text(st.characters(), max_size=40)
FLAG_LIKE = st.sampled_from(sorted({name for _, form in ALL_FORMS for name in form.flags}))
ANY_WORD = (
    ANY_TEXT | FLAG_LIKE | st.sampled_from(sorted({w for words in samples.NAMED.values() for w in words}))
)


@st.composite
def likely_lines(draw: st.DrawFn) -> list[str]:
    """Lines of which most are allowed: flags of one form with values of their types, operands of its types."""
    name, *subcommand = draw(st.sampled_from(COMMANDS))
    program = PROGRAMS[name]
    form = program.forms[tuple(subcommand)]
    flags = draw(st.lists(st.sampled_from(form.own_flags()), max_size=4)) if form.flags else []
    line = samples.required(program, form, {flag.name for flag in flags})
    for flag in flags:
        value = None
        if flag.value is not None and (flag.takes is Takes.VALUE or draw(st.booleans())):
            value = draw(st.sampled_from(samples.words(flag.value)))
        line += samples.flag_words(program, flag, draw(st.sampled_from(flag.names)), value)
    operands = samples.operands_for(form, line)
    if draw(st.booleans()):
        operands = samples.operand_words(draw(st.sampled_from(form.operands)), most=True)
    return [program.name, *form.words, *line, *operands]


@given(likely_lines())
@settings(max_examples=1500, deadline=None)
def test_canonical_form_is_a_fixed_point(line: list[str]) -> None:
    try:
        once = canonicalise(line)
    except PolicyRefusal:
        return
    twice = canonicalise(once.argv)
    assert twice.argv == once.argv
    assert twice.tier == once.tier
    assert twice.paths == once.paths
    assert twice.destinations == once.destinations
    assert twice.notes == ()


@given(
    st.lists(ANY_WORD, max_size=8)
    | st.tuples(st.sampled_from(sorted(PROGRAMS)), ANY_WORD, ANY_WORD, ANY_WORD).map(list)
)
@settings(max_examples=1500, deadline=None)
def test_nothing_but_a_refusal_is_raised(line: list[str]) -> None:
    with contextlib.suppress(PolicyRefusal):
        canonicalise(line)
    assert check(line).decision in {"allow", "ask", "refuse"}


@given(st.sampled_from(COMMANDS), st.lists(ANY_WORD, max_size=6))
@settings(max_examples=1500, deadline=None)
def test_no_word_gets_through_that_no_rule_takes(command: tuple[str, ...], tail: list[str]) -> None:
    try:
        argv = canonicalise([*command, *tail]).argv
    except PolicyRefusal:
        return
    forms = PROGRAMS[argv[0]].distinct_forms()
    names = {name for form in forms for name in form.flags} | {word for form in forms for word in form.words}
    for before, word in itertools.pairwise(argv):
        if word.startswith("-") and word != "--":
            known = word.partition("=")[0] in names or any(word.startswith(name) for name in names)
            assert known or before in names, f"{word!r} in {argv}"


def _prefixes() -> Iterator[tuple[Program, list[str]]]:
    """Lines that end in a proper prefix of a long option, with and without a value."""
    for program, form in ALL_FORMS:
        names = {name for name in form.flags if name.startswith("--")}
        for name in names:
            for length in range(3, len(name)):
                if name[:length] not in names:
                    yield program, [program.name, *form.words, name[:length]]
                    yield program, [program.name, *form.words, f"{name[:length]}=1"]


def test_no_prefix_of_a_long_option_is_accepted() -> None:
    lines = list(_prefixes())
    assert len(lines) > 10_000
    for program, line in lines:
        verdict = check(line)
        assert verdict.decision == "refuse", line
        if program.style is not Style.WORDS:  # else the word is an operand that no rule takes
            assert line[-1].partition("=")[0] in verdict.reason


def test_every_flag_of_every_form_is_accepted_somewhere() -> None:
    refused = []
    for program, form in ALL_FORMS:
        for flag, line in samples.lines_with_each_flag(program, form):
            try:
                argv = canonicalise(line).argv
            except PolicyRefusal as refusal:
                refused.append(f"{line}: {refusal.reason}")
                continue
            if flag.dropped is None and flag.name not in program.bare:
                assert any(word.startswith(flag.name) for word in argv), f"{flag.name} is missing in {argv}"
    assert refused == []
