"""Bytes kept for later: pictures that were sent along and uploads, by name, in memory and in the user's cache folder.

On disk they outlive this sandbox, so that a later one can finish a job and draw the same file again.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

__all__ = ["Shelf"]

MOST_FILES = 512
_NAME = re.compile(r"[0-9a-f]{20,24}")


class Shelf:
    """A small store of bytes; what cannot be written to disk is still there while the sandbox runs."""

    def __init__(self, folder: Path | None = None, *, most_bytes: int = 64_000_000) -> None:
        self._folder = folder
        self._most = most_bytes
        self._held: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0

    def put(self, name: str, blob: bytes) -> None:
        """Keep bytes under a name; the same name always holds the same bytes, except for an upload that is repeated."""
        self._hold(name, blob)
        folder = self._place()
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=folder, prefix=".new-")
            with os.fdopen(handle, "wb") as file:
                file.write(blob)
            Path(temporary).replace(folder / name)
            self._tidy(folder)

    def get(self, name: str) -> bytes | None:
        """Return what is kept under a name, or None."""
        if name in self._held:
            self._held.move_to_end(name)
            return self._held[name]
        if not _NAME.fullmatch(name):
            return None
        try:
            blob = (self._place() / name).read_bytes()
        except OSError:
            return None
        self._hold(name, blob)
        return blob

    def _hold(self, name: str, blob: bytes) -> None:
        self._size += len(blob) - len(self._held.pop(name, b""))
        self._held[name] = blob
        while self._size > self._most and len(self._held) > 1:
            self._size -= len(self._held.popitem(last=False)[1])

    def _place(self) -> Path:
        if self._folder is None:
            import platformdirs  # noqa: PLC0415 - only where a picture was sent along

            self._folder = platformdirs.user_cache_path("notebookgen") / "sandbox"
        return self._folder

    def _tidy(self, folder: Path) -> None:
        files = list(folder.iterdir())
        if len(files) > MOST_FILES:
            for old in sorted(files, key=lambda file: file.stat().st_mtime)[: len(files) - MOST_FILES // 2]:
                old.unlink(missing_ok=True)
