"""One recorded incident: what a real host answered to each command, byte for byte. A value; it plays nothing by itself.

Counterparts: `vm-fixtures/record.py` makes one on a machine that was really broken, `tai.demo.server` answers from it.
On disk it is a folder with `commands.json` and `ticket.md`. Text is kept as a list of lines, so that a change of a
recording can be reviewed; a last element '' stands for the line feed at the end. What is not UTF-8 is base64.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from tai.errors import ConfigError

COMMANDS_FILE = "commands.json"
TICKET_FILE = "ticket.md"

_OUTPUTS = frozenset({"probe", "stdout", "stderr"})
_ON_ONE_LINE = 2  # one line of output, and the '' for the line feed after it


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Base64(_Value):
    """Bytes that are not UTF-8."""

    base64: str


Output = tuple[str, ...] | Base64


class RecordedCommand(_Value):
    """argv: canonical; exit: its status; stdout, stderr: what it printed, to be read with `output_bytes`."""

    argv: tuple[str, ...]
    exit: int
    stdout: Output = ()
    stderr: Output = ()


class Recording(_Value):
    """Everything that tai asked a host, or could have.

    incident: the folder's name; host, user: as it was logged in to. recorded_at: when, by the host's clock.
    clock_offset_s: how far that clock was ahead of the right time. made_by: the command that makes it anew. versions: package or kernel → version, for what matters to the incident.
    probe: what the host printed to `tai.policy.sandbox.PROBE`. commands: each argv once, sorted.
    """

    incident: str
    host: str
    user: str
    recorded_at: AwareDatetime
    made_by: str
    versions: dict[str, str]
    probe: Output
    clock_offset_s: float = 0.0
    commands: tuple[RecordedCommand, ...]


def as_output(data: bytes) -> Output:
    """Bytes as they stand in a recording."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return Base64(base64=base64.b64encode(data).decode())
    return tuple(text.split("\n")) if text else ()


def output_bytes(output: Output) -> bytes:
    """The reverse of `as_output`."""
    if isinstance(output, Base64):
        return base64.b64decode(output.base64)
    return "\n".join(output).encode()


def load(folder: Path) -> Recording:
    """Read `folder/commands.json`. Raises ConfigError when it is missing or not a recording."""
    path = folder / COMMANDS_FILE
    try:
        return Recording.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(path, f"the recording cannot be read ({error.strerror})") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(path, first["msg"], key=".".join(map(str, first["loc"]))) from error


def save(recording: Recording, folder: Path) -> None:
    """Write `folder/commands.json` in the one form that gives small diffs: a line for each command and each line of output."""
    # A clock that was right, as nearly all are, needs no word.
    unsaid = {"commands"} if recording.clock_offset_s else {"commands", "clock_offset_s"}
    head = recording.model_dump(mode="json", exclude=unsaid)
    commands = [_table(command.model_dump(mode="json")) for command in recording.commands]
    listed = '"commands": [\n' + ",\n".join("{" + each + "}" for each in commands) + "\n]"
    (folder / COMMANDS_FILE).write_text(f"{{\n{_table(head)},\n{listed}\n}}\n", encoding="utf-8")


def _table(fields: dict[str, object]) -> str:
    return ", ".join(f'"{key}": {_told(key, value)}' for key, value in fields.items())


def _told(key: str, value: object) -> str:
    """A field's value, an output of several lines with each on a line of its own."""
    if key not in _OUTPUTS or not isinstance(value, list) or len(value) <= _ON_ONE_LINE:
        return json.dumps(value, ensure_ascii=False)
    return "[\n  " + ",\n  ".join(json.dumps(line, ensure_ascii=False) for line in value) + "\n]"


def ticket_text(folder: Path) -> str:
    """The ticket as the engineer wrote it for this run: host and time filled in. Raises ConfigError."""
    path = folder / TICKET_FILE
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(path, f"the ticket cannot be read ({error.strerror})") from error
