"""The ledger as Polars frames; read-only, on a connection of its own. Money is Decimal, what is unknown is null."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from notebookgen.errors import InvalidCall, NotWritable, near_miss
from notebookgen.ledger.schema import check_shape
from notebookgen.ledger.store import FILE_NAME, translated

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
           (SELECT path FROM assets s WHERE s.attempt = a.key AND s.position = 0) AS path, r.notebook, r.tag, g.sandbox
    FROM attempts a JOIN generations g ON g.id = a.generation JOIN runs r ON r.id = a.run ORDER BY a.key
"""
RUNS = """
    SELECT r.id AS run, r.at, r.tag, r.notebook, g.provider, g.model, g.sandbox, a.state, a.unit,
           a.charged, a.refunded, a.reserved, w.generation IS NOT NULL AS wanted
    FROM runs r LEFT JOIN run_rows w ON w.run = r.id LEFT JOIN generations g ON g.id = w.generation
    LEFT JOIN attempts a ON a.generation = g.id
         AND a.number = (SELECT max(number) FROM attempts b WHERE b.generation = g.id)
    ORDER BY r.at
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
            database = sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True, timeout=30.0)
            try:
                check_shape(database, self._path)
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

    def export(self, path: str | Path) -> Path:
        """Write every row to a ``.csv`` or ``.parquet`` file and return its path.

        Raises:
            InvalidCall: The name ends in neither.
            NotWritable: It cannot be written.
        """
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
            sandbox: Whether to count what the sandbox made, which cost nothing.

        Raises:
            InvalidCall: There is no such column.
        """
        columns = ("model", "provider", "run", "tag", "day", "status", "account", "notebook")
        if by not in columns:
            message = f"costs cannot be shown by '{by}'.{near_miss(by, columns)} Columns are: {', '.join(columns)}."
            raise InvalidCall(message)
        frame = self.frame().with_columns(pl.col("at").dt.date().alias("day"))
        if not sandbox:
            frame = frame.filter(~pl.col("sandbox"))
        made = pl.col("status").is_in(["completed", "saved"])
        totals = (
            frame.group_by(list(dict.fromkeys([by, "provider", "unit"])))
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
            .sort(by, "provider", "unit")
        )
        return readable(totals, "net", "reserved")

    def runs(self) -> pl.DataFrame:
        """Return one row for each run and unit, newest first: when, what, how it stands, what it cost."""
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
        runs = (
            found.group_by("run", "at", "tag", "unit", maintain_order=True)
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
                (pl.col("charged") - pl.col("refunded").fill_null(0)).sum().cast(MONEY).alias("net"),
                pl.col("sandbox").any().alias("sandbox"),
            )
            .sort("at", descending=True)
            .select(
                "run", "at", "model", "rows", "saved", "open", "ambiguous", "failed", "net", "unit", "tag", "sandbox"
            )
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
