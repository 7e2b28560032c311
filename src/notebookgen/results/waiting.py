"""Waiting for a run so that Stop is answered, and what a wait that ended says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.errors import NotebookgenError, StillRunning
from notebookgen.jobs.states import State

if TYPE_CHECKING:
    from notebookgen.errors import JobError
    from notebookgen.jobs.delivered import Delivered
    from notebookgen.jobs.handle import RunHandle
    from notebookgen.results.result import Result
    from notebookgen.results.results import Results

__all__ = ["delivered", "delivered_any", "still_running", "wait_for"]


def wait_for(handle: RunHandle, timeout: float | None) -> None:
    """Wait for a run in short steps, so that Stop is answered at once."""
    left = timeout
    while not handle.wait(0.1 if left is None else min(left, 0.1)):
        if left is not None:
            left -= 0.1
            if left <= 0:
                return


def still_running(handle: RunHandle, row: Delivered) -> JobError:
    """Return the error for a wait that ended before the job did."""
    handle.released = True  # so that the same call again picks it up, also with fresh=True
    words = {
        State.SUBMITTED: "The job goes on and nothing is lost.",
        State.COMPLETED: "It is made and paid for; the file is still coming.",
        State.INTENT: "It was sent, and the answer is still to come; it is kept when it comes.",
        State.AMBIGUOUS: "It was sent, and nobody knows yet whether it was accepted; it is being looked for.",
    }
    what = words.get(row.state, "Nothing is under way for it, and nothing was charged.")
    message = (
        f"{row.generation.full_model} is not done after the wait (it is {row.state}). {what}\n"
        f"Run it again to pick it up, or type: ng.resume('{handle.id}')"
    )
    return StillRunning(message, id=row.generation.id, job=row.job)


def delivered(result: Result) -> Result:
    """Return a result that is saved.

    Raises:
        NotebookgenError: Why it is not saved.
    """
    handle, row = result.handle, result.handle.row(result.index)
    if handle.failure is not None:
        raise handle.failure
    if not row.done:
        raise still_running(handle, row)
    if row.state is not State.SAVED:
        message = f"{row.generation.full_model} ended as {row.state}. To see the run: ng.runs()"
        raise row.error or NotebookgenError(message)
    return result


def delivered_any(results: Results) -> Results:
    """Return results of which at least one is saved or under way.

    Raises:
        NotebookgenError: Why there is none, as the first of them says it.
    """
    if results.handle.failure is not None:
        raise results.handle.failure
    results.handle.released = True  # the wait is over: the same call again picks up what is still under way
    if results and all(one.done and one.status not in {"saved", "completed"} for one in results):
        delivered(results[0])
    return results
