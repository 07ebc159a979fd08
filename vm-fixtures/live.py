"""Breaks real hosts, asks tai, judges what it says, undoes it: `make incidents-live`, `python vm-fixtures/live.py [NAME…]`.

tai is asked as a person does, `tai diagnose --json` over SSH without a model, once as an engineer who may read logs and
once as root. The table says for each: proving lines that there are, that were collected, kept in a prompt of 4k, cited by a
finding, quoted; the outcome, its confidence, the cause; seconds to the first finding and in all; commands sent; and the step
that lost it. With -v each answer is printed. Ends with 1 when fewer than 26 of 30 outcomes are right, a wrong cause is named with
confidence, or a healthy host has a finding above info. --tier=qemu or --tier=systemd-nspawn keeps to that one. Needs root and
mmdebstrap, and what `tiers.py` says.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import incident
from broken import Scene, broken
from goal import met
from incident import Incident
from judge import HEAD, Judged, Told, judge, prompt_of, row, summary, told
from tiers import TIERS, CannotShowError, Tier

from tai.catalog import load_catalog
from tai.engine.prompt import load_templates
from tai.events import decode
from tai.resources import folder

_TAI = str(Path(sys.executable).with_name("tai"))
_AT_ONCE = 2  # one waits for its host while the other is asked


@dataclass(frozen=True, slots=True)
class Answered:
    """What tai told as one user."""

    user: str
    run: Told
    judged: Judged


def ask(scene: Scene, user: str) -> Told:
    """Run tai on the broken host. Raises RuntimeError with its own words when it gave no diagnosis."""
    host = scene.host
    with tempfile.TemporaryDirectory(prefix="tai-asked-") as home:
        ssh = Path(home) / ".ssh"
        ssh.mkdir(mode=0o700)
        (ssh / "known_hosts").write_bytes(host.known_hosts.read_bytes())
        way = ["-i", str(host.key), "-p", str(host.port), "-l", user, "--ignore-ssh-config"]
        way += ["-J", host.way] if host.way else []
        done = subprocess.run(
            [_TAI, "diagnose", host.address, *way, "--ticket", "-", "--engine", "deterministic", "--json"],
            env={"PATH": os.environ["PATH"], "HOME": home},
            input=scene.ticket,
            capture_output=True,
            text=True,
            check=False,
        )
    try:
        return told(decode(line) for line in done.stdout.splitlines())
    except RuntimeError as error:
        raise RuntimeError(f"{error}, as {user}: {done.stdout[-500:]}{done.stderr[-500:]}") from error


def go_through(name: str, among: Sequence[Tier]) -> tuple[Incident, list[Answered]]:
    """Break, ask as both users, judge, undo. Raises CannotShowError and RuntimeError."""
    catalog, templates = load_catalog([folder("collectors")]), load_templates([folder("prompts")])
    with broken(name, among) as scene:
        runs = [(user, ask(scene, user)) for user in (scene.host.user, "root")]
    return scene.truth, [
        Answered(user, run, judge(scene.truth, run, prompt_of(run, catalog, templates))) for user, run in runs
    ]


def main(arguments: list[str]) -> int:
    """Print the table as it comes; the exit status."""
    verbose = "-v" in arguments
    named = [argument for argument in arguments if not argument.startswith("-")]
    names = named or incident.names()
    kept_to = [argument.partition("=")[2] for argument in arguments if argument.startswith("--tier=")]
    among = [tier for tier in TIERS if not kept_to or tier.name.lower() in kept_to]
    if not among:
        print(f"no such tier; there are {', '.join(tier.name.lower() for tier in TIERS)}", file=sys.stderr)
        return 2
    started = time.monotonic()
    judged: dict[str, list[tuple[str, Judged]]] = {"diag": [], "root": []}
    failed: list[str] = []
    print(HEAD, flush=True)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        going = {name: pool.submit(go_through, name, among) for name in names}
        for name, future in going.items():
            try:
                truth, answers = future.result()
            except CannotShowError as reason:
                print(f"{name:28} not shown: {reason}", flush=True)
                continue
            except (RuntimeError, subprocess.SubprocessError) as error:
                failed.append(name)
                print(f"{name:28} did not break as meant, or could not be asked: {error}", flush=True)
                continue
            for each in answers:
                judged[each.user].append((truth.outcome, each.judged))
                print(row(name, truth, each.user, each.run, each.judged), flush=True)
                if verbose:
                    print(explained(each), flush=True)
    for user, verdicts in judged.items():
        print(f"\nas {user}:\n{summary([verdict for _, verdict in verdicts])}")
    print(f"\n{len(names)} incidents in {time.monotonic() - started:.0f} s")
    missed = [line for verdicts in judged.values() for line in met(verdicts)]
    for line in (*missed, *(f"{name} was not judged" for name in failed)):
        print(f"goal missed: {line}", file=sys.stderr)
    return 1 if missed or failed else 0


def explained(answer: Answered) -> str:
    """The answer and the findings behind it, for whoever looks for the step that lost it."""
    lines = [f"    said: {answer.run.diagnosis.cause}"]
    for finding in answer.run.findings:
        about = f"{finding.signature} ({finding.subject})"
        lines.append(f"    {finding.severity:8} {about}: {finding.cited[0].text[:110]}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
