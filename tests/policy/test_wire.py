"""The wire form, read by real shells: the program must receive exactly the words that were meant."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tai.errors import PolicyRefusal
from tai.policy.sandbox import SUDO_EXEMPT, Sandbox, parse_probe
from tai.policy.wire import render
from tests.policy.shells import INSTALL, LOGIN_SHELLS, is_installed, run_as_login_shell

HOSTILE_ARGV = (
    ("", "a b", "  ", "-n", "--", "-"),
    ("=ls", "=1", "%self", "%1", "~", "~root", "#x", "a#b", "^a^b", "@", "+", ":"),
    ("*", "?", "[a-z]", "{a,b}", "{1..3}", "$HOME", "${HOME}", "$(id)", "`id`", "$'x'"),
    (";", "&", "&&", "|", "||", "<", ">", ">>", "(", ")", "2>&1"),
    ("x\\", ";echo PWN;", "x\\"),  # runs `echo PWN` in fish when single quotes are all that protects it
    ("it's", "'", "''", "'\\''", '"', '"a"', "\\", "\\\\", "\\n", "a\\'b"),
    ("!", "!!", "a!b", "!$", "'!'"),
    ("é", "日本語", "😀", "\u202e", "\u200b", "\ufeff", "\u00ad", "\u0600", "\ue000", "\U000e0041"),
    ("x" * 899, "y" * 901, "z" * 20_000),
)
ARGUMENT = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))
    | st.sampled_from("'\"\\!$`%=~#*?[]{}()<>|&;^ -@:"),
    max_size=40,
)


@pytest.fixture(scope="module")
def dumper(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The first words of a command that prints the bytes of each argument it received, in hex."""
    script = tmp_path_factory.mktemp("dumper") / "dump.py"
    script.write_text("import os, sys\nfor word in sys.argv[1:]:\n    print('=' + os.fsencode(word).hex())\n")
    return (sys.executable, "-I", "-S", str(script))


@pytest.fixture(params=LOGIN_SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if not is_installed(name):
        pytest.skip(f"{name} is not installed: {INSTALL}")
    return name


def received(
    shell: str, dumper: tuple[str, ...], words: tuple[str, ...], sandbox: Sandbox, locale: str = ""
) -> list[str]:
    wire = render((*dumper, *words), sandbox, timeout_s=20)
    done = run_as_login_shell(shell, wire.command, wire.stdin or b"", locale)
    assert done.stderr == b""
    return [bytes.fromhex(line.removeprefix("=")).decode() for line in done.stdout.decode().splitlines()]


@pytest.mark.parametrize("words", HOSTILE_ARGV, ids=lambda words: ascii(words)[:40])
@pytest.mark.parametrize("locale", ["", "C.UTF-8"])
def test_program_receives_the_words_unchanged(
    shell: str, dumper: tuple[str, ...], words: tuple[str, ...], locale: str
) -> None:
    assert received(shell, dumper, words, Sandbox.NONE, locale) == list(words)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(ARGUMENT, min_size=1, max_size=12).map(tuple))
def test_any_printable_words_survive_any_login_shell(
    shell: str, dumper: tuple[str, ...], words: tuple[str, ...]
) -> None:
    assert received(shell, dumper, words, Sandbox.NONE) == list(words)


def test_words_survive_under_every_layer_that_this_machine_has(shell: str, dumper: tuple[str, ...]) -> None:
    sandbox = Sandbox(timeout="gnu", prlimit=True, nnp=True, nice=True, ionice=True)
    assert received(shell, dumper, ("it's", "=ls"), sandbox) == ["it's", "=ls"]


def test_command_in_form_2_has_an_empty_standard_input(shell: str) -> None:
    wire = render(("grep", "-c", "it's", "-"), Sandbox.NONE, timeout_s=20)
    assert wire.stdin is not None
    assert (
        run_as_login_shell(shell, wire.command, wire.stdin + b"it's what a shell might leave behind\n").stdout
        == b"0\n"
    )


def test_aliases_and_functions_of_the_account_are_bypassed(dumper: tuple[str, ...]) -> None:
    wire = render((*dumper, "x"), Sandbox.NONE, timeout_s=20)
    hostile = "env() { echo PWN; }; alias env='echo PWN'; PATH=/nonexistent; LD_PRELOAD=; export PATH\n"
    assert run_as_login_shell("bash", hostile + wire.command).stdout == b"=78\n"


def test_environment_of_the_account_does_not_reach_the_command() -> None:
    wire = render(("env",), Sandbox.NONE, timeout_s=20)
    shown = (
        run_as_login_shell("dash", "export SECRET=1 LESSOPEN='|evil'; " + wire.command)
        .stdout.decode()
        .splitlines()
    )
    assert sorted(line.partition("=")[0] for line in shown) == [
        "BLKID_FILE", "HOME", "LC_ALL", "LESSSECURE", "PAGER", "PATH", "SYSTEMD_COLORS", "SYSTEMD_PAGER", "SYSTEMD_URLIFY", "TERM",
    ]  # fmt: skip


@pytest.mark.parametrize("words", [("kubectl", "get", "pods"), ("kubectl", "get", "it's")])
def test_kubectl_alone_keeps_the_home_directory_of_the_account(
    shell: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    home = tmp_path / "a b'c$d*"
    home.mkdir()
    wire = render(words, Sandbox.NONE, timeout_s=20)
    command = wire.command.replace("'kubectl'", "'env'").replace("'get' 'pods'", "")
    stdin = (wire.stdin or b"").replace(b"'kubectl' 'get' 'it'\\''s'", b"'env'")
    shown = run_as_login_shell(shell, command, stdin, home=str(home)).stdout.decode().splitlines()
    assert f"HOME={home}" in shown


def test_plain_command_is_one_readable_line_for_the_host_audit() -> None:
    wire = render(("journalctl", "-n", "5"), Sandbox(timeout="gnu"), timeout_s=30)
    assert wire.stdin is None
    assert wire.command.startswith("exec /usr/bin/env -i 'PATH=/usr/sbin:/usr/bin:/sbin:/bin' ")
    assert wire.command.endswith(" 'timeout' '-k' '5' '30' 'journalctl' '-n' '5'")


@pytest.mark.parametrize(
    "bad", ["\0", "\n", "\r", "\t", "\x1b", "\x7f", "\x85", "\ud800", "\u2028", "\u2029"]
)
def test_what_no_shell_can_carry_is_refused(bad: str) -> None:
    with pytest.raises(PolicyRefusal, match=r"U\+"):
        render(("grep", f"a{bad}b"), Sandbox.NONE, timeout_s=1)


@pytest.mark.parametrize("argv", [(), ("",)])
def test_no_program_is_refused(argv: tuple[str, ...]) -> None:
    with pytest.raises(PolicyRefusal):
        render(argv, Sandbox.NONE, timeout_s=1)


@pytest.mark.parametrize("timeout_s", [0.0, -1.0, float("nan"), float("inf")])
def test_timeout_that_would_not_end_is_refused(timeout_s: float) -> None:
    with pytest.raises(PolicyRefusal, match="timeout"):
        render(("true",), Sandbox.NONE, timeout_s=timeout_s)


def test_sudo_takes_an_absolute_path_and_never_asks_for_a_password() -> None:
    wire = render(
        ("/usr/sbin/nft", "list", "ruleset"), Sandbox(timeout="gnu", nice=True), timeout_s=9, sudo=True
    )
    assert wire.command.endswith(" 'sudo' '-n' '--' '/usr/sbin/nft' 'list' 'ruleset'")
    with pytest.raises(PolicyRefusal, match="absolute"):
        render(("nft", "list", "ruleset"), Sandbox.NONE, timeout_s=9, sudo=True)


def test_sudo_is_refused_under_layers_that_break_it_and_works_without_them() -> None:
    full = Sandbox(timeout="gnu", prlimit=True, nnp=True, caps=True, landlock=True)
    with pytest.raises(PolicyRefusal, match="SUDO_EXEMPT"):
        render(("/usr/sbin/nft", "list", "ruleset"), full, timeout_s=9, sudo=True)
    render(("/usr/sbin/nft", "list", "ruleset"), full.for_command(SUDO_EXEMPT), timeout_s=9, sudo=True)


def test_command_stops_at_its_remote_timeout(tmp_path: Path) -> None:
    wire = render(("sleep", "30"), Sandbox(timeout="gnu"), timeout_s=1)
    assert run_as_login_shell("dash", wire.command).returncode == 124


def test_unprobed_host_has_no_layer_and_says_so() -> None:
    assert parse_probe("").sandbox.level == "argv"
    assert Sandbox.NONE.missing == (("all", "the host has not been probed"),)
