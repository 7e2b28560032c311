"""Takes the pictures of the documentation again: ``make screenshots``. Run from the folder tests, as a module.

The sandbox draws the same picture for the same prompt, so that a picture here changes only when notebookgen or
JupyterLab look different.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from PIL import Image

from browser.chrome import Chrome
from browser.lab import NotebookPage
from browser.server import LabServer

if TYPE_CHECKING:
    from collections.abc import Collection

QUALITY = 90
LOAD = "%load_ext notebookgen"
STUDY = """study = ng.grid(
    animal=["fox", "hare", "owl"],
    style=["a woodcut", "an oil painting", "a pencil sketch"],
    model=["armox:google/nano-banana", "apixo:nano-banana"],
)
drawn = ng.map(study, "A {animal} in the snow, {style}", model=ng.col("model"), budget={"USD": 1, "credits": 2000})"""
STORIES = {
    "first-picture": (
        LOAD,
        "%%generate -s aspect_ratio=16:9 -o fox\nA red fox in the snow, at dawn",
        "%generate cost --by model --sandbox",
    ),
    "several": (LOAD, "%%generate -n 4\nA sailing boat on a calm lake, mountains behind, travel poster"),
    "bulk": (
        "%load_ext notebookgen\nimport notebookgen as ng\nbox = ng.sandbox(seconds=(0.3, 0.9), fail=0.15)",
        'pets = ng.grid(animal=["fox", "hare", "owl"], style=["a woodcut", "an oil painting"])',
        "%%generate --over pets -m armox:sandbox/picture-later --budget 400 --dry-run\nA {animal} in the snow, {style}",
        "%%generate --over pets -m armox:sandbox/picture-later --budget 400 -o drawn\nA {animal} in the snow, {style}",
    ),
    "gallery": (
        "%load_ext notebookgen\nimport notebookgen as ng\nbox = ng.sandbox(seconds=(0.3, 0.9), fail=0.1)",
        STUDY,
        "drawn.gallery(by=('animal', 'style'), filter={'model': 'armox:google/nano-banana'})",
    ),
    "kinds": (
        LOAD,
        "%%generate --kind video -s duration=3\nA hot-air balloon over the mountains at sunset",
        "%%generate --kind audio -s seconds=4\nA slow morning melody",
    ),
    "sharing": (
        f"{LOAD}\nimport notebookgen as ng\nbox = ng.sandbox(seconds=(0.3, 0.9))",
        "%%generate --kind video -s duration=3\nA hot-air balloon over the mountains at sunset",
        "%%generate -m armox:sandbox/solid\nA small lighthouse",
        'pets = ng.grid(animal=["cat", "fox", "owl"])\nbox.configure(fail=0.55)',
        "%%generate --over pets -m armox:sandbox/picture-later --budget 400\nA {animal} in the snow",
    ),
    "mistakes": (LOAD, 'weather = "rain"', "%%generate\nA lighthouse in the {wether}"),
}

STRANGERS = {"sharing"}  # taken as somebody sees it who has the file alone, and does not trust it


def lighter(file: Path) -> None:
    """Write a screenshot as WebP: a fifth of the size, and no difference to the eye."""
    with Image.open(file) as picture:
        picture.convert("RGB").save(file.with_suffix(".webp"), quality=QUALITY, method=6)
    file.unlink()


def strange(server: LabServer, chrome: Chrome, name: str) -> NotebookPage:
    """Open a saved notebook as somebody else's: without its media, and not trusted."""
    shutil.rmtree(server.home / "media")
    content = nbformat.read(server.root / f"{name}.ipynb", as_version=4)
    content.metadata["from"] = "somebody else"
    for cell in content.cells:
        cell.metadata.pop("trusted", None)
    nbformat.write(content, server.root / f"{name}-2.ipynb")
    page = NotebookPage(chrome.page(), server, f"{name}-2.ipynb").open()
    if set(page.trusted()) != {False}:
        raise RuntimeError("JupyterLab trusts a notebook that it has not run")
    return page


def take(folder: Path, names: Collection[str] = ()) -> None:
    """Take each picture into a folder, or those that are named."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as root, LabServer(Path(root)) as server, Chrome() as chrome:
        for name, sources in STORIES.items():
            if names and name not in names:
                continue
            content = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
            content.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
            nbformat.write(content, server.root / f"{name}.ipynb")
            page = NotebookPage(chrome.page(), server, f"{name}.ipynb").open()
            page.run_all()
            if name in STRANGERS:
                page.save()
                page.page.close()
                page = strange(server, chrome, name)
            page.picture(folder / f"{name}.png", around_cells=True)
            page.page.close()
            lighter(folder / f"{name}.png")
            sys.stdout.write(f"{folder / name}.webp\n")


if __name__ == "__main__":
    take(Path(sys.argv[1]), sys.argv[2:])
