"""Several files of one job: what came is handed over at once and kept, what did not come is told and tried again."""

from __future__ import annotations

import io
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from notebookgen.errors import AssetError, NotWritable
from notebookgen.jobs import buying, core, keeping, workers
from notebookgen.jobs.budget import parse_budget
from notebookgen.jobs.clock import SystemClock
from notebookgen.jobs.engine import Engine
from notebookgen.jobs.states import State
from rawserver import RawServer
from rawserver import reply as raw
from scripted import WAIT, Bench, Listless, Shop, Tailor, bench, reply, until, wanted
from test_feeding import begun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notebookgen.providers import Provider
    from rawserver import Asked

pytestmark = pytest.mark.usefixtures("hasty")


class Files:
    """A server of files: each is there, broken (503), gone (404), forbidden (403), replaced, or behind a page to log in."""

    def __init__(self) -> None:
        self.state: dict[str, str] = {}
        self.asked: list[str] = []
        self.pictures = False

    def __call__(self, asked: Asked) -> bytes:
        name = asked.target.rsplit("/", 1)[-1]
        self.asked.append(name)
        state = self.state.get(name, "there")
        if state == "page":
            return raw(b"<!DOCTYPE html><html><body>Log in</body></html>", Content_Type="text/html")
        if state == "replaced":
            return raw(b"the file of-somebody-else\n", Content_Type="text/plain")
        told = {"broken": "503 Service Unavailable", "gone": "404 Not Found", "forbidden": "403 Forbidden"}.get(state)
        if self.pictures and not told:
            return raw(picture(name), Content_Type="image/png")
        return raw(b"no", told) if told else raw(f"the file {name}\n".encode() * 3, Content_Type="text/plain")


def picture(name: str) -> bytes:
    """Return a small PNG, another one for each name."""
    file = io.BytesIO()
    Image.new("RGB", (4, 4), (ord(name), 0, 0)).save(file, "PNG")
    return file.getvalue()


class Parts(Shop):
    """A service whose jobs have three files."""

    def __init__(self, origin: str) -> None:
        super().__init__()
        self.origin = origin
        self.parts: tuple[str, ...] = ("a", "b", "c")

    def urls(self) -> list[str]:
        return [f"{self.origin}/files/{name}" for name in self.parts]

    def finish(self, job: dict[str, Any]) -> None:
        job |= {"phase": "completed", "urls": self.urls()}


@contextmanager
def service(kind: Callable[[str], Provider] = Tailor) -> Iterator[tuple[Files, Parts, Provider]]:
    """Serve files, and a provider that names them."""
    files = Files()
    with RawServer(files) as server:
        yield files, Parts(server.url), kind(f"{server.url}/v1")


def names(row: Any) -> list[str]:
    """Return which files a row has."""
    return [Path(asset.path).read_text(encoding="utf-8").split()[2] for asset in row.assets]


def outputs(desk: Bench) -> str | None:
    """Return what the ledger has to be fetched still."""
    return desk.row(wanted()).outputs


@pytest.mark.slow
def test_what_came_is_handed_over_and_the_rest_is_fetched_by_the_next_call(home: Path) -> None:
    """One of three files is broken for good: the two are saved and shown, the third comes in its place when it can."""
    with service() as (files, shop, provider):
        files.state["b"] = "broken"
        with bench(home, shop, provider) as desk:
            first = desk.bring(wanted()).row(0)
            assert (State.SAVED, ["a", "c"]) == (first.state, names(first))
            assert isinstance(first.error, AssetError)
            assert "1 of 3 files could not be had" in str(first.error)
            assert "run it again" in str(first.error)
            assert [1, 1] == [files.asked.count(name) for name in ("a", "c")]
            again = desk.bring(wanted()).row(0)
            assert (State.SAVED, ["a", "c"]) == (again.state, names(again))
        files.state.clear()
        with bench(home, shop, provider) as desk:
            whole = desk.bring(wanted()).row(0)
            assert (["a", "b", "c"], None, None) == (names(whole), whole.error, outputs(desk))
            cached = desk.bring(wanted()).row(0)
        assert ["a", "b", "c"] == names(cached)
        assert [1, 1] == [files.asked.count(name) for name in ("a", "c")]
    assert 1 == shop.seen["create"]


def test_what_came_inside_a_reply_beside_addresses_is_not_lost_with_its_kernel(home: Path) -> None:
    """The ledger keeps no bytes: the next kernel asks the job for all of it, and not for the addresses alone."""
    with service() as (files, shop, provider):
        urls = shop.urls()
        shop.finish = lambda job: job.update(phase="completed", urls=urls, inline=["the file d\n" * 3])  # type: ignore[method-assign]  # another service
        files.state = dict.fromkeys("abc", "broken")
        with bench(home, shop, provider) as desk:
            run = desk.start(wanted())
            until(lambda: [State.COMPLETED] == [row.state for row in run.rows()] and files.asked)
        files.state.clear()
        with bench(home, shop, provider) as desk:
            assert ["a", "b", "c", "d"] == names(desk.bring(wanted()).row(0))
    assert 1 == shop.seen["create"]


class Later(SystemClock):
    """This machine's clocks, of which the one with dates may be set forward."""

    hours = 0.0

    def now(self) -> int:
        return super().now() + round(self.hours * 3600e6)


def test_a_file_that_is_gone_for_good_leaves_the_others(home: Path) -> None:
    """There is no better address: the others are saved. When it was gone for days, nothing is tried any more."""
    clock = Later()
    with service() as (files, shop, provider):
        files.state["a"] = "gone"
        with bench(home, shop, provider, clock=clock) as desk:
            row = desk.bring(wanted()).row(0)
            assert (State.SAVED, ["b", "c"]) == (row.state, names(row))
            assert "1 of 3 files could not be had" in str(row.error)
            assert outputs(desk) is not None
            clock.hours = 200.0
            assert ["b", "c"] == names(desk.bring(wanted()).row(0))
            assert outputs(desk) is None
            asked = len(files.asked)
            assert ["b", "c"] == names(desk.bring(wanted()).row(0))
            assert asked == len(files.asked)


@pytest.mark.slow
@pytest.mark.parametrize("trouble", ["gone", "forbidden", "page"])
def test_what_is_paid_for_is_asked_for_until_it_comes(
    home: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    """A proxy or a hotel's login page stands before the files: it is said, stays open, and comes by itself when it can.

    Whoever still holds what the run gave has it then, without asking again.
    """
    with service() as (files, shop, provider), bench(home, shop, provider) as desk:
        files.state |= dict.fromkeys("abc", trouble)
        files.pictures = True
        monkeypatch.setattr(core, "FIRST_REST", 0.3)
        one = replace(wanted(), kind="image")
        first = desk.bring(one)
        row = first.row(0)
        assert (State.COMPLETED, True) == (row.state, isinstance(row.error, AssetError))
        assert "paid for and made" in str(row.error)
        assert "asked for again by itself" in str(row.error)
        assert desk.row(one).error
        files.state.clear()
        until(lambda: desk.row(one).state == State.SAVED)
        assert ({"saved": 1}, first.summary().startswith("saved")) == (first.snapshot().states, True)
        late = first.row(0)
        assert (3, None, False, row.cost) == (len(late.assets), late.error, late.cached, late.cost)
        again = desk.bring(one).row(0)
        assert (3, None, True) == (len(again.assets), again.error, again.cached)
    assert 1 == shop.seen["create"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trouble", "hours", "given_up"),
    [(trouble, hours, hours > 168) for trouble in ("gone", "page", "denied") for hours in (100.0, 200.0)],
)
def test_what_is_paid_for_is_given_up_when_it_cannot_be_there_any_more(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    trouble: str,
    hours: float,
    given_up: bool,  # noqa: FBT001 - a parametrised fact
) -> None:
    """Its lifetime is over, whatever stands in its place: then it is lost, and never bought by itself."""
    clock = Later()
    monkeypatch.setattr(core, "FIRST_REST", 0.01)
    with service() as (files, shop, provider), bench(home, shop, provider, clock=clock) as desk:
        files.state |= dict.fromkeys("abc", "gone" if trouble == "denied" else trouble)
        one = replace(wanted(), kind="image")
        assert State.COMPLETED == desk.bring(one).row(0).state
        if trouble == "denied":  # the job as well as its files
            shop.jobs.clear()
        clock.hours = hours
        monkeypatch.setattr(core, "LONGEST_REST", 0.05)
        before = len(files.asked)
        if given_up:
            until(lambda: desk.row(one).state == State.FAILED)
            row = desk.bring(one).row(0)
            assert (State.FAILED, "fresh=True" in str(row.error)) == (row.state, True)
        else:
            until(lambda: len(files.asked) > before + 60)  # many tries of this process
            assert State.COMPLETED == desk.row(one).state
    assert 1 == shop.seen["create"]


def test_what_came_inside_the_reply_and_is_not_what_was_due_is_final(home: Path) -> None:
    """No proxy stands between the provider's reply and what is in it, so nothing else will come."""
    shop = Shop()
    shop.orders.append(
        lambda request: reply(200, {**shop.accept(request), "id": None, "phase": "completed", "inline": [""]})
    )
    with bench(home, shop, Listless()) as desk:
        assert State.FAILED == desk.bring(wanted()).row(0).state


@pytest.mark.slow
def test_a_job_without_files_is_asked_until_it_names_them(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Done, without a word of where: the files come later, and by themselves."""
    monkeypatch.setattr(core, "FIRST_REST", 0.3)
    with service() as (_files, shop, provider), bench(home, shop, provider) as desk:
        shop.parts = ()
        row = desk.bring(wanted()).row(0)
        assert (State.COMPLETED, True) == (row.state, "names no result" in str(row.error))
        shop.parts = ("a", "b", "c")
        shop.finish(shop.jobs[0])
        until(lambda: desk.row(wanted()).state == State.SAVED)
    assert 1 == shop.seen["create"]


@pytest.mark.parametrize("broken", ["the job as well", "the file"])
def test_a_file_that_left_its_place_costs_the_others_nothing(home: Path, broken: str) -> None:
    """One of three saved files was deleted and cannot be had again: the two that are here are given back."""
    with service() as (files, shop, provider), bench(home, shop, provider) as desk:
        first = desk.bring(wanted()).row(0)
        Path(first.assets[1].path).unlink()
        files.state["b"] = "gone"
        if broken == "the job as well":
            shop.jobs.clear()
        row = desk.bring(wanted()).row(0)
        assert (State.SAVED, ["a", "c"]) == (row.state, names(row))
        assert "could not be had" in str(row.error)
    assert 1 == shop.seen["create"]


def test_without_a_job_what_is_still_here_is_given_back(home: Path) -> None:
    """Where no job can be asked again, a lost file is said, and the others are given rather than nothing."""
    with service(Listless) as (_files, shop, provider):
        shop.orders.append(
            lambda request: reply(200, {**shop.accept(request), "id": None, "phase": "completed", "urls": shop.urls()})
        )
        with bench(home, shop, provider) as desk:
            first = desk.bring(wanted()).row(0)
            Path(first.assets[0].path).unlink()
            row = desk.bring(wanted()).row(0)
            assert (State.SAVED, ["b", "c"]) == (row.state, names(row))
            assert "1 of its files have gone" in str(row.error)
    assert 1 == shop.seen["create"]


@pytest.mark.slow
def test_a_kill_while_the_rest_is_fetched_loses_nothing(home: Path) -> None:
    """The row is open again while its missing file is fetched; a later engine still has the files that came."""
    with service() as (files, shop, provider):
        files.state["b"] = "broken"
        with bench(home, shop, provider) as desk:
            assert ["a", "c"] == names(desk.bring(wanted()).row(0))
            row = desk.row(wanted())
            desk.engine.call(lambda: desk.store().update(row.key, state="completed"))
        files.state |= {"a": "gone", "c": "gone"}
        with bench(home, shop, provider) as desk:
            handle = desk.engine.resume()
            assert handle.wait(WAIT)
            assert (State.SAVED, ["a", "c"]) == (handle.row(0).state, names(handle.row(0)))


def test_what_expires_first_is_fetched_first(home: Path) -> None:
    """Of files that wait for a free place, the one whose address ends first is fetched first, whatever came first."""
    ends = {"a": 1_900_000_300, "b": 1_900_000_100, "c": 1_900_000_200}

    class Signed(Parts):
        def urls(self) -> list[str]:
            return [f"{self.origin}/files/{name}?Expires={ends[name]}" for name in self.parts]

    files = Files()
    with RawServer(files) as server:
        shop, provider = Signed(server.url), Tailor(f"{server.url}/v1")
        with bench(home, shop, provider) as desk:
            row = desk.bring(wanted()).row(0)
    assert ["b", "c", "a"] == [name.partition("?")[0] for name in files.asked]
    assert (State.SAVED, ["a", "b", "c"]) == (row.state, [name.partition("?")[0] for name in names(row)])


def test_a_download_that_drips_does_not_hold_up_the_next(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One download at a time, and one that never ends: after a while the next is begun beside it."""
    monkeypatch.setattr(workers, "LONG", 0.1)

    def answer(asked: Asked) -> bytes | Iterator[bytes]:
        if asked.target.endswith("drip"):
            return drip()
        return raw(b"the file honest\n", Content_Type="text/plain")

    def drip() -> Iterator[bytes]:
        yield raw(b"", Content_Length="1000000")
        while not server.pause(0.05):
            yield bytes(100)

    class Named(Parts):
        def finish(self, job: dict[str, Any]) -> None:
            job |= {"phase": "completed", "urls": [f"{self.origin}/files/{job['sent']['prompt']}"]}

    with RawServer(answer) as server:
        shop, provider = Named(server.url), Tailor(f"{server.url}/v1")
        with bench(home, shop, provider, concurrency=1) as desk:
            desk.start(wanted("drip"))
            until(lambda: server.asked)
            honest = desk.bring(wanted("honest")).row(0)
            desk.collector._fetcher.close()
    assert (State.SAVED, ["honest"]) == (honest.state, names(honest))


def test_a_row_says_that_its_address_had_expired(home: Path) -> None:
    """An expired address is asked for anew through the job; where no better one comes, the row says what was tried."""
    with service() as (files, shop, provider):
        for name in shop.parts:
            files.state[name] = "gone"
        with bench(home, shop, provider) as desk:
            row = desk.bring(wanted()).row(0)
            looks = shop.seen["status"]
    assert looks >= 2
    assert "expired or was withdrawn" in str(row.error)
    assert "ng.resume()" in str(row.error)


class Sorted(Parts):
    """A service whose jobs never end, or have a file, or are done, as the prompt says."""

    def finish(self, job: dict[str, Any]) -> None:
        kind = job["sent"]["prompt"].split()[0]
        if kind != "endless":
            job |= {"phase": "completed"} | ({"urls": self.urls()[:1]} if kind == "file" else {"texts": ["done"]})


@pytest.mark.slow
def test_what_waits_in_another_runs_line_holds_up_nobody(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows without their files, and a run that waits for its one place, are no reason to bring no more of a run."""
    monkeypatch.setattr(keeping, "delay_after_failure", lambda *_, **__: 600.0)
    with service() as (files, parts, provider):
        files.state["a"] = "broken"
        shop = Sorted(parts.origin)
        with bench(home, shop, provider, concurrency=9) as desk:
            begun(desk, [f"endless {number}" for number in range(200)], concurrency=1)
            until(lambda: shop.jobs)
            rows = [f"file {number}" for number in range(50)] + [f"done {number}" for number in range(300)]
            run = begun(desk, rows, concurrency=8)
            until(lambda: 300 == run.snapshot().states.get(State.SAVED, 0))


@pytest.mark.slow
def test_what_was_put_off_rests_while_lost_creates_are_looked_for(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Creates pause for a lost one, and who waits looks for what dead kernels left: a file behind a login page is not that."""
    monkeypatch.setattr(buying, "RECOVER_WAIT", 0.01)
    rounds: list[object] = []
    true = Engine._take_over
    monkeypatch.setattr(Engine, "_take_over", lambda engine, realm: (rounds.append(realm), true(engine, realm))[1])
    with service() as (files, shop, provider):
        files.state = dict.fromkeys("abc", "page")
        with bench(home, shop, provider, settle=60.0) as desk:
            desk.bring(replace(wanted(), kind="image"))
            files.state.clear()
            before = len(files.asked)
            shop.finish = lambda job: job.update(phase="completed", texts=["done"])  # type: ignore[method-assign]  # another service
            shop.orders.append("lost before")
            desk.start(*[wanted(f"coat {number}") for number in range(101)], budget=parse_budget("none"))
            until(lambda: 5 < len(rounds))
            assert before == len(files.asked)


def test_a_disk_that_fills_after_a_commit_repeats_nothing(home: Path) -> None:
    """What is committed is not written again: what follows from it is, when there is room."""
    shop = Shop()
    shop.orders.append(lambda request: reply(200, {**shop.accept(request), "id": None, "phase": "completed"}))
    with bench(home, shop, Listless()) as desk:
        store, full = desk.store(), [True]
        update = store.update

        def filled(key: int, old: str | None = None, /, **columns: Any) -> bool:
            if columns.get("state") == "failed" and full:
                full.clear()
                raise NotWritable("the disk is full")
            return update(key, old, **columns)

        store.update = filled  # type: ignore[method-assign]  # a disk that is full once
        row = desk.bring(wanted()).row(0)
        assert (State.FAILED, False) == (row.state, "unexpected" in str(row.error))
