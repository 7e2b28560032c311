"""Which variables are suggested: those that a person made, and for an image those that could be one."""

from __future__ import annotations

import array
from pathlib import Path

import numpy as np
from PIL import Image

from notebookgen.notebook.candidates import made, pictures


def test_ipythons_own_names_are_never_meant() -> None:
    """Private ones and those that were there from the start are left out, unless a person has taken the name."""
    hidden = {"open": open, "In": [], "exit": 1}
    assert {"fox": 1, "exit": 2} == made({"fox": 1, "open": open, "In": hidden["In"], "exit": 2, "_": 3}, hidden)


def test_what_is_certainly_an_image_comes_first() -> None:
    """Files, addresses, bytes, pictures and arrays; then text that may be a path; nothing else."""
    names = {
        "word": "fox",
        "number": 3,
        "module": np,
        "function": pictures,
        "kind": Image.Image,
        "table": {"a": b"x"},
        "nothing": None,
        "numbers": [1, 2],
        "empty": [],
        "signal": array.array("d", [1.0]),
        "path": Path("fox.png"),
        "name": "fox.JPEG",
        "page": "https://a.example/fox",
        "data": b"x",
        "picture": Image.new("RGB", (1, 1)),
        "pixels": np.zeros((1, 1, 3), np.uint8),
        "several": [Image.new("RGB", (1, 1))],
        "_": b"x",
    }
    assert ("path", "name", "page", "data", "picture", "pixels", "several", "word") == pictures(names)


def test_nobodys_code_is_run_for_it() -> None:
    """A variable whose attributes fail or take long is not asked."""

    class Bad:
        def __getattribute__(self, name: str) -> object:
            raise AssertionError(name)

    assert () == pictures({"bad": Bad()})
