"""The unfinished file of a download: written in our own folder, hashed as it grows, gone unless it is kept.

What came of a large file before the wire broke is left for the next try, of this kernel or of another one, where the
server gave a proof by which it can tell that the file is still the same. Who takes it up renames it: only one can.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import re
import secrets
from typing import IO, TYPE_CHECKING, Self
from urllib.parse import urlsplit

from notebookgen.errors import AssetError, AssetRefused, NotWritable, TransportError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

__all__ = ["LEFT", "Part", "said_plainly"]

LEFT = ".left"
WORTH = 256 * 1024  # bytes: less is quicker asked for again than looked for
BLOCK = 1024 * 1024
LONGEST_PROOF = 80  # characters: it stands in the file's name

LENGTH = re.compile(r"[0-9]{1,18}")  # a longer one is no file's
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

    def __init__(self, folder: Path, url: str = "") -> None:
        """Begin a file, or go on with what was left of it.

        Args:
            folder: Where; made when it is missing.
            url: Where it comes from; without it nothing is left or taken up.
        """
        self.size = 0
        self.total: int | None = None
        self.mime = ""
        self._url = url
        self._validator = ""
        self._hash = hashlib.sha256()
        self._kept = False
        self._file: IO[bytes]
        with said_plainly(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self.path = folder / f"{secrets.token_hex(8)}.part"
            if not (url and self._take_up()):
                self._file = self.path.open("xb")  # with the rights that the user's own files get

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):  # a full disk also fails to flush; the file goes anyway
            self._file.close()
        if self._kept:
            return
        broken = isinstance(error, AssetError | TransportError) and not isinstance(error, AssetRefused)
        if not (broken and self._leave()):
            self.path.unlink(missing_ok=True)

    def _leave(self) -> bool:
        """Leave what came for the next try, where that is worth it; return whether it was left."""
        proof = self._validator
        if not self._url or not proof or self.size < WORTH or len(proof) > LONGEST_PROOF:
            return False
        by_content = proof.startswith('"')
        spelled = proof.encode("latin-1", "replace").hex()
        name = f"{mark(self._url, by_content=by_content)}.{spelled}.{self.total or ''}{LEFT}"
        try:
            self.path.replace(self.path.with_name(name))
        except OSError:  # there is no room even for a name
            return False
        return True

    def _take_up(self) -> bool:
        """Go on with what an earlier try has left; return whether there was something."""
        for by_content in (True, False):
            for left in self.path.parent.glob(f"{mark(self._url, by_content=by_content)}.*{LEFT}"):
                try:
                    _, proof, total, _ = left.name.split(".")
                    self._validator = bytes.fromhex(proof).decode("latin-1")
                    self.total = int(total) if total else None
                    left.rename(self.path)
                except (OSError, ValueError):  # another one was quicker, or it is not one of ours
                    self._validator, self.total = "", None
                    continue
                self._file = self.path.open("r+b")
                while block := self._file.read(BLOCK):
                    self._hash.update(block)
                    self.size += len(block)
                return True
        return False

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
        self.total = int(length) if LENGTH.fullmatch(length) and not packed else None
        tag = headers.get("etag", "").strip()
        proof = headers.get("last-modified", "").strip() if tag.startswith("W/") or not tag else tag
        self._validator = "" if packed else proof

    def go_on(self, headers: Mapping[str, str]) -> None:
        """Go on where it ended, with what a reply's headers announce."""
        self.mime = self.mime or headers.get("content-type", "").partition(";")[0].strip().lower()

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


def mark(url: str, *, by_content: bool) -> str:
    """Return what the rest of a file is found by.

    Args:
        url: Where it comes from.
        by_content: Whether the server proves sameness by the content: then another signature of the same address will do.
    """
    address = urlsplit(url)._replace(query="", fragment="").geturl() if by_content else url
    return hashlib.sha256(address.encode("utf-8", "replace")).hexdigest()[:32]
