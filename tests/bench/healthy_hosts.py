"""What a default run costs on healthy hosts: commands sent, and seconds from the start of tai to its end.

    make bench-hosts        (root; mmdebstrap, systemd-container)

Each host of `vm-fixtures/healthy.py` is booted, then looked at as root and as an ordinary user, by `tai collect` and by
`tai diagnose` with a false alarm for a ticket. Commands are all that the record holds, the path guard's own included.
Printed, never asserted: seconds depend on the machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tai.events import CommandSent, Diagnosed, FindingFound, HostConnected, HostConnecting, decode

ROOT = Path(__file__).parents[2]
_TAI = str(Path(sys.executable).with_name("tai"))
_TICKET = "monitoring says {host} is slow, please check\n"


@dataclass(frozen=True, slots=True)
class Run:
    """commands: sent, with `guard` of them the path guard's; whole_s: of the process; host_s: from connecting to the end.

    outcome: of the diagnosis, '' without one; graver: signatures above info.
    """

    commands: int
    guard: int
    whole_s: float
    host_s: float
    outcome: str
    graver: tuple[str, ...]


def measure(words: list[str], home: Path, ticket: str) -> Run:
    """Run tai and count what it tells. Raises RuntimeError with its own words when it could not look at the host."""
    started = time.monotonic()
    done = subprocess.run(
        [_TAI, *words, "--json"],
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        input=ticket,
        capture_output=True,
        text=True,
        check=False,
    )
    whole_s = time.monotonic() - started
    told = [decode(line) for line in done.stdout.splitlines()]
    if not any(isinstance(each.event, HostConnected) for each in told):
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}: {done.stdout}{done.stderr}")
    sent = [each.event for each in told if isinstance(each.event, CommandSent)]
    begun = next(each.at for each in told if isinstance(each.event, HostConnecting))
    found = [each.event.finding for each in told if isinstance(each.event, FindingFound)]
    said = [each.event.diagnosis.outcome for each in told if isinstance(each.event, Diagnosed)]
    return Run(
        len(sent),
        sum(not event.n for event in sent),
        whole_s,
        (told[-1].at - begun).total_seconds(),
        said[-1] if said else "",
        tuple(sorted({finding.signature for finding in found if finding.severity != "info"})),
    )


def main() -> None:
    """Print the table."""
    sys.path.insert(0, str(ROOT / "vm-fixtures"))
    from healthy import HEALTHY  # noqa: PLC0415 - a script's folder, not a package
    from nspawn import NspawnHost  # noqa: PLC0415

    print(
        f"{'host':<10} {'user':<5} {'run':<9} {'commands':>8} {'guard':>6} {'host s':>7} {'whole s':>8}  said"
    )
    for healthy in HEALTHY:
        with NspawnHost(healthy.spec()) as host, tempfile.TemporaryDirectory() as scratch:
            home = Path(scratch)
            (home / ".ssh").mkdir(mode=0o700)
            (home / ".ssh" / "known_hosts").write_bytes(host.known_hosts.read_bytes())
            way = ["-i", str(host.key), "-p", str(host.port), "--ignore-ssh-config"]
            for user in ("root", host.user):
                for run, more in (
                    ("collect", []),
                    ("diagnose", ["--ticket", "-", "--engine", "deterministic"]),
                ):
                    ticket = _TICKET.format(host=host.name) if more else ""
                    got = measure([run, host.address, "-l", user, *way, *more], home, ticket)
                    print(
                        f"{healthy.recipe:<10} {user:<5} {run:<9} {got.commands:>8} {got.guard:>6} {got.host_s:>7.2f}"
                        f" {got.whole_s:>8.2f}  {' '.join((got.outcome, *got.graver)).strip()}",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
