"""What Tab offers inside the magic: flags, models, settings and their values, variables, commands.

``offers`` is pure: the text, the place of the cursor, and where to take the words from. It must be quick and may
never raise; what it has no word on (file names, Python in other cells) it leaves to IPython.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from notebookgen.notebook.candidates import PICTURES, column_names, frames, pictures, results
from notebookgen.notebook.flags import COLUMNS, COMMANDS, FLAGS, KINDS, Flag
from notebookgen.notebook.interpolation import usable, variable
from notebookgen.notebook.words import Word, cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from notebookgen.records import Model, Setting

__all__ = ["Offer", "Offers", "Sources", "offers"]

CELL = re.compile(r"\s*%%generate(?!\S)")
LINE = re.compile(r"(?:.*=)?\s*%generate(?=\s)")
OPENED = re.compile(r"(?<!\{)(?:\{\{)*\{([^\W\d]\w*)?$")
SYMBOL = re.compile(r"\\[\w^]*$")  # IPython turns \alpha into the letter itself
FIELD = re.compile(r"[^\W\d]\w*=")
FLAG_NAMES = {spelling: flag for flag in FLAGS for spelling in (flag.short, flag.long) if spelling}
NOTEBOOKS = (".ipynb",)
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
        choices: In the order to show them; none where nothing is possible, Python's own names least of all.
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
        namespace: The notebook's variables, without IPython's own.
        usual: The model that is used where none is named, for a kind; None where none would be.
        files: The folders that a path as typed may become, and the files that end so.
    """

    models: Callable[[], Sequence[Model]]
    providers: Callable[[], Sequence[str]]
    runs: Callable[[], Sequence[str]]
    held: Callable[[], Sequence[str]]
    namespace: Mapping[str, object]
    usual: Callable[[str | None], str | None] = lambda _: None
    files: Callable[[str, tuple[str, ...]], Sequence[str]] = lambda *_: ()


@dataclass(frozen=True, slots=True)
class Typed:
    """The word that is being typed.

    Attributes:
        raw: As it stands.
        text: What it says: without an opened quote and without backslashes.
        quote: The quote that is open.
        plain: Whether it is neither quoted nor escaped.
    """

    raw: str = ""
    text: str = ""
    quote: str = ""

    @property
    def plain(self) -> bool:
        """Whether it stands as it is meant."""
        return self.raw == self.text


def offers(text: str, line: int, column: int, sources: Sources) -> Offers | None:
    """Return what can be chosen at a place, nothing included, or None where that is not ours to say.

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
        columns = _columns(cut(lines[first][in_cell.end() :]), sources)
        return _variable(before, after, dict.fromkeys([*columns, *usable(sources.namespace)]))
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
        return None if SYMBOL.search(before) else Offers("", ())
    close = "" if after.startswith("}") else "}"
    return _chosen(opened[1] or "", ((name + close, "instance") for name in names))


def _flag_line(before: str, sources: Sources) -> Offers:
    """Offer what may stand at the end of an unfinished ``%%generate`` line."""
    words, now = _split(before)
    flag = _waiting(words, FLAG_NAMES)
    if flag is not None:
        return _value(flag, now, words, sources)
    name, equals, value = now.raw.partition("=")
    if equals and name in FLAG_NAMES and name.startswith("--"):
        text = now.text.partition("=")[2]
        return _value(FLAG_NAMES[name], Typed(value, text, now.quote), words, sources)
    if now.raw and not now.raw.startswith("-"):
        return Offers(now.raw, ())
    return _chosen(now.raw, _spellings(FLAGS, {word.text for word in words}, now.raw))


def _value(flag: Flag, now: Typed, words: Sequence[Word], sources: Sources) -> Offers:
    """Offer values for a flag."""
    if flag.name == "over":
        return _frames(now.raw, sources)
    columns = _columns(words, sources)
    if flag.name == "settings":
        return _settings(now.raw, words, sources)
    if flag.name == "images":
        return _image(now, sources, columns)
    if flag.name == "save":
        return _files(now, sources, ())
    if flag.name == "model" and now.raw.startswith("{"):
        texts = (name for name, value in sources.namespace.items() if issubclass(type(value), str))
        return _variable(now.raw, "", dict.fromkeys([*columns, *texts])) or Offers("", ())
    if flag.name == "model":
        return _models(now.raw, sources)
    choices = {"kind": KINDS, "budget": ("none",), "out": results(sources.namespace)}.get(flag.name, ())
    return _chosen(now.raw, ((one, "value") for one in choices))


def _frames(typed: str, sources: Sources) -> Offers:
    """Offer the frames, and the frames of results."""
    made = [f"{name}.frame" for name in results(sources.namespace)]
    return _chosen(typed, ((one, "instance") for one in [*frames(sources.namespace), *made]))


def _columns(words: Sequence[Word], sources: Sources) -> tuple[str, ...]:
    """Return the columns of the frame that a line names, as far as they are known without any work."""
    for number, word in enumerate(words):
        name, _, value = word.text.partition("=")
        if name == "--over":
            text = value or (words[number + 1].text if number + 1 < len(words) else "")
            return column_names(sources.namespace.get(re.split(r"[.\[]", text)[0]))
    return ()


def _image(now: Typed, sources: Sources, columns: Sequence[str]) -> Offers:
    """Offer images: columns, the variables that can be one, then files."""
    named = FIELD.match(now.raw)
    if named:
        now = Typed(now.raw[named.end() :], now.text[named.end() :], now.quote)
    names = tuple(dict.fromkeys([*columns, *pictures(sources.namespace)]))
    if now.raw.startswith("{"):
        return _variable(now.raw, "", names) or Offers("", ())
    files = _files(now, sources, PICTURES)
    held = tuple(Offer(f"{{{name}}}", "instance") for name in names if now.plain and name.startswith(now.raw))
    return Offers(files.fragment, (*held, *files.choices))


def _files(now: Typed, sources: Sources, endings: tuple[str, ...]) -> Offers:
    """Offer folders, and files that end so, spelled as the word was begun."""
    if now.quote and now.raw != now.quote + now.text:
        return Offers("", ())
    found = sources.files(now.text, endings)
    if now.quote:
        return Offers(now.text, tuple(Offer(one, "path") for one in found))
    return Offers(now.raw, tuple(Offer(re.sub(r"([\s'\"])", r"\\\1", one), "path") for one in found))


def _models(typed: str, sources: Sources) -> Offers:
    """Offer models: those that begin with what is typed, else those that hold it anywhere."""
    names = [str(model) for model in sources.models()]
    low = typed.lower()
    begin = [name for name in names if name.lower().startswith(low)]
    found = begin or [name for name in names if low in name.lower()]
    return Offers(typed, tuple(Offer(name, "model") for name in found))


def _settings(typed: str, words: Sequence[Word], sources: Sources) -> Offers:
    """Offer the names of the model's settings, or one setting's values behind ``KEY=``."""
    named = _named(words, sources)
    models = [one for one in sources.models() if named is None or named in {str(one), one.id}]
    known = {one.key: one for model in models for one in model.settings if one.key != "prompt"}
    key, equals, value = typed.partition("=")
    if not equals:
        used = {word.text.partition("=")[0] for word in words}
        return _chosen(typed, ((f"{name}=", "setting") for name in known if name not in used))
    if value.startswith("{"):
        names = dict.fromkeys([*_columns(words, sources), *sources.namespace])
        return _variable(value, "", names) or Offers("", ())
    setting = known.get(key) if named is not None else None  # values of one model are wrong for another
    return _chosen(value, ((one, "value") for one in (_values(setting) if setting else ())))


def _named(words: Sequence[Word], sources: Sources) -> str | None:
    """Return the model that a line asks for: the one it names, else the one that would be used without a name."""
    given: dict[str, str] = {}
    for number, word in enumerate(words):
        name, equals, value = word.text.partition("=")
        flag = FLAG_NAMES.get(name)
        if flag is not None and flag.name in {"model", "kind"}:
            following = words[number + 1].text if number + 1 < len(words) else ""
            given[flag.name] = value if equals else following
    if "model" not in given:
        return sources.usual(given.get("kind", "").lower() or None)
    held = variable(given["model"])
    return given["model"] if held is None else str(sources.namespace.get(held))


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


def _command_line(before: str, sources: Sources) -> Offers:
    """Offer what may stand at the end of an unfinished ``%generate`` line."""
    words, now = _split(before)
    current, nothing = now.raw, Offers(now.raw, ())
    if not words:
        return _chosen(current, ((one.name, "command") for one in COMMANDS))
    command = next((one for one in COMMANDS if one.name == words[0].text), None)
    if command is None:
        return nothing
    if command.name == "doctor" and len(words) == 1:
        return _files(now, sources, NOTEBOOKS)
    if not now.plain:
        return nothing
    known = {flag.long: flag for flag in command.flags}
    name, equals, value = current.partition("=")
    waiting = known.get(name) if equals else _waiting(words, known)
    if waiting is not None:
        columns = COLUMNS if waiting.name == "by" else ()
        return _chosen(value if equals else current, ((one, "value") for one in columns))
    place = sum(not word.text.startswith("-") for word in words) - 1
    if current.startswith("-") or (not current and place >= len(command.takes)):
        return _chosen(current, _spellings(command.flags, {word.text for word in words}, current))
    if command.name == "help":
        return _models(current, sources) if place == 0 else nothing
    tables: dict[str, tuple[Callable[[], Sequence[str]], ...]] = {
        "models": (sources.providers,),
        "login": (sources.providers,),
        "resume": (sources.runs,),
        "retry": (sources.runs,),
        "cancel": (sources.runs,),
        "resolve": (sources.held, lambda: ACTIONS),
    }
    table = tables.get(command.name, ())
    return _chosen(current, ((one, "value") for one in table[place]())) if place < len(table) else nothing


def _split(before: str) -> tuple[tuple[Word, ...], Typed]:
    """Return the finished words, and the one being typed, which is empty behind a blank."""
    words = cut(before)
    if not words or (before[-1:].isspace() and not words[-1].open and not before.endswith("\\ ")):
        return words, Typed()
    last = words[-1]
    return words[:-1], Typed(before[last.start :], last.text, last.open)


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


def _chosen(typed: str, choices: Iterable[tuple[str, str]]) -> Offers:
    """Keep what begins with what is typed."""
    low = typed.lower()
    return Offers(typed, tuple(Offer(*choice) for choice in choices if choice[0].lower().startswith(low)))
