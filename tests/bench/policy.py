"""How long a decision takes. Printed, not asserted: a machine under load is not a fault of the policy.

python -m tests.bench.policy
"""

from __future__ import annotations

import shlex
import statistics
import time

from tai.policy import catalogue, check
from tai.policy.paths import path_policy

REPEATS = 20
# Shaped to make regular expressions and operand matching work hard.
WORST = [
    ["cat", "/" + "a/" * 490 + "x"],
    ["cat", "/sys/devices/" + "a/" * 480 + "vpd2"],
    ["cat", *["/a" * 25] * 7],
    ["cat", *["/a" * 480] * 8],
    ["grep", "-e", "x" * 1000, *["/etc/hosts"] * 8],
    ["ps", "-eo", ",".join(["pid"] * 39) + ",pidx"],
    ["ss", " ".join([":22"] * 200) + " x"],
    ["systemctl", "status", *["a" * 250] * 10],
    ["iostat", *["sda"] * 32, "1", "1x"],
    ["journalctl", "-S", "1h " * 40 + "x"],
    ["ls", *["-l"] * 62],
    ["nosuchprogram"] * 15,
]


def main() -> None:
    """Time every example of the catalogue, and lines made to be slow."""
    started = time.perf_counter()
    book = catalogue()
    path_policy()
    loading = time.perf_counter() - started
    lines = [shlex.split(line) for program in book.programs.values() for line in program.examples]
    took = [_seconds(line) for line in lines for _ in range(REPEATS)]
    print(f"catalogue read and compiled in {loading * 1e3:.0f} ms")
    print(f"{len(took)} decisions: {1 / statistics.mean(took):,.0f} a second")
    print(
        f"median {statistics.median(took) * 1e6:.0f} us, 99 % within {sorted(took)[len(took) * 99 // 100] * 1e6:.0f} us"
    )
    for line in sorted(WORST, key=lambda words: -_best(words)):
        shown = " ".join(line)[:50]
        print(f"made to be slow: {_best(line) * 1e6:6.0f} us  {check(line).decision:6}  {shown}")


def _seconds(line: list[str]) -> float:
    started = time.perf_counter()
    check(line)
    return time.perf_counter() - started


def _best(line: list[str]) -> float:
    return min(_seconds(line) for _ in range(5))


if __name__ == "__main__":
    main()
