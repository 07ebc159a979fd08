"""`--output FILE` and `--copy`: where a report goes when a run is over. Checked before any host is asked.

Not what a report says (`tai.report`). A file is written whole or not at all, mode 0600: it holds what a host printed.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tai.errors import InputError, TaiError
from tai.frontends.clipboard import copy

if TYPE_CHECKING:
    from tai.frontends.flags import Flags
    from tai.report import Report

_HOST = "{host}"
_FORMS = {".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html", ".json": "json"}


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where the report of one session goes. files: their suffixes are known and their folders can be written."""

    files: tuple[Path, ...] = ()
    copy: bool = False

    @classmethod
    def of(cls, flags: Flags, hosts: Sequence[str] = ()) -> Self:
        """From the command line. hosts: those of the run. Raises InputError for what could not be written at its end."""
        many = len(set(hosts)) > 1
        for path in flags.outputs:
            check(path)
            if many and _HOST not in path.name:
                raise InputError(
                    f"--output {path} would hold the report of one host, and {len(set(hosts))} are named; "
                    f"put {_HOST} into the file's name, such as report-{_HOST}{path.suffix}"
                )
        if many and flags.copy:
            raise InputError(
                "--copy takes the report of one host; use --output with {host} in the file's name"
            )
        return cls(flags.outputs, flags.copy)

    def for_host(self, host: str) -> Outputs:
        """With the host's name in place of `{host}`."""
        safe = "".join(c if c.isalnum() or c in "-._" else "_" for c in host).lstrip(".") or "host"
        return replace(
            self, files=tuple(path.with_name(path.name.replace(_HOST, safe)) for path in self.files)
        )

    def write(self, folder: Path) -> None:
        """The report of the session in `folder`, to each of them. What fails is told, and costs no other."""
        if not self.files and not self.copy:
            return
        try:
            report = recorded_report(folder)
        except TaiError as error:
            sys.stderr.write(f"tai: no report was written: {error}\n")
            return
        for path in self.files:
            _told(lambda path=path: save(path, report))  # type: ignore[misc]
        if self.copy:
            _told(lambda: copy(text_of("markdown", report)))


def keep(folder: Path) -> None:
    """Put the report into the session's own folder, in Markdown and HTML, beside the record that it is made from."""
    try:
        report = recorded_report(folder)
        if report.diagnosis is not None:
            for name in ("report.md", "report.html"):
                save(folder / name, report)
    except TaiError as error:
        sys.stderr.write(f"tai: no report was kept: {error}\n")


def _told(work: Callable[[], str]) -> None:
    try:
        sys.stderr.write(f"tai: {work()}\n")
    except TaiError as error:
        sys.stderr.write(f"tai: {error}\n")


def recorded_report(folder: Path) -> Report:
    """The report of a session, from its record. Raises InputError when there is nothing to report."""
    from tai.record import read  # noqa: PLC0415 - not before a run is over
    from tai.report import report_of  # noqa: PLC0415

    return report_of(read(folder))


def check(path: Path) -> str:
    """The form that a file's suffix asks for. Raises InputError for an unknown one, or a folder that cannot be written."""
    form = _FORMS.get(path.suffix.lower())
    if form is None:
        raise InputError(f"{path}: tai writes .md (Markdown), .html and .json; the suffix says which")
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file in it")
    if not os.access(path.resolve().parent, os.W_OK | os.X_OK):
        raise InputError(f"{path} cannot be written: there is no such folder, or it is not yours to write")
    return form


def save(path: Path, report: Report) -> str:
    """Write `report` to `path` in the form of its suffix; what was done, in words. Raises InputError."""
    data = text_of(check(path), report).encode()
    place = path.resolve()  # through a link, to the file that it names
    part = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - the mode
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(place)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError(f"{path} cannot be written: {error.strerror}") from None
    return f"the report is in {path}"


def text_of(form: str, report: Report) -> str:
    """The report in one of its forms."""
    from tai.report import html, markdown  # noqa: PLC0415 - not before a run is over

    match form:
        case "markdown":
            return markdown(report)
        case "html":
            return html(report)
        case _:
            return report.model_dump_json(indent=2) + "\n"
