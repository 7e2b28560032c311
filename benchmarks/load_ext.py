"""How long ``import notebookgen`` takes over bare Python, and ``%load_ext notebookgen`` over a bare shell of IPython.

Each figure is of fresh processes that take turns with bare ones; milliseconds. What is timed inside the process is the
statement alone; what is timed from outside is the whole process, so that nothing can hide in its start or its end.
"""

from __future__ import annotations

import subprocess
import sys
import time

from report import Found, Table, cells, median

ROUNDS = 9

SHELL = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell('1 + 1')
"""
TIMED = "import time\nstart = time.perf_counter()\n{}\nprint(time.perf_counter() - start)\n"
IMPORT = TIMED.format("import notebookgen")
LOAD = SHELL + TIMED.format("shell.run_line_magic('load_ext', 'notebookgen')")
PROGRAMS = {
    "bare Python": TIMED.format("pass"),
    "import notebookgen": IMPORT,
    "bare IPython": SHELL + TIMED.format("pass"),
    "%load_ext notebookgen": LOAD,
}


def once(program: str) -> tuple[float, float]:
    """Run a program in a fresh process; return the milliseconds of its statement, and of the whole process."""
    began = time.perf_counter()
    run = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    return float(run.stdout.split()[-1]) * 1000, (time.perf_counter() - began) * 1000


def measure(*, quick: bool = False) -> Found:
    """Let the programs take turns."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in PROGRAMS}
    for _ in range(3 if quick else ROUNDS):
        for name, program in PROGRAMS.items():
            taken[name].append(once(program))
    rows = [
        (*cells(name, [inside for inside, _ in runs]), f"{median(whole for _, whole in runs):.0f}")
        for name, runs in taken.items()
        if not name.startswith("bare")
    ]
    over = {
        name: median(mine - bare for (_, mine), (_, bare) in zip(taken[name], taken[than], strict=True))
        for name, than in (("import notebookgen", "bare Python"), ("%load_ext notebookgen", "bare IPython"))
    }
    lines = [(*row, f"{over[row[0]]:.0f}") for row in rows]
    head = ("", "median", "least", "most", "whole process", "more than a bare one")
    facts = {f"{name}, ms": median(inside for inside, _ in taken[name]) for name in over}
    return Found([Table(f"Loading, ms, {len(taken['bare Python'])} fresh processes each", head, lines)], facts)


if __name__ == "__main__":
    measure().show()
