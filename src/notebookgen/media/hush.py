"""A decoder's warnings, kept out of the notebook: in the thread that looks at a stranger's file, and nowhere else.

``warnings.catch_warnings`` puts back a list that all threads share, and may so undo what another one has just changed.
Here one filter is put in front and stays; it matches only while the thread that warns is within ``hushed``.
"""

from __future__ import annotations

import contextlib
import re
import threading
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["hushed"]

# What Pillow says of files: DecompressionBombWarning is a RuntimeWarning. That something is outdated is told to us.
HUSHED = (UserWarning, RuntimeWarning)


class Depth(threading.local):
    """How many times this thread is within ``hushed``."""

    now = 0


class Within:
    """Stands where a filter has the pattern of a module's name, and is asked whether it matches.

    Some libraries hand their process's filters on to others, as text or pickled: there it is a pattern of nothing.
    """

    pattern = "(?!)"

    def match(self, _: str) -> bool:
        """Whether this thread is within ``hushed``, whichever module warns."""
        return DEPTH.now > 0

    def __reduce__(self) -> tuple[object, ...]:
        return re.compile, (self.pattern,)


DEPTH = Depth()
WITHIN = Within()
FILTERS: list[Any] = [("ignore", None, category, WITHIN, 0) for category in HUSHED]
placing = threading.Lock()


@contextlib.contextmanager
def hushed() -> Iterator[None]:
    """Leave a decoder's warnings unsaid in this thread."""
    first()
    DEPTH.now += 1
    try:
        yield
    finally:
        DEPTH.now -= 1


def first() -> None:
    """Put the filters in front of those that were set since."""
    filters: list[Any] = warnings.filters  # type: ignore[assignment] # a list, which others change in place as well
    with placing:
        if filters[: len(FILTERS)] == FILTERS:
            return
        filters[:0] = FILTERS
        for place in range(len(filters) - 1, len(FILTERS) - 1, -1):
            if filters[place] in FILTERS:
                del filters[place]
