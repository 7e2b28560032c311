"""Seconds from a fresh kernel to the first picture, as a newcomer has them: no key, an empty ledger, the sandbox.

The kernel's own start is left out. What the sandbox takes for the job itself is told beside it.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 5

STORY = """
import time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell('1 + 1')
start = time.perf_counter()
shell.run_line_magic('load_ext', 'notebookgen')
loaded = time.perf_counter()
first = shell.run_cell_magic('generate', '-q -o first', 'A red fox in the snow, at dawn')
made = time.perf_counter()
data, metadata = shell.user_ns['first']._repr_mimebundle_()
shown = time.perf_counter()
shell.run_cell_magic('generate', '-q -o second', 'An owl at night')
second = time.perf_counter()
shell.run_cell_magic('generate', '-q -o third', 'An owl at night')
again = time.perf_counter()
assert any(kind.startswith('image/') for kind in data), list(data)
print(loaded - start, made - loaded, shown - made, second - shown, again - second, made - start + shown - made)
"""
STEPS = (
    "%load_ext",
    "first picture made",
    "its preview",
    "second picture made",
    "the same cell again",
    "to the first picture",
)


def seconds() -> list[float]:
    """Run the story in a fresh process with an empty home; return its figures."""
    with tempfile.TemporaryDirectory() as home:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("ARMOX", "APIMODELS", "APIXO"))}
        environment |= {"NOTEBOOKGEN_HOME": str(Path(home, "notebookgen")), "IPYTHONDIR": str(Path(home, "ipython"))}
        run = subprocess.run(
            [sys.executable, "-c", STORY], stdout=subprocess.PIPE, text=True, check=True, timeout=120, env=environment
        )
    return [float(word) for word in run.stdout.split()[-len(STEPS) :]]


if __name__ == "__main__":
    rounds = [seconds() for _ in range(ROUNDS)]
    print(f"{'':24}{'median':>8}{'least':>8}{'most':>8}   seconds, {ROUNDS} fresh processes")
    for step, taken in zip(STEPS, zip(*rounds, strict=True), strict=True):
        print(f"{step:24}{statistics.median(taken):8.3f}{min(taken):8.3f}{max(taken):8.3f}")
