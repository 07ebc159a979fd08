"""What a command did, as strace(1) saw it: only the calls that could change a host, leave it or start something.

Deliberately small: strace prints a call's arguments when the call begins, so the text up to the result is enough, and
calls that were interrupted (`<unfinished ...>`) need no joining.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tai.policy.wire import Wire

CHANGING_CALLS = [
    "unlink",
    "unlinkat",
    "rename",
    "renameat",
    "renameat2",
    "mkdir",
    "mkdirat",
    "rmdir",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "mknod",
    "mknodat",
    "chmod",
    "fchmod",
    "fchmodat",
    "chown",
    "fchown",
    "lchown",
    "fchownat",
    "utime",
    "utimes",
    "futimesat",
    "utimensat",
    "truncate",
    "ftruncate",
    "fallocate",
    "setxattr",
    "lsetxattr",
    "fsetxattr",
    "removexattr",
    "lremovexattr",
    "fremovexattr",
    "mount",
    "umount2",
    "move_mount",
    "fsopen",
    "fsmount",
    "pivot_root",
    "settimeofday",
    "clock_settime",
    "init_module",
    "finit_module",
    "delete_module",
    "sethostname",
    "setdomainname",
    "reboot",
    "swapon",
    "swapoff",
    "kexec_load",
    "kexec_file_load",
    "acct",
    "ptrace",
]
OPENING_CALLS = ("open", "openat", "openat2", "creat")
SENDING_CALLS = ("connect", "sendto", "sendmsg", "sendmmsg")
_SIGNALS = ("kill", "tkill", "tgkill", "pidfd_send_signal")
_CALL = re.compile(r"^(\d+) +(\w+)\((.*)$")
_FLAG_OF_WRITING = re.compile(r"\bO_(?:WRONLY|RDWR|CREAT|TRUNC|APPEND|TMPFILE)\b")
_CHANGING_IOCTL = re.compile(
    r"\b(?:SIOCS\w+|SIOC(?:ADD|DEL)\w+|BLK(?:RO|RA|FRA)SET|BLKDISCARD|FS_IOC_SET\w+|RTC_\w*SET\w*)\b"
)
_THREAD_NAME = re.compile(r"/proc/self/task/\d+/comm")
_NETLINK_TYPE = re.compile(r"nlmsg_type=([^,]+)")


def _changes_by_netlink(text: str) -> bool:
    """Whether a netlink message asks for something else than GET or DUMP.

    iproute2 and ethtool ask the kernel for what it supports with an RTM_NEWLINK for interface 0, which cannot exist.
    """
    kinds = _NETLINK_TYPE.findall(text)
    return any(re.search(r"_(?:NEW|DEL|SET)", kind) for kind in kinds) and "ifi_index=0" not in text


@dataclass(frozen=True)
class Call:
    """One system call: who made it, its name, and its arguments and result as strace spells them."""

    pid: int
    name: str
    text: str

    @property
    def path(self) -> str:
        """The first quoted argument, or ''."""
        found = re.search(r'"((?:[^"\\]|\\.)*)"', self.text)
        return found[1] if found else ""

    def __str__(self) -> str:
        return f"{self.name}({self.text[:160]}"


@dataclass(frozen=True)
class Trace:
    """The calls of a command and of all that it started, and how it ended."""

    calls: tuple[Call, ...]
    exit_code: int
    stdout: bytes
    stderr: bytes

    def changes(self) -> list[Call]:
        """Calls that ask to change something, whether or not they were let: files opened for writing, CHANGING_CALLS.

        Not counted: /dev/null, a thread's own name, and signals between the command's own processes.
        """
        return [call for call in self.calls if self._changes(call)]

    def _changes(self, call: Call) -> bool:
        if call.name in OPENING_CALLS:
            writes = call.name == "creat" or _FLAG_OF_WRITING.search(call.text) is not None
            return writes and call.path != "/dev/null" and not _THREAD_NAME.fullmatch(call.path)
        if call.name in _SIGNALS:
            target = int(re.match(r"-?\d+", call.text)[0])  # type: ignore[index]  # strace always prints a number
            return target != 0 and abs(target) not in {other.pid for other in self.calls}
        if call.name == "ioctl":
            return _CHANGING_IOCTL.search(call.text) is not None
        if call.name in SENDING_CALLS:
            return _changes_by_netlink(call.text)
        return call.name in CHANGING_CALLS

    def packets(self) -> list[Call]:
        """Calls that send over IP. A connect of a UDP socket sends nothing by itself, but counts: it is about to."""
        return [
            call
            for call in self.calls
            if call.name in SENDING_CALLS and re.search(r"sa_family=AF_INET6?\b", call.text)
        ]

    def programs(self) -> list[str]:
        """The absolute path of every program that was started, in order."""
        return [
            call.path for call in self.calls if call.name == "execve" and call.text.rstrip().endswith("= 0")
        ]


def is_installed() -> bool:
    return shutil.which("strace") is not None and shutil.which("unshare") is not None


def can_unshare() -> bool:
    """Whether this account can make such namespaces: root, outside a strict container."""
    done = subprocess.run(["unshare", "-m", "-n", "-u", "true"], capture_output=True, check=False)
    return is_installed() and done.returncode == 0


# No namespace holds the clock, the kernel's modules, its power switch or its hardware, so the right to them is dropped
# for good before anything runs: a `date -s` is then attempted, and seen, and denied.
_NO_MACHINE_WIDE = ("setpriv", "--bounding-set=-sys_time,-sys_module,-sys_boot,-sys_rawio", "--")

# In throw-away namespaces: the file system is an overlay whose upper layer is memory, no process outside can be
# signalled, and there is no network but what $3 makes. /proc/sys and /sys cannot be written, and unless $5 is `devices`,
# no disk can be reached.
# $1: the folder for the traces; $2: the calls to trace; $3: a shell script that furnishes the world; $4: _INSIDE. Each
# command runs as a login shell receives it, for 4 s at most.
_OUTSIDE = """
set -e
files() {
    cd "$1"
    # A folder whose content changes is copied up; it is a change itself only if it is not there below, or was another.
    find . ! -type d -printf '%P %m %s %T@\\n'
    find . -type d -printf '%m %P\\n' | while read -r mode folder; do
        [ "$(stat -c %a "/$folder" 2>/dev/null)" = "$mode" ] || echo "$folder $mode"
    done
    cd /
}
root="$1/world/root"
mount -t tmpfs tmpfs "$1/world"
mkdir "$1/world/upper" "$1/world/work" "$root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/world/upper,workdir=$1/world/work" "$root"
mount --bind /proc "$root/proc"
for place in proc/sys proc/sysrq-trigger; do
    [ -e "/$place" ] || continue
    mount --bind "/$place" "$root/$place"
    mount -o remount,bind,ro "$root/$place"
done
mount --rbind /sys "$root/sys"
mount -o remount,bind,ro "$root/sys"
if [ "$5" = devices ]; then
    mount --rbind /dev "$root/dev"
else
    mount -t tmpfs tmpfs "$root/dev"
    for node in null zero full random urandom tty; do
        touch "$root/dev/$node"
        mount --bind "/dev/$node" "$root/dev/$node"
    done
fi
mount --bind "$1/traces" "$root/mnt"
chroot "$root" sh -c "$3" >/dev/null
files "$1/world/upper" | sort >"$1/traces/before"
chroot "$root" sh -c "$4" sh "$2"
files "$1/world/upper" | sort >"$1/traces/after"
"""
_INSIDE = """
cd /mnt
for command in *.command; do
    name=${command%.command}
    timeout -k 1 4 strace -f -qq -s 200 -e signal=none -e trace="$1" -o "$name.trace" sh -c "$(cat "$command")" \\
        <"$name.stdin" >"$name.stdout" 2>"$name.stderr"
    echo $? >"$name.exit"
done
"""
_SPACES = ("--mount", "--net", "--uts", "--ipc", "--pid", "--fork", "--mount-proc", "--kill-child")


@dataclass(frozen=True)
class Batch:
    """What some commands did one after the other in one world.

    left_behind: the files and folders that they made or changed, without the first slash.
    """

    traces: tuple[Trace, ...]
    left_behind: tuple[str, ...]


def trace(
    wires: Sequence[Wire], folder: Path, world: str = "true", *, devices: bool = False, timeout_s: float = 55
) -> Batch:
    """Run commands one after the other, each as sshd would, under `strace -f` in throw-away namespaces.

    folder: an empty writable folder. world: a shell script that makes files and interfaces before the first command.
    devices: let them see this machine's devices; a command that writes to a disk would really do so.
    timeout_s: seconds until the whole is killed.
    """
    (folder / "world").mkdir()
    traces = folder / "traces"
    traces.mkdir()
    for number, wire in enumerate(wires):
        (traces / f"{number:05d}.command").write_text(wire.command)
        (traces / f"{number:05d}.stdin").write_bytes(wire.stdin or b"")
    names = [*CHANGING_CALLS, *OPENING_CALLS, *SENDING_CALLS, *_SIGNALS, "execve", "execveat", "ioctl"]
    # A question mark: strace does not mind when an architecture lacks the call.
    wanted = ",".join(f"?{name}" for name in names)
    subprocess.run(
        [
            *_NO_MACHINE_WIDE,
            "unshare",
            *_SPACES,
            "sh",
            "-c",
            _OUTSIDE,
            "sh",
            str(folder),
            wanted,
            world,
            _INSIDE,
            "devices" if devices else "none",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        timeout=timeout_s,
        check=True,
    )
    before = set((traces / "before").read_text().splitlines())
    after = (traces / "after").read_text().splitlines()
    return Batch(
        traces=tuple(_read(traces / f"{number:05d}") for number in range(len(wires))),
        left_behind=tuple(line.split(" ")[0] for line in after if line not in before),
    )


def _read(name: Path) -> Trace:
    lines = name.with_suffix(".trace").read_text(errors="replace").splitlines()
    return Trace(
        calls=tuple(
            Call(int(match[1]), match[2], match[3]) for line in lines if (match := _CALL.match(line))
        ),
        exit_code=int(name.with_suffix(".exit").read_text()),
        stdout=name.with_suffix(".stdout").read_bytes(),
        stderr=name.with_suffix(".stderr").read_bytes(),
    )
