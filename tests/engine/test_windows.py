"""Both ends of a time window: asked of a real journal by the commands that are planned, and read from real log lines."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tai.engine import windows
from tai.engine.windows import Part
from tai.model import Facts, Observation, Outcome, Window
from tai.policy import canonicalise

REMOTE = Path("/lib/systemd/systemd-journal-remote")
START = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
FACTS = Facts(family="debian", zone="+0100")
WINDOW = Window(since=START + timedelta(minutes=40), until=START + timedelta(minutes=50))
FORM = ("journalctl", "--output=short-iso", "--since={since}", "--until={until}", "--lines=100")

needs_journal = pytest.mark.skipif(
    not (REMOTE.exists() and shutil.which("journalctl")),
    reason="no systemd-journal-remote to make a journal with",
)


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real journal: one line a second from 13:00, for two hours; every hundredth goes on for three lines."""
    folder = tmp_path_factory.mktemp("journal")
    boot = "0123456789abcdef0123456789abcdef"
    entries = []
    for n in range(7200):
        at = int(START.timestamp() * 1_000_000) + n * 1_000_000
        message = f"MESSAGE=line {n}" if n % 100 else _binary(f"line {n}\nsecond of {n}\nthird of {n}")
        entries.append(
            f"__REALTIME_TIMESTAMP={at}\n__MONOTONIC_TIMESTAMP={n * 1_000_000 + 1}\n_BOOT_ID={boot}\n_MACHINE_ID={boot}\n"
            f"_HOSTNAME=web-01\nPRIORITY=3\nSYSLOG_IDENTIFIER=app\n{message}\n"
        )
    file = folder / "app.journal"
    subprocess.run(
        [REMOTE, "-o", file, "-"], input="\n".join(entries) + "\n", text=True, check=True, capture_output=True
    )
    return file


def _binary(text: str) -> str:
    """A field with line feeds, in the journal's export format (systemd.dev/JOURNAL_EXPORT_FORMATS)."""
    return "MESSAGE\n" + len(text).to_bytes(8, "little").decode() + text


@dataclass
class Asked:
    """What a command brought, as an observation would hold it."""

    argv: tuple[str, ...]
    part: Part
    seen: Observation
    said: str


def ask(journal: Path, argv: Sequence[str], part: Part, *, newest: bool = False) -> Asked:
    """Ask the journal. newest: as those versions of journalctl answer that keep the last lines with --since."""
    canonical = canonicalise(argv).argv
    command = ["journalctl", "--utc", f"--file={journal}", *canonical[1:]]
    if newest and "-r" not in canonical and "-c" not in canonical:
        at = command.index("-n")
        whole = subprocess.run(
            [*command[:at], *command[at + 2 :]], capture_output=True, text=True, check=True
        )
        printed = "".join(list(windows._entries(whole.stdout))[-part.lines :])
    else:
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    text, said = windows.arranged(part, printed, cut=False)
    seen = Observation(
        id="E1", host="h", collector="c", probe="p", argv=canonical, outcome=Outcome.OK, text=text, exit=0
    )
    return Asked(canonical, part, seen, said)


def all_of(journal: Path, window: Window, *, newest: bool = False) -> list[Asked]:
    argv = [word.format(**windows.slots(window, FACTS)) for word in FORM]
    part = windows.first_part(FORM, canonicalise(argv).argv, window, FACTS)
    assert part is not None
    done = [ask(journal, argv, part, newest=newest)]
    while fresh := [step for each in done[-1:] for step in windows.rest(each.argv, each.part, each.seen)]:
        done += [ask(journal, argv, part, newest=newest) for argv, part, _ in fresh]
    return done


def numbers(asked: Asked) -> list[int]:
    return [int(line.rsplit(" ", 1)[1]) for line in asked.seen.lines if ": line " in line]


@needs_journal
def test_short_window_is_one_command(journal: Path) -> None:
    at = START + timedelta(minutes=31)
    only = all_of(journal, Window(since=at, until=START + timedelta(minutes=1, seconds=30)))
    assert len(only) == 1
    assert numbers(only[0])[0] == 60
    assert numbers(only[0])[-1] == 90
    assert only[0].said == ""


@needs_journal
@pytest.mark.parametrize("newest", [False, True])
def test_long_window_keeps_both_ends_and_tells_what_lies_between(journal: Path, newest: bool) -> None:  # noqa: FBT001
    done = all_of(journal, WINDOW, newest=newest)
    seen = [number for each in done for number in numbers(each)]
    assert min(seen) == 600  # half an hour before the window
    assert max(seen) == 3000
    assert len(done) == (3 if newest else 2)
    last = done[-1]
    assert numbers(last) == sorted(numbers(last))
    assert "between 2026-11-20 13:1" in last.said
    assert "nothing was read, about 2,2" in last.said
    assert "the other end of the window is read next" in done[0].said


@needs_journal
def test_entry_of_several_lines_stays_together_when_it_is_turned_round(journal: Path) -> None:
    last = all_of(journal, WINDOW)[-1]
    at = next(n for n, line in enumerate(last.seen.lines) if line.endswith("line 3000"))
    assert last.seen.lines[at + 1].strip() == "second of 3000"
    assert last.seen.lines[at + 2].strip() == "third of 3000"


@needs_journal
def test_two_ends_that_meet_are_said_to_be_all(journal: Path) -> None:
    window = Window(since=START + timedelta(minutes=40), until=START + timedelta(minutes=12, seconds=30))
    assert (
        all_of(journal, window)[-1].said
        == "the last lines of the window; with those read before, they are all of it"
    )


# ---------------------------------------------------------------- plain log files


def lines(first: int, count: int) -> str:
    """Lines of a syslog file, one a minute, in the host's own time (an hour before UTC's)."""
    at = START + timedelta(hours=1)
    return "".join(
        f"{at + timedelta(minutes=first + n):%b %e %H:%M:%S} web-01 app[1]: line {first + n}\n"
        for n in range(count)
    )


def look(text: str, argv: tuple[str, ...], part: Part, status: int = 0) -> Asked:
    shown, said = windows.arranged(part, text, cut=False)
    seen = Observation(
        id="E1", host="h", collector="c", probe="p", argv=argv, outcome=Outcome.OK, text=shown, exit=status
    )
    return Asked(argv, part, seen, said)


def next_of(asked: Asked, known: Sequence[str] = ()) -> tuple[tuple[str, ...], Part] | None:
    fresh = list(windows.rest(asked.argv, asked.part, asked.seen, known))
    assert len(fresh) <= 1
    return (canonicalise(fresh[0][0]).argv, fresh[0][1]) if fresh else None


TAIL = ("tail", "-n", "60", "--", "/var/log/syslog")


def tail() -> Part:
    part = windows.first_part(TAIL, TAIL, WINDOW, FACTS)
    assert part is not None
    return part


def test_file_that_reaches_back_is_read_once() -> None:
    assert next_of(look(lines(0, 60), TAIL, tail())) is None


def test_file_whose_end_begins_too_late_is_read_further_and_cut_to_the_window() -> None:
    further = next_of(look(lines(30, 60), TAIL, tail()))
    assert further is not None
    argv, part = further
    assert argv == ("tail", "-c", "4000000", "--", "/var/log/syslog")
    whole = look(lines(-20, 110), argv, part)
    assert whole.seen.lines[0].endswith(
        "line 9"
    )  # the one before the window's start, which shows that none is missing
    assert whole.seen.lines[1].endswith("line 10")
    assert whole.seen.lines[-1].endswith("line 50")
    assert whole.said == "30 lines before the window and 39 after it were left out"
    assert next_of(whole) is None


def test_file_that_was_rotated_since_is_followed_back_and_not_for_ever() -> None:
    asked = look(lines(30, 10), TAIL, tail())
    followed = []
    while fresh := next_of(asked):
        followed.append(" ".join(fresh[0]))
        asked = look(lines(40 - len(followed), 1), *fresh)
    assert followed == [
        "tail -c 4000000 -- /var/log/syslog.1",
        "gzip -c -d -- /var/log/syslog.2.gz",
        "gzip -c -d -- /var/log/syslog.3.gz",
    ]


def test_rotation_by_date_is_chosen_where_a_listing_shows_it() -> None:
    messages = ("tail", "-n", "60", "--", "/var/log/messages")
    part = windows.first_part(messages, messages, WINDOW, FACTS)
    assert part is not None
    known = ["/var/log/messages-20261115.gz", "/var/log/messages-20261122.gz", "/var/log/messages-20261129"]
    fresh = next_of(look(lines(3000, 10), messages, part), known)
    assert fresh is not None
    assert fresh[0] == ("gzip", "-c", "-d", "--", "/var/log/messages-20261122.gz")


def test_file_that_is_not_there_is_not_followed() -> None:
    assert next_of(look("", TAIL, tail(), status=1)) is None


def test_without_a_window_there_is_nothing_to_follow() -> None:
    assert windows.first_part(TAIL, TAIL, Window(), FACTS) is None
