"""What one request costs this machine's processor: notebookgen's two transports beside plain requests and aiohttp.

A small server in a process of its own answers on loopback; only the client's processor time (user and system) is
counted. The variants take turns in short rounds, so that a busy machine troubles all of them alike; the table shows
medians. Run it with ``python benchmarks/transport_cpu.py [--rounds 11] [--requests 400]``.
"""

from __future__ import annotations

import argparse
import asyncio
import atexit
import json
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING

import aiohttp
import requests
from report import Found, Table, median, versions

from notebookgen.credentials import Secret
from notebookgen.transport.fast import FastTransport
from notebookgen.transport.http import HttpTransport
from notebookgen.wire import get_request, json_request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

    from notebookgen.wire import HttpRequest, HttpResponse

KEY = "sk-made-up"
AUTH = {"Authorization": f"Bearer {KEY}"}
IN_FLIGHT = (1, 16, 64)
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


Work = Callable[[int, int], None]


def in_threads(one: Callable[[int], object]) -> Work:
    """Return work that is done by as many threads as there may be in flight."""
    pools = {flight: ThreadPoolExecutor(flight) for flight in IN_FLIGHT}

    def work(count: int, flight: int) -> None:
        if flight == 1:
            for number in range(count):
                assert one(number)
            return
        for given in pools[flight].map(one, range(count)):
            assert given

    return work


def request(base: str, number: int) -> HttpRequest:
    """Return one of ours: a create, then a look."""
    if number % 2:
        return json_request(f"{base}/create", PAYLOAD, purpose="create")
    return get_request(f"{base}/status?id=1", purpose="status")


def id_in(reply: HttpResponse | None) -> object:
    """Return the job's id in a reply."""
    assert reply is not None
    return reply.json()["id"]  # type: ignore[index]  # an object, made above


def by_session(base: str) -> Work:
    """Return how one sends with requests, as most people write it."""
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=max(IN_FLIGHT)))

    def one(number: int) -> object:
        if number % 2:
            return session.post(f"{base}/create", json=PAYLOAD, headers=AUTH, timeout=(10, 60)).json()["id"]
        return session.get(f"{base}/status", params={"id": "1"}, headers=AUTH, timeout=(10, 60)).json()["id"]

    return in_threads(one)


def by_beginning(base: str, fast: FastTransport) -> Work:
    """Return how the engine sends: so many under way from one thread."""

    def work(count: int, flight: int) -> None:
        inbox: SimpleQueue[HttpResponse | None] = SimpleQueue()
        for number in range(min(flight, count)):
            fast.begin(request(base, number), lambda reply, _: inbox.put(reply))
        for number in range(flight, count + flight):
            assert id_in(inbox.get(timeout=60))
            if number < count:
                fast.begin(request(base, number), lambda reply, _: inbox.put(reply))

    return work


def by_aiohttp(base: str) -> Work:
    """Return how one sends with aiohttp."""
    loop = asyncio.new_event_loop()

    async def opened() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=max(IN_FLIGHT)))

    client = loop.run_until_complete(opened())
    atexit.register(lambda: loop.run_until_complete(client.close()))

    async def some(numbers: Iterator[int]) -> None:
        for number in numbers:
            if number % 2:
                call = client.post(f"{base}/create", json=PAYLOAD, headers=AUTH)
            else:
                call = client.get(f"{base}/status", params={"id": "1"}, headers=AUTH)
            async with call as reply:
                assert (await reply.json())["id"]

    async def all_of(count: int, flight: int) -> None:
        numbers = iter(range(count))
        await asyncio.gather(*(some(numbers) for _ in range(flight)))

    return lambda count, flight: loop.run_until_complete(all_of(count, flight))


def variants(base: str) -> dict[str, Work]:
    """Return what is compared: each does that many requests, half of them creates, so many at once."""
    ours = HttpTransport(Secret(KEY), origin=base, pool=max(IN_FLIGHT))
    fast = FastTransport(Secret(KEY), origin=base, pool=max(IN_FLIGHT))
    return {
        "requests.Session": by_session(base),
        "HttpTransport.send": in_threads(lambda number: id_in(ours.send(request(base, number)))),
        "FastTransport.send": in_threads(lambda number: id_in(fast.send(request(base, number)))),
        "FastTransport.begin": by_beginning(base, fast),
        "aiohttp": by_aiohttp(base),
    }


def measured(work: Work, count: int, flight: int) -> tuple[float, float]:
    """Return processor and wall time for one request, in microseconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work(count, flight)
    return (time.process_time() - cpu) / count * 1e6, (time.perf_counter() - wall) / count * 1e6


def measure(*, quick: bool = False, rounds: int = 11, requests: int = 400) -> Found:
    """Let the ways take turns, with one, some and many requests in flight."""
    rounds, tables = (3 if quick else rounds), []
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    try:
        compared = variants(f"http://127.0.0.1:{here.recv()}")
        for flight in IN_FLIGHT:
            taken: dict[str, list[tuple[float, float]]] = {name: [] for name in compared}
            for work in compared.values():
                work(max(100, 2 * flight), flight)
            for _ in range(rounds):
                for name, work in compared.items():
                    taken[name].append(measured(work, requests, flight))
            base, lines = [cpu for cpu, _ in taken["requests.Session"]], []
            for name, times in taken.items():
                ratio = median(cpu / of for (cpu, _), of in zip(times, base, strict=True))
                cpu, wall = (median(column) for column in zip(*times, strict=True))
                lines.append((name, f"{cpu:.0f}", f"{1e6 / wall:.0f}", f"{ratio:.2f}"))
            head = ("", "CPU, us a request", "requests a second", "CPU, to a session's")
            tables.append(Table(f"{flight} in flight, medians of {rounds} rounds of {requests} requests", head, lines))
    finally:
        server.terminate()
        server.join(5)
    return Found(tables)


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--requests", type=int, default=400)
    given = parser.parse_args()
    print(f"{versions()}\n")
    measure(rounds=given.rounds, requests=given.requests).show()


if __name__ == "__main__":
    main()
