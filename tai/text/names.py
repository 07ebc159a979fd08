"""Which names name a secret: families of key words, each with its judgement of what a value may be.

Not where the value stands: that is `keyed`. A name must *end* in its key word: `password_file`, `max_tokens`,
`secretName` and `tokenPath` say where, how many or whose, not what.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tai.text.plausible import base64_like, passphrase_like, password_like, session_like, token_like

# How far before a key word the part of the name is sought that makes it one.
_REACH = 24
# Between a key word and its separator: a number, or a word that says in which form the secret is.
_FORM = re.compile(
    r"(?:\d{1,2}|[_.-]?(?i:hash|hashed|encrypted|enc|plaintext|plain|base64|b64|value|string|default|data|current|new|old|\d{1,2}))"
    r"(?![A-Za-z0-9_])"
)


@dataclass(frozen=True, slots=True)
class Family:
    """kind: of the placeholder. accept: judges a value; accept_line: one that may hold blanks."""

    kind: str
    accept: Callable[[str], bool]
    accept_line: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Word:
    """anchor: lower-case beginning of the key word; rest: the whole of it, matched at the anchor;
    before: what must stand before the anchor, searched in the characters before it, and ending there."""

    family: Family
    anchor: str
    rest: re.Pattern[str]
    before: re.Pattern[str] | None = None

    def name_end(self, line: str, at: int) -> int | None:
        """Where the name ends whose key word has its anchor at `at`; None when the name is no secret's."""
        rest = self.rest.match(line, at)
        if rest is None or (self.before and not self.before.search(line[max(0, at - _REACH) : at])):
            return None
        form = _FORM.match(line, rest.end())
        end = form.end() if form else rest.end()
        return None if line[end : end + 1].isalnum() or line.startswith("_", end) else end


_APART = r"(?:^|[^A-Za-z])$"
_PASS_BEFORE = re.compile(
    r"(?:(?<![A-Za-z])(?<!proxy_)(?<!cgi_)(?<!wsgi_)(?<!grpc_)|(?<![A-Za-z])(?i:db|my|user|root|admin|sql|pg|ldap|smtp|"
    r"ftp|mail|bind|key|store|login|auth|proxy|http|rpc|sa|svc|ssh|vnc|amqp))$"
)
_KEY_BEFORE = re.compile(
    r"(?i:api|access|auth|private|encryption|encrypt|signing|sign|account|shared|master|licen[cs]e|service|storage|app|"
    r"application|client|consumer|deploy|webhook|hmac|aes|des|jwt|ssh|root|admin|primary|secondary|pre-?shared|"
    r"subscription|functions?|ingest|ingestion|cipher|crypto?|vault|unseal|recovery|seal|bot|user|project|write|read|"
    r"integration|wep|wpa|tsig|rndc|session|secret|token)[_. -]?$|[A-Z0-9]_$"
)

PASSWORD = Family("password", password_like, passphrase_like)
SECRET = Family("secret", password_like, passphrase_like)
TOKEN = Family("token", token_like, token_like)
KEY = Family("key", token_like, token_like)
BARE_KEY = Family("key", base64_like, base64_like)
SESSION = Family("session", session_like, session_like)

WORDS = (
    Word(PASSWORD, "pass", re.compile(r"(?i:pass(?:w(?:or)?d|word|wort|w|[_-]?phrase|[_-]?code)s?)")),
    Word(PASSWORD, "pass", re.compile(r"(?i:pass)(?![A-Za-z])"), _PASS_BEFORE),
    Word(PASSWORD, "pass", re.compile(r"Pass(?![A-Za-z])"), re.compile(r"[a-z]$")),  # camelCase
    Word(
        PASSWORD, "pass", re.compile(r"PASS(?![A-Za-z])"), re.compile(r"(?<!BY)(?<!COM)(?<=[A-Z])$")
    ),  # DBPASS
    Word(PASSWORD, "pw", re.compile(r"(?i:pwd)")),
    Word(
        PASSWORD,
        "pw",
        re.compile(r"(?i:pw)(?![A-Za-z])"),
        re.compile(r"(?:^|[^A-Za-z]|(?i:bind|root|user|admin|db))$"),
    ),
    Word(PASSWORD, "psk", re.compile(r"(?i:psk)"), re.compile(r"(?:^|[^A-Za-z]|(?i:wpa|wifi))$")),
    Word(
        SECRET,
        "secret",
        re.compile(
            r"(?i:secret(?:[_.-]?(?:access[_.-]?)?key(?:[_.-]?base)?|[_.-]?token|[_.-]?id|[_.-]?base|s)?)"
        ),
        re.compile(r"(?<!key-)(?<!password-)$"),  # QEMU: `key-secret=sec0` names an object
    ),
    Word(TOKEN, "token", re.compile(r"(?i:token)"), re.compile(r"(?<!public)(?<!publickey)(?<!PublicKey)$")),
    Word(TOKEN, "jwt", re.compile(r"(?i:jwt)"), re.compile(_APART)),
    Word(TOKEN, "cred", re.compile(r"(?i:cred(?:ential)?s?)")),
    Word(PASSWORD, "authtok", re.compile(r"(?i:authtok)")),  # SSSD
    Word(TOKEN, "_auth", re.compile(r"(?i:_auth)")),
    Word(KEY, "key", re.compile(r"(?i:key)"), _KEY_BEFORE),
    Word(BARE_KEY, "key", re.compile(r"(?i:key)"), re.compile(r"^[\s\"']*$")),  # of Ceph, at the line's start
    Word(KEY, "_salt", re.compile(r"_SALT")),
    Word(SESSION, "sess", re.compile(r"(?i:sess(?:ion)?[_-]?(?:id|key))")),
)


def is_secret_name(name: str) -> bool:
    """Whether `name`, on its own, ends in a key word."""
    folded = name.encode("ascii", "replace").lower().decode()
    return any(
        word.name_end(name, at) == len(name) for word in WORDS if (at := folded.rfind(word.anchor)) >= 0
    )
