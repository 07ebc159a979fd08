"""The accelerators of this machine, as their own tools tell: nvidia-smi, rocm-smi. Nothing is loaded into this process."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import Final

UTILIZATION: Final = 0.9  # of a card's memory, by vLLM's default
_WAIT_S: Final = 20.0  # a driver that has to wake its cards takes seconds
_BLACKWELL: Final = 10.0  # CUDA compute capability, from which NVFP4 is computed in hardware


@dataclass(frozen=True, slots=True)
class Gpu:
    """One accelerator. total_gb, free_gb: 10^9 bytes; capability: CUDA's, 0 where it has none; number: as its tool counts."""

    name: str
    total_gb: float
    free_gb: float
    capability: float = 0.0
    number: int = 0

    @property
    def share(self) -> float:
        """How much of it vLLM may take (--gpu-memory-utilization): its default, or less where others hold some of it."""
        return max(0.0, min(UTILIZATION, math.floor(self.free_gb / self.total_gb * 100 - 1) / 100))

    @property
    def usable_gb(self) -> float:
        """10^9 bytes that vLLM may take."""
        return self.total_gb * self.share

    @property
    def blackwell(self) -> bool:
        """Whether it computes in NVFP4."""
        return self.capability >= _BLACKWELL


@dataclass(frozen=True, slots=True)
class Machine:
    """gpus: in the order of their numbers; said: why there are none, or how they were found."""

    gpus: tuple[Gpu, ...]
    said: str

    def best(self, count: int) -> Machine:
        """Those `count` cards of which most can be used, in the order of their numbers."""
        chosen = sorted(self.gpus, key=lambda gpu: -gpu.usable_gb)[:count]
        return Machine(tuple(sorted(chosen, key=lambda gpu: gpu.number)), self.said)

    def only(self, visible: str) -> Machine:
        """Those that a list of numbers names, as CUDA_VISIBLE_DEVICES may be; all where it is none, as with a card's UUID."""
        wanted = [number.strip() for number in visible.split(",")]
        if not visible or not all(number.isdecimal() for number in wanted):
            return self
        by_number = {gpu.number: gpu for gpu in self.gpus}
        named = tuple(by_number[int(number)] for number in wanted if int(number) in by_number)
        return Machine(named, f"{self.said}, of which CUDA_VISIBLE_DEVICES names {visible}")


def look() -> Machine:
    """Ask the tools that are there."""
    refused = []
    for tool, words, read in (
        (
            "nvidia-smi",
            ("--query-gpu=name,memory.total,memory.free,compute_cap", "--format=csv,noheader,nounits"),
            read_nvidia,
        ),
        ("rocm-smi", ("--showproductname", "--showmeminfo", "vram", "--json"), read_rocm),
    ):
        program = shutil.which(tool)
        if program is None:
            continue
        try:
            done = subprocess.run(  # noqa: S603 - fixed words
                (program, *words), capture_output=True, text=True, timeout=_WAIT_S, check=False
            )
            gpus = read(done.stdout) if done.returncode == 0 else ()
        except (OSError, subprocess.TimeoutExpired, ValueError, KeyError) as error:
            refused.append(f"{tool}: {error}")
            continue
        if gpus:
            return Machine(gpus, f"by {tool}").only(os.environ.get("CUDA_VISIBLE_DEVICES", ""))
        refused.append(f"{tool}: {(done.stderr or done.stdout).strip()[:200] or 'names none'}")
    return Machine((), "; ".join(refused) or "neither nvidia-smi nor rocm-smi is installed")


def read_nvidia(text: str) -> tuple[Gpu, ...]:
    """nvidia-smi's CSV; its memory is in MiB. A card without memory of its own (`[N/A]`) is left out. Raises ValueError."""
    gpus = []
    for number, line in enumerate(filter(None, map(str.strip, text.splitlines()))):
        name, total, free, capability = (field.strip() for field in line.rsplit(",", 3))
        if not (total.isdecimal() and free.isdecimal() and int(total)):
            continue
        gpus.append(
            Gpu(
                name,
                int(total) * 2**20 / 1e9,
                int(free) * 2**20 / 1e9,
                float(capability) if capability.replace(".", "").isdigit() else 0.0,
                number,
            )
        )
    return tuple(gpus)


def read_rocm(text: str) -> tuple[Gpu, ...]:
    """rocm-smi's JSON: one table a card, memory in bytes. Raises ValueError or KeyError."""
    gpus = []
    for card, table in sorted(json.loads(text).items()):
        if card.startswith("card") and card[4:].isdecimal():
            total = int(table["VRAM Total Memory (B)"]) / 1e9
            used = int(table["VRAM Total Used Memory (B)"]) / 1e9
            gpus.append(
                Gpu(
                    table.get("Card Series", table.get("Card series", card)),
                    total,
                    total - used,
                    0.0,
                    int(card[4:]),
                )
            )
    return tuple(gpus)
