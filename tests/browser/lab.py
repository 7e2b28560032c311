"""One notebook, open in JupyterLab: what a person does with it, and what a person sees in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from browser.server import LabServer

PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"
OPEN_SECONDS = 90.0
RUN_SECONDS = 180.0
TICK_MS = 100
CALM_LOOKS = 3  # Lab is idle for a moment between two cells: it must be so several looks in a row
TALLEST = 16_000  # pixels; Chromium's own limit for one picture

# The outermost children of a cell's output area, each as plain facts.
LOOK = """(panel) => [...document.querySelectorAll(panel + ' .jp-Notebook .jp-CodeCell')].map(cell =>
    [...cell.querySelectorAll(':scope > .jp-Cell-outputWrapper .jp-OutputArea-child')]
      .filter(child => !child.parentElement.closest('.jp-OutputArea-child'))
      .map(child => ({
        mime: child.querySelector('[data-mime-type]')?.dataset.mimeType ?? '',
        text: (child.querySelector('.jp-OutputArea-output')?.innerText ?? '').trim(),
        pictures: [...child.querySelectorAll('img')].map(i => [i.naturalWidth, i.naturalHeight]),
        players: [...child.querySelectorAll('video, audio')].map(p => p.tagName.toLowerCase()),
      })))"""

TROUBLE = """() => window.jupyterapp.shell.currentWidget.content.widgets.flatMap((cell, at) => {
    if (cell.model.type !== 'code' || !cell.model.sharedModel.getSource().trim()) return [];
    const errors = cell.model.outputs.toJSON().filter(o => o.output_type === 'error');
    if (errors.length) return errors.map(o => `cell ${at}: ${o.ename}: ${o.evalue}`);
    return cell.model.executionCount == null ? [`cell ${at}: not run`] : [] })"""

# Plays one player for a moment and tells how far it came; a player that cannot play says why.
PLAY = """async (player) => {
    await new Promise((good, bad) => {
      if (player.readyState >= 3) { good(); return; }
      player.addEventListener('canplay', good, {once: true});
      player.addEventListener('error', () => bad(new Error(player.error?.message ?? 'error')), {once: true});
      setTimeout(() => bad(new Error('not ready after 20 s, state ' + player.readyState)), 20000);
    });
    player.muted = true;
    await player.play();
    await new Promise((good, bad) => {
      const end = setTimeout(() => bad(new Error('stood still at ' + player.currentTime)), 20000);
      player.addEventListener('timeupdate', () => {
        if (player.currentTime > 0) { clearTimeout(end); good(); } });
    });
    const at = player.currentTime;
    player.pause();
    return {at, duration: player.duration, width: player.videoWidth ?? 0, height: player.videoHeight ?? 0} }"""


@dataclass(frozen=True, slots=True)
class Output:
    """One output of a cell, as it is on the screen.

    Attributes:
        mime: The kind that Lab chose to draw.
        text: What can be read.
        pictures: Width and height in pixels of each decoded picture; 0 where one is broken.
        players: ``video`` or ``audio``, one for each player.
    """

    mime: str
    text: str
    pictures: tuple[tuple[int, int], ...]
    players: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Played:
    """How far a player came, and what it holds; seconds and pixels."""

    at: float
    duration: float
    width: int
    height: int


class NotebookPage:
    """A notebook in the whole window of a tab; cells are counted from 0, Markdown and code apart where said."""

    def __init__(self, page: Page, server: LabServer, name: str) -> None:
        self.page = page
        self.server = server
        self.name = name

    def open(self) -> Self:
        """Load the notebook and wait until its kernel is idle."""
        limit = OPEN_SECONDS * 1000
        self.page.goto(f"{self.server.url}/doc/tree/{self.name}?reset", wait_until="domcontentloaded", timeout=limit)
        self.page.wait_for_selector(f"{PANEL} .jp-Notebook .jp-Cell", timeout=limit)
        self.page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=limit)
        self._wait(lambda: self.kernel() == "idle", OPEN_SECONDS, "the kernel is idle")
        return self

    def kernel(self) -> str | None:
        """Return the kernel's state as Lab knows it: idle, busy, starting, ..."""
        state: str | None = self.page.evaluate(
            "() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status ?? null"
        )
        return state

    def run_all(self, seconds: float = RUN_SECONDS) -> None:
        """Run every cell and wait for the end, however the cells end."""
        self.page.evaluate("""() => { window.__ran = false;
            window.jupyterapp.commands.execute('notebook:run-all-cells').finally(() => { window.__ran = true }) }""")
        self._wait(lambda: bool(self.page.evaluate("() => window.__ran")), seconds, "all cells have run")
        self.wait_until_calm(seconds)

    def wait_until_calm(self, seconds: float = RUN_SECONDS) -> None:
        """Wait until no cell is running and the kernel is idle, several looks in a row."""
        calm = 0

        def settled() -> bool:
            nonlocal calm
            calm = calm + 1 if not self._waiting() and self.kernel() == "idle" else 0
            return calm >= CALM_LOOKS

        self._wait(settled, seconds, "the notebook is calm")

    def find(self, text: str, *, after: int = -1) -> int:
        """Return the number of the first code cell, after a given one, whose source contains ``text``."""
        sources: list[str] = self.page.evaluate("""() => window.jupyterapp.shell.currentWidget.content.widgets
            .filter(c => c.model.type === 'code').map(c => c.model.sharedModel.getSource())""")
        return next(at for at, source in enumerate(sources) if at > after and text in source)

    def cell(self, index: int) -> Locator:
        """Return the code cell ``index``; negative counts from the end."""
        return self.page.locator(f"{PANEL} .jp-Notebook .jp-CodeCell").nth(index)

    def editor(self, index: int) -> Locator:
        """Return the place of the code cell ``index`` to type in."""
        return self.cell(index).locator(".jp-InputArea-editor .cm-content")

    def type(self, index: int, text: str) -> None:
        """Click into the code cell ``index``, and type over what is there."""
        self.editor(index).click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.press("Delete")
        for number, line in enumerate(text.split("\n")):
            if number:
                self.page.keyboard.press("Enter")
                # Lab indents a new line by itself; a person would delete that too.
                self.page.keyboard.press("Shift+Home")
                if self._selected():
                    self.page.keyboard.press("Delete")
            self.page.keyboard.type(line)

    def run(self, index: int) -> None:
        """Run the code cell ``index`` with Ctrl+Enter; does not wait."""
        self.editor(index).click()
        self.page.keyboard.press("Control+Enter")

    def stop(self) -> None:
        """Press the Stop button of the notebook's toolbar."""
        self.page.locator(f"{PANEL} [data-jp-item-name='interrupt']").click()

    def completions(self) -> list[str]:
        """Press Tab and return what the popup offers."""
        self.page.keyboard.press("Tab")
        self.page.wait_for_selector(".jp-Completer-item", timeout=20_000)
        return self.page.locator(".jp-Completer-item .jp-Completer-match").all_inner_texts()

    def outputs(self) -> list[tuple[Output, ...]]:
        """Return what each code cell shows."""
        seen: list[list[dict[str, Any]]] = self.page.evaluate(LOOK, PANEL)
        return [
            tuple(
                Output(o["mime"], o["text"], tuple((w, h) for w, h in o["pictures"]), tuple(o["players"])) for o in cell
            )
            for cell in seen
        ]

    def wait_for_text(self, index: int, text: str, seconds: float = 60.0) -> None:
        """Wait until the outputs of the code cell ``index`` contain ``text``."""
        self._wait(
            lambda: any(text in output.text for output in self.outputs()[index]), seconds, f"{text!r} in cell {index}"
        )

    def play(self, index: int) -> Played:
        """Play the first player of the code cell ``index`` for a moment."""
        player = self.cell(index).locator("video, audio").first
        return Played(**player.evaluate(PLAY))

    def trouble(self) -> list[str]:
        """Return a line for each cell that ended in an error or was never run."""
        lines: list[str] = self.page.evaluate(TROUBLE)
        return lines

    def trusted(self) -> list[bool]:
        """Return of each code cell with outputs whether Lab trusts it."""
        cells: list[bool] = self.page.evaluate("""() => window.jupyterapp.shell.currentWidget.content.widgets
            .filter(c => c.model.type === 'code' && c.model.outputs.length).map(c => c.model.trusted)""")
        return cells

    def save(self) -> None:
        """Save the notebook, and wait until it is written."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")

    def picture(self, file: Path, *, around_cells: bool = False) -> None:
        """Take one tall picture of all the cells, into a PNG file; of the cells alone where that is asked for."""
        size = self.page.viewport_size
        if size is None:
            raise RuntimeError("the tab has no size")
        more = """(panel) => { const o = document.querySelector(panel + ' .jp-WindowedPanel-outer');
            o.scrollTop = 0; return o.scrollHeight - o.clientHeight }"""
        tall = size["height"]
        for _ in range(3):  # a taller window can make outputs taller: they are sized by it
            hidden = int(self.page.evaluate(more, PANEL))
            if hidden <= 0:
                break
            tall = min(TALLEST, tall + hidden + 4)
            self.page.set_viewport_size({"width": size["width"], "height": tall})
            self.page.wait_for_timeout(400)
        self.page.mouse.move(0, 0)
        if around_cells:
            cells = self.page.locator(f"{PANEL} .jp-Notebook .jp-Cell")
            boxes = [box for box in (each.bounding_box() for each in cells.all()) if box]
            top, left = min(box["y"] for box in boxes), min(box["x"] for box in boxes)
            bottom = max(box["y"] + box["height"] for box in boxes)
            clip = {"x": left, "y": top - 6, "width": boxes[0]["width"] + 8, "height": bottom - top + 12}
            self.page.screenshot(path=str(file), clip=clip)  # type: ignore[arg-type]  # a plain dict of floats
        else:
            self.page.screenshot(path=str(file))
        self.page.set_viewport_size(size)

    def _selected(self) -> bool:
        return bool(self.page.evaluate("() => window.getSelection().toString().length > 0"))

    def _waiting(self) -> int:
        prompts = self.page.locator(f"{PANEL} .jp-Notebook .jp-InputPrompt").all_inner_texts()
        return sum("*" in prompt for prompt in prompts)

    def _wait(self, true: Callable[[], bool], seconds: float, what: str) -> None:
        for _ in range(max(1, int(seconds * 1000 / TICK_MS))):
            if true():
                return
            self.page.wait_for_timeout(TICK_MS)
        raise TimeoutError(f"not after {seconds:.0f} s: {what}; kernel {self.kernel()!r}, trouble {self.trouble()}")
