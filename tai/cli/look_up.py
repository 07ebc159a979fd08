"""`tai collectors`, `policy`, `help`, `config`, `doctor`: what tai knows, may do, and finds here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from tai.cli.options import CONFIG, ENGINE, EVIDENCE, SSH, complete, options
from tai.cli.root import cli, flags_of, merged
from tai.usage import Group, command_context, listed, meant


@cli.group()
def collectors() -> None:
    """What tai looks at: list, show and check collectors."""


@collectors.command("list")
@options(CONFIG)
@click.pass_context
def collectors_list(context: click.Context, /, **given: Any) -> None:
    """Every collector with its probes."""
    from tai.frontends import listings  # noqa: PLC0415 - see `tai.cli`

    context.exit(listings.collectors(merged(context, given)["config_file"]))


@collectors.command("show", short_help="One collector: its commands and signatures.")
@click.argument("name", shell_complete=complete("collector_names"))
@options(CONFIG)
@click.pass_context
def collectors_show(context: click.Context, /, name: str, **given: Any) -> None:
    """One collector: its commands, and the signatures that read their output."""
    from tai.frontends import listings  # noqa: PLC0415 - see `tai.cli`

    context.exit(listings.collector(name, merged(context, given)["config_file"]))


@collectors.command("check", short_help="Check collector files of your own.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@options(CONFIG)
@click.pass_context
def collectors_check(context: click.Context, /, files: tuple[Path, ...], **given: Any) -> None:
    """Check collector files of your own: form, policy, patterns and cases."""
    from tai.frontends import listings  # noqa: PLC0415 - see `tai.cli`

    context.exit(listings.check_files(files, merged(context, given)["config_file"]))


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
    from tai.frontends import listings  # noqa: PLC0415 - see `tai.cli`

    lines = sys.stdin if command in (None, "-") else [command]
    click.get_current_context().exit(listings.policy_check(lines, as_json=as_json))


@policy.command("list")
def policy_list() -> None:
    """The whole catalogue of allowed commands as a table."""
    from tai.frontends import listings  # noqa: PLC0415 - see `tai.cli`

    click.get_current_context().exit(listings.policy_list())


@policy.command("sudoers", short_help="A sudoers fragment for the marked commands.")
@click.option("--user", metavar="NAME", default="tai", show_default=True, help="The account tai logs in as.")
@options(CONFIG)
@click.pass_context
def policy_sudoers(context: click.Context, /, user: str, **given: Any) -> None:
    """A sudoers fragment that grants the marked reading commands, exactly, and nothing else.

    Read it, then install it with visudo. tai uses it only on hosts whose table in the config file says sudo = true.
    """
    from tai.frontends import listings  # noqa: PLC0415 - see `tai.cli`

    context.exit(listings.policy_sudoers(user, merged(context, given)["config_file"]))


@cli.command(
    "help",
    short_help="A topic, or a command's options.",
    examples=[
        ("tai help", "all topics and commands"),
        ("tai help read-only", "a topic"),
        ("tai help policy check", "a command"),
    ],
)
@click.argument("words", metavar="[TOPIC|COMMAND]", nargs=-1, shell_complete=complete("topics_and_commands"))
@click.pass_context
def help_(context: click.Context, /, words: tuple[str, ...]) -> None:
    """Show a help topic, or what a command takes; alone, the list of both."""
    from tai.frontends import topics  # noqa: PLC0415 - see `tai.cli`

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
@options(CONFIG, ENGINE, EVIDENCE)
@click.pass_context
def config_show(context: click.Context, /, *, json_values: bool, **given: Any) -> None:
    """Each setting, its value, and where that came from: default, file and line, variable, flag."""
    from tai.frontends import config as settings  # noqa: PLC0415 - see `tai.cli`

    flags = flags_of(context, given)
    context.exit(settings.show(flags, as_json=json_values or flags.as_json))


@config.command("path")
@options(CONFIG)
@click.pass_context
def config_path(context: click.Context, /, **given: Any) -> None:
    """The config file that is read, whether it exists or not."""
    from tai.frontends import config as settings  # noqa: PLC0415 - see `tai.cli`

    context.exit(settings.path(flags_of(context, given)))


@cli.command(short_help="What works here and on the way to HOST, and what to do.")
@click.argument("host", metavar="[HOST]", required=False, shell_complete=complete("hosts"))
@options(SSH)
@click.pass_context
def doctor(context: click.Context, /, **given: Any) -> None:
    """What works and what to do about the rest: config, keys, model; with HOST, the way to it and what it allows.

    Exit status: 0 when nothing failed, 3 when something did.
    """
    from tai.frontends import doctor as checks  # noqa: PLC0415 - see `tai.cli`

    context.exit(checks.doctor(flags_of(context, given)))
