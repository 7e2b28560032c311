"""Replies that are not what they should be: about another job, with the key inside, at a price that cannot be."""

from __future__ import annotations

import json
import threading
from collections import deque
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import notebookgen as ng
from notebookgen.client import default_client
from notebookgen.errors import InvalidKey
from notebookgen.jobs import receipts
from notebookgen.providers.base import Fault
from notebookgen.transport import Timeouts
from rawserver import RawServer
from rawserver import reply as raw
from scripted import WAIT, Listless, Shop, Tailor, bench, idle, reply, until, wanted
from three_services import picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from notebookgen.wire import HttpResponse
    from rawserver import Asked

pytestmark = pytest.mark.usefixtures("hasty")

KEY = "sk_live/made+up==0123456789"
MODELS = {
    "armox": "armox:google/nano-banana",
    "apimodels": "apimodels:gpt-image-2",
    "apixo": "apixo:nano-banana",
}


class Service:
    """One of the three services, of which a test says where it lies.

    Attributes:
        lies: For the beginning of ``"METHOD /path"``, what is answered instead; once each.
        looked: How many looks at a job came.
        files: Which files were asked for.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.url = ""
        self.lies: dict[str, Callable[[], bytes]] = {}
        self.looked = 0
        self.files: list[str] = []
        self.creates: list[dict[str, Any]] = []

    def job(self, id: str, *, over: bool = True, charged: float = 70, model: str | None = None) -> dict[str, Any]:
        """Return a job as the service tells it."""
        address = f"{self.url}/file/{id}.png"
        if self.name == "armox":
            status = "completed" if over else "processing"
            found: dict[str, Any] = {"id": id, "object": "job", "status": status, "credits_charged": charged}
            found |= {"model_id": model or "google/nano-banana", "created_at": "2026-01-01T00:00:00Z"}
            return found | ({"output_data": {"outputImage": address}} if over else {})
        end = {"apimodels": "completed", "apixo": "success"}[self.name]
        task: dict[str, Any] = {"taskId": id, "state": end if over else "pending"}
        if over:
            task |= {"resultUrls": [address], "resultJson": json.dumps({"resultUrls": [address]})}
        return {"code": 200, {"apimodels": "msg", "apixo": "message"}[self.name]: "success", "data": task}

    def __call__(self, asked: Asked) -> bytes:
        told = f"{asked.method} {asked.target}"
        lie = next((key for key in self.lies if told.startswith(key)), None)
        if "/file/" in asked.target:
            self.files.append(asked.target.rsplit("/", 1)[-1])
            return raw(picture(), Content_Type="image/png")
        if asked.method == "GET" and ("statusTask" in told or "generations?" in told or "/jobs/" in told):
            self.looked += 1
        if asked.method == "POST":
            self.creates.append(json.loads(asked.body))
        if lie is not None:
            return self.lies.pop(lie)()
        if asked.method == "POST":
            return self.said(self.job("job-1", over=False))
        return self.said(self.job("job-1"))

    @staticmethod
    def said(value: object, status: str = "200 OK") -> bytes:
        """Return a JSON reply."""
        return raw(json.dumps(value).encode(), status, Content_Type="application/json")


@contextmanager
def service(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """Have ``ng`` speak to a service of the test's own, as to the real one."""
    made = Service(name)
    try:
        with RawServer(made) as server:
            made.url = server.url
            monkeypatch.setenv(f"{name.upper()}_BASE_URL", f"{server.url}/v1")
            monkeypatch.setenv(f"{name.upper()}_API_KEY", KEY)
            ng.configure(settle=0.2)
            yield made
            default_client().close()
    finally:
        default_client().close()
        ng.configure(**dict.fromkeys(ng.configuration._configured))


def everything_under(home: Path) -> bytes:
    """Return the bytes of all files of a home folder."""
    return b"".join(path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file())


@pytest.mark.parametrize("name", MODELS)
def test_an_answer_about_another_job_is_not_believed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its files nor its charge are taken; the job is asked about again, and comes home as its own."""
    with service(name, monkeypatch) as shop:
        looks = "GET /v1/jobs/job-1" if name == "armox" else "GET /v1/"
        shop.lies[looks] = lambda: shop.said(shop.job("job-999", charged=5000))
        result: Any = ng.generate("mine", model=MODELS[name], timeout=30)

        assert ("saved", 2, ["job-1.png"]) == (result.status, shop.looked, shop.files)
        assert "5000" not in str(result.cost)


def test_a_create_answered_about_another_model_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its job is somebody else's: the list is looked at, and what is there under our content is taken."""
    with service("armox", monkeypatch) as shop:
        shop.lies["POST /v1/models/run"] = lambda: shop.said(shop.job("job-999", over=False, model="xx/other"))

        def listed() -> bytes:
            sent = {"input_data": {"input": shop.creates[0]["input"]}}
            now = {"created_at": "2099-01-01T00:00:00Z"}
            return shop.said({"object": "list", "data": [{**shop.job("job-1"), **sent, **now}]})

        shop.lies["GET /v1/jobs?"] = listed
        result: Any = ng.generate("mine", model=MODELS["armox"], timeout=30)

        assert ("saved", "job-1", ["job-1.png"], 1) == (result.status, result.job, shop.files, len(shop.creates))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    "spelt", [KEY.replace("/", "\\/"), "".join(f"\\u{ord(one):04x}" for one in KEY)], ids=["slashes", "escapes"]
)
def test_a_key_in_an_error_is_neither_shown_nor_kept(
    name: str, spelt: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever way the provider's JSON spells it."""
    with service(name, monkeypatch) as shop:
        body = f'{{"error": "Invalid API key {spelt}", "message": "Invalid API key {spelt}"}}'.encode()
        shop.lies["POST /v1/"] = lambda: raw(body, "401 Unauthorized", Content_Type="application/json")
        with pytest.raises(InvalidKey) as caught:
            ng.generate("x", model=MODELS[name])

    assert 'Invalid API key ***"' in str(caught.value)
    assert KEY.encode() not in everything_under(home)
    assert spelt.encode() not in everything_under(home)


def test_a_record_that_never_comes_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is there, so it is handed over; what was listed is what it cost as far as anybody knows."""
    gate = threading.Event()
    monkeypatch.setattr(receipts, "QUICK", Timeouts(connect=0.2, read=0.2, whole=0.2))
    with service("apimodels", monkeypatch) as shop:
        shop.lies["GET /v1/records/"] = lambda: (gate.wait(WAIT), raw(b"{}"))[1]
        result: Any = ng.generate("mine", model=MODELS["apimodels"], timeout=30)
        gate.set()

    assert ("saved", Decimal("0.05"), "listed") == (result.status, result.cost.amount, result.cost.basis)


class Plain(Tailor):
    """An adapter that passes the service's words on as they came."""

    def read_fault(self, response: HttpResponse) -> Fault | None:
        return None if response.status < 300 else Fault(response.status, response.status, STEERING)


ANOTHER = {"id": "job-99", "created": 1.0, "charged": "5000", "texts": ["somebody else's"]}


def test_an_adapter_that_believes_another_job_is_corrected(home: Path) -> None:
    """The engine itself holds every adapter to the job that was asked about, finished, failed or not."""
    shop = Shop()
    told = [reply(200, {**ANOTHER, "phase": phase}) for phase in ("completed", "failed", "running")]
    shop.answers["status"] = deque(told)
    with bench(home, shop) as desk:
        row = desk.bring(wanted()).row(0)
        kept = desk.row(wanted())

    assert ("saved", "job-1", 500_000_000, 4) == (row.state, kept.job, kept.charged, shop.seen["status"])


STEERING = "\x1b[2J\x1b]0;title\x07 not \u202ethis"


@pytest.mark.parametrize("told", ["refused", "failed"])
def test_an_adapter_that_passes_words_on_steers_no_terminal(home: Path, told: str) -> None:
    """Whatever adapter reads a reply: neither the message nor the ledger keeps what a terminal would obey."""
    shop = Shop()
    if told == "failed":
        shop.answers["status"] = deque([reply(200, {"id": "job-1", "phase": "failed", "error": STEERING})])
    else:
        shop.orders.append(reply(400, {}))
    with bench(home, shop, Plain()) as desk:
        row = desk.bring(wanted()).row(0)
        kept = desk.row(wanted())

    assert (told, True, True) == (row.state, "not this" in str(row.error), "not this" in str(kept.error))
    assert not {"\x1b", "\x07", "\u202e"} & set(f"{row.error}{kept.error}")


def test_another_job_that_was_cancelled_is_not_ours(home: Path) -> None:
    """The answer to a cancelling names its job, too; what became of ours is asked."""
    shop = idle()
    shop.answers["cancel"] = deque([reply(200, {**ANOTHER, "phase": "cancelled"})])
    with bench(home, shop) as desk:
        handle = desk.start(wanted())
        until(lambda: [str(row.state) for row in handle.rows()] == ["submitted"])
        (line,) = desk.engine.cancel(handle.id).result(WAIT)
        shop.finish(shop.jobs[0])
        assert handle.wait(WAIT)
        row = handle.row(0)

    assert "was asked about job job-1 and answered about job job-99" in line
    assert "saved" == row.state


def test_another_job_is_not_adopted_in_the_place_of_the_one_named(home: Path) -> None:
    """What a person adopts is what the provider shows under that name."""
    shop = Shop()
    shop.orders.append("lost after")
    with bench(home, shop, Listless()) as desk:
        desk.bring(wanted())
        shop.answers["status"] = deque([reply(200, {**ANOTHER, "phase": "completed"})])
        handle = desk.engine.resolve(wanted().id[:12], "adopt", job="job-1")
        assert handle.wait(WAIT)
        kept = desk.row(wanted())

    assert "answered about job job-99" in str(handle.row(0).error)
    assert "ambiguous" == kept.state
