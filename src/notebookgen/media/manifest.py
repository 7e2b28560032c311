"""The list that goes with a folder of saved files: what each of them is, in JSON; ``results.saving`` adds the same in Parquet.

A folder may be saved into many times: what was there before stays in the list as long as its file does, and what is
saved again takes the place of what was said of it.
"""

from __future__ import annotations

import json
import math
import secrets
from typing import TYPE_CHECKING, Any

from notebookgen.errors import NotWritable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["BARE", "COLUMNS", "Manifest"]

NAMES = ("manifest", "notebookgen-manifest")
MADE_BY = "made_by"
OURS = "notebookgen "
MOST = 512 * 2**20  # bytes that are read
# What is told of each file, in this order, and what Parquet has it as.
COLUMNS: Mapping[str, str] = {
    "path": "text", "kind": "text", "status": "text", "prompt": "text", "model": "text", "settings": "json",
    "cost": "money", "unit": "text", "basis": "text", "seconds": "number", "sha256": "text", "original": "text",
    "stamped": "yes or no", "size": "whole", "mime": "text", "width": "whole", "height": "whole",
    "duration": "number", "sound": "yes or no", "row": "whole", "labels": "json", "file": "whole",
    "sample": "whole", "sandbox": "yes or no", "at": "time", "run": "text", "id": "text", "job": "text",
    "error": "text",
}  # fmt: skip
# What is told also of a file of which nobody is to read where it comes from.
BARE = frozenset(COLUMNS) - {
    "prompt", "model", "settings", "cost", "unit", "basis", "seconds", "labels", "at", "run", "job", "error",
}  # fmt: skip

Row = dict[str, Any]


class Manifest:
    """The list of a folder, as it was found and as it becomes."""

    def __init__(self, folder: Path) -> None:
        """Read what is there; a list of that name that is not ours is left alone, and ours gets another name."""
        self.folder = folder
        self.name = NAMES[-1]
        self.before: list[Row] = []
        for name in NAMES:
            found = rows_of(folder / f"{name}.json")
            taken = (folder / f"{name}.json").exists() or (folder / f"{name}.parquet").exists()
            if found is not None or not taken:
                self.name, self.before = name, found or []
                return

    @property
    def json(self) -> Path:
        """Where the list is, as JSON."""
        return self.folder / f"{self.name}.json"

    @property
    def parquet(self) -> Path:
        """Where the list is, as Parquet."""
        return self.folder / f"{self.name}.parquet"

    def vouches(self, name: str, sha256: str, id: str) -> bool:
        """Whether a file was written by us for that generation, and not changed since."""
        return any((row.get("path"), row.get("sha256"), row.get("id")) == (name, sha256, id) for row in self.before)

    def with_rows(self, rows: Sequence[Row]) -> list[Row]:
        """Return what was in the list and still has its file, and behind it what is new or said anew."""
        fresh = {key(row) for row in rows} | {("path", row["path"]) for row in rows if row["path"]}
        kept = [
            {name: row.get(name) for name in COLUMNS}
            for row in self.before
            if key(row) not in fresh and ("path", row.get("path")) not in fresh and self._has_file(row)
        ]
        return [*kept, *rows]

    def _has_file(self, row: Row) -> bool:
        name = row.get("path")
        if not isinstance(name, str) or set(name) & set("/\\\0"):
            return False
        try:
            return (self.folder / name).is_file()
        except OSError:  # no file can be called that
            return False

    def write(self, rows: Sequence[Row], version: str) -> None:
        """Write the list as JSON, whole or not at all.

        Raises:
            NotWritable: It cannot be written.
        """
        told = {MADE_BY: OURS + version, "rows": list(rows)}
        text = json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False)
        replace_with(self.json, text.encode("utf-8", "replace"))


def key(row: Row) -> tuple[object, ...]:
    """Return what tells the things of a list apart: which file of which generation, for which row."""
    return row.get("id"), row.get("file"), json.dumps(row.get("labels"), sort_keys=True, default=str)


def rows_of(path: Path) -> list[Row] | None:
    """Return the rows of a list of ours; None where there is none, or it is somebody else's."""
    try:
        if path.stat().st_size > MOST:
            return None
        told = json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda _: None)
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not str(told.get(MADE_BY)).startswith(OURS):
        return None
    rows = told.get("rows")
    return [as_written(row) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def as_written(row: Row) -> Row:
    """Return a row as we write them, whoever wrote it: what is not of its column's type is left out."""
    return {name: row[name] for name, kind in COLUMNS.items() if name in row and FITS[kind](row[name])}


def is_text(value: object) -> bool:
    """Whether it is a text that can be written: JSON can smuggle half a character in."""
    return isinstance(value, str) and not any("\ud800" <= one <= "\udfff" for one in value)


FITS: Mapping[str, Callable[[object], bool]] = {
    "text": is_text,
    "money": is_text,
    "time": is_text,
    "json": lambda value: is_text(json.dumps(value, ensure_ascii=False)),
    "number": lambda value: isinstance(value, int | float) and math.isfinite(value) and not isinstance(value, bool),
    "whole": lambda value: isinstance(value, int) and abs(value) < 2**63 and not isinstance(value, bool),
    "yes or no": lambda value: isinstance(value, bool),
}


def replace_with(path: Path, data: bytes) -> None:
    """Put a file in its place, whole or not at all.

    Raises:
        NotWritable: It cannot be written.
    """
    part = path.with_name(f".{secrets.token_hex(6)}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}. The files beside it are whole; save them again."
        raise NotWritable(message) from error
    finally:
        part.unlink(missing_ok=True)
