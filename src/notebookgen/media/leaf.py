"""What one page of a gallery holds, before it is HTML or words: its results, their labels, and what is said around them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from notebookgen.media.captions import DOT, cost_words, error_lines, line, shorten
from notebookgen.media.places import place
from notebookgen.media.shown import Shown  # noqa: TC001 - the dataclasses' own annotations are read at run time by tools
from notebookgen.normal import duration

__all__ = ["Entry", "Label", "Leaf", "place_words", "words"]

MOST_PATHS = 3
TIMES = "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One result on a page.

    Attributes:
        shown: What it is.
        number: Its place in the run; None where it needs no name.
        note: What a person wants to be told of it, instead of its prompt.
        row, column: Under which labels of the page it stands.
    """

    shown: Shown
    number: int | None = None
    note: str = ""
    row: int = 0
    column: int = 0

    @property
    def label(self) -> str:
        """What it is called: ``[7]``, as it is had from the results."""
        return "" if self.number is None else f"[{self.number}]"


@dataclass(frozen=True, slots=True)
class Label:
    """What stands before a group, a row or a column.

    Attributes:
        name: The value that its results have in common.
        said: What came of all of them, on whichever page they are.
    """

    name: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page.

    Attributes:
        entries: Its results, in their order.
        heading: What is said of all results.
        axes: The names of the columns by which they are grouped: none, one (groups), or two (rows and columns).
        rows: The labels of groups, or of a matrix's rows.
        columns: The labels of a matrix's columns.
        said: What is said below: which page this is, and how to see the others.
        compared: Whether the input images stand beside what came of them.
    """

    entries: tuple[Entry, ...]
    heading: str = ""
    axes: tuple[str, ...] = ()
    rows: tuple[Label, ...] = ()
    columns: tuple[Label, ...] = ()
    said: tuple[str, ...] = ()
    compared: bool = False

    def at(self, row: int, column: int = 0) -> list[int]:
        """Return which entries stand under some labels."""
        return [place for place, one in enumerate(self.entries) if (one.row, one.column) == (row, column)]


def words(leaf: Leaf, most: int = 1_000, *, rest: int = 0) -> str:
    """Return a page in words: what it shows as pictures, in lines.

    Args:
        leaf: The page.
        most: Of how many results there is a line, at the most.
        rest: How many more results there are, of which the page says nothing itself.
    """
    lines = [line(leaf.heading)] if leaf.heading else []
    if len(leaf.axes) == 2:
        lines.append(f"{line(leaf.axes[0])} {TIMES} {line(leaf.axes[1])}")
        lines += [f"  {line(label.name)}: {line(label.said)}" for label in leaf.columns if label.said]
    before = -1
    for entry in leaf.entries[:most]:
        if leaf.axes and entry.row != before:
            before, label = entry.row, leaf.rows[entry.row]
            lines.append(DOT.join(filter(None, (f"{line(leaf.axes[0])}: {shorten(label.name, 80)}", line(label.said)))))
        under = shorten(leaf.columns[entry.column].name, 60) if leaf.columns else ""
        lines.append("  " * bool(leaf.axes) + row(entry, under, compared=leaf.compared))
    more = max(len(leaf.entries) - most, 0) + rest
    lines += [f"… and {more} more"] if more > 0 else []
    lines += [] if leaf.entries else ["no results"]
    return "\n".join([*lines, *(line(one) for one in leaf.said)])


def row(entry: Entry, under: str = "", *, compared: bool = False) -> str:
    """Return one result of several as one line."""
    shown = entry.shown
    sources = [one if isinstance(one, str) else place(one.path) for one in shown.inputs] if compared else []
    parts = [
        f"{entry.label} {line(shown.status)}".strip(),
        under,
        line(entry.note),
        cost_words(shown.cost),
        "cached" if shown.cached else "",
        duration(shown.seconds) if shown.seconds is not None else "",
        next(iter(error_lines(shown, 1)), ""),
        ", ".join(place(asset.path) for asset in shown.assets[:MOST_PATHS]),
        f"from {', '.join(line(one) for one in sources[:MOST_PATHS])}" if sources else "",
        shorten(shown.text, 80) if shown.text and not shown.assets else "",
    ]
    return DOT.join(filter(None, parts))


def place_words(value: object) -> str:
    """Return a value as it labels a group: one line, never empty."""
    if value is None:
        return "none"
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        value = int(value)
    return shorten(str(value), 120) or "(empty)"
