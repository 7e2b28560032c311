"""The disk: nothing is sent for an intent that a power cut could undo, and many commits share one wait."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from notebookgen.errors import NotWritable
from notebookgen.ledger.store import FILE_NAME, Store
from scripted import WAIT, Shop, bench, reply, states, until, wanted

if TYPE_CHECKING:
    from pathlib import Path

    from notebookgen.wire import HttpRequest, HttpResponse


class Disk:
    """What a power cut would leave of a ledger: the files as they were when the last finished sync began.

    Attributes:
        syncs: How many syncs of the ledger's log have ended well.
        go: While it is not set, syncs wait.
        broken: Whether the disk takes nothing.
        fails: How many of the next syncs fail, each telling it once; what they were to write is lost.
    """

    def __init__(self, home: Path, image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home, self.image = home, image
        self.syncs, self.broken, self.fails = 0, False, 0
        self.written = 0
        self.holes: list[tuple[int, int]] = []
        self.go = threading.Event()
        self.go.set()
        self.came = threading.Event()
        self._real = os.fsync
        self._lock = threading.Lock()
        monkeypatch.setattr(os, "fsync", self.fsync)

    def fsync(self, file: int) -> None:
        """Bring a file to the disk; where it is the ledger's log, keep what it held until then."""
        log = self.home / f"{FILE_NAME}-wal"
        if not log.exists() or os.fstat(file).st_ino != log.stat().st_ino:
            self._real(file)
            return
        with self._lock:
            self.came.set()
            assert self.go.wait(WAIT)
            size = log.stat().st_size
            if size < self.written:  # it was begun anew: what it held stands in the ledger file
                self.written, self.holes = 0, []
            if self.broken or self.fails:
                self.fails = max(self.fails - 1, 0)
                self.holes.append((self.written, size))
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            taken = self.image / f"at-{self.syncs}"
            taken.mkdir(parents=True)
            for name in (FILE_NAME, log.name):
                shutil.copyfile(self.home / name, taken / name)
            for start, end in self.holes:
                self.punch(taken / log.name, start, end)
            self._real(file)
            self.written = log.stat().st_size
            self.syncs += 1

    @staticmethod
    def punch(log: Path, start: int, end: int) -> None:
        """Take away what was to be written when a sync failed: the system holds it for written and never tries again."""
        if log.stat().st_size >= end:
            with log.open("rb+") as file:
                file.seek(start)
                file.write(bytes(end - start))

    def intents(self) -> set[str]:
        """Return what the ledger would have, after a power cut now, of what was ever to be bought."""
        with self._lock:
            last = self.image / f"at-{self.syncs - 1}"
            if not last.exists():
                return set()
            copy = self.image / "read"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(last, copy)
            with closing(sqlite3.connect(copy / FILE_NAME)) as ledger:
                return {one for (one,) in ledger.execute("SELECT generation FROM attempts")}


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(tmp_path / "home", tmp_path / "image", monkeypatch)


def test_a_create_leaves_only_when_the_disk_has_its_intent(disk: Disk) -> None:
    """At the moment when a create arrives at the service, a power cut would leave its intent in the ledger."""
    shop, told = Shop(), []
    shop.instant = True
    generations = [wanted(f"coat {number}") for number in range(20)]
    ids = {one.prompt: one.id for one in generations}

    def order(request: HttpRequest) -> HttpResponse:
        job = shop.accept(request)
        told.append((ids[job["sent"]["prompt"]], disk.intents()))
        return reply(202, job)

    shop.orders.extend([order] * len(generations))
    with bench(disk.home, shop, concurrency=4) as made:
        handle = made.bring(*generations)
    assert ["saved"] * 20 == states(handle)
    assert set(ids.values()) == {id for id, _ in told}  # noqa: A001 - the ledger's own word
    assert all(id in there for id, there in told)  # noqa: A001 - likewise


def test_many_creates_wait_for_the_disk_once(disk: Disk) -> None:
    """What is committed while the disk is busy goes there together, and the engine goes on meanwhile."""
    shop = Shop()
    shop.instant = True
    with bench(disk.home, shop, concurrency=32) as made:
        made.bring(wanted("first"))
        until(lambda: not made.asked(lambda store: store.unsynced))
        disk.came.clear()
        disk.go.clear()
        runs = [made.start(wanted("second"))]
        assert disk.came.wait(WAIT)
        before = disk.syncs
        runs += [made.start(wanted(f"coat {number}")) for number in range(14)]
        assert 1 == shop.seen["create"]  # all of them are committed, and none has left
        assert 15 == len(made.asked(lambda store: store.open_attempts()))
        seen: list[int] = []
        shop.orders.extend([lambda request: (seen.append(disk.syncs), reply(202, shop.accept(request)))[1]] * 15)
        disk.go.set()
        assert all(run.wait(WAIT) for run in runs)
    assert 15 == len(seen)
    assert max(seen) - before <= 4  # one for the second, one for the others, and those for what was answered meanwhile


def test_a_disk_that_takes_nothing_sends_nothing(disk: Disk) -> None:
    """Where the log cannot be brought to the disk, nothing is sent, it is said, and the same call later buys once."""
    shop = Shop()
    shop.instant = True
    with bench(disk.home, shop) as made:
        made.bring(wanted("before"))
        disk.broken = True
        handle = made.bring(wanted("a coat"))
        error = handle.row(0).error
        assert isinstance(error, NotWritable), error
        assert "nothing new is sent" in str(error)
        assert ["planned"] == states(handle)
        assert 1 == shop.seen["create"]
        disk.broken = False
        assert ["saved"] == states(made.bring(wanted("a coat")))
    assert 2 == shop.seen["create"]


def test_a_reply_that_is_all_there_is_stays_until_the_disk_has_its_file(disk: Disk) -> None:
    """What no job can be asked for again is dropped only when a power cut would leave the row that has its file."""
    shop = Shop()
    shop.instant = True
    answer: dict[str, Any] = {"id": None, "phase": "completed", "texts": ["made"], "charged": "0.5", "model": "coat"}
    shop.orders.append(lambda _: (disk.go.clear(), reply(200, answer))[1])
    with bench(disk.home, shop) as made:
        handle = made.start(wanted())
        assert handle.wait(WAIT)
        assert ["saved"] == states(handle)
        assert 1 == len(list((disk.home / "spool").iterdir()))
        disk.go.set()
        until(lambda: not list((disk.home / "spool").iterdir()))


def test_a_ledger_without_a_log_waits_for_each_commit(tmp_path: Path) -> None:
    """On a network's file system there is no log: every commit waits for the disk itself, and nothing is put off."""
    store = Store(tmp_path)
    try:
        store._db.execute("PRAGMA journal_mode = delete")
        store.put_off_syncs()
        assert not store.puts_off_syncs
        assert 2 == store._db.execute("PRAGMA synchronous").fetchone()[0]
    finally:
        store.close()


def test_after_a_failed_sync_a_good_one_proves_nothing(disk: Disk) -> None:
    """A system tells of a lost write once, so the next sync ends well: still no create leaves that a power cut would undo."""
    shop, told = Shop(), []
    shop.instant = True
    ids = {name: wanted(name).id for name in ("before", "a", "b")}

    def order(request: HttpRequest) -> HttpResponse:
        job = shop.accept(request)
        told.append(ids[job["sent"]["prompt"]] in disk.intents())
        return reply(202, job)

    shop.orders.extend([order] * 3)
    with bench(disk.home, shop) as made:
        made.bring(wanted("before"))
        until(lambda: not made.asked(lambda store: store.unsynced))
        disk.fails = 1
        made.bring(wanted("a"))
        made.bring(wanted("b"))
        made.bring(wanted("a"))
    assert 3 == shop.seen["create"]
    assert [True] * 3 == told


def no_threads(monkeypatch: pytest.MonkeyPatch, name: str, times: int) -> None:
    """Have the system give no thread of that name, so many times."""
    real, left = threading.Thread.start, [times]

    def start(self: threading.Thread) -> None:
        if self.name == name and left[0]:
            left[0] -= 1
            message = "can't start new thread"
            raise RuntimeError(message)
        real(self)

    monkeypatch.setattr(threading.Thread, "start", start)


@pytest.mark.parametrize("name", ["notebookgen-sync", "notebookgen-create", "notebookgen-work", "notebookgen-fetch"])
def test_a_system_without_threads_for_a_moment_loses_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no thread can be begun (a container's limit), work is done a little later, once, and never for another row."""
    shop = Shop()
    with bench(tmp_path, shop) as made:
        no_threads(monkeypatch, name, 1)
        first = made.start(wanted("a"))
        assert first.wait(20), first.snapshot()
        assert ["saved"] == states(first)
        assert ["saved"] == states(made.bring(wanted("b")))
    assert 2 == shop.seen["create"]
