"""The tree of errors: as drawn, shown in one to four lines, kept whole through a pickle, with near misses that help."""

from __future__ import annotations

import inspect
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell

from notebookgen import errors
from notebookgen.errors import LONGEST_LINE, MOST_LINES, NotebookgenError, Stopped, near_miss, shown

CLASSES = [one for _, one in inspect.getmembers(errors, inspect.isclass) if one.__module__ == errors.__name__]
OURS = [one for one in CLASSES if issubclass(one, NotebookgenError)]


def drawn() -> dict[str, str]:
    """Return each class of the drawing with its parent."""
    parents: list[tuple[int, str]] = []
    found: dict[str, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        name = re.match(r"^    ([│├└─\s]*)(\w+)", line)
        if name and name[2] in dir(errors):
            depth = len(name[1]) // 4
            parents = [(deep, one) for deep, one in parents if deep < depth]
            if parents:
                found[name[2]] = parents[-1][1]
            parents.append((depth, name[2]))
    return found


def test_the_drawing_is_the_tree() -> None:
    """The picture at the top of the module has every class under its own base class."""
    tree = {one.__name__: one.__bases__[0].__name__ for one in OURS if one is not NotebookgenError}

    assert tree == drawn()


def test_every_class_is_listed() -> None:
    """``__all__`` has each error, so that ``from notebookgen.errors import`` offers them."""
    assert {one.__name__ for one in CLASSES} == {name for name in errors.__all__ if name[0].isupper()}


def test_stop_is_a_keyboard_interrupt() -> None:
    """So *Run All* stops, and no ``except Exception`` swallows it."""
    assert issubclass(Stopped, KeyboardInterrupt)
    assert not issubclass(Stopped, Exception)


@pytest.mark.parametrize("cls", [*OURS, Stopped], ids=lambda cls: cls.__name__)
def test_each_is_shown_as_its_name_and_its_words(cls: type[BaseException]) -> None:
    """No traceback, no module path: the plain name, then what was said."""
    error = cls("what failed.\nWhat to type next.")

    assert [f"{cls.__name__}: what failed.", "What to type next."] == error._render_traceback_()  # type: ignore[attr-defined]  # IPython's own hook


@given(st.text())
def test_whatever_is_said_four_lines_are_shown(text: str) -> None:
    """A provider's page of words is cut: four lines, none of them long, and none broken by what is in it."""
    lines = shown(NotebookgenError(text))

    assert 1 <= len(lines) <= MOST_LINES
    assert all(len(line) <= LONGEST_LINE + len("NotebookgenError: ") for line in lines)
    assert not any("\n" in line or "\r" in line for line in lines)


def test_the_last_line_stays() -> None:
    """What is cut is the middle: the next thing to type stands in the last line."""
    lines = shown(NotebookgenError("\n".join(["what failed", *map(str, range(50)), "type this"])))

    assert ["NotebookgenError: what failed", "0", "1", "type this"] == lines


def test_a_notebook_shows_the_lines_and_nothing_else() -> None:
    """In IPython a cell that raises prints one to four lines, no traceback, and still counts as failed."""
    shell = InteractiveShell()
    printed: list[list[str]] = []
    shell._showtraceback = lambda _kind, _value, lines: printed.append(list(lines))  # type: ignore[assignment, method-assign]  # where a front end hooks in
    try:
        outcome = shell.run_cell("from notebookgen.errors import MissingKey\nraise MissingKey('no key.\\nType this.')")
    finally:
        shell.history_manager.end_session()  # type: ignore[union-attr]  # a shell has one

    assert [["MissingKey: no key.", "Type this."]] == printed
    assert not outcome.success


def test_facts_are_attributes() -> None:
    """Nobody has to read prose: codes, waits, ids and jobs are attributes, and absent ones are None."""
    limited = errors.RateLimited("slow down", code=429, said="slow", fail_code="rate", retry_after=2.0)
    failed = errors.JobFailed("no", id="1a", job="j", fail_code="safety", retryable=False)

    assert (429, "slow", "rate", 2.0) == (limited.code, limited.said, limited.fail_code, limited.retry_after)
    assert ("1a", "j", "safety", False) == (failed.id, failed.job, failed.fail_code, failed.retryable)
    assert (None, "", None, None) == (
        (plain := errors.Refused("no")).code,
        plain.said,
        plain.fail_code,
        plain.retry_after,
    )


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("bugdet", " Did you mean 'budget'?"),
        ("BUDGET", " Did you mean 'budget'?"),
        ("nano", " Did you mean 'nano-banana' or 'nano-banana-pro'?"),
        ("zzz", ""),
        ("", ""),
    ],
)
def test_near_misses(word: str, hint: str) -> None:
    """Slips of the pen, capitals and parts of a word are understood; where nothing is near, nothing is said."""
    assert hint == near_miss(word, ["budget", "nano-banana", "nano-banana-pro", "veo-3"])


@given(st.text(max_size=20), st.lists(st.text(max_size=12), max_size=8), st.integers(1, 4))
def test_near_misses_are_few_and_known(word: str, known: list[str], most: int) -> None:
    """Never more than asked for, each one known, and never a crash, whatever was typed."""
    hint = near_miss(word, known, most=most)

    assert hint.count("?") >= bool(hint)
    assert not hint or any(repr(one) in hint for one in known)
    assert hint.count(" or ") <= most - 1 + sum(one.count(" or ") for one in known)
