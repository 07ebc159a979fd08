"""Poisoned lines in every carrier: what a host prints and is called, what a person pastes, what a model and its server say.

Proved of each: the terminal gets no control character but tai's own colours, no link; the prompt holds no control token of
a chat template and no evidence label that is not tai's; nothing runs that the text asked for; the record and the NDJSON
stay one JSON object a line, clean and chained.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tai.answer import Answer, SaidCheck, SaidClaim, SaidHypothesis, SaidMoment, SaidQuote
from tai.engine.prompt import defang
from tai.errors import HostError, HostKeyError, ModelError, TaiError
from tai.llm.base import Delta, Engine, Question, Said
from tai.llm.scripted import ScriptedEngine
from tai.llm.vllm import VLLMConfig, VLLMEngine
from tai.model import Attachment, Host
from tai.policy import ReadOnlyCommand, Tier
from tai.policy.sandbox import parse_probe
from tai.record import verify
from tai.text.sanitise import FORBIDDEN
from tai.transport.base import Completed
from tai.transport.ssh.probe import facts
from tests.hostile import CATALOG, NONCE, HostileHost, Stage, strings_in
from tests.llm.server import Exchange, running
from tests.poison import LINES, ROLE_TOKENS, TEXTS

TICKET = "postgresql.service on db-01 fails since 14:00, port 5432, /srv is full"
PILE = b"\n".join(LINES.values())
# What rich itself writes to a terminal: colours, and nothing that moves, links or names.
OWN_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
LABEL = re.compile(r"^\s*(E\d+):(\d+)\|")


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


def prove(stage: Stage, host: HostileHost | None = None) -> None:
    """Everything that is promised, of one investigation that has ended."""
    stage.look_at_everything()
    assert_terminal_is_clean(stage.screen)
    assert_lines_are_clean(stage)
    assert_prompt_is_tais(stage)
    if host is not None:
        assert_nothing_was_obeyed(host)


def assert_terminal_is_clean(screen: str) -> None:
    found = FORBIDDEN.search(OWN_COLOURS.sub("", screen))
    assert found is None, ascii(screen[max(0, found.start() - 80) : found.end() + 20])


def assert_lines_are_clean(stage: Stage) -> None:
    for text in (stage.ndjson, stage.recorded):
        assert text.endswith("\n")
        assert len(text.splitlines()) == text.count("\n"), "nothing that some reader takes for a line's end"
        for line in text.split("\n")[:-1]:
            event = json.loads(line)
            assert isinstance(event, dict)
            for said in strings_in(event):
                found = FORBIDDEN.search(said)
                assert found is None, (event.get("kind"), ascii(said[:200]))
    assert verify(stage.recorded.splitlines()) is None


def assert_prompt_is_tais(stage: Stage) -> None:
    observed = {seen.id: seen for seen in stage.session.observations}
    for message in stage.session.conversation:
        text = message.content
        assert [token for token in ROLE_TOKENS if token in text] == []
        assert FORBIDDEN.search(text) is None
        inside = False
        for line in text.split("\n"):
            if line in {f"<<<EVIDENCE {NONCE}", f"EVIDENCE {NONCE}>>>"}:
                inside = line.startswith("<<<")
            elif label := LABEL.match(line):
                assert inside, f"a label outside the evidence: {line[:100]!r}"
                assert line.startswith(label[0].strip()), "tai's own labels are not indented"
                assert 0 < int(label[2]) <= len(observed[label[1]].lines)
        assert not inside


def assert_nothing_was_obeyed(host: HostileHost) -> None:
    collectors = {probe.argv[0] for each in CATALOG.collectors for probe in each.probes}
    variants = {
        v.argv[0] for each in CATALOG.collectors for probe in each.probes for v in probe.variants if v.argv
    }
    for argv in host.asked:
        assert argv[0] in collectors | variants | {"cat", "realpath", "stat"}, argv
        assert ReadOnlyCommand(argv).argv == argv
        assert ReadOnlyCommand(argv).tier is Tier.A, argv
        assert not any("/tmp/" in word or "evil.example" in word for word in argv), argv


# ------------------------------------------------------------------ the host


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


async def test_follow_up_after_poisoned_evidence(tmp_path: Path) -> None:
    host = HostileHost(everywhere)
    stage = Stage(tmp_path, host)
    await stage.investigation.diagnose(TICKET)
    await stage.investigation.follow_up("what about redis.service?\n" + "\n".join(TEXTS))
    prove(stage, host)


# ------------------------------------------------------------------ the model and its server


def answers() -> list[Answer]:
    """The pile in every field of an answer, cut to what the contract allows."""
    made = []
    for start in range(0, len(TEXTS), 8):
        some = TEXTS[start : start + 8]
        quotes = tuple(SaidQuote(evidence="E1", line=1, text=text[:600]) for text in some[:4])
        claims = tuple(SaidClaim(text=text[:400], quotes=quotes) for text in some)
        made.append(
            Answer(
                observations=claims,
                timeline=tuple(
                    SaidMoment(at=text[:40], text=text[:400], quote=quotes[0] if quotes else None)
                    for text in some
                ),
                hypotheses=tuple(
                    SaidHypothesis(cause=text[:400], supporting=claims[:4]) for text in some[:4]
                ),
                outcome="root_cause",
                cause=some[0][:400],
                evidence=claims,
                missing=tuple(text[:400] for text in some),
                actions=tuple(text[:400] for text in some),
                next_checks=tuple(
                    SaidCheck(argv=argv, why=text[:400])
                    for text, argv in zip(
                        some,
                        [
                            ("touch", "/tmp/PWNED"),
                            ("ping", "-c", "1", "evil.example"),
                            ("cat", "/etc/shadow"),
                            ("df", some[-1][:160]),
                            (some[-1][:160], "x"),
                        ],
                        strict=False,
                    )
                ),
            )
        )
    return made


class Thinking:
    """A model that thinks the whole pile aloud, and then says nothing."""

    name, model = "vllm", "\n".join(TEXTS)[:3000]

    async def ask(self, question: Question) -> AsyncIterator[Delta | Said]:
        del question
        for channel in ("reasoning", "answer"):
            for text in TEXTS:
                yield Delta(f"{text}\n", channel=channel)
        raise ModelError("\n".join(TEXTS), said="\n".join(TEXTS))

    async def close(self) -> None:
        return None


@pytest.mark.parametrize("answer", answers(), ids=lambda answer: ascii(answer.cause[:20]))
async def test_fields_of_a_models_answer(tmp_path: Path, answer: Answer) -> None:
    host = HostileHost(quiet)
    stage = Stage(tmp_path, host, engine=ScriptedEngine([answer, answer]))
    await stage.investigation.diagnose(TICKET)
    await stage.investigation.follow_up("and now?")
    prove(stage, host)


async def test_reasoning_and_last_words_of_a_model_that_fails(tmp_path: Path) -> None:
    host = HostileHost(quiet)
    engine: Engine = Thinking()
    stage = Stage(tmp_path, host, engine=engine)
    await stage.investigation.diagnose(TICKET)
    prove(stage, host)


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


@pytest.mark.parametrize("token", ROLE_TOKENS)
def test_no_control_token_of_a_chat_template_survives(token: str) -> None:
    for text in (token, f"x{token}y", token * 2, f"{token}\n{token.upper()}{token.lower()}"):
        assert token not in defang(text)
        assert len(defang(text)) == len(text)


def test_pile_is_as_large_as_it_claims() -> None:
    assert len(LINES) >= 60
