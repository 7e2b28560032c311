"""Looks that wait for their turn: surer ones first, and as many for each job as its account can spare."""

from __future__ import annotations

import pytest

from notebookgen.jobs.lineup import Lineup, is_early
from notebookgen.transport.limits import MINUTE, Heard, Limit
from notebookgen.transport.paced import Gate
from notebookgen.transport.pacing import Flock, Pace


class Clock:
    """Seconds that go on when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def gate(clock: Clock, count: int, used: int) -> Gate:
    """Return an account's pace of which so much is used."""
    one = Gate(Pace([Limit(count)]), clock=clock)
    for _ in range(used):
        assert 0.0 == one.take("create")
        one.end(one.begin("create"), Heard())
    return one


def test_surer_looks_go_first() -> None:
    """A look waits behind those that are surer, and asks again after a while."""
    clock = Clock()
    line, one = Lineup(), gate(clock, 2, used=2)
    clock.now += 50
    waits = [line.turn(one, clock.now, sure=sure) for sure in (0.9, 0.8, 0.99, 0.1)]
    assert [0.1, 0.8, 0.9, 0.99] == list(one.pace.surest)
    assert [10, 10, 10] == [round(wait) for wait in waits[:3]]
    assert 15.0 == waits[3]  # three go first, which is a window more: it asks again when it may be surer


def test_who_asks_again_stands_there_no_longer() -> None:
    """At its moment a look has left the line, with how sure it was, and comes into it again with what it is now."""
    clock = Clock()
    line, one = Lineup(), gate(clock, 2, used=2)
    clock.now += line.turn(one, clock.now, sure=0.5)
    assert 0.0 == line.turn(one, clock.now, sure=0.7)
    assert (0, []) == (len(line), list(one.pace.surest))


@pytest.mark.parametrize(("jobs", "sure", "goes"), [(16, 0.35, True), (16, 0.25, False), (500, 0.35, False)])
def test_each_job_has_as_many_looks_as_can_be_spared(jobs: int, sure: float, *, goes: bool) -> None:
    """Where three looks a job are left until it is usually over, each of them is to find it over with a chance of a third."""
    clock = Clock()
    one = gate(clock, 600, used=540)
    assert goes == (0.0 == Lineup().turn(one, clock.now, sure=sure, flock=Flock(jobs, 6.0, more=False)))


def test_creates_that_wait_do_not_keep_looks_away_that_can_be_spared() -> None:
    """That a create had to wait for a moment makes looks no rarer for a quarter of a minute."""
    clock = Clock()
    one = gate(clock, 60, used=60)
    assert one.take("create") > 0
    clock.now += 61
    clock.now += 5
    assert 0.0 == Lineup().turn(one, clock.now, sure=0.3, flock=Flock(4, 6.0))


def test_the_first_result_is_looked_for_where_jobs_are_shorter_than_a_window() -> None:
    """As long as nothing of them is here, and the youngest is not older than a window."""
    minute = Limit(10, MINUTE)
    assert is_early(minute, homes=0, usual=6.0, youngest=1.0)
    for limit, homes, usual, youngest in (
        (None, 0, 6.0, 1.0), (minute, 1, 6.0, 1.0), (minute, 0, 75.0, 1.0), (minute, 0, 6.0, 61.0), (minute, 0, 6.0, None),
    ):  # fmt: skip
        assert not is_early(limit, homes=homes, usual=usual, youngest=youngest)
