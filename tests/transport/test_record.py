"""Recording a key on first contact: whole lines, one winner."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tai.transport.ssh.known_hosts import Changed, Known, Names, Unknown, Verdict, read
from tai.transport.ssh.record import record
from tests.transport.test_known_hosts import ED, ED_OTHER

NAMES = Names.of("web", 22)


def write(file: Path, key: bytes = ED, *, hashed: bool = False) -> Verdict:
    return record(file, NAMES, "ssh-ed25519", key, hashed=hashed, reread=lambda: read([file]))


def test_the_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / ".ssh" / "known_hosts"
    assert write(file) == Unknown()
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0
    assert file.read_text().startswith("web ssh-ed25519 ")


@pytest.mark.parametrize("before", ["", "old line\n", "old line without end"])
def test_a_line_is_added_whole_behind_what_is_there(tmp_path: Path, before: str) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(before)
    write(file)
    *earlier, last = file.read_text().splitlines()
    assert earlier == before.splitlines()
    assert last.startswith("web ssh-ed25519 ")
    assert file.read_bytes().endswith(b"\n")


def test_hashing_hides_the_name(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    write(file, hashed=True)
    assert file.read_text().startswith("|1|")
    assert isinstance(read([file]).about(NAMES).judge("ssh-ed25519", ED), Known)


def test_the_same_key_is_recorded_once(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    write(file)
    assert isinstance(write(file), Known)
    assert len(file.read_text().splitlines()) == 1


def test_another_key_found_under_the_lock_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    write(file)
    assert isinstance(write(file, ED_OTHER), Changed)
    assert len(file.read_text().splitlines()) == 1


RACER = """
import sys
from pathlib import Path
from tai.transport.ssh.known_hosts import Names, read
from tai.transport.ssh.record import record
from tests.transport.test_known_hosts import blob
file, number = Path(sys.argv[1]), int(sys.argv[2])
sys.stdin.read(1)
verdict = record(file, Names.of("web", 22), "ssh-ed25519", blob("ssh-ed25519", number), hashed=True,
                 reread=lambda: read([file]))
print(type(verdict).__name__)
"""


def test_of_processes_racing_to_different_keys_one_wins_and_the_others_see_a_changed_key(
    tmp_path: Path,
) -> None:
    file = tmp_path / "known_hosts"
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(file), str(number)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for number in range(4)
    ]  # fmt: skip
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("g")
        racer.stdin.close()
    said = []
    for racer in racers:
        assert racer.stdout is not None
        said.append(racer.stdout.read().strip())
        racer.stdout.close()
        racer.wait()
    assert sorted(said) == ["Changed", "Changed", "Changed", "Unknown"]
    assert len(file.read_text().splitlines()) == 1
