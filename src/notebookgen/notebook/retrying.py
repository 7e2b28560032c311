"""``%generate retry``: which run is meant, and what to say of it. The last run of this kernel goes before the ledger's."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from notebookgen.notebook.spoken import in_flags

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.client import Client
    from notebookgen.results import Results

__all__ = ["remember_run", "retried"]

_last: list[weakref.ref[Results]] = []


def remember_run(results: Results) -> None:
    """Keep in mind which run was the last of this kernel, as long as somebody holds it."""
    _last[:] = [weakref.ref(results)]


def retried(client: Callable[[], Client], run: str | None, budget: Any, max_new: Any) -> tuple[Results, bool]:
    """Buy another try for what failed, and wait for it.

    Without further words the last run of this kernel goes on, under its own budget; else, or where nothing of it may
    be tried again, new tries are a run of their own.

    Returns:
        The results, and whether anything was tried again.
    """
    held = _last[0]() if _last else None
    if held is not None and budget is None and max_new is None and run in {None, held.run} and held.may_be_retried:
        return held.retry(), True
    results = client().retry(run, budget=budget, max_new=max_new)
    results.handle.retell = in_flags
    return results, len(results) > 0
