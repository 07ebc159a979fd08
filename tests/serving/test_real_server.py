"""`tai model serve` around a real vLLM: up, engine killed, up again, status, ended; and killed itself. Nothing is left either time.

Run by `make test-vllm`, with the CPU vLLM and the tiny model of `tests.vllm.served`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.run_tai import Tai, refused, tai
from tests.serving.test_leash import alive, gone
from tests.sshd import client_home, free_port
from tests.vllm.served import Unavailable, environment, tiny_model, variables

__all__ = ["client_home", "tai"]

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(600)]
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


@dataclass(frozen=True)
class Real:
    """What runs here. program: `vllm`; model: the folder of the tiny model; variables: for the program."""

    program: Path
    model: Path
    variables: Mapping[str, str]


@pytest.fixture(scope="module")
def real() -> Real:
    try:
        place = environment()
    except Unavailable as reason:
        pytest.skip(str(reason))
    return Real(place / "bin" / "vllm", tiny_model(place), variables(place))


@contextmanager
def serving(tai: Tai, real: Real, *where: str) -> Iterator[subprocess.Popen[str]]:
    """The server, ready: its setting was printed. It is ended if the test did not."""
    words = tai.words("model", "serve", "--model", str(real.model), "--context", "8192", *where, "--", *SMALL)
    environment = {
        **real.variables,
        **tai.environment,
        "TAI_MODEL_SERVER": str(real.program),
        "VLLM_CACHE_ROOT": str(tai.folder / "vllm"),
    }
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


def test_the_engine_is_killed_and_comes_again_and_all_ends_when_told(tai: Tai, real: Real) -> None:
    socket = tai.folder / "v.sock"
    with serving(tai, real, "--uds", str(socket)) as run:
        url = f"unix:{socket}"
        first = descendants(run.pid)
        (engine,) = (process for process, name in first.items() if name.startswith("VLLM::EngineCor"))
        told = json.loads(tai("model", "status", "--model-url", url, "--json").stdout)
        assert told["reachable"]
        assert told["models"] == [{"name": real.model.name, "window": 8192}]
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


def test_killed_without_a_word_the_real_server_goes_too(tai: Tai, real: Real) -> None:
    port = str(free_port())
    with serving(tai, real, "--port", port) as run:
        again = tai(
            "model", "serve", "--model", str(real.model), "--port", port, "--config", server_config(tai, real)
        )
        refused(again, 2, f"Port {port} on 127.0.0.1 is taken by process")
        started = descendants(run.pid)
        assert len(started) >= 3
        run.kill()
        run.wait()
        assert gone(list(started), within_s=40)


def server_config(tai: Tai, real: Real) -> str:
    file = tai.folder / "config.toml"
    file.write_text(f'model_server = "{real.program}"\n')
    return str(file)
