"""How long the doctor takes to say what readers of a saved notebook will see: ``python benchmarks/doctor.py``.

The notebooks are made here: cells with words, and outputs that hold pictures as base64, as a run of generations leaves
them. The figure is of ``check`` in a process that is at work, and of the whole command in a fresh one.
"""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from report import Found, Table, median

CASES = ((20, 40_000), (200, 40_000), (200, 400_000))  # outputs, bytes in each
ROUNDS = 3


def notebook(outputs: int, size: int) -> dict[str, Any]:
    """Return a notebook with so many pictures."""
    dice = random.Random(1)  # noqa: S311 - bytes of nothing
    cells = []
    for number in range(outputs):
        png = base64.b64encode(b"\x89PNG\r\n\x1a\n" + dice.randbytes(size)).decode()
        bundle = {"image/png": png, "text/plain": f"A fox, number {number}"}
        shown = {"output_type": "execute_result", "execution_count": number + 1, "metadata": {}, "data": bundle}
        cells.append(
            {
                "cell_type": "code", "id": f"cell-{number}", "metadata": {}, "execution_count": number + 1,
                "source": f"%%generate -s aspect_ratio=16:9\nA fox in the snow, number {number}", "outputs": [shown],
            }
        )  # fmt: skip
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "cells": cells,
    }


def timed(path: Path) -> tuple[float, float]:
    """Return the seconds of a check here, and of the command in a fresh process."""
    from notebookgen.checkup import check

    began = time.perf_counter()
    check(path)
    here = time.perf_counter() - began
    began = time.perf_counter()
    command = [sys.executable, "-m", "notebookgen", "doctor", str(path)]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
    return here, time.perf_counter() - began


def measure(*, quick: bool = False) -> Found:
    """Check notebooks of several sizes."""
    lines = []
    with tempfile.TemporaryDirectory() as name:
        for outputs, size in CASES[: 2 if quick else 3]:
            path = Path(name, f"{outputs}-{size}.ipynb")
            path.write_text(json.dumps(notebook(outputs, size)), encoding="utf-8")
            runs = [timed(path) for _ in range(1 if quick else ROUNDS)]
            whole = path.stat().st_size / 2**20
            lines.append(
                (
                    f"{outputs} pictures, {whole:.1f} MB",
                    f"{median(here for here, _ in runs):.2f}",
                    f"{median(fresh for _, fresh in runs):.2f}",
                )
            )
    return Found([Table("A notebook looked over, seconds", ("", "check", "the command, afresh"), lines)])


if __name__ == "__main__":
    measure().show()
