"""What urllib3 logs of a reply: a key that stands in it is blacked out before any handler sees it.

urllib3 quotes at WARNING what it cannot read in a reply's headers, with a traceback that says it again. A filter holds
for the very logger it is on and not for those below, so that each one is named; a test holds the names against what
is installed.
"""

from __future__ import annotations

import logging
import traceback
from threading import Lock
from typing import TYPE_CHECKING
from weakref import ReferenceType, ref

if TYPE_CHECKING:
    from notebookgen.transport.blackout import Blackout

__all__ = ["KEY_FILTER", "LOGGERS", "watch_logs"]

LOGGERS = (
    "requests",
    "urllib3",
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.contrib.pyopenssl",
    "urllib3.http2.connection",
    "urllib3.poolmanager",
    "urllib3.response",
    "urllib3.util.retry",
)


class KeyFilter(logging.Filter):
    """Lets every record through, the keys in it blacked out; one without a key is not touched."""

    def __init__(self) -> None:
        super().__init__()
        self._known: tuple[ReferenceType[Blackout], ...] = ()
        self._lock = Lock()  # for the writers only: what a collected object logs must not wait for its own thread

    def watch(self, blackout: Blackout) -> None:
        """Black one more key out, for as long as its transport lives."""
        with self._lock:
            self._known = (*(one for one in self._known if one() is not None), ref(blackout))

    def filter(self, record: logging.LogRecord) -> bool:
        """Black out what a record says, also in its traceback; always True."""
        try:
            said = _said(record)
        except Exception:  # noqa: BLE001 - a mistake of who logs, for its handler to tell: no exchange breaks over a log
            return True
        raised = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        told, traced = self._without_keys(said), self._without_keys(raised)
        if (told, traced) != (said, raised):
            record.msg, record.args = told, ()
            # The exception itself says the key, to whoever formats it.
            record.exc_info, record.exc_text = None, traced.rstrip("\n") or None
        return True

    def _without_keys(self, text: str) -> str:
        """Return a text without any of the keys."""
        for known in self._known:
            blackout = known()
            text = blackout.text(text) if blackout is not None else text
        return text


def _said(record: logging.LogRecord) -> str:
    """Return what a record says; where it cannot be put together, what its handler will quote of it."""
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - whatever the words and what they are about do when they meet
        return f"{record.msg!r} {record.args!r}"


KEY_FILTER = KeyFilter()


def watch_logs(blackout: Blackout) -> Blackout:
    """Have what is logged of replies pass through ``blackout``, too, and return it."""
    KEY_FILTER.watch(blackout)
    for name in LOGGERS:
        logging.getLogger(name).addFilter(KEY_FILTER)  # once, however often it is called
    return blackout
