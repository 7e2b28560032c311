"""The sandbox's server: tornado on a daemon thread with an event loop of its own, on loopback only."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from tornado.httpserver import HTTPServer

from notebookgen.errors import InvalidCall, NotWritable
from notebookgen.normal import shown_value
from notebookgen.sandbox.behaviour import Behaviour
from notebookgen.sandbox.easel import Easel
from notebookgen.sandbox.frontdoor import FrontDoor
from notebookgen.sandbox.handle import Handle, ended
from notebookgen.sandbox.shelf import Shelf
from notebookgen.sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["ThreadHandle", "start"]

HOST = "127.0.0.1"
HIGHEST_PORT = 65535
#: The longest request body: pictures come inside JSON.
MOST_BODY = 100_000_000
BACKLOG = 256
PATIENCE = 5.0


def start(*, port: int = 0, folder: Path | None = None, **behaviour: Any) -> ThreadHandle:
    """Start a sandbox in this process and return once it listens.

    Args:
        port: Where to listen on 127.0.0.1; 0 for any free port.
        folder: Where pictures that were sent along are kept; by default in the user's cache folder.
        **behaviour: Fields of `Behaviour`.
    """
    world = World(Behaviour.of(behaviour))
    return ThreadHandle(world, _bound(port), Shelf(folder))


def _bound(port: int) -> socket.socket:
    """Return a listening socket; tornado's own function leaves it open where the port is taken."""
    given: Any = port
    if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given <= HIGHEST_PORT:
        raise InvalidCall(
            f"port={shown_value(port)} is no port. Give a whole number from 0 (any free one) to {HIGHEST_PORT}."
        )
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name != "nt":  # there it would share the port with whoever has it
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setblocking(False)
        listening.bind((HOST, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise NotWritable(
            f"The sandbox cannot listen on port {port}: {error}.\nTake another one: notebookgen sandbox --port 0"
        ) from error
    return listening


class ThreadHandle(Handle):
    """A sandbox on a thread of this process."""

    def __init__(self, world: World, listening: socket.socket, shelf: Shelf) -> None:
        super().__init__(f"http://{HOST}:{listening.getsockname()[1]}")
        self._world = world
        self._shelf = shelf
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._started: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(listening,), name="notebookgen-sandbox", daemon=True)
        self._thread.start()
        self._started.result(PATIENCE)

    @property
    def running(self) -> bool:
        """Whether it still answers."""
        return self._thread.is_alive()

    @property
    def behaviour(self) -> Behaviour:
        """How it behaves now."""
        return self._world.behaviour

    def configure(self, **changes: Any) -> None:
        """Change some of the fields of `Behaviour`."""
        if not self.running:
            raise ended()
        self._ask(lambda: self._world.configure(changes, time.time()))

    def keep(self) -> Callable[[], None]:
        """Return what gives the sandbox back as it is now: its behaviour, and what its accounts have left."""
        world = self._world
        behaviour, purses = self._ask(lambda: (world.behaviour, world.purses(time.time())))
        return lambda: self._ask(lambda: world.restore(behaviour, purses, time.time()))

    def state(self) -> dict[str, Any]:
        """Return the provider's side: accounts, jobs, requests by route and status, accepted creates, callbacks."""
        result: dict[str, Any] = self._ask(lambda: self._world.state(time.time()))
        return result

    def stop(self) -> None:
        """End it; nothing happens the second time."""
        loop, stopping = self._loop, self._stopping
        if loop is not None and stopping is not None and self._thread.is_alive() and not loop.is_closed():
            loop.call_soon_threadsafe(stopping.set)
        self._thread.join(PATIENCE)

    def _ask(self, question: Callable[[], Any]) -> Any:
        """Have something done on the server's thread; after its end, here."""
        if self._loop is None or not self._thread.is_alive():
            return question()
        answer: Future[Any] = Future()

        def reply() -> None:
            try:
                answer.set_result(question())
            except BaseException as error:  # noqa: BLE001 - it is raised again where it was asked
                answer.set_exception(error)

        self._loop.call_soon_threadsafe(reply)
        return answer.result(PATIENCE)

    def _run(self, listening: socket.socket) -> None:
        # A selector loop on Windows too: tornado needs add_reader.
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(self._main(listening))

    async def _main(self, listening: socket.socket) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        easel = Easel(self._shelf, lambda: self._world.behaviour.pixels)
        door = FrontDoor(self._world, easel, self._shelf, self.origin)
        server = HTTPServer(door, max_body_size=MOST_BODY, max_buffer_size=MOST_BODY)
        server.add_sockets([listening])
        self._started.set_result(None)
        try:
            await self._stopping.wait()
        finally:
            server.stop()
            await door.close()
            await server.close_all_connections()
            easel.close()
