"""Reports in all three forms: complete, and with nothing in them that acts, whatever a host or a model wrote."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tai.bus import Bus
from tai.events import Event
from tai.llm.base import Delta, Question, Said
from tai.record import Record, read
from tai.report import Report, html, markdown, report_of
from tai.report.markdown import code, prose
from tai.text.sanitise import FORBIDDEN
from tai.transport.base import Completed
from tests.frontends.story import DISK, FINDING, JOURNAL, story
from tests.hostile import HostileHost, Stage
from tests.poison import LINES, TEXTS, answers

ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "dl", "dt", "dd"),
    *("ol", "ul", "li", "span", "code", "pre", "div"),
}
ATTRIBUTES = {"charset", "http-equiv", "content", "name", "lang", "class"}
LIVE = re.compile(r"(?i)[a-z]://|\bjavascript:\S|\bwww\.\w")


def reported(folder: Path, *events: Event) -> Report:
    record = Record(folder / "s1")
    bus = Bus("s1", [record])
    for event in events:
        bus.emit(event)
    record.close()
    return report_of(read(folder / "s1"))


@pytest.fixture
def told(tmp_path: Path) -> Report:
    # Up to where the session turns to another host and its evidence is put away.
    events = story()
    until = next(n for n, event in enumerate(events) if event.kind == "host_turned")
    return reported(tmp_path, *events[:until])


class Page(HTMLParser):
    """Every element, attribute and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: set[str] = set()
        self.metas: list[dict[str, str | None]] = []
        self.text = ""
        self.style = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "meta":
            self.metas.append(dict(attrs))

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1] == "style" and not self.style:
            self.style = data
        else:
            self.text += data


def prove_markdown(text: str) -> None:
    """Parsed by a reader that knows HTML: nothing but headings, lists, emphasis and code came out."""
    assert FORBIDDEN.search(text) is None
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text):
        assert token.type not in {"html_block", "table_open", "blockquote_open"}, token.content
        for inner in token.children or ():
            assert inner.type not in {"link_open", "image", "html_inline", "s_open"}, token.content
            if inner.type == "text":
                assert LIVE.search(inner.content) is None, inner.content
                assert "@" not in inner.content, "nobody is mentioned"


def prove_html(text: str) -> Page:
    assert FORBIDDEN.search(text) is None
    page = Page(text)
    assert set(page.elements) <= ALLOWED
    assert page.attributes <= ATTRIBUTES
    (policy,) = [m["content"] for m in page.metas if m.get("http-equiv") == "Content-Security-Policy"]
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert policy == (f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'")
    assert "url(" not in page.style
    assert "@import" not in page.style
    return page


def test_a_report_says_what_a_ticket_needs(told: Report) -> None:
    text = markdown(told)
    assert told.diagnosis is not None
    assert text.startswith("# Root cause on db-01\n")
    for title in ("Evidence", "Timeline", "Recommended actions", "Not looked at", "Digest of the run"):
        assert f"\n## {title}\n" in text
    quoted = told.diagnosis.claims[0].quotes[0]
    assert quoted.text in text
    assert code(quoted.ref) in text
    assert " ".join(DISK.argv) in text
    assert told.diagnosis.confidence.level in text
    assert f"chain {told.digest.chain}" in text
    assert "rpm-packages: not an RPM distribution" in prose(told.not_looked_at[-1])
    prove_markdown(text)


def test_what_a_model_said_in_vain_is_told_as_unchecked(told: Report) -> None:
    for form in (markdown(told), Page(html(told)).text):
        assert "What the model did say" in form
        assert "nothing in it was checked" in form
        assert '{"cause": "the disk' in form


def test_every_form_says_the_same(told: Report) -> None:
    page = prove_html(html(told))
    assert told.diagnosis is not None
    for claim in told.diagnosis.claims:
        for quote in claim.quotes:
            if quote.status != "unverified":
                assert quote.ref in page.text
                assert quote.ref in markdown(told)
    assert told.digest.chain in page.text
    assert Report.model_validate_json(told.model_dump_json()) == told


def test_what_the_host_did_not_print_is_not_quoted(told: Report) -> None:
    assert told.diagnosis is not None
    invented = [
        quote.text
        for claim in told.diagnosis.unverified
        for quote in claim.quotes
        if quote.status == "unverified"
    ]
    assert invented
    for text in invented:
        assert text not in markdown(told)
        assert text not in html(told)


def test_a_report_is_the_same_bytes_from_the_same_record(told: Report) -> None:
    assert markdown(told) == markdown(told)
    assert html(told) == html(told)
    assert FINDING.title in told.findings[0].title
    assert {each.id for each in told.looked} >= {DISK.id, JOURNAL.id}


def test_a_changed_record_is_said_in_the_report(tmp_path: Path) -> None:
    reported(tmp_path, *story()[:20])
    path = tmp_path / "s1" / "events.ndjson"
    lines = path.read_text().splitlines(keepends=True)
    lines[4] = lines[4].replace("bastion", "bastien")
    path.write_text("".join(lines))
    report = report_of(read(tmp_path / "s1"))
    assert report.digest.broken == 5
    assert "CHANGED at line 5" in markdown(report)
    assert "CHANGED at line 5" in html(report)


class Poisoned:
    """A model that says everything in the pile, a part with each question."""

    name = "vllm"
    model = "evil [x](https://evil.example)"

    def __init__(self, at: int) -> None:
        self._at = at

    async def ask(self, question: Question) -> AsyncIterator[Delta | Said]:
        yield Said(answers()[self._at])

    async def close(self) -> None: ...


@pytest.mark.parametrize("at", range(len(answers())))
async def test_a_poisoned_host_and_model_act_in_no_form(tmp_path: Path, at: int) -> None:
    pile = b"\n".join(LINES.values())
    # From a few commands only: what is asked here is how it is told, not how it is inspected.
    host = HostileHost(lambda argv: Completed(0, pile if argv[0] in {"df", "uname"} else b""))
    stage = Stage(tmp_path, host, engine=Poisoned(at))
    await stage.investigation.diagnose("db-01: /var is full @everyone [x](https://evil.example) <img src=x>")
    stage.record.close()
    report = report_of(read(tmp_path / "session"))
    assert report.diagnosis is not None
    prove_markdown(markdown(report))
    prove_html(html(report))
    json.loads(report.model_dump_json())


@pytest.mark.parametrize("text", TEXTS)
def test_poison_in_prose_and_in_code_stays_text(text: str) -> None:
    prove_markdown(f"# {prose(text)}\n\n- {code(text)} {prose(text)}\n1. **{prose(text)}**\n")


@given(st.text(alphabet="`*_[]()<>#!|~\\-+.1@ a:/&$^=\n", max_size=40))
def test_no_mixture_of_marks_becomes_markup(text: str) -> None:
    prove_markdown(f"- {prose(text)}\n- {code(text)}\n\n# {prose(text)}\n\n{prose(text)}\n")
