"""What is known of durations: from the ledger of all kernels and from what ends here, kept apart where it must be, and cheap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from notebookgen.jobs.durations import FRESH, KEPT, Durations, seen_columns
from notebookgen.jobs.inhand import InHand
from notebookgen.jobs.states import State
from notebookgen.jobs.survival import EXPECTED, SANDBOX, Memory
from notebookgen.jobs.ticket import Lane, Ticket
from notebookgen.ledger.rows import realm_text
from notebookgen.ledger.store import Store
from notebookgen.records import Generation, Realm
from notebookgen.testing import FakeClock
from scripted import REALM, Shop, Tailor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from notebookgen.records import Kind

PLAY = Realm("tailor", "sandbox", sandbox=True)
LANE = Lane(REALM, Tailor(), Shop())


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    opened = Store(home)
    opened.begin_run("r", at=1, kernel="k", notebook=None, tag=None)
    yield opened
    opened.close()


def asked(prompt: str = "a fox", *, realm: Realm = REALM, kind: Kind | None = "image", **settings: Any) -> Generation:
    return Generation(realm, "coat", prompt, settings, kind=kind)


def wrote(store: Store, count: int, seconds: float | None, **columns: Any) -> None:
    """Write jobs into the ledger that ended after so many seconds."""
    settings = columns.pop("settings", {})
    realm = columns.pop("realm", REALM)
    with store.transaction():
        for number in range(count):
            one = asked(f"{seconds} {number} {columns}", realm=realm, **settings)
            store.remember(one, 1)
            key = store.add_intent(one, run="r", realm=realm_text(realm), kernel="k", at=5, unit=None, reserved=None)
            store.update(key, state="failed" if seconds is None else "saved", seconds=seconds, **columns)


def ticket(seconds: float | None = None, **fields: Any) -> Ticket:
    """Return a ticket of a job that is over, or under way."""
    state = fields.pop("state", State.SAVED)
    return Ticket(fields.pop("generation", asked()), LANE, "r", state=state, seconds=seconds, **fields)


def known(store: Store, clock: FakeClock | None = None, *tickets: Ticket) -> Durations:
    in_hand = InHand()
    for number, one in enumerate(tickets):
        in_hand[str(number)] = one
    return Durations(store, clock or FakeClock(), in_hand)


def test_where_nothing_is_known_the_kind_tells(store: Store) -> None:
    """A look is planned by what the kind usually takes; a person is told nothing that nobody knows."""
    curve, began = known(store).curve(ticket())

    assert EXPECTED["image"] == pytest.approx(curve.median, rel=0.1)
    assert (0.0, 0.0) == (curve.known, began)
    assert None is known(store).usual(asked())
    assert None is known(store).forecast(ticket())


def test_the_ledger_of_all_kernels_teaches(store: Store) -> None:
    """Settings that were seen tell for themselves, others of the model for all of it."""
    wrote(store, 60, 6.0, settings={"size": 1})
    wrote(store, 60, 60.0, settings={"size": 2})
    durations = known(store)
    small, large, new = (durations.usual(asked(size=size)) for size in (1, 2, 3))

    assert 6.0 == pytest.approx(small, rel=0.15)
    assert 60.0 == pytest.approx(large, rel=0.15)
    assert 6.0 < new < 60.0  # type: ignore[operator]  # it is known


def test_the_sandbox_and_real_services_learn_nothing_of_each_other(store: Store) -> None:
    """Play takes no time; a real job is not asked about as if it did."""
    wrote(store, 60, 0.5, realm=PLAY)
    durations = known(store)

    assert 0.5 == pytest.approx(durations.usual(asked(realm=PLAY)), rel=0.2)
    assert None is durations.usual(asked())
    fresh = Durations(store, FakeClock(), InHand()).curve(ticket(generation=Generation(PLAY, "hat", "x", {})))[0]
    assert EXPECTED[SANDBOX] == pytest.approx(fresh.median, rel=0.1)


def test_what_ends_here_is_learned_at_once(store: Store) -> None:
    """The first ends of a run teach the looks at the rest of it."""
    durations = known(store)
    before = durations.curve(ticket())[0].median
    for _ in range(20):
        durations.over(ticket(3.0, lived=2.5))

    assert before == pytest.approx(EXPECTED["image"], rel=0.1)
    assert 3.0 == pytest.approx(durations.usual(asked()), rel=0.2)


def test_failed_jobs_lived_and_did_not_end(store: Store) -> None:
    """Half of them fail after a second: that says nothing of when the others end."""
    wrote(store, 50, 30.0)
    wrote(store, 50, None, lived=1.0)
    durations = known(store)

    assert 30.0 == pytest.approx(durations.usual(asked()), rel=0.15)
    for _ in range(50):
        durations.over(ticket(lived=1.0, state=State.FAILED))
    assert 30.0 == pytest.approx(durations.usual(asked()), rel=0.15)


def test_what_runs_counts_as_time_without_an_end(store: Store) -> None:
    """Three of forty ended early while the others go on: they are not taken for what is usual."""
    running = [ticket(generation=asked(str(number)), state=State.SUBMITTED, lived=50.0) for number in range(37)]
    crowd, alone = known(store, None, *running), known(store)
    for durations in (crowd, alone):
        durations.usual(asked())
        for _ in range(3):
            durations.over(ticket(5.0, lived=4.0))

    assert crowd.usual(asked()) > 3 * alone.usual(asked())  # type: ignore[operator]  # both are known


def test_the_clock_begins_anew_where_work_begins(store: Store) -> None:
    """A minute in the queue is no minute of work: jobs that were seen queued go by how long the work takes."""
    wrote(store, 40, 66.0, began=60.0, lived=65.0)
    durations = known(store)
    queued, working = ticket(state=State.SUBMITTED, waited=True, lived=10.0), ticket(state=State.SUBMITTED, waited=True)
    working.lived, working.began = 42.0, 40.0
    whole, at_once = durations.curve(queued)
    work, began = durations.curve(working)

    assert (0.0, 40.0) == (at_once, began)
    assert 65.5 == pytest.approx(whole.median, rel=0.15)
    assert 5.5 == pytest.approx(work.median, rel=0.3)


def test_other_kernels_are_heard_of_within_a_minute(store: Store, home: Path) -> None:
    """What another one writes meanwhile counts; while nobody writes, nothing is read again."""
    clock = FakeClock()
    durations = known(store, clock)
    assert None is durations.usual(asked())
    other = Store(home)
    wrote(other, 30, 9.0)
    other.close()

    assert None is durations.usual(asked())
    clock.advance(FRESH)
    assert 9.0 == pytest.approx(durations.usual(asked()), rel=0.15)


def test_a_run_of_ten_thousand_makes_few_curves(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A curve is made anew when a tenth more has ended, or 50: some hundred times, and not ten thousand times."""
    made: list[Memory] = []
    true = Memory.curve

    def counted(memory: Memory, *rest: Any, **more: Any) -> Any:
        made.append(memory)
        return true(memory, *rest, **more)

    monkeypatch.setattr(Memory, "curve", counted)
    durations, one = known(store), ticket(3.0, lived=2.5)
    for _ in range(10_000):
        durations.curve(one)
        durations.over(one)

    assert len(made) <= 2 * (10_000 / 50 + 60)  # of the settings, and of the model


def test_a_seed_in_each_row_fills_no_memory(store: Store) -> None:
    """Each seed makes another shape; only some hundreds are kept, and the model's curve stands for the others."""
    durations = known(store)
    durations.usual(asked())
    for seed in range(2 * KEPT):
        one = asked(seed=seed)
        durations.usual(one)
        durations.over(ticket(3.0, generation=one, lived=2.5))

    assert len(durations._shapes) <= KEPT
    assert 3.0 == pytest.approx(durations.usual(asked(seed=-1)), rel=0.15)


def test_only_what_was_seen_is_written() -> None:
    """A job that was never looked at adds nothing to the statement that writes down its end."""
    assert {} == seen_columns(ticket(3.0))
    assert {"lived": 0.0, "began": 2.0} == seen_columns(ticket(3.0, lived=0.0, began=2.0))
