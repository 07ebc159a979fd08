"""What holds of condensing whatever a host prints: nothing invented, nothing cited lost, nothing unaccounted for."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tai.engine.condense import Condensed, FileSource, condense
from tai.llm.tokens import count
from tai.model import Finding, Observation, Subjects
from tests.engine.evidence import finding, observation

ROOT = Path(__file__).parents[3]

_WORDS = st.sampled_from(
    [
        "error",
        "failed",
        "the",
        "unit",
        "nginx.service",
        "started",
        "code=exited",
        "status=1/FAILURE",
        "100%",
        "/srv",
        "Caused",
        "by:",
        "at",
        "a.b(C.java:3)",
        "12",
        "0x1f",
        "é",
        "日本",
    ]
)
_LINES = st.one_of(
    st.lists(_WORDS, max_size=9).map(" ".join),
    st.text(alphabet=st.characters(blacklist_categories=["Cs", "Cc"]), max_size=60),
    st.sampled_from(
        ["", "\tat a.b.C(D.java:9)", "Traceback (most recent call last):", '  File "x.py", line 3', "{", "}"]
    ),
)
_TEXTS = st.lists(st.lists(_LINES, max_size=50).map("\n".join), min_size=1, max_size=4)


def run(texts: list[str], budget: int, cited: list[tuple[int, int]]) -> tuple[list[Observation], Condensed]:
    seen = [observation(number, text) for number, text in enumerate(texts, start=1)]
    findings: list[Finding] = [finding((f"E{number}", line, "")) for number, line in cited]
    return seen, condense(
        seen, findings, Subjects(units=("nginx",)), budget=budget, count=count, words=("failed", "unit")
    )


def tokens_of(result: Condensed) -> int:
    """As the prompt renders them: each name, each line under its label, each mark."""
    total = 0
    for section in result.sections:
        seen = section.observation
        total += count(f"{seen.id}: {seen.source}\n")
        total += sum(count(f"{seen.id}:{number}| {line}\n") for number, line in section.lines)
        total += sum(
            count(f"[... {gap}]\n")
            for gap in [*section.gaps.values(), *([section.tail] if section.tail else [])]
        )
    return total


@settings(max_examples=60, deadline=None)
@given(_TEXTS, st.integers(20, 3000), st.data())
def test_kept_lines_are_the_hosts_and_every_line_is_accounted_for(
    texts: list[str], budget: int, data: st.DataObject
) -> None:
    lines = [
        (number, line)
        for number, seen in enumerate(texts, start=1)
        for line in range(1, len(observation(number, seen).lines) + 1)
    ]
    cited = data.draw(st.lists(st.sampled_from(lines), max_size=3)) if lines else []
    seen, result = run(texts, budget, cited)
    for each, section, receipt in zip(seen, result.sections, result.receipts, strict=True):
        numbers = [number for number, _ in section.lines]
        assert numbers == sorted(set(numbers))
        assert all(each.lines[number - 1] == line for number, line in section.lines)
        assert {line for number, line in cited if f"E{number}" == each.id} <= set(numbers)
        assert (receipt.lines, receipt.kept_lines) == (len(each.lines), len(numbers))
        assert receipt.size == sum(len(line.encode()) + 1 for line in each.lines)
        assert receipt.kept_size == sum(len(line.encode()) + 1 for _, line in section.lines)
        assert receipt.kept_kinds <= receipt.kinds
        assert sum(one.lines for one in receipt.left_out) <= receipt.lines - receipt.kept_lines
        if numbers:
            told = [*section.gaps.values(), *([section.tail] if section.tail else [])]
            assert sum(int(gap.split(" ")[0]) for gap in told) + len(numbers) == receipt.lines
            assert set(section.gaps) <= set(numbers)
    if not cited:
        names = sum(count(f"{each.id}: {each.source} (exit 1)\n\n") for each in seen)
        assert tokens_of(result) <= max(budget, names)


@settings(max_examples=30, deadline=None)
@given(_TEXTS, st.integers(50, 2000))
def test_the_same_twice(texts: list[str], budget: int) -> None:
    assert run(texts, budget, [])[1] == run(texts, budget, [])[1]


_DIGEST = """
import hashlib, sys
from tai.engine.condense import condense
from tai.llm.tokens import count
from tai.model import Observation, Outcome, Subjects
text = "".join(
    f"Nov 21 14:{n // 60 % 60:02}:{n % 60:02} db-01 app[{n}]: {w} of /srv/{w}/{n % 7} failed: {w}\\n"
    for n in range(3000) for w in [("sync", "lease", "quota", "mount", "probe", "index")[n % 6]]
) + "Traceback (most recent call last):\\n  File \\"a.py\\", line 1, in <module>\\nValueError: lease\\n"
seen = [Observation(id=f"E{k}", host="h", collector="c", probe="p", label="log", outcome=Outcome.OK, text=text[k * 999:]) for k in (1, 2, 3)]
made = condense(seen, [], Subjects(units=("app", "db")), budget=3000, count=count, words=("lease", "quota", "index", "disk"))
print(hashlib.sha256(repr([(s.lines, s.gaps, s.tail) for s in made.sections] + [r.model_dump_json() for r in made.receipts]).encode()).hexdigest())
"""


def test_hash_seeds_change_no_byte() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", _DIGEST],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "31337")
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == len(hashlib.sha256().hexdigest())


def test_a_fatal_line_in_the_middle_of_a_long_log_survives_the_smallest_budget(tmp_path: Path) -> None:
    noise = [
        f"2026-11-21T14:{n // 60 % 60:02}:{n % 60:02} web-01 app[{n % 11}]: request {n} for /item/{n * 7} served in {n % 9} ms"
        for n in range(100_000)
    ]
    noise[50_000] = "2026-11-21T14:31:00 web-01 app[7]: terminating: the ledger is corrupt"
    file = tmp_path / "app.log"
    file.write_text("\n".join(noise) + "\n")
    seen = observation(1, "")
    made = condense([seen], [], Subjects(), budget=500, count=count, sources={"E1": FileSource(file)})
    assert (50_001, noise[50_000]) in made.sections[0].lines
    assert made.receipts[0].lines == 100_000


def test_a_file_and_its_text_condense_alike(tmp_path: Path) -> None:
    text = "".join(f"line {n} of {'abc'[n % 3]} failed with ü\n" for n in range(40_000))
    file = tmp_path / "long.log"
    file.write_text(text, encoding="utf-8")
    from_text = condense([observation(1, text)], [], Subjects(), budget=800, count=count)
    from_file = condense(
        [observation(1, "")], [], Subjects(), budget=800, count=count, sources={"E1": FileSource(file)}
    )
    assert from_text.sections[0].lines == from_file.sections[0].lines
    assert from_text.receipts == from_file.receipts


_PEAK = """
import resource, sys
from pathlib import Path
from tai.engine.condense import FileSource, condense
from tai.llm.tokens import count
from tai.model import Observation, Outcome, Subjects
seen = Observation(id="E1", host="h", collector="c", probe="p", label="log", outcome=Outcome.OK)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
made = condense([seen], [], Subjects(), budget=8000, count=count, sources={"E1": FileSource(Path(sys.argv[1]))})
print(made.receipts[0].lines, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_memory_stays_bounded_over_200_mb(tmp_path: Path) -> None:
    file = tmp_path / "huge.log"
    words = [f"w{chr(97 + a)}{chr(97 + b)}" for a in range(26) for b in range(26)]
    lines = 0
    with file.open("w") as out:
        while out.tell() < 200_000_000:
            out.writelines(
                f"Nov 21 14:00:00 db-01 {words[n % 676]}[{n}]: {words[n * 7 % 676]} of {words[n // 676 % 676]} is {n * 31}\n"
                for n in range(lines, lines + 20_000)
            )
            lines += 20_000
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, str(file)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    seen, grown_kib = map(int, done.stdout.split())
    assert seen == lines
    # More shapes than are kept apart, and 200 MB of text: a hundred and some MiB hold what is known of them.
    assert grown_kib < 200 * 1024
