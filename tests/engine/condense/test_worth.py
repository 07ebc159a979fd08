"""Which line is preferred when not all fit: the ticket's, the window's, the one that other evidence refers to, the rows that stand out."""

from __future__ import annotations

from datetime import UTC, datetime

from tai.engine.condense import Condensed, condense
from tai.engine.condense.outstanding import outstanding
from tai.llm.tokens import count
from tai.model import Subjects, Window
from tests.engine.evidence import observation


def kept(made: Condensed, number: int = 1) -> list[str]:
    return [line for _, line in made.sections[number - 1].lines]


def _errors(n: int) -> str:
    names = ["ingest", "billing", "search", "mailer", "cart", "audit", "ledger", "media"]
    return f"2026-11-21T1{n // 600}:{n // 10 % 60:02}:00 web-01 {names[n % 8]}[7]: {names[n // 8 % 8]} of {names[n // 64 % 8]} failed"


LOG = [_errors(n) for n in range(3000)]


def test_the_tickets_words_decide_among_like_complaints() -> None:
    wanted = "2026-11-21T11:40:30 web-01 gateway[7]: refresh of the voucher cache failed"
    text = "\n".join([*LOG[:1500], wanted, *LOG[1500:]])
    made = condense(
        [observation(1, text)], [], Subjects(), budget=300, count=count, words=("voucher", "cache", "stale")
    )
    assert wanted in kept(made)


def test_the_window_decides_among_like_complaints() -> None:
    window = Window(
        since=datetime(2026, 11, 21, 13, 0, tzinfo=UTC), until=datetime(2026, 11, 21, 13, 10, tzinfo=UTC)
    )
    made = condense([observation(1, "\n".join(LOG))], [], Subjects(), budget=600, count=count, window=window)
    inside = [line for line in kept(made) if "T13:0" in line]
    assert len(inside) > len(kept(made)) / 2


def test_a_setting_that_an_error_names_is_brought_forward() -> None:
    error = "Nov 21 14:00:01 db-01 app[7]: fatal: cannot open '/srv/keys/pay.pem': Permission denied"
    listing = [
        f"-rw-r--r-- 1 root root 1200 Nov 1 10:00 /srv/keys/{name}.pem"
        for name in ("pay", *map(str, range(200)))
    ]
    listing.sort()
    made = condense(
        [observation(1, error), observation(2, "\n".join(listing))], [], Subjects(), budget=500, count=count
    )
    assert any("/srv/keys/pay.pem" in line for line in kept(made, 2))


def test_repeats_are_told_with_their_number_and_their_last_time() -> None:
    lines = [
        f"2026-11-21T14:{n // 60:02}:{n % 60:02} db-01 app[7]: connection {n} refused" for n in range(2000)
    ]
    made = condense([observation(1, "\n".join(lines))], [], Subjects(), budget=500, count=count)
    section = made.sections[0]
    told = " ".join([*section.gaps.values(), section.tail])
    assert "more like E1:1 until 2026-11-21T14:33:19" in told
    assert made.receipts[0].left_out[0].lines == 2000 - made.receipts[0].kept_lines


def test_rows_that_stand_out_of_their_column() -> None:
    rows = ["12M\t/srv/a", "9M\t/srv/b", "118G\t/srv/c", "7M\t/srv/d", "11M\t/srv/e"]
    assert set(outstanding(rows)) == {2}
    full = ["/dev/a 9G 1G 8G 12% /", "/dev/b 9G 9G 1M 97% /srv", "/dev/c 9G 1G 8G 15% /var"]
    assert max(outstanding(full), key=lambda index: outstanding(full)[index]) == 1


def test_many_outputs_each_keep_what_is_wrong_in_them() -> None:
    quiet = "\n".join(f"row {chr(97 + n)} is fine" for n in range(20))
    seen = [observation(1, "\n".join(LOG))] + [
        observation(n, f"{quiet}\nprobe {n}: certificate has expired\n{quiet}") for n in range(2, 12)
    ]
    made = condense(seen, [], Subjects(), budget=2500, count=count)
    assert all(any("has expired" in line for line in kept(made, n)) for n in range(2, 12))
