"""The server that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.vllm.served import Served, Unavailable, serving


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A real vLLM with the tiny model; skips with the reason where this machine cannot have one."""
    try:
        with serving(tmp_path_factory.mktemp("vllm")) as server:
            yield server
    except Unavailable as reason:
        pytest.skip(str(reason))
