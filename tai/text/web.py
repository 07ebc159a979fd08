"""Secrets that the grammar of URLs and HTTP headers gives away: userinfo, signatures, credentials, cookies.

Facts from RFC 3986 3.2.1 (userinfo), RFC 9110 11 (credentials), RFC 7616 (Digest), RFC 6265 (cookies), and
the documentation of signed URLs of AWS, Azure and Google. The names of query parameters are in `names`.
"""

from __future__ import annotations

import re

from tai.text.plausible import entropy, password_like, token_like
from tai.text.rules import PatternRule


def _userinfo_like(value: str) -> bool:
    """A token alone before the @ of a URL, as in a Sentry DSN or a clone URL; not a user's name."""
    return len(value) >= 20 and any(char.isdigit() for char in value) and entropy(value) > 3.2


def _credential_like(value: str) -> bool:
    """What follows `Bearer` or `Basic`: not a word of an error message about it."""
    return len(value) >= 6 and password_like(value) and not (value.isalpha() and value.islower())


def _cookie_like(value: str) -> bool:
    return len(value) >= 4 and "=" in value


_SCHEMES = r"(?i:bearer|basic|token|api-?key|bot|negotiate|ntlm|ssws|genie-?key|splunk|key|jwt|hawk)"
_CREDENTIAL = r"([A-Za-z0-9._~+/!:@=%-]{6,})"
_NAMED = r"(?i:authorization)[\"'\\]{0,4}\s{0,4}[:=,]?\s{0,4}[\"'\\]{0,4}"

RULES = (
    # The password may hold an @; the last one before the path counts.
    PatternRule(
        "url-password",
        re.compile(r"://[^\s:/?#@\"'<>]{0,200}:([^\s/?#\"'<>]{1,400})@"),
        ("@",),
        password_like,
    ),
    # It should not hold a slash, but does. Not the port and path of `http://registry:4873/@scope/`.
    PatternRule(
        "url-password",
        re.compile(r"://[^\s:/?#@\"'<>]{0,100}:(?!\d{1,5}/)([^\s\"'<>@]{1,200})@[\w.-]{1,253}[:/]"),
        ("@",),
        password_like,
    ),
    PatternRule("url-token", re.compile(r"://([^\s:/?#@\"'<>]{20,400}):?@"), ("@",), _userinfo_like),
    PatternRule(
        "url-password",
        re.compile(r"jdbc:oracle:\w{1,20}:[\w$#]{1,60}/([^\s@\"'/]{1,100})@"),
        ("@",),
        password_like,
    ),
    # A whole URL as the parameter of another
    PatternRule(
        "url-password",
        re.compile(r"%3[Aa]%2[Ff]%2[Ff][\w.~-]{0,100}%3[Aa]([\w.~%+!*-]{1,400}?)%40"),
        ("%40",),
        password_like,
    ),
    PatternRule(
        "url-signature",
        re.compile(r"[?&;](?:sig|[Ss]ignature|[Xx]-[AaGg][a-z]{2,3}-[Ss]ignature)=([\w%+/=.~-]{16,})"),
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
    PatternRule(
        "authorization",
        re.compile(rf"{_NAMED}{_SCHEMES}\s{{1,4}}[\"'\\]{{0,4}}{_CREDENTIAL}"),
        ("authorization",),
        _credential_like,
    ),
    PatternRule(
        "authorization",
        re.compile(r"(?<![A-Za-z])(?:response|[Ss]ignature)=[\"\\]{0,2}([A-Za-z0-9+/=_%&-]{16,})"),
        ("authorization",),
    ),
    PatternRule(
        "authorization",
        re.compile(rf"(?i:authorization)[\"'\\]{{0,4}}\s{{0,4}}[:=]\s{{0,4}}[\"'\\]{{0,4}}{_CREDENTIAL}"),
        ("authorization",),
        token_like,
    ),
    PatternRule("authorization", re.compile(rf"[Bb]earer\s{{1,4}}{_CREDENTIAL}"), ("bearer",), token_like),
    PatternRule(
        "cookie",
        re.compile(
            r"(?i:set-cookie2?)[\"'\\]{0,4}\s{0,4}[:=]\s{0,4}[\"'\\]{0,4}[^\s=;,\"'\\]{1,100}=[\"\\]{0,2}([^\s;,\"'\\]{4,})"
        ),
        ("cookie",),
    ),
    PatternRule(
        "cookie",
        re.compile(
            r"(?<![\w-])(?i:cookie2?)[\"'\\]{0,4}\s{0,4}[:=]\s{0,4}[\"'\\]{0,4}([^\s=;,\"'\\]{1,100}=[^\"'\\]*[^\"'\\\s])"
        ),
        ("cookie",),
        _cookie_like,
    ),
)
