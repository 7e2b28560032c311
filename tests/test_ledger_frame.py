"""The ledger as frames: exact amounts, unknown is null, units apart, the sandbox left out, files that can be read again."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebookgen.errors import InvalidCall, LedgerError, NotWritable
from notebookgen.jobs.states import State
from notebookgen.ledger.frame import MONEY, RUNS, SCHEMA, STATES, Ledger, models_frame, money_frame, readable
from notebookgen.ledger.rows import realm_text
from notebookgen.ledger.store import FILE_NAME, Store
from notebookgen.providers import provider_class, provider_names
from notebookgen.records import Asset, Generation, Realm

NANO = 1_000_000_000
AT = 1_767_268_800_000_000  # 2026-01-01 12:00 UTC
ARMOX, APIXO = Realm("armox", "0123456789ab"), Realm("apixo", "ba9876543210")
BOX = Realm("armox", "sandbox", sandbox=True)


def add(store: Store, prompt: str, *, realm: Realm = ARMOX, model: str = "m", run: str = "r", unit: str | None = "credits",
        reserved: int | None = NANO, **columns: Any) -> int:  # fmt: skip
    one = Generation(realm, model, prompt)
    store.remember(one, AT)
    key = store.add_intent(one, run=run, realm=realm_text(realm), kernel="k", at=AT, unit=unit, reserved=reserved)
    if columns:
        store.update(key, **columns)
    store.add_rows(run, [(key, 0, one.id)])
    return key


@pytest.fixture
def ledger(home: Path) -> Ledger:
    """A ledger with two units, an unknown cost, a refund, an open reservation, and a job of the sandbox."""
    store = Store(home)
    store.begin_run("r", at=AT, kernel="k", notebook="lesson.ipynb", tag="trial")
    store.begin_run("s", at=AT + 1, kernel="k", notebook=None, tag=None)
    key = add(store, "one", state="saved", charged=70 * NANO, basis="reported", job="j1", seconds=1.5)
    store.keep_assets(key, {0: Asset(str(home / "media" / "a.png"), "image", "image/png", 5, "0" * 64)})
    add(store, "two", state="saved", charged=None)
    add(store, "three", state="failed", charged=30 * NANO, refunded=10 * NANO, basis="reported")
    add(store, "four", state="ambiguous", reserved=5 * NANO)
    add(store, "five", realm=APIXO, model="n", run="s", unit="USD", state="saved", charged=30_000_001, basis="listed")
    add(store, "six", realm=APIXO, model="n", run="s", unit=None, reserved=None, state="saved", charged=None)
    add(store, "seven", realm=BOX, run="s", state="saved", charged=1000 * NANO, basis="reported")
    store.close()
    return Ledger(home, {"armox": Decimal("0.001")})


def test_every_column_has_its_type(ledger: Ledger, tmp_path: Path) -> None:
    """The types are the same with rows, with rows of nothing but unknowns, and without a ledger."""
    unknown = Store(tmp_path / "unknown")
    unknown.begin_run("r", at=AT, kernel="k", notebook=None, tag=None)
    add(unknown, "x", unit=None, reserved=None)
    unknown.close()

    for one in (ledger, Ledger(tmp_path / "unknown"), Ledger(tmp_path / "none")):
        assert SCHEMA == dict(one.frame().schema)
    assert [7, 1, 0] == [
        one.frame().height for one in (ledger, Ledger(tmp_path / "unknown"), Ledger(tmp_path / "none"))
    ]
    assert not (tmp_path / "none").exists()


def test_amounts_are_exact_and_unknown_is_null(ledger: Ledger) -> None:
    """Decimals to the last nano-unit; net is charged less refunded; nobody's guess stands where nothing is known."""
    frame = ledger.frame()

    assert [Decimal(70), None, Decimal(20), None, Decimal("0.030000001"), None, Decimal(1000)] == frame["net"].to_list()
    assert [None, None, Decimal(10), None, None, None, None] == frame["refunded"].to_list()
    assert ["reported", "unknown", "reported", "unknown", "listed", "unknown", "reported"] == frame["basis"].to_list()


def test_dollars_only_where_a_price_is_told(ledger: Ledger, home: Path) -> None:
    """``usd`` is the net of what is paid in USD, credits at the price the user told, and null for everything else."""
    expected = [Decimal("0.07"), None, Decimal("0.02"), None, Decimal("0.030000001"), None, Decimal(1)]
    untold = Ledger(home).frame()["usd"].to_list()

    assert expected == ledger.frame()["usd"].to_list()
    assert [None, None, None, None, Decimal("0.030000001"), None, None] == untold


def test_times_states_and_places(ledger: Ledger, home: Path) -> None:
    """Times are UTC, states are the table's own in its order, files are where they are."""
    first = ledger.frame().row(0, named=True)

    assert datetime(2026, 1, 1, 12, tzinfo=UTC) == first["at"]
    assert ("saved", "trial", "lesson.ipynb", 1.5, 1, False) == tuple(
        first[name] for name in ("status", "tag", "notebook", "seconds", "attempt", "sandbox")
    )
    assert str(home / "media" / "a.png") == first["path"]
    assert [str(one) for one in State] == STATES.categories.to_list()


@pytest.mark.parametrize("by", ["model", "provider", "run", "tag", "day", "month", "status", "account", "notebook"])
def test_totals_never_mix_units(ledger: Ledger, by: str) -> None:
    """However it is grouped, each line has one unit, the sums are those of the rows, and the sandbox is not in it."""
    totals = ledger.totals(by)
    rows = ledger.frame().filter(~pl.col("sandbox"))

    for unit in ("credits", "USD"):
        expected = rows.filter(pl.col("unit") == unit)["net"].sum()
        assert expected == totals.filter(pl.col("unit") == unit)["net"].cast(MONEY).sum()
    assert totals.height == totals.select(*dict.fromkeys([by, "provider", "unit"])).unique().height
    assert 6 == totals["attempts"].sum()


def test_a_total_of_unknowns_is_unknown(ledger: Ledger) -> None:
    """A sum over nothing but unknown amounts is null, not nought; unknown ones among known ones are counted."""
    totals = {(row["provider"], row["unit"]): row for row in ledger.totals("provider").to_dicts()}

    assert (None, 1) == (totals["apixo", None]["net"], totals["apixo", None]["cost_unknown"])
    assert (Decimal(90), 1, Decimal(5)) == tuple(
        totals["armox", "credits"][name] for name in ("net", "cost_unknown", "reserved")
    )


def test_the_sandbox_is_counted_when_asked_for(ledger: Ledger) -> None:
    """What the sandbox made is in the ledger and left out of totals, unless it is asked for."""
    assert 7 == ledger.totals(sandbox=True)["attempts"].sum()
    assert Decimal(1090) == ledger.totals("provider", sandbox=True).filter(pl.col("unit") == "credits")["net"].sum()


def test_a_wrong_column_names_the_right_ones(ledger: Ledger) -> None:
    """A near miss is named, and all that can be asked for."""
    with pytest.raises(InvalidCall, match=r"Did you mean 'model'.*notebook"):
        ledger.totals("modl")


def test_runs_are_told_newest_first(ledger: Ledger) -> None:
    """One line for each run and unit: how many rows, how they stand, what they cost."""
    runs = ledger.runs().select("run", "unit", "rows", "saved", "open", "ambiguous", "failed", "net").rows()

    assert ["s", "r"] == list(dict.fromkeys(row[0] for row in runs))
    assert ("r", "credits", 4, 2, 0, 1, 1, Decimal(90)) in runs
    assert ("s", "USD", 1, 1, 0, 0, 0, Decimal("0.030000001")) in runs
    assert 7 == sum(row[2] for row in runs)


def test_what_was_refused_or_cancelled_did_not_fail(home: Path) -> None:
    """Each end has a column of its own, in the runs and in the sums."""
    store = Store(home)
    store.begin_run("r", at=AT, kernel="k", notebook=None, tag=None)
    for number, state in enumerate(("failed", "refused", "refused", "cancelled", "saved")):
        add(store, f"{number}", state=state, charged=0, basis="listed")
    store.close()
    columns = ("failed", "refused", "cancelled")

    assert [(1, 2, 1)] == Ledger(home).runs().select(columns).rows()
    assert [(1, 2, 1)] == Ledger(home).totals("model").select(columns).rows()


def test_a_run_is_told_what_it_spent_itself(home: Path) -> None:
    """What was paid for before is given back for nothing; a failure stays with its run, and what was sent again by hand with its own."""
    store = Store(home)
    for at, run in enumerate(("first", "again", "retry", "by hand")):
        store.begin_run(run, at=AT + at, kernel="k", notebook=None, tag=None)
    add(store, "fox", run="first", state="saved", charged=70 * NANO, basis="reported")
    add(store, "cat", run="first", state="failed", charged=30 * NANO, basis="reported")
    fox, cat = Generation(ARMOX, "m", "fox"), Generation(ARMOX, "m", "cat")
    store.add_rows("again", [(0, 0, fox.id)])
    for run, state in (("retry", "ambiguous"), ("by hand", "saved")):
        key = store.add_intent(cat, run=run, realm=realm_text(ARMOX), kernel="k", at=AT, unit="credits", reserved=NANO)
        store.update(key, state=state, charged=50 * NANO if state == "saved" else None)
        if run == "retry":
            store.add_rows(run, [(0, 0, cat.id)])
            store.update(key, state="failed")
    store.close()
    columns = ("run", "rows", "saved", "failed", "net")

    assert [
        ("by hand", 0, 1, 0, Decimal(50)),
        ("retry", 1, 0, 1, Decimal(0)),
        ("again", 1, 1, 0, Decimal(0)),
        ("first", 2, 1, 1, Decimal(100)),
    ] == Ledger(home).runs().select(columns).rows()


def test_equal_rows_share_what_one_of_them_cost(home: Path) -> None:
    """Six rows that ask for the same are bought once: the run spent that once, and has six rows."""
    store = Store(home)
    store.begin_run("r", at=AT, kernel="k", notebook=None, tag=None)
    store.begin_run("later", at=AT + 1, kernel="k", notebook=None, tag=None)
    add(store, "fox", run="r", state="saved", charged=4 * NANO, basis="reported")
    fox = Generation(ARMOX, "m", "fox").id
    store.add_rows("r", [(place, 0, fox) for place in range(10, 15)])
    store.add_rows("later", [(place, 0, fox) for place in range(3)])
    store.close()

    assert [("later", 3, 3, Decimal(0)), ("r", 6, 6, Decimal(4))] == Ledger(home).runs().select(
        "run", "rows", "saved", "net"
    ).rows()


def test_a_run_that_asked_for_nothing_is_told_too(home: Path) -> None:
    """A run whose rows were never sent has its line, with nothing in it."""
    store = Store(home)
    store.begin_run("r", at=AT, kernel="k", notebook=None, tag=None)
    store.close()

    assert [("r", 0, 0)] == Ledger(home).runs().select("run", "rows", "saved").rows()
    assert 0 == Ledger(home.with_name("none")).runs().height


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".CSV"])
def test_an_export_can_be_read_again(ledger: Ledger, tmp_path: Path, ending: str) -> None:
    """Every row and column, amounts exact: what another program reads is what the ledger has."""
    path = ledger.export(tmp_path / f"ledger{ending}")
    if ending == ".parquet":
        assert ledger.frame().equals(pl.read_parquet(path))
    else:
        read = pl.read_csv(path, schema_overrides={"net": pl.String})
        assert list(SCHEMA) == read.columns
        assert [one and Decimal(one) for one in read["net"].to_list()] == ledger.frame()["net"].to_list()


FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "＝1+1", "'=1+1", "''@x"]  # noqa: RUF001 - some programs take it, too
PLAIN = ["a fox - by night", "it's = 1", "'quoted'", "a\u202egnp.exe", "ひらがな"]


def test_no_text_of_a_csv_is_a_formula(home: Path) -> None:
    """A program for tables runs nothing of what a prompt, a tag or a name says; numbers stay numbers, Parquet is as it is."""
    store = Store(home)
    store.begin_run("r", at=AT, kernel="k", notebook="=notebook", tag="\t=1")
    for prompt in (*FORMULAS, *PLAIN):
        add(store, prompt, state="saved", charged=2 * NANO, refunded=5 * NANO)
    store.close()
    ledger = Ledger(home)

    read = pl.read_csv(ledger.export(home / "a.csv"), infer_schema_length=None)

    assert [*(f"'{one}" for one in FORMULAS), *PLAIN] == read["prompt"].to_list()
    assert ({"'=notebook"}, {"'\t=1"}, {-3.0}) == tuple(set(read[name]) for name in ("notebook", "tag", "net"))
    back = read.select(pl.col("prompt").str.replace(r"^'('*[=+\-@\t\r\n＝＋－＠])", "$1"))  # noqa: RUF001 - as above
    assert ledger.frame()["prompt"].to_list() == back["prompt"].to_list()
    assert ledger.frame().equals(pl.read_parquet(ledger.export(home / "a.parquet")))


def test_an_export_that_cannot_be(ledger: Ledger, tmp_path: Path) -> None:
    """Another ending, or a place that cannot be written, says so and what to give instead."""
    with pytest.raises(InvalidCall, match=r"ledger\.csv or ledger\.parquet"):
        ledger.export(tmp_path / "ledger.xlsx")
    for ending in ("csv", "parquet"):
        with pytest.raises(NotWritable, match="Give another place"):
            ledger.export(tmp_path / "nowhere" / f"ledger.{ending}")
    assert [] == [path.name for path in tmp_path.iterdir() if "ledger" in path.name]


def test_a_damaged_ledger_is_an_error_of_ours(home: Path) -> None:
    """Reading says the same as writing: damaged, and left as it is."""
    home.mkdir()
    (home / FILE_NAME).write_bytes(b"words" * 1000)

    for read in (Ledger(home).frame, Ledger(home).runs, Ledger(home).totals):
        with pytest.raises(LedgerError, match="is damaged"):
            read()


def test_reading_while_another_kernel_writes(ledger: Ledger, home: Path) -> None:
    """A reader is never kept waiting by a writer, and sees what is committed."""
    store = Store(home)
    with store.transaction():
        add(store, "eight")
        assert 7 == ledger.frame().height
    assert 8 == ledger.frame().height
    store.close()


@pytest.mark.parametrize(
    "amounts", [["1"], ["1", "2.5"], ["0.000000001"], ["1.25", None], [None], ["10000000.123456789"]]
)
def test_what_is_readable_is_not_rounded(amounts: list[str | None]) -> None:
    """Amounts are shown with as few places as they need, and stay what they are."""
    exact = [None if one is None else Decimal(one) for one in amounts]
    frame = readable(pl.DataFrame({"x": exact}, schema={"x": MONEY}), "x")

    assert exact == frame["x"].to_list()


def test_every_model_fits_the_frame() -> None:
    """All catalogues as one frame: a line each, with exact prices and types that do not depend on the rows."""
    models = [one for name in provider_names() for one in provider_class(name)().catalogue()]
    frame = models_frame(models)
    exact = {str(one): one.cost.amount for one in models}

    assert exact == dict(frame.select("model", "cost").iter_rows())
    assert {name: kind for name, kind in models_frame([]).schema.items() if name != "cost"} == {
        name: kind for name, kind in frame.schema.items() if name != "cost"
    }


def test_rows_of_a_run_have_their_types() -> None:
    """Also when nothing came back: every ``gen_`` column has its type."""
    assert (MONEY, STATES, pl.List(pl.String)) == tuple(
        money_frame({}).schema[name] for name in ("gen_cost", "gen_status", "gen_paths")
    )


# Lazily, and as a person reads it ------------------------------------------------------------------------------------


def test_a_lazy_ledger_is_the_ledger(ledger: Ledger) -> None:
    """The same rows, columns and types; columns, filters and heads of it are those of the frame."""
    lazy, frame = ledger.lazy(), ledger.frame()

    assert SCHEMA == dict(lazy.collect_schema())
    assert frame.equals(lazy.collect())
    for name in SCHEMA:
        assert frame.select(name).equals(lazy.select(name).collect())
    saved = pl.col("status") == "saved"
    assert frame.filter(saved).select("prompt", "net").equals(lazy.filter(saved).select("prompt", "net").collect())
    assert frame.head(2).equals(lazy.head(2).collect())
    assert frame.filter(saved, pl.col("unit") == "credits")["net"].sum() == (
        lazy.filter(saved, pl.col("unit") == "credits").select(pl.col("net").sum()).collect().item()
    )


def test_a_lazy_ledger_reads_when_it_is_collected(home: Path) -> None:
    """What is written after it was made is in it; where no ledger is yet, there is nothing, and none is made."""
    lazy = Ledger(home).lazy()
    assert (0, False) == (lazy.collect().height, home.exists())
    store = Store(home)
    store.begin_run("r", at=AT, kernel="k", notebook=None, tag=None)
    add(store, "one", run="r")
    assert 1 == lazy.select("id").collect().height
    store.close()


def test_dollars_are_told_where_a_credits_price_is_known(ledger: Ledger, home: Path) -> None:
    """By every column the same dollars as row by row; without a price of a credit they are unknown, not nought."""
    expected = ledger.frame().filter(~pl.col("sandbox"))["usd"].sum()
    for by in ("model", "day", "run"):
        assert expected == ledger.totals(by)["usd"].cast(MONEY).sum()
    untold = Ledger(home).totals("provider").filter(pl.col("unit") == "credits")
    assert [None] == untold["usd"].to_list()


def test_days_and_months_are_those_of_utc(ledger: Ledger) -> None:
    """One line for each day and month of the calendar, in their order."""
    days = ledger.totals("day")["day"].unique().sort().to_list()

    assert ledger.frame()["at"].dt.date().unique().sort().to_list() == days
    assert {f"{day:%Y-%m}" for day in days} == set(ledger.totals("month")["month"])


def test_a_run_keeps_its_budget(home: Path) -> None:
    """What a person said for a run is in the ledger, and shown with the run."""
    store = Store(home)
    store.begin_run("r", at=AT, kernel="k", notebook=None, tag="t", budget="5 USD")
    store.close()

    assert [("r", "5 USD", "t")] == Ledger(home).runs().select("run", "budget", "tag").rows()


SUMS = st.lists(
    st.tuples(
        st.sampled_from(["intent", "submitted", "completed", "saved", "failed", "refused", "ambiguous"]),
        st.sampled_from(["credits", "USD", None]), st.none() | st.integers(0, 99), st.none() | st.integers(0, 9),
        st.sampled_from([ARMOX, Realm("armox", "1" * 12), Realm("apixo", "0" * 12), Realm("armox", "sandbox", sandbox=True)]),
        st.integers(0, 3),
    ),
    max_size=9,
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(rows=SUMS, sandbox=st.booleans())
def test_what_sqlite_adds_up_is_what_the_rows_say(rows: list[Any], sandbox: bool) -> None:  # noqa: FBT001 - hypothesis gives it by name
    """By every column: attempts, what was made, net, unknown ones, as Polars adds them up row by row."""
    home = Path(tempfile.mkdtemp())
    store = Store(home)
    for run in ("r", "s"):
        store.begin_run(run, at=AT, kernel="k", notebook=None, tag=f"tag {run}")
    for n, (state, unit, charged, refunded, realm, day) in enumerate(rows):
        generation = Generation(realm, f"m{n % 2}", f"prompt {n}", {}, kind="image")
        store.remember(generation, AT)
        key = store.add_intent(
            generation,
            run="rs"[n % 2],
            realm=realm_text(realm),
            kernel="k",
            at=AT + day * 86_400_000_000,
            unit=unit,
            reserved=5,
        )
        store.update(key, state=state, charged=charged, refunded=refunded)
    store.close()
    ledger = Ledger(home)
    frame = ledger.frame().with_columns(day=pl.col("at").dt.date())
    frame = frame if sandbox else frame.filter(~pl.col("sandbox"))
    made = pl.col("status").is_in(["completed", "saved"])
    for by in ("model", "provider", "account", "day", "run", "tag", "status"):
        keys = list(dict.fromkeys([by, "provider", "unit", *(["sandbox"] if sandbox else [])]))
        expected = frame.with_columns(pl.col("status").cast(pl.String)).group_by(keys).agg(
            pl.len().cast(pl.Int64).alias("attempts"), made.sum().cast(pl.Int64).alias("made"),
            pl.when(pl.col("net").is_not_null().any() | ~made.any()).then(pl.col("net").sum()).alias("net"),
            (made & pl.col("net").is_null()).sum().cast(pl.Int64).alias("cost_unknown"),
        ).sort(keys)  # fmt: skip
        found = ledger.totals(by, sandbox=sandbox).select(expected.columns)
        assert expected.rows() == found.rows()
    shutil.rmtree(home)


def test_a_large_run_is_told_in_few_steps(home: Path) -> None:
    """What it takes to tell a run grows with its rows, not with their square."""
    steps = []
    for rows in (100, 1000):
        place = home / str(rows)
        store = Store(place)
        store.begin_run("r", at=AT, kernel="k", notebook=None, tag=None)
        with store.transaction():
            for n in range(rows):
                add(store, f"prompt {n}", state="saved")
        store.close()
        with sqlite3.connect(place / FILE_NAME) as database:
            count = [0]
            database.set_progress_handler(lambda count=count: count.__setitem__(0, count[0] + 1), 10)
            assert rows == len(database.execute(RUNS).fetchall())
        database.close()
        steps.append(count[0])

    assert steps[1] < 20 * steps[0]
