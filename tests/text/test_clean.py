"""The one way from bytes to text: sanitised, then redacted, then anonymised."""

from __future__ import annotations

import subprocess
import sys

import pytest

import tai.text
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


def test_the_names_of_the_package_are_what_they_say_and_only_the_sanitiser_is_loaded_at_once() -> None:
    script = (
        "import sys, tai.text as text; assert 'tai.text.redact' not in sys.modules; "
        "import tai.text.sanitise, tai.text.hygiene; assert callable(text.sanitise) and callable(text.clean); "
        "assert all(callable(getattr(text, name)) for name in text.__all__)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(tai.text, "nothing")  # noqa: B009 - mypy would refuse the plain form
