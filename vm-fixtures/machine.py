"""One emulated machine: a QEMU process and its control channel. Not a launcher: it knows no lab, no keys and no ssh.

The flags are those that HOSTS.md measured. The network is QEMU's own, closed: nothing goes out, and one port of 127.0.0.1,
which the kernel chooses, leads to the guest's port 22. The control protocol is QMP, on standard input and output
(https://www.qemu.org/docs/master/interop/qmp-spec.html).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

PROGRAM = "qemu-system-x86_64"
MEMORY_MB = 384  # what a small Debian needs, and little enough to be saved and used up quickly
# no_timer_check: on a busy machine the emulated timer is late, and the kernel would take it for broken.
_KERNEL_WORDS = (
    "root=/dev/vda ro console=ttyS0 quiet mitigations=off random.trust_cpu=on net.ifnames=0 no_timer_check"
)
_ACCELERATED: dict[str, list[str]] = {
    "tcg": ["-accel", "tcg,thread=multi,tb-size=128", "-cpu", "qemu64"],
    "kvm": ["-accel", "kvm", "-cpu", "host"],
}
_PROBE_S = 20.0  # where KVM works a kernel comes to its end in one second
_QUIT_S = 10.0
_SAVE_S = 120.0  # 5 s were measured
_FORWARDED = re.compile(r"TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)")

Accelerator = Literal["tcg", "kvm"]


@dataclass(frozen=True, slots=True)
class Disk:
    """A file that the guest has as /dev/vda, vdb … by order. form: raw or qcow2.

    bad_reads, bad_writes: sectors of 512 bytes on which the guest's reads or writes end in an error, as on a worn medium.
    """

    file: Path
    form: Literal["raw", "qcow2"] = "raw"
    bad_reads: tuple[int, ...] = ()
    bad_writes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a machine is made of. A saved machine goes on only in one of the same kernel, initrd, accelerator and disks."""

    kernel: Path
    initrd: Path
    disks: tuple[Disk, ...]
    accelerator: Accelerator


class Machine:
    """A machine that runs, or with `saved` one that stands where another was saved, until `go_on`.

    It does not outlive the thread that made it (prctl(2), PR_SET_PDEATHSIG).
    Raises RuntimeError, with what QEMU said, when it does not start.
    """

    def __init__(self, plan: Plan, console: Path, *, saved: Path | None = None) -> None:
        # It ends with whoever started it, even when that is killed and can clear nothing away.
        argv = ["setpriv", "--pdeathsig", "KILL", PROGRAM, *_flags(plan, console), "-qmp", "stdio"]
        if saved:
            argv += ["-incoming", f"exec:zstd -q -d -c {shlex.quote(str(saved))}"]
        self._said = console.with_suffix(".qemu")
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                start_new_session=True,  # Ctrl-C is for us
            )
        try:
            self._read()  # its greeting
            self.say("qmp_capabilities")
            found = _FORWARDED.search(
                str(self.say("human-monitor-command", **{"command-line": "info usernet"}))
            )
            if found is None:
                raise RuntimeError("QEMU does not say which port it forwards")
        except BaseException:
            self.stop()
            raise
        self.port = int(found[1])

    @property
    def runs(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def say(self, command: str, **arguments: object) -> Any:
        """One QMP command; what it returned. Raises RuntimeError when QEMU refuses it or is gone."""
        words: dict[str, object] = {"execute": command}
        if arguments:
            words["arguments"] = arguments
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(words).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise RuntimeError(f"QEMU has ended: {self._last_words()}") from error
        while True:
            answer = self._read()
            if "error" in answer:
                raise RuntimeError(f"QEMU refuses {command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def save(self, file: Path) -> None:
        """Stop where it is, and write its memory and devices. Its disks are to be kept beside. It does not go on."""
        self.say("stop")
        self.say("migrate", uri=f"exec:zstd -q -3 -T0 -o {shlex.quote(str(file))}")
        deadline = time.monotonic() + _SAVE_S
        while (status := self.say("query-migrate")["status"]) != "completed":
            if status == "failed" or time.monotonic() > deadline:
                raise RuntimeError(f"saving the machine: {status}; {self._last_words()}")
            time.sleep(0.1)

    def go_on(self) -> None:
        """Wait until the saved machine is read in, and let it run."""
        deadline = time.monotonic() + _SAVE_S
        while self.say("query-status")["status"] == "inmigrate":
            if time.monotonic() > deadline:
                raise RuntimeError("the saved machine is not read in")
            time.sleep(0.05)
        self.say("cont")

    def stop(self) -> None:
        """Pull the plug: its disks are thrown away or were saved. Safe to call twice."""
        if self.runs:
            with contextlib.suppress(RuntimeError):
                self.say("quit")
        try:
            self._process.wait(_QUIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"QEMU has ended: {self._last_words()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _last_words(self) -> str:
        return self._said.read_text(errors="replace")[-2000:].strip()


def version() -> str:
    """QEMU's own, which a saved machine depends on."""
    said = subprocess.run([PROGRAM, "--version"], check=True, capture_output=True, text=True).stdout
    return said.splitlines()[0]


def processor_with_kvm() -> str:
    """The processor's name where it can run machines by itself and we may ask it to; else ''.

    /dev/kvm alone says too little: on some hosted machines it is there, and a kernel hangs.
    """
    told = Path("/proc/cpuinfo").read_text()
    able = re.search(r"^flags\s*:.*\b(vmx|svm)\b", told, re.MULTILINE)
    name = re.search(r"^model name\s*:\s*(.*)", told, re.MULTILINE)
    return name[1] if able and name and os.access("/dev/kvm", os.R_OK | os.W_OK) else ""


def accelerator(kernel: Path) -> Accelerator:
    """`kvm` where the processor can, and this kernel boots by it within a time limit; else `tcg`, which is emulation."""
    return "kvm" if processor_with_kvm() and boots(kernel, "kvm") else "tcg"


def boots(kernel: Path, accelerated: Accelerator, limit_s: float = _PROBE_S) -> bool:
    """Whether a kernel without a disk comes as far as to say that it finds none."""
    argv = [PROGRAM, "-nodefaults", "-display", "none", "-no-reboot", "-m", "256", "-serial", "stdio"]
    argv += [*_ACCELERATED[accelerated], "-kernel", str(kernel), "-append", "console=ttyS0 panic=-1"]
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=limit_s, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return b"Unable to mount root fs" in done.stdout


def _flags(plan: Plan, console: Path) -> list[str]:
    flags = ["-nodefaults", "-display", "none", "-smp", "2", "-m", str(MEMORY_MB), "-rtc", "base=utc"]
    flags += _ACCELERATED[plan.accelerator]
    flags += ["-kernel", str(plan.kernel), "-initrd", str(plan.initrd), "-append", _KERNEL_WORDS]
    for number, disk in enumerate(plan.disks):
        flags += ["-blockdev", json.dumps(_node(disk, f"disk{number}"))]
        flags += ["-device", f"virtio-blk-pci,drive=disk{number}"]
    flags += ["-device", "virtio-rng-pci", "-device", "virtio-net-pci,netdev=net"]
    flags += ["-netdev", "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:0-:22"]
    return [*flags, "-serial", f"file:{console}"]


def _node(disk: Disk, name: str) -> dict[str, object]:
    """QEMU's block graph for a disk: its format, and over it, in the guest's sectors, what goes wrong."""
    # What is written lives as long as the process, so nothing is gained by waiting for the outer disk.
    inner: dict[str, object] = {
        "driver": disk.form,
        "file": {"driver": "file", "filename": str(disk.file)},
        "cache": {"no-flush": True},
    }
    rules = [
        {"event": "none", "iotype": way, "sector": sector, "errno": 5, "once": False}
        for way, sectors in (("read", disk.bad_reads), ("write", disk.bad_writes))
        for sector in sectors
    ]
    outer = {"driver": "blkdebug", "image": inner, "inject-error": rules}
    return {**(outer if rules else inner), "node-name": name}


def overlay(base: Path, file: Path) -> None:
    """A disk that begins as `base`, which is not changed, and keeps in `file` what is written to it."""
    words = ["create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(base), str(file)]
    subprocess.run(["qemu-img", *words], check=True)
