"""Being called back by the three services, played in a process of their own: counted on their side, over real HTTP."""

from __future__ import annotations

import http.client
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

import notebookgen as ng
from notebookgen.client import default_client
from notebookgen.sandbox import Fault, spawn
from notebookgen.webhooks import receiver as receiving
from provider_side import MODELS, Customer
from sandbox_talk import until
from three_services import PATIENCE, QUICK, SMALL, numbered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from notebookgen.sandbox import Handle
    from notebookgen.webhooks.receiver import Receiver

SERVICES = tuple(MODELS)
SECRET = "whsec_of_the_class"
PLAIN: dict[str, Any] = {"seconds": QUICK, "callback_faults": [], "callback_late": 0, "misbehave": [], "durations": []}


@pytest.fixture(scope="module")
def box() -> Iterator[Handle]:
    """Start the three services in another process; every one of their jobs takes a moment."""
    with spawn(pixels=SMALL, immediate=False, webhook_secret=SECRET, callback_delays=[0.2], **PLAIN) as handle:
        yield handle


@pytest.fixture
def customer(box: Handle, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Customer]:
    """Return a person with an account at each service; the secret of Armox is at hand."""
    made = Customer(box, home)
    for name, value in made.variables().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ARMOX_WEBHOOK_SECRET", SECRET)
    ng.configure(settle=0.3)
    yield made
    default_client().close()
    box.configure(**PLAIN)


def free_port() -> int:
    """Return a port that nobody has just now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def listening(path: str = "", port: int = 0) -> Iterator[Receiver]:
    """Listen at an address that the services in the other process reach."""
    port = port or free_port()
    with ng.webhooks(public_url=f"http://127.0.0.1:{port}{path}", port=port) as one:
        assert one.reached
        yield one


class Side:
    """How many requests came on the service's side, since this was made."""

    def __init__(self, box: Handle, service: str) -> None:
        self.box, self.service = box, service
        self.before = self._counts()

    def _counts(self) -> dict[str, int]:
        routes = self.box.state()["requests"]
        return {
            route.split()[1]: sum(each.values()) for route, each in routes.items() if route.startswith(self.service)
        }

    def came(self, purpose: str) -> int:
        return self._counts().get(purpose, 0) - self.before.get(purpose, 0)


def bought(service: str, rows: int, word: str = "fox") -> ng.Results:
    """Buy so many rows."""
    return ng.map(numbered(rows), f"{word} {{n}}", model=MODELS[service], max_new=rows, timeout=PATIENCE)


def statuses(results: ng.Results) -> set[str]:
    """Return how the rows stand."""
    return set(results.frame["gen_status"].to_list())


def told(box: Handle) -> list[dict[str, Any]]:
    """Return what the services noted of the callbacks they sent."""
    found: list[dict[str, Any]] = box.state()["callbacks"]
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("service", "signed"), [("armox", True), ("armox", False), ("apimodels", False), ("apixo", False)]
)
def test_a_row_costs_a_create_and_at_most_one_look(
    customer: Customer,
    monkeypatch: pytest.MonkeyPatch,
    service: str,
    signed: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Signed: no look at all. Unsigned: one, and none beside it; a tenth more for backstops where the machine is slow."""
    if not signed:
        monkeypatch.delenv("ARMOX_WEBHOOK_SECRET")
    customer.box.configure(seconds=(1.0, 1.5))
    rows, side = 40, Side(customer.box, service)
    with listening("/hook") as receiver:
        results = bought(service, rows)
        assert {"saved"} == statuses(results)
        assert rows == side.came("create")
        looks = side.came("status") + side.came("list")
        assert looks <= (0 if signed else rows) + rows // 10
        until(lambda: sum(receiver.counts.values()) >= rows)
        assert {"used", "early", "unawaited"} >= receiver.counts.keys()
    sent = customer.bought(service)
    assert rows == len(sent)


@pytest.mark.parametrize("service", SERVICES)
def test_every_job_has_an_address_of_its_own_in_its_services_own_field(customer: Customer, service: str) -> None:
    """The field of each service's page; an address is never used twice, and holds nothing of key, prompt or ledger."""
    field = {"armox": "webhook_url", "apimodels": "callback_url", "apixo": "callback_url"}[service]
    with listening("/user/a/proxy/8765") as receiver:
        bought(service, 3)
        bodies = [one["body"] for one in customer.bought(service)]
    addresses = [one[field] for one in bodies]
    assert 3 == len(set(addresses))
    assert all(one.startswith(f"{receiver.url}/{service}/") for one in addresses)
    assert all(len(one.rpartition("/")[2]) == 43 for one in addresses)
    if service == "apixo":
        assert {"callback"} == {one["request_type"] for one in bodies}
    with listening() as other:
        again = bought(service, 3)
        assert ({"saved"}, 3) == (statuses(again), len(customer.bought(service)))
        assert {} == other.counts
    ng.map(numbered(1), "a hare {n}", model=MODELS[service], max_new=1)
    assert field not in customer.bought(service)[-1]["body"]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("faults", [["duplicate"], ["forged"], ["early"], ["early", "forged", "duplicate"]])
def test_callbacks_that_go_wrong_do_no_harm(customer: Customer, service: str, faults: list[str]) -> None:
    """Twice, forged before the true one, or before the reply to the create: every row is bought once and is saved."""
    customer.box.configure(callback_faults=faults)
    rows, side = 6, Side(customer.box, service)
    with listening() as receiver:
        results = bought(service, rows)
        assert {"saved"} == statuses(results)
        assert rows == len(customer.bought(service))
        assert side.came("status") <= (0 if service == "armox" else rows) + 1
        sent = len([one for one in told(customer.box) if str(receiver.port) in one["url"]])
        until(lambda: sum(receiver.counts.values()) >= sent)
        counts = receiver.counts
    if "early" in faults:
        assert counts["early"] >= 1
    if "forged" in faults and service == "armox" and "early" not in faults:
        assert rows == counts["forged"]


@pytest.mark.slow
@pytest.mark.parametrize("service", SERVICES)
def test_callbacks_that_come_late_buy_and_change_nothing(
    customer: Customer, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    """At an address that nothing has come to, looks go on as usual; what comes there after the end is left alone."""
    monkeypatch.setattr(receiving, "PROBE_SECONDS", 0.0)
    monkeypatch.setattr(receiving, "call_ourselves", lambda _: None)
    customer.box.configure(callback_late=4)
    port, rows = free_port(), 2
    with ng.webhooks(public_url=f"http://127.0.0.1:{port}", port=port) as receiver:
        assert not receiver.reached
        results = bought(service, rows, "late")
        assert {"saved"} == statuses(results)
        before = ng.ledger().frame()
        until(lambda: sum(receiver.counts.values()) >= rows)
        assert {"used", "unawaited"} >= receiver.counts.keys()
        default_client()._house.engine.call(lambda: None)
        assert before.equals(ng.ledger().frame())
        assert rows == len(customer.bought(service))


@pytest.mark.parametrize("service", SERVICES)
def test_hostile_calls_write_nothing_and_make_nobody_ask_often(customer: Customer, service: str) -> None:
    """Whoever knows one job's address makes us look at that job now and then; whoever does not, not even that."""
    customer.box.configure(seconds=60)
    side = Side(customer.box, service)
    with listening("/hook") as receiver:
        results = ng.map(numbered(2), "hostile {n}", model=MODELS[service], max_new=2, background=True)
        until(lambda: all(str(row.state) == "submitted" for row in results.handle.rows()))
        bodies = [one["body"] for one in customer.bought(service)]
        mine, other = (
            next(value for name, value in one.items() if name in {"webhook_url", "callback_url"}) for one in bodies
        )
        before = ng.ledger().frame()
        jobs = [row.job for row in results.handle.rows()]
        true = {
            "job": {"id": jobs[0], "status": "completed", "output": {"outputImage": "http://127.0.0.1/x.png"}},
            "data": {"taskId": jobs[0], "state": "completed", "resultJson": None},
        }
        for url in (mine, other, mine[:-3] + "AAA", mine.replace(service, "tailor")):
            for body in (b"", b"{", b"[" * 100_000, b"\xff", repr(true).encode(), b" " * 1_200_000):
                for method in ("POST", "GET", "PUT"):
                    assert posted(url, body, method) in {200, 405, 413}
        until(lambda: sum(receiver.counts.values()) >= 72)
        default_client()._house.engine.call(lambda: None)
        assert side.came("status") <= 2
        assert before.equals(ng.ledger().frame())
        results.cancel()


def posted(url: str, body: bytes, method: str = "POST", headers: dict[str, str] | None = None) -> int:
    """Send something to an address; return the status of the answer."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
    try:
        connection.request(method, parts.path, body, headers or {})
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.slow
@pytest.mark.parametrize("service", SERVICES)
def test_callbacks_that_never_come_are_made_up_for_by_looks(customer: Customer, service: str) -> None:
    """Once the usual time of such jobs is known, a lost callback costs a look and some patience, and no row."""
    bought(service, 30, "to learn how long it takes")
    customer.box.configure(callback_faults=["lost"])
    with listening() as receiver:
        results = bought(service, 4, "lost")
        assert ({"saved"}, {}) == (statuses(results), receiver.counts)


@pytest.mark.slow
@pytest.mark.parametrize("service", SERVICES)
def test_a_kernel_that_is_killed_loses_its_callbacks_and_no_job(customer: Customer, service: str) -> None:
    """A later kernel that listens elsewhere looks as usual: one job, one charge, one file."""
    customer.box.configure(seconds=1.0)
    ports = [free_port() for _ in range(2)]
    places = [{"public_url": f"http://127.0.0.1:{port}", "port": port} for port in ports]
    assert {} == customer.generate(service, "a fox", die="accepted, written", webhooks=places[0])
    again = customer.generate(service, "a fox", webhooks=places[1])
    assert ["saved"] == [one["status"] for one in again["results"]]
    assert 1 == len(customer.bought(service))


@pytest.mark.slow
def test_a_kernel_that_listens_where_the_dead_one_did_hears_its_callbacks(customer: Customer) -> None:
    """Through the same tunnel, what an earlier kernel has sent is called about here."""
    customer.box.configure(seconds=6.0)
    port = free_port()
    place = {"public_url": f"http://127.0.0.1:{port}/hook", "port": port}
    assert {} == customer.generate("apixo", "a fox", die="accepted, written", webhooks=place)
    with listening("/hook", port) as receiver:
        results = ng.resume()
        assert ({"saved"}, 1) == (statuses(results), len(customer.bought("apixo")))
        until(lambda: receiver.counts)
        assert {"used", "unawaited"} >= receiver.counts.keys()


def test_the_sandbox_that_answers_without_a_key_calls_back_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its secret is known here, so that its Armox is taken at its word, and no look is made."""
    monkeypatch.setenv("NOTEBOOKGEN_SANDBOX", "1")
    with ng.sandbox(seconds=QUICK, pixels=SMALL) as played, listening() as receiver:
        result = ng.generate("a fox", model="armox:sandbox/picture-later")
        assert isinstance(result, ng.Result)
        assert ("saved", {"used": 1}) == (str(result.status), receiver.counts)
        assert "armox status" not in played.state()["requests"]


def test_a_create_that_is_refused_with_its_address_says_so(customer: Customer) -> None:
    """What a service says of a create is said with a callback as without; nothing is awaited for it."""
    customer.box.configure(misbehave=[Fault(kind="status", status=400, service="apixo")])
    with listening() as receiver, pytest.raises(ng.errors.ProviderError):
        ng.generate("a fox", model=MODELS["apixo"])
    assert {} == receiver.counts


@pytest.mark.slow
@pytest.mark.parametrize("service", ["apixo", "apimodels"])
def test_a_callback_about_a_lost_create_stops_its_second_try(customer: Customer, service: str) -> None:
    """While the only place is taken, the job of the first create calls: it is adopted, and its row is bought once."""
    ng.configure(concurrency=1)
    lost = Fault(kind="lost_after", service=service, contains="hen 0")
    first_is_short = [0.8, 2.5] if customer.box.state()["services"][service]["accepted"] % 2 == 0 else [2.5, 0.8]
    customer.box.configure(misbehave=[lost], durations=first_is_short)
    side = Side(customer.box, service)
    with listening() as receiver:
        results = ng.map(
            numbered(2), "hen {n}", model=MODELS[service], max_new=4, timeout=PATIENCE, on_ambiguous="resubmit"
        )

    assert {"saved"} == statuses(results)
    assert 2 == side.came("create")
    assert receiver.counts["used"] >= 1
    assert "nothing is bought twice" in " ".join(results.handle.snapshot().notes)
