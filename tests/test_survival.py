"""Curves of how long jobs take: right however little was seen of each, near the truth with few, and sane with anything."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looking import LAWS, Law, around, taught
from notebookgen.jobs.survival import EXPECTED, LAST, Curve, Memory, Seen, learned, prior

WILD = st.floats(allow_nan=True, allow_infinity=True)
SEEN = st.builds(Seen, WILD, st.none() | WILD, st.booleans())
KINDS = st.sampled_from([None, "poem", *EXPECTED])


def is_sane(curve: Curve, age: float) -> bool:
    """Whether all that is asked of a curve is a number that makes sense."""
    told = [curve.median, curve.left(age), curve.hazard(age), curve.risk(age), curve.survival(age), curve.over(age)]
    told += [curve.quantile(share, age) for share in (0.0, 0.005, 0.5, 0.99, 1.0)]
    return all(math.isfinite(one) and one >= 0 for one in told) and curve.survival(age) <= 1 >= curve.over(age)


@given(st.lists(SEEN, max_size=30), KINDS, WILD)
@settings(max_examples=60, deadline=None)
def test_whatever_was_seen_a_curve_makes_sense(jobs: list[Seen], kind: str | None, age: float) -> None:
    """Clocks that jumped, nothing, infinities: no answer is NaN, infinite or negative, and quantiles grow."""
    curve = learned(jobs, prior(kind))

    assert is_sane(curve, age)
    assert 0 <= curve.quantile(0.005) <= curve.quantile(0.5) <= curve.quantile(0.99) <= LAST
    assert is_sane(learned(jobs[::-1], curve), age)


@given(st.floats(0, 90_000), st.floats(0, 90_000))
def test_the_older_the_surer(one: float, other: float) -> None:
    """The risk only grows with the age, and with it how sure it is that a job is over."""
    curve = prior("video")
    young, old = sorted((one, other))

    assert curve.risk(young) <= curve.risk(old)
    assert curve.over(young, young) == 0 <= curve.over(old, young) <= 1


@pytest.mark.parametrize("kind", sorted(EXPECTED))
def test_a_kind_begins_with_its_usual_duration(kind: str) -> None:
    """Before a job is known, half of them are over by the time that the services' pages tell, and nothing is known."""
    assert EXPECTED[kind] == pytest.approx(prior(kind).median, rel=0.1)
    assert 0.0 == prior(kind).known


def test_many_jobs_give_their_own_curve() -> None:
    """With hundreds of exact durations the prior no longer matters: quantiles are those of the durations."""
    times = sorted(LAWS["image 6 s"].times(200))
    curve = learned([Seen(one) for one in random.Random(1).sample(times, 200)], prior("video"))

    assert times[100] == pytest.approx(curve.median, rel=0.1)
    assert times[180] == pytest.approx(curve.quantile(0.9), rel=0.2)


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_jobs_that_end_otherwise_count_as_time_without_an_end(share: float) -> None:
    """Where many fail, are cancelled or still run, the median is still that of the jobs that come to their end."""
    rng, law = random.Random(5), LAWS["video 75 s"]
    jobs, naive = [], []
    for end in law.times(1000):
        gone = rng.expovariate(1 / (75 / share))
        jobs.append(Seen(min(end, gone), ended=end <= gone))
        if end <= gone:
            naive.append(end)
    medians = [learned(jobs[start : start + 200], prior("video")).median for start in range(0, 1000, 200)]

    assert 75.0 == pytest.approx(sum(medians) / len(medians), rel=0.05)
    assert sum(one.ended for one in jobs) == len(naive) < 1000


def test_what_still_runs_is_not_forgotten() -> None:
    """The first of fifty jobs to end tell little while the others go on: those are known to take longer."""
    ended, first = [Seen(2.0)] * 5, prior("image")
    memory = Memory()
    for job in ended:
        memory.add(job, first)

    assert memory.curve(first, [60.0] * 45).median > 3 * memory.curve(first).median


def test_our_own_looks_teach_as_well_as_true_times() -> None:
    """An end is only known to lie between two looks; curves learned from that alone have the true median."""
    for name in ("image 6 s", "video 75 s"):
        law = LAWS[name]
        medians = [taught(law, 200, seed).median for seed in range(3)]

        assert sorted(law.times(2000))[1000] == pytest.approx(sum(medians) / 3, rel=0.1)


def test_old_jobs_fade() -> None:
    """Services change slowly: a hundred jobs later, what was before counts for a fourth."""
    first = prior("image")
    curve = learned([*[Seen(6.0)] * 100, *[Seen(12.0)] * 100], first)

    assert curve.median < 6.6
    assert curve.known == pytest.approx(72, rel=0.1)


@pytest.mark.parametrize(("before", "after"), [(6.0, 40.0), (40.0, 6.0)])
def test_three_surprises_in_a_row_are_a_change_of_the_service(before: float, after: float) -> None:
    """Then what was before counts much less: ten jobs later the curve is that of the service as it is now."""
    law, later = (Law("image", around(one, 0.2)) for one in (before, after))
    memory = Memory()
    curve = taught(law, 100, memory=memory)
    steady = Memory()
    for end in law.times(100):
        steady.add(Seen(end), curve)
    changes = [steady.add(Seen(one), curve) for one in (after, before, after, after, before)]
    told = [steady.add(Seen(one), curve) for one in (after, after, after)]

    assert before == pytest.approx(curve.median, rel=0.15)
    assert [False] * 5 == changes
    assert [False, False, True] == told
    assert after == pytest.approx(taught(later, 12, memory=memory, curve=curve).median, rel=0.35)


@pytest.mark.parametrize("size", [32, 128, 256])
def test_the_quickest_and_the_slowest_of_many_begun_together_are_no_surprise(size: int) -> None:
    """A wave of jobs ends with its quickest first and its slowest last, which tells nothing new of the service."""
    law = Law("image", around(6.0, 0.3))
    for seed in range(1, 5):
        memory = Memory()
        curve = taught(law, 100, seed, memory=memory)
        wave = sorted(law.times(size, seed + 100))
        left = list(range(size))  # beside it
        told = [memory.add(Seen(one), curve, left.pop) for one in wave]

        assert not any(told)


def test_a_service_that_changes_is_noticed_after_a_wave_and_within_one() -> None:
    """Many at once hide a change no longer than a third of them takes; when they are over, three are enough again."""
    law = Law("image", around(6.0, 0.3))
    memory = Memory()
    curve = taught(law, 100, memory=memory)
    within = [memory.add(Seen(25.0), curve, lambda: 60) for _ in range(20)]
    memory.add(Seen(6.0), curve)  # nothing runs beside the last
    alone = [memory.add(Seen(25.0), taught(law, 100), lambda: 0) for _ in range(4)]

    assert 1 == sum(within)
    assert 1 == sum(alone)


def test_a_wave_does_not_make_all_forgotten_but_its_slowest() -> None:
    """Of two hundred at once the curve knows the quick ones as well, when the last have ended."""
    law = Law("image", around(6.0, 0.35))
    memory, first = Memory(), prior("image")
    left = list(range(200))
    for one in sorted(law.times(200)):
        memory.add(Seen(one), first, left.pop)
    curve = memory.curve(first)

    assert 6.0 == pytest.approx(curve.median, rel=0.15)


def test_a_memory_is_the_same_whenever_it_is_asked() -> None:
    """Making a curve changes nothing, a copy goes its own way, and a million jobs weigh no more than the last hundreds."""
    first = prior("text")
    memory = Memory()
    for end in LAWS["image 6 s"].times(300):
        memory.add(Seen(end), first)
    copy = memory.copy()
    again = memory.curve(first)
    for _ in range(20_000):  # weights grow beyond what a float can hold, were they not scaled
        copy.add(Seen(3.0), first)

    assert again == memory.curve(first) == memory.curve(first)
    assert 3.0 == pytest.approx(copy.curve(first).median, rel=0.1)
