"""known_hosts files: what a line covers, what is said about a key, what is skipped."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tai.transport.ssh.known_hosts import (
    Changed,
    Known,
    KnownHosts,
    Names,
    OtherType,
    Revoked,
    Uncertified,
    Unknown,
    Verdict,
    fingerprint,
    line_for,
    matches,
    read,
)
from tests.sshd import make_key


def blob(key_type: str, number: int) -> bytes:
    """A made-up key: its type as RFC 4253 puts it in front, and a body to tell it from others."""
    return len(key_type).to_bytes(4, "big") + key_type.encode() + bytes([number]) * 32


ED, ED_OTHER, ECDSA = blob("ssh-ed25519", 1), blob("ssh-ed25519", 2), blob("ecdsa-sha2-nistp256", 3)
HOST = Names.of("Web-1.Example.COM.", 22)
PORTED = Names.of("web-1.example.com", 2222, address="192.0.2.7")


def line(name: str, key: bytes = ED, *, marker: str = "") -> str:
    key_type = key[4 : 4 + key[3]].decode()
    return f"{marker} {line_for(name, key_type, key, hashed=False).decode()}".lstrip()


@pytest.fixture
def say(tmp_path: Path) -> Path:
    return tmp_path / "known_hosts"


def judge(file: Path, text: str, names: Names, key: bytes = ED) -> Verdict:
    file.write_text(text)
    return read([file]).about(names).judge(key[4 : 4 + key[3]].decode(), key)


@pytest.mark.parametrize(
    ("hosts", "name", "covered"),
    [
        ("web", "web", True),
        ("WEB", "web", True),
        ("web,db", "db", True),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "example.com", False),
        ("web?", "web1", True),
        ("*,!web", "web", False),
        ("!web,*", "web", False),
        ("!web", "db", False),
        ("[web]:2222", "[web]:2222", True),
        ("[web]:2222", "web", False),
        ("[*]:2222", "[web]:2222", True),
        ("we[b]", "web", False),
        ("web.", "webx", False),
    ],
)
def test_a_line_covers_the_names_that_ssh_would_say(hosts: str, name: str, covered: bool) -> None:  # noqa: FBT001
    assert matches(hosts, name) is covered


def test_hashed_names_match_what_ssh_keygen_hashed(say: Path) -> None:
    say.write_text(line("web-1.example.com") + line("[web-1.example.com]:2222", ED_OTHER))
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(say)], check=True, capture_output=True)
    assert "example" not in say.read_text()
    assert isinstance(read([say]).about(HOST).judge("ssh-ed25519", ED), Known)
    assert isinstance(read([say]).about(PORTED).judge("ssh-ed25519", ED_OTHER), Known)


def test_our_hashed_line_is_found_by_ssh_keygen(say: Path) -> None:
    say.write_bytes(line_for("[web]:2222", "ssh-ed25519", ED, hashed=True))
    found = subprocess.run(
        ["ssh-keygen", "-F", "[web]:2222", "-f", str(say)], capture_output=True, check=False
    )
    assert b"found" in found.stdout


def test_fingerprint_is_the_one_that_ssh_keygen_prints(tmp_path: Path) -> None:
    key = make_key(tmp_path / "key")
    said = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(key)], capture_output=True, text=True, check=True
    ).stdout
    say = tmp_path / "known_hosts"
    say.write_text("web " + Path(f"{key}.pub").read_text())
    assert fingerprint(read([say]).entries[0].key) in said


def test_upper_case_and_trailing_dot_do_not_hide_a_changed_key(say: Path) -> None:
    verdict = judge(say, line("web-1.example.com", ED_OTHER), HOST)
    assert verdict == Changed(say, 1, fingerprint(ED_OTHER), fingerprint(ED))


def test_the_same_key_under_the_plain_name_is_known_on_another_port(say: Path) -> None:
    assert isinstance(judge(say, line("web-1.example.com"), PORTED), Known)


def test_another_key_under_the_plain_name_says_nothing_about_another_port(say: Path) -> None:
    assert judge(say, line("web-1.example.com", ED_OTHER), PORTED) == Unknown()


@pytest.mark.parametrize("name", ["web-1.example.com", "[web-1.example.com]:2222", "192.0.2.7", "*"])
def test_revocation_under_any_name_wins_over_a_plain_line(say: Path, name: str) -> None:
    text = line("[web-1.example.com]:2222") + line(name, marker="@revoked")
    assert judge(say, text, PORTED) == Revoked(say, 2, fingerprint(ED))


def test_an_alias_is_looked_up_instead_of_the_name(say: Path) -> None:
    names = Names.of("192.0.2.7", 2222, alias="Web-1")
    assert isinstance(judge(say, line("web-1"), names), Known)
    assert judge(say, line("[192.0.2.7]:2222"), names) == Unknown()


def test_a_key_of_another_type_is_not_a_new_host(say: Path) -> None:
    verdict = judge(say, line("web-1.example.com", ECDSA), HOST)
    assert isinstance(verdict, OtherType)
    assert "ecdsa-sha2-nistp256" in verdict.known


def test_a_host_of_an_authority_is_not_a_new_host(say: Path) -> None:
    text = line("*.example.com", ED_OTHER, marker="@cert-authority")
    assert judge(say, text, HOST) == Uncertified(say, 1, fingerprint(ED))


@pytest.mark.parametrize(
    "broken",
    [
        "web ssh-ed25519",
        "web ssh-ed25519 !!!!",
        "@unknown web ssh-ed25519 AAAA",
        "web ssh-rsa AAAAC3NzaC1lZDI1NTE5",
        "\0",
    ],
)
def test_a_malformed_line_is_skipped_with_a_warning_and_no_other(say: Path, broken: str) -> None:
    say.write_text(f"# comment\n\n{broken}\n{line('web-1.example.com')}")
    known = read([say])
    assert [entry.line for entry in known.entries] == [4]
    assert known.warnings[0].startswith(f"{say}:3 is skipped: ")


def test_bytes_that_are_not_utf8_spoil_only_their_line(say: Path) -> None:
    say.write_bytes(b"\xff\xfe ssh-ed25519 \xff\n" + line("web-1.example.com").encode())
    assert len(read([say]).entries) == 1


def test_a_missing_file_is_empty_and_an_unreadable_one_is_an_error(tmp_path: Path) -> None:
    assert read([tmp_path / "none"]) == KnownHosts()
    with pytest.raises(OSError, match="directory"):
        read([tmp_path])


def test_revoked_host_keys_file_revokes_for_every_host(tmp_path: Path, say: Path) -> None:
    revoked = tmp_path / "revoked"
    revoked.write_text(line("x").split(" ", 1)[1])
    say.write_text(line("web-1.example.com"))
    verdict = read([say], revoked_keys=revoked).about(HOST).judge("ssh-ed25519", ED)
    assert verdict == Revoked(revoked, 1, fingerprint(ED))


def test_a_binary_revocation_list_is_an_error_and_not_an_empty_list(tmp_path: Path) -> None:
    (tmp_path / "krl").write_bytes(b"SSHKRL\n\0rest")
    with pytest.raises(OSError, match="revocation list"):
        read([], revoked_keys=tmp_path / "krl")


@given(st.binary(max_size=300))
def test_no_content_makes_reading_fail(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any_known_hosts"
    file.write_bytes(content)
    known = read([file])
    assert len(known.entries) + len(known.warnings) <= content.count(b"\n") + 1
