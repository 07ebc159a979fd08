"""Certificates: which files a configuration names, and what openssl says of one."""

from __future__ import annotations

import re

from tai.parsers.rows import Row, Rows

_SETTING = re.compile(
    r"(?P<file>/[^:\s]+):(?P<number>\d+):\s*(?P<setting>[A-Za-z_.-]+)\s*[=\s]\s*[<'\"]*(?P<path>/[^\s;'\",]+)"
)


def certificate_paths(text: str) -> Rows:
    """`grep -Hn` of settings that name certificates → file, setting, path. Comments are left out; no match is no error."""
    rows: Rows = []
    for index, line in enumerate(text.split("\n"), start=1):
        if found := _SETTING.match(line):
            rows.append(
                {"file": found["file"], "setting": found["setting"], "path": found["path"], "_line": index}
            )
    return rows


_FIELD = re.compile(r"(?P<key>subject|issuer|notBefore|notAfter|serial) ?= ?(?P<value>.*)")
_WILL = re.compile(r"Certificate will (?P<word>not )?expire")


def certificate(text: str) -> Rows:
    """`openssl x509 -noout -subject -issuer -dates -checkend N` → subject, issuer, not_before, not_after, expires, self_signed.

    expires: whether the host's own clock is past the end less N seconds. Dates stand as openssl prints them.
    Raises ValueError without the dates or the verdict. Source: openssl-x509(1).
    """
    row: Row = {"subject": "", "issuer": "", "not_before": "", "not_after": "", "_line": 1, "_at": {}}
    names = {"notBefore": "not_before", "notAfter": "not_after"}
    verdict = False
    for index, line in enumerate(text.split("\n"), start=1):
        if found := _FIELD.match(line.strip()):
            name = names.get(found["key"], found["key"])
            row[name] = found["value"].strip()
            row["_at"][name] = index
        elif will := _WILL.match(line):
            verdict = True
            row["expires"] = will["word"] is None
            row["_at"]["expires"] = index
    if not verdict or not row["not_after"]:
        raise ValueError("no dates of a certificate, or no verdict")
    row["_line"] = row["_at"]["not_after"]
    row["self_signed"] = row["subject"] == row["issuer"] != ""
    return [row]
