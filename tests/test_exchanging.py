"""Looks and creates that need no thread: where the transport can begin an exchange, the engine hears of it in its own."""

from __future__ import annotations

import json
import math
import threading
from typing import TYPE_CHECKING

import polars as pl
import pytest

import notebookgen as ng
from notebookgen.jobs import workers
from notebookgen.jobs.exchanging import SHORT
from notebookgen.sandbox import Fault
from notebookgen.transport.choosing import VARIABLE
from three_services import made, services

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 60.0
CHAT = "apimodels:claude-haiku-4-5-20251001"
TEXT = {"model": "armox:sandbox/text"}


def names_of_threads(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return what the threads are called that tasks are given to, from now on."""
    names: set[str] = set()
    submit = workers.Workers.submit

    def noting(self: workers.Workers, task: Callable[[], object], *args: object) -> None:
        def noted() -> object:
            names.add(threading.current_thread().name)
            return task()

        submit(self, noted, *args)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(workers.Workers, "submit", noting)
    return names


@pytest.mark.parametrize(("said", "creates"), [("fast", False), ("requests", True)])
def test_creates_and_looks_take_no_thread_where_none_is_needed(
    said: str, creates: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run over rows: the same rows either way, and no thread is taken to wait for a reply where none is needed."""
    monkeypatch.setenv(VARIABLE, said)
    names = names_of_threads(monkeypatch)
    with services("embedded", monkeypatch) as service:
        rows = ng.map(pl.DataFrame({"x": range(12)}), "a line about {x}", max_new=12, timeout=PATIENCE, **TEXT)
        bought = len(service.state()["creates"])
    assert ["saved"] * 12 == rows.frame["gen_status"].to_list()
    assert bought == 12
    assert creates == ("notebookgen-create" in names)


def test_a_reply_that_is_lost_is_in_doubt_either_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A create whose reply broke off is looked for in the list and found, without a second one."""
    monkeypatch.setenv(VARIABLE, "fast")
    lost = Fault(kind="lost_after", service="armox")
    with services("embedded", monkeypatch, misbehave=[lost]) as service:
        one = ng.generate("a line", timeout=PATIENCE, budget=math.inf, **TEXT)
        assert 1 == len(service.state()["creates"])
    assert "saved" == one.status


@pytest.mark.parametrize("size", [10, 2 * SHORT])
def test_what_no_job_can_be_asked_for_is_kept_by_a_worker(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply that is itself what was paid for is on the disk before anything else, large or small; no create waits in a thread."""
    monkeypatch.setenv(VARIABLE, "fast")
    names = names_of_threads(monkeypatch)
    said = json.dumps({"choices": [{"message": {"role": "assistant", "content": "x" * size}}]})
    reply = Fault(kind="status", service="apimodels", status=200, body=said)
    with services("real", monkeypatch, misbehave=[reply]):
        one = made(model=CHAT)
    assert ("saved", "x" * size) == (one.status, one.text)
    assert "notebookgen-work" in names
    assert "notebookgen-create" not in names
