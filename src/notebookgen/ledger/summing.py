"""What was spent, added up by SQLite along its indices, so that a million rows take a moment; Polars sees only the sums.

Units are never added together, and what nobody knows is counted and not taken for nought.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from notebookgen.ledger.scan import columns, opened

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal
    from pathlib import Path

__all__ = ["SUMMED_BY", "added_up", "money", "realm_parts", "usd"]

MONEY = pl.Decimal(None, 9)
BY_MODEL = ("model", "provider", "account", "day", "month")
BY_RUN = ("run", "tag", "notebook", "status")
SUMMED_BY = (*BY_MODEL, *BY_RUN)
TEXT, WHOLE = pl.String, pl.Int64
SUMS = """count(*), count(charged), sum(charged), sum(CASE WHEN charged IS NOT NULL THEN refunded END), sum(reserved)"""
SUM_KINDS: Mapping[str, Any] = dict.fromkeys(("attempts", "known", "charged", "refunded", "reserved"), WHOLE)
# Each in the order of an index that has all of its columns: nothing is sorted, and no row is looked up.
QUERIES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "model": (
        f"SELECT realm, model, unit, day, state, {SUMS} FROM {{table}} GROUP BY realm, model, unit, day, state",  # noqa: S608 - constants
        {"realm": TEXT, "model": TEXT, "unit": TEXT, "day": WHOLE, "status": TEXT, **SUM_KINDS},
    ),
    "run": (
        f"SELECT run, unit, realm, state, {SUMS} FROM {{table}} GROUP BY run, unit, realm, state",  # noqa: S608 - constants
        {"run": TEXT, "unit": TEXT, "realm": TEXT, "status": TEXT, **SUM_KINDS},
    ),
}
MADE = ["completed", "saved"]
RESERVED = ["intent", "submitted", "ambiguous"]
ENDED_BADLY = ("failed", "refused", "cancelled")  # each by itself: what was refused or cancelled did not fail


def added_up(path: Path, by: str, prices: Mapping[str, Decimal], *, sandbox: bool) -> pl.DataFrame:
    """Return what was spent, one row for each value of a column, provider and unit.

    Args:
        path: The ledger's file.
        by: One of ``SUMMED_BY``.
        prices: What one credit costs in USD, by provider.
        sandbox: Whether to count what the sandbox made, in rows of its own.
    """
    query, kinds = QUERIES["model" if by in BY_MODEL else "run"]
    with opened(path) as found:
        if found is None:
            parts = pl.DataFrame(schema=dict(kinds))
        else:
            parts = columns(found[0], query.format(table=found[1]), kinds)
        if by in {"tag", "notebook"}:
            runs = {"run": TEXT, by: TEXT}
            told = columns(found[0], f"SELECT id, {by} FROM runs", runs) if found else pl.DataFrame(schema=runs)  # noqa: S608 - one of two columns
            parts = parts.join(told, on="run", how="left")
    parts = parts.with_columns(*realm_parts())
    if by in {"day", "month"}:
        date = pl.col("day").cast(pl.Int32).cast(pl.Date)
        parts = parts.with_columns(day=date, month=date.dt.strftime("%Y-%m"))
    parts = parts if sandbox else parts.filter(~pl.col("sandbox"))
    keys = list(dict.fromkeys([by, "provider", "unit", *(["sandbox"] if sandbox else [])]))
    status, count = pl.col("status"), pl.col("attempts")
    made = status.is_in(MADE)
    nano = pl.col("charged").fill_null(0) - pl.col("refunded").fill_null(0)
    totals = (
        parts.group_by(keys)
        .agg(
            count.sum(),
            count.filter(made).sum().alias("made"),
            *(count.filter(status == ended).sum().alias(ended) for ended in ENDED_BADLY),
            count.filter(status == "ambiguous").sum().alias("ambiguous"),
            # a sum of nothing but unknown amounts is unknown, not nought
            pl.when((pl.col("known") > 0).any() | ~made.any()).then(nano.sum()).alias("net"),
            (count - pl.col("known")).filter(made).sum().alias("cost_unknown"),
            pl.col("reserved").filter(status.is_in(RESERVED)).sum(),
        )
        .with_columns(money("net"), money("reserved"))
        .with_columns(usd(prices))
    )
    return totals.sort(keys)


def realm_parts() -> list[pl.Expr]:
    """Return provider, account and sandbox out of a realm's text."""
    parts = pl.col("realm").str.split_exact("|", 2)
    return [
        parts.struct.field("field_0").alias("provider"),
        parts.struct.field("field_1").alias("account"),
        (parts.struct.field("field_2") == "1").alias("sandbox"),
    ]


def usd(prices: Mapping[str, Decimal]) -> pl.Expr:
    """Return the net amount in dollars, where it is in dollars or a credit's price is known.

    Args:
        prices: What one credit costs in USD, by provider.
    """
    provider, unit, net = pl.col("provider"), pl.col("unit"), pl.col("net")
    worth = pl.lit(None, MONEY)
    for name, price in prices.items():
        worth = pl.when(provider == name).then((net * pl.lit(price).cast(MONEY)).cast(MONEY)).otherwise(worth)
    paid = pl.when(unit == "USD").then(net).when(unit == "credits").then(worth)
    return paid.otherwise(None).cast(MONEY).alias("usd")


def money(name: str) -> pl.Expr:
    """Return a column of nano-units as decimals."""
    return (
        (pl.col(name).cast(pl.Int64).cast(pl.Decimal(38, 0)) * pl.lit("0.000000001").cast(MONEY))
        .cast(MONEY)
        .alias(name)
    )
