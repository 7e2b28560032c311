"""The three services, played on this machine: real HTTP on loopback, real files, nothing charged.

`start` runs it on a thread, `spawn` in a child process, `serve` in this process until told to stop. Written from the
services' published pages and independent of the adapters, so that it can referee them.

Beside the services, ``/sandbox/state`` tells the provider's side and ``/sandbox/behaviour`` reads (GET) and changes
(PATCH) how it behaves.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from notebookgen.sandbox.behaviour import Behaviour, Fault
    from notebookgen.sandbox.handle import Handle
    from notebookgen.sandbox.process import serve, spawn
    from notebookgen.sandbox.server import start

__all__ = ["Behaviour", "Fault", "Handle", "serve", "spawn", "start"]

_HOMES = {
    "Behaviour": "behaviour",
    "Fault": "behaviour",
    "Handle": "handle",
    "serve": "process",
    "spawn": "process",
    "start": "server",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
