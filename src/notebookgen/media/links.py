"""Where a file is linked from a notebook: addresses relative to its folder, of files that lie beneath it.

Other addresses are of no use there: a front end serves nothing outside its own folder, and sanitizers take ``file:``
away.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING
from urllib.parse import quote

from notebookgen.media.captions import clean

if TYPE_CHECKING:
    from pathlib import Path

    from notebookgen.media.shown import Shown
    from notebookgen.records import Asset

__all__ = ["relative"]


def relative(asset: Asset, shown: Shown, folder: str | Path | None) -> str | None:
    """Return the address of a file relative to the notebook's folder: of a person's own copy, else of the kept one.

    Args:
        asset: The file.
        shown: The result that it belongs to.
        folder: The notebook's folder; None where nobody knows, or links are not wanted.
    """
    if folder is None:
        return None
    for place in (shown.copies.get(asset.path), asset.path):
        try:
            inside = PurePath(place or "").relative_to(folder)
        except ValueError:
            continue
        if inside.parts and ".." not in inside.parts:
            return quote(clean(inside.as_posix()))
    return None
