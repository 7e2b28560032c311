"""A process of its own that generates, and is killed: by its parent, or by itself at a moment that was chosen.

Reads one JSON object from its first argument: ``call`` (what to do), ``options`` of it, ``settle``, perhaps ``frame``
(columns, as the call's first argument) and ``die``, the moment at which the process is to end as by a power cut, and
``sandbox``, the origin of a sandbox in another process. Prints one JSON object.
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

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.results import Result


def power_cut() -> None:
    """End this process at once: nothing is flushed, nobody is told."""
    if hasattr(os, "kill") and hasattr(__import__("signal"), "SIGKILL"):
        os.kill(os.getpid(), 9)
    os._exit(9)


def when(owner: Any, name: str, holds: Callable[..., bool], *, after: bool) -> None:
    """Die before or after the call of a function for which ``holds`` is true."""
    true = getattr(owner, name)

    def call(*arguments: Any, **options: Any) -> Any:
        hit = holds(*arguments, **options)
        if hit and not after:
            power_cut()
        result = true(*arguments, **options)
        if hit:
            power_cut()
        return result

    setattr(owner, name, call)


def always(*_arguments: Any, **_options: Any) -> bool:
    return True


def sends(purpose: str) -> Callable[..., bool]:
    return lambda _transport, request, **_options: request.purpose == purpose


def becomes(state: str) -> Callable[..., bool]:
    return lambda *_arguments, **columns: columns.get("state") == state


def reached(state: str) -> Callable[..., bool]:
    return lambda _core, one, _then: one.ticket.state == state


# Moment: where it is, whose call it is, and whether before or after.
MOMENTS: dict[str, tuple[Any, str, Callable[..., bool], bool]] = {
    "intent on disk, create not sent": (HttpTransport, "send", sends("create"), False),
    "reply on the wire, not read": (sending, "outcome_of", always, False),
    "reply read, not known": (HttpTransport, "send", sends("create"), True),
    "accepted, not written": (Store, "update", becomes("submitted"), False),
    "accepted, written": (Core, "_written", reached("submitted"), False),
    "asking about the job": (HttpTransport, "send", sends("status"), False),
    "done, not written": (Store, "update", becomes("completed"), False),
    "done, written": (Core, "_written", reached("completed"), False),
    "before the download": (Collector, "keep", always, False),
    "between download and settlement": (Collector, "keep", always, True),
    "inside the settlement": (Store, "keep_assets", always, True),
    "settled": (Core, "_written", reached("saved"), False),
}


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
    moment = said.get("die")
    if moment is not None:
        owner, name, holds, after = MOMENTS[moment]
        when(owner, name, holds, after=after)
    answer: dict[str, Any] = {}
    try:
        done = getattr(ng, said["call"])(*arguments, **said.get("options", {}))
        answer["results"] = [told(one) for one in (done if hasattr(done, "__len__") else [done])]
    except NotebookgenError as error:
        answer["error"], answer["message"] = type(error).__name__, str(error)
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
