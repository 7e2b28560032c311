"""Stop, a wait that ends, a kernel that goes: what is under way goes on, nothing new is sent, and the line is true."""

from __future__ import annotations

import http.client
from collections import deque
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

import notebookgen as ng
from notebookgen.client import default_client
from notebookgen.errors import JobAmbiguous, NotSent, StillRunning
from notebookgen.jobs import answers
from notebookgen.jobs.states import State
from notebookgen.sandbox import Fault, start
from provider_side import MODELS, Customer
from scripted import WAIT, Held, Listless, Shop, bench, idle, lost, reply, states, until, wanted
from three_services import SMALL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("hasty")]


@pytest.fixture
def customer(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Customer]:
    """Real realms, in this process, against services of this machine."""
    with start(seconds=(0.05, 0.1), pixels=SMALL, immediate=False) as box:
        person = Customer(box, home)
        for name, value in person.variables().items():
            monkeypatch.setenv(name, value)
        ng.configure(settle=0.3)
        try:
            yield person
        finally:
            default_client().close()
            ng.configure(settle=None)


# Stop ------------------------------------------------------------------------------------------------------------


def test_stop_while_a_create_is_on_its_way(home: Path) -> None:
    """The line says that it is being sent; its answer is kept, and the same call takes it up."""
    shop = Shop()
    held = Held(shop)
    shop.orders.append(held)
    with bench(home, shop) as desk:
        handle = desk.start(wanted())
        assert held.came.wait(WAIT)
        line = handle.stop()
        assert "while it was being sent" in line
        (said,) = desk.engine.cancel(handle.id).result(WAIT)
        assert "it was sent, and the answer is still to come" in said
        held.go.set()
        until(lambda: desk.row(wanted()).state == State.SAVED)
        assert ["saved"] == states(desk.bring(wanted()))
    assert 1 == shop.seen["create"]


def test_stop_while_a_job_runs(home: Path) -> None:
    """The line names the job; nothing is cancelled, and the file is brought home all the same."""
    shop = idle()
    with bench(home, shop) as desk:
        handle = desk.start(wanted())
        until(lambda: states(handle) == ["submitted"])
        assert "job-1" in handle.stop()
        assert 0 == shop.seen.get("cancel", 0)
        shop.finished = True
        until(lambda: desk.row(wanted()).state == State.SAVED)


def test_stop_tells_what_is_set_aside_for_what_is_being_sent(home: Path) -> None:
    """With creates that are still unanswered, nobody is told that nothing was spent and no more."""
    shop = Shop()
    held = Held(shop)
    shop.orders.extend([held] * 3)
    with bench(home, shop, concurrency=3) as desk:
        handle = desk.start(*(wanted(f"coat {number}") for number in range(5)))
        until(lambda: shop.seen.get("create") == 3)
        line = handle.stop()
        held.go.set()
        assert handle.wait(WAIT)
    assert "3 still being sent (what is accepted is kept), 2 never sent" in line
    assert "nothing spent yet, 1.5 USD reserved for what is still open" in line


def test_stop_sends_nothing_new(home: Path) -> None:
    """Rows that wait for a free place, for the network or for the provider's leave are never sent."""
    shop = Shop()
    held = Held(shop, reply(429, {}, **{"retry-after": "0.01"}))
    shop.orders.append(held)
    with bench(home, shop, concurrency=1) as desk:
        handle = desk.start(*(wanted(f"coat {number}") for number in range(5)))
        until(lambda: shop.seen.get("create") == 1)
        line = handle.stop()
        assert "4 never sent" in line
        held.go.set()
        assert handle.wait(WAIT)
        assert ["saved"] == states(desk.bring(wanted("another")))
    assert 2 == shop.seen["create"]
    assert ["refused"] + ["planned"] * 4 == states(handle)


def test_a_stopped_row_that_proves_absent_is_not_sent_again(home: Path) -> None:
    """Stop holds for what is ambiguous, too: it is settled, and not bought anew."""
    shop = Shop()
    shop.orders.append("lost before")
    with bench(home, shop, settle=0.5) as desk:
        handle = desk.start(wanted())
        until(lambda: states(handle) == ["ambiguous"])
        assert "Nobody knows yet" in handle.stop()
        assert handle.wait(WAIT)
        assert State.REFUSED == desk.row(wanted()).state
    assert 1 == shop.seen["create"]


def test_a_row_that_two_runs_want_survives_the_stop_of_one(home: Path) -> None:
    """The other run gets it."""
    shop = Shop()
    held = Held(shop)
    shop.orders.append(held)
    with bench(home, shop, concurrency=1) as desk:
        first = desk.start(wanted("in the way"), wanted("shared"))
        second = desk.start(wanted("shared"))
        first.stop()
        held.go.set()
        assert second.wait(WAIT)
        assert ["saved"] == states(second)


def test_a_call_after_a_stop_takes_up_what_was_stopped(home: Path) -> None:
    """Stopped before it was sent, asked for again at once: it is sent once."""
    shop = Shop()
    held = Held(shop)
    shop.orders.append(held)
    with bench(home, shop, concurrency=1) as desk:
        first = desk.start(wanted("in the way"), wanted("stopped"))
        first.stop()
        second = desk.start(wanted("stopped"))
        held.go.set()
        assert second.wait(WAIT)
    assert ["saved"] == states(second)
    assert 2 == shop.seen["create"]


# The kernel goes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["ok", "lost after"])
def test_a_later_engine_finishes_what_is_open_without_being_asked(home: Path, order: str) -> None:
    """Opening the ledger is enough; nobody has to type resume."""
    shop = idle()
    shop.orders.append(order)
    shop.answers["list"] = deque([reply(500, {})] * 3)
    with bench(home, shop) as desk:
        desk.start(wanted())
        until(lambda: desk.row(wanted()).state in {State.SUBMITTED, State.AMBIGUOUS})
    shop.answers.clear()
    shop.finished = True
    with bench(home, shop) as desk:
        until(lambda: desk.row(wanted()).state == State.SAVED)
    assert (1, 1) == (shop.seen["create"], len(shop.jobs))


def test_resume_gives_what_is_held_with_what_to_type(home: Path) -> None:
    """What nobody can look up is part of what resume gives, with its error."""
    shop = Shop()
    shop.orders.append(lost())
    with bench(home, shop, Listless()) as desk:
        desk.bring(wanted())
    with bench(home, shop, Listless()) as desk:
        handle = desk.engine.resume()
        assert handle.wait(WAIT)
        assert "resolve" in str(handle.row(0).error)
    assert 1 == shop.seen["create"]


def test_resuming_nothing_is_done_at_once(home: Path) -> None:
    """No rows, no wait."""
    with bench(home, Shop()) as desk:
        assert desk.engine.resume().wait(1)


# Over HTTP -------------------------------------------------------------------------------------------------------


def test_a_wait_that_ends_ends_no_job(customer: Customer) -> None:
    """``timeout=`` raises StillRunning; the job goes on, and the next call gets it."""
    customer.box.configure(seconds=(0.8, 0.8))
    with pytest.raises(StillRunning, match="goes on"):
        ng.generate("a fox", model=MODELS["armox"], timeout=0.3)
    assert "saved" == ng.generate("a fox", model=MODELS["armox"]).status
    assert 1 == len(customer.bought("armox"))


@pytest.mark.parametrize("samples", [1, 2])
def test_what_was_not_sent_when_the_wait_ended_is_not_bought_later(
    customer: Customer, monkeypatch: pytest.MonkeyPatch, samples: int
) -> None:
    """A call that came back without having sent anything buys nothing behind its caller's back; the next call does."""
    monkeypatch.setattr(answers, "UNCLEAR_PAUSE", 1.0)
    fault = Fault(kind="status", service="apimodels", purpose="create", status=502, body="bad", count=3)
    customer.box.configure(misbehave=(fault,))
    for number in range(3):
        with pytest.raises(JobAmbiguous):
            ng.generate(f"unclear {number}", model=MODELS["apimodels"])
    with pytest.raises(StillRunning) as caught:
        ng.generate("a fox", model=MODELS["apimodels"], timeout=0.2, samples=samples)
    said = str(caught.value)
    assert "was not sent before the wait ended (waiting for the account)" in said
    assert "Nothing was charged" in said
    assert "Run it again" in said
    assert "resume" not in said
    assert "saved" == ng.generate("after the pause", model=MODELS["apimodels"]).status
    assert ["after the pause"] == [one["body"]["prompt"] for one in customer.bought("apimodels")]
    assert "saved" == ng.generate("a fox", model=MODELS["apimodels"]).status
    assert 2 == len(customer.bought("apimodels"))


def test_a_background_job_is_sent_later_and_says_so(customer: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who began something in the background wants it: a wait that ends is told that it goes on, and it does."""
    monkeypatch.setattr(answers, "UNCLEAR_PAUSE", 1.0)
    fault = Fault(kind="status", service="apimodels", purpose="create", status=502, body="bad", count=3)
    customer.box.configure(misbehave=(fault,))
    for number in range(3):
        with pytest.raises(JobAmbiguous):
            ng.generate(f"unclear {number}", model=MODELS["apimodels"])
    result = ng.generate("a fox", model=MODELS["apimodels"], background=True)
    with pytest.raises(StillRunning) as caught:
        result.wait(0.2)
    said = str(caught.value)
    assert "not sent yet" in said
    assert "sent as soon as it can be" in said
    assert f"ng.Client().cancel('{result.handle.id}')" in said
    assert "saved" == result.wait(20).status


def test_a_refused_connection_is_said_in_reasonable_time(customer: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens, or the name is unknown: nothing is sent, and a later call buys it once."""
    ng.generate("warm", model=MODELS["apixo"])
    for address in ("http://127.0.0.1:9/api/v1", "http://no-such-host.invalid/api/v1"):
        monkeypatch.setenv("APIXO_BASE_URL", address)
        with pytest.raises(NotSent, match="Nothing was sent"):
            ng.generate("a fox", model=MODELS["apixo"])
    monkeypatch.setenv("APIXO_BASE_URL", customer.addresses["apixo"])
    assert "saved" == ng.generate("a fox", model=MODELS["apixo"]).status
    assert 2 == len(customer.bought("apixo"))


def test_a_file_whose_address_has_expired_is_asked_for_anew(customer: Customer) -> None:
    """Gone from the disk and gone from its address: the job is asked, and nothing is bought."""
    customer.box.configure(asset_ttl=0.3)
    first = ng.generate("a fox", model=MODELS["armox"])
    assert first.path is not None
    first.path.unlink()
    url = urlsplit(first.url or "")

    def expired() -> bool:
        connection = http.client.HTTPConnection(url.netloc, timeout=WAIT)
        try:
            connection.request("GET", f"{url.path}?{url.query}")
            return connection.getresponse().status in {403, 410}
        finally:
            connection.close()

    until(expired)
    second = ng.generate("a fox", model=MODELS["armox"])
    assert (first.path, "saved") == (second.path, second.status)
    assert second.path is not None
    assert second.path.is_file()
    assert 1 == len(customer.bought("armox"))


@pytest.mark.parametrize("kind", ["half", "lost_before", "status", "stall"])
def test_transfers_that_break_are_repeated(customer: Customer, kind: str) -> None:
    """A broken download costs nothing but time."""
    customer.box.configure(misbehave=(Fault(kind=kind, purpose="asset", count=2, status=503, seconds=0.2),))
    assert "saved" == ng.generate(f"a fox {kind}", model=MODELS["armox"]).status
    assert 1 == len(customer.bought("armox"))


@pytest.mark.parametrize("kind", ["html", "truncated", "empty"])
def test_a_file_that_is_none_is_refused_and_never_bought_again(customer: Customer, kind: str) -> None:
    """What comes is looked at; a page in the picture's place is no picture. When the picture comes, it is the one bought."""
    customer.box.configure(misbehave=(Fault(kind=kind, purpose="asset", count=None),))
    for fresh in (False, True):
        with pytest.raises(ng.errors.AssetError, match="paid for"):
            ng.generate(f"a fox {kind}", model=MODELS["apixo"], fresh=fresh)
    customer.box.configure(misbehave=())
    assert "saved" == ng.generate(f"a fox {kind}", model=MODELS["apixo"]).status
    assert 1 == len(customer.bought("apixo"))


def test_armox_cancels_and_the_others_say_that_they_cannot(customer: Customer) -> None:
    """A cancelled job ends as such; where there is no cancelling it goes on to its end."""
    customer.box.configure(seconds=(1.0, 1.0))
    for service in ("armox", "apixo"):
        result = ng.generate("a fox", model=MODELS[service], background=True)
        until(lambda result=result: result.status == "submitted")  # type: ignore[misc]  # a lambda's default
        lines = default_client().cancel(result.id)
        if service == "armox":
            assert "cancelled at Armox" in lines
            until(lambda result=result: result.status == "cancelled")  # type: ignore[misc]  # likewise
        else:
            assert "no way to cancel" in lines
            assert "saved" == result.wait(WAIT).status


@pytest.mark.parametrize("status", [401, 402, 403])
def test_an_account_in_trouble_is_asked_again_by_a_person(customer: Customer, status: int) -> None:
    """The refusal is free; the next call is sent."""
    customer.box.configure(misbehave=(Fault(kind="status", service="apixo", status=status),))
    with pytest.raises(ng.errors.Refused):
        ng.generate("a fox", model=MODELS["apixo"])
    assert 0 == len(customer.bought("apixo"))
    assert "saved" == ng.generate("a fox", model=MODELS["apixo"]).status
    assert 1 == len(customer.bought("apixo"))
