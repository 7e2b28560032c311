"""Seconds from typing `make demo` to the first picture, and to the whole page: ``python benchmarks/demo.py``.

Once with an environment that has to be made first, as on a fresh machine (the downloads are pip's: its cache counts),
then several times with that environment. Make, the kernel's start and the sandbox's own seconds are all in it.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="notebookgen-demo-", ignore_cleanup_errors=True) as name:
        fresh = seconds(Path(name))
        rounds = [seconds(Path(name)) for _ in range(ROUNDS)]
    print(f"{'make demo to the':24}{'median':>8}{'least':>8}{'most':>8}{'fresh':>8}   seconds, {ROUNDS} runs")
    for moment in MOMENTS:
        taken = [one[moment] for one in rounds]
        print(f"{moment:24}{statistics.median(taken):8.1f}{min(taken):8.1f}{max(taken):8.1f}{fresh[moment]:8.1f}")
