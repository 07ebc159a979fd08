"""How fast text is cleaned: `python tests/bench/text.py [FILE…]`. Prints MB/s; not a test, asserts nothing.

Over the files given, else over /var/log of this machine; then over a journal that is made up with the shape
of a busy host's, one with a secret in every tenth line, and the worst input that we know of.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tai.text import Anonymiser, Redactor, clean, sanitise

SIZE = 8_000_000  # bytes: long enough for one figure, short enough for seven
ROUNDS = 3

_MESSAGES = (
    "systemd[1]: {unit}.service: Main process exited, code=exited, status=1/FAILURE",
    "systemd[1]: {unit}.service: Scheduled restart job, restart counter is at {n}.",
    'kernel: [{n}.{n}] audit: type=1400 audit({n}.{n}:{n}): apparmor="ALLOWED" operation="open" profile="{unit}" pid={n}',
    "sshd[{n}]: Failed password for invalid user {unit} from 192.0.2.{b} port {n} ssh2",
    "sshd[{n}]: pam_unix(sshd:session): session opened for user root(uid=0) by (uid=0)",
    'dockerd[{n}]: time="2025-07-07T01:02:{b:02d}Z" level=info msg="ignoring event" container={hex} module=libcontainerd',
    'nginx[{n}]: 198.51.100.{b} - - "GET /api/v1/items/{n}?page={b} HTTP/1.1" 200 {n} "-" "Mozilla/5.0 (X11; Linux x86_64)"',
    "postgres[{n}]: LOG:  duration: {n}.{b} ms  statement: SELECT * FROM items WHERE id = {n} AND state = 'open'",
    'kubelet[{n}]: I0707 01:02:03 {n} kubelet.go:{b}] "SyncLoop (PLEG)" pod="shop/{unit}-{b}" event=&{{ID:{uuid} Type:Started}}',
    "kernel: [{n}.{n}] EXT4-fs (sda{b}): mounted filesystem {uuid} with ordered data mode. Quota mode: none.",
)
_UNITS = (
    "nginx",
    "shop-worker",
    "postgresql@15-main",
    "cron",
    "backup",
    "systemd-journald",
    "keepalived",
    "token-refresh",
)
_SECRET = "app[{n}]: connecting to postgres://shop:{hex}@db1/shop with DB_PASSWORD={hex}"


def journal(size: int, *, secrets: bool = False) -> bytes:
    """About `size` bytes of a made-up journal; with `secrets`, one in ten lines holds two."""
    rng = random.Random(1)

    def lines() -> Iterator[str]:
        written = 0
        while written < size:
            form = _SECRET if secrets and rng.random() < 0.1 else rng.choice(_MESSAGES)
            digits = f"{rng.getrandbits(256):064x}"
            uuid = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"
            text = form.format(
                n=rng.randrange(10**6), b=rng.randrange(250), unit=rng.choice(_UNITS), hex=digits, uuid=uuid
            )
            line = f"Jul 07 01:{rng.randrange(60):02d}:{rng.randrange(60):02d} web{rng.randrange(9)} {text}"
            written += len(line) + 1
            yield line

    return "\n".join(lines()).encode()


def this_machine() -> bytes:
    """/var/log as far as it is readable text, repeated up to the size; empty where there is none."""
    found = [
        path.read_bytes()
        for path in sorted(Path("/var/log").rglob("*.log"))
        if path.is_file() and path.stat().st_size < SIZE
    ]
    raw = b"\n".join(found)
    return raw * (SIZE // len(raw) + 1) if raw else b""


def rate(work: Callable[[], object], size: int) -> float:
    """The best of a few rounds in MB (10**6 bytes) of input per second of CPU time."""
    best = float("inf")
    for _ in range(ROUNDS):
        begin = time.process_time()
        work()
        best = min(best, time.process_time() - begin)
    return size / 1e6 / max(best, 1e-9)


def main() -> None:
    inputs = {path: Path(path).read_bytes() for path in sys.argv[1:]}
    if not inputs:
        inputs = {
            "/var/log of this machine": this_machine(),
            "made-up journal": journal(SIZE),
            "made-up journal in French": journal(SIZE).replace(b"session", "séance → ".encode()),
            "a secret in every tenth line": journal(SIZE, secrets=True),
            "worst: key= without end": b"key=" * (SIZE // 40),
            "worst: nothing but escapes": b"\x1b" * (SIZE // 10),
        }
    print(f"{'input':32} {'MB':>6} {'sanitise':>9} {'redact':>9} {'clean':>9} {'+names':>9}   MB/s")
    for name, raw in inputs.items():
        if not raw:
            print(f"{name:32} none")
            continue
        redactor, anonymiser = Redactor(), Anonymiser()
        text = sanitise(raw)
        figures = (
            rate(lambda raw=raw: sanitise(raw), len(raw)),  # type: ignore[misc]
            rate(lambda text=text, redactor=redactor: redactor.redact(text), len(raw)),  # type: ignore[misc]
            rate(lambda raw=raw, redactor=redactor: clean(raw, producer="", redactor=redactor), len(raw)),  # type: ignore[misc]
            rate(
                lambda raw=raw, redactor=redactor, anonymiser=anonymiser: clean(  # type: ignore[misc]
                    raw, producer="", redactor=redactor, anonymiser=anonymiser
                ),
                len(raw),
            ),
        )
        print(f"{name:32} {len(raw) / 1e6:6.1f} " + " ".join(f"{figure:9.1f}" for figure in figures))


if __name__ == "__main__":
    main()
