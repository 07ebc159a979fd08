"""Access logs of web servers, counted by status. Not the requests themselves: those stay lines."""

from __future__ import annotations

import re

from tai.parsers.rows import Row, Rows, percent

# Common and combined form, with or without a virtual host in front: nginx's `combined`, Apache's `common`, `combined`
# and `vhost_combined`. The request may hold quotes that nginx writes as \x22, so a plain `"` ends it.
_ENTRY = re.compile(r'\S+ .{0,400}?\[[^\]]{10,40}\] "(?P<request>[^"]*)" (?P<status>[1-5]\d\d) (?:\d+|-)')


def access_log(text: str) -> Rows:
    """One row for each status: status, count, percent (of all), total, request (the last one); the lowest status first.

    `_line` is the last line with that status. Raises ValueError when most lines have another form: a made-up percentage
    would be worse than none. Source: nginx ngx_http_log_module, Apache mod_log_config.
    """
    rows: dict[int, Row] = {}
    total = other = 0
    for index, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        found = _ENTRY.match(line)
        if not found:
            other += 1
            continue
        total += 1
        status = int(found["status"])
        row = rows.setdefault(status, {"status": status, "count": 0})
        row.update(count=row["count"] + 1, request=found["request"][:200], _line=index)
    if total <= other:
        raise ValueError("not the common or combined form of an access log")
    return [
        {**row, "percent": percent(row["count"], total), "total": total} for _, row in sorted(rows.items())
    ]
