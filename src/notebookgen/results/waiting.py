"""Waiting for a run so that Stop is answered, and what a wait that ended says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.errors import BudgetExceeded, InvalidCall, NotebookgenError, StillRunning, Stopped
from notebookgen.jobs.states import State
from notebookgen.normal import shown_value

if TYPE_CHECKING:
    from notebookgen.errors import JobError
    from notebookgen.jobs.delivered import Delivered
    from notebookgen.jobs.handle import RunHandle
    from notebookgen.results.result import Result
    from notebookgen.results.results import Results

__all__ = ["check_denied", "delivered", "delivered_any", "leave", "row_after", "still_running", "wait_for", "wait_on"]


def wait_for(handle: RunHandle, timeout: float | None) -> None:
    """Wait for a run in short steps, so that Stop is answered at once."""
    handle.released = False  # what comes while somebody waits is handed over
    left = timeout
    while not handle.wait(0.1 if left is None else min(left, 0.1)):
        if left is not None:
            left -= 0.1
            if left <= 0:
                return


def wait_on(handle: RunHandle, timeout: float | None) -> None:
    """Wait for a run in the background. Stop ends the wait, and not the run.

    Raises:
        InvalidCall: The timeout is no number of seconds.
        Stopped: A person pressed Stop; the message says how to end the run.
    """
    try:
        timeout = None if timeout is None else float(timeout)
    except (TypeError, ValueError, OverflowError):  # OverflowError: a whole number that no float holds
        message = f"timeout={shown_value(timeout)} makes no sense. Give a number of seconds, or nothing to wait until the end."
        raise InvalidCall(message) from None
    try:
        wait_for(handle, timeout)
    except KeyboardInterrupt:
        if handle.called_off:
            message = f"Stopped waiting: {handle.summary()}"
            raise Stopped(message) from None
        how = handle.retell(f"To end it: ng.Client().cancel({handle.typed})")
        message = f"Stopped waiting, and the run goes on: {handle.summary()}\n{how}"
        raise Stopped(message) from None


def check_denied(part: RunHandle) -> None:
    """Check that of the rows that a person wanted sent again, some were.

    Raises:
        BudgetExceeded: A budget or a cap was in the way of all of them; they are as they were.
    """
    rows = part.rows()
    denials = [row.error for row in rows if row.state is State.AMBIGUOUS and isinstance(row.error, BudgetExceeded)]
    if not rows or len(denials) < len(rows):
        return
    if len(rows) == 1:
        raise denials[0]
    name = rows[0].generation.id[:8]
    told = str(denials[0]).replace(
        "It stays ambiguous. To send it again", f"{len(rows)} rows stay ambiguous. To send them again"
    )
    raise BudgetExceeded(told.replace(f"ng.resolve('{name}', ", ".resolve("))


def still_running(handle: RunHandle, row: Delivered) -> JobError:
    """Return the error for a wait that ended before the job did."""
    words = {
        State.SUBMITTED: "The job goes on and nothing is lost.",
        State.COMPLETED: "It is made and paid for; the file is still coming.",
        State.INTENT: "It was sent, and the answer is still to come; it is kept when it comes.",
        State.AMBIGUOUS: "It was sent, and nobody knows yet whether it was accepted; it is being looked for.",
    }
    if row.error is not None and row.state is State.AMBIGUOUS:
        words[State.AMBIGUOUS] += f"\n{str(row.error).splitlines()[0]}"
    elif row.error is not None and row.state in words:  # why it does not go on just now
        words[row.state] = str(row.error)
    if row.state in words:
        what, then = words[row.state], f"Run it again to pick it up, or type: ng.resume({handle.typed})"
    elif handle.stopped:
        what, then = "Nothing more is sent for it; whether it left just now is told by ng.runs().", "Run it again."
    else:
        what = "It was not sent yet, and is sent as soon as it can be."
        then = f"Wait on, or call it off: ng.Client().cancel({handle.typed})"
    message = f"{row.generation.full_model} is not done after the wait (it is {row.state}). {what}\n{then}"
    return StillRunning(message, id=row.generation.id, job=row.job)


def leave(handle: RunHandle) -> None:
    """Send nothing more of a run whose caller has waited long enough: what was sent goes on, the rest is the next call's."""
    handle.release()
    if not handle.done:
        handle.stopped = True
        handle.stop()


def row_after(handle: RunHandle, index: int) -> Delivered:
    """Return a row that is over, after a wait for it.

    Raises:
        StillRunning: It is not.
    """
    handle.release(index)  # before the last look
    row = handle.row(index)
    if not row.done:
        raise still_running(handle, row)
    return row


def delivered(result: Result) -> Result:
    """Return a result that is saved.

    Raises:
        NotebookgenError: Why it is not saved.
    """
    handle = result.handle
    if handle.failure is not None:
        raise handle.failure
    leave(handle)
    row = row_after(handle, result.index)
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
    leave(results.handle)
    if results and all(one.done and one.status not in {"saved", "completed"} for one in results):
        delivered(results[0])
    return results
