"""Whose turn it is under a limit: never too many in any window, creates first, looks never starved, limits learned."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookgen.transport.limits import Heard, Known, Limit, known_from, known_text
from notebookgen.transport.outages import RETRY_FLOOR, RETRY_WAIT
from notebookgen.transport.pacing import Pace
from notebookgen.transport.sendlog import Memory
from pacing_world import Service, ran

if TYPE_CHECKING:
    from notebookgen.transport.pacing import Kind, Slot

MINUTE = 60.0
COUNTS = [10, 60, 600]


def least(requests: int, count: int, window: float) -> float:
    """Return the least seconds that so many requests take under a limit."""
    return (math.ceil(requests / count) - 1) * window


def taken(pace: Pace, now: float, kind: Kind = "create") -> int:
    """Return how many requests of a kind may leave at one moment."""
    count = 0
    while pace.take(now, kind) == 0:
        pace.end(pace.begin(now, kind), now, Heard())
        count += 1
    return count


# Never too many --------------------------------------------------------------------------------------------------


@given(
    count=st.integers(1, 8),
    window=st.sampled_from([1.0, 7.0, 60.0]),
    steps=st.lists(
        st.tuples(st.floats(0, 20), st.sampled_from(["create", "look", "other"]), st.floats(0, 0.2), st.floats(0, 30)),
        max_size=60,
    ),
)
def test_no_window_of_the_service_ever_holds_more_than_it_may(
    count: int, window: float, steps: list[tuple[float, Kind, float, float]]
) -> None:
    """However long requests are on their way and replies are held, and whoever asks when: never one too many arrives."""
    pace, now = Pace([Limit(count, window)]), 1000.0
    arrivals: list[float] = []
    replies: list[tuple[float, int]] = []
    slots: dict[int, Slot] = {}
    for number, (pause, kind, way, held) in enumerate(steps):
        now += pause
        for moment, which in sorted(one for one in replies if one[0] <= now):
            replies.remove((moment, which))
            pace.end(slots.pop(which), moment, Heard())
        if pace.take(now, kind) == 0:
            slots[number] = pace.begin(now, kind)
            arrivals.append(now + way)
            replies.append((now + way + held, number))
    arrivals.sort()
    for first, last in zip(arrivals, arrivals[count:], strict=False):
        assert last - first >= window


@given(count=st.integers(1, 20), steps=st.lists(st.tuples(st.floats(0, 100), st.booleans()), max_size=80))
def test_whoever_waits_as_long_as_was_said_gets_a_place(count: int, steps: list[tuple[float, bool]]) -> None:
    """Nobody waits for ever: after so many times the wait that was named, each not longer than a window, it is its turn."""
    pace, now = Pace([Limit(count)]), 0.0
    for pause, look in steps:
        now += pause
        if pace.take(now, "look" if look else "create") == 0:
            pace.end(pace.begin(now, "look" if look else "create"), now + 0.1, Heard())
    waited, tries = 0.0, 0
    while (wait := pace.take(now + waited, "create")) > 0:
        waited += wait
        tries += 1
        assert tries <= 3
    assert waited <= 2 * MINUTE


@pytest.mark.parametrize("count", COUNTS)
def test_a_run_under_a_limit_takes_hardly_longer_than_it_must(count: int) -> None:
    """Two requests a row is the least; a run comes within a tenth of the least time, and nothing is refused."""
    service = Service([(count, MINUTE)])
    done = ran(service, rows=500)
    assert 0 == done.refused
    assert done.requests <= 2.5 * 500
    assert done.seconds <= least(1000, count, MINUTE) * 1.1 + 45


@pytest.mark.parametrize("count", COUNTS[:2])
def test_a_limit_that_replies_tell_is_kept(count: int) -> None:
    """Nothing need be set where the service says what it takes, and nothing is refused."""
    service = Service([(count, MINUTE)], tells=True)
    done = ran(service, pace=Pace(), places=8)
    assert 0 == done.refused
    assert done.seconds <= least(done.requests, count, MINUTE) * 1.1 + 60


def test_what_a_reply_does_not_count_limits_nothing() -> None:
    """A limit of which as much is left as there is, after a request, binds nobody."""
    pace = Pace()
    pace.end(pace.begin(0.0, "create"), 0.1, Heard(told=Limit(2, MINUTE, "told"), remaining=2))
    assert (50, False) == (sum(pace.take(1.0, "look") == 0 for _ in range(50)), pace.bound)


def test_what_others_use_of_an_account_is_told_by_what_is_left() -> None:
    """A reply that says that less is left than we have used makes room for what somebody else sends."""
    pace = Pace()
    limit = Limit(10, MINUTE, "told")
    for left in (9, 2):
        pace.end(pace.begin(0.0, "create"), 0.1, Heard(told=limit, remaining=left))
    assert 2 == taken(pace, 1.0)


def test_nothing_is_written_down_where_no_limit_is_known() -> None:
    """Then the log of windows stays empty, whatever goes."""
    pace = Pace()
    assert 0.0 == max(pace.take(0.0, kind) for kind in ("create", "look", "other") for _ in range(16))
    assert (False, 0, False) == (pace.bound, pace.page.log.count(-1.0), pace.granted("create"))


# Whose turn ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", COUNTS)
def test_the_first_result_comes_in_the_first_window(count: int) -> None:
    """Half of a window is kept for looks until something is here, where jobs are shorter than it."""
    assert ran(Service([(count, MINUTE)]), rows=200).first < 20


def test_looks_that_are_not_sure_leave_the_allowance_to_creates() -> None:
    """While creates wait, a look is made only where the job is very likely done, and after a create."""
    pace = Pace([Limit(4)])
    assert 4 == taken(pace, 0.0)
    assert pace.take(1.0, "create") > 0
    later = 61.0
    assert pace.take(later, "look", sure=0.5) > 0
    assert pace.take(later + 0.1, "look", sure=0.99) == 0


def test_creates_are_never_starved_by_looks() -> None:
    """Of the places that become free while creates wait, looks get one for each create, and no more."""
    pace = Pace([Limit(10)])
    pace.surest = [0.99] * 50
    kinds: list[Kind] = []
    now = 0.0
    while now < 600:
        for kind in ("look", "create"):
            if pace.take(now, kind, sure=0.99) == 0:
                pace.end(pace.begin(now, kind), now, Heard())
                kinds.append(kind)
        now += 0.5
    late = kinds[10:]
    assert abs(late.count("create") - late.count("look")) <= 0.2 * len(late)


def test_looks_have_everything_where_no_create_waits() -> None:
    """The allowance is one: nothing of it lies idle."""
    pace = Pace([Limit(10)])
    assert 10 == taken(pace, 0.0, "look")


def test_what_will_not_be_sent_gives_its_place_back() -> None:
    """A create that could not be built, or was not committed, takes nothing away."""
    pace = Pace([Limit(1)])
    assert 0.0 == pace.take(0.0, "create")
    pace.give_back("create")
    assert 0.0 == pace.take(0.0, "create")
    slot = pace.begin(0.0, "create")
    pace.end(slot, 0.1, Heard("unsent"))
    assert 1 == pace.page.log.count(-1.0) + (pace.take(0.2, "create") == 0)


# Learned ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("retry_after", [None, 60.0])
@pytest.mark.parametrize("count", [10, 60])
def test_a_limit_that_nobody_tells_is_learned(count: int, retry_after: float | None) -> None:
    """Refusals teach how many there may be; after the first ones hardly any follow, and little time is lost."""
    service = Service([(count, MINUTE)], retry_after=retry_after)
    done = ran(service, rows=500, pace=Pace(), places=16)
    late = [moment for moment in service.refused if moment > 300]
    assert len(late) <= 0.01 * done.requests
    assert done.seconds <= least(1000, count, MINUTE) * 1.15 + 90


def test_a_refusal_that_was_weather_is_forgotten() -> None:
    """One that could be sent again at once taught nothing: what goes well after that is not held back."""
    pace, now = Pace(), 0.0
    for _ in range(12):
        pace.take(now, "create")
        pace.end(pace.begin(now, "create"), now + 0.05, Heard())
        now += 0.1
    pace.take(now, "create")
    pace.end(pace.begin(now, "create"), now + 0.05, Heard("refused", retry_after=0.0))
    assert 0.0 == pace.take(now + 0.1, "create")
    pace.end(pace.begin(now + 0.1, "create"), now + 0.2, Heard())
    for _ in range(200):
        now += 0.1
        if pace.take(now + 0.2, "create") == 0:
            pace.end(pace.begin(now + 0.2, "create"), now + 0.25, Heard())
    assert pace.page.log.count(now - 15.0) + len(pace._recent) >= 100


def test_a_window_that_is_shorter_than_a_minute_is_found_out() -> None:
    """Five a second, of which nobody tells: the run does not go on at five a minute."""
    done = ran(Service([(5, 1.0)]), rows=300, pace=Pace(), places=16)
    assert done.seconds < 1200
    assert done.refused < 0.1 * done.requests


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("sure", [0.1, 0.5, 0.9])
def test_looks_find_out_a_short_window_where_no_create_waits(sure: float, *, early: bool) -> None:
    """All places are taken, so that only looks are left: they do not sit out a minute that nobody has asked for."""
    pace, now = Pace(), 1000.0
    for kind in (*["create"] * 16, *["look"] * 4):
        assert 0.0 == pace.take(now, kind)  # type: ignore[arg-type]  # one of the kinds
        pace.end(pace.begin(now, kind), now + 0.05, Heard())  # type: ignore[arg-type]  # likewise
        now += 0.05
    assert 0.0 == pace.take(now, "look")
    pace.end(pace.begin(now, "look"), now + 0.05, Heard("refused", retry_after=1.0))
    pace.surest, began = [sure] * 15, now
    while (wait := max(pace.take(now, "look", sure=sure, early=early), pace.when(now, 14))) > 0 and now < began + 60:
        now += wait
    assert now - began < 5


def test_a_window_is_found_out_to_its_length() -> None:
    """A first request that goes well after a wait says only that the window is no longer than that: it is tried anew, earlier."""
    service = Service([(5, 1.0)])
    done = ran(service, rows=60, law=(2.0, 0.3), pace=Pace(), places=16)
    assert done.seconds < 2.5 * least(120, 5, 1.0)
    assert done.refused <= 20


def test_a_window_that_was_found_out_is_tried_by_one_at_a_time() -> None:
    """While one is on its way that finds it out, nobody sends another one, whichever kernel it is."""
    page, now = Memory(), 1000.0
    paces = [Pace(), Pace()]
    for pace in paces:
        pace.page = page
    page.known = Known(learned=Limit(1, MINUTE, "learned"), ceiling=1, since=now, lowered=now)
    page.log.add(now, now, look=False)
    assert [True, False] == [pace.take(now + 6, "create") == 0 for pace in paces]
    paces[0].end(paces[0].begin(now + 6, "create"), now + 6.1, Heard("refused"))
    assert 6.0 == pytest.approx(page.known.longer)
    assert 0.0 == page.known.probing


def test_a_burst_that_is_refused_is_spread() -> None:
    """Where there was room by the limit that is set, requests keep a distance from then on."""
    service = Service([(60, MINUTE), (5, 1.0)])
    pace = Pace([Limit(60)])
    done = ran(service, rows=200, pace=pace, places=16)
    assert done.refused < 0.1 * done.requests
    assert done.seconds < 1500


def test_a_limit_that_is_set_too_high_is_found_out() -> None:
    """What is set clamps, and what is refused teaches below it."""
    service = Service([(40, MINUTE)])
    done = ran(service, rows=300, pace=Pace([Limit(60)]), places=16)
    assert done.refused < 0.05 * done.requests
    assert done.seconds <= least(600, 40, MINUTE) * 1.6 + 90


def test_a_pause_that_was_asked_for_holds_everybody() -> None:
    """``Retry-After`` of one request is waited for by all, and not longer."""
    pace = Pace()
    slots = [pace.begin(0.0, "create") for _ in range(2)]
    pace.end(slots[0], 0.1, Heard())
    pace.end(slots[1], 0.1, Heard("refused", retry_after=7.0))
    assert [7.0, 7.0, 7.0] == [round(pace.take(0.1, kind), 6) for kind in ("create", "look", "other")]
    assert 0.0 == pace.take(7.2, "other")


def test_a_pause_of_hours_is_nobodys_but_who_was_asked() -> None:
    """Who is asked for more than five minutes is told so; a person who tries again is heard."""
    pace = Pace()
    pace.end(pace.begin(0.0, "create"), 0.1, Heard("refused", retry_after=3600.0))
    assert 0.0 == pace.take(0.2, "create")


def test_jobs_at_once_are_learned_and_tried_anew() -> None:
    """A refusal that speaks of jobs teaches how many there may be; after a while one more is tried."""
    pace = Pace()
    assert pace.room_for_jobs(0.0, 500)
    pace.crowd(1.0, 3)
    assert [True, False] == [pace.room_for_jobs(2.0, under_way) for under_way in (2, 3)]
    assert pace.room_for_jobs(100.0, 3)
    assert 4 == pace.most_jobs()
    pace.jobs = 2
    assert not pace.room_for_jobs(101.0, 2)


@pytest.mark.parametrize(("asked", "held"), [(None, 0.0), (7.0, 7.0)])
def test_jobs_that_are_too_many_hold_no_looks_back(asked: float | None, held: float) -> None:
    """Room comes of a job that is seen to be over, so looks go on, unless the refusal asks for a pause of all."""
    pace = Pace()
    slots = [pace.begin(1000.0, "create") for _ in range(12)]
    for slot in slots:
        pace.end(slot, 1000.1, Heard("refused", retry_after=asked, crowded=True))
    assert held == pytest.approx(pace.take(1000.1, "look"))


# Outages ---------------------------------------------------------------------------------------------------------


def test_an_outage_does_not_become_a_storm() -> None:
    """While everything fails, a tenth of the last minute's requests and a handful more may be tried again, and then few."""
    pace, sent = Pace(), 0
    for number in range(100):
        pace.end(pace.begin(number * 0.1, "look"), number * 0.1, Heard())
    for tick in range(600):
        now = 10.0 + tick * 0.1
        while pace.take(now, "look") == 0:
            pace.end(pace.begin(now, "look"), now, Heard("failed"))
            sent += 1
    assert RETRY_FLOOR <= sent <= RETRY_FLOOR + 0.1 * (100 + sent) + 2 + MINUTE / RETRY_WAIT


def test_that_a_service_works_again_is_noticed_in_seconds() -> None:
    """When the tries of a minute are used up, one look each few seconds still leaves; a create, which may cost, does not."""
    pace, now = Pace(), 0.0
    while pace.take(now, "look") == 0.0:
        pace.end(pace.begin(now, "look"), now, Heard("failed"))

    waits = []
    for _ in range(5):
        assert pace.take(now, "create") > 0
        waits.append(pace.take(now, "look"))
        now += waits[-1]
        assert 0.0 == pace.take(now, "look")
        pace.end(pace.begin(now, "look"), now, Heard("failed"))

    assert [pytest.approx(RETRY_WAIT)] * 5 == waits


def test_who_asks_by_hand_in_an_outage_waits_a_second_and_not_a_minute() -> None:
    """A balance or a catalogue that cannot be had is said so soon; all of them together are one request a second."""
    pace, now = Pace(), 0.0
    while (wait := pace.take(now, "look")) == 0.0:
        pace.end(pace.begin(now, "look"), now + 0.01, Heard("failed"))
        now += 0.01

    waits = []
    for _ in range(20):
        waits.append(pace.take(now, "other"))
        now += waits[-1]
        if waits[-1]:
            assert 0.0 == pace.take(now, "other")
        pace.end(pace.begin(now, "other"), now, Heard("failed"))

    assert wait > 1.0
    assert max(waits) < 1.01
    assert sum(waits) >= 18.0


def test_what_works_again_is_not_held_back() -> None:
    """The first answer ends the quota."""
    pace = Pace()
    for _ in range(40):
        if pace.take(0.0, "look") == 0:
            pace.end(pace.begin(0.0, "look"), 0.0, Heard("failed"))
    assert pace.take(0.0, "look") > 0
    pace.end(pace.begin(1.0, "look"), 1.1, Heard())
    assert 0.0 == max(pace.take(1.2, "look") for _ in range(100))


# Kept ------------------------------------------------------------------------------------------------------------

KNOWN = Known(
    told=Limit(60, MINUTE, "told"),
    learned=Limit(54, 5.5, "learned"),
    sure=True,
    longer=5.0,
    probing=91.0,
    ceiling=60,
    since=90.0,
    paused=95.0,
    jobs=3,
)


def test_what_is_known_can_be_kept_as_text() -> None:
    """Nothing is lost on the way; at another start of the machine its moments count for nothing."""
    assert known_from(known_text(KNOWN), now=100.0) == KNOWN
    later = known_from(known_text(KNOWN), now=5.0, same_clock=False)
    assert (KNOWN.learned, KNOWN.told, 3, 0.0, 0.0) == (
        later.learned,
        later.told,
        later.jobs,
        later.since,
        later.paused,
    )


@given(st.text() | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(str))
def test_text_of_others_is_nothing(text: str) -> None:
    """Whatever stands there, it is read without an error."""
    assert isinstance(known_from(text, now=0.0), Known)


@pytest.mark.parametrize(
    "text",
    [
        '{"learned":{"count":0,"window":60,"origin":"learned"},"paused":-1}',
        '{"paused":1e400}',
        '{"learned":{"count":true,"window":60,"origin":"learned"}}',
        '{"told":{"count":5}}',
        '{"jobs":"many"}',
        "[1]",
    ],
)
def test_numbers_that_make_no_sense_are_nothing(text: str) -> None:
    """No limit of none, no endless pause."""
    assert known_from(text, now=0.0) == Known()


def test_a_pause_in_a_future_that_cannot_be_is_forgotten() -> None:
    """A clock that was put back holds nobody for years."""
    assert 0.0 == known_from(known_text(Known(paused=1e9)), now=100.0).paused


def test_a_probe_that_is_given_back_leaves_the_next_one_to_find_it_out() -> None:
    """A create that is not sent after all, because the disk is full, say, tells nothing of how long a window is."""
    pace = Pace()
    for moment in (0.0, 0.1):
        pace.end(pace.begin(moment, "create"), moment, Heard())
    pace.end(pace.begin(0.2, "create"), 0.2, Heard("refused", retry_after=0.01))
    taken = [0.0 == pace.take(moment, "create") for moment in (1.0, 1.1)]
    while pace.granted("create"):
        pace.give_back("create")
    again = [0.0 == pace.take(moment, "create") for moment in (2.0, 2.1)]

    assert True in taken
    assert taken == again
