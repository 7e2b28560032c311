"""Galleries in JupyterLab as a person sees them: drawn at once, whole, also where nothing is trusted; light and dark."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbformat import NotebookNode

    from browser.lab import NotebookPage

    Open = Callable[[NotebookNode], NotebookPage]
    Cells = Callable[..., NotebookNode]

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TESTS = str(Path(__file__).resolve().parents[1])
ROWS = f"import sys; sys.path.insert(0, {TESTS!r})\nimport tempfile\nfrom rows_drawn import drawn_rows\n"
BEGIN = """%load_ext notebookgen
import notebookgen as ng
box = ng.sandbox(seconds=(0.05, 0.1))
pets = ng.grid(animal=["fox", "owl"], style=["a woodcut", "an oil painting"], model=["armox:google/nano-banana", "apixo:nano-banana"])"""
RUN = "%%generate --over pets -m {model} --budget none -o drawn\nA {animal} in the snow, {style}"
# Every picture of a cell: its width once decoded, whether it is seen, and the letters around it, with their contrast.
LOOK = """async (cell) => {
    const out = [...cell.querySelectorAll('.jp-OutputArea-output')];
    const pictures = out.flatMap(o => [...o.querySelectorAll('img')]);
    await Promise.all(pictures.map(p => p.decode().catch(() => null)));
    const box = e => e.getBoundingClientRect();
    const number = c => (c.match(/[0-9.]+/g) || []).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
    const over = (top, under) => { const a = top.length > 3 ? top[3] : 1;
        return [0, 1, 2].map(n => top[n] * a + under[n] * (1 - a)) };
    const behind = e => { const all = []; for (; e; e = e.parentElement) all.unshift(number(getComputedStyle(e).backgroundColor));
        return all.filter(c => c.length).reduce((under, top) => over(top, under), [255, 255, 255]) };
    const opacity = e => { let all = 1; for (; e; e = e.parentElement) all *= Number(getComputedStyle(e).opacity); return all };
    const words = out.flatMap(o => [...o.querySelectorAll('div, span, th, td')])
        .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()));
    const contrast = words.map(e => { const back = behind(e); const ink = number(getComputedStyle(e).color);
        const seen = over([...ink.slice(0, 3), opacity(e)], back);
        const [a, b] = [light(seen), light(back)].sort((x, y) => y - x); return (a + 0.05) / (b + 0.05) });
    return {
        loaded: pictures.filter(p => p.naturalWidth > 0 && box(p).width > 40).length,
        pictures: pictures.length,
        alts: pictures.map(p => p.alt),
        smallest: Math.min(...words.map(e => parseFloat(getComputedStyle(e).fontSize))),
        contrast: Math.min(...contrast),
        rows: out.flatMap(o => [...o.querySelectorAll('tr')]).map(row => [...row.querySelectorAll('th, td')].map(c => Math.round(box(c).left))),
        tops: out.flatMap(o => [...o.querySelectorAll('tbody tr')]).map(row => new Set([...row.querySelectorAll('figure')].map(f => Math.round(box(f).top))).size),
        backs: [...new Set(out.flatMap(o => [...o.querySelectorAll('tr')]).map(e => getComputedStyle(e).backgroundColor))],
    };
}"""
DARK = "() => window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"
LIGHT = "() => window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})"
IS_LIGHT = "(wanted) => document.body.dataset.jpThemeLight === wanted"
# How long the page answered nothing at all, at the most, while a cell was run and its pictures were painted.
BLOCKED = """async (cell) => {
    let worst = 0, last = performance.now();
    const watch = setInterval(() => { const now = performance.now(); worst = Math.max(worst, now - last); last = now }, 10);
    await window.jupyterapp.commands.execute('notebook:run-cell');
    const pictures = [...cell.querySelectorAll('.jp-OutputArea-output img')];
    await Promise.all(pictures.map(p => p.decode().catch(() => null)));
    await new Promise(requestAnimationFrame);
    clearInterval(watch);
    return [pictures.length, worst];
}"""


def look(page: NotebookPage, index: int) -> dict[str, Any]:
    """Return what is seen below the code cell ``index``."""
    page.cell(index).scroll_into_view_if_needed()
    found: dict[str, Any] = page.cell(index).evaluate(LOOK)
    return found


def test_a_study_is_a_table_in_either_theme(notebook: Open, cells: Cells, pictures: Path) -> None:
    """Rows and columns stand under their labels, every picture is drawn with its prompt as alt text, every word is legible."""
    page = notebook(
        cells(
            BEGIN,
            RUN,
            "drawn.gallery(by=('style', 'model'), filter={'animal': 'owl'})",
            "drawn.gallery(by='model')",
            "drawn.contact_sheet()",
        )
    )
    page.run_all()
    page.save()
    page.picture(pictures / "study.png")
    matrix, groups = look(page, 2), look(page, 3)

    assert [] == page.trouble()
    assert (4, 4) == (matrix["loaded"], matrix["pictures"])
    assert 1 == len({tuple(row) for row in matrix["rows"]})
    assert [1, 1] == matrix["tops"]
    assert ["rgba(0, 0, 0, 0)"] == matrix["backs"]
    assert {"A owl in the snow, a woodcut", "A owl in the snow, an oil painting"} == set(matrix["alts"])
    assert 8 == groups["loaded"]
    assert ["image/png"] == [output.mime for output in page.outputs()[4]]
    for theme, wanted in ((DARK, "false"), (LIGHT, "true")):
        page.page.evaluate(theme)
        page.page.wait_for_function(IS_LIGHT, arg=wanted)
        for cell in (1, 2, 3):
            seen = look(page, cell)
            assert seen["contrast"] >= 4.5
            assert seen["smallest"] >= 11
        page.picture(pictures / f"study-{wanted}.png")


def test_an_untrusted_notebook_shows_the_same(notebook: Open, cells: Cells, pictures: Path) -> None:
    """What is saved is opened where nothing of it is trusted: the same pictures under the same labels, before and after."""
    import nbformat

    edit = "%%generate --over drawn.frame[:2] --prefix w_ -m apimodels:gemini-2.5-flash-image --budget none -i {gen_path} -o winter\nIn winter"
    page = notebook(cells(BEGIN, RUN, "drawn.gallery(by=('style', 'model'))", edit, "winter.gallery(before=True)"))
    page.run_all()
    page.save()
    trusted = [look(page, cell) for cell in (2, 4)]
    saved = nbformat.read(page.server.root / page.name, as_version=4)
    saved.cells[0].source += "\n# read elsewhere"
    for cell in saved.cells:
        cell.metadata.pop("trusted", None)
    page = notebook(saved)
    page.picture(pictures / "untrusted.png")
    untrusted = [look(page, cell) for cell in (2, 4)]

    assert not any(page.trusted())
    assert trusted == untrusted
    assert [8, 4] == [one["loaded"] for one in untrusted]
    assert ["before: In winter", "In winter"] * 2 == untrusted[1]["alts"]


def test_a_thousand_rows_do_not_hang_the_page(notebook: Open, cells: Cells) -> None:
    """A page of a hundred and even all thousand in one cell: every picture is painted, and the page goes on to answer."""
    rows = f"{ROWS}rows = drawn_rows(tempfile.mkdtemp(), 1000, 128)"
    page = notebook(
        cells(rows, "rows.gallery(per_page=100)", "rows.gallery(per_page=1000, cell_bytes=20_000_000)", "rows")
    )
    page.run(0)
    page.wait_until_calm()
    found = []
    for cell in (1, 2, 3):
        page.editor(cell).click()
        found.append(page.cell(cell).evaluate(BLOCKED))
        page.wait_until_calm()

    assert [98, 973, 59] == [count for count, _ in found]
    assert max(blocked for _, blocked in found) < 5_000  # a page that hangs says so after that time
    assert [] == page.trouble()
    assert "Page 1 of 17 · 1 to 60 of 1,000 results · the rest: .gallery(page=2)" in page.outputs()[3][0].text


def test_a_large_clip_is_linked_and_played_beside_the_notebook(notebook: Open, cells: Cells) -> None:
    """What no cell may hold plays from its copy in the notebook's folder, and a link leads to it."""
    clip = "%%generate --kind video -s duration=2 --save clips -o clip\nA balloon over the hills"
    page = notebook(
        cells("%load_ext notebookgen\nimport notebookgen as ng\nng.configure(cell_bytes=60_000)", clip, "clip")
    )
    page.run_all()
    link = page.cell(2).locator(".jp-OutputArea-output a").first
    played = page.play(2)

    assert [] == page.trouble()
    assert "clips/a-balloon" in (link.text_content() or "")
    assert "/files/clips/a-balloon" in (link.get_attribute("href") or "")
    assert played.at > 0
    assert 2 == round(played.duration)
