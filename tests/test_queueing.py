"""The lines of what is to be bought: order within a run, turns between runs, and nobody left behind."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from notebookgen.jobs.queueing import Queue
from notebookgen.jobs.ticket import Lane, Ticket
from notebookgen.records import Generation, Realm

REALM = Realm("tailor", "0123456789ab")
NOBODY: Any = None
LANE = Lane(REALM, NOBODY, NOBODY)
IDLE: Counter[str] = Counter()


def ticket(run: str, number: int, lane: Lane = LANE) -> Ticket:
    return Ticket(Generation(REALM, "coat", f"{run} {number}"), lane, run)


def filled(**runs: int) -> Queue:
    queue = Queue()
    for run, count in runs.items():
        for number in range(count):
            queue.put(ticket(run, number))
    return queue


def names(tickets: list[Ticket]) -> list[str]:
    return [one.generation.prompt for one in tickets]


def test_rows_of_a_run_go_in_their_order() -> None:
    """First in, first out; one that is put first goes before."""
    queue = filled(a=3)
    queue.put(ticket("a", 9), first=True)
    assert ["a 9", "a 0", "a 1"] == names(queue.take(3, IDLE))
    assert 1 == len(queue)


def test_runs_take_turns() -> None:
    """A long run does not make a short one wait for its end."""
    queue = filled(long=100, short=2)
    assert ["long 0", "short 0", "long 1", "short 1"] == names(queue.take(4, IDLE))


def test_with_one_place_runs_still_take_turns() -> None:
    """Where one place becomes free at a time, each run has it in turn."""
    queue = filled(a=3, b=3)
    assert ["a 0", "b 0", "a 1", "b 1"] == [names(queue.take(1, IDLE))[0] for _ in range(4)]


def test_no_more_of_a_run_than_its_limit() -> None:
    """What is under way counts; other runs use the places that are left."""
    queue = filled(a=9, b=9)
    queue.limit("a", 2)
    assert Counter(a=1, b=4) == Counter(one.run for one in queue.take(5, Counter(a=1)))
    queue.limit("a", None)
    assert 8 == sum(one.run == "a" for one in queue.take(99, Counter(a=50)))


def test_a_held_line_waits_until_it_is_released_and_keeps_its_order() -> None:
    """What could not go on yet is the next, in the order in which it was taken."""
    queue = filled(a=4, b=1)
    first, _, second = queue.take(3, IDLE)
    queue.hold(first)
    queue.hold(second)
    assert 4 == len(queue)
    assert [] == queue.take(9, IDLE)
    queue.release("a")
    assert ["a 0", "a 1", "a 2", "a 3"] == names(queue.take(9, IDLE))
    assert 0 == len(queue)


def test_nothing_to_take() -> None:
    """An empty queue, no free place, a run that nobody knows: nothing comes of it."""
    assert [] == Queue().take(3, IDLE)
    assert [] == filled(a=1).take(0, IDLE)
    assert [] == filled(a=1).take(-2, IDLE)
    Queue().release("a")


@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 6), min_size=1),
    st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=20),
)
def test_nobody_is_lost_and_nobody_overtakes(runs: dict[str, int], steps: list[tuple[int, bool]]) -> None:
    """Whatever is taken, held and released: each comes out once, those of a run in their order."""
    queue = filled(**runs)
    out: list[str] = []
    for count, hold in steps:
        taken = queue.take(count, IDLE)
        if hold:
            for one in taken:
                queue.hold(one)
            for one in taken:
                queue.release(one.run)
        else:
            out += names(taken)
    out += names(queue.take(100, IDLE))
    for run, count in runs.items():
        assert [f"{run} {number}" for number in range(count)] == [one for one in out if one.startswith(run)]
    assert 0 == len(queue)


def test_who_waits_for_an_account_holds_up_no_other() -> None:
    """Rows of an account that takes no more just now are passed by; they are the next of it, in their order, after that."""
    busy, idle = Lane(REALM, NOBODY, NOBODY, waits="waiting: 60 a minute"), Lane(REALM, NOBODY, NOBODY)
    queue = Queue()
    for number in range(6):
        queue.put(ticket("a", number, busy if number % 2 else idle))
    assert ["a 0", "a 2", "a 4"] == names(queue.take(9, IDLE))
    busy.waits = ""
    first = queue.take(2, IDLE)
    assert ["a 1", "a 3"] == names(first)
    for one in first:
        queue.put_back(one)
    assert ["a 1", "a 3", "a 5"] == names(queue.take(9, IDLE))


def test_who_is_not_wanted_any_more_waits_for_no_account() -> None:
    """Stop is answered at once, whatever an account makes others wait for."""
    queue, one = Queue(), ticket("a", 1, Lane(REALM, NOBODY, NOBODY, waits="waiting: 1 a minute"))
    one.wanted = False
    queue.put(one)
    assert [one] == queue.take(1, IDLE)


def test_the_end_of_a_job_ends_the_wait_for_its_account() -> None:
    """Something of it is over, so there may be room for another one."""
    lane = Lane(REALM, NOBODY, NOBODY, waits="waiting: 3 at once")
    queue = Queue()
    queue.put(ticket("a", 1, lane))
    queue.release("b", lane)
    assert ["a 1"] == names(queue.take(1, IDLE))
