"""How long it takes to save a run's files into a folder, and once more: ``python benchmarks/saving.py``.

Each row has a PNG or a JPEG of 1024 x 1024 of its own. Saved with and without what tells where a copy comes from;
beside it, a bare copy of the same files with ``shutil``. Again means that everything is there already.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from report import Found, Table, median

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 500


def timed(what: Callable[[], object]) -> float:
    """Return how many seconds a call takes."""
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


def measure(*, quick: bool = False) -> Found:
    """Let the ways take turns, each into a folder of its own."""
    count, rounds = (100, 1) if quick else (ROWS, 3)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        os.environ["NOTEBOOKGEN_HOME"] = str(Path(name, "home"))
        from rows_drawn import drawn_rows

        rows = drawn_rows(name, count)
        files = [Path(path) for path in rows.frame["gen_path"] if path]
        size = sum(path.stat().st_size for path in files)
        taken: dict[str, list[float]] = {}
        for turn in range(rounds):
            marked, plain, bare = (Path(name, f"{kind}-{turn}") for kind in ("marked", "plain", "bare"))
            bare.mkdir()
            ways: dict[str, Callable[[], object]] = {
                "save(folder)": lambda marked=marked: rows.save(marked),  # type: ignore[misc]  # mypy cannot type a lambda's defaults
                "save(folder) again": lambda marked=marked: rows.save(marked),  # type: ignore[misc]  # likewise
                "save(folder, provenance=False)": lambda plain=plain: rows.save(plain, provenance=False),  # type: ignore[misc]  # likewise
                "bare copies": lambda bare=bare: [shutil.copy2(path, bare) for path in files],  # type: ignore[misc]  # likewise
            }
            for way, what in ways.items():
                taken.setdefault(way, []).append(timed(what))
            for folder in (marked, plain, bare):
                shutil.rmtree(folder)
    lines = [(way, f"{median(took):.2f}", f"{median(took) / len(files) * 1e3:.2f}") for way, took in taken.items()]
    title = f"{len(files)} files saved, {size / 2**20:.0f} MB"
    return Found([Table(title, ("", "seconds", "ms a file"), lines)])


if __name__ == "__main__":
    measure().show()
