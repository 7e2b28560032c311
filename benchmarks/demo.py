"""Seconds from typing `make demo` to the first picture, and to the whole page: ``python benchmarks/demo.py``.

Once with an environment that has to be made first, as on a fresh machine (the downloads are pip's: its cache counts),
then several times with that environment. Make, the kernel's start and the sandbox's own seconds are all in it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from report import Found, Table, cells

ROUNDS = 5
ROOT = Path(__file__).resolve().parents[1]
MOMENTS = {"first picture": "the first picture after ", "whole page": "done in "}  # and how the demo says so


def seconds(folder: Path) -> dict[str, float]:
    """Run `make demo` with the environment of a folder, made if it is not there; return when each moment came."""
    command = ["make", "--no-print-directory", "demo"]
    command += [f"VENV={folder / 'venv'}", f"BUILD={folder / 'build'}", f"PYTHON={sys.executable}"]
    came: dict[str, float] = {}
    start = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        for line in run.stdout:
            for moment, said in MOMENTS.items():
                if line.startswith(said):
                    came[moment] = time.perf_counter() - start
    assert run.returncode == 0, f"make demo ended with {run.returncode}"
    return came


def measure(*, quick: bool = False) -> Found:
    """Measure a first run and the ones after it."""
    with tempfile.TemporaryDirectory(prefix="notebookgen-demo-", ignore_cleanup_errors=True) as name:
        fresh = seconds(Path(name))
        rounds = [seconds(Path(name)) for _ in range(1 if quick else ROUNDS)]
    lines = [(*cells(moment, [one[moment] for one in rounds]), f"{fresh[moment]:.1f}") for moment in MOMENTS]
    head = ("make demo to the", "median", "least", "most", "with a fresh environment")
    return Found([Table(f"`make demo`, seconds, {len(rounds)} runs", head, lines)])


if __name__ == "__main__":
    measure().show()
