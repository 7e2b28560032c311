"""The output half of ``ng.map``: the input rows with the ``gen_`` columns beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from notebookgen.errors import InvalidCall
from notebookgen.ledger.frame import money_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["joined", "output_names"]

OURS = "gen_"


def output_names(prefix: str) -> list[str]:
    """Return the names of the output's own columns."""
    return [renamed(name, prefix) for name in money_frame({}).columns]


def renamed(name: str, prefix: str) -> str:
    """Return the name of a ``gen_`` column under another prefix."""
    return prefix + name.removeprefix(OURS)


def joined(
    frame: pl.DataFrame,
    gen: pl.DataFrame,
    samples: int = 1,
    prefix: str = OURS,
    *,
    places: Sequence[int] | None = None,
) -> pl.DataFrame:
    """Return the input rows in their order, each once for each of its samples, and what became of them beside.

    Args:
        frame: The input rows.
        gen: How they stand (``money_frame``): row 0 sample 0, row 0 sample 1, row 1 sample 0, ...
        samples: How many each row has.
        prefix: What the names of the output's columns begin with.
        places: Which rows of the output ``gen`` holds, where it does not hold all.

    Raises:
        InvalidCall: The two do not fit each other.
    """
    wanted = frame.height * samples if places is None else len(places)
    if gen.height != wanted:
        message = (
            f"{frame.height:,} rows with {samples} samples each are {frame.height * samples:,}, and there are "
            f"{gen.height:,} results: they do not belong together."
        )
        raise InvalidCall(message)
    if places is not None:
        rows = frame[pl.Series([place // samples for place in places], dtype=pl.UInt32)]
    else:
        rows = frame if samples == 1 else frame[_repeated(frame.height, samples)]
    return rows.hstack(gen.rename({name: renamed(name, prefix) for name in gen.columns}))


def _repeated(height: int, samples: int) -> pl.Series:
    """Return which input row stands in each row of the output."""
    return pl.select(pl.int_range(height * samples) // samples).to_series()
