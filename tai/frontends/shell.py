"""The one-shot commands: what `tai diagnose`, `tai collect` and `tai` do with what they were given.

Not the parsing of flags (`tai.cli`), not how an investigation is put together (`tai.frontends.assembly`) or run
(`tai.frontends.run`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING

from tai.errors import InputError
from tai.frontends.assembly import load_parts
from tai.frontends.flags import Flags
from tai.frontends.given import piped_ticket, read_attachment, read_ticket
from tai.frontends.login import debug_ssh
from tai.frontends.output import Outputs
from tai.frontends.run import Work, run
from tai.frontends.sosreport import reading
from tai.settings import Settings
from tai.transport.base import Target

if TYPE_CHECKING:
    from tai.engine.gather import Connect
    from tai.engine.investigate import Investigation
    from tai.model import Attachment, Window


def diagnose(flags: Flags) -> int:
    """`tai diagnose`: one diagnosis for each host that was named; the exit status of the worst."""
    chosen = flags.settings()
    Outputs.of(flags, flags.hosts)
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


def ask(flags: Flags, words: Sequence[str]) -> int:
    """`tai ask [HOST…] TEXT`: a diagnosis whose ticket is on the command line.

    words: a word with white space in it is the text, and those before it are hosts. Without one all of them together are the
    text, as somebody types who leaves out the quotes; then the text names the host.
    """
    text = next((word for word in words if len(word.split()) > 1), "")
    if text and words[-1] != text:
        raise InputError(f"the question comes last: tai ask [HOST]... {text!r}")
    if not text and len(words) == 1:
        raise InputError(f"what is wrong? Such as: tai ask {words[0]} 'nginx answers 502 since 14:05'")
    hosts = tuple(words[:-1]) if text else ()
    return diagnose(replace(flags, hosts=hosts, text=text or " ".join(words)))


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
        Outputs.of(flags, hosts)
        return _many(flags, chosen, work, hosts, None)
    return run(flags, chosen, work, target=report or flags.target(first), connect=connect)


def _many(flags: Flags, chosen: Settings, work: Work, hosts: Sequence[str], window: Window | None) -> int:
    from tai.frontends.fleet import run_fleet  # noqa: PLC0415 - not for --help

    if flags.debug:
        debug_ssh()
    return run_fleet(flags, chosen, work, [flags.target(host) for host in dict.fromkeys(hosts)], window)


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
    if flags.text:
        return flags.text
    if flags.ticket is None and attachments:
        taken = any(given.endswith("=-") for given in flags.attach)  # standard input is an attachment already
        piped = "" if taken else piped_ticket(max_bytes=chosen.max_ticket_bytes)
        return piped or "No ticket was written; the attached evidence is all there is."
    return read_ticket(flags.ticket, max_bytes=chosen.max_ticket_bytes)


def _check_paths(paths: tuple[str, ...]) -> None:
    """Refuse a `--path` that the policy does not allow before anything else happens."""
    from tai.engine.named_paths import listing  # noqa: PLC0415 - not for --help

    for path in paths:
        listing(path)


def _window(flags: Flags) -> Window:
    from tai.model import Window  # noqa: PLC0415 - not for --help
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


def repl(flags: Flags) -> int:
    """`tai`: the conversation."""
    from tai.frontends.conversation import converse  # noqa: PLC0415 - prompt-toolkit is only for the prompt

    if flags.debug:
        debug_ssh()
    return converse(flags, flags.settings())
