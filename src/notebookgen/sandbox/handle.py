"""What a started sandbox is held by, in this process or in a child: the same few methods."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self

from notebookgen.errors import InvalidCall
from notebookgen.sandbox.behaviour import SERVICES

if TYPE_CHECKING:
    from types import TracebackType

    from notebookgen.sandbox.behaviour import Behaviour

__all__ = ["Handle", "ended"]


class Handle(ABC):
    """A running sandbox.

    Attributes:
        origin: Where it listens, as ``http://127.0.0.1:port``.
        base_urls: Each service's base URL, up to and including the version path.
    """

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.base_urls = {name: f"{origin}/{name}/api/v1" for name in SERVICES}

    @property
    @abstractmethod
    def running(self) -> bool:
        """Whether it still answers."""

    @property
    @abstractmethod
    def behaviour(self) -> Behaviour:
        """How it behaves now."""

    @abstractmethod
    def configure(self, **changes: Any) -> None:
        """Change some of the fields of `Behaviour`."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Return the provider's side: accounts, jobs, requests by route and status, accepted creates, callbacks."""

    @abstractmethod
    def stop(self) -> None:
        """End it; nothing happens the second time."""

    def __enter__(self) -> Self:
        """Return the handle itself."""
        if not self.running:
            raise ended()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()

    def __repr__(self) -> str:
        """Return the class and the origin, or that it is stopped."""
        return f"<{type(self).__name__} {self.origin if self.running else 'stopped'}>"


def ended() -> InvalidCall:
    """Return the error for a sandbox that is used after its end."""
    return InvalidCall("this sandbox is stopped, and answers no more.\nStart another one: ng.sandbox()")
