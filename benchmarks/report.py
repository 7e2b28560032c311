"""What a benchmark gives: tables, facts and pictures as values; how they are printed, and how they become Markdown."""

from __future__ import annotations

import os
import platform
import statistics
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Found", "Table", "cells", "machine", "median", "versions"]

SHOWN = ("notebookgen", "requests", "urllib3", "aiohttp", "pycurl", "polars", "tornado", "ipython")


@dataclass(frozen=True, slots=True)
class Table:
    """Figures in rows.

    Attributes:
        title: What is measured.
        columns: Their heads, the first one for what each row is.
        rows: Cells as they are shown.
        note: What has to be known to read it.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def text(self) -> str:
        """Return it for a terminal."""
        widths = [max(len(row[place]) for row in (self.columns, *self.rows)) for place in range(len(self.columns))]
        lines = [
            "  ".join(
                cell.ljust(width) if place == 0 else cell.rjust(width)
                for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in (self.columns, *self.rows)
        ]
        return "\n".join([f"{self.title}:", *lines, *([self.note] if self.note else [])])

    def markdown(self) -> str:
        """Return it for the documentation."""
        rule = ["---", *["--:"] * (len(self.columns) - 1)]
        lines = [
            "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
            for row in (self.columns, rule, *self.rows)
        ]
        return "\n".join([f"**{self.title}**", "", *lines, *(["", self.note] if self.note else [])])


@dataclass(slots=True)
class Found:
    """What one benchmark found.

    Attributes:
        tables: To be shown.
        facts: Single figures by name, for the comparison with what was to be reached.
        pictures: SVG by the name of its file, with what it shows.
    """

    tables: list[Table] = field(default_factory=list)
    facts: dict[str, float] = field(default_factory=dict)
    pictures: dict[str, tuple[str, str]] = field(default_factory=dict)

    def show(self) -> None:
        """Print the tables."""
        print("\n\n".join(table.text() for table in self.tables))

    def add(self, other: Found) -> Found:
        """Take over what another one found."""
        self.tables += other.tables
        self.facts |= other.facts
        self.pictures |= other.pictures
        return self


def median(values: Iterable[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def cells(name: str, values: Sequence[float], form: str = ".1f") -> tuple[str, str, str, str]:
    """Return a row of a name, and of the median, the least and the most of what was measured."""
    return (name, f"{median(values):{form}}", f"{min(values):{form}}", f"{max(values):{form}}")


def machine() -> str:
    """Return what this machine is, in a few words."""
    name = platform.processor() or platform.machine()
    with_name = Path("/proc/cpuinfo")
    if with_name.is_file():
        lines = with_name.read_text(encoding="utf-8", errors="replace").splitlines()
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), name)
    return f"{name}, {os.cpu_count()} processors, {platform.system()}"


def versions() -> str:
    """Return the versions of what took part."""
    told = [f"Python {platform.python_version()}"]
    for name in SHOWN:
        try:
            told.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            told.append(f"no {name}")
    return ", ".join(told)
