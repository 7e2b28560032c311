"""File names for people: readable, safe everywhere, never taken from a provider, different for different things."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookgen.media.naming import human_name

ID = "1f2e3d4c5b6a7988"


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("A fox in the snow", "a-fox-in-the-snow-1f2e3d4c.png"),
        ("Ein Fuchs, größer!", "ein-fuchs-grosser-1f2e3d4c.png"),
        ("../../etc/passwd", "etc-passwd-1f2e3d4c.png"),
        ("C:\\windows\\system32", "c-windows-system32-1f2e3d4c.png"),
        ("雪中的狐狸、油画", "雪中的狐狸-油画-1f2e3d4c.png"),
        ("लोमड़ी", "लोमड़ी-1f2e3d4c.png"),
        ("fox\u202egnp.exe", "fox-gnp-exe-1f2e3d4c.png"),
        ("\u0301", "result-1f2e3d4c.png"),
        ("", "result-1f2e3d4c.png"),
        ("con", "result-1f2e3d4c.png"),
        ("LPT1", "result-1f2e3d4c.png"),
        ("a\x00b\nc", "a-b-c-1f2e3d4c.png"),
        ("café", "cafe-1f2e3d4c.png"),
    ],
)
def test_a_name_is_made_of_the_prompt(prompt: str, name: str) -> None:
    """Letters and digits of the prompt in its own script, hyphens between them, the first digits of the id, the ending."""
    assert name == human_name(prompt, ID, ".png")


def test_several_files_are_numbered() -> None:
    """Files of one result are told apart."""
    assert ["x-1f2e3d4c-1.wav", "x-1f2e3d4c-2.wav"] == [human_name("x", ID, ".wav", number) for number in (1, 2)]


@given(st.text(max_size=300), st.sampled_from([".png", ".mp4", ".txt"]), st.none() | st.integers(1, 99))
def test_every_prompt_makes_a_safe_name(prompt: str, suffix: str, number: int | None) -> None:
    """Letters, digits and hyphens alone: short, no separators, no hidden file, no mark that turns, no device of Windows."""
    name = human_name(prompt, ID, suffix, number)

    stem = name.removesuffix(suffix)
    assert re.fullmatch(r"[^-][^.]*", stem)
    assert {"L", "N", "M"} >= {unicodedata.category(one)[0] for one in stem.replace("-", "")}
    assert (True, True) == (len(name) <= 80, len(name.encode()) <= 255)
    assert name.split(".")[0].upper() not in {"CON", "NUL", "AUX", "PRN"}
    assert name == PureWindowsPath(name).name
