"""Executed notebooks as other tools give them to readers: pages, Markdown, a book. The same story, and no network.

The exports are those of the tools themselves, started as people start them, and opened from the disk. A book is what
Sphinx and MyST-NB build: Jupyter Book stands on these two.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import surroundings
from browser.eyes import played, see
from notebookgen.media.preview import Shown, bundle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nbformat import NotebookNode
    from playwright.sync_api import Locator

    from browser.chrome import Chrome

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
NAMES = sorted(file.stem for file in NOTEBOOKS.glob("*.ipynb"))
SECONDS = 180
# What nbconvert's own pages ask for, whatever is in the notebook: for widgets and formulas.
ITS_OWN = re.compile(r"https://cdnjs\.cloudflare\.com/ajax/libs/(require\.js|mathjax)/.*")
BOOK = """
project, extensions = "A book", ["myst_nb"]
nb_execution_mode, html_theme = "off", "furo"
suppress_warnings = ["mystnb.unknown_mime_type"]
"""
BARE = "<!doctype html><html lang=en><meta charset=utf-8><title>a</title><main style='max-width:60em'>{}</main></html>"


def run(folder: Path, *words: str) -> None:
    """Run a tool in a folder, as a person with an empty home."""
    environment = surroundings.environment(os.environ, folder / "person")
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )  # fmt: skip
    assert 0 == done.returncode, done.stdout + done.stderr


def page(folder: Path, name: str) -> Path:
    """Export as a page."""
    run(folder, "jupyter", "nbconvert", "--to", "html", f"{name}.ipynb")
    return folder / f"{name}.html"


def letters(folder: Path, name: str) -> Path:
    """Export as Markdown with its files, and have that drawn as any renderer does that leaves HTML as it is."""
    from markdown_it import MarkdownIt

    run(folder, "jupyter", "nbconvert", "--to", "markdown", f"{name}.ipynb")
    text = (folder / f"{name}.md").read_text("utf-8")
    drawn = folder / f"{name}-drawn.html"
    drawn.write_text(BARE.format(MarkdownIt("commonmark", {"html": True}).render(text)), encoding="utf-8")
    return drawn


def book(folder: Path, name: str) -> Path:
    """Build a book of it; a warning is an error."""
    (folder / "conf.py").write_text(BOOK, encoding="utf-8")
    (folder / "index.md").write_text(f"# A book\n\n```{{toctree}}\n{name}\n```\n", encoding="utf-8")
    run(folder, "sphinx", "-W", "-q", "-b", "html", ".", "built")
    return folder / "built" / f"{name}.html"


WAYS: dict[str, Callable[[Path, str], Path]] = {"page": page, "markdown": letters, "book": book}


@pytest.fixture(scope="module", params=NAMES)
def story(request: pytest.FixtureRequest, as_run: Callable[[str], NotebookNode]) -> tuple[str, NotebookNode]:
    """A notebook, run on a machine without a key."""
    name: str = request.param
    return name, as_run(name)


class Export:
    """An export, opened in a browser, and the notebook that it is made of."""

    def __init__(self, way: str, notebook: NotebookNode, folder: Path, part: Locator) -> None:
        self.way = way
        self.notebook = notebook
        self.folder = folder
        self.part = part


@pytest.fixture(scope="module", params=WAYS)
def export(
    request: pytest.FixtureRequest,
    story: tuple[str, NotebookNode],
    chrome: Chrome,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Export]:
    """Export in one of the ways, in a folder that holds nothing but the notebook, and open it."""
    import nbformat

    name, notebook = story
    folder = tmp_path_factory.mktemp("export")
    nbformat.write(notebook, folder / f"{name}.ipynb")
    file = WAYS[request.param](folder, name)
    tab = chrome.page()
    tab.goto(file.as_uri(), wait_until="load")
    part = tab.locator({"page": "body", "markdown": "main", "book": "article"}[request.param])
    yield Export(request.param, notebook, folder, part)
    tab.close()
    chrome.refused.clear()


class Told(HTMLParser):
    """What HTML shows: how many pictures, which players, and its words, piece by piece."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pictures = 0
        self.players: list[str] = []
        self.words: list[str] = []
        self.inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.pictures += tag == "img" and "video" not in self.inside
        if tag in {"video", "audio"}:
            self.players.append(tag)
        if tag in {"video", "style"}:
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.inside:
            self.inside.remove(tag)

    def handle_data(self, data: str) -> None:
        if "style" not in self.inside:
            self.words += [" ".join(line.split()) for line in data.splitlines() if line.strip()]


def told(notebook: NotebookNode) -> Told:
    """Return what a notebook's outputs show, in their order."""
    found = Told()
    for output in (one for cell in notebook.cells if cell.cell_type == "code" for one in cell.outputs):
        data = output.get("data", {"text/plain": output.get("text", "")})
        if "text/html" in data:
            found.feed(data["text/html"])
        elif any(mime.startswith("image/") for mime in data):
            found.pictures += 1
        else:
            found.handle_data(data["text/plain"])
    return found


def test_every_picture_is_seen(export: Export, pictures: Path, request: pytest.FixtureRequest) -> None:
    """As many as the notebook shows, each of them decoded and laid out."""
    seen = see(export.part)
    export.part.page.screenshot(path=str(pictures / f"{request.node.callspec.id}.png"), full_page=True)

    assert [] == seen.broken
    assert told(export.notebook).pictures == len(seen.pictures)


def test_every_clip_and_sound_plays(export: Export) -> None:
    """From the page itself; a clip shows its poster before."""
    players = see(export.part).players

    assert told(export.notebook).players == [one.kind for one in players]
    assert [] == [one for one in players if not one.source.startswith("data:") or min(one.room) <= 0]
    assert [] == [one for one in players if one.kind == "video" and min(one.poster) <= 0]
    assert [] == [one for one in played(export.part) if one.at <= 0]


def test_every_word_is_there(export: Export) -> None:
    """Captions, prices, texts and tables, as the notebook has them."""
    words = see(export.part).words

    assert [] == [line for line in told(export.notebook).words if line not in words]


def test_nothing_is_asked_of_the_network(export: Export, chrome: Chrome) -> None:
    """But for the two libraries that nbconvert asks for in every page, and does not need."""
    export.part.page.reload(wait_until="load")

    assert [] == [address for address in chrome.refused if not ITS_OWN.fullmatch(address)]


def test_single_pictures_become_files_beside_markdown(export: Export) -> None:
    """A picture that is a picture is a file that the Markdown names; one in a gallery stays in it, and a page needs no file."""
    files = sorted(export.folder.glob("*_files/*"))
    named = "".join(file.read_text("utf-8") for file in export.folder.glob("*.md"))
    data = [output.get("data", {}) for cell in export.notebook.cells for output in cell.get("outputs", [])]
    single = [one for one in data if any(mime.startswith("image/") for mime in one)]

    assert len(files) == (len(single) if export.way == "markdown" else 0)
    assert [] == [file for file in files if f"]({file.parent.name}/{file.name})" not in named]


def test_a_text_is_not_read_as_markdown(tmp_path: Path, chrome: Chrome) -> None:
    """What a model has written with empty lines, marks of Markdown and indentation stands in the export as it was written."""
    from markdown_it import MarkdownIt

    text = "A title\n\n# No title\n\n* one\n* two\n\n    four blanks\n\n_so_ <b>it</b> is\n\n---\n\nend"
    html = bundle(Shown("saved", "armox:sandbox/text", text=text))[0]["text/html"]
    assert isinstance(html, str)
    drawn = tmp_path / "drawn.html"
    drawn.write_text(BARE.format(MarkdownIt("commonmark", {"html": True}).render(f"\n\n{html}\n\n")), encoding="utf-8")
    tab = chrome.page()
    tab.goto(drawn.as_uri())
    seen = tab.locator("main").inner_text()
    tab.close()

    assert seen.startswith(text)
