"""The files that are kept, as a frame and in a few lines; and a way to make room."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from notebookgen.errors import InvalidCall
from notebookgen.ledger.filesystem import at_home
from notebookgen.ledger.views import View
from notebookgen.media.captions import size_words
from notebookgen.media.housekeeping import kept_files, prune
from notebookgen.normal import count_words, shown_value

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from notebookgen.media.housekeeping import Kept, Pruned

__all__ = ["Media", "read_age"]

SECONDS = {"h": 3600.0, "d": 24 * 3600.0, "w": 7 * 24 * 3600.0, "y": 365 * 24 * 3600.0}
ROLES = ("output", "input", "both", "unneeded")


class Media:
    """The files of a home folder: what came back, and the images that were sent along. Each is kept once, by its content."""

    def __init__(self, home: Path) -> None:
        """Look at a home folder; nothing is read before it is asked for."""
        self._home = home

    @property
    def folder(self) -> Path:
        """Where they are."""
        return self._home / "media"

    @property
    def size(self) -> int:
        """How many bytes they are."""
        return sum(one.size for one in kept_files(self._home) if not one.missing)

    def frame(self) -> pl.DataFrame:
        """Return one row for each file, and for each that the ledger needs and that is not there; the oldest first.

        ``path``, ``sha256``, ``kind``, ``mime``, ``size``; ``at`` (when it was kept) and ``used`` (when it was last asked
        for); ``role`` (``output``, ``input``, ``both`` or ``unneeded``); ``generations`` and ``runs`` that need it;
        ``sandbox`` (whether only the sandbox's do) and ``missing``.
        """
        import polars as pl  # noqa: PLC0415 - Polars loads when a frame is asked for

        found = kept_files(self._home)
        moment = pl.Datetime("us", "UTC")
        schema: dict[str, pl.DataType | type[pl.DataType]] = {
            "path": pl.String, "sha256": pl.String, "kind": pl.String, "mime": pl.String, "size": pl.Int64, "at": moment,
            "used": moment, "role": pl.Enum(ROLES), "generations": pl.List(pl.String), "runs": pl.List(pl.String),
            "sandbox": pl.Boolean, "missing": pl.Boolean,
        }  # fmt: skip
        rows = [
            (
                str(one.path), one.sha256, one.kind, one.mime, one.size, date(one.at), date(one.used), role(one),
                list(dict.fromkeys((*one.outputs, *one.inputs))), list(one.runs), one.sandbox, one.missing,
            )
            for one in found
        ]  # fmt: skip
        return pl.DataFrame(rows, schema=schema, orient="row")

    @staticmethod
    def provenance(path: str | Path) -> dict[str, Any] | None:
        """Return what a saved file says of where it comes from: model, prompt, settings, job, cost, time.

        Args:
            path: The file.

        Returns:
            None where it says nothing of the kind, or cannot be read.
        """
        from notebookgen.media.stamping import read_note  # noqa: PLC0415 - loaded when a file is read

        return read_note(at_home(path))

    def prune(
        self,
        *,
        older_than: str | dt.timedelta | None = None,
        unreferenced: bool = False,
        sandbox: bool = False,
        dry_run: bool = False,
        yes: bool = False,
    ) -> Pruned:
        """Remove files, and what downloads of kernels that are gone have left behind. It is safe beside living kernels.

        Args:
            older_than: Only what was last kept or asked for so long ago: ``"90d"``, ``"12h"``, ``"2w"``, ``"1y"``.
            unreferenced: What the ledger does not need; this is meant where nothing else is said.
            sandbox: What only the sandbox's generations need.
            dry_run: Remove nothing; tell what would go.
            yes: Remove also what generations of the ledger need. Asked for again, such a generation has its file fetched
                once more where the provider still has it; it is not bought again.

        Raises:
            InvalidCall: Generations would lose their files, and ``yes`` was not said. Nothing was removed.
            LedgerError: The ledger cannot be read, so that nobody knows what is needed. Nothing was removed.
        """
        age = None if older_than is None else read_age(older_than)
        said = [f"{name}=True" for name, on in (("unreferenced", unreferenced), ("sandbox", sandbox)) if on]
        said += [f"older_than={older_than!r}"] if older_than is not None else []
        return prune(
            self._home,
            older_than=age,
            unreferenced=unreferenced,
            sandbox=sandbox,
            dry_run=dry_run,
            yes=yes,
            command=f"ng.media().prune({', '.join([*said, 'yes=True'])})",
        )

    def view(self) -> View:
        """Return how many files of each kind there are, what they take, and how much of it nothing needs."""
        import polars as pl  # noqa: PLC0415 - Polars loads when a frame is asked for

        frame = self.frame()
        here, idle = ~pl.col("missing"), pl.col("role") == "unneeded"
        own = here & ~idle & pl.col("sandbox").not_()
        played = here & pl.col("sandbox").fill_null(value=False)
        sums = [pl.col("size").filter(which).sum().alias(name) for name, which in (("size", here), ("yours", own))]
        sums += [
            pl.col("size").filter(played).sum().alias("sandbox"),
            pl.col("size").filter(here & idle).sum().alias("unneeded"),
        ]
        grouped = frame.group_by("kind").agg(here.sum().alias("files"), *sums, missing=pl.col("missing").sum())
        grouped = grouped.sort("size", "kind", descending=[True, False])
        rows = [
            (
                one["kind"],
                str(one["files"]),
                *(size_words(one[name]) if one[name] else "" for name in ("size", "yours", "sandbox", "unneeded")),
                str(one["missing"] or ""),
            )
            for one in grouped.iter_rows(named=True)
        ]
        columns = ("kind", "files", "size", "needed", "sandbox", "unneeded", "missing")
        told = [place for place in range(len(columns)) if place < 3 or any(row[place] for row in rows)]
        cells = tuple(tuple(row[place] for place in told) for row in rows)
        numbers = frozenset(range(1, len(told)))
        return View(grouped, tuple(columns[place] for place in told), cells, numbers=numbers, note=self._note(frame))

    def _note(self, frame: pl.DataFrame) -> str:
        """Return where the files are and what to type next."""
        here = frame.filter(~frame["missing"])
        lines = [f"{count_words(here.height, 'file')}, {size_words(int(here['size'].sum()))}, in {self.folder}"]
        missing = frame.height - here.height
        if missing:
            what = "a file that is not there" if missing == 1 else f"{missing} files that are not there"
            lines.append(f"The ledger knows {what}: asked for again, it is fetched once more; nothing is bought")
        if (here["role"] == "unneeded").any():
            lines.append("What could go: ng.media().prune(dry_run=True)")
        elif here["sandbox"].any():
            lines.append("What could go: ng.media().prune(sandbox=True, dry_run=True)")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return repr(self.view())

    def _repr_html_(self) -> str:
        return self.view()._repr_html_()


def role(one: Kept) -> str:
    """Return what a file is for."""
    if one.outputs and one.inputs:
        return "both"
    return "output" if one.outputs else "input" if one.inputs else "unneeded"


def date(seconds: float | None) -> dt.datetime | None:
    """Return a moment as a date, UTC."""
    return None if seconds is None else dt.datetime.fromtimestamp(seconds, dt.UTC)


def read_age(said: str | dt.timedelta) -> float:
    """Return an age in seconds: ``90d``, ``12h``, ``2w``, ``1y``.

    Raises:
        InvalidCall: It is none.
    """
    if isinstance(said, dt.timedelta) and said >= dt.timedelta(0):
        return said.total_seconds()
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([hdwy])[a-z]*\s*", said.lower()) if isinstance(said, str) else None
    if match is None:
        message = f"an age is written 90d, 12h, 2w or 1y, not {shown_value(said)}. Nothing was removed."
        raise InvalidCall(message)
    return float(match[1]) * SECONDS[match[2]]
