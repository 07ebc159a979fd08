"""An automaton that finds a pattern in one pass over a line, whatever the pattern and whatever the line.

Not the pattern's grammar: `tai.policy.posix_regex` turns text into the nodes that are run here.

Python's `re` backtracks: `(a+)+$` on a long line runs for hours, nothing can interrupt it, and in `a|ab` it takes the
first alternative where grep takes the longest. Here the sets of nodes that a text leads to are built as it asks for them
(Thompson 1968; Cox, "Regular Expression Matching Can Be Simple And Fast"): one step per character, and a deadline on the way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from tai.errors import PolicyRefusal

Test = Callable[[str], bool]
"""Whether one character belongs to a set."""

Assertion = Literal[
    "line-start",
    "line-end",
    "word-start",
    "word-end",
    "word-edge",
    "word-inside",
    "not-word-before",
    "not-word-after",
]

_MOST_NODES: Final = 4000  # x{255} of a small group fits; nested repetitions that would fill memory do not
_MOST_STATES: Final = 2000  # states kept in the cache before it is emptied


class PatternTimeoutError(Exception):
    """The deadline passed while a pattern was being matched. Caught by `tai.policy.filters.apply`, never seen outside."""


class Deadline:
    """A moment of the monotonic clock after which `check` raises PatternTimeoutError. seconds: from now."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def check(self) -> None:
        """Raise PatternTimeoutError if the moment has passed."""
        if time.monotonic() > self._at:
            raise PatternTimeoutError


@dataclass(frozen=True, slots=True)
class Char:
    """Take one character that passes the test, then go on at the next node."""

    test: Test


@dataclass(frozen=True, slots=True)
class Assert:
    """Go on at the next node if this holds between the last character and the next."""

    that: Assertion


@dataclass(frozen=True, slots=True)
class Split:
    """Go on at any of these nodes, given relative to this one."""

    to: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """The text so far is a match."""


Node = Char | Assert | Split | Match
Code = list[Node]
"""A fragment: entered at its first node, left by falling off its end."""

_Before = Literal["start", "word", "other"]
_After = Literal["end", "word", "other"]


def is_word(character: str) -> bool:
    """Letters, digits and the underscore, as `grep -w` and \\w count them."""
    return character == "_" or character.isalnum()


def _holds(that: Assertion, before: _Before, after: _After) -> bool:
    word_before, word_after = before == "word", after == "word"
    return {
        "line-start": before == "start",
        "line-end": after == "end",
        "word-start": word_after and not word_before,
        "word-end": word_before and not word_after,
        "word-edge": word_before != word_after,
        "word-inside": word_before == word_after,
        "not-word-before": not word_before,
        "not-word-after": not word_after,
    }[that]


@dataclass(slots=True)
class _State:
    """A set of nodes that the text so far leads to, and what the last character was.

    steps: by next character ('' is the end of the line): whether a match ends right here, and the state after it.
    """

    nodes: tuple[int, ...]
    before: _Before
    steps: dict[str, tuple[bool, _State]] = field(default_factory=dict)


class Pattern:
    """A compiled pattern. Make one with `compile_pattern`."""

    def __init__(self, code: Code, literal: str | None) -> None:
        self._code = [*code, Match()]
        self._literal = literal
        self._states: dict[tuple[bool, tuple[int, ...], _Before], _State] = {}

    def search(self, line: str, deadline: Deadline) -> bool:
        """Whether the pattern matches anywhere in `line`, which holds no newline."""
        if self._literal is not None:
            return self._literal in line
        state = self._state(anchored=False, nodes=(), before="start")
        for character in line:
            step = state.steps.get(character) or self._step(state, character, deadline, anchored=False)
            if step[0]:
                return True
            state = step[1]
        return (state.steps.get("") or self._step(state, "", deadline, anchored=False))[0]

    def spans(self, line: str, deadline: Deadline) -> Iterator[tuple[int, int]]:
        """Every leftmost, longest, non-empty match as (start, end), as `grep -o` prints them."""
        if not self.search(line, deadline):
            return
        start = 0
        if self._literal:
            while (start := line.find(self._literal, start)) >= 0:
                yield start, start + len(self._literal)
                start += len(self._literal)
            return
        kinds: tuple[_Before, ...] = ("start", "word", "other")
        begin = {kind: self._state(anchored=True, nodes=(0,), before=kind) for kind in kinds}
        before: _Before = "start"
        while start < len(line):
            state = begin[before]
            step = state.steps.get(line[start]) or self._step(state, line[start], deadline, anchored=True)
            end = self._longest(line, start, state, deadline) if step[1].nodes else start
            if end > start:
                yield start, end
                before = "word" if is_word(line[end - 1]) else "other"
                start = end
            else:
                before = step[1].before
                start += 1

    def _longest(self, line: str, start: int, state: _State, deadline: Deadline) -> int:
        """Where the longest match that begins at `start`, in `state`, ends; `start` itself when there is none."""
        deadline.check()
        longest = start
        for at in range(start, len(line) + 1):
            character = line[at] if at < len(line) else ""
            step = state.steps.get(character) or self._step(state, character, deadline, anchored=True)
            if step[0]:
                longest = at
            state = step[1]
            if not state.nodes:
                break
        return longest

    def _step(
        self, state: _State, character: str, deadline: Deadline, *, anchored: bool
    ) -> tuple[bool, _State]:
        deadline.check()
        after: _After = "end" if not character else "word" if is_word(character) else "other"
        reached = self._closure(state.nodes if anchored else (*state.nodes, 0), state.before, after)
        nodes = set()
        matched = False
        for at in reached:
            node = self._code[at]
            if isinstance(node, Match):
                matched = True
            elif isinstance(node, Char) and character and node.test(character):
                nodes.add(at + 1)
        before: _Before = "word" if after == "word" else "other"
        step = (matched, self._state(anchored=anchored, nodes=tuple(sorted(nodes)), before=before))
        state.steps[character] = step
        return step

    def _closure(self, nodes: tuple[int, ...], before: _Before, after: _After) -> set[int]:
        """All nodes that are reached from `nodes` without a character, between `before` and `after`."""
        reached: set[int] = set()
        waiting = list(nodes)
        while waiting:
            at = waiting.pop()
            if at in reached:
                continue
            reached.add(at)
            node = self._code[at]
            if isinstance(node, Split):
                waiting += (at + offset for offset in node.to)
            elif isinstance(node, Assert) and _holds(node.that, before, after):
                waiting.append(at + 1)
        return reached

    def _state(self, *, anchored: bool, nodes: tuple[int, ...], before: _Before) -> _State:
        key = (anchored, nodes, before)
        if key not in self._states:
            if len(self._states) >= _MOST_STATES:
                self._states.clear()
            self._states[key] = _State(nodes, before)
        return self._states[key]


def either(branches: list[Code]) -> Code:
    """branches[0] | branches[1] | …"""
    code = branches[-1]
    for branch in reversed(branches[:-1]):
        code = bounded([Split((1, len(branch) + 2)), *branch, Split((len(code) + 1,)), *code])
    return code


def repeat(code: Code, least: int, most: int | None) -> Code:
    """code{least,most}; most None: without end."""
    if most is None:
        loop: Code = [Split((1, len(code) + 2)), *code, Split((-len(code) - 1,))]
        return bounded(code * least + loop)
    optional: Code = []
    for _ in range(most - least):
        optional = bounded([Split((1, 1 + len(code) + len(optional))), *code, *optional])
    return bounded(code * least + optional)


def bounded(code: Code) -> Code:
    """The same fragment, or PolicyRefusal when it is larger than an automaton may be."""
    if len(code) > _MOST_NODES:
        raise PolicyRefusal("the pattern is too large: its repetitions multiply")
    return code
