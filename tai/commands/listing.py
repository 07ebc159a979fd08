"""Prints docs/repl.md from the commands themselves: `python -m tai.commands.listing`. Not the help at the prompt, which is `/help`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tai.commands.registry import Command
from tai.commands.slash import COMMANDS

_HEAD = """\
# The prompt

Written by `make docs` from the commands' own docstrings; `/help COMMAND` shows the same at the prompt.

Bare text is the ticket at first, and then a follow-up question about the same evidence. `exit` and `quit` work bare, too.

## Keys

| key | does |
|---|---|
| Enter | sends |
| Alt-Enter, or Esc and then Enter | a new line |
| a paste | goes in as one piece; more than six lines stand as `[pasted 184 lines]` and are sent in full |
| Tab | completes commands, collectors, evidence, hosts of ssh's `config` and `known_hosts` (unless hashed), units and paths that were seen |
| Up, Down, Ctrl-R | what was typed before, in this and earlier conversations; secrets are masked before it is written |
| Ctrl-X Ctrl-E | the draft in `$VISUAL` or `$EDITOR`, pasted blocks in full |
| Esc | closes the menu, or clears the draft; Ctrl-_ brings it back. With `keys = "vi"` Esc goes to vi's command mode |
| Ctrl-C | stops the work at hand, on the host too, and keeps what it brought; at the prompt it clears the draft; twice within 2 s it leaves |
| Ctrl-D | leaves |

While work runs, what is typed stands in the last line, where Backspace, Ctrl-W, Ctrl-U, Esc and Alt-Enter work as above. Enter queues it:
it runs when the work is done, and Ctrl-D leaves then. What is unfinished begins the next prompt. After Ctrl-C nothing queued runs by
itself: each entry becomes the draft of a prompt, in turn. Where nothing can move (`--plain`, `NO_COLOR`, `TERM=dumb`), keys wait unseen.

## What a command's line says

`#7 journal-unit nginx.service  0.31 s  184 KB → 2.1 KB  /show 7`: its number, the probe, what it was asked about, how long it took, what
the host sent, and what is left of that when of lines that differ in numbers only one stays (`/show 7 condensed`). The arrow is missing
where that leaves everything, and for outputs over 400,000 characters. What a model gets is chosen within the budget, with all evidence
in view: `/show prompt`.

## The bar

Host with user and jump chain, engine and model, evidence, the ticket's time window, and how much of the token budget the last prompt
took. What does not fit is left out from the end. `--plain`, or `plain = true` in the config file, leaves out the bar, the menu, colour and
all that moves; so do `NO_COLOR` and pipes for what moves, and `TERM=dumb` sends no escape sequence at all.

## The pager

`/show N` opens it for what is longer than the screen. Lines that a finding or a verified claim rests on are marked.

| key | does |
|---|---|
| j k, arrows | a line down, up |
| d u | half a screen |
| Space b, PageDown PageUp | a screen |
| g G | the start, the end |
| / n N | search, whatever the case; the next, the one before, round the end |
| w | wraps long lines, or cuts them |
| 1 2 3, Tab | raw, parsed, condensed |
| q, Ctrl-C | back to the prompt |

## Commands
"""


def page() -> str:
    """The whole page."""
    return (_HEAD + "".join(line for command in COMMANDS for line in _command(command))).rstrip("\n") + "\n"


def _command(command: Command) -> Iterator[str]:
    yield f"\n### `{command.usage}`\n"
    for paragraph in command.help.split("\n\n"):
        yield f"\n{' '.join(paragraph.split())}\n"
    if command.aliases:
        yield f"\nAlso: {', '.join(f'`/{alias}`' for alias in command.aliases)}.\n"


def _main() -> None:
    sys.stdout.write(page())


if __name__ == "__main__":
    _main()
