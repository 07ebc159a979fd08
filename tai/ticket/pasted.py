"""Takes pasted output out of a ticket: it becomes evidence, with the command that printed it as its label.

Three forms are seen: a fenced block (```), a shell prompt with a command (`$ df -h`, `root@web-01:~# df -h`) and what
follows it, and a run of lines that start as log lines do.
"""

from __future__ import annotations

import re

from tai.model import Attachment

_FENCE = re.compile(r"^\s*(`{3,}|~{3,})")
_PROMPT = re.compile(r"^\s*(?:\[?[\w.-]+@[\w.-]+[ :][^\s\]]*\]?\s*)?[$#]\s+(?P<command>[a-z/][^\n]{1,300})$")
_LOG_LINE = re.compile(
    r"""^\s*(?:>\s*)?(?:
        \d{4}[-/]\d{2}[-/]\d{2}[T ]\d{2}:\d{2}               # ISO and nginx error log
      | (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\ [ \d]\d\ \d{2}:\d{2}:\d{2}\ \S  # syslog
      | \[\s*\d{1,9}\.\d{6}\]\                                # kernel ring buffer
      | \[\d{4}-\d{2}-\d{2}[T ]                               # bracketed ISO
      | \[(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\ \w{3}\             # Apache, dmesg -T
      | \S+\ \S+\ \S+\ \[\d{2}/\w{3}/\d{4}:                   # access log
      | [IWEF]\d{4}\ \d{2}:\d{2}:\d{2}                        # klog
      | level=\w+\ |time="?\d{4}                              # logfmt
      | \{"(?:time|ts|level|msg|@timestamp)"                  # JSON logs
    )""",
    re.VERBOSE,
)
# One log-like line in prose may be a quotation; two on end are a paste.
_LEAST_LOG_LINES = 2


def split_pasted(text: str) -> tuple[str, tuple[Attachment, ...]]:
    """(the prose that is left, the pasted blocks in order). The prose keeps a one-line mark where a block was."""
    prose: list[str] = []
    attachments: list[Attachment] = []
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        label, body, after = _block_at(lines, at)
        if body:
            attachments.append(Attachment(label=label, text="\n".join(body)))
            prose.append(f"[pasted {len(body)} lines]")
        else:
            prose.extend(lines[at:after])
        at = after
    return "\n".join(prose), tuple(attachments)


def _block_at(lines: list[str], at: int) -> tuple[str, list[str], int]:
    """The pasted block that starts at index `at`, as (label, its lines, index after it); no lines when there is none."""
    if opening := _FENCE.match(lines[at]):
        return _fenced(lines, at, opening[1])
    if prompt := _PROMPT.match(lines[at]):
        end = at + 1
        while end < len(lines) and lines[end].strip() and not _PROMPT.match(lines[end]):
            end += 1
        return prompt["command"].strip(), lines[at + 1 : end], end
    end = at
    while end < len(lines) and (_LOG_LINE.match(lines[end]) or (end > at and _continues(lines[end]))):
        end += 1
    started = sum(1 for line in lines[at:end] if _LOG_LINE.match(line))
    return ("pasted log", lines[at:end], end) if started >= _LEAST_LOG_LINES else ("", [], max(end, at + 1))


def _fenced(lines: list[str], at: int, fence: str) -> tuple[str, list[str], int]:
    end = at + 1
    while end < len(lines) and not lines[end].strip().startswith(fence):
        end += 1
    body = lines[at + 1 : end]
    if not any(line.strip() for line in body):
        return "", [], end + 1
    if prompt := _PROMPT.match(body[0]):
        return prompt["command"].strip(), body[1:] or body, end + 1
    return "pasted block", body, end + 1


def _continues(line: str) -> bool:
    """Stack frames and wrapped records are indented under the log line they belong to."""
    return line.startswith((" ", "\t")) and bool(line.strip())
