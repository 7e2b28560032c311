"""Runs over frames in bad weather: outages, storms of errors, an empty account, lost replies, and what a person does then."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import notebookgen as ng
from notebookgen.errors import InvalidCall
from notebookgen.jobs import answers
from notebookgen.sandbox import Fault
from scripted import until
from three_services import accepted, numbered

if TYPE_CHECKING:
    from notebookgen.results import Results
    from notebookgen.sandbox import Handle

pytestmark = pytest.mark.slow

POEM = "armox:sandbox/text"
CHAT = "apimodels:claude-haiku-4-5-20251001"


@pytest.fixture(autouse=True)
def _troubled(hasty: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "UNCLEAR_PAUSE", 0.1)


def states(results: Results) -> list[str]:
    return [one.status for one in results]


class Road:
    """The way to a service, which can be closed: connections are refused, and those that are open break."""

    def __init__(self, origin: str) -> None:
        host, port = origin.removeprefix("http://").split(":")
        self.target = (host, int(port))
        self.port = 0
        self.open_ones: list[socket.socket] = []
        self.listener: socket.socket | None = None
        self.open()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def open(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def close(self) -> None:
        assert self.listener is not None
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for one in self.open_ones:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self.open_ones.clear()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = listener.accept()
                there = socket.create_connection(self.target, timeout=20)
                self.open_ones += [here, there]
                for one, other in ((here, there), (there, here)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    @staticmethod
    def _carry(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)


# Outages -------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_outage_makes_a_run_wait_and_fails_no_row(real: Handle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can be reached for a while: the run says so, waits, goes on by itself, and every row is made."""
    road = Road(real.origin)
    monkeypatch.setenv("APIMODELS_BASE_URL", real.base_urls["apimodels"].replace(real.origin, road.origin))
    try:
        real.configure(seconds=(0.05, 0.05))
        ng.map(numbered(1), "first {n}", model=CHAT, max_new=1)
        road.close()
        results = ng.map(numbered(60), "poem {n}", model=CHAT, max_new=60, concurrency=4, background=True)
        until(lambda: results.handle.snapshot().notes)
        assert "waits and goes on by itself" in results.handle.snapshot().notes[0]
        assert {"planned", "intent"} >= set(states(results))
        road.open()
        assert results.handle.wait(30), results.handle.snapshot()
        assert {"saved"} == set(states(results)), results.frame["gen_error"].to_list()
        assert 61 == accepted(real, "apimodels")
    finally:
        with contextlib.suppress(OSError):
            road.close()


@pytest.mark.slow
def test_an_outage_in_the_middle_leaves_in_doubt_only_what_was_on_the_wire(
    real: Handle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections break in the middle: what was being answered is held, at most as many as were under way; the rest is made."""
    road = Road(real.origin)
    monkeypatch.setenv("APIMODELS_BASE_URL", real.base_urls["apimodels"].replace(real.origin, road.origin))
    try:
        real.configure(misbehave=(Fault(kind="stall", service="apimodels", seconds=0.05, count=None),))
        results = ng.map(numbered(60), "poem {n}", model=CHAT, max_new=60, concurrency=4, background=True)
        until(lambda: accepted(real, "apimodels") >= 10)
        road.close()
        until(lambda: results.handle.snapshot().notes)
        road.open()
        assert results.handle.wait(30), results.handle.snapshot()
        held = states(results).count("ambiguous")
        assert held <= 4
        assert 60 - held == states(results).count("saved"), results.frame["gen_error"].to_list()
        assert 60 - held <= accepted(real, "apimodels") <= 60
    finally:
        with contextlib.suppress(OSError):
            road.close()


@pytest.mark.slow
def test_a_storm_of_errors_puts_a_handful_in_doubt(real: Handle) -> None:
    """A 500 tells nothing: after a few in a row one create at a time finds out whether it is over, and then all go on."""
    real.configure(misbehave=(Fault(kind="status", status=500, service="apimodels", count=None),))
    results = ng.map(numbered(60), "poem {n}", model=CHAT, max_new=60, concurrency=8, background=True)
    until(lambda: real.state()["faults"][0] >= 10)
    assert real.state()["faults"][0] <= 12
    real.configure(misbehave=())
    assert results.handle.wait(30), results.handle.snapshot()
    held = states(results).count("ambiguous")
    assert 8 <= held <= 14
    assert 60 - held == states(results).count("saved")
    assert 60 - held == accepted(real, "apimodels")


@pytest.mark.slow
def test_too_many_requests_are_waited_out(real: Handle) -> None:
    """A 429 is no failure of a row: it is sent again when it may be."""
    refused = Fault(kind="status", status=429, service="apimodels", headers=(("Retry-After", "0"),), count=20)
    real.configure(misbehave=(refused,))
    results = ng.map(numbered(30), "poem {n}", model=CHAT, max_new=30)
    assert ["saved"] * 30 == states(results), results.frame["gen_error"].to_list()
    assert 30 == accepted(real, "apimodels")


def test_an_empty_account_ends_the_run_with_the_reason(played: Handle) -> None:
    """402 in the middle: nothing more is sent to that account; the rest is planned and says why."""
    played.configure(credits=20)
    results = ng.map(numbered(30), "poem {n}", model=POEM, concurrency=2)
    found = states(results)
    assert accepted(played, "armox") == found.count("saved") < 30
    assert {"saved", "refused", "planned"} == set(found)
    assert found.count("refused") <= 2
    reasons = results.frame.filter(pl.col("gen_status") == "planned")["gen_error"]
    assert 0 == reasons.null_count()
    refused = played.state()["services"]["armox"]["refused"]
    assert refused <= 2
    played.configure(credits=10_000)
    assert {"saved"} == set(states(ng.map(numbered(30), "poem {n}", model=POEM)))
    assert 30 == accepted(played, "armox")


def test_an_account_that_is_stopped_stops_no_other(real: Handle) -> None:
    """A run over two services goes on at the one that takes more."""
    real.configure(misbehave=(Fault(kind="status", status=401, service="apimodels", count=None),))
    frame = pl.DataFrame({"m": [CHAT, "apixo:nano-banana"] * 3, "n": range(6)})
    results = ng.map(frame, "fox {n}", model=ng.col("m"), max_new=6)
    assert ["saved"] * 3 == [one.status for one in results if one.model.startswith("apixo")]
    assert {"refused", "planned"} >= {one.status for one in results if one.model.startswith("apimodels")}
    assert 3 == accepted(real, "apixo")


# What is in doubt ----------------------------------------------------------------------------------------------------


def lose(real: Handle, *numbers: int, kind: str = "lost_after") -> None:
    """Have the replies to some rows be lost, once each."""
    real.configure(misbehave=[Fault(kind=kind, service="apimodels", contains=f"poem {one}.") for one in numbers])


def test_what_is_in_doubt_is_held_with_what_is_known_of_it(real: Handle) -> None:
    """The others are made; ``ambiguous`` has the rows, when they were sent, and what to type."""
    lose(real, 1, 3)
    results = ng.map(numbered(5), "poem {n}.", model=CHAT, max_new=5)
    assert ["saved", "ambiguous", "saved", "ambiguous", "saved"] == states(results)
    held = results.ambiguous
    assert [1, 3] == held["n"].to_list()
    assert 0 == held["sent"].null_count()
    assert all(line.startswith("ng.resolve('") for line in held["resolve"])
    assert 0 == results.failed.height
    again = ng.map(numbered(5), "poem {n}.", model=CHAT, max_new=5)
    assert ["ambiguous"] * 2 == [again[1].status, again[3].status]
    assert 5 == accepted(real, "apimodels")


@pytest.mark.parametrize(("action", "status"), [("resubmit", "saved"), ("write_off", "failed")])
def test_a_person_settles_all_that_is_held(real: Handle, action: str, status: str) -> None:
    """Sent again and paid twice, or counted as lost: the rows of this run show it."""
    lose(real, 1, 3)
    results = ng.map(numbered(5), "poem {n}.", model=CHAT, max_new=7)
    results.resolve(action)
    assert ["saved", status, "saved", status, "saved"] == states(results)
    assert 0 == results.ambiguous.height
    assert (7 if action == "resubmit" else 5) == accepted(real, "apimodels")


def test_a_person_settles_one_row(real: Handle) -> None:
    """By its place in the frame; one that is not in doubt is an error."""
    lose(real, 1, 3)
    results = ng.map(numbered(5), "poem {n}.", model=CHAT, max_new=7)
    results.resolve("resubmit", 3)
    assert [1] == results.ambiguous["n"].to_list()
    with pytest.raises(InvalidCall, match="row 0 is not ambiguous"):
        results.resolve("resubmit", 0)


def test_a_word_beforehand_sends_again_what_is_in_doubt(real: Handle) -> None:
    """``on_ambiguous="resubmit"`` buys it again, says so, and counts what may be charged twice."""
    lose(real, 1, 3)
    results = ng.map(numbered(5), "poem {n}.", model=CHAT, max_new=7, on_ambiguous="resubmit")
    assert ["saved"] * 5 == states(results)
    assert 7 == accepted(real, "apimodels")
    assert any("may be charged twice" in line for line in results.handle.snapshot().notes)
    assert 2 == ng.ledger().frame().filter(pl.col("status") == "failed").height


def test_sending_again_ends(real: Handle) -> None:
    """A create whose every reply is lost is sent three times, and then held."""
    real.configure(misbehave=(Fault(kind="lost_after", service="apimodels", contains="poem 1.", count=None),))
    results = ng.map(numbered(3), "poem {n}.", model=CHAT, max_new=9, on_ambiguous="resubmit")
    assert ["saved", "ambiguous", "saved"] == states(results)
    assert 2 + 3 == accepted(real, "apimodels")


def test_where_jobs_are_listed_nothing_is_held(played: Handle) -> None:
    """Armox: what was accepted is adopted, what was not is sent again; no person is needed."""
    kinds = ("lost_before", "lost_after", "half", "garbage")
    played.configure(misbehave=[Fault(kind=kind, contains=f"poem {at}.") for at, kind in enumerate(kinds)])
    results = ng.map(numbered(6), "poem {n}.", model=POEM)
    assert ["saved"] * 6 == states(results), results.frame["gen_error"].to_list()
    assert 6 == accepted(played, "armox")


# Tried again ---------------------------------------------------------------------------------------------------------


def test_a_retry_leaves_what_failed_for_good(real: Handle) -> None:
    """A content that was refused by a rule is refused again: only another prompt mends it."""
    real.configure(fail=1.0, fail_code="content_policy_violation")
    results = ng.map(numbered(2), "fox {n}", model="apixo:nano-banana", max_new=2)
    found = states(results)
    before = accepted(real, "apixo")
    results.retry()
    retryable = [one.error for one, state in zip(results, found, strict=True) if state == "failed"]
    assert found == states(results) or retryable
    assert before <= accepted(real, "apixo") <= 2 * before


def test_a_retry_of_a_run_that_goes_on_is_an_error(played: Handle) -> None:
    """First it has to end."""
    played.configure(immediate=False, seconds=(2.0, 2.0))
    results = ng.map(numbered(2), "poem {n}", model=POEM, background=True)
    with pytest.raises(InvalidCall, match="still under way"):
        results.retry()
    results.handle.stop()


def test_a_retry_goes_on_under_the_same_budget(played: Handle) -> None:
    """What was spent on the first try counts; the rest stays failed."""
    played.configure(fail=1.0, fail_code="provider_error", refunds=False)
    results = ng.map(numbered(4), "poem {n}", model=POEM, budget="24 credits")
    assert ["failed"] * 4 == states(results)
    played.configure(fail=0.0)
    results.retry()
    assert ["saved", "saved", "failed", "failed"] == states(results), results.frame["gen_error"].to_list()


# Two at once ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_two_runs_over_the_same_rows_share(played: Handle) -> None:
    """Both end; each row is bought once, and paid for by one of them."""
    played.configure(immediate=False, seconds=(0.1, 0.3))
    first = ng.map(numbered(20), "poem {n}", model=POEM, background=True)
    second = ng.map(numbered(20).reverse(), "poem {n}", model=POEM, background=True)
    for one in (first, second):
        assert one.handle.wait(30)
        assert ["saved"] * 20 == states(one)
    assert 20 == accepted(played, "armox")
    paid: dict[str, Any] = {"first": first.cost, "second": second.cost}
    total = sum(sum(one.values()) for one in paid.values())
    assert float(total) == played.state()["services"]["armox"]["charged"], paid


@pytest.mark.slow
def test_a_short_run_does_not_wait_for_a_long_one(played: Handle) -> None:
    """Runs take turns: two rows asked for later end while the long run is under way."""
    played.configure(immediate=False, seconds=(0.05, 0.1))
    long = ng.map(numbered(150), "long {n}", model=POEM, background=True)
    short = ng.map(numbered(2), "short {n}", model=POEM)
    assert ["saved"] * 2 == states(short)
    assert not long.handle.done
    long.handle.stop()
