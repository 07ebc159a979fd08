"""jc's parsers as ours: imported only when one is used, quiet, and each row told its line.

jc does not say which line a row came from. Its raw rows hold the very words of the output, so a row's line is the first
one, at or after the previous row's, in which all of those words stand.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from tai.parsers.rows import Row, Rows


def has_parser(name: str) -> bool:
    """True when this jc has the parser; jc names them with dashes or underscores alike.

    Looks for the module's file, because importing jc and listing its parsers takes 100 ms of every start.
    """
    module = name.replace("-", "_")
    spec = importlib.util.find_spec("jc")
    folders = [Path(folder) / "parsers" for folder in (spec.submodule_search_locations or ())] if spec else []
    if any(folder.is_dir() for folder in folders):
        return any((folder / f"{module}.py").is_file() for folder in folders)
    import jc  # noqa: PLC0415 - a single binary has no files to look at

    return module in {known.replace("-", "_") for known in jc.parser_mod_list()}


def parse_with_jc(name: str, text: str) -> Rows:
    """Rows by jc's parser. A parser that gives one mapping gives one row. Raises ValueError."""
    import jc  # noqa: PLC0415 - 45 ms, and most runs of tai never need it

    module = name.replace("-", "_")
    try:
        cooked = jc.parse(module, text, quiet=True)
        raw = jc.parse(module, text, quiet=True, raw=True)
    except Exception as error:  # noqa: BLE001 - jc's parsers raise whatever their slicing raises
        raise ValueError(f"jc's parser {name} gave up: {type(error).__name__}: {error}") from None
    rows, words = _listed(cooked), _listed(raw)
    if len(rows) != len(words):
        raise ValueError(f"jc's parser {name} gave {len(rows)} rows and {len(words)} raw ones")
    return _with_lines(rows, words, text.split("\n"))


def _listed(parsed: Any) -> list[Any]:
    return parsed if isinstance(parsed, list) else [parsed]


def _with_lines(cooked: list[Any], raw: list[Any], lines: list[str]) -> Rows:
    rows: Rows = []
    start = 0
    for row, words in zip(cooked, raw, strict=True):
        if not isinstance(row, dict) or not isinstance(words, dict):
            raise ValueError("a row that is not a mapping")  # noqa: TRY004 - one error for all that cannot be read
        if not row:
            continue
        found = _find(words, lines, start)
        start = found if found is not None else start
        placed: Row = {**row, "_line": (found if found is not None else 0) + 1}
        rows.append(placed)
    return rows


def _find(words: dict[str, Any], lines: list[str], start: int) -> int | None:
    wanted = [value for value in words.values() if isinstance(value, str) and value]
    for index in range(start, len(lines)):
        if all(word in lines[index] for word in wanted):
            return index
    return None
