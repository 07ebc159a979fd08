"""Labs as data: `labs/NAME.toml`. Not a launcher: it says what is to run, and builds the images for it.

    python vm-fixtures/labs.py bastion      start that lab, print how to reach each host, take it away at Ctrl-C

image, packages: what every host has that does not say otherwise. [[host]]: name; image, packages (more than the recipe
has), volumes, and jump, the host that alone reaches it.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import time
import tomllib
from pathlib import Path

import image
from launcher import HostSpec, Lab, Volume
from nspawn import NspawnLab
from pydantic import BaseModel, ConfigDict

FOLDER = Path(__file__).parent / "labs"


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Host(_Table):
    name: str
    image: str | None = None
    packages: tuple[str, ...] | None = None
    volumes: tuple[Volume, ...] = ()
    jump: str | None = None


class _Lab(_Table):
    image: str
    packages: tuple[str, ...] = ()
    host: tuple[_Host, ...]


def load(name: str) -> Lab:
    """Read one lab; images that it needs are built when they are not there yet.

    Raises FileNotFoundError for a lab or recipe that is not there, and ValueError with what is wrong in the file.
    """
    with (FOLDER / f"{name}.toml").open("rb") as file:
        read = _Lab.model_validate(tomllib.load(file))
    return Lab(
        name,
        tuple(
            HostSpec(
                host.name,
                image.build(
                    host.image or read.image, read.packages if host.packages is None else host.packages
                ),
                host.volumes,
                host.jump,
            )
            for host in read.host
        ),
    )


def main(name: str) -> None:
    """Run a lab until it is interrupted."""
    lab = load(name)
    started = time.monotonic()
    with NspawnLab(lab) as hosts:
        print(f"{name}: up in {time.monotonic() - started:.1f} s", file=sys.stderr)
        for host in hosts.values():
            print(f"{host.name}\t{host.address}\t{host.port}\t{host.way or '-'}")
        first = next(iter(hosts.values()))
        print(
            f"ssh -F {first.config} {first.name}      Ctrl-C takes the lab away", file=sys.stderr, flush=True
        )
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # either way the lab is taken down
    with contextlib.suppress(KeyboardInterrupt):
        main(*sys.argv[1:])
