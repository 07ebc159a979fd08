"""A server that crashes, hangs, never comes up or is told to end; with a stand-in. The real one: test_real_server.py."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tai.errors import ModelError
from tai.serving.command import Where
from tai.serving.log import ServerLog, lines, stage
from tai.serving.supervise import Patience, Supervised, Told
from tests.run_tai import Tai, refused, tai
from tests.serving.test_leash import alive, gone
from tests.sshd import client_home

__all__ = ["client_home", "tai"]

STAND_IN = Path(__file__).with_name("stand_in.py")
QUICK = Patience(restarts=2, backoff_s=0.05, look_s=0.05, deaf=2)


class Heard:
    """What the server's keeper tells, as it comes."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self._new: asyncio.Queue[Told] = asyncio.Queue()

    def __call__(self, told: Told) -> None:
        self.told.append(told)
        self._new.put_nowait(told)

    async def until(self, kind: str) -> Told:
        """The next of this kind."""
        while (told := await self._new.get()).kind != kind:
            pass
        return told

    @property
    def kinds(self) -> list[str]:
        return [each.kind for each in self.told if each.kind != "stage"]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[ServerLog]:
    log = ServerLog(tmp_path / "log" / "serve.log")
    yield log
    log.close()


def supervised(way: str, log: ServerLog) -> tuple[Supervised, Heard]:
    heard = Heard()
    socket = log.path.parent / "s"
    command = (sys.executable, str(STAND_IN), "serve", way, "--uds", str(socket))
    return Supervised(command, {}, Where(socket=socket), log, heard, QUICK), heard


async def test_a_server_that_crashes_is_started_again_up_to_the_limit(log: ServerLog) -> None:
    server, heard = supervised("crashes", log)
    with pytest.raises(ModelError, match=r"ended with status 3; that was crash 3 within 10 minutes"):
        await server.run()
    assert heard.kinds == [*["started", "ready", "crashed"] * 2, "started", "ready"]
    first, second = (each.text for each in heard.told if each.kind == "crashed")
    assert first == "the server ended with status 3; again in 0.05 s (1 of 2)"
    assert second.endswith("again in 0.1 s (2 of 2)")


async def test_a_server_that_never_comes_up_is_not_tried_again_and_says_why(log: ServerLog) -> None:
    server, heard = supervised("refuses", log)
    with pytest.raises(ModelError, match="before it was ready") as raised:
        await server.run()
    assert "ValueError: the model is of another world" in str(raised.value)
    assert "all is well" not in str(raised.value)
    assert heard.kinds == ["started"]


async def test_a_server_that_never_gets_ready_is_told_of_and_ended(log: ServerLog) -> None:
    server, heard = supervised("loads", log)
    server = replace(server, patience=replace(QUICK, ready_s=4.0, word_s=0.2))
    with pytest.raises(ModelError, match="was not ready after 4 s and was ended") as raised:
        await server.run()
    assert str(log.path) in str(raised.value)
    assert "--ready-timeout" in str(raised.value)
    waiting = [each.text for each in heard.told if each.kind == "waiting"]
    assert waiting
    assert re.match(r"not ready after \d s; the log's last line: waiting for a disk", waiting[-1])


def test_the_longest_loading_can_be_said(tai: Tai, tmp_path: Path) -> None:
    program = tmp_path / "vllm"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {STAND_IN} "$@"\n')
    program.chmod(0o755)
    words = ("--model", "loads", "--uds", str(tmp_path / "s"), "--ready-timeout", "1")
    done = tai("model", "serve", *words, variables={"TAI_MODEL_SERVER": str(program)})
    refused(done, 3, "was not ready after 1 s", "serve.log")


async def test_a_server_that_answers_no_more_is_started_again(log: ServerLog) -> None:
    server, heard = supervised("hangs", log)
    running = asyncio.create_task(server.run())
    assert (await heard.until("crashed")).text.startswith("the server gave no answer any more")
    os.kill(os.getpid(), signal.SIGTERM)
    await running
    assert gone(family(log.path))


async def test_a_child_that_is_left_is_gone_before_the_next_start(log: ServerLog) -> None:
    server, heard = supervised("steady", log)
    running = asyncio.create_task(server.run())
    await heard.until("ready")
    main, engine = family(log.path)
    os.kill(main, signal.SIGKILL)
    assert "by signal 9" in (await heard.until("crashed")).text
    await heard.until("ready")
    assert not alive(engine)
    os.kill(os.getpid(), signal.SIGTERM)
    await running
    assert heard.kinds[-1] == "stopping"
    assert gone(family(log.path))


def family(log: Path) -> list[int]:
    told = [line for line in log.read_text().splitlines() if line.startswith("family ")]
    return [int(word) for word in told[-1].split()[1:]]


@contextmanager
def serving(tai: Tai, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """`tai model serve` with the stand-in, ready."""
    program = folder / "vllm"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {STAND_IN} "$@"\n')
    program.chmod(0o755)
    words = tai.words("model", "serve", "--model", "steady", "--uds", str(folder / "s"))
    with subprocess.Popen(
        words,
        env={**tai.environment, "TAI_MODEL_SERVER": str(program)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        try:
            assert run.stdout
            assert run.stdout.readline() == f'model_url = "unix:{folder}/s"\n'
            yield run
        finally:
            run.kill()


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_told_to_end_the_server_ends_too(tai: Tai, tmp_path: Path, asked: signal.Signals) -> None:
    with serving(tai, tmp_path) as run:
        started = family(tmp_path / "state" / "model" / "serve.log")
        assert all(map(alive, started))
        run.send_signal(asked)
        assert run.wait(timeout=20) == 0
        assert not any(map(alive, started))
        assert run.stderr
        assert "Traceback" not in run.stderr.read()


def test_killed_without_a_word_it_leaves_nothing(tai: Tai, tmp_path: Path) -> None:
    with serving(tai, tmp_path) as run:
        started = family(tmp_path / "state" / "model" / "serve.log")
        run.kill()
        run.wait()
        assert gone(started)


def test_loading_is_told_in_words() -> None:
    assert stage(
        "(EngineCore) INFO [kv] GPU KV cache size: 197,379 tokens, Maximum concurrency for 8,192 tokens per request: 24.09x"
    ) == ("the KV cache holds 197,379 tokens, 24.09 texts of 8,192")
    assert (
        stage("Loading safetensors checkpoint shards:  50% Completed | 1/2 [00:01<00:01]")
        == "weights: 50 % read"
    )
    assert (
        stage("Model loading took 48.5 GiB memory and 12.3 seconds")
        == "weights are loaded: 48.5 GiB in 12.3 s"
    )
    assert stage("INFO something else") == ""


async def test_a_line_without_end_is_cut_and_a_progress_bar_is_lines() -> None:
    stream = asyncio.StreamReader()
    stream.feed_data(b"one\rtwo\r\n\n" + b"x" * 10_000 + b"\nlast \xff")
    stream.feed_eof()
    got = [line async for line in lines(stream)]
    assert got[:2] == ["one", "two"]
    assert got[-1] == "last \ufffd"
    assert max(map(len, got)) == 4000


def test_the_log_is_bounded_private_and_without_our_own_questions(tmp_path: Path) -> None:
    log = ServerLog(tmp_path / "model" / "serve.log")
    log.take('INFO:     127.0.0.1:1 - "GET /health HTTP/1.1" 200 OK')
    for _ in range(6000):
        log.take("y" * 3999)
    log.close()
    files = sorted((tmp_path / "model").iterdir())
    assert [file.name for file in files] == ["serve.log", "serve.log.1", "serve.log.2", "serve.log.3"]
    assert sum(file.stat().st_size for file in files) <= 20_000_000
    assert (tmp_path / "model").stat().st_mode & 0o077 == 0
    assert "GET /health" not in "".join(file.read_text() for file in files)
