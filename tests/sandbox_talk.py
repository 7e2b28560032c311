"""Speaking to a sandbox in tests: one short function for each kind of request, over real HTTP on loopback."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebookgen.sandbox import Handle

PATIENCE = 60.0


class Talk:
    """One service of one sandbox, spoken to with one key."""

    def __init__(self, handle: Handle, service: str, key: str = "sk_live_teacher") -> None:
        self.handle = handle
        self.base = handle.base_urls[service]
        self.key = key

    def send(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        """Send one request on a connection of its own."""
        headers = {"Authorization": f"Bearer {self.key}", **more.pop("headers", {})}
        url = path if path.startswith("http") else self.base + path
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                method, url, json=body, headers=headers, timeout=PATIENCE, allow_redirects=False, **more
            )

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.send("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> requests.Response:
        return self.send("POST", path, body, **more)


def until(question: Any, *, patience: float = PATIENCE) -> Any:
    """Ask until the answer is truthy, and return it; the wait ends with a failure."""
    end = time.monotonic() + patience
    pause = threading.Event()
    while time.monotonic() < end:
        answer = question()
        if answer:
            return answer
        pause.wait(0.01)
    raise AssertionError("it did not happen in time")


@contextmanager
def listener(*statuses: int) -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """Listen for callbacks on loopback, answering with the statuses in turn (the last one again and again)."""
    heard: list[tuple[dict[str, str], bytes]] = []
    answers = list(statuses or (200,))

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers.pop(0) if len(answers) > 1 else answers[0])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Ear)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE)
