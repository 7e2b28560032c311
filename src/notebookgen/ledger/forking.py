"""A ledger file across ``fork``: SQLite keeps its locks in memory, and a copy of them taken midway locks a child out.

So a fork waits for the statement that is being run, and the child never touches (nor closes) what it inherited.
See https://www.sqlite.org/howtocorrupt.html, section 2.6.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Guarded"]

_alive: weakref.WeakSet[Guarded] = weakref.WeakSet()
_held: list[Guarded] = []
_inherited: list[sqlite3.Connection] = []  # never closed: closing would speak for the parent


class Guarded:
    """A connection and the lock that is held while it works; without one, a lock that no fork catches midway."""

    def __init__(self, connection: sqlite3.Connection | None, *, rank: int = 0) -> None:
        """Watch over a connection from now on.

        Args:
            connection: What is worked with.
            rank: Whoever holds several locks took those of a lower rank first; so does a fork.
        """
        self.connection = connection
        self.rank = rank
        self.lock = threading.RLock()
        _alive.add(self)


def _before() -> None:
    """Let every statement come to its end, and let none begin."""
    for one in sorted(_alive, key=lambda one: one.rank):
        one.lock.acquire()
        _held.append(one)


def _in_parent() -> None:
    """Go on."""
    while _held:
        _held.pop().lock.release()


def _in_child() -> None:
    """Forget what belongs to the parent, without closing it."""
    for one in _held:
        if one.connection is not None:
            _inherited.append(one.connection)
            _alive.discard(one)
    _in_parent()


if hasattr(os, "register_at_fork"):  # where there is no fork, nothing is inherited
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
