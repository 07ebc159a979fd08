"""Secrets that only the command or file they come from gives away: second fields, third columns, any value.

These rules see every line of their producer's output and no line of any other's. They add to the general
rules, and stand before them. A producer is named by whoever collected it: the argv joined by blanks, a
probe's name, or a path that a user attached.
"""

from __future__ import annotations

import re

from tai.text.plausible import passphrase_like, password_like
from tai.text.rules import PatternRule


def _hash_like(value: str) -> bool:
    """The second field of passwd(5) or shadow(5); `x`, `*`, `!` and their kin say that there is none."""
    return len(value.strip("!*x")) > 1


def _setting_like(value: str) -> bool:
    return len(value) >= 4 and passphrase_like(value)


_ENVIRONMENT_NAME = r"[\w.-]{0,80}?(?i:pass|pw|key|auth|creds?|salt|pin|dsn|signature|private)"

_PRODUCERS: tuple[tuple[re.Pattern[str], tuple[PatternRule, ...]], ...] = (
    (
        re.compile(r"shadow|htpasswd|\.passwd\b|/passwd\b|getent passwd|pg_(?:shadow|authid)|userlist\.txt"),
        (
            # What follows `name:` is no hash but the rest of an address in `http://u:p@h`, whose own rule must see it whole;
            # thirteen characters that begin so are an old crypt(3) hash all the same.
            PatternRule(
                "password-hash",
                re.compile(r'^"?[^:\s"]{1,100}"?:(?!//(?![./\w]{11}(?::|$)))([^:\s]+)'),
                accept=_hash_like,
            ),
            PatternRule("password-hash", re.compile(r'^"[^"]+"\s+"([^"]+)"'), accept=_hash_like),
        ),
    ),
    (
        re.compile(
            r"systemctl show|show-environment|\bprintenv\b|(?:^|[\s/])env$|environ\b|\.env\b|inspect|compose"
        ),
        (
            PatternRule("credential", re.compile(r"^SetCredential(?:Encrypted)?=[^:]*:(.+)$")),
            PatternRule(
                "environment",
                re.compile(rf'"{_ENVIRONMENT_NAME}=((?:[^"\\]|\\.)++)(?:"|$)'),
                accept=_setting_like,
            ),
            PatternRule(
                "environment", re.compile(rf"^{_ENVIRONMENT_NAME}=(?!\")(\S.*)$"), accept=_setting_like
            ),
            PatternRule(
                "environment",
                re.compile(rf"(?:=|\s){_ENVIRONMENT_NAME}=(?!\")([^\s\"]+)"),
                accept=_setting_like,
            ),
        ),
    ),
    (
        re.compile(r"\bwg\b.*\b(?:show|showconf)\b|wireguard"),
        (
            PatternRule(
                "wireguard-key", re.compile(r"^(?:\S+\t)?([A-Za-z0-9+/]{43}=)\t(?:[A-Za-z0-9+/]{43}=)\t\d+\t")
            ),
        ),
    ),
    (
        re.compile(r"pgpass"),
        (PatternRule("password", re.compile(r"^(?!#)(?:(?:[^:\\]|\\.)*:){4}(.+)$"), accept=password_like),),
    ),
    (
        re.compile(r"netrc|authinfo"),
        (PatternRule("password", re.compile(r"\b(?:password|account)\s+(\S+)")),),
    ),
    (
        re.compile(r"(?:chap|pap)-secrets"),
        (PatternRule("password", re.compile(r'^\s*(?!#)(?:"[^"]*"|\S+)\s+\S+\s+(?:"([^"]+)"|(\S+))')),),
    ),
    (
        re.compile(r"ipsec\.secrets|swanctl"),
        (
            PatternRule(
                "ipsec-secret",
                re.compile(r'(?::\s*(?:PSK|EAP|XAUTH|NTLM|PIN)\s+|\bsecret\w*\s*=\s*)(?:"([^"]+)"|(\S+))'),
            ),
        ),
    ),
    (
        re.compile(r"secrets?\b.*-o ?(?:ya?ml|json)|Secret\.ya?ml"),
        (
            PatternRule(
                "kubernetes-secret",
                re.compile(
                    r"^\s+[\"']?(?!(?:name|namespace|uid|resourceVersion|creationTimestamp|type|kind|apiVersion)\b)"
                    r"[\w.-]+[\"']?:\s*[\"']?([A-Za-z0-9+/=]{4,})[\"']?,?\s*$"
                ),
            ),
        ),
    ),
    (
        re.compile(r"klist|ktutil|keytab"),
        (PatternRule("kerberos-key", re.compile(r"\((0x[0-9a-f]{16,})\)")),),
    ),
    (
        re.compile(r"\bkeys?\.(?:conf|bind)|rndc|named"),
        (PatternRule("tsig-key", re.compile(r'\bsecret\s+"?([A-Za-z0-9+/=]{8,})"?;')),),
    ),
)


def rules_for(producer: str) -> tuple[PatternRule, ...]:
    """The rules that only this producer's output needs; none for most."""
    return tuple(rule for named, rules in _PRODUCERS if named.search(producer) for rule in rules)
