"""Cancelling: at the provider, whichever kernel began it, with one line for each job and one writer for each attempt."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from notebookgen.errors import InvalidCall, JobCancelled
from scripted import REALM, WAIT, Held, Listless, Tailor, bench, idle, reply, states, until, wanted

if TYPE_CHECKING:
    from pathlib import Path

    from notebookgen.records import JobRef
    from notebookgen.wire import HttpResponse

pytestmark = pytest.mark.usefixtures("hasty")


def test_the_run_of_another_living_kernel_is_cancelled_at_the_provider(home: Path) -> None:
    """One kernel asks, the other writes down what became of it; nothing is bought again by either."""
    shop = idle()
    with bench(home, shop) as one, bench(home, shop) as two:
        handle = one.start(wanted("a coat"), wanted("a hat"))
        until(lambda: states(handle) == ["submitted"] * 2)
        lines = two.engine.cancel(handle.id).result(WAIT)
        assert 2 == len(lines)
        assert all("cancelled at Tailor" in line and "Another kernel" in line for line in lines), lines
        assert handle.wait(WAIT)
        assert ["cancelled"] * 2 == states(handle)
        assert isinstance(handle.row(0).error, JobCancelled)
    assert (2, 2) == (shop.seen["create"], shop.seen["cancel"])


@pytest.mark.parametrize("by", ["run", "generation"])
def test_the_run_of_a_kernel_that_died_meanwhile_is_taken_over_and_cancelled(home: Path, by: str) -> None:
    """A kernel that is asked to cancel finds what another one left, and settles it itself."""
    shop = idle()
    with bench(home, shop) as two:
        with bench(home, shop) as one:
            handle = one.start(wanted())
            until(lambda: states(handle) == ["submitted"])
        lines = two.engine.cancel(handle.id if by == "run" else wanted().id[:8]).result(WAIT)
        assert ["cancelled at Tailor"] == [line.split(": ")[1].rstrip(".") for line in lines]
        assert "cancelled" == until(lambda: (state := two.row(wanted()).state) != "submitted" and state)
    assert 1 == shop.seen["create"]


def test_without_a_name_only_this_kernels_jobs_are_cancelled(home: Path) -> None:
    """What another kernel has under way is left alone, counted, and named with what to type."""
    shop = idle()
    with bench(home, shop) as one, bench(home, shop) as two:
        handle = one.start(wanted())
        until(lambda: states(handle) == ["submitted"])
        (line,) = two.engine.cancel().result(WAIT)
        assert "1 under way in another kernel" in line
        assert handle.id in line
        assert ["submitted"] == states(handle)
    assert None is shop.seen.get("cancel")


def test_what_another_kernel_has_not_sent_yet_is_told(home: Path) -> None:
    """Only the kernel that began a run can keep its rows from being sent, so a person is told where to stop it."""
    shop = idle()
    held = Held(shop)
    shop.orders.extend(["ok", held])
    with bench(home, shop, concurrency=2) as one, bench(home, shop) as two:
        handle = one.start(*(wanted(f"coat {number}") for number in range(4)))
        until(lambda: shop.seen.get("create") == 2 and states(handle).count("submitted") == 1)
        lines = two.engine.cancel(handle.id).result(WAIT)
        assert 3 == len(lines), lines
        assert [1, 1, 1] == [
            sum(words in line for line in lines) for words in ("cancelled at", "sending it just now", "2 not sent yet")
        ]
        held.go.set()
        handle.stop()


def test_a_row_that_another_run_bought_is_cancelled_under_either_name(home: Path) -> None:
    """Two runs share a job; the later one's name finds it from another kernel, too."""
    shop = idle()
    with bench(home, shop) as one, bench(home, shop) as two:
        first = one.start(wanted())
        until(lambda: states(first) == ["submitted"])
        second = one.start(wanted())
        (line,) = two.engine.cancel(second.id).result(WAIT)
        assert "cancelled at Tailor" in line
        assert first.wait(WAIT)
        assert second.wait(WAIT)
    assert 1 == shop.seen["create"]


@pytest.mark.parametrize("named", ["named", ""])
def test_a_kernel_that_only_waits_says_so(home: Path, named: str) -> None:
    """What another kernel makes is cancelled where it is named; without a name it is only waited for no longer."""
    shop = idle()
    with bench(home, shop) as one, bench(home, shop) as two:
        first = one.start(wanted())
        until(lambda: states(first) == ["submitted"])
        second = two.start(wanted())
        until(lambda: second.snapshot().phase == "another kernel is making it")
        lines = two.engine.cancel(wanted().id if named else None).result(WAIT)
        assert second.wait(WAIT)
        assert "another kernel" in str(second.row(0).error)
        if named:
            assert ["cancelled at Tailor"] == [line.split(": ")[1].split(".")[0] for line in lines]
            assert first.wait(WAIT)
            assert ["cancelled"] == states(first)
        else:
            assert "no longer waited for" in " ".join(lines)
            assert "1 under way in another kernel" in " ".join(lines)
            assert ["submitted"] == states(first)
    assert (1, 1 if named else None) == (shop.seen["create"], shop.seen.get("cancel"))


def test_what_can_only_be_settled_by_a_person_says_so(home: Path) -> None:
    """A create without an answer whose kernel is gone is not cancelled: the line says what to type."""
    shop = idle()
    shop.orders.append("lost after")
    with bench(home, shop, Listless()) as two:
        with bench(home, shop, Listless()) as one:
            handle = one.bring(wanted())
        (line,) = two.engine.cancel(handle.id).result(WAIT)
        assert "resolve" in line


@pytest.mark.parametrize("slip", ["", "0", wanted().id[:3], "%", "nobody"])
def test_a_slip_of_the_pen_cancels_nothing(home: Path, slip: str) -> None:
    """The beginning of an id is four digits at least, as everywhere."""
    shop = idle()
    with bench(home, shop) as desk:
        handle = desk.start(wanted())
        until(lambda: states(handle) == ["submitted"])
        with pytest.raises(InvalidCall, match="there is no run"):
            desk.engine.cancel(slip)
    assert None is shop.seen.get("cancel")


@pytest.mark.parametrize("by", ["run", "generation", "everything"])
def test_who_has_cancelled_is_not_told_that_it_goes_on(home: Path, by: str) -> None:
    """A provider that takes its time changes nothing: no more is sent, and the line says that and nothing else."""
    shop = idle()
    shop.answers["cancel"] = deque([reply(202, {"id": "job-1", "phase": "running"})])
    with bench(home, shop) as desk:
        handle = desk.start(wanted())
        until(lambda: states(handle) == ["submitted"])
        assert "goes on in the background" in handle.summary()
        desk.engine.cancel({"run": handle.id, "generation": wanted().id[:8]}.get(by)).result(WAIT)
        assert (False, ["submitted"]) == (handle.done, states(handle))
        assert handle.summary().startswith("submitted · ")
        assert "goes on" not in handle.summary()
        assert "cancelled: nothing more is sent" in handle.summary()
        shop.finished = True
        assert handle.wait(WAIT)
        assert "cancelled" not in handle.summary()
        assert "goes on" not in handle.summary()


def test_one_row_that_is_cancelled_leaves_the_run_going_on(home: Path) -> None:
    """Its run still buys the others, and says so."""
    shop = idle()
    with bench(home, shop) as desk:
        handle = desk.start(wanted("a coat"), wanted("a hat"))
        until(lambda: states(handle) == ["submitted"] * 2)
        desk.engine.cancel(wanted("a hat").id).result(WAIT)
        until(lambda: states(handle) == ["submitted", "cancelled"])
        assert "goes on in the background" in handle.summary()


class Unsure(Tailor):
    """A service that takes a cancelling in and goes on for a while, or answers it with a bug in its adapter."""

    answer: ClassVar[str] = "running"

    def read_cancel(self, response: HttpResponse, ref: JobRef) -> Any:
        if self.answer == "bug":
            raise KeyError(self.answer)
        return super().read_cancel(response, ref)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (reply(200, {"id": "job-1", "phase": "running"}), "says that it is running"),
        (reply(502, {}), "502"),
        (reply(200, ["what"]), "something else"),
        (OSError("a bug in the wire"), "a bug in the wire"),
    ],
)
def test_whatever_is_answered_a_person_is_told_and_the_job_is_looked_after(home: Path, answer: Any, words: str) -> None:
    """No answer to a cancelling is taken for the end of the job, and none leaves a person waiting."""
    shop = idle()
    shop.answers["cancel"] = deque([answer])
    with bench(home, shop) as desk:
        handle = desk.start(wanted())
        until(lambda: states(handle) == ["submitted"])
        (line,) = desk.engine.cancel(handle.id).result(WAIT)
        assert words in line
        shop.finished = True
        assert handle.wait(WAIT)
        assert ["saved"] == states(handle)


def test_an_answer_that_the_adapter_cannot_read_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in an adapter costs a line, not the wait for all the others."""
    monkeypatch.setattr(Unsure, "answer", "bug")
    shop = idle()
    with bench(home, shop, Unsure()) as desk:
        handle = desk.start(wanted())
        until(lambda: states(handle) == ["submitted"])
        (line,) = desk.engine.cancel(handle.id).result(WAIT)
        assert "KeyError" in line


def test_a_job_that_is_looked_at_twice_has_one_chain_of_looks(home: Path) -> None:
    """Cancelling what cannot be cancelled any more looks at once, and does not double every later look."""
    shop = idle()
    with bench(home, shop) as desk:
        handle = desk.start(wanted())
        until(lambda: states(handle) == ["submitted"])
        for _ in range(3):
            shop.answers["cancel"] = deque([reply(409, {})])
            desk.engine.cancel(handle.id).result(WAIT)
        until(lambda: shop.seen["status"] >= 3)
        timers = desk.engine.call(lambda: len(desk.engine._core._timers))
        ticket = desk.engine.call(lambda: next(iter(desk.engine._core.tickets.values())))
        assert timers >= 1
        before = desk.engine.call(lambda: ticket.looks)
        seen = shop.seen["status"]
        until(lambda: ticket.looks >= before + 2)
        assert shop.seen["status"] - seen <= ticket.looks - before + 1
    assert REALM == ticket.lane.realm
