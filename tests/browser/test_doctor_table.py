"""The doctor's table of what readers see, against what is seen: outputs of every sort in a real JupyterLab and in nbconvert's page.

The outputs are those of other people: players as IPython writes them, scripts, frames, drawings, widgets, files that
are gone. Of each the table says how much is left of it, and the browser is asked whether that is so.
"""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
import wave
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from browser.conftest import tabs
from browser.eyes import see
from notebook_files import code, notebook, page, shown, widget
from notebookgen.checkup.links import Surroundings
from notebookgen.checkup.places import PLACES
from notebookgen.checkup.reading import read
from notebookgen.checkup.sight import Seeing, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator

    from browser.chrome import Chrome
    from browser.lab import NotebookPage
    from browser.server import LabServer

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def picture(kind: str) -> str:
    """Return a picture of 40 by 30 in base64."""
    data = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(data, kind)
    return base64.b64encode(data.getvalue()).decode()


def sound() -> str:
    """Return a second of silence in base64."""
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 8000)
    return base64.b64encode(data.getvalue()).decode()


PNG, WEBP, WAV = picture("PNG"), picture("WEBP"), sound()
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="40" height="30" fill="teal"/></svg>'
DRAWS = "<script>document.getElementById('made').textContent = 'made by a script'</script>"
OUTPUTS: dict[str, dict[str, Any]] = {
    "png": shown(image_png=PNG, text_plain="words"),
    "webp": shown(image_webp=WEBP, text_plain="words"),
    "svg": shown(**{"image_svg+xml": SVG}, text_plain="words"),
    "svg alone": shown(**{"image_svg+xml": SVG}),
    "html with a picture": page(f'<div><img src="data:image/png;base64,{PNG}" alt="teal"></div>'),
    "html with a drawing": page(SVG),
    "html with words": page("<b>bold</b> words"),
    "html with its own styles": page("<style>.a {color: teal}</style><p class=a>teal words</p>"),
    "html that a script draws": page(f"<div id=made></div>{DRAWS}"),
    "html with words that a script changes": page(f"<p>words</p><div id=made></div>{DRAWS}"),
    "a frame": page('<iframe srcdoc="framed" width=90 height=40></iframe>'),
    "a player as IPython writes it": page(f'<audio controls><source src="data:audio/wav;base64,{WAV}" type="audio/wav"></audio>'),
    "a player as we write it": page(f'<audio controls src="data:audio/wav;base64,{WAV}"></audio>'),
    "a picture that is gone": page('<img src="pictures/gone.png">'),
    "a picture that is there": page('<img src="there.png">'),
    "a picture of somewhere else": page('<img src="file:///etc/fox.png">'),
    "a widget without its state": widget(),
    "markdown": shown(text_markdown=f"**bold** words ![teal](data:image/png;base64,{PNG})", text_plain="words"),
    "a script": shown(application_javascript="element.textContent = 'made by a script'", text_plain="words"),
    "text": shown(text_plain="words"),
}  # fmt: skip
PLACE = {place.name: place for place in PLACES}
NOTHING = ("Error displaying widget", "model not found", "Loading widget")


def expected(name: str, place: str) -> str:
    """Return what the table says of an output: that it is seen, that its words stand for it, or nothing."""
    around = Surroundings(datetime.now(UTC), {}, lambda path: path == "there.png")
    (cell,) = read(json.dumps(notebook(code("x", OUTPUTS[name]))).encode()).cells
    verdict = Seeing(around).of(cell.outputs[0], PLACE[place]).verdict
    return {Verdict.WORDS: "words", Verdict.MISSING: "nothing"}.get(verdict, "seen")


def found(cell: Locator, name: str) -> str:
    """Return what a browser shows of it: ``words`` is the text that stands for what was meant to be seen."""
    part = cell.locator(".jp-OutputArea-output")
    if not part.count():
        return "nothing"
    view = see(part)
    ready = part.locator("video, audio").evaluate_all("all => all.some(one => one.currentSrc)")
    drawn = part.locator("svg, iframe").evaluate_all("all => all.some(one => one.getBoundingClientRect().width > 0)")
    words = "" if any(one in view.words for one in NOTHING) else view.words
    if any(one.seen for one in view.pictures) or ready or drawn:
        return "seen"
    stands_for = set(OUTPUTS[name]["data"]) != {"text/plain"} and words == OUTPUTS[name]["data"].get("text/plain")
    return "words" if stands_for else "seen" if words else "nothing"


@pytest.fixture(scope="module")
def lab_pages(lab: LabServer, chrome: Chrome) -> Iterator[dict[str, NotebookPage]]:
    """Open the outputs in JupyterLab, signed as its owner signs them, and not."""
    import nbformat
    from nbformat.sign import NotebookNotary

    (lab.root / "there.png").write_bytes(base64.b64decode(PNG))
    content = nbformat.from_dict(notebook(*(code(f"# {name}", output, count=1) for name, output in OUTPUTS.items())))
    content.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    with tabs(lab, chrome, "table") as open_:
        strange = open_(content)
        content.metadata["mine"] = True
        notary = NotebookNotary(data_dir=str(lab.data))
        notary.sign(content)
        notary.store.close()
        yield {"JupyterLab, not trusted": strange, "JupyterLab, trusted": open_(content)}
        chrome.refused.clear()  # a trusted file:// picture is asked for, and refused


@pytest.fixture(scope="module")
def exported(chrome: Chrome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locator]:
    """Export the outputs with nbconvert, and open the page."""
    folder = tmp_path_factory.mktemp("table")
    (folder / "there.png").write_bytes(base64.b64decode(PNG))
    content = notebook(*(code(f"# {name}", output, count=1) for name, output in OUTPUTS.items()))
    (folder / "table.ipynb").write_text(json.dumps(content), encoding="utf-8")
    command = [sys.executable, "-m", "jupyter", "nbconvert", "--to", "html", "table.ipynb"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
    tab = chrome.page()
    tab.goto((folder / "table.html").as_uri(), wait_until="load")
    yield tab.locator(".jp-CodeCell")
    tab.close()
    chrome.refused.clear()  # what nbconvert's pages ask for
    chrome.errors.clear()


@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "not trusted"])
def test_jupyterlab_shows_what_the_table_says(lab_pages: dict[str, NotebookPage], trusted: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Output by output: what is seen, what only its words stand for, and what is missing."""
    place = "JupyterLab, trusted" if trusted else "JupyterLab, not trusted"
    opened = lab_pages[place]
    assert {trusted} == set(opened.trusted())
    seen = {name: found(opened.cell(at), name) for at, name in enumerate(OUTPUTS)}

    assert {name: expected(name, place) for name in OUTPUTS} == seen


def test_nbconvert_shows_what_the_table_says(exported: Locator) -> None:
    """The same for the page that nbconvert makes, opened without a network."""
    place = "nbconvert to HTML"
    seen = {name: found(exported.nth(at), name) for at, name in enumerate(OUTPUTS)}

    assert {name: expected(name, place) for name in OUTPUTS} == seen
