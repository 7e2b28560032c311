"""The notebooks run from top to bottom without a key, show what they promise, and are committed without outputs."""

from __future__ import annotations

import base64
import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import surroundings
from notebook_files import executed

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbformat import NotebookNode

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
JPEG = b"\xff\xd8\xff"
CELL_BYTES = 4_000_000
# What is said of a run that goes on.
UNDER_WAY = re.compile(
    r"\d+ (?:running|left)\b|in the background|^(?:planned|intent|submitted|queued|running)\b.*", re.MULTILINE
)


@pytest.fixture
def quickstart(as_run: Callable[[str], NotebookNode]) -> NotebookNode:
    """Run the quickstart as a newcomer."""
    return as_run("quickstart")


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
    import nbformat

    notebook = nbformat.read(file, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]

    assert [] == [cell.id for cell in code if cell.outputs or cell.execution_count is not None]
    assert "widgets" not in notebook.metadata


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_reads_well(file: Path) -> None:
    """A newcomer meets short cells, prose between them, and no key."""
    import nbformat

    notebook = nbformat.read(file, as_version=4)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]

    assert [] == [source for source in code if len(source.splitlines()) > 8]
    assert [] == [source for source in code if "API_KEY" in source]
    assert notebook.cells[0].source.startswith("# ")


def test_the_quickstart_shows_every_kind(quickstart: NotebookNode) -> None:
    """Run by nbclient on a machine without a key, the quickstart shows pictures, a clip, a sound and a text."""
    pages = "\n".join(outputs(quickstart, "text/html"))
    pictures = [base64.b64decode(each) for each in outputs(quickstart, "image/jpeg")]

    assert len(pictures) >= 4
    assert {JPEG} == {picture[:3] for picture in pictures}
    assert "<video " in pages
    assert "<audio " in pages
    assert "SANDBOX" in "\n".join(outputs(quickstart, "text/plain"))


def test_the_quickstart_leaves_a_light_file(quickstart: NotebookNode) -> None:
    """What a person saves after running it stays small, and needs neither widgets nor scripts."""
    sizes = {cell.id: len(str(cell.outputs)) for cell in quickstart.cells if cell.cell_type == "code"}
    ours = [
        page for page in outputs(quickstart, "text/html") if 'class="dataframe"' not in page
    ]  # Polars styles its own
    pages = "\n".join(ours).lower()

    assert {} == {cell: size for cell, size in sizes.items() if size > CELL_BYTES}
    assert "widgets" not in quickstart.metadata
    assert "<script" not in pages
    assert "<style" not in pages


@pytest.fixture
def bulk(as_run: Callable[[str], NotebookNode]) -> NotebookNode:
    """Run the study over a frame on a machine without a key and with an empty ledger."""
    return as_run("bulk")


def test_the_study_tells_its_story(bulk: NotebookNode) -> None:
    """Planned, run with failures, tried again, paid for once, gone on with in the background, accounted for; no widget."""
    text = "\n".join(outputs(bulk, "text/plain"))
    shown = {cell.source.partition("\n")[0]: cell.outputs for cell in bulk.cells if cell.cell_type == "code"}
    retried = "\n".join(str(one) for one in shown["%generate retry"])

    assert "12 rows, of which 12 new" in text
    assert "failed" in text
    assert "12 saved" in retried
    assert "12 rows, of which 0 new" in text
    assert "characters" in text
    assert "widgets" not in bulk.metadata
    assert CELL_BYTES > max(len(str(cell)) for cell in shown.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", [file.stem for file in NOTEBOOKS])
def test_what_is_saved_tells_the_end(name: str, request: pytest.FixtureRequest) -> None:
    """No output of a notebook that was run as a whole stands at something that is still going on."""
    said = "\n".join(outputs(request.getfixturevalue(name), "text/plain"))

    assert [] == UNDER_WAY.findall(said)


@pytest.mark.slow
def test_the_study_has_one_sum_for_each_run(bulk: NotebookNode) -> None:
    """The line of a cell, the heading of what it shows and ``.cost`` name the same amount; nothing is said twice."""
    shown = {cell.source.partition("\n")[0]: cell.outputs for cell in bulk.cells if cell.cell_type == "code"}
    line, results = (output["data"]["text/plain"] for output in shown["%generate retry"])
    (cost,) = (output["data"]["text/plain"] for output in shown["drawn.cost"])
    (captions,) = (outputs for source, outputs in shown.items() if "--background" in source)
    amount = next(word for word, unit in itertools.pairwise(line.split()) if unit == "credits")

    assert f"{{'credits': Decimal('{amount}')}}" == cost
    assert results.startswith("[0] saved · 110 credits")  # it failed first, and was charged for that, too
    assert captions[0]["data"]["text/plain"].startswith("12 saved · armox:sandbox/text · ")
    assert "text/html" in captions[0]["data"]


@pytest.mark.usefixtures("quickstart")
def test_the_quickstart_run_twice_buys_nothing_twice(
    newcomer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same notebook in a new kernel on the same ledger adds no row but what it asks for afresh."""
    import notebookgen as ng

    monkeypatch.setenv("NOTEBOOKGEN_HOME", surroundings.folders(newcomer)["NOTEBOOKGEN_HOME"])
    first = ng.ledger().frame()["id"].to_list()
    assert first
    executed(FOLDER / "quickstart.ipynb", tmp_path, newcomer)

    assert sorted(first) == sorted(ng.ledger().frame()["id"].to_list())
