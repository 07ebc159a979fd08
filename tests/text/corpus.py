"""Made-up secrets of many kinds, planted in the outputs they are found in. Not a test: tests draw from it.

Every secret is generated from a seed when a test runs, and assembled from pieces, so that the repository
holds nothing that looks like one.
"""

from __future__ import annotations

import base64
import json
import random
import string
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

LOWER_HEX = "0123456789abcdef"
ALNUM = string.ascii_letters + string.digits
URL_SAFE = ALNUM + "-_"
BASE32 = string.ascii_uppercase + "234567"
_MARKS = "!#%+*_.^~-"
_WORDS = ("correct", "Summer", "dragon", "letmein", "Monkey", "winter", "Hamster", "sunshine")

Rng = random.Random


def chars(rng: Rng, alphabet: str, length: int) -> str:
    return "".join(rng.choices(alphabet, k=length))


def b64(rng: Rng, size: int) -> str:
    return base64.b64encode(rng.randbytes(size)).decode()


def b64url(rng: Rng, size: int) -> str:
    return base64.urlsafe_b64encode(rng.randbytes(size)).decode().rstrip("=")


def password(rng: Rng) -> str:
    """As people and as password managers make them; 8 to 24 characters."""
    if rng.random() < 0.4:
        return rng.choice(_WORDS) + chars(rng, string.digits, rng.randint(2, 4)) + rng.choice(_MARKS[:6])
    inner = chars(rng, ALNUM + _MARKS, rng.randint(8, 22))
    return rng.choice(string.ascii_letters) + inner + rng.choice(ALNUM)


@dataclass(frozen=True, slots=True)
class Kind:
    """label: the name under which carriers plant it. make: gives the planted text and the parts of it that
    must not survive."""

    name: str
    label: str
    make: Callable[[Rng], tuple[str, list[str]]]


def _form(name: str, make: Callable[[Rng], str]) -> Kind:
    """A secret that its own form gives away, under a name that says nothing."""

    def planted(rng: Rng) -> tuple[str, list[str]]:
        secret = make(rng)
        return secret, [secret]

    return Kind(name, "ref", planted)


def _named(name: str, label: str, make: Callable[[Rng], str]) -> Kind:
    def planted(rng: Rng) -> tuple[str, list[str]]:
        secret = make(rng)
        return secret, [secret]

    return Kind(name, label, planted)


def _within(name: str, template: str, make: Callable[[Rng], str] = password) -> Kind:
    """A secret in a statement around it, where the template has `@@`."""

    def planted(rng: Rng) -> tuple[str, list[str]]:
        secret = make(rng)
        return template.replace("@@", secret), [secret]

    return Kind(name, "note", planted)


def _jwt(rng: Rng) -> str:
    def part(data: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(data, separators=(",", ":")).encode()).decode().rstrip("=")

    claims: dict[str, object] = {"sub": str(rng.randrange(10**9)), "iat": rng.randrange(10**9, 2 * 10**9)}
    return f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}.{b64url(rng, 32)}"


def _keytab(rng: Rng) -> str:
    """Version 0x0502, then one entry: its size, two parts, realm and principal, and the rest with the key."""
    realm = chars(rng, string.ascii_uppercase, 7) + ".COM"
    entry = struct.pack(">HH", 2, len(realm)) + realm.encode() + b"\0\4host\0\3db1" + rng.randbytes(48)
    return base64.b64encode(struct.pack(">HI", 0x0502, len(entry)) + entry).decode()


def _safe_password(rng: Rng) -> str:
    """One that a URL takes as it is."""
    return chars(rng, string.ascii_letters, 1) + chars(rng, URL_SAFE, rng.randint(7, 20))


def pem(rng: Rng, label: str = "RSA PRIVATE" + " KEY", size: int = 600) -> str:
    """A block with the markers of a private key and random bytes inside."""
    body = b64(rng, size)
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----"))


def _pem_kind(name: str, label: str) -> Kind:
    def planted(rng: Rng) -> tuple[str, list[str]]:
        block = pem(rng, label)
        return block, block.split("\n")[1:-1]

    return Kind(name, "ref", planted)


KINDS: tuple[Kind, ...] = (
    _form("aws key id", lambda r: "AK" + "IA" + chars(r, BASE32, 16)),
    _named("aws secret key", "aws_secret_access_key", lambda r: chars(r, ALNUM + "/+", 40)),
    _named("aws session token", "aws_session_token", lambda r: b64(r, 300)),
    _form("gcp api key", lambda r: "AI" + "za" + chars(r, URL_SAFE, 35)),
    _form("gcp oauth token", lambda r: "ya" + "29." + chars(r, URL_SAFE, 80)),
    _form("gcp client secret", lambda r: "GOC" + "SPX-" + chars(r, URL_SAFE, 28)),
    _within(
        "azure storage key",
        "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=@@",
        lambda r: b64(r, 64),
    ),
    _within(
        "azure shared access signature",
        "https://shop.blob.core.windows.net/a?sv=2024-01-01&se=2026-01-01&sp=r&sig=@@",
        lambda r: quote(b64(r, 32), safe=""),
    ),
    _form("azure client secret", lambda r: f"{chars(r, URL_SAFE, 3)}8Q~{chars(r, URL_SAFE, 34)}"),
    _form("digitalocean token", lambda r: "dop" + "_v1_" + chars(r, LOWER_HEX, 64)),
    _form("github token", lambda r: r.choice(("gh" + "p_", "gh" + "o_", "gh" + "s_")) + chars(r, ALNUM, 36)),
    _form(
        "github fine-grained token",
        lambda r: "github" + "_pat_" + chars(r, ALNUM, 22) + "_" + chars(r, ALNUM, 59),
    ),
    _form("gitlab token", lambda r: "gl" + "pat-" + chars(r, URL_SAFE, 20)),
    _form(
        "slack token", lambda r: f"xo{'xb'}-{r.randrange(10**11)}-{r.randrange(10**12)}-{chars(r, ALNUM, 24)}"
    ),
    _within(
        "slack webhook",
        "https://hooks.slack.com/services/@@",
        lambda r: f"T{chars(r, BASE32, 8)}/B{chars(r, BASE32, 8)}/{chars(r, ALNUM, 24)}",
    ),
    _form("stripe key", lambda r: "sk" + "_live_" + chars(r, ALNUM, 24)),
    _form("twilio key", lambda r: "S" + "K" + chars(r, LOWER_HEX, 32)),
    _form("sendgrid key", lambda r: "S" + "G." + chars(r, URL_SAFE, 22) + "." + chars(r, URL_SAFE, 43)),
    _form("mailgun key", lambda r: "key" + "-" + chars(r, LOWER_HEX, 32)),
    _form("npm token", lambda r: "npm" + "_" + chars(r, ALNUM, 36)),
    _form("pypi token", lambda r: "pypi" + "-AgEIcHlwaS5vcmc" + chars(r, URL_SAFE, 120)),
    _form("rubygems key", lambda r: "rubygems" + "_" + chars(r, LOWER_HEX, 48)),
    _form("docker token", lambda r: "dckr" + "_pat_" + chars(r, URL_SAFE, 27)),
    _form("hugging face token", lambda r: "hf" + "_" + chars(r, ALNUM, 34)),
    _form("openai key", lambda r: "sk" + "-proj-" + chars(r, URL_SAFE, 48) + "1a"),
    _form("anthropic key", lambda r: "sk" + "-ant-api03-" + chars(r, URL_SAFE, 93)),
    _form("telegram token", lambda r: f"{r.randrange(10**8, 10**10)}:A" + "A" + chars(r, URL_SAFE, 33)),
    _form(
        "discord token",
        lambda r: "M" + chars(r, ALNUM, 23) + "." + chars(r, URL_SAFE, 6) + "." + chars(r, URL_SAFE, 38),
    ),
    _named("datadog key", "DD_API_KEY", lambda r: chars(r, LOWER_HEX, 32)),
    _form("new relic key", lambda r: "NR" + "AK-" + chars(r, BASE32, 27)),
    _form("grafana token", lambda r: "gl" + "sa_" + chars(r, ALNUM, 32) + "_" + chars(r, LOWER_HEX, 8)),
    _form("sentry token", lambda r: "sntr" + "yu_" + chars(r, LOWER_HEX, 64)),
    _within("sentry dsn", "https://@@@o12.ingest.example.net/345", lambda r: chars(r, LOWER_HEX, 32)),
    _form("shopify token", lambda r: "shp" + "at_" + chars(r, LOWER_HEX, 32)),
    _form("databricks token", lambda r: "da" + "pi" + chars(r, LOWER_HEX, 32)),
    _form("terraform token", lambda r: chars(r, ALNUM, 14) + ".atl" + "asv1." + chars(r, URL_SAFE, 67)),
    _form("vault token", lambda r: "hv" + "s." + chars(r, URL_SAFE, 24)),
    _form("tailscale key", lambda r: "ts" + "key-auth-" + chars(r, ALNUM, 16) + "-" + chars(r, ALNUM, 32)),
    _form("openshift token", lambda r: "sha" + "256~" + chars(r, URL_SAFE, 43)),
    _form("age key", lambda r: "AGE-SEC" + "RET-KEY-1" + chars(r, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)),
    _form("json web token", _jwt),
    _form("kerberos keytab", _keytab),
    _pem_kind("rsa private key", "RSA PRIVATE" + " KEY"),
    _pem_kind("openssh private key", "OPENSSH PRIVATE" + " KEY"),
    _pem_kind("pkcs8 private key", "PRIVATE" + " KEY"),
    _within("url password", "postgresql://shop:@@@db1.internal:5432/shop", _safe_password),
    _within("redis url", "redis://:@@@cache:6379/0", _safe_password),
    _within("mongodb url", "mongodb+srv://shop:@@@cluster0.example.net/?retryWrites=true", _safe_password),
    _within("amqp url", "amqp://worker:@@@mq1:5672/%2f", _safe_password),
    _within("jdbc string", "jdbc:mysql://db1:3306/shop?user=shop&password=@@&useSSL=true", _safe_password),
    _within("odbc string", "Driver=FreeTDS;Server=db1;Uid=sa;Pwd=@@;Database=shop", _safe_password),
    _within("libpq string", "host=db1 port=5432 dbname=shop user=shop password=@@ sslmode=require"),
    _within(
        "crypt hash",
        "alice:$6$rounds=5000$@@:19000:0:99999:7:::",
        lambda r: chars(r, ALNUM, 12) + "$" + chars(r, ALNUM + "./", 86),
    ),
    _within(
        "yescrypt hash",
        "alice:$y$j9T$@@:19000::::::",
        lambda r: chars(r, ALNUM, 22) + "$" + chars(r, ALNUM + "./", 43),
    ),
    _within(
        "htpasswd hash", "alice:$apr1$@@", lambda r: chars(r, ALNUM, 8) + "$" + chars(r, ALNUM + "./", 22)
    ),
    _within("bcrypt hash", "alice:$2y$10$@@", lambda r: chars(r, ALNUM + "./", 53)),
    _within("ldap hash", "userPassword: {SSHA}@@", lambda r: b64(r, 28)),
    _within("scram verifier", "SCRAM-SHA-256$4096:@@", lambda r: f"{b64(r, 16)}${b64(r, 32)}:{b64(r, 32)}"),
    _within("bearer header", "Authorization: Bearer @@", lambda r: chars(r, URL_SAFE, 40)),
    _within(
        "basic header",
        "Authorization: Basic @@",
        lambda r: base64.b64encode(f"bob:{password(r)}".encode()).decode(),
    ),
    _within(
        "digest header",
        "Authorization: Digest username=bob, realm=x, uri=/, response=@@",
        lambda r: chars(r, LOWER_HEX, 32),
    ),
    _within("cookie header", "Cookie: sid=@@; theme=dark", lambda r: chars(r, ALNUM, 26)),
    _within("set-cookie header", "Set-Cookie: sid=@@; Path=/; HttpOnly", lambda r: chars(r, ALNUM, 26)),
    _within("api key header", "X-Api-Key: @@", lambda r: chars(r, ALNUM, 32)),
    _within("mysql option", "mysql -u root -p@@ -h db1 shop", _safe_password),
    _within("sshpass option", "sshpass -p @@ ssh admin@db1", _safe_password),
    _within("curl option", "curl -s -u admin:@@ https://db1/api", _safe_password),
    _within("redis-cli option", "redis-cli -h cache -a @@ ping", _safe_password),
    _within("ldapsearch option", "ldapsearch -x -D cn=admin -w @@ -b dc=example", _safe_password),
    _within("long option", "backup --host db1 --password=@@ --verbose", _safe_password),
    _within("token option", "agent --token @@ --server https://db1", lambda r: chars(r, ALNUM, 40)),
    _within("pg environment", "PGPASSWORD=@@ psql -h db1", _safe_password),
    _within("sql statement", "CREATE USER shop IDENTIFIED BY '@@'", _safe_password),
    _within("xml element", "<password>@@</password>", _safe_password),
    _named("password", "db_password", password),
    _named("passphrase", "key_passphrase", password),
    _named("client secret", "client_secret", lambda r: chars(r, ALNUM, 32)),
    _named("api key", "api_key", lambda r: chars(r, ALNUM, 32)),
    _named("access token", "access_token", lambda r: chars(r, URL_SAFE, 40)),
    _named("encryption key", "encryption_key", lambda r: chars(r, LOWER_HEX, 64)),
    _named("wifi passphrase", "wpa_passphrase", password),
    _named("wireguard key", "private_key", lambda r: b64(r, 32)),
    _named("ldap bind password", "bindpw", password),
    _named("session id", "session_id", lambda r: chars(r, ALNUM, 32)),
)


# Carriers: the output of something, with `value` in it under `name`.


def _journal(name: str, value: str, rng: Rng) -> str:
    lines = value.split("\n")
    first = lines[0] if name == "note" or len(lines) > 1 else f"{name}={lines[0]}"
    head = f"Jul 07 01:02:48 web7 shop[{rng.randrange(100, 99999)}]: "
    return "\n".join(
        (
            head + "starting worker 3",
            f"{head}cannot go on: {first}",
            *(head + line for line in lines[1:]),
            head + "exiting",
        )
    )


def _env(name: str, value: str, rng: Rng) -> str:
    return f"LANG=C.UTF-8\nPATH=/usr/bin:/bin\nSHOP_{name.upper()}={value}\nHOME=/srv/shop"


def _ini(name: str, value: str, rng: Rng) -> str:
    indented = value.replace("\n", "\n    ")
    return f"[shop]\nlisten = 0.0.0.0:8080\n{name} = {indented}\nworkers = 4"


def _json(name: str, value: str, rng: Rng) -> str:
    return json.dumps({"listen": "0.0.0.0:8080", name: value, "workers": 4}, indent=rng.choice((None, 2)))


def _yaml(name: str, value: str, rng: Rng) -> str:
    plain = all(char in ALNUM + "-_.$/+" for char in value)
    if "\n" in value:
        indented = value.replace("\n", "\n      ")
        return f"shop:\n  {name}: |\n      {indented}\n  workers: 4"
    return f"shop:\n  workers: 4\n  {name}: {value if plain else json.dumps(value)}\n  listen: 8080"


def _ps(name: str, value: str, rng: Rng) -> str:
    command = (
        value.replace("\n", " ")
        if name == "note"
        else f"/srv/shop/bin/worker --{name.replace('_', '-')} {value}"
    )
    return (
        f"UID   PID  PPID  C STIME TTY  TIME     CMD\nroot  {rng.randrange(1, 99999)}  1  0 Jul06 ?  00:00:07 "
        + command.replace("\n", " ")
    )


def _access_log(name: str, value: str, rng: Rng) -> str:
    """A parameter of the request where the secret has a name or a form; else what the client said it was."""
    head = '192.0.2.7 - - [07/Jul/2025:01:02:48 +0000] "GET /v1/items'
    if name == "note" or "\n" in value:
        shown = value.replace('"', '\\"').replace("\n", "\\n")
        return f'{head} HTTP/1.1" 200 512 "-" "{shown}"'
    return f'{head}?page=2&{name}={quote(value, safe="")}&sort=asc HTTP/1.1" 200 512 "-" "curl/7.88.1"'


def _headers(name: str, value: str, rng: Rng) -> str:
    line = value if name == "note" and ": " in value else f"X-{name.replace('_', '-').title()}: {value}"
    line = line.replace("\n", "\\n")
    return f"> GET /v1/items HTTP/1.1\n> Host: db1\n> {line}\n> Accept: */*\n>"


def _systemctl_show(name: str, value: str, rng: Rng) -> str:
    assignment = f"SHOP_{name.upper()}={value}".replace("\n", "\\n")
    if any(char in assignment for char in " \"'\\$"):
        assignment = '"' + assignment.replace('"', '\\"') + '"'
    return f"Id=shop.service\nEnvironment=LANG=C.UTF-8 {assignment} WORKERS=4\nMainPID=812"


CARRIERS: dict[str, Callable[[str, str, Rng], str]] = {
    "journal": _journal,
    "environment": _env,
    "ini": _ini,
    "json": _json,
    "yaml": _yaml,
    "ps": _ps,
    "access log": _access_log,
    "headers": _headers,
    "systemctl show": _systemctl_show,
}


@dataclass(frozen=True, slots=True)
class Case:
    kind: str
    carrier: str
    text: str
    secrets: list[str]

    def survivors(self, masked: str) -> list[str]:
        """The secrets of which a part, half or at least six characters, is still in `masked`.

        Also as the carriers escape them. A half is worth counting: what remains of a cut password is cracked.
        """
        return [secret for secret in self.secrets if any(_part_in(form, masked) for form in _escaped(secret))]


def _escaped(secret: str) -> set[str]:
    return {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}


def _part_in(secret: str, text: str) -> bool:
    size = min(len(secret), max(6, len(secret) // 2))
    return any(secret[at : at + size] in text for at in range(len(secret) - size + 1))


def cases(seed: int, samples: int) -> Iterator[Case]:
    """Each kind in each carrier, `samples` times with other secrets."""
    rng = random.Random(seed)
    for kind in KINDS:
        for carrier, plant in CARRIERS.items():
            for _ in range(samples):
                value, planted = kind.make(rng)
                yield Case(kind.name, carrier, plant(kind.label, value, rng), planted)
