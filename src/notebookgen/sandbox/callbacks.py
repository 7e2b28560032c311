"""Calling back when a job is over; only this machine is ever called."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from notebookgen.sandbox import apimodels, apixo, armox
from notebookgen.sandbox.addresses import is_loopback, is_web
from notebookgen.sandbox.calls import Call, Drawing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notebookgen.sandbox.easel import Easel
    from notebookgen.sandbox.world import Record, World

__all__ = ["deliver"]

WAYS: Mapping[str, Callable[..., tuple[bytes, Mapping[str, str]]]] = {
    "armox": armox.callback, "apimodels": apimodels.callback, "apixo": apixo.callback,
}  # fmt: skip
#: How long each service waits for an answer, in seconds.
PATIENCE = {"armox": 10.0, "apimodels": 10.0, "apixo": 30.0}


async def deliver(world: World, easel: Easel, record: Record, origin: str) -> None:
    """Wait for a job's end, then post it to its callback address until that answers 2xx or the attempts are used up."""
    job, url = record.job, record.callback or ""
    await asyncio.sleep(max(0.0, job.ends - time.time()))
    call = Call(
        method="POST",
        path="",
        query={},
        headers={},
        body=b"",
        origin=origin,
        now=max(time.time(), job.ends),
        entropy=secrets.token_bytes(12),
    )
    texts = {}
    if job.kind == "text" and record.phase(call.now) == "completed":
        texts[job.id] = (await easel.draw(Drawing(job, 0))).decode()
    body, headers = WAYS[job.service](world, record, call, texts)
    if not is_web(url) or not is_loopback(urlsplit(url).hostname or ""):
        _note(world, record, 0, "not sent: the sandbox calls this machine only")
        return
    client = AsyncHTTPClient(force_instance=True)
    try:
        for attempt, wait in enumerate((0.0, *world.behaviour.callback_delays), start=1):
            await asyncio.sleep(wait)
            try:
                answer = await client.fetch(
                    HTTPRequest(
                        url, method="POST", body=body, headers={"Content-Type": "application/json", **headers}, follow_redirects=False,
                        request_timeout=PATIENCE[job.service], connect_timeout=5.0,
                    ),
                    raise_error=False,
                )  # fmt: skip
            except (OSError, HTTPClientError) as problem:
                _note(world, record, attempt, type(problem).__name__)
                continue
            _note(world, record, attempt, answer.code)
            if 200 <= answer.code < 300 and (job.service != "apixo" or answer.code == 200):
                record.delivered = True
                return
    finally:
        client.close()


def _note(world: World, record: Record, attempt: int, answer: Any) -> None:
    world.deliveries.append(
        {
            "service": record.job.service,
            "job": record.job.id,
            "url": record.callback,
            "attempt": attempt,
            "answer": answer,
        }
    )
