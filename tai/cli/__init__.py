"""Flags → settings → front end → exit code. Parsing only: what a subcommand does is in `tai.frontends`.

Nothing heavy is imported here, so that `tai --help` and shell completion answer at once; each command imports its
front end when it runs. A module holds the commands of one purpose; importing it adds them to the root.
"""

from __future__ import annotations

import os
import sys

import click

from tai.cli import investigate, look_up, model, past
from tai.cli.root import cli
from tai.errors import EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_USAGE, TaiError

__all__ = ["cli", "investigate", "look_up", "main", "model", "past"]


def main() -> None:
    """The `tai` command. Never lets a traceback reach a user, and never swallows one: it goes into a file."""
    try:
        status = cli.main(prog_name="tai", standalone_mode=False)
    except click.exceptions.Abort:
        status = EXIT_INTERRUPTED
    except click.ClickException as error:
        error.show()
        status = EXIT_USAGE
    except TaiError as error:
        click.echo(f"tai: {error}", err=True)
        status = error.exit_code
    except KeyboardInterrupt:
        status = EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone (`tai … | head`). Python flushes at exit, so give it somewhere to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = EXIT_INTERNAL
    except Exception:  # noqa: BLE001 - the last line of defence, see the docstring
        status = _internal_error()
    sys.exit(status if isinstance(status, int) else 0)


def _internal_error() -> int:
    import tempfile  # noqa: PLC0415 - only on the way to an error
    import traceback  # noqa: PLC0415

    if "--debug" in sys.argv:
        traceback.print_exc()
        return EXIT_INTERNAL
    with tempfile.NamedTemporaryFile(
        "w", prefix="tai-error-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        traceback.print_exc(file=file)
    click.echo(
        f"tai: internal error, a defect in tai; the details are in {file.name}. What was collected is kept.",
        err=True,
    )
    return EXIT_INTERNAL
