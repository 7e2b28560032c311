"""How long `%load_ext notebookgen` takes in a kernel that is up, and `import notebookgen` in a fresh process.

Each figure is the median of several fresh processes; milliseconds.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

ROUNDS = 7

LOAD = """
import time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell('1 + 1')
start = time.perf_counter()
shell.run_line_magic('load_ext', 'notebookgen')
print(time.perf_counter() - start)
"""
IMPORT = """
import time
start = time.perf_counter()
import notebookgen
print(time.perf_counter() - start)
"""


def milliseconds(program: str) -> list[float]:
    """Run a program in fresh processes; return what each one printed last, in milliseconds."""
    runs = (
        subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True, timeout=60)
        for _ in range(ROUNDS)
    )
    return [float(run.stdout.split()[-1]) * 1000 for run in runs]


if __name__ == "__main__":
    print(f"{'':24}{'median':>8}{'least':>8}{'most':>8}   milliseconds, {ROUNDS} fresh processes")
    for name, program in (("import notebookgen", IMPORT), ("%load_ext notebookgen", LOAD)):
        taken = milliseconds(program)
        print(f"{name:24}{statistics.median(taken):8.1f}{min(taken):8.1f}{max(taken):8.1f}")
