"""One timer for each job, however often its next look is put off."""

from __future__ import annotations

import random
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest

from notebookgen.errors import NotWritable
from notebookgen.jobs.alarms import Alarms
from notebookgen.jobs.core import DISK_WAIT, Core
from notebookgen.jobs.resending import Again, call_off
from notebookgen.jobs.ticket import Lane, Ticket
from notebookgen.ledger.store import Store
from notebookgen.records import Generation
from notebookgen.settings import Settings
from notebookgen.testing import FakeClock
from scripted import REALM, Tailor

if TYPE_CHECKING:
    from pathlib import Path

NOBODY: Any = None
LANE = Lane(REALM, Tailor(), NOBODY)


@pytest.fixture
def core(tmp_path: Path) -> Core:
    store, clock = Store(tmp_path), FakeClock()
    dice = random.Random(7)
    return Core(
        store=store,
        kernel=NOBODY,
        fetcher=NOBODY,
        clock=clock,
        rng=dice,
        settings=Settings(home=tmp_path),
        inbox=SimpleQueue(),
    )


def ticket(number: int) -> Ticket:
    return Ticket(Generation(REALM, "coat", f"number {number}"), LANE, "r")


def until(core: Core, moment: float) -> None:
    """Have everything happen that is due until then."""
    while True:
        events, wait = core.due()
        for event in events:
            event()
        left = moment - core.clock.monotonic()
        if not events and (wait is None or wait > left):
            core.clock.advance(left)  # type: ignore[attr-defined]  # it is a fake one
            return
        if not events and wait is not None:
            core.clock.advance(wait)  # type: ignore[attr-defined]  # likewise


def test_a_moment_that_is_put_off_a_thousand_times_takes_one_timer(core: Core) -> None:
    """Each list of jobs puts off the looks at all that are on it, for as long as they run."""
    rung: list[Ticket] = []
    alarms, jobs = Alarms(core, rung.append), [ticket(number) for number in range(10)]
    for _ in range(1000):
        for job in jobs:
            alarms.put_off(job, 60.0)
        core.clock.advance(0.01)  # type: ignore[attr-defined]  # it is a fake one

    assert len(jobs) == len(core._timers)
    assert [] == rung


def test_it_rings_once_at_the_moment_that_was_said_last(core: Core) -> None:
    """Whether that was later than the one before, or sooner."""
    rung: list[float] = []
    alarms, job, dice = Alarms(core, lambda _: rung.append(core.clock.monotonic())), ticket(1), random.Random(7)
    for _ in range(100):
        rung.clear()
        for _ in range(dice.randrange(1, 5)):
            alarms.put_off(job, dice.uniform(1.0, 9.0))
            until(core, core.clock.monotonic() + dice.uniform(0.0, 0.9))
        said = core.clock.monotonic() + 5.0
        alarms.put_off(job, 5.0)
        until(core, core.clock.monotonic() + 30.0)

        assert rung == pytest.approx([said])


def test_a_ring_that_cannot_be_written_down_comes_once_more(core: Core) -> None:
    """A full disk ends no job's looks."""
    tries: list[float] = []

    def ring(_: Ticket) -> None:
        tries.append(core.clock.monotonic())
        if len(tries) == 1:
            message = "the disk is full"
            raise NotWritable(message)

    Alarms(core, ring).put_off(ticket(1), 5.0)
    until(core, core.clock.monotonic() + 60.0)

    assert [DISK_WAIT] == pytest.approx([tries[1] - tries[0]])


def test_what_takes_a_tickets_place_has_a_timer_of_its_own(core: Core) -> None:
    """The one that was set rings for the ticket that is in hand no longer."""
    rung: list[Ticket] = []
    alarms, job = Alarms(core, rung.append), ticket(1)
    core.tickets[job.generation.id] = job
    alarms.put_off(job, 10.0)
    stands = call_off(core, job, Again(1, "nobody knows"))
    alarms.put_off(stands, 20.0)
    until(core, core.clock.monotonic() + 30.0)

    assert [stands] == [one for one in rung if one is not job]
