"""One JupyterLab and one browser for the tests of this folder, and a notebook of its own for each.

nbformat takes seconds to import; it is not loaded where these tests are not run.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser.chrome import Chrome
from browser.lab import NotebookPage
from browser.server import LabServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nbformat import NotebookNode


NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """Start JupyterLab on an empty folder."""
    with LabServer(tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture(scope="package")
def chrome() -> Iterator[Chrome]:
    """Start Chromium.

    Not for the whole session: while Playwright runs, this thread has a running event loop, and tests elsewhere
    start their own.
    """
    with Chrome() as browser:
        yield browser


@contextmanager
def tabs(lab: LabServer, chrome: Chrome, name: str) -> Iterator[Callable[[NotebookNode], NotebookPage]]:
    """Give a function that opens a notebook in Lab, in a new tab; close the tabs and their kernels at the end.

    A page that asks for an address off this machine, or whose JavaScript ends in an error, fails the test.
    """
    import nbformat

    pages: list[NotebookPage] = []

    def open_(content: NotebookNode) -> NotebookPage:
        file = f"{name}-{len(pages)}.ipynb"
        nbformat.write(content, lab.root / file)
        pages.append(NotebookPage(chrome.page(), lab, file))
        return pages[-1].open()

    yield open_
    for opened in pages:
        opened.page.close()
        for session in lab.ask("/api/sessions"):
            if session["path"] == opened.name:
                lab.ask(f"/api/sessions/{session['id']}", method="DELETE")
    refused, errors = chrome.refused[:], chrome.errors[:]
    chrome.refused.clear()
    chrome.errors.clear()

    assert ([], []) == (refused, errors)


@pytest.fixture
def notebook(
    lab: LabServer, chrome: Chrome, request: pytest.FixtureRequest
) -> Iterator[Callable[[NotebookNode], NotebookPage]]:
    """Return a function that opens a notebook in Lab, in a new tab."""
    with tabs(lab, chrome, request.node.name) as open_:
        yield open_


@pytest.fixture(scope="module")
def quickstart(lab: LabServer, chrome: Chrome) -> Iterator[NotebookPage]:
    """Open the quickstart, run all of it as a newcomer would, and save it."""
    import nbformat

    with tabs(lab, chrome, "quickstart") as open_:
        page = open_(nbformat.read(NOTEBOOKS / "quickstart.ipynb", as_version=4))
        page.run_all()
        page.save()
        yield page


@pytest.fixture
def cells() -> Callable[..., NotebookNode]:
    """Return a function that makes a notebook of code cells."""
    import nbformat

    def make(*sources: str) -> NotebookNode:
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        return made

    return make


@pytest.fixture
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder for screenshots, kept by pytest for a look after a failure."""
    return tmp_path_factory.mktemp("pictures")
