"""Following a run while it goes on: one line, drawn by the main thread alone, that ends as plain static text.

The line is text/plain in one display handle: it needs no widget and no trust, and what is saved in the notebook is
its last state. Nothing here changes a run; Stop is passed on to the run's own handle.
"""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

from notebookgen.errors import Stopped
from notebookgen.notebook.lines import ended, lines, resumed_line, waited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from notebookgen.jobs.handle import RunHandle
    from notebookgen.results import Result, Results

__all__ = [
    "PERIOD",
    "Board",
    "LazyBoard",
    "ending",
    "ensure_follower",
    "follow",
    "is_quiet",
    "open_board",
    "quietly",
    "remove_follower",
    "resumed_line",
    "shell",
]

TICK = 0.1  # seconds; what Stop waits for at most
PERIOD = 0.2  # seconds between two drawings; servers limit messages, and people read no faster
GRACE = 0.4  # seconds; what is over sooner shows its last line only

_quiet: ContextVar[bool] = ContextVar("quiet", default=False)
_planning: ContextVar[bool] = ContextVar("planning", default=False)
_above: list[RunHandle] = []  # those of which a line stands in the cell that is being run
_last_line: ContextVar[Callable[[RunHandle], str] | None] = ContextVar("last_line", default=None)


class Board(Protocol):
    """Where the line is shown."""

    def show(self, text: str) -> None:
        """Replace the line."""

    def end(self, text: str) -> None:
        """Replace the line for good."""


@contextmanager
def quietly(*, planning: bool = False) -> Iterator[None]:
    """Follow without showing anything; Stop works as ever.

    Args:
        planning: Whether the planning is shown all the same.
    """
    tokens = _quiet.set(True), _planning.set(planning)
    try:
        yield
    finally:
        _quiet.reset(tokens[0])
        _planning.reset(tokens[1])


@contextmanager
def ending(words: Callable[[RunHandle], str]) -> Iterator[None]:
    """Have runs that are waited for end in a line of other words than usual."""
    token = _last_line.set(words)
    try:
        yield
    finally:
        _last_line.reset(token)


def is_quiet(*, planning: bool = False) -> bool:
    """Whether nothing is to be shown, or nothing of the planning."""
    return _quiet.get() and not (planning and _planning.get())


def follow(
    handle: RunHandle,
    timeout: float | None = None,
    *,
    board: Callable[[], Board] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Wait for a run, showing one line about it.

    Args:
        handle: The run.
        timeout: Seconds to wait at most; None waits for its end.
        board: Opens the place to show it; by default the notebook's output, or stderr in a terminal.
        clock: Seconds that only grow.

    Raises:
        Stopped: A person pressed Stop. The run is told first; the message says what became of jobs and money.
    """
    show = not _quiet.get()
    if threading.current_thread() is not threading.main_thread():
        show = False  # other threads may not draw: their output lands in whatever cell comes next
    place = LazyBoard(board or open_board) if show else None
    from notebookgen.jobs.handle import RunHandle  # noqa: PLC0415 - whoever has a run has loaded it

    try:
        _wait(handle, timeout, place, clock)
        now = handle.snapshot()
        told = not handle.done or bool(set(now.states) & {"saved", "completed"})
        if place is not None and now.total and (place.open or now.total > 1 or told):  # else an error says it all
            goes_on = "; not waited for any longer: the run goes on and sends the rest"
            how = handle.retell(f"to end it: ng.Client().cancel({handle.typed})")
            then = f"{goes_on} ({how})" if now.total > 1 and handle.buys else ""
            words = (_last_line.get() or RunHandle.summary)(handle) if handle.done else waited(now, then=then)
            place.end(words)
            _stands(handle, words)
    except KeyboardInterrupt:
        truth = handle.stop()
        if place is not None:
            place.end(ended("stopped", handle.snapshot()))
        raise Stopped(truth) from None


def shell() -> Any:
    """Return the running IPython shell without loading IPython, or None."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def _stands(handle: RunHandle, words: str) -> None:
    """Keep in mind, to the end of this cell, which line stands above what else it shows of a run."""
    session = shell()
    if session is not None:
        handle.above = words
        _above.append(handle)
        session.events.register("post_execute", _forget)  # once, however many runs a cell waits for


def _forget() -> None:
    """Forget at the end of a cell, a silent one's too, what stands above."""
    shell().events.unregister("post_execute", _forget)
    while _above:
        _above.pop().above = ""


def ensure_follower() -> None:
    """Have waiting runs shown, where this is an IPython session; elsewhere do nothing."""
    if shell() is not None:
        from notebookgen.client import set_follower  # noqa: PLC0415 - the client loads only when it is used

        set_follower(follow, _watch, _plan)


def _plan() -> AbstractContextManager[Callable[[int, int], None]]:
    """Show how far a frame is planned."""
    from notebookgen.notebook.planning import planning  # noqa: PLC0415 - only where a frame is planned

    return planning()


def _watch(results: Result | Results) -> None:
    """Show a run in the background."""
    from notebookgen.notebook.background import watch  # noqa: PLC0415 - only where something runs in the background

    watch(results)


def remove_follower() -> None:
    """Have runs waited for without a word again."""
    client = sys.modules.get("notebookgen.client")
    if client is not None:
        client.set_follower(None)


def open_board() -> Board:
    """Return where this session shows a line that changes: its output area, else stderr."""
    return NotebookBoard() if getattr(shell(), "kernel", None) is not None else TerminalBoard()


class NotebookBoard:
    """One display handle, made and updated by the main thread."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, text: str) -> None:
        """Replace the line."""
        from IPython.display import display  # noqa: PLC0415 - inside IPython it is loaded already

        bundle = {"text/plain": text}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)

    def end(self, text: str) -> None:
        """Replace the line for good."""
        self.show(text)


class TerminalBoard:
    """One line on stderr; where that is no terminal, only the last state is written."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._noted = ""

    def show(self, text: str) -> None:
        """Replace the line; what it has no room for is written above it, once."""
        from tqdm.std import tqdm  # noqa: PLC0415 - loaded when something is shown

        if self._bar is None:
            self._bar = tqdm(total=1, bar_format="{desc}", leave=False, file=sys.stderr, disable=None)
        text, _, note = text.partition("\n")
        if note and note != self._noted and not self._bar.disable:
            self._noted = note
            self._bar.write(note, file=sys.stderr)
        self._bar.set_description_str(text)

    def end(self, text: str) -> None:
        """Replace the line for good."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - a terminal's way of showing it


class LazyBoard:
    """A board that is opened when there is something to show."""

    def __init__(self, opens: Callable[[], Board]) -> None:
        self._opens = opens
        self._board: Board | None = None
        self._shown = ""

    @property
    def open(self) -> bool:
        """Whether there is anything to see yet."""
        return self._board is not None

    def show(self, text: str) -> None:
        """Show a line, where it differs from what stands there."""
        if text != self._shown:
            self._board = self._board or self._opens()
            self._board.show(text)
            self._shown = text

    def end(self, text: str) -> None:
        """Show the last line."""
        self._board = self._board or self._opens()
        self._board.end(text)


def _wait(handle: RunHandle, timeout: float | None, place: LazyBoard | None, clock: Callable[[], float]) -> None:
    """Wait in short ticks until the run is done or the time is up."""
    start = clock()
    drawn = start + GRACE - PERIOD
    while not handle.done:
        now = clock()
        left = TICK if timeout is None else min(TICK, start + timeout - now)
        if left <= 0:
            return
        if place is not None and now - drawn >= PERIOD:
            place.show("\n".join(lines(handle.snapshot())))
            drawn = now
        handle.wait(left)
