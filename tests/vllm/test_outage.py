"""A real vLLM that dies in the middle of an answer, is gone, and comes back on the same port: tai answers each time."""

from __future__ import annotations

import re

import pytest

from tests.run_tai import Tai, events, of_kind, tai
from tests.sshd import client_home
from tests.vllm.incident import answer_in, asked, diagnosis_of, running, until, written_by_the_model
from tests.vllm.served import Served

__all__ = ["client_home", "tai"]

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(600)]


def test_server_killed_in_mid_answer_is_told_then_gone_then_used_again(served: Served, tai: Tai) -> None:
    with running(tai, asked(tai, served.url, "--json")) as process:
        begun = until(process, "answer_delta")
        served.kill()
        try:
            rest, talk = process.communicate(timeout=30)
            stream = events("".join(begun) + rest)
            diagnosis = diagnosis_of(stream)
            assert process.returncode == 0, talk
            assert (diagnosis["engine"], diagnosis["outcome"]) == ("deterministic", "root_cause")
            # How the socket ends is the kernel's choice; that it did is tai's to say.
            assert re.search(r"model server at http\S+ (broke|ended the stream)", diagnosis["degraded"])
            assert diagnosis["said"], "what the model did say is kept"
            assert of_kind(stream, "engine_failed")[0]["reason"] == diagnosis["degraded"]

            gone = tai(*asked(tai, served.url))
            assert gone.returncode == 0
            assert "cannot be reached" in gone.stdout
            assert "deterministic" in gone.stdout
        finally:
            served.start()

    back = events(tai(*asked(tai, served.url, "--json")).stdout)
    assert (diagnosis_of(back)["engine"], diagnosis_of(back)["degraded"]) == ("vllm", "")
    answer_in(written_by_the_model(back))
