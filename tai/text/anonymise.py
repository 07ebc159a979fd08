"""`--anonymize`: addresses, host and user names replaced by stand-ins that are stable within a run.

Not secrecy of the kind that `redact` gives: a stand-in hides a name from the reader of a report or a model's
operator, not from someone who knows the network. Host and user names are found when they were given, or
where a log's syntax says "this is a host" or "this is a user"; a name that only prose mentions stays.
Accounts that every system has (root, postgres) are evidence and stay.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from tai.text.addresses import Addresses

_IPV4 = re.compile(r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f]{0,4}:)[0-9A-Fa-f:]{3,39}+(?![\w:])")
_MAC = re.compile(r"(?<![\w:-])[0-9A-Fa-f]{2}(?:(?::[0-9A-Fa-f]{2}){5}|(?:-[0-9A-Fa-f]{2}){5})(?![\w:-])")

# One pattern for each place, since a pattern that begins with a literal is ten times as fast as a choice.
_HOST = r"([A-Za-z0-9][\w.-]{0,252})"
_HOSTS_HERE = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        # RFC 3164 and journald: a time, the host, a process
        rf"^(?:[A-Z][a-z]{{2}} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?|\d{{4}}-\d\d-\d\dT[\d:.,]+(?:Z|[+-]\d\d:?\d\d)) "
        rf"{_HOST} [\w./@-]{{1,80}}(?:\([\w.-]+\))?(?:\[\d+\])?: ",
        rf"Linux {_HOST} \d+\.\d+",  # uname -a
        rf"(?i:hostname)(?:: |=\"?){_HOST}",
        rf"nodename=\"?{_HOST}",
    )
)
_USER = r"([A-Za-z_][\w.@-]{0,62}[\w-])"
_USERS_HERE = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        rf"for (?:invalid user )?{_USER} from ",  # sshd
        rf"invalid user {_USER}",
        rf"for user {_USER}",  # pam_unix
        rf"of user {_USER}\.?$",  # logind
        *(
            rf"{name}=\"?{_USER}" for name in ("user", "USER", "logname", "LOGNAME", "acct")
        ),  # PAM, audit, env
        rf"id=\d+\({_USER}\)",
        rf"sudo(?:\[\d+\])?:\s+{_USER} : ",
        rf"/home/{_USER}",
    )
)
# What each system has, and what images are shipped with: no one's identity.
_EVERYWHERE = frozenset(
    """
    root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc gnats nobody nogroup adm
    systemd-network systemd-resolve systemd-timesync systemd-coredump systemd-oom messagebus dbus polkitd avahi
    sshd syslog rsyslog chrony ntp _apt tss uuidd tcpdump landscape pollinate fwupd-refresh lxd libvirt-qemu qemu
    postgres mysql mariadb redis mongodb nginx apache httpd haproxy rabbitmq elasticsearch kafka zookeeper docker
    containerd git jenkins grafana prometheus postfix dovecot named bind unbound squid ceph nova neutron cinder
    glance keystone etcd consul vault operator shutdown halt ftp admin administrator guest test ubuntu debian centos fedora
    ec2-user cloud-user rocky almalinux opc azureuser vagrant pi user users unknown none null localhost
    localhost.localdomain kernel the this
    """.split()  # noqa: SIM905 - a hundred quotes and commas would hide the names
)
_STAND_IN = re.compile(r"(?:host|user)-[0-9a-f]{6}|dom-[0-9a-f]{6}\.example")
_NOTHING = re.compile(r"(?!)")


class Anonymiser:
    """One per run, so that a name has one stand-in throughout.

    key: random when None; hosts, users: names known beforehand, such as those the user connects to. Names
    found in a text are known from that text on; `hide_names` brings an earlier text up to date.
    """

    def __init__(
        self, key: bytes | None = None, *, hosts: Iterable[str] = (), users: Iterable[str] = ()
    ) -> None:
        self._addresses = Addresses(secrets.token_bytes(16) if key is None else key)
        self._names: dict[str, str] = {}
        self._stands_for: dict[str, str] = {}
        self._name_pattern = self._domain_pattern = _NOTHING
        self.learn(hosts=hosts, users=users)

    @property
    def known(self) -> int:
        """How many names it knows by now."""
        return len(self._names)

    def learn(
        self, *, hosts: Iterable[str] = (), users: Iterable[str] = (), domains: Iterable[str] = ()
    ) -> None:
        """Names to replace from now on. A host's domain is one: all names in it are replaced."""
        known = len(self._names)
        for host in hosts:
            name, _, domain = host.lower().rstrip(".").partition(".")
            if not _STAND_IN.match(host) and not _is_address(host) and name and name not in _EVERYWHERE:
                self._names.setdefault(name, self._stand_in("host", name))
                domains = (*domains, domain)
        for domain in domains:
            if "." in domain and not _STAND_IN.search(domain):
                self._names.setdefault(f".{domain}", f".{self._stand_in('dom', domain)}.example")
                self._names.setdefault(domain, f"{self._stand_in('dom', domain)}.example")
        for user in users:
            if not _STAND_IN.match(user) and user.lower() not in _EVERYWHERE:
                self._names.setdefault(user.lower(), self._stand_in("user", user.lower()))
        if len(self._names) > known:
            names, within = (
                [name for name in self._names if name.startswith(".") is dot] for dot in (False, True)
            )
            self._name_pattern = _any_of(names, r"(?<![\w-])(%s)(?![\w-])")
            labels = r"([\w-]{1,63}(?:\.[\w-]{1,63}){0,8}?)"
            self._domain_pattern = _any_of(within, rf"(?<![\w-]){labels}(%s)(?![\w-])")

    def anonymise(self, text: str) -> str:
        """`text` with stand-ins; every line stays, and placeholders of secrets are left alone."""
        self.learn(
            hosts=(found[1] for pattern in _HOSTS_HERE for found in pattern.finditer(text)),
            users=(found[1] for pattern in _USERS_HERE for found in pattern.finditer(text)),
        )
        text = _MAC.sub(self._mac, text)
        text = _IPV4.sub(self._ipv4, text)
        text = _IPV6.sub(self._ipv6, text)
        return self.hide_names(text)

    def hide_names(self, text: str) -> str:
        """An anonymised text again, with the names that became known since. Addresses are left as they are."""
        return self._name_pattern.sub(self._name, self._domain_pattern.sub(self._in_domain, text))

    def reveal(self, text: str) -> str:
        """`text` with what its stand-ins stand for, as far as they were given out in this run."""
        for pattern in (_MAC, _IPV4, _IPV6, _STAND_IN):
            text = pattern.sub(lambda found: self._stands_for.get(found[0], found[0]), text)
        return text

    def _stand_in(self, kind: str, name: str) -> str:
        return f"{kind}-{self._addresses.digest(kind, name, 24):06x}"

    def _name(self, found: re.Match[str]) -> str:
        return self._given(self._names[found[0].lower()], found[0])

    def _in_domain(self, found: re.Match[str]) -> str:
        labels, domain = found.groups()
        return ".".join(map(self._label, labels.split("."))) + self._given(
            self._names[domain.lower()], domain
        )

    def _label(self, label: str) -> str:
        """The stand-in of one label before a known domain."""
        if _STAND_IN.fullmatch(label):
            return label
        return self._given(self._names.get(label.lower()) or self._stand_in("host", label.lower()), label)

    def _given(self, stand_in: str, name: str) -> str:
        """The stand-in, noted with the name that it was given out for; a leading dot belongs to neither."""
        self._stands_for[stand_in.removeprefix(".")] = name.removeprefix(".")
        return stand_in

    def _mac(self, found: re.Match[str]) -> str:
        separator = found[0][2]
        digits = self._addresses.mac(found[0].replace(separator, "").lower())
        return self._given(separator.join(digits[at : at + 2] for at in range(0, 12, 2)), found[0])

    def _ipv4(self, found: re.Match[str]) -> str:
        try:
            return self._given(str(self._addresses.ipv4(IPv4Address(found[0]))), found[0])
        except AddressValueError:
            return found[0]  # 999.1.1.1, or a version with leading zeros

    def _ipv6(self, found: re.Match[str]) -> str:
        if "::" not in found[0] and found[0].count(":") != 7:
            return found[0]  # a time of day
        try:
            return self._given(str(self._addresses.ipv6(IPv6Address(found[0]))), found[0])
        except AddressValueError:
            return found[0]


def _is_address(name: str) -> bool:
    return _IPV4.fullmatch(name) is not None or ":" in name


def _any_of(names: Iterable[str], pattern: str) -> re.Pattern[str]:
    """`pattern` with the names in place of its `%s`, longest first; matches nothing where there are none."""
    choice = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return re.compile(pattern % choice, re.IGNORECASE) if choice else _NOTHING
