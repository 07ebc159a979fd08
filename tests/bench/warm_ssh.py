"""What `tests.bench.ssh` times inside a process that runs already: login, probe and commands; or one command's bulk.

    python -m tests.bench.warm_ssh ADDRESS KEY [FILE SIZE]

Prints seconds.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from tai.frontends.assembly import build, new_session
from tai.frontends.flags import Flags
from tai.frontends.login import ssh_connect
from tai.policy.wire import Wire
from tai.settings import load
from tai.transport.base import Limits, Target
from tai.transport.ssh import connect


async def collected(target: Target) -> float:
    """Seconds for a whole collection through the engine, records included."""
    chosen = load()
    login = ssh_connect(chosen)
    session, bus, close = new_session(chosen, lambda _: None, target)
    investigation = build(Flags(), chosen, session, bus=bus, connect=login)
    started = time.monotonic()
    await investigation.collect(["bench"])
    took = time.monotonic() - started
    await investigation.close()
    close()
    return took


async def poured(target: Target, file: str, size: int) -> float:
    """Seconds for login, probe and one command's output, with the caps out of the way as only a benchmark may have them."""
    first = await connect(target, Limits(), report=lambda _: None)  # imports are done then
    await first.close()
    started = time.monotonic()
    connection = await connect(target, Limits(), report=lambda _: None)
    done = await connection._execute(Wire(f"cat {file}"), timeout_s=100, max_bytes=2**30)
    took = time.monotonic() - started
    assert len(done.stdout) == size
    await connection.close()
    return took


async def main() -> None:
    address, key, *file = sys.argv[1:]
    target = Target(address, "root", 22, (Path(key),))
    if file:
        print(await poured(target, file[0], int(file[1])))
    else:
        await collected(target)  # imports are done then
        print(await collected(target))


if __name__ == "__main__":
    asyncio.run(main())
