"""A transport at its account's pace: what is counted, who waits, and what replies teach."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from notebookgen.errors import NotSent, ReplyLost
from notebookgen.jobs import receipts
from notebookgen.jobs.ticket import Lane
from notebookgen.providers import provider_class
from notebookgen.providers.faults import JOBS_WORDS
from notebookgen.records import JobRef, Realm
from notebookgen.transport import Timeouts
from notebookgen.transport.limits import Heard, Limit
from notebookgen.transport.paced import Gate, Paced, heard_from
from notebookgen.transport.pacing import Pace
from notebookgen.wire import HttpRequest, HttpResponse, get_request, json_request

if TYPE_CHECKING:
    from collections.abc import Callable

STATUS = get_request("https://tailor.example/v1/jobs/1", purpose="status")
BALANCE = get_request("https://tailor.example/v1/balance", purpose="balance")
CREATE = json_request("https://tailor.example/v1/jobs", {}, purpose="create")
PUT = HttpRequest("PUT", "https://files.example/x", auth="none", purpose="upload")
FILE = get_request("https://files.example/x", purpose="asset")
ARMOX, APIXO = provider_class("armox")(), provider_class("apixo")()


class Wire:
    """Answers what the test says, and notes what came."""

    def __init__(self, *answers: HttpResponse | Exception) -> None:
        self.answers = list(answers)
        self.came: list[str] = []

    def send(self, request: HttpRequest, *, timeout: object = None) -> HttpResponse:
        del timeout
        self.came.append(request.purpose)
        answer = self.answers.pop(0) if self.answers else HttpResponse(200, {}, b"{}")
        if isinstance(answer, Exception):
            raise answer
        return answer


class Looped(Wire):
    """One that begins an exchange without waiting for its end."""

    def begin(self, request: HttpRequest, done: Callable[..., None], **options: Any) -> None:
        del options
        try:
            done(self.send(request), None)
        except NotSent as error:
            done(None, error)


def counted(gate: Gate) -> int:
    return gate.pace.page.log.count(-1.0)


def test_files_and_other_hosts_are_not_counted() -> None:
    """What goes without the key, and what is a file, is no request of the account."""
    gate = Gate(Pace([Limit(1)]))
    paced = Paced(Wire(), gate, ARMOX)
    for request in (PUT, FILE, PUT):
        paced.send(request)
    assert 0 == counted(gate)
    paced.send(BALANCE)
    assert 1 == counted(gate)


def test_what_was_given_a_place_goes_at_once() -> None:
    """A create never waits in the wire: its place was taken before it was written down that it would leave."""
    gate, wire = Gate(Pace([Limit(1)])), Wire()
    paced = Paced(wire, gate, ARMOX)
    assert 0.0 == gate.take("create")
    paced.send(CREATE)
    paced.send(CREATE)
    assert ["create", "create"] == wire.came


def test_who_waits_ends_with_the_work() -> None:
    """Closing ends the wait of whoever has no place, and the request goes out."""
    gate, wire = Gate(Pace([Limit(1)])), Wire()
    paced = Paced(wire, gate, ARMOX)
    paced.send(BALANCE)
    thread = threading.Thread(target=paced.send, args=(BALANCE,))
    thread.start()
    while not gate.pace.others:
        assert thread.is_alive()
    paced.close()
    thread.join(30)
    assert (False, 0, 2) == (thread.is_alive(), gate.pace.others, len(wire.came))


def test_creates_leave_a_place_to_whoever_waits() -> None:
    """An upload or a question about the account is not starved by a long run."""
    pace = Pace([Limit(2)])
    pace.others = 1
    assert 0.0 == pace.take(0.0, "create")
    assert pace.take(0.0, "create") > 0
    assert 0.0 == pace.take(0.0, "other")


def test_what_never_left_is_not_counted_and_what_was_lost_is() -> None:
    """A reply that is lost says nothing of whether the request has arrived."""
    gate = Gate(Pace([Limit(9)]))
    paced = Paced(Wire(NotSent("no network"), ReplyLost("broken")), gate, ARMOX)
    with pytest.raises(NotSent):
        paced.send(BALANCE)
    assert 0 == counted(gate)
    with pytest.raises(ReplyLost):
        paced.send(BALANCE)
    assert 1 == counted(gate)


def test_an_exchange_that_is_only_begun_is_counted_alike() -> None:
    """A transport with a loop of its own is paced as well; one without it does not seem to have it."""
    gate, heard = Gate(Pace([Limit(9)])), []
    paced: Any = Paced(Looped(HttpResponse(200, {}, b"{}"), NotSent("no network")), gate, ARMOX)
    for request in (STATUS, STATUS, PUT):
        paced.begin(request, lambda response, error: heard.append((response is not None, error is not None)))
    assert [(True, False), (False, True), (True, False)] == heard
    assert 1 == counted(gate)
    assert not hasattr(Paced(Wire(), gate, ARMOX), "begin")


@pytest.mark.parametrize(
    ("provider", "reply", "heard"),
    [
        (ARMOX, HttpResponse(200, {}, b"{}"), Heard()),
        (ARMOX, HttpResponse(404, {}, b"{}"), Heard()),
        (ARMOX, HttpResponse(502, {}, b"{}"), Heard("failed")),
        (ARMOX, HttpResponse(429, {}, b'{"error":"Rate limit exceeded"}'), Heard("refused", retry_after=60.0)),
        (ARMOX, HttpResponse(429, {"retry-after": "7"}, b"{}"), Heard("refused", retry_after=7.0)),
        (
            ARMOX,
            HttpResponse(
                429, {"retry-after": "Sat, 21 Nov 2026 10:00:02 GMT", "date": "Sat, 21 Nov 2026 10:00:00 GMT"}, b"{}"
            ),
            Heard("refused", retry_after=2.0),
        ),
        (APIXO, HttpResponse(200, {}, b'{"code":429,"message":"slow down","data":null}'), Heard("refused")),
        (APIXO, HttpResponse(200, {}, b'{"code":200,"data":{"taskId":"429","state":"pending"}}'), Heard()),
        (APIXO, HttpResponse(429, {}, b'{"code":429,"message":"3 tasks running"}'), Heard("refused", crowded=True)),
        (
            ARMOX,
            HttpResponse(200, {"x-ratelimit-limit": "60", "x-ratelimit-remaining": "59"}, b"{}"),
            Heard(told=Limit(60, 60.0, "told"), remaining=59),
        ),
        (
            ARMOX,
            HttpResponse(
                200, {"x-ratelimit-limit": "6", "x-ratelimit-remaining": "5", "ratelimit-policy": "6;w=1"}, b"{}"
            ),
            Heard(told=Limit(6, 1.0, "told"), remaining=5),
        ),
        (ARMOX, HttpResponse(200, {"x-ratelimit-limit": "0", "x-ratelimit-remaining": "0"}, b"{}"), Heard()),
    ],
)
def test_what_a_reply_means_for_the_pace(provider: Any, reply: HttpResponse, heard: Heard) -> None:
    """A refusal in the status or in the body, a broken service, a limit that is told; all else is an answer."""
    assert heard == heard_from(provider, reply)


@pytest.mark.parametrize(
    ("said", "jobs"),
    [
        ("Too many concurrent tasks", True),
        ("Concurrency limit reached (3)", True),
        ("You have 3 running tasks; please wait", True),
        ("A task is already running", True),
        ("Maximum parallel generations exceeded", True),
        ("2 jobs in progress", True),
        ("Too many requests", False),
        ("Rate limit exceeded", False),
        ("slow down", False),
        ("Limit is 60 requests per minute", False),
    ],
)
def test_words_that_speak_of_jobs(said: str, *, jobs: bool) -> None:
    """Whether it is the jobs under way that are too many, or the requests."""
    assert jobs is bool(JOBS_WORDS.search(said))


@pytest.mark.parametrize(
    "headers",
    [
        {"x-ratelimit-limit": "1000000", "x-ratelimit-remaining": "400000"},
        {"x-ratelimit-limit": "60", "x-ratelimit-remaining": "5", "ratelimit-policy": "60;w=0.0"},
        {"x-ratelimit-limit": "60", "x-ratelimit-remaining": "5", "ratelimit-policy": "60;w=604800"},
        {"x-ratelimit-limit": "60", "x-ratelimit-remaining": "5", "ratelimit-policy": "60;w=99999999999"},
    ],
)
def test_a_limit_that_binds_nobody_is_none(headers: dict[str, str]) -> None:
    """So many that nobody remembers them all, a window without a length, or one for which nobody waits: nothing is counted."""
    assert Heard() == heard_from(ARMOX, HttpResponse(200, headers, b"{}"))


def test_a_bug_of_the_pace_takes_no_reply_away(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever goes wrong when the pace is told of a reply, the reply comes to who asked, either way of sending."""
    gate, told = Gate(), []
    paced = Paced(Looped(), gate, ARMOX)

    def bad(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(gate, "end", bad)
    assert 200 == paced.send(CREATE).status
    paced.begin(CREATE, lambda response, error: told.append((response.status, error)))
    assert [(200, None)] == told
    assert 2 == caplog.text.count("unexpected error in an account's pace")


def test_a_receipt_that_has_no_place_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is there: what was listed is what it cost, and nobody waits a window for more."""
    monkeypatch.setattr(receipts, "QUICK", Timeouts(connect=0.2, read=0.2, whole=0.2))
    gate, wire = Gate(Pace([Limit(1)])), Wire()
    models = provider_class("apimodels")()
    lane = Lane(Realm("apimodels", "0" * 12), models, Paced(wire, gate, models), gate=gate)
    lane.transport.send(BALANCE)
    ended = threading.Event()

    def ask() -> None:
        assert receipts.read_receipt(lane, JobRef("job-1", "gemini-2.5-flash-image", "image")) is None
        ended.set()

    threading.Thread(target=ask, daemon=True).start()
    assert ended.wait(10)
    gate.closing.set()
    assert (["balance"], 0, 0) == (wire.came, gate.pace.others, lane.receiptless)
