"""`tai diagnose`, `ask`, `collect`, `demo`: what looks at a host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tai.cli.options import DIAGNOSIS, ENGINE, EVIDENCE, OUTPUT, REPORT, SOSREPORT, SSH, complete, options
from tai.cli.root import cli, flags_of


@cli.command(
    examples=[
        ("tai diagnose web-01 -t ticket.md", "what broke on web-01?"),
        ("tai - < mail.txt", "the host that the ticket names"),
        ("tai diagnose db-01 db-02 -t t.md", "several hosts, side by side"),
        ("tai diagnose web-01 -t t.md --show-plan", "what would run; runs none of it"),
        ("tai diagnose web-01 -t t.md --json", "every event, one a line"),
    ]
)
@click.argument("hosts", metavar="[HOST]...", nargs=-1, shell_complete=complete("hosts"))
@click.option(
    "-t",
    "--ticket",
    type=click.Path(path_type=Path, allow_dash=True),
    help="The ticket's file, - for standard input.",
)
@options(
    DIAGNOSIS,
    SOSREPORT,
    SSH,
    ENGINE,
    EVIDENCE,
    REPORT,
    OUTPUT,
)
@click.pass_context
def diagnose(context: click.Context, /, **given: Any) -> None:
    """Diagnose HOST from a ticket, once.

    Without HOST, the host that the ticket names. Exit status: 0 diagnosed or healthy, 2 usage, 3 the host cannot be
    reached or trusted, 4 inconclusive, 130 interrupted.
    """
    from tai.frontends import shell  # noqa: PLC0415 - see `tai.cli`

    context.exit(shell.diagnose(flags_of(context, given)))


@cli.command(
    short_help="Diagnose what is said on the command line.",
    examples=[
        ("tai ask web-01 'nginx answers 502'", "the host, then what is wrong"),
        ("tai ask 'nginx on web-01 is slow'", "the text names the host"),
        ("dmesg | tai ask db-01 'is it the disk?' --attach dmesg=-", "with evidence on standard input"),
    ],
)
@click.argument("words", metavar="[HOST]... TEXT", nargs=-1, required=True)
@options(
    DIAGNOSIS,
    SSH,
    ENGINE,
    EVIDENCE,
    REPORT,
    OUTPUT,
)
@click.pass_context
def ask(context: click.Context, /, words: tuple[str, ...], **given: Any) -> None:
    """Diagnose what TEXT says, on HOST or on the host that it names. Like 'tai diagnose', with the ticket on the command line."""
    from tai.frontends import shell  # noqa: PLC0415 - see `tai.cli`

    context.exit(shell.ask(flags_of(context, given), words))


@cli.command(
    short_help="Collect evidence from hosts, diagnose nothing.",
    examples=[
        ("tai collect web-01 network", "one collector, one host"),
        ("tai collect web-01 web-02 db-01", "three hosts"),
    ],
)
@click.argument(
    "hosts", metavar="[HOST]... [NAME]...", nargs=-1, shell_complete=complete("hosts_and_collectors")
)
@click.option(
    "--collect",
    "collectors",
    multiple=True,
    metavar="NAME",
    shell_complete=complete("collectors"),
    help="Only this collector or probe; may be given several times.",
)
@options(SOSREPORT, SSH, EVIDENCE, REPORT, OUTPUT)
@click.pass_context
def collect(context: click.Context, /, **given: Any) -> None:
    """Collect evidence from each HOST, with all collectors or those NAMEd, and diagnose nothing.

    Behind the first host, a word that names a collector or probe is a NAME; every other one is a further host. Hosts are
    looked at side by side, and one that cannot be reached costs only itself.
    """
    from tai.frontends import shell  # noqa: PLC0415 - see `tai.cli`

    context.exit(shell.collect(flags_of(context, given)))


@cli.command()
@options(ENGINE, REPORT, OUTPUT)
@click.pass_context
def demo(context: click.Context, /, **given: Any) -> None:
    """Diagnose a recorded real incident over real SSH on loopback. Nothing to set up."""
    from tai.demo import play  # noqa: PLC0415 - see `tai.cli`

    context.exit(play(flags_of(context, given)))
