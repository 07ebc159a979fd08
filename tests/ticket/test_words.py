"""Words of a ticket that say where to look: everyday ones, short names, HTTP status codes; and what only looks like them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tai.ticket.words import find_words


@pytest.mark.parametrize(
    "text",
    [
        "The shop shows 502",
        "502s since noon.",
        "We get 502/504 from the proxy (502)",
        "error 502: Bad Gateway",
        "HTTP 502",
        '"GET / HTTP/1.1" 502 157',
        "502 Bad Gateway",
        "the 502's come and go",
    ],
)
def test_status_code_that_stands_alone_is_a_word(text: str) -> None:
    assert "502" in find_words(text)


@pytest.mark.parametrize(
    "text",
    [
        "502 ms",
        "about 502 of them",
        "502 customers complain",
        "502MB free",
        "port 502",
        "pid 502 died",
        "10.0.0.502",
        "at 5:02, not 15:502",
        "ticket #502",
        "502.5 seconds",
        "$502",
        "/srv/502/x",
        "15021",
        "web-502",
        "502 requests",
        "602 and 499999",
    ],
)
def test_number_that_counts_or_numbers_something_is_none(text: str) -> None:
    assert "502" not in find_words(text)


def test_number_that_is_no_status_is_no_word() -> None:
    assert find_words("420 430 499 512 599") == ("499", "599")


def test_classes_of_status_codes_are_words() -> None:
    assert find_words("many 5xx, few 4XX") == ("4xx", "5xx", "few", "many")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("The CA is not trusted", "ca"),
        ("IO errors", "io"),
        ("i/o error, dev sda", "io"),
        ("two CAs", "ca"),
        ("Login with 2FA fails", "2fa"),
        ("the db is slow", "db"),
        ("both dbs", "db"),
        ("wrong ip", "ip"),
        ("our MX refuses", "mx"),
    ],
)
def test_short_name_is_a_word(text: str, word: str) -> None:
    assert word in find_words(text)


def test_short_everyday_words_are_none_and_nor_are_they_when_a_line_is_shouted() -> None:
    assert find_words("it is at su") == ()
    assert "at" not in find_words("SHOP IS DOWN AT NOON")
    assert "at" in find_words("SHOP IS DOWN\nThe job was queued with AT")


def test_names_of_hosts_files_and_domains_give_no_short_words() -> None:
    assert not {"db", "io", "ip"}.intersection(find_words("db-02, /srv/io, a@db, x.io, ip.example.org"))


@given(st.text(max_size=300))
def test_any_text_has_words_in_small_letters_and_in_order(text: str) -> None:
    words = find_words(text)
    assert list(words) == sorted(set(words))
    assert all(word == word.lower() and 2 <= len(word) <= 31 for word in words)


def test_parts_of_a_joined_name_are_words_and_two_words_may_be_one() -> None:
    assert {"degraded", "array"} <= set(find_words("a DegradedArray event on md0"))
    assert "mce" in find_words("it prints machine check messages")
    assert "mce" not in find_words("the machine, check it")
