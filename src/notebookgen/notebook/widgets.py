"""The panel of a run in the background: what it looks like, Pause and Cancel. ipywidgets, and only here.

At its end the panel is replaced by the results as they always look, so that no widget is left in the notebook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets

from notebookgen.media.markup import SHEET, outermost
from notebookgen.notebook.background import Outputs, last_bundle
from notebookgen.notebook.board import LATEST, Thumbnails, board
from notebookgen.notebook.lines import standing
from notebookgen.notebook.spoken import in_flags

if TYPE_CHECKING:
    import asyncio

    from notebookgen.results import Result, Results

__all__ = ["Panel"]

VIEW = "application/vnd.jupyter.widget-view+json"
SAID = f"{SHEET};white-space:pre-wrap;margin:0 0 8px 0"
ASKED = (
    "Cancel? What was not sent yet will not be. What is under way is cancelled at the provider where that is possible;"
    " it may be charged all the same."
)


class Panel:
    """One run's panel."""

    def __init__(self, results: Results, given: Result | Results, loop: asyncio.AbstractEventLoop) -> None:
        """Make the widgets; show nothing yet.

        Args:
            results: The run.
            given: What takes its place at the end.
            loop: The main thread's loop, by which the panel is drawn.
        """
        self._results = results
        self._given = given
        self._loop = loop
        self._outputs = Outputs()
        self._thumbnails = Thumbnails()
        self._asked = self._cancelled = self._ended = False
        self._said = ""
        self.page = ipywidgets.HTML()
        self.pause = button("Pause", "pause", self._toggle)
        self.cancel = button("Cancel …", "stop", self._ask)
        self.sure = button("Cancel it", "stop", self._cancel, style="danger")
        self.keep = button("Keep going", "undo", self._keep)
        self._row = ipywidgets.HBox([self.pause, self.cancel])
        self.box = ipywidgets.VBox([self.page, self._row])

    def show(self) -> None:
        """Show it in the cell that is being run; a reader without widgets sees what to type."""
        view = {"model_id": self.box.model_id, "version_major": 2, "version_minor": 0}
        self._outputs.add({VIEW: view, "text/plain": standing(self._results.handle)})

    def draw(self, *, again: bool = False) -> None:
        """Draw it as it stands; what is drawn for good stays."""
        if self._ended:
            return
        handle = self._results.handle
        progress = handle.snapshot()
        newest = [self._results[index] for index in handle.newest(LATEST)]
        said = ASKED if self._asked and not self._cancelled else self._said
        self.page.value = board(progress, f"run {handle.id}", self._thumbnails.latest(newest), said)
        self.pause.description, self.pause.icon = ("Go on", "play") if progress.paused else ("Pause", "pause")
        self.pause.disabled = self.cancel.disabled = self._cancelled
        wanted = (self.sure, self.keep) if self._asked and not self._cancelled else (self.pause, self.cancel)
        if self._row.children != wanted:
            self._row.children = wanted

    def end(self) -> None:
        """Put the results in the panel's place, and take the widgets away."""
        if self._ended:
            return
        self._ended = True
        data, metadata = last_bundle(self._given)
        told = in_flags("\n".join(self._results.said))
        if told:
            data["text/plain"] = f"{told}\n{data.get('text/plain', '')}"
            data["text/html"] = outermost(told, style=SAID) + data.get("text/html", "")
        self._outputs.update(data, metadata)
        for widget in (self.page, self.pause, self.cancel, self.sure, self.keep, self._row, self.box):
            for part in (getattr(widget, "style", None), widget.layout, widget):
                if part is not None:
                    part.close()

    # Clicked; in some kernels in a thread of its own --------------------------------------------------------------

    def _toggle(self, _: object) -> None:
        """Pause, or go on."""
        handle = self._results.handle
        if handle.paused:
            handle.go_on()
        else:
            handle.pause()
        self._soon()

    def _ask(self, _: object) -> None:
        """Ask whether the run is to be cancelled."""
        self._asked = True
        self._soon()

    def _keep(self, _: object) -> None:
        """Do not cancel."""
        self._asked = False
        self._soon()

    def _cancel(self, _: object) -> None:
        """Cancel at the provider, while the loop goes on."""
        self._cancelled, self._said = True, "Cancelling at the provider ..."
        self._loop.call_soon_threadsafe(self._begin_cancelling)

    def _begin_cancelling(self) -> None:
        """Ask the provider, in a thread of the loop's own: an answer may take half a minute."""
        self.draw()
        future = self._loop.run_in_executor(None, self._results.cancel)
        future.add_done_callback(lambda _: self._tell())

    def _tell(self) -> None:
        """Say what the provider said, as long as the panel is there."""
        self._said = in_flags("\n".join(self._results.said))
        self.draw()

    def _soon(self) -> None:
        """Have the panel drawn by the main thread."""
        self._loop.call_soon_threadsafe(self.draw)


def button(words: str, icon: str, clicked: Any, style: str = "") -> ipywidgets.Button:
    """Return a button."""
    made = ipywidgets.Button(description=words, icon=icon, button_style=style)
    made.on_click(clicked)
    return made
