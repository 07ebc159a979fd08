"""Collector files → a `Catalog`, or a ConfigError that names file, line, key and what was expected.

A folder that comes later loads on top: its `disk.toml` replaces an earlier `disk.toml` as a whole, and any other file
adds a collector. All of them pass the same checks, the policy's above all: a file can only ask for what the policy
allows, so a user's own collector can read nothing that tai could not.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from tai.catalog.catalog import Catalog
from tai.catalog.check import check_collector
from tai.catalog.model import Case, Collector, Condition, Match, Probe, Signature, Source, Variant, When
from tai.catalog.toml_lines import line_of
from tai.errors import ConfigError

# A collector is written by hand; what is larger is some other file.
_LARGEST_FILE = 1 << 20

_TABLES: dict[str, type[BaseModel]] = {
    "probe": Probe,
    "variant": Variant,
    "when": When,
    "for_each": Source,
    "needs": Source,
    "where": Condition,
    "signature": Signature,
    "match": Match,
    "case": Case,
}


def load_catalog(
    folders: Sequence[Path], *, files: Sequence[Path] = (), proven: Path | None = None
) -> Catalog:
    """Read every `*.toml` of these folders, which may be absent, and check it all. Raises ConfigError.

    files: single ones on top, as if they lay in the last folder. proven: the folder that tai ships, whose patterns and argv
    the tests have checked one by one (`tests/catalog/test_shipped.py`): that takes a third of a second, and no run needs it
    again. The policy still judges each argv when it is planned, and once more when it is sent.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        found.update({path.stem: path for path in sorted(folder.glob("*.toml"))})
    found.update({path.stem: path for path in files})
    return _assemble(
        [(path, *read_collector(path, is_proven=path.parent == proven)) for _, path in sorted(found.items())]
    )


def read_collector(path: Path, *, is_proven: bool = False) -> tuple[str, Collector]:
    """One file, checked by itself unless it is proven: its text, and the collector. Raises ConfigError."""
    text = _read(path)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise ConfigError(path, f"not valid TOML: {error}", line=int(line[1]) if line else None) from None
    try:
        collector = Collector.model_validate(values)
    except ValidationError as error:
        raise _explain(error, path, text) from None
    if collector.name != path.stem:
        raise ConfigError(
            path,
            f"must be the file's own name, '{path.stem}'; a collector is found, and replaced, by it",
            line=line_of(text, ("name",)),
            key="name",
        )
    for location, problem in () if is_proven else check_collector(collector):
        raise ConfigError(path, problem, line=line_of(text, location), key=_dotted(location, values))
    return text, collector


def _assemble(read: Iterable[tuple[Path, str, Collector]]) -> Catalog:
    collectors: list[Collector] = []
    files: dict[str, Path] = {}
    probes: dict[str, Path] = {}
    signatures: dict[str, Path] = {}
    texts = list(read)
    for path, text, collector in texts:
        for n, probe in enumerate(collector.probes):
            if probe.id in probes:
                problem = f"the probe '{probe.id}' is already in {probes[probe.id]}; choose another id, or name your file {probes[probe.id].name} to replace that collector"
                raise ConfigError(path, problem, line=line_of(text, ("probe", n, "id")), key="probe.id")
            probes[probe.id] = path
        for n, signature in enumerate(collector.signatures):
            if signature.id in signatures:
                problem = f"the signature '{signature.id}' is already in {signatures[signature.id]}"
                raise ConfigError(
                    path, problem, line=line_of(text, ("signature", n, "id")), key="signature.id"
                )
            signatures[signature.id] = path
        collectors.append(collector)
        files[collector.name] = path
    catalog = Catalog(tuple(collectors), files)
    for path, text, collector in texts:
        _check_names(catalog, path, text, collector)
    return catalog


def _check_names(catalog: Catalog, path: Path, text: str, collector: Collector) -> None:
    """Names that one file gives to things in another: probes, kinds of text, signatures."""

    def refuse(location: tuple[str | int, ...], what: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else f"; there are: {', '.join(names)}"
        raise ConfigError(
            path,
            f"there is no {what} '{name}'{hint}",
            line=line_of(text, location),
            key=".".join(str(part) for part in location if isinstance(part, str)),
        )

    for n, probe in enumerate(collector.probes):
        for key, sources in (("for_each", probe.for_each), ("needs", probe.needs)):
            for source in sources:
                if source.probe and catalog.find_probe(source.probe) is None:
                    refuse(("probe", n, key), "probe", source.probe, catalog.probes)
    for n, signature in enumerate(collector.signatures):
        for kind in signature.reads:
            if kind not in catalog.kinds:
                refuse(("signature", n, "reads"), "kind of text", kind, catalog.kinds)
        for other in signature.explained_by:
            if other not in catalog.signatures:
                refuse(("signature", n, "explained_by"), "signature", other, catalog.signatures)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ConfigError(path, f"larger than {_LARGEST_FILE} bytes; this is no collector file")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(path, f"not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise ConfigError(path, f"cannot be read: {error.strerror}") from None


def _explain(error: ValidationError, path: Path, text: str) -> ConfigError:
    # A key that is misspelt is also missing; the misspelling is what to tell.
    first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    location = tuple(part for part in first["loc"] if not str(part).startswith("function-"))
    key = ".".join(str(part) for part in location if isinstance(part, str))
    wrong = str(location[-1]) if location else ""
    match first["type"]:
        case "extra_forbidden":
            tables = [str(part) for part in location[:-1] if str(part) in _TABLES]
            model = _TABLES[tables[-1]] if tables else Collector
            known = [info.alias or name for name, info in model.model_fields.items()]
            near = difflib.get_close_matches(wrong, known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"expected one of: {', '.join(known)}"
            said = f"unknown key; {hint}"
        case "missing":
            said = "is missing"
            location = location[:-1]
        case _:
            said = f"{first['msg'][0].lower()}{first['msg'][1:]}, got {first['input']!r}"
    return ConfigError(path, said, line=line_of(text, location), key=key)


def _dotted(location: Sequence[str | int], values: Any) -> str:
    """`signature.match.line`, with the entry's id where it has one: `signature(oom-kill).match.line`."""
    parts: list[str] = []
    for part in location:
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            values = None
        if isinstance(part, str):
            parts.append(part)
        elif isinstance(values, dict) and "id" in values:
            parts[-1] += f"({values['id']})"
    return ".".join(parts)
