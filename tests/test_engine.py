"""The engine: buy once, watch, keep; and what it does when the world, the disk or an adapter is broken."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from notebookgen.errors import BudgetExceeded, JobAmbiguous, JobFailed, LedgerError, NotSent, NotWritable
from notebookgen.jobs import core, watching
from notebookgen.jobs.budget import parse_budget
from notebookgen.jobs.states import State
from notebookgen.records import NO_COST, Cost, Realm
from notebookgen.results.waiting import still_running
from scripted import PRICE, WAIT, Held, Listless, Shop, Tailor, bench, idle, lost, reply, states, until, wanted

if TYPE_CHECKING:
    from notebookgen.records import Generation, Job, JobRef
    from notebookgen.wire import HttpRequest, HttpResponse

pytestmark = pytest.mark.usefixtures("hasty")


# Buying ----------------------------------------------------------------------------------------------------------


def test_the_intent_is_on_disk_before_the_create_leaves(home: Path) -> None:
    """Another process reading the file sees the intent while the create is on the wire."""
    shop = Shop()
    seen: list[tuple[str, int]] = []

    def order(request: HttpRequest) -> HttpResponse:
        with sqlite3.connect(f"file:{home}/ledger.sqlite?mode=ro", uri=True) as db:
            seen.extend(db.execute("SELECT state, reserved FROM attempts").fetchall())
        db.close()
        return reply(202, shop.accept(request))

    shop.orders.append(order)
    with bench(home, shop) as desk:
        handle = desk.bring(wanted())
    assert [("intent", 500_000_000)] == seen
    assert ["saved"] == states(handle)
    assert 1 == shop.seen["create"]


def test_the_same_content_is_bought_once(home: Path) -> None:
    """Asked again, also by a later engine, nothing is sent; equal rows of one run share one job."""
    shop = Shop()
    with bench(home, shop) as desk:
        both = desk.bring(wanted(), wanted())
        again = desk.bring(wanted())
    with bench(home, shop) as desk:
        later = desk.bring(wanted())
    assert 1 == shop.seen["create"]
    assert both.rows()[0].assets == later.rows()[0].assets
    assert [True, True] == [again.row(0).cached, later.row(0).cached]


def test_threads_that_ask_for_the_same_at_once_share_one_create(home: Path) -> None:
    """Sixteen threads, one content: one create, and everybody gets the file."""
    shop = Shop()
    with bench(home, shop) as desk:
        gate, handles = threading.Barrier(16), list[Any]()

        def ask() -> None:
            gate.wait(WAIT)
            handles.append(desk.start(wanted()))

        threads = [threading.Thread(target=ask) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT)
        assert all(handle.wait(WAIT) for handle in handles)
    assert 1 == shop.seen["create"]
    assert 1 == len({handle.row(0).assets[0].path for handle in handles})


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (reply(400, {"error": "no"}), "refused"),
        (reply(422, {"error": "no"}), "refused"),
        (reply(408, {"error": "slow"}), "ambiguous"),
        (reply(409, {"error": "busy"}), "ambiguous"),
        (reply(500, {"error": "oops"}), "ambiguous"),
        (reply(503, {"error": "oops"}), "ambiguous"),
        (reply(301, {}, location="https://elsewhere.example"), "ambiguous"),
        (reply(200, ["what"]), "ambiguous"),
        (reply(200, {}), "ambiguous"),
        (lost(), "ambiguous"),
    ],
)
def test_what_is_refused_is_free_and_what_is_unclear_is_never_sent_again(home: Path, answer: Any, state: str) -> None:
    """A refusal may be tried again by a person; what is unclear is held with its reservation, in every later run."""
    shop = Shop()
    shop.orders.append(answer)
    with bench(home, shop, Listless()) as desk:
        first = desk.bring(wanted())
        assert [state] == states(first)
        assert ({"refused": 0, "ambiguous": 500_000_000}[state]) == desk.asked(
            lambda store: store.committed(unit="USD")
        )
        second = desk.bring(wanted())
    with bench(home, shop, Listless()) as desk:
        third = desk.bring(wanted())
    if state == "refused":
        assert 2 == shop.seen["create"]
        assert ["saved"] == states(third)
    else:
        assert 1 == shop.seen["create"]
        assert isinstance(second.row(0).error, JobAmbiguous)
        assert isinstance(third.row(0).error, JobAmbiguous)


def test_too_many_requests_is_tried_again_and_bought_once(home: Path) -> None:
    """A 429 waits as long as the provider says, and the reservation of the refused attempt is given back."""
    shop = Shop()
    shop.orders.extend([reply(429, {}, **{"retry-after": "0.05"}), reply(429, {}, **{"retry-after": "0.05"})])
    with bench(home, shop) as desk:
        handle = desk.bring(wanted(), budget=parse_budget("0.5 USD"))
    assert ["saved"] == states(handle)
    assert (3, 1) == (shop.seen["create"], len(shop.jobs))


def test_who_would_have_to_wait_too_long_is_told_so(home: Path) -> None:
    """A 429 that asks for more than five minutes ends the row and sends no other; a person who asks again is heard."""
    shop = Shop()
    shop.orders.append(reply(429, {"error": "slow down"}, **{"retry-after": "301"}))
    with bench(home, shop, concurrency=1) as desk:
        handle = desk.bring(wanted("a coat"), wanted("a hat"))
        assert ["refused", "planned"] == states(handle)
        assert "429" in str(handle.row(0).error) or "slow down" in str(handle.row(0).error)
        assert str(handle.row(0).error) == str(handle.row(1).error)
        assert 0 == desk.asked(lambda store: store.committed(unit="USD"))
        assert ["saved", "saved"] == states(desk.bring(wanted("a coat"), wanted("a hat")))
    assert (3, 2) == (shop.seen["create"], len(shop.jobs))


def test_what_never_left_is_tried_again_and_then_said(home: Path) -> None:
    """Without a network the row comes back planned, nothing is reserved, and a later call buys it once."""
    shop = Shop()
    shop.orders.extend(["unreachable"] * 4)
    with bench(home, shop) as desk:
        handle = desk.bring(wanted())
        assert isinstance(handle.row(0).error, NotSent)
        assert ["planned"] == states(handle)
        assert 0 == desk.asked(lambda store: store.committed(unit="USD"))
        assert ["saved"] == states(desk.bring(wanted()))
    assert 1 == len(shop.jobs)


def test_an_account_that_stops_is_tried_again_when_a_person_asks(home: Path) -> None:
    """After a 402 the other rows are not sent; the next call is."""
    shop = Shop()
    shop.orders.append(reply(402, {"error": "too little"}))
    with bench(home, shop, concurrency=1) as desk:
        handle = desk.bring(*(wanted(f"coat {number}") for number in range(4)))
        assert ["refused", "planned", "planned", "planned"] == states(handle)
        assert 1 == shop.seen["create"]
        assert ["saved"] == states(desk.bring(wanted("coat 3")))


def test_several_unclear_creates_in_a_row_pause_the_account(home: Path) -> None:
    """After three nothing more is sent for a while, and a refusal or an answer ends the count."""
    shop = Shop()
    shop.orders.extend([lost(), lost(), lost()])
    with bench(home, shop, Listless(), concurrency=1) as desk:
        handle = desk.start(*(wanted(f"coat {number}") for number in range(5)))
        until(lambda: states(handle).count("ambiguous") == 3)
        assert 3 == desk.engine.call(lambda: shop.seen["create"])
        assert "waiting for the account" == until(
            lambda: handle.snapshot().phase == "waiting for the account" and handle.snapshot().phase
        )
        handle.stop()
        assert handle.wait(WAIT)
    assert ["ambiguous"] * 3 + ["planned"] * 2 == states(handle)
    assert 3 == shop.seen["create"]


# Budgets ---------------------------------------------------------------------------------------------------------


def test_a_budget_binds_before_anything_is_sent(home: Path) -> None:
    """Below one price, in another unit, or over an unknown price: nothing leaves."""
    shop = Shop()
    with bench(home, shop) as desk:
        for budget, price in (("0.4 USD", PRICE), ("4 credits", PRICE), ("4 USD", NO_COST)):
            handle = desk.bring(wanted(), price=price, budget=parse_budget(budget))
            assert isinstance(handle.row(0).error, BudgetExceeded)
    assert {} == shop.seen


def test_many_rows_at_once_never_pass_the_cap(home: Path) -> None:
    """Eight creates at once under a cap of three: three are bought."""
    shop = Shop()
    with bench(home, shop) as desk:
        handle = desk.bring(*(wanted(f"coat {number}") for number in range(8)), budget=parse_budget("1.6 USD"))
    assert 3 == len(shop.jobs)
    assert ["saved"] * 3 + ["planned"] * 5 == states(handle)


def test_a_row_that_was_never_sent_is_reserved_at_its_new_price(home: Path) -> None:
    """The reservation of an attempt taken up again is the one of now, so that the cap holds."""
    shop = Shop()
    shop.orders.extend(["unreachable"] * 4)
    with bench(home, shop, concurrency=1) as desk:
        desk.bring(wanted("coat 0"), price=NO_COST)
        assert "planned" == desk.row(wanted("coat 0")).state
        handle = desk.bring(wanted("coat 0"), wanted("coat 1"), budget=parse_budget("0.6 USD"))
        assert isinstance(handle.row(1).error, BudgetExceeded)
        assert 500_000_000 == desk.row(wanted("coat 0")).reserved
    assert 1 == len(shop.jobs)


def test_a_budget_binds_what_an_earlier_run_left_behind(home: Path) -> None:
    """A lost create taken over by a later engine, proven absent and wanted again, is bought under the new call's cap."""
    shop = Shop()
    shop.orders.append("lost before")
    with bench(home, shop, settle=60) as desk:
        desk.start(wanted())
        until(lambda: shop.seen.get("list"))
        until(lambda: desk.row(wanted()).state == State.AMBIGUOUS)
    shop.answers["list"] = deque([reply(500, {})])
    with bench(home, shop, settle=0.2) as desk:
        handle = desk.start(wanted(), budget=parse_budget("0.1 USD"))
        assert handle.wait(WAIT)
        assert isinstance(handle.row(0).error, BudgetExceeded)
    assert 1 == shop.seen["create"]


# Adapters with bugs ----------------------------------------------------------------------------------------------


class Clumsy(Tailor):
    """An adapter with a bug in the method that is named."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where: str | None = where

    def _trip(self, where: str, prompt: str = "torn") -> None:
        if self.where == where and "torn" in prompt:
            raise KeyError(where)

    def create(self, generation: Generation, *rest: Any, **more: Any) -> HttpRequest:
        self._trip("create", generation.prompt)
        return super().create(generation, *rest, **more)

    def read_create(self, response: HttpResponse, generation: Generation) -> Job:
        self._trip("read_create", generation.prompt)
        return super().read_create(response, generation)

    def delivery(self, generation: Generation, *rest: Any) -> Any:
        self._trip("delivery", generation.prompt)
        return super().delivery(generation, *rest)

    def status(self, ref: JobRef) -> HttpRequest:
        self._trip("status", ref.id)
        return super().status(ref)

    def read_status(self, response: HttpResponse, ref: JobRef) -> Job:
        self._trip("read_status", response.body.decode())
        return super().read_status(response, ref)

    def same(self, job: Job, generation: Generation, model: Any) -> bool:
        self._trip("same", generation.prompt)
        return super().same(job, generation, model)


class ClumsyAlone(Clumsy):
    """The same of a service that lists nothing, so that each job is asked about by itself."""

    job_list_limit: ClassVar[int] = 0


@pytest.mark.parametrize("where", ["create", "read_create", "read_status"])
def test_the_engine_survives_an_adapter_with_a_bug(home: Path, where: str) -> None:
    """The row ends with an error that tells the truth about the money, the others are made, and a mended adapter goes on."""
    shop, adapter = Shop(), (ClumsyAlone if where == "read_status" else Clumsy)(where)
    with bench(home, shop, adapter) as desk:
        bad = desk.start(wanted("torn"))
        good = desk.bring(wanted("a coat"), wanted("a hat"))
        assert bad.wait(WAIT)
        assert ["saved", "saved"] == states(good)
        if where == "read_create":  # the reply could not be read, and the job was found on the list
            assert ["saved"] == states(bad)
        else:
            assert "KeyError" in str(bad.row(0).error)
        if where == "create":
            assert "planned" == desk.row(wanted("torn")).state
            assert 2 == shop.seen["create"]
        adapter.where = None
        assert ["saved"] == states(desk.bring(wanted("torn")))
    assert 3 == len(shop.jobs)


def test_the_engine_survives_a_bug_while_it_builds_a_look(home: Path) -> None:
    """A status request that cannot be built ends that row's wait, not the engine."""
    shop, adapter = Shop(), Clumsy("status")
    shop.orders.append(lambda request: reply(202, {**shop.accept(request), "id": "torn-1"}))
    with bench(home, shop, adapter) as desk:
        bad = desk.start(wanted("torn"))
        assert bad.wait(WAIT)
        assert ["saved"] == states(desk.bring(wanted("a coat")))


def test_the_engine_survives_a_bug_in_matching(home: Path) -> None:
    """An adapter that cannot compare a listed job leaves what is ambiguous held, and the engine goes on."""
    shop, adapter = Shop(), Clumsy("same")
    shop.orders.append("lost after")
    with bench(home, shop, adapter) as desk:
        bad = desk.start(wanted("torn"))
        until(lambda: shop.seen.get("list"))
        assert ["saved"] == states(desk.bring(wanted("a coat")))
        adapter.where = None
        assert bad.wait(WAIT)
        assert ["saved"] == states(desk.bring(wanted("torn")))
    assert 2 == len(shop.jobs)


def test_a_ledger_with_an_account_of_nobody_opens(home: Path) -> None:
    """A row of a provider that is no longer installed stays as it is and hinders nothing."""
    shop = idle()
    with bench(home, shop) as desk:
        desk.start(wanted())
        until(lambda: desk.row(wanted()).state == State.SUBMITTED)

    def nobody(realm: Realm) -> Any:
        from notebookgen.errors import UnknownProvider

        raise UnknownProvider(str(realm))

    from notebookgen.jobs.engine import Engine
    from notebookgen.settings import Settings

    engine = Engine(settings=Settings(home=home), fetcher=desk.collector, lane_for=nobody)
    assert State.SUBMITTED == engine.call(lambda: engine._core.store.last_attempt(wanted().id)).state
    engine.close()


# Paid for, and then trouble --------------------------------------------------------------------------------------


def test_a_job_that_is_unknown_for_a_moment_is_not_given_up(home: Path) -> None:
    """Broken looks and a few 404s for a fresh job are weather: the job is asked about again, and nothing is lost."""
    shop = Shop()
    shop.answers["status"] = deque([reply(500, {})] + [reply(404, {})] * 2)
    with bench(home, shop) as desk:
        assert ["saved"] == states(desk.bring(wanted()))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (reply(200, [1]), "something else"),
        (reply(503, {"error": "too hot"}), "too hot"),
        (lost(), "the connection broke"),
    ],
    ids=["a list", "503", "lost"],
)
def test_why_a_job_does_not_go_on_is_told_while_it_is_open(home: Path, answer: Any, said: str) -> None:
    """What came instead of a status stands in the progress, in a note, in the row and in the end of the wait."""
    shop = Shop()
    shop.answers["status"] = deque([answer] * 400)
    with bench(home, shop) as desk:
        handle = desk.start(wanted())
        until(lambda: handle.row(0).error)
        now, row = handle.snapshot(), handle.row(0)
        assert ("submitted", False) == (row.state, row.done)
        told = [now.phase, *now.notes, str(row.error), str(still_running(handle, row))]
        assert [] == [one for one in told if said not in one]
        assert len(told) == 4
        shop.answers.clear()
        assert handle.wait(WAIT)
        assert (["saved"], None) == (states(handle), handle.row(0).error)


def test_a_single_look_that_fails_is_weather(home: Path) -> None:
    """It is in the progress, and no note or error stays of it."""
    shop = Shop()
    shop.answers["status"] = deque([reply(503, {})])
    with bench(home, shop) as desk:
        handle = desk.bring(wanted())
        assert ((), None) == (handle.snapshot().notes, handle.row(0).error)


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_not_accepted_any_more_is_told_and_not_hammered_with(
    home: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """The looks become rare, the wait ends with the reason, the job stays open, and comes home when the key is accepted."""
    shop = Shop()
    shop.answers["status"] = deque([reply(status, {"error": "key withdrawn"})] * 400)
    with bench(home, shop) as desk:
        first = desk.start(wanted())
        until(lambda: first.row(0).error)
        assert "key withdrawn" in str(first.row(0).error)
        assert "60 s" in first.snapshot().phase
        assert 1 == shop.seen["status"]
        monkeypatch.setattr(watching, "DENIED_WAIT", 0.01)
        first.stop()
    monkeypatch.setattr(core, "FIRST_REST", 0.2)
    with bench(home, shop) as desk:
        handle = desk.bring(wanted())
        assert (State.SUBMITTED, watching.DENIED_LOOKS + 1) == (handle.row(0).state, shop.seen["status"])
        assert "key withdrawn" in str(handle.row(0).error)
        assert "nothing is lost" in str(handle.row(0).error)
        shop.answers.clear()
        until(lambda: desk.row(wanted()).state == State.SAVED)
    assert 1 == shop.seen["create"]


def test_a_fresh_job_that_its_provider_denies_stays_open(home: Path) -> None:
    """After several denials the wait ends and says so; the row stays open, and a later call gets the file."""
    shop = Shop()
    shop.answers["status"] = deque([reply(404, {})] * 5)
    with bench(home, shop) as desk:
        handle = desk.start(wanted())
        assert handle.wait(2 * WAIT)
        assert handle.row(0).error is not None
        assert State.SUBMITTED == desk.row(wanted()).state
        assert ["saved"] == states(desk.bring(wanted()))
    assert 1 == len(shop.jobs)


@pytest.mark.parametrize(
    "answer",
    [reply(401, {}), reply(404, {}), reply(409, {}), reply(200, {"what": 1}), reply(502, {}), lost()],
    ids=["401", "404", "409", "garbage", "502", "lost"],
)
def test_a_file_that_is_gone_is_asked_for_again_and_never_bought_again(home: Path, answer: Any) -> None:
    """Asking for a lost file may fail for many reasons; none of them is taken for the end of what was paid for."""
    shop = Shop()
    with bench(home, shop) as desk:
        first = desk.bring(wanted())
        (Path(first.row(0).assets[0].path)).unlink()
        shop.answers["status"] = deque([answer])
        second = desk.bring(wanted())
        if states(second) != ["saved"]:
            assert State.COMPLETED == desk.row(wanted()).state
            second = desk.bring(wanted())
    assert ["saved"] == states(second)
    assert first.row(0).assets[0].sha256 == second.row(0).assets[0].sha256
    assert 1 == shop.seen["create"]


def test_a_result_that_comes_a_moment_after_its_job_is_waited_for(home: Path) -> None:
    """``completed`` without a result, then ``running`` again, then done: nothing is given up."""
    shop = Shop()
    empty = {"id": "job-1", "phase": "completed", "charged": "0.5"}
    running = {"id": "job-1", "phase": "running"}
    shop.answers["status"] = deque([reply(200, empty), reply(200, running)])
    with bench(home, shop) as desk:
        assert ["saved"] == states(desk.bring(wanted()))


class Inline(Shop):
    """A service that answers finished, with the bytes inside and no job to ask again."""

    def accept(self, request: HttpRequest) -> dict[str, Any]:
        job = super().accept(request)
        return {"id": None, "phase": "completed", "charged": "0.5", "inline": [f"bytes of {job['id']}\n" * 3]}


def test_a_reply_that_is_itself_what_was_paid_for_outlives_a_full_disk(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the spool nor the media folder can be written when it comes: it is kept in memory until there is room."""
    from notebookgen.media import MediaStore
    from notebookgen.media.spool import Spool

    full = threading.Event()
    full.set()
    tried = {"spool": 0, "media": 0}

    def unless_full(name: str, true: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            tried[name] += 1
            if full.is_set():
                message = "the disk is full"
                raise NotWritable(message)
            return true(*arguments, **options)

        return call

    monkeypatch.setattr(Spool, "save", unless_full("spool", Spool.save))
    monkeypatch.setattr(MediaStore, "keep", unless_full("media", MediaStore.keep))
    shop = Inline()
    with bench(home, shop, Listless()) as desk:
        handle = desk.start(wanted())
        until(lambda: tried["spool"] and tried["media"])
        assert State.COMPLETED == until(lambda: (row := desk.row(wanted())).state != State.INTENT and row.state)
        full.clear()
        assert handle.wait(2 * WAIT)
        assert ["saved"] == states(handle)
    assert 1 == shop.seen["create"]


def test_a_job_id_outlives_a_ledger_that_cannot_be_written(home: Path) -> None:
    """The disk fills up just when the create is accepted: the job is kept in memory and written down when there is room."""
    shop, full = Shop(), threading.Event()
    shop.finished = False
    with bench(home, shop) as desk:
        store = desk.store()

        def order(request: HttpRequest) -> HttpResponse:
            answer = reply(202, shop.accept(request))
            desk.engine.call(lambda: store._db.execute(f"PRAGMA max_page_count = {pages(store)}"))
            full.set()
            return answer

        def pages(ledger: Any) -> int:
            fill(ledger)
            return int(ledger._db.execute("PRAGMA page_count").fetchone()[0])

        shop.orders.append(order)
        handle = desk.start(wanted("x" * 50))
        assert full.wait(WAIT)
        until(lambda: any("full" in note for note in handle.snapshot().notes), "the full disk is not said")
        assert not handle.done
        row, name = handle.row(0), wanted("x" * 50).id[:8]
        assert ("intent", "job-1") == (row.state, row.job)
        assert "disk of" in str(row.error)
        assert f"ng.resolve('{name}', 'adopt', job='job-1')" in str(row.error)
        error = still_running(handle, row)
        assert (True, 4) == (str(row.error) in str(error), len(str(error).splitlines()))
        assert "adopt', job='job-1'" in handle.stop()
        desk.engine.call(lambda: store._db.execute("PRAGMA max_page_count = 1000000"))
        until(lambda: desk.row(wanted("x" * 50)).state == State.SUBMITTED)
        assert ("job-1", None) == (desk.row(wanted("x" * 50)).job, handle.row(0).error)
        shop.finished = True
        assert handle.wait(WAIT)
    assert (["saved"], 1) == (states(handle), shop.seen["create"])


def fill(store: Any) -> None:
    """Leave no room for another byte in the table of attempts: the next longer row needs a new page."""
    store._db.execute("CREATE TABLE IF NOT EXISTS filler (text TEXT)")
    store._db.execute("UPDATE attempts SET error = NULL")
    # A column that grows beyond its page needs another one, and there is none.
    store._db.execute(
        "CREATE TRIGGER grow AFTER UPDATE OF job ON attempts BEGIN INSERT INTO filler VALUES (hex(zeroblob(40000))); END"
    )


def test_a_transaction_that_cannot_be_committed_leaves_no_trace(home: Path) -> None:
    """After a failed commit the next transaction is a new one: what it writes is really on disk."""
    from notebookgen.ledger.store import Store

    store = Store(home)
    try:
        store._db.execute(f"PRAGMA max_page_count = {store._db.execute('PRAGMA page_count').fetchone()[0]}")
        for number in range(3):
            with pytest.raises(NotWritable), store.transaction():
                store.begin_run(f"run {number}", at=1, kernel="k", notebook="x" * 100_000, tag=None)
            assert not store._db.in_transaction
        store._db.execute("PRAGMA max_page_count = 100000")
        with store.transaction():
            store.begin_run("last", at=1, kernel="k", notebook=None, tag=None)
        with sqlite3.connect(store.path) as reader:
            assert [("last",)] == reader.execute("SELECT id FROM runs").fetchall()
        reader.close()
    finally:
        store.close()


def test_a_file_that_cannot_be_written_down_is_written_down_later(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fills up between download and settlement: the row is saved when there is room, not lost in a loop."""
    from notebookgen.ledger.store import Store

    true, left = Store.keep_assets, [1]

    def trouble(store: Store, *arguments: Any) -> None:
        true(store, *arguments)
        if left[0]:
            left[0] -= 1
            raise NotWritable("the disk is full")

    real = Store.transaction
    monkeypatch.setattr(Store, "keep_assets", trouble)
    assert real is Store.transaction
    shop = Shop()
    with bench(home, shop) as desk:
        assert ["saved"] == states(desk.bring(wanted()))
        assert State.SAVED == desk.row(wanted()).state


def test_a_commit_that_fails_after_the_move_to_saved_is_repeated(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state in memory is the one on disk: a settlement whose commit fails can be done again."""
    from notebookgen.ledger.store import Store

    true, left = Store.update, [1]

    def trouble(store: Store, key: int, old: str | None = None, /, **columns: Any) -> bool:
        done = true(store, key, old, **columns)
        if columns.get("state") == "saved" and left[0]:
            left[0] -= 1
            store._db.execute("CREATE TABLE IF NOT EXISTS filler (text TEXT)")
            store._db.execute(f"PRAGMA max_page_count = {store._db.execute('PRAGMA page_count').fetchone()[0]}")
            try:
                store._do("INSERT INTO filler VALUES (hex(zeroblob(400000)))")
            finally:
                store._db.execute("PRAGMA max_page_count = 1000000")
        return done

    monkeypatch.setattr(Store, "update", trouble)
    shop = Shop()
    with bench(home, shop) as desk:
        assert ["saved"] == states(desk.bring(wanted()))


def test_a_create_whose_forecast_cannot_be_read_just_now_is_counted_once(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is tried again when the ledger can be read is all of it: no create seems to be on its way for ever."""
    from notebookgen.ledger.store import Store

    true, left = Store.lasted, [1]

    def trouble(store: Store, **of: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise LedgerError("the ledger is busy")
        return true(store, **of)

    monkeypatch.setattr(Store, "lasted", trouble)
    with bench(home, Shop()) as desk:
        assert ["saved"] == states(desk.bring(wanted()))
        assert (0, 0) == desk.engine.call(lambda: (desk.engine._core.sending, desk.lane.sending))
    assert 0 == left[0]


def test_a_job_that_is_named_twice_at_once_is_adopted_once(home: Path) -> None:
    """The second answer finds the row settled: what is paid for and here is not said to have met an error."""
    shop, go = Shop(), threading.Event()
    shop.orders.append("lost after")

    def slow(_: HttpRequest) -> HttpResponse:
        go.wait(WAIT)
        return reply(200, shop.jobs[0])

    with bench(home, shop, Listless()) as desk:
        assert ["ambiguous"] == states(desk.bring(wanted()))
        shop.finish(shop.jobs[0])
        shop.answers["status"] = deque([slow])
        first, second = (desk.engine.resolve(wanted().id, "adopt", job="job-1") for _ in range(2))
        assert second.wait(WAIT)
        assert first.wait(WAIT)
        go.set()
        until(lambda: desk.engine._core._workers._load == 0)
        desk.engine.call(lambda: None)  # what the last answer came to is done
        assert ["saved"] == states(first) == states(second)
        assert [None, None] == [first.row(0).error, second.row(0).error]


# People ----------------------------------------------------------------------------------------------------------


def test_cancelling_a_run_sends_nothing_more_of_it(home: Path) -> None:
    """What is accepted is cancelled at the provider, and what was not sent yet never is."""
    shop = idle()
    with bench(home, shop, concurrency=3) as desk:
        shop.orders.extend(["ok", "ok", reply(429, {}, **{"retry-after": "200"})])
        handle = desk.start(*(wanted(f"coat {number}") for number in range(6)))
        until(lambda: shop.seen.get("create") == 3 and states(handle).count("submitted") == 2)
        lines = desk.engine.cancel(handle.id).result(WAIT)
        assert handle.wait(WAIT)
        assert 3 == shop.seen["create"]
    assert 2 == states(handle).count("cancelled")
    assert any("never sent" in line or "not sent" in line for line in lines), lines


def test_cancelling_what_is_over_asks_how_it_ended(home: Path) -> None:
    """A 409 means that the job was done already: it is fetched."""
    shop = idle()
    with bench(home, shop) as desk:
        handle = desk.start(wanted())
        until(lambda: states(handle) == ["submitted"])
        shop.finish(shop.jobs[0])
        lines = desk.engine.cancel(handle.id).result(WAIT)
        assert handle.wait(WAIT)
    assert ["saved"] == states(handle)
    assert "over already" in lines[0]


def test_a_failure_that_may_pass_is_bought_again_by_a_person_only(home: Path) -> None:
    """One that may not pass is never bought again by itself."""
    shop = Shop()
    failed = {"id": "job-1", "phase": "failed", "error": "busy", "charged": "0"}
    shop.answers["status"] = deque([reply(200, failed)])
    with bench(home, shop) as desk:
        first = desk.bring(wanted())
        assert isinstance(first.row(0).error, JobFailed)
        assert 1 == shop.seen["create"]
        assert ["saved"] == states(desk.bring(wanted()))
    assert 2 == shop.seen["create"]


def test_what_is_dearer_than_its_list_price_is_reserved_at_what_it_cost(home: Path) -> None:
    """The next one like it is reserved at the highest charge seen."""
    shop = Shop()
    with bench(home, shop) as desk:
        desk.bring(wanted("one"), price=Cost(Decimal("0.1"), "USD", "listed"))
        desk.bring(wanted("two"), price=Cost(Decimal("0.1"), "USD", "listed"))
        assert 500_000_000 == desk.row(wanted("two")).reserved


def test_the_engine_says_when_it_is_gone(home: Path) -> None:
    """A call to an engine that has ended is answered at once with an error of ours."""
    from notebookgen.errors import NotebookgenError

    with bench(home, Shop()) as desk:
        pass
    with pytest.raises(NotebookgenError, match="ended"):
        desk.engine.call(lambda: None)


def test_a_result_of_an_engine_that_broke_says_so(home: Path) -> None:
    """Who waits for it is given the reason, and not told that the job goes on."""
    from notebookgen.results import Result

    shop = idle()
    with bench(home, shop) as desk:
        handle = desk.start(wanted())
        until(lambda: states(handle) == ["submitted"])
        handle.fail(NotWritable("the disk is gone"))
        with pytest.raises(NotWritable, match="the disk is gone"):
            Result(handle, 0, lambda _: []).wait(1)


def test_closing_waits_a_little_for_a_create_that_is_answered(home: Path) -> None:
    """A reply that comes while the engine closes is written down, so that it need not be looked for."""
    shop = Shop()
    held = Held(shop)
    shop.orders.append(held)
    with bench(home, shop, Listless()) as desk:
        desk.start(wanted())
        assert held.came.wait(WAIT)
        closing = threading.Thread(target=desk.engine.close)
        closing.start()
        held.go.set()
        closing.join(WAIT)
    with bench(home, shop, Listless()) as desk:
        assert ["saved"] == states(desk.bring(wanted()))
    assert 1 == shop.seen["create"]


def test_what_was_paid_for_is_given_back_while_every_sender_is_busy(home: Path) -> None:
    """A cached picture does not queue behind creates that are held open for minutes."""
    shop = Shop()
    held = Held(shop)
    with bench(home, shop, concurrency=1) as desk:
        desk.bring(wanted("old"))
        shop.orders.append(held)
        slow = desk.start(wanted("slow"), wanted("next"))
        until(lambda: shop.seen["create"] == 2)
        try:
            quick = desk.start(wanted("old"))
            assert quick.wait(WAIT / 2)
        finally:
            held.go.set()
        assert slow.wait(WAIT)
    assert ["saved", "saved"] == states(slow)
