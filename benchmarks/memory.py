"""How much memory a submitted job takes beside its payload: ``python benchmarks/memory.py``.

Runs of a process of their own submit few and many jobs that take long; when the service has all of them, the process
tells its memory. The difference, by job, is what a submitted job takes with everything that hangs on it: its row, its
place in the frame, its timer. The prompts are as long as each other, and what they take is left out. Linux with glibc only.

What counts is what is in use, by Python's allocator and by the C library's: how many pages a process holds beside that
depends on what ran before. What it takes once, however many jobs it has, grows with its first requests (connections,
the ledger's pages, the requests that its pace remembers), so another run of texts, a few at a time, goes before. What
the pages of a process come to whose very first run it is, with all of that counted in, is told beside it.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from report import Found, Table, median
from service import KEY, PICTURE, Service

FEW, MANY = 100, 1000
TEXTS = 2500  # a page cache of SQLite holds two megabytes
PROMPT = "A picture of number {n}, " + "in oil, " * 12
STORY = r"""
import ctypes, gc, os, re, sqlite3, sys, tempfile, time, urllib.request
from contextlib import closing
import polars as pl
import notebookgen as ng
origin, rows, home, model = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
ng.configure(home=home, concurrency=1000)
frame = pl.DataFrame({"n": range(rows)})
texts = int(sys.argv[5])
library = ctypes.CDLL(None)
def in_use():
    # The bytes that the allocators of Python and of the C library have given out.
    gc.collect()
    with tempfile.NamedTemporaryFile() as told:
        there = os.dup(2)
        os.dup2(told.fileno(), 2)
        sys._debugmallocstats()
        os.dup2(there, 2)
        os.close(there)
        blocks = re.search(r"bytes in allocated blocks\s*=\s*([\d,]+)", open(told.name).read())
    with tempfile.NamedTemporaryFile() as told:
        library.fopen.restype = ctypes.c_void_p
        file = ctypes.c_void_p(library.fopen(told.name.encode(), b"w"))
        library.malloc_info(0, file)
        library.fclose(file)
        whole = open(told.name).read().rpartition("</heap>")[2]
    given = int(re.search(r'system type="current" size="(\d+)"', whole)[1])
    given += int(re.search(r'type="mmap" count="\d+" size="(\d+)"', whole)[1])
    free = sum(int(one) for one in re.findall(r'type="(?:fast|rest)" count="\d+" size="(\d+)"', whole))
    return int(blocks[1].replace(",", "")) + given - free
ng.map(pl.DataFrame({"n": range(texts)}), "bench {n}", model="armox:bench/text", max_new=texts, concurrency=64)
urllib.request.urlopen(f"{origin}/told/3600/3600", timeout=10).read()
before = in_use()
held = ng.map(frame, os.environ["BENCH_PROMPT"], model=f"armox:{model}", max_new=rows, concurrency=1000, background=True)
end = time.monotonic() + 120
while time.monotonic() < end:
    with closing(sqlite3.connect(f"{home}/ledger.sqlite")) as ledger:  # a frame of all of them would take memory, too
        (submitted,) = ledger.execute("SELECT count(*) FROM attempts WHERE state = 'submitted'").fetchone()
    if submitted >= rows:
        break
    time.sleep(0.2)
else:
    raise SystemExit("the jobs were not accepted in time")
used = in_use() - before
library.malloc_trim(0)
pages = int(open("/proc/self/statm").read().split()[1])
print(pages * os.sysconf("SC_PAGE_SIZE"), used, flush=True)
os._exit(0)
"""


def taken(service: Service, rows: int, texts: int) -> tuple[int, int]:
    """Return the bytes of a process that has had so many texts made and then submitted so many jobs, and those in use by these."""
    service.begin()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        environment = {**os.environ, "ARMOX_API_KEY": KEY, "ARMOX_BASE_URL": service.origin, "BENCH_PROMPT": PROMPT}
        command = [sys.executable, "-c", STORY, service.origin, str(rows), home, PICTURE, str(texts)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=180, env=environment)
    pages, used = done.stdout.split()[-2:]
    return int(pages), int(used)


def measure(*, quick: bool = False) -> Found:
    """Let few and many take turns."""
    if not Path("/proc/self/statm").exists() or not hasattr(ctypes.CDLL(None), "malloc_info"):
        return Found()
    service, each, few, many, first = Service(), [], [], [], []
    try:
        for _ in range(1 if quick else 3):
            _, less = taken(service, FEW, TEXTS)
            _, more = taken(service, MANY, TEXTS)
            each.append((more - less) / (MANY - FEW) - len(PROMPT))
            few.append(taken(service, FEW, 1)[0])
            many.append(taken(service, MANY, 1)[0])
            first.append((many[-1] - few[-1]) / (MANY - FEW) - len(PROMPT))
    finally:
        service.end()
    lines = [
        ("each job more, beside its prompt, kB in use", f"{median(each) / 1e3:.1f}"),
        (f"pages of a process whose first run is {FEW} jobs, MB", f"{median(few) / 2**20:.1f}"),
        (f"pages of a process whose first run is {MANY} jobs, MB", f"{median(many) / 2**20:.1f}"),
        ("each job more there, with all that is taken once, kB", f"{median(first) / 1e3:.1f}"),
    ]
    return Found([Table("Memory of submitted jobs", ("", "median"), lines)], {"memory a job, kB": median(each) / 1e3})


if __name__ == "__main__":
    measure().show()
