"""A model's text is read as an answer if there is one in it, and otherwise its flaw is named."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tai.answer import Answer
from tai.llm.reading import read_answer
from tests.llm.server import ANSWER

TEXT = ANSWER.model_dump_json()


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"\n\n{TEXT}\n\n",
        f"```json\n{TEXT}\n```",
        f"Here is my answer, in {{braces}} as asked:\n{TEXT}\nI hope it helps.",
        f'First {{"a": 1}}, then {TEXT}',
        json.dumps(ANSWER.model_dump(), indent=4),
        TEXT[:-1] + ',"confidence":0.9}',
        f"<think>maybe {{</think>{TEXT}",
    ],
)
def test_answer_is_found_where_models_put_it(text: str) -> None:
    assert read_answer(text) == ANSWER


def test_raw_control_characters_in_strings_are_read() -> None:
    read = read_answer('{"outcome":"healthy","cause":"all\x1bwell\n\tindeed"}')
    assert isinstance(read, Answer)
    assert read.cause == "all\x1bwell\n\tindeed"


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("", "there was no text"),
        (" \n ", "there was no text"),
        ("[]", "there was no JSON object"),
        ('{"outcome": "healthy", "cause": }', "not valid JSON: Expecting value at character 33"),
        ('{"outcome": "healthy", "cause": "x"', "not valid JSON"),
        ('{"outcome": "healthy"}', "cause: Field required"),
        ('{"outcome": "healthy", "cause": "' + "x" * 401 + '"}', "cause: String should have at most 400"),
        (
            '{"outcome": "healthy", "cause": "x", "evidence": [{"text": "a", "quotes": [{"evidence": "E1"}]}]}',
            "evidence[0].quotes[0].text: Field required",
        ),
        ('{"outcome": "healthy", "cause": "\\ud800"}', "cause: Input should be a valid string"),
        ('{"outcome": "healthy", "cause": NaN}', "cause: Input should be a valid string"),
        ('{"a": ' + "9" * 5000 + "}", "not valid JSON: a number or a nesting without end"),
        ('{"a": ' + "[" * 100_000, "not valid JSON"),
        ('{"a":' * 100_000, "not valid JSON"),
    ],
)
def test_flaw_is_named(text: str, flaw: str) -> None:
    read = read_answer(text)
    assert isinstance(read, str)
    assert flaw in read
    assert len(read) < 1000


@given(st.text() | st.text('{}[]",:0 \\'))
def test_no_text_makes_reading_fail(text: str) -> None:
    assert isinstance(read_answer(text), Answer | str)


@given(st.text('{"a:}', max_size=200), st.text(max_size=50).filter(lambda text: "{" not in text))
def test_answer_behind_odd_text_is_never_another_answer(before: str, after: str) -> None:
    read = read_answer(before + TEXT + after)
    assert read == ANSWER or isinstance(read, str)
