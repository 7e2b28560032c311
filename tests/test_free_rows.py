"""What was never accepted cost nothing, and nobody says that its cost is unknown."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from notebookgen.jobs.budget import parse_budget
from notebookgen.ledger.frame import Ledger
from notebookgen.records import Cost
from notebookgen.results import Results
from scripted import Shop, bench, reply, wanted

if TYPE_CHECKING:
    from pathlib import Path


def test_refused_and_planned_rows_cost_nothing(home: Path) -> None:
    """One saved, one refused, one planned: the sum is the one's price, and no headline speaks of unknown cost."""
    shop = Shop()
    shop.orders.append(reply(400, {"error": "no"}))
    with bench(home, shop, concurrency=1) as desk:
        rows = [wanted("refused"), wanted("made"), wanted("left out")]
        results = Results(desk.bring(*rows, budget=parse_budget(None, max_new=1)), lambda _: [])
    assert ["refused", "saved", "planned"] == [one.status for one in results]
    nothing = Decimal(0)
    assert [(nothing, "USD"), (Decimal("0.5"), "USD"), (nothing, "USD")] == [
        (one.cost.amount, one.cost.unit) for one in results
    ]
    frame = results.frame
    assert [nothing, Decimal("0.5"), nothing] == frame["gen_cost"].to_list()
    assert [None, "reported", None] == frame["gen_basis"].to_list()
    assert {"USD": Decimal("0.5")} == results.cost
    data, _ = results._repr_mimebundle_()
    assert "unknown" not in data["text/plain"]
    assert "unknown" not in data["text/html"]
    ledger = Ledger(home).frame()
    assert [(nothing, "listed"), (Decimal("0.5"), "reported")] == ledger.select("net", "basis").rows()


def test_a_run_that_spent_nothing_says_so(home: Path) -> None:
    """All refused: nothing spent, nothing charged for a row, rather than an unknown cost."""
    shop = Shop()
    shop.orders.extend([reply(400, {"error": "no"}), reply(400, {"error": "no"})])
    with bench(home, shop) as desk:
        results = Results(desk.bring(wanted("one"), wanted("two")), lambda _: [])
    data, _ = results._repr_mimebundle_()
    assert "nothing spent" in str(data["text/plain"]).splitlines()[0]
    assert "nothing charged" in data["text/plain"]
    assert "unknown" not in data["text/plain"]
    assert "nothing charged" in results[0]._repr_mimebundle_()[0]["text/plain"]


def test_words_of_nothing() -> None:
    """Nought is said in words."""
    from notebookgen.media.captions import cost_words

    assert "nothing charged" == cost_words(Cost(Decimal(0), "credits", "listed"))
