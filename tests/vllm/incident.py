"""A composed incident for the command line: a full disk and a noisy log, attached to a ticket. No host is needed for it."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tai.answer import Answer
from tai.llm.reading import read_answer
from tests.run_tai import Tai, of_kind

TICKET = "Uploads to /srv/data fail with an error since this morning.\n"
TABLE = (
    "Filesystem     Type  Size  Used Avail Use% Mounted on\n"
    "/dev/vda1      ext4   20G  7.1G   12G  38% /\n"
    "/dev/vdb1      ext4  2.0G  2.0G     0 100% /srv/data\n"
)


def journal(lines: int) -> str:
    """A journal of so many lines, each another one, so that none can stand for the others."""
    chance = random.Random(7)
    units = ("nginx", "uploads", "postgres", "cron", "systemd", "sshd", "kernel")
    words = (
        *("error", "failed", "timeout", "refused", "retry", "upstream", "buffer", "inode", "quota"),
        *("write", "sync", "queue", "lease", "socket"),
    )
    return "".join(
        f"Nov 24 09:{n // 60 % 60:02}:{n % 60:02} web-01 {chance.choice(units)}[{n}]: "
        f"{' '.join(chance.choices(words, k=7))} {chance.randrange(16**6):06x}\n"
        for n in range(lines)
    )


def asked(tai: Tai, url: str, *more: str, lines: int = 40, about: str = TICKET) -> list[str]:
    """The words of `tai diagnose` on the incident, of the server at `url`. lines: of the attached journal."""
    table, log = tai.folder / "df.txt", tai.folder / f"journal-{lines}.txt"
    table.write_text(TABLE)
    log.write_text(journal(lines))
    attached = ["--attach", f"df -hT={table}", "--attach", f"journalctl={log}"]
    return [
        *("diagnose", "--no-host", "--ticket", tai.ticket(about), *attached),
        *("--model-url", url, *more),
    ]


@contextmanager
def running(tai: Tai, words: list[str]) -> Iterator[subprocess.Popen[str]]:
    """The command as a process whose lines can be read while it works; killed if the block leaves it running."""
    with subprocess.Popen(
        tai.words(*words),
        env=tai.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until(process: subprocess.Popen[str], kind: str) -> list[str]:
    """The lines of `--json` up to the first event of a kind."""
    assert process.stdout
    seen: list[str] = []
    for line in process.stdout:
        seen.append(line)
        if f'"kind":"{kind}"' in line.replace(" ", ""):
            return seen
    raise AssertionError(f"no {kind} came: {seen[-3:]}")


def diagnosis_of(stream: list[dict[str, Any]]) -> dict[str, Any]:
    """The result of a run: its last diagnosis."""
    found: dict[str, Any] = of_kind(stream, "diagnosed")[-1]["diagnosis"]
    return found


def written_by_the_model(stream: list[dict[str, Any]]) -> str:
    """The answer as it was streamed."""
    return "".join(each["text"] for each in of_kind(stream, "answer_delta"))


def answer_in(text: str) -> Answer:
    """The answer in `text`; fails with the flaw when there is none."""
    read = read_answer(text)
    assert isinstance(read, Answer), read
    return read


def folder_for(parent: Path, name: str) -> Path:
    """A folder for one of several runs at once."""
    made = parent / name
    made.mkdir()
    return made
