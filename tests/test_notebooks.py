"""The notebooks run from top to bottom without a key, show what they promise, and are committed without outputs."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import nbclient
import nbformat
import pytest

if TYPE_CHECKING:
    from nbformat import NotebookNode

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SECONDS = 60  # for one cell
PNG = b"\x89PNG\r\n\x1a\n"
CELL_BYTES = 4_000_000


def executed(file: Path, folder: Path) -> NotebookNode:
    """Run a notebook with its own kernel in a folder; the first cell that ends in an error raises."""
    notebook = nbformat.read(file, as_version=4)
    nbclient.NotebookClient(
        notebook, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    return notebook


def outputs(notebook: NotebookNode, mime: str) -> list[str]:
    """Return what the cells show of one MIME type."""
    return [
        str(output["data"][mime])
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if mime in output.get("data", {})
    ]


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_is_committed_without_outputs(file: Path) -> None:
    """A notebook in the repository has no output, no count and no widget state: it differs where its text does."""
    notebook = nbformat.read(file, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]

    assert [] == [cell.id for cell in code if cell.outputs or cell.execution_count is not None]
    assert "widgets" not in notebook.metadata


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_reads_well(file: Path) -> None:
    """A newcomer meets short cells, prose between them, and no key."""
    notebook = nbformat.read(file, as_version=4)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]

    assert [] == [source for source in code if len(source.splitlines()) > 8]
    assert [] == [source for source in code if "API_KEY" in source]
    assert notebook.cells[0].source.startswith("# ")


@pytest.mark.slow
def test_the_quickstart_shows_every_kind(tmp_path: Path) -> None:
    """Run by nbclient on a machine without a key, the quickstart shows pictures, a clip, a sound and a text."""
    shown = executed(FOLDER / "quickstart.ipynb", tmp_path)
    pages = "\n".join(outputs(shown, "text/html"))
    pictures = [base64.b64decode(each) for each in outputs(shown, "image/png")]

    assert len(pictures) >= 4
    assert {PNG} == {picture[:8] for picture in pictures}
    assert "<video " in pages
    assert "<audio " in pages
    assert "SANDBOX" in "\n".join(outputs(shown, "text/plain"))


@pytest.mark.slow
def test_the_quickstart_leaves_a_light_file(tmp_path: Path) -> None:
    """What a person saves after running it stays small, and needs neither widgets nor scripts."""
    shown = executed(FOLDER / "quickstart.ipynb", tmp_path)
    sizes = {cell.id: len(str(cell.outputs)) for cell in shown.cells if cell.cell_type == "code"}
    ours = [page for page in outputs(shown, "text/html") if 'class="dataframe"' not in page]  # Polars styles its own
    pages = "\n".join(ours).lower()

    assert {} == {cell: size for cell, size in sizes.items() if size > CELL_BYTES}
    assert "widgets" not in shown.metadata
    assert "<script" not in pages
    assert "<style" not in pages


@pytest.mark.slow
def test_the_quickstart_run_twice_buys_nothing_twice(tmp_path: Path, home: Path) -> None:
    """The same notebook in a new kernel on the same ledger adds no row but what it asks for afresh."""
    import notebookgen as ng

    executed(FOLDER / "quickstart.ipynb", tmp_path)
    first = ng.ledger().frame()["id"].to_list()
    executed(FOLDER / "quickstart.ipynb", tmp_path)

    assert sorted(first) == sorted(ng.ledger().frame()["id"].to_list())
