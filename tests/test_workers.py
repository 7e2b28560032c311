"""The threads for what blocks: as many at once as are wanted and allowed, none beyond, and none waits behind another."""

from __future__ import annotations

import sys
import threading
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING

from notebookgen.jobs import workers as module
from notebookgen.jobs.workers import Workers, WorkersByName
from sandbox_talk import PATIENCE
from scripted import until

if TYPE_CHECKING:
    import pytest

ROUNDS = 400


def test_no_task_waits_behind_another_where_a_thread_is_allowed() -> None:
    """Tasks that need each other to go on, given to threads that are just beginning: they always meet."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads take turns everywhere, as on a machine with much to do
    try:
        errors = [error for _ in range(ROUNDS) for error in meet(Workers(3, "test"), 3)]
    finally:
        sys.setswitchinterval(before)

    assert [None] * 3 * ROUNDS == errors


def meet(pool: Workers, count: int) -> list[BaseException | None]:
    """Give a pool tasks of which none ends before all have begun; return how they ended."""
    meeting, ended = threading.Barrier(count), SimpleQueue[BaseException | None]()
    for _ in range(count):
        pool.submit(partial(meeting.wait, 2.0), lambda _, error: ended.put(error))
    return [ended.get(timeout=PATIENCE) for _ in range(count)]


def test_there_are_never_more_threads_than_allowed() -> None:
    """Ten tasks and two threads: no more than two run at once, and all are done."""
    pool, ended, lock = Workers(2, "test"), SimpleQueue[BaseException | None](), threading.Lock()
    running, most = 0, 0

    def task() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.01)  # nobody sets it: others have time to begin, were they let
        with lock:
            running -= 1

    for _ in range(10):
        pool.submit(task, lambda _, error: ended.put(error))

    assert [None] * 10 == [ended.get(timeout=PATIENCE) for _ in range(10)]
    assert 2 == most


def test_a_thread_that_ends_for_want_of_work_leaves_none_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks that come just as threads end are done all the same."""
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.001)
    pool, ended = Workers(2, "test"), SimpleQueue[BaseException | None]()
    for _ in range(ROUNDS):
        pool.submit(lambda: None, lambda _, error: ended.put(error))
        threading.Event().wait(0.001)  # about as long as a thread waits

    assert [None] * ROUNDS == [ended.get(timeout=PATIENCE) for _ in range(ROUNDS)]


def test_what_waits_goes_by_its_rank() -> None:
    """Of tasks that wait for a thread, the lowest rank goes first, and among equals whoever came first."""
    pool, begun, order = Workers(1, "test"), threading.Event(), SimpleQueue[str]()
    pool.submit(partial(begun.wait, PATIENCE), lambda _, __: None)
    for name, rank in (("late", 3.0), ("soon", 1.0), ("never", float("inf")), ("also soon", 1.0)):
        pool.submit(partial(order.put, name), lambda _, __: None, rank)

    begun.set()

    assert ["soon", "also soon", "late", "never"] == [order.get(timeout=PATIENCE) for _ in range(4)]


def test_tasks_that_take_long_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each thread is held for long, others go on beside it, up to the spare ones; without those they wait."""
    monkeypatch.setattr(module, "LONG", 0.05)
    held, ended = threading.Event(), SimpleQueue[str]()
    pool = Workers(2, "test", spare=2)
    for _ in range(5):
        pool.submit(partial(held.wait, PATIENCE), lambda _, __: None)
    pool.submit(lambda: None, lambda _, __: ended.put("beside"))

    assert "beside" == ended.get(timeout=PATIENCE)

    strict = Workers(2, "test")
    for _ in range(2):
        strict.submit(partial(held.wait, PATIENCE), lambda _, __: None)
    strict.submit(lambda: None, lambda _, __: ended.put("after"))
    threading.Event().wait(0.2)  # nobody sets it: others have time to begin, were they let
    assert ended.empty()
    held.set()
    assert "after" == ended.get(timeout=PATIENCE)


def test_room_is_made_later_where_there_was_no_thread_to_look_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system without a thread to give at one moment does not keep others waiting for ever."""
    monkeypatch.setattr(module, "LONG", 0.05)
    held, ended, begin = threading.Event(), SimpleQueue[str](), threading.Timer.start
    pool = Workers(1, "test", spare=1)

    def refused(_: threading.Timer) -> None:
        raise RuntimeError("can't start new thread")

    pool.submit(partial(held.wait, 2 * PATIENCE), lambda _, __: None)
    monkeypatch.setattr(threading.Timer, "start", refused)
    pool.submit(lambda: None, lambda _, __: ended.put("beside"))
    monkeypatch.setattr(threading.Timer, "start", begin)
    pool.submit(lambda: None, lambda _, __: ended.put("beside, too"))
    assert ["beside", "beside, too"] == [ended.get(timeout=PATIENCE) for _ in range(2)]
    held.set()


def test_spare_threads_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """There are never more than the spare ones beside the others, and they go when nothing takes long any more."""
    monkeypatch.setattr(module, "LONG", 0.02)
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.05)
    held, lock, pool = threading.Event(), threading.Lock(), Workers(2, "test", spare=2)
    running, most, ended = 0, 0, SimpleQueue[BaseException | None]()

    def task(wait: threading.Event, seconds: float) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        wait.wait(seconds)
        with lock:
            running -= 1

    for _ in range(12):
        pool.submit(partial(task, held, PATIENCE), lambda _, error: ended.put(error))
    until(lambda: running == 6)
    threading.Event().wait(0.2)  # nobody sets it: more have time to begin, were they let
    assert 6 == most
    held.set()
    assert [None] * 12 == [ended.get(timeout=PATIENCE) for _ in range(12)]
    until(lambda: pool._threads <= 2)


def test_one_name_does_not_hold_up_another() -> None:
    """Each name has threads of its own, as many as are allowed now."""
    pools, held, ended = WorkersByName(1, "test"), threading.Event(), SimpleQueue[str]()
    pools.of("a").submit(partial(held.wait, PATIENCE), lambda _, __: None)
    pools.of("b").submit(lambda: None, lambda _, __: ended.put("b"))
    assert "b" == ended.get(timeout=PATIENCE)

    pools.allow(2)
    pools.of("a").submit(lambda: None, lambda _, __: ended.put("a"))
    assert "a" == ended.get(timeout=PATIENCE)
    held.set()
