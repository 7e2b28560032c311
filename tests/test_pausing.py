"""A run over many rows is paused and goes on, or is cancelled: nothing new is sent, and nothing is lost."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import polars as pl
import pytest

import notebookgen as ng

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notebookgen.client import Client
    from notebookgen.sandbox import Handle

TEXT = "armox:sandbox/text"
LATER = "armox:sandbox/picture-later"
SECONDS = 60.0


@pytest.fixture
def player(box: Handle) -> Iterator[Client]:
    """A client of that sandbox."""
    made = ng.Client()
    yield made
    made.close()


def creates(box: Handle) -> int:
    """How many generations the provider's side accepted."""
    return len(box.state()["creates"])


def until(true: Callable[[], bool]) -> None:
    """Wait for something to be so, bounded."""
    pause, end = threading.Event(), time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end
        assert not pause.wait(0.01)


def rows(count: int, word: str = "row") -> pl.DataFrame:
    return pl.DataFrame({"thing": [f"{word} {number}" for number in range(count)]})


def under_way(run: ng.Results) -> int:
    states = run.handle.snapshot().states
    return sum(states.get(state, 0) for state in ("intent", "submitted", "completed"))


@pytest.mark.slow
def test_a_paused_run_sends_nothing_new_and_goes_on_where_it_was(player: Client, box: Handle) -> None:
    """What is under way comes home during the pause; afterwards every row is made once, in the same run."""
    run = player.map(rows(40), "{thing}", model=TEXT, background=True, concurrency=2, budget=1000)
    until(lambda: run.handle.ended > 2)
    run.pause()
    until(lambda: under_way(run) == 0)
    sent = creates(box)
    again = player.map(rows(3, "other"), "{thing}", model=TEXT)  # the engine is alive, and gives this run nothing

    assert sent < 40
    assert {"saved": 3} == again.handle.snapshot().states
    assert sent + 3 == creates(box)
    assert run.handle.snapshot().paused
    run.go_on()
    assert run.wait(SECONDS).frame["gen_status"].to_list() == ["saved"] * 40
    assert 43 == creates(box)
    assert not run.handle.snapshot().paused


def test_what_another_run_wants_does_not_wait_for_a_paused_one(player: Client, box: Handle) -> None:
    """Both ways: a run that was there, and one that comes later, buy their own rows; the paused one shares them."""
    run = player.map(rows(30), "{thing}", model=TEXT, background=True, concurrency=1)
    run.pause()
    other = player.map(rows(30).reverse(), "{thing}", model=TEXT, timeout=SECONDS)

    assert {"saved": 30} == other.handle.snapshot().states
    run.go_on()
    assert {"saved": 30} == run.wait(SECONDS).handle.snapshot().states
    assert 30 == creates(box)


def test_stop_ends_a_paused_run(player: Client) -> None:
    """Stop is an end: the rows that were not sent are told so, and nobody waits for them."""
    run = player.map(rows(500), "{thing}", model=TEXT, background=True, concurrency=1, max_new=500)
    run.pause()
    line = run.handle.stop()

    assert run.handle.wait(SECONDS)
    assert line.startswith("Stopped: ")
    assert run.frame.filter(gen_status="planned")["gen_error"].unique().to_list() == [
        "stopped before it was sent. Nothing was charged.\nRun it again to send it; what is bought is not bought again."
    ]


def test_a_large_run_that_is_cancelled_buys_nothing_more(player: Client, box: Handle) -> None:
    """Also the rows that were not brought to the engine yet are called off, and the answer counts them."""
    run = player.map(rows(500), "{thing}", model=TEXT, background=True, concurrency=2, max_new=500)
    until(lambda: run.handle.ended > 2)
    run.cancel()
    assert run.handle.wait(SECONDS)
    sent = creates(box)

    assert sent < 100
    assert {500} == {len(run), sum(run.handle.snapshot().states.values())}
    assert 500 - sent == run.handle.snapshot().states["planned"]
    reasons = run.frame.filter(gen_status="planned")["gen_error"].unique().to_list()
    said = "cancelled before it was sent. Nothing was charged.\nRun it again to send it; what is bought is not bought again."
    assert [said] == reasons


def test_the_newest_of_a_run_are_at_hand(player: Client) -> None:
    """What was delivered last comes first, without going through all rows."""
    run = player.map(rows(8), "{thing}", model=TEXT, concurrency=1)

    assert [7, 6, 5] == run.handle.newest(3)
