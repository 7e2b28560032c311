"""When to look again: never idle for long, never in a hurry, and the same answer for the same question."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookgen.jobs.schedule import EXPECTED, LONGEST, SHORTEST, delay_after_failure, next_look

AGES = st.floats(0, 1e7)
DICE = st.floats(0, 1)
KINDS = st.sampled_from([None, *EXPECTED])
USUAL = st.none() | st.floats(0.01, 1e5)


@given(AGES, USUAL, KINDS, DICE)
def test_looks_are_bounded(age: float, expected: float | None, kind: str | None, jitter: float) -> None:
    """Whatever the job, the next look is neither at once nor further off than the longest pause."""
    delay = next_look(age, expected=expected, kind=kind, jitter=jitter)  # type: ignore[arg-type]  # a Kind

    assert 0.9 * SHORTEST <= delay <= 1.1 * LONGEST


@given(AGES, KINDS, DICE, DICE)
def test_jitter_only_spreads(age: float, kind: str | None, one: float, other: float) -> None:
    """Two jobs of the same age are asked about within a tenth, either way, of the same pause; later dice, later look."""
    early, late = sorted((one, other))
    first, second = (next_look(age, expected=None, kind=kind, jitter=dice) for dice in (early, late))  # type: ignore[arg-type]  # a Kind

    assert first <= second <= first * (1.1 / 0.9) + 1e-9


@given(AGES, AGES, KINDS)
def test_while_nothing_is_known_looks_become_rarer(one: float, other: float, kind: str | None) -> None:
    """An older job of unknown length is looked at no more often than a younger one."""
    young, old = sorted((one, other))
    first, second = (next_look(age, expected=None, kind=kind, jitter=0.5) for age in (young, old))  # type: ignore[arg-type]  # a Kind

    assert first <= second + 1e-9


@given(st.floats(1, 30), DICE)
def test_a_known_duration_is_waited_for_by_half(expected: float, jitter: float) -> None:
    """A job that usually takes that long is not asked about over and over before half of it, nor left much longer."""
    delay = next_look(0.0, expected=expected, kind="image", jitter=jitter)

    assert min(0.9 * 0.5 * expected, 0.9 * LONGEST / 4) <= delay + 1e-9
    assert delay <= 1.1 * max(0.5 * expected, 3.0)


@pytest.mark.parametrize("kind", ["image", "text", "audio"])
def test_short_kinds_are_looked_at_every_few_seconds(kind: str) -> None:
    """A picture is noticed within 5.5 s of being done, however long it has taken."""
    delays = [next_look(age, expected=None, kind=kind, jitter=1.0) for age in range(0, 3600, 7)]  # type: ignore[arg-type]  # a Kind

    assert max(delays) <= 1.1 * LONGEST / 4


def test_a_thousand_looks_are_never_spent_on_one_film() -> None:
    """A film of half an hour costs some hundred looks at the most."""
    age, looks = 0.0, 0
    while age < 1800:
        age += next_look(age, expected=None, kind="video", jitter=0.5)
        looks += 1

    assert looks < 1800 / 2


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
