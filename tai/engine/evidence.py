"""Looks quotes up in what the host really printed. Part of verifying; what it finds becomes claims in `tai.engine.verify`.

Two texts are the same when they are so after this, and nothing more: tai's own label (`E3:41|`) is taken off; control tokens
are spelled as in the prompt (`prompt.defang`); typographic quotes, dashes and blanks count as the plain ones; a run of white
space is one blank, and none at the ends; quotation marks or backticks round the whole, and dots of omission at its ends, go.
Case counts. Whatever matches, the text that is shown afterwards is the host's line.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice

from tai.answer import SaidQuote
from tai.engine.prompt import defang
from tai.model import Observation, Quote
from tai.text import sanitise

# A shorter fragment occurs by chance, so it proves nothing unless it is the whole line.
_LEAST_FRAGMENT = 12
# How alike a misquoted line must be to count as that line: one word in ten off, not a paraphrase.
_NEAR = 0.92
# Of the lines whose figures fit a misquote, so many are compared letter by letter.
_MOST_COMPARED = 200
# A quote of more lines than this is an excerpt, and an excerpt proves no more than its first lines.
_MOST_LINES = 6

_LABEL = re.compile(r"^\s*E\d+(?::\d+)?\s*[|\u00a6]\s?")
_SPACE = re.compile(r"\s+")
_TYPOGRAPHIC = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2010": "-",
        "\u2011": "-",
        "\u2012": "-",
        "\u2013": "-",
        "\u2014": "-",
        "\u2212": "-",
        "\u00a0": " ",
        "\u202f": " ",
    }
)
_OMISSION = re.compile(r"^(?:\u2026|\.\.\.|\[\.\.\.\])\s*|\s*(?:\u2026|\.\.\.|\[\.\.\.\])$")
_WRAPPED = re.compile(r"^([\"'`])(.*)\1$", re.DOTALL)
_FIGURES = re.compile(r"\d+")
_WORD = re.compile(r"[A-Za-z]+")
# Words and beginnings that turn a statement round: a line that differs in one of these says something else.
_TURNS = frozenset({"not", "no", "never", "none", "without", "non", "nor", "cannot"})
_TURNING = re.compile(r"^(?:un|in|im|ir|non|dis|de|ab|mis|anti|out|under|over)(?=[a-z]{3})")


def plain(text: str) -> str:
    """`text` in the form in which texts are compared; see the module."""
    return _SPACE.sub(" ", defang(sanitise(text)).translate(_TYPOGRAPHIC)).strip()


def _wanted(text: str) -> str:
    """A quote in that form, without what a model puts round it."""
    text = plain(_LABEL.sub("", text))
    if found := _WRAPPED.match(text):
        text = found[2].strip()
    return _OMISSION.sub("", text)


class _Lines:
    """One observation's lines. Only those that may fit are brought into the form in which texts are compared: there can be a
    million, and most quotes are where they are said to be.
    """

    def __init__(self, seen: Observation) -> None:
        self.seen = seen

    @cached_property
    def host(self) -> list[str]:
        return self.seen.lines

    def plain(self, index: int) -> str:
        return plain(self.host[index])

    def holding(self, wanted: str) -> Iterator[int]:
        """Indices of the lines that `wanted` stands in. Found by its longest word, which no spelling of ours changes."""
        words = _WORD.findall(wanted)
        if not words:
            yield from (index for index in range(len(self.host)) if _fits(wanted, self.plain(index)))
            return
        word, text = max(words, key=len), self.seen.text
        at = index = 0
        while (found := text.find(word, at)) >= 0:
            index += text.count("\n", at, found)
            if _fits(wanted, self.plain(index)):
                yield index
            if (end := text.find("\n", found)) < 0:
                return
            at, index = end + 1, index + 1


class Evidence:
    """The host's lines, ready for looking quotes up."""

    def __init__(self, observations: Iterable[Observation]) -> None:
        self._lines = {seen.id: _Lines(seen) for seen in observations}

    def find_each(self, said: SaidQuote) -> tuple[Quote, ...]:
        """One quote for each line that was quoted at once; usually there is one."""
        texts = [text for text in said.text.split("\n") if text.strip()][:_MOST_LINES] or [said.text]
        return tuple(
            self.find(said.model_copy(update={"text": text, "line": said.line and said.line + at}))
            for at, text in enumerate(texts)
        )

    def find(self, said: SaidQuote) -> Quote:
        """The quote as the host has it, or marked unverified with the engine's own words kept for the record.

        In this order: in the line it names; elsewhere in the observation it names; in another observation, where the whole
        line stands, or a fragment that only lines of one wording hold; misspelled in the observation that it names.
        """
        wanted = _wanted(said.text)
        cited = said.evidence.strip().upper()
        lines = self._lines.get(cited)
        if wanted and lines is not None:
            if 0 < said.line <= len(lines.host) and _fits(wanted, lines.plain(said.line - 1)):
                return _quote(lines, said.line - 1)
            if (index := _nearest(lines.holding(wanted), said.line)) is not None:
                named = f"the engine named {cited}:{said.line}" if said.line else ""
                return _quote(lines, index, named or "the engine named no line")
        if wanted and (found := self._elsewhere(cited, wanted)):
            return _quote(*found, f"the engine named {_ref(said)}, which does not hold it")
        if wanted and lines is not None and (index := _misspelled(lines, wanted)) is not None:
            return _quote(lines, index, "the engine misspelled it")
        return Quote(observation=said.evidence, line=said.line, text=said.text, status="unverified")

    def _elsewhere(self, cited: str, wanted: str) -> tuple[_Lines, int] | None:
        """Where a quote stands that was given to the wrong observation."""
        first: tuple[_Lines, int] | None = None
        texts: set[str] = set()
        for name, lines in self._lines.items():
            if name == cited:
                continue
            for index in lines.holding(wanted):
                line = lines.plain(index)
                if line == wanted:
                    return lines, index
                first = first or (lines, index)
                # Two log lines that differ in their figures alone, the time say, are one wording.
                texts.add(_FIGURES.sub("#", line))
        # A fragment that fits lines of several wordings was not taken from any one of them.
        return first if len(texts) == 1 else None


def _ref(said: SaidQuote) -> str:
    name = "".join(c for c in said.evidence.strip().upper() if c.isalnum())[:8] or "nothing"
    return f"{name}:{said.line}" if said.line else name


def _quote(lines: _Lines, index: int, correction: str = "") -> Quote:
    return Quote(
        observation=lines.seen.id,
        line=index + 1,
        text=lines.host[index],
        status="corrected" if correction else "exact",
        correction=correction,
    )


def _fits(wanted: str, line: str) -> bool:
    return wanted == line or (len(wanted) >= _LEAST_FRAGMENT and wanted in line)


def _nearest(indices: Iterable[int], line: int) -> int | None:
    return min(indices, key=lambda index: abs(index + 1 - line), default=None)


def _misspelled(lines: _Lines, wanted: str) -> int | None:
    """The line that `wanted` is but for a slip of the pen: the same figures, names and words, a few letters off."""
    if len(wanted) < 2 * _LEAST_FRAGMENT:
        return None
    matcher = difflib.SequenceMatcher(b=wanted, autojunk=False)
    best, best_index = _NEAR, None
    for index in islice(_alike(lines, wanted), _MOST_COMPARED):
        line = lines.plain(index)
        matcher.set_seq1(line)
        if (
            matcher.quick_ratio() >= best
            and (ratio := matcher.ratio()) >= best
            and _says_the_same(line.split(), wanted.split())
        ):
            best, best_index = ratio, index
    return best_index


def _alike(lines: _Lines, wanted: str) -> Iterator[int]:
    """The lines of about that length with the same figures: few, and cheap to find."""
    figures, slack = _FIGURES.findall(wanted), len(wanted) // 5
    for index, line in enumerate(lines.host):
        if (
            len(line) >= len(wanted) - slack
            and _FIGURES.findall(line) == figures
            and abs(len(lines.plain(index)) - len(wanted)) <= slack
        ):
            yield index


def _says_the_same(line: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether two like texts differ in the spelling of plain words only.

    A name, a path or a state is right or wrong: `/srv/data` is not `/srv/date`, and `inactive` is not `active`.
    """
    changes = difflib.SequenceMatcher(a=list(line), b=list(wanted), autojunk=False).get_opcodes()
    for kind, start, end, other_start, other_end in changes:
        ours, theirs = line[start:end], wanted[other_start:other_end]
        if kind == "equal":
            continue
        if len(ours) != len(theirs) or not all(map(_same_word, ours, theirs)):
            return False
    return True


def _same_word(ours: str, theirs: str) -> bool:
    one, other = ours.strip(".,;:()[]\"'").lower(), theirs.strip(".,;:()[]\"'").lower()
    if one == other:
        return True
    if not (one.isalpha() and other.isalpha() and min(len(one), len(other)) >= 4) or {one, other} & _TURNS:
        return False
    if _TURNING.sub("", one) == _TURNING.sub("", other):
        return False
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio() >= 0.8
