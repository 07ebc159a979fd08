"""The conversation with a scripted model in a real terminal and a real sshd: draft, facts, checks, rounds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tai.answer import Answer, SaidCheck
from tests.frontends.terminal import Terminal
from tests.llm.server import Exchange, running
from tests.run_tai import Tai, tai
from tests.sshd import Sshd, client_home, sshd, sshd_factory

__all__ = ["client_home", "sshd", "sshd_factory", "tai"]

UNSURE = Answer(
    outcome="inconclusive",
    cause="It does not show yet.",
    missing=("the inode counts",),
    next_checks=(SaidCheck(argv=("df", "-i", "/"), why="Are the inodes used up?"),),
)
FINE = Answer(outcome="healthy", cause="All is in order after all.")


async def test_a_conversation_shows_draft_facts_checks_and_rounds(tai: Tai, sshd: Sshd) -> None:
    gate = asyncio.Event()

    async def slowly(exchange: Exchange) -> None:
        """Half of the answer, and the rest when the test has seen it."""
        text = UNSURE.model_dump_json()
        half = text.index('"missing"')
        await exchange.open_stream()
        await exchange.delta(content=text[:half])
        await gate.wait()
        await exchange.delta(content=text[half:])
        await exchange.finish()

    async def unsure(exchange: Exchange) -> None:
        await exchange.say(UNSURE.model_dump_json())

    async def fine(exchange: Exchange) -> None:
        await exchange.say(FINE.model_dump_json())

    async with running(slowly, unsure, fine) as server:
        words = ["-m", "tai", "-p", str(sshd.port), "--ignore-ssh-config", "-l", sshd.user]
        words += ["--model-url", f"{server.url}/v1", "--model", "m"]
        environment = {name: value for name, value in tai.environment.items() if name != "NO_COLOR"}
        loop = asyncio.get_running_loop()
        done: list[str] = []

        def talk(seen_draft: Callable[[], object]) -> None:
            with Terminal(words, columns=110, rows=50, environment=environment) as terminal:
                terminal.expect_prompt()
                terminal.send(f"/host {sshd.address}\r")
                terminal.expect("The host is")
                terminal.expect_prompt()
                terminal.send("something is slow on this box\r")
                terminal.expect("nothing of it is checked yet")
                terminal.expect("cause    It does not show yet.")
                seen_draft()
                terminal.expect("/next 1")
                terminal.expect_prompt()
                assert "nothing of it is checked yet" not in terminal.everything
                terminal.send("It is not DNS, we checked.\r")
                terminal.expect("(rules out: dns)")
                terminal.expect("answered by vllm m", times=2)
                terminal.expect_prompt()
                terminal.send("/context\r")
                terminal.expect("Facts that you have stated")
                terminal.expect_prompt()
                terminal.send("/auto 2\r")
                terminal.expect("round 1 of 2  by itself: df -i -- /")
                terminal.expect("All is in order after all.")
                terminal.expect_prompt()
                done.append(terminal.everything)
                terminal.send("\x04")
                assert terminal.exit_status() == 0

        await asyncio.to_thread(talk, lambda: loop.call_soon_threadsafe(gate.set))
    assert "HEALTHY" in done[0]
    first, second, third = (exchange.json["messages"] for exchange in server.asked)
    assert second[: len(first)] == first
    assert third[: len(second)] == second
    for later in (second, third):
        assert "- It is not DNS, we checked\n" in later[-1]["content"]
    assert "df -i -- /" in third[-1]["content"]
