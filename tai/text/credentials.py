"""Secrets that the syntax of a file or a statement gives away: password hashes, SQL, SNMP, LDAP, logins.

Not tokens, which their own form gives away (`tokens`), and not values of telling names (`keyed`). Facts from
crypt(5), RFC 2307 and 5803 (hashes), smbpasswd(5), snmpd.conf(5), slapd.conf(5), the `.netrc` and `.pgpass`
descriptions of ftp(1) and PostgreSQL, redis.conf, and the Docker client's config.json.
"""

from __future__ import annotations

import re

from tai.text.plausible import passphrase_like, password_like
from tai.text.rules import PatternRule

_HASHES = (
    PatternRule(
        "password-hash",
        re.compile(
            r"(?<![\w$])(\$(?:1|2[abxy]?|3|5|6|7|8|9|14|y|gy|md5|sha1|apr1|P|H|S|argon2(?:id?|d)|scrypt|A|DCC2|"
            r"bcrypt[\w-]{0,20}|pbkdf2[\w-]{0,20})\$[^\s:\"',;<>|]{8,})"
        ),
        ("$",),
    ),
    # Django, Werkzeug, passlib; then PostgreSQL's
    PatternRule(
        "password-hash",
        re.compile(r"((?:pbkdf2|bcrypt|argon2|scrypt)[\w:-]{0,60}\$[\w+/=.-]{1,100}\$[\w+/=$.,-]{16,})"),
        ("$",),
    ),
    PatternRule(
        "password-hash", re.compile(r"(SCRAM-SHA-(?:1|256)\$\d+:[\w+/=]+\$[\w+/=]+:[\w+/=]+)"), ("$",)
    ),
    PatternRule(
        "password-hash",
        re.compile(r"(\{(?i:s?sha(?:256|384|512)?|s?md5)\}[A-Za-z0-9+/=]{16,})"),
        ("{s", "{md5"),
    ),
    PatternRule(
        "password-hash",
        re.compile(r"^[^:\s]{1,100}:\d{1,10}:([0-9A-Fa-fX]{32}:[0-9A-Fa-fX]{32}):"),
        (":::", ":lct-"),
        lambda value: len(set(value)) > 4,  # smbpasswd(5) writes X for "none"
    ),
    PatternRule(
        "kerberos-key",
        re.compile(r"\((?:aes|arcfour|des|camellia)[\w-]{0,40}\)\s{1,4}\((0x[0-9a-f]{16,})\)"),
        ("(0x",),
    ),
)

_STATEMENTS = (
    PatternRule(
        "password",
        re.compile(
            r"(?i:identified\s{1,8}(?:with\s{1,8}\S{1,60}\s{1,8})?(?:by|as)\s{1,8}(?:password\s{1,8})?)['\"]([^'\"]+)"
        ),
        ("identified",),
    ),
    PatternRule(
        "password",
        re.compile(r"(?:PASSWORD|[Pp]assword)(?:\s{1,4}|\s{0,4}\(\s{0,4})'([^']+)'"),
        ("password",),
        passphrase_like,
    ),
    PatternRule(
        "password",
        re.compile(r"(?:requirepass|masterauth|auth-pass\s{1,4}\S{1,60})\s{1,8}\"?([^\s\"]+)"),
        ("requirepass", "masterauth", "auth-pass"),
        password_like,
    ),
    PatternRule(
        "password",
        re.compile(r"^\s{0,8}(?i:bindpw|rootpw|rootbindpw|olcrootpw:?)\s{1,80}(\S.*)"),
        ("pw",),
        password_like,
    ),
    PatternRule("password", re.compile(r"login\s{1,8}\S{1,100}\s{1,8}password\s{1,8}(\S+)"), ("login",)),
    PatternRule(
        "password", re.compile(r"^[^:\s]{1,253}:5432:[^:\s]{1,63}:[^:\s]{1,63}:([^:\s]+)$"), (":5432:",)
    ),
    PatternRule(
        "snmp-community",
        re.compile(
            r"^\s{0,8}(?:r[ow]community6?\s+(\S+)|com2sec6?\s+(?:-Cn\s+\S+\s+)?\S+\s+\S+\s+(\S+)|"
            r"(?:trap|inform)?community\s+(\S+))|\bsnmp-server\s+community\s+(\S+)"
        ),
        ("community", "com2sec"),
    ),
    PatternRule(
        "snmp-community",
        re.compile(r"community[\"']?\s{0,4}[:=]\s{0,4}[\"']?([^\s\"',;]+)"),
        ("community",),
        password_like,
    ),
    PatternRule(
        "snmp-user",
        re.compile(
            r"^\s{0,8}createUser\s+(?:-e\s+\S+\s+)?\S+\s+(?:MD5|SHA[\w-]*)\s+(\"[^\"]+\"|\S+)"
            r"(?:\s+(?:DES|AES\w*)\s+(\"[^\"]+\"|\S+))?"
        ),
        ("createuser",),
    ),
    PatternRule("docker-auth", re.compile(r"\"auth\"\s{0,4}:\s{0,4}\"([A-Za-z0-9+/=_-]{8,})"), ('"auth"',)),
    PatternRule("ipsec-psk", re.compile(r":\s{0,4}PSK\s{1,8}\"([^\"]+)\""), ("psk",)),
)

RULES = _HASHES + _STATEMENTS
