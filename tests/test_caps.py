"""Caps over the life of a ledger: read exactly as written, kept in it, binding every kernel, never passed and always reached."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import notebookgen as ng
from notebookgen.configuration import current_settings
from notebookgen.errors import BudgetExceeded, SettingsError
from notebookgen.jobs.budget import parse_budget
from notebookgen.jobs.reserving import over_budget
from notebookgen.ledger.frame import Ledger
from notebookgen.ledger.periods import first_day, next_period
from notebookgen.ledger.rows import day_of, realm_text, to_nano
from notebookgen.ledger.store import FILE_NAME, Store
from notebookgen.ledger.views import costs_view
from notebookgen.records import NO_COST, Cost, Generation, Realm
from notebookgen.sandbox import spawn
from notebookgen.settings import Cap, Settings
from provider_side import Customer
from three_services import SMALL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebookgen.client import Client

pytestmark = pytest.mark.usefixtures("hasty")

ARMOX = Realm("armox", "0" * 12)
PRICE = Cost(Decimal(70), "credits", "listed")


def moment(text: str) -> int:
    """Return a date and time of day in UTC as microseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1e6)


NOON = moment("2026-02-28T12:00")


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    """A ledger with one run."""
    opened = Store(home)
    opened.begin_run("r", at=1, kernel="k", notebook=None, tag=None)
    yield opened
    opened.close()


def ticket(prompt: str = "a fox", *, realm: Realm = ARMOX, budget: Any = "none", max_new: int | None = None) -> Any:
    """Return what is bought, as far as the question for its cap goes."""
    return SimpleNamespace(
        generation=Generation(realm, "google/x", prompt, {}, kind="image"),
        run="r",
        budget=parse_budget(budget, max_new=max_new),
        lane=SimpleNamespace(provider=SimpleNamespace(unit="credits" if realm.provider == "armox" else "USD")),
    )


def bought(
    store: Store, prompt: str, *, realm: Realm = ARMOX, at: int = NOON, unit: str = "credits", amount: int = 70
) -> int:
    """Write down an intent."""
    generation = ticket(prompt, realm=realm).generation
    store.remember(generation, at)
    return store.add_intent(
        generation, run="r", realm=realm_text(realm), kernel="k", at=at, unit=unit, reserved=to_nano(Decimal(amount))
    )


def kept(home: Path) -> tuple[tuple[str, Cap], ...]:
    """Return the caps in the ledger."""
    store = Store(home)
    try:
        return store.caps()
    finally:
        store.close()


# Said ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "caps"),
    [
        ({"armox": 1000}, [("armox", "1000", "credits", "life")]),
        ({"armox": 0.1}, [("armox", "0.1", "credits", "life")]),
        ({"apixo": "5 USD"}, [("apixo", "5", "USD", "life")]),
        ({"armox": {"amount": 1000, "per": "month"}}, [("armox", "1000", "credits", "month")]),
        ({"apixo": {"amount": "5 USD", "per": "day"}}, [("apixo", "5", "USD", "day")]),
        ({"armox": "1000 per month"}, [("armox", "1000", "credits", "month")]),
        ({"all": "5 USD per day"}, [("all", "5", "USD", "day")]),
        ({"all": ["5 USD", "900 credits"]}, [("all", "5", "USD", "life"), ("all", "900", "credits", "life")]),
        ({"armox": ["100 per day", "1000"]}, [("armox", "100", "credits", "day"), ("armox", "1000", "credits", "life")]),
    ],
    ids=str,
)  # fmt: skip
def test_a_cap_is_read_as_written(home: Path, said: object, caps: list[tuple[str, str, str, str]]) -> None:
    """Numbers, texts, tables and lists; a bare number is in the provider's unit; it is kept exactly."""
    ng.configure(total_budget=said)

    assert caps == [(name, f"{cap.amount:f}", cap.unit, cap.per) for name, cap in kept(home)]


@pytest.mark.parametrize(
    ("said", "match"),
    [
        ({"amrox": 5}, "no provider. Did you mean 'armox'"),
        ({"armox": "5 USD"}, "armox is paid in credits"),
        ({"all": 5}, "an amount needs its unit"),
        ({"armox": {"amount": 5, "per": "mnth"}}, "Did you mean 'month'"),
        ({"armox": {"amount": 5, "pre": "month"}}, "no cap"),
        ({"amount": 5, "per": "month"}, "no cap"),
        ({"armox": ["5", "5 credits"]}, None),
        ({"armox": [5, 6]}, "no cap"),
        *(({"armox": one}, "no cap") for one in (0, -1, "", "five", True, float("inf"), float("nan"), b"5", 10**10)),
        (5, "no cap"),
        ("armox 5", "no cap"),
    ],
    ids=str,
)
def test_nonsense_is_refused_and_changes_nothing(home: Path, said: object, match: str | None) -> None:
    """An error of few lines that shows what can be typed; what is kept stays as it was."""
    ng.configure(total_budget={"armox": 7})
    before = kept(home)
    if match is None:
        ng.configure(total_budget=said)
        assert 1 == len(kept(home))
        return
    with pytest.raises(SettingsError, match=match) as caught:
        ng.configure(total_budget=said)

    assert len(str(caught.value).splitlines()) <= 4
    assert before == kept(home)


def test_caps_are_taken_back(home: Path) -> None:
    """Of one provider with None for it, of all with None; what is not named stays; where no ledger is, none is made."""
    ng.configure(total_budget=None)
    ng.configure(total_budget={"armox": None})
    assert not home.exists()
    ng.configure(total_budget={"armox": 5, "apixo": 6})
    ng.configure(total_budget={"armox": None})
    assert ["apixo"] == [name for name, _ in kept(home)]
    ng.configure(timeout=5)
    assert ["apixo"] == [name for name, _ in kept(home)]
    ng.configure(total_budget=None)
    assert () == kept(home)
    ng.configure(timeout=None)


def test_a_project_file_may_set_a_cap_and_never_keeps_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds where the file is read, besides what is kept; a slip in it names the file and the line."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notebookgen.toml").write_text('[total_budget]\narmox = "100 per day"\n', encoding="utf-8")
    assert (Cap(Decimal(100), None, "day"),) == current_settings().total_budget["armox"]
    assert not (home / FILE_NAME).exists()
    (tmp_path / "notebookgen.toml").write_text("[total_budget]\namrox = 5\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"notebookgen\.toml, line 1, sets total_budget for 'amrox'.*'armox'"):
        current_settings()


# Binding -------------------------------------------------------------------------------------------------------------


def test_what_is_left_is_told(store: Store) -> None:
    """The message says what is needed, what is left until when, where the cap is from, and what to type."""
    store.set_caps("armox", [Cap(Decimal(100), "credits", "month")], NOON)
    assert None is over_budget(store, ticket(), PRICE, now=NOON)
    bought(store, "one")
    over = over_budget(store, ticket(), PRICE, now=NOON)

    assert over is not None
    assert (
        "armox:google/x needs 70 credits (listed), and the cap of 100 credits a month for armox (kept in the ledger)"
        " has 30 credits left until 2026-03-01 (UTC). Nothing was sent.\n"
        "Raise it: ng.configure(total_budget={'armox': '140 credits per month'}), or take it back:"
        " ng.configure(total_budget={'armox': None})"
    ) == str(over)


def test_a_refusal_and_a_refund_give_room_again(store: Store) -> None:
    """What is reserved counts, what was refused or given back does not."""
    store.set_caps("armox", [Cap(Decimal(100), "credits")], NOON)
    for end in ({"state": "refused", "charged": 0}, {"state": "failed", "charged": 70 * 10**9, "refunded": 70 * 10**9}):
        key = bought(store, f"{end}")
        assert None is not over_budget(store, ticket(), PRICE, now=NOON)
        store.update(key, **end)
        assert None is over_budget(store, ticket(), PRICE, now=NOON)


def test_another_key_begins_no_new_cap(store: Store) -> None:
    """All accounts of a provider count together, those of another one do not, and the sandbox never does."""
    store.set_caps("armox", [Cap(Decimal(100), "credits")], NOON)
    bought(store, "play", realm=Realm("armox", "sandbox", sandbox=True))
    bought(store, "other", realm=Realm("apixo", "0" * 12))
    assert None is over_budget(store, ticket(), PRICE, now=NOON)
    bought(store, "old key", realm=Realm("armox", "f" * 12))
    assert None is not over_budget(store, ticket(), PRICE, now=NOON)
    assert None is over_budget(store, ticket(realm=Realm("armox", "sandbox", sandbox=True)), PRICE, now=NOON)


def test_all_together_have_one_cap_for_each_unit(store: Store) -> None:
    """A cap of dollars for all binds what is paid in dollars, of whomever; credits are another thing."""
    store.set_caps("all", [Cap(Decimal(5), "USD")], NOON)
    bought(store, "one", realm=Realm("apixo", "0" * 12), unit="USD", amount=3)
    bought(store, "two", realm=Realm("apimodels", "0" * 12), unit="USD", amount=1)
    price = Cost(Decimal(2), "USD", "listed")
    over = over_budget(store, ticket(realm=Realm("apixo", "0" * 12)), price, now=NOON)

    assert "all providers together (kept in the ledger) has 1 USD left" in str(over)
    assert None is over_budget(store, ticket(), PRICE, now=NOON)


@pytest.mark.parametrize(("per", "same", "next_"), [
    ("day", "2026-02-28T00:00", "2026-03-01T00:00"), ("month", "2026-02-01T00:00", "2026-03-01T00:00"),
])  # fmt: skip
def test_a_period_is_the_calendars_in_utc(store: Store, per: str, same: str, next_: str) -> None:
    """From its first microsecond to its last; then there is room again."""
    store.set_caps("armox", [Cap(Decimal(100), "credits", per)], NOON)
    bought(store, "before", at=moment(same) - 1)
    assert None is over_budget(store, ticket(), PRICE, now=NOON)
    bought(store, "first", at=moment(same))
    assert None is not over_budget(store, ticket(), PRICE, now=NOON)
    assert None is not over_budget(store, ticket(), PRICE, now=moment(next_) - 1)
    assert None is over_budget(store, ticket(), PRICE, now=moment(next_))
    assert (day_of(moment(same)), next_[:10]) == (first_day(per, NOON), next_period(per, NOON))
    assert (0, "") == (first_day("life", NOON), next_period("life", NOON))


def test_a_price_that_nobody_lists_passes_no_cap(store: Store) -> None:
    """Not even without a budget; where the run bounds how many, it may."""
    store.set_caps("armox", [Cap(Decimal(100), "credits")], NOON)

    assert "or its price: ng.configure(" in str(over_budget(store, ticket(), NO_COST, now=NOON))
    assert None is over_budget(store, ticket(max_new=1), NO_COST, now=NOON)


def test_a_base_figure_passes_no_cap(store: Store) -> None:
    """What may cost more than is listed is like an unknown price, unless the run bounds how many."""
    store.set_caps("armox", [Cap(Decimal(100), "credits")], NOON)
    base = replace(PRICE, at_least=True)

    assert "at least 70 credits" in str(over_budget(store, ticket(), base, now=NOON))
    assert None is over_budget(store, ticket(max_new=1), base, now=NOON)
    assert "needs at least 110 credits" in str(
        over_budget(store, ticket(max_new=1), replace(base, amount=Decimal(110)), now=NOON)
    )


def test_a_files_cap_and_a_kept_one_both_bind(store: Store) -> None:
    """The lower of them is reached first, and the message says which it is; neither raises the other."""
    file = {"armox": (Cap(Decimal(100), None, "day"),)}
    store.set_caps("armox", [Cap(Decimal(1000), "credits")], NOON)
    bought(store, "one")
    assert "(the project file) has 30 credits left" in str(over_budget(store, ticket(), PRICE, now=NOON, caps=file))
    store.set_caps("armox", [Cap(Decimal(80), "credits")], NOON)
    file = {"armox": (Cap(Decimal(10**6)),)}
    assert "(kept in the ledger) has 10 credits left" in str(over_budget(store, ticket(), PRICE, now=NOON, caps=file))


def test_the_runs_own_budget_comes_first(store: Store) -> None:
    """Where both would be passed, what the call itself says is told."""
    store.set_caps("armox", [Cap(Decimal(10), "credits")], NOON)

    assert "the budget has" in str(over_budget(store, ticket(budget=20), PRICE, now=NOON))


def test_a_cap_is_shown_with_the_costs(home: Path, store: Store) -> None:
    """What is left of it stands below the table, and in a frame; a ledger without caps says nothing of them."""
    bought(store, "one")
    assert "" == costs_view(Ledger(home), "model", sandbox=False, command="x").note
    store.set_caps("armox", [Cap(Decimal(100), "credits")], NOON)

    assert "cap: 30 of 100 credits left for armox" == costs_view(Ledger(home), "model", sandbox=False, command="x").note
    assert [("armox", "life", "credits", 100, 70, 30, None)] == Ledger(home).caps().rows()


# Every kernel --------------------------------------------------------------------------------------------------------


def test_what_one_kernel_configures_binds_another(home: Path, client: Client) -> None:
    """A cap kept by one process is asked by an engine that was open before, in this one, and lifted again."""
    one = client.generate("a fox", model="armox:google/nano-banana", timeout=30)
    assert "saved" == one.status
    code = "import notebookgen as ng; ng.configure(total_budget={'armox': 100})"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True)
    with pytest.raises(BudgetExceeded, match="30 credits left"):
        client.generate("a cat", model="armox:google/nano-banana", timeout=30)
    assert "saved" == client.generate("a fox", model="armox:google/nano-banana", timeout=30).status
    ng.configure(total_budget=None)
    assert "saved" == client.generate("a cat", model="armox:google/nano-banana", timeout=30).status


BUYER = """
import json, sys
import notebookgen as ng
from notebookgen.errors import BudgetExceeded
done = []
for prompt in json.loads(sys.argv[1]):
    try:
        done.append(str(ng.generate(prompt, model="armox:google/nano-banana", timeout=60).status))
    except BudgetExceeded:
        done.append("over")
print(json.dumps(done))
"""


@pytest.mark.slow
def test_four_processes_reach_a_cap_and_never_pass_it(home: Path) -> None:
    """Each wants three, the cap has room for five of twelve: five are bought, by the provider's own count."""
    with spawn(seconds=(0.05, 0.2), pixels=SMALL) as box:
        customer = Customer(box, home)
        code = "import notebookgen as ng; ng.configure(total_budget={'armox': 350})"
        subprocess.run([sys.executable, "-c", code], env=customer.environment(), check=True, timeout=60)
        workers = [
            subprocess.Popen(
                [sys.executable, "-c", BUYER, json.dumps([f"{who} {n}" for n in range(3)])],
                env=customer.environment(), stdout=subprocess.PIPE, text=True,
            )
            for who in range(4)
        ]  # fmt: skip
        said = [word for worker in workers for word in json.loads(worker.communicate(timeout=120)[0])]

        assert (5, 7) == (said.count("saved"), said.count("over"))
        assert 5 == len(customer.bought("armox"))
    store = Store(customer.home)
    assert 350 * 10**9 == store.committed_since("armox", "credits", 0)
    store.close()


RACER = """
import sys
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from notebookgen.jobs.budget import parse_budget
from notebookgen.jobs.reserving import over_budget
from notebookgen.ledger.rows import realm_text, to_nano
from notebookgen.ledger.store import Store
from notebookgen.records import Cost, Generation, Realm

store, who, realm = Store(Path(sys.argv[1])), sys.argv[2], Realm("armox", "0" * 12)
price, bought = Cost(Decimal(7), "credits", "listed"), []
store.begin_run(who, at=1, kernel=who, notebook=None, tag=None)
print("ready", flush=True)
sys.stdin.readline()
for n in range(60):
    ticket = SimpleNamespace(generation=Generation(realm, "m", f"{who} {n}", {}, kind="image"), run=who,
                             budget=parse_budget("none"), lane=SimpleNamespace(provider=SimpleNamespace(unit="credits")))
    with store.transaction():
        if over_budget(store, ticket, price, now=10**15) is None:
            store.remember(ticket.generation, 1)
            bought.append(store.add_intent(ticket.generation, run=who, realm=realm_text(realm), kernel=who, at=10**15,
                                           unit="credits", reserved=to_nano(price.amount)))
    if n % 3 == 0 and bought:  # the provider says no: what was reserved is free again
        store.update(bought.pop(), "intent", state="refused", charged=0)
print(len(bought))
"""


@pytest.mark.slow
def test_processes_that_race_leave_no_gap_and_no_excess(home: Path) -> None:
    """Four processes, one file, refusals among them: the cap is full to the last unit that fits, never above it."""
    store = Store(home)
    store.set_caps("armox", [Cap(Decimal(100), "credits", "month")], 1)
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(home), f"racer {n}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(4)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert "ready" == racer.stdout.readline().strip()
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("\n")
        racer.stdin.flush()
    counts = [int(racer.communicate(timeout=120)[0]) for racer in racers]
    taken = store.committed_since("armox", "credits", 0)

    assert sum(counts) * 7 * 10**9 == taken <= 100 * 10**9
    assert None is over_budget(
        store, ticket("last", max_new=1), Cost(Decimal(100) - Decimal(taken) / 10**9, "credits"), now=10**15
    )
    store.close()


def test_settings_show_what_a_file_says() -> None:
    """Settings hold caps by provider; nothing is kept by making them."""
    made = Settings(home=Path("x")).changed("here", total_budget={"armox": "5 per day"})
    assert {"armox": (Cap(Decimal(5), None, "day"),)} == dict(made.total_budget)
