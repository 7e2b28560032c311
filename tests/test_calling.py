"""What the engine makes of callbacks: one look at most for each job and moment, and never more than a look's word."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

import pytest

import notebookgen as ng
from notebookgen.errors import UnexpectedResponse
from notebookgen.jobs import calling, reconciling
from notebookgen.providers import Callback
from notebookgen.providers.signing import hmac_sha256, signature_holds
from notebookgen.records import JobRef
from notebookgen.webhooks import receiver as receiving
from notebookgen.wire import HttpResponse, json_request
from scripted import Held, Listless, Shop, Tailor, bench, idle, lost, reply, states, until, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from notebookgen.jobs.handle import RunHandle
    from notebookgen.jobs.ticket import Ticket
    from notebookgen.records import Generation, Job, Model
    from notebookgen.webhooks.receiver import Receiver
    from notebookgen.wire import HttpRequest
    from scripted import Bench

SECRET = "whsec_of_nobody"
PATIENCE = 20.0


class Caller(Listless):
    """The tailor, who calls back and signs nothing."""

    default_base_url: ClassVar[str] = "http://127.0.0.1/v1"

    def create(
        self, generation: Generation, sources: Mapping[str, str], model: Model | None, *, callback: str | None = None
    ) -> HttpRequest:
        payload = {"prompt": generation.prompt, **generation.settings}
        if callback is not None:
            payload["callback"] = callback
        return json_request(f"{self.base_url}/jobs", payload, purpose="create")

    def read_callback(self, headers: Mapping[str, str], body: bytes, *, secret: str | None) -> Callback | None:
        try:
            told = json.loads(body)
        except ValueError:
            return None
        if not isinstance(told, dict) or not isinstance(told.get("id"), str):
            return None
        job = self.read_status(HttpResponse(200, {}, body), JobRef(told["id"], "coat")) if "phase" in told else None
        return Callback(told["id"], signed=False, job=job)


class Signer(Caller):
    """The same, who signs."""

    signing_variable: ClassVar[str] = "TAILOR_WEBHOOK_SECRET"

    def read_callback(self, headers: Mapping[str, str], body: bytes, *, secret: str | None) -> Callback | None:
        if not secret or not signature_holds(secret, body, headers.get("x-signature", "")):
            return None
        told = super().read_callback(headers, body, secret=secret)
        return Callback(told.job_id, signed=True, job=told.job) if told is not None else None


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Listen for callbacks on this machine."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    with ng.webhooks(public_url=f"http://127.0.0.1:{port}/hook", port=port) as made:
        assert made.reached
        yield made


def address(shop: Shop, number: int = 0) -> str:
    """Return where a job is to be called about."""
    told: str = until(lambda: len(shop.jobs) > number and shop.jobs[number])["sent"]["callback"]
    return told


def call(url: str, told: object, *, secret: str | None = None) -> int:
    """Call back; return the status of the answer."""
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
    try:
        connection.request("POST", parts.path, body, {"X-Signature": hmac_sha256(secret, body)} if secret else {})
        return connection.getresponse().status
    finally:
        connection.close()


def settled(made: Bench, receiver: Receiver, number: int) -> dict[str, int]:
    """Wait until so many callbacks were made something of, and the engine has done what came of them; return the counts."""
    until(lambda: sum(receiver.counts.values()) >= number)
    made.engine.call(lambda: None)
    return receiver.counts


def ticket(made: Bench, generation: Generation) -> Ticket:
    """Return what the engine has in hand."""
    return made.engine._core.tickets[generation.id]


def submitted(made: Bench, generation: Generation) -> Ticket:
    """Wait until a job is accepted."""
    until(lambda: made.row(generation).state == "submitted")
    return ticket(made, generation)


def test_a_called_job_is_looked_at_once_and_taken_home(tmp_path: Path, receiver: Receiver) -> None:
    """An unsigned callback leads to one status request, whose answer is what counts."""
    shop = idle()
    with bench(tmp_path, shop, Caller()) as made:
        handle = made.start(wanted())
        url = address(shop)
        assert url.startswith(f"{receiver.url}/tailor/")
        submitted(made, wanted())
        shop.finish(shop.jobs[0])
        assert 200 == call(url, {"id": "job-1", "phase": "failed", "error": "so says the callback"})
        assert handle.wait(PATIENCE)
        assert ["saved"] == states(handle)
        assert (1, {"used": 1}) == (shop.seen["status"], settled(made, receiver, 1))


def test_however_many_calls_come_looks_are_few(tmp_path: Path, receiver: Receiver) -> None:
    """A flood of calls about a job that goes on leads to one look, and to another one only after a while."""
    shop = idle()
    with bench(tmp_path, shop, Caller()) as made:
        made.start(wanted())
        url = address(shop)
        submitted(made, wanted())
        for _ in range(30):
            assert 200 == call(url, {"id": "job-1"})
        counts = settled(made, receiver, 30)
        assert (1, 1, 29) == (shop.seen["status"], counts["used"], counts["repeated"])
        assert "submitted" == made.row(wanted()).state


def test_calls_that_come_soon_after_a_look_lead_to_one_more(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A true call right behind a false one is not lost: the job is looked at again, after a while, once."""
    monkeypatch.setattr(calling, "LOOK_EVERY", 0.3)
    shop = idle()
    with bench(tmp_path, shop, Caller()) as made:
        handle = made.start(wanted())
        url = address(shop)
        submitted(made, wanted())
        call(url, b"noise")
        settled(made, receiver, 1)
        until(lambda: shop.seen.get("status") == 1)
        shop.finish(shop.jobs[0])
        for _ in range(5):
            call(url, {"id": "job-1", "phase": "completed"})
        assert handle.wait(PATIENCE)
        assert (["saved"], 2) == (states(handle), shop.seen["status"])


@pytest.mark.parametrize(
    "noise", [b"", b"noise", b"[" * 100_000, b'{"id": 5}', b'{"id": "job-1", "phase": "no such phase"}', b'{"job": {}}']
)
def test_noise_at_a_jobs_own_address_moves_nothing(tmp_path: Path, receiver: Receiver, noise: bytes) -> None:
    """What cannot be read makes us look at that job once, and writes nothing."""
    shop = idle()
    with bench(tmp_path, shop, Caller()) as made:
        made.start(wanted())
        url = address(shop)
        submitted(made, wanted())
        before = made.row(wanted())
        assert 200 == call(url, noise)
        settled(made, receiver, 1)
        until(lambda: shop.seen.get("status") == 1)
        assert before == made.row(wanted())


def test_calls_about_other_jobs_and_jobs_that_go_on_are_no_reason_to_look(tmp_path: Path, receiver: Receiver) -> None:
    """Another job's id at this job's address, and "still running", are counted and left alone."""
    shop = idle()
    with bench(tmp_path, shop, Caller()) as made:
        made.start(wanted())
        url = address(shop)
        submitted(made, wanted())
        call(url, {"id": "job-2", "phase": "completed"})
        call(url, {"id": "job-1", "phase": "running"})
        assert {"other job": 1, "still running": 1} == settled(made, receiver, 2)
        assert "status" not in shop.seen
        shop.finish(shop.jobs[0])
        call(url, {"id": "job-1", "phase": "running"})
        call(url, {"id": "job-1", "phase": "completed"})  # right behind the other: it is heard as well
        until(lambda: made.row(wanted()).state == "saved")
        assert 1 == shop.seen["status"]


def test_a_guessed_token_and_another_services_name_are_nobodys(tmp_path: Path, receiver: Receiver) -> None:
    """Without the token of a job, or with it at another provider's path, nothing is looked at."""
    shop = idle()
    with bench(tmp_path, shop, Caller()) as made:
        made.start(wanted())
        url = address(shop)
        submitted(made, wanted())
        token = url.rpartition("/")[2]
        turned = ("B" if token[0] == "A" else "A") + token[1:]
        call(url.replace(token, turned), {"id": "job-1", "phase": "completed"})
        call(url.replace("/tailor/", "/armox/"), {"id": "job-1", "phase": "completed"})
        assert {"unknown": 2} == settled(made, receiver, 2)
        assert "status" not in shop.seen


def test_what_is_signed_needs_no_look(tmp_path: Path, receiver: Receiver) -> None:
    """A signature that holds makes the payload the answer to a look; the cost is the one that the create has told."""
    shop = idle()
    with bench(tmp_path, shop, Signer()) as made:
        made.lane.signing = lambda: SECRET
        handle = made.start(wanted())
        url = address(shop)
        submitted(made, wanted())
        call(url, {"id": "job-1", "phase": "completed", "texts": ["made"]}, secret=SECRET)
        assert handle.wait(PATIENCE)
        assert (["saved"], "0.5 USD") == (states(handle), str(handle.row(0).cost))
        assert "status" not in shop.seen


def test_what_is_signed_with_another_secret_is_left_alone(tmp_path: Path, receiver: Receiver) -> None:
    """Forged, unsigned, or changed on the way: counted, and not even a reason to look."""
    shop = idle()
    with bench(tmp_path, shop, Signer()) as made:
        made.lane.signing = lambda: SECRET
        made.start(wanted())
        url = address(shop)
        submitted(made, wanted())
        for secret in (None, "whsec_guessed"):
            call(url, {"id": "job-1", "phase": "completed", "texts": ["forged"]}, secret=secret)
        assert {"forged": 2} == settled(made, receiver, 2)
        assert ("submitted", False) == (made.row(wanted()).state, "status" in shop.seen)


def test_a_signed_payload_of_another_job_is_worth_nothing(tmp_path: Path, receiver: Receiver) -> None:
    """Played again at another job's address, what was once signed names the wrong job; at its own, the job is over."""
    shop = idle()
    with bench(tmp_path, shop, Signer()) as made:
        made.lane.signing = lambda: SECRET
        first = made.start(wanted("a coat"))
        mine = address(shop)
        submitted(made, wanted("a coat"))
        made.start(wanted("a hat"))
        other = address(shop, 1)
        submitted(made, wanted("a hat"))
        told = {"id": "job-1", "phase": "completed", "texts": ["made"]}
        call(mine, told, secret=SECRET)
        assert first.wait(PATIENCE)
        before = made.row(wanted("a coat"))
        call(other, told, secret=SECRET)
        call(mine, told, secret=SECRET)
        assert {"used": 1, "other job": 1, "unawaited": 1} == settled(made, receiver, 3)
        assert (before, "submitted") == (made.row(wanted("a coat")), made.row(wanted("a hat")).state)
        assert "status" not in shop.seen


@pytest.mark.parametrize(
    "told",
    [
        {"id": "job-1", "phase": "failed", "error": "no"},
        {"id": "job-1", "phase": "completed"},
        {"id": "JOB-1", "phase": "cancelled"},
    ],
)
def test_a_signed_payload_that_tells_too_little_leads_to_a_look(
    tmp_path: Path, receiver: Receiver, told: dict[str, Any]
) -> None:
    """How a job failed and what that cost, or what it made where the payload names nothing, is asked for once."""
    shop = idle()
    with bench(tmp_path, shop, Signer()) as made:
        made.lane.signing = lambda: SECRET
        handle = made.start(wanted())
        url = address(shop)
        submitted(made, wanted())
        shop.finish(shop.jobs[0])
        call(url, told, secret=SECRET)
        assert handle.wait(PATIENCE)
        assert (["saved"], 1) == (states(handle), shop.seen["status"])


@pytest.mark.parametrize("signed", [False, True])
def test_a_call_before_the_reply_to_the_create_is_remembered(tmp_path: Path, receiver: Receiver, signed: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """It is used as soon as it is known that there is a job, and which one."""
    shop = idle()
    held = Held(shop, accepted=True)
    shop.orders.append(held)
    with bench(tmp_path, shop, Signer() if signed else Caller()) as made:
        made.lane.signing = lambda: SECRET if signed else None
        handle = made.start(wanted())
        url = address(shop)
        shop.finish(shop.jobs[0])
        call(url, shop.jobs[0], secret=SECRET if signed else None)
        assert {"early": 1} == settled(made, receiver, 1)
        assert "intent" == made.row(wanted()).state
        held.go.set()
        assert handle.wait(PATIENCE)
        assert (["saved"], 0 if signed else 1) == (states(handle), shop.seen.get("status", 0))


def test_an_early_call_about_another_job_is_forgotten(tmp_path: Path, receiver: Receiver) -> None:
    """Once the job's name is known, what was said of another one before counts for nothing."""
    shop = idle()
    held = Held(shop, accepted=True)
    shop.orders.append(held)
    with bench(tmp_path, shop, Caller()) as made:
        made.start(wanted())
        call(address(shop), {"id": "job-9", "phase": "completed"})
        settled(made, receiver, 1)
        held.go.set()
        submitted(made, wanted())
        made.engine.call(lambda: None)
        assert "status" not in shop.seen


def test_calls_after_the_end_change_nothing(tmp_path: Path, receiver: Receiver) -> None:
    """What comes when the file is here is counted, and that is all."""
    shop = idle()
    with bench(tmp_path, shop, Caller()) as made:
        handle = made.start(wanted())
        url = address(shop)
        submitted(made, wanted())
        shop.finish(shop.jobs[0])
        call(url, shop.jobs[0])
        assert handle.wait(PATIENCE)
        before = made.row(wanted())
        for _ in range(3):
            call(url, {"id": "job-1", "phase": "failed", "error": "late"})
        assert {"used": 1, "unawaited": 3} == settled(made, receiver, 4)
        assert (before, 1) == (made.row(wanted()), shop.seen["status"])


def test_the_content_is_the_same_with_a_callback_and_without(tmp_path: Path, receiver: Receiver) -> None:
    """The address is no part of what is bought: asked for without, it is given back and costs nothing."""
    shop = Shop()
    shop.instant = True
    with bench(tmp_path, shop, Caller()) as made:
        first = made.bring(wanted())
        assert address(shop)
        receiver.stop()
        again = made.bring(wanted())
        assert (first.row(0).generation.id, 1) == (again.row(0).generation.id, shop.seen["create"])


def test_who_reads_no_callbacks_is_asked_for_none(tmp_path: Path, receiver: Receiver) -> None:
    """An adapter without ``read_callback`` builds the same request as ever, and its jobs are looked at as usual."""
    shop = idle()
    with bench(tmp_path, shop, Tailor()) as made:
        made.start(wanted())
        assert not submitted(made, wanted()).called_back
        assert {"prompt": "a coat"} == shop.jobs[0]["sent"]


def test_a_lost_reply_is_found_again_by_the_call_about_its_job(tmp_path: Path, receiver: Receiver) -> None:
    """Where no list tells, the call does: its token is that create's alone. The job is asked about, adopted and saved."""
    shop = idle()
    shop.orders.append("lost after")
    with bench(tmp_path, shop, Caller()) as made:
        handle = made.bring(wanted())
        assert ["ambiguous"] == states(handle)
        shop.finish(shop.jobs[0])
        call(address(shop), {"id": "job-7", "phase": "completed"})
        settled(made, receiver, 1)
        until(lambda: shop.seen.get("status") == 1)
        made.engine.call(lambda: None)
        assert ("ambiguous", None) == (made.row(wanted()).state, made.row(wanted()).job)
        made.engine._core.calls._tickets[address(shop).rpartition("/")[2]].call.looks_at = 0.0  # type: ignore[union-attr]  # later
        call(address(shop), shop.jobs[0])
        until(lambda: made.row(wanted()).state == "saved")
        assert any("has called about job job-1" in note for note in handle.snapshot().notes)
        again = made.bring(wanted())
        assert (["saved"], 1) == (states(again), shop.seen["create"])
        call(address(shop), shop.jobs[0])
        assert 1 == settled(made, receiver, 3)["used"] - 1


def made_and_lost(shop: Shop) -> threading.Event:
    """Have the next create accepted and made, and its reply lost when the event is set."""
    gate = threading.Event()

    def order(request: HttpRequest) -> HttpResponse:
        shop.accept(request)
        shop.finish(shop.jobs[-1])
        gate.wait(PATIENCE)
        raise lost()

    shop.orders.append(order)
    return gate


def test_a_call_that_came_before_a_reply_that_is_lost_settles_it(tmp_path: Path, receiver: Receiver) -> None:
    """What was said early is enough to know which job it became."""
    shop = idle()
    gate = made_and_lost(shop)
    with bench(tmp_path, shop, Caller()) as made:
        made.start(wanted())
        call(address(shop), {"id": "job-1", "phase": "completed"})
        settled(made, receiver, 1)
        gate.set()
        until(lambda: made.row(wanted()).state == "saved")
        assert (1, 1) == (shop.seen["create"], len(shop.jobs))


def test_where_a_list_tells_a_call_does_not_settle_a_lost_create(tmp_path: Path, receiver: Receiver) -> None:
    """The list is the better witness; the call is left alone."""

    class Lister(Caller):
        job_list_limit: ClassVar[int] = 100

    shop = idle()
    shop.orders.append("lost after")
    with bench(tmp_path, shop, Lister()) as made:
        made.start(wanted())
        call(address(shop), {"id": "job-1", "phase": "running"})
        settled(made, receiver, 1)
        until(lambda: shop.seen.get("list"))
        assert 1 == shop.seen["create"]


class Far(Caller):
    """A service out there."""

    default_base_url: ClassVar[str] = "https://tailor.example/v1"


class Strict(Far):
    """Another one, which calls https addresses only."""

    callbacks_need_https: ClassVar[bool] = True


@pytest.mark.parametrize(
    ("provider", "url", "why"),
    [
        (Far, "http://127.0.0.1:1/hook", "reaches this machine or its network only"),
        (Strict, "http://name.example.com/hook", "is no https address"),
        (Far, "http://name.example.com/hook", None),
        (Strict, "https://name.example.com/hook", None),
    ],
)
def test_an_address_that_a_service_cannot_call_is_not_sent_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: type[Caller], url: str, why: str | None
) -> None:
    """The create goes without, the jobs are looked at as usual, and the run says so, once."""
    monkeypatch.setattr(receiving, "PROBE_SECONDS", 0.0)
    monkeypatch.setattr(receiving, "call_ourselves", lambda _: None)  # a name that nobody has
    shop = idle()
    with ng.webhooks(public_url=url), bench(tmp_path, shop, provider()) as made:
        handle = made.start(wanted("a coat"), wanted("a hat"))
        until(lambda: len(shop.jobs) == 2)
        assert [why is None] * 2 == ["callback" in one["sent"] for one in shop.jobs]
        notes = [one for one in handle.snapshot().notes if "cannot call back" in one]
        assert ([] if why is None else 1) == ([] if not notes else len(notes))
        assert why is None or why in notes[0]


def test_until_something_has_come_to_the_address_jobs_are_looked_at_as_usual(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that may lead nowhere is told to the service, and nobody waits for it; the first call changes that."""
    monkeypatch.setattr(receiving, "PROBE_SECONDS", 0.0)
    shop = idle()
    with ng.webhooks(public_url="http://127.0.0.1:1/hook") as lost, bench(tmp_path, shop, Caller()) as made:
        made.start(wanted("a coat"))
        assert not submitted(made, wanted("a coat")).called_back
        call(address(shop).replace(":1/", f":{lost.port}/"), {"id": "job-1", "phase": "running"})
        settled(made, lost, 1)
        made.start(wanted("a hat"))
        assert submitted(made, wanted("a hat")).called_back


def test_where_calls_do_not_come_they_are_not_waited_for(tmp_path: Path, receiver: Receiver) -> None:
    """Three jobs in a row that a late look finds over: from then on looks go on as usual, and the run says so."""
    shop = idle()
    with bench(tmp_path, shop, Caller()) as made:
        generations = [wanted(f"coat {number}") for number in range(5)]
        handle = made.start(*generations)
        tickets = [submitted(made, one) for one in generations]
        assert [True] * 5 == [one.called_back for one in tickets]
        for job in shop.jobs:
            if job["sent"]["prompt"] != "coat 4":
                shop.finish(job)
        for one in tickets[:3]:
            made.engine.call(lambda one=one: made.engine._watching.look(one))  # type: ignore[misc]  # the one of this turn
        until(lambda: sum(state == "saved" for state in states(handle)) >= 3)
        assert [False, False] == [one.called_back for one in tickets[3:]]
        assert ["Tailor has not called back"] == [one[:26] for one in handle.snapshot().notes if "called back" in one]
        made.start(wanted("a hat"))
        assert not submitted(made, wanted("a hat")).called_back
        last = next(one for one in shop.jobs if one["sent"]["prompt"] == "coat 4")["sent"]["callback"]
        call(last, {"id": "x"})
        assert {"other job": 1} == settled(made, receiver, 1)
        call(last, b"noise")
        assert 1 == settled(made, receiver, 2)["used"]
        made.start(wanted("a scarf"))
        assert submitted(made, wanted("a scarf")).called_back


def test_a_job_that_we_cancel_is_no_call_that_did_not_come(tmp_path: Path, receiver: Receiver) -> None:
    """Who cancels is told at once, and nobody is called back about it."""
    shop = idle()
    with bench(tmp_path, shop, Caller()) as made:
        generations = [wanted(f"coat {number}") for number in range(4)]
        handle = made.start(*generations)
        for one in generations:
            submitted(made, one)
        made.engine.cancel(handle.id).result(PATIENCE)
        assert handle.wait(PATIENCE)
        assert ["cancelled"] * 4 == states(handle)
        made.start(wanted("a hat"))
        assert submitted(made, wanted("a hat")).called_back


def test_where_the_receiver_stops_looks_go_on_as_usual(tmp_path: Path, receiver: Receiver) -> None:
    """Nobody waits for calls that nobody hears."""
    shop = idle()
    with bench(tmp_path, shop, Caller()) as made:
        handle = made.start(wanted())
        one = submitted(made, wanted())
        assert one.called_back
        shop.finish(shop.jobs[0])
        receiver.stop()
        assert handle.wait(PATIENCE)
        assert (["saved"], False) == (states(handle), one.called_back)


def test_a_later_kernel_hears_calls_at_the_addresses_of_an_earlier_one(tmp_path: Path, receiver: Receiver) -> None:
    """A token is made of what the ledger has, so that a call finds its job again; the looks do not wait for it."""
    shop = idle()
    with bench(tmp_path, shop, Caller()) as made:
        made.start(wanted())
        url = address(shop)
        submitted(made, wanted())
    with bench(tmp_path, shop, Caller()) as made:
        handle = made.engine.resume()
        until(lambda: shop.seen.get("status"))
        assert not submitted(made, wanted()).called_back
        shop.finish(shop.jobs[0])
        call(url, shop.jobs[0])
        assert handle.wait(PATIENCE)
        assert (["saved"], {"used": 1}) == (states(handle), settled(made, receiver, 1))


def test_a_receiver_that_starts_later_hears_about_what_was_taken_up_before(tmp_path: Path, receiver: Receiver) -> None:
    """Started after the ledger was opened, it is as good."""
    shop = idle()
    with bench(tmp_path, shop, Caller()) as made:
        made.start(wanted())
        url = address(shop)
        submitted(made, wanted())
    receiver.stop()
    with bench(tmp_path, shop, Caller()) as made:
        handle = made.engine.resume()
        submitted(made, wanted())
        with ng.webhooks(public_url=receiver.url, port=receiver.port) as again:
            made.engine.call(lambda: None)
            shop.finish(shop.jobs[0])
            call(url, shop.jobs[0])
            assert handle.wait(PATIENCE)
            assert {"used": 1} == settled(made, again, 1)


def test_tokens_of_what_is_over_are_forgotten(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long run holds no more of them than jobs are under way, give or take."""
    monkeypatch.setattr(calling, "FEW", 8)
    shop = Shop()
    shop.instant = True
    with bench(tmp_path, shop, Caller()) as made:
        made.engine._core.calls._most = 8
        for number in range(60):
            made.bring(wanted(f"coat {number}"))
        assert len(made.engine._core.calls._tickets) <= 16


def test_a_secret_that_cannot_be_kept_lasts_as_long_as_the_kernel(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the file cannot be written, jobs are called back all the same."""

    def full(_home: Path) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(calling, "home_secret", full)
    shop = idle()
    with bench(tmp_path, shop, Caller()) as made:
        handle = made.start(wanted())
        url = address(shop)
        submitted(made, wanted())
        shop.finish(shop.jobs[0])
        call(url, shop.jobs[0])
        assert handle.wait(PATIENCE)
        assert ["saved"] == states(handle)


def test_calls_from_many_sides_at_once_do_no_harm(tmp_path: Path, receiver: Receiver) -> None:
    """Twenty jobs, each called about five times at once: each is looked at once and saved."""
    shop = idle()
    with bench(tmp_path, shop, Caller(), concurrency=20) as made:
        handle = made.start(*(wanted(f"coat {number}") for number in range(20)))
        until(
            lambda: (
                len(shop.jobs) == 20
                and all(made.row(wanted(f"coat {number}")).state == "submitted" for number in range(20))
            )
        )
        for job in shop.jobs:
            shop.finish(job)
        threads = [
            threading.Thread(target=call, args=(job["sent"]["callback"], {"id": job["id"], "phase": "completed"}))
            for job in shop.jobs * 5
        ]
        for one in threads:
            one.start()
        for one in threads:
            one.join(PATIENCE)
        assert handle.wait(PATIENCE)
        assert (["saved"] * 20, 20) == (states(handle), shop.seen["status"])


def test_who_was_called_about_a_lost_create_does_not_send_it_again(tmp_path: Path, receiver: Receiver) -> None:
    """Sending again is for what nobody knows the fate of: a call that came before the reply was lost tells it."""
    shop = idle()
    gate = made_and_lost(shop)
    with bench(tmp_path, shop, Caller()) as made:
        handle = made.start(wanted())
        handle.resubmits = True
        call(address(shop), {"id": "job-1", "phase": "completed"})
        settled(made, receiver, 1)
        gate.set()
        until(lambda: made.row(wanted()).state == "saved" or shop.seen["create"] > 1)
        assert (1, 1) == (shop.seen["create"], len(shop.jobs))
        assert handle.wait(PATIENCE)
        assert ["saved"] == states(handle)


# Called about while it waits to be sent again -------------------------------------------------------------------------


def waits_for_its_place(made: Bench, shop: Shop) -> tuple[Held, RunHandle]:
    """Lose the reply to a create, and have it wait to be sent again behind another one that has the only place."""
    gate, hat = made_and_lost(shop), Held(shop)
    shop.orders.append(hat)
    handle = made.start(wanted(), wanted("a hat"))
    handle.resubmits = True
    gate.set()
    assert hat.came.wait(PATIENCE)
    until(lambda: made.asked(lambda _: ticket(made, wanted()).again is not None))
    return hat, handle


@pytest.mark.parametrize("phase", ["completed", "running"])
def test_a_call_stops_what_waits_to_be_sent_again(tmp_path: Path, receiver: Receiver, phase: str) -> None:
    """The job of the first create exists, so nothing is sent again: that job is the row's, in the run that waits for it."""
    shop = idle()
    with bench(tmp_path, shop, Caller(), concurrency=1) as made:
        hat, handle = waits_for_its_place(made, shop)
        call(address(shop), {"id": "job-1", "phase": phase})
        until(lambda: made.row(wanted()).state == "saved")
        assert {"used": 1} == receiver.counts
        hat.go.set()
        until(lambda: made.row(wanted("a hat")).state == "submitted")
        shop.finish(shop.jobs[1])
        call(address(shop, 1), shop.jobs[1])
        assert handle.wait(PATIENCE)
        assert (["saved", "saved"], 2) == (states(handle), shop.seen["create"])
        assert 1 == sum("has called about job job-1" in note for note in handle.snapshot().notes)


def test_the_job_of_a_create_is_the_runs_that_has_paid_for_it(tmp_path: Path, receiver: Receiver) -> None:
    """Whoever was to pay for sending it again pays nothing: the first create stands in the ledger with its own run."""
    shop = idle()
    with bench(tmp_path, shop, Caller(), concurrency=1) as made:
        hat, handle = waits_for_its_place(made, shop)
        other = made.start(wanted())
        other.resubmits = True
        handle.stop()
        until(lambda: made.asked(lambda _: ticket(made, wanted()).run == other.id))
        shop.finish(shop.jobs[0])
        call(address(shop), shop.jobs[0])
        assert other.wait(PATIENCE)
        assert ["saved"] == states(other)
        assert handle.id == made.row(wanted()).run
        assert {} == {unit: amount for unit, amount in other.spent.items() if amount}
        hat.go.set()


@pytest.mark.parametrize(
    ("told", "why"), [({"id": "job-9"}, "could not be adopted"), ({"id": "job-2"}, "was not sent again")]
)
def test_a_call_that_names_no_job_of_ours_leaves_it_for_a_person(
    tmp_path: Path, receiver: Receiver, told: dict[str, str], why: str
) -> None:
    """Something was accepted, so nothing is sent again; which job it is cannot be told, and it stays in doubt."""
    shop = idle()
    with bench(tmp_path, shop, Caller(), concurrency=1) as made:
        hat, handle = waits_for_its_place(made, shop)
        hat.go.set()
        until(lambda: made.row(wanted("a hat")).state == "submitted")
        call(address(shop), told)
        until(lambda: states(handle)[0] == "ambiguous" and handle.row(0).done)
        assert why in str(handle.row(0).error)
        shop.finish(shop.jobs[1])
        call(address(shop, 1), shop.jobs[1])
        assert handle.wait(PATIENCE)
        assert (["ambiguous", "saved"], 2) == (states(handle), shop.seen["create"])


@pytest.mark.parametrize("lists", [False, True])
def test_a_call_stops_what_a_person_has_sent_again(
    tmp_path: Path,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    lists: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """The same where a person has said so, whether or not there is a list: that could tell nothing."""

    class Blind(Caller):
        job_list_limit: ClassVar[int] = 100 if lists else 0

        def read_jobs(self, response: HttpResponse) -> tuple[Job, ...]:
            message = "no list"
            raise UnexpectedResponse(message)

    monkeypatch.setattr(reconciling, "LOOKS_THAT_FAIL", 1)
    shop = idle()
    shop.orders.append("lost after")
    with bench(tmp_path, shop, Blind(), concurrency=1) as made:
        assert ["ambiguous"] == states(made.bring(wanted()))
        hat = Held(shop)
        shop.orders.append(hat)
        made.start(wanted("a hat"))
        assert hat.came.wait(PATIENCE)
        handle = made.engine.resolve(wanted().id, "resubmit")
        until(lambda: made.asked(lambda _: ticket(made, wanted()).again is not None))
        shop.finish(shop.jobs[0])
        call(address(shop), shop.jobs[0])
        assert handle.wait(PATIENCE)
        assert (["saved"], 2) == (states(handle), shop.seen["create"])
        hat.go.set()


def test_what_is_refused_the_second_time_is_still_called_about(tmp_path: Path, receiver: Receiver) -> None:
    """A create that is not accepted takes nothing of what is known of the one before: its address still leads to it."""
    shop = idle()
    gate = made_and_lost(shop)
    late = Held(shop, reply(429, {"error": "too many"}, **{"Retry-After": "120"}))
    shop.orders.append(late)
    with bench(tmp_path, shop, Caller()) as made:
        handle = made.start(wanted())
        handle.resubmits = True
        gate.set()
        assert late.came.wait(PATIENCE)
        late.go.set()
        until(lambda: made.asked(lambda _: ticket(made, wanted()).again is not None))
        call(address(shop), shop.jobs[0])
        assert handle.wait(PATIENCE)
        assert (["saved"], 2) == (states(handle), shop.seen["create"])
