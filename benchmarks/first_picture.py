"""Seconds from a fresh kernel to the first picture, as a newcomer has them: no key, an empty ledger, the sandbox.

The kernel's own start is left out. What a cell takes beyond the job's own time is measured with two sandboxes that draw
the same pictures: one is asked by a cell, the other one by two bare requests, for the job and for its file.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from report import Found, Table, cells, median

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
BEYOND = """
import sys, time
import requests
import notebookgen as ng
from notebookgen.sandbox import start
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic('load_ext', 'notebookgen')
told = ng.sandbox(seconds=0.3)
other, session = start(seconds=0.3), requests.Session()
base, head = other.base_urls['armox'], {'Authorization': 'Bearer sk-made-up'}
for number, prompt in enumerate(['A tree', *(f'A red fox in the snow, number {n}' for n in range(int(sys.argv[1])))]):
    began = time.perf_counter()
    shell.run_cell_magic('generate', '-q -m sandbox/picture -o made', prompt)
    data, _ = shell.user_ns['made']._repr_mimebundle_()
    inline = time.perf_counter()
    job = session.post(f'{base}/models/run', json={'model': 'sandbox/picture', 'input': {'prompt': prompt}}, headers=head).json()
    file = session.get(job['output']['outputImage']).content
    bare = time.perf_counter()
    assert any(kind.startswith('image/') for kind in data), list(data)
    if number:
        print((inline - began) * 1000, (bare - inline) * 1000)
"""


def run(story: str, *words: str) -> str:
    """Run a story in a fresh process with an empty home; return what it printed."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("ARMOX", "APIMODELS", "APIXO"))}
        environment |= {"NOTEBOOKGEN_HOME": str(Path(home, "notebookgen")), "IPYTHONDIR": str(Path(home, "ipython"))}
        command = [sys.executable, "-c", story, *words]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=120, env=environment)
    return done.stdout


def measure(*, quick: bool = False) -> Found:
    """Measure a newcomer's first minutes, and what a cell takes beyond the job's own time."""
    rounds = [[float(word) for word in run(STORY).split()[-len(STEPS) :]] for _ in range(2 if quick else ROUNDS)]
    steps = [cells(step, taken, ".3f") for step, taken in zip(STEPS, zip(*rounds, strict=True), strict=True)]
    lines = run(BEYOND, "5" if quick else "15").splitlines()
    pairs = [tuple(map(float, line.split())) for line in lines if line[:1].isdigit() and len(line.split()) == 2]
    beyond = [cell - bare for cell, bare in pairs]
    parts = [
        cells("cell to inline", [cell for cell, _ in pairs], ".0f"),
        cells("two bare requests", [bare for _, bare in pairs], ".0f"),
        cells("beyond the job's own time", beyond, ".0f"),
    ]
    head = ("", "median", "least", "most")
    return Found(
        [
            Table(f"From a fresh kernel to the first picture, seconds, {len(rounds)} fresh processes", head, steps),
            Table(f"One picture in a kernel that is at work, ms, {len(pairs)} pictures", head, parts),
        ],
        {"a picture beyond the job's own time, ms": median(beyond)},
    )


if __name__ == "__main__":
    measure().show()
