"""What the catalogue says about one program, as frozen values that a reviewer can walk.

This module is neither the reader of `commands.toml` (`tai.policy.catalogue`) nor the grammar that applies these
values to a command line (`tai.policy.grammar`). The header of `commands.toml` explains the notation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tai.policy.types import Tier, ValueType


class Style(StrEnum):
    """How a program spells its flags."""

    GNU = "gnu"
    """`-abc` is three letters, `--name=value`; getopt_long(3) without its abbreviations."""
    GO = "go"
    """As gnu, and a short flag's value may follow an equals sign: `-o=yaml`."""
    WORDS = "words"
    """Each flag is one whole word, with one dash, two or none: openssl, ip, find, ausearch, dig."""


class Takes(StrEnum):
    """Whether a flag takes a value, and where the value stands when the flag is written out."""

    NOTHING = "nothing"
    VALUE = "value"
    """`-u <unit>`: always one value."""
    ATTACHED = "attached"
    """`-I [enum:ns]`: perhaps a value, in the same word."""
    ATTACHED_OR_NEXT = "attached or next"
    """`-b [next:bootid]`: as attached, but the next word is taken too when it has the type; written attached."""
    NEXT = "next"
    """`-u <enum:ALL>?`: perhaps a value, always in the next word."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One allowed flag. The first name is the one that is written out."""

    names: tuple[str, ...]
    takes: Takes = Takes.NOTHING
    value: ValueType | None = None
    before_words: bool = False
    """Written before the subcommand's words."""
    dropped: str | None = None
    """Not None: accepted and left out; the text, unless empty, tells the user."""

    @property
    def name(self) -> str:
        """The canonical spelling."""
        return self.names[0]

    @property
    def spelled(self) -> str:
        """As in the catalogue: `-u --unit <unit>`."""
        names = " ".join(self.names)
        if self.value is None:
            return names
        match self.takes:
            case Takes.NEXT:
                return f"{names} <{self.value.name}>?"
            case Takes.ATTACHED:
                return f"{names} [{self.value.name}]"
            case Takes.ATTACHED_OR_NEXT:
                return f"{names} [next:{self.value.name}]"
            case _:
                return f"{names} <{self.value.name}>"


@dataclass(frozen=True, slots=True)
class Operand:
    """`type{least,most}`: so many words of one type. `fill` is put in when there is none."""

    type: ValueType
    least: int = 1
    most: int = 1
    fill: str = ""

    @property
    def spelled(self) -> str:
        """As in the catalogue."""
        if self.fill:
            return f"{self.type.name}={self.fill}"
        counts = {(1, 1): "", (0, 1): "?"}
        return self.type.name + counts.get((self.least, self.most), f"{{{self.least},{self.most}}}")


Operands = tuple[Operand, ...]
"""One allowed sequence of operands."""

Given = tuple[Flag, str | None]
"""A flag in a command line, with its value or None."""


@dataclass(frozen=True, slots=True)
class Form:
    """A program, or one of its subcommands, with all that may follow."""

    program: str
    words: tuple[str, ...]
    """The subcommand in full, such as ("list", "ruleset"); empty for a program without subcommands."""
    tier: Tier
    timeout_s: float
    max_bytes: int
    effects: str
    flags: Mapping[str, Flag]
    """By each of their names, the program's own and those of this subcommand."""
    flag_tiers: Mapping[str, Tier]
    """By canonical name: this flag lifts the command to this tier."""
    force: tuple[Given, ...]
    force_with: Mapping[str, tuple[Given, ...]]
    """By canonical name of the flag that brings the others along."""
    instead: Mapping[str, str]
    """Forced flag to the flag that stands in for it, both by canonical name: given, it leaves the forced one out."""
    lead: tuple[str, ...]
    """Canonical names of flags that are written first, for programs where the order matters."""
    default: tuple[Given, ...]
    require: tuple[str, ...]
    require_any: tuple[str, ...]
    operands: tuple[Operands, ...]
    operands_with: tuple[tuple[frozenset[str], tuple[Operands, ...]], ...]
    """Where all these flags are given, these operands hold instead; the first that applies."""
    dashdash: bool
    layers: frozenset[str]
    """Sandbox layers that it cannot run under."""

    @property
    def name(self) -> str:
        """`nft list ruleset`"""
        return " ".join((self.program, *self.words))

    def own_flags(self) -> list[Flag]:
        """Each flag once, in the catalogue's order."""
        return list(dict.fromkeys(self.flags.values()))


@dataclass(frozen=True, slots=True)
class Program:
    """One entry of the catalogue."""

    name: str
    style: Style
    flags: Mapping[str, Flag]
    """What may stand before the subcommand."""
    bare: Mapping[str, Flag]
    """Flags without a dash whose letters cluster: the BSD options of ps."""
    forms: Mapping[tuple[str, ...], Form]
    """By each allowed spelling of the subcommand; a program without subcommands has the one key ()."""
    default_words: tuple[str, ...] | None
    """The subcommand that it runs when none is given."""
    numeric: str
    """The flag that `-20` stands for; '' when there is none."""
    respell: Mapping[str, str]
    operands_first: bool
    sudo: str
    """Absolute path for sudo where a user may opt in; '' when this program is never run with sudo."""
    denied: Mapping[str, str]
    """Well-known flags and subcommands that are not allowed, and why. Used in refusals only."""
    nearest: str
    examples: tuple[str, ...]
    versions: str
    """Which flags exist on some versions only."""

    def distinct_forms(self) -> list[Form]:
        """Each form once, in the catalogue's order."""
        return list({form.words: form for form in self.forms.values()}.values())


@dataclass(frozen=True, slots=True)
class Never:
    """A well-known program that is not in the catalogue: what a refusal says about it. Not an enforcement list."""

    reason: str
    nearest: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on a whole command line, and the defaults of every command."""

    words: int
    word_chars: int
    total_chars: int
    timeout_s: float
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything in `commands.toml`."""

    limits: Limits
    types: Mapping[str, ValueType]
    programs: Mapping[str, Program]
    rewrites: Mapping[str, tuple[str, ...]]
    """A program's name to the words that stand for it: egrep to grep -E."""
    never: Mapping[str, Never]
