"""Writes the man page tai.1 and the completions for bash, zsh and fish from the command line itself: `make dist-docs`.

    python build/manual.py FOLDER     FOLDER/man/man1/tai.1, FOLDER/completions/{tai.bash,_tai,tai.fish}

The completions are click's: each asks `tai` what fits. The page is in the man macros, which man-db and mandoc both read.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from tai import __version__
from tai.cli import cli
from tai.frontends.config_page import rows
from tai.frontends.topics import text_of, topics
from tai.usage import by_heading

_COMPLETIONS = {"bash": "tai.bash", "zsh": "_tai", "fish": "tai.fish"}


def completion(shell: str) -> str:
    """The script that a shell reads."""
    found = get_completion_class(shell)
    if found is None:
        raise ValueError(f"click has no completion for {shell}")
    # click asks the bash at hand for its version before it gives the script; here it is written for another machine.
    made = found(cli, {}, "tai", "_TAI_COMPLETE")
    return str(found.source_template % made.source_vars())


def manual(made: datetime) -> str:
    """The page tai.1. made: the date in its footer."""
    return "\n".join(_page(made)) + "\n"


def _page(made: datetime) -> Iterator[str]:
    root = click.Context(cli, info_name="tai", **cli.context_settings)
    summary, *more = _paragraphs(cli.help or "")
    yield f'.TH TAI 1 "{made:%Y-%m-%d}" "tai {__version__}" "User Commands"'
    yield ".SH NAME"
    yield r"tai \- read\-only incident diagnosis over SSH"
    yield ".SH SYNOPSIS"
    yield from (".B tai", _plain("[OPTIONS] [COMMAND] [ARGS]..."))
    yield ".SH DESCRIPTION"
    yield _plain(summary)
    for paragraph in more:
        yield from (".PP", _plain(paragraph))
    yield from _topic("read-only", heading="READ-ONLY")
    yield ".SH OPTIONS"
    yield "Those under a heading may stand before a command or behind it."
    yield from _options(cli, root)
    yield ".SH COMMANDS"
    yield from _commands(cli, root)
    yield ".SH EXIT STATUS"
    for status, meaning in re.findall(r"(?m)^- (\d+): (.*)$", text_of("exit-codes")):
        yield from (".TP", f".B {status}", _plain(meaning))
    yield ".SH ENVIRONMENT"
    yield _plain("Each setting of the config file has a variable; flags are stronger, the file is weaker.")
    for variable, meaning in rows():
        yield from (".TP", f".B {_escaped(variable)}", _plain(meaning))
    yield ".SH FILES"
    for file, meaning in (
        ("~/.config/tai/config.toml", "Settings; tai config show prints each with where it came from."),
        ("~/.config/tai/collectors/", "Collectors of your own."),
        ("~/.local/state/tai/", "Sessions and the prompt's history."),
        ("~/.ssh/config, ~/.ssh/known_hosts", "As for ssh."),
    ):
        yield from (".TP", f".I {_escaped(file)}", _plain(meaning))
    yield ".SH EXAMPLES"
    yield from _examples(cli.examples)
    yield ".SH SEE ALSO"
    yield from (".BR ssh (1),", ".BR ssh_config (5),", ".BR journalctl (1)")
    yield from (".PP", _plain("Topics of tai help: " + ", ".join(topics()) + "."))


def _commands(group: click.Group, context: click.Context) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        below = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            yield from _commands(command, below)
            continue
        usage = " ".join(command.collect_usage_pieces(below))
        yield f'.SS "{_escaped(f"{below.command_path} {usage}")}"'
        for n, paragraph in enumerate(_paragraphs(command.help or "")):
            yield from ((".PP",) if n else ())
            yield _plain(paragraph)
        yield from _options(command, below, own=True)
        yield from _examples(getattr(command, "examples", ()))


def _options(command: click.Command, context: click.Context, *, own: bool = False) -> Iterator[str]:
    """A command's options; own: without those of the whole program, which are told once."""
    known = {parameter.name for parameter in cli.params} | {"help"} if own else set()
    shared = [p.get_help_record(context) for p in command.get_params(context) if p.name in known]
    for heading, records in by_heading(command, context).items():
        told = [record for record in records if record not in shared]
        if told and heading and not own:
            yield f'.SS "{_escaped(heading)}"'
        for names, meaning in told:
            yield from (".TP", f".B {_escaped(names)}", _plain(meaning or "Show this help."))


def _examples(examples: Sequence[tuple[str, str]]) -> Iterator[str]:
    for line, meaning in examples:
        yield from (".TP", f".B {_escaped(line)}", _plain(meaning))


def _topic(name: str, *, heading: str) -> Iterator[str]:
    """A help topic's prose, without its code blocks and its pointers to other topics."""
    yield f'.SH "{heading}"'
    prose = re.sub(r"(?ms)^# .*?\n|^```.*?^```\n|^See also: .*?$", "", text_of(name))
    for n, paragraph in enumerate(_paragraphs(prose)):
        yield from ((".PP",) if n else ())
        yield _plain(paragraph.replace("`", ""))


def _paragraphs(text: str) -> list[str]:
    return [" ".join(block.split()) for block in re.split(r"\n\s*\n", text.strip()) if block.strip()]


def _plain(text: str) -> str:
    """A paragraph as one line of text, which roff does not take for a request."""
    escaped = _escaped(text)
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


def _escaped(text: str) -> str:
    # An ASCII hyphen, quote, caret and tilde are otherwise set as typographic ones, which cannot be pasted.
    signs = {"\\": r"\e", "-": r"\-", "'": r"\(aq", '"': r"\(dq", "^": r"\(ha", "~": r"\(ti", "`": r"\(ga"}
    signs |= {"…": "...", "→": r"\(->"}
    return "".join(signs.get(sign, sign) for sign in text)


def main() -> None:
    """Write all of them below the folder that is named."""
    folder = Path(sys.argv[1])
    # https://reproducible-builds.org/specs/source-date-epoch/
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    made = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    pages = {folder / "man" / "man1" / "tai.1": manual(made)}
    pages |= {folder / "completions" / name: completion(shell) for shell, name in _COMPLETIONS.items()}
    for file, text in pages.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        print(file)


if __name__ == "__main__":
    main()
