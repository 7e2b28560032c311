"""Words and drawings that a page would change: dollars that are no formulas, black and white logos in either theme."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbformat import NotebookNode

    from browser.lab import NotebookPage

    Open = Callable[[NotebookNode], NotebookPage]
    Cells = Callable[..., NotebookNode]

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TESTS = str(Path(__file__).resolve().parents[1])
SIGN = "was $10, now only $5 for all, $$x$$ and \\\\(y\\\\)"
SAID = SIGN.replace("\\\\", "\\")
LOAD = "%load_ext notebookgen\nimport notebookgen as ng\nbox = ng.sandbox(seconds=(0.05, 0.1))"
FORMULAS = "from IPython.display import HTML\nHTML('<p>was $10, now $5</p>')"
SHOWN = (
    f"ng.generate('A sign: {SIGN}', kind='text')",
    f"ng.generate('A sign: {SIGN}', kind='video')",
    f"ng.generate('A sign: {SIGN}', kind='audio')",
    f"signs = ng.map(ng.grid(n=[1, 2]), 'Sign {{n}}: {SIGN}', model='armox:sandbox/picture', budget=math.inf)\nsigns",
    "signs.gallery(by='gen_prompt')",
    f"ng.plan(ng.grid(n=[1, 2]), 'Another {{n}}: {SIGN}', model='armox:sandbox/picture')",
    f"box.configure(fail=1)\nng.map(ng.grid(n=[1, 2]), 'No {{n}}: {SIGN}', model='armox:sandbox/picture-later', budget=math.inf)",
)
DRAW = f"""import sys; sys.path.insert(0, {TESTS!r})
import tempfile
from pathlib import Path
from PIL import Image
from drawn_files import picture_file
from rows_drawn import delivered, results_of
import polars as pl
logos = []
for name, colour in (('black', (0, 0, 0, 255)), ('white', (255, 255, 255, 255))):
    image = Image.new('RGBA', (120, 120))
    image.paste(colour, (30, 30, 90, 90))
    logos.append(delivered(name, picture_file(Path(tempfile.mkdtemp()) / f'{{name}}.png', image)))
rows = results_of(pl.DataFrame({{'n': [0, 1]}}), logos)"""
THEME = "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
IS_LIGHT = "wanted => document.body.dataset.jpThemeLight === wanted"
# The contrast of each picture's middle with what lies behind its edge.
CONTRAST = """cell => [...cell.querySelectorAll('.jp-OutputArea-output img')].map(img => {
    const canvas = Object.assign(document.createElement('canvas'), {width: img.naturalWidth, height: img.naturalHeight});
    const pen = canvas.getContext('2d'); pen.drawImage(img, 0, 0);
    const ink = [...pen.getImageData(img.naturalWidth / 2, img.naturalHeight / 2, 1, 1).data].slice(0, 3);
    const number = c => (c.match(/[0-9.]+/g) || []).map(Number);
    const all = []; for (let e = img; e; e = e.parentElement) all.unshift(number(getComputedStyle(e).backgroundColor));
    const under = all.filter(c => c.length).reduce((under, top) => { const a = top.length > 3 ? top[3] : 1;
        return [0, 1, 2].map(n => top[n] * a + under[n] * (1 - a)) }, [255, 255, 255]);
    const light = c => c.map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
    const [a, b] = [light(ink), light(under)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05) })"""


def test_dollars_are_money(notebook: Open, cells: Cells, pictures: Path) -> None:
    """Prompts, texts, labels, plans and the words of a failure stand as they are, where a formula would be typeset."""
    page = notebook(cells(f"import math\n{LOAD}", *SHOWN, FORMULAS))
    page.run_all()
    page.save()
    formula = page.cell(len(SHOWN) + 1).locator("mjx-container")
    formula.first.wait_for(timeout=60_000)  # from here on all before it would be
    page.picture(pictures / "dollars.png")

    assert [] == page.trouble()
    for place, source in enumerate(SHOWN, start=1):
        outputs = page.cell(place).locator(".jp-OutputArea-output")
        words = " ".join(" ".join(outputs.all_inner_texts()).split())
        assert 0 == outputs.locator("mjx-container").count(), source
        assert SAID in words, source


def test_logos_are_seen_in_either_theme(notebook: Open, cells: Cells, pictures: Path) -> None:
    """Black and white drawings on nothing are told from what they stand on, alone and in a gallery."""
    page = notebook(cells(DRAW, "rows[0]", "rows[1]", "rows"))
    page.run_all()
    for theme, light in (("JupyterLab Dark", "false"), ("JupyterLab Light", "true")):
        page.page.evaluate(THEME, theme)
        page.page.wait_for_function(IS_LIGHT, arg=light)
        page.picture(pictures / f"logos-{light}.png")
        contrasts = [one for cell in (1, 2, 3) for one in page.cell(cell).evaluate(CONTRAST)]
        assert 4 == len(contrasts)
        assert min(contrasts) > 7

    assert [] == page.trouble()
