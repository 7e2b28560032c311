"""The paces of a home folder's accounts: kept in this process, and shared with other kernels once a limit is known.

The file they share is a help and never a need: where it cannot be used, this process keeps to its own pace, and says so
once in the log. As long as no limit of an account is known, it is not touched, only looked whether it has changed.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from typing import TYPE_CHECKING, TypeVar

from notebookgen.ledger.forking import Guarded
from notebookgen.ledger.pacefile import FILE_NAME, PaceFile
from notebookgen.ledger.rows import realm_text
from notebookgen.transport.limits import MINUTE, Known, Limit, known_from, known_text
from notebookgen.transport.paced import Gate
from notebookgen.transport.pacing import Pace
from notebookgen.transport.sendlog import Memory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from notebookgen.ledger.pacefile import Sends
    from notebookgen.records import Realm
    from notebookgen.settings import Settings
    from notebookgen.transport.limits import Heard
    from notebookgen.transport.pacing import Kind, Slot

__all__ = ["Paces", "SharedGate", "limit_lines"]

log = logging.getLogger("notebookgen")
T = TypeVar("T")
LOOK_SECONDS = 0.25  # between two looks whether other kernels have learned something
OFF_SECONDS = 30.0  # for which a file that cannot be used is left alone


class FilePage:
    """An account's page in the shared file; what is known is read at the beginning of each turn and written at its end."""

    def __init__(self, file: PaceFile, realm: str) -> None:
        self.known = Known()
        self.log: Sends = file.sends(realm)
        self._file = file
        self._realm = realm
        self._text: str | None = None

    def load(self, now: float) -> None:
        """Read what is known."""
        text, same_start = self._file.read(self._realm)
        if text != self._text or not same_start:
            self.known, self._text = known_from(text, now=now, same_clock=same_start), text
            if not same_start:
                self._text = None

    def save(self) -> None:
        """Write what is known, where it has changed."""
        text = known_text(self.known)
        if text != self._text and (self._text is not None or self.known != Known()):
            self._file.write(self._realm, text)
            self._text = text


class SharedGate(Gate):
    """An account's pace for all threads and all kernels of this machine."""

    def __init__(self, paces: Paces, realm: str, pace: Pace) -> None:
        super().__init__(pace, clock=paces.clock, lock=paces.guard.lock)
        self._paces = paces
        self._realm = realm
        self._memory = Memory()
        self._page: FilePage | None = None
        self._file: PaceFile | None = None
        self._seen: tuple[int, int] | None = None
        pace.page = self._memory

    def begin(self, kind: Kind) -> Slot:
        """Have a request leave; the file is asked only where it has no place of its own there."""
        with self._lock:
            now = self.clock()
            return self.pace.begin(now, kind) if self.pace.may_begin(now, kind) else super().begin(kind)

    def end(self, slot: Slot, heard: Heard) -> None:
        """Take note of what became of it; the file is told what it must know."""
        with self._lock:
            now = self.clock()
            if self.pace.bound and self.pace.may_end(slot, now, heard):
                self.pace.end_quietly(slot, now)
            else:
                super().end(slot, heard)

    def _do(self, work: Callable[[], T]) -> T:
        """Ask the pace, or tell it something, with no other thread, and no other kernel, at it."""
        with self._lock:
            file = self._shared()
            if file is None:
                self._come_home()
                return work()
            result: list[T] = []
            try:
                with file.turn():
                    self._go_to(file)
                    result.append(work())
                    if self._page is not None:
                        self._page.save()
            except (sqlite3.Error, OSError) as error:
                self._paces.broken(error)
                self._come_home()
                return result[0] if result else work()
            if not self.pace.bound:
                self._come_home()
            return result[0]

    def _shared(self) -> PaceFile | None:
        """Return the file, where it is to be used just now."""
        if self.pace.bound or self.pace.page.known.jobs:
            return self._paces.file()
        version = self._paces.version()
        if version is None or version == self._seen:
            return None
        self._seen = version
        return self._paces.file()

    def _go_to(self, file: PaceFile) -> None:
        """Use the account's page in the file; what is known here and not there goes along."""
        now = self.clock()
        if self._file is not file or self._page is None:
            self._file, self._page = file, FilePage(file, self._realm)
            self._page.log.forget_after(now)
        self._page.load(now)
        if self.pace.page is not self._page:
            mine, theirs = self.pace.page.known, self._page.known
            self._page.known = mine if newest(mine) > newest(theirs) else theirs
            self.pace.move(self._page, now)

    def _come_home(self) -> None:
        """Go on in this process alone."""
        if self.pace.page is not self._memory:
            known = self.pace.page.known
            self._memory = Memory()
            self._memory.known = known
            self.pace.move(self._memory, self.clock())
            self._page = None


def newest(known: Known) -> float:
    """Return when something was learned the last time; below 0 where nothing is known."""
    return max(known.since, known.lowered, known.paused, known.crowded) if known != Known() else -1.0


class Paces:
    """The gates of a home folder's accounts."""

    def __init__(self, home: Path, *, clock: Callable[[], float] = time.monotonic, start: str | None = None) -> None:
        """Touch nothing yet.

        Args:
            home: The home folder.
            clock: Seconds that only go forward, the same for all programs of this machine.
            start: What tells this start of the machine from others.
        """
        self.clock = clock
        self.guard = Guarded(None, rank=1)  # inside a transaction of the ledger, and around one of the file
        self._home = home
        self._start = start
        self._file: PaceFile | None = None
        self._off_until = float("-inf")
        self._said = False
        self._looked = float("-inf")
        self._version: tuple[int, int] | None = None
        self._gates: dict[str, SharedGate] = {}

    def gate(self, realm: Realm, settings: Settings) -> SharedGate:
        """Return the gate of an account."""
        with self.guard.lock:
            name = realm_text(realm)
            if name not in self._gates:
                self._gates[name] = SharedGate(self, name, Pace())
            _set(self._gates[name].pace, realm.provider, settings)
            return self._gates[name]

    def adjust(self, settings: Settings) -> None:
        """Take over what a person has set."""
        with self.guard.lock:
            for name, gate in self._gates.items():
                _set(gate.pace, name.partition("|")[0], settings)

    def known(self, realm: Realm) -> tuple[Known, Pace]:
        """Return what is known of an account, and what binds."""
        gate = self._gates[realm_text(realm)]
        gate._seen = None  # noqa: SLF001 - its own module's
        return gate._do(lambda: (gate.pace.page.known, gate.pace))  # noqa: SLF001 - likewise

    def file(self) -> PaceFile | None:
        """Return the file, opened; None where it cannot be used just now."""
        if self._file is not None and self._file.process != os.getpid():
            self._file = None  # the parent's: never touched here
        if self._file is None and self.clock() >= self._off_until:
            try:
                self._home.mkdir(parents=True, exist_ok=True)
                self._file = PaceFile(self._home, start=self._start)
            except (sqlite3.Error, OSError) as error:
                self.broken(error)
        return self._file

    def version(self) -> tuple[int, int] | None:
        """Return what is another one when some kernel has written into the file; looked at a few times a second."""
        now = self.clock()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            try:
                found = (self._home / FILE_NAME).stat()
                self._version = (found.st_mtime_ns, found.st_size)
            except OSError:
                self._version = None
        return self._version

    def broken(self, error: Exception) -> None:
        """Leave the file alone for a while; said once."""
        if not self._said:
            self._said = True
            log.warning(
                "notebookgen: %s cannot be used (%s): this kernel keeps to its own pace, without knowing of others",
                self._home / FILE_NAME,
                error,
            )
        self._off_until = self.clock() + OFF_SECONDS
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def close(self) -> None:
        """Close the file."""
        with self.guard.lock:
            if self._file is not None:
                self._file.close()
                self._file = None


def _set(pace: Pace, provider: str, settings: Settings) -> None:
    """Bind a pace by what a person has set for the provider."""
    told = settings.limits.get(provider)
    windows = ((told.per_minute, MINUTE), (told.per_second, 1.0)) if told is not None else ()
    limits = tuple(Limit(count, window) for count, window in windows if count)
    jobs = told.concurrent if told is not None else None
    if (limits, jobs) != (pace.limits, pace.jobs):
        pace.limits, pace.jobs = limits, jobs


def limit_lines(paces: Paces, realm: Realm) -> list[str]:
    """Return what binds an account, and who says so, in lines for a person; empty where nothing does."""
    known, pace = paces.known(realm)
    who = {"set": "as was set", "told": "as its replies tell", "learned": "as its refusals have taught"}
    parts = [f"{one.words}, {who[one.origin]}" for one in pace.binding()]
    if pace.jobs:
        parts.append(f"{pace.jobs} at once, as was set")
    if known.jobs:
        parts.append(f"{known.jobs} at once, as its refusals have taught")
    if known.gap:
        parts.append(f"{known.gap:.2g} s between two, as its refusals have taught")
    wait = known.paused - paces.clock()
    if wait > 0:
        parts.append(f"asked to wait for {wait:.0f} s")
    return [f"pace: {'; '.join(parts)}"] if parts else []
