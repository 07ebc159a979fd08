"""Secrets that are known by the syntax they stand in: URLs, HTTP headers, password hashes, program options.

Neither the secret's own form (`tokens`) nor a name that equals it (`keyed`) gives these away, but a grammar
does: RFC 3986 userinfo, RFC 9110 and 6265 headers, crypt(5) and RFC 2307 hashes, the options of a few
programs that take a password on their command line (each from its manual page), snmpd.conf(5), SQL.
"""

from __future__ import annotations

import re

from tai.text.plausible import entropy, password_like, token_like
from tai.text.rules import PatternRule


def _cookie_like(value: str) -> bool:
    return len(value) >= 4 and "=" in value


def _userinfo_like(value: str) -> bool:
    """A token alone before the @ of a URL, as in a Sentry DSN or a clone URL; not a user's name."""
    return len(value) >= 20 and any(char.isdigit() for char in value) and entropy(value) > 3.2


def _scheme_value(value: str) -> bool:
    """What follows `Bearer` or `Basic`: not a word of an error message about it."""
    return len(value) >= 6 and password_like(value) and not (value.isalpha() and value.islower())


_ARGUMENT = r"""(?:"([^"]+)"|'([^']+)'|([^\s"'|;&<>\\]+))"""  # one shell word, quotes off
_TO_OPTION = r"(?:[^\n|;]{0,300}?\s|\s)"  # from a program's name to one of its options, in the same command

_URLS = (
    PatternRule(
        "url-password",
        re.compile(r"://[^\s:/?#@\"'<>]{0,200}:([^\s/?#\"'<>]{1,400})@"),
        ("@",),
        password_like,
    ),
    PatternRule(
        "url-password",
        re.compile(r"://[^\s:/?#@\"'<>]{0,100}:(?!\d{1,5}/)([^\s\"'<>@]{1,200})@[\w.-]+[:/]"),
        ("@",),
        password_like,
    ),
    PatternRule("url-token", re.compile(r"://([^\s:/?#@\"'<>]{20,400}):?@"), ("@",), _userinfo_like),
    PatternRule(
        "url-password",
        re.compile(r"(?i:jdbc:oracle:\w+:)[\w$#]+/([^\s@\"'/]+)@"),
        ("@",),
        password_like,
    ),
    PatternRule(
        "url-signature",
        re.compile(r"[?&;](?i:sig|signature|x-amz-signature|x-goog-signature)=([\w%+/=.~-]{16,})"),
        ("sig=", "signature="),
    ),
    PatternRule(
        "webhook-url",
        re.compile(
            r"hooks\.slack\.com/(?:services|workflows|triggers)/([\w/-]{16,})|"
            r"discord(?:app)?\.com/api/(?:v\d+/)?webhooks/(\d+/[\w-]{20,})|"
            r"\.webhook\.office\.com/webhookb2/([\w@/-]{30,})"
        ),
        ("hook",),
    ),
)

_SCHEMES = r"(?i:bearer|basic|token|apikey|api-key|bot|negotiate|ntlm|sswg|ssws|genie(?:key)?|splunk|pve\w+|key|jwt|hoba|hawk)"
_CREDENTIAL = r"([A-Za-z0-9._~+/!:@=%-]{6,})"
_HEADERS = (
    PatternRule(
        "authorization",
        re.compile(rf"(?i:authorization)[\"'\\]*\s*[:=,]?\s*[\"'\\]*{_SCHEMES}\s+[\"'\\]*{_CREDENTIAL}"),
        ("authorization",),
        _scheme_value,
    ),
    PatternRule(
        "authorization",
        re.compile(rf"\b(?i:bearer|basic)\s+{_CREDENTIAL}"),
        ("bearer ", "basic "),
        token_like,
    ),
    PatternRule(
        "authorization",
        re.compile(rf"(?i:authorization)[\"'\\]*\s*[:=]\s*[\"'\\]*{_CREDENTIAL}"),
        ("authorization",),
        token_like,
    ),
    PatternRule(
        "authorization",
        re.compile(r"\b(?:response|signature|Signature)=[\"\\]{0,2}([A-Za-z0-9+/=_%&-]{16,})"),
        ("response=", "signature="),
    ),
    PatternRule(
        "cookie",
        re.compile(
            r"(?<![\w-])(?i:cookie2?)[\"'\\]*\s*[:=]\s*[\"'\\]*([^\s=;,\"'\\]{1,100}=[^\"'\\\n]*[^\"'\\\s])"
        ),
        ("cookie",),
        _cookie_like,
    ),
    PatternRule(
        "cookie",
        re.compile(r"(?i:set-cookie2?)[\"'\\]*\s*[:=]\s*[\"'\\]*[^\s=;,\"'\\]{1,100}=\"?([^\s;,\"'\\]{4,})"),
        ("cookie",),
    ),
    PatternRule("erlang-cookie", re.compile(rf"-setcookie\s+{_ARGUMENT}"), ("cookie",), password_like),
    PatternRule(
        "api-key",
        re.compile(
            r"(?<![\w-])(?i:x-[\w-]{0,30}(?:key|token|secret|password|auth|signature|credential)|api-?key|dd-api-key|"
            r"private-token|job-token|deploy-token|auth-token|access-token)[\"'\\]*\s*:\s*[\"'\\]*([^\s\"'\\,;]{6,})"
        ),
        ("key", "token", "secret", "pass", "credential", "x-auth", "signature"),
        password_like,
    ),
)

_HASHES = (
    PatternRule(
        "password-hash",
        re.compile(
            r"(?<![\w$])(\$(?:1|2[abxy]?|3|5|6|7|8|9|14|y|gy|md5|sha1|apr1|P|H|S|argon2(?:id?|d)|scrypt|s0|A|bcrypt[\w-]*|"
            r"pbkdf2[\w-]*|DCC2)\$[^\s:\"',;<>|]{8,})"
        ),
        ("$",),
    ),
    PatternRule(
        "password-hash",
        re.compile(r"((?i:\{(?:s?sha(?:256|384|512)?|s?md5)\})[\w+/=$.,-]{16,})"),
        ("{s", "{md5"),
    ),
    PatternRule("password-hash", re.compile(r"(?i:\{crypt\})([^\s:\"']{13,})"), ("{crypt}",)),
    PatternRule(
        "password-hash",
        re.compile(
            r"\b((?:pbkdf2_sha\d+|pbkdf2:sha\d+|bcrypt_sha256|argon2|scrypt)(?:[:$]\w+)+\$[\w+/=$.,]{16,})"
        ),
        ("$",),
    ),
    PatternRule(
        "password-hash",
        re.compile(r"(SCRAM-SHA-(?:1|256)\$\d+:[\w+/=]+\$[\w+/=]+:[\w+/=]+)"),
        ("$",),
    ),
    PatternRule(
        "password-hash", re.compile(r"^[^:\s]+:\d+:([0-9A-Fa-f]{32}:[0-9A-Fa-f]{32}):"), (":::", ":lct-")
    ),
    PatternRule(
        "kerberos-key",
        re.compile(r"\((?:aes|arcfour|des|camellia)[\w-]*\)\s+\((0x[0-9a-f]{16,})\)"),
        ("(0x",),
    ),
)

_PROGRAMS = (
    PatternRule(
        "password",
        re.compile(rf"\b(?:mysql|mariadb){_TO_OPTION}-p(?!ort\b)([^\s\"']+)"),
        ("sql", "mariadb"),
        password_like,
    ),
    PatternRule(
        "password",
        re.compile(rf"\bsql(?:cmd|plus)\b{_TO_OPTION}(?:-P\s*([^\s\"']+)|\w+/([^\s@/\"']+)@)"),
        ("sql",),
        password_like,
    ),
    PatternRule("password", re.compile(rf"\bsshpass{_TO_OPTION}-p\s*{_ARGUMENT}"), ("pass",), password_like),
    PatternRule(
        "password",
        re.compile(
            rf"\bcurl{_TO_OPTION}(?:-[uU]|--user|--proxy-user)[ =]?[\"']?[^\s:\"']{{1,100}}:([^\s\"']+)"
        ),
        ("curl",),
        password_like,
    ),
    PatternRule(
        "password", re.compile(rf"\bredis-cli{_TO_OPTION}-a\s*{_ARGUMENT}"), ("redis-cli",), password_like
    ),
    PatternRule("password", re.compile(rf"\bldap\w+{_TO_OPTION}-w\s*{_ARGUMENT}"), ("ldap",), password_like),
    PatternRule(
        "password", re.compile(rf"\bmongo\w*{_TO_OPTION}-p\s*{_ARGUMENT}"), ("mongo",), password_like
    ),
    PatternRule(
        "password",
        re.compile(rf"\b(?:ipmitool|ipmi-\w+){_TO_OPTION}-[pP]\s*{_ARGUMENT}"),
        ("ipmi",),
        password_like,
    ),
    PatternRule(
        "password",
        re.compile(rf"\bsmb\w+\b{_TO_OPTION}-U\s*[\"']?[^\s%\"']+%([^\s\"']+)"),
        ("smb",),
    ),
    PatternRule(
        "password",
        re.compile(rf"\b(?:7z[az]?|(?:un)?zip)\b{_TO_OPTION}-[pP]{_ARGUMENT}"),
        ("zip -", "7z"),
        password_like,
    ),
    PatternRule(
        "password", re.compile(rf"\b(?:x|wl)?freerdp{_TO_OPTION}/p:{_ARGUMENT}"), ("freerdp",), password_like
    ),
    PatternRule(
        "password",
        re.compile(rf"\b(?:login|registry login){_TO_OPTION}-p\s+{_ARGUMENT}"),
        ("login",),
        password_like,
    ),
    PatternRule(
        "password",
        re.compile(rf"\bhtpasswd{_TO_OPTION}-\w*b\w*\s+\S+\s+\S+\s+{_ARGUMENT}"),
        ("pass",),
        password_like,
    ),
    PatternRule(
        "password",
        re.compile(
            rf"\brabbitmqctl\s.{{0,80}}?(?:add_user|change_password|authenticate_user)\s+\S+\s+{_ARGUMENT}"
        ),
        ("rabbitmqctl",),
        password_like,
    ),
    PatternRule(
        "password", re.compile(rf"\bpass:{_ARGUMENT}"), ("pass",), password_like
    ),  # openssl -passin, -passout
    PatternRule(
        "password",
        re.compile(r"\becho\s+[\"']?[\w.-]+:([^\s\"']+)[\"']?\s*\|\s*chpasswd"),
        ("pass",),
        password_like,
    ),
    PatternRule(
        "snmp-community",
        re.compile(
            rf"\bsnmp(?:get|getnext|walk|bulkwalk|bulkget|set|table|trap|inform|df|status|translate){_TO_OPTION}-[cAX]\s*{_ARGUMENT}"
        ),
        ("snmp",),
        password_like,
    ),
)

_STATEMENTS = (
    PatternRule(
        "password",
        re.compile(r"(?i:\bidentified\s+(?:with\s+\S+\s+)?(?:by|as)\s+(?:password\s+)?)['\"]([^'\"]+)"),
        ("identified",),
    ),
    PatternRule("password", re.compile(r"(?i:\bpassword\s*\(?\s*)'([^']+)'"), ("pass",), password_like),
    PatternRule(
        "password",
        re.compile(r"(?i:\b(?:requirepass|masterauth|sentinel auth-pass \S+)\s+)\"?([^\s\"]+)"),
        ("pass", "masterauth"),
        password_like,
    ),
    PatternRule(
        "password",
        re.compile(r"^\s*(?i:bindpw|rootpw|rootbindpw|olcrootpw:?)\s+(\S.*\S)"),
        ("pw",),
        password_like,
    ),
    PatternRule(
        "password", re.compile(r"\blogin\s+\S+\s+password\s+(\S+)"), ("login",), password_like
    ),  # netrc
    PatternRule(
        "password",
        re.compile(r"^(?:[^:\s\\]|\\.)+:(?:\d{2,5}|\*):(?:[^:\\]|\\.)+:(?:[^:\\]|\\.)+:((?:[^:\\\s]|\\.)+)$"),
        (":*:", ":5432:"),
    ),
    PatternRule(
        "password",
        re.compile(r"(?i:\b(?:enable|username \S+|line \S+)\s+(?:password|secret)\s+(?:\d\s+)?)(\S+)"),
        ("pass", "secret"),
        token_like,
    ),
    PatternRule(
        "snmp-community",
        re.compile(
            r"^\s*(?:r[ow]community6?\s+(\S+)|com2sec6?\s+(?:-Cn\s+\S+\s+)?\S+\s+\S+\s+(\S+)|"
            r"(?:trap|inform)?community\s+(\S+)|trap2?sink\s+\S+\s+(\S+)|snmp-server\s+community\s+(\S+))|"
            r"\bsnmp-server\s+community\s+(\S+)|\bcommunity[\"']?\s*[:=]\s*[\"']?([^\s\"',;]+)"
        ),
        ("community", "com2sec", "sink"),
        password_like,
    ),
    PatternRule(
        "snmp-user",
        re.compile(
            r"^\s*createUser\s+(?:-e\s+\S+\s+)?\S+\s+(?:MD5|SHA[\w-]*)\s+(\"[^\"]+\"|\S+)(?:\s+(?:DES|AES\w*)\s+(\"[^\"]+\"|\S+))?"
        ),
        ("createuser",),
    ),
    PatternRule(
        "docker-auth",
        re.compile(r"[\"'](?i:auth|identitytoken|_auth)[\"']\s*:\s*[\"']([A-Za-z0-9+/=_-]{8,})"),
        ('auth"', "auth'", "token"),
    ),
    PatternRule(
        "ipsec-psk",
        re.compile(r":\s*PSK\s+\"([^\"]+)\""),
        ("psk",),
    ),
)

RULES = _URLS + _HEADERS + _HASHES + _PROGRAMS + _STATEMENTS
