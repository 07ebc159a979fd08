"""POSIX basic and extended regular expressions, as grep and awk read them, for the filters that run on this side.

Not Python's `re`, and nothing that backtracks: see `tai.policy.automaton`, which runs what is compiled here.

Grammar: POSIX.1-2017 XBD chapter 9, with the GNU additions that people type: \\w \\W \\s \\S \\b \\B \\< \\>, and \\+ \\? \\|
in basic patterns. Refused, because no automaton can do them or because programs disagree: back-references (\\1), Perl's
(?…), and a repetition of nothing.
"""

from __future__ import annotations

from typing import Final, Literal

from tai.errors import PolicyRefusal
from tai.policy.automaton import (
    Assert,
    Assertion,
    Char,
    Code,
    Node,
    Pattern,
    Test,
    bounded,
    either,
    is_word,
    repeat,
)

_MOST_REPEATS: Final = 255  # RE_DUP_MAX as POSIX guarantees it

Dialect = Literal["basic", "extended", "fixed"]


def compile_pattern(
    sources: tuple[str, ...],
    dialect: Dialect,
    *,
    ignore_case: bool = False,
    whole: Literal["", "word", "line"] = "",
) -> Pattern:
    """Compile alternatives, as `grep -e A -e B` gives them. whole: match whole words (-w) or lines (-x) only.

    Raises PolicyRefusal, with the reason, for a pattern that is malformed, refused or too large.
    """
    code = either([_parse(source, dialect, ignore_case=ignore_case) for source in sources])
    if whole == "word":
        code = [Assert("not-word-before"), *code, Assert("not-word-after")]
    elif whole == "line":
        code = [Assert("line-start"), *code, Assert("line-end")]
    plain = dialect == "fixed" or not set(sources[0]) & set("\\^$.[]*+?{}()|")
    literal = sources[0] if len(sources) == 1 and plain and not ignore_case and not whole else None
    return Pattern(code, literal)


def _parse(source: str, dialect: Dialect, *, ignore_case: bool) -> Code:
    if dialect == "fixed":
        return [Char(_is_one_of(character, ignore_case=ignore_case)) for character in source]
    return _Parser(source, extended=dialect == "extended", ignore_case=ignore_case).parse()


def _cases(character: str) -> frozenset[str]:
    return frozenset({character, character.lower(), character.upper()})


def _is_one_of(character: str, *, ignore_case: bool) -> Test:
    return _cases(character).__contains__ if ignore_case else character.__eq__


def _between(low: str, high: str) -> Test:
    return lambda character: low <= character <= high


_CLASSES: Final[dict[str, Test]] = {
    "alpha": str.isalpha,
    "digit": lambda c: c in "0123456789",
    "alnum": str.isalnum,
    "upper": str.isupper,
    "lower": str.islower,
    "space": str.isspace,
    "blank": lambda c: c in " \t",
    "punct": lambda c: c.isprintable() and not c.isalnum() and not c.isspace(),
    "print": str.isprintable,
    "graph": lambda c: c.isprintable() and not c.isspace(),
    "cntrl": lambda c: c < " " or c == "\x7f",
    "xdigit": lambda c: c in "0123456789abcdefABCDEF",
}


class _Parser:
    """Recursive descent over one pattern. Each method returns the fragment it read and leaves `_at` after it."""

    def __init__(self, source: str, *, extended: bool, ignore_case: bool) -> None:
        self._source = source
        self._at = 0
        self._depth = 0
        self._extended = extended
        self._ignore_case = ignore_case
        # A symbol is one character, or a backslash and one. These stand for the operators in this dialect.
        ops = {"(": "(", ")": ")", "|": "|", "+": "+", "?": "?", "{": "{"}
        self._operators = ops if extended else {"\\" + op: name for op, name in ops.items()}
        self._operators |= {"*": "*"}

    def parse(self) -> Code:
        code = self._alternatives()
        if self._peek() == ")":
            raise PolicyRefusal("the pattern closes a group that it did not open")
        return code

    def _symbol(self) -> str:
        if self._source[self._at : self._at + 1] == "\\":
            if self._at + 1 == len(self._source):
                raise PolicyRefusal("the pattern ends in a backslash")
            return self._source[self._at : self._at + 2]
        return self._source[self._at : self._at + 1]

    def _peek(self) -> str:
        """The operator that comes next, or ''."""
        return self._operators.get(self._symbol(), "")

    def _take(self) -> str:
        symbol = self._symbol()
        self._at += len(symbol)
        return symbol

    def _alternatives(self) -> Code:
        branches = [self._branch()]
        while self._peek() == "|":
            self._take()
            branches.append(self._branch())
        return either(branches)

    def _branch(self) -> Code:
        code: Code = []
        while self._symbol() and self._peek() not in {"|", ")"}:
            code = bounded([*code, *self._piece(at_start=not code)])
        return code

    def _piece(self, *, at_start: bool) -> Code:
        operator = self._peek()
        if operator == "*" and at_start and not self._extended:
            self._take()
            code: Code = [Char("*".__eq__)]
        elif operator in {"*", "+", "?", "{"}:
            raise PolicyRefusal(f"the pattern repeats nothing at {self._source[self._at :]!r}")
        else:
            code = self._atom(at_start=at_start)
        anchored = not self._extended and code == [Assert("line-start")]
        while (operator := self._peek()) in {"*", "+", "?", "{"}:
            if anchored:  # in a basic pattern `^*` is the start of the line and a star
                return [*code, *self._piece(at_start=True)]
            self._take()
            simple = {"*": (0, None), "+": (1, None), "?": (0, 1)}
            code = repeat(code, *(simple[operator] if operator in simple else self._interval()))
        return code

    def _interval(self) -> tuple[int, int | None]:
        close = "}" if self._extended else "\\}"
        body, found, _ = self._source[self._at :].partition(close)
        first, comma, second = body.partition(",")
        numbers = first + second
        if not found or not body or len(body) > 8 or not (numbers.isascii() and (numbers or "0").isdigit()):
            raise PolicyRefusal(
                "the pattern has a { that does not start a repetition; put it in brackets: [{]"
            )
        self._at += len(body) + len(close)
        least = int(first or 0)
        most = (int(second) if second else None) if comma else least
        if max(least, most or 0) > _MOST_REPEATS or (most is not None and most < least):
            raise PolicyRefusal(f"the pattern's repetition {{{body}}} is not within 0 to {_MOST_REPEATS}")
        return least, most

    def _atom(self, *, at_start: bool) -> Code:
        if self._peek() == "(":
            return self._group()
        symbol = self._take()
        node: Node
        if symbol == "[":
            node = Char(self._bracket())
        elif symbol == ".":
            node = Char(lambda _: True)
        elif symbol == "^" and (self._extended or at_start):
            node = Assert("line-start")
        elif symbol == "$" and (self._extended or not self._symbol() or self._peek() in {"|", ")"}):
            node = Assert("line-end")
        elif symbol.startswith("\\"):
            node = self._escape(symbol[1])
        else:
            node = Char(_is_one_of(symbol, ignore_case=self._ignore_case))
        return [node]

    def _group(self) -> Code:
        self._take()
        if self._extended and self._symbol() == "?":
            raise PolicyRefusal("the pattern has Perl's (?…), which grep -E does not know")
        self._depth += 1
        if self._depth > 50:
            raise PolicyRefusal("the pattern nests more than 50 groups")
        code = self._alternatives()
        if self._peek() != ")":
            raise PolicyRefusal("the pattern opens a group that it does not close")
        self._take()
        self._depth -= 1
        return code

    def _escape(self, character: str) -> Node:
        assertions: dict[str, Assertion] = {
            "b": "word-edge",
            "B": "word-inside",
            "<": "word-start",
            ">": "word-end",
        }
        if character in assertions:
            return Assert(assertions[character])
        match character:
            case "w":
                return Char(is_word)
            case "W":
                return Char(lambda c: not is_word(c))
            case "s":
                return Char(str.isspace)
            case "S":
                return Char(lambda c: not c.isspace())
            case _ if character.isalnum():
                kind = "a back-reference" if character.isdigit() else "an escape that POSIX does not know"
                raise PolicyRefusal(f"the pattern has \\{character}, {kind}")
            case _:
                return Char(_is_one_of(character, ignore_case=self._ignore_case))

    def _bracket(self) -> Test:
        """The rest of a bracket expression, after its `[`."""
        source, at = self._source, self._at
        negated = source[at : at + 1] == "^"
        at += negated
        tests: list[Test] = []
        first = True
        while first or source[at : at + 1] != "]":
            if at >= len(source):
                raise PolicyRefusal("the pattern opens a [ that it does not close")
            first = False
            if source[at : at + 2] in {"[:", "[.", "[="}:
                kind = source[at + 1]
                name, found, _ = source[at + 2 :].partition(kind + "]")
                if not found or kind != ":" or name not in _CLASSES:
                    raise PolicyRefusal(f"the pattern has the unknown bracket element [{kind}{name}")
                tests.append(_CLASSES[name])
                at += len(name) + 4
            elif source[at + 1 : at + 2] == "-" and source[at + 2 : at + 3] not in {"]", ""}:
                low, high = source[at], source[at + 2]
                if low > high or high == "[":
                    raise PolicyRefusal(
                        f"the pattern has the range {low}-{high}, whose ends are out of order"
                    )
                tests.append(_between(low, high))
                at += 3
            else:
                tests.append(source[at].__eq__)
                at += 1
        self._at = at + 1
        fold = _cases if self._ignore_case else frozenset
        return lambda c: any(test(variant) for variant in fold(c) for test in tests) != negated
