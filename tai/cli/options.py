"""The options that commands share, in groups, and the headings under which `--help` shows them. What they do is elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

_Function = TypeVar("_Function", bound=Callable[..., Any])


def complete(name: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """The function of that name in `tai.frontends.complete`, imported when a shell asks."""

    def offer(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
        from tai.frontends import complete  # noqa: PLC0415 - see `tai.cli`

        offered: list[str] = getattr(complete, name)(context, parameter, begun)
        return offered

    return offer


CONFIG = [
    click.option(
        "--config",
        "config_file",
        type=click.Path(path_type=Path),
        help="Config file instead of ~/.config/tai/config.toml.",
    ),
]
SSH = [
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
        shell_complete=complete("hosts"),
        help="Go through these hosts, nearest first; 'none' for a direct way.",
    ),
    click.option("-l", "--user", help="User to log in as."),
    click.option("-p", "--port", type=click.IntRange(1, 65535), help="Port of the host's SSH server."),
    click.option(
        "--ignore-ssh-config", is_flag=True, help="Do not read ~/.ssh/config or /etc/ssh/ssh_config."
    ),
    *CONFIG,
]
SERVER = [
    click.option(
        "--model-url", metavar="URL", help="OpenAI-compatible server, such as http://127.0.0.1:8000/v1."
    ),
    click.option("--model", metavar="NAME", help="Model name on that server."),
]
ENGINE = [
    click.option(
        "--engine",
        type=click.Choice(["auto", "vllm", "deterministic"]),
        help="Who answers; auto: a model when one is configured.",
    ),
    *SERVER,
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
EVIDENCE = [
    click.option(
        "--anonymize",
        is_flag=True,
        help="Stand-ins for addresses, host and user names in evidence, prompt and diagnosis; not in the commands.",
    ),
]
SOSREPORT = [
    click.option(
        "--sosreport",
        type=click.Path(path_type=Path),
        metavar="DIR|TAR",
        help="Read a sosreport in place of a host: its folder, or its archive (tar, gzip, bzip2, xz).",
    ),
]
REPORT = [
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
DIAGNOSIS = [
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
        shell_complete=complete("collectors"),
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
_PLAIN = click.option(
    "--plain", is_flag=True, help="Plain lines: no colour and nothing that moves; for screen readers."
)
_VERBOSE = click.option("-v", "--verbose", is_flag=True, help="Show what each command printed.")
_DEBUG = click.option(
    "--debug", is_flag=True, help="The SSH protocol on standard error; a traceback for an internal error."
)
_JSON = click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Events as NDJSON on standard output, one a line; the last 'diagnosed' is the result, 'session_ended' ends it.",
)
# At the prompt; of a session shown again; of a run.
TOLD = [_VERBOSE, _PLAIN, _DEBUG]
SHOWN = [_JSON, _VERBOSE, _PLAIN]
OUTPUT = [_JSON, _VERBOSE, _PLAIN, _DEBUG]


def options(*groups: Sequence[Callable[[_Function], _Function]]) -> Callable[[_Function], _Function]:
    def add(function: _Function) -> _Function:
        for option in reversed([option for group in groups for option in group]):
            function = option(function)
        return function

    return add


HEADINGS = {
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
SECTIONS = {
    "Diagnose": ("diagnose", "collect", "ask", "demo"),
    "Set up": ("doctor", "config", "model"),
    "Look up": ("help", "collectors", "policy", "schema"),
    "Sessions": ("sessions", "replay", "resume"),
}
