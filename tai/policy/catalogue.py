"""Reads `commands.toml`, the whole list of what tai may run on a host, into `tai.policy.spec` values.

There is no second source: no environment variable, no configuration file and no argument can add to it. What the
keys mean is written at the head of `commands.toml`.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any, Final, NoReturn, TypeVar

from tai.errors import ConfigError
from tai.policy.notation import expand_braces, read_flag, read_operands
from tai.policy.spec import (
    Catalogue,
    Flag,
    Form,
    Given,
    Limits,
    Never,
    Operands,
    Program,
    Style,
    Takes,
)
from tai.policy.types import Tier, ValueType

_FILE: Final = "commands.toml"
_NAME = re.compile(r"[a-z0-9][a-z0-9_.+-]{0,40}")
_LAYERS: Final = frozenset({"fsize", "nnp", "caps"})

T = TypeVar("T")


@functools.cache
def catalogue() -> Catalogue:
    """The catalogue that ships with tai, read and compiled once. Raises ConfigError when it is malformed."""
    return load(resources.files("tai.policy").joinpath(_FILE).read_text(encoding="utf-8"))


def load(text: str) -> Catalogue:
    """Compile a catalogue from TOML text. Raises ConfigError, naming the key that is wrong."""
    try:
        top = _Table(tomllib.loads(text), "")
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_FILE, str(error)) from error
    limits = _limits(top.table("limits"))
    types = _types(top.table("types"))
    programs: dict[str, Program] = {}
    rewrites: dict[str, tuple[str, ...]] = {}
    commands = top.table("command")
    for name in commands.names():
        entry = commands.table(name)
        if not _NAME.fullmatch(name):
            entry.wrong("a bare program name was expected")
        stands_for = entry.take("rewrite", str, "")
        if stands_for:
            rewrites[name] = tuple(stands_for.split())
            entry.finish()
        else:
            programs[name] = _Reader(name, entry, types, limits).program()
    for entry in top.tables("version_only"):
        flags = entry.strings("flags")
        for name in entry.strings("programs"):
            if name in programs:
                entry.wrong(f"{name} is in the catalogue already")
            data = {
                "style": "words",
                "flags": flags,
                "require_any": flags,
                "nearest": f"{name} {flags[0]}",
                "examples": [f"{name} {flags[0]}"],
            }
            programs[name] = _Reader(name, _Table(data, entry.where), types, limits).program()
        entry.finish()
    for name, words in rewrites.items():
        if words[0] not in programs:
            raise ConfigError(_FILE, f"{words[0]} is not in the catalogue", key=f"command.{name}.rewrite")
    never = _never(top.tables("never"), known=programs.keys() | rewrites.keys())
    top.finish()
    return Catalogue(limits, types, programs, rewrites, never)


class _Table:
    """A TOML table that is emptied key by key, so that what is left over is a key nobody knows."""

    def __init__(self, data: Mapping[str, Any], where: str) -> None:
        self._data = dict(data)
        self.where = where

    def key(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name

    def wrong(self, message: str, name: str = "") -> NoReturn:
        raise ConfigError(_FILE, message, key=self.key(name) if name else self.where)

    def names(self) -> list[str]:
        return list(self._data)

    def take(self, name: str, kind: type[T], default: T) -> T:
        value = self._data.pop(name, default)
        if type(value) is not type(default) and not isinstance(value, kind):
            self.wrong(f"{kind.__name__} was expected", name)
        return value

    def strings(self, name: str) -> list[str]:
        value = self._data.pop(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.wrong("a list of strings was expected", name)
        return value

    def pairs(self, name: str) -> dict[str, str]:
        value = self._data.pop(name, {})
        if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
            self.wrong("a table of strings was expected", name)
        return value

    def table(self, name: str) -> _Table:
        value = self._data.pop(name, {})
        if not isinstance(value, dict):
            self.wrong("a table was expected", name)
        return _Table(value, self.key(name))

    def tables(self, name: str) -> list[_Table]:
        value = self._data.pop(name, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.wrong("a list of tables was expected", name)
        return [_Table(item, f"{self.key(name)}[{at}]") for at, item in enumerate(value)]

    def has(self, name: str) -> bool:
        return name in self._data

    def finish(self) -> None:
        for name in self._data:
            self.wrong("this key is not known", name)


class _Reader:
    """Reads one `[command.NAME]` table. A key of a subcommand hides the same key of the program."""

    def __init__(self, name: str, entry: _Table, types: Mapping[str, ValueType], limits: Limits) -> None:
        self._name = name
        self._entry = entry
        self._types = types
        self._limits = limits

    def program(self) -> Program:
        entry = self._entry
        style = entry.take("style", str, Style.GNU.value)
        if style not in set(Style):
            entry.wrong(f"one of {', '.join(Style)} was expected", "style")
        flags_first = entry.take("flags_first", bool, default=False)
        flags = self._flags(entry, before_words=flags_first)
        bare = self._table_of(entry, "bare", entry.strings("bare"))
        subcommands = entry.table("sub")
        default_sub = entry.take("default_sub", str, "")
        shared = {key: entry.take(key, object, None) for key in _FORM_KEYS if entry.has(key)}
        forms: dict[tuple[str, ...], Form] = {}
        for spelled in subcommands.names():
            own = subcommands.table(spelled)
            spellings = [tuple(text.split()) for text in expand_braces(own.take("spelled", str, spelled))]
            form = self._form(tuple(spelled.split()), own, shared, flags)
            for words in dict.fromkeys([form.words, *spellings]):
                if words in forms:
                    own.wrong(f"{' '.join(words)!r} stands for two subcommands")
                forms[words] = form
        if not forms:
            forms[()] = self._form((), _Table({}, entry.where), shared, flags | bare)
        default_words = tuple(default_sub.split()) if default_sub else None
        if default_words is not None and default_words not in forms:
            entry.wrong("there is no such subcommand", "default_sub")
        numeric = entry.take("numeric", str, "")
        if numeric and numeric not in flags:
            entry.wrong("there is no such flag", "numeric")
        program = Program(
            name=self._name,
            style=Style(style),
            flags=flags,
            bare=bare,
            forms=forms,
            default_words=default_words,
            numeric=numeric,
            respell=entry.pairs("respell"),
            operands_first=entry.take("operands_first", bool, default=False),
            sudo=entry.take("sudo", str, ""),
            denied=_spread(entry.pairs("denied")),
            nearest=entry.take("nearest", str, ""),
            examples=tuple(entry.strings("examples")),
            versions=entry.take("versions", str, ""),
        )
        if program.sudo and not program.sudo.startswith("/"):
            entry.wrong("an absolute path was expected", "sudo")
        entry.finish()
        return program

    def _flags(self, table: _Table, *, before_words: bool = False) -> dict[str, Flag]:
        found = self._table_of(table, "flags", table.strings("flags"), before_words=before_words)
        found |= self._table_of(table, "drop", table.strings("drop"), before_words=before_words, dropped="")
        for spelled, note in table.pairs("drop_and_say").items():
            found |= self._table_of(table, "drop_and_say", [spelled], before_words=before_words, dropped=note)
        return found

    def _table_of(
        self,
        table: _Table,
        key: str,
        spelled: Iterable[str],
        *,
        before_words: bool = False,
        dropped: str | None = None,
    ) -> dict[str, Flag]:
        found: dict[str, Flag] = {}
        for text in spelled:
            try:
                flag = read_flag(text, self._types, before_words=before_words, dropped=dropped)
            except ValueError as error:
                table.wrong(str(error), key)
            for name in flag.names:
                if name in found:
                    table.wrong(f"{name} is listed twice", key)
                found[name] = flag
        return found

    def _form(
        self,
        words: tuple[str, ...],
        own: _Table,
        shared: Mapping[str, Any],
        program_flags: Mapping[str, Flag],
    ) -> Form:
        flags = {**program_flags, **self._flags(own)}
        both = _Table(
            {**shared, **{key: own.take(key, object, None) for key in _FORM_KEYS if own.has(key)}}, own.where
        )
        own.finish()
        tier = both.take("tier", str, Tier.A.value)
        if tier not in set(Tier):
            both.wrong("A, B or C was expected", "tier")
        layers = frozenset(both.strings("cannot_run_under"))
        if not layers <= _LAYERS:
            both.wrong(f"layers are {', '.join(sorted(_LAYERS))}", "cannot_run_under")

        def name_of(key: str, spelled: str) -> str:
            if spelled not in flags:
                both.wrong(f"there is no flag {spelled!r}", key)
            return flags[spelled].name

        def given(key: str, spelled: str) -> Given:
            name, _, value = spelled.partition(" ")
            flag = flags[name_of(key, name)]
            has_value = flag.takes is Takes.VALUE or bool(value)
            if flag.dropped is not None or (has_value and not (flag.value and flag.value.fits(value))):
                both.wrong(f"{spelled!r} is not an allowed flag with an allowed value", key)
            return flag, value if has_value else None

        flag_tiers: dict[str, Tier] = {}
        for spelled, lifted in both.pairs("flag_tiers").items():
            for name in spelled.split():
                flag_tiers[name_of("flag_tiers", name)] = Tier(lifted)
        force_with = both.take("force_with", dict, {})
        return Form(
            program=self._name,
            words=words,
            tier=Tier(tier),
            timeout_s=float(both.take("timeout_s", int, int(self._limits.timeout_s))),
            max_bytes=both.take("max_bytes", int, self._limits.max_bytes),
            effects=both.take("effects", str, ""),
            flags=flags,
            flag_tiers=flag_tiers,
            force=tuple(given("force", spelled) for spelled in both.strings("force")),
            force_with={
                name_of("force_with", name): tuple(given("force_with", spelled) for spelled in brought)
                for name, brought in force_with.items()
            },
            instead={
                name_of("instead", name): name_of("instead", other)
                for name, other in both.pairs("instead").items()
            },
            lead=tuple(name_of("lead", name) for name in both.strings("lead")),
            default=tuple(given("default", spelled) for spelled in both.strings("default")),
            require=tuple(name_of("require", name) for name in both.strings("require")),
            require_any=tuple(name_of("require_any", name) for name in both.strings("require_any")),
            operands=self._operands(both, both.take("operands", object, "")),
            operands_with=tuple(
                (
                    frozenset(name_of("operands_with", name) for name in spelled.split()),
                    self._operands(both, operands),
                )
                for spelled, operands in both.take("operands_with", dict, {}).items()
            ),
            dashdash=both.take("dashdash", bool, default=True),
            layers=layers,
        )

    def _operands(self, table: _Table, value: object) -> tuple[Operands, ...]:
        choices = value if isinstance(value, list) else [value]
        if not all(isinstance(text, str) for text in choices):
            table.wrong("a string or a list of strings was expected", "operands")
        try:
            return tuple(read_operands(str(text), self._types) for text in choices)
        except ValueError as error:
            table.wrong(str(error), "operands")


_FORM_KEYS: Final = (
    "tier",
    "timeout_s",
    "max_bytes",
    "effects",
    "flag_tiers",
    "force",
    "force_with",
    "instead",
    "lead",
    "default",
    "require",
    "require_any",
    "operands",
    "operands_with",
    "dashdash",
    "cannot_run_under",
)


def _limits(table: _Table) -> Limits:
    limits = Limits(
        words=table.take("words", int, 0),
        word_chars=table.take("word_chars", int, 0),
        total_chars=table.take("total_chars", int, 0),
        timeout_s=float(table.take("timeout_s", int, 0)),
        max_bytes=table.take("max_bytes", int, 0),
    )
    if min(limits.words, limits.word_chars, limits.total_chars, limits.timeout_s, limits.max_bytes) <= 0:
        table.wrong("each limit must be given, and above 0")
    table.finish()
    return limits


def _types(table: _Table) -> dict[str, ValueType]:
    types: dict[str, ValueType] = {}
    for name in table.names():
        entry = table.table(name)
        try:
            shape = re.compile(entry.take("pattern", str, ""))
        except re.error as error:
            entry.wrong(str(error), "pattern")
        means = entry.take("means", str, "")
        if not shape.pattern or not means:
            entry.wrong("a pattern and what it means were expected")
        types[name] = ValueType(
            name, means, shape, destination=entry.take("destination", bool, default=False)
        )
        entry.finish()
    return types


def _never(tables: Iterable[_Table], known: Iterable[str]) -> dict[str, Never]:
    allowed = frozenset(known)
    never: dict[str, Never] = {}
    for entry in tables:
        teaching = Never(entry.take("reason", str, ""), entry.take("nearest", str, ""))
        for name in entry.strings("programs"):
            if name in allowed or name in never:
                entry.wrong(f"{name} is listed already", "programs")
            never[name] = teaching
        entry.finish()
    return never


def _spread(table: Mapping[str, str]) -> dict[str, str]:
    return {name: reason for names, reason in table.items() for name in names.split()}
