"""When to look again: few looks, soon after the end, whatever is known; never idle for long and never in a hurry."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looking import LAWS, Costs, Law, around, by_curve, costs, old_rule, taught
from notebookgen.jobs.schedule import LONGEST, SHORTEST, delay_after_failure, next_list, next_look
from notebookgen.jobs.survival import EXPECTED, Curve, Seen, learned, prior

WILD = st.floats(allow_nan=True, allow_infinity=True)
AGES = st.floats(0, 80_000)
DICE = st.floats(0, 1)
CURVES = st.builds(
    lambda kind, seconds: learned([Seen(one) for one in seconds], prior(kind)),
    st.sampled_from([None, *EXPECTED]),
    st.lists(st.floats(0.01, 1e4), max_size=8),
)


def mean(found: list[Costs]) -> tuple[float, float]:
    """Return looks and delay on average."""
    return sum(one.looks for one in found) / len(found), sum(one.delay for one in found) / len(found)


@given(curve=CURVES, age=WILD, jitter=WILD, looked=st.none() | WILD, called_back=st.booleans())
@settings(max_examples=100, deadline=None)
def test_looks_are_bounded(*, curve: Curve, age: float, jitter: float, looked: float | None, called_back: bool) -> None:
    """Whatever the job, the next look is neither at once nor never: a number of seconds."""
    delay = next_look(age, curve=curve, jitter=jitter, looked=looked, called_back=called_back)

    assert 0.9 * SHORTEST <= delay < float("inf")


@given(CURVES, AGES, DICE)
@settings(max_examples=100, deadline=None)
def test_nothing_is_over_unnoticed_for_long(curve: Curve, age: float, jitter: float) -> None:
    """An end is noticed within a fourth of the usual duration or 5 s, and always within five minutes (and a tenth)."""
    delay = next_look(age, curve=curve, jitter=jitter)

    assert delay <= 1.1 * LONGEST
    if age >= curve.quantile(0.005):
        assert delay <= 1.1 * max(curve.median / 4, age / 20, 5.0)


@given(CURVES, AGES, DICE, DICE)
@settings(max_examples=50, deadline=None)
def test_jitter_only_spreads(curve: Curve, age: float, one: float, other: float) -> None:
    """Two jobs of the same age are asked about within a tenth, either way, of the same pause; later dice, later look."""
    early, late = sorted((one, other))
    first, second = (next_look(age, curve=curve, jitter=dice) for dice in (early, late))

    assert first <= second <= first * (1.1 / 0.9) + 1e-9


@pytest.mark.parametrize(
    ("name", "looks", "delay"), [("image 6 s", 3.5, 0.1), ("video 75 s", 10.0, 0.1), ("warm or cold", 10.0, 0.1)]
)
def test_two_hundred_jobs_teach_when_to_look(name: str, looks: float, delay: float) -> None:
    """Pictures of 6 s cost at most 3.5 looks and clips of 75 s ten, and are noticed within a tenth of their duration."""
    law = LAWS[name]
    found = [costs(law, by_curve(taught(law, 200, seed))) for seed in range(24)]
    spent, late = mean(found)

    assert spent <= looks
    assert late <= delay * found[0].duration


def test_a_heavy_tail_costs_looks_and_not_hours() -> None:
    """Where some jobs take ten times as long as others, a look is still rare and the delay still a tenth."""
    law = LAWS["heavy tail"]
    found = [costs(law, by_curve(taught(law, 200, seed))) for seed in range(4)]

    assert mean(found)[0] <= 10
    assert mean(found)[1] <= 0.1 * found[0].duration


@pytest.mark.parametrize(("kind", "usual"), [(kind, usual) for kind, usual in EXPECTED.items() if kind != "sandbox"])
@pytest.mark.parametrize("part", [0.1, 0.3, 1.0, 3.0])
def test_where_nothing_is_known_it_is_no_worse_than_the_square_root(kind: str, usual: float, part: float) -> None:
    """Looks and delay together cost no more than those of the plain rule, however far off the usual duration is."""
    law = Law(kind, around(usual * part, 0.3))
    blind, old = costs(law, by_curve(prior(kind))), costs(law, old_rule(kind))

    assert blind.whole <= 1.15 * old.whole


@pytest.mark.parametrize("name", sorted(LAWS))
def test_ten_jobs_teach_most_of_it(name: str) -> None:
    """After ten jobs it costs clearly less than the plain rule; after two hundred less than after ten."""
    law = LAWS[name]
    old = costs(law, old_rule(law.kind)).whole
    few, many = (
        sum(costs(law, by_curve(taught(law, count, seed))).whole for seed in range(4)) / 4 for count in (10, 200)
    )

    assert many < few < 0.85 * old


def test_jobs_far_from_what_was_assumed_are_learned() -> None:
    """Texts that take 1 s, and not 10 s: looks come early enough for them, however late the first ones came."""
    law = Law("text", around(1.0, 0.5))
    found = [costs(law, by_curve(taught(law, 100, seed))) for seed in range(4)]

    assert mean(found)[0] < 3
    assert mean(found)[1] < 0.3


def test_no_look_before_the_first_moment_that_makes_sense() -> None:
    """Where jobs are known to take 75 s, the first look comes at about half of that, and then they come often."""
    curve = learned([Seen(one) for one in LAWS["video 75 s"].times(200)], prior("video"))
    first = next_look(0.0, curve=curve, jitter=0.5)

    assert 0.85 * curve.quantile(0.005) <= first < curve.median
    assert next_look(75.0, curve=curve, jitter=0.5) < 8 < first


def test_a_look_that_was_late_is_made_up_for() -> None:
    """What has added up since a job was last seen running counts: it is looked at soon, not after a whole interval."""
    curve = learned([Seen(one) for one in LAWS["image 6 s"].times(200)], prior("image"))

    assert next_look(6.0, curve=curve, jitter=0.5, looked=5.7) < next_look(6.0, curve=curve, jitter=0.5)


def test_a_job_that_calls_is_looked_at_when_it_should_have_called() -> None:
    """Looks wait until 99 in 100 have ended; after that it is looked at as any other."""
    curve = learned([Seen(one) for one in LAWS["video 75 s"].times(200)], prior("video"))
    late = curve.quantile(0.99)

    assert late == pytest.approx(next_look(0.0, curve=curve, jitter=0.5, called_back=True))
    assert late - 50.0 == pytest.approx(next_look(50.0, curve=curve, jitter=0.5, called_back=True))
    old = late + 20
    assert next_look(old, curve=curve, jitter=0.5) == next_look(old, curve=curve, jitter=0.5, called_back=True)
    assert LONGEST == pytest.approx(next_look(0.0, curve=prior("video"), jitter=0.5, called_back=True))


def test_a_thousand_looks_are_never_spent_on_one_film() -> None:
    """A film of half an hour of which nothing is known costs less than a hundred looks."""
    age, looks = 0.0, 0
    while age < 1800:
        age += next_look(age, curve=prior("video"), jitter=0.5)
        looks += 1

    assert looks < 100


@given(st.integers(0, 60), DICE)
def test_failures_back_off_and_stay_bounded(failures: int, jitter: float) -> None:
    """The pause after failed looks doubles up to half a minute and never ends the looking."""
    delay = delay_after_failure(failures, retry_after=None, jitter=jitter)

    assert 0.5 * 0.75 <= delay <= 30 * 1.25
    assert delay <= delay_after_failure(failures + 1, retry_after=None, jitter=jitter)


def test_even_very_many_failures_have_a_delay() -> None:
    """A provider that is away for a week is still asked, about twice a minute, and no number becomes too large."""
    assert 30.0 == pytest.approx(delay_after_failure(20_000, retry_after=None, jitter=0.5))


@given(st.floats(0, 1e9), st.integers(0, 60), DICE)
def test_the_providers_own_wait_is_kept_to_within_reason(asked: float, failures: int, jitter: float) -> None:
    """``Retry-After`` is waited out, up to five minutes: a week's wait would leave a finished job lying."""
    delay = delay_after_failure(failures, retry_after=asked, jitter=jitter)

    assert min(asked, 300.0) <= delay <= 301.0


# Lists ---------------------------------------------------------------------------------------------------------------

KNOWN = learned([Seen(one) for one in LAWS["image 6 s"].times(200)], prior("image"))


def steady(count: int, curve: Curve = KNOWN) -> list[tuple[Curve, float, float]]:
    """Return jobs under way that were begun one after the other, all of them seen running just now."""
    ages = [curve.quantile((place + 0.5) / count) * place / count for place in range(count)]
    return [(curve, age, age) for age in ages]


@pytest.mark.parametrize("count", [4, 16, 50, 100])
def test_lists_of_many_come_as_often_as_a_tenth_of_a_duration_asks_for(count: int) -> None:
    """Half an interval is how late an end is noticed: about a tenth of the usual duration, whatever their number."""
    assert 0.12 * KNOWN.median <= next_list(steady(count), most=1.0) <= 0.28 * KNOWN.median


def test_no_list_is_worth_it_before_anything_can_be_over() -> None:
    """Jobs that were just begun are left alone for as long as a wait may be at all."""
    young = [(KNOWN, 0.1, 0.0)] * 20

    assert next_list(young) >= 0.39 * KNOWN.median
    assert next_list([(KNOWN, 6.0, 0.0)] * 20) == 0.0


def test_the_last_of_many_are_not_worth_a_list_each_moment() -> None:
    """With few left of many, lists come more rarely than with as many from the beginning."""
    assert next_list(steady(4), most=10.0) > 1.4 * next_list(steady(4))


@given(st.lists(st.tuples(CURVES, WILD, WILD), max_size=12), st.floats(1, 1000))
@settings(max_examples=60, deadline=None)
def test_lists_are_never_long_in_coming(jobs: list[tuple[Curve, float, float]], most: float) -> None:
    """Whatever is known of whatever jobs, it is a number of seconds, and less than half of the longest duration."""
    wait = next_list(jobs, most=most)

    assert 0 <= wait <= 0.4 * max([curve.median for curve, _, _ in jobs] or [1.0]) + 1e-6
