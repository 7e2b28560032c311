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
    """

    def __init__(self, home: Path, image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home, self.image = home, image
        self.syncs, self.broken = 0, False
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
            if self.broken:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            taken = self.image / f"at-{self.syncs}"
            taken.mkdir(parents=True)
            for name in (FILE_NAME, log.name):
                shutil.copyfile(self.home / name, taken / name)
            self._real(file)
            self.syncs += 1

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
        runs += [made.start(wanted(f"coat {number}")) for number in range(20)]
        assert 1 == shop.seen["create"]  # all of them are committed, and none has left
        assert 21 == len(made.asked(lambda store: store.open_attempts()))
        seen: list[int] = []
        shop.orders.extend([lambda request: (seen.append(disk.syncs), reply(202, shop.accept(request)))[1]] * 21)
        disk.go.set()
        assert all(run.wait(WAIT) for run in runs)
    assert 21 == len(seen)
    assert max(seen) - before <= 4  # one for the second, one for the twenty, and those for what was answered meanwhile


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
