"""What another living kernel has in hand is said to be there, by name, wherever one asks what is left or calls it off."""

from __future__ import annotations

import os
import threading
from collections import Counter
from typing import TYPE_CHECKING

import pytest

import notebookgen as ng
from notebookgen.client import default_client
from notebookgen.jobs.budget import parse_budget
from notebookgen.ledger.kernels import KernelLock
from notebookgen.notebook import commands
from notebookgen.notebook.arguments import Command
from notebookgen.notebook.lines import resumed_line
from scripted import WAIT, Bench, Held, Shop, Tailor, bench, idle, reply, states, until, wanted
from test_feeding import begun

if TYPE_CHECKING:
    from pathlib import Path

    from notebookgen.wire import HttpRequest, HttpResponse

pytestmark = pytest.mark.usefixtures("hasty")

ME = f"process {os.getpid()}"


# Resumed -------------------------------------------------------------------------------------------------------------


def test_a_run_that_another_kernel_is_making_is_not_said_to_be_over(home: Path) -> None:
    """It is named with that kernel's notebook and process; once that one has ended, it is taken up."""
    shop = idle()
    with bench(home, shop) as two:
        with bench(home, shop) as one:
            run = one.start(wanted("a coat"), wanted("a hat"), notebook="bulk.ipynb")
            until(lambda: ["submitted"] * 2 == states(run))
            told = f"another kernel (bulk.ipynb, {ME}) is making run {run.id}"
            assert f"nothing is left open here: {told}" == two.engine.resume().summary()
            named = two.engine.resume(run.id)
            assert (True, ["submitted"] * 2) == (named.done, states(named))
            for line in (named.summary(), resumed_line(named)):
                assert told in line
                assert "nothing was left open" not in line
        again = two.engine.resume()
        assert "2 open" in again.summary()
        assert "another kernel" not in again.summary()
    assert 2 == shop.seen["create"]


def test_what_is_open_here_and_there_is_both_told(home: Path) -> None:
    """What a dead kernel left is taken up, and beside it stands what a living one goes on with."""
    shop = idle()
    with bench(home, shop) as dead:
        left = dead.start(wanted("a coat"))
        until(lambda: ["submitted"] == states(left))
    with bench(home, shop) as one, bench(home, shop) as two:
        assert 1 == len(one.engine.resume().rows())
        runs = [one.start(wanted(f"hat {number}")) for number in range(7)]
        until(lambda: all(["submitted"] == states(run) for run in runs))
        line = two.engine.resume().summary()
        assert f"({ME}) is making runs " in line
        assert "and 3 more" in line  # seven that it began, and one that it has taken over


def test_the_function_and_the_magic_say_so(home: Path) -> None:
    """``ng.resume()`` and ``%generate resume``."""
    shop = idle()
    with bench(home, shop) as one:
        run = one.start(wanted("a coat"))
        until(lambda: ["submitted"] == states(run))
        told = f"another kernel ({ME}) is making run {run.id}"
        assert f"<Results nothing is left open here: {told}>" == repr(ng.resume())
        page = commands.run(Command("resume"), default_client)
        assert f"Nothing is left open here: {told}. It goes on there." == str(page)
    default_client().close()


def test_a_kernel_is_known_by_its_process(tmp_path: Path) -> None:
    """What a kernel of an older version, or none, has left to read is nothing."""
    one, two = KernelLock(tmp_path), KernelLock(tmp_path)
    assert ME == two.words(one.id)
    (tmp_path / "old.lock").write_bytes(b"")
    (tmp_path / "far.lock").write_bytes(b"\n42 another-machine")
    assert ["", "", "process 42 on another-machine"] == [two.words(name) for name in ("nobody", "old", "far")]
    for lock in (one, two):
        lock.release()
    assert "" == two.words(one.id)


# Called off ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["cancel", "stop"])
def test_what_another_kernel_has_begun_meanwhile_is_not_said_to_be_unsent(home: Path, way: str) -> None:
    """A row that waits for its place here may be under way there: it is looked up before anything is said of it."""
    shop, go, came = idle(), threading.Event(), threading.Event()

    def held(request: HttpRequest) -> HttpResponse:
        came.set()
        go.wait(WAIT)
        return reply(202, shop.accept(request))

    shop.orders.append(held)
    with bench(home, shop, concurrency=1) as one, bench(home, shop) as two:
        one.start(wanted("in the way"))
        assert came.wait(WAIT)  # it is this one that is held
        run = one.start(wanted("a coat"), wanted("a hat"))
        other = two.start(wanted("a coat"))
        until(lambda: ["submitted"] == states(other))
        if way == "cancel":
            asked = one.engine.cancel()
            go.set()
            told = asked.result(WAIT)
            assert "1 not sent yet, and never will be." in told
            assert "1 made by another kernel, and no longer waited for here." in told
        else:
            run.stop()
        assert run.wait(WAIT)
        assert "another kernel is making it" in str(run.row(0).error)
        assert "before it was sent" in str(run.row(1).error)
        go.set()
        assert ["submitted"] == states(other)


@pytest.mark.parametrize("named", [False, True], ids=["all", "by name"])
def test_rows_that_were_not_even_brought_are_told_apart(home: Path, named: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Of a large run, too: what another kernel makes, what it has made, and what nobody will send."""
    shop = idle()
    texts = [f"coat {number}" for number in range(200)]
    with bench(home, shop, concurrency=1) as one, bench(home, shop) as two:
        handle = begun(one, texts)
        until(lambda: Counter(planned=199, submitted=1) == Counter(states(handle)))
        other = two.start(wanted(texts[150]), wanted(texts[151]))
        until(lambda: ["submitted"] * 2 == states(other))
        shop.finish(next(job for job in shop.jobs if job["sent"]["prompt"] == texts[151]))
        until(lambda: "saved" == two.row(wanted(texts[151])).state)  # it is written, and not only told
        lines = one.engine.cancel(handle.id if named else None).result(WAIT)
        assert handle.wait(WAIT)
        assert "197 not sent yet, and never will be." in lines
        assert "2 made by another kernel, and no longer waited for here." in lines
        errors = [str(row.error) for row in handle.rows(range(149, 153))]
        assert ["cancelled before it was sent", "no longer waited for; another kernel is making it"] == [
            error.partition(".")[0] for error in errors[:2]
        ]
        assert "another kernel has made it" in errors[2]
        assert "cancelled before it was sent" in errors[3]
        assert ["submitted", "saved"] == states(other)
    assert 3 == shop.seen["create"]


@pytest.mark.slow
def test_what_a_kernel_left_that_died_meanwhile_holds_up_nobody_for_long(home: Path) -> None:
    """More creates could hide its lost one behind the end of the provider's list: it is looked for first, by who is there."""
    shop = Shop()
    held = Held(shop, accepted=True)
    with bench(home, shop) as two:
        shop.orders.append(held)
        one = Bench(home, shop)
        one.start(wanted("lost"))
        until(held.came.is_set)
        one.engine.close(0.0)
        rows = [wanted(f"coat {number}") for number in range(Tailor.job_list_limit + 20)]
        handle = two.bring(*rows, budget=parse_budget("none"))
        held.go.set()
        assert {"saved"} == set(states(handle))
        until(lambda: two.row(wanted("lost")).state == "saved")
    assert Tailor.job_list_limit + 21 == shop.seen["create"]


def test_a_job_of_another_run_that_is_taken_over_holds_up_no_row_of_this_one(home: Path) -> None:
    """It takes a place of the run that has paid for it: only what this run has under way may turn out cheaper for it."""
    shop = idle()
    with bench(home, shop) as two:
        with bench(home, shop) as one:
            left = one.start(wanted("a coat"))
            until(lambda: ["submitted"] == states(left))
            run = two.start(wanted("a coat"), wanted("a hat"), wanted("a scarf"), budget=parse_budget(None, max_new=1))
            until(lambda: "submitted" == states(run)[1])
            mine = two.row(wanted("a hat")).kernel
        until(lambda: mine == two.row(wanted("a coat")).kernel)
        shop.finish(shop.jobs[1])
        until(lambda: "saved" == states(run)[1])
        shop.finished = True
        assert run.wait(WAIT / 4), run.snapshot()
        assert ["saved", "saved", "planned"] == states(run)
    assert 2 == shop.seen["create"]
