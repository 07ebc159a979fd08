"""Is this text, found where a secret would stand, a secret? The judgement behind every key-word rule.

Not a search: it never looks at the words around. Real output is full of `password=yes`, `token: expired`,
`secret=/run/secrets/db` and `PWD=/root`; masking those costs evidence, so each answer here is a trade
between a leak and a lost fact. Near a word for password the doubt goes to "secret", near "token" or "key"
to what looks random, and in running prose only to what cannot be a word.
"""

from __future__ import annotations

import re
from itertools import pairwise
from math import log2

_PLAIN = frozenset(
    """
    0 1 x - true false yes no on off y n t f null none nil undefined void unset empty not set missing unknown
    enabled disabled enable disable required requisite optional sufficient include needed default auto always
    never prompt ask hidden masked redacted removed omitted filtered secret password passwd pass token key
    changed expired invalid incorrect wrong failed failure success successful ok denied accepted rejected
    error mismatch bad good valid verified unverified found absent present
    file files compat db nis nisplus sss systemd ldap winbind hesiod cache dns mymachines resolve
    string str bytes int integer bool boolean object text varchar char number value field type name
    plain plaintext login basic digest bearer negotiate ntlm oauth oauth2 md5 sha1 sha256 sha512 peer trust
    cert scram-sha-256 ident gss sspi pam radius publickey keyboard-interactive hostbased gssapi
    authentication authorization credentials user username for from to is was has in at with and or of the a an
    this that must can cannot may should will would by as if when then it its be been are option options flag
    argument parameter instead here there supplied provided given specified used using install deinstall purge hold
    """.split()  # noqa: SIM905 - a hundred quotes and commas would hide the words
)
_REFERENCE = re.compile(
    r"\$\{.*|\$\(.*|\$[A-Z_][A-Z0-9_]*|\$[a-z_]+|\$\w+/.*|%\{.*|%[A-Z_]+%|%\(?\w*\)?s|%[a-zA-Z]|\{\{.*|\{%.*|<[^<>]*>?|\[[^\[\]]*\]|"
    r"\([^()]*\)|\(?nil\)?|[*.•x_X#-]{2,}|@[\w.]+@|env:\w+|vault:[\w/#.-]+|file:.*|ref\+\w+:.*|\.\.\.|…"
)
_PATH = re.compile(r"(?:~|\.{1,2}|[A-Z]:)?[/\\](?:[\w.@%:~+-]++[/\\]?)*+")
_ROOT = re.compile(
    r"/(?:etc|var|usr|run|home|root|opt|srv|tmp|dev|proc|sys|mnt|media|data|lib\w*|s?bin|boot|app|\w*secrets?)\b"
)
_FINGERPRINT = re.compile(
    r"(?:SHA256:[A-Za-z0-9+/]{43}=?|(?:MD5:)?[0-9a-f]{2}(?::[0-9a-f]{2}){5,})", re.IGNORECASE
)
_PADDED = re.compile(r"[A-Za-z0-9+/]{30,}={1,2}")
_NAME_PART = re.compile(r"(?:^|[-_./:@])[a-z]{4,}(?:$|[-_./:@])")  # as in `default-token-x7k2p`
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
# Addresses, versions, dates, sizes, kernel pointers, dotted or dashed words: what logs put after "key:".
_ORDINARY = re.compile(
    r"v?\d[\d.,:_-]*[a-z%]{0,3}|(?:\d+:)?\d+\.\d[\w.+:~-]*|0x[0-9a-f]+|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:[%/]\w+)?|"
    r"\d{4}-\d\d-\d\d[T ][\d:.+Z-]+|[A-Za-z]+(?:[-_.:/@,][A-Za-z]+)*\d{0,2}|[A-Za-z][\w.-]*:\d{1,5}|\w+:/.*|[\w.-]+\.(?:service|socket|target|"
    r"timer|mount|slice|scope|device|path|swap|conf|cfg|ini|json|ya?ml|toml|pem|key|crt|cer|py|go|java|js|rs|sh)",
    re.IGNORECASE,
)


def password_like(value: str) -> bool:
    """Anything that is not plainly a setting, a path or a reference to where the secret is kept."""
    return len(value) > 1 and any(char.isalnum() for char in value) and not _known_plain(value)


def passphrase_like(value: str) -> bool:
    """As `password_like`, for a value that may hold blanks: a line of words from `_PLAIN` is a setting."""
    words = value.split()
    return password_like(value) and not all(word.lower().strip(".,;:!") in _PLAIN for word in words)


def token_like(value: str) -> bool:
    """Long enough, and not an ordinary word, number, address or name: what generators of tokens make."""
    if len(value) < 8 or " " in value or _known_plain(value) or _FINGERPRINT.fullmatch(value):
        return False
    letters = value.rstrip("0123456789")
    return not _ORDINARY.fullmatch(value[:400]) or (letters.isalpha() and _shuffled(letters))


def session_like(value: str) -> bool:
    """As `token_like`; a UUID stays, being how most software names a session without giving it away."""
    return token_like(value) and not _UUID.fullmatch(value)


def random_like(value: str) -> bool:
    """Cannot be a word: letters and digits mixed, and at least 3 bits of entropy per character.

    English words reach 2.5 to 3 bits at these lengths and have no digits; 12 random characters reach 3.3.
    """
    return (
        len(value) >= 10
        and token_like(value)
        and "=" not in value.rstrip("=")
        and not _NAME_PART.search(value)
        and any(char.isdigit() for char in value)
        and any(char.isalpha() for char in value)
        and not _UUID.fullmatch(value)
        and entropy(value) >= 3.0
    )


def base64_like(value: str) -> bool:
    """A padded base64 text of 22 bytes or more: after a word that says as little as "key"."""
    return _PADDED.fullmatch(value[:400]) is not None and any(char.isdigit() for char in value)


def entropy(value: str) -> float:
    """Shannon entropy of the characters of `value`, in bits per character; 0 for the empty string."""
    head = value[:400]
    shares = [head.count(char) / len(head) for char in set(head)]
    return -sum(share * log2(share) for share in shares)


def _shuffled(letters: str) -> bool:
    """Letters that no one would write: a word or a CamelCase name changes case twice in about six letters."""
    changes = sum(one.islower() != two.islower() for one, two in pairwise(letters))
    return len(letters) >= 24 or changes > 0.4 * len(letters)


def _known_plain(value: str) -> bool:
    head = value[:400]  # nothing below is longer, and a pattern need not walk a megabyte to say so
    return head.lower().strip(".,;:!") in _PLAIN or _REFERENCE.fullmatch(head) is not None or _is_path(head)


def _is_path(value: str) -> bool:
    """A path; base64 may begin with a slash too, and then has no root that a machine has, and no words."""
    if not _PATH.fullmatch(value):
        return False
    return len(value) < 20 or _ROOT.match(value) is not None or entropy(value) < 4.2
