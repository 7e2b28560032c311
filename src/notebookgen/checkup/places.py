"""Where a notebook is read, and what is kept and taken away there: one table. Pure.

``seen`` was tried with the releases that are named; ``read`` stands in the reader's own source or pages; ``told`` is
what people report, where nobody says it officially.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["PLACES", "WIDGET", "Place"]

WIDGET = "application/vnd.jupyter.widget-view+json"
SCRIPTS = ("application/javascript", "text/javascript")
PICTURES = ("image/bmp", "image/png", "image/jpeg", "image/gif", "image/webp")
LAB = ("text/html", "text/markdown", "text/latex")
# https://nbconvert.readthedocs.io: display_data_priority of the two exporters, as nbconvert 7.17 has it.
PAGE = ("text/html", "text/markdown", "image/svg+xml", "text/vnd.mermaid", "text/latex", "image/png", "image/jpeg")
LETTERS = ("text/html", "text/markdown", "image/svg+xml", "text/latex", "image/png", "image/jpeg")
# NOTEBOOK_DISPLAY_ORDER of microsoft/vscode, and the types that its own renderer draws.
CODE = ("application/json", *SCRIPTS, "text/html", "image/svg+xml", "text/latex", "text/markdown", "image/png")
PLAIN = "text/plain"

Taken = Literal["nested", "player", "script", "frame", "drawing", "custom"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a notebook is read.

    Attributes:
        name: As it stands in the table.
        order: The MIME types that are drawn there, the preferred first; of an output the first that it has is shown.
        takes: What is taken out of HTML: the address of a player on ``<source>``, players, scripts, frames, inline
            SVG, elements of somebody's own. (Style sheets go as well; what they style stays.)
        reaches: What an address may lead to there: the ``web``, or files ``beside`` the notebook.
        widgets: What is done with a widget whose state is not saved: ``lost`` leaves an error or a gap, ``words`` its
            text. With its state, a place that draws widgets draws it, from the network where it says so.
        fetches_widgets: Whether the code of the widgets comes from the network.
        needs_state: Whether a file whose ``metadata.widgets`` lacks its ``state`` is not shown at all.
        hears_aac: Whether the sound of usual MP4 files is heard.
        basis: How this is known.
    """

    name: str
    order: tuple[str, ...]
    takes: frozenset[Taken] = frozenset()
    reaches: frozenset[str] = frozenset({"web", "beside"})
    widgets: Literal["lost", "words"] = "words"
    fetches_widgets: bool = False
    needs_state: bool = False
    hears_aac: bool = True
    basis: Literal["seen", "read", "told"] = "seen"


# JupyterLab 4.6 (sanitize-html 2.17): <source src>, script, iframe, object, embed, svg and custom elements go.
SANITIZED: frozenset[Taken] = frozenset({"nested", "script", "frame", "drawing", "custom"})

PLACES: tuple[Place, ...] = (
    Place(
        "JupyterLab, trusted",
        (WIDGET, "application/json", *LAB, "image/svg+xml", *PICTURES, *SCRIPTS, PLAIN),
        widgets="lost",
    ),
    Place(
        "JupyterLab, not trusted",
        ("application/json", *LAB, *PICTURES, PLAIN),
        SANITIZED,
    ),
    Place(
        # https://github.com/jupyter/notebook/issues/2380 and https://github.com/googlecolab/colabtools/issues/5288
        "GitHub",
        ("text/html", "text/markdown", "text/latex", "image/png", "image/jpeg", PLAIN),
        SANITIZED | {"player"},
        frozenset({"web"}),
        needs_state=True,
        basis="told",
    ),
    Place(
        # Relative addresses count from the notebook (its <base>): microsoft/vscode, backLayerWebView.ts. No AAC:
        # https://github.com/microsoft/vscode/issues/167685
        "VS Code",
        (WIDGET, *CODE, "image/jpeg", "image/gif", PLAIN),
        widgets="lost",
        fetches_widgets=True,
        hears_aac=False,
        basis="read",
    ),
    Place(
        "nbconvert to HTML",
        (WIDGET, *SCRIPTS[:1], *PAGE, PLAIN),
        fetches_widgets=True,
        needs_state=True,
    ),
    Place("nbconvert to Markdown", (*LETTERS, PLAIN)),
    Place(
        "this file alone, offline",
        ("application/json", *LAB, *PICTURES, PLAIN),
        SANITIZED,
        frozenset(),
    ),
)
