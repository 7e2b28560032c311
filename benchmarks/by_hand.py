"""Runs as people write them by hand, to be compared with: each creates, looks, fetches files and writes down what came.

What is compared with promises of ours has the same durability as far as a loop can have it: each row's line is in
SQLite and synced to the disk before the row counts as done. None of them writes anything before it sends, so that what
was bought and not yet written is lost with the process.
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

__all__ = ["LOADED", "PROMPT", "WAYS", "Job"]

PROMPT = "A poem about number {n}, in four lines that rhyme, for a reader who is in a hurry."
EVERY = 0.5  # seconds between looks, as replicate and huggingface_hub have them
HEADERS = {"Authorization": f"Bearer {KEY}"}
OVER = {"completed", "failed", "cancelled"}
Job = tuple[str, str, int, int]  # address of the service, model, rows, places


class Written:
    """A line for each row, synced."""

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(folder / "rows.db", isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute("CREATE TABLE rows (n INTEGER PRIMARY KEY, job TEXT, cost INTEGER, value TEXT)")

    def line(self, number: int, job: str, value: str) -> None:
        with self._lock:
            self._database.execute("INSERT INTO rows VALUES (?, ?, 1, ?)", (number, job, value))


def kept(folder: Path, number: int, data: bytes) -> str:
    """Write a file."""
    path = folder / f"{number}.png"
    path.write_bytes(data)
    return str(path)


def over_with_requests(url: str, model: str, number: int, folder: Path, post: Any, get: Any) -> tuple[str, str]:
    """Have one row made, with functions of requests or of a session; return its job and its text or file."""
    payload = {"model": model, "input": {"prompt": PROMPT.format(n=number)}}
    reply = post(f"{url}/models/run", json=payload, headers=HEADERS, timeout=60)
    reply.raise_for_status()
    job = reply.json()
    if model == TEXT:
        return str(job["id"]), str(job["output"]["text"])
    while job["status"] not in OVER:
        time.sleep(EVERY)  # noqa: TID251 - as people write it
        job = get(f"{url}/jobs/{job['id']}", headers=HEADERS, timeout=60).json()
    file = get(job["output_data"]["outputImage"], timeout=60)
    return str(job["id"]), kept(folder, number, file.content)


def by_threads(job: Job, folder: Path) -> None:
    """A thread for each row that is under way, requests without a session, nothing written down but files."""
    import requests

    url, model, rows, places = job
    gate = threading.Semaphore(places)

    def one(number: int) -> None:
        try:
            over_with_requests(url, model, number, folder, requests.post, requests.get)
        finally:
            gate.release()

    threads = []
    for number in range(rows):
        gate.acquire()
        threads.append(threading.Thread(target=one, args=(number,)))
        threads[-1].start()
    for thread in threads:
        thread.join()


def by_pool(job: Job, folder: Path) -> None:
    """A pool of threads, each with a session; each row written down, synced."""
    import requests

    url, model, rows, places = job
    own, written = threading.local(), Written(folder)

    def one(number: int) -> None:
        if not hasattr(own, "session"):
            own.session = requests.Session()
        written.line(number, *over_with_requests(url, model, number, folder, own.session.post, own.session.get))

    with ThreadPoolExecutor(places) as pool:
        list(pool.map(one, range(rows)))


def by_aiohttp(job: Job, folder: Path) -> None:
    """A task for each row, and a semaphore; each row written down, synced."""
    import aiohttp

    url, model, rows, places = job
    written = Written(folder)

    async def run() -> None:
        gate = asyncio.Semaphore(places)
        async with aiohttp.ClientSession(headers=HEADERS, connector=aiohttp.TCPConnector(limit=0)) as session:

            async def one(number: int) -> None:
                async with gate:
                    payload = {"model": model, "input": {"prompt": PROMPT.format(n=number)}}
                    async with session.post(f"{url}/models/run", json=payload) as reply:
                        reply.raise_for_status()
                        job = await reply.json()
                    if model == TEXT:
                        written.line(number, job["id"], job["output"]["text"])
                        return
                    while job["status"] not in OVER:
                        await asyncio.sleep(EVERY)
                        async with session.get(f"{url}/jobs/{job['id']}") as reply:
                            job = await reply.json()
                    async with session.get(job["output_data"]["outputImage"]) as reply:
                        data = await reply.read()
                    written.line(number, job["id"], kept(folder, number, data))

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


WAYS: dict[str, Callable[[Job, Path], None]] = {
    "a thread a row, requests": by_threads,
    "thread pool, sessions": by_pool,
    "aiohttp and semaphore": by_aiohttp,
    "ng.map": by_map,
}
#: What each of them imports.
LOADED: dict[str, tuple[str, ...]] = {
    "a thread a row, requests": ("requests",),
    "thread pool, sessions": ("requests",),
    "aiohttp and semaphore": ("aiohttp",),
    "ng.map": ("polars", "notebookgen", "notebookgen.client", "notebookgen.bulk", "notebookgen.jobs.engine"),
}
