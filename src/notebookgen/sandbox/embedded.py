"""The one sandbox of this process: started when first asked for, ended with the process or by ``stop``."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Self

from notebookgen.sandbox.handle import ended

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from notebookgen.sandbox.handle import Handle
    from notebookgen.sandbox.server import ThreadHandle

__all__ = ["Embedded", "current", "embedded", "stop"]

_lock = threading.Lock()
_running: list[ThreadHandle] = []
_open: list[Embedded] = []  # those that hold it, the first one first


def embedded(**behaviour: Any) -> ThreadHandle:
    """Return the running sandbox, started if there is none, with its behaviour changed as said."""
    from notebookgen.sandbox import start  # noqa: PLC0415 - loads tornado at the first use

    with _lock:
        if _running and not _running[0].running:
            _running.clear()
        if not _running:
            _running.append(start(**behaviour))
        elif behaviour:
            _running[0].configure(**behaviour)
        return _running[0]


def current() -> ThreadHandle | None:
    """Return the running sandbox, or None."""
    return next((one for one in _running if one.running), None)


def stop() -> None:
    """End it; nothing happens where none is running."""
    with _lock:
        while _running:
            _running.pop().stop()


class Embedded:
    """What ``ng.sandbox`` gives: the sandbox's addresses, what it counted, and ``stop``. Also a context manager.

    Several may be open, one over the other: each changes the one sandbox and gives it back as it found it, in whatever
    order they are stopped. The sandbox ends with the last of those that came after its start.
    """

    def __init__(self, handle: Handle, ended: Callable[[], None], *, before: Callable[[], None] | None = None) -> None:
        """Hold a running sandbox.

        Args:
            handle: The sandbox.
            ended: Called when it is stopped.
            before: Gives it back as it was found, where it was running already.
        """
        self._handle = handle
        self._ended = ended
        self._before = before
        _open.append(self)

    @property
    def running(self) -> bool:
        """Whether it still answers, and was not stopped by this handle."""
        return self in _open and self._handle.running

    @property
    def origin(self) -> str:
        """Where it listens, as ``http://127.0.0.1:port``."""
        return self._handle.origin

    @property
    def base_urls(self) -> dict[str, str]:
        """Each service's base URL, up to and including the version path."""
        return dict(self._handle.base_urls)

    def configure(self, **behaviour: Any) -> None:
        """Change how it behaves: ``seconds``, ``fail``, ``credits``, ...

        Raises:
            InvalidCall: There is no such setting, its value makes no sense, or the sandbox is stopped.
        """
        if not self.running:
            raise ended()
        self._handle.configure(**behaviour)

    def state(self) -> dict[str, Any]:
        """Return the provider's side: accounts, jobs, requests, accepted creates; after its end, how that was."""
        return self._handle.state()

    def stop(self) -> None:
        """End it, or give it back as it was found; nothing happens the second time."""
        if self not in _open:
            return
        at = _open.index(self)
        _open.remove(self)
        if at < len(_open):  # one that was opened later goes on, and gives back what this one found
            later = _open[at]
            later._before, later._ended = self._before, self._ended  # noqa: SLF001 - the same class
            return
        if self._before is None:
            if current() is self._handle:
                stop()
        elif self._handle.running:
            self._before()
        self._ended()

    def __enter__(self) -> Self:
        if not self.running:
            raise ended()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        if not self.running:
            return "<sandbox, stopped; ng.sandbox() starts another one>"
        return f"<sandbox {self.origin}: three services on this machine, nothing charged; .stop() ends it>"
