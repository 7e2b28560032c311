"""The unfinished file of a download: written in our own folder, hashed as it grows, gone unless it is kept."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import secrets
from typing import TYPE_CHECKING, Self

from notebookgen.errors import AssetError, NotWritable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

__all__ = ["Part", "said_plainly"]

FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})


@contextlib.contextmanager
def said_plainly(folder: Path) -> Iterator[None]:
    """Turn what the file system says into what a person can do about it.

    Raises:
        NotWritable: The disk is full, or the folder may not be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            message = f"the disk of {folder} is full. Make room, then run it again: nothing is bought twice."
        else:
            message = (
                f"{folder} cannot be written ({error.strerror or error}).\n"
                "Mend its rights, or set NOTEBOOKGEN_HOME to another folder."
            )
        raise NotWritable(message) from error


class Part:
    """A file that grows. As a context manager it is deleted at the end, unless ``keep`` was called.

    Attributes:
        path: The file.
        size: Bytes written so far.
        total: Bytes that the server announced; None where it did not or where they come packed.
        mime: What the server called it.
    """

    def __init__(self, folder: Path) -> None:
        with said_plainly(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self.path = folder / f"{secrets.token_hex(8)}.part"
            self._file = self.path.open("xb")  # with the rights that the user's own files get
        self.size = 0
        self.total: int | None = None
        self.mime = ""
        self._validator = ""
        self._hash = hashlib.sha256()
        self._kept = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):  # a full disk also fails to flush; the file goes anyway
            self._file.close()
        if not self._kept:
            self.path.unlink(missing_ok=True)

    @property
    def sha256(self) -> str:
        """Hash of what was written, hexadecimal."""
        return self._hash.hexdigest()

    def begin(self, headers: Mapping[str, str]) -> None:
        """Start from the beginning with what a reply's headers (any case) announce."""
        packed = headers.get("content-encoding", "identity").strip().lower() != "identity"
        length = headers.get("content-length", "")
        self.forget()
        self.mime = headers.get("content-type", "").partition(";")[0].strip().lower()
        self.total = int(length) if length.isascii() and length.isdigit() and not packed else None
        tag = headers.get("etag", "").strip()
        proof = headers.get("last-modified", "").strip() if tag.startswith("W/") or not tag else tag
        self._validator = "" if packed else proof

    def forget(self) -> None:
        """Throw away what was written."""
        with said_plainly(self.path.parent):
            self._file.seek(0)
            self._file.truncate()
        self.size, self.total, self._validator = 0, None, ""
        self._hash = hashlib.sha256()

    def rest_headers(self) -> dict[str, str]:
        """Return the headers that ask for the rest; none where the server gave no proof of sameness.

        RFC 9110, section 13.1.5: https://www.rfc-editor.org/rfc/rfc9110#field.if-range
        """
        if not self.size or not self._validator:
            return {}
        return {"Range": f"bytes={self.size}-", "If-Range": self._validator}

    def add(self, piece: bytes) -> None:
        """Write more."""
        with said_plainly(self.path.parent):
            self._file.write(piece)
        self._hash.update(piece)
        self.size += len(piece)

    def missing(self, host: str) -> AssetError | None:
        """Return the problem when the length is not what was announced, or nothing came that was not announced."""
        if self.total is None and not self.size:
            return AssetError(f"{host} sent nothing")
        if self.total is None or self.total == self.size:
            return None
        return AssetError(f"{host} announced {self.total} bytes and sent {self.size}")

    def keep(self) -> Path:
        """Close the file and let it live; it is not yet synced to the disk."""
        with said_plainly(self.path.parent):
            self._file.close()
        self._kept = True
        return self.path
