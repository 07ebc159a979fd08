"""tai beside what people use today, on real sshd and real round trips: `make bench-ssh` (root; about ten minutes).

    python -m tests.bench.ssh [one] [many] [bulk] [--rounds N]

one: twenty diagnostic commands on one host, with 0, 20 and 100 ms of round trip added. many: the same on fifty hosts.
bulk: two hundred megabytes of output. Rounds are interleaved, so that what else the machine does falls on all alike; times are
medians. Nothing is asserted. ansible-core and pyinfra live in a virtual environment of their own below .cache.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tai.errors import EXIT_INCONCLUSIVE, EXIT_OK
from tests.netlab import Node, lab
from tests.sshd import Sshd, make_key, start_sshd

ROOT = Path(__file__).parents[2]
_MEASURED = Path(__file__).with_name("measured.py")
TAI = str(Path(sys.executable).with_name("tai"))
OTHERS = ROOT / ".cache" / "bench-ssh"
PINS = ("ansible-core==2.19.14", "pyinfra==3.10.0")
HOSTS = 50
_TAI_FINE = (EXIT_OK, EXIT_INCONCLUSIVE)
BULK_MB = 200

COMMANDS = """
    uptime | df -h | df -i | free -m | ps aux | ss -tln | ss -s | ip addr | ip route | lsblk | mount | dmesg | uname -a | who |
    lscpu | cat /proc/meminfo | cat /proc/loadavg | cat /etc/os-release | cat /etc/resolv.conf | ls -l /var/log
"""
LINES = [" ".join(line.split()) for line in COMMANDS.split("|")]
SCRIPT = "; ".join(LINES)


@dataclass(slots=True)
class Way:
    """One way to do the same work. words: its commands. tells: it prints its own seconds, which count instead of the wall's.

    fine: exit statuses that are no failure. seconds, cpu_s, peak_mb: of each round; there_s: processor time at the host.
    """

    name: str
    words: list[list[str]]
    tells: bool = False
    fine: tuple[int, ...] = (0,)
    seconds: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)
    there_s: list[float] = field(default_factory=list)

    @property
    def median_s(self) -> float:
        return statistics.median(self.seconds)

    def round(self, environment: dict[str, str], server: Sshd) -> None:
        """Run all its commands, one after another, until the host is idle again."""
        there = _processor_s(server)
        with tempfile.TemporaryDirectory() as folder:
            commands, result = Path(folder, "commands"), Path(folder, "result")
            commands.write_text(json.dumps(self.words))
            done = subprocess.run(
                [sys.executable, "-I", "-S", str(_MEASURED), str(commands), str(result)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if self.tells else subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                cwd=ROOT,
                check=False,
            )
            if done.returncode:
                raise SystemExit(f"{self.name}: {done.stderr.decode()[-2000:]}")
            took = json.loads(result.read_text())
        if not set(took["statuses"]) <= set(self.fine):
            raise SystemExit(f"{self.name} ended with {took['statuses']}:\n{done.stderr.decode()[-2000:]}")
        self.seconds.append(float(done.stdout) if self.tells else took["seconds"])
        self.cpu_s.append(took["cpu_s"])
        self.peak_mb.append(took["peak_mb"])
        server.wait_until_idle()
        self.there_s.append(_processor_s(server) - there)


def _processor_s(server: Sshd) -> float:
    """Processor time of a server and of all sessions that it has seen end, with what ran in them."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")  # proc_pid_stat(5), 14 to 17


@dataclass(frozen=True, slots=True)
class Bench:
    """What all measurements share: a client with a home of its own, and the network it is in."""

    home: Path
    key: Path
    client: Node
    rounds: int

    @property
    def environment(self) -> dict[str, str]:
        # PYTHONDONTWRITEBYTECODE would have tai compiled anew at each start, and the installed tools not.
        foreign = ("TAI_", "SSH_", "XDG_", "ANSIBLE", "PYTHON")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
        return {
            **kept,
            "HOME": str(self.home),
            "TAI_STATE_DIR": str(self.home / "state"),
            "TAI_COLLECTORS_DIR": str(self.home / "collectors"),
            "ANSIBLE_HOST_KEY_CHECKING": "False",
            "ANSIBLE_LOCAL_TEMP": str(self.home / "ansible"),
        }

    def ssh(self, *words: str) -> list[str]:
        known = ["-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={self.home}/.ssh/known_hosts"]
        return [
            *self.client.inside,
            "ssh",
            "-F",
            str(self.home / ".ssh/config"),
            "-i",
            str(self.key),
            *known,
            "-o",
            "LogLevel=ERROR",
            *words,
        ]

    def compare(
        self, title: str, ways: Sequence[Way], *, server: Sshd, base: str, most: float = 60.0
    ) -> None:
        """Measure in interleaved rounds and print a Markdown table with ratios to `base`. most: seconds for a way's rounds."""
        for number in range(self.rounds):
            for way in ways:
                if number and sum(way.seconds) > most:
                    continue
                way.round(self.environment, server)
            print(f"  round {number + 1} of {self.rounds}", file=sys.stderr, flush=True)
        floor = next(way for way in ways if way.name == base).median_s
        print(
            f"\n**{title}**\n\n| | median | spread | ratio | CPU here | CPU there | peak RSS | rounds |\n|---|---|---|---|---|---|---|---|"
        )
        for way in ways:
            print(
                f"| {way.name} | {way.median_s:.2f} s | {min(way.seconds):.2f} to {max(way.seconds):.2f} | "
                f"{way.median_s / floor:.2f} | "
                f"{statistics.median(way.cpu_s):.2f} s | {statistics.median(way.there_s):.2f} s | {max(way.peak_mb):.0f} MB | {len(way.seconds)} |",
                flush=True,
            )


def one_host(bench: Bench, server: Node, start: Callable[[str], Sshd]) -> None:
    """Twenty commands on one host, at three distances."""
    sshd = start("0.0.0.0")
    at: dict[int, list[Way]] = {}
    for distance, here, there in (
        (0, "", "192.0.2.1"),
        (20, "198.51.100.1/30", "198.51.100.2"),
        (100, "198.51.100.5/30", "198.51.100.6"),
    ):
        with _slow(bench.client, here, server, f"{there}/30", distance) if distance else ExitStack():
            slowest = _slowest(bench, there)
            _prove(bench, there)
            socket = bench.home / f"master-{distance}"
            inventory = bench.home / f"inventory-{distance}"
            inventory.write_text(
                f"{there} ansible_user=root ansible_ssh_private_key_file={bench.key} ansible_python_interpreter=/usr/bin/python3\n"
            )
            ansible = [*bench.client.inside, str(OTHERS / "bin/ansible"), "all", "-i", str(inventory)]
            warm = [*bench.client.inside, sys.executable, "-m", "tests.bench.warm_ssh", there, str(bench.key)]
            ways = [
                Way("floor: one ssh with the slowest command", [bench.ssh(there, slowest)]),
                Way("tai, in a process that runs already", [warm], tells=True),
                Way("tai collect, process start included", [_tai(bench, there)], fine=_TAI_FINE),
                Way("ssh, one command at a time", [bench.ssh(there, line) for line in LINES]),
                Way(
                    "ssh with ControlMaster, one at a time",
                    [
                        bench.ssh("-M", "-S", str(socket), "-o", "ControlPersist=60", there, LINES[0]),
                        *(bench.ssh("-S", str(socket), there, line) for line in LINES[1:]),
                        bench.ssh("-S", str(socket), "-O", "exit", there),
                    ],
                ),
                Way(
                    "ansible-core, ad hoc, a call for each",
                    [[*ansible, "-m", "command", "-a", line] for line in LINES],
                ),
                Way("ansible-core, all in one shell call", [[*ansible, "-m", "shell", "-a", SCRIPT]]),
            ]
            at[distance] = ways
            bench.compare(
                f"20 commands on one host, {distance} ms of round trip added (ping: {_ping(bench.client, there)} ms)",
                ways,
                server=sshd,
                base=ways[0].name,
            )
    near, far = list(at)[-2:]
    print(f"\n**Round trips, from the medians at {near} and {far} ms**\n\n| | round trips |\n|---|---|")
    for one, other in zip(at[near], at[far], strict=True):
        print(f"| {one.name} | {(other.median_s - one.median_s) * 1000 / (far - near):.1f} |", flush=True)


def _ping(client: Node, there: str) -> str:
    """The round-trip time as ping measures it, milliseconds, on average."""
    said = client.run("ping", "-q", "-c", "5", "-i", "0.2", there)
    (average,) = re.findall(r"= [\d.]+/([\d.]+)/", said)
    return f"{float(average):.1f}"


def _prove(bench: Bench, *hosts: str) -> None:
    """See that tai does all that it is measured for: each command on each host, with its output whole."""
    said = subprocess.run(_tai(bench, *hosts), env=bench.environment, check=False, capture_output=True)
    seen = [json.loads(line) for line in said.stdout.splitlines()]
    whole = [
        event
        for event in seen
        if event["kind"] == "observation_made" and event["observation"]["exit"] in (0, 1)
    ]
    if len(whole) != len(LINES) * len(hosts):
        raise SystemExit(
            f"{len(whole)} whole outputs from {len(hosts)} hosts:\n{said.stderr.decode()[-2000:]}"
        )


def _slowest(bench: Bench, there: str) -> str:
    """The command that takes longest by itself, asked for over one connection."""
    subprocess.run(bench.ssh(there, "true"), env=bench.environment, check=True)
    took = {}
    for line in LINES:
        started = time.monotonic()
        subprocess.run(bench.ssh(there, line), env=bench.environment, check=False, stdout=subprocess.DEVNULL)
        took[line] = time.monotonic() - started
    return max(took, key=lambda line: took[line])


def many_hosts(bench: Bench, server: Node, start: Callable[[str], Sshd]) -> None:
    """Twenty commands on fifty hosts: fifty addresses of one sshd, which is fair to all, and busy for all."""
    sshd = start("0.0.0.0")
    addresses = [f"203.0.113.{n}" for n in range(1, HOSTS + 1)]
    bench.client.run("ip", "route", "add", "203.0.113.0/24", "via", "192.0.2.1")
    for address in addresses:
        server.run("ip", "address", "add", f"{address}/32", "dev", "lo")
    names = [f"host{n}" for n in range(1, HOSTS + 1)]
    (bench.home / ".ssh/config").write_text(
        "".join(f"Host {name}\n HostName {address}\n" for name, address in zip(names, addresses, strict=True))
    )
    inventory = bench.home / "inventory-many"
    inventory.write_text(
        "".join(
            f"{address} ansible_user=root ansible_ssh_private_key_file={bench.key} ansible_python_interpreter=/usr/bin/python3\n"
            for address in addresses
        )
    )
    ansible = [
        *bench.client.inside,
        str(OTHERS / "bin/ansible"),
        "all",
        "-i",
        str(inventory),
        "-f",
        str(HOSTS),
    ]
    deploy, hosts = bench.home / "deploy.py", bench.home / "hosts.py"
    deploy.write_text(
        "from pyinfra.operations import server\n"
        + "".join(f"server.shell(commands=[{line!r}])\n" for line in LINES)
    )
    hosts.write_text(
        f"hosts = [(a, {{'ssh_user': 'root', 'ssh_key': {str(bench.key)!r}, 'ssh_strict_host_key_checking': 'off'}}) for a in {addresses!r}]\n"
    )
    script = " & ".join(f"{_quoted(bench.ssh(name, SCRIPT))} >/dev/null" for name in names)
    _prove(bench, *names)
    ways = [
        Way("tai collect", [_tai(bench, *names)], fine=_TAI_FINE),
        Way("50 ssh at once, one script each", [["sh", "-c", f"{script} & wait"]]),
        Way(
            "ansible-core -f 50, ad hoc, a call for each",
            [[*ansible, "-m", "command", "-a", line] for line in LINES],
        ),
        Way("ansible-core -f 50, all in one shell call", [[*ansible, "-m", "shell", "-a", SCRIPT]]),
        Way(
            "pyinfra, 20 operations",
            [[*bench.client.inside, str(OTHERS / "bin/pyinfra"), "-y", str(hosts), str(deploy)]],
        ),
    ]
    bench.compare("20 commands on 50 hosts", ways, server=sshd, base="tai collect", most=240)


def bulk(bench: Bench, start: Callable[[str], Sshd]) -> None:
    """Two hundred megabytes from one command, thrown away by ssh, kept by tai."""
    server = start("0.0.0.0")
    big = server.scratch / "big"
    with big.open("wb") as file:
        for _ in range(BULK_MB):
            file.write(os.urandom(10**6))
    there, cipher = "192.0.2.1", "aes128-gcm@openssh.com"  # what tai and sshd agree on
    warm = [
        *bench.client.inside,
        sys.executable,
        "-m",
        "tests.bench.warm_ssh",
        there,
        str(bench.key),
        str(big),
        str(big.stat().st_size),
    ]
    ways = [
        Way("ssh host cat", [bench.ssh(there, f"cat {big}")]),
        Way(f"ssh -c {cipher} host cat", [bench.ssh("-c", cipher, there, f"cat {big}")]),
        Way("tai's transport, in a process that runs already", [warm], tells=True),
    ]
    bench.compare(f"{BULK_MB} MB of output", ways, server=server, base="ssh host cat")


def _quoted(words: Sequence[str]) -> str:
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)


def _tai(bench: Bench, *hosts: str) -> list[str]:
    return [
        *bench.client.inside,
        TAI,
        "collect",
        *hosts,
        "--collect",
        "bench",
        "--json",
        "-i",
        str(bench.key),
    ]


@contextmanager
def _slow(client: Node, here: str, server: Node, there: str, milliseconds: int) -> Iterator[None]:
    words = [
        sys.executable,
        "-m",
        "tests.bench.slow_link",
        client.name,
        here,
        server.name,
        there,
        str(milliseconds),
    ]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _others() -> None:
    """The tools to compare with, once."""
    stamp = OTHERS / "stamp"
    if stamp.exists() and stamp.read_text() == " ".join(PINS):
        return
    print("installing", *PINS, file=sys.stderr)
    shutil.rmtree(OTHERS, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(OTHERS)], check=True)
    subprocess.run([str(OTHERS / "bin/pip"), "install", "-q", *PINS], check=True)
    stamp.write_text(" ".join(PINS))


def _collector() -> str:
    """The twenty commands as a collector file."""
    head = 'name = "bench"\ntitle = "Bench"\ncategory = "bench"\n'
    probes = (
        f'[[probe]]\nid = "bench-{n}"\ntitle = "{line}"\nargv = {line.split()}\ndepth = "vital"\nok_exit = [0, 1]\n'.replace(
            "'", '"'
        )
        for n, line in enumerate(LINES, start=1)
    )
    return head + "".join(probes)


def main() -> None:
    """Print the tables that were asked for, all of them by default."""
    arguments = sys.argv[1:]
    rounds = int(arguments[arguments.index("--rounds") + 1]) if "--rounds" in arguments else 5
    wanted = [name for name in ("one", "many", "bulk") if name in arguments] or ["one", "many", "bulk"]
    _others()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tai-bench-")))
        (home / ".ssh").mkdir(mode=0o700)
        (home / ".ssh/config").write_text("")
        (home / "collectors").mkdir()
        (home / "collectors" / "bench.toml").write_text(_collector())
        key = make_key(home / ".ssh/id_ed25519")
        for name in wanted:
            with lab() as network, ExitStack() as servers:
                client, server = network.node("client"), network.node("server")
                network.cable(client, "192.0.2.2/24", server, "192.0.2.1/24")

                def start(address: str, servers: ExitStack = servers, server: Node = server) -> Sshd:
                    # Room for fifty logins at once, for every tool alike, and no log of each packet.
                    started = start_sshd(
                        "MaxStartups 200",
                        "LogLevel INFO",
                        authorized=[Path(f"{key}.pub")],
                        inside=server.inside,
                        address=address,
                        port=22,
                    )
                    servers.callback(started.remove)
                    return started

                bench = Bench(home, key, client, rounds)
                match name:
                    case "one":
                        one_host(bench, server, start)
                    case "many":
                        many_hosts(bench, server, start)
                    case _:
                        bulk(bench, start)


if __name__ == "__main__":
    main()
