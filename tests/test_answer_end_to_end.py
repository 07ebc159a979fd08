"""`tai` as a user runs it, with a scripted model server: rounds by itself, samples, corrections and drafts, all visible."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

from tai import resources
from tai.answer import Answer, SaidCheck, SaidClaim, SaidQuote
from tai.engine.prompt import load_templates
from tests.llm.server import Exchange, ModelServer, event, running
from tests.run_tai import Tai, events, of_kind, tai
from tests.sshd import Sshd, client_home, sshd, sshd_factory

__all__ = ["client_home", "sshd", "sshd_factory", "tai"]

TABLE = "Filesystem     Type  Size  Used Avail Use% Mounted on\n/dev/vda1 ext4 20G 7.1G 12G 38% /\n/dev/vdb1 ext4 2.0G 2.0G 0 100% /srv/data\n"
FULL = TABLE.splitlines()[2]


def saying(*answers: Answer) -> Any:
    """A script that streams the answers as choices, as many as were asked for."""

    async def script(exchange: Exchange) -> None:
        wanted = answers[: exchange.json.get("n", 1)]
        await exchange.open_stream()
        for index, answer in enumerate(wanted):
            text = answer.model_dump_json()
            for start in range(0, len(text), 200):
                piece = {"index": index, "delta": {"content": text[start : start + 200]}}
                await exchange.chunk(event({"choices": [piece]}))
            await exchange.chunk(event({"choices": [{"index": index, "delta": {}, "finish_reason": "stop"}]}))
        await exchange.chunk(b"data: [DONE]\n\n")
        await exchange.raw(b"0\r\n\r\n")

    return script


async def run(tai: Tai, server: ModelServer, *words: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *tai.words(*words, "--model-url", f"{server.url}/v1", "--model", "m"),
        env=tai.environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    stdout, stderr = await process.communicate()
    assert b"Traceback" not in stderr
    return process.returncode or 0, stdout.decode(), stderr.decode()


def attached(tai: Tai, tmp_path: Path) -> list[str]:
    (tmp_path / "df.txt").write_text(TABLE)
    ticket = tai.ticket("Uploads to /srv/data fail with an error since this morning.\n")
    return ["diagnose", "--no-host", "--ticket", ticket, "--attach", f"df -hT={tmp_path / 'df.txt'}"]


def naming(evidence: str, line: int, text: str, **more: object) -> Answer:
    claim = SaidClaim(text="It is full.", quotes=(SaidQuote(evidence=evidence, line=line, text=text),))
    said = {"outcome": "root_cause", "cause": "/srv/data is full.", "evidence": [claim], **more}
    return Answer.model_validate(said)


async def test_samples_corrections_labels_and_refusals_are_seen_on_the_screen(
    tai: Tai, tmp_path: Path
) -> None:
    answer = naming(
        "E7",
        9,
        FULL,
        actions=["Look at `df -h`.", "`rm -rf /srv/data/old`, see https://evil.example/x"],
        next_checks=[SaidCheck(argv=("rm", "-rf", "/")), SaidCheck(argv=("du", "-sh", "/srv/data"))],
    )
    other = Answer(outcome="healthy", cause="All is well.")
    async with running(saying(answer, other, answer)) as server:
        status, out, err = await run(tai, server, *attached(tai, tmp_path), "--samples", "3", "-v")
    assert status == 0, err
    assert server.asked[0].json["n"] == 3
    assert f"E1:3  {FULL}  [corrected: the engine named E7:9, which does not hold it]" in out
    assert "2 of 3 sampled answers name the same cause" in out
    assert re.search(r"^ 1\. Look at", out, re.MULTILINE)
    assert re.search(r"^ 2\. \[destroys\] `rm -rf /srv/data/old`, see https\[:\]//evil", out, re.MULTILINE)
    assert "not offered: rm -rf /: " in out
    assert re.search(r"^ 1\. du .* /srv/data  \(asks you first\)$", out, re.MULTILINE)
    assert "nothing of it is checked yet" in err
    assert "  cause    /srv/data is full." in err


async def test_the_same_is_in_the_events(tai: Tai, tmp_path: Path) -> None:
    async with running(
        saying(naming("E1", 3, FULL.replace("ext4", "exf4")), naming("E1", 3, FULL))
    ) as server:
        status, out, err = await run(tai, server, *attached(tai, tmp_path), "--samples", "2", "--json")
    assert status == 4, err
    stream = events(out)
    said = "".join(each["text"] for each in of_kind(stream, "answer_delta"))
    assert json.loads(said)["outcome"] == "root_cause"
    diagnosis = of_kind(stream, "diagnosed")[-1]["diagnosis"]
    assert diagnosis["outcome"] == "inconclusive", "a name misspelled is another name"
    assert diagnosis["unverified"]
    assert of_kind(stream, "prompt_made")[0]["templates_sha256"] == diagnosis["templates_sha256"]


async def test_rounds_by_itself_run_on_the_real_host_and_end_with_the_cause(tai: Tai, sshd: Sshd) -> None:
    unsure = Answer(
        outcome="inconclusive",
        cause="Not yet.",
        next_checks=(
            SaidCheck(argv=("df", "-i", "/"), why="inodes?"),
            SaidCheck(argv=("ping", "-c", "1", "127.0.0.9"), why="never by itself"),
        ),
    )
    async with running(saying(unsure), saying(Answer(outcome="healthy", cause="It is fine."))) as server:
        words = ["diagnose", *tai.at(sshd), "--ticket", tai.ticket(), "--auto", "3", "--json"]
        status, out, err = await run(tai, server, *words)
    assert status == 0, err
    stream = events(out)
    (began,) = of_kind(stream, "round_started")
    assert [check["argv"] for check in began["checks"]] == [["df", "-i", "--", "/"]]
    later = [each for each in of_kind(stream, "command_sent") if each["seq"] > began["seq"] and each["n"]]
    assert [each["argv"] for each in later] == [["df", "-i", "--", "/"]]
    first, second = (exchange.json["messages"] for exchange in server.asked)
    assert second[: len(first)] == first
    assert "df -i -- /" in second[-1]["content"]
    assert of_kind(stream, "diagnosed")[-1]["diagnosis"]["outcome"] == "healthy"


def test_a_users_own_template_is_used_and_shows_in_the_digest(tai: Tai, tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    folder.mkdir()
    (folder / "system.j2").write_text("Answer in the house style of ops.\n")
    config = tmp_path / "config.toml"
    config.write_text(f'prompts_dir = "{folder}"\n')
    shown = tai(*attached(tai, tmp_path), "--show-prompt", "--config", str(config))
    assert shown.stdout.startswith("[system]\nAnswer in the house style of ops.\n[user]\n")
    (made,) = [
        json.loads(line) for line in tai.records[0].read_text().splitlines() if '"prompt_made"' in line
    ]
    own = load_templates([resources.folder("prompts"), folder])
    assert made["templates_sha256"] == own.sha256 != load_templates([resources.folder("prompts")]).sha256
