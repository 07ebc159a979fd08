"""All collectors that were loaded, with what is asked of them: by probe, by signature, by kind of text.

Not a reader (`tai.catalog.load`) and not a chooser (`tai.engine.plan`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tai.catalog.model import Collector, Probe, Signature
from tai.catalog.voices import ACCESS_LOG, voices
from tai.model import Bearing
from tai.parsers.lines import Words

LOG = "log"
"""The kind of any text that is lines of a log: journals, the kernel's ring, syslog files, what a program said."""

# Collectors that may know a word, for it to say what a ticket is about.
_OWN_WORD = 2

# Programs whose first word after the flags says what they print.
_WITH_SUBCOMMAND = frozenset(
    {"systemctl", "ip", "docker", "podman", "kubectl", "nft", "chronyc", "resolvectl", "openssl"}
)
# A program as people type it -> how a probe asks for the same.
_TYPED_AS = {
    "podman ps": "docker ps",
    "docker container": "docker ps",
    "mount": "findmnt",
    "postqueue": "mailq",
}
# `access.log.1`, `shop-access.log`, `ssl_access_log`, `localhost_access_log.2026-11-26.txt`; not a folder of that name.
_ACCESS_FILE = re.compile(r"(?i)(?:^|[/:])[^/]*access(?![a-z])[^/]*log[^/]*$|(?:^|[/:])[^/]*accesslog[^/]*$")
# Programs that print about a file, and none of its lines.
_ABOUT_FILES = frozenset({"ls", "stat", "du", "find", "lsof", "file", "wc", "namei", "getfacl", "ps"})
_WORD = re.compile(r"'[^']*'|\"[^\"]*\"|[^\s|]+|\|")
# What may stand before the program in a command line as people paste it.
_BEFORE = re.compile(r"sudo|doas|[A-Z_]+=\S*|[$#%>]|\S+@\S+[$#:]\S*")


@dataclass(frozen=True)
class Catalog:
    """collectors: by name; files: where each came from, the user's own where it replaced ours."""

    collectors: tuple[Collector, ...]
    files: Mapping[str, Path] = field(default_factory=dict)

    @cached_property
    def probes(self) -> dict[str, Probe]:
        """By id."""
        return {probe.id: probe for collector in self.collectors for probe in collector.probes}

    @cached_property
    def signatures(self) -> dict[str, Signature]:
        """By id, each with its category filled in from its collector's."""
        return {
            signature.id: signature.model_copy(update={"category": signature.category or collector.category})
            for collector in self.collectors
            for signature in collector.signatures
        }

    @cached_property
    def kinds(self) -> frozenset[str]:
        """Every kind of text that some probe prints, and `log`."""
        return frozenset({LOG, *(kind for probe in self.probes.values() for kind in probe.reads_as)})

    @cached_property
    def symptoms(self) -> frozenset[str]:
        """Ids of signatures that never stand as a root cause by themselves."""
        return frozenset(name for name, signature in self.signatures.items() if not signature.cause)

    @cached_property
    def effects(self) -> frozenset[str]:
        """Ids of signatures that show what fails and not why: symptoms, and connections that do not come about."""
        failing = {
            name for name, signature in self.signatures.items() if "connection-error" in signature.effect
        }
        return self.symptoms | failing

    @cached_property
    def bearings(self) -> dict[str, Bearing]:
        """Signature → what it can do to others or is itself, and the words by which tickets speak of its subject.

        A word that many collectors know ("slow", "errors") says nothing of the subject.
        """
        knowing = Counter(word for collector in self.collectors for word in set(collector.words))
        return {
            signature.id: Bearing(
                effects=frozenset((*signature.effect, *signature.leads_to)),
                topics=frozenset(word for word in collector.words if knowing[word] <= _OWN_WORD),
            )
            for collector in self.collectors
            for signature in collector.signatures
        }

    @cached_property
    def parsers(self) -> dict[str, str]:
        """Kind of text → parser, for kinds that have one."""
        return {
            kind: probe.parser for probe in self.probes.values() if probe.parser for kind in probe.reads_as
        }

    @cached_property
    def voices(self) -> dict[str, frozenset[str]]:
        """Signature → the programs whose words alone it fits; empty where they are anybody's."""
        return {name: voices(signature) for name, signature in self.signatures.items()}

    @cached_property
    def words(self) -> Words:
        """The literal strings of all signatures, made ready to be looked for together."""
        return Words(word for signature in self.signatures.values() for word in signature.match.has)

    @cached_property
    def explanations(self) -> dict[str, tuple[str, ...]]:
        """Signature → the signatures that explain it: those that it names, then those that lead to what it is."""
        causes: dict[str, list[str]] = {}
        for signature in self.signatures.values():
            for effect in signature.leads_to:
                causes.setdefault(effect, []).append(signature.id)
        return {
            signature.id: tuple(
                dict.fromkeys(
                    (
                        *signature.explained_by,
                        *(
                            cause
                            for effect in signature.effect
                            for cause in causes.get(effect, ())
                            if cause != signature.id
                        ),
                    )
                )
            )
            for signature in self.signatures.values()
        }

    def find_probe(self, name: str) -> Probe | None:
        """The probe of this id, None when there is none."""
        return self.probes.get(name)

    def collector_of(self, probe: Probe) -> str:
        """The name of the collector that a probe belongs to; '' for a probe that is none of the catalogue's."""
        return next((each.name for each in self.collectors if probe in each.probes), "")

    def reading(self, kinds: Sequence[str]) -> tuple[Signature, ...]:
        """The signatures that read one of these kinds of text, in the catalog's order."""
        wanted = set(kinds)
        return tuple(item for item in self.signatures.values() if wanted.intersection(item.reads))

    def kinds_of(self, command: str) -> tuple[str, ...]:
        """The kinds of text that a command line or file, as a person named it, has printed; `log` when nobody knows.

        command: `sudo df -h | sort`, `cat /proc/mdstat`, `/var/log/syslog`. What stands behind a pipe only chose lines.
        """
        words = _words(command)
        if not words:
            return (LOG,)
        program = words[0].rpartition("/")[2]
        if _prints_access_log(program, words):
            return (ACCESS_LOG,)
        paths = {word for word in words if word.startswith("/")}
        verb = next((word for word in words[1:] if not word.startswith("-")), "")
        program, verb = _as_probes_ask(program, verb)
        kinds: dict[str, None] = {}
        for probe in self.probes.values():
            for argv in (probe.argv, *(variant.argv for variant in probe.variants)):
                operands = {word for word in argv[1:] if word.startswith("/")}
                if operands & paths or _same(program, verb, argv):
                    kinds.update(dict.fromkeys(probe.reads_as))
        if program == "ip" and verb and "address".startswith(verb):
            # It prints the head of each link as `ip link` does.
            kinds.update(dict.fromkeys(self.probes["links"].reads_as if "links" in self.probes else ()))
        return tuple(kinds) or (LOG,)


def _words(command: str) -> list[str]:
    words = [word.strip("'\"") for word in _WORD.findall(command)]
    if "|" in words:
        words = words[: words.index("|")]
    while words and (_BEFORE.fullmatch(words[0]) or words[0].startswith("-")):
        # `sudo -u postgres psql`: the flag takes its value with it.
        del words[: 2 if words[0] in {"-u", "-g"} else 1]
    return words


def _prints_access_log(program: str, words: Sequence[str]) -> bool:
    """Whether the lines are an access log's, which outsiders write: a User-Agent that reads as the kernel's words is none."""
    if program in _ABOUT_FILES:
        return False
    files = [word for word in words if not word.startswith("-")]
    if program.endswith("grep"):
        # What is looked for is no file; `-e` gives it away as well.
        files = files[2:]
    return any(map(_ACCESS_FILE.search, files))


def _as_probes_ask(program: str, verb: str) -> tuple[str, str]:
    """The program and its first word as probes have them: `systemctl --failed` lists units, podman's tables are docker's."""
    if program == "systemctl" and not verb:
        verb = "list-units"
    asked = _TYPED_AS.get(f"{program} {verb}".strip(), _TYPED_AS.get(program, ""))
    if not asked:
        return program, verb
    program, _, own = asked.partition(" ")
    return program, own or verb


def _same(program: str, verb: str, argv: Sequence[str]) -> bool:
    if program != argv[0] or program in _READERS:
        return False
    if program not in _WITH_SUBCOMMAND:
        return True
    own = next((word for word in argv[1:] if not word.startswith("-")), "")
    return own == verb or (len(verb) > 0 and program == "ip" and own.startswith(verb))


# Programs that say nothing about what they print; the path does.
_READERS = frozenset({"cat", "head", "tail", "grep", "ls", "less", "zcat", "find", "stat"})
