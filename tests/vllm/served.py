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
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.vllm.server_process import ServerProcess

ROOT = Path(__file__).resolve().parents[2]
MODEL = "tiny"
WINDOW = 16_384
# Ready in 45 s on two idle cores; a machine that others share takes longer.
_READY_S = 240.0


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
                [str(place / "bin" / "python"), str(script), str(made)], check=True, env=variables(place)
            )
            made.rename(folder)
    return folder


class Served(ServerProcess):
    """The tiny model's server. place: of the environment that it runs in; model: its folder."""

    def __init__(self, folder: Path) -> None:
        """folder: for its log. Makes what it is made of; Unavailable says why that is not to be had."""
        self.place = environment()
        self.model = tiny_model(self.place)
        words = [
            *(str(self.place / "bin" / "vllm"), "serve", str(self.model), "--served-model-name", MODEL),
            *("--enforce-eager", "--max-model-len", str(WINDOW), "--kv-cache-memory-bytes", str(64 * 2**20)),
            *("--enable-prompt-tokens-details", "--structured-outputs-config"),
            '{"backend": "xgrammar", "disable_any_whitespace": true}',
        ]
        cache = {"VLLM_CACHE_ROOT": str(self.place.parent / "vllm-cache")}
        super().__init__(words, folder / "vllm.log", {**variables(self.place), **cache}, _READY_S)

    def metric(self, name: str) -> float:
        """The sum over all labels of one value in /metrics."""
        with urllib.request.urlopen(self.root + "/metrics", timeout=10) as answer:
            text = answer.read().decode()
        return sum(float(value) for value in re.findall(rf"(?m)^{re.escape(name)}(?:\{{.*\}})? (\S+)$", text))


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """A server that is ready, ended with the block. folder: for its log. Raises Unavailable."""
    served = Served(folder)
    try:
        served.start()
        yield served
    finally:
        served.stop()


def variables(place: Path) -> dict[str, str]:
    """What the programs of the environment in `place` run with: nothing is fetched, nothing is told to anyone."""
    kept = {name: value for name, value in os.environ.items() if name in {"HOME", "LANG", "TMPDIR"}}
    return {
        **kept,
        "PATH": f"{place / 'bin'}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        # Threads that share so small a matrix out spend their time waiting for each other, most of all on a busy machine.
        "OMP_NUM_THREADS": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    }
