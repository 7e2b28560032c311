"""What one request costs this machine's processor: plain requests against notebookgen's transport.

A small server in a process of its own answers on loopback; only the client's processor time (user and system) is
counted. The variants take turns in short rounds, so that a busy machine troubles all of them alike; the table shows
medians. Run it with ``python benchmarks/transport_cpu.py [--rounds 15] [--requests 400]``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import platform
import statistics
import time
from typing import TYPE_CHECKING

import requests
import urllib3

from notebookgen.credentials import Secret
from notebookgen.transport.http import HttpTransport
from notebookgen.wire import get_request, json_request

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

KEY = "sk-made-up"
STATUS = json.dumps({"id": "job-1", "status": "processing", "progress": 40, "detail": "x" * 430}).encode()
CREATED = json.dumps({"id": "job-1", "status": "queued"}).encode()
HEADERS = "".join(f"X-Header-{number}: value-{number}\r\n" for number in range(6))
PAYLOAD = {"model": "a/b", "prompt": "a plum on a table, " * 25, "size": "1024x1024", "steps": 30}


def answers(body: bytes) -> bytes:
    """Return a whole reply of the kind that providers give."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{HEADERS}\r\n"
    return head.encode() + body


def serve(told: Connection) -> None:
    """Answer requests until the process is ended."""
    status, created = answers(STATUS), answers(CREATED)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = 0
                for line in head.split(b"\r\n"):
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                if length:
                    await reader.readexactly(length)
                writer.write(created if length else status)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def variants(base: str) -> dict[str, Callable[[int], None]]:
    """Return what is compared: each does that many requests, half of them creates."""
    auth = {"Authorization": f"Bearer {KEY}"}
    session = requests.Session()
    transport = HttpTransport(Secret(KEY), origin=base)

    def plain(count: int) -> None:
        for _ in range(count // 2):
            assert requests.post(f"{base}/create", json=PAYLOAD, headers=auth, timeout=(10, 60)).json()["id"]
            assert requests.get(f"{base}/status", params={"id": "1"}, headers=auth, timeout=(10, 60)).json()["id"]

    def kept(count: int) -> None:
        for _ in range(count // 2):
            assert session.post(f"{base}/create", json=PAYLOAD, headers=auth, timeout=(10, 60)).json()["id"]
            assert session.get(f"{base}/status", params={"id": "1"}, headers=auth, timeout=(10, 60)).json()["id"]

    def ours(count: int) -> None:
        for _ in range(count // 2):
            assert transport.send(json_request(f"{base}/create", PAYLOAD, purpose="create")).json()["id"]  # type: ignore[index]  # an object, made above
            assert transport.send(get_request(f"{base}/status?id=1", purpose="status")).json()["id"]  # type: ignore[index]  # an object, made above

    return {"requests.get / post": plain, "requests.Session": kept, "HttpTransport.send": ours}


def measured(work: Callable[[int], None], count: int) -> tuple[float, float]:
    """Return processor and wall time for one request, in microseconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work(count)
    return (time.process_time() - cpu) / count * 1e6, (time.perf_counter() - wall) / count * 1e6


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--requests", type=int, default=400)
    given = parser.parse_args()
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    compared = variants(f"http://127.0.0.1:{here.recv()}")
    for work in compared.values():
        work(100)
    rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in compared}
    for _ in range(given.rounds):
        for name, work in compared.items():
            rounds[name].append(measured(work, given.requests))
    server.terminate()
    server.join(5)
    base = [cpu for cpu, _ in rounds["requests.Session"]]
    print(f"Python {platform.python_version()}, requests {requests.__version__}, urllib3 {urllib3.__version__},")
    print(f"{platform.machine()}, {os.cpu_count()} processors, {len(os.environ)} environment variables;")
    print(f"{given.rounds} rounds of {given.requests} requests each, one thread, medians\n")
    print(f"{'':<22}{'CPU us/request':>16}{'wall us/request':>17}{'CPU / Session':>15}")
    for name, times in rounds.items():
        ratio = statistics.median(cpu / of for (cpu, _), of in zip(times, base, strict=True))
        cpu, wall = (statistics.median(column) for column in zip(*times, strict=True))
        print(f"{name:<22}{cpu:>16.0f}{wall:>17.0f}{ratio:>15.2f}")


if __name__ == "__main__":
    main()
