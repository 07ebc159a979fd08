"""Secrets on command lines where no word says so: `mysql -pSECRET`, `curl -u user:SECRET`, `-a SECRET`.

Only programs that a Linux server is likely to run and whose manual page gives the option; long options with
a telling name (`--password`) need no rule here, see `keyed`. Command lines stand in `ps`, in a journal's
_CMDLINE, in cron files, units and shell histories, so nothing depends on who printed them.
"""

from __future__ import annotations

import re

from tai.text.plausible import password_like
from tai.text.rules import PatternRule

_ARGUMENT = r"""(?:"([^"]+)"|'([^']+)'|([^\s"'|;&<>\\]+))"""  # one shell word, without its quotes
# From a program's name to one of its options, in the same command. Bounded, to keep long lines linear.
_ON = r"(?:[^|;]{0,300}?\s|\s)"


def _option(program: str, option: str, *anchors: str, kind: str = "password") -> PatternRule:
    return PatternRule(kind, re.compile(f"{program}{_ON}{option}"), anchors, password_like)


RULES = (
    _option(r"mysql\w{0,20}", rf"-p(?!ort\b){_ARGUMENT}", "mysql"),
    _option(r"mariadb[\w-]{0,20}", rf"-p(?!ort\b){_ARGUMENT}", "mariadb"),
    _option("sqlcmd", rf"-P\s{{0,4}}{_ARGUMENT}", "sqlcmd"),
    _option("sqlplus", r"[\w$#]{1,60}/([^\s@/\"']+)@", "sqlplus"),
    _option("mongo(?:sh|dump|restore|export|import|stat|top)?", rf"-p\s{{0,4}}{_ARGUMENT}", "mongo"),
    _option("redis-cli", rf"-a\s{{0,4}}{_ARGUMENT}", "redis-cli"),
    _option("sshpass", rf"-p\s{{0,4}}{_ARGUMENT}", "sshpass"),
    _option("curl", r"(?:-[uU]|--user|--proxy-user)[ =]?[\"']?[^\s:\"']{1,100}:([^\s\"']+)", "curl"),
    _option(r"ldap\w{2,12}", rf"-w\s{{0,4}}{_ARGUMENT}", "ldap"),
    _option(r"smb\w{2,12}", r"-U\s{0,4}[\"']?[^\s%\"']{1,100}%([^\s\"']+)", "smb"),
    _option(r"ipmi[\w-]{2,12}", rf"-[pP]\s{{0,4}}{_ARGUMENT}", "ipmi"),
    _option("login", rf"-p\s{{1,4}}{_ARGUMENT}", "login"),  # docker, podman, helm registry, az, oc
    _option("htpasswd", rf"-\w{{0,6}}b\w{{0,6}}\s+\S{{1,200}}\s+\S{{1,200}}\s+{_ARGUMENT}", "htpasswd"),
    _option(
        "rabbitmqctl",
        rf"(?:add_user|change_password|authenticate_user)\s+\S{{1,100}}\s+{_ARGUMENT}",
        "rabbitmqctl",
    ),
    _option("snmp[a-z]{3,10}", rf"-[cAX]\s{{0,4}}{_ARGUMENT}", "snmp", kind="snmp-community"),
    PatternRule("password", re.compile(rf"pass:{_ARGUMENT}"), ("pass:",), password_like),  # openssl -passin
    PatternRule(
        "password", re.compile(r"echo\s+[\"']?[\w.-]{1,64}:([^\s\"']+)[\"']?\s*\|\s*chpasswd"), ("chpasswd",)
    ),
    PatternRule("erlang-cookie", re.compile(rf"-setcookie\s+{_ARGUMENT}"), ("cookie",), password_like),
)
