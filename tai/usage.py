"""How `--help` looks: examples first, options under headings, commands by what they are for. Not what the options are.

click writes the sections; here they are told apart. The root group has the headings, each with the names of what stands
below it; a command has its examples as command lines, each with what it does.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import click

Examples = Sequence[tuple[str, str]]
"""Command lines as typed, each with what it does."""


Headings = Mapping[str, Sequence[str]]
"""Headings, each with the names of what stands under it, in order."""


def by_heading(command: click.Command, context: click.Context) -> dict[str, list[tuple[str, str]]]:
    """The options of a command with their help, under the headings of its root group; those under none, `--help` too, first."""
    root = context.find_root().command
    headings = root.headings if isinstance(root, Group) else {}
    found: dict[str, list[tuple[str, str]]] = {"": [], **{heading: [] for heading in headings}}
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if record is not None:
            place = next((heading for heading, names in headings.items() if parameter.name in names), "")
            found[place].append(record)
    return {heading: records for heading, records in found.items() if records}


class Command(click.Command):
    """A command whose help has examples, and options under headings."""

    def __init__(self, *arguments: Any, examples: Examples = (), **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.examples = examples

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Examples, then options."""
        _write_examples(self.examples, formatter)
        _write_options(self, ctx, formatter)


class Group(click.Group):
    """A group that lists its commands before its options, by headings, and says what was meant by a wrong word.

    sections: of its commands; headings: of the options of all commands below a root group, by parameter name.
    """

    command_class = Command

    def __init__(
        self,
        *arguments: Any,
        examples: Examples = (),
        sections: Headings | None = None,
        headings: Headings | None = None,
        **keywords: Any,
    ) -> None:
        super().__init__(*arguments, **keywords)
        self.examples = examples
        self.sections = sections or {}
        self.headings = headings or {}

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Examples, commands, options."""
        _write_examples(self.examples, formatter)
        self.format_commands(ctx, formatter)
        _write_options(self, ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each section; a command that is in none is listed with the others, so that none is forgotten."""
        listed = {name for names in self.sections.values() for name in names}
        rest = [name for name in self.list_commands(ctx) if name not in listed]
        sections = {**self.sections, ("Other commands" if listed else "Commands"): rest}
        widest = max(map(len, self.list_commands(ctx)), default=0)
        for heading, names in sections.items():
            commands = [(name, self.get_command(ctx, name)) for name in names]
            rows = [
                (name.ljust(widest), command.get_short_help_str(formatter.width - widest - 6))
                for name, command in commands
                if command is not None and not command.hidden
            ]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A word that is no command is answered with the command that was meant."""
        if ctx.parent is None and args[:1] == ["-"]:  # a ticket on standard input
            return "diagnose", self.get_command(ctx, "diagnose"), ["--ticket", "-", *args[1:]]
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            hint = meant(args[0], self.list_commands(ctx), ctx.command_path)
            if ctx.parent is None and not hint.startswith("Did"):
                hint = f"To diagnose a host: tai diagnose {args[0]}"
                if len(args[0].split()) > 1:
                    hint = "To ask in one line: tai ask [HOST] 'WHAT IS WRONG'"
            raise click.UsageError(f"No such command '{args[0]}'. {hint}", ctx=ctx)
        return super().resolve_command(ctx, args)


Group.group_class = Group


def meant(word: str, known: Sequence[str], before: str) -> str:
    """What to say about a word that is not known: the nearest that is, behind the words before it, else all of them."""
    near = difflib.get_close_matches(word, known, n=1)
    return f"Did you mean '{before} {near[0]}'?" if near else f"There are: {', '.join(known)}"


def command_context(root: click.Context, words: Sequence[str]) -> click.Context | None:
    """The command that `words` lead to below `root`, ready for its help; None when they lead to none."""
    found = root
    for word in words:
        if not isinstance(found.command, click.Group):
            return None
        command = found.command.get_command(found, word)
        if command is None:
            return None
        found = type(found)(command, info_name=word, parent=found)
    return found


def listed(heading: str, rows: Sequence[tuple[str, str]]) -> str:
    """A section of help of its own."""
    formatter = click.HelpFormatter()
    with formatter.section(heading):
        formatter.write_dl(rows)
    return "\n" + formatter.getvalue().rstrip("\n")


def _write_examples(examples: Examples, formatter: click.HelpFormatter) -> None:
    if examples:
        with formatter.section("Examples"):
            formatter.write_dl(list(examples), col_max=44)


def _write_options(command: click.Command, context: click.Context, formatter: click.HelpFormatter) -> None:
    for heading, records in by_heading(command, context).items():
        with formatter.section(heading or "Options"):
            formatter.write_dl(records, col_max=28)
