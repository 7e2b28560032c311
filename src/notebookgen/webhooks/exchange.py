"""Which receivers listen in this process, and at which desks callbacks are awaited: one desk for each home folder."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

from notebookgen.webhooks.addresses import read_address

if TYPE_CHECKING:
    from notebookgen.webhooks.receiver import Incoming, Receiver

__all__ = ["Desk", "join", "leave", "listen", "newest"]

_lock = threading.Lock()
_receivers: list[Receiver] = []
_desks: list[Desk] = []


class Desk(Protocol):
    """Where callbacks are awaited."""

    def take(self, incoming: Incoming) -> str | None:
        """Return what became of a callback in one word; None where its token is none of this desk's.

        It is called in the receiver's thread, after the answer has gone out.
        """
        ...

    def started(self) -> None:
        """Take note of a new receiver; may be called from any thread."""
        ...

    def stopped(self, receiver: Receiver) -> None:
        """Take note that a receiver hears nothing more; may be called from any thread."""
        ...


def listen(public_url: object, *, port: object = 0, host: object = "127.0.0.1") -> Receiver:
    """Return the receiver at an address, started where there is none.

    Raises:
        InvalidCall: The address cannot be one.
        NotWritable: The port cannot be listened on.
    """
    from notebookgen.webhooks.receiver import Receiver, bound  # noqa: PLC0415 - loads tornado, where it is asked for

    address = read_address(public_url)
    with _lock:
        for one in _receivers:
            if one.running and one.url == address.url and _same_place(one, host, port):
                return one
        receiver = Receiver(address, bound(host, port), take=_take, ended=_ended)
        _receivers[:] = [one for one in _receivers if one.running] + [receiver]
        desks = list(_desks)
    for desk in desks:
        desk.started()
    return receiver


def _same_place(one: Receiver, host: object, port: object) -> bool:
    """Whether a receiver listens where another one was asked for; any free port is where it listens already."""
    hosts = {one.host, "localhost"} if one.host in {"127.0.0.1", "::1"} else {one.host}
    return host in hosts and port in {0, one.port}


def newest() -> Receiver | None:
    """Return the receiver that new jobs are to call; None where none listens, as in a process that was forked."""
    return next((one for one in reversed(_receivers) if one.running), None)


def join(desk: Desk) -> None:
    """Have a desk told of callbacks."""
    with _lock:
        _desks.append(desk)


def leave(desk: Desk) -> None:
    """Tell a desk nothing more."""
    with _lock:
        _desks[:] = [one for one in _desks if one is not desk]


def _take(incoming: Incoming) -> str:
    """Give a callback to the desk that awaits it."""
    with _lock:
        desks = list(_desks)
    return next((fate for desk in desks if (fate := desk.take(incoming)) is not None), "unknown")


def _ended(receiver: Receiver) -> None:
    """Tell everybody that a receiver has ended."""
    with _lock:
        _receivers[:] = [one for one in _receivers if one is not receiver]
        desks = list(_desks)
    for desk in desks:
        desk.stopped(receiver)
