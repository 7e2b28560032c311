"""A run over many rows, beside what a user would write by hand: ``python benchmarks/bulk_runs.py [--full]``.

The service is a bare one in a process of its own that speaks Armox's wire format and answers each create with a text,
at once or after a while; every run is a process of its own, so that its processor time and its peak memory are its own.
By hand is a pool of threads with ``requests``, and an ``aiohttp`` loop with a semaphore: neither keeps anything on
disk before its end, so what is bought and not yet written is lost with the process. The variants take turns, and the
table shows medians. ``--full`` adds a hundred thousand rows (about ten minutes).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

KEY = "sk-made-up"
MODEL = "bench/text"
PROMPT = "A poem about number {n}, in four lines that rhyme, for a reader who is in a hurry."
LISTED = {
    "id": MODEL, "name": "Bench", "modality": "text", "cost": 1, "inputTypes": ["text"], "promptRequired": True,
    "outputType": "text", "settings": [], "provider": "bench", "badges": [],
}  # fmt: skip


# The service ---------------------------------------------------------------------------------------------------------


def whole(value: object) -> bytes:
    """Return a reply."""
    body = json.dumps(value).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def serve(told: Connection) -> None:
    """Answer requests until the process is ended; ``?wait=`` in the address of the models sets how long a create takes."""
    counts = {"creates": 0, "wait": 0.0}
    models = whole({"object": "list", "data": [LISTED]})

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ", 2)[1]
                length = next(
                    (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
                )
                if length:
                    await reader.readexactly(length)
                if path.startswith(b"/wait/"):
                    counts["wait"] = float(path[6:])
                    writer.write(whole(counts))
                elif path.endswith(b"/models"):
                    writer.write(models)
                else:
                    counts["creates"] += 1
                    number = counts["creates"]
                    if counts["wait"]:
                        await asyncio.sleep(counts["wait"])
                    job = {"id": f"job-{number}", "object": "job", "status": "completed", "model": MODEL, "cost": 1}
                    writer.write(whole(job | {"output": {"text": f"poem {number}: " + "a line of it " * 12}}))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0, backlog=1000)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


# Three ways ----------------------------------------------------------------------------------------------------------


def by_threads(url: str, rows: int, places: int, folder: Path) -> None:
    """A pool of threads, each with a session."""
    import threading
    from concurrent.futures import ThreadPoolExecutor

    import polars as pl
    import requests

    own = threading.local()

    def one(number: int) -> str:
        if not hasattr(own, "session"):
            own.session = requests.Session()
            own.session.headers["Authorization"] = f"Bearer {KEY}"
        payload = {"model": MODEL, "input": {"prompt": PROMPT.format(n=number)}}
        reply = own.session.post(f"{url}/models/run", json=payload, timeout=60)
        reply.raise_for_status()
        return str(reply.json()["output"]["text"])

    with ThreadPoolExecutor(places) as pool:
        texts = list(pool.map(one, range(rows)))
    pl.DataFrame({"n": range(rows), "text": texts}).write_parquet(folder / "out.parquet")


def by_aiohttp(url: str, rows: int, places: int, folder: Path) -> None:
    """A task for each row, and a semaphore."""
    import aiohttp
    import polars as pl

    async def run() -> list[str]:
        gate = asyncio.Semaphore(places)
        headers = {"Authorization": f"Bearer {KEY}"}
        async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=0)) as session:

            async def one(number: int) -> str:
                payload = {"model": MODEL, "input": {"prompt": PROMPT.format(n=number)}}
                async with gate, session.post(f"{url}/models/run", json=payload) as reply:
                    reply.raise_for_status()
                    return str((await reply.json())["output"]["text"])

            return await asyncio.gather(*(one(number) for number in range(rows)))

    texts = asyncio.run(run())
    pl.DataFrame({"n": range(rows), "text": texts}).write_parquet(folder / "out.parquet")


def by_map(url: str, rows: int, places: int, folder: Path) -> None:
    """``ng.map``: every intent, job, cost and file on disk as it goes."""
    import polars as pl

    import notebookgen as ng

    os.environ |= {"ARMOX_API_KEY": KEY, "ARMOX_BASE_URL": url}
    ng.configure(home=str(folder), concurrency=places)
    frame = pl.DataFrame({"n": range(rows)})
    results = ng.map(frame, PROMPT, model=f"armox:{MODEL}", max_new=rows, concurrency=places)
    out = results.frame
    assert rows == (out["gen_status"] == "saved").sum(), results


WAYS: dict[str, Callable[[str, int, int, Path], None]] = {
    "threads and requests": by_threads,
    "aiohttp and semaphore": by_aiohttp,
    "ng.map": by_map,
}


def client(way: str, url: str, rows: int, places: int, folder: Path) -> None:
    """Do it in this process, and tell what it took."""
    began = time.perf_counter()
    WAYS[way](url, rows, places, folder)
    wall = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"wall": wall, "cpu": used.ru_utime + used.ru_stime, "rss": used.ru_maxrss / 1024}))


# Measured ------------------------------------------------------------------------------------------------------------


class Service:
    """The service in its own process."""

    def __init__(self) -> None:
        here, there = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
        self.process.start()
        self.origin = f"http://127.0.0.1:{here.recv()}"

    def wait(self, seconds: float) -> int:
        """Set how long a create takes; return how many there were."""
        with urllib.request.urlopen(f"{self.origin}/wait/{seconds}", timeout=10) as reply:
            return int(json.load(reply)["creates"])

    def seconds(self) -> float:
        """Return the processor time that it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def once(service: Service, way: str, rows: int, places: int, folder: Path, wait: float = 0.0) -> dict[str, Any]:
    """Run one way in a process of its own."""
    before, busy = service.wait(wait), service.seconds()
    command = [sys.executable, __file__, "--client", way, service.origin, str(rows), str(places), str(folder)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    return found | {"creates": service.wait(wait) - before, "service": service.seconds() - busy}


def compare(service: Service, title: str, rows: int, *, places: int, rounds: int, wait: float = 0.0) -> None:
    """Let the ways take turns, and print a table."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for _ in range(rounds):
        for way in WAYS:
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                found[way].append(once(service, way, rows, places, Path(folder), wait))
    print(f"\n{title}: {rows:,} rows, {places} at once, {rounds} rounds, medians")
    print(
        f"{'':<24}{'rows/s':>10}{'ms CPU/row':>12}{'peak MB':>9}{'speed':>8}{'CPU':>7}{'memory':>8}{'service CPU':>13}"
    )
    base = found["threads and requests"]
    for way, runs in found.items():
        assert {rows} == {one["creates"] for one in runs}
        speed, cpu, memory = (
            statistics.median(use(one) / use(other) for one, other in zip(runs, base, strict=True))
            for use in (lambda one: 1 / one["wall"], lambda one: one["cpu"], lambda one: one["rss"])
        )
        wall, used, rss, busy = (
            statistics.median(one[name] for one in runs) for name in ("wall", "cpu", "rss", "service")
        )
        print(
            f"{way:<24}{rows / wall:>10.0f}{used / rows * 1e3:>12.2f}{rss:>9.0f}{speed:>8.2f}{cpu:>7.2f}{memory:>8.2f}"
            f"{busy / wall:>13.0%}"
        )


def warm(service: Service, rows: int) -> None:
    """Buy rows, then ask for them again in another process."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        cold = once(service, "ng.map", rows, 16, Path(folder))
        again = [once(service, "ng.map", rows, 16, Path(folder)) for _ in range(3)]
    assert rows == cold["creates"]
    assert {0} == {one["creates"] for one in again}
    wall = statistics.median(one["wall"] for one in again)
    print(f"\nng.map again over {rows:,} rows, with imports and the whole frame: {wall:.2f} s, 0 calls")


def main() -> None:
    """Measure, and print the tables."""
    if sys.argv[1:2] == ["--client"]:
        way, url, rows, places, folder = sys.argv[2:]
        client(way, url, int(rows), int(places), Path(folder))
        return
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--full", action="store_true", help="a hundred thousand rows, too")
    given = parser.parse_args()
    service = Service()
    try:
        print(
            f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} processors; ratios: to threads"
        )
        compare(service, "a service that answers at once", 1000, places=16, rounds=3)
        compare(service, "a service that takes 0.2 s", 1000, places=64, rounds=3, wait=0.2)
        compare(service, "a service that answers at once", 10_000, places=16, rounds=1)
        warm(service, 10_000)
        if given.full:
            compare(service, "a service that answers at once", 100_000, places=16, rounds=1)
    finally:
        service.process.terminate()
        service.process.join(5)


if __name__ == "__main__":
    main()
