"""How much memory a submitted job takes beside its payload: ``python benchmarks/memory.py``.

Runs of a process of their own submit few and many jobs that take long; when the service has all of them, the process
tells its memory. The difference, by job, is what a submitted job takes with everything that hangs on it: its row, its
place in the frame, its timer. The prompts are as long as each other, and what they take is left out. Linux only.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from report import Found, Table, median
from service import KEY, PICTURE, Service

FEW, MANY = 100, 1000
PROMPT = "A picture of number {n}, " + "in oil, " * 12
STORY = """
import ctypes, gc, json, os, sys, time, urllib.request
import polars as pl
import notebookgen as ng
origin, rows, home, model = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
ng.configure(home=home, concurrency=1000)
frame = pl.DataFrame({"n": range(rows)})
warm = ng.map(pl.DataFrame({"n": [-1]}), "bench", model="armox:bench/text")
urllib.request.urlopen(f"{origin}/told/3600/3600", timeout=10).read()
held = ng.map(frame, os.environ["BENCH_PROMPT"], model=f"armox:{model}", max_new=rows, concurrency=1000, background=True)
end = time.monotonic() + 120
while time.monotonic() < end:
    states = ng.ledger().frame()["status"].to_list()
    if sum(state == "submitted" for state in states) >= rows:
        break
    time.sleep(0.2)
else:
    raise SystemExit("the jobs were not accepted in time")
del states
gc.collect()
if hasattr(ctypes.CDLL(None), "malloc_trim"):
    ctypes.CDLL(None).malloc_trim(0)
pages = int(open("/proc/self/statm").read().split()[1])
print(pages * os.sysconf("SC_PAGE_SIZE"), flush=True)
os._exit(0)
"""


def resident(service: Service, rows: int) -> int:
    """Return the bytes that a process takes which has submitted so many jobs."""
    service.begin()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        environment = {**os.environ, "ARMOX_API_KEY": KEY, "ARMOX_BASE_URL": service.origin, "BENCH_PROMPT": PROMPT}
        command = [sys.executable, "-c", STORY, service.origin, str(rows), home, PICTURE]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=180, env=environment)
    return int(done.stdout.split()[-1])


def measure(*, quick: bool = False) -> Found:
    """Let few and many take turns."""
    if not Path("/proc/self/statm").exists():
        return Found()
    service, each, few, many = Service(), [], [], []
    try:
        for _ in range(1 if quick else 3):
            few.append(resident(service, FEW))
            many.append(resident(service, MANY))
            each.append((many[-1] - few[-1]) / (MANY - FEW) - len(PROMPT))
    finally:
        service.end()
    lines = [
        (f"{FEW} jobs submitted, MB", f"{median(few) / 2**20:.1f}"),
        (f"{MANY} jobs submitted, MB", f"{median(many) / 2**20:.1f}"),
        ("each job more, beside its prompt, kB", f"{median(each) / 1e3:.1f}"),
    ]
    return Found([Table("Memory of submitted jobs", ("", "median"), lines)], {"memory a job, kB": median(each) / 1e3})


if __name__ == "__main__":
    measure().show()
