"""The sandbox as a process of its own: serving until told to stop, or until the parent is gone."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as WaitedTooLong
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from notebookgen.errors import InvalidCall, UnexpectedResponse
from notebookgen.sandbox.behaviour import Behaviour
from notebookgen.sandbox.handle import Handle, ended

if TYPE_CHECKING:
    from typing import IO

__all__ = ["ChildHandle", "serve", "spawn"]

START_SECONDS = 20.0
STOP_SECONDS = 5.0
LOOK_SECONDS = 0.5


def serve(port: int = 0, *, parent: bool = False, **behaviour: Any) -> None:
    """Serve until SIGTERM or SIGINT; one line of JSON with the origin says that it is ready.

    Args:
        port: Where to listen on 127.0.0.1; 0 for any free port.
        parent: Read the behaviour as one line of JSON from standard input, and end when that closes or the parent is gone.
        **behaviour: Fields of `Behaviour`.
    """
    from notebookgen.sandbox.server import start  # noqa: PLC0415 - tornado is loaded by who serves

    ended = threading.Event()
    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: ended.set())
    mother = os.getppid()
    if parent:
        behaviour = {**json.loads(sys.stdin.readline() or "{}"), **behaviour}
        threading.Thread(target=_until_closed, args=(ended,), daemon=True).start()
    with start(port=port, **behaviour) as handle:
        sys.stdout.write(json.dumps({"origin": handle.origin, "base_urls": handle.base_urls}) + "\n")
        sys.stdout.flush()
        while not ended.wait(LOOK_SECONDS):
            if parent and os.getppid() != mother:
                return


def spawn(port: int = 0, **behaviour: Any) -> Handle:
    """Start a sandbox as a child process, for large runs; it ends with this process whatever happens."""
    wanted = Behaviour.of(behaviour)
    # A process group of its own: the Stop button interrupts the kernel's whole group.
    group = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # Windows only
    options: dict[str, Any] = {"creationflags": group} if group else {"start_new_session": True}
    command = [sys.executable, "-m", "notebookgen.sandbox", "--parent", "--port", str(port)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)  # noqa: S603 - ourselves
    assert child.stdin is not None  # noqa: S101 - both are pipes
    assert child.stdout is not None  # noqa: S101 - both are pipes
    child.stdin.write(json.dumps(wanted.as_json(keys=True)).encode() + b"\n")
    child.stdin.flush()
    try:
        ready = json.loads(_line(child.stdout))
    except (WaitedTooLong, ValueError) as error:
        _end(child)
        raise UnexpectedResponse(
            "The sandbox's process did not start.\nSee what it says: python -m notebookgen.sandbox"
        ) from error
    return ChildHandle(child, ready["origin"])


class ChildHandle(Handle):
    """A sandbox in a child process, spoken to over HTTP."""

    def __init__(self, child: subprocess.Popen[bytes], origin: str) -> None:
        super().__init__(origin)
        self._child = child
        self.pid = child.pid

    @property
    def running(self) -> bool:
        """Whether it still answers."""
        return self._child.poll() is None

    @property
    def behaviour(self) -> Behaviour:
        """How it behaves now; keys are fingerprints."""
        return Behaviour.of(self._say("GET", "/sandbox/behaviour"))

    def configure(self, **changes: Any) -> None:
        """Change some of the fields of `Behaviour`."""
        whole = Behaviour.of(changes).as_json(keys=True)
        self._say("PATCH", "/sandbox/behaviour", {name: whole[name] for name in changes})

    def state(self) -> dict[str, Any]:
        """Return the provider's side: accounts, jobs, requests by route and status, accepted creates, callbacks."""
        return self._say("GET", "/sandbox/state")

    def stop(self) -> None:
        """End it; nothing happens the second time."""
        _end(self._child)

    def _say(self, method: str, path: str, value: Any = None) -> dict[str, Any]:
        if not self.running:
            raise ended()
        parts = urlsplit(self.origin)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=START_SECONDS)
        try:
            connection.request(method, path, None if value is None else json.dumps(value))
            reply = connection.getresponse()
            answer: dict[str, Any] = json.loads(reply.read())
        finally:
            connection.close()
        if reply.status != 200:
            raise InvalidCall(str(answer.get("error")))
        return answer


def _until_closed(ended: threading.Event) -> None:
    # Below the buffer of sys.stdin, whose lock this thread would still hold when the interpreter ends.
    while os.read(sys.stdin.fileno(), 4096):
        continue
    ended.set()


def _line(stream: IO[bytes]) -> bytes:
    """Return the first line of a pipe, waiting for it no longer than a start may take."""
    line: Future[bytes] = Future()
    threading.Thread(target=lambda: line.set_result(stream.readline()), daemon=True).start()
    return line.result(START_SECONDS)


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.stdin is not None and not child.stdin.closed:
        child.stdin.close()
    for harder in (child.terminate, child.kill):
        try:
            child.wait(STOP_SECONDS)
            break
        except subprocess.TimeoutExpired:
            harder()
    child.wait(STOP_SECONDS)
    if child.stdout is not None:
        child.stdout.close()
