"""What a ticket complains of, in its own words."""

from __future__ import annotations

import pytest

from tai.llm.complaints import complained_of


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("api.example.com cannot be resolved from the workers", "name-error"),
        ("the name is resolved to the old address", "name-error"),
        ("resolving takes 5 s", "name-error"),
        ("check /etc/resolv.conf", "name-error"),
        ("clients get 502", "backend-error"),
        ("nobody can log in since noon", "auth-error"),
    ],
)
def test_complaint_is_known_by_its_words(text: str, effect: str) -> None:
    assert effect in complained_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "Alarm on web-01 at 04:00. Auto-resolved five minutes later.",
        "incident 4711 was resolved by the night shift",
    ],
)
def test_an_alarm_that_is_resolved_complains_of_no_name(text: str) -> None:
    assert "name-error" not in complained_of(text)
