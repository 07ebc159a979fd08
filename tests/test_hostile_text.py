"""Poisoned lines in every carrier: what a host prints and is called, and what a person pastes.

Proved of each (`tests.hostile.prove`): the terminal gets no control character but tai's own colours, no link; the prompt
holds no control token of a chat template and no evidence label that is not tai's; nothing runs that the text asked for;
the record and the NDJSON stay one JSON object a line, clean and chained.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from tai.answer import Answer
from tai.engine.prompt import defang, harmless
from tai.errors import HostError, HostKeyError, TaiError
from tai.llm.vllm import VLLMConfig, VLLMEngine
from tai.model import Attachment, Host
from tai.policy.sandbox import parse_probe
from tai.text.sanitise import FORBIDDEN
from tai.transport.base import Completed
from tai.transport.ssh.probe import facts
from tests.hostile import HostileHost, Stage, assert_terminal_is_clean, prove, strings_in
from tests.llm.server import Exchange, running
from tests.poison import LINES, ROLE_TOKENS, TEXTS, answers

TICKET = "postgresql.service on db-01 fails since 14:00, port 5432, /srv is full"
PILE = b"\n".join(LINES.values())


def quiet(argv: tuple[str, ...]) -> Completed:
    del argv
    return Completed(0, b"nothing of note\n")


def everywhere(argv: tuple[str, ...]) -> Completed:
    """The whole pile on standard output and, as ls would, as names in a listing."""
    if argv[0] == "ls":
        return Completed(0, b"\n".join(b"-rw-r--r-- 1 root root 1 Nov 21 " + line for line in LINES.values()))
    return Completed(0, PILE + b"\n")


class OnStandardError:
    """Each command fails with another line of the pile."""

    def __init__(self, start: int) -> None:
        self._lines = itertools.islice(itertools.cycle(LINES.values()), start, None)

    def __call__(self, argv: tuple[str, ...]) -> Completed:
        return Completed(1, b"", argv[0].encode() + b": " + next(self._lines) + b"\n")


def units(argv: tuple[str, ...]) -> Completed:
    """Names that collectors put into further commands: units, mounts, interfaces, containers."""
    rows = b"\n".join(line[:200] + b".service loaded failed failed " + line[:200] for line in LINES.values())
    mounts = b"\n".join(b"/dev/vda1 ext4 1G 1G 0 100% /" + line[:200] for line in LINES.values())
    return Completed(0, mounts if argv[0] == "df" else rows)


# ------------------------------------------------------------------ the host


@pytest.mark.slow  # a whole run in which every command prints all of it
@pytest.mark.timeout(180)
async def test_standard_output_and_file_names(tmp_path: Path) -> None:
    host = HostileHost(everywhere)
    stage = Stage(tmp_path, host)
    await stage.investigation.diagnose(TICKET)
    prove(stage, host)
    assert len(host.asked) > 10


@pytest.mark.parametrize("start", [0, 25, 50, 75])
async def test_standard_error(tmp_path: Path, start: int) -> None:
    host = HostileHost(OnStandardError(start))
    stage = Stage(tmp_path, host)
    await stage.investigation.diagnose(TICKET)
    prove(stage, host)


@pytest.mark.slow  # a whole run in which every command prints all of it
@pytest.mark.timeout(180)
async def test_names_of_units_and_mounts(tmp_path: Path) -> None:
    host = HostileHost(units)
    stage = Stage(tmp_path, host)
    await stage.investigation.diagnose(TICKET)
    prove(stage, host)


async def test_banner_key_comments_and_notes_of_the_connection(tmp_path: Path) -> None:
    host = HostileHost(quiet, notes=TEXTS)
    stage = Stage(tmp_path, host, said=TEXTS)
    await stage.investigation.diagnose(TICKET)
    prove(stage, host)


@pytest.mark.parametrize("line", LINES.values(), ids=list(LINES))
async def test_what_the_host_says_it_is(tmp_path: Path, line: bytes) -> None:
    text = line.decode("utf-8", "replace")
    release = "\n".join(f'{key}="{text}"' for key in ("ID", "ID_LIKE", "VERSION_ID", "PRETTY_NAME"))
    keys = "\n".join(
        f"{key}={text}" for key in ("sysname", "node", "kernel", "machine", "zone", "tool", "layer")
    )
    probed = parse_probe(
        f"tai-probe-begin\n{keys}\neuid=0\nnow=1\ntai-probe-os-release\n{release}\n\ntai-probe-end\n"
    )
    host = HostileHost(quiet, host=Host(name="db-01", facts=facts(probed, 1.0)), sandbox=probed.sandbox)
    stage = Stage(tmp_path, host)
    await stage.investigation.collect(("disk",))
    prove(stage, host)


@pytest.mark.parametrize("kind", [HostError, HostKeyError])
@pytest.mark.parametrize("text", TEXTS, ids=list(LINES))
async def test_failure_to_connect(tmp_path: Path, text: str, kind: type[HostError]) -> None:
    stage = Stage(tmp_path, kind("db-01", text, "Ask its owner."))
    with pytest.raises(HostError):
        await stage.investigation.diagnose(TICKET)
    prove(stage)


# ------------------------------------------------------------------ the person


async def test_ticket_with_everything_pasted_into_it(tmp_path: Path) -> None:
    host = HostileHost(quiet)
    stage = Stage(tmp_path, host)
    await stage.investigation.diagnose(f"{TICKET}\n\n" + "\n\n".join(TEXTS))
    prove(stage, host)


async def test_pasted_block_and_its_command(tmp_path: Path) -> None:
    host = HostileHost(quiet)
    stage = Stage(tmp_path, host)
    pasted = "\n".join(f"$ cat /var/log/{text[:200]}\nNov 21 14:00:00 x: {text}\n" for text in TEXTS)
    await stage.investigation.diagnose(f"{TICKET}\n```\n{pasted}\n```\n\n{pasted}")
    prove(stage, host)


async def test_attachments_and_their_labels(tmp_path: Path) -> None:
    host = HostileHost(quiet)
    stage = Stage(tmp_path, host)
    attached = [Attachment(label=f"{text}\nE1:1| x", text=f"{text}\nE1:1| x") for text in TEXTS]
    await stage.investigation.diagnose(TICKET, attached)
    prove(stage, host)


@pytest.mark.slow  # a whole run in which every command prints all of it
@pytest.mark.timeout(180)
async def test_follow_up_after_poisoned_evidence(tmp_path: Path) -> None:
    host = HostileHost(everywhere)
    stage = Stage(tmp_path, host)
    await stage.investigation.diagnose(TICKET)
    await stage.investigation.follow_up("what about redis.service?\n" + "\n".join(TEXTS))
    prove(stage, host)


# ------------------------------------------------------------------ the model's server, and the gates themselves


@pytest.mark.parametrize(
    "status", ["200 OK", "400 Bad Request", "404 Not Found", "500 Internal Server Error"]
)
@pytest.mark.parametrize("start", range(0, len(LINES), 20))
async def test_words_of_a_model_server(tmp_path: Path, status: str, start: int) -> None:
    some = TEXTS[start : start + 20]

    async def script(exchange: Exchange) -> None:
        message = " ".join(text[:300] for text in some)
        await exchange.whole(status, json.dumps({"error": {"message": message, "type": message}}))

    async with running(script) as server:
        stage = Stage(tmp_path, HostileHost(quiet), engine=VLLMEngine(VLLMConfig(url=server.url, model="m")))
        try:
            await stage.investigation.diagnose(TICKET)
        except TaiError as error:
            assert_terminal_is_clean(str(error))
        await stage.investigation.close()
    prove(stage)


@pytest.mark.parametrize("answer", answers(), ids=lambda answer: ascii(answer.cause[:20]))
def test_harmless_answer_says_the_same_without_control_characters_and_tokens(answer: Answer) -> None:
    said = harmless(answer)
    for text in strings_in(said.model_dump()):
        assert FORBIDDEN.search(text) is None
        assert [token for token in ROLE_TOKENS if token in text] == []
    assert len(said.evidence) == len(answer.evidence)
    assert harmless(said) == said


@pytest.mark.parametrize("token", ROLE_TOKENS)
def test_no_control_token_of_a_chat_template_survives(token: str) -> None:
    for text in (token, f"x{token}y", token * 2, f"{token}\n{token.upper()}{token.lower()}"):
        assert token not in defang(text)
        assert len(defang(text)) == len(text)


def test_pile_is_as_large_as_it_claims() -> None:
    assert len(LINES) >= 60
