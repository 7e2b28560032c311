"""What became of rows after their run was over is taken in once, whoever asks, and from however many threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from notebookgen.errors import JobAmbiguous
from notebookgen.jobs.delivered import Delivered
from notebookgen.jobs.handle import RunHandle
from notebookgen.jobs.parting import Part
from notebookgen.jobs.recalling import Later
from notebookgen.jobs.states import State
from notebookgen.records import Cost
from scripted import PRICE, WAIT, wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

COST = Cost(Decimal("0.5"), "USD", "reported")
SENT, AGAIN = (datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2))
HELD = Delivered(wanted(), State.AMBIGUOUS, reserved=PRICE, at=SENT, error=JobAmbiguous("who knows"), done=True)
MADE = Delivered(wanted(), State.SAVED, COST, at=AGAIN)
THREADS = 4


def look(_runs: Collection[str], rows: Sequence[Delivered]) -> list[Later]:
    """Return that the first try was written off, and the second one was saved."""
    return [Later(MADE, own=True, sunk=(PRICE,)) for _ in rows]


def over(look: Callable[..., Sequence[Later]], of: RunHandle | None = None) -> RunHandle:
    """Return a run, or a part of one, that is over with its one row in doubt."""
    facts: dict[str, Any] = {"clock": lambda: 0.0, "stop": lambda _: "", "look": look}
    handle = RunHandle("a", [wanted()], **facts) if of is None else Part(["a"], [wanted()], of=of, places=[0], **facts)
    handle.put(0, HELD)
    return handle


def test_what_was_written_off_later_is_counted_once_by_many_threads() -> None:
    """All of them read the ledger before the first has taken in what it says."""
    together = threading.Barrier(THREADS)

    def at_once(runs: Collection[str], rows: Sequence[Delivered]) -> list[Later]:
        together.wait(WAIT)
        return look(runs, rows)

    handle = over(at_once)
    with ThreadPoolExecutor(THREADS) as pool:
        told = [one.result(WAIT) for one in [pool.submit(lambda: handle.spent) for _ in range(THREADS)]]
    assert [{"USD": Decimal(1)}] * THREADS == told
    assert {"saved": 1} == handle.snapshot().states


def test_what_was_read_before_the_run_began_again_is_not_taken_in() -> None:
    """A row that is being settled meanwhile is its own story, and ends it itself."""
    begun: list[RunHandle] = []

    def meanwhile(runs: Collection[str], rows: Sequence[Delivered]) -> list[Later]:
        begun[0].reopen([0], settled=True)
        return look(runs, rows)

    begun.append(over(meanwhile))
    assert {} == begun[0].spent
    assert not begun[0].done
    begun[0].put(0, replace(MADE, done=True))
    assert {"USD": COST.amount} == begun[0].spent


def test_a_part_and_its_whole_take_it_in_once_each() -> None:
    """Whichever of them is asked first."""
    whole = over(look)
    part = over(look, whole)
    assert [{"USD": Decimal(1)}] * 3 == [whole.spent, part.spent, whole.spent]
