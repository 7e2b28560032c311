"""Any life of an engine: asked, lost, refused, unreachable, restarted, with hours passing in no time.

Whatever happens, no content has two jobs at the provider, and in the end each one that was asked for is paid once.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter, deque
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from notebookgen.jobs.states import State
from notebookgen.ledger.rows import from_nano
from notebookgen.testing import FakeClock
from scripted import Bench, Shop, lost, reply, until, wanted

PROMPTS = ("a coat", "a hat", "a glove")
ORDERS = {
    "ok": "ok",
    "accepted, reply lost": "lost after",
    "lost on the way": "lost before",
    "no network": "unreachable",
    "refused": reply(400, {"error": "no"}),
    "too many": reply(429, {}, **{"retry-after": "7"}),
    "broken": reply(500, {"error": "oops"}),
}
LOOKS = {"broken": reply(502, {}), "garbage": reply(200, {"what": 1}), "lost": lost(), "denied": reply(404, {})}


class Life(RuleBasedStateMachine):
    """One home folder, one account, one person who asks again and again."""

    @initialize()
    def begin(self) -> None:
        """Open the ledger for the first time."""
        self.home = Path(tempfile.mkdtemp(prefix="life-"))
        self.clock = FakeClock()
        self.shop = Shop(now=lambda: self.clock.now() / 1e6)
        self.shop.finished = False
        self.asked: set[str] = set()
        self.desk = Bench(self.home, self.shop, clock=self.clock, settle=60.0)

    @rule(prompt=st.sampled_from(PROMPTS), orders=st.lists(st.sampled_from(sorted(ORDERS)), max_size=3))
    def ask(self, prompt: str, orders: list[str]) -> None:
        """Ask for something; the next creates go as said."""
        self.shop.orders.extend(ORDERS[name] for name in orders)
        self.asked.add(prompt)
        self.desk.start(wanted(prompt))

    @rule(purpose=st.sampled_from(["status", "list"]), looks=st.lists(st.sampled_from(sorted(LOOKS)), max_size=3))
    def trouble(self, purpose: str, looks: list[str]) -> None:
        """The next looks go wrong."""
        self.shop.answers.setdefault(purpose, deque()).extend(LOOKS[name] for name in looks)

    @rule(seconds=st.sampled_from([0.5, 5.0, 30.0, 61.0]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)
        self.breathe()

    @rule(finished=st.booleans())
    def work(self, *, finished: bool) -> None:
        """The provider finishes its jobs, or does not."""
        self.shop.finished = finished

    @rule()
    def restart(self) -> None:
        """End the kernel and begin another one."""
        self.desk.engine.close()
        self.desk = Bench(self.home, self.shop, clock=self.clock, settle=60.0)

    @invariant()
    def nothing_is_bought_twice(self) -> None:
        """No content has two jobs at the provider."""
        counts = Counter(job["sent"]["prompt"] for job in list(self.shop.jobs)) if hasattr(self, "shop") else Counter()
        assert {} == {prompt: count for prompt, count in counts.items() if count > 1}

    def breathe(self) -> None:
        """Give the engine's thread a turn."""
        self.desk.engine.call(lambda: None)

    def teardown(self) -> None:
        """Let the weather clear: everything that was asked for is there, and paid once."""
        if not hasattr(self, "desk"):
            return
        try:
            self.shop.orders.clear()
            self.shop.answers.clear()
            self.shop.finished = True
            handles: dict[str, Any] = {}

            def settled() -> bool:
                for prompt in self.asked:
                    if prompt not in handles or handles[prompt].done:
                        row = self.desk.asked(lambda store, prompt=prompt: store.last_attempt(wanted(prompt).id))  # type: ignore[misc]  # a lambda's default
                        if row is None or row.state != State.SAVED:
                            handles[prompt] = self.desk.start(wanted(prompt))
                self.clock.advance(3.0)
                self.breathe()
                return all(
                    (row := self.desk.asked(lambda store, prompt=prompt: store.last_attempt(wanted(prompt).id)))  # type: ignore[misc]  # likewise
                    and row.state == State.SAVED
                    for prompt in self.asked
                )

            until(settled, "what was asked for never came")
            self.nothing_is_bought_twice()
            assert len(self.asked) == len(self.shop.jobs)
            spent = from_nano(self.desk.asked(lambda store: store.committed(unit="USD")))
            assert Decimal("0.5") * len(self.asked) == spent
        finally:
            self.desk.engine.close()
            shutil.rmtree(self.home, ignore_errors=True)


TestLife = pytest.mark.slow(Life.TestCase)
TestLife.settings = settings(
    max_examples=25, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
