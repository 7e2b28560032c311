"""Showing runs that go on while other cells are run: everything that looks at a run from the kernel's own loop.

Only the main thread draws. It does so from its event loop, between cells, through the display handles that it made;
whatever a button does happens in the engine at once, also where a front end's click arrives in another thread.

What is drawn between cells belongs to the cell that began the run. A person's front end takes it; a runner of whole
notebooks drops all that does not belong to the cell it runs. So the run is drawn once more at the end of each cell, as
part of that cell: a display is found by its id, whichever cell the message belongs to.
"""

from __future__ import annotations

import asyncio
import sys
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Protocol

from notebookgen.notebook.lines import standing, waited
from notebookgen.notebook.progress import is_quiet, open_board, shell

if TYPE_CHECKING:
    from notebookgen.results import Result, Results

__all__ = ["View", "Watch", "watch"]

PERIOD = 0.4  # seconds between two looks

_watches: dict[str, Watch] = {}


class View(Protocol):
    """Where a run in the background is seen."""

    def show(self) -> None:
        """Show it in the cell that is being run."""

    def draw(self, *, again: bool = False) -> None:
        """Draw it as it stands; ``again`` also where nothing has changed."""

    def end(self) -> None:
        """Draw it for good, without anything that needs a kernel; it may be asked for twice."""


class Watch:
    """Looks at one run a few times a second and at the end of each cell, until it is over."""

    def __init__(self, results: Results, given: Result | Results, view: View, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to look, from the loop's thread."""
        self.view = view
        self._results = results
        self._given = given
        self._loop = loop
        self._told = False  # whether a cell has ended since the run did
        self._context = copy_context()  # what is drawn between cells belongs to this one
        shell().events.register("post_run_cell", self._after_cell)
        self._tick()

    def _tick(self) -> None:
        """Draw the run, and come back."""
        if self._told:
            return
        if self._results.handle.done:
            self._end()
            return
        self.view.draw()
        self._loop.call_later(PERIOD, self._tick, context=self._context)

    def _after_cell(self, _: object) -> None:
        """Draw the run as part of the cell that has just been run, whichever that is."""
        if self._results.handle.done:
            self._told = True
            shell().events.unregister("post_run_cell", self._after_cell)
            self._end()
        else:
            self.view.draw(again=True)

    def _end(self) -> None:
        """Put the results in the place of what was shown."""
        _watches.pop(self._results.run, None)
        vars(self._given).pop("_ipython_display_", None)
        self.view.end()


def watch(given: Result | Results) -> None:
    """Show a run in the background: a panel where widgets are drawn, else a line; in a terminal one line, once.

    The same run again, from a cell that is run again, is shown where that cell is.

    Args:
        given: What the call gave, which takes the panel's place at the end.
    """
    from notebookgen.results import Results  # noqa: PLC0415 - whoever has results has loaded it

    results = given if isinstance(given, Results) else given.results
    if is_quiet() or results.handle.done:
        return
    known = _watches.get(results.run)
    if known is not None:
        known.view.show()
        return
    loop = kernel_loop()
    if loop is None:
        words = f"run {results.run} goes on in the background; {waited(results.handle.snapshot())}"
        open_board().end(words)
        return
    view = panel_of(results, given, loop) if draws_widgets() else LineView(results, given)
    view.show()
    _watches[results.run] = Watch(results, given, view, loop)
    # The panel is what these results look like as long as they come in; afterwards they look as they always do.
    vars(given)["_ipython_display_"] = view.show


def kernel_loop() -> asyncio.AbstractEventLoop | None:
    """Return the loop of the kernel whose cell this is; None in a terminal, or where there is no shell."""
    if getattr(shell(), "kernel", None) is None:
        return None
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def draws_widgets() -> bool:
    """Whether a person sits before a front end that draws widgets: runners of whole notebooks take no input."""
    kernel = getattr(shell(), "kernel", None)
    if not getattr(kernel, "_allow_stdin", False):
        return False
    try:
        import ipywidgets  # noqa: F401, PLC0415 - loaded at the first run in the background
    except ImportError:
        return False
    return True


def panel_of(results: Results, given: Result | Results, loop: asyncio.AbstractEventLoop) -> View:
    """Return the panel for a run."""
    from notebookgen.notebook.widgets import Panel  # noqa: PLC0415 - loads ipywidgets

    return Panel(results, given, loop)


class Outputs:
    """The places where one run is shown: a display handle for each cell that shows it."""

    def __init__(self) -> None:
        self._handles: list[Any] = []
        self._cell: object = None

    def add(self, data: dict[str, Any]) -> None:
        """Show something in the cell that is being run, once."""
        from IPython.display import display  # noqa: PLC0415 - inside IPython it is loaded already

        cell = getattr(shell(), "execution_count", None), id(sys.modules.get("__main__"))
        if cell != self._cell:
            self._cell = cell
            self._handles.append(display(data, raw=True, display_id=True))

    def update(self, data: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
        """Replace what is shown, everywhere."""
        for handle in self._handles:
            handle.update(data, raw=True, metadata=metadata or {})


def last_bundle(given: Result | Results) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return how results look at the end: what they always look like, encoded as the protocol wants it."""
    formatter = shell().display_formatter
    data, metadata = formatter.format(given)
    return dict(data), dict(metadata)


class LineView:
    """A run as one line of text, for whoever runs whole notebooks; at its end the results themselves.

    Nobody knows which look at it is the last one that is kept: each is true of the moment it was taken.
    """

    def __init__(self, results: Results, given: Result | Results) -> None:
        self._results = results
        self._given = given
        self._outputs = Outputs()
        self._shown = ""
        self._last: tuple[dict[str, Any], dict[str, Any]] | None = None

    def show(self) -> None:
        """Show it in the cell that is being run."""
        self._outputs.add({"text/plain": standing(self._results.handle)})

    def draw(self, *, again: bool = False) -> None:
        """Draw it as it stands; ``again`` also where nothing has changed."""
        words = standing(self._results.handle)
        if again or words != self._shown:
            self._shown = words
            self._outputs.update({"text/plain": words})

    def end(self) -> None:
        """Draw the results."""
        self._last = self._last or last_bundle(self._given)
        self._outputs.update(*self._last)
