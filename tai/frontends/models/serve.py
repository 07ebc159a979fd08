"""`tai model serve`: the plan's variant behind a supervised vLLM. Talk on standard error; the setting to use on standard output."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tai.errors import EXIT_HOST, EXIT_OK, InputError, ModelError
from tai.frontends.console import open_console
from tai.frontends.lines import BAD, FAINT, GOOD, WARN, shown
from tai.frontends.models.plan import fits, machine_of, smallest, variants
from tai.serving import command
from tai.serving.command import Serve, Spread, Where
from tai.serving.hardware import UTILIZATION, Machine
from tai.serving.log import ServerLog
from tai.serving.plan import Fit, choose, variants_of
from tai.serving.ports import check_free
from tai.settings import Settings

_RAY_WAIT_S = 20.0
_STYLE = {
    "started": FAINT,
    "stage": FAINT,
    "waiting": FAINT,
    "ready": GOOD,
    "crashed": WARN,
    "stopping": FAINT,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for, by the names of `tai.cli`. name: what clients shall call the model; ready_s: longest
    loading.
    """

    model: str = ""
    name: str = ""
    where: Where = field(default_factory=Where)
    public: bool = False
    spread: Spread = field(default_factory=Spread)
    context: int | None = None
    offline: bool = False
    extra: tuple[str, ...] = ()
    ready_s: float = 1800.0


def serve(chosen: Settings, wanted: Wanted, *, dry_run: bool) -> int:
    """Runs until it is told to end. Exit status 0 then, 3 when the server crashed too often or never came up."""
    talk = open_console(sys.stderr)
    what, reason = _what(wanted)
    command.check(what, public=wanted.public)
    if dry_run:
        vllm = chosen.model_server or "vllm"
    else:
        vllm = command.program(chosen.model_server)
        check_free(what.where)
    talk.print(shown(reason, FAINT))
    for line in command.elsewhere(vllm, what):
        talk.print(shown(line))
    if dry_run:
        print(command.written(vllm, what))  # noqa: T201 - data, on standard output
        return EXIT_OK
    if what.spread.launch == "ray" and what.spread.nodes > 1 and not _ray_stands():
        raise InputError("The Ray cluster does not stand yet: run the commands above, then this one again.")
    log = ServerLog(chosen.state_dir / "model" / "serve.log")
    talk.print(shown(f"log: {log.path}", FAINT))
    try:
        asyncio.run(_supervise(vllm, what, log, wanted.ready_s))
    except ModelError as error:
        talk.print(shown(f"tai: {error}", BAD))
        return EXIT_HOST
    finally:
        log.close()
    return EXIT_OK


def _ray_stands() -> bool:
    """Whether Ray runs on this machine, as its own tool tells."""
    ray = shutil.which("ray")
    if ray is None:
        return False
    try:
        done = subprocess.run((ray, "status"), capture_output=True, timeout=_RAY_WAIT_S, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


async def _supervise(vllm: str, what: Serve, log: ServerLog, ready_s: float) -> None:
    from tai.serving.supervise import Patience, Supervised, Told  # noqa: PLC0415 - brings httpx

    talk = open_console(sys.stderr)

    def tell(told: Told) -> None:
        lead = {"ready": "ready after ", "started": "vLLM starts: "}.get(told.kind, "")
        talk.print(shown(lead + told.text, _STYLE[told.kind]))
        if told.kind == "ready":
            print(f'model_url = "{what.where.url}"', flush=True)  # noqa: T201 - data: a line of the config file

    patience = Patience(ready_s=ready_s)
    words, added = command.argv(vllm, what), command.environment(what)
    await Supervised(words, added, what.where, log, tell, patience).run()


def _what(wanted: Wanted) -> tuple[Serve, str]:
    """What to serve, and why that."""
    folder = Path(wanted.model) if wanted.model and Path(wanted.model).is_dir() else None
    spread = wanted.spread
    if wanted.model and not folder and not variants_of(wanted.model):
        what = Serve(
            wanted.model,
            wanted.name or wanted.model,
            wanted.where,
            spread,
            wanted.context or 0,
            extra=wanted.extra,
        )
        return what, f"{wanted.model}: its size is not known to tai; vLLM will say whether it fits."
    machine = machine_of(None, 1)
    candidates = variants(wanted.model)
    found = fits(machine, candidates, spread.tensor * spread.pipeline, wanted.context)
    fitting = choose(found)
    cards = spread.tensor * spread.pipeline * spread.data
    here = -(-cards // spread.nodes)
    if machine.gpus and here > len(machine.gpus):
        raise InputError(f"{here} workers need as many GPUs; there are {len(machine.gpus)} here.")
    best = machine.best(here)
    named = folder or any(variant.repo == wanted.model for variant in candidates)
    if fitting is None and not named:
        raise InputError(
            f"No variant fits this machine: {_lacking(found, machine)}. `tai model plan` shows it; --model with the name or folder "
            "of one set of weights starts that one anyway."
        )
    variant = fitting.variant if fitting else candidates[0]
    if machine.gpus and not smallest(best).share:
        card = smallest(best)
        raise InputError(
            f"GPU {card.number} ({card.name}) has {card.free_gb:.1f} of {card.total_gb:.0f} GB free: other programs hold the rest "
            "(`nvidia-smi` names them)."
        )
    what = Serve(
        variant.repo,
        wanted.name or (folder.resolve().name if folder else variant.model),
        wanted.where,
        spread,
        wanted.context or (fitting.context if fitting else 0),
        smallest(best).share if machine.gpus else UTILIZATION,
        gemma4=variant.gemma4,
        text_only=variant.text_only,
        offline=wanted.offline or folder is not None,
        cards=tuple(gpu.number for gpu in best.gpus) if len(best.gpus) < len(machine.gpus) else (),
        extra=wanted.extra,
    )
    if fitting is None:
        return what, f"{variant.repo}: started as it was named, though {_lacking(found, machine)}."
    at_once = "" if fitting.sessions is None else f", {fitting.sessions:.0f} sessions of it at once"
    return what, (
        f"{variant.repo} ({variant.precision}): needs {variant.least_gb:.1f} GB, {fitting.cache_gb:.1f} GB are left for the KV "
        f"cache, context {fitting.context:,}{at_once}"
    )


def _lacking(found: list[Fit], machine: Machine) -> str:
    if not machine.gpus:
        return f"no GPU is found ({machine.said})"
    return "; ".join(f"{each.variant.repo}: {each.lacks}" for each in found)
