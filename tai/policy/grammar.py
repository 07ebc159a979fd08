"""argv in, canonical argv out. What the catalogue does not describe is refused; nothing is passed through.

The canonical argv is written anew from what was understood, never copied from the caller's words, so the program
on the host cannot read a line otherwise than tai did. Canonicalising a canonical argv gives the same argv.

This module is not the shell: it knows no quotes, globs, pipes or variables (`tai.policy.line` does), and it does
not spell the line for a login shell (`tai.policy.wire` does).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from tai.errors import PolicyRefusal
from tai.policy import operands, paths
from tai.policy.catalogue import catalogue
from tai.policy.reading import Reading
from tai.policy.spec import Form, Given, Limits, Operands, Program, Style, Takes
from tai.policy.types import PathKind, PathUse, Tier

__all__ = ["Canonical", "PathUse", "Tier", "canonicalise"]

_PROGRAM = re.compile(r"[a-z0-9][a-z0-9_.+-]{0,40}")
# Letters and marks that show nothing, besides the categories below: Hangul fillers, combining grapheme joiner,
# Khmer inherent vowels, Mongolian and other variation selectors, the blank Braille pattern.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Canonical:
    """An allowed command line, and what running it means."""

    argv: tuple[str, ...]
    tier: Tier
    timeout_s: float
    """Seconds after which the host stops the command."""
    max_bytes: int
    """Bytes of standard output that are kept."""
    paths: tuple[PathUse, ...]
    """Path operands, to be resolved on the host and checked again."""
    destinations: tuple[str, ...]
    """Where a tier C command sends packets, as the command line spells it."""
    effects: str
    """What running it does besides reading, in words; '' when nothing is known."""
    notes: tuple[str, ...]
    """What canonicalising changed, for the user."""
    incompatible_layers: frozenset[str]
    """Sandbox layers (`fsize`, `nnp`, `caps`) that the program cannot run under."""
    sudo: bool
    """Whether a user may opt in to run it with sudo."""
    program: str
    """Absolute path for sudo; '' where `sudo` is False."""


def canonicalise(argv: Sequence[str]) -> Canonical:
    """Understand a command line, or refuse it.

    argv: the program's bare name and its arguments, as the program would get them.
    Raises PolicyRefusal, and nothing else, whatever the strings are.
    """
    book = catalogue()
    words = _screened(argv, book.limits)
    notes: list[str] = []
    stands_for = book.rewrites.get(words[0])
    if stands_for is not None:
        notes.append(f"{words[0]} is run as {' '.join(stands_for)}")
        words = [*stands_for, *words[1:]]
    program = book.programs.get(words[0])
    if program is None:
        raise _unknown(words[0])
    reading = Reading(program)
    reading.read(words[1:])
    form = reading.form
    given = _settled(program, form, reading.given, notes)
    _require(program, form, given)
    choices = _choices(form, given)
    typed = operands.match(choices, reading.operands)
    if typed is None:
        raise _unfit(program, form, choices, reading.operands)
    path_uses: list[PathUse] = []
    destinations: list[str] = []
    written: list[Given] = []
    for flag, value in given:
        kept = value
        if flag.value is not None and value is not None:
            kept = _judged(flag.value.path_kind, value, path_uses)
            if flag.value.destination:
                destinations.append(value)
        written.append((flag, kept))
    positionals: list[str] = []
    for rule, word in typed:
        positionals.append(_judged(rule.type.path_kind, word, path_uses))
        if rule.type.destination:
            destinations.append(word)
        if rule.fill and word not in reading.operands[-1:]:
            notes.append(f"{word} added, since it would not end by itself")
    asking = [use.path for use in path_uses if paths.path_asks(use.path, use.kind)]
    return Canonical(
        argv=_written(program, form, written, positionals),
        tier=max(
            [form.tier, *(form.flag_tiers.get(flag.name, Tier.A) for flag, _ in written)]
            + [Tier.B] * bool(asking)
        ),
        timeout_s=form.timeout_s,
        max_bytes=form.max_bytes,
        paths=tuple(path_uses),
        destinations=tuple(destinations),
        effects="; ".join(filter(None, (form.effects, _may_hold_credentials(asking)))),
        notes=(*notes, *reading.notes),
        incompatible_layers=form.layers,
        sudo=bool(program.sudo),
        program=program.sudo,
    )


def _screened(argv: Sequence[str], limits: Limits) -> list[str]:
    """The words, once it is sure that they are words, few, short and visible."""
    if isinstance(argv, str | bytes) or not argv:
        raise PolicyRefusal("a command line is a list of words, the program first")
    words = list(argv)
    if not all(isinstance(word, str) for word in words):
        raise PolicyRefusal("every word of a command line is text")
    if len(words) > limits.words or sum(map(len, words)) > limits.total_chars:
        raise PolicyRefusal(f"longer than {limits.words} words or {limits.total_chars} characters")
    for word in words:
        if len(word) > limits.word_chars:
            raise PolicyRefusal(f"a word is longer than {limits.word_chars} characters")
        if not (word.isascii() and word.isprintable()):
            _refuse_invisible(word)
    if words[0] == "sudo":
        raise PolicyRefusal("sudo is not a command here: whether a command runs with sudo is set per host")
    if not _PROGRAM.fullmatch(words[0]):
        name = words[0].rsplit("/", 1)[-1]
        known = name in catalogue().programs
        raise PolicyRefusal(f"{words[0]!r} is not a bare program name", nearest=name if known else "")
    return words


def _refuse_invisible(word: str) -> None:
    for character in word:
        category = unicodedata.category(character)
        odd_space = category == "Zs" and character != " "
        if category in _REFUSED_CATEGORIES or odd_space or _INVISIBLE.match(character):
            raise PolicyRefusal(f"U+{ord(character):04X} is a control, invisible or exotic character")


def _unknown(name: str) -> PolicyRefusal:
    teaching = catalogue().never.get(name)
    if teaching is None:
        return PolicyRefusal(f"{name} is not in the catalogue of read-only commands")
    return PolicyRefusal(f"{name}: {teaching.reason}", nearest=teaching.nearest)


def _settled(program: Program, form: Form, given: list[Given], notes: list[str]) -> list[Given]:
    """The flags to write, in the order in which they are written."""
    names = {flag.name for flag, _ in given}
    brought = [pair for name, pairs in form.force_with.items() if name in names for pair in pairs]
    always = [pair for pair in form.force if form.instead.get(pair[0].name) not in names]
    forced = [*always, *(pair for pair in brought if pair not in always)]
    forced_names = {flag.name for flag, _ in forced}
    notes.extend(
        f"{' '.join(_flag_words(program, pair))} is replaced"
        for pair in given
        if pair[0].name in forced_names and pair not in forced
    )
    kept = [pair for pair in given if pair[0].name not in forced_names]
    lead = [pair for pair in kept if pair[0].name in form.lead]
    rest = [pair for pair in kept if pair[0].name not in form.lead]
    defaults = [pair for pair in form.default if pair[0].name not in names]
    notes.extend(f"{' '.join(_flag_words(program, pair))} added" for pair in defaults)
    return [*lead, *always, *rest, *defaults, *(pair for pair in forced if pair not in always)]


def _require(program: Program, form: Form, given: list[Given]) -> None:
    present = {flag.name for flag, _ in given}
    missing = [name for name in form.require if name not in present]
    if missing:
        wanted = " ".join(missing)
    elif form.require_any and present.isdisjoint(form.require_any):
        wanted = "one of " + ", ".join(form.require_any)
    else:
        return
    fitting = [text for text in program.examples if text.startswith(form.name)]
    raise PolicyRefusal(
        f"{form.name} is allowed only with {wanted}", nearest=(fitting or [program.nearest])[0]
    )


def _unfit(program: Program, form: Form, choices: tuple[Operands, ...], words: list[str]) -> PolicyRefusal:
    for word in words:
        if word in program.denied:
            return PolicyRefusal(f"{form.name} {word}: {program.denied[word]}", nearest=program.nearest)
    return PolicyRefusal(f"{form.name} {operands.complaint(choices, words)}", nearest=program.nearest)


def _choices(form: Form, given: list[Given]) -> tuple[Operands, ...]:
    names = {flag.name for flag, _ in given}
    for wanted, choices in form.operands_with:
        if wanted <= names:
            return choices
    return form.operands


def _judged(kind: PathKind | None, word: str, uses: list[PathUse]) -> str:
    """The word to write; a path is normalised, checked against the path policy and noted."""
    if kind is None:
        return word
    path = paths.normalise(word)
    paths.path_allowed(path, kind)
    uses.append(PathUse(path, kind))
    return path


def _may_hold_credentials(asking: list[str]) -> str:
    return (
        f"{', '.join(asking)} may hold credentials, which tai masks as far as it knows them" if asking else ""
    )


def _written(program: Program, form: Form, given: list[Given], positionals: list[str]) -> tuple[str, ...]:
    before = [word for pair in given if pair[0].before_words for word in _flag_words(program, pair)]
    bare = _bare_words(program, given)
    after = [
        word
        for pair in given
        if not pair[0].before_words and pair[0].name not in program.bare
        for word in _flag_words(program, pair)
    ]
    if program.operands_first:
        return (program.name, *before, *form.words, *positionals, *bare, *after)
    separator = ["--"] if positionals and form.dashdash and program.style is not Style.WORDS else []
    return (program.name, *before, *form.words, *bare, *after, *separator, *positionals)


def _bare_words(program: Program, given: list[Given]) -> list[str]:
    """`ps aux`: the letters without values in one word, those with a value after it."""
    bare = [pair for pair in given if pair[0].name in program.bare]
    letters = "".join(flag.name for flag, value in bare if value is None)
    words = [letters] if letters else []
    return words + [word for pair in bare if pair[1] is not None for word in _flag_words(program, pair)]


def _flag_words(program: Program, given: Given) -> list[str]:
    flag, value = given
    if value is None:
        return [flag.name]
    long = flag.name.startswith("--") and program.style is not Style.WORDS
    match flag.takes:
        case Takes.ATTACHED | Takes.ATTACHED_OR_NEXT:
            return [f"{flag.name}={value}" if long else flag.name + value]
        case Takes.NEXT:
            return [flag.name, value]
        case _:
            return [f"{flag.name}={value}"] if long else [flag.name, value]
