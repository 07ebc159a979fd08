"""Certificates that a configuration names and nobody opened. Pure.

A file whose name does not say that it holds no key is opened only when the person on call agrees; until then a host of which a
ticket complains about TLS is not known to be well.
"""

from __future__ import annotations

from collections.abc import Sequence

from tai.answer import SaidCheck
from tai.llm.complaints import complained_of
from tai.model import Observation, Ticket

_NAMING = frozenset({"certificates-of-sites", "certificates-of-services"})


def unopened(ticket: Ticket, observations: Sequence[Observation]) -> tuple[str, ...]:
    """The paths, in the order in which the configuration names them; () when the ticket complains of nothing that a certificate can do."""
    if "tls-error" not in complained_of(ticket.text):
        return ()
    opened = {word for seen in observations if seen.argv[:1] == ("openssl",) for word in seen.argv}
    named = [path for seen in observations if seen.probe in _NAMING for path in _paths(seen)]
    return tuple(path for path in dict.fromkeys(named) if path not in opened)


def opening(path: str) -> SaidCheck:
    """The command that tells whose it is and when it ends; it prints nothing of a key."""
    argv = ("openssl", "x509", "-in", path, "-noout", "-subject", "-issuer", "-dates", "-checkend", "0")
    return SaidCheck(
        argv=argv, why="To see whether the certificate that the configuration names has expired."
    )


def _paths(seen: Observation) -> list[str]:
    rows = seen.data if isinstance(seen.data, list) else []
    return [str(row["path"]) for row in rows if str(row.get("path", "")).startswith("/")]
