"""The lexer for what people type: what is split, what is dropped, what runs here, and what is refused and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tai.errors import PolicyRefusal
from tai.policy.filters import AwkField, AwkPrint, Cut, Grep, Head, SedPrint, Sort, Tail, Uniq, Wc
from tai.policy.line import Proposal, propose
from tai.policy.sorting import SortKey, SortOrder


def only(text: str) -> Proposal:
    (proposal,) = propose(text)
    return proposal


@pytest.mark.parametrize(
    ("text", "argv"),
    [
        ("df -h", ("df", "-h")),
        ("  df   -h \n", ("df", "-h")),
        ("grep 'a b' /etc/hosts", ("grep", "a b", "/etc/hosts")),
        ('grep "a b" /etc/hosts', ("grep", "a b", "/etc/hosts")),
        ("grep a' 'b\" \"c /etc/hosts", ("grep", "a b c", "/etc/hosts")),
        ("grep '' /etc/hosts", ("grep", "", "/etc/hosts")),
        ("grep '$HOME `id` \\n !x' /f", ("grep", "$HOME `id` \\n !x", "/f")),
        ('grep "\\.conf!" /f', ("grep", "\\.conf!", "/f")),
        ("find . '-ex''ec' rm", ("find", ".", "-exec", "rm")),
        ("journalctl _PID=1 --since='10 min ago'", ("journalctl", "_PID=1", "--since=10 min ago")),
        ("ps -eo pid,%mem", ("ps", "-eo", "pid,%mem")),
        ("kubectl get pod/web-0 -n prod", ("kubectl", "get", "pod/web-0", "-n", "prod")),
    ],
)
def test_words_are_those_that_the_program_would_get(text: str, argv: tuple[str, ...]) -> None:
    assert only(text).argv == argv


@pytest.mark.parametrize(
    "text",
    [
        "ls /nonexistent 2>&1",
        "ls /nonexistent 2>/dev/null",
        "ls 2> /dev/null /nonexistent",
        "LC_ALL=C LANG=C ls /nonexistent",
    ],
)
def test_habits_that_change_nothing_are_dropped_with_a_note(text: str) -> None:
    proposal = only(text)
    assert proposal.argv == ("ls", "/nonexistent")
    assert "dropped" in proposal.notes[0]


@pytest.mark.parametrize(
    "text", ["sudo nft list ruleset", "sudo -n nft list ruleset", "LC_ALL=C sudo -n -- nft list ruleset"]
)
def test_sudo_becomes_a_request_for_privileges(text: str) -> None:
    proposal = only(text)
    assert proposal.argv == ("nft", "list", "ruleset")
    assert proposal.sudo


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("ss -s | cat", ()),
        ("dmesg | less", ()),
        ("dmesg | tail -100", (Tail(100),)),
        ("dmesg | head -n 5", (Head(5),)),
        ("dmesg|grep -i 'out of memory'|wc -l", (Grep(("out of memory",), ignore_case=True), Wc(frozenset("l")))),
        ("dmesg 2>&1 | grep -vE 'a|b'", (Grep(("a|b",), "extended", invert=True),)),
        ("dmesg | grep --color=auto -A2 x", (Grep(("x",), after=2),)),
        ("ps aux | awk '{print $1, $NF}'", (AwkPrint(" ", (AwkField("field", 1), AwkField("text", text=" "), AwkField("from-end"))),)),
        ("ps aux | sed -n '1p;5,10p'", (SedPrint(((1, 1), (5, 10))),)),
        ("dmesg | cut -d: -f2-", (Cut(((2, None),), ":", joiner=":"),)),
        ("dmesg | sort | uniq -c | sort -rn | head", (
            Sort(), Uniq(count=True), Sort((SortKey(SortOrder("number", reverse=True)),), reverse=True), Head(10),
        )),
    ],
)  # fmt: skip
def test_what_follows_a_pipe_runs_here(text: str, filters: tuple[object, ...]) -> None:
    assert only(text).filters == filters


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("awk '{print $1}' /var/log/a.log | sort", AwkPrint(" ", (AwkField("field", 1),))),
        ("cut -d: -f1 /var/log/a.log | sort", Cut(((1, 1),), ":", joiner=":")),
        ("sort /var/log/a.log | sort", Sort()),
        ("uniq -c /var/log/a.log | sort", Uniq(count=True)),
        ("sed -n 1,5p /var/log/a.log | sort", SedPrint(((1, 5),))),
    ],
)
def test_filter_over_a_file_reads_the_file_with_cat(text: str, first: object) -> None:
    proposal = only(text)
    assert proposal.argv == ("cat", "/var/log/a.log")
    assert proposal.filters == (first, Sort())


def test_less_of_a_file_is_cat() -> None:
    assert only("less /var/log/syslog").argv == ("cat", "/var/log/syslog")


@pytest.mark.parametrize(
    "text", ["uptime; free -m | tail -1; df -h", "uptime && free -m | tail -1 && df -h;"]
)
def test_commands_between_semicolons_become_proposals_of_their_own(text: str) -> None:
    proposals = propose(text)
    assert [proposal.argv for proposal in proposals] == [("uptime",), ("free", "-m"), ("df", "-h")]
    assert proposals[1].filters == (Tail(1),)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no command"),
        (" ; ", "no command"),
        ("| grep x", "no command"),
        ("ls |", "no command"),
        ("ls || id", "failed"),
        ("ls & id", "background"),
        ("ls |& id", "standard error"),
        ("ls > /tmp/x", "redirection"),
        ("ls >> /tmp/x", "redirection"),
        ("ls 2>/tmp/x", "redirection"),
        ("ls 2>/dev/nullx", "redirection"),
        ("ls x2>&1", "redirection"),
        ("ls &> /dev/null", "background"),
        ("ls < /etc/passwd", "redirection"),
        ("ls <> f", "redirection"),
        ("ls $HOME", "variables"),
        ("ls $(id)", "variables"),
        ('ls "$(id)"', "variables"),
        ("ls `id`", "command inside another"),
        ('ls "`id`"', "command inside another"),
        ("echo $'x'", "variables"),
        ("(ls)", "subshell"),
        ("{ ls; }", "brace"),
        ("ls {a,b}", "brace"),
        ("ls ~", "home"),
        ("ls #x", "comment"),
        ("! ls", "history"),
        ("ls \\-l", "backslash"),
        ('ls "a\\"b"', "backslash"),
        ("ls 'a", "does not close"),
        ('ls "a', "does not close"),
        ("ls a\nid", "U\\+000A"),
        ("ls\ta", "U\\+0009"),
        ("ls\xa0-l", "space"),
        ("ls\u3000-l", "space"),
        ("journalctl\u200b -n 1", "invisible"),
        ("ls \u202ex", "invisible"),
        ("ls \x1b[0m", "control"),
        ("ls \ue000", "private"),
        ("ls \ud800", "surrogate"),
        ("ls \u2028x", "separator"),
        ("ls " + "x" * 5000, "characters long"),
        ("for i in 1 2 3; do date; done", "shell grammar"),
        ("coproc rm x", "shell grammar"),
        ("export PAGER=id", "shell"),
        ("PAGER=id systemctl status", "variables"),
        ("env", "another command"),
        ("history", "interactive"),
        ("sudo -u root id", "sudo -u"),
        ("sudo sudo id | grep x | sudo head", "cannot follow a pipe"),
        ("sudo", "no command"),
        ("dmesg | tee /tmp/x", "cannot follow a pipe"),
        ("dmesg | sh", "cannot follow a pipe"),
        ("dmesg | xargs rm", "another command"),
        ("dmesg | grep -f /etc/shadow", "does not know -f"),
        ("dmesg | grep -r x", "does not know -r"),
        ("dmesg | grep -P x", "does not know -P"),
        ("dmesg | grep x /etc/shadow", "cannot also read"),
        ("dmesg | grep '\\(x'", "does not close"),
        ("dmesg | grep --regex x", "does not know --regex"),
        ("dmesg | sort -o /tmp/x", "does not know -o"),
        ("dmesg | sort -k0", "not a key"),
        ("sort -rofile in.txt", "does not know -o"),
        ("sort --compress-program=/tmp/x big.txt", "does not know"),
        ("sort --comp /tmp/evil in.txt", "does not know"),
        ("sort --files0-from=/etc/shadow", "does not know"),
        ("sort", "name of one file"),
        ("sort /a /b", "name of one file"),
        ("awk 'BEGIN{system(\"id\")}'", "prints fields"),
        ("ps aux | awk '{print $1 > \"/tmp/x\"}'", "after print"),
        ("ps aux | awk '{system($1)}'", "prints fields"),
        ("ps aux | awk -f /tmp/x", "does not know -f"),
        ("sed -n 1p -fevil", "does not know -f"),
        ("sed -i s/a/b/ /etc/hosts", "does not know -i"),
        ("sed 's/a/b/' /etc/hosts", "needs -n"),
        ("sed -n '1w /tmp/x' /etc/hosts", "line ranges"),
        ("sed -n '1e id' /etc/hosts", "line ranges"),
        ("dmesg | head -x", "does not know"),
        ("dmesg | head -n x", "number"),
        ("dmesg | tail -f", "does not know"),
        ("dmesg | cut -f", "value"),
        ("dmesg | cut -f 3-1", "backwards"),
    ],
)
def test_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(PolicyRefusal, match=reason):
        propose(text)


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("du -sh /var/log/*", "du -h -d 1 /var/log"),
        ("cat /var/log/nginx/*.log", "ls -la /var/log/nginx"),
        ("ls *.log", ""),
        ("grep [e]rror /f", ""),
    ],
)
def test_glob_is_refused_with_the_nearest_form(text: str, nearest: str) -> None:
    with pytest.raises(PolicyRefusal, match="not expanded") as refusal:
        propose(text)
    assert refusal.value.nearest == nearest


PIECES = st.sampled_from(
    ["ls", "grep", "sort", "awk", "sed", "cut", "sudo", " ", "|", ";", "&", "'", '"', "\\", "-", "--", "=", "{print $1}", "-n", "1p",
     "2>&1", "2>/dev/null", "/x", "-k", "-F", "[", "(", "*", "{1,300}", "LC_ALL=C", ",", "$"]
)  # fmt: skip


@given(st.text() | st.lists(PIECES | st.characters(), max_size=12).map("".join))
def test_no_text_raises_anything_but_a_refusal(text: str) -> None:
    try:
        proposals = propose(text)
    except PolicyRefusal:
        return
    assert all(proposal.argv and proposal.argv != ("",) for proposal in proposals)
