"""A diagnosis as a document for a ticket system: one `Report` made from a session's record, in Markdown, HTML or JSON.

Not the screen (`tai.frontends.diagnosis`). All three forms are made from the same value, and what a host printed, or a model
wrote, cannot act in any: no link is live, nobody is mentioned, nothing is loaded or run.
"""

from tai.report.html import html
from tai.report.markdown import markdown
from tai.report.report import Report, report_of

__all__ = ["Report", "html", "markdown", "report_of"]
