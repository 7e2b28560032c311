"""Pictures that were made once are remembered, and many are made at a time.

So the next page, another order or the same cell again costs no decoding. What is remembered is bounded in bytes and forgotten with the process. A file that has changed since is drawn anew.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from notebookgen.media.shown import Picture

__all__ = ["Memory", "at_once", "version"]

MOST_THREADS = 4  # decoders leave the interpreter to others while they work


class Memory:
    """Pictures by what they were made from, at most so many bytes of them; those not seen for longest go first."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[Hashable, Picture] = OrderedDict()
        self._lock = threading.Lock()

    def picture(self, key: Hashable, make: Callable[[], Picture]) -> Picture:
        """Return what was made for a key, or make it; where that fails, nothing is remembered."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            if key not in self._kept and len(made.data) <= self._most:
                self._kept[key] = made
                self._bytes += len(made.data)
            while self._bytes > self._most:
                _, old = self._kept.popitem(last=False)
                self._bytes -= len(old.data)
        return made


def version(path: str) -> tuple[int, int] | None:
    """Return what is another one when a file has changed; None where there is none to be drawn."""
    try:
        seen = Path(path).stat()
    except (OSError, ValueError):
        return None
    return seen.st_mtime_ns, seen.st_size


def at_once(calls: Sequence[Callable[[], object]]) -> None:
    """Make calls in a few threads, and wait for them; what one of them raises is left for whoever makes it again."""
    if len(calls) < 2:
        return
    pool = ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1, len(calls)), thread_name_prefix="previews")
    try:
        for future in [pool.submit(call) for call in calls]:
            future.exception()
    finally:  # Stop is answered: what has not begun never does
        pool.shutdown(wait=False, cancel_futures=True)
