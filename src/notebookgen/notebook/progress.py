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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notebookgen.jobs.handle import Progress, RunHandle

__all__ = ["ensure_follower", "follow", "line", "quietly", "remove_follower", "shell"]

TICK = 0.1  # seconds; what Stop waits for at most
PERIOD = 0.2  # seconds between two drawings; servers limit messages, and people read no faster
GRACE = 0.4  # seconds; what is over sooner shows its last line only
WIDTH = 96  # columns; fits a notebook beside a sidebar
UNHAPPY = ("failed", "refused", "cancelled", "ambiguous")  # each in its own word, as the last line has them
NEARLY = 0.95  # how full the bar gets by time alone: full means done

_quiet: ContextVar[bool] = ContextVar("quiet", default=False)


class Board(Protocol):
    """Where the line is shown."""

    def show(self, text: str) -> None:
        """Replace the line."""

    def end(self, text: str) -> None:
        """Replace the line for good."""


@contextmanager
def quietly() -> Iterator[None]:
    """Follow without showing anything; Stop works as ever."""
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


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
    place = _Lazy(board or open_board) if show else None
    try:
        _wait(handle, timeout, place, clock)
        now = handle.snapshot()
        told = not handle.done or bool(set(now.states) & {"saved", "completed"})
        if place is not None and now.total and (place.open or now.total > 1 or told):  # else an error says it all
            place.end(handle.summary() if handle.done else waited(now))
    except KeyboardInterrupt:
        truth = handle.stop()
        if place is not None:
            place.end(ended("stopped", handle.snapshot()))
        raise Stopped(truth) from None


def line(progress: Progress, width: int = WIDTH) -> str:
    """Return what is shown of a run while it goes on: state, bar, elapsed and expected time, spent, model.

    Args:
        progress: Where the run stands.
        width: Columns to fill.
    """
    from tqdm.std import tqdm  # noqa: PLC0415 - loaded when something takes long enough to be shown

    from notebookgen.normal import amount_words  # noqa: PLC0415 - whoever has a run has loaded it

    over = progress.over
    phase = progress.phase if progress.total == 1 else f"{over}/{progress.total} {progress.phase}"
    tail = [
        *(f"{progress.states[one]} {one}" for one in UNHAPPY if progress.states.get(one) and progress.total > 1),
        *(amount_words(amount, unit) for unit, amount in progress.spent.items() if amount),
        *([progress.model] if progress.model else []),
        *progress.notes[-1:],
    ]
    expected = progress.expected
    by_time = min(NEARLY, progress.elapsed / expected) if expected else 0.0
    if expected is None or expected <= 0:
        times = "{elapsed}"
    elif progress.elapsed <= expected:
        times = f"{{elapsed}} of about {tqdm.format_interval(expected)}"
    else:
        times = f"{{elapsed}}, usually {tqdm.format_interval(expected)}"
    bar = "|{bar:16}| " if expected or progress.total > 1 else ""
    text = tqdm.format_meter(
        max(over / max(progress.total, 1), by_time),
        1,
        progress.elapsed,
        prefix=phase,
        bar_format=f"{{desc}} {bar}{times}" + "".join(f" · {_safe(one)}" for one in tail),
    )
    return text if len(text) <= width else text[: width - 1] + "…"


def waited(progress: Progress) -> str:
    """Return the last line of a run that goes on and is not waited for any longer."""
    return ended(f"still {progress.phase}", progress)


def ended(word: str, progress: Progress) -> str:
    """Return a static line: what is so, the model, the seconds it was watched."""
    from notebookgen.jobs.handle import duration  # noqa: PLC0415 - whoever has a run has loaded it

    return " · ".join(one for one in (word, progress.model, duration(progress.elapsed)) if one)


def shell() -> Any:
    """Return the running IPython shell without loading IPython, or None."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def ensure_follower() -> None:
    """Have waiting runs shown, where this is an IPython session; elsewhere do nothing."""
    if shell() is not None:
        from notebookgen.client import set_follower  # noqa: PLC0415 - the client loads only when it is used

        set_follower(follow)


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

    def show(self, text: str) -> None:
        """Replace the line."""
        from tqdm.std import tqdm  # noqa: PLC0415 - loaded when something is shown

        if self._bar is None:
            self._bar = tqdm(total=1, bar_format="{desc}", leave=False, file=sys.stderr, disable=None)
        self._bar.set_description_str(text)

    def end(self, text: str) -> None:
        """Replace the line for good."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - a terminal's way of showing it


class _Lazy:
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


def _wait(handle: RunHandle, timeout: float | None, place: _Lazy | None, clock: Callable[[], float]) -> None:
    """Wait in short ticks until the run is done or the time is up."""
    start = clock()
    drawn = start + GRACE - PERIOD
    while not handle.done:
        now = clock()
        left = TICK if timeout is None else min(TICK, start + timeout - now)
        if left <= 0:
            return
        if place is not None and now - drawn >= PERIOD:
            place.show(line(handle.snapshot()))
            drawn = now
        handle.wait(left)


def _safe(text: str) -> str:
    """Return a text for use inside a format string, on one line."""
    return " ".join(text.split()).replace("{", "{{").replace("}", "}}")
