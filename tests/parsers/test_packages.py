"""What dpkg says of packages that are not whole, on Debian 12."""

from __future__ import annotations

from tai.parsers import parse

HALF = """\
The following packages are only half configured, probably due to problems
configuring them the first time.  The configuration should be retried using
dpkg --configure <package> or the configure menu option in dselect:
 shop-api             the shop backend
"""


def test_package_is_told_with_its_state() -> None:
    (row,) = parse("dpkg-audit", HALF)
    assert (row["package"], row["state"], row["broken"], row["_line"]) == (
        "shop-api",
        "half-configured",
        True,
        4,
    )


def test_pending_trigger_is_no_broken_package() -> None:
    text = (
        "The following packages have been triggered, but the trigger processing\n"
        "has not yet been done.  Trigger processing can be requested using\n"
        "dselect or dpkg --configure --pending (or dpkg --triggers-only):\n"
        " man-db               tools for reading manual pages\n"
    )
    (row,) = parse("dpkg-audit", text)
    assert (row["state"], row["broken"]) == ("triggers-pending", False)


def test_nothing_to_tell_is_no_rows() -> None:
    assert parse("dpkg-audit", "") == []
