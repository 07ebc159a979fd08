"""The host that a sosreport was taken from, as a connection: each command is answered from the report's files.

Nothing runs and nothing is sent. Commands come through `tai.transport.run` as for any host, so the policy stands before
each, and what they bring goes the same way as a host's output. What the report has not is a named outcome (missing tool,
"not in the sosreport"), never an empty answer: sos may not have looked.
"""

from __future__ import annotations

import re
import shlex
import shutil
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from tai.errors import InputError
from tai.model import NOT_IN_REPORT, Facts, Host
from tai.policy.sandbox import PROBED_TOOLS, Sandbox
from tai.policy.wire import Wire
from tai.transport.base import Completed, Connection
from tai.transport.distributions import family
from tai.transport.sosreport import logs
from tai.transport.sosreport.commands import EQUIVALENTS, spellings
from tai.transport.sosreport.tree import Tree
from tai.transport.sosreport.unpack import Bounds, unpack

_MISSING = 127  # what a shell says of a command that it does not find (POSIX XCU 2.8.2)
_LARGEST = 64 * 2**20  # of one file that is read to choose lines from
_MOST_NAMES = 20_000  # of files in sos_commands; a report of a large host has 5,000
# The guard asks for the mount table: all of a report lies on one, which nothing can hang.
_MOUNTS = b"1 0 0:1 / / ro - sosreport none ro\n"
_JOURNALS = (
    "journalctl_--no-pager",
    "journalctl_--no-pager_--boot",
    "journalctl_--no-pager_--catalog_--boot",
    "journalctl_--all_--this-boot_--no-pager",
)
_SYSLOGS = ("/var/log/syslog", "/var/log/messages")
_READERS = frozenset({"cat", "head", "tail", "gzip", "wc"})


def opened(path: Path, bounds: Bounds) -> SosreportConnection:
    """The report in a folder, or in an archive (tar, gzip, bzip2, xz), which is unpacked for as long as it is open.

    Raises InputError for what is none, cannot be read, or may not be unpacked.
    """
    if path.is_dir():
        return SosreportConnection(_root(path, path), path.name)
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    folder = Path(tempfile.mkdtemp(prefix="tai-sosreport-"))  # rights 0700
    try:
        notes = unpack(path, folder, bounds)
        return SosreportConnection(_root(folder, path), path.name, notes=notes, remove=folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _root(folder: Path, named: Path) -> Path:
    """The report's own root: the folder itself, or the only one in it."""
    candidates = [
        folder,
        *(each for each in sorted(folder.iterdir()) if each.is_dir() and not each.is_symlink()),
    ]
    found = [each for each in candidates if (each / "sos_commands").is_dir()]
    if not found:
        raise InputError(f"{named}: no sosreport: there is no folder sos_commands in it")
    if found[0] != folder and len(found) > 1:
        raise InputError(
            f"{named}: several sosreports: {', '.join(each.name for each in found[:4])}; name one"
        )
    return found[0]


class SosreportConnection(Connection):
    """root: the folder that holds sos_commands. name: the report's, for people. remove: what to remove at the end."""

    def __init__(
        self, root: Path, name: str, *, notes: Sequence[str] = (), remove: Path | None = None
    ) -> None:
        self._tree = Tree(root)
        self._folder = remove
        self._commands: dict[str, str] = {}
        for path in self._tree.files("/sos_commands", most=_MOST_NAMES):
            self._commands.setdefault(path.rpartition("/")[2], path)
        self.sandbox = Sandbox(missing=(("all", "this is a sosreport: nothing runs"),))
        self.mounts = _MOUNTS.decode()
        zone = logs.zone_of(self._command("timedatectl") or self._command("date"))
        self.made: datetime = (
            next(
                (
                    at
                    for name in ("date", "date_--utc", "timedatectl")
                    if (at := logs.date_of(self._command(name), UTC if "utc" in name else zone))
                ),
                None,
            )
            or datetime.now(UTC)
        ).astimezone(zone)
        self._clock = logs.Clock(self.made)
        self.host = self._host(name)
        self.notes = (
            f"read from the sosreport {name} of {self.made:%Y-%m-%d %H:%M %Z}: what it has not cannot be asked",
            *notes,
        )

    def _host(self, name: str) -> Host:
        release = self._release()
        uname = self._command("uname_-a").split()
        node = (self._command("hostname").split() or uname[1:2] or [name])[0]
        journal = any(each in self._commands for each in _JOURNALS)
        status = self._command("systemctl_status_--all")
        facts = Facts(
            os_id=release.get("ID", ""),
            os_version=release.get("VERSION_ID", ""),
            os_name=release.get("PRETTY_NAME", ""),
            family=family(release.get("ID", ""), release.get("ID_LIKE", "")),
            kernel=uname[2] if len(uname) > 2 else "",
            euid=0,  # sos runs as root
            # Any question may be in it. Without a journal the probes that read files in its place have their turn.
            tools=tuple(tool for tool in PROBED_TOOLS if journal or tool != "journalctl"),
            clock_offset_s=0.0,
            node=node,
            init="systemd" if status or "systemctl_list-units" in self._commands else "",
            zone=f"{self.made:%z}",
        )
        return Host(name=node, facts=facts)

    def _release(self) -> dict[str, str]:
        """os-release(5), or as much of it as the older files tell."""
        text = self._file("/etc/os-release") or self._file("/usr/lib/os-release")
        if pairs := dict(re.findall(r'(?m)^([A-Z_]+)="?([^"\n]*)"?$', text)):
            return pairs
        lsb = dict(re.findall(r'(?m)^DISTRIB_([A-Z]+)="?([^"\n]*)"?$', self._file("/etc/lsb-release")))
        if lsb:
            return {
                "ID": lsb.get("ID", "").lower(),
                "VERSION_ID": lsb.get("RELEASE", ""),
                "PRETTY_NAME": lsb.get("DESCRIPTION", ""),
            }
        line = self._file("/etc/redhat-release").strip()
        if found := re.match(r"(.+?) (?:Linux )?(?:Server )?release (\d[\d.]*)", line):
            os_id = "rhel" if found[1].startswith("Red Hat") else found[1].split()[0].lower()
            return {"ID": os_id, "ID_LIKE": "rhel", "VERSION_ID": found[2], "PRETTY_NAME": line}
        version = self._file("/etc/debian_version").strip()
        return {"ID": "debian", "VERSION_ID": version} if version else {}

    async def _execute(self, wire: Wire, *, timeout_s: float, max_bytes: int) -> Completed:
        del timeout_s
        argv = _argv(wire)
        answer = self._answer(argv)
        if answer is None:
            said = f"{NOT_IN_REPORT}: {' '.join(argv)}"
            return Completed(_MISSING, stderr=f"{said}\n".encode())
        out, told = answer
        cut = len(out) > max_bytes
        return Completed(None if cut else 0, out[:max_bytes], truncated=cut, note=told)

    async def close(self) -> None:
        """Nothing is open that the next look would not want: see `remove`."""

    def remove(self) -> None:
        """Close the tree, and remove what was unpacked. Safe to call twice."""
        self._tree.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    # ------------------------------------------------------------ answers

    def _answer(self, argv: tuple[str, ...]) -> tuple[bytes, str] | None:
        """(standard output, what it was made of when that was something else), None when the report has it not."""
        match argv[0]:
            case "realpath":
                paths = [word for word in argv[1:] if word.startswith("/")]
                return "".join(f"{self._leads(path)}\n" for path in paths).encode(), ""
            case "stat" if "%F|%n" in argv:
                return self._kinds(argv[argv.index("--") + 1 :]), ""
            case "cat" if argv[-1] == "/proc/self/mountinfo":
                return _MOUNTS, ""
            case program if program in _READERS:
                return self._read(argv)
            case "journalctl":
                return self._kept(argv) or self._journal(argv)
            case _:
                return self._kept(argv) or self._equivalent(argv)

    def _kept(self, argv: Sequence[str]) -> tuple[bytes, str] | None:
        for name in spellings(argv):
            if path := self._commands.get(name):
                content = self._tree.read(path, most=_LARGEST)
                return (content, "") if content is not None else None
        return None

    def _equivalent(self, argv: Sequence[str]) -> tuple[bytes, str] | None:
        line = " ".join(word for word in argv if word not in ("--no-pager", "--no-ask-password"))
        for each in EQUIVALENTS:
            if not re.fullmatch(each.asked, line):
                continue
            for name in each.names:
                if text := self._command(name):
                    made = each.made(text, argv) if each.made else text
                    if made or each.made is None or "list-units" in line or "lsof" in line:
                        return made.encode(), f"made of the sosreport's {_path_of(self._commands[name])}"
        return None

    def _read(self, argv: Sequence[str]) -> tuple[bytes, str] | None:
        """cat, head, tail, gzip -c -d and wc of the files that sos copied."""
        paths = [word for word in argv[1:] if word.startswith("/")]
        many = len(paths) > 1 or "-v" in argv
        parts: list[bytes] = []
        absent: list[str] = []
        for path in paths:
            content = self._content(argv, path)
            if content is None:
                absent.append(path)
                continue
            # `==> FILE <==` stands before each file's part (head(1)).
            head = f"==> {path} <==\n".encode() if many and argv[0] in ("head", "tail") else b""
            parts.append(head + content)
        if not parts:
            return None
        told = f"{NOT_IN_REPORT}: {', '.join(absent)}" if absent else ""
        return b"\n".join(parts) if many and argv[0] != "cat" else b"".join(parts), told

    def _content(self, argv: Sequence[str], path: str) -> bytes | None:  # noqa: PLR0911 - one for each program
        number = next((word for before, word in pairwise(argv) if before in ("-n", "-c")), "")
        from_end = argv[0] == "tail" and not number.startswith("+")
        raw = self._tree.read(path, most=_LARGEST, end=from_end)
        if raw is None:
            return None
        if argv[0] == "gzip":
            return _unzipped(raw)
        if argv[0] == "wc":
            return f"{raw.count(10)} {path}\n".encode()
        if argv[0] == "cat":
            return raw
        count = int(number.lstrip("+-")) if re.fullmatch(r"[+-]?\d+", number) else 10
        if "-c" in argv:
            return raw[-count:] if from_end else raw[:count]
        lines = raw.splitlines(keepends=True)
        if number.startswith("+"):
            return b"".join(lines[count - 1 :])
        return b"".join(lines[-count:] if from_end else lines[:count])

    def _journal(self, argv: Sequence[str]) -> tuple[bytes, str] | None:
        """Lines of the journal's text, chosen as journalctl would as far as the text allows; else of a syslog file."""
        choice = logs.read(argv, self._clock)
        if choice.cannot:
            return None
        name = next((each for each in _JOURNALS if each in self._commands), "")
        source = self._commands.get(name) or next(
            (path for path in _SYSLOGS if self._tree.read(path, most=1)), ""
        )
        if not source or (choice.boot and choice.boot not in ("0", "") and "boot" in name):
            return None
        text = (self._tree.read(source, most=_LARGEST, end=True) or b"").decode("utf-8", "replace")
        lines = list(logs.chosen(text, choice, self._clock))
        lines = lines[: choice.lines] if choice.first else lines[-choice.lines :]
        if choice.newest_first:
            lines.reverse()
        guessed = f" (chosen from its text: {choice.guessed})" if choice.guessed else ""
        told = f"made of the sosreport's {_path_of(source)}{guessed}"
        return "".join(f"{line}\n" for line in lines).encode(), told

    # ------------------------------------------------------------ files

    def _leads(self, path: str) -> str:
        try:
            return self._tree.resolve(path)
        except OSError:
            return path

    def _kinds(self, paths: Sequence[str]) -> bytes:
        known = ((path, self._tree.kind(self._leads(path))) for path in paths)
        return "".join(f"{kind}|{path}\n" for path, kind in known if kind).encode()

    def _command(self, name: str) -> str:
        path = self._commands.get(name)
        return self._file(path) if path else ""

    def _file(self, path: str) -> str:
        return (self._tree.read(path, most=_LARGEST) or b"").decode("utf-8", "replace")


def _path_of(path: str) -> str:
    """A path of the report as people write it."""
    return path.lstrip("/")


def _unzipped(raw: bytes) -> bytes | None:
    import zlib  # noqa: PLC0415 - for rotated logs only

    try:
        return zlib.decompressobj(wbits=31).decompress(raw, _LARGEST)
    except zlib.error:
        return None


def _argv(wire: Wire) -> tuple[str, ...]:
    """The command in a rendered line, behind the assignments of its environment (`tai.policy.wire`)."""
    words = shlex.split(wire.stdin.decode() if wire.stdin else wire.command)
    if wire.stdin:
        return tuple(words[1 : words.index("</dev/null")])
    words = words[words.index("-i") + 1 :]
    start = next(n for n, word in enumerate(words) if not re.match(r"[A-Z_]+=", word))
    return tuple(words[start:])
