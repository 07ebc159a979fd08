"""The kernel-enforced layers that a host has around a command, and the one fixed probe that finds them.

Not the policy: which commands may run at all is `tai.policy.grammar`. These layers hold when that list is wrong.
Not the bytes on the wire either: `tai.policy.wire` quotes what `Sandbox.prefix` gives.

| layer    | words                                | what the kernel then refuses                                       |
|----------|--------------------------------------|--------------------------------------------------------------------|
| timeout  | timeout -k 5 SECONDS                 | running on: closing the channel does not stop a process without tty |
| leash    | setpriv --pdeathsig TERM             | outliving the connection: it ends when sshd's process for it does   |
| fsize    | prlimit --fsize=0 --core=0 …         | writing one byte into a regular file (SIGXFSZ, EFBIG)              |
| nnp      | setpriv --no-new-privs               | gaining rights: setuid programs and file capabilities are inert    |
| caps     | setpriv --reuid=65534 … (root login) | everything root may do, but reading, the kernel log and ptrace     |
| landlock | setpriv --landlock-access …          | creating, removing, renaming and opening for writing               |
| nice     | nice -n 10, ionice -c 2 -n 7         | nothing; the command yields to the host's own work                 |

Sources: prlimit(1), setpriv(1), landlock(7), getrlimit(2), timeout(1), and runs of each on Debian 12.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final, Literal, assert_never

from tai.errors import PolicyRefusal

TimeoutSyntax = Literal["gnu", "bare", "busybox-t"]
"""How the host spells `timeout`: `timeout -k 5 30` (GNU, busybox since 1.34), `timeout 30` (coreutils before
8.5, some busybox), `timeout -t 30` (busybox before 1.30)."""

SUDO_EXEMPT: Final = frozenset({"fsize", "nnp"})
"""What sudo cannot run under, for `Sandbox.for_command`: it writes its own time stamp (seen with sudo 1.9.13: it dies with
SIGXFSZ), and gaining rights is its purpose. What holds instead is the sudoers rule: exact arguments and NOEXEC."""

KILL_AFTER_S: Final = 5
"""Seconds that a command has to end by itself after the SIGTERM of its timeout, before SIGKILL."""

SEARCH_PATH: Final = "/usr/sbin:/usr/bin:/sbin:/bin"

HOME: Final = "/proc/nonexistent"
"""A home that is not there and that not even root can make. As root, Debian's rpm and top make /nonexistent (seen)."""

_LIMITS: Final = ("prlimit", "--fsize=0", "--core=0", "--nofile=1024", "--")
# On `timeout` itself, which hands the signal on to what it runs. It is how a command of root's ends with the connection:
# sshd passes no signals to root's commands. Kept over exec, cleared for setuid programs: prctl(2), PR_SET_PDEATHSIG.
_LEASH: Final = ("setpriv", "--pdeathsig", "TERM", "--")
_NNP: Final = ("setpriv", "--no-new-privs")
# What a root login keeps: reading any file and directory, dmesg, and seeing other users' processes.
_CAPS: Final = "+dac_read_search,+syslog,+sys_ptrace"
# Numbers, not names: the group of nobody is `nogroup` on Debian and `nobody` on RHEL, and 65534 on both.
_DROP: Final = (
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
    "--no-new-privs",
    f"--inh-caps=-all,{_CAPS}",
    f"--ambient-caps=-all,{_CAPS}",
    f"--bounding-set=-all,{_CAPS}",
)
# What root never needs to read: loading modules, which the kernel does for an interface that is not there (dev_load in
# net/core/dev_ioctl.c), rebooting, and setting the clock. Commands that need more than `_CAPS` run without these.
_TRIM: Final = "--bounding-set=-sys_module,-sys_boot,-sys_time"
# The rights of Landlock's first version (Linux 5.13), so that the words mean the same on every later kernel.
_LANDLOCK: Final = (
    "--landlock-access",
    "fs:write-file,remove-dir,remove-file,make-char,make-dir,make-reg,make-sock,make-fifo,make-block,make-sym",
    "--landlock-rule",
    "path-beneath:write-file:/dev/null",
)
_READ_OTHER_PROCESSES: Final = """
    cat find fuser getfacl grep head ip ls lslocks lsns lsof namei netstat numastat pgrep pidof pidstat pmap prlimit ps
    pstree pwdx readlink realpath ss stat tail top tree w
"""
BLIND_UNDER_LANDLOCK: Final = frozenset(_READ_OTHER_PROCESSES.split())
"""Programs that read /proc/PID links and files for which Linux asks ptrace rights. A process under Landlock has none
over processes outside it (seen on Linux 6.18: `ss -p` names no process, `ls -l /proc/1/exe` is denied)."""

_NICE: Final = ("nice", "-n", "10")
# Lowest best-effort, not the idle class: on a disk that is saturated, which is when tai is called, idle never runs.
_IONICE: Final = ("ionice", "-c", "2", "-n", "7")


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The layers that one command on one host runs under.

    trim: for root's commands that cannot run under `caps`: without the capabilities that no reading needs.
    missing: (layer, reason) for each layer that is not used, for the audit record and `tai doctor HOST`.
    """

    timeout: TimeoutSyntax | None = None
    leash: bool = False
    prlimit: bool = False
    nnp: bool = False
    caps: bool = False
    landlock: bool = False
    nice: bool = False
    ionice: bool = False
    trim: bool = False
    missing: tuple[tuple[str, str], ...] = ()

    NONE: ClassVar[Sandbox]
    """No layer at all: what holds before the host was probed, and on a host that has none of the tools."""

    @property
    def level(self) -> str:
        """`argv` for the policy alone, then each layer that holds: `argv+fsize+nnp`."""
        held = (("fsize", self.prlimit), ("nnp", self.nnp), ("caps", self.caps), ("landlock", self.landlock))
        return "+".join(["argv", *(name for name, on in held if on)])

    def for_command(self, exempt: frozenset[str], program: str = "") -> Sandbox:
        """This sandbox without the layers that a command cannot run under.

        exempt: its `incompatible_layers` in the catalogue. A command exempt from `nnp` is exempt from `caps` and
        `landlock` too, which set it themselves. A name that is no layer is a PolicyRefusal.
        program: its bare name. Without it Landlock is left out, because it would hide other users' processes from
        the programs in `BLIND_UNDER_LANDLOCK`, and evidence that is missing without a word is worse than a thinner
        sandbox.
        """
        if unknown := exempt - {"fsize", "nnp", "caps", "landlock"}:
            raise PolicyRefusal(f"the catalogue names layers that do not exist: {', '.join(sorted(unknown))}")
        off = {
            "fsize": self.prlimit and "fsize" in exempt,
            "nnp": self.nnp and "nnp" in exempt,
            "caps": self.caps and bool(exempt & {"caps", "nnp"}),
            "landlock": self.landlock
            and (not program or program in BLIND_UNDER_LANDLOCK or bool(exempt & {"landlock", "nnp"})),
        }
        dropped = tuple(
            (layer, "this command does not work under it") for layer, is_off in off.items() if is_off
        )
        return replace(
            self,
            prlimit=self.prlimit and not off["fsize"],
            nnp=self.nnp and not off["nnp"],
            caps=self.caps and not off["caps"],
            trim=off["caps"],
            landlock=self.landlock and not off["landlock"],
            missing=self.missing + dropped,
        )

    def prefix(self, timeout_s: float) -> tuple[str, ...]:
        """The words to put before a command. timeout_s: seconds, rounded up (busybox takes whole ones only)."""
        if not (math.isfinite(timeout_s) and timeout_s > 0):
            raise PolicyRefusal(f"a remote timeout must be a positive number of seconds, not {timeout_s!r}")
        words = [*(_LEASH if self.leash else ()), *_timeout_words(self.timeout, str(math.ceil(timeout_s)))]
        if self.prlimit:
            words += _LIMITS
        if self.caps:
            words += _DROP
        elif self.nnp or self.landlock or self.trim:
            words += _NNP if self.nnp or self.landlock else ("setpriv",)
            words += (_TRIM,) if self.trim else ()
        if self.caps or self.nnp or self.landlock or self.trim:
            words += _LANDLOCK if self.landlock else ()
            words.append("--")
        if self.nice:
            words += _NICE
        if self.ionice:
            words += _IONICE
        return tuple(words)


Sandbox.NONE = Sandbox(missing=(("all", "the host has not been probed"),))


def _timeout_words(syntax: TimeoutSyntax | None, seconds: str) -> tuple[str, ...]:
    match syntax:
        case "gnu":
            return ("timeout", "-k", str(KILL_AFTER_S), seconds)
        case "bare":
            return ("timeout", seconds)
        case "busybox-t":
            return ("timeout", "-t", seconds)
        case None:
            return ()
        case _:
            assert_never(syntax)


_TOOLS: Final = """
    aa-status apache2 apk apt apt-cache apt-mark arch arp atq auditctl aureport ausearch blkid brctl bridge
    btrfs bzcat cat chage chronyc cksum cloud-init cmp conntrack containerd coredumpctl crictl crontab date
    df diff dig dmesg dmidecode dmsetup dnf docker dockerd dovecot dpkg dpkg-query du dumpe2fs ethtool
    faillock file find findmnt firewall-cmd free fuser getcap getconf getenforce getent getfacl getsebool
    git grep groups gzip haproxy head host hostname hostnamectl httpd id ifconfig iostat ip ip6tables
    ip6tables-save ipcs ipset iptables iptables-save journalctl keepalived kubectl kubelet last lastb
    lastlog localectl loginctl losetup ls lsattr lsb_release lsblk lscpu lslocks lslogins lsmem lsmod lsns
    lsof lspci lsscsi lsusb lvs mailq mariadb mariadbd md5sum mdadm modinfo mongod mount mpstat mtr
    multipath mysql mysqld named namei netstat networkctl nfsstat nft nginx nl nmcli nproc nslookup ntpq
    ntpstat numactl numastat nvme openssl pacman passwd pgrep pidof pidstat ping pmap podman postconf
    postgres postqueue prlimit ps psql pstree pvs pwdx quota readlink realpath redis-cli redis-server
    repquota resolvectl route rpm rsyslogd runc runlevel sar sestatus sha1sum sha256sum slabtop smartctl
    snap squid ss ssh sshd stat swapon sysctl systemctl systemd-analyze systemd-cgls systemd-cgtop
    systemd-delta systemd-detect-virt tac tail tc timedatectl top tracepath traceroute tree tune2fs
    tuned-adm ufw uname unbound uptime users vgs vmstat w wc wg whereis which who whoami xfs_info xzcat yum
    zfs zpool zstdcat zypper
"""
PROBED_TOOLS: Final = tuple(_TOOLS.split())
"""Programs that the probe looks for: every one that the catalogue allows (a test compares the two)."""

_BEGIN: Final = "tai-probe-begin"
_OS_RELEASE: Final = "tai-probe-os-release"
_MOUNTS: Final = "tai-probe-mounts"
_END: Final = "tai-probe-end"

# Kept so plain that it can be reviewed at a glance. No ' \ or ! may occur in it: it travels inside one pair of
# single quotes, which all login shells read alike only then. Every command in it reads, or runs `true`.
_SCRIPT: Final = (
    f"echo {_BEGIN}",
    "echo sysname=$(uname -s)",
    "echo node=$(uname -n)",
    "echo kernel=$(uname -r)",
    "echo machine=$(uname -m)",
    "echo euid=$(id -u)",
    "echo now=$(date +%s)",
    "echo zone=$(date +%z)",
    "test -d /run/systemd/system && echo init=systemd || { test -d /run/openrc && echo init=openrc || echo init=other; }",
    f"for tool in {' '.join(PROBED_TOOLS)}; do command -v $tool >/dev/null && echo tool=$tool; done",
    'try() { said=$1; shift; "$@" </dev/null >/dev/null 2>&1 && echo $said; }',
    "try timeout=gnu timeout -k 1 5 true || try timeout=bare timeout 5 true || try timeout=busybox-t timeout -t 5 true",
    "try ls=gnu ls -b -d / || try ls=busybox ls -Q -d /",
    f"try layer=leash {' '.join(_LEASH)} true",
    f"try layer=fsize {' '.join(_LIMITS)} true",
    f"try layer=nnp {' '.join(_NNP)} -- true",
    f"test $(id -u) = 0 && try layer=caps {' '.join(_DROP)} -- true",
    f"try layer=landlock {' '.join(_NNP + _LANDLOCK)} -- true",
    f"try layer=nice {' '.join(_NICE)} true",
    f"try layer=ionice {' '.join(_IONICE)} true",
    f"echo {_OS_RELEASE}",
    "cat /etc/os-release 2>/dev/null || cat /usr/lib/os-release 2>/dev/null",
    f"echo; echo {_MOUNTS}",
    "cat /proc/self/mountinfo 2>/dev/null",
    f"echo; echo {_END}",
)

PROBE: Final = (
    f"exec /usr/bin/env -i 'PATH={SEARCH_PATH}' 'LC_ALL=C' 'HOME={HOME}' /bin/sh -c '{'; '.join(_SCRIPT)}'"
)
"""What is sent once to each host, as one exec request: the only text that is no catalogue command. It changes nothing."""

_WORD = re.compile(r"[\w.,:+~@#/-]{1,128}", re.ASCII)
_RELEASE_LINE = re.compile(r"([A-Z][A-Z0-9_]{0,63})=(.{0,512})")


@dataclass(frozen=True, slots=True)
class HostProbe:
    """What a host said of itself. Every field is the host's own claim, held to a plain shape; '' or None if it has none.

    os_release: os-release(5) as key → value; tools: those of PROBED_TOOLS that it has; now_epoch: its clock, seconds
    since 1970; zone: its time zone as +hhmm; init: systemd (sd_booted(3)), openrc or other; ls: how its ls is told to let no
    control character of a name through, gnu (-b) or busybox (-Q); mounts: /proc/self/mountinfo as it printed it; complete: False when the answer was cut or something else answered (a
    ForceCommand, a shell that is none), and then the sandbox is `Sandbox.NONE` with that as its reason.
    """

    sysname: str = ""
    node: str = ""
    kernel: str = ""
    machine: str = ""
    euid: int | None = None
    zone: str = ""
    init: str = ""
    ls: str = ""
    now_epoch: int | None = None
    os_release: dict[str, str] = field(default_factory=dict)
    tools: frozenset[str] = frozenset()
    mounts: str = ""
    sandbox: Sandbox = Sandbox.NONE
    complete: bool = False

    @property
    def uname(self) -> str:
        """`Linux 6.1.0-18-amd64 x86_64`."""
        return " ".join(word for word in (self.sysname, self.kernel, self.machine) if word)


def parse_probe(text: str) -> HostProbe:
    """Read what PROBE printed. text: its standard output, decoded; noise of login scripts before and after is skipped.

    Never raises: a line that does not have the expected shape is left out.
    """
    _, begun, answer = text.rpartition(f"{_BEGIN}\n")
    answer, ended, _ = answer.partition(f"\n{_END}")
    keys, _, rest = answer.partition(f"{_OS_RELEASE}\n")
    release, _, mounts = rest.partition(f"{_MOUNTS}\n")
    if not (begun and ended):
        return HostProbe(
            sandbox=replace(Sandbox.NONE, missing=(("all", "the host did not answer the probe"),))
        )
    said: dict[str, list[str]] = {}
    for line in keys.splitlines():
        key, _, value = line.partition("=")
        if _WORD.fullmatch(value):
            said.setdefault(key, []).append(value)

    def one(key: str) -> str:
        return said.get(key, [""])[0]

    euid = _number(one("euid"))
    return HostProbe(
        sysname=one("sysname"),
        node=one("node"),
        kernel=one("kernel"),
        machine=one("machine"),
        euid=euid,
        zone=one("zone"),
        init=one("init"),
        ls=one("ls"),
        now_epoch=_number(one("now")),
        os_release=_release(release),
        tools=frozenset(said.get("tool", [])) & frozenset(PROBED_TOOLS),
        mounts=mounts,
        sandbox=_sandbox(one("timeout"), frozenset(said.get("layer", [])), is_root=euid == 0),
        complete=True,
    )


def _sandbox(timeout: str, works: frozenset[str], *, is_root: bool) -> Sandbox:
    syntaxes: dict[str, TimeoutSyntax] = {"gnu": "gnu", "bare": "bare", "busybox-t": "busybox-t"}
    syntax = syntaxes.get(timeout)
    expected = {
        "timeout": "no timeout program: a command that hangs outlives the connection",
        "leash": "no working setpriv --pdeathsig: a command that was stopped ends by its timeout only",
        "fsize": "no working prlimit (util-linux 2.21): the kernel does not stop writing",
        "nnp": "no working setpriv --no-new-privs: setuid programs keep their rights",
        "landlock": "no setpriv with Landlock (util-linux 2.40, Linux 5.13 with Landlock enabled)",
        "nice": "no nice program",
        "ionice": "no ionice program",
    }
    if is_root:
        expected["caps"] = (
            "setpriv cannot drop root's capabilities here: commands run with all of root's rights"
        )
    held = works | ({"timeout"} if syntax else set())
    return Sandbox(
        timeout=syntax,
        leash="leash" in works,
        prlimit="fsize" in works,
        nnp="nnp" in works,
        caps=is_root and "caps" in works,
        landlock="landlock" in works,
        nice="nice" in works,
        ionice="ionice" in works,
        missing=tuple((layer, reason) for layer, reason in expected.items() if layer not in held),
    )


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,12}", text) else None


def _release(text: str) -> dict[str, str]:
    """os-release(5): KEY=value, the value quoted as in sh; the first 64 lines count, of those that are plain ASCII."""
    pairs: dict[str, str] = {}
    for line in text.splitlines()[:64]:
        if line.isascii() and line.isprintable() and (match := _RELEASE_LINE.fullmatch(line)):
            value = match[2].strip()
            if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
                value = value[1:-1]
            pairs[match[1]] = re.sub(r"\\([\\\"'$`])", r"\1", value)
    return pairs
