"""A report in Markdown, to be pasted into a ticket system.

What a host printed stands in code, where no renderer of CommonMark or GitHub's dialect sees a link, a mention or HTML. Words of
an engine are escaped, their links defused, and a word with an `@` stands in code as well, so that nobody is called.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tai.report.report import Report
from tai.report.section import Item, Section, cause, facts, sections, title
from tai.text import sanitise
from tai.text.links import defuse

# Everything that can begin or end something in CommonMark, GitHub's tables, strike-through, and references to issues.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~#!&$^])")
# At the start of a line these make lists and headings.
_LEADING = re.compile(r"^([-+=]|\d+(?=[.)]))")


def markdown(report: Report) -> str:
    """The whole report."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"# {prose(title(report))}"
    yield ""
    if said := cause(report):
        yield from (f"**{prose(said)}**", "")
    for name, value in facts(report):
        yield f"- **{name}:** {prose(value)}"
    for section in sections(report):
        yield ""
        yield f"## {section.title}"
        yield ""
        if section.note:
            yield from (f"*{section.note}*", "")
        yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    for number, item in enumerate(section.items, start=1):
        lead = f"{number}. " if section.numbered else "- "
        yield lead + _words(item)
        for quote in item.quotes:
            indent = " " * len(lead)
            note = f" — {prose(quote.note)}" if quote.note else ""
            yield f"{indent}- {code(quote.ref)} from {code(quote.source or 'the ticket')}{note}"
            yield from _fenced(quote.text, f"{indent}  ")


def _words(item: Item) -> str:
    parts = [f"**{prose(item.mark)}**" if item.mark else "", code(item.command) if item.command else ""]
    return " ".join([*filter(None, parts), prose(item.text)]).rstrip()


def prose(text: str) -> str:
    """Words of an engine or a person on one line, with nothing in them that Markdown or a ticket system would act on."""
    done = " ".join(map(_word, defuse(sanitise(text)).split()))
    # `1.` at the start is escaped behind its number, as CommonMark wants it.
    return _LEADING.sub(
        lambda found: f"{found[1]}\\" if found[1].isdigit() else f"\\{found[1]}", "".join(done)
    )


def _word(word: str) -> str:
    if "@" not in word:
        return _escaped(word)
    # A word that calls somebody, or that a renderer makes an address of; the full stop behind it is the sentence's.
    name = word.rstrip(".,;:!?()'\"") or word
    return code(name) + _escaped(word[len(name) :])


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def code(text: str) -> str:
    """A code span on one line, its fence longer than any in the text."""
    text = " ".join(sanitise(text).split())
    fence = "`" * (_longest_run(text) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") or not text else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _fenced(text: str, indent: str) -> Iterator[str]:
    """A code block; `text` is one line of a host, and what would end a line in it has been made visible."""
    text = " ".join(sanitise(text).splitlines())
    fence = "`" * max(3, _longest_run(text) + 1)
    yield from (f"{indent}{fence}text", f"{indent}{text}", f"{indent}{fence}")


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
