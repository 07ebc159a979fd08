"""Modes of files and counted failures, as Debian 12 prints them."""

from __future__ import annotations

import pytest

from tai.parsers import parse

CLOSED = """\
700 root:root 4096 directory /
755 root:root 4096 directory /etc
644 root:root 1361 regular file /etc/passwd
644 root:root 590 regular file /etc/group
755 root:root 4096 directory /usr
755 root:root 16384 directory /usr/bin
1777 root:root 4096 directory /tmp
"""
FAILURES = """\
ann:
When                Type  Source                                           Valid
2026-11-25 21:14:30 SVC   sudo                                                 V
2026-11-25 21:14:32 SVC   sudo                                                 V
2026-11-25 21:14:35 SVC   sudo                                                 V
"""


def test_mode_is_told_by_what_it_lets_others_do() -> None:
    rows = {row["path"]: row for row in parse("modes", CLOSED)}
    assert (rows["/"]["mode"], rows["/"]["world_searchable"]) == ("0700", False)
    assert (rows["/tmp"]["mode"], rows["/tmp"]["others_write"]) == ("1777", True)
    assert rows["/etc/passwd"]["world_readable"] is True


@pytest.mark.parametrize(
    ("line", "others"),
    [
        ("664 ann:ann 81 regular file /home/ann/.ssh/authorized_keys", False),
        ("664 ann:users 81 regular file /home/ann/.ssh/authorized_keys", True),
        ("777 ann:ann 81 regular file /home/ann/.ssh/authorized_keys", True),
        ("600 ann:ann 0 regular empty file /home/ann/.ssh/authorized_keys", False),
    ],
)
def test_group_of_the_owner_alone_is_nobody_else(line: str, others: bool) -> None:  # noqa: FBT001 - a table's column
    assert parse("modes", line + "\n")[0]["others_write"] is others


def test_setuid_bit_is_seen() -> None:
    assert [
        parse("modes", f"{m} root:root 9 regular file /usr/bin/sudo\n")[0]["setuid"] for m in ("4755", "755")
    ] == [
        True,
        False,
    ]


def test_failures_that_count_are_counted_for_each_account() -> None:
    (row,) = parse("faillock", FAILURES)
    assert (row["user"], row["failures"], row["source"]) == ("ann", 3, "sudo")


def test_failure_that_a_success_cleared_does_not_count() -> None:
    (row,) = parse("faillock", FAILURES.replace(" V\n", " I\n", 2))
    assert row["failures"] == 1
