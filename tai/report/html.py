"""A report as one HTML page: nothing in it is loaded, run, sent or followed, wherever it is opened.

jinja2 escapes every value; the page's own policy (CSP) allows its one style sheet, by digest, and nothing else. There is no
link in it at all: what a host printed, or a model wrote, stays text.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from tai.report.report import Report
from tai.report.section import cause, facts, sections, title
from tai.text import sanitise
from tai.text.links import defuse

_FOLDER = Path(__file__).parent


def html(report: Report) -> str:
    """The whole page."""
    import jinja2  # noqa: PLC0415 - only when a page is made

    style = (_FOLDER / "report.css").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"words": lambda text: " ".join(defuse(sanitise(text)).split()), "host": sanitise}
    return environment.get_template("report.html.j2").render(
        title=title(report),
        cause=cause(report),
        outcome=report.diagnosis.outcome if report.diagnosis else "evidence",
        facts=list(facts(report)),
        sections=list(sections(report)),
        style=style,
        # Of the text between the tags, to the byte: https://www.w3.org/TR/CSP3/#match-element-to-source-list
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    )
