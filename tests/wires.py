"""What the tests of sending share: requests to send, and everything that an error could show."""

from __future__ import annotations

import io
import socket
import traceback

from notebookgen.transport import Timeouts
from notebookgen.wire import HttpRequest, get_request, json_request

KEY = "sk-made-up-0123456789"
QUICK = Timeouts(connect=2.0, read=0.3)


def read_of(url: str) -> HttpRequest:
    return get_request(url, purpose="status")


def create_of(url: str) -> HttpRequest:
    return json_request(url, {"prompt": "a plum"}, purpose="create")


def everything_in(error: BaseException) -> str:
    """Return all that a log, a notebook or a debugger could show of an error, chained ones and locals included."""
    shown = io.StringIO()
    for locals_too in (False, True):
        told = traceback.TracebackException.from_exception(error, capture_locals=locals_too)
        shown.write("".join(told.format()))
    one: BaseException | None = error
    while one is not None:
        shown.write(f"{one!r} {one!s} {one.args!r} {vars(one)!r}")
        one = one.__cause__ or one.__context__
    return shown.getvalue()


def closed_port() -> int:
    """Return a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
