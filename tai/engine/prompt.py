"""Renders `prompts/*.j2` into chat messages. Host text goes in fenced, numbered and defanged; never as instructions.

Not a decision about what to show: that is `tai.engine.condense`. The same evidence and the same nonce give the same
bytes. The long, unchanging part (system, ticket, evidence) comes first, so that a server's prefix cache serves
follow-ups, which are only ever appended.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from tai.answer import Answer, SaidQuote, SaidValue
from tai.engine.condense import Condensed
from tai.errors import ConfigError
from tai.llm.base import Message, Wording
from tai.llm.schema import schema_text
from tai.model import Finding, Observation, Ticket
from tai.text import sanitise
from tai.text.links import defuse
from tai.ticket.pasted import split_pasted

if TYPE_CHECKING:
    from jinja2 import Environment

NAMES = (
    "system.j2",
    "evidence.j2",
    "diagnose.j2",
    "follow_up.j2",
    "repair.j2",
    "schema.j2",
    "think.j2",
    "decide.j2",
)

# Tokens by which chat templates mark turns, roles and tools: Gemma, Llama, Mistral, ChatML and Qwen, DeepSeek (whose bar is
# U+FF5C), Cohere, Harmony, GLM and others, from their tokenizers' files. In host text they are data, so they are spelled
# with other brackets; `defang` is also applied before a quote is matched, so a faithful quote still fits.
_ROLE = re.compile(
    r"""(?x)<(?=[|\uff5c] | /?(?:
        s | bos | eos | pad | unk | cls | sep | mask | sys | sop | eop | eod | eot | eom | turn | start_of_\w+ | end_of_\w+
      | system | user | assistant | human | bot | model | developer | observation | channel | think\w* | tool\w* | function\w*
      | image\w* | img\w* | audio\w* | video\w* | unused_?\d+ | reserved\w* | extra_id\w* | special_\w+ | tokens_unused\w*
      | fim_\w+ | file_sep | repo_name | arg_key | arg_value | seed:\w+ | \w+_token
    )\b)""",
    re.IGNORECASE,
)
_PIPE_END = re.compile(r"([|\uff5c])>")
_BRACKET = re.compile(
    r"\[(?=\||/?(?:INST|SYS(?:TEM_PROMPT)?|TOOL_\w+|AVAILABLE_TOOLS|THINK|IMG\w*|(?:BEGIN_)?AUDIO|PREFIX|MIDDLE|SUFFIX|ARGS|CALL_ID"
    r"|MODEL_SETTINGS|[gs]?MASK|CLS|SEP|PAD|UNK|BOS|EOS)\])"
)
# tai's own mark of a line of evidence, where prose begins a line with it.
_LABEL = re.compile(r"(?m)^(\s*E\d+:\d+)\|")
# tai's own fences, whatever nonce a text has guessed or seen.
_FENCE = re.compile(
    r"<<<(?=\s*(?:EVIDENCE|TICKET|MESSAGE|FACTS)\b)|(?<=\w)>>>|(?<=\w[ \t])>>>", re.IGNORECASE
)
_MARKS = str.maketrans(
    "<>", "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
)


def defang(text: str) -> str:
    """Host text in which no chat template's control token and no fence of tai's stands. One character for one, so lengths stay."""
    text = _FENCE.sub(lambda mark: mark[0].translate(_MARKS), text)
    text = _ROLE.sub("\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}", text)
    text = _PIPE_END.sub("\\1\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}", text)
    return _BRACKET.sub("\N{LEFT WHITE SQUARE BRACKET}", text)


def line(text: str) -> str:
    """Text of a host as one line of a prompt: nothing in it begins another line, moves a cursor or is a control token."""
    return defang(sanitise(text)).replace("\n", "\\n")


def harmless(answer: Answer) -> Answer:
    """A model's answer as it may be stored, shown and sent back: no control characters, no control tokens, no live links.

    What it quotes of the host was defanged when the model read it, and is again when it is looked up; quotes and command
    lines keep their addresses, since they are compared with something. A string may grow beyond its bound: `\\x1b` stands
    for one character.
    """
    return answer.model_copy(update=_harmless_fields(answer))


def _harmless_fields(said: BaseModel) -> dict[str, object]:
    exact = isinstance(said, SaidQuote | SaidValue)
    return {
        name: _harmless(getattr(said, name), exact=exact or name in {"argv", "probe"})
        for name in type(said).model_fields
    }


def _harmless(value: object, *, exact: bool) -> object:
    match value:
        case str():
            clean = defang(sanitise(value))
            return clean if exact else defuse(clean)
        case tuple():
            return tuple(_harmless(each, exact=exact) for each in value)
        case BaseModel():
            return value.model_copy(update=_harmless_fields(value))
        case _:
            return value


def _prose(text: str) -> str:
    """What a person wrote or pasted, defanged; a line that begins like evidence of tai's has a broken bar there."""
    return _LABEL.sub("\\1\N{BROKEN BAR}", defang(text))


@dataclass(frozen=True, slots=True)
class Templates:
    """The loaded templates. sha256: of their names and texts, recorded with each diagnosis."""

    texts: dict[str, str]
    sha256: str


def load_templates(folders: Sequence[Path]) -> Templates:
    """Read the templates; a file in a later folder replaces the one of the same name. Raises ConfigError."""
    texts: dict[str, str] = {}
    for name in NAMES:
        for folder in folders:
            path = folder / name
            try:
                texts[name] = path.read_text(encoding="utf-8")
            except FileNotFoundError:
                continue
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(path, f"cannot be read: {error}") from None
            _compile(texts[name], path)
        if name not in texts:
            raise ConfigError(folders[0] / name, "this prompt template is missing")
    digest = hashlib.sha256("".join(f"{name}\0{texts[name]}\0" for name in NAMES).encode()).hexdigest()
    return Templates(texts, digest)


def _compile(text: str, path: Path) -> None:
    from jinja2 import TemplateSyntaxError  # noqa: PLC0415 - jinja2 is not needed for --help or the first prompt

    try:
        _environment({}).parse(text)
    except TemplateSyntaxError as error:
        raise ConfigError(path, f"not a valid template: {error.message}", line=error.lineno) from None


def render(
    templates: Templates,
    ticket: Ticket,
    condensed: Condensed,
    findings: Sequence[Finding],
    *,
    further: int = 0,
    nonce: str,
    host: str,
    probes: Sequence[str] = (),
    pinned: Sequence[str] = (),
) -> tuple[Message, ...]:
    """The first question: what is wrong on `host`, '' for none? nonce: random hex of this run, which fences the evidence.

    findings: to name as hints; further: how many more there are that are less likely to be what the ticket is about.
    probes: what a next check may name, `unit-journal(unit)`; the same for every incident, so that it stands first.
    pinned: facts that the person has stated before, about the same ticket on another host.
    """
    gaps = [seen.observation for seen in condensed.sections if not seen.observation.outcome.answered]
    values = {
        "nonce": nonce,
        "probes": probes,
        "pinned": pinned,
        "host": host,
        # What was pasted into it stands among the evidence, condensed and with labels.
        "ticket": _prose(split_pasted(ticket.text)[0]),
        "window": ticket.window,
        "sections": [section for section in condensed.sections if section.lines],
        "empty": [
            s.observation for s in condensed.sections if not s.lines and s.observation.outcome.answered
        ],
        "gaps": gaps,
        "findings": findings,
        "further": further,
    }
    return (
        Message("system", _render(templates, "system.j2", values)),
        Message("user", _render(templates, "diagnose.j2", values)),
    )


def render_follow_up(
    templates: Templates,
    text: str,
    fresh: Sequence[Observation],
    condensed: Condensed | None,
    *,
    nonce: str,
    pinned: Sequence[str] = (),
) -> Message:
    """A later question. text: what the person says, '' after checks that were proposed; fresh: observations made since the
    last one; condensed: their lines; pinned: every fact that the person has stated so far.
    """
    sections = condensed.sections if condensed else ()
    values = {
        "nonce": nonce,
        "text": _prose(split_pasted(text)[0]),
        "pinned": pinned,
        "sections": [section for section in sections if section.lines],
        "empty": [s.observation for s in sections if not s.lines and s.observation.outcome.answered],
        "gaps": [seen for seen in fresh if not seen.outcome.answered],
    }
    return Message("user", _render(templates, "follow_up.j2", values))


def wording(templates: Templates) -> Wording:
    """What an engine may have to add by itself: the schema in words, and the request to repair an answer."""
    return Wording(
        schema=lambda: _render(templates, "schema.j2", {"schema": schema_text()}),
        think=lambda: _render(templates, "think.j2", {}),
        decide=lambda: _render(templates, "decide.j2", {}),
        repair=lambda flaw: _render(templates, "repair.j2", {"flaw": line(flaw)}),
        shown=lambda said: defang(sanitise(said)),
    )


def digest(messages: Sequence[Message]) -> str:
    """SHA-256 of the messages, roles included."""
    return hashlib.sha256("".join(f"{m.role}\0{m.content}\0" for m in messages).encode()).hexdigest()


def _render(templates: Templates, name: str, values: Mapping[str, object]) -> str:
    from jinja2 import TemplateError  # noqa: PLC0415 - see _compile

    try:
        return _environment(templates.texts).get_template(name).render(values)
    except TemplateError as error:
        raise ConfigError(name, f"the prompt template cannot be rendered: {error}") from None


def _environment(texts: dict[str, str]) -> Environment:
    from jinja2 import DictLoader, StrictUndefined  # noqa: PLC0415 - see _compile
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    # Plain text, not HTML, so no autoescape; the sandbox keeps a user's own template from reaching into objects.
    environment = ImmutableSandboxedEnvironment(
        loader=DictLoader(texts),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    environment.filters["defang"] = defang
    environment.filters["line"] = line
    return environment
