"""Finds the names in a ticket that collectors can take: hosts, units, processes, ports, addresses, paths, mounts."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator

from tai.model import Subjects

# Daemons that people name by their everyday word, and the unit names that distributions give them. Asking systemd
# for a unit that is not there is harmless, so every name is tried.
_DAEMONS: dict[str, tuple[str, ...]] = {
    "apache": ("apache2", "httpd"),
    "apache2": ("apache2",),
    "bind": ("named",),
    "caddy": ("caddy",),
    "chrony": ("chrony", "chronyd"),
    "chronyd": ("chronyd",),
    "consul": ("consul",),
    "containerd": ("containerd",),
    "cron": ("cron", "crond"),
    "crond": ("crond",),
    "dnsmasq": ("dnsmasq",),
    "docker": ("docker",),
    "dovecot": ("dovecot",),
    "elasticsearch": ("elasticsearch",),
    "etcd": ("etcd",),
    "exim": ("exim4", "exim"),
    "fail2ban": ("fail2ban",),
    "firewalld": ("firewalld",),
    "gitlab": ("gitlab-runsvdir",),
    "grafana": ("grafana-server",),
    "haproxy": ("haproxy",),
    "httpd": ("httpd",),
    "jenkins": ("jenkins",),
    "kafka": ("kafka",),
    "keepalived": ("keepalived",),
    "kubelet": ("kubelet",),
    "mariadb": ("mariadb",),
    "memcached": ("memcached",),
    "mongod": ("mongod",),
    "mongodb": ("mongod",),
    "mysql": ("mysql", "mysqld", "mariadb"),
    "mysqld": ("mysqld",),
    "named": ("named",),
    "nfs": ("nfs-server",),
    "nginx": ("nginx",),
    "ntp": ("ntp", "ntpd"),
    "ntpd": ("ntpd",),
    "podman": ("podman",),
    "postfix": ("postfix",),
    "postgres": ("postgresql",),
    "postgresql": ("postgresql",),
    "prometheus": ("prometheus",),
    "rabbitmq": ("rabbitmq-server",),
    "redis": ("redis-server", "redis"),
    "rsyslog": ("rsyslog",),
    "rsyslogd": ("rsyslog",),
    "samba": ("smbd",),
    "smbd": ("smbd",),
    "ssh": ("ssh", "sshd"),
    "sshd": ("sshd", "ssh"),
    "squid": ("squid",),
    "tomcat": ("tomcat9", "tomcat10", "tomcat"),
    "traefik": ("traefik",),
    "unbound": ("unbound",),
    "varnish": ("varnish",),
    "vault": ("vault",),
    "zookeeper": ("zookeeper",),
}

_UNIT = re.compile(
    r"(?<![\w/.@-])([A-Za-z0-9][\w.@:\\-]{0,200}\.(?:service|socket|timer|mount|target|slice|path|scope))\b"
)
_NAMED_UNIT = re.compile(
    r"(?<![\w.-])(?:unit|service|daemon)\s+[`'\"]?([a-z][\w@.-]{1,60})[`'\"]?", re.IGNORECASE
)
_UNIT_AFTER = re.compile(
    r"[`'\"]?\b([a-z][a-z0-9_@-]{2,60})[`'\"]?\s+(?:service|unit|daemon)\b(?!\s+(?:desk|level|request|account|now|provider))"
)
_PORT = re.compile(
    r"\bports?\s+(\d{1,5})(?:\s*(?:,|and|or)\s*(\d{1,5}))?\b|(?<=[\w\]]):(\d{2,5})\b(?![:.]\d)|\b(\d{1,5})/(?:tcp|udp)\b",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"\b\d{1,2}:\d{2}(?::\d{2})?\b")
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}(?![\w:])")
_PATH = re.compile(r"(?<![\w/.:-])(/(?:[\w.@+-]+/?)+)(?<![.,:;])")
_HOST_LABEL = re.compile(
    r"^\s*(?:[-*]\s*)?(?:\*\*)?(?:affected\s+)?(?:host(?:name)?s?|servers?|machines?|nodes?)(?:\*\*)?\s*[:=]\s*(?:\*\*)?\s*(.+)$",
    re.IGNORECASE | re.MULTILINE,
)
_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})(?:\.[A-Za-z0-9-]{1,63})*")
# In running prose only a name of a telling form counts: with a digit after a letter (web-01, db2), or dotted.
_HOST_PROSE = re.compile(
    r"\b(?:on|host|server|machine|node|box|vm|from|at)\s+[`'\"]?((?=[\w.-]*[a-z])(?:[A-Za-z][\w-]*\d[\w-]*(?:\.[\w-]+)*|[a-z][\w-]*(?:\.[\w-]+){2,}))[`'\"]?",
)
# What ordinary words do not have: a digit, or a dot inside.
_TELLING = re.compile(r"\d|\w\.\w")
_NOT_HOSTS = re.compile(
    r"\.(?:service|socket|timer|conf|log|py|sh|yaml|yml|json|txt|gz|mount|target)$|^(?:http|port|ipv|utf|sha|md)\d",
    re.IGNORECASE,
)
_MOUNT_WORDS = re.compile(
    r"\b(?:mount|mounted|filesystem|file system|volume|partition|disk|df|full|space|inodes?|read-only)\b",
    re.IGNORECASE,
)


def find_hosts(text: str) -> tuple[str, ...]:
    """Host names in order of mention: `Host: web-01` lines first, then names of a telling form in prose."""
    labelled = (name for line in _HOST_LABEL.findall(text) for name in _listed(line))
    prose = (
        name.rstrip(".") for name in _HOST_PROSE.findall(text) if not _NOT_HOSTS.search(name.rstrip("."))
    )
    return _unique([*labelled, *prose])


def _listed(line: str) -> Iterator[str]:
    """The names that a `Host:` line begins with: `web-01, web-02 and web-03`, but of `web-01, the shop is down` the first only.

    The first word is a name whatever it looks like. After it, one word between commas is another of its kind, and several are
    names as far as they look like names.
    """
    first = ""
    for item in re.split(r",|;|&|\band\b", line):
        words = [word.strip("().:`'\"*") for word in item.split()]
        if not words:
            continue
        for place, word in enumerate(words):
            plain_list = len(words) == 1 and not _TELLING.search(first)
            if not _HOST_NAME.fullmatch(word) or (first and not plain_list and not _TELLING.search(word)):
                if place or not first:
                    break  # prose goes on after the name
                return
            first = first or word
            yield word


def find_paths(text: str) -> tuple[str, ...]:
    """Absolute paths, without a URL's and without a lone slash."""
    return _unique(path.rstrip("/") for path in _PATH.findall(text) if len(path) > 2)


def find_subjects(text: str) -> Subjects:
    """What the ticket is about. Units come without `.service`, so that one daemon is one subject."""
    without_times = _CLOCK.sub(" ", text)
    words = re.findall(r"[a-z][\w-]+", text.lower())
    explicit = [name.removesuffix(".service") for name in _UNIT.findall(text)]
    named = [
        name.lower()
        for name in (*_NAMED_UNIT.findall(text), *_UNIT_AFTER.findall(text))
        if _is_unit_word(name)
    ]
    daemons = [word for word in words if word in _DAEMONS]
    units = [*explicit, *named, *(unit for word in daemons for unit in _DAEMONS[word])]
    ports = (int(port) for groups in _PORT.findall(without_times) for port in groups if port)
    mounts = [
        path for line in re.split(r"[\n.;] ?", text) if _MOUNT_WORDS.search(line) for path in find_paths(line)
    ]
    return Subjects(
        units=_unique(units),
        processes=_unique(daemons),
        ports=tuple(dict.fromkeys(port for port in ports if 0 < port < 65536)),
        addresses=_addresses(without_times),
        mounts=_unique(path for path in mounts if "." not in path.rsplit("/", 1)[-1]),
    )


# Words that stand beside "service" or "unit" in prose and name none.
_PROSE = frozenset(
    {
        "a",
        "about",
        "above",
        "across",
        "after",
        "again",
        "against",
        "all",
        "along",
        "also",
        "always",
        "an",
        "and",
        "another",
        "answer",
        "answers",
        "any",
        "are",
        "around",
        "as",
        "at",
        "available",
        "backend",
        "because",
        "before",
        "behind",
        "below",
        "between",
        "both",
        "broken",
        "but",
        "by",
        "can",
        "crash",
        "crashed",
        "crashes",
        "customer",
        "daemon",
        "database",
        "db",
        "dead",
        "degraded",
        "did",
        "die",
        "died",
        "dies",
        "does",
        "down",
        "during",
        "each",
        "either",
        "error",
        "errors",
        "even",
        "every",
        "external",
        "fail",
        "failed",
        "failing",
        "fails",
        "failure",
        "failures",
        "few",
        "for",
        "from",
        "get",
        "gets",
        "go",
        "goes",
        "got",
        "had",
        "hang",
        "hangs",
        "has",
        "he",
        "healthy",
        "her",
        "here",
        "him",
        "his",
        "how",
        "if",
        "in",
        "inside",
        "internal",
        "into",
        "is",
        "it",
        "its",
        "just",
        "keep",
        "keeps",
        "kept",
        "less",
        "like",
        "log",
        "logs",
        "look",
        "looks",
        "mail",
        "managed",
        "many",
        "may",
        "might",
        "more",
        "most",
        "my",
        "near",
        "neither",
        "never",
        "no",
        "not",
        "now",
        "of",
        "off",
        "offline",
        "often",
        "on",
        "online",
        "only",
        "onto",
        "or",
        "other",
        "our",
        "out",
        "outside",
        "over",
        "own",
        "per",
        "report",
        "reports",
        "refuse",
        "refused",
        "refuses",
        "respond",
        "responds",
        "restart",
        "restarted",
        "restarting",
        "restarts",
        "running",
        "runs",
        "same",
        "security",
        "seem",
        "seems",
        "service",
        "she",
        "show",
        "shows",
        "since",
        "slow",
        "so",
        "some",
        "start",
        "started",
        "starts",
        "stay",
        "stays",
        "still",
        "stop",
        "stopped",
        "stops",
        "stuck",
        "such",
        "systemd",
        "systems",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "they",
        "this",
        "through",
        "throw",
        "throws",
        "to",
        "too",
        "unavailable",
        "under",
        "unit",
        "until",
        "up",
        "upon",
        "via",
        "was",
        "we",
        "web",
        "went",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "why",
        "will",
        "with",
        "within",
        "without",
        "work",
        "worked",
        "working",
        "works",
        "you",
        "your",
    }
)


def _is_unit_word(word: str) -> bool:
    return word.lower() not in _PROSE


def _addresses(text: str) -> tuple[str, ...]:
    found = []
    for candidate in (*_IPV4.findall(text), *_IPV6.findall(text)):
        try:
            found.append(str(ipaddress.ip_address(candidate)))
        except ValueError:
            continue
    return _unique(found)


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
