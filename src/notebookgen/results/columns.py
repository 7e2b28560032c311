"""The output's own columns: how rows of a run stand, as plain lists from which a frame is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notebookgen.jobs.states import FREE, State
from notebookgen.results.showing import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notebookgen.jobs.delivered import Delivered

__all__ = ["gen_columns"]


def gen_columns(rows: Sequence[Delivered], retell: Callable[[str], str] = str) -> dict[str, list[Any]]:
    """Return the ``gen_`` columns of some rows."""
    unsent = {State.SKIPPED, State.INVALID}
    return {
        "gen_prompt": [row.generation.prompt or None for row in rows],
        "gen_status": [str(row.state) for row in rows],
        "gen_path": [row.assets[0].path if row.assets else None for row in rows],
        "gen_paths": [[asset.path for asset in row.assets] for row in rows],
        "gen_url": [row.assets[0].url if row.assets else None for row in rows],
        "gen_kind": [row.assets[0].kind if row.assets else None for row in rows],
        "gen_text": [text_of(row) for row in rows],
        "gen_cost": [row.cost.amount for row in rows],
        "gen_unit": [row.cost.unit for row in rows],
        "gen_basis": [None if row.state in FREE else row.cost.basis for row in rows],
        "gen_seconds": [row.seconds for row in rows],
        "gen_cached": [row.cached for row in rows],
        "gen_sample": [row.generation.sample for row in rows],
        "gen_job": [row.job for row in rows],
        "gen_error": [retell(str(row.error)) if row.error is not None else None for row in rows],
        "gen_id": [None if row.state in unsent else row.generation.id for row in rows],
    }
