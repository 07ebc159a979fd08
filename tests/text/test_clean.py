"""The one way from bytes to text: sanitised, then redacted, then anonymised."""

from __future__ import annotations

from tai.text import Anonymiser, Redactor, clean

RAW = b"\x1b[31mJul 07 01:02:48 web7 shop[8]: from 8.8.4.9 pass\x1b[0mword=Qw81nd-x\xff\r\nok\r\n"


def test_escapes_go_before_secrets_which_go_before_names() -> None:
    result = clean(RAW, producer="journalctl -u shop", redactor=Redactor(b"k"), anonymiser=Anonymiser(b"k"))
    assert "Qw81nd" not in result.text
    assert "web7" not in result.text
    assert "8.8.4.9" not in result.text
    assert result.text.endswith("\nok\n")
    assert result.redactions == {"password": 1}


def test_names_stay_unless_asked_for() -> None:
    result = clean(RAW, producer="journalctl -u shop", redactor=Redactor(b"k"))
    assert result.text.startswith("Jul 07 01:02:48 web7 shop[8]: from 8.8.4.9 password=<redacted:password:")


def test_the_producer_counts() -> None:
    raw = b"bob:ab01FAX.bQRSU:19000:0:99999:7:::\n"
    assert clean(raw, producer="getent shadow", redactor=Redactor(b"k")).redactions == {"password-hash": 1}
    assert clean(raw, producer="", redactor=Redactor(b"k")).redactions == {}
