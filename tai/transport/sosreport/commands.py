"""Under which names a sosreport keeps what a command printed, and what else in it answers the same question.

sos names a file after the command line: what is no letter, digit, `-`, `.` or `/` becomes `_`, a slash a dot
(sos/report/plugins/__init__.py, `_mangle_command`). Where sos runs another command for the same question, `EQUIVALENTS`
says which, and how its text becomes one that the probe's parser reads. An equivalent is told as such, never passed off.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

# Flags that the policy adds and sos does not: they change nothing in the text.
_SILENT = frozenset({"--no-pager", "--no-ask-password", "--", "-l", "--full", "-w"})
_SILENT_BY_PROGRAM: Mapping[str, frozenset[str]] = {
    "chronyc": frozenset({"-n"}),
    "systemctl": _SILENT,
    "lvs": frozenset({"--readonly"}),
}
_LONGEST = 255  # of a file's name; sos cuts there

Argv = Sequence[str]


def mangled(command: str) -> str:
    """The name that sos gives to a command's output."""
    name = re.sub(r"^/(?:usr/)?s?bin/", "", command)
    name = re.sub(r"[^\w\-./]+", "_", name)
    return name.replace("/", ".").strip(" ._-")[:_LONGEST]


def spellings(argv: Argv) -> list[str]:
    """The names under which a canonical command's output may be kept, the likeliest first."""
    plain = [word for word in argv if word not in ("--", "--no-pager", "--no-ask-password")]
    silent = _SILENT_BY_PROGRAM.get(argv[0], _SILENT)
    bare = [word for word in plain if word not in silent]
    long_all = ["--all" if word == "-a" else word for word in bare]
    return list(dict.fromkeys(mangled(" ".join(words)) for words in (argv, plain, bare, long_all)))


@dataclass(frozen=True, slots=True)
class Equivalent:
    """asked: an expression that the canonical command line fits as a whole. names: of files in sos_commands, the first that
    is there counts. made: the answer from its text, None for the text as it is; '' is an empty answer.
    """

    asked: str
    names: tuple[str, ...]
    made: Callable[[str, Argv], str] | None = None


# ---------------------------------------------------------------- from one text to another


def _after(argv: Argv, flag: str) -> str:
    for n, word in enumerate(argv):
        if word == flag and n + 1 < len(argv):
            return argv[n + 1]
        if word.startswith(f"{flag}="):
            return word.partition("=")[2]
    return ""


def _local_filesystems(text: str, argv: Argv) -> str:
    """df without what `-l` and no `-a` leave out: pseudo filesystems have no size, and snaps are full by nature."""
    del argv
    lines = text.splitlines(keepends=True)
    kept = [
        line for line in lines[1:] if not re.match(r"\S+\s+0\s", line) and not line.startswith("/dev/loop")
    ]
    return "".join([*lines[:1], *(line for line in kept if not re.match(r"[\w.-]+:/|//", line))])


def _listed_mounts(text: str, argv: Argv) -> str:
    """findmnt's tree as a list."""
    del argv
    return re.sub(r"(?m)^[|`├└│─ -]*(?=/)", "", text)


def _units(text: str, argv: Argv) -> str:
    """list-units, by state and type, without header, marks and legend."""
    states = set(filter(None, _after(argv, "--state").split(",")))
    if "--failed" in argv:
        states.add("failed")
    kinds = tuple(f".{kind}" for kind in _after(argv, "-t").split(",") if kind)
    kept = []
    for line in text.splitlines():
        words = re.sub(r"^[●*x×↻○ ]+", "", line).split(None, 4)
        if len(words) < 4 or words[0] == "UNIT" or "." not in words[0]:
            continue
        if states and not states.intersection(words[1:4]):
            continue
        if kinds and not words[0].endswith(kinds):
            continue
        kept.append(" ".join(words))
    return "".join(f"{line}\n" for line in kept)


def _block_of_unit(text: str, argv: Argv) -> str:
    """The part of `systemctl status --all` that is about the units asked for; '' when there is none."""
    units = argv[argv.index("--") + 1 :] if "--" in argv else ()
    blocks = re.split(r"(?m)^(?=[●*x×↻○] )", text)
    return "".join(
        block for block in blocks if any(re.match(rf"\S {re.escape(unit)}(?: |$)", block) for unit in units)
    )


def _properties_of_unit(text: str, argv: Argv) -> str:
    """The properties asked for of the units asked for, from `systemctl show TYPE --all`."""
    units = set(argv[argv.index("--") + 1 :]) if "--" in argv else set()
    wanted = set(filter(None, _after(argv, "-p").split(",")))
    blocks = []
    for block in text.split("\n\n"):
        lines = block.splitlines()
        names = {line[3:] for line in lines if line.startswith("Id=")}
        names.update(name for line in lines if line.startswith("Names=") for name in line[6:].split())
        if names & units:
            blocks.append("\n".join(line for line in lines if not wanted or line.partition("=")[0] in wanted))
    return "\n\n".join(blocks) + "\n" if blocks else ""


def _state(text: str, argv: Argv) -> str:
    """is-system-running, from the head of `systemctl status`."""
    del argv
    found = re.search(r"(?m)^\s+State: (\w+)", text)
    return f"{found[1]}\n" if found else ""


def _processes(text: str, argv: Argv) -> str:
    """ps aux, without the lines of threads, in the order asked for, the states of threads with their processes."""
    lines = text.splitlines()
    if not lines:
        return ""
    header, rows = lines[0].split(), list[list[str]]()
    for line in lines[1:]:
        words = line.split(None, len(header) - 1)
        if len(words) < len(header):
            continue
        if words[1] == "-":  # a thread of the process above; its state is the one that counts there
            if rows and rows[-1][7] == "-":
                rows[-1][7] = words[7]
            continue
        rows.append(words)
    column = {"-pcpu": "%CPU", "-rss": "RSS", "-pmem": "%MEM"}.get(_after(argv, "--sort"), "")
    if column in header:
        at = header.index(column)
        rows.sort(key=lambda words: -float(words[at].replace("-", "0") or 0))
    return "".join(" ".join(words) + "\n" for words in [header, *rows])


def _sockets(text: str, argv: Argv) -> str:
    """ss, without the lines of details, of the protocols and states asked for."""
    protocols = {name for flag, name in (("-t", "tcp"), ("-u", "udp"), ("-x", "u_str")) if flag in argv}
    listening = "-l" in argv
    port = next((word for word in argv if re.fullmatch(r":\d+", word)), "")
    lines = text.splitlines()
    kept = lines[:1]
    for line in lines[1:]:
        words = line.split()
        if len(words) < 6 or line[:1].isspace():
            continue
        if protocols and words[0] not in protocols:
            continue
        if listening and words[1] not in ("LISTEN", "UNCONN"):
            continue
        if port and not words[4].endswith(port):
            continue
        kept.append(line)
    return "".join(f"{line}\n" for line in kept)


def _main_routes(text: str, argv: Argv) -> str:
    del argv
    return "".join(line for line in text.splitlines(keepends=True) if " table " not in line)


def _held_open(text: str, argv: Argv) -> str:
    del argv
    lines = text.splitlines(keepends=True)
    return "".join([*lines[:1], *(line for line in lines[1:] if "(deleted)" in line)])


def _directories(text: str, argv: Argv) -> str:
    """The directories asked for, out of a recursive `ls`."""
    wanted = argv[argv.index("--") + 1 :] if "--" in argv else [word for word in argv if word.startswith("/")]
    sections = {
        head.rstrip("/"): body
        for head, body in re.findall(r"(?ms)^(/[^\n]*):\n(.*?)(?=^/[^\n]*:\n|\Z)", text)
    }
    parts = []
    for path in wanted:
        body = sections.get(path.rstrip("/"))
        if body is not None:
            entries = [line for line in body.strip().splitlines() if not re.search(r" \.\.?$", line)]
            body = "".join(f"{line}\n" for line in entries)
            parts.append(f"{path}:\n{body}" if len(wanted) > 1 else body)
    return "\n".join(parts)


def _kernel_values(text: str, argv: Argv) -> str:
    wanted = [word for word in argv[1:] if not word.startswith("-")]
    return "".join(
        line for line in text.splitlines(keepends=True) if not wanted or line.partition(" =")[0] in wanted
    )


EQUIVALENTS: tuple[Equivalent, ...] = (
    Equivalent(r"df\b.* -i\b.*", ("df_-ali_-x_autofs", "df_-ali"), _local_filesystems),
    Equivalent(r"df\b(?!.* -i\b).*", ("df_-al_-x_autofs", "df_-al"), _local_filesystems),
    Equivalent(r"findmnt(?: -l)?(?: -o \S+)?", ("findmnt",), _listed_mounts),
    Equivalent(r"mount", ("mount_-l",)),
    Equivalent(r"lsblk\b.*", ("lsblk",)),
    Equivalent(r"free\b.*", ("free", "free_-m")),
    Equivalent(r"ps\b.* (?:-e|-A)\b.*", ("ps_auxwww", "ps_auxwwwm", "ps_aux"), _processes),
    Equivalent(r"ss -[tuxlanp].*", ("ss_-peaonmi", "ss_-peaonmi_--help"), _sockets),
    Equivalent(r"netstat\b(?!.* -s\b).*", ("netstat_-W_-neopa", "netstat_-neopa")),
    Equivalent(r"ip addr\b.*", ("ip_-d_address", "ip_address", "ip_addr", "ip_-o_addr")),
    Equivalent(r"ip (?:-s )?link\b.*", ("ip_-s_-d_link", "ip_-s_link", "ip_link")),
    Equivalent(r"ip route show", ("ip_route_show_table_all",), _main_routes),
    Equivalent(r"ip -6 route show", ("ip_-6_route_show_table_all",), _main_routes),
    Equivalent(r"ip neigh show", ("ip_-s_-s_neigh_show", "ip_neigh_show_nud_noarp")),
    Equivalent(r"systemctl list-units\b.*--state=failed.*|systemctl\b.* --failed\b.*", ("systemctl_list-units_--failed", "systemctl_list-units_--all", "systemctl_list-units"), _units),
    Equivalent(r"systemctl list-units\b.*", ("systemctl_list-units_--all", "systemctl_list-units"), _units),
    Equivalent(r"systemctl status\b.* -- .+", ("systemctl_status_--all",), _block_of_unit),
    Equivalent(r"systemctl show\b.* -- .*\.service.*", ("systemctl_show_service_--all", "systemctl_show_--all"), _properties_of_unit),
    Equivalent(r"systemctl is-system-running\b.*", ("systemctl_status_--all",), _state),
    Equivalent(r"systemctl list-timers\b.*", ("systemctl_list-timers_--all",)),
    Equivalent(r"dmesg", ("dmesg", "dmesg_-T")),
    Equivalent(r"uname\b.*", ("uname_-a",)),
    Equivalent(r"date\b.*", ("date",)),
    Equivalent(r"last\b.*", ("last_reboot", "last", "last_-F")),
    Equivalent(r"lsof\b.* \+L1", ("lsof_-b_M_-n_-l_-P", "lsof_-b_M_-n_-l_-c"), _held_open),
    Equivalent(r"ls\b.* /var/log.*", ("ls_-alRh_.var.log", "ls_-alhR_.var.log", "ls_-lanR_.var.log"), _directories),
    Equivalent(r"sysctl\b.*", ("sysctl_-a",), _kernel_values),
    Equivalent(r"timedatectl\b.*", ("timedatectl", "timedatectl_status")),
    Equivalent(r"chronyc\b.* sources\b.*", ("chronyc_sources", "chronyc_-n_sources")),
    Equivalent(r"ntpq\b.*", ("ntpq_-pn", "ntpq_-p")),
    Equivalent(r"lsmod", ("lsmod",)),
    Equivalent(r"lspci\b.*", ("lspci", "lspci_-nnvv")),
    Equivalent(r"lscpu\b.*", ("lscpu",)),
    Equivalent(r"lvs\b.*", ("lvs_-a_-o_lv_tags_devices_lv_kernel_read_ahead_lv_read_ahead_stripes_stripesize_--config_global_metadata_read_only_1_--nolocking_--foreign",)),
    Equivalent(r"dpkg-query\b.* -l\b.*|dpkg -l", ("dpkg_-l",)),
    Equivalent(r"iptables-save\b.*", ("iptables-save", "iptables_-vnxL")),
    Equivalent(r"ip6tables-save\b.*", ("ip6tables-save", "ip6tables_-vnxL")),
    Equivalent(r"ufw status\b.*", ("ufw_status_numbered", "ufw_app_list")),
    Equivalent(r"slabtop\b.*", ("slabtop_-o",)),
    Equivalent(r"conntrack -S", ("conntrack_-S",)),
    Equivalent(r"swapon\b.*", ("swapon_--bytes_--show", "swapon_--summary_--verbose")),
    Equivalent(r"docker ps\b.*", ("docker_ps_-a", "docker_ps")),
    Equivalent(r"podman ps\b.*", ("podman_ps_-a", "podman_ps")),
)  # fmt: skip
"""What else answers: by the first that fits and of whose names one is there."""
