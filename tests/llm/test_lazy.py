"""The HTTP client is loaded when a model is asked, not before."""

from __future__ import annotations

import subprocess
import sys


def test_importing_the_engine_does_not_import_httpx() -> None:
    code = "import sys, tai.llm.vllm; print(*sorted({'httpx', 'httpx_sse', 'httpcore', 'ssl'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() in {"", "ssl"}  # asyncio brings ssl
