"""The event stream on a screen: a sink that turns each event into a few rich lines. Counterpart of `jsonl`, for people.

Not the look of a diagnosis (`tai.frontends.diagnosis`) nor of a command's line (`tai.frontends.steps`): this module says
which event shows what, and what is being waited for.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import assert_never

from rich.console import Console, RenderableType
from rich.text import Text

from tai.events import (
    AnswerDelta,
    AnswerStarted,
    CommandSent,
    ConversationCleared,
    Diagnosed,
    EngineFailed,
    EngineTurned,
    Event,
    FactDropped,
    FactPinned,
    FindingFound,
    HostConnected,
    HostConnecting,
    HostFailed,
    HostTurned,
    Interrupted,
    MessageAdded,
    Noted,
    ObservationMade,
    PlanMade,
    PromptMade,
    RoundStarted,
    SessionEnded,
    SessionResumed,
    SessionStarted,
    Stamped,
    TicketParsed,
    UserSaid,
)
from tai.frontends.activity import Activity
from tai.frontends.diagnosis import diagnosis
from tai.frontends.draft import Draft, Line
from tai.frontends.lines import (
    BAD,
    FAINT,
    REF,
    STRONG,
    WARN,
    command_line,
    counted,
    cut,
    hang,
    one_line,
    seconds,
    size,
)
from tai.frontends.running import Running
from tai.frontends.steps import StepLine, cited_lines, fact_text, finding_line
from tai.frontends.views import ticket_lines
from tai.model import Observation
from tai.text.links import defuse

# Two screen lines of a draft say enough until the answer is there.
_LONGEST_DRAFTED = 160
# Lines of reasoning that stand under the cursor while a model thinks.
_THOUGHT_LINES = 4
_UNCHECKED = "  the model writes (nothing of it is checked yet):"


class Renderer:
    """A sink for `tai.bus.Bus`. Call `close` when the session is over or has failed: it gives the cursor back.

    console: where the diagnosis goes; talk: where all the rest goes, the same console when None. A command line tool
    passes standard error as `talk`, so that `tai diagnose web-1 > report` keeps only the answer.
    verbose: also the plan, each command as it is sent, all that it printed, and a model's reasoning.
    interactive: at a prompt, which has greeted the user and still shows what they typed: neither is shown again.
    activity: what moves on `talk`, where it is shared with a prompt.
    """

    def __init__(
        self,
        console: Console,
        *,
        talk: Console | None = None,
        verbose: bool = False,
        interactive: bool = False,
        activity: Activity | None = None,
    ) -> None:
        self._console = console
        self._talk = talk or console
        self._verbose = verbose
        self._interactive = interactive
        self._activity = activity or Activity(self._talk)
        self._running = Running()
        self._sources: dict[str, str] = {}
        self._planned_already = False
        self._answered = 0
        self._reasoning = ""
        self._thought: list[str] = []
        self._draft, self._drafting = Draft(), False

    def __call__(self, stamped: Stamped) -> None:
        """Show one event, at once."""
        self.show(stamped.event)

    def close(self) -> None:
        """Stop what moves. Safe to call twice."""
        self._activity.end()

    def held(self) -> AbstractContextManager[None]:
        """Nothing moves inside the block: somebody is asked something on the terminal."""
        return self._activity.held()

    @property
    def verbose(self) -> bool:
        """Whether all that commands print is shown."""
        return self._verbose

    @verbose.setter
    def verbose(self, wanted: bool) -> None:
        self._verbose = wanted

    def learn(self, seen: Observation) -> None:
        """Know which command printed an observation, for the quotes of a diagnosis."""
        self._sources[seen.id] = seen.source

    def show(self, event: Event) -> None:  # noqa: PLR0912, PLR0915 - one arm for each event, and no logic in any
        """Show one event that carries no stamp."""
        match event:
            case SessionStarted():
                self._started(event)
            case SessionResumed():
                self._resumed(event)
            case TicketParsed():
                self._say(*ticket_lines(event.ticket))
            case Noted():
                self._noted(event)
            case HostConnecting():
                self._connecting(event)
            case HostConnected():
                self._connected(event)
            case HostFailed():
                self._failed(event)
            case HostTurned():
                if not self._interactive:
                    self._say(hang("turned to ", one_line(event.host, STRONG), lead_style=FAINT))
            case EngineTurned():
                if not self._interactive:
                    who = f"{event.engine} {event.model}".strip()
                    self._say(hang("turned to ", one_line(who, STRONG), lead_style=FAINT))
            case PlanMade():
                self._planned(event)
            case CommandSent():
                self._sent(event)
            case ObservationMade():
                self._observed(event)
            case FindingFound():
                if not event.revised:
                    self._found(event)
            case PromptMade():
                self._prompted(event)
            case MessageAdded():
                pass  # /show prompt has it
            case AnswerStarted():
                self._asked(event)
            case AnswerDelta():
                self._answering(event)
            case EngineFailed():
                self._degraded(event)
            case UserSaid():
                self._heard(event)
            case ConversationCleared():
                if not self._interactive:
                    self._say(Text("conversation cleared", style=FAINT))
            case FactPinned():
                self._pinned(event)
            case FactDropped():
                self._say(hang("no longer a fact: ", fact_text(event.fact), lead_style=FAINT))
            case RoundStarted():
                self._goes_on(event)
            case Diagnosed():
                self._diagnosed(event)
            case Interrupted():
                self._interrupted(event)
            case SessionEnded():
                self.close()
            case _:
                assert_never(event)

    def _say(self, *lines: RenderableType) -> None:
        for line in lines:
            self._talk.print(line)

    # ------------------------------------------------------------ the start and the host

    def _started(self, event: SessionStarted) -> None:
        if self._interactive:
            return
        engine = f"{event.engine} engine" + (f" with {event.model}" if event.model else "")
        self._say(one_line(f"tai {event.version} · read-only · {engine}", FAINT))

    def _resumed(self, event: SessionResumed) -> None:
        self._say(hang("resumed   ", f"after event {event.after:,}", FAINT, FAINT))
        if event.torn:
            self._say(
                hang(
                    "note: ",
                    f"the last line was never finished; {size(event.torn)} of it are gone",
                    FAINT,
                    FAINT,
                )
            )
        if event.broken is not None:
            self._say(
                hang(
                    "warning: ",
                    f"the record was changed at line {event.broken:,}; nothing vouches for what it says from there on",
                    lead_style=WARN,
                )
            )

    def _noted(self, event: Noted) -> None:
        if event.level == "detail" and not self._verbose:
            return
        where = f"{event.host}: " if event.host else ""
        if event.level == "warning":
            self._say(hang("warning: ", f"{where}{event.text}", lead_style=WARN))
        else:
            self._say(hang("note: ", f"{where}{event.text}", FAINT, FAINT))

    def _connecting(self, event: HostConnecting) -> None:
        via = f" via {', '.join(event.via)}" if event.via else ""
        self._wait(f"connecting to {event.host}{via}")

    def _connected(self, event: HostConnected) -> None:
        self._activity.end()
        self._planned_already = False
        host, facts = event.host, event.host.facts
        what = ", ".join(part for part in (facts.os_name or facts.os_id, facts.kernel) if part)
        login = f"{host.user}@{host.name}" if host.user else host.name
        via = f" via {', '.join(host.via)}" if host.via else ""
        self._say(
            hang("connected ", one_line(f"{login}{via}" + (f"  {what}" if what else "")), lead_style=FAINT),
            hang("          ", f"{seconds(event.took_s)} · commands run under {event.sandbox}", FAINT),
        )
        if self._verbose:
            self._say(*(hang("          without ", each, FAINT, FAINT) for each in event.missing))

    def _failed(self, event: HostFailed) -> None:
        self._idle()
        where = event.host if event.hop == event.host else f"{event.host} (at jump host {event.hop})"
        word = "cannot reach" if event.trusted else "STOPPED: do not trust"
        self._say(hang(f"{word} ", f"{where}: {event.cause}", lead_style=BAD), hang("  ", event.remedy))

    # ------------------------------------------------------------ collecting

    def _planned(self, event: PlanMade) -> None:
        collectors = dict.fromkeys(step.collector for step in event.steps)
        skipped = f"; {len(event.skipped)} left out" if event.skipped else ""
        word = "more command" if self._planned_already else "command"
        self._planned_already = True
        plan = f"{counted(len(event.steps), word)} from {', '.join(collectors)}{skipped}"
        self._say(hang("plan      ", Text.assemble(one_line(plan), ("  /show plan", REF)), lead_style=FAINT))
        if self._verbose:
            for step in event.steps:
                self._say(
                    hang(
                        f"  #{step.n:<4}",
                        one_line(f"{command_line(step.argv)}  ({step.why})"),
                        lead_style=FAINT,
                    )
                )
            for reason in event.skipped:
                self._say(hang("  left out ", reason, FAINT, FAINT))
            for condition in event.later:
                self._say(hang("  later    ", condition, FAINT, FAINT))

    def _sent(self, event: CommandSent) -> None:
        self._running.begin(event.n, event.probe, event.argv)
        if self._verbose:
            self._say(hang(f"  → #{event.n:<4}", one_line(command_line(event.argv), FAINT), lead_style=FAINT))
        self._wait_for_commands()

    def _observed(self, event: ObservationMade) -> None:
        self._running.end(event.n)
        self.learn(event.observation)
        self._say(StepLine(event.observation))
        if self._verbose:
            seen = event.observation
            self._say(
                *(
                    hang(f"    {seen.id}:{n}  ", line, FAINT, FAINT)
                    for n, line in enumerate(seen.lines, start=1)
                )
            )
        if self._running:
            self._wait_for_commands()
        else:
            self._activity.end()

    def _found(self, event: FindingFound) -> None:
        self._say(finding_line(event.finding))
        if self._verbose:
            self._say(*cited_lines(event.finding))

    # ------------------------------------------------------------ asking

    def _prompted(self, event: PromptMade) -> None:
        exact = "" if event.exact else "about "
        left_out = sum(receipt.lines - receipt.kept_lines for receipt in event.receipts)
        receipt = f"; {counted(left_out, 'line')} of evidence left out" if left_out else ""
        text = f"{exact}{counted(event.tokens, 'token')}, evidence budget {event.budget:,}{receipt}"
        self._say(
            hang(
                "prompt    ", Text.assemble(one_line(text, FAINT), ("  /show prompt", REF)), lead_style=FAINT
            )
        )

    def _asked(self, event: AnswerStarted) -> None:
        self._answered = 0
        self._reasoning, self._thought = "", []
        self._draft, self._drafting = Draft(), False
        rules = event.engine == "deterministic"
        self._wait("weighing the evidence" if rules else f"asking {event.engine} {event.model}".strip())

    def _answering(self, event: AnswerDelta) -> None:
        """The answer as it is written, section by section: it stands there until the verified one takes its place.

        Where nothing can move, what stands would stay, so there only --verbose shows it.
        """
        self._answered += len(event.text)
        if event.channel == "reasoning":
            self._thinking(event.text)
            return
        self._fold()
        done = self._draft.feed(event.text, event.call)
        if self._activity.moves:
            above = [Text(_UNCHECKED, style=FAINT), *map(_drafted, self._draft.lines)]
            waiting = one_line(f"writing the answer, {counted(self._answered, 'character')}", FAINT)
            self._activity.say(waiting.plain, above if self._draft.lines else ())
        elif self._verbose:
            self._say_draft(done)

    def _thinking(self, piece: str) -> None:
        """Reasoning: dimmed. In full with --verbose; else its end as it is written, and a line in its place afterwards."""
        waiting = f"thinking, {counted(self._answered, 'character')}"
        *whole, self._reasoning = (self._reasoning + piece).split("\n")
        if self._verbose:
            self._wait(waiting, loud=False)
            self._say(*(hang("  ", defuse(line), FAINT) for line in whole))
            return
        self._thought = [*self._thought, *filter(str.strip, whole)][-_THOUGHT_LINES:]
        if self._activity.moves:
            shown = [line for line in (*self._thought, self._reasoning) if line.strip()][-_THOUGHT_LINES:]
            above = [
                hang("  ", cut(one_line(defuse(line)).plain, _LONGEST_DRAFTED), FAINT, FAINT)
                for line in shown
            ]
            self._activity.say(one_line(waiting, FAINT).plain, above)

    def _fold(self) -> None:
        """The reasoning is over: what was begun of a line of it is shown, or one line stands for all."""
        if self._verbose and self._reasoning:
            self._say(hang("  ", defuse(self._reasoning), FAINT))
        elif self._reasoning or self._thought:
            how = "/verbose on" if self._interactive else "-v"
            self._say(hang("thought   ", f"before it answered; {how} shows it as it comes", FAINT, FAINT))
        self._reasoning, self._thought = "", []

    def _say_draft(self, lines: Iterable[Line]) -> None:
        for line in lines:
            if not self._drafting:
                self._say(Text(_UNCHECKED, style=FAINT))
            self._drafting = True
            self._say(_drafted(line))

    def _degraded(self, event: EngineFailed) -> None:
        self._idle()
        self._say(
            hang(f"{one_line(event.engine)} gave no usable answer: ", event.reason, lead_style=WARN),
            Text.assemble("  the ", one_line(event.fallback), " engine answers instead"),
        )

    def _heard(self, event: UserSaid) -> None:
        if not self._interactive:
            self._say(hang("> ", event.text, STRONG, FAINT))

    def _pinned(self, event: FactPinned) -> None:
        self._say(hang(f"fact {event.n}    ", fact_text(event.fact), lead_style=FAINT))

    def _goes_on(self, event: RoundStarted) -> None:
        checks = "; ".join(command_line(check.argv) for check in event.checks)
        self._say(
            hang(f"round {event.round} of {event.of}  ", one_line(f"by itself: {checks}"), lead_style=FAINT)
        )

    def _diagnosed(self, event: Diagnosed) -> None:
        self._idle()
        for line in diagnosis(event.diagnosis, self._sources):
            self._console.print(line)

    def _interrupted(self, event: Interrupted) -> None:
        self._idle()
        kept = counted(event.kept, "piece of evidence is kept", "pieces of evidence are kept")
        self._say(Text(f"stopped; {kept}", style=WARN))

    # ------------------------------------------------------------ waiting

    def _wait(self, text: str, *, loud: bool = True) -> None:
        """Show what is waited for; where nothing can move, a loud one is a line of its own: a sign of life."""
        line = one_line(text, FAINT)
        if self._activity.moves:
            self._activity.say(line.plain)
        elif loud:
            self._say(line)

    def _wait_for_commands(self) -> None:
        if self._activity.moves:
            line = one_line(f"{counted(len(self._running), 'command')} running: {self._running.names}", FAINT)
            self._activity.say(line.plain, [self._running])

    def _idle(self) -> None:
        """Nothing is waited for any more; what was begun of a line of reasoning is shown."""
        self._running.clear()
        self._activity.end()
        self._fold()
        if self._verbose and not self._activity.moves:
            self._say_draft(self._draft.rest())
        self._draft, self._drafting = Draft(), False


def _drafted(line: Line) -> RenderableType:
    title, text = line
    return hang(f"  {title:<8} ", cut(one_line(defuse(text)).plain, _LONGEST_DRAFTED), FAINT, FAINT)


def svg(
    events: Iterable[Event], *, title: str = "tai", width: int = 100, before: str = "", commands: bool = True
) -> str:
    """The screen that `events` make, as a self-contained SVG for the docs. before: a line above, such as the command.
    commands: whether the line that each command on the host gets is drawn.

    The same events give the same bytes.
    """
    console = Console(
        record=True,
        file=io.StringIO(),
        width=width,
        force_terminal=True,
        force_interactive=False,
        color_system="truecolor",
        markup=False,
        emoji=False,
        highlight=False,
    )
    if before:
        console.print(one_line(before, STRONG))
    renderer = Renderer(console)
    for event in events:
        if isinstance(event, ObservationMade) and not commands:
            renderer.learn(event.observation)
        else:
            renderer.show(event)
    return console.export_svg(title=title, unique_id="tai")
