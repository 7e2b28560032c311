"""Calling back when a job is over; only this machine is ever called."""

from __future__ import annotations

import asyncio
import json
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
    job, url, behaviour = record.job, record.callback or "", world.behaviour
    if "lost" in behaviour.callback_faults:
        _note(world, record, 0, "lost")
        return
    await asyncio.sleep(max(0.0, job.ends - time.time()) + behaviour.callback_late)
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
        if "forged" in behaviour.callback_faults:
            await _post(client, record, _forged(body), {"X-Armox-Signature": f"sha256={'0' * 64}"} if headers else {})
        for attempt, wait in enumerate((0.0, *behaviour.callback_delays), start=1):
            await asyncio.sleep(wait)
            answer = await _post(client, record, body, headers)
            _note(world, record, attempt, answer)
            if isinstance(answer, int) and 200 <= answer < 300 and (job.service != "apixo" or answer == 200):
                record.delivered = True
                if "duplicate" in behaviour.callback_faults:
                    _note(world, record, attempt + 1, await _post(client, record, body, headers))
                return
    finally:
        client.close()


async def _post(client: AsyncHTTPClient, record: Record, body: bytes, headers: Mapping[str, str]) -> int | str:
    """Post a payload once; return the status of the answer, or what came instead of one."""
    try:
        answer = await client.fetch(
            HTTPRequest(
                record.callback or "", method="POST", body=body, headers={"Content-Type": "application/json", **headers},
                follow_redirects=False, request_timeout=PATIENCE[record.job.service], connect_timeout=5.0,
            ),
            raise_error=False,
        )  # fmt: skip
    except (OSError, HTTPClientError) as problem:
        return type(problem).__name__
    return answer.code


def _forged(body: bytes) -> bytes:
    """Return a payload that says of the same job that it has failed."""
    told = json.loads(body)
    if "job" in told:
        told["job"] |= {"status": "failed", "output": None, "error": "forged"}
    else:
        told["data"] |= {"state": "failed", "resultJson": None, "failMsg": "forged"}
    return json.dumps(told).encode()


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
