"""`tai resume`, `replay`, `sessions`, `schema`: what was investigated before, and how its record reads."""

from __future__ import annotations

from typing import Any

import click

from tai.cli.options import CONFIG, ENGINE, EVIDENCE, REPORT, SHOWN, SSH, TOLD, options
from tai.cli.root import cli, flags_of


@cli.command()
@click.argument("session", metavar="[ID]", default="last")
@options(SSH, ENGINE, EVIDENCE, TOLD)
@click.pass_context
def resume(context: click.Context, /, **given: Any) -> None:
    """Go on with a session at the prompt: its evidence, ticket, conversation and facts are there again.

    ID is a session's id, its beginning or its last four characters; 'last' is the newest.
    """
    from tai.frontends import shell  # noqa: PLC0415 - see `tai.cli`

    context.exit(shell.repl(flags_of(context, given)))


@cli.command(short_help="Show a session again, without host or model.")
@click.argument("session", metavar="[ID]", default="last")
@options(CONFIG, REPORT, SHOWN)
@click.pass_context
def replay(context: click.Context, /, session: str, **given: Any) -> None:
    """Show a session again as its record tells it, to the last event; asks no host and no model.

    With --json the same lines as when it ran; with --output or --copy its report. Exit status: 3 when the record was changed.
    """
    from tai.frontends import sessions as past  # noqa: PLC0415 - see `tai.cli`

    context.exit(past.replay(flags_of(context, given), session))


@cli.group(invoke_without_command=True)
@options(CONFIG)
@click.pass_context
def sessions(context: click.Context, /, **given: Any) -> None:
    """What was investigated before: list (the default), remove, verify."""
    from tai.frontends import sessions as past  # noqa: PLC0415 - see `tai.cli`

    context.meta["flags"] = flags = flags_of(context, given)
    if context.invoked_subcommand is None:
        context.exit(past.listed(flags))


@sessions.command("list")
@click.pass_context
def sessions_list(context: click.Context, /) -> None:
    """Every session, the newest first."""
    from tai.frontends import sessions as past  # noqa: PLC0415 - see `tai.cli`

    context.exit(past.listed(context.meta["flags"]))


@sessions.command("rm")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.pass_context
def sessions_rm(context: click.Context, /, ids: tuple[str, ...]) -> None:
    """Remove sessions; one that is running stays."""
    from tai.frontends import sessions as past  # noqa: PLC0415 - see `tai.cli`

    context.exit(past.remove(context.meta["flags"], ids))


@sessions.command("prune")
@click.pass_context
def sessions_prune(context: click.Context, /) -> None:
    """Remove what is over retention_days and retention_bytes, as every run does when it is over."""
    from tai.frontends import sessions as past  # noqa: PLC0415 - see `tai.cli`

    context.exit(past.prune_now(context.meta["flags"]))


@sessions.command("verify", short_help="Check records against their chains.")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.pass_context
def sessions_verify(context: click.Context, /, ids: tuple[str, ...]) -> None:
    """Check the record of each session, or of all, against its chain of digests. Exit status: 3 when one was changed."""
    from tai.frontends import sessions as past  # noqa: PLC0415 - see `tai.cli`

    context.exit(past.verify(context.meta["flags"], ids))


@cli.command()
def schema() -> None:
    """The JSON Schema of one line of --json."""
    from tai.frontends import schema as lines  # noqa: PLC0415 - see `tai.cli`

    click.get_current_context().exit(lines.show())
