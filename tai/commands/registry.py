"""Slash commands from plain functions: the signature is the parser, the docstring the help. Not the commands themselves.

`Registry.command` reads a function once. Its first parameter is the context that every command gets; each further one
is an argument: `str` and `int` are one word, `*names: str` any number of them, `Annotated[str, Rest()]` the rest of the
line as it was typed. A default makes it optional. `Words` names what fits, for the usage line and for completion.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from tai.errors import InputError

Function = Callable[..., Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Rest:
    """Marks the parameter that takes the rest of the line, spaces and quotes included."""


@dataclass(frozen=True, slots=True)
class Words:
    """What fits here: `fixed` words, and those that `live` finds in the context when the user presses Tab."""

    fixed: tuple[str, ...] = ()
    live: Callable[[Any], Iterable[str]] | None = None


@dataclass(frozen=True, slots=True)
class Argument:
    """One parameter of a command. many: takes all words that are left; rest: takes the line that is left."""

    name: str
    kind: type
    required: bool
    many: bool = False
    rest: bool = False
    words: Words = Words()

    @property
    def usage(self) -> str:
        """`NAME`, `[NAME…]`, `[plan|findings|N]`."""
        word = "|".join(self.words.fixed) or self.name.upper()
        if self.many or self.rest:
            word += "…"
        return word if self.required else f"[{word}]"


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command. call: takes the context and the parsed arguments; help: the docstring."""

    name: str
    aliases: tuple[str, ...]
    call: Function
    arguments: tuple[Argument, ...]
    help: str

    @property
    def title(self) -> str:
        """The first line of the help."""
        return self.help.partition("\n")[0]

    @property
    def usage(self) -> str:
        """`/collect [NAME…]`, as the signature has it."""
        return " ".join([f"/{self.name}", *(argument.usage for argument in self.arguments)])

    def parse(self, text: str) -> list[Any]:
        """The arguments in `text`, which is the line after the command's name. Raises InputError with the usage."""
        values: list[Any] = []
        left = text.strip()
        for argument in self.arguments:
            if argument.many:
                values += left.split()
                left = ""
            elif left:
                word, left = (left, "") if argument.rest else _first(left)
                values.append(self._converted(argument, word))
            elif argument.required:
                raise InputError(f"/{self.name} needs {argument.usage}. Usage: {self.usage}")
        if left:
            raise InputError(f"/{self.name} does not take {left!r}. Usage: {self.usage}")
        return values

    def _converted(self, argument: Argument, word: str) -> Any:
        try:
            return argument.kind(word)
        except ValueError:
            raise InputError(
                f"/{self.name} takes a number as {argument.name.upper()}, not {word!r}. Usage: {self.usage}"
            ) from None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A completion. replaces: how many characters before the cursor it stands for."""

    text: str
    replaces: int
    meaning: str = ""


class Registry:
    """The commands of a front end, in the order in which they were defined."""

    def __init__(self) -> None:
        self._by_name: dict[str, Command] = {}

    def command(self, *aliases: str) -> Callable[[Function], Function]:
        """Decorator: the function's name becomes the command's; the function itself stays as it is."""

        def register(function: Function) -> Function:
            made = Command(
                name=function.__name__.strip("_"),
                aliases=aliases,
                call=function,
                arguments=tuple(_arguments(function)),
                help=inspect.getdoc(function) or "",
            )
            for name in (made.name, *aliases):
                self._by_name[name] = made
            return function

        return register

    def __iter__(self) -> Iterator[Command]:
        return iter(dict.fromkeys(self._by_name.values()))

    def find(self, name: str) -> Command:
        """The command of that name or alias, with or without its slash. Raises InputError with the nearest one."""
        bare = name.removeprefix("/")
        if bare in self._by_name:
            return self._by_name[bare]
        near = self.near(bare)
        hint = f"did you mean /{near}?" if near else "/help lists them"
        raise InputError(f"There is no command /{bare}; {hint}")

    def near(self, name: str) -> str:
        """The name most like a mistyped one, or ''."""
        close = difflib.get_close_matches(name.lower(), list(self._by_name), n=1)
        return close[0] if close else ""

    def complete(self, before: str, context: Any) -> Iterator[Candidate]:
        """What may stand at the end of `before`, the line up to the cursor. Nothing for a line that is no command.

        context: as the commands get it; None while there is none yet, which leaves out what only a session knows.
        """
        if not before.startswith("/") or "\n" in before:
            return
        name, space, rest = before[1:].partition(" ")
        if not space:
            for command in self:
                if command.name.startswith(name):
                    yield Candidate(f"/{command.name}", len(before), command.title)
        elif name in self._by_name:
            yield from self._complete_argument(self._by_name[name], rest, context)

    def _complete_argument(self, command: Command, rest: str, context: Any) -> Iterator[Candidate]:
        done = len(rest.split(" ")) - 1
        last = rest.rpartition(" ")[2]
        if not command.arguments:
            return
        argument = command.arguments[min(done, len(command.arguments) - 1)]
        if done >= len(command.arguments) and not (argument.many or argument.rest):
            return
        fixed = [word for word in argument.words.fixed if word.islower()]  # N and E3 stand for something
        live = argument.words.live(context) if argument.words.live and context is not None else ()
        for word in dict.fromkeys([*fixed, *live]):
            if word.startswith(last):
                yield Candidate(word, len(last))


def _first(text: str) -> tuple[str, str]:
    word, _, rest = text.partition(" ")
    return word, rest.lstrip()


def _arguments(function: Function) -> Iterator[Argument]:
    parameters = list(inspect.signature(function, eval_str=True).parameters.values())
    for parameter in parameters[1:]:
        hint = parameter.annotation
        marks: tuple[Any, ...] = ()
        if get_origin(hint) is not None:
            hint, *extra = get_args(hint)
            marks = tuple(extra)
        many = parameter.kind is inspect.Parameter.VAR_POSITIONAL
        yield Argument(
            name=parameter.name,
            kind=hint,
            required=parameter.default is inspect.Parameter.empty and not many,
            many=many,
            rest=any(isinstance(mark, Rest) for mark in marks),
            words=next((mark for mark in marks if isinstance(mark, Words)), Words()),
        )
