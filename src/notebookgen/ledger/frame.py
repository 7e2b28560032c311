"""The ledger as Polars frames; read-only, on a connection of its own. Money is Decimal, what is unknown is null."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import polars as pl

from notebookgen.errors import InvalidCall, near_miss
from notebookgen.ledger.exporting import checked_place, write
from notebookgen.ledger.periods import first_day
from notebookgen.ledger.rows import from_nano
from notebookgen.ledger.scan import attempts, columns, opened
from notebookgen.ledger.store import FILE_NAME, Store
from notebookgen.ledger.summing import ENDED_BADLY, MONEY, SUMMED_BY, added_up, money, realm_parts, usd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from decimal import Decimal
    from os import PathLike
    from pathlib import Path

    from notebookgen.ledger.views import View
    from notebookgen.records import Model

__all__ = ["MONEY", "STATES", "Ledger", "findings_frame", "models_frame", "money_frame", "readable"]

STATES = pl.Enum(
    [
        "planned",
        "intent",
        "submitted",
        "completed",
        "saved",
        "failed",
        "cancelled",
        "refused",
        "ambiguous",
        "skipped",
        "invalid",
    ]
)
RUN_COLUMNS = (
    "run",
    "at",
    "model",
    "rows",
    "saved",
    "open",
    "ambiguous",
    *ENDED_BADLY,
    "net",
    "cost_unknown",
    "unit",
    "budget",
    "tag",
    "sandbox",
)
TIME = pl.Datetime("us", "UTC")
SCHEMA: dict[str, Any] = {
    "at": TIME,
    "run": pl.String,
    "id": pl.String,
    "provider": pl.String,
    "model": pl.String,
    "account": pl.String,
    "prompt": pl.String,
    "job": pl.String,
    "status": STATES,
    "reserved": MONEY,
    "charged": MONEY,
    "refunded": MONEY,
    "net": MONEY,
    "unit": pl.String,
    "basis": pl.String,
    "usd": MONEY,
    "seconds": pl.Float64,
    "attempt": pl.Int64,
    "path": pl.String,
    "notebook": pl.String,
    "tag": pl.String,
    "sandbox": pl.Boolean,
}
# What a column is made of, where it is not a column of the file.
MADE_OF: Mapping[str, tuple[str, ...]] = {
    "provider": ("realm",),
    "account": ("realm",),
    "sandbox": ("realm",),
    "net": ("charged", "refunded"),
    "usd": ("charged", "refunded", "unit", "realm"),
}
# A run's rows stand as its own attempt does, else (what was paid for before) as the newest. Money is that of the run's
# own attempts: what a run was given back cost it nothing. The second half is what a person had sent again by hand.
RUNS = """
    SELECT r.id AS run, r.at, r.tag, r.notebook, r.budget, r.total, g.provider, g.model, coalesce(g.sandbox, 0) AS sandbox, a.state, a.unit,
           CASE WHEN a.run = r.id AND NOT w.again THEN a.charged ELSE 0 END AS charged,
           CASE WHEN a.run = r.id AND NOT w.again THEN a.refunded ELSE 0 END AS refunded,
           CASE WHEN a.run = r.id AND NOT w.again THEN a.reserved ELSE 0 END AS reserved, w.generation IS NOT NULL AS wanted
    FROM runs r LEFT JOIN (  -- equal rows share what one of them cost
        SELECT run, generation, row_number() OVER (PARTITION BY run, generation ORDER BY position, sample) > 1 AS again
        FROM run_rows
    ) w ON w.run = r.id LEFT JOIN generations g ON g.id = w.generation
    LEFT JOIN attempts a ON a.key = coalesce(
        (SELECT key FROM attempts b WHERE b.generation = g.id AND b.run = r.id ORDER BY number DESC LIMIT 1),
        (SELECT key FROM attempts b WHERE b.generation = g.id ORDER BY number DESC LIMIT 1))
    WHERE w.run IS NOT NULL OR NOT EXISTS (SELECT 1 FROM attempts c WHERE c.run = r.id)
    UNION ALL
    SELECT r.id, r.at, r.tag, r.notebook, r.budget, r.total, g.provider, g.model, g.sandbox, a.state, a.unit, a.charged, a.refunded,
           a.reserved, 0
    FROM attempts a JOIN runs r ON r.id = a.run JOIN generations g ON g.id = a.generation
    WHERE (a.run, a.generation) NOT IN (SELECT run, generation FROM run_rows WHERE generation IS NOT NULL)
    UNION ALL  -- what a row cost before it was tried again: money without a row of its own
    SELECT r.id, r.at, r.tag, r.notebook, r.budget, r.total, g.provider, g.model, g.sandbox, NULL, a.unit, a.charged, a.refunded,
           a.reserved, 0
    FROM attempts a JOIN runs r ON r.id = a.run JOIN generations g ON g.id = a.generation
    WHERE a.unit IS NOT NULL
    AND EXISTS (SELECT 1 FROM attempts b WHERE b.generation = a.generation AND b.run = a.run AND b.number > a.number)
    AND (a.run, a.generation) IN (SELECT run, generation FROM run_rows WHERE generation IS NOT NULL)
    ORDER BY 2
"""


class Ledger:
    """Every generation ever asked for, and what it cost."""

    def __init__(
        self,
        home: Path,
        credit_price: Mapping[str, Decimal] | None = None,
        *,
        auditor: Callable[[], Sequence[Any]] | None = None,
    ) -> None:
        """Read the ledger in ``home``.

        Args:
            home: The home folder.
            credit_price: What one credit costs in USD, by provider, for the column ``usd``.
            auditor: Compares the ledger with what the providers say, and returns its findings as dataclasses.
        """
        self._home = home
        self._path = home / FILE_NAME
        self._credit_price = dict(credit_price or {})
        self._auditor = auditor

    def __repr__(self) -> str:
        return f"<notebookgen ledger {self._path}; .frame() gives it as a Polars DataFrame, .summary() what was spent>"

    def frame(self) -> pl.DataFrame:
        """Return one row for each attempt, oldest first.

        Columns: ``at`` (UTC), ``run``, ``id``, ``provider``, ``model``, ``account`` (a fingerprint of the key),
        ``prompt``, ``job``, ``status``, ``reserved``, ``charged`` (gross), ``refunded``, ``net`` (charged less
        refunded), ``unit``, ``basis`` (reported, listed or unknown), ``usd``, ``seconds``, ``attempt``, ``path``,
        ``notebook``, ``tag``, ``sandbox``. Amounts are Decimal in their unit; an unknown amount is null.
        """
        return self._columns(list(SCHEMA))

    def lazy(self) -> pl.LazyFrame:
        """Return the same as a lazy frame: it reads when it is collected, and only the columns that are needed then."""
        from polars.io.plugins import register_io_source  # noqa: PLC0415 - for those who ask for it

        def read(
            wanted: list[str] | None, predicate: pl.Expr | None, rows: int | None, _batch: int | None
        ) -> Iterator[pl.DataFrame]:
            names = list(wanted if wanted is not None else SCHEMA)
            needed = [*names, *(predicate.meta.root_names() if predicate is not None else [])]
            frame = self._columns([name for name in SCHEMA if name in needed])
            if predicate is not None:
                frame = frame.filter(predicate)
            yield frame.select(names) if rows is None else frame.select(names).head(rows)

        return register_io_source(read, schema=SCHEMA)

    def _columns(self, wanted: Sequence[str]) -> pl.DataFrame:
        """Return columns of the frame; nothing is read that they do not need."""
        files = [part for name in wanted for part in MADE_OF.get(name, (name,))]
        found = attempts(self._path, files)
        amounts = [name for name in ("reserved", "charged", "refunded") if name in found.columns]
        frame = found.with_columns(*map(money, amounts), *(realm_parts() if "realm" in found.columns else []))
        if "at" in wanted:
            frame = frame.with_columns(pl.col("at").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))
        if "path" in wanted:
            frame = frame.with_columns(pl.concat_str(pl.lit(f"{self._home}/"), pl.col("path")).alias("path"))
        if {"net", "usd"} & set(wanted):
            net = pl.col("charged") - pl.col("refunded").fill_null(0)
            frame = frame.with_columns(net.cast(MONEY).alias("net"))
        if "usd" in wanted:
            frame = frame.with_columns(usd(self._credit_price))
        return frame.select(pl.col(name).cast(SCHEMA[name]) for name in wanted)

    def export(self, path: str | PathLike[str]) -> Path:
        """Write every row to a ``.csv`` or ``.parquet`` file and return its path.

        In CSV a text that a program for tables would take for a formula gets an apostrophe in front.

        Raises:
            InvalidCall: It is no path, or its name ends in neither.
            NotWritable: It cannot be written.
        """
        target = checked_place(path)
        write(self.frame(), target)
        return target

    def totals(self, by: str = "model", *, sandbox: bool = False) -> pl.DataFrame:
        """Return what was spent, by a column and unit; units are never added together.

        Args:
            by: ``model``, ``provider``, ``account``, ``day``, ``month``, ``run``, ``tag``, ``notebook`` or ``status``.
                Days and months are UTC.
            sandbox: Whether to count what the sandbox made, which cost nothing; it has rows of its own, told by a
                column ``sandbox``.

        Raises:
            InvalidCall: There is no such column.
        """
        if str(by) not in SUMMED_BY:
            message = (
                f"costs cannot be shown by '{by}'.{near_miss(str(by), SUMMED_BY)} Columns are: {', '.join(SUMMED_BY)}."
            )
            raise InvalidCall(message)
        return readable(added_up(self._path, str(by), self._credit_price, sandbox=sandbox), "net", "reserved", "usd")

    def summary(self, by: str = "model", *, sandbox: bool = False) -> View:
        """Return what was spent as a table with bars; its ``.frame`` is what ``totals`` gives.

        Args:
            by: As for ``totals``.
            sandbox: Likewise.

        Raises:
            InvalidCall: There is no such column.
        """
        from notebookgen.ledger.views import costs_view  # noqa: PLC0415 - it needs this module

        return costs_view(self, by, sandbox=sandbox, command=f"ng.ledger().summary('{by}', sandbox=True)")

    def caps(self) -> pl.DataFrame:
        """Return the caps that are kept in the ledger: for whom, how much, since which day, what is left of it."""
        schema: dict[str, Any] = {"provider": pl.String, "per": pl.String, "unit": pl.String}
        schema |= {"amount": MONEY, "taken": MONEY, "left": MONEY, "since": pl.Date}
        store, rows = Store.to_read(self._home), []
        if store is not None:
            now = time.time_ns() // 1000
            for name, cap in store.caps():
                day = first_day(cap.per, now)
                taken = from_nano(store.committed_since(name, cap.unit or "", day))
                rows.append((name, cap.per, cap.unit, cap.amount, taken, cap.amount - taken, day or None))
            store.close()
        return pl.DataFrame(rows, schema={**schema, "since": pl.Int32}, orient="row").cast({"since": pl.Date})

    def audit(self) -> View:
        """Compare with the providers' own lists of jobs and their balances; return what that comes to.

        Columns of its ``.frame``: ``provider``, ``account``, ``finding`` (``agrees``, ``not in the ledger``, ``not on
        the list``, ``charge differs``, ``balance differs``, ``first look``, ``unknown``), ``job``, ``id``, ``ledger``
        and ``told`` (the two amounts), ``unit``, ``words``. Only reads are sent; of the ledger nothing is changed, but
        that the balances seen are kept in it.

        Raises:
            InvalidCall: This ledger was opened without accounts.
        """
        from notebookgen.ledger.views import audit_view  # noqa: PLC0415 - it needs this module

        if self._auditor is None:
            message = "this ledger was opened without accounts to compare it with. Type: ng.ledger().audit()"
            raise InvalidCall(message)
        return audit_view([asdict(one) for one in self._auditor()])

    def runs(self) -> pl.DataFrame:
        """Return one row for each run and unit, newest first: when, what, how it stands, what it cost.

        ``net`` is what the run itself spent: what was paid for before and given back cost it nothing. Unknown amounts are
        counted in ``cost_unknown``; where nothing else is known, ``net`` is null. ``rows`` are all that were asked for, those
        that a budget or Stop left unsent among them.
        """
        texts = ("run", "tag", "notebook", "budget", "provider", "model", "state", "unit")
        order = ("run", "at", "tag", "notebook", "budget", "total", "provider", "model", "sandbox", "state", "unit")
        kinds = {name: pl.String if name in texts else pl.Int64 for name in order}
        kinds |= dict.fromkeys(("charged", "refunded", "reserved", "wanted"), pl.Int64)
        with opened(self._path) as read:
            if read is None:
                found = pl.DataFrame(schema=kinds)
            else:
                told = any(row[1] == "total" for row in read[0].execute("PRAGMA table_info(runs)"))
                found = columns(read[0], RUNS if told else RUNS.replace("r.total", "NULL"), kinds)
        found = found.with_columns(
            pl.col("at").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            *(money(name) for name in ("charged", "refunded", "reserved")),
            pl.col("sandbox").cast(pl.Boolean),
            pl.col("wanted").cast(pl.Boolean),
        )
        # what was never sent has no unit of its own: it belongs to what the run is paid in
        state = pl.col("state")
        own = pl.col("unit").drop_nulls().first().over("run")
        unsent = pl.col("unit").is_null() & (state.is_null() | (state == "planned"))
        found = found.with_columns(unit=pl.when(unsent).then(own).otherwise("unit"))
        made = state.is_in(["completed", "saved"])
        net = pl.col("charged") - pl.col("refunded").fill_null(0)
        runs = (
            found.group_by("run", "at", "tag", "budget", "unit", "sandbox", maintain_order=True)
            .agg(
                pl.concat_str(pl.col("provider"), pl.lit(":"), pl.col("model"))
                .drop_nulls()
                .unique(maintain_order=True)
                .str.join(", ")
                .alias("model"),
                pl.col("wanted").sum().alias("rows"),
                pl.col("total").first(),
                (state == "saved").sum().alias("saved"),
                state.is_in(["intent", "submitted", "completed"]).sum().alias("open"),
                (state == "ambiguous").sum().alias("ambiguous"),
                *((state == ended).sum().alias(ended) for ended in ENDED_BADLY),
                pl.when(net.is_not_null().any() | ~made.any()).then(net.sum().cast(MONEY)).alias("net"),
                (made & net.is_null()).sum().alias("cost_unknown"),
            )
            .with_columns(_with_unbrought())
            .sort("at", descending=True, maintain_order=True)
            .select(*RUN_COLUMNS)
        )
        return readable(runs, "net")


def _with_unbrought() -> pl.Expr:
    """Return how many rows a run has, with those of which only the number is known: they are counted in its first unit."""
    rows = pl.col("rows")
    more = (pl.col("total") - rows.sum().over("run")).fill_null(0).clip(0)
    return rows + pl.when(pl.int_range(pl.len()).over("run") == 0).then(more).otherwise(0)


def readable(frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Return amounts with no more decimal places than they need, of 2, 4, 6 or 9; nothing is rounded."""
    for places in (0, 2, 4, 6):
        kept = frame.with_columns(pl.col(name).cast(pl.Decimal(38, places)) for name in columns)
        if all((kept[name].cast(MONEY) == frame[name].cast(MONEY)).all() for name in columns):
            return kept
    return frame


def models_frame(models: Sequence[Model]) -> pl.DataFrame:
    """Return models as a frame: what they make, what they cost, what they can be told, how that is known."""
    rows = [
        {
            "model": str(one),
            "kind": one.kind,
            "name": one.name,
            "cost": one.cost.amount,
            "unit": one.cost.unit,
            "settings": [setting.key for setting in one.settings],
            "live": one.live,
            "source": one.source,
        }
        for one in models
    ]
    schema: dict[str, Any] = {"model": pl.String, "kind": pl.String, "name": pl.String, "cost": MONEY}
    schema |= {"unit": pl.String, "settings": pl.List(pl.String), "live": pl.Boolean, "source": pl.String}
    return readable(pl.DataFrame(rows, schema=schema), "cost")


def findings_frame(findings: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return what an audit found, one row for each finding."""
    amounts = ("ledger", "told")
    names = ("provider", "account", "finding", "job", "id", *amounts, "unit", "words")
    schema: dict[str, Any] = {name: MONEY if name in amounts else pl.String for name in names}
    return readable(pl.DataFrame([dict(one) for one in findings], schema=schema, orient="row"), *amounts)


def money_frame(columns: Mapping[str, Sequence[Any]]) -> pl.DataFrame:
    """Return how the rows of a run stand, with the ``gen_`` columns in their types; no columns are no rows."""
    schema: dict[str, Any] = {
        "gen_prompt": pl.String,
        "gen_status": STATES,
        "gen_path": pl.String,
        "gen_paths": pl.List(pl.String),
        "gen_url": pl.String,
        "gen_kind": pl.String,
        "gen_text": pl.String,
        "gen_cost": MONEY,
        "gen_unit": pl.String,
        "gen_basis": pl.String,
        "gen_seconds": pl.Float64,
        "gen_cached": pl.Boolean,
        "gen_sample": pl.Int64,
        "gen_job": pl.String,
        "gen_error": pl.String,
        "gen_id": pl.String,
    }
    height = max((len(values) for values in columns.values()), default=0)
    values: dict[str, Any] = {name: columns.get(name, [None] * height) for name in schema}
    return pl.DataFrame(values | {"gen_cost": _amounts(values["gen_cost"])}, schema=schema)


def _amounts(values: Sequence[Decimal | None]) -> pl.Series:
    """Return amounts as a column, by way of their text: Polars loads NumPy for Python's own, a tenth of a second of work."""
    texts = [None if one is None else format(one, "f") for one in values]
    return pl.Series(texts, dtype=pl.String).cast(MONEY)
