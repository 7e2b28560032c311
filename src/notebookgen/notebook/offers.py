"""What Tab offers inside the magic: flags, models, settings and their values, variables, commands.

``offers`` is pure: the text, the place of the cursor, and where to take the words from. It must be quick and may
never raise; what it has no word on (file names, Python in other cells) it leaves to IPython.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from notebookgen.notebook.flags import COLUMNS, COMMANDS, FLAGS, KINDS, Flag
from notebookgen.notebook.interpolation import usable
from notebookgen.notebook.words import Word, cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from notebookgen.records import Model, Setting

__all__ = ["Offer", "Offers", "Sources", "offers"]

CELL = re.compile(r"\s*%%generate(?!\S)")
LINE = re.compile(r"(?:.*=)?\s*%generate(?=\s)")
OPENED = re.compile(r"(?<!\{)(?:\{\{)*\{([^\W\d]\w*)?$")
FLAG_NAMES = {spelling: flag for flag in FLAGS for spelling in (flag.short, flag.long) if spelling}
ACTIONS = ("adopt", "resubmit", "write_off")


class Offer(NamedTuple):
    """One thing to choose: what is put in place, and what kind of thing it is."""

    text: str
    type: str


@dataclass(frozen=True, slots=True)
class Offers:
    """All that can be chosen.

    Attributes:
        fragment: What is typed of it already, and will be replaced.
        choices: In the order to show them.
    """

    fragment: str
    choices: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the words come from; each is asked only when it is needed, and none of them uses the network.

    Attributes:
        models: The models that are known without asking.
        providers: The names of the providers.
        runs: The ids of the runs, newest first.
        held: The ids of what waits to be resolved.
        namespace: The notebook's variables.
        model: The model that is used where none is named.
    """

    models: Callable[[], Sequence[Model]]
    providers: Callable[[], Sequence[str]]
    runs: Callable[[], Sequence[str]]
    held: Callable[[], Sequence[str]]
    namespace: Mapping[str, object]
    model: str | None = None


def offers(text: str, line: int, column: int, sources: Sources) -> Offers | None:
    """Return what can be chosen at a place, or None where that is not ours to say.

    Args:
        text: The whole cell.
        line: The cursor's line, from 0.
        column: The cursor's place in that line, from 0.
        sources: Where the words come from.
    """
    lines = text.split("\n")
    first = next((number for number, content in enumerate(lines) if content.strip()), 0)
    before, after = lines[line][:column], lines[line][column:]
    in_cell = CELL.match(lines[first])
    if in_cell and line > first:
        return _variable(before, after, usable(sources.namespace))
    if in_cell and line == first and column > in_cell.end():
        return _flag_line(before[in_cell.end() :], sources)
    in_line = LINE.match(before)
    if in_line and not in_cell:
        return _command_line(before[in_line.end() :], sources)
    return None


def _variable(before: str, after: str, names: Iterable[str]) -> Offers | None:
    """Offer variables behind an open brace; the closing one is added where it is not there yet."""
    opened = OPENED.search(before)
    if not opened:
        return None
    close = "" if after.startswith("}") else "}"
    return _chosen(opened[1] or "", ((name + close, "instance") for name in names))


def _flag_line(before: str, sources: Sources) -> Offers | None:
    """Offer what may stand at the end of an unfinished ``%%generate`` line."""
    words, current = _split(before)
    if current is None:
        return None
    flag = _waiting(words, FLAG_NAMES)
    if flag is None:
        name, equals, value = current.partition("=")
        if equals and name in FLAG_NAMES and name.startswith("--"):
            return _value(FLAG_NAMES[name], value, words, sources)
        if current and not current.startswith("-"):
            return None
        return _chosen(current, _spellings(FLAGS, {word.text for word in words}, current))
    return _value(flag, current, words, sources)


def _value(flag: Flag, typed: str, words: Sequence[Word], sources: Sources) -> Offers | None:
    """Offer values for a flag."""
    if flag.name == "model":
        return _models(typed, sources)
    if flag.name == "settings":
        return _settings(typed, words, sources)
    if flag.name == "images":
        return _variable(typed, "", _things(sources.namespace))
    table = {"kind": KINDS, "budget": ("none",)}
    return _chosen(typed, ((one, "value") for one in table.get(flag.name, ())))


def _models(typed: str, sources: Sources) -> Offers | None:
    """Offer models: those that begin with what is typed, else those that hold it anywhere."""
    names = [str(model) for model in sources.models()]
    low = typed.lower()
    begin = [name for name in names if name.lower().startswith(low)]
    found = begin or [name for name in names if low in name.lower()]
    return Offers(typed, tuple(Offer(name, "model") for name in found)) if found else None


def _settings(typed: str, words: Sequence[Word], sources: Sources) -> Offers | None:
    """Offer the names of the model's settings, or one setting's values behind ``KEY=``."""
    known = _told(words, sources)
    key, equals, value = typed.partition("=")
    if not equals:
        used = {word.text.partition("=")[0] for word in words}
        return _chosen(typed, ((f"{name}=", "setting") for name in known if name not in used))
    setting = known.get(key)
    return _chosen(value, ((one, "value") for one in _values(setting))) if setting else None


def _told(words: Sequence[Word], sources: Sources) -> dict[str, Setting]:
    """Return what can be set: of the model on the line, else of the usual one, else of all models."""
    named = sources.model
    for number, word in enumerate(words):
        if word.text in {"-m", "--model"} and number + 1 < len(words):
            named = words[number + 1].text
        elif word.text.startswith("--model="):
            named = word.text.partition("=")[2]
    models = sources.models()
    chosen = [model for model in models if str(model) == named] or (models if named is None else [])
    return {one.key: one for model in chosen for one in model.settings if one.key != "prompt"}


def _values(setting: Setting) -> Iterator[str]:
    """Yield what a setting may be, as it is typed."""
    if setting.options:
        yield from (_spelled(option) for option in setting.options)
    elif setting.type == "boolean":
        yield from ("true", "false")
    elif setting.default is not None and not isinstance(setting.default, list | dict):
        yield _spelled(setting.default)


def _spelled(value: object) -> str:
    """Return a value as it is typed behind ``KEY=``."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"'{text}'" if any(char.isspace() for char in text) else text


def _command_line(before: str, sources: Sources) -> Offers | None:
    """Offer what may stand at the end of an unfinished ``%generate`` line."""
    words, current = _split(before)
    if current is None:
        return None
    if not words:
        return _chosen(current, ((one.name, "command") for one in COMMANDS))
    command = next((one for one in COMMANDS if one.name == words[0].text), None)
    if command is None:
        return None
    known = {flag.long: flag for flag in command.flags}
    if _waiting(words, known):
        return _chosen(current, ((one, "value") for one in COLUMNS)) if command.name == "cost" else None
    if current.startswith("-") or (not current and not command.takes):
        return _chosen(current, _spellings(command.flags, {word.text for word in words}, current))
    if command.name == "help":
        return _models(current, sources)
    place = len(words) - 1
    tables: dict[str, tuple[Callable[[], Sequence[str]], ...]] = {
        "models": (sources.providers,),
        "login": (sources.providers,),
        "resume": (sources.runs,),
        "cancel": (sources.runs,),
        "resolve": (sources.held, lambda: ACTIONS),
    }
    table = tables.get(command.name, ())
    return _chosen(current, ((one, "value") for one in table[place]())) if place < len(table) else None


def _split(before: str) -> tuple[tuple[Word, ...], str | None]:
    """Return the finished words, and the one being typed: empty behind a blank, None inside of quotes."""
    words = cut(before)
    if not words or (before[-1:].isspace() and not words[-1].open and not before.endswith("\\ ")):
        return words, ""
    last = words[-1]
    return words[:-1], None if last.open or last.quoted or before[last.start :] != last.text else last.text


def _waiting(words: Sequence[Word], flags: Mapping[str, Flag]) -> Flag | None:
    """Return the flag whose value is due, if one is."""
    waiting: Flag | None = None
    for word in words:
        flag = None if waiting else flags.get(word.text)
        waiting = flag if flag is not None and flag.takes else None
    return waiting


def _spellings(flags: Iterable[Flag], used: set[str], typed: str) -> Iterator[tuple[str, str]]:
    """Yield the flags that may still be given; the long spellings alone behind two dashes."""
    for flag in flags:
        if flag.many or not used & {flag.short, flag.long}:
            if flag.short and not typed.startswith("--"):
                yield flag.short, "option"
            yield flag.long, "option"


def _things(namespace: Mapping[str, object]) -> Iterator[str]:
    """Yield the variables that may hold an image: neither private nor callable, no number, no module."""
    for name, value in namespace.items():
        if name.startswith("_") or value is None or isinstance(value, int | float | type) or callable(value):
            continue
        if type(value).__name__ == "module" or (name in {"In", "Out"} and isinstance(value, list | dict)):
            continue
        yield name


def _chosen(typed: str, choices: Iterable[tuple[str, str]]) -> Offers | None:
    """Keep what begins with what is typed; None where nothing does."""
    low = typed.lower()
    kept = tuple(Offer(*choice) for choice in choices if choice[0].lower().startswith(low))
    return Offers(typed, kept) if kept else None
