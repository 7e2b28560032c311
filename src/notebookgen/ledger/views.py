"""Frames as a person reads them: models, costs and runs as a short table, in a terminal and in a notebook.

The frame behind a table has everything; the table has what is looked for, spelled out and never cut.
"""

from __future__ import annotations

import html
import shutil
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from notebookgen.ledger.frame import findings_frame, models_frame
from notebookgen.ledger.summing import ENDED_BADLY
from notebookgen.normal import NO_MATHS, amount_words, plain_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import polars as pl

    from notebookgen.ledger.frame import Ledger
    from notebookgen.records import Model

__all__ = ["View", "audit_view", "costs_view", "models_view", "runs_view", "totals_view"]

GAP = "  "
INDENT = "    "
LISTED = " (listed)"
PLAY = " (play money)"
# Inline styles only, of the kind that notebook sanitizers keep; a long table scrolls where styles count.
BOX = "max-height:32em;overflow:auto;font-size:13px"
CELL = "text-align:left;white-space:nowrap;padding:2px 14px 2px 0"
NUMBER = "text-align:right;white-space:nowrap;padding:2px 14px 2px 0"
BAR = 24  # characters
EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")
FULL, EMPTY = "rgba(66,133,214,0.85)", "rgba(128,128,128,0.18)"
STANDS = ("saved", "open", "ambiguous", *ENDED_BADLY)


@dataclass(frozen=True, slots=True, repr=False)
class View:
    """A table to be read. What it has no attribute for is the frame's: ``view["model"]``, ``view.filter(...)``.

    Attributes:
        frame: Everything, as a Polars DataFrame.
        columns: The columns' titles.
        rows: The cells, as they are shown.
        wide: The place of the column that may take a line of its own where the table is wider than the screen.
        numbers: The places of the columns that stand at the right.
        note: Lines below the table, or in its place where it has no rows.
        bars: For each row how long its bar is, from 0 to 1, at the end of the row; None for a row without one.
    """

    frame: pl.DataFrame
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    wide: int = 0
    numbers: frozenset[int] = frozenset()
    note: str = ""
    bars: tuple[float | None, ...] = ()

    def __repr__(self) -> str:
        return self.text(shutil.get_terminal_size((100, 24)).columns)

    def __str__(self) -> str:
        return repr(self)

    def __len__(self) -> int:
        return len(self.frame)

    def __iter__(self) -> Iterator[pl.Series]:
        return iter(self.frame)

    def __getitem__(self, key: Any) -> Any:
        return self.frame[key]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # a front end that looks for other representations gets the table's, not the frame's
            raise AttributeError(name)
        return getattr(self.frame, name)

    def text(self, width: int | None, *, head: bool = True) -> str:
        """Return the table as lines.

        Args:
            width: Characters of a line of the screen; None where lines are read by a program.
            head: Whether the columns' titles stand above.
        """
        notes = [self.note] if self.note else []
        if not self.rows:
            return self.note
        cells = [*([self.columns] if head else []), *self.rows]
        widths = [max(len(row[place]) for row in cells) for place in range(len(self.columns))]
        rest = sum(widths) - widths[self.wide] + len(GAP) * (len(widths) - 1)
        if width is not None and rest + widths[self.wide] > width:
            widths[self.wide] = max(width - rest, len(self.columns[self.wide]), 12)
        bars = [*([None] if head else []), *(self.bars or [None] * len(self.rows))]
        room = BAR if width is None else min(BAR, width - sum(widths) - len(GAP) * len(widths))
        lines = [
            line for row, bar in zip(cells, bars, strict=True) for line in self._lines(row, widths, bar_text(bar, room))
        ]
        return "\n".join([*lines, *([""] if notes else []), *notes])

    def _lines(self, row: Sequence[str], widths: Sequence[int], bar: str) -> list[str]:
        """Return a row as a line, or as two where its wide cell does not fit: the cell is never cut."""
        alone = row[self.wide] if len(row[self.wide]) > widths[self.wide] else ""
        shown = ["" if alone and place == self.wide else cell for place, cell in enumerate(row)]
        line = GAP.join(
            f"{cell:>{size}}" if place in self.numbers else f"{cell:{size}}"
            for place, (cell, size) in enumerate(zip(shown, widths, strict=True))
        )
        line = f"{line}{GAP}{bar}".rstrip()
        if not alone:
            return [line]
        return [alone, line] if self.wide == 0 else [line, f"{INDENT}{alone}"]

    def _repr_html_(self) -> str:
        """Return the table for a notebook."""
        told = "<br>".join(map(html.escape, self.note.splitlines()))
        note = f'<p class="{NO_MATHS}" style="margin:4px 0;opacity:0.75">{told}</p>' if told else ""
        if not self.rows:
            return note or "<p></p>"
        styles = [NUMBER if place in self.numbers else CELL for place in range(len(self.columns))]
        head = "".join(
            f'<th style="{style}">{html.escape(one)}</th>' for one, style in zip(self.columns, styles, strict=True)
        )
        head += f'<th style="{CELL}"></th>' if self.bars else ""
        body = "".join(
            "<tr>"
            + "".join(f'<td style="{style}">{html.escape(one)}</td>' for one, style in zip(row, styles, strict=True))
            + (f'<td style="{CELL}">{bar_markup(bar)}</td>' if self.bars else "")
            + "</tr>"
            for row, bar in zip(self.rows, self.bars or [None] * len(self.rows), strict=True)
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f'<div class="{NO_MATHS}" style="{BOX}">{table}</div>{note}'


def bar_text(share: float | None, room: int) -> str:
    """Return a bar of block characters; what is more than nothing is seen."""
    if share is None or room < 1:
        return ""
    eighths = max(round(share * room * 8), 1 if share > 0 else 0)
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8]


def bar_markup(share: float | None) -> str:
    """Return a bar of plain boxes, whose colours stand on light and on dark; it says nothing that the row does not."""
    if share is None:
        return ""
    length = f"{max(share * 100, 1 if share > 0 else 0):.1f}%"
    full = f'<div style="width:{length};height:10px;background-color:{FULL};border-radius:2px"></div>'
    return f'<div style="width:{BAR * 6}px;height:10px;background-color:{EMPTY};border-radius:2px">{full}</div>'


def models_view(models: Sequence[Model], note: str = "") -> View:
    """Return models with what they make and what they cost, as far as a price list says.

    Args:
        models: The models, in the order in which they are shown.
        note: A line below.
    """
    rows = tuple((str(one), one.kind or "", str(one.cost).removesuffix(LISTED)) for one in models)
    return View(models_frame(models), ("model", "kind", "listed price"), rows, note=note)


def costs_view(ledger: Ledger, by: str, *, sandbox: bool, command: str) -> View:
    """Return what was spent.

    Args:
        ledger: Whose costs.
        by: The column by which they are added up.
        sandbox: Whether to count what the sandbox made.
        command: What a person types for this table, for the line that stands where there is nothing to show.

    Raises:
        InvalidCall: There is no such column.
    """
    frame = ledger.totals(by, sandbox=sandbox)
    note = _caps_note(ledger)
    if frame.is_empty():
        played = not sandbox and not ledger.totals("provider", sandbox=True).is_empty()
        typed = command if command.endswith(")") else f"{command} --sandbox"
        note = "Nothing was asked for yet, so nothing was spent."
        if played:
            note = f"Nothing was spent. With the sandbox's play money: {typed}"
    return totals_view(frame, by, note)


def _caps_note(ledger: Ledger) -> str:
    """Return a line for each cap of the ledger: what is left of it."""
    lines = []
    for one in ledger.caps().iter_rows(named=True):
        left = plain_number(max(one["left"], Decimal(0)))
        span = {"day": " today (UTC)", "month": " this month (UTC)"}.get(one["per"], "")
        lines.append(f"cap: {left} of {amount_words(one['amount'], one['unit'])} left{span} for {one['provider']}")
    return "\n".join(lines)


def totals_view(frame: pl.DataFrame, by: str, note: str = "") -> View:
    """Return sums of costs.

    Args:
        frame: What ``Ledger.totals`` gives.
        by: The column by which they are added up.
        note: The line that stands where there is nothing to show.
    """
    owner = by not in {"model", "provider"}
    reserved = any(one for one in frame["reserved"])
    rows = []
    for one in frame.iter_rows(named=True):
        what = f"{one['provider']}:{one['model']}" if by == "model" else str(one[by] if one[by] is not None else "-")
        spent = _spent(one) + (PLAY if one.get("sandbox") else "")
        cells = [what, *([one["provider"]] if owner else []), str(one["attempts"]), str(one["made"]), spent]
        rows.append((*cells, *([_amount(one["reserved"], one["unit"])] if reserved else [])))
    most: dict[tuple[str | None, bool], Decimal] = {}
    for one in frame.iter_rows(named=True):
        most[_scale(one)] = max(most.get(_scale(one), Decimal(0)), one["net"] or Decimal(0))
    bars = tuple(
        float(max(one["net"], Decimal(0)) / most[_scale(one)]) if one["net"] is not None and most[_scale(one)] else None
        for one in frame.iter_rows(named=True)
    )
    columns = (by, *(["provider"] if owner else []), "attempts", "made", "spent", *(["set aside"] if reserved else []))
    numbers = frozenset(place for place, name in enumerate(columns) if name in {"attempts", "made"})
    return View(frame, columns, tuple(rows), numbers=numbers, note=note, bars=bars if any(bars) else ())


def _scale(row: Mapping[str, Any]) -> tuple[str | None, bool]:
    """Return which rows share a scale: those of one unit, and play money by itself."""
    return row["unit"], bool(row.get("sandbox"))


def _spent(row: Mapping[str, Any]) -> str:
    """Return an amount, and how many of its rows nobody knows the cost of."""
    if row["net"] is None:
        return "unknown"
    known = _amount(row["net"], row["unit"])
    return f"{known} and {row['cost_unknown']} of unknown cost" if row["cost_unknown"] else known


def _amount(amount: Any, unit: str | None) -> str:
    """Return an amount in its unit; nothing at all is no amount of anything."""
    return amount_words(amount, unit) if amount and unit else "0"


def runs_view(frame: pl.DataFrame) -> View:
    """Return the runs: when (in this machine's time), how their rows stand, what they cost, with which models.

    Args:
        frame: What ``Ledger.runs`` gives.
    """
    found = list(frame.iter_rows(named=True))
    tagged = any(one["tag"] for one in found)
    rows = []
    for one in found:
        stands = ", ".join(f"{one[name]} {name}" for name in STANDS if one[name])
        unsent = one["rows"] - sum(one[name] for name in STANDS)
        stands += f", {unsent} not sent" if stands and unsent > 0 else ""
        cells = (one["run"], f"{one['at'].astimezone():%Y-%m-%d %H:%M}", stands or "nothing sent", _spent(one))
        model = one["model"] + (PLAY if one["sandbox"] and "sandbox" not in one["model"] else "")
        rows.append((*cells, *([one["tag"] or ""] if tagged else []), model))
    columns = ("run", "when", "rows", "spent", *(["tag"] if tagged else []), "model")
    note = "" if rows else "No runs yet: nothing was asked for."
    return View(frame, columns, tuple(rows), wide=len(columns) - 1, note=note)


def audit_view(findings: Sequence[Mapping[str, Any]]) -> View:
    """Return what the comparison of the ledger with the providers came to.

    Args:
        findings: ``provider``, ``account``, ``finding``, ``job``, ``id``, ``ledger``, ``told``, ``unit``, ``words`` each.
    """
    frame = findings_frame(findings)
    rows = tuple((one["provider"], one["finding"], one["words"]) for one in findings)
    note = "" if rows else "There is no account to compare with: no key is set."
    return View(frame, ("provider", "finding", "what was found"), rows, wide=2, note=note)
