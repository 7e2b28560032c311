"""A bare service in a process of its own, for what the sandbox is too slow for: Armox's wire format and nothing else.

Its text model answers inside the create, its picture model with a job that is over after a while and a file to fetch.
It draws nothing, so that what is measured is the client. ``Service`` starts it, and knows what processor time it used.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import random
import struct
import time
import urllib.request
import zlib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

__all__ = ["KEY", "PICTURE", "TEXT", "Service"]

KEY = "sk-made-up"
TEXT, PICTURE = "bench/text", "bench/picture"
LISTED = [
    {
        "id": model, "name": "Bench", "modality": kind, "cost": 1, "inputTypes": ["text"], "promptRequired": True,
        "outputType": kind, "settings": [], "provider": "bench", "badges": [],
    }
    for model, kind in ((TEXT, "text"), (PICTURE, "image"))
]  # fmt: skip
SIDE = 64  # pixels: noise that does not pack, about 12 kB


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _picture() -> tuple[bytes, bytes]:
    """Return a PNG in two parts, between which a chunk of text makes each file another one."""
    noise = random.Random(1)  # noqa: S311 - a picture of nothing
    rows = b"".join(b"\0" + noise.randbytes(SIDE * 3) for _ in range(SIDE))
    head = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0))
    return head, _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def _reply(body: bytes, kind: bytes = b"application/json") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (kind, len(body), body)


def _json(value: object) -> bytes:
    return _reply(json.dumps(value).encode())


class _Played:
    """What it knows."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.seconds = (0.0, 0.0)
        self.origin = ""
        self.jobs: list[tuple[float, float, dict[str, Any]]] = []
        self.begun = 0  # how often it was begun anew: part of each job's name, as no service gives one twice
        self.dice = random.Random(2)  # noqa: S311 - how long jobs take
        self.head, self.tail = _picture()
        self.models = _json({"object": "list", "data": LISTED})

    async def answer(self, path: str, body: bytes) -> bytes:
        """Answer one request."""
        if path.startswith("/told"):
            words = path.split("/")[2:]
            if words:
                self.seconds, self.jobs, self.begun = (float(words[0]), float(words[1])), [], self.begun + 1
                self.counts.clear()
            return _json(dict(self.counts))
        if path.startswith("/files/"):
            self.counts["file"] += 1
            mark = _chunk(b"tEXt", b"number\0" + path[7:].encode())
            return _reply(self.head + mark + self.tail, b"image/png")
        if path.startswith("/models/run"):
            return await self._create(json.loads(body))
        if path.startswith("/models"):
            return self.models
        if path.startswith("/jobs?"):
            self.counts["list"] += 1
            now = time.time()
            last = len(self.jobs)
            return _json(
                {"object": "list", "data": [self._job(n, now) for n in range(last - 1, max(last - 101, -1), -1)]}
            )
        self.counts["look"] += 1
        return _json({"object": "job"} | self._job(int(path.rpartition("-")[2]), time.time()))

    async def _create(self, asked: dict[str, Any]) -> bytes:
        self.counts["create"] += 1
        number, now, seconds = len(self.jobs), time.time(), self.dice.uniform(*self.seconds)
        self.jobs.append((now, now + seconds, asked))
        base = {
            "id": f"job-{self.begun}-{number}",
            "object": "job",
            "model": asked["model"],
            "credits_charged": 1,
            "created_at": _stamp(now),
        }
        if asked["model"] == PICTURE:
            return _json(base | {"status": "processing"})
        if seconds:
            await asyncio.sleep(seconds)
        return _json(base | {"status": "completed", "output": {"text": f"poem {number}: " + "a line of it " * 12}})

    def _job(self, number: int, now: float) -> dict[str, Any]:
        made, over, asked = self.jobs[number]
        done = over <= now
        return {
            "id": f"job-{self.begun}-{number}", "run_type": "model", "model_id": asked["model"], "app_id": None,
            "status": "completed" if done else "processing", "input_data": {"input": asked["input"]},
            "output_data": {"outputImage": f"{self.origin}/files/{number}"} if done else None, "error_message": None,
            "credits_charged": 1, "created_at": _stamp(made), "completed_at": _stamp(over) if done else None,
        }  # fmt: skip


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def serve(told: Connection) -> None:
    """Answer requests until the process is ended."""
    played = _Played()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.split(b"\r\n")
                length = next((int(line[15:]) for line in lines if line.lower().startswith(b"content-length:")), 0)
                body = await reader.readexactly(length) if length else b""
                writer.write(await played.answer(lines[0].split(b" ")[1].decode(), body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0, backlog=2000)
        played.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        told.send(played.origin)
        await server.serve_forever()

    asyncio.run(run())


class Service:
    """The service in its own process."""

    def __init__(self) -> None:
        here, there = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
        self.process.start()
        self.origin: str = here.recv()

    def begin(self, least: float = 0.0, most: float = 0.0) -> None:
        """Forget every job, and set how long the next ones take, in seconds."""
        self._told(f"/{least}/{most}")

    def counts(self) -> dict[str, int]:
        """Return how many requests there were since then: ``create``, ``look``, ``list``, ``file``."""
        return self._told("")

    def _told(self, more: str) -> dict[str, int]:
        with urllib.request.urlopen(f"{self.origin}/told{more}", timeout=10) as reply:
            found: dict[str, int] = json.load(reply)
            return found

    def seconds(self) -> float:
        """Return the processor time that it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> None:
        """End its process."""
        self.process.terminate()
        self.process.join(5)
