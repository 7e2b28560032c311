"""What is seen while the rows of a large frame are looked at, before anything is sent: one line, if it takes a while."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from notebookgen.errors import Stopped
from notebookgen.notebook.progress import PERIOD, LazyBoard, is_quiet, open_board

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notebookgen.notebook.progress import Board

__all__ = ["planning"]

GRACE = 1.0  # seconds; what is planned sooner is not spoken of


@contextmanager
def planning(
    *, board: Callable[[], Board] | None = None, clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[int, int], None]]:
    """Give what is told how many rows are planned, of how many.

    Args:
        board: Opens the place to show it; by default the notebook's output, or stderr in a terminal.
        clock: Seconds that only grow.

    Raises:
        Stopped: A person pressed Stop.
    """
    show = not is_quiet(planning=True) and threading.current_thread() is threading.main_thread()
    place = LazyBoard(board or open_board)
    began = clock()
    drawn, rows = began + GRACE - PERIOD, 0

    def tick(done: int, total: int) -> None:
        nonlocal drawn, rows
        now, rows = clock(), total
        if show and now - drawn >= PERIOD:
            place.show(f"planning: {done:,} of {total:,} rows")
            drawn = now

    try:
        yield tick
    except KeyboardInterrupt:
        if place.open:
            place.end("planning: stopped")
        message = "Stopped while the rows were looked at. Nothing was sent."
        raise Stopped(message) from None
    if place.open:
        from notebookgen.normal import duration  # noqa: PLC0415 - whoever plans has loaded it

        place.end(f"planned {rows:,} rows in {duration(clock() - began)}")
