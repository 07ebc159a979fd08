"""The layers hold against real attempts, and the probe finds them, says what is missing, and changes nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tai.errors import PolicyRefusal
from tai.policy.sandbox import BLIND_UNDER_LANDLOCK, PROBE, PROBED_TOOLS, HostProbe, Sandbox, parse_probe
from tai.policy.wire import Wire, render
from tests.policy import strace
from tests.policy.shells import INSTALL, LOGIN_SHELLS, is_installed, run_as_login_shell

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: the caps layer is for root logins")
needs_setpriv = pytest.mark.skipif(
    shutil.which("setpriv") is None, reason="needs setpriv: apt-get install util-linux"
)


def probe_answer(*lines: str, release: str = "ID=debian\n") -> str:
    return "\n".join(["tai-probe-begin", *lines, "tai-probe-os-release", release, "tai-probe-end", ""])


def run(sandbox: Sandbox, *argv: str) -> subprocess.CompletedProcess[bytes]:
    wire = render(argv, sandbox, timeout_s=20)
    return run_as_login_shell("dash", wire.command, wire.stdin or b"")


@pytest.fixture(scope="module")
def this_machine() -> HostProbe:
    return parse_probe(run_as_login_shell("dash", PROBE).stdout.decode())


# --- the probe -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", LOGIN_SHELLS)
def test_probe_is_answered_through_any_login_shell(shell: str, this_machine: HostProbe) -> None:
    if not is_installed(shell):
        pytest.skip(f"{shell} is not installed: {INSTALL}")
    done = run_as_login_shell(shell, PROBE)
    answer = parse_probe(done.stdout.decode())
    assert (done.stderr, answer.complete) == (b"", True)
    assert answer.sandbox == this_machine.sandbox
    assert answer.tools == this_machine.tools


def test_probe_names_what_this_machine_is(this_machine: HostProbe) -> None:
    here = os.uname()
    assert this_machine.uname == f"{here.sysname} {here.release} {here.machine}"
    assert this_machine.node == here.nodename
    assert this_machine.euid == os.geteuid()
    assert {"cat", "ls", "uname"} <= this_machine.tools
    assert this_machine.ls == "gnu"
    assert this_machine.now_epoch is not None
    assert this_machine.os_release["ID"] in Path("/etc/os-release").read_text()


def test_probe_script_is_one_single_quoted_word_that_all_shells_read_alike() -> None:
    _, _, script = PROBE.partition("/bin/sh -c '")
    assert script.endswith("'")
    assert not set(script[:-1]) & set("'\\!\n")
    assert PROBE.isascii()


@pytest.mark.skipif(
    not strace.can_unshare(), reason="needs strace and unshare as root: apt-get install strace"
)
def test_probe_changes_nothing_and_sends_nothing(tmp_path: Path) -> None:
    (traced,) = strace.trace([Wire(PROBE)], tmp_path).traces
    assert parse_probe(traced.stdout.decode()).complete
    assert traced.changes() == []
    assert traced.packets() == []


def test_probe_asks_for_every_program_of_the_catalogue() -> None:
    from tai.policy.catalogue import catalogue  # noqa: PLC0415 - only this test needs it

    assert set(PROBED_TOOLS) >= set(catalogue().programs)


def test_programs_blind_under_landlock_are_known_to_the_probe() -> None:
    assert set(PROBED_TOOLS) >= BLIND_UNDER_LANDLOCK


# --- reading the answer --------------------------------------------------------------------------------------------


def test_noise_of_login_scripts_is_skipped() -> None:
    noise = "Welcome!\ntai-probe-begin\nsysname=Fake\n"
    text = noise + probe_answer("sysname=Linux", "euid=1000", "tool=ss") + "logout\n"
    answer = parse_probe(text)
    assert (answer.sysname, answer.euid, answer.tools, answer.complete) == (
        "Linux",
        1000,
        frozenset({"ss"}),
        True,
    )


@pytest.mark.parametrize("text", ["", "This account is restricted.\n", "tai-probe-begin\nsysname=Linux\n"])
def test_cut_or_foreign_answer_leaves_no_layer_and_says_why(text: str) -> None:
    answer = parse_probe(text)
    assert not answer.complete
    assert answer.sandbox.level == "argv"
    assert answer.sandbox.missing == (("all", "the host did not answer the probe"),)


def test_alpine_with_busybox_keeps_what_it_has_and_names_what_it_lacks() -> None:
    answer = parse_probe(probe_answer("euid=1000", "timeout=gnu", "layer=nice", "layer=ionice"))
    assert answer.sandbox.prefix(9.2)[:4] == ("timeout", "-k", "5", "10")
    assert answer.sandbox.level == "argv"
    assert [layer for layer, _ in answer.sandbox.missing] == ["leash", "fsize", "nnp", "landlock"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("gnu", ("timeout", "-k", "5", "30")),
        ("bare", ("timeout", "30")),
        ("busybox-t", ("timeout", "-t", "30")),
    ],
)
def test_timeout_is_spelled_as_the_host_spells_it(said: str, words: tuple[str, ...]) -> None:
    assert parse_probe(probe_answer(f"timeout={said}")).sandbox.prefix(30) == words


def test_host_without_timeout_program_is_named() -> None:
    assert "timeout" in dict(parse_probe(probe_answer("euid=0")).sandbox.missing)


def test_missing_capabilities_matter_to_a_root_login_only() -> None:
    assert "caps" in dict(parse_probe(probe_answer("euid=0")).sandbox.missing)
    assert "caps" not in dict(parse_probe(probe_answer("euid=1000", "layer=caps")).sandbox.missing)
    assert not parse_probe(probe_answer("euid=1000", "layer=caps")).sandbox.caps


def test_host_cannot_name_tools_or_values_of_its_own() -> None:
    answer = parse_probe(
        probe_answer("tool=rm", "tool=evil", "node=a b\x1b[0m", "now=1e9", "kernel=6.1.0-18-amd64")
    )
    assert answer.tools == frozenset()
    assert (answer.node, answer.now_epoch, answer.kernel) == ("", None, "6.1.0-18-amd64")


def test_os_release_is_read_with_its_quotes() -> None:
    answer = parse_probe(probe_answer(release='ID=\'rhel\'\nVERSION_ID="9.4"\nNAME="a \\"b\\""\n# x\nBAD\n'))
    assert answer.os_release == {"ID": "rhel", "VERSION_ID": "9.4", "NAME": 'a "b"'}


@given(st.text() | st.lists(st.text()).map(lambda lines: probe_answer(*lines)))
def test_no_answer_can_make_the_reader_fail(text: str) -> None:
    assert parse_probe(text).sandbox.level.startswith("argv")


# --- the layers ----------------------------------------------------------------------------------------------------


def test_exempt_layers_are_left_out_and_named() -> None:
    full = Sandbox(timeout="gnu", prlimit=True, nnp=True, caps=True, landlock=True)
    assert full.level == "argv+fsize+nnp+caps+landlock"
    assert full.for_command(frozenset(), "df").level == full.level
    assert full.for_command(frozenset({"fsize"}), "df").level == "argv+nnp+caps+landlock"
    assert full.for_command(frozenset({"caps"}), "df").level == "argv+fsize+nnp+landlock"
    exempt = full.for_command(frozenset({"nnp"}), "df")
    assert exempt.level == "argv+fsize"
    assert [layer for layer, _ in exempt.missing] == ["nnp", "caps", "landlock"]


def test_landlock_is_left_out_for_programs_that_must_see_other_processes() -> None:
    sandbox = Sandbox(nnp=True, landlock=True)
    assert sandbox.for_command(frozenset(), "ss").level == "argv+nnp"
    assert sandbox.for_command(frozenset()).level == "argv+nnp"
    assert sandbox.for_command(frozenset(), "df").level == "argv+nnp+landlock"


def test_unknown_layer_name_is_refused() -> None:
    with pytest.raises(PolicyRefusal, match="selinux"):
        Sandbox.NONE.for_command(frozenset({"selinux"}))


def test_fsize_layer_stops_the_first_byte_written_to_a_file(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"data")
    done = run(Sandbox(prlimit=True), "cp", str(tmp_path / "in"), str(tmp_path / "out"))
    assert done.returncode != 0
    assert (tmp_path / "out").read_bytes() == b""


@needs_setpriv
def test_nnp_layer_makes_setuid_programs_inert() -> None:
    done = run(Sandbox(nnp=True), "grep", "NoNewPrivs", "/proc/self/status")
    assert done.stdout == b"NoNewPrivs:\t1\n"


@needs_root
@needs_setpriv
def test_caps_layer_lets_root_read_but_not_write_or_kill(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"evidence")
    secret.chmod(0o400)
    caps = Sandbox(nnp=True, caps=True)
    assert run(caps, "cat", str(secret)).stdout == b"evidence"
    assert run(caps, "rm", "-f", str(secret)).returncode != 0
    assert run(caps, "kill", "-0", str(os.getpid())).returncode != 0
    assert run(caps, "ip", "link", "set", "lo", "up").returncode != 0
    assert secret.exists()


@needs_root
@needs_setpriv
@pytest.mark.parametrize("exempt", ["caps", "nnp"])
def test_roots_commands_that_need_more_still_cannot_load_modules_reboot_or_set_the_clock(exempt: str) -> None:
    needing = Sandbox(nnp=True, caps=True).for_command(frozenset({exempt}), "ethtool")
    unbounded = run(Sandbox.NONE, "grep", "CapBnd", "/proc/self/status").stdout
    bounded = run(needing, "grep", "CapBnd", "/proc/self/status").stdout
    modules, boot, clock = 1 << 16, 1 << 22, 1 << 25  # linux/capability.h
    assert int(bounded.split()[1], 16) == int(unbounded.split()[1], 16) & ~(modules | boot | clock)


def test_login_that_is_not_root_has_no_capabilities_to_take() -> None:
    assert "setpriv" not in Sandbox(prlimit=True).for_command(frozenset({"caps"}), "ethtool").prefix(5)


@needs_setpriv
def test_landlock_layer_allows_reading_and_dev_null_only(tmp_path: Path, this_machine: HostProbe) -> None:
    if not this_machine.sandbox.landlock:
        pytest.skip(dict(this_machine.sandbox.missing)["landlock"])
    landlock = Sandbox(nnp=True, landlock=True)
    assert run(landlock, "sh", "-c", "echo x > /dev/null").returncode == 0
    assert run(landlock, "touch", str(tmp_path / "new")).returncode != 0
    assert run(landlock, "mkdir", str(tmp_path / "new")).returncode != 0
    assert list(tmp_path.iterdir()) == []


def test_all_layers_of_this_machine_together_run_a_command(this_machine: HostProbe) -> None:
    done = run(this_machine.sandbox, "uname", "-r")
    assert done.stdout.decode().strip() == os.uname().release
