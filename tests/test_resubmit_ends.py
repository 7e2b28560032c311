"""A second try that a person has allowed beforehand is a row of its run: where it does not fit the budget, the run ends there."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from notebookgen.records import Cost
from scripted import WAIT, Listless, Shop, bench, lost, states
from test_feeding import Rows, begun

if TYPE_CHECKING:
    from pathlib import Path

    from notebookgen.jobs.ticket import Wish
    from notebookgen.wire import HttpRequest

pytestmark = pytest.mark.usefixtures("hasty")

DEAR, CHEAP = (Cost(Decimal(amount), "USD", "listed") for amount in ("10", "0.01"))


class Priced(Rows):
    """Rows of which the first is dear."""

    def priced(self, wish: Wish) -> Wish:
        return replace(wish, price=DEAR if wish.generation.prompt == "coat 0" else CHEAP)


class Cheap(Shop):
    """A shop that charges as little as is listed."""

    def accept(self, request: HttpRequest) -> dict[str, Any]:
        job = super().accept(request)
        self.jobs[-1]["charged"] = "0.01"
        return {**job, "charged": "0.01"}


def test_a_resubmit_that_does_not_fit_ends_its_run(home: Path) -> None:
    """Rows are sent in their order until the next one does not fit: what stands behind it comes back planned, with the reason."""
    shop = Cheap()
    shop.instant = True
    shop.orders.append(lost())
    texts = [f"coat {number}" for number in range(200)]
    with bench(home, shop, Listless(), concurrency=1) as desk:
        handle = begun(desk, texts, budget="15 USD", kind=Priced, resubmits=True)
        assert handle.wait(WAIT), handle.snapshot()
        found = states(handle)
        assert "ambiguous" == found[0]
        assert "stays ambiguous" in str(handle.row(0).error).lower()
        assert "planned" in found
        first = found.index("planned")
        assert (["saved"] * (first - 1), ["planned"] * (200 - first)) == (found[1:first], found[first:])
        assert "the budget has" in str(handle.row(199).error)
        assert first == shop.seen["create"]
