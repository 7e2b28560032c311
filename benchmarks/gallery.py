"""How long a gallery takes, in the kernel and in JupyterLab: ``python benchmarks/gallery.py [--lab]``.

The run has 1,000 rows, each with its own 1024 x 1024 file, PNG and JPEG in turn. The kernel's part is the time from
``gallery()`` to the finished output, the first time (every file is decoded) and again. With ``--lab`` the same run is shown
in JupyterLab, and the time is taken from the click on a cell to the moment at which all its pictures are decoded and
painted; the longest block is for how long the page answered nothing.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from report import Found, Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 1_000
CELLS = (
    "import sys\nsys.path.insert(0, {tests!r})\nfrom rows_drawn import drawn_rows\nrows = drawn_rows({folder!r}, {rows})",
    "rows",
    "rows.gallery(per_page=100)",
    "rows.gallery(per_page=100)",
    "rows.gallery(per_page=100, page=2)",
    "rows.gallery(by=('style', 'animal'), per_page=100)",
    "rows.gallery(per_page=1000, cell_bytes=20_000_000)",
    "rows.gallery(by='style', sort='seed', descending=True)",
    "rows.contact_sheet()",
)
# The moment at which an output's pictures are decoded and painted, in milliseconds since the click.
DRAWN = """async (cell) => {
    const started = performance.now();
    window.jupyterapp.commands.execute('notebook:run-cell');
    const area = () => cell.querySelector('.jp-OutputArea-output img');
    const fresh = cell.querySelectorAll('.jp-OutputArea-output').length;
    while (!area()) {
        if (performance.now() - started > 120000) return [-1, 0, 0];
        await new Promise(requestAnimationFrame);
    }
    const pictures = [...cell.querySelectorAll('.jp-OutputArea-output img')];
    const came = performance.now() - started;
    await Promise.all(pictures.map(p => p.decode().catch(() => null)));
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    return [performance.now() - started, pictures.length, came];
}"""


def timed(make: Callable[[], Any]) -> tuple[float, Any]:
    """Return how long a call takes, in milliseconds, and what it gives."""
    start = time.perf_counter()
    made = make()
    return (time.perf_counter() - start) * 1000, made


def in_the_kernel(folder: Path, count: int) -> Table:
    """Measure the kernel's part."""
    from rows_drawn import drawn_rows

    rows = drawn_rows(str(folder), count)
    cases: list[tuple[str, Callable[[], Any]]] = [
        ("100 tiles, the first time", lambda: rows.gallery(per_page=100)._repr_mimebundle_()),
        ("100 tiles, again", lambda: rows.gallery(per_page=100)._repr_mimebundle_()),
        ("100 tiles, the next page", lambda: rows.gallery(per_page=100, page=2)._repr_mimebundle_()),
        ("10 x 10, as a matrix", lambda: rows.gallery(by=("style", "animal"), per_page=100)._repr_mimebundle_()),
        (f"{count:,} rows, as they show themselves", rows._repr_mimebundle_),
        (
            f"{count:,} rows, sorted, filtered, grouped",
            lambda: rows.gallery(by="style", sort="seed", filter={"seed": [1, 2]}),
        ),
        (
            f"{count:,} tiles on one page, 20 MB",
            lambda: rows.gallery(per_page=1000, cell_bytes=20_000_000)._repr_mimebundle_(),
        ),
        ("contact sheet of 100", lambda: rows.gallery(filter={"seed": 1}).contact_sheet().png),
        (f"contact sheet of {count:,}", lambda: rows.contact_sheet().png),
    ]
    lines = []
    for words, make in cases:
        took, made = timed(make)
        size = len(made) if isinstance(made, bytes) else len(made[0]["text/html"]) if isinstance(made, tuple) else 0
        lines.append((words, f"{took:.0f}", f"{size / 1000:.0f}"))
    return Table(f"A gallery of {count:,} rows, in the kernel", ("", "ms", "kB"), lines)


def in_lab(folder: Path) -> Table:
    """Measure what a person waits for."""
    import nbformat

    from browser.chrome import Chrome
    from browser.lab import NotebookPage
    from browser.server import LabServer

    sources = [one.format(tests=str(ROOT / "tests"), folder=str(folder), rows=ROWS) for one in CELLS]
    content = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in sources])
    content.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    with tempfile.TemporaryDirectory() as root, LabServer(Path(root)) as server, Chrome() as chrome:
        nbformat.write(content, server.root / "gallery.ipynb")
        page = NotebookPage(chrome.page(), server, "gallery.ipynb").open()
        page.run(0)
        page.wait_until_calm()
        lines = []
        for number, source in enumerate(sources[1:], start=1):
            page.editor(number).click()
            lost = "window.__lost = 0; window.__last = performance.now(); window.__watch = setInterval(() => {"
            lost += "const now = performance.now(); window.__lost = Math.max(window.__lost, now - window.__last);"
            page.page.evaluate(f"() => {{ {lost} window.__last = now; }}, 10) }}")
            took, count, _ = page.cell(number).evaluate(DRAWN)
            blocked = page.page.evaluate("() => { clearInterval(window.__watch); return window.__lost }")
            page.wait_until_calm()
            lines.append((source[:54], f"{took:.0f}", f"{count}", f"{blocked:.0f}"))
    return Table("In JupyterLab, from the click to painted", ("", "ms", "tiles", "longest block, ms"), lines)


def measure(*, quick: bool = False, lab: bool = False) -> Found:
    """Measure the kernel's part, and JupyterLab's where that is wanted."""
    with tempfile.TemporaryDirectory() as name:
        os.environ["NOTEBOOKGEN_HOME"] = str(Path(name) / "home")
        tables = [in_the_kernel(Path(name), 200 if quick else ROWS)]
        if lab:
            tables.append(in_lab(Path(name)))
    return Found(tables)


if __name__ == "__main__":
    measure(lab="--lab" in sys.argv).show()
