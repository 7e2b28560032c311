"""Waiting for the disk: what must not happen before a commit is safe from a power cut, many commits at one wait.

The engine's thread never waits itself. While one sync is under way the next commits gather, and share the next one.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from notebookgen.errors import NotWritable
from notebookgen.jobs.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.ledger.store import Store

__all__ = ["Durably"]

log = logging.getLogger("notebookgen")


class Durably:
    """Runs events once everything that was committed before them is on the disk."""

    def __init__(self, store: Store, post: Callable[[Callable[[], None]], None]) -> None:
        """Wait with nothing; ``post`` has the engine's thread run an event."""
        self._store = store
        self._post = post
        self._worker = Workers(1, "notebookgen-sync")
        self._waiting: list[tuple[Callable[[], None], Callable[[NotWritable], None]]] = []
        self._busy = False

    def then(self, event: Callable[[], None], failed: Callable[[NotWritable], None]) -> None:
        """Run ``event`` in the engine's thread when all that is committed by now is on the disk.

        Args:
            event: Must not happen before.
            failed: Is called instead, with the reason, where the disk does not take it.
        """
        if self._store.puts_off_syncs:
            self._waiting.append((event, failed))
        else:
            event()

    def go(self) -> None:
        """Begin to wait for what gathered, unless a wait is under way; called at each turn of the loop."""
        store = self._store
        if self._busy or not store.puts_off_syncs or not (self._waiting or store.unsynced):
            return
        store.unsynced = False  # by this thread, which alone commits
        batch, self._waiting, self._busy = self._waiting, [], True
        store.mend_log()

        def done(_: object, error: BaseException | None) -> None:
            self._post(lambda: self._synced(batch, error))

        try:
            self._worker.submit(store.sync, done)
        except RuntimeError:  # no thread can be begun just now: all wait for the disk here
            try:
                store.sync()
            except NotWritable as error:
                done(None, error)
            else:
                done(None, None)

    def _synced(
        self,
        batch: list[tuple[Callable[[], None], Callable[[NotWritable], None]]],
        error: BaseException | None,
    ) -> None:
        """Go on with all who waited."""
        self._busy = False
        self.go()
        if error is not None and not isinstance(error, NotWritable):
            log.error("notebookgen: unexpected error while the ledger was synced", exc_info=error)
            error = NotWritable(f"the ledger could not be brought to the disk ({type(error).__name__}: {error}).")
        for event, failed in batch:
            try:
                event() if error is None else failed(error)
            except Exception:  # a bug in one must not end the work on the others
                log.exception("notebookgen: unexpected error in the engine")
