"""How long a large ledger takes to read: its frame, a column of it, what was spent by each column, its runs.

The rows are made up: six runs a day, fourteen models of two providers, one row in twenty failed and given back. Run it
with ``python benchmarks/ledger_summary.py [--rows 300000] [--home FOLDER]``; a folder is kept, and used again.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import tempfile
import time
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from report import Found, Table, median

from notebookgen.ledger.frame import Ledger
from notebookgen.ledger.rows import DAY
from notebookgen.ledger.store import FILE_NAME, Store
from notebookgen.ledger.summing import SUMMED_BY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODELS = [("armox", f"google/model-{n}", "credits") for n in range(8)] + [
    ("apixo", f"model-{n}", "USD") for n in range(6)
]
RUN_ROWS = 1000
BEGAN = 1_700_000_000_000_000
NANO = 10**9


def made_up(home: Path, rows: int) -> None:
    """Write a ledger of so many rows, the quick way: one transaction, nothing synced."""
    Store(home).close()
    database = sqlite3.connect(home / FILE_NAME, isolation_level=None)
    database.execute("PRAGMA synchronous = OFF")
    rng = random.Random(1)  # noqa: S311 - made-up rows
    runs = [f"{n:010x}" for n in range(-(-rows // RUN_ROWS))]
    chosen = [rng.randrange(len(MODELS)) for _ in range(rows)]

    def generations() -> Iterator[tuple[Any, ...]]:
        for n, model in enumerate(chosen):
            provider, name, _ = MODELS[model]
            prompt = f"A red fox in the snow, number {n}, at dawn, with a long shadow"
            yield (
                f"{n:032x}",
                f"{n:032x}",
                0,
                f"{model:032x}",
                provider,
                "0" * 12,
                0,
                name,
                "image",
                prompt,
                "{}",
                "[]",
                1,
            )

    def attempts() -> Iterator[tuple[Any, ...]]:
        for n, model in enumerate(chosen):
            provider, name, unit = MODELS[model]
            failed, at = n % 20 == 0, BEGAN + n * (DAY // 6 // RUN_ROWS)
            yield (
                f"{n:032x}", 1, runs[n // RUN_ROWS], f"{provider}|{'0' * 12}|0", "failed" if failed else "saved", "k", at,
                f"job-{n}", unit, 70 * NANO, 70 * NANO, 70 * NANO if failed else None, "reported", 3.5, name, f"{model:032x}", at // DAY,
            )  # fmt: skip

    database.execute("BEGIN")
    database.executemany(
        "INSERT INTO runs (id, at, kernel, tag, ended) VALUES (?, ?, 'k', ?, 1)",
        ((run, BEGAN + n, f"tag-{n % 7}") for n, run in enumerate(runs)),
    )
    database.executemany(f"INSERT INTO generations VALUES ({', '.join('?' * 13)})", generations())  # noqa: S608 - only question marks are formatted
    database.executemany(
        """INSERT INTO attempts (generation, number, run, realm, state, kernel, at, job, unit, reserved, charged,
           refunded, basis, seconds, model, shape, day) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        attempts(),
    )
    database.executemany(
        "INSERT INTO run_rows VALUES (?, ?, 0, ?)",
        ((runs[n // RUN_ROWS], n % RUN_ROWS, f"{n:032x}") for n in range(rows)),
    )
    database.executemany(
        "INSERT INTO assets VALUES (?, 0, ?, 'image', 'image/png', 9, ?, 'x', NULL, 4, 3, NULL, NULL)",
        ((n + 1, f"media/{n % 256:02x}/{n:064x}.png", f"{n:064x}") for n in range(rows)),
    )
    database.execute("COMMIT")
    database.close()


def measured(name: str, what: Callable[[], Any], rounds: int = 3) -> tuple[str, str]:
    """Return the median of a few rounds in seconds."""
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        what()
        took.append(time.perf_counter() - began)
    return name, f"{median(took):.2f}"


def measure(*, quick: bool = False, rows: int = 300_000, home: Path | None = None) -> Found:
    """Measure what is read of a large ledger; with ``quick``, a sixth of it."""
    rows = rows // 6 if quick else rows
    with tempfile.TemporaryDirectory() as folder:
        home = home or Path(folder)
        if not (home / FILE_NAME).exists():
            made_up(home, rows)
        size = (home / FILE_NAME).stat().st_size / 2**20
        ledger = Ledger(home, {"armox": Decimal("0.001")})
        lines = [measured(f"summary(by='{by}')", partial(ledger.summary, by)) for by in SUMMED_BY]
        lines.append(measured("frame()", ledger.frame))
        lines.append(measured("lazy(), the sum of one column", lambda: ledger.lazy().select("net").sum().collect()))
        lines.append(measured("runs()", ledger.runs))
    return Found([Table(f"A ledger of {rows:,} rows, {size:.0f} MB, read", ("", "seconds"), lines)])


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--home", type=Path, default=None)
    options = parser.parse_args()
    measure(rows=options.rows, home=options.home).show()


if __name__ == "__main__":
    main()
