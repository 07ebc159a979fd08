"""What ssh's configuration says about one host, by asking `ssh -G`.

Not tai's own settings (`tai.settings`).

Where HOME is the account's home, this is plain `ssh -G HOST`, so it means exactly what ssh means. Where it is not (see
`tai.transport.ssh.home`), ssh is handed a configuration that includes $HOME/.ssh/config and then the system's.

Where there is no ssh client, asyncssh's own reader of ~/.ssh/config serves, and a note says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tai.errors import HostError
from tai.transport.ssh.home import Tokens, account_home, account_name, home
from tai.transport.ssh.spoken import clean

_SYSTEM_CONFIG = Path("/etc/ssh/ssh_config")
_QUERY_S = (
    15.0  # `Match exec` and CanonicalizeHostname run commands and ask DNS; ssh gives them no limit of its own
)

_DEFAULT_IDENTITIES = frozenset(
    f"~/.ssh/id_{kind}" for kind in ("rsa", "ecdsa", "ecdsa_sk", "ed25519", "ed25519_sk", "xmss", "dsa")
)
"""What `ssh -G` lists when nobody has configured an IdentityFile (ssh_config(5))."""

_HONOURED = frozenset(
    [
        "addressfamily",
        "bindaddress",
        "certificatefile",
        "ciphers",
        "compression",
        "connecttimeout",
        "globalknownhostsfile",
        "hashknownhosts",
        "host",
        "hostkeyalgorithms",
        "hostkeyalias",
        "hostname",
        "identitiesonly",
        "identityagent",
        "identityfile",
        "kexalgorithms",
        "macs",
        "port",
        "proxycommand",
        "proxyjump",
        "revokedhostkeys",
        "serveralivecountmax",
        "serveraliveinterval",
        "stricthostkeychecking",
        "user",
        "userknownhostsfile",
    ]
)
"""Settings that `interpret` reads."""

_BESIDE_THE_POINT = frozenset(
    [
        "addkeystoagent",
        "batchmode",
        "controlpath",
        "controlpersist",
        "enableescapecommandline",
        "escapechar",
        "fingerprinthash",
        "forkafterauthentication",
        "gatewayports",
        "gssapiauthentication",
        "gssapidelegatecredentials",
        "ipqos",
        "kbdinteractiveauthentication",
        "kbdinteractivedevices",
        "loglevel",
        "logverbose",
        "numberofpasswordprompts",
        "obscurekeystroketiming",
        "passwordauthentication",
        "preferredauthentications",
        "sendenv",
        "sessiontype",
        "stdinnull",
        "streamlocalbindmask",
        "streamlocalbindunlink",
        "syslogfacility",
        "tag",
        "updatehostkeys",
        "visualhostkey",
        "warnweakcrypto",
        "xauthlocation",
        "exitonforwardfailure",
        "forwardx11timeout",
        "forwardx11trusted",
        "canonicaldomains",
        "canonicalizefallbacklocal",
        "canonicalizehostname",
        "canonicalizemaxdots",
        "canonicalizepermittedcnames",
    ]
)
"""Settings about what tai never does (passwords, terminals, forwarding, sending its environment), about how ssh talks to
people, or done by `ssh -G` already (canonical names). That tai does not do those is said once, in SECURITY.md and the README."""

NO_CLIENT = (
    "no ssh client is installed here, so ~/.ssh/config was read by asyncssh: the system's configuration, "
    "StrictHostKeyChecking, HashKnownHosts and algorithm lists were not"
)


@dataclass(frozen=True, slots=True)
class Effective:
    """The settings that tai honours, expanded. Fields are named as in ssh_config(5).

    identity_files: configured or default ones, in order; configured_identities: True when someone wrote IdentityFile.
    agent: socket path of the agent, None for none. known_hosts: user's files, the first is where new keys go; () when
    UserKnownHostsFile is none. connect_timeout_s: None when not set. kex_algorithms and so on: () for asyncssh's own.
    keepalive_s: None when not set. proxy_command: expanded, '' for none; to be run only where the user allows it.
    not_honoured: `Setting value` for each one that somebody set and that tai does not follow.
    """

    hostname: str
    user: str
    port: int = 22
    proxy_jump: str = ""
    identity_files: tuple[Path, ...] = ()
    configured_identities: bool = False
    certificate_files: tuple[Path, ...] = ()
    identities_only: bool = False
    agent: str | None = None
    known_hosts: tuple[Path, ...] = ()
    global_known_hosts: tuple[Path, ...] = ()
    revoked_host_keys: Path | None = None
    host_key_alias: str = ""
    strict_host_keys: bool = False
    hash_known_hosts: bool = False
    address_family: str = "any"
    bind_address: str = ""
    connect_timeout_s: float | None = None
    host_key_algorithms: tuple[str, ...] = ()
    kex_algorithms: tuple[str, ...] = ()
    ciphers: tuple[str, ...] = ()
    macs: tuple[str, ...] = ()
    compression: bool = False
    keepalive_s: float | None = None
    keepalive_count: int = 3
    proxy_command: str = ""
    not_honoured: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


async def effective(
    host: str, name: str, *, user: str | None, port: int | None, jump: str | None, use_config: bool
) -> Effective:
    """Ask what ssh would do for `name`.

    host: what the user asked for, for error messages. user, port, jump: from the command line or a jump list; they win.
    Raises HostError when ssh rejects its configuration or the name.
    """
    if name.startswith("-") or not name:
        raise HostError(host, f"{name!r} is not a host name", "Give the host's name or address.", hop=name)
    ssh = shutil.which("ssh")
    if ssh is None:
        from tai.transport.ssh.without_client import ask_asyncssh  # noqa: PLC0415 - most machines have ssh

        said = ask_asyncssh(host, name, user=user, port=port, jump=jump, use_config=use_config)
        return replace(interpret(said, host, name), notes=(NO_CLIENT,))
    words = [ssh, "-G"]
    for flag, value in (("-l", user), ("-p", port), ("-J", jump)):
        words += [] if value is None else [flag, str(value)]
    with _configuration(use_config=use_config) as flags:
        # What ssh would do without any configuration tells which settings somebody has made.
        said, plain = await asyncio.gather(
            _ask([*words, *flags, "--", name], host, name),
            _ask([*words, "-F", "none", "--", name], host, name),
        )
    # Of the ciphers only a choice that somebody made counts: OpenSSH's own order suits OpenSSH's own code.
    chosen = {key: values for key, values in said.items() if key != "ciphers" or values != plain.get(key)}
    return replace(interpret(chosen, host, name), not_honoured=_not_honoured(said, plain))


def interpret(said: Mapping[str, list[str]], host: str, name: str) -> Effective:
    """Turn `ssh -G` output, as keyword → values, into settings."""
    one = {key: values[0] for key, values in said.items()}
    hostname, user = one.get("hostname", name), one.get("user") or account_name()
    tokens = Tokens(
        hostname=hostname, name=name, user=user, port=one.get("port", "22"), alias=one.get("hostkeyalias", "")
    )
    identities = [value for value in said.get("identityfile", []) if value != "none"]
    timeout = one.get("connecttimeout", "none")
    return Effective(
        hostname=hostname,
        user=user,
        port=int(one.get("port", "22")),
        proxy_jump=one.get("proxyjump", ""),
        identity_files=tuple(tokens.path(value) for value in identities),
        configured_identities=not _DEFAULT_IDENTITIES.issuperset(said.get("identityfile", [])),
        certificate_files=tuple(tokens.path(value) for value in said.get("certificatefile", [])),
        identities_only=one.get("identitiesonly", "no") == "yes",
        agent=tokens.agent(one.get("identityagent", "SSH_AUTH_SOCK")),
        known_hosts=tokens.paths(one.get("userknownhostsfile", "none")),
        global_known_hosts=tokens.paths(one.get("globalknownhostsfile", "none")),
        revoked_host_keys=next(iter(tokens.paths(one.get("revokedhostkeys", "none"))), None),
        host_key_alias=one.get("hostkeyalias", ""),
        strict_host_keys=one.get("stricthostkeychecking", "ask") in ("true", "yes"),
        hash_known_hosts=one.get("hashknownhosts", "no") == "yes",
        address_family=one.get("addressfamily", "any"),
        bind_address=one.get("bindaddress", ""),
        connect_timeout_s=float(timeout) if timeout.isdigit() and int(timeout) else None,
        host_key_algorithms=_list(one.get("hostkeyalgorithms", "")),
        kex_algorithms=_list(one.get("kexalgorithms", "")),
        ciphers=_list(one.get("ciphers", "")),
        macs=_list(one.get("macs", "")),
        compression=one.get("compression", "no") == "yes",
        keepalive_s=float(one.get("serveraliveinterval", "0")) or None,
        keepalive_count=int(one.get("serveralivecountmax", "3")),
        proxy_command=_proxy_command(one.get("proxycommand", "none"), tokens, host),
    )


def _proxy_command(text: str, tokens: Tokens, host: str) -> str:
    try:
        return tokens.command(text)
    except ValueError as error:
        raise HostError(
            host,
            f"ssh's configuration reaches it through ProxyCommand {clean(text)}, and {error}",
            "Check the name.",
            hop=tokens.name,
        ) from None


@contextlib.contextmanager
def _configuration(*, use_config: bool) -> Iterator[list[str]]:
    """The -F flag for ssh, or nothing; see the module's docstring."""
    if not use_config:
        yield ["-F", "none"]
        return
    if account_home() in (None, home()):
        yield []
        return
    files = [file for file in (home() / ".ssh" / "config", _SYSTEM_CONFIG) if file.is_file()]
    with tempfile.NamedTemporaryFile("w", prefix="tai-ssh-config-") as both:
        both.writelines(f'Include "{file}"\n' for file in files)
        both.flush()
        yield ["-F", both.name]


async def _ask(words: list[str], host: str, name: str) -> dict[str, list[str]]:
    """Run `ssh -G` and read its `keyword value` lines."""
    process = await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_QUERY_S):
            stdout, stderr = await process.communicate()
    except TimeoutError:
        raise HostError(
            host,
            f"`ssh -G {name}` gave no answer within {_QUERY_S:.0f} s",
            "A Match exec or CanonicalizeHostname in ssh's configuration hangs; try --ignore-ssh-config.",
            hop=name,
        ) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise HostError(
            host,
            f"ssh does not accept it: {clean(stderr.decode(errors='replace'))}",
            "Correct the name or ssh's configuration, or use --ignore-ssh-config.",
            hop=name,
        )
    said: dict[str, list[str]] = {}
    for line in stdout.decode(errors="surrogateescape").splitlines():
        key, _, value = line.partition(" ")
        said.setdefault(key.lower(), []).append(value)
    return said


def _list(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)


def _not_honoured(said: Mapping[str, Sequence[str]], plain: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    return tuple(
        f"{key} {clean(' '.join(values))}"
        for key, values in said.items()
        if key not in _HONOURED and key not in _BESIDE_THE_POINT and values != plain.get(key)
    )
