"""A process of its own that generates, and is killed: by its parent, or by itself at a moment that was chosen.

Reads one JSON object from its first argument: ``call`` (what to do), ``options`` of it, ``settle``, perhaps ``frame``
(columns, as the call's first argument) and ``die``, the moment at which the process is to end as by a power cut, and
``sandbox``, the origin of a sandbox in another process, and ``webhooks``, where to be called back. Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any, cast

import notebookgen as ng
from notebookgen.errors import NotebookgenError
from notebookgen.jobs import sending
from notebookgen.jobs.core import Core
from notebookgen.ledger.store import Store
from notebookgen.media import Collector
from notebookgen.sandbox import embedded
from notebookgen.sandbox.process import ChildHandle
from notebookgen.transport import HttpTransport
from notebookgen.transport.fast import FastTransport

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.results import Result
    from notebookgen.wire import HttpRequest


def power_cut() -> None:
    """End this process at once: nothing is flushed, nobody is told."""
    if hasattr(os, "kill") and hasattr(__import__("signal"), "SIGKILL"):
        os.kill(os.getpid(), 9)
    os._exit(9)


def at_the(number: int) -> Callable[[bool], bool]:
    """Return what counts hits, and tells from which on they count."""
    left = [number]

    def counts(hit: bool) -> bool:  # noqa: FBT001 - the only thing it is told
        left[0] -= int(hit)
        return hit and left[0] <= 0

    return counts


def when(owner: Any, name: str, holds: Callable[..., bool], *, after: bool, counts: Callable[[bool], bool]) -> None:
    """Die before or after the call of a function for which ``holds`` is true, as soon as that counts."""
    true = getattr(owner, name)

    def call(*arguments: Any, **options: Any) -> Any:
        hit = counts(holds(*arguments, **options))
        if hit and not after:
            power_cut()
        result = true(*arguments, **options)
        if hit:
            power_cut()
        return result

    setattr(owner, name, call)


def on_the_wire(purpose: str, *, after: bool, counts: Callable[[bool], bool]) -> None:
    """Die before a request of a purpose leaves, or after its reply was read, whichever transport sends it."""

    def sends(_transport: object, request: HttpRequest, **_options: object) -> bool:
        return request.purpose == purpose

    for transport in (HttpTransport, FastTransport):
        when(transport, "send", sends, after=after, counts=counts)
    begin = FastTransport.begin

    def begun(self: FastTransport, request: HttpRequest, done: Callable[..., None], **options: Any) -> None:
        hit = counts(sends(self, request))
        if hit and not after:
            power_cut()
        begin(self, request, (lambda *_: power_cut()) if hit else done, **options)

    FastTransport.begin = begun  # type: ignore[method-assign]  # this process is there to die


def always(*_arguments: Any, **_options: Any) -> bool:
    return True


def becomes(state: str) -> Callable[..., bool]:
    return lambda *_arguments, **columns: columns.get("state") == state


def reached(state: str) -> Callable[..., bool]:
    return lambda _core, one, _then: one.ticket.state == state


# Moment: where it is, whose call it is, and whether before or after.
MOMENTS: dict[str, tuple[Any, str, Callable[..., bool], bool]] = {
    "reply on the wire, not read": (sending, "outcome_of", always, False),
    "accepted, not written": (Store, "update", becomes("submitted"), False),
    "accepted, written": (Core, "_written", reached("submitted"), False),
    "done, not written": (Store, "update", becomes("completed"), False),
    "done, written": (Core, "_written", reached("completed"), False),
    "before the download": (Collector, "keep", always, False),
    "between download and settlement": (Collector, "keep", always, True),
    "inside the settlement": (Store, "keep_assets", always, True),
    "settled": (Core, "_written", reached("saved"), False),
}
# Moments on the wire: of which request, and whether after its reply.
WIRE = {
    "intent on disk, create not sent": ("create", False),
    "reply read, not known": ("create", True),
    "asking about the job": ("status", False),
}


ALL_MOMENTS = sorted([*MOMENTS, *WIRE])


def die_at(moment: str, number: int = 1) -> None:
    """Have this process die when it comes to a moment for that time."""
    if moment in WIRE:
        purpose, after = WIRE[moment]
        on_the_wire(purpose, after=after, counts=at_the(number))
    else:
        owner, name, holds, after = MOMENTS[moment]
        when(owner, name, holds, after=after, counts=at_the(number))


class Elsewhere:
    """A process of somebody else, as far as a handle on it asks: it is there, and its end is not ours."""

    stdin = stdout = None
    pid = 0

    def poll(self) -> int | None:
        return None

    def wait(self, _seconds: float) -> int:
        return 0


def play_at(origin: str) -> None:
    """Have the sandbox's name lead to a sandbox that another process has started."""
    embedded._running.append(ChildHandle(cast("Any", Elsewhere()), origin))


def told(result: Result) -> dict[str, Any]:
    """Return what the parent wants to know of a result; its row is asked for once, for it may be read from the ledger."""
    row = result.row
    return {
        "status": str(row.state),
        "id": row.generation.id,
        "job": row.job,
        "cached": row.cached,
        "paths": [asset.path for asset in row.assets],
        "error": str(row.error) if row.error is not None else None,
    }


def main() -> None:
    """Do what the parent says."""
    said = json.loads(sys.argv[1])
    ng.configure(settle=said.get("settle", 0.5), **said.get("settings", {}))
    if said.get("sandbox"):
        play_at(said["sandbox"])
    arguments = list(said.get("arguments", ()))
    if "frame" in said:
        import polars as pl

        arguments.insert(0, pl.DataFrame(said["frame"]))
    if said.get("webhooks"):
        ng.webhooks(**said["webhooks"])
    moment = said.get("die")
    if moment is not None:
        die_at(moment)
    answer: dict[str, Any] = {}
    try:
        done = getattr(ng, said["call"])(*arguments, **said.get("options", {}))
        answer["results"] = [told(one) for one in (done if hasattr(done, "__len__") else [done])]
    except NotebookgenError as error:
        answer["error"], answer["message"] = type(error).__name__, str(error)
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
