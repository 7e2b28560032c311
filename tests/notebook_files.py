"""Notebook files as tests need them: run as a person runs them, or written by hand and as wrong as files of people are."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import surroundings

if TYPE_CHECKING:
    from pathlib import Path

    from nbformat import NotebookNode

SECONDS = 60  # for one cell
WIDGET = "application/vnd.jupyter.widget-view+json"


def shown(**data: Any) -> dict[str, Any]:
    """Return an output of MIME types, written ``text_html=``."""
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {mime.replace("_", "/", 1): value for mime, value in data.items()},
    }


def page(html: str, words: str = "<IPython.core.display.HTML object>") -> dict[str, Any]:
    """Return an output of HTML, as IPython writes it."""
    return shown(text_html=html, text_plain=words)


def printed(text: str) -> dict[str, Any]:
    """Return what a cell has printed."""
    return {"output_type": "stream", "name": "stdout", "text": text}


def widget(model: str = "a1", words: str = "IntSlider(value=0)") -> dict[str, Any]:
    """Return an output that is a widget."""
    view = {"model_id": model, "version_major": 2, "version_minor": 0}
    return {"output_type": "display_data", "metadata": {}, "data": {WIDGET: view, "text/plain": words}}


def code(source: str, *outputs: dict[str, Any], count: int | None = None) -> dict[str, Any]:
    """Return a code cell."""
    return {
        "cell_type": "code",
        "id": f"c{abs(hash(source)) % 10**8}",
        "source": source,
        "outputs": list(outputs),
        "execution_count": count,
        "metadata": {},
    }


def prose(source: str, **more: Any) -> dict[str, Any]:
    """Return a Markdown cell."""
    return {"cell_type": "markdown", "id": f"m{abs(hash(source)) % 10**8}", "source": source, "metadata": {}, **more}


def notebook(*cells: Any, **metadata: Any) -> dict[str, Any]:
    """Return a notebook."""
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": list(cells)}


def written(file: Path, content: object) -> Path:
    """Write a notebook, or anything else as JSON, into a file."""
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


def executed(file: Path, folder: Path, person: Path) -> NotebookNode:
    """Run a notebook with its own kernel in a folder, as a person; the first cell that ends in an error raises."""
    import nbclient
    import nbformat

    notebook = nbformat.read(file, as_version=4)
    nbclient.NotebookClient(
        notebook, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute(env=surroundings.environment(os.environ, person))
    return notebook
