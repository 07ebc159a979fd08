"""The slash commands. Each is a function: its signature is its parser, its docstring its help (`tai.commands.registry`).

They call the investigation and show views; none knows a terminal.
"""

# No postponed annotations here: the registry reads them as they are.
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, cast, get_args

from tai import __version__
from tai.commands.context import Context
from tai.commands.registry import Registry, Rest, Words
from tai.commands.views import (
    Cleared,
    ContextView,
    DiagnosisView,
    DiffView,
    EvidenceView,
    FindingsView,
    Form,
    Message,
    ObservationView,
    PlanView,
    TableView,
    TextView,
    TicketView,
    WindowView,
)
from tai.engine.changed import changed, looked_twice
from tai.errors import InputError

COMMANDS = Registry()

# One screenful of a tall terminal; the rest is a further /show away and the view says so.
PAGE = 200
# More rounds than this are no help but a habit; each asks the model anew.
_MOST_ROUNDS = 5
# Sessions that /history lists, and characters of what each was about.
_LISTED = 20
_ABOUT = 80
# Names for completion are looked for in so much of each output: enough for any list, and no wait at Tab.
_SEARCHED = 65_536
_PATH = re.compile(r"(?<![\w/.:-])/(?:[\w.@+-]+/)*[\w.@+-]+")
_UNIT = re.compile(r"(?<![\w.@:-])[\w@:-][\w.@:-]*\.(?:service|socket|timer|mount|target|slice)\b")
# Lines of context above a line that was asked for by its citation.
_BEFORE = 10


def _hosts(context: Context) -> Iterator[str]:
    ticket = context.investigation.session.ticket
    if ticket is not None:
        yield from ticket.hosts


def _known_hosts(context: Context) -> Iterator[str]:
    from tai.commands.hosts import known  # noqa: PLC0415 - reads files, on the first Tab

    yield from _hosts(context)
    yield from known()


def _collectable(context: Context) -> Iterator[str]:
    for collector in context.catalog.collectors:
        yield collector.name
        yield from (probe.id for probe in collector.probes)


def _showable(context: Context) -> Iterator[str]:
    yield from (observation.id for observation in context.investigation.session.observations)


def _paths(context: Context) -> Iterator[str]:
    """Absolute paths that the ticket names or a command was asked about, and folders that a listing told."""
    session = context.investigation.session
    if session.ticket is not None:
        yield from session.ticket.paths
    for seen in session.observations:
        yield from (word for word in seen.argv if word.startswith("/"))
        yield from _PATH.findall(seen.text[:_SEARCHED])


def _runnable(context: Context) -> Iterator[str]:
    """What a typed command may end in: units that were seen, and paths."""
    for seen in context.investigation.session.observations:
        yield from _UNIT.findall(seen.text[:_SEARCHED])
    yield from _paths(context)


def _checks(context: Context) -> Iterator[str]:
    diagnosis = context.investigation.session.diagnosis
    if diagnosis is not None:
        yield from (str(n) for n, _ in enumerate(diagnosis.next_checks, start=1))


def _sessions(context: Context) -> Iterator[str]:
    if context.shelf is not None:
        now = context.investigation.session.id
        yield from (folder.name for folder in context.shelf.folders() if folder.name != now)


def _command_names(context: Context) -> Iterator[str]:
    del context
    yield from (command.name for command in COMMANDS)


def _flowing(text: str) -> str:
    """A docstring with each paragraph in one line, for the screen to break; lines that are set in stay as they are."""
    parts = text.split("\n\n")
    return "\n".join(part if "\n " in part else " ".join(part.split()) for part in parts)


@COMMANDS.command("?")
async def help_(context: Context, command: Annotated[str, Words(live=_command_names)] = "") -> None:
    """List the commands, or explain one."""
    if command:
        found = COMMANDS.find(command)
        also = f"\nAlso: {', '.join('/' + alias for alias in found.aliases)}" if found.aliases else ""
        context.show(Message(f"{found.usage}\n{_flowing(found.help)}{also}"))
        return
    rows = tuple((each.usage, each.title) for each in COMMANDS)
    context.show(TableView("Bare text is the ticket at first, then a follow-up question.", rows))


@COMMANDS.command()
async def host(context: Context, name: Annotated[str, Words(live=_known_hosts)] = "") -> None:
    """Look at another host; alone, say which one it is.

    NAME is what you would give to ssh: an alias, a name or an address, with user@ before it if need be.
    The connection to the host before is closed and its evidence is put away; the ticket stays.
    """
    session = context.investigation.session
    if not name:
        now = session.target_name
        context.show(Message(f"The host is {now}." if now else "No host yet: /host NAME"))
        return
    asked_for = context.waiting
    await context.investigation.use_host(name)
    if not context.ticket:
        context.show(Message(f"The host is {name}. Paste the ticket or describe what is wrong."))
    elif asked_for:
        await context.diagnose(context.ticket)
    else:
        context.waiting = True
        context.show(
            Message(f"The host is {name}. Enter looks at it with the same ticket, or type a new one.")
        )


@COMMANDS.command()
async def ticket(context: Context) -> None:
    """Show the ticket as tai understood it: host, time window, units, ports, paths."""
    understood = context.investigation.session.ticket
    context.show(TicketView(understood) if understood else Message("No ticket yet: paste it at the prompt."))


@COMMANDS.command()
async def paths(context: Context, *path: Annotated[str, Words(live=_paths)]) -> None:
    """Show the paths that the ticket names, or look at more of them.

    PATH is listed, and the newest and largest logs and configuration below it are read. It must be absolute.
    """
    if path:
        await context.investigation.look_at_paths(path)
        return
    understood = context.investigation.session.ticket
    named = understood.paths if understood else ()
    context.show(
        Message("\n".join(named) or "No paths yet: the ticket names none. /paths PATH looks at one.")
    )


@COMMANDS.command()
async def window(context: Context, window: Annotated[str, Rest()] = "") -> None:
    """Show when it happened, or say it: the next look keeps to that time.

    WINDOW is written as in a ticket: 14:05 to 15:00, since yesterday 22:00, 2 hours ago. off forgets it.
    """
    session = context.investigation.session
    if window:
        context.investigation.set_window(window)
    now = session.ticket.window if session.ticket else None
    context.show(WindowView(now) if now else Message("No time window: /window SINCE to UNTIL sets one."))


@COMMANDS.command()
async def model(
    context: Context, who: Annotated[str, Words(("on", "off", "URL", "NAME"))] = "", name: str = ""
) -> None:
    """Show who answers, or let another answer from the next question on.

    off: the rules alone. on: the model of the settings. URL: the model server there, http://HOST:PORT or unix:/PATH, with
    NAME when it serves several. NAME alone: another model of the same server. The evidence and the conversation stay, and go
    to that server with the next question; the API key of the settings goes to no other server than theirs.
    """
    if not who:
        context.show(Message(context.investigation.who))
        return
    if context.turn is None:
        raise InputError("nobody else can answer here")
    context.show(Message(await context.turn(who, name)))


@COMMANDS.command()
async def verbose(context: Context, state: Annotated[str, Words(("on", "off"))] = "") -> None:
    """Show all that commands print, and a model's reasoning.

    Alone it turns that on, or off again.
    """
    if state not in ("", "on", "off"):
        raise InputError(f"/verbose takes on or off, not {state!r}. Usage: /verbose [on|off]")
    context.talk.verbose = not context.talk.verbose if not state else state == "on"
    said = "shown in full" if context.talk.verbose else "summed up in a line"
    context.show(Message(f"What commands print is {said} from now on."))


@COMMANDS.command()
async def doctor(context: Context) -> None:
    """Check what works here and on the way to the host: config, keys, model."""
    await context.doctor(context.investigation.session.target_name)


@COMMANDS.command()
async def collect(context: Context, *name: Annotated[str, Words(live=_collectable)]) -> None:
    """Read evidence and ask nobody: all that is planned, or what you name.

    NAME is a collector or a probe as /collectors lists them, or the number of a step of /show plan.
    """
    await context.investigation.collect(name)


@COMMANDS.command()
async def collectors(context: Context) -> None:
    """List the collectors and their probes."""
    rows = tuple(
        (name, text)
        for each in context.catalog.collectors
        for name, text in (
            (each.name, each.title),
            *((f"  {probe.id}", probe.title) for probe in each.probes),
        )
    )
    context.show(TableView("Collectors, each with its probes", rows))


@COMMANDS.command()
async def show(
    context: Context,
    what: Annotated[
        str, Words(("plan", "findings", "logs", "prompt", "said", "diagnosis", "N", "E3"), live=_showable)
    ] = "",
    part: Annotated[str, Words(("raw", "parsed", "condensed", "LINE"))] = "",
) -> None:
    """Show the diagnosis again, or what it rests on.

    plan: the commands in their order. findings: the signatures that fitted. logs: all evidence, a line each.
    prompt: what the model was given. said: what it said where that was no answer. diagnosis: the last one. N or E3: the output of command N, or of evidence E3,
    from LINE on; E3:41 shows the lines around a citation. raw is as the host printed it, parsed is in fields, condensed is
    a line of each kind. What is longer than the screen opens in a pager: j k d u g G move, / n N search, w wraps, 1 2 3 change
    between raw, parsed and condensed, q leaves.
    """
    session = context.investigation.session
    match what or ("diagnosis" if session.diagnosis else "logs"):
        case "plan":
            done = frozenset(step.n for step in session.steps if session.observation(step.id) is not None)
            steps = tuple(step.planned for step in session.steps)
            context.show(PlanView(steps, done) if steps else Message("Nothing is planned yet."))
        case "findings":
            await findings(context)
        case "logs":
            seen = tuple(session.observations)
            context.show(
                EvidenceView(seen) if seen else Message("No evidence yet: give a ticket, or /collect.")
            )
        case "prompt":
            text = session.prompt_text
            context.show(TextView(text) if text else Message("No prompt was made yet."))
        case "said":
            said = session.diagnosis.said if session.diagnosis else ""
            context.show(TextView(said) if said else Message("No model said anything that was no answer."))
        case "diagnosis":
            if session.diagnosis is None:
                context.show(Message("No diagnosis yet."))
            else:
                sources = {each.id: each.source for each in session.observations}
                context.show(DiagnosisView(session.diagnosis, sources))
        case reference:
            _show_observation(context, reference, part)


def _show_observation(context: Context, reference: str, part: str) -> None:
    wanted, _, around = reference.partition(":")
    if not re.fullmatch(r"#?[0-9]+|[Ee][0-9]+", wanted) or not (around or "0").isdecimal():
        raise InputError(f"There is no {reference!r} to show. Usage: {COMMANDS.find('show').usage}")
    form: Form = "raw"
    if part in get_args(Form):
        form = cast("Form", part)
    elif not (part or "0").isdecimal():
        raise InputError(
            f"/show takes raw, parsed, condensed or a line's number, not {part!r}. Usage: {COMMANDS.find('show').usage}"
        )
    observation = context.investigation.session.observation(wanted)
    if observation is None:
        raise InputError(f"There is no evidence {wanted}; /show logs lists what there is")
    first = int(around) - _BEFORE if around else int(part) if part.isdecimal() else 1
    cited = _cited(context, observation.id)
    context.show(ObservationView(observation, max(first, 1), PAGE, cited, form, paged=True))


def _cited(context: Context, wanted: str) -> frozenset[int]:
    """Lines of an observation that a finding or a verified claim rests on."""
    session = context.investigation.session
    lines = {cited.line for found in session.findings for cited in found.cited if cited.observation == wanted}
    if session.diagnosis is not None:
        lines |= {
            quote.line
            for claim in session.diagnosis.claims
            for quote in claim.quotes
            if quote.observation == wanted and quote.status != "unverified"
        }
    return frozenset(lines)


@COMMANDS.command()
async def findings(context: Context) -> None:
    """Show the fault signatures that fitted, with the lines that they cite."""
    found = tuple(context.investigation.session.findings)
    context.show(FindingsView(found) if found else Message("No signature has fitted."))


@COMMANDS.command()
async def run(context: Context, command: Annotated[str, Rest(), Words(live=_runnable)]) -> None:
    """Run a read-only command on the host, as you would type it there.

    The policy decides as it does for tai's own commands. A pipe into grep, head, tail, wc, sort, uniq, cut,
    awk '{print $N}' or sed -n 'A,Bp' works on the output here, not on the host.
    """
    for seen in await context.investigation.run_line(command):
        context.show(ObservationView(seen, 1, PAGE))


@COMMANDS.command()
async def next_(context: Context, n: Annotated[int, Words(live=_checks)]) -> None:
    """Run a check that the diagnosis proposes, and ask again with what it shows."""
    await context.investigation.next_check(n)


@COMMANDS.command()
async def auto(context: Context, rounds: int = 1) -> None:
    """Let tai go on by itself while the diagnosis is inconclusive, for so many rounds.

    Each round runs the checks that the diagnosis proposes and asks again. Only what runs without a person anyway (tier A)
    is run; it stops when the outcome is clear or nothing new is proposed.
    """
    if context.investigation.session.diagnosis is None:
        raise InputError("There is no diagnosis yet that could propose a check")
    if not 1 <= rounds <= _MOST_ROUNDS:
        raise InputError(f"/auto takes 1 to {_MOST_ROUNDS} rounds, not {rounds}")
    await context.investigation.auto(rounds)


@COMMANDS.command()
async def pin(context: Context, fact: Annotated[str, Rest()]) -> None:
    """Keep something as a fact: it is said again with each later question.

    What you state in a message ("it is not DNS, we checked") is kept by itself; /context lists the facts.
    """
    context.investigation.pin(fact)


@COMMANDS.command()
async def unpin(context: Context, n: int) -> None:
    """Take a fact back."""
    context.investigation.unpin(n)


@COMMANDS.command()
async def context_(context: Context) -> None:
    """Show what the next question goes out with, and the facts that you have stated."""
    session = context.investigation.session
    asked = sum(message.role == "user" for message in session.conversation)
    context.show(
        ContextView(
            host=session.target_name,
            evidence=len(session.observations),
            findings=len(session.findings),
            asked=asked,
            tokens=session.prompt.tokens if session.prompt else 0,
            pinned=tuple(session.pinned),
        )
    )


@COMMANDS.command()
async def clear(context: Context) -> None:
    """Clear the screen and forget the conversation.

    The evidence stays until /host changes.
    """
    await context.investigation.clear()
    context.ticket = ""
    context.waiting = False
    context.show(Cleared(len(context.investigation.session.observations)))


@COMMANDS.command()
async def diff(context: Context, what: Annotated[str, Words(live=_showable)] = "") -> None:
    """Show what changed between the last two looks at the same thing.

    WHAT is a probe, N or E3; alone, everything that was looked at twice. /collect looks again.
    """
    pairs = looked_twice(context.investigation.session.observations, what)
    if not pairs:
        again = f"/collect {what}" if what else "/collect NAME"
        raise InputError(
            f"nothing{f' of {what}' if what else ''} was looked at twice yet; {again} looks again"
        )
    same = 0
    for before, after in pairs:
        lines = tuple(changed(before, after))
        if not lines and len(pairs) > 1:
            same += 1
            continue
        more = len(lines) - PAGE
        context.show(DiffView(before, after, lines[:PAGE]))
        if more > 0:
            context.show(Message(f"… and {more:,} lines more"))
    if same:
        context.show(Message(f"{same} of {len(pairs)} looks are as they were."))


@COMMANDS.command()
async def save(context: Context, file: Annotated[str, Rest()]) -> None:
    """Write the report of this session to a file: FILE.md, FILE.html or FILE.json."""
    if context.save is None:
        raise InputError("there is nowhere to save to here")
    path = Path(os.path.expanduser(file.strip()))  # noqa: ASYNC240, PTH111 - a look at HOME, not at a disk
    context.show(Message(context.save(context.investigation.session.folder, path)))


@COMMANDS.command()
async def copy(context: Context) -> None:
    """Copy the report of this session to the clipboard, as Markdown for a ticket.

    Over ssh and in tmux the terminal does it (OSC 52), where it is allowed to.
    """
    if context.copy is None:
        raise InputError("there is no clipboard here")
    context.show(Message(context.copy(context.investigation.session.folder)))


@COMMANDS.command()
async def history(context: Context) -> None:
    """List the sessions before this one, the newest first."""
    now = context.investigation.session.id
    before = [] if context.shelf is None else [one for one in context.shelf.all() if one.id != now]
    if not before:
        context.show(Message("There is no session before this one."))
        return
    rows = tuple(
        (one.id, "  ".join(filter(None, (one.host, one.state, (one.cause or one.ticket)[:_ABOUT]))))
        for one in before[:_LISTED]
    )
    more = f"; tai sessions lists all {len(before)}" if len(before) > _LISTED else ""
    context.show(TableView(f"/resume ID goes on with one, /resume last with the newest{more}", rows))


@COMMANDS.command()
async def resume(context: Context, session: Annotated[str, Words(("last",), live=_sessions)]) -> None:
    """Go on with an earlier session.

    Its evidence, ticket, conversation and facts are there again. SESSION is an id as /history lists it, its beginning or its last four characters; last is the newest. The session at hand
    ends and is kept.
    """
    if context.shelf is None or context.resume is None:
        raise InputError("there are no sessions to go on with here")
    folder = context.shelf.find(session, but=context.investigation.session.id)
    await context.resume(folder)


@COMMANDS.command()
async def version(context: Context) -> None:
    """Say which tai this is."""
    context.show(Message(f"tai {__version__}"))


@COMMANDS.command("exit")
async def quit_(context: Context) -> None:
    """Leave tai; Ctrl-D does it too."""
    context.leaving = True
