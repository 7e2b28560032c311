"""Replies that are themselves what was paid for, kept on disk until their files are in place.

A service that answers finished and names no job can never be asked again; so its whole reply is on disk before
anything else is done with it, and a kernel that is killed in between loses nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING

from notebookgen.errors import NotWritable
from notebookgen.wire import HttpResponse

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Spool"]


class Spool:
    """A folder of replies, one file for an attempt."""

    def __init__(self, folder: Path) -> None:
        """Keep replies in ``folder``; it is made when the first one comes."""
        self._folder = folder
        try:
            self._held = {path.stem for path in folder.iterdir()}
        except OSError:
            self._held = set()

    def holds(self, attempt: str) -> bool:
        """Whether a reply is kept for an attempt, as far as was seen or done here: no file is looked for."""
        return attempt in self._held

    def _path(self, attempt: str) -> Path:
        return self._folder / f"{attempt}.reply"

    def save(self, attempt: str, response: HttpResponse) -> None:
        """Put a reply on disk, whole or not at all.

        Raises:
            NotWritable: The folder cannot be written.
        """
        head = json.dumps({"status": response.status, "headers": dict(response.headers)}).encode()
        path = self._path(attempt)
        part = path.with_suffix(".part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.write(head + b"\n" + response.body)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
            self._held.add(attempt)
        except OSError as error:
            message = f"{path} cannot be written: {error.strerror}. Free some room on the disk."
            raise NotWritable(message) from error

    def load(self, attempt: str) -> HttpResponse | None:
        """Return the reply kept for an attempt, or None."""
        try:
            head, _, body = self._path(attempt).read_bytes().partition(b"\n")
        except OSError:
            return None
        self._held.add(attempt)  # another kernel's, that died meanwhile
        facts = json.loads(head)
        return HttpResponse(facts["status"], facts["headers"], body)

    def drop(self, attempt: str) -> None:
        """Forget a reply whose files are in place."""
        self._held.discard(attempt)
        with contextlib.suppress(OSError):  # somebody looks at it just now; it does no harm
            self._path(attempt).unlink(missing_ok=True)
