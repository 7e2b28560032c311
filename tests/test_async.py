"""``await ng.agenerate``: the loop goes on, several at once share what they share, a cancelled task sends nothing new."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import notebookgen as ng
from notebookgen import errors
from notebookgen.sandbox import Fault
from scripted import until
from three_services import accepted, requests

if TYPE_CHECKING:
    from notebookgen.sandbox import Handle

pytestmark = pytest.mark.slow

PICTURE = "armox:google/nano-banana"
GROK = "apimodels:grok-image/grok-4.2-image"


def test_one_and_several(either: Handle) -> None:
    """It gives what ``generate`` gives: one result, or several for several samples."""

    async def story() -> tuple[Any, Any]:
        return await ng.agenerate("a fox", model=PICTURE), await ng.agenerate("a crow", model=PICTURE, samples=2)

    one, two = asyncio.run(story())

    assert ("saved", ["saved", "saved"]) == (one.status, [each.status for each in two])
    assert (ng.Result, ng.Results) == (type(one), type(two))


def test_the_loop_goes_on(either: Handle) -> None:
    """While a picture is waited for, other tasks of the same loop run."""
    either.configure(immediate=False, seconds=(0.5, 0.5))

    async def story() -> tuple[Any, int]:
        making = asyncio.create_task(ng.agenerate("a fox", model=PICTURE))
        turns = 0
        while not making.done():
            await asyncio.sleep(0.01)
            turns += 1
        return await making, turns

    one, turns = asyncio.run(story())

    assert "saved" == one.status
    assert turns >= 20  # half a second in steps of 0.01 s; a loop that was held would have made a few


def test_several_at_once(either: Handle) -> None:
    """Different contents are made at the same time, equal ones once, and each caller gets its own."""
    either.configure(immediate=False, seconds=(0.3, 0.3))
    prompts = ["a fox", "a crow", "a fox", "a wolf"]

    async def story() -> list[Any]:
        return await asyncio.gather(*(ng.agenerate(prompt, model=PICTURE) for prompt in prompts))

    found = asyncio.run(story())

    assert (prompts, 3) == ([one.prompt for one in found], accepted(either, "armox"))
    assert (["saved"] * 4, 3) == ([one.status for one in found], len({one.id for one in found}))


def test_errors_are_the_same(either: Handle) -> None:
    """What ``generate`` raises is raised here: for what is asked for, and for how it ends."""
    either.configure(fail=1.0, fail_code="CONTENT_MODERATION")

    with pytest.raises(errors.InvalidCall, match="'bugdet' is no option"):
        asyncio.run(ng.agenerate("a fox", model=GROK, bugdet=3))
    with pytest.raises(errors.JobFailed, match="Content policy violation"):
        asyncio.run(ng.agenerate("a fox", model=GROK))


def test_a_timeout_ends_the_wait(either: Handle) -> None:
    """A timeout, ours or the loop's own, ends the wait and not the job: asked again, it is picked up."""
    either.configure(immediate=False, seconds=(1.0, 1.0))

    async def story() -> Any:
        with pytest.raises(errors.StillRunning):
            await ng.agenerate("a fox", model=PICTURE, timeout=0.1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ng.agenerate("a fox", model=PICTURE), 0.2)
        return await ng.agenerate("a fox", model=PICTURE)

    assert ("saved", 1) == (asyncio.run(story()).status, accepted(either, "armox"))


def test_in_the_background(either: Handle) -> None:
    """In the background it comes back at once, and is waited for as any other."""

    async def story() -> Any:
        return await ng.agenerate("a fox", model=PICTURE, background=True)

    assert "saved" == asyncio.run(story()).wait(30).status


def test_a_cancelled_task_sends_nothing_new(either: Handle) -> None:
    """Cancelling stops what was not sent; what was accepted is looked after and is there when asked for again."""
    either.configure(immediate=False, seconds=(0.5, 0.5))
    ng.configure(concurrency=1)
    # The account's allowance is used up after the first create, so that the others wait.
    busy = Fault(kind="status", service="armox", status=429, after=1, count=None, headers=(("Retry-After", "30"),))
    either.configure(misbehave=(busy,))

    async def story() -> None:
        making = asyncio.create_task(ng.agenerate("a fox", model=PICTURE, samples=3))
        while requests(either, "armox create") < 2:  # noqa: ASYNC110 - counted by the services
            await asyncio.sleep(0.02)
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making

    asyncio.run(story())
    either.configure(misbehave=())
    sent = requests(either, "armox create")
    one = ng.generate("a fox", model=PICTURE, timeout=30)

    assert ("saved", 1, sent) == (one.status, accepted(either, "armox"), requests(either, "armox create"))  # type: ignore[union-attr]  # one was asked for
    assert {"saved", "refused"} == set(ng.ledger().frame()["status"].to_list())


@pytest.mark.parametrize("way", ["agenerate", "amap"])
def test_a_cancelled_task_stops_no_other_that_asks_for_the_same(either: Handle, way: str) -> None:
    """Each awaited call has a run of its own; what both ask for is bought once, and whoever still waits gets it."""
    either.configure(immediate=False, seconds=(0.3, 0.3))
    ng.configure(concurrency=1)

    async def asked(**options: Any) -> Any:
        if way == "amap":
            return await ng.amap(pl.DataFrame({"n": range(3)}), "poem {n}", model=GROK, max_new=3, **options)
        return await ng.agenerate("a fox", model=GROK, samples=3, **options)

    async def story() -> Any:
        making = asyncio.create_task(asked())
        while accepted(either, "apimodels") < 1:  # noqa: ASYNC110 - counted by the services
            await asyncio.sleep(0.02)
        other = await asked(background=True)
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making
        return other

    found = asyncio.run(story()).wait(30)

    assert (["saved"] * 3, 3) == ([one.status for one in found], accepted(either, "apimodels"))


def test_a_task_cancelled_before_it_began(either: Handle) -> None:
    """A task that is cancelled while its call is still being checked buys nothing."""
    either.configure(misbehave=(Fault(kind="stall", service="armox", purpose="models", seconds=1.0),))

    async def story() -> None:
        making = asyncio.create_task(ng.agenerate("a fox", model=PICTURE))
        while requests(either, "armox models") < 1:  # noqa: ASYNC110 - counted by the services
            await asyncio.sleep(0.01)
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making

    asyncio.run(story())  # it waits for the call's own thread
    ng.Client().close()

    assert (0, 0) == (accepted(either, "armox"), ng.ledger().frame().height)


def test_a_run_over_a_frame_that_is_cancelled_while_it_is_planned_buys_nothing(either: Handle) -> None:
    """The rows are still being read in their thread when the task is cancelled: what comes of them is not sent."""
    reading, cancelled = threading.Event(), threading.Event()

    def slowly(rows: pl.DataFrame) -> pl.DataFrame:
        reading.set()
        cancelled.wait(30)
        return rows

    frame = pl.LazyFrame({"n": range(20)}).map_batches(slowly)

    async def story() -> None:
        making = asyncio.create_task(ng.amap(frame, "poem {n}", model="armox:sandbox/text", max_new=20))
        while not reading.is_set():  # noqa: ASYNC110 - set by the thread that reads
            await asyncio.sleep(0.01)
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making
        cancelled.set()

    asyncio.run(story())  # it waits for the call's own thread
    ng.Client().close()

    assert (0, 0) == (accepted(either, "armox"), ng.runs().height)


def test_a_task_that_is_cancelled_while_the_loop_is_busy_buys_no_more(either: Handle) -> None:
    """The run has begun in its thread and the loop had no time to hear of it: it is stopped all the same."""
    either.configure(immediate=False, seconds=(0.1, 0.1))
    frame = pl.DataFrame({"n": range(60)})

    async def story() -> None:
        making = asyncio.create_task(ng.amap(frame, "poem {n}", model=GROK, max_new=60, concurrency=1))
        await asyncio.sleep(0)
        while not accepted(either, "apimodels"):  # the loop does nothing else meanwhile
            pass
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making

    asyncio.run(story())  # it waits for the call's own thread
    bought = accepted(either, "apimodels")
    until(lambda: ng.runs()["open"].to_list() == [0])

    assert bought <= accepted(either, "apimodels") <= bought + 1  # one may have been leaving just then
    assert 60 > bought
