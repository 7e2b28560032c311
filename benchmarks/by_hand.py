"""Runs as people write them by hand, to be compared with: each creates, looks, fetches files and writes down what came.

Promises of ours are compared with what is as durable as they are: before a create leaves, its row stands in SQLite on
the disk; so does its job before it is looked at; its file is on the disk before it has its name, and then its row says
so. Beside it stand what most people write (a thread for each row and nothing written down), and a loop that writes one
line for each row when it is over, so that what was bought and not yet written is lost with the process.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from service import KEY, TEXT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["EAGER", "LOADED", "PROMPT", "WAYS", "Job"]

PROMPT = "A poem about number {n}, in four lines that rhyme, for a reader who is in a hurry."
EVERY = 0.5  # seconds between looks, as replicate and huggingface_hub have them
OFTEN = 0.1  # the same, as fal-client has them
HEADERS = {"Authorization": f"Bearer {KEY}"}
OVER = {"completed", "failed", "cancelled"}
Job = tuple[str, str, int, int]  # address of the service, model, rows, places


class Written:
    """Rows in SQLite, each change synced to the disk before it returns."""

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(folder / "rows.db", isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute(
            "CREATE TABLE rows (n INTEGER PRIMARY KEY, prompt TEXT, at REAL, job TEXT, cost INTEGER, value TEXT)"
        )

    def _write(self, statement: str, values: tuple[object, ...]) -> None:
        with self._lock:
            self._database.execute(statement, values)

    def line(self, number: int, job: str, value: str) -> None:
        """Write a row down that is over."""
        self._write("INSERT INTO rows (n, job, cost, value) VALUES (?, ?, 1, ?)", (number, job, value))

    def intended(self, number: int) -> None:
        """Write down that a row is about to be bought."""
        self._write("INSERT INTO rows (n, prompt, at) VALUES (?, ?, ?)", (number, PROMPT.format(n=number), time.time()))

    def accepted(self, number: int, job: str) -> None:
        """Write a row's job down."""
        self._write("UPDATE rows SET job = ?, cost = 1 WHERE n = ?", (job, number))

    def over(self, number: int, value: str) -> None:
        """Write down what a row came to."""
        self._write("UPDATE rows SET value = ? WHERE n = ?", (value, number))


def kept(folder: Path, number: int, data: bytes) -> str:
    """Write a file."""
    path = folder / f"{number}.png"
    path.write_bytes(data)
    return str(path)


def kept_for_good(folder: Path, number: int, data: bytes) -> str:
    """Write a file that is whole on the disk as soon as it has its name."""
    path, part = folder / f"{number}.png", folder / f"{number}.part"
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    return str(path)


def created(url: str, model: str, number: int, post: Any) -> dict[str, Any]:
    """Send a create with a function of requests or of a session; return the job."""
    payload = {"model": model, "input": {"prompt": PROMPT.format(n=number)}}
    reply = post(f"{url}/models/run", json=payload, headers=HEADERS, timeout=60)
    reply.raise_for_status()
    job: dict[str, Any] = reply.json()
    return job


def ended(url: str, job: dict[str, Any], get: Any, every: float = EVERY) -> bytes:
    """Look at a job until it is over; return its file."""
    while job["status"] not in OVER:
        time.sleep(every)  # noqa: TID251 - as people write it
        job = get(f"{url}/jobs/{job['id']}", headers=HEADERS, timeout=60).json()
    file: bytes = get(job["output_data"]["outputImage"], timeout=60).content
    return file


def by_threads(job: Job, folder: Path) -> None:
    """A thread for each row that is under way, requests without a session, nothing written down but files."""
    import requests

    url, model, rows, places = job
    gate = threading.Semaphore(places)

    def one(number: int) -> None:
        try:
            job = created(url, model, number, requests.post)
            if model != TEXT:
                kept(folder, number, ended(url, job, requests.get))
        finally:
            gate.release()

    threads = []
    for number in range(rows):
        gate.acquire()
        threads.append(threading.Thread(target=one, args=(number,)))
        threads[-1].start()
    for thread in threads:
        thread.join()


def by_pool(job: Job, folder: Path, *, every: float = EVERY) -> None:
    """A pool of threads, each with a session; as durable as ours."""
    import requests

    url, model, rows, places = job
    own, written = threading.local(), Written(folder)

    def one(number: int) -> None:
        if not hasattr(own, "session"):
            own.session = requests.Session()
        written.intended(number)
        job = created(url, model, number, own.session.post)
        written.accepted(number, job["id"])
        value = job.get("output", {}).get("text")
        written.over(number, value or kept_for_good(folder, number, ended(url, job, own.session.get, every)))

    with ThreadPoolExecutor(places) as pool:
        list(pool.map(one, range(rows)))


def by_loop(job: Job, folder: Path) -> None:
    """A task for each row, and a semaphore; as durable as ours."""
    by_aiohttp(job, folder, durable=True)


def by_eager_pool(job: Job, folder: Path) -> None:
    """The pool, which looks more often."""
    by_pool(job, folder, every=OFTEN)


def by_eager_loop(job: Job, folder: Path) -> None:
    """The loop, which looks more often."""
    by_aiohttp(job, folder, durable=True, every=OFTEN)


def by_light_loop(job: Job, folder: Path) -> None:
    """A task for each row, and a semaphore; one line for each row that is over."""
    by_aiohttp(job, folder, durable=False)


def by_aiohttp(job: Job, folder: Path, *, durable: bool, every: float = EVERY) -> None:
    """Run the loop; it writes where it is, as a commit takes less than to hand it to a thread."""
    import aiohttp

    url, model, rows, places = job
    written = Written(folder)

    async def run() -> None:
        gate = asyncio.Semaphore(places)
        async with aiohttp.ClientSession(headers=HEADERS, connector=aiohttp.TCPConnector(limit=0)) as session:

            async def one(number: int) -> None:
                async with gate:
                    if durable:
                        written.intended(number)
                    payload = {"model": model, "input": {"prompt": PROMPT.format(n=number)}}
                    async with session.post(f"{url}/models/run", json=payload) as reply:
                        reply.raise_for_status()
                        job = await reply.json()
                    if durable:
                        written.accepted(number, job["id"])
                    name, value = job["id"], job.get("output", {}).get("text")
                    if model != TEXT:
                        while job["status"] not in OVER:
                            await asyncio.sleep(every)
                            async with session.get(f"{url}/jobs/{name}") as reply:
                                job = await reply.json()
                        async with session.get(job["output_data"]["outputImage"]) as reply:
                            data = await reply.read()
                        value = (kept_for_good if durable else kept)(folder, number, data)
                    if durable:
                        written.over(number, value)
                    else:
                        written.line(number, name, value)

            await asyncio.gather(*(one(number) for number in range(rows)))

    asyncio.run(run())


def by_map(job: Job, folder: Path) -> None:
    """``ng.map``: every intent, job, cost and file on disk as it goes."""
    import polars as pl

    import notebookgen as ng

    url, model, rows, places = job
    os.environ |= {"ARMOX_API_KEY": KEY, "ARMOX_BASE_URL": url}
    ng.configure(home=str(folder), concurrency=places)
    results = ng.map(pl.DataFrame({"n": range(rows)}), PROMPT, model=f"armox:{model}", max_new=rows, concurrency=places)
    assert rows == (results.frame["gen_status"] == "saved").sum(), results


def by_map_plain(job: Job, folder: Path) -> None:
    """The same as it is installed without the extra ``fast``."""
    os.environ["NOTEBOOKGEN_TRANSPORT"] = "requests"
    by_map(job, folder)


WAYS: dict[str, Callable[[Job, Path], None]] = {
    "a thread a row, requests": by_threads,
    "thread pool, as durable": by_pool,
    "aiohttp, a line a row": by_light_loop,
    "aiohttp, as durable": by_loop,
    "ng.map, without libcurl": by_map_plain,
    "ng.map": by_map,
}
#: Those that look every 0.1 s: where jobs are shorter than 0.5 s, it is the looks that make the others slow.
EAGER: dict[str, Callable[[Job, Path], None]] = {
    "thread pool, as durable, 0.1 s": by_eager_pool,
    "aiohttp, as durable, 0.1 s": by_eager_loop,
}
OURS = (
    "polars", "PIL.Image", "requests", "notebookgen", "notebookgen.client", "notebookgen.bulk", "notebookgen.jobs.engine",
    "notebookgen.media.files", "notebookgen.providers.armox", "notebookgen.transport.choosing",
)  # fmt: skip
#: What each of them imports.
LOADED: dict[str, tuple[str, ...]] = {
    "a thread a row, requests": ("requests",),
    "thread pool, as durable": ("requests",),
    "aiohttp, a line a row": ("aiohttp",),
    "aiohttp, as durable": ("aiohttp",),
    "thread pool, as durable, 0.1 s": ("requests",),
    "aiohttp, as durable, 0.1 s": ("aiohttp",),
    "ng.map, without libcurl": OURS,
    "ng.map": (*OURS, "notebookgen.transport.fast", "notebookgen.transport.fast_bringing"),
}
