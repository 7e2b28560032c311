"""When a read is sent again: the policy by itself, and at work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookgen.errors import InvalidImage, NotSent, ReplyLost
from notebookgen.transport import HttpTransport, read, read_delay
from notebookgen.transport.retry import LONGEST_ASKED, MOST_TRIES, may_repeat
from notebookgen.wire import HttpResponse, get_request, json_request
from rawserver import RawServer, reply

if TYPE_CHECKING:
    from rawserver import Answer, Asked


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_passing_statuses_may_be_repeated(status: int) -> None:
    """A read that was turned away for now may be sent again."""
    assert may_repeat(HttpResponse(status)) is True


@pytest.mark.parametrize("status", [200, 201, 204, 301, 302, 400, 401, 402, 403, 404, 409, 410, 422, 499])
def test_settled_statuses_are_not_repeated(status: int) -> None:
    """A read that was answered, redirected or refused is not sent again."""
    assert may_repeat(HttpResponse(status)) is False


def test_only_the_wire_is_tried_again() -> None:
    """Errors of the wire may pass; other errors do not."""
    assert [may_repeat(error) for error in (NotSent(""), ReplyLost(""), InvalidImage(""))] == [True, True, False]


@given(attempt=st.integers(1, MOST_TRIES - 1), asked=st.none() | st.floats(0, 1e9), jitter=st.floats(0, 1))
def test_delays_stay_in_bounds(attempt: int, asked: float | None, jitter: float) -> None:
    """A delay is never longer than what was asked for (up to its cap, spread a little) or the policy's own."""
    delay = read_delay(attempt, retry_after=asked, jitter=jitter)
    assert delay is not None
    assert 0 < delay <= max(LONGEST_ASKED * 1.1, 0.5 * 2 ** (attempt - 1))
    if asked is not None:
        assert delay >= min(asked, LONGEST_ASKED)


def test_delays_grow_and_end() -> None:
    """Half a second, doubled each time; after the fifth try it is given up."""
    assert [read_delay(n, retry_after=None, jitter=1.0) for n in range(1, 7)] == [0.5, 1.0, 2.0, 4.0, None, None]
    assert read_delay(1, retry_after=None, jitter=0.0) == 0.25


def test_a_read_comes_through_a_bad_moment() -> None:
    """Hung up on, turned away, then answered: the reply is returned, after the waits that were asked for."""
    answers: list[Answer] = [None, reply(b"", "503 Off", Retry_After="3"), reply(b"", "429 Slow"), reply(b'{"a": 1}')]
    waits: list[float] = []

    def answer(asked: Asked) -> Answer:
        return answers[len(server.asked) - 1]

    with RawServer(answer) as server:
        transport = HttpTransport(None, origin=server.url)
        request = get_request(f"{server.url}/v1/x", purpose="status")
        response = read(transport, request, wait=lambda seconds: bool(waits.append(seconds)), rng=lambda: 1.0)
        transport.close()
    assert response.json() == {"a": 1}
    assert waits == [0.5, pytest.approx(3.3), 2.0]


def test_a_read_gives_up_with_what_came_last() -> None:
    """Five times turned away: the last reply is returned, for the caller to judge."""
    with RawServer(lambda _: reply(b"", "500 Off")) as server:
        transport = HttpTransport(None, origin=server.url)
        request = get_request(f"{server.url}/", purpose="status")
        response = read(transport, request, wait=lambda _: False, rng=lambda: 0.0)
        transport.close()
    assert (response.status, len(server.asked)) == (500, MOST_TRIES)


def test_a_read_can_be_interrupted() -> None:
    """When the wait is interrupted, the last error comes out and nothing more is sent."""
    with RawServer(lambda _: None) as server:
        transport = HttpTransport(None, origin=server.url)
        with pytest.raises(ReplyLost):
            read(transport, get_request(f"{server.url}/", purpose="status"), wait=lambda _: True, rng=lambda: 0.0)
        transport.close()
    assert len(server.asked) == 1


def test_a_create_is_never_read() -> None:
    """What is not repeatable is a bug here, and is not sent even once."""
    with RawServer(lambda _: reply(b"{}")) as server:
        transport = HttpTransport(None, origin=server.url)
        request = json_request(f"{server.url}/", {}, purpose="create")
        with pytest.raises(ValueError, match="must not be repeated"):
            read(transport, request, wait=lambda _: False, rng=lambda: 0.0)
        transport.close()
    assert server.asked == []
