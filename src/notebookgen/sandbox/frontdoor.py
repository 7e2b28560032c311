"""From an HTTP request to its reply: who it is for, who may come in, which fault strikes. One event loop's thread."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from dataclasses import replace
from http.client import responses
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from tornado.httputil import HTTPHeaders, ResponseStartLine
from tornado.iostream import StreamClosedError

from notebookgen.errors import NotebookgenError
from notebookgen.sandbox import apimodels, apixo, armox, assets, callbacks, faults
from notebookgen.sandbox.addresses import is_loopback
from notebookgen.sandbox.calls import BadBody, Call, Reply, Upload
from notebookgen.sandbox.easel import Ended

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from tornado.httputil import HTTPServerRequest

    from notebookgen.sandbox.behaviour import Fault
    from notebookgen.sandbox.calls import Service
    from notebookgen.sandbox.easel import Easel
    from notebookgen.sandbox.shelf import Shelf
    from notebookgen.sandbox.world import Record, World

__all__ = ["FrontDoor"]

ALL: tuple[Service, ...] = (armox.SERVICE, apimodels.SERVICE, apixo.SERVICE)
CLOCKS_DIFFER = 0.005
_log = logging.getLogger(__name__)


class FrontDoor:
    """Answers every request that reaches the sandbox."""

    def __init__(self, world: World, easel: Easel, shelf: Shelf, origin: str) -> None:
        self._world = world
        self._easel = easel
        self._shelf = shelf
        self._origin = origin
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, request: HTTPServerRequest) -> None:
        """Take a request; tornado calls this."""
        self._begin(self._serve(request))

    async def close(self) -> None:
        """End what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _serve(self, request: HTTPServerRequest) -> None:
        try:
            await self._answer(request)
        except (StreamClosedError, Ended):
            return  # the client has gone, or is going together with this sandbox
        except Exception:  # noqa: BLE001 - the sandbox itself is at fault; it says so, counts it and lives on
            self._world.mishaps += 1
            _log.exception("the sandbox could not answer %s %s", request.method, request.path)
            await self._send(request, Reply(status=500, value={"error": "the sandbox itself failed; its log says how"}))

    async def _answer(self, request: HTTPServerRequest) -> None:
        if not is_loopback(urlsplit(f"//{request.host}").hostname or ""):  # a page that rebinds a name to this machine
            await self._send(request, Reply(status=421, value={"error": "this sandbox answers to 127.0.0.1 only"}))
            return
        path = request.path
        if path.startswith("/sandbox/"):
            await self._send(request, self._admin(request))
            return
        call = self._call(request)
        service = next((each for each in ALL if path.startswith(each.root + "/")), None)
        if service is not None:
            await self._service(request, service, replace(call, path=path.removeprefix(service.root)))
        elif path.startswith(assets.UPLOAD) and request.method == "PUT":
            await self._finish(request, None, "apimodels", "upload", call, lambda: assets.store(self._world, call))
        elif path.startswith("/assets/"):
            await self._finish(request, None, assets.service_of(path), "asset", call, None)
        else:
            await self._send(request, Reply(status=404, value={"error": "nothing here"}))

    async def _service(self, request: HTTPServerRequest, service: Service, call: Call) -> None:
        found = service.find(call.method, call.path)
        purpose = found[0].purpose if found else "other"

        def answer() -> Reply:
            account, reason, wait = self._world.admit(service.name, call.header("Authorization"), call.now)
            if account is None:
                return service.deny(reason, wait)
            if found is None:
                return service.deny("not_found", 0)
            route, caught = found
            try:
                reply = route.answer(
                    self._world,
                    replace(call, account=account),
                    **{name: unquote(text) for name, text in caught.items()},
                )
            except BadBody:
                reply = service.deny("bad_body", 0)
            extra = service.headers(self._world, account, call.now) if reply.status < 400 else {}
            return reply.having(extra) if extra else reply

        await self._finish(request, service, service.name, purpose, call, answer)

    async def _finish(
        self, request: HTTPServerRequest, service: Service | None, name: str, purpose: str, call: Call, answer: Any
    ) -> None:
        """Answer or misbehave, and count it. Without `answer` a file is asked for."""
        world, label = self._world, f"{name} {purpose}"
        fault = None
        if world.behaviour.misbehave:
            fault = world.strike(name, purpose, request.uri + "\n" + call.body.decode("utf-8", "replace"))
        before = world.accepted[name]
        reply: Reply | None = None
        if fault is None or fault.carried_out:
            reply = answer() if answer else await assets.fetch(world, self._easel, call)
            called = self._keep()
            if called and "early" in world.behaviour.callback_faults:
                await asyncio.wait(called)
        if purpose == "create" and world.accepted[name] == before and (reply or (fault and fault.kind == "status")):
            world.refused[name] += 1
        if reply is not None and not (fault and fault.kind == "lost_after"):
            reply = await self._ready(reply)
        world.note(
            label,
            fault.kind if fault and fault.kind != "status" else fault.status if fault else reply.status if reply else 0,
        )
        if fault is None:
            await self._send(request, reply or Reply())
        else:
            await self._misbehave(request, fault, reply, service)

    async def _ready(self, reply: Reply) -> Reply:
        """Hold the connection for as long as the reply says, and draw what it needs."""
        extra = dict(reply.headers)
        if reply.delay:
            await asyncio.sleep(reply.delay + CLOCKS_DIFFER)  # the job is over by both clocks when the reply says so
        if reply.finish is not None:
            blobs = await asyncio.gather(*(self._easel.draw(each) for each in reply.needs))
            reply = reply.finish(tuple(blobs))
            return reply.having(extra) if extra else reply
        return reply

    async def _misbehave(
        self, request: HTTPServerRequest, fault: Fault, reply: Reply | None, service: Service | None
    ) -> None:
        if fault.kind == "stall":
            await asyncio.sleep(fault.seconds)
            if reply is not None:
                await self._send(request, reply)
                return
        false = faults.falsified(fault, reply, service, self._origin)
        if false is not None:
            await self._send(request, false)
        else:
            await faults.spoil(fault, request, reply)

    def _keep(self) -> list[asyncio.Task[None]]:
        """Put away what was sent along, and begin the callbacks that were asked for."""
        world = self._world
        while world.parcels:
            self._shelf.put(*world.parcels.pop())
        called = [self._begin(self._call_back(record)) for record in world.callbacks]
        world.callbacks.clear()
        return called

    async def _call_back(self, record: Record) -> None:
        with contextlib.suppress(Ended):
            await callbacks.deliver(self._world, self._easel, record, self._origin)

    def _admin(self, request: HTTPServerRequest) -> Reply:
        world, path, method = self._world, request.path, request.method
        if path == "/sandbox/elsewhere":
            seen = {"method": method, "authorization": "Authorization" in request.headers, "bytes": len(request.body)}
            world.strays.append(seen)
            return Reply(value={"error": "nobody should have come here"})
        if path == "/sandbox/state" and method == "GET":
            return Reply(value=world.state(time.time()))
        if path == "/sandbox/behaviour" and method == "GET":
            return Reply(value=world.behaviour.as_json())
        if path == "/sandbox/behaviour" and method == "PATCH":
            try:
                world.configure(self._call(request).json(), time.time())
            except (NotebookgenError, BadBody, TypeError, ValueError) as problem:
                return Reply(status=400, value={"error": str(problem) or "the body is not a JSON object"})
            return Reply(value=world.behaviour.as_json())
        return Reply(status=404, value={"error": "nothing here"})

    def _call(self, request: HTTPServerRequest) -> Call:
        return Call(
            method=request.method or "", path=request.path, body=request.body, headers=request.headers, origin=self._origin,
            query={name: values[-1].decode("utf-8", "replace") for name, values in request.query_arguments.items()},
            now=time.time(), entropy=secrets.token_bytes(12),
            form={name: values[-1].decode("utf-8", "replace") for name, values in request.body_arguments.items()},
            files={name: tuple(Upload(each.filename, each.content_type, each.body) for each in parts) for name, parts in request.files.items()},
        )  # fmt: skip

    async def _send(self, request: HTTPServerRequest, reply: Reply) -> None:
        connection = request.connection
        if connection is None:
            return
        body = reply.body
        headers = HTTPHeaders({"Content-Type": reply.content_type, "Server": "notebookgen-sandbox", **reply.headers})
        if reply.status not in {204, 304}:
            headers["Content-Length"] = str(len(body))
        line = ResponseStartLine("HTTP/1.1", reply.status, responses.get(reply.status, "Unknown"))
        bare = request.method == "HEAD" or reply.status in {204, 304}
        written = connection.write_headers(line, headers, None if bare else body)
        connection.finish()
        await written
