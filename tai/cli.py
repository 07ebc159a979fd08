"""Flags → settings → front end → exit code. Parsing only: what a subcommand does is in `tai.frontends`.

Nothing heavy is imported here, so that `tai --help` and shell completion answer at once; each command imports its
front end when it runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from tai import __version__
from tai.errors import EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_USAGE, TaiError
from tai.usage import Group, command_context, listed, meant


def _complete(name: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """The function of that name in `tai.frontends.complete`, imported when a shell asks."""

    def offer(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
        from tai.frontends import complete  # noqa: PLC0415 - see the module's docstring

        offered: list[str] = getattr(complete, name)(context, parameter, begun)
        return offered

    return offer


_SSH_OPTIONS = [
    click.option(
        "-i",
        "--identity-file",
        "identity_files",
        type=click.Path(path_type=Path),
        multiple=True,
        help="Private key to log in with; may be given several times.",
    ),
    click.option(
        "-J",
        "--jump-host",
        "jump",
        metavar="[USER@]HOST[:PORT][,…]",
        shell_complete=_complete("hosts"),
        help="Go through these hosts, nearest first; 'none' for a direct way.",
    ),
    click.option("-l", "--user", help="User to log in as."),
    click.option("-p", "--port", type=click.IntRange(1, 65535), help="Port of the host's SSH server."),
    click.option(
        "--ignore-ssh-config", is_flag=True, help="Do not read ~/.ssh/config or /etc/ssh/ssh_config."
    ),
    click.option(
        "--config",
        "config_file",
        type=click.Path(path_type=Path),
        help="Config file instead of ~/.config/tai/config.toml.",
    ),
]
_ENGINE_OPTIONS = [
    click.option(
        "--engine",
        type=click.Choice(["auto", "vllm", "deterministic"]),
        help="Who answers; auto: a model when one is configured.",
    ),
    click.option(
        "--model-url", metavar="URL", help="OpenAI-compatible server, such as http://127.0.0.1:8000/v1."
    ),
    click.option("--model", metavar="NAME", help="Model name on that server."),
    click.option(
        "--budget", type=int, metavar="TOKENS", help="Tokens of evidence in the prompt, 500 or more."
    ),
    click.option(
        "--samples",
        type=int,
        metavar="N",
        help="Ask a model for N answers at once, 1 to 9; agreement counts for confidence.",
    ),
    click.option(
        "--think",
        is_flag=True,
        help="Let a model think in plain text first: one call more, slower, often a better cause.",
    ),
    click.option(
        "--auto",
        type=int,
        metavar="N",
        help="While inconclusive, run proposed checks without asking, up to N rounds, 0 to 5; only what may run by itself.",
    ),
]
_EVIDENCE_OPTIONS = [
    click.option(
        "--anonymize",
        is_flag=True,
        help="Stand-ins for addresses, host and user names in evidence, prompt and diagnosis; not in the commands.",
    ),
]
_SOSREPORT_OPTIONS = [
    click.option(
        "--sosreport",
        type=click.Path(path_type=Path),
        metavar="DIR|TAR",
        help="Read a sosreport in place of a host: its folder, or its archive (tar, gzip, bzip2, xz).",
    ),
]
_REPORT_OPTIONS = [
    click.option(
        "-o",
        "--output",
        "outputs",
        type=click.Path(path_type=Path),
        multiple=True,
        metavar="FILE",
        help="Write the report to FILE.md, FILE.html or FILE.json; {host} in its name stands for the host. May be given several times.",
    ),
    click.option("--copy", is_flag=True, help="Copy the report to the clipboard, as Markdown."),
]
_DIAGNOSIS_OPTIONS = [
    click.option(
        "--attach",
        "attach",
        multiple=True,
        metavar="LABEL=FILE",
        help="Evidence from a file; LABEL is the command that printed it; FILE may be -. Split at the last =. May be given several times.",
    ),
    click.option(
        "--since",
        help="Start of the incident, in place of what the ticket says: '14:05', '2 hours ago', ISO 8601.",
    ),
    click.option("--until", help="End of the incident, in the same forms."),
    click.option(
        "--collect",
        "collectors",
        multiple=True,
        metavar="NAME",
        shell_complete=_complete("collectors"),
        help="Only this collector or probe; may be given several times.",
    ),
    click.option(
        "--path",
        "paths",
        multiple=True,
        metavar="DIR",
        help="List what lies below DIR on the host, and read the newest and largest logs and configuration there; may be given several times.",
    ),
    click.option("--no-host", is_flag=True, help="Connect to nothing; only what is attached counts."),
    click.option(
        "--show-plan", is_flag=True, help="Print what would run on the host and why; run none of it."
    ),
    click.option("--show-prompt", is_flag=True, help="Print exactly what a model would be asked; ask none."),
]
_OUTPUT_OPTIONS = [
    click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="Events as NDJSON on standard output, one a line; the last 'diagnosed' is the result, 'session_ended' ends it.",
    ),
    click.option("-v", "--verbose", is_flag=True, help="Show what each command printed."),
    click.option(
        "--plain", is_flag=True, help="Plain lines: no colour and nothing that moves; for screen readers."
    ),
    click.option(
        "--debug", is_flag=True, help="The SSH protocol on standard error; a traceback for an internal error."
    ),
]


_Function = TypeVar("_Function", bound=Callable[..., Any])


def _options(*groups: Sequence[Callable[[_Function], _Function]]) -> Callable[[_Function], _Function]:
    def add(function: _Function) -> _Function:
        for option in reversed([option for group in groups for option in group]):
            function = option(function)
        return function

    return add


_HEADINGS = {
    "What is looked at": (
        "collectors",
        "paths",
        "since",
        "until",
        "no_host",
        "sosreport",
        "attach",
        "ticket",
    ),
    "The way to the host": ("identity_files", "jump", "user", "port", "ignore_ssh_config"),
    "Who answers": ("engine", "model_url", "model", "budget", "samples", "think", "auto", "anonymize"),
    "Output": ("as_json", "verbose", "debug", "show_plan", "show_prompt", "outputs", "copy", "plain"),
}
_SECTIONS = {
    "Diagnose": ("diagnose", "collect", "ask", "demo"),
    "Set up": ("doctor", "config", "model"),
    "Look up": ("help", "collectors", "policy", "schema"),
    "Sessions": ("sessions", "replay", "resume"),
}


@click.group(
    cls=Group,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    sections=_SECTIONS,
    headings=_HEADINGS,
    examples=[
        ("tai", "the prompt: paste a ticket, ask on"),
        ("tai diagnose web-01 -t ticket.md", "one diagnosis"),
        ("tai ask web-01 'nginx answers 502'", "the same in one line"),
        ("tai doctor web-01", "is the way there clear?"),
        ("tai demo", "a recorded incident, nothing to set up"),
        ("tai help read-only", "what may run on a host, and what never does"),
    ],
)
@click.version_option(__version__, "-V", "--version", message="tai %(version)s")
@_options(_SSH_OPTIONS, _ENGINE_OPTIONS, _EVIDENCE_OPTIONS, _OUTPUT_OPTIONS)
@click.pass_context
def cli(context: click.Context, /, **given: Any) -> None:
    """Read-only incident diagnosis over SSH: what broke on this host, and how do we know?

    Without a command: the interactive prompt, or, with a ticket on standard input, its diagnosis.
    """
    context.obj = given
    if context.invoked_subcommand is None:
        from tai.frontends import shell  # noqa: PLC0415 - see the module's docstring
        from tai.frontends.flags import Flags  # noqa: PLC0415

        if sys.stdin.isatty():
            context.exit(shell.repl(Flags.of(_merged(context, given))))
        given = _merged(context, given)
        context.exit(shell.diagnose(Flags.of({**given, "ticket": Path("-")})))


@cli.command(
    examples=[
        ("tai diagnose web-01 -t ticket.md", "what broke on web-01?"),
        ("tai - < mail.txt", "the host that the ticket names"),
        ("tai diagnose db-01 db-02 -t t.md", "several hosts, side by side"),
        ("tai diagnose web-01 -t t.md --show-plan", "what would run; runs none of it"),
        ("tai diagnose web-01 -t t.md --json", "every event, one a line"),
    ]
)
@click.argument("hosts", metavar="[HOST]...", nargs=-1, shell_complete=_complete("hosts"))
@click.option(
    "-t",
    "--ticket",
    type=click.Path(path_type=Path, allow_dash=True),
    help="The ticket's file, - for standard input.",
)
@_options(
    _DIAGNOSIS_OPTIONS,
    _SOSREPORT_OPTIONS,
    _SSH_OPTIONS,
    _ENGINE_OPTIONS,
    _EVIDENCE_OPTIONS,
    _REPORT_OPTIONS,
    _OUTPUT_OPTIONS,
)
@click.pass_context
def diagnose(context: click.Context, /, **given: Any) -> None:
    """Diagnose HOST from a ticket, once.

    Without HOST, the host that the ticket names. Exit status: 0 diagnosed or healthy, 2 usage, 3 the host cannot be
    reached or trusted, 4 inconclusive, 130 interrupted.
    """
    from tai.frontends import shell  # noqa: PLC0415 - see the module's docstring
    from tai.frontends.flags import Flags  # noqa: PLC0415

    context.exit(shell.diagnose(Flags.of(_merged(context, given))))


@cli.command(
    short_help="Diagnose what is said on the command line.",
    examples=[
        ("tai ask web-01 'nginx answers 502'", "the host, then what is wrong"),
        ("tai ask 'nginx on web-01 is slow'", "the text names the host"),
        ("dmesg | tai ask db-01 'is it the disk?' --attach dmesg=-", "with evidence on standard input"),
    ],
)
@click.argument("words", metavar="[HOST]... TEXT", nargs=-1, required=True)
@_options(
    _DIAGNOSIS_OPTIONS,
    _SSH_OPTIONS,
    _ENGINE_OPTIONS,
    _EVIDENCE_OPTIONS,
    _REPORT_OPTIONS,
    _OUTPUT_OPTIONS,
)
@click.pass_context
def ask(context: click.Context, /, words: tuple[str, ...], **given: Any) -> None:
    """Diagnose what TEXT says, on HOST or on the host that it names. Like 'tai diagnose', with the ticket on the command line."""
    from tai.frontends import shell  # noqa: PLC0415 - see the module's docstring
    from tai.frontends.flags import Flags  # noqa: PLC0415

    context.exit(shell.ask(Flags.of(_merged(context, given)), words))


@cli.command(
    short_help="Collect evidence from hosts, diagnose nothing.",
    examples=[
        ("tai collect web-01 network", "one collector, one host"),
        ("tai collect web-01 web-02 db-01", "three hosts"),
    ],
)
@click.argument(
    "hosts", metavar="[HOST]... [NAME]...", nargs=-1, shell_complete=_complete("hosts_and_collectors")
)
@click.option(
    "--collect",
    "collectors",
    multiple=True,
    metavar="NAME",
    shell_complete=_complete("collectors"),
    help="Only this collector or probe; may be given several times.",
)
@_options(_SOSREPORT_OPTIONS, _SSH_OPTIONS, _EVIDENCE_OPTIONS, _REPORT_OPTIONS, _OUTPUT_OPTIONS)
@click.pass_context
def collect(context: click.Context, /, **given: Any) -> None:
    """Collect evidence from each HOST, with all collectors or those NAMEd, and diagnose nothing.

    Behind the first host, a word that names a collector or probe is a NAME; every other one is a further host. Hosts are
    looked at side by side, and one that cannot be reached costs only itself.
    """
    from tai.frontends import shell  # noqa: PLC0415 - see the module's docstring
    from tai.frontends.flags import Flags  # noqa: PLC0415

    context.exit(shell.collect(Flags.of(_merged(context, given))))


@cli.command()
@_options(_ENGINE_OPTIONS, _REPORT_OPTIONS, _OUTPUT_OPTIONS)
@click.pass_context
def demo(context: click.Context, /, **given: Any) -> None:
    """Diagnose a recorded real incident over real SSH on loopback. Nothing to set up."""
    from tai.demo import play  # noqa: PLC0415 - see the module's docstring
    from tai.frontends.flags import Flags  # noqa: PLC0415

    context.exit(play(Flags.of(_merged(context, given))))


@cli.command()
@click.argument("session", metavar="[ID]", default="last")
@_options(_SSH_OPTIONS, _ENGINE_OPTIONS, _EVIDENCE_OPTIONS, _OUTPUT_OPTIONS[1:])
@click.pass_context
def resume(context: click.Context, /, **given: Any) -> None:
    """Go on with a session at the prompt: its evidence, ticket, conversation and facts are there again.

    ID is a session's id, its beginning or its last four characters; 'last' is the newest.
    """
    from tai.frontends import shell  # noqa: PLC0415 - see the module's docstring
    from tai.frontends.flags import Flags  # noqa: PLC0415

    context.exit(shell.repl(Flags.of(_merged(context, given))))


@cli.command(short_help="Show a session again, without host or model.")
@click.argument("session", metavar="[ID]", default="last")
@_options(_SSH_OPTIONS[-1:], _REPORT_OPTIONS, _OUTPUT_OPTIONS[:2])
@click.pass_context
def replay(context: click.Context, /, session: str, **given: Any) -> None:
    """Show a session again as its record tells it, to the last event; asks no host and no model.

    With --json the same lines as when it ran; with --output or --copy its report. Exit status: 3 when the record was changed.
    """
    from tai.frontends import sessions as past  # noqa: PLC0415 - see the module's docstring
    from tai.frontends.flags import Flags  # noqa: PLC0415

    context.exit(past.replay(Flags.of(_merged(context, given)), session))


@cli.group(invoke_without_command=True)
@_options(_SSH_OPTIONS[-1:])
@click.pass_context
def sessions(context: click.Context, /, **given: Any) -> None:
    """What was investigated before: list (the default), remove, verify."""
    from tai.frontends import sessions as past  # noqa: PLC0415 - see the module's docstring
    from tai.frontends.flags import Flags  # noqa: PLC0415

    context.meta["flags"] = flags = Flags.of(_merged(context, given))
    if context.invoked_subcommand is None:
        context.exit(past.listed(flags))


@sessions.command("list")
@click.pass_context
def sessions_list(context: click.Context, /) -> None:
    """Every session, the newest first."""
    from tai.frontends import sessions as past  # noqa: PLC0415 - see the module's docstring

    context.exit(past.listed(context.meta["flags"]))


@sessions.command("rm")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.pass_context
def sessions_rm(context: click.Context, /, ids: tuple[str, ...]) -> None:
    """Remove sessions; one that is running stays."""
    from tai.frontends import sessions as past  # noqa: PLC0415 - see the module's docstring

    context.exit(past.remove(context.meta["flags"], ids))


@sessions.command("prune")
@click.pass_context
def sessions_prune(context: click.Context, /) -> None:
    """Remove what is over retention_days and retention_bytes, as every run does when it is over."""
    from tai.frontends import sessions as past  # noqa: PLC0415 - see the module's docstring

    context.exit(past.prune_now(context.meta["flags"]))


@sessions.command("verify", short_help="Check records against their chains.")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.pass_context
def sessions_verify(context: click.Context, /, ids: tuple[str, ...]) -> None:
    """Check the record of each session, or of all, against its chain of digests. Exit status: 3 when one was changed."""
    from tai.frontends import sessions as past  # noqa: PLC0415 - see the module's docstring

    context.exit(past.verify(context.meta["flags"], ids))


@cli.command()
def schema() -> None:
    """The JSON Schema of one line of --json."""
    from tai.frontends import schema as lines  # noqa: PLC0415 - see the module's docstring

    click.get_current_context().exit(lines.show())


@cli.group()
def collectors() -> None:
    """What tai looks at: list, show and check collectors."""


@collectors.command("list")
@_options(_SSH_OPTIONS[-1:])
@click.pass_context
def collectors_list(context: click.Context, /, **given: Any) -> None:
    """Every collector with its probes."""
    from tai.frontends import listings  # noqa: PLC0415 - see the module's docstring

    context.exit(listings.collectors(_merged(context, given)["config_file"]))


@collectors.command("show", short_help="One collector: its commands and signatures.")
@click.argument("name", shell_complete=_complete("collector_names"))
@_options(_SSH_OPTIONS[-1:])
@click.pass_context
def collectors_show(context: click.Context, /, name: str, **given: Any) -> None:
    """One collector: its commands, and the signatures that read their output."""
    from tai.frontends import listings  # noqa: PLC0415 - see the module's docstring

    context.exit(listings.collector(name, _merged(context, given)["config_file"]))


@collectors.command("check", short_help="Check collector files of your own.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@_options(_SSH_OPTIONS[-1:])
@click.pass_context
def collectors_check(context: click.Context, /, files: tuple[Path, ...], **given: Any) -> None:
    """Check collector files of your own: form, policy, patterns and cases."""
    from tai.frontends import listings  # noqa: PLC0415 - see the module's docstring

    context.exit(listings.check_files(files, _merged(context, given)["config_file"]))


@cli.group()
def policy() -> None:
    """What tai may run: check command lines, list the catalogue."""


@policy.command(
    "check",
    short_help="The verdict on each command line.",
    examples=[
        ("tai policy check 'ss -tlnp | grep 80'", "one command line"),
        ("tai policy check - < runbook.txt", "each line of a file"),
    ],
)
@click.argument("command", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def policy_check(command: str | None, *, as_json: bool) -> None:
    """The verdict on COMMAND (one argument), or on each line of standard input when it is - or left out.

    Exit status: 0 when every line is allowed or asked about, 2 when one is refused.
    """
    from tai.frontends import listings  # noqa: PLC0415 - see the module's docstring

    lines = sys.stdin if command in (None, "-") else [command]
    click.get_current_context().exit(listings.policy_check(lines, as_json=as_json))


@policy.command("list")
def policy_list() -> None:
    """The whole catalogue of allowed commands as a table."""
    from tai.frontends import listings  # noqa: PLC0415 - see the module's docstring

    click.get_current_context().exit(listings.policy_list())


@policy.command("sudoers", short_help="A sudoers fragment for the marked commands.")
@click.option("--user", metavar="NAME", default="tai", show_default=True, help="The account tai logs in as.")
@_options(_SSH_OPTIONS[-1:])
@click.pass_context
def policy_sudoers(context: click.Context, /, user: str, **given: Any) -> None:
    """A sudoers fragment that grants the marked reading commands, exactly, and nothing else.

    Read it, then install it with visudo. tai uses it only on hosts whose table in the config file says sudo = true.
    """
    from tai.frontends import listings  # noqa: PLC0415 - see the module's docstring

    context.exit(listings.policy_sudoers(user, _merged(context, given)["config_file"]))


@cli.command(
    "help",
    short_help="A topic, or a command's options.",
    examples=[
        ("tai help", "all topics and commands"),
        ("tai help read-only", "a topic"),
        ("tai help policy check", "a command"),
    ],
)
@click.argument("words", metavar="[TOPIC|COMMAND]", nargs=-1, shell_complete=_complete("topics_and_commands"))
@click.pass_context
def help_(context: click.Context, /, words: tuple[str, ...]) -> None:
    """Show a help topic, or what a command takes; alone, the list of both."""
    from tai.frontends import topics  # noqa: PLC0415 - see the module's docstring

    root = context.find_root()
    if not words:
        click.echo(root.get_help())
        click.echo(listed("Help topics, for 'tai help TOPIC'", list(topics.topics().items())))
        return
    topic, command = topics.named(" ".join(words)), command_context(root, words)
    if topic in topics.topics():
        topics.show(topic)
        if command is not None:
            click.echo(f"\nThe command's options: {command.command_path} --help")
    elif command is not None:
        click.echo(command.get_help())
    else:
        names = (
            [*topics.topics(), *root.command.list_commands(root)] if isinstance(root.command, Group) else []
        )
        raise click.UsageError(
            f"There is no topic or command '{topic}'. {meant(topic, names, 'tai help')}", ctx=context
        )


@cli.group(short_help="Settings, and where each came from.")
def config() -> None:
    """Settings: each value with where it came from, and the config file's name."""


@config.command("show")
@click.option("--json", "json_values", is_flag=True, help="One JSON object, by setting.")
@_options(_SSH_OPTIONS[-1:], _ENGINE_OPTIONS, _EVIDENCE_OPTIONS)
@click.pass_context
def config_show(context: click.Context, /, *, json_values: bool, **given: Any) -> None:
    """Each setting, its value, and where that came from: default, file and line, variable, flag."""
    from tai.frontends import config as settings  # noqa: PLC0415 - see the module's docstring
    from tai.frontends.flags import Flags  # noqa: PLC0415

    merged = _merged(context, given)
    context.exit(settings.show(Flags.of(merged), as_json=json_values or merged["as_json"]))


@config.command("path")
@_options(_SSH_OPTIONS[-1:])
@click.pass_context
def config_path(context: click.Context, /, **given: Any) -> None:
    """The config file that is read, whether it exists or not."""
    from tai.frontends import config as settings  # noqa: PLC0415 - see the module's docstring
    from tai.frontends.flags import Flags  # noqa: PLC0415

    context.exit(settings.path(Flags.of(_merged(context, given))))


@cli.group()
def model() -> None:
    """A local model on vLLM: what fits this machine, serve it, how it is."""


_MODEL_OPTIONS = [
    click.option(
        "--model",
        metavar="NAME|DIR",
        help="Model, one set of its weights, or a folder; else the default's variant that fits.",
    ),
    click.option(
        "--context", type=click.IntRange(2048), metavar="TOKENS", help="Longest text; else what fits."
    ),
    click.option(
        "--tensor-parallel", "tensor", type=click.IntRange(1), default=1, help="Cut each layer over N cards."
    ),
]


@model.command("plan", short_help="Which variant fits: weights, KV cache, context, sessions.")
@_options(_MODEL_OPTIONS)
@click.option(
    "--gpu-memory",
    type=click.FloatRange(1),
    metavar="GB",
    help="Plan for a card of this memory, not for what is here.",
)
@click.option("--gpus", type=click.IntRange(1), default=1, help="So many of them, with --gpu-memory.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def model_plan(context: click.Context, /, **given: Any) -> None:
    """Which variant of a model fits the GPUs here: weights, KV cache, context, and how many sessions at once.

    Exit status: 0 when one fits, 2 when none does.
    """
    from tai.frontends.models.plan import plan  # noqa: PLC0415 - see the module's docstring

    context.exit(
        plan(
            given["model"] or "",
            gpu_memory=given["gpu_memory"],
            gpus=given["gpus"],
            tensor=given["tensor"],
            context=given["context"],
            as_json=given["as_json"],
        )
    )


@model.command("serve", short_help="Start vLLM with what fits, and keep it running.")
@_options(_MODEL_OPTIONS, _SSH_OPTIONS[-1:])
@click.option("--name", metavar="NAME", help="What clients call the model; else its own name.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to listen on."
)
@click.option(
    "--uds", type=click.Path(path_type=Path), metavar="PATH", help="Listen on a Unix socket instead."
)
@click.option(
    "--public", is_flag=True, help="Allow --host to be other than loopback. Read docs/models.md before."
)
@click.option("--offline", is_flag=True, help="Fetch nothing from the hub; a folder never does.")
@click.option(
    "--pipeline-parallel", "pipeline", type=click.IntRange(1), default=1, help="Cut the layers into N groups."
)
@click.option("--data-parallel", "data", type=click.IntRange(1), default=1, help="N copies of the model.")
@click.option(
    "--nodes", type=click.IntRange(1), default=1, help="Machines; the others' commands are printed."
)
@click.option(
    "--master-addr", "master", default="", metavar="ADDRESS", help="This machine's address among the nodes."
)
@click.option("--ray", is_flag=True, help="Nodes by Ray, not by vLLM's own launch.")
@click.option("--dry-run", "--print", "dry_run", is_flag=True, help="Print the command; start nothing.")
@click.argument("extra", metavar="[-- VLLM_ARGS]...", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def model_serve(context: click.Context, /, **given: Any) -> None:
    """Start `vllm serve` with the variant that fits, bound to this machine, and keep it running.

    Shows how the loading goes, prints the setting to use once it answers, starts it again when it crashes (three times
    in ten minutes), and ends with it on Ctrl-C. What stands behind -- goes to vLLM as it is.
    Exit status: 0 when it was told to end, 2 usage, 3 when the server does not come up or crashes on.
    """
    from tai import settings  # noqa: PLC0415 - see the module's docstring
    from tai.frontends.models.serve import Wanted, serve  # noqa: PLC0415
    from tai.serving.command import Spread, Where  # noqa: PLC0415

    wanted = Wanted(
        model=given["model"] or "",
        name=given["name"] or "",
        where=Where(given["host"], given["port"], given["uds"].absolute() if given["uds"] else None),
        public=given["public"],
        spread=Spread(
            given["tensor"],
            given["pipeline"],
            given["data"],
            given["nodes"],
            given["master"],
            "ray" if given["ray"] else "native",
        ),
        context=given["context"],
        offline=given["offline"],
        extra=given["extra"],
    )
    config_file = _merged(context, given)["config_file"]
    context.exit(serve(settings.load(config_file), wanted, dry_run=given["dry_run"]))


@model.command("status", short_help="The configured server: model, window, queue, cache, speeds.")
@_options(_ENGINE_OPTIONS[1:3], _SSH_OPTIONS[-1:])
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def model_status(context: click.Context, /, **given: Any) -> None:
    """Whether the configured model server answers, what it serves and offers, and how busy it is.

    Exit status: 0 when it answers and has the model, 2 when none is configured, 3 when it does not answer or has another.
    """
    from tai.frontends.flags import Flags  # noqa: PLC0415 - see the module's docstring
    from tai.frontends.models.status import status  # noqa: PLC0415

    merged = _merged(context, given)
    context.exit(
        status(
            Flags.of({**merged, "engine": "vllm" if merged["model_url"] else None}), as_json=merged["as_json"]
        )
    )


@cli.command(short_help="What works here and on the way to HOST, and what to do.")
@click.argument("host", metavar="[HOST]", required=False, shell_complete=_complete("hosts"))
@_options(_SSH_OPTIONS)
@click.pass_context
def doctor(context: click.Context, /, **given: Any) -> None:
    """What works and what to do about the rest: config, keys, model; with HOST, the way to it and what it allows.

    Exit status: 0 when nothing failed, 3 when something did.
    """
    from tai.frontends import doctor as checks  # noqa: PLC0415 - see the module's docstring
    from tai.frontends.flags import Flags  # noqa: PLC0415

    context.exit(checks.doctor(Flags.of(_merged(context, given))))


def _merged(context: click.Context, given: dict[str, Any]) -> dict[str, Any]:
    """A subcommand's flags over those given before it: `tai -J bastion diagnose web-01` is what it looks like."""
    _say_unknown_variables()
    outer: dict[str, Any] = context.find_root().obj or {}
    unset = (None, (), False)
    return {**outer, **given, **{name: value for name, value in outer.items() if given.get(name) in unset}}


def _say_unknown_variables() -> None:
    """A `TAI_…` variable that is no setting does nothing, which its author does not expect."""
    if any(name.upper().startswith("TAI_") for name in os.environ):
        from tai.settings import unknown_variables  # noqa: PLC0415 - only where there are any

        for said in unknown_variables():
            click.echo(f"tai: {said}", err=True)


def main() -> None:
    """The `tai` command. Never lets a traceback reach a user, and never swallows one: it goes into a file."""
    try:
        status = cli.main(prog_name="tai", standalone_mode=False)
    except click.exceptions.Abort:
        status = EXIT_INTERRUPTED
    except click.ClickException as error:
        error.show()
        status = EXIT_USAGE
    except TaiError as error:
        click.echo(f"tai: {error}", err=True)
        status = error.exit_code
    except KeyboardInterrupt:
        status = EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone (`tai … | head`). Python flushes at exit, so give it somewhere to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = EXIT_INTERNAL
    except Exception:  # noqa: BLE001 - the last line of defence, see the docstring
        status = _internal_error()
    sys.exit(status if isinstance(status, int) else 0)


def _internal_error() -> int:
    import tempfile  # noqa: PLC0415 - only on the way to an error
    import traceback  # noqa: PLC0415

    if "--debug" in sys.argv:
        traceback.print_exc()
        return EXIT_INTERNAL
    with tempfile.NamedTemporaryFile(
        "w", prefix="tai-error-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        traceback.print_exc(file=file)
    click.echo(
        f"tai: internal error, a defect in tai; the details are in {file.name}. What was collected is kept.",
        err=True,
    )
    return EXIT_INTERNAL
