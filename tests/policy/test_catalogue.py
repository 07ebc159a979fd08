"""The catalogue as data: that it is whole, that it reads as it is written, and that a slip in it is found at load."""

from __future__ import annotations

import re
import shlex

import pytest

from tai.errors import ConfigError
from tai.policy import ReadOnlyCommand, Tier, catalogue
from tai.policy.catalogue import load
from tai.policy.listing import rows
from tai.policy.spec import Catalogue, Takes
from tests.policy import samples

HEAD = """
[limits]
words = 9
word_chars = 9
total_chars = 99
timeout_s = 1
max_bytes = 1
[types.user]
pattern = '[a-z]+'
means = "a user"
"""
# What can change a host or leave it, under any of the spellings that programs use for it.
DANGEROUS = re.compile(
    r"-*(?:exec|execdir|ok|okdir|delete|kill|flush|force|rotate|vacuum-.*|install|remove|erase|import|restore|reset|clear"
    r"|write|output-directory|fprint.*|fls|pipe|eval|pre-invoke|post-invoke|modprobe|host|kubeconfig|set-.*)"
)


def from_toml(text: str) -> Catalogue:
    return load(HEAD + text)


def wrong(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        from_toml(text)
    return caught.value


def test_catalogue_has_about_the_commands_that_people_use() -> None:
    assert len(catalogue().programs) > 160
    assert {row.tier for row in rows()} == set(Tier)


def test_every_program_has_examples_that_are_allowed() -> None:
    for program in catalogue().programs.values():
        assert program.examples, program.name
        for line in program.examples:
            command = ReadOnlyCommand(shlex.split(line))
            assert ReadOnlyCommand(command.argv) == command


def test_every_nearest_form_names_a_program_of_the_catalogue() -> None:
    book = catalogue()
    for program in book.programs.values():
        assert program.nearest.split()[0] in book.programs.keys() | book.rewrites.keys(), program.name


def test_every_tier_above_a_says_why_or_belongs_to_a_program_that_does() -> None:
    for program in catalogue().programs.values():
        for form in program.distinct_forms():
            if form.tier is Tier.C:
                assert form.effects, form.name


def test_every_form_that_sends_packets_is_tier_c_and_has_a_destination() -> None:
    for program in catalogue().programs.values():
        for form in program.distinct_forms():
            if form.tier is Tier.C:
                typed = [rule.type for choice in form.operands for rule in choice]
                typed += [flag.value for flag in form.own_flags() if flag.value is not None]
                assert any(value.destination for value in typed), form.name


def test_no_flag_or_subcommand_has_the_name_of_a_change() -> None:
    allowed = {
        "gzip --force",  # understood for zcat -f, and left out
    }
    for program in catalogue().programs.values():
        for form in program.distinct_forms():
            for name in [*form.flags, *form.words]:
                assert not DANGEROUS.fullmatch(name) or f"{program.name} {name}" in allowed, (
                    program.name,
                    name,
                )


def test_denied_names_are_not_allowed_ones() -> None:
    for program in catalogue().programs.values():
        for form in program.distinct_forms():
            allowed = {name for name, flag in form.flags.items() if flag.dropped is None}
            assert not allowed & program.denied.keys(), form.name


def test_value_that_may_be_left_out_is_never_taken_for_a_flag() -> None:
    for program in catalogue().programs.values():
        for form in program.distinct_forms():
            for flag in form.own_flags():
                if flag.value is not None and flag.takes in {Takes.NEXT, Takes.ATTACHED_OR_NEXT}:
                    taken = [name for name in form.flags if flag.value.fits(name)]
                    assert taken == [], f"{form.name} {flag.name} would take {taken}"


def test_every_type_has_samples_and_they_fit() -> None:
    used = {
        value.name: value
        for program in catalogue().programs.values()
        for form in program.distinct_forms()
        for value in [
            *(flag.value for flag in form.own_flags() if flag.value is not None),
            *(rule.type for choice in form.operands for rule in choice),
        ]
    }
    assert set(samples.NAMED) == set(catalogue().types) & set(used)
    for value in used.values():
        for word in samples.words(value):
            assert value.fits(word), (value.name, word)


def test_no_type_is_slow_to_refuse_a_long_word() -> None:
    for value in catalogue().types.values():
        for word in samples.words(value):
            for separator in ("", " ", ",", ":", "/", ".", "-"):
                long = (word + separator) * (1000 // len(word + separator or " "))
                assert not value.fits(long + "\x00")  # a slow one runs into the time limit of the test


def test_every_type_in_the_file_is_used() -> None:
    assert set(catalogue().types) == set(samples.NAMED)


def test_operand_types_take_no_word_that_starts_with_a_dash_unless_they_are_free_text() -> None:
    free = {
        "pattern",
        "text",
        "format",
        "time",
        "signed",
        "find_size",
        "find_number",
        "find_mode",
        "ps_sort",
        "bootid",
        "size",
    }
    for value in catalogue().types.values():
        if value.name not in free:
            assert not any(value.fits(word) for word in ("-x", "--x", "-1", "-", "-Hx", "--x=y")), value.name


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[command.ls]\nflag = ['-l']", "command.ls.flag"),
        ("[command.ls]\ntier = 'D'", "command.ls.tier"),
        ("[command.ls]\nflags = '-l'", "command.ls.flags"),
        ("[command.ls]\nflags = ['-l <nothing>']", "command.ls.flags"),
        ("[command.ls]\nflags = ['-l', '-l']", "command.ls.flags"),
        ("[command.ls]\nflags = ['-n <int:5-1>']", "command.ls.flags"),
        ("[command.ls]\noperands = 'user{3,1}'", "command.ls.operands"),
        ("[command.ls]\noperands = 'user times=3'", "command.ls.operands"),
        ("[command.ls]\nforce = ['-x']", "command.ls.force"),
        ("[command.ls]\nflags = ['-x <user>']\nforce = ['-x 1']", "command.ls.force"),
        ("[command.ls]\nrequire = ['-x']", "command.ls.require"),
        ("[command.ls]\ncannot_run_under = ['sandbox']", "command.ls.cannot_run_under"),
        ("[command.ls]\nstyle = 'dos'", "command.ls.style"),
        ("[command.ls]\nsudo = 'ls'", "command.ls.sudo"),
        ("[command.ls]\nnumeric = '-n'", "command.ls.numeric"),
        ("[command.ls]\ntimeout_s = '9'", "command.ls.timeout_s"),
        ("[command.'/bin/ls']", "command./bin/ls"),
        ("[command.ls]\ndefault_sub = 'x'\n[command.ls.sub]\ny = {}", "command.ls.default_sub"),
        ("[command.ls.sub]\na = { spelled = '{a,b}' }\nb = {}", "command.ls.sub.b"),
        ("[command.ll]\nrewrite = 'ls -l'", "command.ll.rewrite"),
        ("[command.ls]\n[[never]]\nprograms = ['ls']", "never[0].programs"),
        ("[command.ls]\n[[version_only]]\nprograms = ['ls']\nflags = ['-v']", "version_only[0]"),
        ("[types.bad]\npattern = '('\nmeans = 'x'", "types.bad.pattern"),
        ("unknown = 1", "limits.unknown"),
    ],
)  # fmt: skip
def test_slip_in_the_file_names_its_key(text: str, key: str) -> None:
    if text == "unknown = 1":
        with pytest.raises(ConfigError) as caught:
            load(HEAD.replace("words = 9", "words = 9\nunknown = 1"))
        assert caught.value.key == key
        return
    assert wrong(text).key == key


def test_text_that_is_not_toml_is_a_config_error() -> None:
    assert "commands.toml" in str(wrong("[command"))


def test_key_of_a_subcommand_hides_that_of_the_program() -> None:
    book = from_toml(
        "[command.x]\ntier = 'B'\nflags = ['-a']\n[command.x.sub]\none = {}\ntwo = { tier = 'C', flags = ['-b'] }"
    )
    one, two = book.programs["x"].distinct_forms()
    assert (one.tier, two.tier) == (Tier.B, Tier.C)
    assert (set(one.flags), set(two.flags)) == ({"-a"}, {"-a", "-b"})
