"""``await ng.agenerate``: the loop goes on, several at once share what they share, a cancelled task sends nothing new."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import notebookgen as ng
from notebookgen import errors
from notebookgen.sandbox import Fault
from three_services import WAYS, accepted, requests, services

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebookgen.sandbox import Handle

pytestmark = pytest.mark.slow

PICTURE = "armox:google/nano-banana"
GROK = "apimodels:grok-image/grok-4.2-image"


@pytest.fixture(params=WAYS)
def box(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Handle]:
    """The services, spoken to in each of the two ways."""
    with services(request.param, monkeypatch) as handle:
        yield handle


def test_one_and_several(box: Handle) -> None:
    """It gives what ``generate`` gives: one result, or several for several samples."""

    async def story() -> tuple[Any, Any]:
        return await ng.agenerate("a fox", model=PICTURE), await ng.agenerate("a crow", model=PICTURE, samples=2)

    one, two = asyncio.run(story())

    assert ("saved", ["saved", "saved"]) == (one.status, [each.status for each in two])
    assert (ng.Result, ng.Results) == (type(one), type(two))


def test_the_loop_goes_on(box: Handle) -> None:
    """While a picture is waited for, other tasks of the same loop run."""
    box.configure(immediate=False, seconds=(0.5, 0.5))

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


def test_several_at_once(box: Handle) -> None:
    """Different contents are made at the same time, equal ones once, and each caller gets its own."""
    box.configure(immediate=False, seconds=(0.3, 0.3))
    prompts = ["a fox", "a crow", "a fox", "a wolf"]

    async def story() -> list[Any]:
        return await asyncio.gather(*(ng.agenerate(prompt, model=PICTURE) for prompt in prompts))

    found = asyncio.run(story())

    assert (prompts, 3) == ([one.prompt for one in found], accepted(box, "armox"))
    assert (["saved"] * 4, 3) == ([one.status for one in found], len({one.id for one in found}))


def test_errors_are_the_same(box: Handle) -> None:
    """What ``generate`` raises is raised here: for what is asked for, and for how it ends."""
    box.configure(fail=1.0, fail_code="CONTENT_MODERATION")

    with pytest.raises(errors.InvalidCall, match="'bugdet' is no option"):
        asyncio.run(ng.agenerate("a fox", model=GROK, bugdet=3))
    with pytest.raises(errors.JobFailed, match="Content policy violation"):
        asyncio.run(ng.agenerate("a fox", model=GROK))


def test_a_timeout_ends_the_wait(box: Handle) -> None:
    """A timeout, ours or the loop's own, ends the wait and not the job: asked again, it is picked up."""
    box.configure(immediate=False, seconds=(1.0, 1.0))

    async def story() -> Any:
        with pytest.raises(errors.StillRunning):
            await ng.agenerate("a fox", model=PICTURE, timeout=0.1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ng.agenerate("a fox", model=PICTURE), 0.2)
        return await ng.agenerate("a fox", model=PICTURE)

    assert ("saved", 1) == (asyncio.run(story()).status, accepted(box, "armox"))


def test_in_the_background(box: Handle) -> None:
    """In the background it comes back at once, and is waited for as any other."""

    async def story() -> Any:
        return await ng.agenerate("a fox", model=PICTURE, background=True)

    assert "saved" == asyncio.run(story()).wait(30).status


def test_a_cancelled_task_sends_nothing_new(box: Handle) -> None:
    """Cancelling stops what was not sent; what was accepted is looked after and is there when asked for again."""
    box.configure(immediate=False, seconds=(0.5, 0.5))
    ng.configure(concurrency=1)
    # The account's allowance is used up after the first create, so that the others wait.
    busy = Fault(kind="status", service="armox", status=429, after=1, count=None, headers=(("Retry-After", "30"),))
    box.configure(misbehave=(busy,))

    async def story() -> None:
        making = asyncio.create_task(ng.agenerate("a fox", model=PICTURE, samples=3))
        while requests(box, "armox create") < 2:  # noqa: ASYNC110 - counted by the services
            await asyncio.sleep(0.02)
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making

    asyncio.run(story())
    box.configure(misbehave=())
    sent = requests(box, "armox create")
    one = ng.generate("a fox", model=PICTURE, timeout=30)

    assert ("saved", 1, sent) == (one.status, accepted(box, "armox"), requests(box, "armox create"))  # type: ignore[union-attr]  # one was asked for
    assert {"saved", "refused"} == set(ng.ledger().frame()["status"].to_list())


def test_a_task_cancelled_before_it_began(box: Handle) -> None:
    """A task that is cancelled while its call is still being checked buys nothing."""
    box.configure(misbehave=(Fault(kind="stall", service="armox", purpose="models", seconds=1.0),))

    async def story() -> None:
        making = asyncio.create_task(ng.agenerate("a fox", model=PICTURE))
        while requests(box, "armox models") < 1:  # noqa: ASYNC110 - counted by the services
            await asyncio.sleep(0.01)
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making

    asyncio.run(story())  # it waits for the call's own thread
    ng.Client().close()

    assert (0, 0) == (accepted(box, "armox"), ng.ledger().frame().height)
