"""What the bar under the input line says of a session: the most telling first, for the bar drops from the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tai.engine.session import Session
    from tai.model import Window


def status(session: Session, engine: str) -> list[str]:
    """Host with user and jump chain, engine and model, evidence, window, context. engine: who answers."""
    parts = [_where(session), engine]
    if seen := len(session.observations):
        parts.append("1 piece of evidence" if seen == 1 else f"{seen} pieces of evidence")
    if session.ticket is not None and session.ticket.window:
        parts.append(_when(session.ticket.window))
    if session.prompt is not None:
        # Of the budget that the user set: a server's own window is larger, and not always told.
        prompt = session.prompt
        parts.append(f"context {prompt.tokens * 100 // prompt.budget} % of {prompt.budget:,} tokens")
    return parts


def _where(session: Session) -> str:
    """`root@db-01 via bastion`: as it was reached, and before that as it was asked for."""
    target, host = session.target, session.host
    if target is None:
        return "no host yet"
    user = (host.user if host else "") or target.user or ""
    name = f"{user}@{target.name}" if user else target.name
    via = host.via if host else tuple((target.jump or "").split(",")) if target.jump else ()
    return f"{name} via {', '.join(via)}" if via else name


def _when(window: Window) -> str:
    """`14:05 – 15:00`, with the day of each end that has another than the end before it."""
    since = f"{window.since:%m-%d %H:%M}" if window.since else "…"
    until = "…"
    if window.until:
        same = window.since and window.since.date() == window.until.date()
        until = f"{window.until:%H:%M}" if same else f"{window.until:%m-%d %H:%M}"
    return f"{since} – {until}"
