"""Pictures that were made once are remembered within bounds, and made several at a time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from drawn_files import drawing, picture_file
from notebookgen.errors import AssetError
from notebookgen.media.drawn import Memory, at_once, version
from notebookgen.media.shown import Picture, PreviewLimits
from notebookgen.media.stills import Wish, still

if TYPE_CHECKING:
    from pathlib import Path


def made(size: int) -> Picture:
    """Return a picture of so many bytes."""
    return Picture(b"x" * size, "image/png", 1, 1)


def test_what_was_not_seen_for_longest_goes_first() -> None:
    """The memory keeps to its bytes; what is asked for again stays."""
    memory, calls = Memory(100), list[str]()

    def ask(name: str, size: int = 40) -> None:
        def make() -> Picture:
            calls.append(name)
            return made(size)

        memory.picture(name, make)

    for name in ("a", "b", "a", "c", "a", "b"):
        ask(name)
    ask("huge", 200)
    ask("a")
    assert ["a", "b", "c", "b", "huge"] == calls


def test_what_failed_is_tried_again() -> None:
    """A reason why there is no picture is not remembered: the file may come back."""
    memory = Memory(100)

    def fail() -> Picture:
        raise AssetError("gone")

    with pytest.raises(AssetError):
        memory.picture("a", fail)
    assert b"x" == memory.picture("a", lambda: made(1)).data


def test_a_changed_file_is_drawn_anew(tmp_path: Path) -> None:
    """And one that is gone has no picture, though it had one."""
    image = picture_file(tmp_path / "a.png", drawing(40, 40))
    wish, limits = Wish(64, 10_000), PreviewLimits()
    first = still(image, wish, limits)
    assert first is still(image, wish, limits)
    drawing(48, 48).save(tmp_path / "a.png")
    assert 48 == still(image, wish, limits).width
    (tmp_path / "a.png").unlink()
    with pytest.raises(AssetError, match="no longer there"):
        still(image, wish, limits)
    assert version(str(tmp_path / "a.png")) is None


def test_one_that_fails_leaves_the_others(tmp_path: Path) -> None:
    """Each call is made, in other threads; none of them raises here."""
    seen: list[str] = []

    def fail() -> None:
        raise AssetError("gone")

    at_once([fail, *(lambda: seen.append(threading.current_thread().name) for _ in range(5))])
    assert 5 == len(seen)
    assert all(name.startswith("previews") for name in seen)
