"""`--help` and `tai help`: what is found where, and that every command line which tai's own pages show is one that tai takes."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tai import errors
from tai.cli import cli
from tai.frontends.topics import text_of, topics
from tests.frontends.terminal import Terminal
from tests.run_tai import Tai, refused, tai
from tests.sshd import client_home

__all__ = ["client_home", "tai"]

ROOT = Path(__file__).parents[1]
PAGES = [
    *sorted((ROOT / "help").glob("*.md")),
    *sorted((ROOT / "docs").glob("quick*.md")),
    ROOT / "README.md",
]


def commands(group: click.Group, *words: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        yield (*words, name), command
        if isinstance(command, click.Group):
            yield from commands(command, *words, name)


def parse(words: list[str]) -> None:
    """What `tai WORDS` would do up to running it. Raises click's error for what it does not take."""
    context: click.Context = cli.make_context("tai", list(words))
    while isinstance(context.command, click.Group):
        rest = [*context._protected_args, *context.args]
        if not rest:
            return
        name, command, more = context.command.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(name, more, parent=context)


def words_of(line: str) -> list[str]:
    """The words behind `tai` that it would be called with by a shell, up to a pipe or redirection."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    return list(itertools.takewhile(lambda word: word[0] not in "|<>;&", lexer))[1:]


def shown_lines(text: str) -> Iterator[str]:
    """The command lines in a page's code blocks, without what is said beside them."""
    for block in re.findall(r"```(?:sh)?\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            if found := re.match(r"(?:\S*/)?tai .+", line.strip()):
                yield re.split(r"\s{2,}", found[0])[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_line_that_a_page_shows_is_one_that_tai_takes(page: Path) -> None:
    for line in shown_lines(page.read_text(encoding="utf-8")):
        parse(words_of(line))


def test_examples_of_the_help_are_command_lines_that_tai_takes() -> None:
    all_of_them = [(("",), cli), *commands(cli)]
    examples = [line for _, command in all_of_them for line, _ in getattr(command, "examples", ())]
    assert len(examples) > 10
    for line in examples:
        parse(words_of(line))


def test_every_command_has_help_and_every_option_says_what_it_does() -> None:
    for words, command in commands(cli):
        assert command.help, words
        for parameter in command.params:
            assert not isinstance(parameter, click.Option) or parameter.help, (words, parameter.name)


def test_headings_name_no_option_or_command_twice() -> None:
    for headings in (cli.headings, cli.sections):
        names = [name for group in headings.values() for name in group]
        assert len(names) == len(set(names))


def test_help_fits_80_columns_with_examples_commands_and_options_in_this_order(tai: Tai) -> None:
    out = tai("--help").stdout
    assert max(map(len, out.splitlines())) <= 80
    places = [
        out.index(f"\n{heading}:\n")
        for heading in ("Examples", "Diagnose", "Options", "The way to the host", "Output")
    ]
    assert places == sorted(places)


def test_help_alone_lists_topics_and_commands(tai: Tai) -> None:
    out = tai("help").stdout
    assert all(f"\n  {name} " in out for name in topics())
    assert all(f"\n  {name} " in out for name in cli.commands)


def test_a_topic_goes_into_a_pipe_as_it_is_written(tai: Tai) -> None:
    assert tai("help", "read-only").stdout == text_of("read-only")
    assert tai("help", "ssh").stdout == text_of("hosts")


def test_a_topic_is_laid_out_on_a_terminal() -> None:
    with Terminal(["-m", "tai", "help", "exit-codes"]) as terminal:
        terminal.expect("inconclusive")
        assert "```" not in terminal.everything
        assert "# Exit status" not in terminal.everything


def test_a_command_of_the_name_of_a_topic_is_named_below_it(tai: Tai) -> None:
    assert tai("help", "config").stdout.endswith("tai config --help\n")


def test_help_of_a_command_is_what_its_own_flag_prints(tai: Tai) -> None:
    assert tai("help", "policy", "check").stdout == tai("policy", "check", "--help").stdout


def test_an_unknown_word_gets_the_nearest_topic_or_command(tai: Tai) -> None:
    refused(tai("help", "evidense"), 2, "Did you mean 'tai help evidence'?")
    refused(tai("help", "diagnos"), 2, "Did you mean 'tai help diagnose'?")
    refused(tai("config", "shwo"), 2, "Did you mean 'tai config show'?")
    refused(tai("web-01"), 2, "To diagnose a host: tai diagnose web-01")


def test_topics_lead_only_to_topics_that_there_are() -> None:
    for name in topics():
        for other in re.findall(r"tai help ([a-z-]+)", text_of(name)):
            assert other in topics(), (name, other)


def test_the_topic_on_exit_status_names_them_all() -> None:
    told = {int(status) for status in re.findall(r"(?m)^- (\d+):", text_of("exit-codes"))}
    assert told == {value for name, value in vars(errors).items() if name.startswith("EXIT_")}


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))],
    ids=lambda page: page.name,
)
def test_links_of_a_page_lead_to_files_that_there_are(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_the_index_of_the_docs_names_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for page in sorted((ROOT / "docs").glob("*.md")):
        assert page.name == "README.md" or f"({page.name})" in index, page.name
