"""Masks secrets in text that `sanitise` has made; the rules are in the modules that this one lists.

Not encryption and not anonymity (`anonymise`): a placeholder such as `<redacted:password:1f0c9a3e>` cannot be
turned back, and tells no more than the kind of secret and whether two secrets of one run are the same, which
a diagnosis needs ("the pool was given another password than the server has"). No line appears or goes.

Rules never see a placeholder: while a line is worked on, each one stands as a single private-use character
(`SLOT`), which no rule takes for a word. That makes redaction idempotent, and lets rules overlap.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from tai.text import blocks, credentials, keyed, producers, programs, tokens, web
from tai.text.rules import SLOT, Rule, RuleBook, Secret

_PLACEHOLDER = re.compile("<redacted:[a-z0-9-]+:[0-9a-f]{8}>|" + SLOT.pattern)
_MARKERS = 1  # the bit of `blocks.MARKERS`, which comes first in each book
_FIRST_SLOT = 0xF0000
_SLOTS = 0x1FFFE  # of a line; what it has beyond them shares the last placeholder
# Rules may uncover work for each other, a nested URL for one. Each round masks more, so it ends by itself.
_ROUNDS = 6


@dataclass(frozen=True, slots=True)
class Redacted:
    """text: the same lines with placeholders; counts: kind → how many secrets were masked."""

    text: str
    counts: dict[str, int]


class Redactor:
    """One per run, since equal secrets get equal placeholders for one key only.

    key: of the placeholders' HMAC-SHA256; random bytes when None. Never written anywhere.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = secrets.token_bytes(16) if key is None else key

    def redact(self, text: str, *, producer: str = "") -> Redacted:
        """`text`, which `sanitise` has made, masked; `producer` as in `tai.text.producers`."""
        stream = self.stream(producer=producer)
        masked = stream.feed(text) + stream.finish()
        return Redacted(masked, stream.counts)

    def stream(self, *, producer: str = "") -> RedactStream:
        """A redaction that takes its text in pieces, cut anywhere, and gives what `redact` would give."""
        return RedactStream(self, _book(producers.rules_for(producer)))

    def placeholder(self, kind: str, secret: str) -> str:
        """`<redacted:KIND:8 hexadecimal digits>`; the digits are the same for the same secret."""
        digest = hmac.digest(self._key, secret.encode("utf-8", "surrogatepass"), "sha256")
        return f"<redacted:{kind}:{digest[:4].hex()}>"


class RedactStream:
    """Redaction of one text in pieces. What it may still have to mask it holds back: a few lines at most,
    or up to `blocks.LOOK_BACK` lines that look like the inside of a private key whose end is yet to come."""

    def __init__(self, redactor: Redactor, book: RuleBook) -> None:
        self._redactor = redactor
        self._book = book
        self._blocks = blocks.Blocks()
        self._awaited: Rule | None = None  # what the line above says of this one
        self._held = ""
        self._counts: Counter[str] = Counter()

    @property
    def counts(self) -> dict[str, int]:
        """kind → how many secrets were masked so far."""
        return dict(self._counts)

    def feed(self, text: str) -> str:
        """The next piece of the text; returns what is now certain, which always ends in a newline or is ''."""
        text = self._held + text
        cut = _certain(text)
        self._held = text[cut:]
        return self._masked(text[:cut]) if cut else ""

    def finish(self) -> str:
        """What was held back. The stream is then at its beginning again, with its counts kept."""
        text, self._held = self._held, ""
        masked = self._masked(text)
        self._blocks, self._awaited = blocks.Blocks(), None
        return masked

    def _masked(self, text: str) -> str:
        marked = self._book.hits(text)
        bodies = _bodies(text, marked)
        starts = sorted(marked.keys() | bodies.keys(), reverse=True)
        pieces: list[str] = []
        at = 0
        while at < len(text):
            if not (self._blocks.inside or self._awaited):  # else this line matters, marked or not
                while starts and starts[-1] < at:
                    starts.pop()
                marked_next = starts[-1] if starts else len(text)
                pieces.append(text[at:marked_next])
                at = marked_next
                if at == len(text):
                    break
            line = _line_at(text, at)
            pieces.append(self._line(line, marked.get(at, 0), bodies.get(at)))
            at += len(line)
            pieces.append(text[at : at + 1])
            at += 1
        return "".join(pieces)

    def _line(self, line: str, bits: int, body_column: int | None) -> str:
        """One line masked. bits: rules that might match; body_column: of the key block that ends below it."""
        found: Sequence[Secret] = ()
        if bits & _MARKERS or self._blocks.inside:
            found = self._blocks.secrets(line)
        if not found and body_column is not None and (span := blocks.body_span(line, body_column)):
            found = [("private-key", *span)]
        rules = self._book.chosen(bits)
        if self._awaited:
            rules = (self._awaited, *rules)
        self._awaited = keyed.awaited_below(line) if bits else None
        for kind, start, end in reversed(found):
            line = line[:start] + self._mask(kind, line[start:end]) + line[end:]
        return self._apply(rules, line) if rules else line

    def _apply(self, rules: tuple[Rule, ...], line: str) -> str:
        behind: list[str] = []  # the text that each slot of this line stands for

        def slot(text: str) -> str:
            if len(behind) < _SLOTS:
                behind.append(text)
            return chr(_FIRST_SLOT + len(behind) - 1)

        def show(text: str) -> str:
            return SLOT.sub(lambda found: behind[ord(found[0]) - _FIRST_SLOT], text)

        if "<redacted:" in line or not line.isascii():
            line = _PLACEHOLDER.sub(lambda found: slot(found[0]), line)
        for _ in range(_ROUNDS):
            before = line
            for rule in rules:
                found = rule.secrets(line)
                if not found:
                    continue
                pieces: list[str] = []
                at = 0
                for kind, start, end in found:
                    if not _is_masked(line[start:end]):
                        pieces += line[at:start], slot(self._mask(kind, show(line[start:end])))
                        at = end
                line = "".join((*pieces, line[at:]))
            if line == before:
                break
        return show(line) if behind else line

    def _mask(self, kind: str, secret: str) -> str:
        if _PLACEHOLDER.fullmatch(secret):
            return secret
        self._counts[kind] += 1
        return self._redactor.placeholder(kind, secret)


def _is_masked(value: str) -> bool:
    """A placeholder, or a marker that `blocks` has to see again in a second pass."""
    if blocks.MARKER.search(value):
        return True
    return SLOT.search(value) is not None and not any(char.isalnum() for char in SLOT.sub("", value))


def _bodies(text: str, marked: dict[int, int]) -> dict[int, int]:
    """Lines before the end marker of a private key, whose beginning may be cut off → the marker's column."""
    bodies: dict[int, int] = {}
    for start, bits in marked.items():
        column = blocks.ends_block(_line_at(text, start)) if bits & _MARKERS else -1
        if column < 0:
            continue
        above = start
        for back in range(blocks.LOOK_BACK):
            if above == 0:
                break
            above = text.rfind("\n", 0, above - 1) + 1
            if back and not blocks.may_be_body(_line_at(text, above)):
                break
            bodies[above] = column
    return bodies


def _certain(text: str) -> int:
    """How much of `text` can be masked whatever follows: without an unfinished line, and without lines
    that a following end marker would make the body of a private key."""
    cut = text.rfind("\n") + 1
    for back in range(blocks.LOOK_BACK):
        if cut == 0:
            break
        start = text.rfind("\n", 0, cut - 1) + 1
        if back and not blocks.may_be_body(_line_at(text, start)):
            break
        cut = start
    return cut


def _line_at(text: str, start: int) -> str:
    end = text.find("\n", start)
    return text[start:] if end < 0 else text[start:end]


@lru_cache(maxsize=32)  # a run has a few producers with rules of their own; building a book takes 1 ms
def _book(extra: tuple[Rule, ...]) -> RuleBook:
    return RuleBook(
        (blocks.MARKERS, *extra, *tokens.RULES, *web.RULES, *credentials.RULES, *programs.RULES, *keyed.RULES)
    )
