"""A `vllm serve` as a process of ours: started on a free loopback port, waited for, killed, stopped with all that it started."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_STOP_S = 20.0


class ServerProcess:
    """words: the command, without address and port; log: where it writes; ready_s: the longest that it may take to be ready.

    url: with `/v1`. It keeps its port when it is started again.
    """

    def __init__(
        self, words: Sequence[str], log: Path, environment: Mapping[str, str], ready_s: float
    ) -> None:
        port = free_port()
        self.root = f"http://127.0.0.1:{port}"
        self.url = f"{self.root}/v1"
        # When who started it is killed, the server is told to stop.
        leash = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        self._words = [*leash, *words, "--host", "127.0.0.1", "--port", str(port)]
        self._log = log
        self._environment = environment
        self._ready_s = ready_s
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return when it is ready to answer; RuntimeError with the end of its log when it will not be."""
        with self._log.open("ab") as out:
            # A process group of its own: it ends with all that it started.
            self._process = process = subprocess.Popen(
                self._words,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=self._environment,
                start_new_session=True,
            )
        until = time.monotonic() + self._ready_s
        while time.monotonic() < until:
            if process.poll() is not None:
                raise RuntimeError(f"vllm serve ended with {process.returncode}: {self._tail()}")
            try:
                urllib.request.urlopen(self.root + "/health", timeout=2).close()
            except (urllib.error.URLError, OSError):
                time.sleep(0.5)
            else:
                return
        raise RuntimeError(f"vllm serve was not ready within {self._ready_s:g} s: {self._tail()}")

    def kill(self) -> None:
        """As a crash: at once, with all that it started."""
        if self._process:
            _signal(self._process, signal.SIGKILL)
            self._process.wait()

    def stop(self) -> None:
        """As a person would stop it; what is left of its process group then is killed."""
        if self._process:
            _signal(self._process, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_S)
        self.kill()

    def _tail(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]


def free_port() -> int:
    """A TCP port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
