"""A small investigation as the events that it would tell, with hostile text where a host or a model could put it."""

from __future__ import annotations

import io
from datetime import UTC, datetime

from rich.console import Console

from tai.bus import Bus
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
    PlannedStep,
    PromptMade,
    Receipt,
    RoundStarted,
    SessionEnded,
    SessionResumed,
    SessionStarted,
    TicketParsed,
    UserSaid,
)
from tai.frontends.render import Renderer
from tai.model import (
    Action,
    Citation,
    Claim,
    Confidence,
    Diagnosis,
    Facts,
    Finding,
    Host,
    Hypothesis,
    Moment,
    NextCheck,
    Observation,
    Outcome,
    Pinned,
    Quote,
    Subjects,
    Ticket,
    Window,
)

FULL = "/dev/vdb1 ext4 10255636 10239252 0 100% /srv/data"
INVENTED = "kernel: sdz: all sectors are gone"
HOSTILE = "[bold red]not markup[/] \x1b]8;;http://evil.example\x07link\x1b[2J\u202egnp"

TICKET = Ticket(
    text="shop on db-01 is down since 14:05",
    hosts=("db-01",),
    window=Window(since=datetime(2026, 11, 20, 14, 5, tzinfo=UTC), source="since 14:05"),
    subjects=Subjects(units=("mariadb.service",), ports=(3306,)),
    paths=("/srv/data",),
    notes=("The ticket was cut at 2 MB.",),
)
DISK = Observation(
    id="E1",
    host="db-01",
    collector="disk",
    probe="filesystems",
    argv=("df", "-PT"),
    outcome=Outcome.OK,
    text=f"Filesystem Type 1024-blocks Used Available Capacity Mounted on\n{FULL}\n",
    exit=0,
    duration_s=0.0312,
    raw_bytes=118,
)
JOURNAL = Observation(
    id="E2",
    host="db-01",
    collector="services",
    probe="journal-unit",
    argv=("journalctl", "--unit=mariadb.service", "--lines=1000", "--no-pager", "--output=short-iso-precise"),
    outcome=Outcome.OK,
    text="".join(f"2026-11-20T14:05:{n:02} db-01 mariadbd[411]: line {n}\n" for n in range(60)),
    exit=0,
    duration_s=0.31,
    truncated=True,
    raw_bytes=184_000,
    redactions={"password": 2},
)
DENIED = Observation(
    id="E3",
    host="db-01",
    collector="network",
    probe="nft-ruleset",
    argv=("nft", "list", "ruleset"),
    outcome=Outcome.NO_PERMISSION,
    reason="Operation not permitted",
    exit=1,
    duration_s=0.02,
)
PASTED = Observation(
    id="E4",
    host="",
    collector="ticket",
    probe="attachment",
    label="journalctl -u nginx",
    outcome=Outcome.OK,
    text=HOSTILE + "\n",
    raw_bytes=80,
)
FINDING = Finding(
    signature="disk-full",
    title="A filesystem is full",
    severity="critical",
    category="disk",
    subject="/srv/data",
    cited=(Citation(observation="E1", line=2, text=FULL),),
    explanation="Nothing more can be written to /srv/data.",
)
DIAGNOSIS = Diagnosis(
    outcome="root_cause",
    cause="The filesystem on /srv/data is full, so mariadb cannot write.",
    confidence=Confidence(level="high", score=0.86, reasons=("two quotes checked", "the time fits")),
    engine="deterministic",
    claims=(
        Claim(
            text="/srv/data has no space left.",
            quotes=(Quote(observation="E1", line=2, text=FULL, status="exact"),),
            verified=True,
        ),
        Claim(
            text="The journal says so too.",
            quotes=(
                Quote(
                    observation="E2",
                    line=8,
                    text="2026-11-20T14:05:07 db-01 mariadbd[411]: line 7",
                    status="corrected",
                    correction="the engine named E1:8, which does not hold it",
                ),
            ),
            verified=True,
        ),
    ),
    unverified=(
        Claim(
            text="The disk is broken.",
            quotes=(Quote(observation="E9", line=4, text=INVENTED, status="unverified"),),
        ),
    ),
    hypotheses=(
        Hypothesis(
            rank=2,
            cause="mariadb was stopped by hand.",
            refuting=(
                Claim(
                    text="The journal has no stop job.",
                    quotes=(Quote(observation="E9", line=5, text=INVENTED, status="unverified"),),
                ),
            ),
        ),
        Hypothesis(rank=1, cause="The disk is full."),
    ),
    timeline=(
        Moment(
            at="14:05:07",
            text="mariadb fails to write",
            quote=Quote(observation="E2", line=8, text="line 7", status="exact"),
        ),
        Moment(
            at="14:06",
            text="the disk dies",
            quote=Quote(observation="E2", line=1, text=INVENTED, status="unverified"),
        ),
    ),
    missing=("The firewall's rules: no permission.",),
    actions=(
        Action(text="Look at what grew: du -x /srv/data"),
        Action(text="Truncate the debug log.", effect="changes"),
        Action(text="Delete old binary logs.", effect="destroys"),
    ),
    next_checks=(
        NextCheck(argv=("du", "-x", "-d1", "/srv/data"), why="It shows which folder grew."),
        NextCheck(argv=("ping", "-c", "1", "db-02"), why="Is the other one there?", tier="C"),
    ),
    dropped=("rm -rf /srv: rm is not in the catalogue",),
)


def sent(n: int, seen: Observation) -> CommandSent:
    """The event before an observation."""
    return CommandSent(
        n=n,
        host=seen.host,
        collector=seen.collector,
        probe=seen.probe,
        argv=seen.argv,
        tier="A",
        sandbox="argv+fsize",
    )


def story() -> list[Event]:
    """From the first event to the last; every kind of event occurs."""
    steps = tuple(
        PlannedStep(n=n, collector=seen.collector, probe=seen.probe, argv=seen.argv, why="always looked at")
        for n, seen in enumerate((DISK, JOURNAL, DENIED), start=1)
    )
    return [
        SessionStarted(version="0.1.0", engine="vllm", model="gemma"),
        TicketParsed(ticket=TICKET),
        Noted(level="warning", host="db-01", text=f"clock is 92 s behind {HOSTILE}"),
        Noted(text="the demo's own host"),
        HostConnecting(host="db-01", via=("ops@bastion:22",)),
        HostConnected(
            host=Host(
                name="db-01",
                user="ops",
                via=("ops@bastion:22",),
                facts=Facts(os_name="Debian GNU/Linux 12 (bookworm)", kernel="6.1.0-18-amd64"),
            ),
            sandbox="argv+fsize+nnp",
            missing=("landlock: util-linux is older than 2.40",),
            took_s=0.42,
        ),
        HostFailed(
            host="db-02", hop="bastion", cause="connection refused", remedy="Check that sshd runs on bastion."
        ),
        PlanMade(host="db-01", steps=steps, skipped=("rpm-packages: not an RPM distribution",)),
        sent(1, DISK),
        sent(2, JOURNAL),
        sent(3, DENIED),
        ObservationMade(n=2, observation=JOURNAL),
        ObservationMade(n=1, observation=DISK),
        FindingFound(finding=FINDING),
        ObservationMade(n=3, observation=DENIED),
        ObservationMade(n=0, observation=PASTED),
        PromptMade(
            sha256="0" * 64,
            templates_sha256="1" * 64,
            tokens=6120,
            exact=False,
            budget=8000,
            receipts=(Receipt(observation="E2", lines=60, kept_lines=12, size=184_000, kept_size=900),),
        ),
        MessageAdded(number=1, role="system", content="You are given evidence."),
        AnswerStarted(engine="vllm", model="gemma"),
        AnswerDelta(channel="reasoning", text="The disk is full.\nSo the "),
        AnswerDelta(channel="reasoning", text="database stops."),
        AnswerDelta(text='{"outcome": "root_cause"'),
        EngineFailed(engine="vllm", reason="no token for 20 s (model_stall_s)", fallback="deterministic"),
        UserSaid(text="is it the disk? It is not DNS, we checked."),
        FactPinned(n=1, fact=Pinned(text=f"It is not DNS, we checked {HOSTILE}", excludes=("dns",))),
        FactPinned(n=2, fact=Pinned(text="we rebooted it at 14:05")),
        FactDropped(n=2, fact=Pinned(text="we rebooted it at 14:05")),
        RoundStarted(round=1, of=2, checks=DIAGNOSIS.next_checks),
        Diagnosed(
            diagnosis=DIAGNOSIS.model_copy(
                update={
                    "degraded": "no token for 20 s (model_stall_s)",
                    "said": f'{{"cause": "the disk, {HOSTILE}',
                }
            )
        ),
        Interrupted(kept=4),
        SessionResumed(version="0.1.0", engine="vllm", model="gemma", after=32, torn=12, broken=7),
        HostTurned(host="db-02"),
        EngineTurned(engine="vllm", model=f"gemma {HOSTILE}"),
        ConversationCleared(),
        SessionEnded(exit_code=0),
    ]


def screen(
    events: list[Event],
    *,
    width: int = 80,
    terminal: bool = True,
    verbose: bool = False,
    interactive: bool = False,
) -> str:
    """What the renderer prints for `events`, as text without styles. terminal: False for a pipe."""
    console = Console(
        file=io.StringIO(),
        record=True,
        width=width,
        force_terminal=terminal,
        force_interactive=False,
        soft_wrap=not terminal,
        markup=False,
        emoji=False,
        highlight=False,
    )
    bus = Bus("s", [Renderer(console, verbose=verbose, interactive=interactive)])
    for event in events:
        bus.emit(event)
    return console.export_text()
