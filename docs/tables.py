"""Parts of the pages that are drawn from the code's own tables while the documentation is built.

``{states-diagram}`` draws the states of a generation and the moves between them as SVG, from ``jobs.states.MOVES``;
``{states-moves}`` lists the same moves with their reasons. Neither can say anything that the engine does not do.
``{readers}`` lists where a notebook is read and what is kept there, from the table that the doctor goes by.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive

from notebookgen.checkup.places import PLACES as READERS
from notebookgen.jobs.states import HELD, MOVES, OVER, State

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# Where each state stands: column, row. The way that everything should go is the top row.
PLACES = {
    State.PLANNED: (0.0, 0.0),
    State.INTENT: (1.0, 0.0),
    State.SUBMITTED: (2.0, 0.0),
    State.COMPLETED: (3.0, 0.0),
    State.SAVED: (4.0, 0.0),
    State.SKIPPED: (0.0, 1.0),
    State.INVALID: (0.0, 2.0),
    State.REFUSED: (1.0, 3.0),
    State.AMBIGUOUS: (2.0, 2.0),
    State.CANCELLED: (3.0, 1.0),
    State.FAILED: (4.0, 3.0),
}
WIDE, HIGH, ACROSS, DOWN, MARGIN = 104, 34, 162, 74, 36
BENDS = (0, 30, -30, 60, -60, 90, -90, 120, -120)
AIR = 4  # pixels between an arrow and a box that is none of its ends

TAKEN = {
    "script": "scripts",
    "frame": "frames",
    "drawing": "inline SVG",
    "custom": "elements of somebody's own",
    "nested": "the address of a player on <source>",
    "player": "players",
}
REACHED = {"web": "the web", "beside": "files beside it"}
BASES = {"seen": "tried", "read": "from its source", "told": "as people tell"}

Point = tuple[float, float]


def middle(state: State) -> Point:
    """Return the middle of a state's box."""
    column, row = PLACES[state]
    return MARGIN + column * ACROSS + WIDE / 2, MARGIN + row * DOWN + HIGH / 2


def inside(point: Point, state: State, air: float) -> bool:
    """Whether a point is in a state's box or nearer to it than ``air``."""
    x, y = middle(state)
    return abs(point[0] - x) <= WIDE / 2 + air and abs(point[1] - y) <= HIGH / 2 + air


def curve(old: State, new: State, bend: float) -> list[Point]:
    """Return a bent way from one box to the other, as points from its rim to that of the other."""
    (x1, y1), (x2, y2) = middle(old), middle(new)
    length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
    across = (y2 - y1) / length, (x1 - x2) / length
    aside = -7 if old in MOVES[new] else 0  # two that point at each other stand apart
    knee = (x1 + x2) / 2 + across[0] * bend * 2, (y1 + y2) / 2 + across[1] * bend * 2
    steps = [at / 60 for at in range(61)]
    points = [
        (
            (1 - t) ** 2 * x1 + 2 * t * (1 - t) * knee[0] + t * t * x2 + across[0] * aside,
            (1 - t) ** 2 * y1 + 2 * t * (1 - t) * knee[1] + t * t * y2 + across[1] * aside,
        )
        for t in steps
    ]
    return [point for point in points if not (inside(point, old, 1) or inside(point, new, 3))]


def way(old: State, new: State) -> str:
    """Return the SVG path of an arrow: the straightest that crosses no other box."""
    others = [state for state in State if state not in {old, new}]
    ways = [curve(old, new, bend) for bend in BENDS]
    free = (one for one in ways if not any(inside(point, other, AIR) for point in one for other in others))
    return "M" + " L".join(f"{x:.1f},{y:.1f}" for x, y in next(free, ways[0]))


def diagram() -> str:
    """Return the table of moves as SVG that is legible on light and on dark pages."""
    columns, rows = (max(place[axis] for place in PLACES.values()) for axis in (0, 1))
    width, height = 2 * MARGIN + columns * ACROSS + WIDE, 2 * MARGIN + rows * DOWN + HIGH
    parts = [
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="States of a generation" '
        f'style="max-width:{width:.0f}px;width:100%;color:inherit" font-family="sans-serif" font-size="13">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0,1 L7,4 L0,7" fill="none" stroke="currentColor"/></marker></defs>',
    ]
    for old, moves in MOVES.items():
        for new, why in moves.items():
            parts.append(
                f'<path d="{way(old, new)}" fill="none" stroke="currentColor" stroke-opacity=".55" '
                f'marker-end="url(#tip)"><title>{escape(f"{old} → {new}: {why}")}</title></path>'
            )
    for state in State:
        x, y = middle(state)
        dash = ' stroke-dasharray="5 3"' if state in HELD else ""
        weight = 2 if state in OVER else 1
        parts.append(
            f'<rect x="{x - WIDE / 2:.0f}" y="{y - HIGH / 2:.0f}" width="{WIDE}" height="{HIGH}" rx="7" '
            f'fill="currentColor" fill-opacity=".06" stroke="currentColor" stroke-width="{weight}"{dash}/>'
            f'<text x="{x:.0f}" y="{y + 4:.0f}" text-anchor="middle" fill="currentColor">{escape(state.value)}</text>'
        )
    return "\n".join([*parts, "</svg>"])


class StatesDiagram(Directive):
    """Draw the states."""

    has_content: ClassVar[bool] = False

    def run(self) -> list[nodes.Node]:
        """Return the drawing as raw HTML."""
        missing = set(State) - set(PLACES)
        if missing:
            raise self.error(f"docs/tables.py has no place for {', '.join(sorted(missing))}")
        return [nodes.raw("", f'<figure style="margin:1.5rem 0">{diagram()}</figure>', format="html")]


class StatesMoves(Directive):
    """List the moves between the states."""

    has_content: ClassVar[bool] = False

    def run(self) -> list[nodes.Node]:
        """Return a table with one row for each move."""
        rows = [(old.value, new.value, why) for old, moves in MOVES.items() for new, why in moves.items()]
        return [listed(("from", "to", "when"), (1, 1, 3), rows)]


class Readers(Directive):
    """List the places in which a notebook is read."""

    has_content: ClassVar[bool] = False

    def run(self) -> list[nodes.Node]:
        """Return a table with one row for each place."""
        rows = [
            (
                place.name,
                ", ".join(TAKEN[one] for one in TAKEN if one in place.takes) or "nothing",
                ", ".join(mime.partition("/")[2].partition("+")[0] for mime in place.order if mime.startswith("image/")),
                ", ".join(REACHED[one] for one in REACHED if one in place.reaches) or "nothing but what is embedded",
                BASES[place.basis],
            )
            for place in READERS
        ]
        return [listed(("where", "is taken out of HTML", "pictures drawn", "can be reached", "known"), (2, 3, 2, 2, 1), rows)]


def listed(head: tuple[str, ...], widths: tuple[int, ...], rows: list[tuple[str, ...]]) -> nodes.table:
    """Return a table."""
    table, group = nodes.table(), nodes.tgroup(cols=len(head))
    group += [nodes.colspec(colwidth=width) for width in widths]
    top, body = nodes.thead(), nodes.tbody()
    top += row(*head)
    body += [row(*one) for one in rows]
    group += [top, body]
    table += group
    return table


def row(*texts: str) -> nodes.row:
    """Return a row of a table."""
    made = nodes.row()
    for text in texts:
        cell = nodes.entry()
        cell += nodes.paragraph("", text)
        made += cell
    return made


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx what there is."""
    app.add_directive("states-diagram", StatesDiagram)
    app.add_directive("states-moves", StatesMoves)
    app.add_directive("readers", Readers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
