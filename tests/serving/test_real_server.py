"""`tai model serve` around a real vLLM: up, engine killed, up again, status, ended; and killed itself. Nothing is left either time.

TAI_TEST_VLLM names a vllm program that runs here, TAI_TEST_MODEL a folder with a tiny model; without them there is nothing real
to test with.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.run_tai import Tai, refused, tai
from tests.serving.test_leash import alive, gone
from tests.sshd import client_home, free_port

__all__ = ["client_home", "tai"]

VLLM, MODEL = (os.environ.get(name, "") for name in ("TAI_TEST_VLLM", "TAI_TEST_MODEL"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        not (VLLM and MODEL), reason="TAI_TEST_VLLM and TAI_TEST_MODEL name no vLLM and model"
    ),
]
# A second of tokens, and no memory to speak of.
SMALL = ("--enforce-eager", "--kv-cache-memory-bytes", str(2**26))


def descendants(process: int) -> dict[int, str]:
    """All processes below this one, with their names."""
    parents: dict[int, tuple[int, str]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
        except OSError:
            continue
        parents[int(folder.name)] = (int(rest.split()[1]), name)
    found: dict[int, str] = {}
    below = [process]
    while below:
        children = {child: name for child, (parent, name) in parents.items() if parent in below}
        found |= children
        below = list(children)
    return found


@contextmanager
def serving(tai: Tai, *where: str) -> Iterator[subprocess.Popen[str]]:
    """The server, ready: its setting was printed. It is ended if the test did not."""
    words = tai.words("model", "serve", "--model", MODEL, "--context", "8192", *where, "--", *SMALL)
    environment = {**tai.environment, "TAI_MODEL_SERVER": VLLM, "VLLM_CACHE_ROOT": str(tai.folder / "vllm")}
    errors = tai.folder / "talk"
    with (
        errors.open("w") as talk,
        subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=talk, text=True) as run,
    ):
        try:
            assert run.stdout
            assert run.stdout.readline().startswith("model_url = "), errors.read_text()
            yield run
        finally:
            if run.poll() is None:
                run.terminate()
                run.wait(timeout=40)


def test_the_engine_is_killed_and_comes_again_and_all_ends_when_told(tai: Tai) -> None:
    socket = tai.folder / "v.sock"
    with serving(tai, "--uds", str(socket)) as run:
        url = f"unix:{socket}"
        first = descendants(run.pid)
        (engine,) = (process for process, name in first.items() if name.startswith("VLLM::EngineCor"))
        told = json.loads(tai("model", "status", "--model-url", url, "--json").stdout)
        assert told["reachable"]
        assert told["models"] == [{"name": Path(MODEL).resolve().name, "window": 8192}]
        assert told["exact_counts"]
        assert (told["load"]["running"], told["load"]["waiting"]) == (0, 0)
        os.kill(engine, signal.SIGKILL)
        assert run.stdout
        assert run.stdout.readline() == f'model_url = "{url}"\n'
        assert not any(map(alive, first))
        assert tai("model", "status", "--model-url", url).returncode == 0
        second = descendants(run.pid)
        assert any(name.startswith("VLLM::EngineCor") for name in second.values())
        run.send_signal(signal.SIGTERM)
        assert run.wait(timeout=40) == 0
        assert not any(map(alive, second))
        assert tai("model", "status", "--model-url", url).returncode == 3
    talk = (tai.folder / "talk").read_text()
    assert "(1 of 3)" in talk
    assert "weights: 100 % read" in talk
    assert "the KV cache holds" in talk


def test_killed_without_a_word_the_real_server_goes_too(tai: Tai) -> None:
    port = str(free_port())
    with serving(tai, "--port", port) as run:
        again = tai("model", "serve", "--model", MODEL, "--port", port, "--config", server_config(tai))
        refused(again, 2, f"Port {port} on 127.0.0.1 is taken by process")
        started = descendants(run.pid)
        assert len(started) >= 3
        run.kill()
        run.wait()
        assert gone(list(started), within_s=40)


def server_config(tai: Tai) -> str:
    file = tai.folder / "config.toml"
    file.write_text(f'model_server = "{VLLM}"\n')
    return str(file)
