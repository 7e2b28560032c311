"""The one sandbox of a process and its handles: nested, stopped in any order, stopped twice, used too late."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

import notebookgen as ng
from notebookgen.errors import InsufficientFunds, InvalidCall
from notebookgen.sandbox import spawn, start
from notebookgen.sandbox.behaviour import Behaviour
from notebookgen.sandbox.embedded import Embedded, current, embedded, stop
from notebookgen.sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator


PATIENCE = 20.0


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """End whatever a test leaves, and forget what it configured."""
    yield
    stop()
    ng.configure(sandbox=None)


def answers(origin: str, **behaviour: float) -> bool:
    """Tell whether a sandbox that behaves so listens there; another process may have taken a free port over."""
    try:
        with urlopen(f"{origin}/sandbox/behaviour", timeout=PATIENCE) as reply:
            told = json.load(reply)
    except (OSError, ValueError):
        return False
    return behaviour == {name: told.get(name) for name in behaviour}


def test_a_handle_says_that_it_is_stopped() -> None:
    """The repr gives the address while it answers, and says afterwards that it does not."""
    mine = 20_000 + os.getpid()
    box = ng.sandbox(seconds=0, credits=mine)
    assert answers(box.origin, credits=mine)
    assert f"<sandbox {box.origin}: three services on this machine, nothing charged; .stop() ends it>" == repr(box)
    box.stop()
    assert "<sandbox, stopped; ng.sandbox() starts another one>" == repr(box)
    assert (False, False) == (box.running, answers(box.origin, credits=mine))


def test_stopping_twice_stops_once() -> None:
    """A second ``stop`` of the same handle leaves a sandbox alone that was started in between."""
    first = ng.sandbox()
    first.stop()
    with ng.sandbox(fail=0.5) as second:
        first.stop()
        assert (True, True) == (second.running, ng.settings().sandbox)
        running = current()
        assert running is not None
        assert 0.5 == running.behaviour.fail
    assert (None, False) == (current(), ng.settings().sandbox)


def test_a_stopped_handle_is_not_used() -> None:
    """After its end a handle changes nothing and opens no block, and says what to type; what it counted can be read."""
    box = ng.sandbox()
    box.stop()
    with pytest.raises(InvalidCall, match=r"is stopped(?s:.)*ng\.sandbox\(\)"):
        box.configure(fail=1)
    with pytest.raises(InvalidCall, match="is stopped"), box:
        pass
    assert {"armox", "apimodels", "apixo"} == set(box.state()["services"])
    assert 3 == len(box.base_urls)


def test_a_handle_that_gave_the_sandbox_back_changes_it_no_more() -> None:
    """A stopped handle of a sandbox that others still use is as stopped as any."""
    with ng.sandbox(fail=0.25) as outer:
        inner = ng.sandbox(fail=0.75)
        inner.stop()
        with pytest.raises(InvalidCall, match="is stopped"):
            inner.configure(fail=1)
        assert (True, False) == (outer.running, inner.running)
        assert "stopped" in repr(inner)
        running = current()
        assert running is not None
        assert 0.25 == running.behaviour.fail


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0), (0, 2, 1), (2, 0, 1)])
def test_nested_sandboxes_end_in_any_order(order: tuple[int, ...]) -> None:
    """The sandbox lives as long as one handle is open, behaves as the last open one wants it, and is then named no more."""
    shares = (0.1, 0.2, 0.3)
    boxes = [ng.sandbox(fail=share) for share in shares]
    open_ = [0, 1, 2]
    for which in order:
        boxes[which].stop()
        open_.remove(which)
        running = current()
        assert bool(open_) == (running is not None) == ng.settings().sandbox
        if running is not None:
            assert shares[open_[-1]] == running.behaviour.fail
    assert [False] * 3 == [box.running for box in boxes]


def test_a_sandbox_that_was_there_before_goes_on() -> None:
    """What answered without being asked for is given back as it was, with its jobs, and not ended."""
    before = embedded(fail=0.5)
    with ng.sandbox(fail=0.0) as box:
        assert before.origin == box.origin
    assert (True, 0.5, False) == (answers(before.origin, fail=0.5), before.behaviour.fail, ng.settings().sandbox)


def test_a_sandbox_that_is_refused_changes_nothing() -> None:
    """A behaviour that makes no sense starts nothing and sends nobody to a sandbox."""
    with pytest.raises(InvalidCall, match="a number from 0 to 1"):
        ng.sandbox(fail="x")
    assert (None, False) == (current(), ng.settings().sandbox)
    with ng.sandbox(fail=0.5):
        with pytest.raises(InvalidCall, match="a number of 0 or more"):
            ng.sandbox(fail=0, credits=-1)
        running = current()
        assert running is not None
        assert 0.5 == running.behaviour.fail
    assert (None, False) == (current(), ng.settings().sandbox)


def left(box: Embedded) -> list[float]:
    """Return what the accounts of the sandbox's Armox have left."""
    return list(box.state()["services"]["armox"]["left"].values())


def poem(prompt: str) -> None:
    """Spend four credits."""
    ng.generate(prompt, model="armox:sandbox/text")


def test_naming_credits_fills_the_purse_again() -> None:
    """A cell that is run again gives the class as much as the first time; one that does not name credits gives nothing."""
    box = ng.sandbox(seconds=0, credits=10)
    poem("one")
    poem("two")
    assert [2] == left(box)
    with pytest.raises(InsufficientFunds, match=r"Required 4, available 2(?s:.)*ng\.sandbox\(credits=10000\)"):
        poem("three")
    again = ng.sandbox(seconds=(0, 0.01))
    assert [2] == left(again)
    again = ng.sandbox(seconds=(0, 0.01), credits=10)
    assert [10] == left(again)
    poem("three")
    again.configure(credits=7)
    assert [7] == left(again)


def test_dollars_are_filled_again_too() -> None:
    """``balance`` is to the other two what ``credits`` is to Armox; each leaves the other alone."""
    world = World(Behaviour(balance=1, credits=10, seconds=(10, 10), fail=1))
    armox, apixo = world.account("armox", "key"), world.account("apixo", "key")
    armox.charged = apixo.charged = Decimal("0.75")
    armox.due.append((5.0, Decimal("0.75")))
    world.configure({"balance": 2}, 1.0)
    assert (Decimal("9.25"), Decimal(2)) == (world.left(armox, 1.0), world.left(apixo, 1.0))
    world.configure({"credits": 3}, 5.0)
    assert (Decimal(3), Decimal(2)) == (world.left(armox, 5.0), world.left(apixo, 5.0))


def test_a_purse_is_given_back_as_it_was_found() -> None:
    """What was spent out of the credits of an inner sandbox is nothing to the outer one, in whatever order they end."""
    outer = ng.sandbox(seconds=0, credits=10)
    poem("one")
    with ng.sandbox(credits=1000) as inner:
        poem("two")
        assert [996] == left(inner)
    assert [6] == left(outer)
    with ng.sandbox(fail=0):
        poem("three")
    assert [2] == left(outer)


def test_a_port_that_is_none() -> None:
    """A port that no machine has is refused in our words."""
    for port in (-1, 65536, "80", None, True, 1.5):
        with pytest.raises(InvalidCall, match="is no port"):
            start(port=port)  # type: ignore[arg-type]  # as people give it


def test_a_thread_and_a_child_end_alike() -> None:
    """On a thread or in a child process: stopped twice, told so by the repr, refused when used too late."""
    for handle in (start(), spawn()):
        assert handle.origin in repr(handle)
        handle.stop()
        handle.stop()
        assert f"<{type(handle).__name__} stopped>" == repr(handle)
        assert not handle.running
        with pytest.raises(InvalidCall, match="is stopped"):
            handle.configure(fail=0.5)
        with pytest.raises(InvalidCall, match="is stopped"), handle:
            pass
