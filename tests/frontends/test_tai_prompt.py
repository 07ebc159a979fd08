"""`tai` itself in a pseudo-terminal: the real prompt over the real engine, against a real OpenSSH server on loopback."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.frontends.terminal import Terminal
from tests.llm.server import ANSWER, Exchange, running
from tests.sshd import ClientHome, Sshd, client_home, free_port, sshd, sshd_factory

__all__ = ["client_home", "sshd", "sshd_factory"]


def tai(home: ClientHome, folder: Path, *flags: str, **environment: str) -> Terminal:
    return Terminal(
        ["-m", "tai", *flags],
        environment={"HOME": str(home.path), "TAI_STATE_DIR": str(folder / "state"), **environment},
        columns=100,
        rows=40,
    )


@pytest.mark.sshd
def test_a_ticket_a_host_evidence_and_a_command_of_ones_own(
    client_home: ClientHome, sshd: Sshd, tmp_path: Path
) -> None:
    client_home.configure(
        f"Host db-9\n HostName 127.0.0.1\n Port {sshd.port}\n User {sshd.user}\n IdentityFile {client_home.key}\n"
    )
    with tai(client_home, tmp_path) as terminal:
        terminal.expect_prompt("no host yet · deterministic")
        terminal.send("the disk of this box looks full\r")
        terminal.expect("; the ticket is")
        terminal.expect_prompt("no host yet")
        terminal.send("/host db-9\r")
        terminal.expect("connected ")
        terminal.expect("answered by the deterministic engine; no language model was used")
        terminal.expect_prompt("db-9 · deterministic")
        terminal.send("/run uname -s | wc -l\r")
        terminal.expect("uname -s | wc -l  ")
        terminal.expect_prompt("db-9")
        terminal.send("/run rm -rf /tmp/x\r")
        terminal.expect("rm ")
        terminal.expect_prompt("db-9")
        terminal.send("\x04")
        assert terminal.exit_status() == 0
        assert "Traceback" not in terminal.everything


@pytest.mark.sshd
def test_the_flags_of_ssh_hold_for_a_host_that_is_named_at_the_prompt(
    client_home: ClientHome, sshd: Sshd, tmp_path: Path
) -> None:
    client_home.configure(f"Host *\n Port {free_port()}\n")  # would lead nowhere, and is to be ignored
    flags = ["--ignore-ssh-config", "-p", str(sshd.port), "-l", sshd.user, "-i", str(client_home.key)]
    with tai(client_home, tmp_path, *flags) as terminal:
        terminal.expect_prompt("no host yet")
        terminal.send("/host 127.0.0.1\r")
        terminal.expect("Paste the ticket")
        terminal.send("/run uname -s\r")
        terminal.expect("connected ")
        terminal.expect("1  Linux")


def test_a_host_that_refuses_is_told_once_with_a_remedy(client_home: ClientHome, tmp_path: Path) -> None:
    client_home.configure(f"Host db-9\n HostName 127.0.0.1\n Port {free_port()}\n")
    with tai(client_home, tmp_path) as terminal:
        terminal.expect_prompt("no host yet")
        terminal.send("/host db-9\r")
        terminal.expect("Paste the ticket")
        terminal.expect_prompt("db-9")
        terminal.send("it is slow\r")
        terminal.expect("cannot reach db-9")
        terminal.expect_prompt("Enter looks into the same ticket")
        assert terminal.everything.count("cannot reach") == 1
        assert "Traceback" not in terminal.everything


def test_a_broken_collector_file_ends_the_prompt_with_file_line_and_status_2(
    client_home: ClientHome, tmp_path: Path
) -> None:
    folder = tmp_path / "collectors"
    folder.mkdir()
    (folder / "mine.toml").write_text('name = "mine"\ntitel = "?"\n')
    with tai(client_home, tmp_path, TAI_COLLECTORS_DIR=str(folder)) as terminal:
        assert terminal.exit_status() == 2
        assert "mine.toml" in terminal.everything
        assert "Traceback" not in terminal.everything


def test_the_real_collectors_are_listed_and_completed(client_home: ClientHome, tmp_path: Path) -> None:
    with tai(client_home, tmp_path) as terminal:
        terminal.expect(">")
        terminal.send(
            "/collectors\r"
        )  # right away, while the engine is still being imported behind the prompt
        terminal.expect("disk ")
        terminal.expect_prompt()
        terminal.send("/collect netw\t")
        terminal.expect("> /collect network")


def configure(home: ClientHome, text: str) -> None:
    file = home.path / ".config" / "tai" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text)


def test_vi_keys_come_from_the_config_file(client_home: ClientHome, tmp_path: Path) -> None:
    configure(client_home, 'keys = "vi"\n')
    with tai(client_home, tmp_path) as terminal:
        terminal.expect_prompt("no host yet")
        terminal.send("one two three")
        terminal.expect("three")
        terminal.send("\x1bbdw")
        terminal.wait(lambda: "> one two\n" in terminal.shown, "the word gone")


@pytest.mark.parametrize("where", ["flag", "file"])
def test_plain_comes_from_the_command_line_or_the_config_file(
    client_home: ClientHome, tmp_path: Path, where: str
) -> None:
    if where == "file":
        configure(client_home, "plain = true\n")
    with tai(client_home, tmp_path, *(["--plain"] if where == "flag" else [])) as terminal:
        terminal.wait(lambda: "\n>" in terminal.shown, "the prompt")
        terminal.send("/ticket\r")
        terminal.expect("No ticket yet")
        assert "no host yet" not in terminal.everything, "there is no bar"
        assert re.search(rb"\x1b\[(?:\d+;)*(?:3[0-7]|9[0-7]|38;[0-9;]+)m", terminal.raw) is None


@pytest.mark.sshd
async def test_another_answers_while_the_conversation_lasts(
    client_home: ClientHome, sshd: Sshd, tmp_path: Path
) -> None:
    client_home.configure(
        f"Host db-9\n HostName 127.0.0.1\n Port {sshd.port}\n User {sshd.user}\n IdentityFile {client_home.key}\n"
    )

    async def well(exchange: Exchange) -> None:
        await exchange.say(ANSWER.model_dump_json())

    def talk(url: str) -> str:
        with tai(client_home, tmp_path) as terminal:
            terminal.expect_prompt("no host yet · deterministic")
            terminal.send(f"/model http://127.0.0.1:{free_port()}\r")
            terminal.expect("Still answering: deterministic")
            terminal.expect_prompt("deterministic")
            terminal.send("/model http://a..b\r")
            terminal.expect("no name that a host can have")
            terminal.expect_prompt("deterministic")
            terminal.send(f"/model {url}\r")
            terminal.expect("answers from now on")
            terminal.expect_prompt("vllm tiny")
            terminal.send("/doctor\r")
            terminal.expect(f"{url}: tiny")
            terminal.expect_prompt("vllm tiny")
            terminal.send("/host db-9\r")
            terminal.expect("Paste the ticket")
            terminal.send("the shop is down\r")
            terminal.expect("answered by vllm tiny")
            terminal.expect_prompt("vllm tiny")
            terminal.send("/model off\r")
            terminal.expect("no model is asked")
            terminal.expect_prompt("deterministic")
            terminal.send("and now?\r")
            terminal.expect("no language model was used")
            terminal.send("\x04")
            assert terminal.exit_status() == 0
            return terminal.everything

    async with running(well) as server:
        everything = await asyncio.to_thread(talk, server.url)
    assert len(server.asked) == 1
    assert "Traceback" not in everything
