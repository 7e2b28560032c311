"""Creates without an answer, settled by looking: what a list proves, what it does not, and who a job belongs to."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookgen.errors import InvalidCall, JobAmbiguous
from notebookgen.jobs import buying
from notebookgen.jobs.budget import parse_budget
from notebookgen.jobs.clock import SystemClock
from notebookgen.jobs.matching import Missing, Others, match
from notebookgen.jobs.states import State
from notebookgen.ledger.rows import realm_text
from notebookgen.records import Job, Model, Phase
from notebookgen.wire import json_request
from scripted import PRICE, REALM, WAIT, Held, Listless, Shop, Tailor, bench, lost, reply, states, until, wanted

if TYPE_CHECKING:
    from pathlib import Path

    from notebookgen.wire import HttpRequest, HttpResponse

pytestmark = [pytest.mark.usefixtures("hasty"), pytest.mark.slow]

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def made(number: int, seconds: float, prompt: str = "a coat", **sent: Any) -> Job:
    """Return a job of the list, so many seconds after noon."""
    when = NOON + timedelta(seconds=seconds)
    model = "hat" if prompt == "a hat" else "coat"
    return Job(f"job-{number}", Phase.RUNNING, model=model, sent={"prompt": prompt, **sent}, created=when)


def look(missing: list[Missing], jobs: list[Job], adopted: set[str] | None = None, limit: int = 100) -> Any:
    return match(
        missing,
        jobs,
        adopted=adopted or set(),
        limit=limit,
        others=Others(models={"hat"}),
        same=lambda job, generation: job.sent == {"prompt": generation.prompt, **generation.settings},
    )


# What a list proves ----------------------------------------------------------------------------------------------


def test_a_short_list_proves_absence_and_a_full_one_only_as_far_as_it_reaches() -> None:
    """A hundred newer jobs hide what is older; an older one among them shows that nothing is hidden."""
    missing = [Missing(1, wanted(), NOON)]
    newer = [made(number, 10 + number, "a hat") for number in range(100)]
    assert (1,) == look(missing, newer[:99]).absent
    assert (1,) == look(missing, newer).unknown
    assert (1,) == look(missing, [*newer[1:], made(0, -60, "a hat")]).absent


def test_a_job_known_from_before_proves_what_dates_cannot() -> None:
    """Where a hundred jobs take a second, clocks tell nothing; one that was accepted before the intent does."""
    jobs = [made(number, number / 100, "a hat") for number in range(100)]
    known = {job.id or "" for job in jobs[:3]}
    assert (1,) == look([Missing(1, wanted(), NOON)], jobs, known).unknown
    assert (1,) == look([Missing(1, wanted(), NOON, frozenset({"job-2"}))], jobs, known).absent
    assert (1,) == look([Missing(1, wanted(), NOON, frozenset({"job-200"}))], jobs, known).unknown


def test_a_job_from_before_is_no_answer() -> None:
    """An equal job that is older than the intent, clocks allowed for, is somebody else's."""
    assert {} == look([Missing(1, wanted(), NOON)], [made(1, -6)]).found
    assert {1} == set(look([Missing(1, wanted(), NOON)], [made(1, -4)]).found)


def test_what_looks_alike_is_no_proof_of_absence() -> None:
    """A provider may list what it was sent with defaults filled in; then a person decides, and nothing is sent twice."""
    finding = look([Missing(1, wanted(), NOON)], [made(1, 1, quality="standard")])
    assert ({}, (), (1,)) == (finding.found, finding.absent, finding.unknown)
    assert "job-1" == finding.alike[1][0].id


@given(st.lists(st.booleans(), max_size=8), st.integers(0, 8), st.randoms(use_true_random=False))
def test_equal_creates_and_jobs_are_counted(mine: list[bool], strangers: int, dice: Any) -> None:
    """Of k equal creates and j free jobs, min(k, j) are matched, no job twice, and never one that is adopted."""
    missing = [Missing(key, wanted(sample=key), NOON) for key in range(len(mine))]
    jobs = [made(number, number + 1) for number in range(len(mine) + strangers)]
    dice.shuffle(jobs)
    adopted = {job.id for job, own in zip(jobs, mine, strict=False) if own and job.id}
    finding = look(missing, jobs, adopted)
    free = len(jobs) - len(adopted)
    assert min(len(missing), free) == len(finding.found)
    assert len(finding.found) == len({job.id for job in finding.found.values()})
    assert not adopted & {job.id for job in finding.found.values()}
    assert len(missing) == len(finding.found) + len(finding.absent) + len(finding.unknown)


# In the engine ---------------------------------------------------------------------------------------------------


def test_a_lost_create_is_adopted_or_sent_again(home: Path) -> None:
    """Accepted: one job. Not accepted: proven after the settle window, then sent once more."""
    shop = Shop()
    shop.orders.extend(["lost after", "lost before"])
    with bench(home, shop, concurrency=1) as desk:
        handle = desk.bring(wanted("taken"), wanted("not taken"))
    assert ["saved", "saved"] == states(handle)
    assert (3, 2) == (shop.seen["create"], len(shop.jobs))
    assert any("adopted" in note for note in handle.snapshot().notes)


def test_a_list_from_before_the_settle_window_proves_nothing(home: Path) -> None:
    """The list was asked for early and came late; meanwhile the create was accepted: it is not sent again."""
    shop, seen, go = Shop(), threading.Event(), threading.Event()
    late: list[HttpRequest] = []

    def create(request: HttpRequest) -> HttpResponse:
        late.append(request)
        raise lost()

    def old_list(request: HttpRequest) -> HttpResponse:
        answer = shop.truth(request)
        seen.set()
        go.wait(WAIT)
        return answer

    shop.orders.append(create)
    shop.answers["list"] = deque([old_list])
    with bench(home, shop, settle=0.3) as desk:
        handle = desk.start(wanted())
        assert seen.wait(WAIT)
        lost_at = desk.row(wanted()).lost_at or 0
        until(lambda: time.time_ns() / 1000 > lost_at + 400_000)  # the window passes while the old list is under way
        shop.accept(late[0])
        go.set()
        assert handle.wait(WAIT)
    assert ["saved"] == states(handle)
    assert (1, 1) == (shop.seen["create"], len(shop.jobs))


def test_a_job_of_an_equal_create_under_way_is_not_taken(home: Path) -> None:
    """Two equal samples, one lost and one still held open: the open one's job is left to it."""
    shop = Shop()
    slow = Held(shop, accepted=True)
    shop.orders.extend([slow, slow.dropped])
    with bench(home, shop, settle=0.1) as desk:
        handle = desk.start(wanted(sample=0), wanted(sample=1))
        until(lambda: shop.seen.get("list", 0) >= 2)
        assert "ambiguous" in states(handle)
        slow.go.set()
        assert handle.wait(WAIT)
    assert ["saved", "saved"] == states(handle)
    assert 2 == len(shop.jobs) == len({row.job for row in handle.rows()})
    assert 3 == shop.seen["create"]


def test_two_creates_answered_with_one_job_count_it_once(home: Path) -> None:
    """A service that answers an equal create with the job it has: the second is held, not lost in an error."""
    shop = Shop()
    shop.orders.extend(["ok", lambda _: reply(202, shop.jobs[0])])
    with bench(home, shop, Listless(), concurrency=1) as desk:
        handle = desk.bring(wanted(sample=0), wanted(sample=1))
        assert ["saved", "ambiguous"] == states(handle)
        assert "belongs to another" in str(desk.row(wanted(sample=1)).error)


def test_what_looks_alike_is_held(home: Path) -> None:
    """The list shows defaults that were never sent: the create is not sent again, and the job is named to the person."""
    shop = Shop()
    shop.echo = lambda body: {**body, "quality": "standard"}
    shop.orders.append("lost after")
    with bench(home, shop, settle=0.1) as desk:
        handle = desk.bring(wanted())
        assert isinstance(handle.row(0).error, JobAmbiguous)
        assert "job-1" in str(handle.row(0).error)
        done = desk.engine.resolve(wanted().id, "adopt", "job-1")
        assert done.wait(WAIT)
        assert ["saved"] == states(done)
    assert (1, 1) == (shop.seen["create"], len(shop.jobs))


ESCAPED = {"echo": lambda body: {**body, "prompt": body["prompt"].replace("&", "&amp;")}}
CUT = {"echo": lambda body: {**body, "prompt": body["prompt"][:5] + "…"}}
FOLDED = {"echo": lambda body: {**body, "prompt": " ".join(body["prompt"].split())}}
ENHANCED = {"echo": lambda _: {"prompt": "A photograph of two animals, soft light"}}
NOTHING: dict[str, Any] = {"echo": lambda _: {}}
AS_TEXT = {"echo": lambda body: {"input": json.dumps(body)}}
RENAMED = {"echo": lambda body: {"input": {**body, "size": "large"}}, "model": "5f0c7a1e-0000"}


@pytest.mark.slow
@pytest.mark.parametrize("shown", [ESCAPED, CUT, FOLDED, ENHANCED, NOTHING, AS_TEXT, RENAMED])
def test_a_job_that_is_listed_otherwise_than_it_was_sent_is_never_called_absent(home: Path, shown: Any) -> None:
    """It is there, and looks different: held, never bought again, and a person can adopt the job that is named."""
    shop = Shop()
    with bench(home, shop, settle=0.1) as desk:
        desk.bring(wanted("before"))
        shop.echo = shown["echo"]
        shop.orders.append(renamed(shop, shown.get("model", "tailor/Coat")))
        row = desk.bring(wanted("a  fox & a hen")).row(0)
        assert ("ambiguous", 2) == (row.state, shop.seen["create"])
        assert "job job-2" in str(row.error)
        done = desk.engine.resolve(row.generation.id, "adopt", "job-2")
        assert done.wait(WAIT)
        assert ["saved"] == states(done)
    assert 2 == len(shop.jobs)


def renamed(shop: Shop, model: str) -> Any:
    """Return an order that is accepted and listed under another name of its model, and whose reply is lost."""

    def order(request: HttpRequest) -> HttpResponse:
        shop.accept(request)
        shop.jobs[-1]["model"] = model
        raise lost()

    return order


def stranger(shop: Shop, seconds: float, **said: Any) -> None:
    """Have somebody else with the same key buy something, so many seconds from now."""
    job = {"id": f"other-{len(shop.jobs)}", "phase": "running", "created": time.time() + seconds, "model": "coat"}
    shop.jobs.append({**job, "sent": {"prompt": "a hat"}, **said})


def dated(shop: Shop) -> Any:
    """Return how to answer with the list and the provider's time, as every real service does."""
    return lambda request: replace(shop.truth(request), headers={"date": formatdate(usegmt=True)})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seconds", "said", "again"),
    [
        (0.0, {}, False),  # of our model, just now: nobody knows
        (0.0, {"model": None}, False),
        (0.0, {"model": "new-model"}, False),
        (0.0, {"model": "frock"}, True),  # a model of the catalogue that is not ours
        (-60.0, {}, True),  # from before
        (900.0, {}, True),  # from long after
    ],
)
def test_what_somebody_else_bought_meanwhile_is_told_from_ours_only_for_certain(
    home: Path,
    seconds: float,
    said: dict[str, Any],
    again: bool,  # noqa: FBT001 - a parametrised fact
) -> None:
    """Of a known other model, or of another time, it does not keep a create from being sent again; else it does."""
    shop = Shop()
    stranger(shop, seconds, **said)
    shop.orders.append("lost before")
    shop.answers["list"] = deque([dated(shop)] * 50)
    with bench(home, shop, Wardrobe(), settle=0.1) as desk:
        row = desk.bring(wanted()).row(0)
    assert (("saved", 2) if again else ("ambiguous", 1)) == (row.state, shop.seen["create"])


class Wardrobe(Tailor):
    """The same service with a second model."""

    def catalogue(self) -> tuple[Model, ...]:
        return (*super().catalogue(), Model("tailor", "frock", kind="text", cost=PRICE))


def test_creates_under_way_are_waited_for_before_anything_is_held(home: Path) -> None:
    """A job that nobody has yet may be that of a create whose answer is still to come; then the list proves absence."""
    shop = Shop()
    shop.echo = lambda body: {**body, "prompt": body["prompt"] + " (enhanced)"}
    slow = Held(shop, accepted=True)
    shop.orders.extend([slow, slow.dropped])
    with bench(home, shop, settle=0.1) as desk:
        handle = desk.start(wanted("slow"), wanted("dropped"))
        until(lambda: shop.seen.get("list", 0) >= 4)
        assert ["intent", "ambiguous"] == states(handle)
        slow.go.set()
        assert handle.wait(WAIT)
    assert (["saved", "saved"], 3, 2) == (states(handle), shop.seen["create"], len(shop.jobs))


def test_jobs_of_other_rows_with_the_same_prompt_do_not_hold_a_lost_one(home: Path) -> None:
    """Fifty seeds of one prompt: a job with exactly the content of another create under way is that one's."""
    shop = Shop()
    slow = Held(shop, accepted=True)
    shop.orders.extend([slow, slow.dropped])
    with bench(home, shop, settle=0.1) as desk:
        handle = desk.start(wanted(seed=1), wanted(seed=2))
        until(lambda: ["intent", "saved"] == sorted(states(handle)))  # whichever of the two came in first
        slow.go.set()
        assert handle.wait(WAIT)
    assert (["saved", "saved"], 3, 2) == (states(handle), shop.seen["create"], len(shop.jobs))


# Lists that are not up to date ------------------------------------------------------------------------------------


def cached(shop: Shop, count: int, **headers: str) -> Any:
    """Return a list as a cache has kept it: with the first so many jobs."""
    return reply(200, json.loads(json.dumps(shop.jobs[:count][::-1])), **headers)


@pytest.mark.slow
@pytest.mark.parametrize("shown", [0, 2, 4])
def test_a_list_that_lacks_a_job_we_know_proves_nothing(home: Path, shown: int) -> None:
    """Five were accepted here and fewer are listed: an old list, and the lost create may have been accepted since."""
    shop = Shop()
    with bench(home, shop, settle=0.2) as desk:
        for number in range(5):
            desk.bring(wanted(f"coat {number}"))
        shop.answers["list"] = deque([cached(shop, shown)] * 500)
        shop.orders.append("lost after")
        row = desk.bring(wanted()).row(0)
        assert ("ambiguous", 6) == (row.state, len(shop.jobs))
        assert "job-5" in str(row.error) or not shown


def test_a_list_that_catches_up_settles_it(home: Path) -> None:
    """A cache is old for a while only: the list is asked for again, and the job is adopted."""
    shop = Shop()
    with bench(home, shop, settle=0.2) as desk:
        for number in range(3):
            desk.bring(wanted(f"coat {number}"))
        shop.answers["list"] = deque([cached(shop, 2)] * 4)
        shop.orders.append("lost after")
        assert ["saved"] == states(desk.bring(wanted()))
    assert 4 == len(shop.jobs)


@pytest.mark.slow
def test_a_job_accepted_while_another_is_lost_must_be_listed_too(home: Path) -> None:
    """What was accepted before the settle window ended, and is missing, shows that the list is older than that."""
    shop = Shop()
    with bench(home, shop, settle=1.0) as desk:
        desk.bring(wanted("before"))
        shop.answers["list"] = deque([cached(shop, 1)] * 500)
        shop.orders.append("lost after")
        handle = desk.bring(wanted(), wanted("meanwhile"))
    assert (["ambiguous", "saved"], 3) == (sorted(states(handle)), len(shop.jobs))


def test_a_list_that_says_how_old_it_is_counts_as_that_old(home: Path) -> None:
    """What a cache has kept since before the create was lost proves nothing, however late it is asked for."""
    shop = Shop()
    with bench(home, shop, settle=0.2) as desk:
        desk.bring(wanted("before"))
        shop.answers["list"] = deque([cached(shop, 1, age="3600")] * 500)
        shop.orders.append("lost after")
        row = desk.bring(wanted()).row(0)
        assert ("ambiguous", 2) == (row.state, len(shop.jobs))
        assert "old" in str(row.error)


def test_no_cache_is_asked_for_the_list(home: Path) -> None:
    """Every cache on the way is told to ask the provider itself."""
    shop, seen = Shop(), []

    def listed(request: HttpRequest) -> HttpResponse:
        seen.append(dict(request.headers))
        return shop.truth(request)

    shop.orders.append("lost after")
    shop.answers["list"] = deque([listed])
    with bench(home, shop) as desk:
        desk.bring(wanted())
    assert ["no-cache"] == [one.get("Cache-Control") for one in seen]


def test_old_jobs_that_the_provider_has_deleted_spoil_no_list(home: Path) -> None:
    """What is older than all that is listed may have been deleted: the others prove absence as before."""
    shop = Shop()
    with bench(home, shop, settle=0.1) as desk:
        for number in range(4):
            desk.bring(wanted(f"coat {number}"))
        shop.answers["list"] = deque([lambda _: reply(200, shop.jobs[:1:-1])] * 50)
        shop.orders.append("lost before")
        assert ["saved"] == states(desk.bring(wanted()))
    assert (6, 5) == (shop.seen["create"], len(shop.jobs))


class Shifted(SystemClock):
    """This machine's clocks, of which one may be put right (or wrong) at any time."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds

    def now(self) -> int:
        return super().now() + round(self.seconds * 1e6)


def kept_by(shop: Shop, clock: Shifted, *, then: float) -> Any:
    """Return an order that is accepted, whose reply is lost, and after which our clock stands elsewhere."""

    def order(request: HttpRequest) -> HttpResponse:
        shop.accept(request)
        clock.seconds = then
        raise lost()

    return order


@pytest.mark.parametrize("before", [600.0, -600.0])
def test_a_clock_that_is_put_right_hides_no_job(home: Path, before: float) -> None:
    """Our clock was ten minutes off when the create left, and is right when the list is read: the job is adopted."""
    shop, clock = Shop(), Shifted(before)
    older = {"id": "job-0", "phase": "running", "created": time.time() - 300, "model": "coat"}
    shop.jobs.append({**older, "sent": {"prompt": "a coat"}})
    shop.orders.append(kept_by(shop, clock, then=0.0))
    with bench(home, shop, clock=clock) as desk:
        row = desk.bring(wanted()).row(0)
    assert ("saved", "job-2", 1) == (row.state, row.job, shop.seen["create"])


def test_a_clock_that_is_wrong_buys_nothing_twice(home: Path) -> None:
    """Ten minutes fast, no date in any reply, and a list that fills in defaults: held, never sent again."""
    shop, clock = Shop(), Shifted(600.0)
    shop.echo = lambda body: {**body, "size": "large"}
    shop.orders.append(kept_by(shop, clock, then=600.0))
    with bench(home, shop, clock=clock) as desk:
        row = desk.bring(wanted()).row(0)
    assert ("ambiguous", 1) == (row.state, shop.seen["create"])
    assert "looks much like it" in str(row.error)


def test_a_clock_that_jumps_does_not_end_the_settle_window(home: Path) -> None:
    """It is measured on the clock that never jumps: the list shows the job a little later, and it is adopted."""
    shop, clock, looked = Shop(), Shifted(), threading.Event()
    hidden: list[dict[str, Any]] = []

    def order(request: HttpRequest) -> HttpResponse:
        shop.accept(request)
        hidden.append(shop.jobs.pop())
        clock.seconds = 3600.0
        raise lost()

    def listed(request: HttpRequest) -> HttpResponse:
        answer = shop.truth(request)
        if not looked.is_set():
            looked.set()
            shop.jobs.extend(hidden)
        return replace(answer, headers={"date": formatdate(usegmt=True)})

    shop.orders.append(order)
    shop.answers["list"] = deque([listed] * 9)
    with bench(home, shop, clock=clock, settle=0.5) as desk:
        assert ["saved"] == states(desk.bring(wanted()))
    assert 1 == shop.seen["create"]


def test_after_a_restart_the_settle_window_begins_anew(home: Path) -> None:
    """Whatever the clock says since the create was lost: the first look of a new kernel alone proves nothing."""
    shop, clock = Shop(), Shifted()
    with bench(home, shop, clock=clock, settle=30.0) as desk:
        shop.orders.append("lost before")
        first = desk.start(wanted())
        until(lambda: states(first) == ["ambiguous"] and shop.seen.get("list"))
    clock.seconds = 86_400.0
    shop.seen.clear()
    with bench(home, shop, clock=clock, settle=0.5) as desk:
        handle = desk.start(wanted())
        assert handle.wait(WAIT)
    assert (["saved"], True) == (states(handle), shop.seen["list"] >= 2)


def test_a_full_list_of_the_oldest_jobs_proves_nothing(home: Path) -> None:
    """Of more jobs than it shows, it shows the wrong end, and one that we know is among them: held, not sent again."""
    shop = Shop()
    with bench(home, shop) as desk:
        desk.bring(wanted("warm"))
        for number in range(120):
            other = {"id": f"other-{number}", "phase": "running", "created": time.time() - 60 + number / 100}
            shop.jobs.append({**other, "model": "coat", "sent": {"prompt": str(number)}})
        shop.jobs[0]["created"] -= 3600
        shop.orders.append("lost after")
        shop.answers["list"] = deque([lambda _: reply(200, shop.jobs[:100])] * 50)
        row = desk.bring(wanted()).row(0)
    assert ("ambiguous", 2) == (row.state, shop.seen["create"])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (reply(500, {"error": "the oven is cold"}), "the oven is cold"),
        (reply(200, [1]), "something else"),
        (lost(), "the connection broke"),
    ],
    ids=["500", "a list", "lost"],
)
def test_what_was_not_accepted_is_told_in_the_provider_s_words(home: Path, answer: Any, said: str) -> None:
    """Who was answered unclearly three times reads what was answered, not that nothing came."""
    shop = Shop()
    shop.orders.extend([answer] * 3)
    with bench(home, shop, settle=0.05) as desk:
        row = desk.bring(wanted()).row(0)
        assert ("refused", 3) == (row.state, shop.seen["create"])
        assert said in str(row.error)
        assert "Nothing was charged" in str(row.error)
        assert len(str(row.error).splitlines()) <= 4
        assert said in (desk.row(wanted()).error or "")


@pytest.mark.slow
def test_creates_pause_before_a_lost_one_could_be_hidden(home: Path) -> None:
    """While a lost create is looked for, fewer newer ones are sent than the list shows; all are made in the end."""
    shop, most = Shop(), 130
    shop.instant = True
    shop.orders.append("lost after")
    shop.answers["list"] = deque()
    block = threading.Event()

    def slow(request: HttpRequest) -> HttpResponse:
        block.wait(WAIT)
        return shop.truth(request)

    shop.answers["list"].append(slow)
    with bench(home, shop, settle=0.1) as desk:
        coats = [wanted(f"coat {number}") for number in range(most)]
        handle = desk.start(wanted("lost"), *coats, budget=parse_budget("none"))
        until(lambda: states(handle).count("saved") >= 80 and not desk.engine.call(lambda: desk.engine._core.sending))
        assert len(shop.jobs) < 100
        block.set()
        assert handle.wait(WAIT)
    assert {"saved"} == set(states(handle))
    assert most + 1 == len(shop.jobs)


def test_a_list_that_cannot_be_read_settles_nothing(home: Path) -> None:
    """Broken lists are asked for again; nothing is sent and nothing is given up."""
    shop = Shop()
    shop.orders.append("lost after")
    shop.answers["list"] = deque([reply(500, {}), reply(200, {"what": 1}), lost()])
    with bench(home, shop, settle=0.0) as desk:
        handle = desk.bring(wanted())
    assert (["saved"], 1) == (states(handle), shop.seen["create"])


@pytest.mark.slow
def test_a_lost_create_among_many_quick_ones_is_proven_absent(home: Path) -> None:
    """However fast the others come, it is proven that it was not accepted, and it is sent again; nobody waits for long."""
    shop = Shop()
    shop.orders.extend([*["ok"] * 30, "lost before"])
    with bench(home, shop, settle=0.3) as desk:
        handle = desk.bring(*(wanted(f"coat {number}") for number in range(250)), budget=parse_budget("none"))
    assert {"saved"} == set(states(handle))
    assert 250 == len(shop.jobs)


@pytest.mark.slow
def test_one_that_is_held_stops_nobody(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the list cannot settle is held for a person, and the account goes on past a hundred newer jobs."""
    monkeypatch.setattr(buying, "LOOKED_FOR", 0.1)
    shop = Shop()
    shop.accept(json_request("https://tailor.example/v1/jobs", {"prompt": "lost", "cut": "other"}, purpose="create"))
    shop.orders.append("lost before")
    with bench(home, shop, settle=0.1) as desk:
        assert ["ambiguous"] == states(desk.bring(wanted("lost")))
    with bench(home, shop, settle=0.1) as desk:
        handle = desk.bring(*(wanted(f"coat {number}") for number in range(150)), budget=parse_budget("none"))
    assert {"saved"} == set(states(handle))


# People ----------------------------------------------------------------------------------------------------------


def held(home: Path, shop: Shop, order: Any = "lost after") -> None:
    """Leave one create that nobody knows about."""
    shop.orders.append(order)
    with bench(home, shop, Listless()) as desk:
        assert ["ambiguous"] == states(desk.bring(wanted()))


@pytest.mark.parametrize("action", ["adopt", "resubmit", "write_off"])
def test_a_person_settles_what_is_held(home: Path, action: Any) -> None:
    """In a later process: adopted, sent again with both counted, or written off as spent."""
    shop = Shop()
    held(home, shop)
    with bench(home, shop, Listless()) as desk:
        handle = desk.engine.resolve(wanted().id[:10], action, "job-1" if action == "adopt" else None)
        assert handle.wait(WAIT)
        spent = desk.asked(lambda store: store.committed(unit="USD"))
        again = desk.start(wanted())
        assert again.wait(WAIT)
    assert {"adopt": (1, 500_000_000), "resubmit": (2, 1_000_000_000), "write_off": (2, 500_000_000)}[action] == (
        len(shop.jobs),
        spent,
    )
    assert ["saved"] == states(again)


def test_a_slip_of_the_pen_closes_nothing(home: Path) -> None:
    """A job that the provider does not know is not adopted, and the right one can be named afterwards."""
    shop = Shop()
    held(home, shop)
    with bench(home, shop, Listless()) as desk:
        wrong = desk.engine.resolve(wanted().id, "adopt", "job-l")
        assert wrong.wait(WAIT)
        assert "Nothing was changed" in str(wrong.row(0).error)
        assert State.AMBIGUOUS == desk.row(wanted()).state
        right = desk.engine.resolve(wanted().id, "adopt", "job-1")
        assert right.wait(WAIT)
        assert ["saved"] == states(right)


def test_a_job_that_another_generation_has_is_not_adopted(home: Path) -> None:
    """It is said whose it is, and the row can still be asked for."""
    shop = Shop()
    held(home, shop)
    with bench(home, shop, Listless()) as desk:
        other = desk.bring(wanted("another")).row(0)
        with pytest.raises(InvalidCall, match=f"belongs to generation {other.generation.id[:12]}"):
            desk.engine.resolve(wanted().id, "adopt", other.job)
        again = desk.bring(wanted())
        assert isinstance(again.row(0).error, JobAmbiguous)


def test_a_job_of_another_content_is_not_adopted(home: Path) -> None:
    """A job of the same account that was bought elsewhere for something else: it is seen, and refused; the right one is taken."""
    shop = Shop()
    held(home, shop)
    strange = shop.accept(json_request("https://tailor.example/v1/jobs", {"prompt": "a hat"}, purpose="create"))
    with bench(home, shop, Listless()) as desk:
        wrong = desk.engine.resolve(wanted().id, "adopt", strange["id"])
        assert wrong.wait(WAIT)
        assert "has another content" in str(wrong.row(0).error)
        assert "Nothing was changed" in str(wrong.row(0).error)
        row = desk.row(wanted())
        assert (State.AMBIGUOUS, None, 500_000_000) == (row.state, row.job, row.reserved)
        right = desk.engine.resolve(wanted().id, "adopt", "job-1")
        assert right.wait(WAIT)
        assert ["saved"] == states(right)


def test_what_is_held_keeps_its_reservation(home: Path) -> None:
    """It counts as long as it is open, and no longer than that."""
    shop = Shop()
    held(home, shop)
    with bench(home, shop, Listless()) as desk:
        assert 500_000_000 == desk.asked(lambda store: store.committed(realm=realm_text(REALM), unit="USD"))
        handle = desk.bring(wanted("b"), wanted("c"), budget=parse_budget("0.5 USD"))
        assert ["saved", "planned"] == states(handle)


def test_what_the_ledger_gives_back_is_what_was_asked(home: Path) -> None:
    """A generation read from the ledger has the same identity, whatever its settings are."""
    from notebookgen.ledger.store import Store
    from notebookgen.records import Generation, InputImage

    images = (
        InputImage(field="image", sha256="0" * 64, mime="image/png", size=3),
        InputImage(url="https://a.example/b"),
    )
    settings = {"scale": 1.0, "steps": 30, "tags": ["a", {"b": None}], "w": "ä", "on": True, "small": 1e-7}
    store = Store(home)
    try:
        for sample in (0, 3):
            one = Generation(REALM, "coat", "a coat é", settings, images, sample=sample, kind="image")
            store.remember(one, 1)
            back = store.generation(one.id)
            assert back is not None
            assert (one.id, one.content) == (back.id, back.content)
    finally:
        store.close()


@pytest.mark.slow
@pytest.mark.parametrize("status", [502, 503])
def test_what_is_held_says_its_reason_once(home: Path, status: int) -> None:
    """Create and list meet the same trouble, or two: each is told once, also when the same is asked for again."""
    shop = Shop()
    shop.orders.append(reply(502, "bad day"))
    shop.answers["list"] = deque([reply(status, "bad day") for _ in range(100)])
    with bench(home, shop, settle=0.1) as desk:
        for _ in range(2):
            said = str(desk.bring(wanted()).row(0).error)
            assert 1 == said.count("nobody knows whether")
            assert 1 == said.count("(502) while starting tailor:coat")
            assert (status == 502) == ("(its list of jobs cannot be read either)\n" in said)
            assert (status == 503) == ("(its list of jobs cannot be read: Tailor is broken just now (503)" in said)
    assert 1 == shop.seen["create"]
