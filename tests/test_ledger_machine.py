"""The ledger under random moves of two kernels: whatever happens, in whatever order, what it promises of money holds."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from notebookgen.jobs.budget import parse_budget
from notebookgen.jobs.reserving import over_budget, reservation
from notebookgen.jobs.states import MOVES, OPEN, State
from notebookgen.ledger.rows import from_nano, realm_text, to_nano
from notebookgen.ledger.store import FILE_NAME, Store
from notebookgen.ledger.sums import Sums
from notebookgen.records import Cost, Generation, Realm
from notebookgen.settings import Cap

DAY = 86_400_000_000
REALMS = (Realm("armox", "0" * 12), Realm("armox", "1" * 12), Realm("armox", "sandbox", sandbox=True))
BUDGET, CAP, PRICE = 900, 1000, 100
KERNELS = st.integers(0, 1)
NUMBERS = st.integers(0, 17)


class Money(RuleBasedStateMachine):
    """Two kernels buy, settle, refund and forget eighteen generations under a run's budget and a cap for the day."""

    @initialize()
    def begin(self) -> None:
        """Open a new ledger twice."""
        self.home = Path(tempfile.mkdtemp())
        self.stores = [Store(self.home), Store(self.home)]
        self.stores[0].begin_run("r", at=0, kernel="0", notebook=None, tag=None)
        self.stores[0].set_caps("armox", [Cap(from_nano(CAP * 10**9), "credits", "day")], 0)
        self.now = 20_000 * DAY
        self.jobs = 0

    def generation(self, number: int) -> Generation:
        """Return one of the generations."""
        return Generation(REALMS[number % 3], "m", f"prompt {number}", {}, kind="image")

    @rule(kernel=KERNELS, number=NUMBERS, killed=st.booleans())
    def buy(self, *, kernel: int, number: int, killed: bool) -> None:
        """Commit an intent where budget and cap allow it; a kernel may die before the commit."""
        store, generation = self.stores[kernel], self.generation(number)
        lane = SimpleNamespace(provider=SimpleNamespace(unit="credits"))
        ticket: Any = SimpleNamespace(generation=generation, run="r", budget=parse_budget(BUDGET), lane=lane)
        try:
            with store.transaction():
                row = store.last_attempt(generation.id)
                if row is not None and State(row.state) in OPEN | {State.SAVED}:
                    return
                reserved = reservation(store, generation, Cost(from_nano(PRICE * 10**9), "credits", "listed"))
                if over_budget(store, ticket, reserved, now=self.now) is None:
                    store.remember(generation, self.now)
                    store.add_intent(
                        generation, run="r", realm=realm_text(generation.realm), kernel=str(kernel), at=self.now,
                        unit="credits", reserved=to_nano(reserved.amount),
                    )  # fmt: skip
                if killed:
                    raise InterruptedError  # noqa: TRY301 - the process ends here
        except InterruptedError:
            pass

    @rule(kernel=KERNELS, pick=st.randoms(use_true_random=False), charged=st.sampled_from([0, 40, PRICE]))
    def move(self, kernel: int, pick: Any, charged: int) -> None:
        """Move an open attempt one step, as the table of states allows."""
        rows = self.stores[kernel].open_attempts()
        if not rows:
            return
        row = pick.choice(rows)
        new = pick.choice(sorted(MOVES[State(row.state)]))
        columns: dict[str, Any] = {"state": str(new)}
        if new is State.SUBMITTED and row.job is None:
            self.jobs += 1
            columns["job"] = f"job-{self.jobs}"
        if new in {State.COMPLETED, State.SAVED, State.FAILED}:
            columns |= {"charged": charged * 10**9, "basis": "reported"}
        if new in {State.REFUSED, State.PLANNED}:
            columns["charged"] = 0
        assert self.stores[kernel].update(row.key, row.state, **columns)
        assert not self.stores[1 - kernel].update(row.key, row.state, **columns) or row.state == str(new)

    @rule(kernel=KERNELS, pick=st.randoms(use_true_random=False))
    def refund(self, kernel: int, pick: Any) -> None:
        """The provider gives back what a failure cost."""
        failed = [row for row in self.stores[kernel].run_attempts("r") if row.state == "failed" and row.charged]
        if failed:
            row = pick.choice(failed)
            self.stores[kernel].update(row.key, refunded=row.charged)

    @rule(kernel=KERNELS, pick=st.randoms(use_true_random=False))
    def adopt_twice(self, kernel: int, pick: Any) -> None:
        """A job that somebody has is never had by another."""
        rows = self.stores[kernel].run_attempts("r")
        owned = [row for row in rows if row.job]
        free = [row for row in rows if row.job is None and owned and row.realm == owned[0].realm]
        if owned and free:
            try:
                self.stores[kernel].update(pick.choice(free).key, job=owned[0].job)
            except sqlite3.IntegrityError:
                return
            raise AssertionError

    @rule()
    def sleep_till_tomorrow(self) -> None:
        """The next day has a cap of its own."""
        self.now += DAY

    @rule(kernel=KERNELS)
    def reopen(self, kernel: int) -> None:
        """A kernel ends and comes back."""
        before = [store.run_attempts("r") for store in self.stores]
        self.stores[kernel].close()
        self.stores[kernel] = Store(self.home)
        assert before == [store.run_attempts("r") for store in self.stores]

    @precondition(lambda self: hasattr(self, "stores"))
    @invariant()
    def promises(self) -> None:
        """Never above budget or cap; sums are those of the rows, for both kernels; one attempt of each is open."""
        plain = sqlite3.connect(self.home / FILE_NAME, isolation_level=None)
        plain.row_factory = sqlite3.Row
        truth, day = Sums(plain), self.now // DAY
        taken, today = truth.committed(run="r", unit="credits"), truth.committed_since("armox", "credits", day)
        assert taken <= BUDGET * 10**9
        assert today <= CAP * 10**9
        rows = self.stores[0].run_attempts("r")
        for store in self.stores:
            assert (taken, today) == (
                store.committed(run="r", unit="credits"), store.committed_since("armox", "credits", day),
            )  # fmt: skip
            assert rows == store.run_attempts("r")
        is_open = [row.generation for row in rows if State(row.state) in OPEN]
        assert len(is_open) == len(set(is_open))
        jobs = [(row.realm, row.job) for row in rows if row.job]
        assert len(jobs) == len(set(jobs))
        plain.close()

    def teardown(self) -> None:
        """Close and clear away."""
        for store in getattr(self, "stores", []):
            store.close()
        if hasattr(self, "home"):
            shutil.rmtree(self.home, ignore_errors=True)


TestMoney = pytest.mark.slow(Money.TestCase)
TestMoney.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
