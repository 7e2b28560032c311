"""Files that came back: told by their bytes, looked into, kept once, and made small enough to show.

The names below are loaded at their first use; Pillow and PyAV not before a file is opened.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notebookgen.media.files import Collector, MediaStore
    from notebookgen.media.inputs import ReadImage, read_image

__all__ = ["Collector", "MediaStore", "ReadImage", "read_image"]

HOMES = {
    "Collector": "files",
    "MediaStore": "files",
    "ReadImage": "inputs",
    "read_image": "inputs",
}


def __getattr__(name: str) -> object:
    """Load a name from the module it lives in."""
    if name not in HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{HOMES[name]}"), name)
