"""`tai model plan`: which variant of a model fits this machine. On standard output, as a table or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from tai.errors import EXIT_OK, EXIT_USAGE, InputError
from tai.frontends.console import open_console
from tai.frontends.lines import FAINT, GOOD, STRONG, shown
from tai.serving import hardware
from tai.serving.folder import read_folder
from tai.serving.hardware import Gpu, Machine
from tai.serving.plan import Fit, choose, fit, variants_of
from tai.serving.variants import VARIANTS, Variant

_IMAGINED = (
    10.0  # the capability that a card given by its memory alone is taken to have: nothing is ruled out
)


def machine_of(gpu_memory: float | None, gpus: int) -> Machine:
    """The machine as it is, or as the flags imagine it."""
    if gpu_memory:
        return Machine(
            tuple(Gpu("a card of this memory", gpu_memory, gpu_memory, _IMAGINED, n) for n in range(gpus)),
            "as you say, of the newest kind",
        )
    return hardware.look()


def variants(model: str) -> tuple[Variant, ...]:
    """Those of the table by this name, or the one in this folder. Raises InputError for a name that is neither."""
    if model and Path(model).is_dir():
        return (read_folder(Path(model)),)
    found = variants_of(model)
    if not found:
        known = ", ".join(dict.fromkeys(variant.model for variant in VARIANTS))
        raise InputError(
            f"{model} is no folder here, and no model whose size tai knows: {known}. "
            "`tai model serve` starts it all the same; vLLM says in its log what fits."
        )
    return found


def smallest(machine: Machine) -> Gpu:
    """The card that decides, where a model is spread over several."""
    return min(machine.gpus, key=lambda gpu: gpu.usable_gb)


def fits(machine: Machine, models: Sequence[Variant], cards: int, context: int | None) -> list[Fit]:
    """Each variant on the best `cards` of the cards together, of which the smallest decides."""
    if not machine.gpus:
        return []
    return [fit(variant, smallest(machine.best(cards)), cards, context) for variant in models]


def plan(
    model: str, *, gpu_memory: float | None, gpus: int, tensor: int, context: int | None, as_json: bool
) -> int:
    """Exit status 0 when something fits, 2 when nothing does."""
    machine = machine_of(gpu_memory, max(gpus, tensor))
    if tensor > len(machine.gpus) > 0:
        raise InputError(f"--tensor-parallel {tensor} needs as many GPUs; there are {len(machine.gpus)}.")
    found = fits(machine, variants(model), tensor, context)
    chosen = choose(found)
    if as_json:
        told = {
            "gpus": [asdict(gpu) for gpu in machine.gpus],
            "found": machine.said,
            "chosen": chosen.variant.repo if chosen else None,
            "variants": [_told(each) for each in found],
        }
        print(json.dumps(told, indent=2))  # noqa: T201 - data, on standard output
        return EXIT_OK if chosen else EXIT_USAGE
    console = open_console(sys.stdout)
    if not machine.gpus:
        console.print(shown(f"No GPU is found: {machine.said}."))
        console.print(
            shown("--gpu-memory GB plans for a card that is elsewhere. tai answers without a model too.")
        )
        return EXIT_USAGE
    for gpu in machine.gpus:
        console.print(
            shown(
                f"GPU {gpu.number}: {gpu.name}, {gpu.total_gb:.0f} GB, {gpu.free_gb:.0f} GB free ({machine.said})"
            )
        )
    console.print(_table(found, chosen))
    console.print(shown(_words(chosen, smallest(machine.best(tensor)), tensor)))
    return EXIT_OK if chosen else EXIT_USAGE


def _told(each: Fit) -> dict[str, object]:
    return {
        "model": each.variant.model,
        "repo": each.variant.repo,
        "precision": each.variant.precision,
        "weights_gb": each.variant.least_gb,
        "usable_gb": round(each.usable_gb, 1),
        "kv_cache_gb": round(each.cache_gb, 1),
        "kv_bytes_per_token": each.variant.shape.full_bytes if each.variant.shape else None,
        "kv_bytes_per_token_in_window": each.variant.shape.sliding_bytes if each.variant.shape else None,
        "context": each.context,
        "sessions": None if each.sessions is None else round(each.sessions, 1),
        "lacks": each.lacks,
    }


def _table(found: Sequence[Fit], chosen: Fit | None) -> Table:
    table = Table(box=None, header_style=STRONG, pad_edge=False)
    table.add_column("weights of", overflow="fold")
    table.add_column("as", no_wrap=True)
    for column in ("need GB", "cache GB", "context", "at once"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("")
    for each in found:
        dead = bool(each.lacks)
        table.add_row(
            shown(each.variant.repo),
            each.variant.precision,
            f"{each.variant.least_gb:.1f}",
            "" if dead else f"{each.cache_gb:.1f}",
            "" if dead else f"{each.context:,}",
            "" if dead else "?" if each.sessions is None else f"{each.sessions:.0f}",
            shown(each.lacks or ("← this one" if each is chosen else "fits")),
            style=FAINT if dead else GOOD if each is chosen else "",
        )
    return table


def _words(chosen: Fit | None, gpu: Gpu, tensor: int) -> str:
    if chosen is None:
        return "Nothing fits. More cards together: --tensor-parallel N. tai answers without a model too."
    over = f" over {tensor} cards" if tensor > 1 else ""
    return (
        f"Of the memory{over} {gpu.share:.0%} is used. 'need' is the weights with working memory, by vLLM's recipes; 'at once' the "
        "sessions of full context that the cache holds, worked out from the model's shape. vLLM's log has the true figures."
    )
