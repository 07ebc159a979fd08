"""The local filters against the programs that they stand in for, and against patterns that hang others."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tai.errors import PolicyRefusal
from tai.policy.filters import Filter, Grep, Head, apply
from tai.policy.filterwords import read_filter

LOG = """\
Nov 21 03:47:01 web-1 sshd[1234]: Failed password for root from 10.0.0.1 port 22 ssh2
Nov 21 03:47:02 web-1 kernel: Out of memory: Killed process 4711 (java)

Nov 21 03:47:02 web-1 nginx[9]: 10.0.0.2 - GET /index.html 200 1.5K
Nov 21 03:47:02 web-1 nginx[9]: 10.0.0.2 - GET /index.html 500 12M
\tindented by a tab:field two:  field  three
Nov 21 03:48:59 web-1 sshd[1234]: failed_password for rootless
Nov 21 03:48:59 web-1 sshd[1234]: failed_password for rootless
error
errors and error, an error
"""
LINES = st.lists(
    st.text("ab :,01\t-.KM", max_size=12) | st.sampled_from(LOG.splitlines()) | st.integers(-99, 99).map(str),
    max_size=12,
).map(lambda lines: "".join(line + "\n" for line in lines))


def filter_of(words: str) -> tuple[Filter, ...]:
    each, operands = read_filter(tuple(shlex.split(words)))
    assert operands == ()
    return (each,) if each else ()


def ours(words: str, text: str) -> str:
    result = apply(filter_of(words), text, limit_s=20)
    assert result.stopped == ""
    return result.text


def real(words: str, text: str) -> str:
    """What the real program prints, in the C locale with UTF-8."""
    argv = shlex.split(words)
    done = subprocess.run(
        argv,
        input=text.encode(),
        capture_output=True,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        timeout=20,
        check=False,
    )
    assert done.stderr == b""
    return done.stdout.decode()


GREP = """
grep error
grep -i FAILED
grep -v -i failed
grep -c error
grep -vc error
grep -n error
grep -w error
grep -wi -o 'failed'
grep -x error
grep -o 'err[a-z]*'
grep -on '[0-9]\\+'
grep -oE '[0-9]+(\\.[0-9]+){3}'
grep -oE 'a|ab|abc'
grep -E '^(Nov|error)'
grep -E 'port [0-9]{1,5}|Out of'
grep -E '(error|errors)$'
grep -Ew 'err(or)?'
grep -F -e 'GET /index.html' -e '[9]'
grep -Fx error
grep -e error -e java
grep '^$'
grep -v '^$'
grep '\\bfor\\b'
grep '\\<root\\>'
grep -o '\\w*'
grep '[[:digit:]]\\{4\\}'
grep '[^[:alnum:][:space:]]$'
grep 'a*b\\?'
grep '\\(e\\|f\\)rror'
grep '*'
grep '^*'
grep 'err.*rr'
grep -E 'e{2}|r{2,}'
grep -A1 nginx
grep -B1 nginx
grep -C1 -n kernel
grep -2 error
grep -m1 sshd
grep -m2 -c sshd
grep -A3 -m1 nginx
grep -B2 -A1 -m2 sshd
grep -hsn root
grep --ignore-case --max-count=1 failed
egrep 'a|b'
fgrep a.b
""".strip().splitlines()

OTHERS = """
head
head -n 3
head -2
head -n -2
head -n 0
head -c 5
head -c -3
tail
tail -n 3
tail -2
tail -n +3
tail -n +0
tail -c 5
tail -c +3
wc
wc -l
wc -w
wc -c
wc -m
wc -lw
sort
sort -r
sort -n
sort -rn
sort -nr
sort -u
sort -nu
sort -f
sort -fu
sort -h
sort -rh
sort -s -n
sort -k2
sort -k2,2
sort -k2n
sort -k2,2n -k1,1r
sort -k3,3 -k1
sort -n -k2
sort -r -k2,2
sort -b -k2,2
sort -k2b,2
sort -k1.2,1.3
sort -k2.2b,2.3b
sort -k2,1
sort -t: -k2
sort -t: -k2,2
sort -t : -k3n
sort -t, -k2.1,2.2 -u
sort -u -k1,1
sort -k2,2h
sort -s -k1,1
uniq
uniq -c
uniq -d
uniq -u
uniq -du
uniq -i
uniq -ic
cut -d: -f1
cut -d: -f2-
cut -d: -f-2
cut -d: -f1,3
cut -d: -f3,1
cut -d' ' -f2
cut -f2
cut -sf2
cut -d: -s -f2
cut -d: -f1,2 --output-delimiter=' | '
cut -c1-3
cut -c 2
cut -c3-
awk '{print $1}'
awk '{print $1, $3}'
awk '{print $2 ":" $1}'
awk '{print $NF}'
awk '{print NR, NF}'
awk '{print}'
awk '{ print $0; }'
awk -F: '{print $2}'
awk -F : '{print $1,$2}'
awk -F, '{print $2}'
awk -F'[:,]' '{print $2}'
awk -F'[: ]+' '{print $1 "-" $3}'
awk '/error/'
awk '/err|java/ {print $2}'
awk '/a:b/{print $1}'
sed -n 2p
sed -n 2,4p
sed -n '$p'
sed -n '2,$p'
sed -n '4,2p'
sed -n -e 1p -e 3p
sed -n '1p;2,3p'
cat
""".strip().splitlines()


@pytest.mark.parametrize("words", GREP + OTHERS)
def test_log_comes_out_as_from_the_real_program(words: str) -> None:
    if shutil.which(words.split(maxsplit=1)[0]) is None:
        pytest.skip(f"{words.split(maxsplit=1)[0]} is not installed")
    assert ours(words, LOG) == real(words, LOG)


@settings(max_examples=500, deadline=None)
@given(words=st.sampled_from(GREP + OTHERS), text=LINES)
def test_any_text_comes_out_as_from_the_real_program(words: str, text: str) -> None:
    assert ours(words, text) == real(words, text)


ATOM = st.sampled_from(
    ["a", "b", "1", ".", "[ab]", "[^a]", "\\w", "\\W", "(a|b)", "(ab|a)", "\\b", "^", "$", "[[:digit:]]"]
)
PATTERN = st.lists(
    st.tuples(ATOM, st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,2}"])), min_size=1, max_size=4
).map(lambda parts: "".join(atom + ("" if atom in {"^", "$", "\\b"} else repeat) for atom, repeat in parts))


@settings(max_examples=300, deadline=None)
@given(pattern=PATTERN, flags=st.sampled_from(["", "-o", "-w", "-x", "-i", "-v"]), text=LINES)
def test_any_extended_pattern_matches_as_in_grep(pattern: str, flags: str, text: str) -> None:
    if flags == "-w":  # for an empty match grep 3.8 does not do what its manual says
        pattern = f"a{pattern}"
    words = f"grep {flags} -E {shlex.quote(pattern)}"
    assert ours(words, text) == real(words, text)


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "(a*)*b", "(a|a)*b", "(a|aa)+$", "(.*a){30}", "(x+x+)+y", "(a?){50}a{50}", ".*.*.*.*=.*"],
)
@pytest.mark.parametrize("flags", ["-E", "-oE", "-wE"])
def test_pattern_that_makes_backtrackers_hang_is_done_or_stopped(pattern: str, flags: str) -> None:
    limit_s = 2.0
    started = time.process_time()
    result = apply(filter_of(f"grep {flags} {shlex.quote(pattern)}"), "a" * 50_000 + "!\n", limit_s=limit_s)
    assert (
        time.process_time() - started < 10 * limit_s
    )  # a backtracker would need longer than the universe has had
    assert result.stopped == "" or "stopped after 2 s" in result.stopped


def test_stopped_filter_leaves_what_went_into_it_and_says_so() -> None:
    text = "a" * 50_000 + "\n"
    result = apply(
        (Head(1), Grep(("(a|b){1,200}c",), "extended", only_matching=True), Head(0)), text, limit_s=0.0
    )
    assert result.text == text
    assert result.stopped.startswith("filter 2 (grep) was stopped")


def test_empty_text_stays_empty() -> None:
    for words in (*GREP, *OTHERS):
        if "-c" not in words and not words.startswith("wc") and "-vc" not in words:
            assert ours(words, "") == ""


def test_characters_of_several_bytes_are_counted_as_characters_and_never_torn() -> None:
    assert ours("cut -c2", "äöü\n") == "ö\n"
    assert ours("head -c 3", "äöü\n") == "ä"
    assert ours("wc -m", "äöü\n") == "4\n"
    assert ours("grep -o '.ö'", "äöü\n") == "äö\n"


def test_unicode_line_separators_do_not_end_a_line() -> None:
    assert ours("wc -l", "a\u2028b\x85c\n") == "1\n"
    assert ours("head -n 1", "a\u2028b\nc\n") == "a\u2028b\n"


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("a\\{1,999\\}", "not within"),
        ("a\\{2,1\\}", "not within"),
        ("a\\{x\\}", "does not start a repetition"),
        ("\\(a\\)\\1", "back-reference"),
        ("\\(a", "does not close"),
        ("a\\)", "did not open"),
        ("[a", "does not close"),
        ("[[:nope:]]", "unknown bracket"),
        ("[b-a]", "out of order"),
        ("a\\", "ends in a backslash"),
        ("\\d", "does not know"),
        ("\\(" * 60 + "\\)" * 60, "nests"),
        ("\\(\\(a\\{200\\}\\)\\{200\\}\\)\\{200\\}", "too large"),
    ],
)
def test_pattern_that_programs_disagree_on_is_refused(pattern: str, reason: str) -> None:
    with pytest.raises(PolicyRefusal, match=reason):
        read_filter(("grep", pattern))


@given(
    st.lists(
        st.sampled_from(["grep", "sort", "awk", "sed", "cut", "head", "tail", "uniq", "wc", "less"])
        | st.text(max_size=20),
        min_size=1,
        max_size=5,
    ),
    st.text(),
)
def test_no_words_and_no_text_raise_anything_but_a_refusal(words: list[str], text: str) -> None:
    try:
        each, _ = read_filter(tuple(words))
    except PolicyRefusal:
        return
    assert isinstance(apply((each,) if each else (), text).text, str)
