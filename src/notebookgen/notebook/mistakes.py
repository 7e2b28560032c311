"""What is said of a line that makes no sense, with what to write instead: everything that guesses is here. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from notebookgen.errors import InvalidCall, near_miss
from notebookgen.normal import count_words
from notebookgen.notebook.flags import COMMANDS, FLAGS, Subcommand, known_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.notebook.words import Word

__all__ = ["no_command", "stray", "wrong_count"]

COMMAND_NAMES = tuple(one.name for one in COMMANDS)


def stray(
    line: str, words: tuple[Word, ...], rest: tuple[Word, ...], cell: str, named: Callable[[str], str | None]
) -> InvalidCall:
    """Return the error for words of a ``%%generate`` line that are neither a flag nor a flag's value.

    Args:
        line: The line.
        words: All its words.
        rest: Those that are left over.
        cell: What stands below.
        named: Returns a model's whole name for a word that is one.
    """
    model = _model(words, rest, named)
    wrong = _wrong_flag(line, words, rest, model)
    if wrong is not None:
        return wrong
    text = rest[0].text
    command = next((one for one in COMMANDS if one.name == text), None)
    if command is not None and rest[0] is words[0] and len(words) <= 1 + len(command.takes):
        return InvalidCall(f"'{text}' is a command and takes one % only. Write: %generate{_blank(line)}")
    before = words[words.index(rest[0]) - 1].text if words[0] is not rest[0] else ""
    if cell.strip() and before and not model:  # most likely the rest of a value
        quoted = f"{before} {text}".partition("=")
        value = f"{quoted[0]}='{quoted[2]}'" if quoted[1] else f"'{quoted[0]}'"
        return InvalidCall(
            f"'{text}' is no flag. Nothing was sent. A value with blanks goes in quotes: {value}\n"
            "The prompt goes below the %%generate line."
        )
    what = "a model goes behind -m, and " if model else ""
    return InvalidCall(
        f"{what}the prompt goes below the %%generate line{'' if model else ', and the flags on it'}. Nothing was sent."
        f" Write:\n{_written(line, words, rest, cell, model)}"
    )


def no_command(
    line: str, words: tuple[Word, ...], rest: tuple[Word, ...], named: Callable[[str], str | None]
) -> InvalidCall:
    """Return the error for a word that is no command: a slip of the pen, or a prompt or a flag, which take two %.

    Args:
        line: The line.
        words: All its words.
        rest: Those that would be left over as a prompt.
        named: Returns a model's whole name for a word that is one.
    """
    name, model = words[0].text, _model(words, rest, named)
    wrong = _wrong_flag(line, words, rest, model) if model else None
    if wrong is not None:
        return wrong
    short = [one.name for one in COMMANDS if len(words) <= 1 + len(one.takes) + 2 * len(one.flags)]
    miss = "" if model else near_miss(name, short, most=1)
    commands = f"The commands: {' '.join(COMMAND_NAMES)}. What they do: %generate help"
    if miss:
        return InvalidCall(f"%generate has no command '{name}'.{miss}\n{commands}")
    what = "takes no flag without a command" if name.startswith("-") else f"has no command '{name}'"
    two = "To make something, take %%generate (two %), with the prompt on the next line:"
    return InvalidCall(f"%generate {what}. {two}\n{_written(line, words, rest, model=model)}\n{commands}")


def _model(words: tuple[Word, ...], rest: tuple[Word, ...], named: Callable[[str], str | None]) -> str:
    """Return which model the first word that is left over names, where none stands behind ``-m``; else nothing."""
    given = any(word.text in {"-m", "--model"} or word.text.startswith("--model=") for word in words)
    return "" if given or not rest else named(rest[0].text) or ""


def _wrong_flag(line: str, words: tuple[Word, ...], rest: tuple[Word, ...], model: str) -> InvalidCall | None:
    """Return the error for a flag that there is not, where that is what is left over, at most behind a model."""
    text = next((word.text for word in rest[1 if model else 0 :]), "")
    takes = {flag.short for flag in FLAGS if flag.short and flag.takes}
    if text[:2] in takes and not text.startswith("--") and re.fullmatch(r"\d+|=.+", text[2:]):
        told = f"'{text}' needs a blank: {text[:2]} {text[2:].lstrip('=')}"
    elif text.startswith("-") and len(text) > 1:
        name = text.partition("=")[0]
        meant = near_miss(name.lstrip("-"), [one.lstrip("-") for one in known_words()], most=1)
        hint = re.sub(r"'([\w-]+)'", lambda found: f"'{'--' if len(found[1]) > 1 else '-'}{found[1]}'", meant)
        told = (
            f"%%generate has no flag {name}.{hint} Nothing was sent. What a model is told goes behind -s: -s KEY=VALUE\n"
            f"The flags: {' '.join(flag.usual for flag in FLAGS)}. What they do: %generate help"
        )
    else:
        return None
    behind = f"\nA model goes behind -m: {_written(line, words, rest, model=model).splitlines()[0]}" if model else ""
    return InvalidCall(told + behind)


def wrong_count(given: int, needed: int, known: Subcommand) -> str:
    """Say that there are too few or too many words."""
    if given < needed:
        return f"needs {' and '.join(one for one in known.takes[given:] if not one.startswith('['))}"
    return f"takes {count_words(len(known.takes), 'word') if known.takes else 'nothing'} and was given {count_words(given, 'word')}"


def _written(line: str, words: tuple[Word, ...], rest: tuple[Word, ...], cell: str = "", model: str = "") -> str:
    """Return a cell as it is to be written, its flags on the first line and its prompt on the second.

    Args:
        line: The line.
        words: All its words.
        rest: Those that are left over.
        cell: What stands below.
        model: The model that the first of these names, which goes behind its flag.
    """

    def as_typed(word: Word) -> str:
        return line[word.start : _end(line, words, word)].strip()

    flags, prompt = {word: as_typed(word) for word in words if word not in rest}, rest
    if model:
        flags[rest[0]] = f"-m {as_typed(rest[0]) if model == rest[0].text else model}"
        prompt = rest[1:]
    first = " ".join(flags[word] for word in words if word in flags)
    second = " ".join([*map(as_typed, prompt), *cell.split()])
    return f"%%generate{_blank(first)}\n{second or 'A red fox in the snow'}"


def _end(line: str, words: tuple[Word, ...], word: Word) -> int:
    """Return where the word behind a word begins, or the line's end."""
    return min((one.start for one in words if one.start > word.start), default=len(line))


def _blank(line: str) -> str:
    """Return a line as it stands behind ``%%generate``."""
    return f" {line.strip()}" if line.strip() else ""
