"""What a job has really cost: read while that is to be found out, and seldom where the list says it for certain."""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from notebookgen.jobs.budget import parse_budget
from notebookgen.jobs.receipts import CONFIRMED, ONE_IN, read_receipt
from notebookgen.jobs.ticket import Lane
from notebookgen.providers import provider_class
from notebookgen.records import NO_COST, Cost, JobRef, Realm
from notebookgen.wire import HttpResponse, get_request
from scripted import WAIT, Listless, Shop, bench, reply, states, until, wanted

if TYPE_CHECKING:
    from pathlib import Path

    from notebookgen.records import Asset, Job
    from notebookgen.wire import HttpRequest

LARGE = [wanted(f"coat {number}", size="large") for number in range(10)]
SMALL = [replace(one, settings={"size": "small"}) for one in LARGE]
PRICES = {"small": Decimal("0.1"), "medium": Decimal("0.5"), "large": Decimal("1.0")}
LISTED = Cost(Decimal("0.012"), "USD", "listed")


class Records:
    """A service that says what each job has cost."""

    def __init__(self, charged: str = "0.012") -> None:
        self.charged = charged
        self.asked = 0

    def send(self, request: HttpRequest, *, timeout: object = None) -> HttpResponse:
        del timeout
        self.asked += 1
        job = request.url.rsplit("/", 1)[1]
        record = {"taskId": job, "settled": True, "credits": self.charged, "currency": "USD"}
        return HttpResponse(200, body=json.dumps({"code": 200, "data": record}).encode())


def asked(lane: Lane, count: int, listed: Cost = LISTED, model: str = "a-model") -> list[Decimal | None]:
    """Return what so many jobs are found to have cost."""
    return [read_receipt(lane, JobRef(f"job-{number}", model, "image"), listed) for number in range(count)]


@pytest.fixture
def records() -> Records:
    """Say what is listed."""
    return Records()


@pytest.fixture
def lane(records: Records) -> Lane:
    """Return the way to it."""
    return Lane(Realm("apimodels", "0" * 12), provider_class("apimodels")(), records)


def test_what_is_listed_for_certain_is_seldom_read(lane: Lane, records: Records) -> None:
    """Three receipts that say what is listed are enough for a run; then it is one in twenty."""
    found = asked(lane, 103)

    assert [LISTED.amount] * CONFIRMED == found[:CONFIRMED]
    assert 3 + 100 // ONE_IN - 1 <= records.asked <= 3 + 100 // ONE_IN


def test_another_price_and_another_model_are_found_out_by_themselves(lane: Lane, records: Records) -> None:
    """What is known of one price says nothing of another one."""
    asked(lane, 10)
    asked(lane, 10, Cost(Decimal("0.024"), "USD", "listed"))
    asked(lane, 10, model="another")

    assert CONFIRMED + 10 + CONFIRMED == records.asked


@pytest.mark.parametrize("listed", [NO_COST, Cost(Decimal("0.012"), "USD", "listed", at_least=True)])
def test_what_no_list_says_for_certain_is_always_read(lane: Lane, records: Records, listed: Cost) -> None:
    """An unknown price and a base figure are found out for each job."""
    assert [Decimal("0.012")] * 30 == asked(lane, 30, listed)
    assert 30 == records.asked


def test_a_price_that_changes_is_noticed_and_read_from_then_on(lane: Lane, records: Records) -> None:
    """One in some is read all the same; the first that differs has all of them read again."""
    asked(lane, 10)
    records.charged = "0.02"
    found = asked(lane, 60)

    first = found.index(Decimal("0.02"))
    assert first <= ONE_IN
    assert [Decimal("0.02")] * (60 - first) == found[first:]


class Quiet(Listless):
    """A service whose replies say nothing of money; its records do: large coats are dearer than the list says, small ones cheaper."""

    charges_failures: ClassVar[bool | None] = False

    def _job(self, data: Any, response: HttpResponse) -> Job:
        return replace(super()._job(data, response), charged=None)

    def receipt(self, ref: JobRef) -> HttpRequest | None:
        return get_request(f"{self.base_url}/jobs/{ref.id}", purpose="other")

    def read_receipt(self, response: HttpResponse, ref: JobRef) -> Decimal:
        job: Any = response.json()
        return PRICES[job["sent"].get("size", "medium")]


@pytest.mark.usefixtures("hasty")
def test_the_first_of_other_settings_tells_what_they_cost(home: Path) -> None:
    """One price in the list for all settings: what is known of some of them says nothing of others."""
    plain = [wanted(f"coat {number}") for number in range(CONFIRMED + 2)]
    with bench(home, Shop(), Quiet(), concurrency=1) as one:
        one.bring(*plain, budget=parse_budget("none"))
        run = one.bring(*LARGE, budget=parse_budget(4))

    assert ["saved"] * 4 + ["planned"] * 6 == states(run)
    assert {"USD": Decimal(4)} == run.spent


@pytest.mark.usefixtures("hasty")
def test_the_first_one_goes_alone_until_its_receipt_is_read(home: Path) -> None:
    """A finished job has cost what is listed only as long as nobody has asked: under a budget the others wait for that."""
    with bench(home, Shop(), Quiet(), concurrency=8) as one:
        run = one.bring(*LARGE, budget=parse_budget(4))

    assert ["saved"] * 4 + ["planned"] * 6 == states(run)
    assert {"USD": Decimal(4)} == run.spent


@pytest.mark.usefixtures("hasty")
def test_one_that_fails_for_nothing_does_not_tell_what_others_cost(home: Path) -> None:
    """Under a budget the first of other settings that is made goes alone, and not only the first that is sent."""
    shop = Shop()
    shop.answers["status"] = deque([reply(200, {"id": "job-1", "phase": "failed", "error": "no luck"})])
    with bench(home, shop, Quiet(), concurrency=8) as one:
        run = one.bring(*LARGE, budget=parse_budget(4))

    assert ["failed"] + ["saved"] * 4 + ["planned"] * 5 == states(run)
    assert {"USD": Decimal(4)} == run.spent


@pytest.mark.usefixtures("hasty")
def test_the_money_has_not_ended_while_receipts_are_read(home: Path) -> None:
    """What is made and counts with its listed price may turn out cheaper: the rest waits for that."""
    shop, go = Shop(), threading.Event()

    def held(request: HttpRequest) -> HttpResponse:
        go.wait(WAIT)
        return shop.truth(request)

    shop.answers["other"] = deque([shop.truth, held, held, held])
    with bench(home, shop, Quiet(), concurrency=8) as one:
        run = one.start(*SMALL, budget=parse_budget(2))
        until(lambda: run.snapshot().states.get("completed") == 3)
        go.set()
        assert run.wait(WAIT)

    assert ["saved"] * 10 == states(run)
    assert {"USD": Decimal("1.0")} == run.spent


class Silent(Quiet):
    """The same service without any records."""

    def receipt(self, ref: JobRef) -> None:
        return None


@pytest.mark.usefixtures("hasty")
def test_where_nothing_more_will_be_told_no_file_is_waited_for(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the first of other settings costs is known when it is made: the others go while its file still comes."""
    shop, go = Shop(), threading.Event()
    with bench(home, shop, Silent(), concurrency=8) as one:
        keep = one.collector.keep

        def slowly(*output: Any, **options: Any) -> Asset:
            go.wait(WAIT)
            return keep(*output, **options)

        monkeypatch.setattr(one.collector, "keep", slowly)
        run = one.start(*SMALL, budget=parse_budget(4))
        until(lambda: run.snapshot().states.get("completed") == 8, seconds=5)
        go.set()
        assert run.wait(WAIT)

    assert ["saved"] * 8 + ["planned"] * 2 == states(run)


@pytest.mark.usefixtures("hasty")
def test_a_seed_of_its_own_makes_no_row_unlike_the_others(home: Path) -> None:
    """No service's price depends on a seed, so what the first one costs tells what the others do, and few receipts are read."""
    shop = Shop()
    large = [wanted(f"coat {number}", size="large", seed=number) for number in range(10)]
    medium = [wanted(f"coat {number}", seed=number) for number in range(CONFIRMED + 5)]
    with bench(home, shop, Quiet(), concurrency=8) as one:
        run = one.bring(*large, budget=parse_budget(4))
        read = shop.seen["other"]
        one.bring(*medium[:CONFIRMED], budget=parse_budget("none"))
        one.bring(*medium, budget=parse_budget("none"))

    assert ["saved"] * 4 + ["planned"] * 6 == states(run)
    assert {"USD": Decimal(4)} == run.spent
    assert CONFIRMED == shop.seen["other"] - read
