"""Finding a lost create in a provider's list: counted, never guessed; absent only where the list proves it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookgen.jobs.matching import (
    TOLERANCE,
    Known,
    Missing,
    Others,
    in_order,
    lacking,
    match,
    reaches_back,
    reaches_forward,
)
from notebookgen.providers.armox import Armox
from notebookgen.records import Generation, Job, Phase, Realm
from notebookgen.wire import HttpResponse

REALM = Realm("tailor", "0" * 12)
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
CONTENTS = st.sampled_from("abc")
SECONDS = st.integers(-30, 30)
HATS = Others(models={"hat"})


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def lost(key: int, prompt: str = "a", seconds: float = 0) -> Missing:
    return Missing(key, Generation(REALM, "coat", prompt), at(seconds))


def job(id: str | None, prompt: str = "a", seconds: float | None = 1) -> Job:
    model = "hat" if prompt == "other" else None
    created = None if seconds is None else at(seconds)
    return Job(id, Phase.RUNNING, model=model, sent={"prompt": prompt}, created=created)


def same(listed: Job, generation: Generation) -> bool:
    return listed.sent == {"prompt": generation.prompt}


def found(
    missing: list[Missing], jobs: list[Job], *, adopted: set[str] | None = None, limit: int = 100
) -> dict[int, str]:
    finding = match(missing, jobs, adopted=adopted or set(), limit=limit, others=HATS, same=same)
    return {key: str(one.id) for key, one in finding.found.items()}


def test_a_lost_create_is_found_by_its_content() -> None:
    """The job with exactly its content is the one; others are left alone."""
    finding = match([lost(1, "b")], [job("x", "a"), job("y", "b")], adopted=set(), limit=100, others=HATS, same=same)

    assert {1: "y"} == {key: one.id for key, one in finding.found.items()}
    assert ((), ()) == (finding.absent, finding.unknown)


def test_a_job_with_its_input_under_another_name_of_the_model_is_no_proof_of_absence() -> None:
    """A service may list a model by a name of its own: what has exactly our input is looked at by a person."""

    def strict(listed: Job, generation: Generation) -> bool:
        return listed.model == generation.model and same(listed, generation)

    renamed = [replace(job("x", "a"), model="coat-2026"), replace(job("y", "b"), model="hat")]
    finding = match([lost(1, "a"), lost(2, "c", 9)], renamed, adopted=set(), limit=100, others=HATS, same=strict)

    assert ({}, (2,), (1,)) == (finding.found, finding.absent, finding.unknown)
    assert {1: "x"} == {key: one.id for key, (one,) in finding.alike.items()}


def test_an_adopted_job_is_nobody_elses() -> None:
    """A job that some attempt has is never given to a second one."""
    finding = match([lost(1)], [job("x")], adopted={"x"}, limit=100, others=HATS, same=same)

    assert ({}, (1,)) == (dict(finding.found), finding.absent)


def test_equal_ones_are_paired_in_the_order_of_their_times() -> None:
    """Of two equal creates the earlier one gets the earlier job, in whatever order the list came."""
    missing = [lost(2, seconds=10), lost(1, seconds=0)]

    assert {1: "first", 2: "second"} == found(missing, [job("second", seconds=11), job("first", seconds=1)])


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0, True), (-TOLERANCE, True), (-TOLERANCE - 0.001, False), (3600, True), (None, True)]
)
def test_an_older_job_is_not_taken_for_it(seconds: float | None, expected: bool) -> None:  # noqa: FBT001 - a parametrised fact
    """A job made before the intent is another one's, allowing for clocks; one without a date may be it."""
    assert expected == bool(found([lost(1)], [job("x", seconds=seconds)]))


def test_a_job_without_a_handle_is_no_finding() -> None:
    """What cannot be asked about again cannot be adopted."""
    assert {} == found([lost(1)], [job(None)])


@pytest.mark.parametrize(
    ("oldest", "limit", "expected"),
    [
        (-60, 3, True),  # full, and reaching back past the intent
        (0, 3, False),  # full, and the rest could be hidden behind its end
        (-TOLERANCE, 3, False),  # a full list must reach back further than the clocks can differ
        (-TOLERANCE - 1, 3, True),
        (0, 4, True),  # shorter than it could be: these are all there are
    ],
)
def test_how_far_a_list_reaches_back(oldest: float, limit: int, expected: bool) -> None:  # noqa: FBT001 - a parametrised fact
    """Absence is proven only by a list that is whole, or provably older than the intent."""
    jobs = [job(str(n), "other", seconds=oldest + n) for n in (2, 1, 0)]
    finding = match([lost(1)], jobs, adopted=set(), limit=limit, newest_first=in_order(jobs), others=HATS, same=same)

    assert expected == reaches_back(jobs, START, limit)
    assert (((1,), ()) if expected else ((), (1,))) == (finding.absent, finding.unknown)


def test_a_full_list_that_does_not_reach_forward_proves_nothing() -> None:
    """No page says which hundred of more jobs are listed: the oldest ones prove nothing, those around the intent do."""
    oldest = [job(str(n), "other", seconds=n - 60) for n in range(3)]
    around = [*oldest[:2], job("2", "other", seconds=1)]
    dateless = [*oldest[:2], job("2", "other", seconds=None)]

    for jobs, absent in ((oldest, False), (oldest[::-1], True), (around, True), (dateless, False), ([], True)):
        finding = match([lost(1)], jobs, adopted=set(), limit=3, newest_first=in_order(jobs), others=HATS, same=same)
        assert ((1,) if absent else ()) == finding.absent
    assert (False, True, True) == tuple(
        reaches_forward(oldest, at(place), limit) for place, limit in ((0, 3), (0, 4), (-59, 3))
    )


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [([3, 2, 2, 1], True), ([1, 2, 3], False), ([2, 2], False), ([3, None, 1], False), ([1], False)],
)
def test_when_a_list_came_with_the_newest_first(seconds: list[float | None], expected: bool) -> None:  # noqa: FBT001 - a parametrised fact
    """Falling dates show that what was cut off is old; dates that are equal or missing show nothing."""
    assert expected == in_order([job(str(n), seconds=one) for n, one in enumerate(seconds)])


def test_what_looks_alike_is_no_proof_of_absence_whatever_its_date() -> None:
    """A clock that was wrong, and a list that fills in defaults: what may be the lost one is never passed by."""

    def exactly(listed: Job, generation: Generation) -> bool:
        return listed.sent == {"prompt": generation.prompt, "never": "there"}

    finding = match([lost(1, "a", 0)], [job("x", "a", -600)], adopted=set(), limit=100, same=exactly)

    assert ({}, (), (1,), "x") == (finding.found, finding.absent, finding.unknown, finding.alike[1][0].id)


def test_a_list_with_a_job_without_date_proves_nothing() -> None:
    """One undated job in a full list leaves open how far it reaches back."""
    jobs = [job("x", "other", seconds=-3600), job("y", "other", seconds=None)]

    assert False is reaches_back(jobs, START, 2)
    assert True is reaches_back(jobs, START, 3)


def test_a_list_of_the_usual_length_may_be_cut_off() -> None:
    """A provider that overlooks the limit sends its usual number, and such a list proves nothing by its length."""
    jobs = [job(str(number), "b", 1) for number in range(20)]

    assert True is reaches_back(jobs, START, 100)
    assert False is reaches_back(jobs, START, 100, 20)
    assert True is reaches_back(jobs[1:], START, 100, 20)


def test_an_empty_list_is_whole() -> None:
    """An account with no jobs at all has not accepted it."""
    assert (1,) == match([lost(1)], [], adopted=set(), limit=100, others=HATS, same=same).absent


LOST = st.lists(st.tuples(CONTENTS, SECONDS), max_size=8)
JOBS = st.lists(st.tuples(CONTENTS, SECONDS | st.none(), st.booleans()), max_size=12)


@given(LOST, JOBS, st.integers(1, 14), st.randoms(use_true_random=False))
def test_counting_holds_whatever_the_list(
    creates: list[tuple[str, int]], listed: list[tuple[str, int | None, bool]], limit: int, dice: object
) -> None:
    """Each create ends in exactly one of three groups; no job is given twice, nor one that is adopted, other or too old."""
    missing = [lost(key, prompt, seconds) for key, (prompt, seconds) in enumerate(creates)]
    jobs = [job(str(n), prompt, seconds) for n, (prompt, seconds, _) in enumerate(listed)]
    adopted = {str(n) for n, (_, _, taken) in enumerate(listed) if taken}
    finding = match(missing, jobs, adopted=adopted, limit=limit, others=HATS, same=same)
    groups = [*finding.found, *finding.absent, *finding.unknown]
    given_out = [one.id for one in finding.found.values()]

    assert list(range(len(creates))) == sorted(groups)
    assert len(given_out) == len(set(given_out))
    assert not adopted & set(map(str, given_out))
    for key, one in finding.found.items():
        assert same(one, missing[key].generation)
        assert one.created is None or (one.created - missing[key].since).total_seconds() >= -TOLERANCE
    for key in finding.absent:
        assert reaches_back(jobs, missing[key].since, limit)
    shuffled = list(jobs)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    again = match(missing, shuffled, adopted=adopted, limit=limit, others=HATS, same=same)
    assert (set(finding.found), finding.absent) == (set(again.found), again.absent)


@given(st.integers(0, 6), st.integers(0, 6))
def test_of_k_creates_and_j_jobs_the_smaller_number_is_found(k: int, j: int) -> None:
    """Equal content is counted: min(k, j) are found, and the others are proven absent by a whole list."""
    finding = match(
        [lost(n) for n in range(k)], [job(str(n)) for n in range(j)], adopted=set(), limit=100, others=HATS, same=same
    )

    assert (min(k, j), max(k - j, 0), 0) == (len(finding.found), len(finding.absent), len(finding.unknown))


@given(st.lists(SECONDS, max_size=6), st.lists(SECONDS, max_size=6))
def test_no_acceptable_pair_is_left_over(since: list[int], created: list[int]) -> None:
    """When a create is called absent, no free job with its content and a fitting date is left in the list.

    A create called absent is free to be sent again, so a job left over here would be paid for twice.
    """
    missing = [lost(key, seconds=seconds) for key, seconds in enumerate(since)]
    jobs = [job(str(n), seconds=seconds) for n, seconds in enumerate(created)]
    finding = match(missing, jobs, adopted=set(), limit=100, others=HATS, same=same)
    left = [one for one in jobs if one.id not in {each.id for each in finding.found.values()}]

    for key in finding.absent:
        assert [] == [one for one in left if (one.created - missing[key].since).total_seconds() >= -TOLERANCE]  # type: ignore[operator]  # all have dates


def test_an_equal_job_of_another_time_is_no_proof_of_absence() -> None:
    """A clock that was put right makes a lost create's job look older than it is: it is held, never sent again."""
    finding = match([lost(1, "a", 0)], [job("x", "a", -600)], adopted=set(), limit=100, others=HATS, same=same)

    assert ({}, (), (1,)) == (finding.found, finding.absent, finding.unknown)


def test_a_list_that_lacks_what_we_know_to_be_there_proves_nothing() -> None:
    """A list without any job that was bought there before is not the account's list."""
    bought = {"earlier"}
    empty = match([lost(1)], [], adopted=bought, limit=100, expected=bought, others=HATS, same=same)
    whole = match(
        [lost(1)], [job("earlier", "b", -5)], adopted=bought, limit=100, expected=bought, others=HATS, same=same
    )

    assert ((), (1,)) == (empty.absent, empty.unknown)
    assert ((1,), ()) == (whole.absent, whole.unknown)


# What Armox may list ------------------------------------------------------------------------------------------------

PROMPT = "a  fox & a hen, " * 20 + "at dawn"
MODEL = "google/nano-banana"


def armox(seconds: float = 1, *, input_data: object, model: str | None = MODEL, app: str | None = None) -> Job:
    """Return a job as Armox's list is read."""
    entry: dict[str, object] = {
        "id": "new",
        "run_type": "model",
        "model_id": model,
        "app_id": app,
        "status": "processing",
    }
    entry |= {"input_data": input_data, "created_at": at(seconds).isoformat()}
    body = json.dumps({"object": "list", "data": [entry]}).encode()
    return Armox().read_jobs(HttpResponse(200, {}, body))[0]


def settled(listed: Job, prompt: str = PROMPT, others: Others | None = None, **known: Any) -> str:
    """Return what a whole list with one job of nobody says of a lost create."""
    provider = Armox()
    known_models = {model.id for model in provider.catalogue()}
    generation = Generation(Realm("armox", "0" * 12), MODEL, prompt, kind="image")
    finding = match(
        [Missing(1, generation, START, until=at(310), **known)],
        [listed],
        adopted=set(),
        limit=100,
        default=20,
        others=others or Others(models=known_models, app_prefix="app:"),
        same=lambda job, one: provider.same(job, one, None),
    )
    return "found" if finding.found else "absent" if finding.absent else "held"


SENT = {"input": {"prompt": PROMPT}}
DEFAULTS = {"input": {"prompt": PROMPT, "ar": "1:1"}}


@pytest.mark.parametrize(
    ("expected", "entry"),
    [
        ("found", {"input_data": SENT}),
        ("held", {"input_data": DEFAULTS}),
        ("held", {"input_data": SENT, "model": "nano-banana"}),
        ("held", {"input_data": DEFAULTS, "model": "nano-banana"}),
        ("held", {"input_data": None, "model": "nano-banana"}),
        ("held", {"input_data": DEFAULTS, "model": "5f0c7a1e-0000"}),
        ("held", {"input_data": None, "model": None}),
        ("held", {"input_data": {}}),
        ("held", {"input_data": json.dumps(SENT)}),
        ("held", {"input_data": {"input": json.dumps({"prompt": PROMPT})}}),
        ("held", {"input_data": {"input": {"prompt": PROMPT.replace("&", "&amp;")}}}),
        ("held", {"input_data": {"input": {"prompt": PROMPT[:200] + "\u2026"}}}),
        ("held", {"input_data": {"input": {"prompt": " ".join(PROMPT.split())}}}),
        ("held", {"input_data": {"input": {"prompt": "A photo of two animals"}}}),
        # Content that is ours, if shown a little otherwise, tells whatever the date; content that is not, with its time.
        ("held", {"input_data": {"input": {"prompt": " ".join(PROMPT.split())}}, "seconds": -900}),
        ("held", {"input_data": {"input": json.dumps({"prompt": PROMPT})}, "seconds": 900}),
        ("held", {"input_data": {}, "seconds": -4}),
        ("held", {"input_data": {}, "seconds": 314}),
        ("absent", {"input_data": {}, "seconds": -6}),
        ("absent", {"input_data": {}, "seconds": 316}),
        ("absent", {"input_data": {"input": {"prompt": "a hat"}}, "model": "xai/grok-video-image-to-video"}),
        ("absent", {"input_data": {"app_id": "x", "inputs": {}}, "model": None, "app": "x"}),
    ],
)
def test_only_what_cannot_be_it_is_passed_by(expected: str, entry: dict[str, Any]) -> None:
    """A job of that time that nobody has, listed otherwise than it was sent, is held; never adopted, never called absent."""
    assert expected == settled(armox(**entry))


def test_a_clock_that_nobody_checked_may_be_far_off() -> None:
    """Where nothing told what time it is there, a job of another hour may be it."""
    listed = armox(-6000, input_data={})

    assert ("held", "absent") == (settled(listed, slack=86_400), settled(listed))


def test_a_job_of_another_open_create_is_that_ones() -> None:
    """What has exactly the content of another create without an answer is not ours; one more than there are, may be."""
    other = Generation(Realm("armox", "0" * 12), MODEL, "a hat", kind="image")
    listed = armox(input_data={"input": {"prompt": "a hat"}})

    assert "absent" == settled(listed, others=Others({7: other}))
    assert "held" == settled(listed, others=Others({7: replace(other, prompt="a scarf")}))
    two = [listed, replace(listed, id="newer")]
    for generations, absent in (({7: other}, ()), ({7: other, 8: replace(other, sample=1)}, (1,))):
        finding = match(
            [Missing(1, replace(other, prompt="a fox"), START)],
            two,
            adopted=set(),
            limit=100,
            others=Others(generations),
            same=lambda job, one: Armox().same(job, one, None),
        )
        assert absent == finding.absent


def test_what_an_earlier_list_did_not_have_is_not_it() -> None:
    """Once a list could have proven absence but for some jobs, only these are in question."""
    listed = armox(input_data={})

    assert ("held", "absent") == (settled(listed, only=frozenset({"new"})), settled(listed, only=frozenset({"gone"})))


# What a list has to show --------------------------------------------------------------------------------------------


def known(*times: tuple[int, int]) -> list[Known]:
    """Return jobs of ours by when they were sent and accepted, in seconds; the first one is called 0."""
    return [Known(str(n), sent * 10**6, accepted * 10**6) for n, (sent, accepted) in enumerate(times)]


@pytest.mark.parametrize(
    ("listed", "times", "expected"),
    [
        ("", [], None),
        ("0", [(0, 1)], None),
        ("01", [(0, 1), (2, 3), (4, 5)], "2"),  # an old list: the newest is not there
        ("02", [(0, 1), (2, 3), (4, 5)], "1"),  # not a whole one
        ("12", [(0, 1), (2, 3), (4, 5)], None),  # the oldest may be cut off, or deleted
        ("12", [(0, 9), (0, 1), (2, 10)], None),  # so may be what may have been accepted before the oldest listed
        ("02", [(0, 1), (2, 3), (10**5, 10**5)], None),  # deleted: more than a day old when the newest came
        ("0", [(0, 1), (10**6, 10**6)], "1"),  # the newest is never taken for deleted
    ],
)
def test_what_a_list_lacks(listed: str, times: list[tuple[int, int]], expected: str | None) -> None:
    """The newest of ours must be listed, and all that are surely within its reach, unless they are old."""
    assert expected == lacking(set(listed), known(*times))


def test_a_list_that_lacks_a_job_of_ours_proves_nothing() -> None:
    """It is told which one, and neither a near job nor its absence is taken for a proof."""
    due = tuple(known((-9, -8), (-7, -6)))
    one = replace(lost(1), due=due)
    old = match([one], [job("0", "other", -8)], adopted={"0", "1"}, limit=100, others=HATS, same=same)
    new = match([one], [job("0", "other", -8), job("1", "other", -6)], adopted={"0", "1"}, limit=100, same=same)

    assert ((), (1,), {1: "1"}, frozenset()) == (old.absent, old.unknown, old.lacks, old.proving)
    assert ((1,), (), {}, frozenset({1})) == (new.absent, new.unknown, new.lacks, new.proving)
