"""The root of the command line, and what its commands share: the flags given before and behind a subcommand, as one."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tai import __version__
from tai.cli.options import ENGINE, EVIDENCE, HEADINGS, OUTPUT, SECTIONS, SSH, options
from tai.usage import Group

if TYPE_CHECKING:
    from tai.frontends.flags import Flags


def merged(context: click.Context, given: dict[str, Any]) -> dict[str, Any]:
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


def flags_of(context: click.Context, given: dict[str, Any], **fixed: Any) -> Flags:
    """What `merged` gives, as front ends take it. fixed: what the command itself decides."""
    from tai.frontends.flags import Flags  # noqa: PLC0415 - see `tai.cli`

    return Flags.of({**merged(context, given), **fixed})


@click.group(
    cls=Group,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    sections=SECTIONS,
    headings=HEADINGS,
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
@options(SSH, ENGINE, EVIDENCE, OUTPUT)
@click.pass_context
def cli(context: click.Context, /, **given: Any) -> None:
    """Read-only incident diagnosis over SSH: what broke on this host, and how do we know?

    Without a command: the interactive prompt, or, with a ticket on standard input, its diagnosis.
    """
    context.obj = given
    if context.invoked_subcommand is None:
        from tai.frontends import shell  # noqa: PLC0415 - see `tai.cli`

        if sys.stdin.isatty():
            context.exit(shell.repl(flags_of(context, given)))
        context.exit(shell.diagnose(flags_of(context, given, ticket=Path("-"))))
