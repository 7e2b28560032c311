"""A provider of nobody, played in memory: what it answers, loses, holds or delays is said by the test, event by event.

``Tailor`` is the adapter that a third party might write, ``Shop`` the wire and the service behind it. Nothing waits on
a clock: a held reply goes on when the test says so.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import deque
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from notebookgen.errors import NotSent, ReplyLost, UnexpectedResponse
from notebookgen.jobs import answers, buying, core, keeping, outcomes, planning, reconciling, watching
from notebookgen.jobs.engine import Engine
from notebookgen.jobs.schedule import delay_after_failure, next_look
from notebookgen.jobs.ticket import Lane, Wish
from notebookgen.media import Collector, MediaStore
from notebookgen.providers import Provider
from notebookgen.providers.base import Delivery, Fault
from notebookgen.records import Cost, Generation, Job, Model, Output, Phase, Realm
from notebookgen.settings import Settings
from notebookgen.transport import AssetFetcher, fetch, outages, reading
from notebookgen.transport.retry import read_delay
from notebookgen.wire import HttpRequest, HttpResponse, get_request, json_request, retry_after_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import pytest

    from notebookgen.jobs.clock import Clock
    from notebookgen.jobs.handle import RunHandle
    from notebookgen.ledger.rows import AttemptRow
    from notebookgen.ledger.store import Store
    from notebookgen.records import InputImage, JobRef

REALM = Realm("tailor", "0123456789ab")
PRICE = Cost(Decimal("0.5"), "USD", "listed")
WAIT = 60.0
T = TypeVar("T")


class Tailor(Provider):
    """A small, plain protocol; lists its jobs."""

    name: ClassVar[str] = "tailor"
    title: ClassVar[str] = "Tailor"
    key_variable: ClassVar[str] = "TAILOR_API_KEY"
    base_variable: ClassVar[str] = "TAILOR_BASE_URL"
    default_base_url: ClassVar[str] = "https://tailor.example/v1"
    keys_page: ClassVar[str] = "https://tailor.example/keys"
    unit: ClassVar[str] = "USD"
    job_list_limit: ClassVar[int] = 100

    def catalogue(self) -> tuple[Model, ...]:
        return (Model("tailor", "coat", kind="text", cost=PRICE),)

    def prepare(self, generation: Generation, model: Model | None) -> Generation:
        return generation

    def price(self, generation: Generation, model: Model | None) -> Cost:
        return PRICE

    def delivery(self, generation: Generation, image: InputImage, model: Model | None) -> Delivery:
        return "url"

    def create(
        self, generation: Generation, sources: Mapping[str, str], model: Model | None, *, callback: str | None = None
    ) -> HttpRequest:
        payload = {"prompt": generation.prompt, **generation.settings}
        return json_request(f"{self.base_url}/jobs", payload, purpose="create")

    def read_create(self, response: HttpResponse, generation: Generation) -> Job:
        return self._job(response.json(), response)

    def status(self, ref: JobRef) -> HttpRequest:
        return get_request(f"{self.base_url}/jobs/{ref.id}", purpose="status")

    def read_status(self, response: HttpResponse, ref: JobRef) -> Job:
        return self._job(response.json(), response)

    def jobs(self, limit: int) -> HttpRequest | None:
        return get_request(f"{self.base_url}/jobs", purpose="list") if self.job_list_limit else None

    def read_jobs(self, response: HttpResponse) -> tuple[Job, ...]:
        listed: Any = response.json()
        return tuple(self._job(one, response) for one in listed)

    def same(self, job: Job, generation: Generation, model: Model | None) -> bool:
        return job.sent == {"prompt": generation.prompt, **generation.settings}

    def cancel(self, ref: JobRef) -> HttpRequest | None:
        return HttpRequest("POST", f"{self.base_url}/jobs/{ref.id}/cancel", purpose="cancel")

    def read_cancel(self, response: HttpResponse, ref: JobRef) -> Job | None:
        return None if response.status == 409 else self._job(response.json(), response)

    def read_fault(self, response: HttpResponse) -> Fault | None:
        if response.status < 300:
            return None
        wait = retry_after_seconds(response.headers)
        return Fault(response.status, response.status, response.excerpt(), retry_after=wait)

    def _job(self, data: Any, response: HttpResponse) -> Job:
        if not isinstance(data, dict) or "phase" not in data:
            message = f"Tailor answered something else: {response.excerpt()}"
            raise UnexpectedResponse(message, code=response.status)
        outputs = tuple(Output(name="text", text=one) for one in data.get("texts", ()))
        outputs += tuple(Output(name="file", url=one) for one in data.get("urls", ()))
        outputs += tuple(Output(name="inline", data=one.encode()) for one in data.get("inline", ()))
        charged = data.get("charged")
        return Job(
            data.get("id"),
            Phase(data["phase"]),
            outputs,
            charged=None if charged is None else Decimal(charged),
            error=data.get("error"),
            model=data.get("model"),
            sent=data.get("sent"),
            created=datetime.fromtimestamp(data["created"], UTC) if "created" in data else None,
        )


class Listless(Tailor):
    """The same service without a list of jobs."""

    job_list_limit: ClassVar[int] = 0


class Shop:
    """The service and the wire to it.

    Attributes:
        jobs: What it accepted, oldest first, as it tells it.
        orders: How the next creates go: ``ok``, ``lost after``, ``lost before``, ``unreachable``, a reply, or a function.
        answers: For each purpose, replies that come before the true one.
        seen: How many requests of each purpose came.
        instant: Whether a create answers finished.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self.jobs: list[dict[str, Any]] = []
        self.orders: deque[Any] = deque()
        self.answers: dict[str, deque[Any]] = {}
        self.seen: dict[str, int] = {}
        self.bodies: list[dict[str, Any]] = []
        self.instant = False
        self.finished = True
        self.now = now
        self.echo: Callable[[dict[str, Any]], dict[str, Any]] = dict
        self._lock = threading.Lock()

    def send(self, request: HttpRequest, *, timeout: object = None) -> HttpResponse:
        """Answer a request as the test has said, else truly."""
        del timeout
        with self._lock:
            self.seen[request.purpose] = self.seen.get(request.purpose, 0) + 1
            planned = self.answers.get(request.purpose)
            rule = planned.popleft() if planned else None
            order = (self.orders.popleft() if self.orders else "ok") if request.purpose == "create" else rule
        if callable(order):
            return played(order(request))
        if request.purpose == "create":
            return self._create(request, order)
        if order is not None:
            return played(order)
        return self.truth(request)

    def accept(self, request: HttpRequest) -> dict[str, Any]:
        """Take an order; what it costs is owed from now on."""
        body = json.loads(request.body)
        with self._lock:
            number = len(self.jobs) + 1
            job = {"id": f"job-{number}", "phase": "running", "created": self.now(), "charged": "0.5", "model": "coat"}
            job |= {"sent": self.echo(body)}
            self.jobs.append(job)
        if self.instant:
            self.finish(job)
        return dict(job)

    def finish(self, job: dict[str, Any]) -> None:
        """Have a job done."""
        job |= {"phase": "completed", "texts": [f"made of {job['sent'].get('prompt')} ({job['id']})"]}

    def truth(self, request: HttpRequest) -> HttpResponse:
        """Answer a read as it is."""
        if request.purpose == "list":
            for job in self.jobs if self.finished else ():
                if job["phase"] == "running":
                    self.finish(job)
            return reply(200, self.jobs[::-1][:100])
        parts = request.url.rsplit("/jobs/", 1)[1].split("/")
        known = next((one for one in self.jobs if one["id"] == parts[0]), None)
        if known is None:
            return reply(404, {"error": "no such job"})
        if request.purpose == "cancel":
            if known["phase"] != "running":
                return reply(409, {"error": "over"})
            known["phase"] = "cancelled"
        elif self.finished and known["phase"] == "running":
            self.finish(known)
        return reply(200, known)

    def _create(self, request: HttpRequest, order: Any) -> HttpResponse:
        if order == "unreachable":
            message = "tailor.example: the name is not known here. Nothing was sent."
            raise NotSent(message)
        if order == "lost before":
            raise lost()
        if not isinstance(order, str):
            return played(order)
        job = self.accept(request)
        if order == "lost after":
            raise lost()
        return reply(202, job)


class Held:
    """An order whose answer is held back until the test lets it go; it may be given to several creates.

    Attributes:
        came: Set as soon as a create has come in.
        go: To be set by the test: the answer goes out.
    """

    def __init__(self, shop: Shop, answer: HttpResponse | None = None, *, accepted: bool = False) -> None:
        """Hold back ``answer``, or that the create is accepted: then, or with ``accepted`` as soon as it comes in."""
        self.shop, self.answer, self.accepted = shop, answer, accepted
        self.came, self.go = threading.Event(), threading.Event()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        job = self.shop.accept(request) if self.accepted else None
        self.came.set()
        self.go.wait(WAIT)
        return self.answer or reply(202, job or self.shop.accept(request))

    def dropped(self, request: HttpRequest) -> HttpResponse:
        """Lose another create without a trace, as soon as this one has come in."""
        del request
        self.came.wait(WAIT)
        raise lost()


def idle() -> Shop:
    """Return a shop that finishes nothing by itself."""
    shop = Shop()
    shop.finished = False
    return shop


def lost() -> ReplyLost:
    """Return what the wire says when a reply is lost."""
    return ReplyLost("tailor.example: the connection broke. The request had left, and no complete reply came.")


def reply(status: int, value: object, **headers: str) -> HttpResponse:
    """Return a JSON reply."""
    return HttpResponse(status, headers, json.dumps(value).encode())


def played(answer: Any) -> HttpResponse:
    """Return a planned reply, or raise a planned error."""
    if isinstance(answer, BaseException):
        raise answer
    assert isinstance(answer, HttpResponse)
    return answer


def wanted(prompt: str = "a coat", *, sample: int = 0, realm: Realm = REALM, **settings: Any) -> Generation:
    """Return something that the tailor can make."""
    return Generation(realm, "coat", prompt, settings, sample=sample, kind="text")


class Bench:
    """An engine on a home folder, with a shop behind it."""

    def __init__(
        self,
        home: Path,
        shop: Shop,
        provider: Provider | None = None,
        *,
        clock: Clock | None = None,
        concurrency: int = 8,
        settle: float = 0.2,
    ) -> None:
        self.home, self.shop = home, shop
        self.lane = Lane(REALM, provider or Tailor(), shop)
        self.collector = Collector(MediaStore(home / "media"), AssetFetcher())
        self.engine = Engine(
            settings=Settings(home=home, settle=settle, concurrency=concurrency),
            fetcher=self.collector,
            lane_for=lambda realm: self.lane if realm == REALM else None,
            clock=clock,
            rng=random.Random(1),
        )

    def start(self, *generations: Generation, price: Cost = PRICE, **options: Any) -> RunHandle:
        """Begin a run."""
        model = self.lane.provider.catalogue()[0]
        return self.engine.start([Wish(one, self.lane, model, price) for one in generations], **options)

    def bring(self, *generations: Generation, **options: Any) -> RunHandle:
        """Begin a run and wait for it."""
        handle = self.start(*generations, **options)
        assert handle.wait(WAIT), handle.snapshot()
        return handle

    def row(self, generation: Generation) -> AttemptRow:
        """Return what the ledger has of a generation."""
        row = self.asked(lambda store: store.last_attempt(generation.id))
        assert row is not None
        return row

    def asked(self, question: Callable[[Store], T]) -> T:
        """Return what the ledger answers, asked in the engine's thread."""
        return self.engine.call(lambda: question(self.store()))

    def store(self) -> Store:
        """Return the engine's own ledger, to trouble it."""
        return self.engine._core.store


def states(handle: RunHandle) -> list[str]:
    """Return the state of each row of a run."""
    return [str(row.state) for row in handle.rows()]


@contextmanager
def bench(home: Path, shop: Shop, provider: Provider | None = None, **options: Any) -> Iterator[Bench]:
    """Start an engine, and end it afterwards."""
    made = Bench(home, shop, provider, **options)
    try:
        yield made
    finally:
        made.engine.close()


def until(condition: Callable[[], Any], what: str = "", *, seconds: float = WAIT, pause: float = 0.01) -> Any:
    """Wait until something holds, and return it; never longer than ``seconds``. It is asked every ``pause`` seconds."""
    end, nobody = time.monotonic() + seconds, threading.Event()
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, what or "it did not come to pass"
        nobody.wait(pause)


def largest(folder: Path) -> int:
    """Return how many bytes the largest part of a file has that is on its way into a folder; they are renamed as they come."""
    sizes = [0]
    for path in folder.glob("*.part"):
        with suppress(FileNotFoundError):
            sizes.append(path.stat().st_size)
    return max(sizes)


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have everybody wait less: a tenth of the time between two looks at a job, a hundredth of it after trouble.

    What is done, how often and in which order is the same.
    """
    for module in (answers, buying, keeping, reconciling, watching):
        monkeypatch.setattr(module, "delay_after_failure", shortly)
    monkeypatch.setattr(planning, "next_look", soon)
    monkeypatch.setattr(core, "DISK_WAIT", 0.05)
    monkeypatch.setattr(keeping, "EMPTY_WAIT", 0.05)
    monkeypatch.setattr(buying, "TURN_WAIT", 0.1)
    monkeypatch.setattr(outcomes, "RATE_WAIT", 0.1)
    monkeypatch.setattr(outages, "BY_HAND", 0.01)
    monkeypatch.setattr(reconciling, "EQUAL_WAIT", 0.05)
    for module in (fetch, reading):
        monkeypatch.setattr(module, "read_delay", again)


def shortly(failures: int, **options: Any) -> float:
    """Return a hundredth of the wait after a failure."""
    return delay_after_failure(failures, **options) / 100


def soon(age: float, **options: Any) -> float:
    """Return a tenth of the wait for the next look."""
    return next_look(age, **options) / 10


def again(attempt: int, **options: Any) -> float | None:
    """Return a hundredth of the wait until a read is repeated."""
    wait = read_delay(attempt, **options)
    return None if wait is None else wait / 100
