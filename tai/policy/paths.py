"""Which paths on a host may be read. Rules over names only: this module never touches a disk or a host.

The lists are data in `paths.toml`. A path passes here twice: when the command line is checked, and again when the
host has resolved its symbolic links; both times it must be allowed. What kind of file it is, and on which file
system it lies, the engine asks the host; `mount_guard` judges the answer.
"""

from __future__ import annotations

import fnmatch
import functools
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources

from tai.errors import ConfigError, PolicyRefusal
from tai.policy import globs
from tai.policy.types import PathKind

_FILE = "paths.toml"
_LISTS = ("read", "ask", "plain", "tree", "look", "never_read", "never_look")
# What editors, packages, log rotation and people put behind the name of a file that they keep a copy of.
_COPY = re.compile(
    r"(?:~|[._-](?:bak|backup|old|orig|save|saved|copy|sw[op]|rpmsave|rpmnew|rpmorig|dpkg-[a-z]+|ucf-[a-z]+|pacnew|pacsave"
    r"|gz|bz2|xz|zst|[0-9]{1,14}))$",
    re.IGNORECASE,
)
_ESCAPED_OCTAL = re.compile(r"\\([0-7]{3})")  # mountinfo writes a space as \040: proc_pid_mountinfo(5)


@dataclass(frozen=True, slots=True)
class PathPolicy:
    """The compiled lists of `paths.toml`, and their source text in `lists` for a reviewer to walk."""

    lists: Mapping[str, tuple[str, ...]]
    read: re.Pattern[str]
    ask: re.Pattern[str]
    plain: re.Pattern[str]
    tree: re.Pattern[str]
    look: re.Pattern[str]
    never_read: re.Pattern[str]
    never_look: re.Pattern[str]
    remote_filesystems: tuple[str, ...]
    local_fuse: frozenset[str]

    def reason_against(self, path: str, kind: PathKind) -> str:
        """Why this normalised absolute path must not be used this way; '' when it may."""
        if kind == "meta":
            denied, allowed, use = self.never_look, self.look, "be looked at"
        elif kind == "dir":
            denied, allowed, use = self.never_read, self.tree, "be read through"
        else:
            denied, allowed, use = self.never_read, self.read, "be read"
        if any(denied.fullmatch(name) for name in _copied_names(path)):
            return f"{path} may never {use}: it can hold secrets, or reading it has effects"
        if not allowed.fullmatch(path):
            return f"{path} is not among the paths that may {use}"
        return ""

    def asks(self, path: str, kind: PathKind) -> bool:
        """Whether a person must agree first, since what is read may hold credentials."""
        reads = kind in {"file", "any"}
        return reads and self.ask.fullmatch(path) is not None and self.plain.fullmatch(path) is None


def _copied_names(path: str) -> Iterator[str]:
    """The path, and the names that it is a copy of: `/etc/.shadow.swp` and `/etc/shadow.bak` of `/etc/shadow`."""
    yield path
    folder, _, name = path.rpartition("/")
    while (shorter := _COPY.sub("", name)) not in {"", name}:
        name = shorter
        yield f"{folder}/{name}"
        if name.startswith(".") and len(name) > 1:
            yield f"{folder}/{name[1:]}"


def normalise(path: str) -> str:
    """The path with single slashes, no `.` components and no slash at the end.

    Raises PolicyRefusal for a relative path and for one with `..`, whose meaning depends on symbolic links.
    """
    if not path.startswith("/"):
        raise PolicyRefusal(f"{path!r} is not an absolute path")
    parts = [part for part in path.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise PolicyRefusal(f"{path!r} has a '..' in it; write the path that it leads to")
    return "/" + "/".join(parts)


def path_allowed(path: str, kind: PathKind) -> None:
    """Check a path as the command line spells it, or as the host resolved it.

    Raises PolicyRefusal with the reason when it is not absolute and normalised, or may not be used this way.
    """
    if not path.isprintable():
        raise PolicyRefusal(f"{path!r} has unprintable characters in it")
    if normalise(path) != path:
        raise PolicyRefusal(f"{path!r} is not normalised")
    against = path_policy().reason_against(path, kind)
    if against:
        raise PolicyRefusal(against, nearest=_nearest(path, kind))


def path_asks(path: str, kind: PathKind) -> bool:
    """Whether reading an allowed path this way is tier B: `ask` and `plain` in `paths.toml`."""
    return path_policy().asks(path, kind)


def _nearest(path: str, kind: PathKind) -> str:
    return "" if kind == "meta" or path_policy().reason_against(path, "meta") else f"ls -l {path}"


def mount_guard(path: str, mountinfo_text: str) -> str:
    """Why reading below `path` may hang or wake an automounter; '' when it lies on a local file system.

    mountinfo_text: what /proc/self/mountinfo holds on that host (format: proc_pid_mountinfo(5)). Lines that do not
    parse are passed over. Of two mounts on one point the later one counts, as it hides the other.
    """
    best_point, best_type = "", ""
    for point, filesystem in _mounts(mountinfo_text):
        below = point in {path, "/"} or path.startswith(point + "/")
        if below and len(point) >= len(best_point):
            best_point, best_type = point, filesystem
    policy = path_policy()
    remote = any(fnmatch.fnmatchcase(best_type, pattern) for pattern in policy.remote_filesystems)
    if best_type and remote and best_type not in policy.local_fuse:
        return f"{path} lies on {best_point}, a {best_type} mount, where a read can hang or trigger a mount"
    return ""


def _mounts(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        before, separator, after = line.partition(" - ")
        fields, tail = before.split(" "), after.split(" ")
        if separator and len(fields) >= 6:
            point = _ESCAPED_OCTAL.sub(lambda match: chr(int(match[1], 8)), fields[4])
            yield point, tail[0]


@functools.cache
def path_policy() -> PathPolicy:
    """The policy that ships with tai, read once. Raises ConfigError when `paths.toml` is malformed."""
    return load(resources.files("tai.policy").joinpath(_FILE).read_text(encoding="utf-8"))


def load(text: str) -> PathPolicy:
    """Compile a path policy from TOML text. Raises ConfigError naming the key that is wrong."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_FILE, str(error)) from error
    lists: dict[str, tuple[str, ...]] = {}
    for key in (*_LISTS, "remote_filesystems", "local_fuse"):
        value = data.pop(key, None)
        if not isinstance(value, list) or not all(isinstance(glob, str) for glob in value):
            raise ConfigError(_FILE, "a list of strings was expected", key=key)
        lists[key] = tuple(value)
    if data:
        raise ConfigError(_FILE, "this key is not known", key=next(iter(data)))
    return PathPolicy(
        lists=lists,
        **{key: _compiled(key, lists[key]) for key in _LISTS},
        remote_filesystems=lists["remote_filesystems"],
        local_fuse=frozenset(lists["local_fuse"]),
    )


def _compiled(key: str, patterns: tuple[str, ...]) -> re.Pattern[str]:
    try:
        return globs.union(patterns)
    except ValueError as error:
        raise ConfigError(_FILE, str(error), key=key) from error
