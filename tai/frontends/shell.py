"""Puts an investigation together for a command line: settings, record, sinks, engine, connection. Then runs it.

Not the prompt (`tai.frontends.repl`) and not the look (`tai.frontends.render`): an assembly, used by `tai`,
`tai diagnose`, `tai collect` and `tai demo` alike, so that all four take the same path.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tai import __version__, settings
from tai.errors import (
    EXIT_INCONCLUSIVE,
    EXIT_INTERNAL,
    EXIT_INTERRUPTED,
    EXIT_OK,
    HostError,
    InputError,
    TaiError,
)
from tai.frontends.given import read_attachment, read_ticket
from tai.frontends.head_start import HeadStart
from tai.frontends.sosreport import reading
from tai.settings import Settings
from tai.transport.base import Target

if TYPE_CHECKING:
    from tai.bus import Bus, Sink
    from tai.catalog import Catalog
    from tai.engine.gather import Connect
    from tai.engine.investigate import Investigation
    from tai.engine.prompt import Templates
    from tai.engine.session import Session
    from tai.llm.base import Engine
    from tai.llm.vllm import VLLMEngine
    from tai.model import Attachment, Window
    from tai.transport.ssh.login import Watch


@dataclass(frozen=True, slots=True)
class Flags:
    """What was given on the command line, by the names of `tai.cli`. None, () and False mean: not given."""

    identity_files: tuple[Path, ...] = ()
    jump: str | None = None
    user: str | None = None
    port: int | None = None
    ignore_ssh_config: bool = False
    config_file: Path | None = None
    engine: str | None = None
    model_url: str | None = None
    model: str | None = None
    budget: int | None = None
    samples: int | None = None
    auto: int | None = None
    as_json: bool = False
    verbose: bool = False
    debug: bool = False
    hosts: tuple[str, ...] = ()
    host: str | None = None
    ticket: Path | None = None
    attach: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    collectors: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    no_host: bool = False
    anonymize: bool = False
    show_plan: bool = False
    show_prompt: bool = False
    sosreport: Path | None = None
    now: datetime | None = (
        None  # not a flag: when the sosreport was made, by which the ticket's times are read
    )

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Flags:
        """From click's parameters; those of other commands are left out."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in given.items() if name in known and value is not None})

    def settings(self) -> Settings:
        """File and environment, with these flags on top."""
        return settings.load(
            self.config_file,
            {
                "engine": self.engine,
                "model_url": self.model_url,
                "model": self.model,
                "budget": self.budget,
                "samples": self.samples,
                "auto": self.auto,
                "anonymize": self.anonymize or None,
            },
        )

    def target(self, host: str) -> Target:
        """`HOST` or `USER@HOST` with the flags of ssh."""
        user, _, name = host.rpartition("@")
        if not name or name.startswith("-"):
            raise InputError(f"{host!r} is not a host name")
        return Target(
            name=name,
            user=self.user or user or None,
            port=self.port,
            identity_files=self.identity_files,
            jump=self.jump,
            use_ssh_config=not self.ignore_ssh_config,
        )


Work = Callable[["Investigation"], Awaitable[None]]


def diagnose(flags: Flags) -> int:
    """`tai diagnose`: one diagnosis for each host that was named; the exit status of the worst."""
    chosen = flags.settings()
    if flags.sosreport is not None and flags.now is None:
        return reading(flags, chosen, _diagnose)
    return _diagnose(flags)


def _diagnose(flags: Flags, report: Target | None = None, connect: Connect | None = None) -> int:
    chosen = flags.settings()
    _check_paths(flags.paths)
    attachments = [read_attachment(each, max_bytes=chosen.max_attachment_bytes) for each in flags.attach]
    text = _ticket(flags, chosen, attachments)
    window = _window(flags)
    work = _diagnosis(flags, text, attachments)
    if len(flags.hosts) > 1:
        return _many(flags, chosen, work, flags.hosts, window)
    target = flags.target(flags.hosts[0]) if flags.hosts else report
    return run(flags, chosen, work, target=target, window=window, connect=connect)


def collect(flags: Flags) -> int:
    """`tai collect`: evidence only, from one host or many at once, or from a sosreport."""
    if flags.sosreport is not None:
        return reading(flags, flags.settings(), _collect, hosts=False)
    if not flags.hosts:
        raise InputError("name a host, or a report with --sosreport")
    return _collect(flags)


def _collect(flags: Flags, report: Target | None = None, connect: Connect | None = None) -> int:
    chosen = flags.settings()
    parts = load_parts(chosen)
    known = {collector.name for collector in parts.catalog.collectors} | parts.catalog.probes.keys()
    first, *others = ("", *flags.hosts) if report else flags.hosts
    hosts = [first, *(word for word in others if not report and word not in known)]
    names = [*flags.collectors, *(word for word in others if report or word in known)]
    if unknown := [name for name in names if name not in known]:
        raise InputError(f"there is no collector or probe {unknown[0]!r}; tai collectors list names them")
    for word in hosts[1:]:
        if near := get_close_matches(word, known, n=1, cutoff=0.8):
            sys.stderr.write(
                f"tai: {word!r} is taken for a host; the nearest probe or collector is {near[0]!r}\n"
            )

    async def work(investigation: Investigation) -> None:
        await investigation.collect(names)

    if len(hosts) > 1:
        return _many(flags, chosen, work, hosts, None)
    return run(flags, chosen, work, target=report or flags.target(first), connect=connect)


def _many(flags: Flags, chosen: Settings, work: Work, hosts: Sequence[str], window: Window | None) -> int:
    from tai.frontends.fleet import run_fleet  # noqa: PLC0415 - see run

    if flags.debug:
        _debug_ssh()
    return run_fleet(flags, chosen, work, [flags.target(host) for host in dict.fromkeys(hosts)], window)


def run(
    flags: Flags,
    chosen: Settings,
    work: Work,
    *,
    target: Target | None,
    connect: Connect | None = None,
    window: Window | None = None,
) -> int:
    """Do `work` on a new investigation and return the exit status.

    target: the host, None for the one that the ticket names. connect: in place of SSH's own, for the demo.
    """
    from tai.frontends.console import open_console  # noqa: PLC0415 - after the flags were found good
    from tai.frontends.jsonl import JsonLines  # noqa: PLC0415
    from tai.frontends.render import Renderer  # noqa: PLC0415

    if flags.debug:
        _debug_ssh()
    verbose = flags.verbose or flags.show_plan
    renderer = Renderer(open_console(sys.stdout), talk=open_console(sys.stderr), verbose=verbose)
    sink: Sink = JsonLines(sys.stdout) if flags.as_json else renderer
    session, bus, close_record = new_session(chosen, sink, target)
    try:
        return asyncio.run(
            _main(
                flags,
                chosen,
                work,
                session,
                bus,
                connect or ssh_connect(chosen, asking=renderer.held),
                window,
            )
        )
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except HostError:
        if flags.as_json:
            raise
        return HostError.exit_code  # the renderer has told it in full
    finally:
        renderer.close()
        close_record()


async def _main(  # noqa: PLR0917 - one call from `run`
    flags: Flags,
    chosen: Settings,
    work: Work,
    session: Session,
    bus: Bus,
    connect: Connect,
    window: Window | None,
) -> int:
    task = asyncio.current_task()
    for number in (signal.SIGTERM, signal.SIGHUP):
        # A closed terminal or a kill must stop the remote commands as Ctrl-C does.
        asyncio.get_running_loop().add_signal_handler(number, task.cancel if task else lambda: None)
    start = None if flags.no_host or session.target is None else HeadStart(connect, session.target)
    try:
        # What takes time and no network (catalogue, templates, engine) is loaded while the login is under way.
        parts = await asyncio.to_thread(load_parts, chosen)
        return await investigate(
            flags, chosen, work, session, bus, connect=start or connect, parts=parts, window=window
        )
    except asyncio.CancelledError:
        sys.stderr.write(f"tai: interrupted; what was collected is in {session.folder}\n")
        return EXIT_INTERRUPTED
    finally:
        if start is not None:
            await start.close()


async def investigate(
    flags: Flags,
    chosen: Settings,
    work: Work,
    session: Session,
    bus: Bus,
    *,
    connect: Connect,
    parts: Parts,
    window: Window | None,
) -> int:
    """Do `work` on a new investigation, tell how it ended, and return the exit status. Raises TaiError and CancelledError."""
    from tai.events import SessionEnded  # noqa: PLC0415 - see run

    investigation = build(flags, chosen, session, bus=bus, connect=connect, parts=parts, window=window)
    status, error = EXIT_INTERNAL, ""
    try:
        await work(investigation)
        status = _status(session, asked=not (flags.show_plan or flags.show_prompt))
    except asyncio.CancelledError:
        status, error = EXIT_INTERRUPTED, "interrupted"
        raise
    except TaiError as raised:
        status, error = raised.exit_code, str(raised)
        raise
    finally:
        with suppress(asyncio.CancelledError):
            await investigation.close()
        bus.emit(SessionEnded(exit_code=status, error=error))
    return status


def _status(session: Session, *, asked: bool) -> int:
    if asked and session.diagnosis is not None and session.diagnosis.outcome == "inconclusive":
        return EXIT_INCONCLUSIVE
    return EXIT_OK


def new_session(
    chosen: Settings, sink: Sink, target: Target | None
) -> tuple[Session, Bus, Callable[[], None]]:
    """A session with its folder and record, and the bus that feeds the record first and `sink` after it."""
    import secrets  # noqa: PLC0415 - see run

    from tai.bus import Bus  # noqa: PLC0415
    from tai.engine.session import Session, new_id  # noqa: PLC0415
    from tai.record import Record  # noqa: PLC0415

    name = new_id(datetime.now(UTC))
    folder = chosen.state_dir / "sessions" / name
    record = Record(folder)
    session = Session(id=name, folder=folder, nonce=secrets.token_hex(8), target=target)
    return session, Bus(name, [record, sink], durable=record), record.close


@dataclass(frozen=True, slots=True)
class Parts:
    """What is read from files once and serves every investigation of a run."""

    catalog: Catalog
    templates: Templates


def load_parts(chosen: Settings) -> Parts:
    """Read collectors and prompts, the shipped ones and the user's. Raises ConfigError naming file, line and key."""
    from tai import resources  # noqa: PLC0415 - see run
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
    **more: Any,
) -> Investigation:
    """The investigation that settings and flags ask for. parts: None to load them. more: passed on, such as `approve`."""
    from tai.engine.investigate import Investigation  # noqa: PLC0415 - see run
    from tai.engine.options import Caps, Options  # noqa: PLC0415
    from tai.events import Noted, SessionStarted  # noqa: PLC0415
    from tai.llm.deterministic import DeterministicEngine  # noqa: PLC0415
    from tai.model import Window  # noqa: PLC0415
    from tai.text import Anonymiser, Redactor  # noqa: PLC0415

    parts = parts or load_parts(chosen)
    if (made := flags.now) is not None:
        more["clock"] = lambda: made
    fallback = DeterministicEngine(parts.catalog.symptoms)
    engine: Engine = model_engine(chosen) or fallback
    bus.emit(SessionStarted(version=__version__, engine=engine.name, model=engine.model))
    if flags.samples and engine is fallback:
        text = "--samples has no effect: several answers are asked of a model, and none is configured (--model-url)"
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


def engine_name(chosen: Settings) -> str:
    """Who answers under these settings, for a status line."""
    return (
        "vllm"
        if chosen.engine == "vllm" or (chosen.engine == "auto" and chosen.model_url)
        else "deterministic"
    )


def model_engine(chosen: Settings) -> VLLMEngine | None:
    """The model's engine, None when the deterministic one is to answer."""
    if engine_name(chosen) != "vllm":
        return None
    if not chosen.model_url:
        raise InputError(
            "--engine vllm needs a server: set --model-url, TAI_MODEL_URL or model_url in the config file"
        )
    from tai.llm.vllm import VLLMConfig, VLLMEngine  # noqa: PLC0415 - only where a model is asked

    return VLLMEngine(
        VLLMConfig(
            url=chosen.model_url,
            model=chosen.model,
            api_key=_key(chosen.model_key_file),
            connect_s=chosen.model_connect_s,
            first_token_s=chosen.model_first_token_s,
            stall_s=chosen.model_stall_s,
            total_s=chosen.model_total_s,
            allow=chosen.model_allow,
        )
    )


def _key(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        return file.read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the API key file {file} cannot be read: {error}") from None


def ssh_connect(
    chosen: Settings,
    *,
    watch: Watch | None = None,
    asking: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Connect:
    """How hosts are reached: over SSH, with the limits of the settings. Hosts reached by the same one share jump hosts.

    watch: gets each step of each login. asking: entered while a passphrase is asked for on the terminal.
    """
    from tai.transport import ssh  # noqa: PLC0415 - see run
    from tai.transport.base import Limits  # noqa: PLC0415

    limits = Limits(chosen.connect_timeout, chosen.login_timeout, chosen.channels, retry_s=chosen.retry_time)
    dialer: ssh.Dialer | None = None

    async def connect(target: Target, report: Callable[[str], None]) -> ssh.SSHConnection:
        nonlocal dialer
        dialer = dialer or ssh.make_dialer(
            limits, proxy_command=lambda host: chosen.host(host).proxy_command, watch=watch, asking=asking
        )
        return await dialer.connect(target, report)

    return connect


def _diagnosis(flags: Flags, text: str, attachments: list[Attachment]) -> Work:
    async def work(investigation: Investigation) -> None:
        if flags.show_plan:
            await investigation.show_plan(text)
        elif flags.show_prompt:
            await investigation.gather(text, attachments)
            investigation.make_prompt()
            if not flags.as_json:
                sys.stdout.write(investigation.session.prompt_text)
        else:
            await investigation.diagnose(text, attachments)

    return work


def _ticket(flags: Flags, chosen: Settings, attachments: list[Attachment]) -> str:
    if flags.ticket is None and attachments:
        return "No ticket was written; the attached evidence is all there is."
    return read_ticket(flags.ticket, max_bytes=chosen.max_ticket_bytes)


def _check_paths(paths: tuple[str, ...]) -> None:
    """Refuse a `--path` that the policy does not allow before anything else happens."""
    from tai.engine.named_paths import listing  # noqa: PLC0415 - see run

    for path in paths:
        listing(path)


def _window(flags: Flags) -> Window:
    from tai.model import Window  # noqa: PLC0415 - see run
    from tai.ticket.window import find_moment  # noqa: PLC0415

    now = flags.now or datetime.now().astimezone()
    ends = {}
    for name, given in (("since", flags.since), ("until", flags.until)):
        if given:
            moment = find_moment(given, now=now)
            if moment is None:
                raise InputError(
                    f"--{name} {given!r} is not a time; try '14:05', '2 hours ago' or '2026-01-31 14:05 UTC'"
                )
            ends[name] = moment
    if len(ends) == 2 and ends["until"] < ends["since"]:
        raise InputError(f"--until {flags.until!r} is before --since {flags.since!r}")
    return Window(**ends, source="the command line" if ends else "")


def _debug_ssh() -> None:
    import logging  # noqa: PLC0415 - only for --debug

    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, format="%(name)s: %(message)s")


def repl(flags: Flags) -> int:
    """`tai`: the conversation."""
    from tai.frontends.conversation import converse  # noqa: PLC0415 - prompt-toolkit is only for the prompt

    if flags.debug:
        _debug_ssh()
    return converse(flags, flags.settings())
