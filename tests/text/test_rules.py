"""The shortcut must cut nothing off: a rule's literals are in every line that the rule finds a secret in."""

from __future__ import annotations

import re

from tai.text import credentials, keyed, programs, tokens, web
from tai.text.rules import PatternRule, Rule, RuleBook
from tests.text.corpus import cases

RULES: tuple[Rule, ...] = (*tokens.RULES, *web.RULES, *credentials.RULES, *programs.RULES, *keyed.RULES)


def test_no_rule_finds_a_secret_in_a_line_that_it_would_not_be_shown() -> None:
    lines = {line for case in cases(seed=11, samples=2) for line in case.text.split("\n")}
    for line in sorted(lines):
        for rule in RULES:
            if any(rule.secrets(line)):
                assert RuleBook([rule]).hits(line) == {0: 1}, (rule, line)


def test_every_rule_finds_something_in_the_tests_or_is_listed() -> None:
    lines = {line for case in cases(seed=12, samples=3) for line in case.text.split("\n")}
    kinds = {kind for line in lines for rule in RULES for kind, _, _ in rule.secrets(line)}
    assert len(kinds) >= 45, sorted(kinds)


def test_anchors_are_lower_case_words_since_they_are_sought_in_a_folded_vocabulary() -> None:
    for rule in RULES:
        for anchor in rule.anchors:
            assert anchor == anchor.lower()
            assert anchor.isascii()
            assert not re.search(r"\s", anchor)


def test_offsets_are_those_of_the_text_whatever_its_characters_and_its_size() -> None:
    rule = PatternRule("x", re.compile("(needle)"), ("needle",))
    text = "é İ 🙂\n" * 200_000 + "here a NEEDLE\nß\n" + "é" * 10 + " needle"
    hits = RuleBook([rule]).hits(text)
    assert [text[start:].split("\n", 1)[0] for start in hits] == ["here a NEEDLE", "é" * 10 + " needle"]
