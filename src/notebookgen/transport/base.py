"""What sending means: one exchange for one request, and how long it may take. No I/O here, and nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from notebookgen.wire import HttpRequest, HttpResponse, Purpose

__all__ = ["HasSecret", "Timeouts", "Transport", "timeouts_for"]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds.

    Attributes:
        connect: For the name, the connection and TLS together, each address tried.
        read: For the next bytes of the reply; a create may be held open until the picture is done.
        whole: For the whole body, from its first byte on; a reply that drips must not hold a thread for ever.
    """

    connect: float = 10.0
    read: float = 60.0
    whole: float = 180.0


HELD_OPEN = Timeouts(read=300.0, whole=900.0)
LONG: frozenset[Purpose] = frozenset({"create", "upload"})


def timeouts_for(purpose: Purpose) -> Timeouts:
    """Return how long a request of that purpose may take: 60 s of silence, 300 s for creates and uploads."""
    return HELD_OPEN if purpose in LONG else Timeouts()


class HasSecret(Protocol):
    """Something that holds a key and gives it away only when asked by name."""

    def reveal(self) -> str:
        """Return the key."""


class Transport(Protocol):
    """Sends requests. ``HttpTransport`` is the real one; tests and third parties may bring their own."""

    def send(self, request: HttpRequest, *, timeout: Timeouts | None = None) -> HttpResponse:
        """Perform exactly one HTTP exchange: never repeated, redirects never followed, any status returned.

        Args:
            request: What to send.
            timeout: How long to wait; by default what the request's purpose asks for.

        Raises:
            NotSent: Nothing of the request left this machine.
            ReplyLost: It left, at least in part, and no complete reply came.
            UnexpectedResponse: The reply is larger than any that makes sense.
        """
