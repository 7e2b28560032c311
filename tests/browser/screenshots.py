"""Takes the pictures of the documentation again: ``make screenshots``. Run from the folder tests, as a module.

The sandbox draws the same picture for the same prompt, so that a picture here changes only when notebookgen or
JupyterLab look different.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import nbformat
from PIL import Image

from browser.chrome import Chrome
from browser.lab import NotebookPage
from browser.server import LabServer

QUALITY = 90
LOAD = "%load_ext notebookgen"
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
    "kinds": (
        LOAD,
        "%%generate --kind video -s duration=3\nA hot-air balloon over the mountains at sunset",
        "%%generate --kind audio -s seconds=4\nA slow morning melody",
    ),
    "mistakes": (LOAD, 'weather = "rain"', "%%generate\nA lighthouse in the {wether}"),
}


def lighter(file: Path) -> None:
    """Write a screenshot as WebP: a fifth of the size, and no difference to the eye."""
    with Image.open(file) as picture:
        picture.convert("RGB").save(file.with_suffix(".webp"), quality=QUALITY, method=6)
    file.unlink()


def take(folder: Path) -> None:
    """Take each picture into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as root, LabServer(Path(root)) as server, Chrome() as chrome:
        for name, sources in STORIES.items():
            content = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
            content.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
            nbformat.write(content, server.root / f"{name}.ipynb")
            page = NotebookPage(chrome.page(), server, f"{name}.ipynb").open()
            page.run_all()
            page.picture(folder / f"{name}.png", around_cells=True)
            page.page.close()
            lighter(folder / f"{name}.png")
            sys.stdout.write(f"{folder / name}.webp\n")


if __name__ == "__main__":
    take(Path(sys.argv[1]))
