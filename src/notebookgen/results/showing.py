"""From rows of a run to the plain facts that previews are made of, many at a time; and where the notebook is."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from notebookgen.jobs.house import newest
from notebookgen.media.shown import Shown
from notebookgen.media.texts import words_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notebookgen.jobs.delivered import Delivered
    from notebookgen.jobs.handle import RunHandle
    from notebookgen.media.shown import PreviewLimits
    from notebookgen.records import Asset, InputImage

__all__ = ["here", "limits_of", "notebook_folder", "shown_rows", "text_of", "told_apart"]

MOST_READ = 4_000_000  # characters of a text that is shown
REMARK = 32  # bytes: a text as short as that, beside a picture, is a remark


def shown_rows(handle: RunHandle, places: Iterable[int], *, inputs: bool = False) -> list[Shown]:
    """Return how some rows of a run are told to a person.

    Args:
        handle: The run.
        places: Which of its rows.
        inputs: Whether its input images are looked up, too.
    """
    rows = handle.rows(places)
    return [
        Shown(
            status=str(row.state),
            model=row.generation.full_model,
            prompt=row.generation.prompt,
            settings=row.generation.settings,
            cost=cost,
            seconds=row.seconds,
            job=row.job,
            id=row.generation.id,
            assets=told_apart(row.assets),
            text=text_of(row) if all(asset.kind == "text" for asset in row.assets) else None,
            error=handle.retell(str(row.error)) if row.error is not None else None,
            sandbox=row.generation.realm.sandbox,
            cached=row.cached,
            sample=row.generation.sample,
            at=row.at,
            run=handle.id,
            inputs=tuple(source(handle, one) for one in row.generation.images) if inputs else (),
            copies={one.path: handle.copies[one.path] for one in row.assets if one.path in handle.copies},
        )
        for row, cost in zip(rows, handle.in_all(rows), strict=True)
    ]


def source(handle: RunHandle, image: InputImage) -> Asset | str:
    """Return where an input image is kept, or in words why there is none to show."""
    from notebookgen.media.captions import plain_address  # noqa: PLC0415 - loaded when something is compared
    from notebookgen.media.files import MediaStore  # noqa: PLC0415 - likewise
    from notebookgen.records import Asset  # noqa: PLC0415 - likewise

    if image.sha256 is None:
        where = plain_address(image.url)
        return f"sent as an address, which is not fetched here{': ' + where if where else ''}"
    settings = handle.settings() if handle.settings is not None else None
    path = MediaStore(settings.home / "media").path_of(image.sha256) if settings is not None else None
    if path is None:
        return "its bytes are no longer kept"
    return Asset(str(path), "image", image.mime, image.size, image.sha256)


def limits_of(handle: RunHandle, cell_bytes: int | None = None) -> PreviewLimits:
    """Return how large a cell's output may be: as said for this once, else as it is set."""
    from notebookgen.media.preview import LIMITS  # noqa: PLC0415 - loaded when something is shown

    if cell_bytes is None and handle.settings is not None:
        cell_bytes = newest(handle.settings()).cell_bytes
    return LIMITS if cell_bytes is None else replace(LIMITS, cell_bytes=cell_bytes)


def notebook_folder() -> Path | None:
    """Return the folder that relative addresses in this notebook start from; None where there is none any more."""
    named = Path(os.environ.get("JPY_SESSION_NAME", ""))
    if named.is_absolute() and named.parent.is_dir():
        return named.parent
    try:
        return Path.cwd()
    except OSError:  # it was removed under our feet
        return None


def here(what: object) -> None:
    """Show something in the cell that is being run, also in the middle of it; in a terminal as a line."""
    try:
        from IPython.display import display  # noqa: PLC0415 - only where there is something to show it in
    except ImportError:
        print(repr(what))  # noqa: T201 - the terminal's way of showing it
        return
    display(what)  # type: ignore[no-untyped-call]  # IPython types none of it


def told_apart(assets: tuple[Asset, ...]) -> tuple[Asset, ...]:
    """Return the assets that are worth a place of their own in a preview.

    Any string in a reply is a text asset, since no page says what its keys mean; beside a picture or a clip a single
    word is most likely a remark such as its format. It is kept all the same, and listed in ``assets``.
    """
    media = [asset for asset in assets if asset.kind != "text"]
    worth = [asset for asset in assets if asset.kind != "text" or asset.size > REMARK]
    return tuple(worth) if media else assets


def text_of(row: Delivered) -> str | None:
    """Return the text that came back, where one did, and its files are here."""
    try:
        texts = [words_in(asset.path, MOST_READ) for asset in row.assets if asset.kind == "text"]
    except FileNotFoundError:  # one of ten thousand is gone: the others are to be read all the same
        return None
    return "\n\n".join(texts) if texts else None
