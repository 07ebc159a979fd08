"""`grep -i error`, `sort -k2,2n`, `awk '{print $1}'` … read into the filters that tai applies itself.

Not a shell and not the filters: `tai.policy.line` splits what was typed into words, `tai.policy.filters` runs what is
read here. Flags are allowed one by one; one that is not known is a refusal, because it would silently change the answer.

Source of the flags and defaults: the manual pages of GNU grep 3.8 and coreutils 9.1, POSIX awk and sed.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Final, Literal, NoReturn

from tai.errors import PolicyRefusal
from tai.policy.filters import AwkField, AwkPrint, Cut, Filter, Grep, Head, SedPrint, Sort, Tail, Uniq, Wc
from tai.policy.posix_regex import Dialect, compile_pattern
from tai.policy.sorting import SortKey, SortOrder

_MOST: Final = 10_000_000  # the largest count or line number that is understood

Options = list[tuple[str, str]]
"""(flag letter, value or '') in the order given; '#' stands for a bare number such as the -5 of `head -5`."""


def read_filter(words: tuple[str, ...]) -> tuple[Filter | None, tuple[str, ...]]:
    """The filter that these words name, and the files they name after its own operands.

    words: the program's bare name and its arguments, unquoted. The filter is None for `cat`, `less` and `column -t`, which
    change nothing. Raises PolicyRefusal for another program, an unknown flag or a malformed value.
    """
    read = _READERS.get(words[0])
    if read is None:
        raise PolicyRefusal(
            f"{words[0]} cannot follow a pipe: pipes run inside tai, not on the host, and it knows {', '.join(_READERS)}",
        )
    return read(words)


def _refuse(program: str, what: str, nearest: str = "") -> NoReturn:
    raise PolicyRefusal(f"the local {program} does not know {what}", nearest=nearest)


def _options(
    words: tuple[str, ...], letters: str, long: dict[str, str] | None = None
) -> tuple[Options, tuple[str, ...]]:
    """Read flags as getopt_long does, but without abbreviations.

    letters: the flags, as in getopt(3): a letter, and `:` after it when it takes a value; `#` allows a bare number.
    long: long name → letter.
    """
    program, takes_value = words[0], {letter: False for letter in letters if letter != ":"}
    takes_value |= {letter: True for letter, after in itertools.pairwise(letters) if after == ":"}
    found: Options = []
    operands: list[str] = []
    rest = list(words[1:])
    while rest:
        word = rest.pop(0)
        if word == "--":
            operands += rest
            break
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            letter = (long or {}).get(name, "")
            if not letter or (equals and not takes_value[letter]):
                _refuse(program, word)
            found.append(
                (letter, value if equals or not takes_value[letter] else _value(program, word, rest))
            )
        elif re.fullmatch(r"-[0-9]+", word) and "#" in takes_value:
            found.append(("#", word[1:]))
        elif word.startswith("-") and word != "-":
            cluster = word[1:]
            while cluster:
                letter, cluster = cluster[0], cluster[1:]
                if letter not in takes_value or letter == "#":
                    _refuse(program, f"-{letter}")
                if takes_value[letter]:
                    found.append((letter, cluster or _value(program, f"-{letter}", rest)))
                    break
                found.append((letter, ""))
        else:
            operands.append(word)
    return found, tuple(operands)


def _value(program: str, flag: str, rest: list[str]) -> str:
    if not rest:
        raise PolicyRefusal(f"the local {program} needs a value after {flag}")
    return rest.pop(0)


def _number(program: str, text: str, least: int = 0) -> int:
    if not re.fullmatch(r"[0-9]{1,8}", text) or not least <= int(text) <= _MOST:
        raise PolicyRefusal(f"the local {program} needs a number from {least} to {_MOST}, not {text!r}")
    return int(text)


def _nothing(words: tuple[str, ...]) -> tuple[None, tuple[str, ...]]:
    # less -S, -R, -F, -X and -N and column -t change how a screen looks; cat has no flag that is worth having.
    _, operands = _options(words, {"less": "SRFXN", "column": "t"}.get(words[0], ""))
    return None, operands


_GREP_LONG: Final = {
    "ignore-case": "i", "invert-match": "v", "count": "c", "extended-regexp": "E", "fixed-strings": "F",
    "basic-regexp": "G", "only-matching": "o", "word-regexp": "w", "line-regexp": "x", "line-number": "n",
    "after-context": "A", "before-context": "B", "context": "C", "regexp": "e", "max-count": "m", "text": "a",
    "no-filename": "h", "no-messages": "s", "line-buffered": "s",
}  # fmt: skip


def _grep(words: tuple[str, ...]) -> tuple[Filter, tuple[str, ...]]:
    # Colour is meaningless here, and many people's alias adds it.
    plain = tuple(word for word in words if not re.fullmatch(r"--colou?r(=(auto|always|never))?", word))
    options, operands = _options(plain, "ivcEFGowxnasA:B:C:e:m:h#", _GREP_LONG)
    on = {letter for letter, _ in options}
    dialect: Dialect = {"egrep": "extended", "fgrep": "fixed"}.get(words[0], "basic")  # type: ignore[assignment]
    patterns: list[str] = []
    before = after = 0
    most: int | None = None
    for letter, value in options:
        match letter:
            case "E" | "F" | "G":
                dialect = "extended" if letter == "E" else "fixed" if letter == "F" else "basic"
            case "e":
                patterns.append(value)
            case "A":
                after = _number("grep", value)
            case "B":
                before = _number("grep", value)
            case "C" | "#":
                before = after = _number("grep", value)
            case "m":
                most = _number("grep", value)
            case _:
                pass
    if not patterns:
        if not operands:
            raise PolicyRefusal("the local grep needs a pattern")
        patterns, operands = [operands[0]], operands[1:]
    whole: Literal["", "word", "line"] = "line" if "x" in on else "word" if "w" in on else ""
    compile_pattern(
        tuple(patterns), dialect, ignore_case="i" in on, whole=whole
    )  # refuse now, not after the command ran
    return (
        Grep(
            patterns=tuple(patterns),
            dialect=dialect,
            ignore_case="i" in on,
            whole=whole,
            invert="v" in on,
            count="c" in on,
            only_matching="o" in on,
            line_numbers="n" in on,
            before=before,
            after=after,
            most=most,
        ),
        operands,
    )


def _head(words: tuple[str, ...]) -> tuple[Filter, tuple[str, ...]]:
    options, operands = _options(words, "n:c:q#", {"lines": "n", "bytes": "c", "quiet": "q"})
    result = Head(10)
    for letter, value in options:
        if letter != "q":
            count = _number("head", value.removeprefix("-"))
            result = Head(count, in_bytes=letter == "c", all_but=value.startswith("-"))
    return result, operands


def _tail(words: tuple[str, ...]) -> tuple[Filter, tuple[str, ...]]:
    options, operands = _options(words, "n:c:q#", {"lines": "n", "bytes": "c", "quiet": "q"})
    result = Tail(10)
    for letter, value in options:
        if letter != "q":
            count = _number("tail", value.removeprefix("+").removeprefix("-"))
            result = Tail(count, in_bytes=letter == "c", from_start=value.startswith("+"))
    return result, operands


def _wc(words: tuple[str, ...]) -> tuple[Filter, tuple[str, ...]]:
    options, operands = _options(words, "lwcm", {"lines": "l", "words": "w", "bytes": "c", "chars": "m"})
    return Wc(frozenset(letter for letter, _ in options) or frozenset("lwc")), operands


_KEY: Final = re.compile(
    r"([0-9]{1,6})(?:\.([0-9]{1,6}))?([a-zA-Z]*)(?:,([0-9]{1,6})(?:\.([0-9]{1,6}))?([a-zA-Z]*))?"
)


def _order(letters: str) -> SortOrder:
    if unknown := set(letters) - set("bfnhr"):
        _refuse("sort", f"the ordering {''.join(sorted(unknown))}")
    if {"n", "h"} <= set(letters):
        raise PolicyRefusal("sort -n and -h exclude each other")
    return SortOrder(
        kind="number" if "n" in letters else "size" if "h" in letters else "text",
        fold="f" in letters,
        reverse="r" in letters,
    )


def _key(text: str, usual: str) -> SortKey:
    """KEYDEF of sort(1): F[.C][OPTS][,F[.C][OPTS]]. usual: the global ordering letters, for a key without its own."""
    match = _KEY.fullmatch(text)
    if match is None or match[1] == "0" or match[2] == "0" or match[4] == "0":
        raise PolicyRefusal(f"{text!r} is not a key of sort, such as 2 or 2,2n or 1.3,1.5")
    own = match[3] + (match[6] or "")
    return SortKey(
        order=_order(own or usual),
        field=int(match[1]),
        character=int(match[2] or 1),
        skip_blanks="b" in (match[3] if own else usual),
        end_field=int(match[4]) if match[4] else None,
        end_character=int(match[5] or 0),
        end_skip_blanks="b" in ((match[6] or "") if own else usual),
    )


def _sort(words: tuple[str, ...]) -> tuple[Filter, tuple[str, ...]]:
    long = {"reverse": "r", "numeric-sort": "n", "human-numeric-sort": "h", "unique": "u", "key": "k"}
    long |= {"field-separator": "t", "ignore-case": "f", "ignore-leading-blanks": "b", "stable": "s"}
    options, operands = _options(words, "rnhufbsk:t:", long)
    usual = "".join(letter for letter, _ in options if letter in "rnhfb")
    order = _order(usual)
    keys = tuple(_key(value, usual) for letter, value in options if letter == "k")
    if not keys and set(usual) - {"r"}:
        keys = (SortKey(order=order, skip_blanks="b" in usual),)
    separators = {"\t" if value == "\\t" else value for letter, value in options if letter == "t"}
    if len(separators) > 1 or any(len(value) != 1 for value in separators):
        raise PolicyRefusal("sort -t takes one character")
    on = {letter for letter, _ in options}
    return (
        Sort(
            keys=keys,
            separator=next(iter(separators), None),
            reverse=order.reverse,
            unique="u" in on,
            stable="s" in on,
        ),
        operands,
    )


def _uniq(words: tuple[str, ...]) -> tuple[Filter, tuple[str, ...]]:
    long = {"count": "c", "repeated": "d", "unique": "u", "ignore-case": "i"}
    options, operands = _options(words, "cdui", long)
    on = {letter for letter, _ in options}
    return Uniq(count="c" in on, repeated="d" in on, unrepeated="u" in on, ignore_case="i" in on), operands


def _ranges(program: str, text: str) -> tuple[tuple[int, int | None], ...]:
    """`1,3-5,7-` as (first, last) from 1, last None for the end of the line."""
    ranges = []
    for part in text.split(","):
        match = re.fullmatch(r"([0-9]{0,8})(-?)([0-9]{0,8})", part)
        if match is None or part in {"", "-"} or "0" in {match[1], match[3]}:
            raise PolicyRefusal(f"{text!r} is not a list for {program}, such as 1 or 1,3 or 2-4 or 3-")
        first = int(match[1] or 1)
        last = (int(match[3]) if match[3] else None) if match[2] else first
        if last is not None and last < first:
            raise PolicyRefusal(f"the range {part} of {program} runs backwards")
        ranges.append((first, last))
    return tuple(ranges)


def _cut(words: tuple[str, ...]) -> tuple[Filter, tuple[str, ...]]:
    long = {
        "delimiter": "d",
        "fields": "f",
        "characters": "c",
        "only-delimited": "s",
        "output-delimiter": "o",
    }
    options, operands = _options(words, "d:f:c:so:", long)
    if any(word.startswith("-o") for word in words):
        _refuse("cut", "-o", nearest="cut --output-delimiter=STRING")
    values = dict(options)
    if ("f" in values) == ("c" in values):
        raise PolicyRefusal("cut needs a list of fields (-f) or of characters (-c)")
    delimiter = values.get("d", "\t")
    if len(delimiter) != 1:
        raise PolicyRefusal("cut -d takes one character")
    if "c" in values and set(values) & set("dso"):
        raise PolicyRefusal("cut -c takes no delimiter")
    ranges = _ranges("cut", values.get("f") or values["c"])
    return (
        Cut(
            ranges=ranges,
            delimiter=None if "c" in values else delimiter,
            only_delimited="s" in values,
            joiner=values.get("o", delimiter),
        ),
        operands,
    )


_AWK_PROGRAM: Final = re.compile(r"\s*(?:/((?:[^/\\]|\\.)*)/)?\s*(?:\{\s*print\b\s*(.*?)\s*;?\s*\})?\s*")
_AWK_ITEM: Final = re.compile(
    r"""\$(?P<field>[0-9]{1,4})(?![0-9.])|(?P<nf>\$NF\b)|\$\(\s*NF\s*-\s*(?P<back>[0-9]{1,4})\s*\)"""
    r"""|(?P<name>NR\b|NF\b)|"(?P<text>(?:[^"\\]|\\[tn"\\])*)\"""",
)
_AWK_NEAREST: Final = "awk '{print $1, $NF}'"


def _awk_items(text: str) -> tuple[AwkField, ...]:
    """What follows `print`: fields, NR, NF and strings, set side by side or with commas between them."""
    items: list[AwkField] = []
    while text:
        match = _AWK_ITEM.match(text)
        if match is None:
            break
        if match["field"] is not None:
            items.append(AwkField("field", int(match["field"])))
        elif match["nf"] is not None or match["back"] is not None:
            items.append(AwkField("from-end", int(match["back"] or 0)))
        elif match["name"] is not None:
            items.append(AwkField("line-number" if match["name"] == "NR" else "field-count"))
        else:
            plain = re.sub(r"\\(.)", lambda m: {"t": "\t", "n": "\n"}.get(m[1], m[1]), match["text"])
            items.append(AwkField("text", text=plain))
        text = text[match.end() :].lstrip(" ")
        if text.startswith(","):
            items.append(AwkField("text", text=" "))
            text = text[1:].lstrip(" ")
            if not text:
                break
    else:
        return tuple(items)
    raise PolicyRefusal(
        "the local awk knows only fields, NR, NF and strings after print", nearest=_AWK_NEAREST
    )


def _awk(words: tuple[str, ...]) -> tuple[Filter, tuple[str, ...]]:
    options, operands = _options(words, "F:")
    separator = options[-1][1] if options else " "
    separator = "\t" if separator == "\\t" else separator
    if separator == "t" or "\\" in separator.replace("\\.", "").replace("\\|", ""):
        _refuse("awk", f"-F {separator}")
    program = _AWK_PROGRAM.fullmatch(operands[0]) if operands else None
    if program is None or (program[1] is None and program[2] is None):
        raise PolicyRefusal(
            "the local awk prints fields, of all lines or of those that match", nearest=_AWK_NEAREST
        )
    if len(separator) > 1:
        compile_pattern((separator,), "extended")
    pattern = program[1].replace("\\/", "/") if program[1] is not None else None
    if pattern is not None:
        compile_pattern((pattern,), "extended")
    return AwkPrint(separator=separator, items=_awk_items(program[2] or "$0"), pattern=pattern), operands[1:]


_SED_COMMAND: Final = re.compile(r"\s*([1-9][0-9]{0,7}|\$)(?:\s*,\s*([1-9][0-9]{0,7}|\$))?\s*p\s*")
_SED_NEAREST: Final = "sed -n '10,20p'"


def _sed(words: tuple[str, ...]) -> tuple[Filter, tuple[str, ...]]:
    options, operands = _options(words, "ne:", {"quiet": "n", "silent": "n", "expression": "e"})
    scripts = [value for letter, value in options if letter == "e"]
    if not scripts:
        scripts, operands = list(operands[:1]), operands[1:]
    if ("n", "") not in options or not scripts:
        raise PolicyRefusal("the local sed prints line ranges, and needs -n", nearest=_SED_NEAREST)
    ranges = []
    for command in ";".join(scripts).split(";"):
        match = _SED_COMMAND.fullmatch(command)
        if match is None:
            raise PolicyRefusal(f"the local sed prints line ranges, not {command!r}", nearest=_SED_NEAREST)
        first = None if match[1] == "$" else int(match[1])
        last = first if match[2] is None else None if match[2] == "$" else int(match[2])
        ranges.append((first, last))
    return SedPrint(tuple(ranges)), operands


_READERS: Final[dict[str, Callable[[tuple[str, ...]], tuple[Filter | None, tuple[str, ...]]]]] = {
    "grep": _grep,
    "egrep": _grep,
    "fgrep": _grep,
    "head": _head,
    "tail": _tail,
    "wc": _wc,
    "sort": _sort,
    "uniq": _uniq,
    "cut": _cut,
    "awk": _awk,
    "sed": _sed,
    "less": _nothing,
    "more": _nothing,
    "column": _nothing,
    "cat": _nothing,
}
