"""From the text of a cell to what is asked for: everything that reads a magic's line lives here. Pure.

``parse`` knows nothing of the notebook's variables, models or prices: it gives back what was written, checked for
form, so that whatever is wrong with a line is said before anything else happens.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from notebookgen.errors import InvalidCall, InvalidSetting
from notebookgen.normal import MOST_SHOWN, shown_value
from notebookgen.notebook.flags import COMMANDS, FLAGS, Flag
from notebookgen.notebook.interpolation import variable
from notebookgen.notebook.mistakes import no_command, stray, wrong_count
from notebookgen.notebook.words import Word, cut, unquoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from decimal import Decimal

    from notebookgen.records import Setting

__all__ = ["Call", "Command", "ImageArgument", "SettingArgument", "parse", "typed"]

KEY = re.compile(r"[^\W\d][\w.\-]*")
FIELD = re.compile(r"([^\W\d]\w*)=(.*)", re.DOTALL)
UNIT = re.compile(r"[A-Za-z]\w*")
HELP = frozenset({"-h", "--help"})
ONLY_OVER = frozenset({"concurrency", "prefix"})  # what makes no sense for one generation
TRUTH = MappingProxyType(
    {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
)


@dataclass(frozen=True, slots=True)
class SettingArgument:
    """One ``-s KEY=VALUE``, as written.

    Attributes:
        key: The setting's name.
        text: The value without its quotes.
        quoted: Whether it stood in quotes, which makes it a text.
        sure: Whether the name stood in quotes of its own: it is sent even where it looks like a slip of the pen.
    """

    key: str
    text: str
    quoted: bool = False
    sure: bool = False

    @property
    def variable(self) -> str | None:
        """The variable the value is taken from, for ``-s seed={seed}``; else None."""
        return None if self.quoted else variable(self.text)


@dataclass(frozen=True, slots=True)
class ImageArgument:
    """One ``-i [FIELD=]IMAGE``, as written.

    Attributes:
        text: A path, a URL, or ``{variable}``.
        field: The provider's field it belongs in; None leaves the choice to the adapter.
    """

    text: str
    field: str | None = None

    @property
    def variable(self) -> str | None:
        """The variable that holds the image, for ``-i {fox}``; else None."""
        return variable(self.text)


@dataclass(frozen=True, slots=True)
class Call:
    """One ``%%generate``, as written: the prompt is not yet filled in, the settings have no types yet.

    Attributes:
        prompt: The cell below the line.
        model, tag: As written; None where they were left out.
        settings, images: In their order.
        samples: How many.
        over: The frame whose rows it is made for, as an expression; None for one generation.
        out: The variable to keep the result in.
        budget: ``math.inf`` for none, an amount in the run's one unit, an amount with its unit, or several of those.
        max_new: How many may be bought at the most.
        concurrency: How many rows may be under way at once.
        prefix: What the names of the new columns begin with.
        kind: One of the kinds of ``records.Kind``.
        timeout: Seconds to wait.
        save: The folder to copy the files into.
        dry_run, fresh, background, no_provenance, quiet: The switches.
    """

    prompt: str
    model: str | None = None
    settings: tuple[SettingArgument, ...] = ()
    images: tuple[ImageArgument, ...] = ()
    samples: int = 1
    over: str | None = None
    out: str | None = None
    budget: float | Decimal | str | Mapping[str, Decimal] | None = None
    max_new: int | None = None
    concurrency: int | None = None
    prefix: str | None = None
    tag: str | None = None
    kind: str | None = None
    timeout: float | None = None
    save: str | None = None
    dry_run: bool = False
    fresh: bool = False
    background: bool = False
    no_provenance: bool = False
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """One ``%generate NAME ...``, as written.

    Attributes:
        name: Which one.
        words: What follows, flags taken out.
        options: The flags: their text, or True for a switch.
    """

    name: str
    words: tuple[str, ...] = ()
    options: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


def parse(line: str, cell: str | None = None, named: Callable[[str], str | None] = lambda _: None) -> Call | Command:
    """Read a magic's line, and the cell below it where there is one.

    Args:
        line: What stands behind ``%generate`` or ``%%generate``.
        cell: The lines below; None for the line magic.
        named: Returns a model's whole name for a word that is one, asked where the line makes no sense.

    Raises:
        InvalidCall: The line makes no sense; the message says what to write instead.
    """
    words = cut(line)
    if any(not word.quoted and word.text in HELP for word in words):
        return Command("help")
    _check_whole(line, words)
    if cell is None:
        return _command(line, words, named)
    found, rest = _flags(words, FLAGS, "the %%generate line")
    if rest:
        raise stray(line, words, rest, cell, named)
    keys = [one.key for one in found.get("settings", ())]
    for key in keys:
        if keys.count(key) > 1:
            message = f"-s {key}= is there twice in the %%generate line. Leave one of them."
            raise InvalidCall(message)
    call = Call(prompt=cell, **found)
    for flag in FLAGS:
        if flag.name in ONLY_OVER and call.over is None and flag.name in found:
            message = f"{flag.long} goes with --over FRAME, and there is no --over. Nothing was sent."
            raise InvalidCall(message)
    if call.save is not None and call.background:
        message = "--save waits for the files and --background does not wait. Leave one of them."
        raise InvalidCall(message)
    if call.no_provenance and call.save is None:
        message = (
            "--no-provenance goes with --save DIR, and there is no --save. Nothing was sent.\n"
            "To leave it out of outputs as well: ng.configure(provenance=False)"
        )
        raise InvalidCall(message)
    return call


def typed(argument: SettingArgument, setting: Setting | None = None) -> object:
    """Return a setting's value with its type: the catalogue's where it is known, else as JSON has it.

    Quotes make it a text whatever the catalogue says; the catalogue may be out of date.

    Raises:
        InvalidSetting: The text cannot be read as the catalogue's type.
    """
    text = argument.text
    if argument.quoted:
        return text
    kind = setting.type if setting else "unknown"
    if setting:
        for option in setting.options:
            if text == (str(option).lower() if isinstance(option, bool) else str(option)):
                return option
    if kind in {"string", "url", "image"}:
        return text
    read = _json(text)
    if kind == "boolean":
        read = TRUTH.get(text.lower())
    elif kind.startswith("array"):
        read = read if isinstance(read, list) else [_json(one.strip()) for one in text.split(",")]
    fits: dict[str, bool] = {
        "integer": isinstance(read, int) and not isinstance(read, bool),
        "number": isinstance(read, int | float) and not isinstance(read, bool),
        "boolean": isinstance(read, bool),
        "object": isinstance(read, dict),
    }
    if fits.get(kind, True):
        return read
    allowed = f" One of: {', '.join(map(str, setting.options))}." if setting and setting.options else ""
    wanted = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "object": "a JSON object"}
    message = (
        f"{argument.key} takes {wanted[kind]}, not {shown_value(text)}.{allowed} Nothing was sent.\n"
        f"To send it as a text all the same: -s '{argument.key}=\"{text if len(text) <= MOST_SHOWN else '...'}\"'"
    )
    raise InvalidSetting(message)


def _json(text: str) -> object:
    """Return the JSON value of a text; the text itself where it is none (``NaN`` is none)."""

    def none(_: str) -> object:
        raise ValueError

    try:
        return json.loads(text, parse_constant=none)
    except (ValueError, RecursionError):  # RecursionError: too many brackets
        return text


def _check_whole(line: str, words: Iterable[Word]) -> None:
    """Refuse a quote that was never closed and a line that means to go on below."""
    for word in words:
        if word.open:
            kind = "double" if word.open == '"' else "single"
            message = (
                f"a {kind} quote ({word.open}) is opened and never closed, at: {line[word.start :][:40]}\n"
                "The flags stand on the first line, with their quotes in pairs; the prompt goes on the lines below,"
                " where quotes are plain text."
            )
            raise InvalidCall(message)
        if word.text == "\\":
            message = "the flags must all stand on the first line: drop the \\ at its end."
            raise InvalidCall(message)


def _flags(words: tuple[Word, ...], flags: tuple[Flag, ...], line: str) -> tuple[dict[str, Any], tuple[Word, ...]]:
    """Sort words into flags with their values, and the rest.

    Args:
        words: The line.
        flags: What there is.
        line: What the messages call it.
    """
    spellings = {spelling: flag for flag in flags for spelling in (flag.short, flag.long) if spelling}
    found: dict[str, Any] = {}
    rest: list[Word] = []
    left = list(reversed(words))
    while left:
        word = left.pop()
        name, equals, _ = word.text.partition("=")
        joined = bool(equals) and name.startswith("--") and name in spellings
        flag = spellings.get(name if joined else word.text)
        if flag is None or (0, len(word.text)) in word.quoted:
            rest.append(word)
            continue
        value: object = True
        if flag.takes:
            given = _value(flag, _after(word, len(name) + 1) if joined else None, left, spellings)
            value = WHOLE_WORDS[flag.name](given) if flag.name in WHOLE_WORDS else flag.read(given.text)
        elif joined:
            message = f"{flag.long} is a switch and takes no value: write {flag.long}"
            raise InvalidCall(message)
        if flag.many:
            value = (*found.get(flag.name, ()), value)
        elif flag.name in found:
            message = f"{flag.usual} is there twice in {line}. Leave one of them."
            raise InvalidCall(message)
        found[flag.name] = value
    return found, tuple(rest)


def _value(flag: Flag, joined: Word | None, left: list[Word], spellings: Mapping[str, Flag]) -> Word:
    """Return the word that is a flag's value, taking it off what is left of the line."""
    if joined is not None:
        return joined
    if not left or (left[-1].text in spellings and not left[-1].quoted):
        message = f"{flag.usual} needs a value: {flag.usual} {flag.takes}"
        raise InvalidCall(message)
    value = left.pop()
    if flag.name == "budget" and left and UNIT.fullmatch(left[-1].text):  # --budget 5 USD
        return Word(f"{value.text} {left.pop().text}", value.start)
    return value


def _after(word: Word, at: int) -> Word:
    """Return the part of a word from ``at`` on."""
    quoted = tuple((start - at, end - at) for start, end in word.quoted if start >= at)
    return Word(word.text[at:], word.start + at, quoted)


def _setting(word: Word) -> SettingArgument:
    """Read one ``-s``."""
    key, equals, text = word.text.partition("=")
    if not equals or not KEY.fullmatch(key):
        message = f"-s takes KEY=VALUE without blanks around the =, such as -s aspect_ratio=16:9, not '{word.text}'."
        raise InvalidCall(message)
    inner = unquoted(text)
    quoted = inner is not None or word.quoted_from(len(key) + 1)
    return SettingArgument(key, text if inner is None else inner, quoted, sure=(0, len(key)) in word.quoted)


def _image(word: Word) -> ImageArgument:
    """Read one ``-i``; an address keeps its ``=`` signs."""
    named = FIELD.fullmatch(word.text)
    field_name, text = (named[1], named[2]) if named else (None, word.text)
    if not text:
        message = "-i takes a path, a URL or {variable}, such as -i fox.png or -i mask={drawing}."
        raise InvalidCall(message)
    return ImageArgument(text, field_name)


def _expression(word: Word) -> str:
    """Read ``--over``: quotes inside it belong to it (``made['day']``), those around it do not."""
    text = word.text
    if not word.quoted_from(0):
        for start, end in reversed(word.quoted):
            text = f"{text[:start]}{text[start:end]!r}{text[end:]}"
    known = next(flag for flag in FLAGS if flag.name == "over")
    return str(known.read(text))


WHOLE_WORDS: Mapping[str, Callable[[Word], object]] = MappingProxyType(
    {"settings": _setting, "images": _image, "over": _expression}
)


def _command(line: str, words: tuple[Word, ...], named: Callable[[str], str | None]) -> Command:
    """Read a ``%generate`` line."""
    if not words:
        return Command("help")
    name = words[0].text
    known = next((one for one in COMMANDS if one.name == name), None)
    if known is None:
        raise no_command(line, words, _flags(words, FLAGS, "the %%generate line")[1], named)
    options, rest = _flags(words[1:], known.flags, f"%generate {name}")
    texts = tuple(word.text for word in rest)
    needed = sum(not one.startswith("[") for one in known.takes)
    unknown = next((word.text for word in rest if word.text.startswith("-") and not word.quoted), None)
    if unknown is not None or not needed <= len(texts) <= len(known.takes):
        what = f"has no flag {unknown}" if unknown else wrong_count(len(texts), needed, known)
        message = f"%generate {name} {what}. Write: %generate {known.shown}"
        raise InvalidCall(message)
    return Command(name, texts, MappingProxyType(options))
