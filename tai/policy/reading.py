"""Reads the words after the program's name into flags, a subcommand and operands, each by its rule in the catalogue.

This is the only place that knows how getopt(3), Go's flag packages and one-word flags differ. What may follow from
the words, and how they are written again, is `tai.policy.grammar`.
"""

from __future__ import annotations

from collections.abc import Sequence

from tai.errors import PolicyRefusal
from tai.policy.spec import Flag, Form, Given, Program, Style, Takes

_DIGITS = frozenset("0123456789")


class Reading:
    """One pass over the words. Afterwards `form`, `given`, `operands` and `notes` hold what they say."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._form = program.forms.get(())
        self._flags = self._form.flags if self._form else program.flags
        self._words: list[str] = []
        self._at = 0
        self.given: list[Given] = []
        self.operands: list[str] = []
        self.notes: list[str] = []

    @property
    def form(self) -> Form:
        """The program or subcommand that was meant; only after `read`."""
        if self._form is None:
            raise PolicyRefusal(self._complaint("needs a subcommand"), nearest=self._program.nearest)
        return self._form

    def read(self, words: Sequence[str]) -> None:
        """Take every word. Raises PolicyRefusal at the first that no rule takes."""
        self._words = [self._program.respell.get(word, word) for word in words]
        while self._at < len(self._words):
            word = self._words[self._at]
            self._at += 1
            if word == "--":
                self._rest_are_operands()
            elif not self._flag(word) and not self._subcommand(word):
                self._operand(word)
        if self._form is None and self._program.default_words is not None:
            self._choose(self._program.forms[self._program.default_words])

    def _rest_are_operands(self) -> None:
        if self._form is None or not self._form.dashdash or self._program.style is Style.WORDS:
            raise PolicyRefusal(f"{self._program.name} does not take '--' there")
        for word in self._words[self._at :]:
            self._operand(word)
        self._at = len(self._words)

    def _operand(self, word: str) -> None:
        if self._form is None:
            raise self._unknown(word)
        if word.startswith("-"):
            raise (
                self._unknown(word) if len(word) > 1 else PolicyRefusal("standard input is always empty here")
            )
        if not word:
            raise PolicyRefusal("an empty word means nothing to a read-only command")
        self.operands.append(word)

    def _subcommand(self, word: str) -> bool:
        if self._form is not None or word.startswith("-"):
            return False
        forms = self._program.forms
        start = self._at - 1
        for length in range(max(map(len, forms)), 0, -1):
            words = tuple(self._words[start : start + length])
            form = forms.get(words)
            if form is not None and len(words) == length:
                self._choose(form)
                self._at = start + length
                if words != form.words:
                    self.notes.append(f"{' '.join(words)} is written {' '.join(form.words)}")
                return True
        raise self._unknown(word)

    def _choose(self, form: Form) -> None:
        self._form = form
        self._flags = form.flags

    def _flag(self, word: str) -> bool:
        """Whether the word was a flag, or several; its values are taken with it."""
        exact = self._flags.get(word)
        if exact is not None:
            self._add(exact, word, None)
            return True
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            flag = self._flags.get(name)
            if flag is None or not equals:
                raise self._unknown(name)
            self._add(flag, name, value)
            return True
        if self._program.style is Style.WORDS or len(word) < 2:
            return False
        if word[0] == "-" or (word[0] == "+" and word[:2] in self._flags):
            self._cluster(word[0], word[1:])
            return True
        if self._program.bare and word[0] in self._program.bare:
            self._cluster("", word)
            return True
        return False

    def _cluster(self, sign: str, letters: str) -> None:
        """`-xeu kubelet`: each letter is looked up; the first that takes a value takes what follows it."""
        at = 0
        while at < len(letters):
            digits = _leading_digits(letters[at:]) if sign == "-" and self._program.numeric else ""
            if digits:
                counted = self._flags[self._program.numeric]
                self._add(counted, counted.name, digits)
                at += len(digits)
                continue
            name = sign + letters[at]
            flag = self._flags.get(name) if sign else self._program.bare.get(name)
            if flag is None:
                raise self._unknown(name)
            at += 1
            if flag.takes in {Takes.NOTHING, Takes.NEXT}:
                self._add(flag, name, None)
                continue
            attached = letters[at:]
            if self._program.style is Style.GO:
                attached = attached.removeprefix("=")
            self._add(flag, name, attached or None)
            return

    def _add(self, flag: Flag, name: str, attached: str | None) -> None:
        """Note a flag, with the value that is attached to it or follows it."""
        value = attached
        following = self._words[self._at] if self._at < len(self._words) else None
        if flag.value is None:
            if attached is not None:
                raise PolicyRefusal(f"{self._name()} {name} takes no value")
        elif attached is None and following is not None:
            wanted = flag.takes is Takes.VALUE
            offered = flag.takes in {Takes.NEXT, Takes.ATTACHED_OR_NEXT} and flag.value.fits(following)
            if wanted or offered:
                value = following
                self._at += 1
        if flag.value is not None:
            if value is None and flag.takes is Takes.VALUE:
                raise PolicyRefusal(f"{self._name()} {name} needs a value: {flag.value.means}")
            if value is not None and not flag.value.fits(value):
                raise PolicyRefusal(
                    f"{self._name()} {name} does not take {value!r}; expected {flag.value.means}"
                )
        if flag.dropped is None:
            self.given.append((flag, value))
        elif flag.dropped:
            self.notes.append(f"{name} is left out: {flag.dropped}")

    def _name(self) -> str:
        return self._form.name if self._form else self._program.name

    def _unknown(self, word: str) -> PolicyRefusal:
        reason = self._program.denied.get(word)
        if reason is not None:
            return PolicyRefusal(f"{self._name()} {word}: {reason}", nearest=self._program.nearest)
        if word.startswith("-") or self._form is not None:
            return PolicyRefusal(f"{self._name()} {word}: not an allowed flag", nearest=self._program.nearest)
        return PolicyRefusal(self._complaint(f"{word} is not allowed"), nearest=self._program.nearest)

    def _complaint(self, what: str) -> str:
        allowed = ", ".join(" ".join(form.words) for form in self._program.distinct_forms())
        return f"{self._program.name} {what}; allowed: {allowed}"


def _leading_digits(text: str) -> str:
    end = 0
    while end < len(text) and text[end] in _DIGITS:
        end += 1
    return text[:end]
