"""Secrets that are known by the name in front of them: `DB_PASSWORD=…`, `"apiKey": "…"`, `--token …`.

`names` says which names; here are the grammars in which a name meets its value: assignments, JSON and YAML,
command-line options, headers, XML, and prose, where only what looks random counts. Not one big pattern: the
key word is found first, and each grammar is tried from there, which is ten times as fast.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tai.text.names import PASSWORD, SECRET, WORDS, Family, Word, is_secret_name
from tai.text.plausible import passphrase_like, random_like
from tai.text.rules import PatternRule, Secret

_NAME_CHARS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-[]"
_LONGEST_NAME = 80

# One unquoted value. A comma, semicolon or bracket ends it only where something else then begins, since
# passwords hold them too; the same for a backslash, which also ends the \x00 of a shown NUL.
_BARE = r"""((?:[^\s"'&;,)}\]<>\\`]|[;,)}\]>`](?!\s|$|["']|[\w. -]{1,40}[=:])|\\(?!["'nrt\\]|x00))++)"""
_DOUBLE = r'"((?:[^"\\]|\\.)++)(?:"|$)'
_SINGLE = r"'((?:[^'\\]|\\.)++)(?:'|$)"
_ESCAPED = r'\\{1,8}"((?:[^"\\]|\\(?!"))++)(?:\\+"|$)'  # JSON inside a JSON or shell string
_QUOTED = f"(?:{_DOUBLE}|{_SINGLE}|{_ESCAPED})"
_EQUALS = r"(?:=>|:=|=(?![=~])|%3[Dd])"
_ASSIGN = rf"\s{{0,8}}{_EQUALS}\s{{0,8}}"

# Each is matched where a name ends; its only group that takes part is the value.
_TO_DOUBLE_QUOTE = re.compile(r'=((?:[^"\\]|\\.)++)(?:"|$)')
_TO_SINGLE_QUOTE = re.compile(r"=((?:[^'\\]|\\.)++)(?:'|$)")
_THEN_QUOTED = re.compile(rf"[\"'\\\]]{{0,4}}(?:{_ASSIGN}|\s{{0,8}}:\s{{0,8}}){_QUOTED}")
_THEN_VALUE = re.compile(rf"[\"']?\s*[,;]\s*[\"']?(?i:value)[\"']?\s*[:=]\s*(?:{_QUOTED}|([^\s\"',}}]+))")
_THEN_LINE = re.compile(rf"{_ASSIGN}(?![\"'])(?!.*\s[\w.-]+=)(\S.*)")
_THEN_YAML = re.compile(r"[\"']?\s{0,8}:\s{1,80}(?:!\S+\s+)?(?![\"'|>&*])(\S+)\s*+(?:#.*)?$")
_THEN_BARE = re.compile(
    rf"[\"'\]]{{0,2}}(?:\s{{1,8}}{_EQUALS}\s{{0,8}}|{_EQUALS}){_BARE}"
)  # `a= b=1` gives a nothing
_THEN_ARGUMENT = re.compile(rf"(?:\s{{1,8}}|=|\\x00)(?!-)(?:{_DOUBLE}|{_SINGLE}|{_BARE})")
# `auth_pass 1111`, `secret "c2Vj…";`: directives of keepalived, BIND, nginx and their like
_THEN_DIRECTIVE = re.compile(r"\s{1,80}(?:\"([^\"]{4,})\"\s{0,4};|\"?([^\s\"';]+)\"?;?\s*$)")
_THEN_HEADER = re.compile(r"[\"'\\]{0,4}\s{0,4}:\s{0,4}[\"'\\]{0,4}([^\s\"'\\,;]{6,})")
_THEN_ELEMENT = re.compile(r"(?:\s[^<>]{0,200})?>([^<\s][^<]{0,400})</")
_THEN_FLOW = re.compile(rf":\s{{0,4}}(?![\"']){_BARE}")
_THEN_PROSE = re.compile(rf"[\"']?(?:\s{{0,4}}(?::|is|was|of)\s{{1,4}}|\s{{1,4}}|:)[\"'`(]?{_BARE}")

_LINE_START = re.compile(r"\s{0,200}+(?:export\s+|set\s+|ENV\s+|declare -x\s+|Environment=|-\s+|#\s*)?[\"']?")
_COMMENT = re.compile(r"\s[#;]")


@dataclass(frozen=True, slots=True)
class KeyedRule:
    """All key words that begin with one anchor, in all grammars. See `Rule` for what it offers."""

    anchor: str
    words: tuple[Word, ...]
    likely: None = None

    @property
    def anchors(self) -> tuple[str, ...]:
        return (self.anchor,)

    def secrets(self, line: str) -> Sequence[Secret]:
        folded = line.lower() if line.isascii() else line.encode("ascii", "replace").lower().decode()
        secrets: list[Secret] = []
        at = folded.find(self.anchor)
        while at >= 0:
            go_on = at + len(self.anchor)
            for word in self.words:
                end = word.name_end(line, at)
                if end is not None and (span := self._value(word.family, line, at, end)):
                    secrets.append((word.family.kind, *span))
                    go_on = span[1]
                    break
            at = folded.find(self.anchor, go_on)
        return secrets

    def _value(self, family: Family, line: str, at: int, end: int) -> tuple[int, int] | None:
        """Where the value of the name is whose key word begins at `at` and that ends at `end`."""
        before = line[max(0, at - _LONGEST_NAME) : at]
        start = at - len(before) + len(before.rstrip(_NAME_CHARS))
        if line.startswith("\\x00", start - 1):
            start += 3  # a shown NUL, between the arguments in /proc/PID/cmdline
        for grammar in _grammars(line, start, end):
            found = grammar.match(line, end)
            if found is None or found.lastindex is None:
                continue
            value_start, value_end = found.span(found.lastindex)
            accept = family.accept
            if grammar in _TO_THE_END:
                accept = family.accept_line
            if grammar is _THEN_LINE:
                value_end = _without_comment(line, value_start)
            elif grammar is _THEN_DIRECTIVE and family not in (PASSWORD, SECRET):
                continue
            elif grammar is _THEN_PROSE:
                accept = random_like
            if accept(line[value_start:value_end]):
                return value_start, value_end
        return None


_TO_THE_END = (_TO_DOUBLE_QUOTE, _TO_SINGLE_QUOTE, _THEN_QUOTED, _THEN_VALUE, _THEN_LINE, _THEN_ELEMENT)


def _grammars(line: str, start: int, end: int) -> Iterator[re.Pattern[str]]:
    """Those that can hold at a name that reaches from `start` to `end`, by what is around it."""
    opener = line[start - 1 : start]
    follower = line[end : end + 1]
    if not follower:
        return
    if follower in "=:%\"'\\] \t,;":
        if opener == '"':
            yield _TO_DOUBLE_QUOTE
        elif opener == "'":
            yield _TO_SINGLE_QUOTE
        yield _THEN_QUOTED
        yield _THEN_VALUE
        if _LINE_START.fullmatch(line, 0, start):
            yield _THEN_LINE
            yield _THEN_YAML
            if "_" in line[start:end]:  # no package, service or file of this name in the first column
                yield _THEN_DIRECTIVE
        if line.endswith(";"):
            yield _THEN_DIRECTIVE
        yield _THEN_BARE
    if line.startswith("-", start):
        yield _THEN_ARGUMENT
    if opener == "<" and follower in "> ":
        yield _THEN_ELEMENT
    if follower in ":\"'\\ " and (opener in ("'", '"') or line[start : start + 2] in ("x-", "X-")):
        yield _THEN_HEADER
    if follower == ":" and line[max(0, start - 4) : start].rstrip(" ").endswith(("{", ",")):
        yield _THEN_FLOW
    yield _THEN_PROSE


def _without_comment(line: str, start: int) -> int:
    comment = _COMMENT.search(line, start)
    value = line[start : comment.start() if comment else len(line)]
    return start + len(value.rstrip())


_NAME_LINE = re.compile(r"\s*+(?:-\s*)?[\"']?(?i:name|key)[\"']?\s*[:=]\s*[\"']?([\w.-]{1,200})[\"']?,?\s*$")
_BLOCK_LINE = re.compile(r"\s*+(?:-\s*)?[\"']?([\w.-]{1,200})[\"']?:\s+[|>][+-]?\d?\s*$")
_VALUE_LINE = PatternRule(
    "named-value",
    re.compile(rf"^\s*[\"']?(?i:value)[\"']?\s*[:=]\s*(?:{_QUOTED}|([^\s\"',}}]+))"),
    accept=passphrase_like,
)
_BLOCK_VALUE = PatternRule("named-value", re.compile(r"^\s*+(\S.*)"), accept=passphrase_like)


def awaited_below(line: str) -> PatternRule | None:
    """The rule for the next line, if the name of a secret stands in this one and its value there.

    `- name: DB_PASSWORD`, then `value: …`, as in the environments of Kubernetes and Nomad manifests, in tags
    and parameters; and `password: |`, a YAML block, of which the first line is taken to be the secret.
    """
    for shape, rule in ((_NAME_LINE, _VALUE_LINE), (_BLOCK_LINE, _BLOCK_VALUE)):
        named = shape.match(line)
        if named is not None and is_secret_name(named[1]):
            return rule
    return None


RULES = tuple(
    KeyedRule(anchor, tuple(word for word in WORDS if word.anchor == anchor))
    for anchor in dict.fromkeys(word.anchor for word in WORDS)
)
