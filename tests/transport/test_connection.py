"""Commands on a real sshd: what comes back, and that nothing stays behind."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from pathlib import Path

import pytest

from tai.policy import ReadOnlyCommand
from tai.policy.wire import render
from tai.transport.run import run
from tests.sshd import ClientHome, Sshd, SshdFactory
from tests.transport.conftest import Dialler, shell


def _gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # gone before the open, or between it and the read
        return True
    return state == "Z"


def _pid_in(file: Path) -> int | None:
    text = file.read_text() if file.exists() else ""
    return int(text) if text.endswith("\n") else None


async def _until_gone(pid: int) -> None:
    """Wait for a process to end; the test's own time limit is what bounds it."""
    while not _gone(pid):  # noqa: ASYNC110 - another process does it, and tells no one
        await asyncio.sleep(0.01)


async def _until_written(file: Path) -> int:
    while (pid := _pid_in(file)) is None:  # noqa: ASYNC110 - likewise
        await asyncio.sleep(0.01)
    return pid


async def test_output_exit_status_and_duration_come_back(sshd: Sshd, dial: Dialler) -> None:
    done = await shell(await dial(sshd), "echo out; echo err >&2; exit 3")
    assert (done.exit, done.stdout, done.stderr) == (3, b"out\n", b"err\n")
    assert (done.truncated, done.timed_out, done.disconnected, done.signal) == (False, False, "", "")
    assert done.duration_s > 0


async def test_a_catalogue_command_runs_in_its_sandbox(sshd: Sshd, dial: Dialler) -> None:
    connection = await dial(sshd)
    done = await run(connection, ReadOnlyCommand(["cat", "/proc/self/limits"]))
    assert done.exit == 0
    assert re.search(rb"Max file size +0 +0 ", done.stdout), connection.sandbox


async def test_a_command_sent_on_standard_input_reads_nothing_of_ours(sshd: Sshd, dial: Dialler) -> None:
    """An argument with a quote goes in the second wire form, as text for /bin/sh -s."""
    done = await run(await dial(sshd), ReadOnlyCommand(["grep", "-F", "-e", "it's", "/etc/hostname"]))
    assert (done.exit, done.stdout, done.stderr) == (1, b"", b"")


async def test_bytes_are_kept_as_the_host_sent_them(sshd: Sshd, dial: Dialler) -> None:
    done = await shell(await dial(sshd), r"printf '\000\377\303\050\033[31m\r\n'")
    assert done.stdout == b"\0\xff\xc3(\x1b[31m\r\n"


async def test_a_killed_command_has_a_signal_and_no_exit_status(sshd: Sshd, dial: Dialler) -> None:
    done = await shell(await dial(sshd), "echo before; kill -KILL $$")
    assert (done.exit, done.signal, done.stdout) == (None, "KILL", b"before\n")


async def test_the_cap_keeps_what_came_and_stops_the_command(sshd: Sshd, dial: Dialler) -> None:
    done = await shell(await dial(sshd), "echo $$; exec yes", max_bytes=100_000)
    assert done.truncated
    assert done.exit is None
    assert len(done.stdout) == 100_000
    await _until_gone(int(done.stdout.split(b"\n")[0]))


async def test_exactly_the_cap_is_not_truncated(sshd: Sshd, dial: Dialler) -> None:
    done = await shell(await dial(sshd), "printf 12345678", max_bytes=8)
    assert (done.exit, done.stdout, done.truncated) == (0, b"12345678", False)


async def test_the_cap_stops_a_command_that_ignores_term_and_says_no_more(
    people_sshd: Sshd, dial: Dialler
) -> None:
    text = "trap '' TERM; echo $$; printf %9000s x; while :; do sleep 1; done"
    done = await shell(await dial(people_sshd), text, max_bytes=1000)
    assert done.truncated
    await _until_gone(int(done.stdout.split(b"\n")[0]))


async def test_standard_error_has_its_own_cap_and_stops_nothing(sshd: Sshd, dial: Dialler) -> None:
    done = await shell(await dial(sshd), "yes | head -c 300000 >&2; echo done")
    assert (done.exit, done.stdout, len(done.stderr)) == (0, b"done\n", 65536)


async def test_a_timeout_keeps_what_came_and_stops_the_command(people_sshd: Sshd, dial: Dialler) -> None:
    done = await shell(await dial(people_sshd), "echo $$; exec sleep 1000", timeout_s=3)
    assert done.timed_out
    assert done.exit is None
    await _until_gone(int(done.stdout))


async def test_cancelling_leaves_nothing_running(people_sshd: Sshd, dial: Dialler) -> None:
    connection = await dial(people_sshd)
    pid_file = people_sshd.scratch / "pid"
    task = asyncio.create_task(shell(connection, f"echo $$ > {pid_file}; exec sleep 1000"))
    pid = await _until_written(pid_file)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _until_gone(pid)
    assert (await shell(connection, "echo still here")).stdout == b"still here\n"


async def test_cancelling_while_the_channel_opens_leaves_nothing_running(
    people_sshd: Sshd, dial: Dialler
) -> None:
    connection = await dial(people_sshd)
    # Looked for by its own argument: a file that it writes can be left empty by a signal at the right moment.
    mark = f"87654{os.getpid()}"
    task = asyncio.create_task(shell(connection, f"exec sleep {mark}"))
    await asyncio.sleep(
        0
    )  # the request to open a channel, or to run the command, is out, its answer is not back
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    while _running(mark):  # noqa: ASYNC110 - another process's end has no event
        await asyncio.sleep(0.01)


async def test_for_root_the_remote_timeout_ends_what_was_cancelled(sshd: Sshd, dial: Dialler) -> None:
    """sshd passes no signal to a root login's command, so the `timeout` in front of it has to end it."""
    connection = await dial(sshd)
    pid_file = sshd.scratch / "pid"
    task = asyncio.create_task(
        shell(connection, f"exec timeout 2 sh -c 'echo $$ > {pid_file}; exec sleep 1000'")
    )
    pid = await _until_written(pid_file)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _until_gone(pid)


async def test_what_a_root_login_left_running_ends_with_the_connection(sshd: Sshd, dial: Dialler) -> None:
    """The leash in front of a command: no signal reaches it, and still nothing is left when the link is gone."""
    connection = await dial(sshd)
    assert connection.sandbox.leash, "util-linux on this machine has no setpriv --pdeathsig"
    mark = f"98765{os.getpid()}"
    wire = render(("sleep", mark), connection.sandbox.for_command(frozenset(), "sleep"), timeout_s=600)
    task = asyncio.create_task(connection._execute(wire, timeout_s=600, max_bytes=1000))
    while not (pids := _running(mark)):  # noqa: ASYNC110 - another process's start has no event
        await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await connection.close()
    for pid in pids:
        await _until_gone(pid)


def _running(argument: str) -> list[int]:
    """The processes of this machine that have this word on their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if argument.encode() in (entry / "cmdline").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


async def test_a_cut_link_keeps_what_came_and_is_no_success(sshd: Sshd, dial: Dialler) -> None:
    connection = await dial(sshd)
    done = await shell(connection, "echo half; sleep 1; kill -KILL $PPID")
    assert done.stdout == b"half\n"
    assert done.exit is None
    assert done.disconnected


async def test_a_link_that_dropped_between_commands_is_made_anew_once(sshd: Sshd, dial: Dialler) -> None:
    connection = await dial(sshd)
    assert (await shell(connection, "kill -KILL $PPID")).disconnected
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(shell(connection, f"echo {n}")) for n in range(12)]
    assert [task.result().stdout for task in tasks] == [f"{n}\n".encode() for n in range(12)]
    assert sshd.logins == 2
    assert any("logged in anew" in line for line in dial.reported)
    assert not connection.is_broken


async def test_a_host_that_is_gone_is_tried_once_more_and_then_given_up(sshd: Sshd, dial: Dialler) -> None:
    connection = await dial(sshd)
    sshd.stop()
    await shell(connection, "kill -KILL $PPID")
    first, second = await shell(connection, "echo x"), await shell(connection, "echo x")
    assert "refused the connection" in first.disconnected
    assert (second.exit, second.disconnected) == (None, first.disconnected)
    assert connection.is_broken


async def test_a_host_whose_key_changed_meanwhile_gets_no_command(
    sshd_factory: SshdFactory, dial: Dialler
) -> None:
    server = sshd_factory()
    connection = await dial(server)
    server.stop()
    await shell(connection, "kill -KILL $PPID")
    impostor = sshd_factory(port=server.port)
    done = await shell(connection, "echo x")
    assert "host key has changed" in done.disconnected
    assert impostor.logins == 0


async def test_many_commands_share_one_login_and_ask_for_no_terminal(sshd: Sshd, dial: Dialler) -> None:
    connection = await dial(sshd)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(shell(connection, f"echo {n}; tty; env")) for n in range(20)]
    for number, task in enumerate(tasks):
        assert task.result().stdout.startswith(f"{number}\nnot a tty\n".encode())
        assert b"SSH_AUTH_SOCK" not in task.result().stdout
        assert b"DISPLAY" not in task.result().stdout
    assert sshd.logins == 1
    for request in ("pty-req", "x11-req", "auth-agent-req", "tcpip-forward", "subsystem", "env"):
        assert f"request {request}" not in sshd.log, request
    assert "request exec" in sshd.log


async def test_a_host_with_few_sessions_gets_fewer_commands_at_once(
    sshd_factory: SshdFactory, dial: Dialler
) -> None:
    connection = await dial(sshd_factory("MaxSessions 2"))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(shell(connection, f"sleep 0.1; echo {n}")) for n in range(8)]
    assert [task.result().stdout for task in tasks] == [f"{n}\n".encode() for n in range(8)]
    assert connection._channels.capacity == 2


async def test_at_most_the_limit_of_channels_is_open_at_once(sshd: Sshd, dial: Dialler) -> None:
    connection = await dial(sshd, channels=3)
    running = sshd.scratch / "running"
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(
                shell(
                    connection,
                    f"mkdir -p {running}/{n}; ls {running} | wc -l; sleep 0.2; rmdir {running}/{n}",
                )
            )
            for n in range(9)
        ]
    assert max(int(task.result().stdout) for task in tasks) <= 3


async def test_closing_twice_is_harmless(sshd: Sshd, dial: Dialler) -> None:
    connection = await dial(sshd)
    await connection.close()
    await connection.close()
    assert (await shell(connection, "echo x")).disconnected


async def test_facts_are_probed_in_one_session(sshd: Sshd, dial: Dialler) -> None:
    connection = await dial(sshd)
    facts = connection.host.facts
    assert facts.euid == os.geteuid()
    assert facts.kernel == os.uname().release
    assert "ls" in facts.tools
    assert facts.clock_offset_s is not None
    assert abs(facts.clock_offset_s) < 5
    assert connection.probe_output.startswith(b"tai-probe-begin")
    assert sshd.log.count("Starting session: command") == 1


async def test_compression_only_where_ssh_s_configuration_asks_for_it(
    sshd: Sshd, dial: Dialler, client_home: ClientHome
) -> None:
    plain = await dial(sshd)
    client_home.configure("Compression yes\n")
    packed = await dial(sshd)
    told = [each._way.link.connection.get_extra_info("recv_compression") for each in (plain, packed)]
    assert told == ["none", "zlib@openssh.com"]
    assert (await shell(packed, "yes compressed | head -c 100000")).stdout == (b"compressed\n" * 9091)[
        :100000
    ]


async def test_keepalives_are_those_of_ssh_s_configuration(
    sshd: Sshd, dial: Dialler, client_home: ClientHome
) -> None:
    client_home.configure("ServerAliveInterval 1\nServerAliveCountMax 2\n")
    connection = await dial(sshd)
    await asyncio.to_thread(sshd.wait_for_log, "keepalive@openssh.com")
    assert (await shell(connection, "echo alive")).stdout == b"alive\n"


async def test_a_host_that_falls_silent_between_commands_is_given_up_by_its_keepalive(
    sshd: Sshd, dial: Dialler, client_home: ClientHome
) -> None:
    client_home.configure("ServerAliveInterval 1\nServerAliveCountMax 1\n")
    connection = await dial(sshd)
    frozen = sshd.serving
    for child in frozen:
        os.kill(child, signal.SIGSTOP)
    done = await shell(connection, "echo never", timeout_s=20)
    for child in frozen:
        os.kill(child, signal.SIGCONT)
    assert (done.exit, done.stdout) == (None, b"")
    assert done.disconnected
