"""Puts an investigation together: session and record, bus, catalogue, templates, engine. Runs nothing.

Used by every front end alike (`tai.frontends.run`, `fleet`, `conversation`, `doctor`), so that all take the same path.
What is heavy is imported when it is used: `tai --help` and the first prompt do not wait for it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tai import __version__
from tai.errors import InputError
from tai.frontends.engines import engine_name, model_engine
from tai.frontends.flags import Flags
from tai.settings import Settings
from tai.transport.base import Target

if TYPE_CHECKING:
    from pathlib import Path

    from tai.bus import Bus, Sink
    from tai.catalog import Catalog
    from tai.engine.gather import Connect
    from tai.engine.investigate import Investigation
    from tai.engine.prompt import Templates
    from tai.engine.session import Session
    from tai.events import Reads
    from tai.llm.base import Engine
    from tai.model import Window


def new_session(
    chosen: Settings, sink: Sink, target: Target | None
) -> tuple[Session, Bus, Callable[[], None]]:
    """A session with its folder and record, and the bus that feeds the record first and `sink` after it."""
    import secrets  # noqa: PLC0415 - see the module's docstring

    from tai.bus import Bus  # noqa: PLC0415
    from tai.engine.session import Session, new_id  # noqa: PLC0415
    from tai.record import Record  # noqa: PLC0415

    name = new_id(datetime.now(UTC))
    folder = chosen.state_dir / "sessions" / name
    record = Record(folder)
    session = Session(id=name, folder=folder, nonce=secrets.token_hex(8), target=target)

    def close() -> None:
        record.close()
        if not (session.ticket or session.host or session.observations or session.target):
            with suppress(OSError):  # nothing was asked and nothing read: that is no session to come back to
                record.path.unlink()
                folder.rmdir()

    return session, Bus(name, [record, sink], durable=record), close


def old_session(
    chosen: Settings, sink: Sink, folder: Path, *, flags: Flags, parts: Parts
) -> tuple[Session, Bus, Callable[[], None]]:
    """A session that goes on: its state from its record, and the bus that goes on where it ended.

    Raises InputError when it is running, cannot be read, or must not be mixed with what this run was asked for.
    """
    from tai.bus import Bus  # noqa: PLC0415 - see the module's docstring
    from tai.engine.resume import resumed  # noqa: PLC0415
    from tai.events import SessionResumed  # noqa: PLC0415
    from tai.record import Record, fold  # noqa: PLC0415

    record = Record(folder, again=True)
    try:
        held = record.held
        if held is None or not held.events:
            raise InputError(f"the session {folder.name} holds nothing that could go on")
        told = fold(held.events)
        if chosen.anonymize and not (told.started and told.started.anonymized):
            raise InputError(
                f"the session {folder.name} holds true names, and --anonymize was asked for; start a new one"
            )
        session = resumed(told, folder, parts.catalog, flags.target)
    except BaseException:
        record.close()
        raise
    bus = Bus(session.id, [record, sink], durable=record, seq=told.seq)
    name, model = _answering(chosen)
    bus.emit(
        SessionResumed(
            version=__version__, engine=name, model=model, after=told.seq, torn=held.torn, broken=held.broken
        )
    )
    return session, bus, record.close


def _answering(chosen: Settings) -> tuple[str, str]:
    name = engine_name(chosen)
    return name, chosen.model if name == "vllm" else ""


@dataclass(frozen=True, slots=True)
class Parts:
    """What is read from files once and serves every investigation of a run."""

    catalog: Catalog
    templates: Templates


def load_parts(chosen: Settings) -> Parts:
    """Read collectors and prompts, the shipped ones and the user's. Raises ConfigError naming file, line and key."""
    from tai import resources  # noqa: PLC0415 - see the module's docstring
    from tai.catalog import load_catalog  # noqa: PLC0415
    from tai.engine.prompt import load_templates  # noqa: PLC0415

    shipped = resources.folder("collectors")
    return Parts(
        catalog=load_catalog([shipped, chosen.collectors_dir], proven=shipped),
        templates=load_templates([resources.folder("prompts"), chosen.prompts_dir]),
    )


def build(
    flags: Flags,
    chosen: Settings,
    session: Session,
    *,
    bus: Bus,
    connect: Connect,
    parts: Parts | None = None,
    window: Window | None = None,
    goes_on: bool = False,
    **more: Any,
) -> Investigation:
    """The investigation that settings and flags ask for. parts: None to load them. more: passed on, such as `approve`.

    goes_on: the session is one of `old_session`, which has told so.
    """
    from tai.engine.investigate import Investigation  # noqa: PLC0415 - see the module's docstring
    from tai.engine.options import Caps, Options  # noqa: PLC0415
    from tai.events import Noted, SessionStarted  # noqa: PLC0415
    from tai.llm.deterministic import DeterministicEngine  # noqa: PLC0415
    from tai.model import Window  # noqa: PLC0415
    from tai.text import Anonymiser, Redactor  # noqa: PLC0415

    parts = parts or load_parts(chosen)
    if (made := flags.now) is not None:
        more["clock"] = lambda: made
    fallback = DeterministicEngine(parts.catalog.symptoms, parts.catalog.bearings)
    engine: Engine = model_engine(chosen) or fallback
    if not goes_on:
        bus.emit(
            SessionStarted(
                version=__version__,
                engine=engine.name,
                model=engine.model,
                nonce=session.nonce,
                reads=_reads(flags),
                anonymized=chosen.anonymize,
            )
        )
    for flag, given, why in (
        ("--samples", flags.samples, "several answers are asked of a model"),
        ("--think", flags.think, "it is a model that thinks"),
    ):
        if given and engine is fallback:
            text = f"{flag} has no effect: {why}, and none is configured (--model-url)"
            bus.emit(Noted(level="warning", text=text))
    return Investigation(
        session,
        bus=bus,
        catalog=parts.catalog,
        templates=parts.templates,
        connect=connect,
        reach=flags.target,
        engine=engine,
        fallback=fallback,
        redactor=Redactor(),
        anonymiser=Anonymiser() if chosen.anonymize else None,
        options=Options(
            budget=chosen.budget,
            answer_tokens=chosen.model_answer_tokens,
            samples=chosen.samples,
            think=chosen.think,
            auto=chosen.auto,
            caps=Caps(chosen.run_timeout, chosen.max_run_bytes, chosen.max_commands),
            collectors=flags.collectors,
            window=window or Window(),
            paths=flags.paths,
            path_files=chosen.max_path_files,
            sudo=lambda host: chosen.host(host).sudo,
            offline=flags.no_host,
        ),
        **more,
    )


def _reads(flags: Flags) -> Reads:
    if flags.recording:
        return "recording"
    if flags.sosreport is not None:
        return "sosreport"
    return "nothing" if flags.no_host else "host"
