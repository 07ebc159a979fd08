"""A member of a printed object is kept with what it is part of and with what names that."""

from __future__ import annotations

import json

from tai.engine.condense import condense
from tai.engine.condense.nested import nested
from tai.llm.tokens import count
from tai.model import Observation, Outcome, Subjects

PODS = {
    "kind": "List",
    "items": [
        {
            "metadata": {"name": f"pod-{n}", "labels": {f"l{k}": f"{k}" for k in range(12)}},
            "spec": {"volumes": [{"path": f"/srv/{n}/{k}", "size": k} for k in range(20)]},
            "status": {
                "phase": "Failed" if n == 17 else "Running",
                "reason": "Evicted" if n == 17 else "",
                "message": "The node was low on resource: ephemeral-storage" if n == 17 else "",
            },
        }
        for n in range(30)
    ],
}


def test_a_member_brings_its_ancestors_their_names_and_its_neighbours() -> None:
    lines = json.dumps(PODS["items"][3], indent=2).split("\n")
    at = next(index for index, line in enumerate(lines) if '"phase"' in line)
    assert [lines[index].strip() for index in nested(lines, at)] == [
        "{",
        '"status": {',
        '"phase": "Running",',
        '"reason": "",',
        '"message": ""',
    ]


def test_names_are_those_of_the_object_that_has_the_member_and_not_of_the_one_before() -> None:
    text = json.dumps([{"name": "a", "state": {"exit": 0}}, {"name": "b", "state": {"exit": 1}}], indent=1)
    lines = text.split("\n")
    at = max(index for index, line in enumerate(lines) if '"exit"' in line)
    kept = [lines[index].strip() for index in nested(lines, at)]
    assert '"name": "b",' in kept
    assert '"name": "a",' not in kept


def test_a_line_of_a_log_or_of_a_trace_is_no_member() -> None:
    assert nested(["Nov 22 10:00:00 h app: {", '    at "x": y', "}"], 1) == []
    assert nested(['"key": 1'], 0) == []


def test_a_telling_member_far_below_is_kept_with_its_own_object_within_a_small_budget() -> None:
    items = [
        {
            "Name": f"svc-{n}",
            "Mounts": [{"Source": f"/srv/{n}/{k}", "RW": True} for k in range(30)],
            "State": {
                "Status": "exited" if n == 17 else "running",
                "Error": "cannot allocate memory" if n == 17 else "",
            },
        }
        for n in range(30)
    ]
    seen = Observation(
        id="E1",
        host="h",
        collector="containers",
        probe="inspect",
        argv=("docker", "inspect"),
        outcome=Outcome.OK,
        text=json.dumps(items, indent=4) + "\n",
    )
    kept = [
        line.strip()
        for _, line in condense([seen], [], Subjects(), budget=600, count=count).sections[0].lines
    ]
    assert '"Error": "cannot allocate memory"' in kept
    assert '"Name": "svc-17",' in kept
    assert '"Name": "svc-16",' not in kept
