"""One entry of the conversation: a slash command, the ticket, or a follow-up. Not the prompt that it was typed at."""

from __future__ import annotations

from tai.commands.context import Context
from tai.commands.registry import Command
from tai.commands.slash import COMMANDS
from tai.errors import InputError

# More words than this after an unknown "/name" and it is prose that begins with a path: "/var is full on db-01".
_PROSE_WORDS = 2


async def dispatch(context: Context, entry: str) -> None:
    """Do what `entry` asks for. Raises TaiError for what cannot be done, with a message for the user."""
    text = entry.strip()
    if text in ("exit", "quit"):
        context.leaving = True
    elif found := slash_command(text):
        command, rest = found
        await command.call(context, *command.parse(rest))
    elif text:
        await _talk(context, text)
    elif context.waiting and context.investigation.session.target_name:
        await context.diagnose(context.ticket)


def slash_command(text: str) -> tuple[Command, str] | None:
    """The command that `text` calls and the rest of it, or None when it is prose. Raises InputError for a typo."""
    if not text.startswith("/"):
        return None
    line, _, more = text.partition("\n")
    name, _, rest = line[1:].partition(" ")
    try:
        return COMMANDS.find(name), f"{rest}\n{more}" if more else rest
    except InputError:
        prose = "/" in name or more or len(rest.split()) > _PROSE_WORDS
        if prose and not COMMANDS.near(name):
            return None
        raise


async def _talk(context: Context, text: str) -> None:
    """The ticket while there is none, or none that could be looked into; else a follow-up on the same evidence."""
    session = context.investigation.session
    if session.ticket is None or context.waiting:
        await context.diagnose(text)
    else:
        await context.investigation.follow_up(text)
