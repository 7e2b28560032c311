"""The simulator: its figures are those of theory and of trials, and what it says of us is what a real run does."""

from __future__ import annotations

import itertools
import random
import sys

import pytest

from notebookgen.simulator import (
    KNOWN,
    LOOPBACK,
    MODELS,
    NO_LIMIT,
    Account,
    Best,
    Between,
    ByCurve,
    Exactly,
    Fixed,
    HeavyTail,
    Law,
    Limit,
    LogNormal,
    Mixture,
    Observed,
    Outcome,
    best_cost,
    best_looks,
    by_habit,
    least_seconds,
    looked,
    mean,
    ours,
    quantile,
    simulated,
)
from run_twice import in_both

IMAGE, VIDEO = "image, 6 s", "video, 75 s"
WORTH = 0.25
# Trials of these habits by others than this simulator, 20,000 jobs each: looks a job, and seconds of delay.
TRIALS = {
    ("fal-client: every 0.1 s", IMAGE): (64, 0.05),
    ("fal-client: every 0.1 s", VIDEO): (789, 0.05),
    ("fal-client: every 0.1 s", "warm 12 s or cold 95 s"): (396, 0.05),
    ("fal-client: every 0.1 s", "heavy tail, 60 s"): (835, 0.05),
    ("replicate, huggingface_hub: every 0.5 s", IMAGE): (13.2, 0.25),
    ("replicate, huggingface_hub: every 0.5 s", VIDEO): (158, 0.25),
    ("exponential: from 1 s by half more, to 30 s", IMAGE): (3.9, 1.96),
    ("exponential: from 1 s by half more, to 30 s", VIDEO): (9.6, 14.30),
    ("exponential: from 1 s by half more, to 30 s", "warm 12 s or cold 95 s"): (6.9, 6.87),
    ("exponential: from 1 s by half more, to 30 s", "heavy tail, 60 s"): (9.4, 11.88),
}
OPTIMA = {
    IMAGE: (3.0, 0.66),
    VIDEO: (8.9, 2.18),
    "warm 12 s or cold 95 s": (7.3, 1.60),
    "heavy tail, 60 s": (13.0, 2.88),
}


def durations(law: Law, count: int, seed: int = 5) -> list[float]:
    dice = random.Random(seed)
    return [law.draw(dice) for _ in range(count)]


def run(law: Law, *, jobs: int = 500, limit: Limit = NO_LIMIT, places: int = 50, **options: object) -> Outcome:
    """Run jobs of a law with our client, which knows two hundred of them."""
    client = ours(past=durations(law, 200, seed=6), **options)
    account = Account(jobs=jobs, law=durations(law, jobs), client=client, limit=limit)
    return simulated([account], places=places)[0]


# Laws


@pytest.mark.parametrize(
    "law",
    [
        *(law for _, law in MODELS.values()),
        HeavyTail(10.0, 2.5),
        Between(2.0, 4.0),
        Observed([1.0, 2.0, 2.5, 9.0, 11.0]),
        Exactly(3.0),
    ],
    ids=repr,
)
def test_what_is_drawn_goes_by_what_is_said(law: Law) -> None:
    """Durations that are drawn have the mean and the quantiles of their law."""
    drawn = sorted(durations(law, 40_000))

    assert sum(drawn) / len(drawn) == pytest.approx(mean(law), rel=0.03)
    for share in (0.1, 0.5, 0.9):
        assert drawn[int(share * len(drawn))] == pytest.approx(quantile(law, share), rel=0.03)


def test_shares_of_a_mixture_are_its_laws_shares() -> None:
    """A mixture of what is over at once and what never is draws each as often as is said."""
    drawn = durations(Mixture(((0.7, Exactly(1.0)), (0.3, Exactly(100.0)))), 10_000)

    assert drawn.count(1.0) / len(drawn) == pytest.approx(0.7, abs=0.02)


# Looks at single jobs


@pytest.mark.parametrize(("habit", "model"), TRIALS)
def test_rivals_cost_what_trials_have_shown(habit: str, model: str) -> None:
    """Looks a job and seconds of delay of other clients' habits are those that were found by independent trials."""
    found = looked(MODELS[model][1], KNOWN[habit])

    looks, delay = TRIALS[habit, model]
    assert found.looks == pytest.approx(looks, rel=0.04)
    assert found.delay == pytest.approx(delay, rel=0.08)


@pytest.mark.parametrize("model", OPTIMA)
def test_the_optimum_is_the_known_one(model: str) -> None:
    """The dynamic programme finds schedules as good as those that are known to be the best."""
    law = MODELS[model][1]
    found = looked(law, Best(law, WORTH), jobs=50_000)

    looks, delay = OPTIMA[model]
    assert found.cost(WORTH) == pytest.approx(looks * WORTH + delay, rel=0.04)
    assert found.cost(WORTH) == pytest.approx(best_cost(law, WORTH), rel=0.02)


def test_the_optimum_is_exact() -> None:
    """On a coarse grid it is what trying every schedule of that grid gives."""
    law, points = LogNormal(6.0, 0.35), 120
    end = quantile(law, 1 - 1e-5)
    width = end / points
    over = [1 - law.running(step * width) for step in range(points + 1)]
    area = [0.0]
    for before, after in itertools.pairwise(over):
        area.append(area[-1] + (before + after) / 2 * width)
    ahead = [0.0] * (points + 1)
    for step in range(points - 1, -1, -1):
        ahead[step] = min(
            WORTH * (1 - over[step]) + area[later] - area[step] - over[step] * (later - step) * width + ahead[later]
            for later in range(step + 1, points + 1)
        )

    assert ahead[0] == pytest.approx(best_cost(law, WORTH, points=points))
    assert list(best_looks(law, WORTH, points=points)) == sorted(best_looks(law, WORTH, points=points))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("habit", KNOWN)
def test_nobody_beats_the_optimum(habit: str, model: str) -> None:
    """No habit, ours included, costs less than the optimum where a look is worth a quarter of a second."""
    kind, law = MODELS[model]
    least = best_cost(law, WORTH) * 0.98  # what twenty thousand jobs may be off by

    assert least <= looked(law, KNOWN[habit]).cost(WORTH)
    assert least <= looked(law, ByCurve.of(kind, durations(law, 200))).cost(WORTH)


def test_ours_is_near_the_optimum_and_others_are_not() -> None:
    """For as many looks as ours needs, the best schedule is hardly less late; exponential back-off is several times so."""
    kind, law = MODELS[VIDEO]
    own = looked(law, ByCurve.of(kind, durations(law, 200)))
    worth = next(one / 20 for one in range(1, 100) if looked(law, Best(law, one / 20)).looks <= own.looks)
    best, exponential = looked(law, Best(law, worth)), looked(law, KNOWN["exponential: from 1 s by half more, to 30 s"])

    assert own.delay <= 1.5 * best.delay
    assert own.delay <= exponential.delay / 3
    assert own.looks <= exponential.looks


@pytest.mark.parametrize(("model", "looks"), [(IMAGE, 4.0), (VIDEO, 10.0)])
@pytest.mark.parametrize("seed", range(3))
def test_looks_that_taught_themselves_are_as_good(model: str, looks: float, seed: int) -> None:
    """A curve learned from our own looks, which saw no end exactly, costs few looks, and an eighth of the duration at most."""
    kind, law = MODELS[model]
    found = looked(law, ByCurve.learning(kind, durations(law, 200, seed=seed), random.Random(seed)))

    assert found.looks <= looks
    assert found.delay <= found.duration / 8


# Whole runs


@pytest.mark.parametrize(("per_minute", "over"), [(10, 1.05), (60, 1.05), (600, 1.05)])
@pytest.mark.parametrize("model", [IMAGE, VIDEO])
def test_a_limit_is_used_up(model: str, per_minute: int, over: float) -> None:
    """Under a limit, 500 rows take little longer than is possible, a twentieth under a tight one; none is refused."""
    kind, law = MODELS[model]
    limit = Limit(requests=per_minute)
    found = run(law, limit=limit, places=1000, kind=kind, per_minute=per_minute)

    least = least_seconds(500, limit, durations(law, 500), places=1000)
    assert least <= found.seconds <= over * least
    assert 0 == sum(found.refused.values())
    assert 500 == found.counts["create"]


def test_others_under_a_limit_are_refused() -> None:
    """A client that looks every half second spends most of a limit on looks, and is refused for half of what it asks."""
    law, limit = MODELS[IMAGE][1], Limit(requests=60)
    account = Account(jobs=200, law=durations(law, 200), client=by_habit(Fixed(0.5)), limit=limit)
    (found,) = simulated([account], places=50)

    assert found.refused_share > 0.5
    assert found.seconds > 2 * least_seconds(200, limit, durations(law, 200), places=50)


def test_others_may_heed_what_a_refusal_tells() -> None:
    """A client that comes back when a 429 says is refused less often, and is done sooner, than one that guesses."""
    law, limit = MODELS[IMAGE][1], Limit(requests=600)
    guessed, heeded = (
        simulated(
            [Account(jobs=300, law=durations(law, 300), client=by_habit(Fixed(2.0), heeds=heeds), limit=limit)],
            places=1000,
        )[0]
        for heeds in (False, True)
    )

    assert 0 < heeded.refused_share < guessed.refused_share
    assert heeded.seconds < guessed.seconds


@pytest.mark.parametrize("told", [True, False])
def test_a_limit_that_nobody_has_set_is_found_out(told: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """By what replies tell or refusals teach, a run keeps to a limit after its first burst."""
    limit = Limit(requests=60, told=told)
    found = run(MODELS[IMAGE][1], jobs=300, limit=limit, places=16)

    assert sum(found.refused.values()) <= 16
    assert found.seconds <= 1.2 * least_seconds(300, limit, durations(MODELS[IMAGE][1], 300), places=16)


def test_jobs_at_once_are_found_out() -> None:
    """Where only so many jobs may be under way, the run keeps them at that, by what it was refused."""
    law, limit = MODELS[IMAGE][1], Limit(concurrent=8)
    found = run(law, jobs=200, limit=limit, places=50)

    assert found.refused["create"] <= 60
    assert found.seconds <= 1.5 * least_seconds(200, limit, durations(law, 200), places=50)


def test_lists_spare_looks() -> None:
    """Where jobs can be listed, fifty at once cost about a request each, and are found no later."""
    law = MODELS[IMAGE][1]
    alone, listed = run(law), run(law, lists=True)

    assert listed.requests <= 1.2
    assert listed.requests <= alone.requests / 3
    assert listed.delay <= 1.2 * alone.delay


def test_accounts_do_not_hinder_each_other() -> None:
    """Two accounts beside each other each keep to their own limit, and take a window more than it allows at the most."""
    law = MODELS[IMAGE][1]
    limits = (Limit(requests=60), Limit(requests=120))
    accounts = [
        Account(jobs=100, law=durations(law, 100), client=ours(per_minute=limit.requests), limit=limit)
        for limit in limits
    ]
    for found, limit in zip(simulated(accounts, places=1000), limits, strict=True):
        assert 0 == sum(found.refused.values())
        assert found.seconds <= least_seconds(100, limit, durations(law, 100)) + 1.1 * limit.window


def test_no_limit_can_be_said_in_several_ways() -> None:
    """Nothing, None, what is exported for it, and a limit that limits nothing are one and the same."""
    law = durations(MODELS[IMAGE][1], 30)
    runs = [
        simulated([Account(jobs=30, law=law, client=ours(), **limit)])[0]
        for limit in ({}, {"limit": None}, {"limit": NO_LIMIT}, {"limit": Limit()})
    ]
    assert 1 == len({(one.seconds, one.requests) for one in runs})
    assert least_seconds(30, NO_LIMIT, law) == least_seconds(30, None, law) == max(law)


def test_the_quickest_of_a_wave_are_no_change_of_the_service() -> None:
    """It is told how many run beside each job, as in the engine: of many that began together the quickest end first."""
    law = Between(4.0, 8.0)
    past = durations(law, 200)
    (found,) = simulated([Account(jobs=400, law=law, client=ours(past=past))], places=400)
    assert found.requests <= 5.0


def test_many_jobs_take_little_work() -> None:
    """No turn goes through all jobs: twice as many under way cost about twice as much."""
    law, counted = MODELS[IMAGE][1], []
    for jobs in (150, 300):
        calls = 0

        def count(frame: object, event: str, arg: object) -> None:
            nonlocal calls
            calls += 1

        account = Account(
            jobs=jobs, law=law, client=ours(learns=False, per_minute=60_000), limit=Limit(requests=60_000)
        )
        sys.setprofile(count)
        try:
            simulated([account], places=jobs)
        finally:
            sys.setprofile(None)
        counted.append(calls)
    assert counted[1] <= 3 * counted[0]


def test_the_same_seed_is_the_same_run() -> None:
    """Figures can be had again; with another seed they are others."""

    def once(seed: int) -> tuple[float, dict[str, int]]:
        account = Account(jobs=50, law=MODELS[IMAGE][1], client=ours())
        (found,) = simulated([account], network=LOOPBACK, seed=seed)
        return found.seconds, dict(found.counts)

    assert once(1) == once(1)
    assert once(1) != once(2)


@pytest.mark.slow
@pytest.mark.parametrize(("service", "per_second"), [("armox", None), ("apixo", None), ("apixo", 8)])
def test_a_real_run_does_what_the_simulated_one_does(service: str, per_second: int | None) -> None:
    """The same run over HTTP makes as many requests of each kind, but for what chance moves; nothing is refused in either."""
    real, simulated_one = in_both(service, LogNormal(1.5, 0.35), rows=24, places=8, per_second=per_second)

    assert 24 == real.saved
    assert (0, 0) == (real.refused, sum(simulated_one.refused.values()))
    assert (24, 24) == (real.counts["create"], simulated_one.counts["create"])
    theirs, own = sum(real.counts.values()), sum(simulated_one.counts.values())
    assert theirs == pytest.approx(own, rel=0.5)
    assert (service == "armox") == ("list" in real.counts) == ("list" in simulated_one.counts)
