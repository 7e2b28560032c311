"""What is paid for and here, shown without a write: on a full disk, in a folder that may only be read.

Everything else goes through the engine, which writes down that a run begins before it does anything.
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

from notebookgen.errors import AssetError
from notebookgen.jobs.delivered import Delivered
from notebookgen.jobs.handle import RunHandle
from notebookgen.jobs.states import State
from notebookgen.jobs.ticket import date_of
from notebookgen.ledger.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from notebookgen.errors import NotebookgenError
    from notebookgen.jobs.ticket import Wish
    from notebookgen.ledger.rows import AttemptRow
    from notebookgen.records import Asset, Generation

__all__ = ["stored_attempt", "stored_run"]


def stored_attempt(home: Path, generation: Generation) -> AttemptRow | None:
    """Return what the ledger has of a content, read without a write."""
    store = Store.to_read(home)
    if store is None:
        return None
    try:
        return store.last_attempt(generation.id)
    finally:
        store.close()


def stored_run(
    home: Path, wishes: Sequence[Wish], *, present: Callable[[Asset], bool], error: NotebookgenError
) -> RunHandle | None:
    """Return a run that is over: what was paid for before and is still here, and the error for all the rest.

    Args:
        home: The home folder.
        wishes: What is asked for.
        present: Whether a kept file is still in its place.
        error: Why nothing can be written.

    Returns:
        The run, or None where nothing of it is here.
    """
    store = Store.to_read(home)
    if store is None:
        return None
    try:
        rows = [
            _row(store, wish.generation.with_sample(wish.generation.sample + place), present, error, fresh=wish.fresh)
            for wish in wishes
            for place in range(wish.samples)
        ]
    finally:
        store.close()
    if not any(row.assets for row in rows):
        return None
    handle = RunHandle(
        uuid.uuid4().hex[:10], [row.generation for row in rows], clock=time.monotonic, stop=lambda _: "It was over."
    )
    handle.note(f"nothing could be written down: {str(error).splitlines()[0]}")
    for index, row in enumerate(rows):
        handle.put(index, row)
    return handle


def _row(
    store: Store,
    generation: Generation,
    present: Callable[[Asset], bool],
    error: NotebookgenError,
    *,
    fresh: bool,
) -> Delivered:
    """Return one row as it stands in the ledger, with the files that are here."""
    row = None if fresh else store.last_attempt(generation.id)
    known = store.assets(row.key) if row is not None and row.state == State.SAVED else ()
    here = tuple(asset for asset in known if present(asset))
    if row is None or not here:
        return Delivered(generation, error=error, done=True)
    gone = len(known) - len(here)
    said = row.error or (f"{gone} of its files have gone from their place" if gone else None)
    return Delivered(
        generation,
        State.SAVED,
        cost=row.cost,
        assets=here,
        seconds=row.seconds,
        job=row.job,
        error=AssetError(said) if said else None,
        cached=True,
        at=date_of(row.at),
        done=True,
    )
