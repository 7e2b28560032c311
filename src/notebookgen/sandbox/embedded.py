"""The one sandbox of this process: started when first asked for, ended with the process or by ``stop``."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

    from notebookgen.sandbox.handle import Handle

__all__ = ["Embedded", "current", "embedded", "stop"]

_lock = threading.Lock()
_running: list[Handle] = []


def embedded(**behaviour: Any) -> Handle:
    """Return the running sandbox, started if there is none, with its behaviour changed as said."""
    from notebookgen.sandbox import start  # noqa: PLC0415 - loads tornado at the first use

    with _lock:
        if not _running:
            _running.append(start(**behaviour))
        elif behaviour:
            _running[0].configure(**behaviour)
        return _running[0]


def current() -> Handle | None:
    """Return the running sandbox, or None."""
    return _running[0] if _running else None


def stop() -> None:
    """End it; nothing happens where none is running."""
    with _lock:
        while _running:
            _running.pop().stop()


class Embedded:
    """What ``ng.sandbox`` gives: the sandbox's addresses, what it counted, and ``stop``. Also a context manager."""

    def __init__(self, handle: Handle, ended: Any) -> None:
        """Hold a running sandbox.

        Args:
            handle: The sandbox.
            ended: Called when it is stopped.
        """
        self._handle = handle
        self._ended = ended

    @property
    def origin(self) -> str:
        """Where it listens, as ``http://127.0.0.1:port``."""
        return self._handle.origin

    @property
    def base_urls(self) -> dict[str, str]:
        """Each service's base URL, up to and including the version path."""
        return dict(self._handle.base_urls)

    def configure(self, **behaviour: Any) -> None:
        """Change how it behaves: ``seconds``, ``fail``, ``credits``, ..."""
        self._handle.configure(**behaviour)

    def state(self) -> dict[str, Any]:
        """Return the provider's side: accounts, jobs, requests, accepted creates."""
        return self._handle.state()

    def stop(self) -> None:
        """End it."""
        stop()
        self._ended()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<sandbox {self.origin}: three services on this machine, nothing charged; .stop() ends it>"
