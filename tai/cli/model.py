"""`tai model`: a local vLLM."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from tai.cli.options import CONFIG, SERVER, options
from tai.cli.root import cli, flags_of, merged


@cli.group()
def model() -> None:
    """A local model on vLLM: what fits this machine, serve it, how it is."""


_MODEL_OPTIONS = [
    click.option(
        "--model",
        metavar="NAME|DIR",
        help="Model, one set of its weights, or a folder; else the default's variant that fits.",
    ),
    click.option(
        "--context", type=click.IntRange(2048), metavar="TOKENS", help="Longest text; else what fits."
    ),
    click.option(
        "--tensor-parallel", "tensor", type=click.IntRange(1), default=1, help="Cut each layer over N cards."
    ),
]


def _finite(context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    """A range lets `nan` through."""
    if value is not None and math.isnan(value):
        raise click.BadParameter("a number of GB was expected, not nan", context, parameter)
    return value


@model.command("plan", short_help="Which variant fits: weights, KV cache, context, sessions.")
@options(_MODEL_OPTIONS)
@click.option(
    "--gpu-memory",
    type=click.FloatRange(1, 100_000),
    callback=_finite,
    metavar="GB",
    help="Plan for a card of this memory, not for what is here.",
)
@click.option("--gpus", type=click.IntRange(1), default=1, help="So many of them, with --gpu-memory.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def model_plan(context: click.Context, /, **given: Any) -> None:
    """Which variant of a model fits the GPUs here: weights, KV cache, context, and how many sessions at once.

    Exit status: 0 when one fits, 2 when none does.
    """
    from tai.frontends.models.plan import plan  # noqa: PLC0415 - see `tai.cli`

    context.exit(
        plan(
            given["model"] or "",
            gpu_memory=given["gpu_memory"],
            gpus=given["gpus"],
            tensor=given["tensor"],
            context=given["context"],
            as_json=given["as_json"],
        )
    )


@model.command("serve", short_help="Start vLLM with what fits, and keep it running.")
@options(_MODEL_OPTIONS, CONFIG)
@click.option("--name", metavar="NAME", help="What clients call the model; else its own name.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to listen on."
)
@click.option(
    "--uds", type=click.Path(path_type=Path), metavar="PATH", help="Listen on a Unix socket instead."
)
@click.option(
    "--public", is_flag=True, help="Allow --host to be other than loopback. Read docs/models.md before."
)
@click.option("--offline", is_flag=True, help="Fetch nothing from the hub; a folder never does.")
@click.option(
    "--pipeline-parallel", "pipeline", type=click.IntRange(1), default=1, help="Cut the layers into N groups."
)
@click.option("--data-parallel", "data", type=click.IntRange(1), default=1, help="N copies of the model.")
@click.option(
    "--nodes", type=click.IntRange(1), default=1, help="Machines; the others' commands are printed."
)
@click.option(
    "--master-addr", "master", default="", metavar="ADDRESS", help="This machine's address among the nodes."
)
@click.option("--ray", is_flag=True, help="Nodes by Ray, not by vLLM's own launch.")
@click.option(
    "--ready-timeout",
    "ready_s",
    type=click.IntRange(1),
    default=1800,
    show_default=True,
    metavar="SECONDS",
    help="Longest loading before the server is ended.",
)
@click.option("--dry-run", "--print", "dry_run", is_flag=True, help="Print the command; start nothing.")
@click.argument("extra", metavar="[-- VLLM_ARGS]...", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def model_serve(context: click.Context, /, **given: Any) -> None:
    """Start `vllm serve` with the variant that fits, bound to this machine, and keep it running.

    Shows how the loading goes, prints the setting to use once it answers, starts it again when it crashes (three times
    in ten minutes), and ends with it on Ctrl-C. What stands behind -- goes to vLLM as it is.
    Exit status: 0 when it was told to end, 2 usage, 3 when the server does not come up or crashes on.
    """
    from tai import settings  # noqa: PLC0415 - see `tai.cli`
    from tai.frontends.models.serve import Wanted, serve  # noqa: PLC0415
    from tai.serving.command import Spread, Where  # noqa: PLC0415

    wanted = Wanted(
        model=given["model"] or "",
        name=given["name"] or "",
        where=Where(given["host"], given["port"], given["uds"].absolute() if given["uds"] else None),
        public=given["public"],
        spread=Spread(
            given["tensor"],
            given["pipeline"],
            given["data"],
            given["nodes"],
            given["master"],
            "ray" if given["ray"] else "native",
        ),
        context=given["context"],
        offline=given["offline"],
        extra=given["extra"],
        ready_s=given["ready_s"],
    )
    config_file = merged(context, given)["config_file"]
    context.exit(serve(settings.load(config_file), wanted, dry_run=given["dry_run"]))


@model.command("status", short_help="The configured server: model, window, queue, cache, speeds.")
@options(SERVER, CONFIG)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def model_status(context: click.Context, /, **given: Any) -> None:
    """Whether the configured model server answers, what it serves and offers, and how busy it is.

    Exit status: 0 when it answers and has the model, 2 when none is configured, 3 when it does not answer or has another.
    """
    from tai.frontends.models.status import status  # noqa: PLC0415

    flags = flags_of(context, given)
    flags = replace(flags, engine="vllm" if flags.model_url else None)
    context.exit(status(flags, as_json=flags.as_json))
