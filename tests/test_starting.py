"""The first creates at an account of which nothing is known: a few before the first answer, and soon all of them."""

from __future__ import annotations

import pytest

from notebookgen.transport.limits import MINUTE, Limit
from notebookgen.transport.pacing import Pace
from notebookgen.transport.starting import FIRST, OPEN, Start
from pacing_world import Service, ran


def left(start: Start, now: float, out: int = 0) -> int:
    """Return how many may leave at a moment, beside those on their way."""
    count = 0
    while count < 2 * OPEN and start.wait(now, out + count) == 0:
        count += 1
    return count


def test_each_round_of_answers_lets_twice_as_many_leave() -> None:
    """Until so many at once went well that nothing is held back any more."""
    start = Start()
    rounds: list[int] = []
    while not rounds or rounds[-1] < OPEN:
        rounds.append(left(start, 0.1 * len(rounds)))
        for _ in range(rounds[-1]):
            start.ended(well=True)
    assert [FIRST, 2 * FIRST, 4 * FIRST] == rounds[:3]
    assert len(rounds) <= 8
    assert 2 * OPEN == left(start, 1.0, out=OPEN)


def test_what_goes_badly_lets_no_more_leave() -> None:
    """As many as before may be on their way after a round that has failed."""
    start = Start()
    assert FIRST == left(start, 0.0)
    for _ in range(FIRST):
        start.ended(well=False)
    assert FIRST == left(start, 0.1)


def test_answers_that_take_half_a_minute_hold_nobody_back_for_long() -> None:
    """A create that is held open until the picture is there tells nothing: twice as many may leave each second."""
    start, sent, now = Start(), 0, 0.0
    while sent < 500:
        sent += left(start, now, out=sent)
        now += 0.02
    assert now < 6


def test_what_a_person_asks_for_one_after_the_other_proves_nothing() -> None:
    """Singles that were answered are no sign that a thousand at once would be."""
    start = Start()
    for second in range(5000):
        assert 0.0 == start.wait(float(second), 0)
        start.ended(well=True)
    assert FIRST == left(start, 6000.0)


def test_an_account_of_which_something_is_known_goes_by_that() -> None:
    """Few leave at first where nothing is known, and what binds is what is set where something is."""
    unknown, known = Pace(), Pace([Limit(100)])
    assert FIRST == sum(unknown.take(0.0, "create", out=out) == 0 for out in range(100))
    assert 100 == sum(known.take(0.0, "create", out=out) == 0 for out in range(100))
    assert (True, False) == (unknown.starting, known.starting)


def test_looks_are_never_held_back_by_it() -> None:
    """Only creates come by the thousand at once."""
    pace = Pace()
    assert 0.0 == max(pace.take(0.0, "look", out=out) for out in range(1000))
    assert not pace.starting


@pytest.mark.parametrize("count", [10, 60])
def test_a_limit_that_replies_tell_is_hardly_met_by_a_thousand_places(count: int) -> None:
    """Only what left before the first answer may be refused, whatever the places."""
    service = Service([(count, MINUTE)], tells=True)
    done = ran(service, rows=10 * count, pace=Pace(), places=1000)
    assert done.refused <= max(FIRST - count, 0)


@pytest.mark.parametrize("count", [10, 60, 200])
def test_a_limit_that_nobody_tells_is_met_by_one_round(count: int) -> None:
    """Those are refused that left in the last round of answers, no more than the limit and the first few."""
    service = Service([(count, MINUTE)])
    ran(service, rows=min(10 * count, 500), pace=Pace(), places=1000)
    first = [moment for moment in service.refused if moment < 5]
    assert len(first) <= count + FIRST


def test_a_service_without_a_limit_is_not_waited_for() -> None:
    """Five hundred creates are on their way within the first seconds, as each round of answers lets more of them leave."""
    service = Service([])
    done = ran(service, rows=500, pace=Pace(), places=1000, law=(6.0, 0.01))
    assert done.seconds <= 6.0 + 1.2 + 2.5
    assert max(service.ends.values()) - min(service.ends.values()) < 1.2
