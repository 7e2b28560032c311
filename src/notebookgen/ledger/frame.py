"""The ledger as Polars frames; read-only, on a connection of its own. Money is Decimal, what is unknown is null."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from notebookgen.errors import InvalidCall, NotWritable, near_miss
from notebookgen.ledger.reading import open_to_read
from notebookgen.ledger.store import FILE_NAME
from notebookgen.ledger.trouble import translated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from notebookgen.records import Model

__all__ = ["MONEY", "STATES", "Ledger", "models_frame", "money_frame", "readable"]

MONEY = pl.Decimal(None, 9)
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
    "failed",
    "net",
    "cost_unknown",
    "unit",
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
ATTEMPTS = """
    SELECT a.at, a.run, a.generation AS id, g.provider, g.model, g.account, g.prompt, a.job, a.state AS status,
           a.reserved, a.charged, a.refunded, a.unit, a.basis, a.seconds, a.number AS attempt,
           (SELECT path FROM assets s WHERE s.attempt = a.key ORDER BY s.position LIMIT 1) AS path, r.notebook, r.tag, g.sandbox
    FROM attempts a JOIN generations g ON g.id = a.generation JOIN runs r ON r.id = a.run ORDER BY a.key
"""
# A run's rows stand as its own attempt does, else (what was paid for before) as the newest. Money is that of the run's
# own attempts: what a run was given back cost it nothing. The second half is what a person had sent again by hand.
RUNS = """
    SELECT r.id AS run, r.at, r.tag, r.notebook, g.provider, g.model, coalesce(g.sandbox, 0) AS sandbox, a.state, a.unit,
           CASE WHEN a.run = r.id THEN a.charged ELSE 0 END AS charged,
           CASE WHEN a.run = r.id THEN a.refunded ELSE 0 END AS refunded,
           CASE WHEN a.run = r.id THEN a.reserved ELSE 0 END AS reserved, w.generation IS NOT NULL AS wanted
    FROM runs r LEFT JOIN run_rows w ON w.run = r.id LEFT JOIN generations g ON g.id = w.generation
    LEFT JOIN attempts a ON a.key = coalesce(
        (SELECT key FROM attempts b WHERE b.generation = g.id AND b.run = r.id ORDER BY number DESC LIMIT 1),
        (SELECT key FROM attempts b WHERE b.generation = g.id ORDER BY number DESC LIMIT 1))
    WHERE w.run IS NOT NULL OR NOT EXISTS (SELECT 1 FROM attempts c WHERE c.run = r.id)
    UNION ALL
    SELECT r.id, r.at, r.tag, r.notebook, g.provider, g.model, g.sandbox, a.state, a.unit, a.charged, a.refunded,
           a.reserved, 0
    FROM attempts a JOIN runs r ON r.id = a.run JOIN generations g ON g.id = a.generation
    WHERE NOT EXISTS (SELECT 1 FROM run_rows w WHERE w.run = a.run AND w.generation = a.generation)
    ORDER BY 2
"""


class Ledger:
    """Every generation ever asked for, and what it cost."""

    def __init__(self, home: Path, credit_price: Mapping[str, Decimal] | None = None) -> None:
        """Read the ledger in ``home``.

        Args:
            home: The home folder.
            credit_price: What one credit costs in USD, by provider, for the column ``usd``.
        """
        self._home = home
        self._path = home / FILE_NAME
        self._credit_price = dict(credit_price or {})

    def __repr__(self) -> str:
        return f"<notebookgen ledger {self._path}; .frame() gives it as a Polars DataFrame>"

    def _read(self, sql: str, columns: Sequence[str]) -> pl.DataFrame:
        """Return what a query gives, every column as SQLite has it."""
        if not self._path.exists():
            return pl.DataFrame(schema=dict.fromkeys(columns, pl.Null))
        with translated(self._path):
            database = open_to_read(self._path)
            try:
                rows = database.execute(sql).fetchall()
            finally:
                database.close()
        return pl.DataFrame(rows, schema=list(columns), orient="row", infer_schema_length=None)

    def frame(self) -> pl.DataFrame:
        """Return one row for each attempt, oldest first.

        Columns: ``at`` (UTC), ``run``, ``id``, ``provider``, ``model``, ``account`` (a fingerprint of the key),
        ``prompt``, ``job``, ``status``, ``reserved``, ``charged`` (gross), ``refunded``, ``net`` (charged less
        refunded), ``unit``, ``basis`` (reported, listed or unknown), ``usd``, ``seconds``, ``attempt``, ``path``,
        ``notebook``, ``tag``, ``sandbox``. Amounts are Decimal in their unit; an unknown amount is null.
        """
        found = self._read(ATTEMPTS, [name for name in SCHEMA if name not in {"net", "usd"}])
        prices = pl.DataFrame(
            {"provider": list(self._credit_price), "price": list(self._credit_price.values())},
            schema={"provider": pl.String, "price": MONEY},
        )
        typed = found.with_columns(
            pl.col("at").cast(pl.Int64).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            pl.col("sandbox").cast(pl.Boolean),
            *(money(name) for name in ("reserved", "charged", "refunded")),
            pl.when(pl.col("path").is_not_null())
            .then(pl.concat_str(pl.lit(f"{self._home}/"), pl.col("path").cast(pl.String)))
            .alias("path"),
            *(
                pl.col(name).cast(kind)
                for name, kind in SCHEMA.items()
                if name in found.columns and kind is pl.String and name != "path"
            ),
            pl.col("status").cast(pl.String).cast(STATES),
            pl.col("seconds").cast(pl.Float64),
            pl.col("attempt").cast(pl.Int64),
        )
        net = pl.col("charged") - pl.col("refunded").fill_null(0)
        with_net = typed.with_columns(net.cast(MONEY).alias("net")).join(prices, on="provider", how="left")
        usd = (
            pl.when(pl.col("unit") == "USD")
            .then(pl.col("net"))
            .when(pl.col("unit") == "credits")
            .then((pl.col("net") * pl.col("price")).cast(MONEY))
        )
        return with_net.with_columns(usd.cast(MONEY).alias("usd")).select(
            pl.col(name).cast(kind) for name, kind in SCHEMA.items()
        )

    def export(self, path: str | PathLike[str]) -> Path:
        """Write every row to a ``.csv`` or ``.parquet`` file and return its path.

        Raises:
            InvalidCall: It is no path, or its name ends in neither.
            NotWritable: It cannot be written.
        """
        if not isinstance(path, str | PathLike):
            message = f"{str(path)[:80]} is no path, so nothing was written. Name a file: .export('ledger.csv')"
            raise InvalidCall(message)
        target = Path(path).expanduser().absolute()
        if target.suffix.lower() not in {".csv", ".parquet"}:
            message = f"'{target.name}' ends in neither .csv nor .parquet. Name it ledger.csv or ledger.parquet."
            raise InvalidCall(message)
        try:
            if target.suffix.lower() == ".csv":
                self.frame().write_csv(target)
            else:
                self.frame().write_parquet(target)
        except OSError as error:
            message = f"{target} cannot be written: {error.strerror or error}. Give another place."
            raise NotWritable(message) from error
        return target

    def totals(self, by: str = "model", *, sandbox: bool = False) -> pl.DataFrame:
        """Return what was spent, by a column and unit; units are never added together.

        Args:
            by: ``model``, ``provider``, ``run``, ``tag``, ``day``, ``status``, ``account`` or ``notebook``.
            sandbox: Whether to count what the sandbox made, which cost nothing; it has rows of its own, told by a
                column ``sandbox``.

        Raises:
            InvalidCall: There is no such column.
        """
        columns = ("model", "provider", "run", "tag", "day", "status", "account", "notebook")
        if str(by) not in columns:
            message = (
                f"costs cannot be shown by '{by}'.{near_miss(str(by), columns)} Columns are: {', '.join(columns)}."
            )
            raise InvalidCall(message)
        frame = self.frame().with_columns(pl.col("at").dt.date().alias("day"))
        if not sandbox:
            frame = frame.filter(~pl.col("sandbox"))
        keys = list(dict.fromkeys([by, "provider", "unit", *(["sandbox"] if sandbox else [])]))
        made = pl.col("status").is_in(["completed", "saved"])
        totals = (
            frame.group_by(keys)
            .agg(
                pl.len().alias("attempts"),
                made.sum().alias("made"),
                # a sum of nothing but unknown amounts is unknown, not nought
                pl.when(pl.col("net").is_not_null().any() | ~made.any()).then(pl.col("net").sum()).alias("net"),
                (made & pl.col("net").is_null()).sum().alias("cost_unknown"),
                pl.col("reserved")
                .filter(pl.col("status").is_in(["intent", "submitted", "ambiguous"]))
                .sum()
                .alias("reserved"),
            )
            .sort(keys)
        )
        return readable(totals, "net", "reserved")

    def runs(self) -> pl.DataFrame:
        """Return one row for each run and unit, newest first: when, what, how it stands, what it cost.

        ``net`` is what the run itself spent: what was paid for before and given back cost it nothing. Unknown amounts are
        counted in ``cost_unknown``; where nothing else is known, ``net`` is null.
        """
        names = ["run", "at", "tag", "notebook", "provider", "model", "sandbox", "state", "unit"]
        names += ["charged", "refunded", "reserved", "wanted"]
        found = self._read(RUNS, names).with_columns(
            pl.col("at").cast(pl.Int64).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            *(money(name) for name in ("charged", "refunded", "reserved")),
            *(
                pl.col(name).cast(pl.String)
                for name in ("run", "tag", "notebook", "provider", "model", "state", "unit")
            ),
            pl.col("sandbox").cast(pl.Boolean),
            pl.col("wanted").cast(pl.Boolean),
        )
        state = pl.col("state")
        made = state.is_in(["completed", "saved"])
        net = pl.col("charged") - pl.col("refunded").fill_null(0)
        runs = (
            found.group_by("run", "at", "tag", "unit", "sandbox", maintain_order=True)
            .agg(
                pl.concat_str(pl.col("provider"), pl.lit(":"), pl.col("model"))
                .drop_nulls()
                .unique(maintain_order=True)
                .str.join(", ")
                .alias("model"),
                pl.col("wanted").sum().alias("rows"),
                (state == "saved").sum().alias("saved"),
                state.is_in(["intent", "submitted", "completed"]).sum().alias("open"),
                (state == "ambiguous").sum().alias("ambiguous"),
                state.is_in(["failed", "refused", "cancelled"]).sum().alias("failed"),
                pl.when(net.is_not_null().any() | ~made.any()).then(net.sum().cast(MONEY)).alias("net"),
                (made & net.is_null()).sum().alias("cost_unknown"),
            )
            .sort("at", descending=True, maintain_order=True)
            .select(*RUN_COLUMNS)
        )
        return readable(runs, "net")


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


def money(name: str) -> pl.Expr:
    """Return a column of nano-units as decimals."""
    return (
        (pl.col(name).cast(pl.Int64).cast(pl.Decimal(38, 0)) * pl.lit("0.000000001").cast(MONEY))
        .cast(MONEY)
        .alias(name)
    )


def money_frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return how the rows of a run stand, with the ``gen_`` columns in their types."""
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
    return pl.DataFrame([dict(row) for row in rows], schema=schema, orient="row")
