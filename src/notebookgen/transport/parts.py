"""The unfinished file of a download: in memory while it is small, then in our own folder, and gone unless it is kept.

What came of a large file before the wire broke, or the process ended, is left for the next try, of this kernel or of
another one, where the server gave a proof by which it can tell that the file is still the same.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
from typing import IO, TYPE_CHECKING, Self

from notebookgen.errors import AssetError, AssetRefused, NotWritable, TransportError
from notebookgen.transport.leavings import LEFT, SHARES, WORTH, Proof, growing, hold, mark, name_of, plain_name, take

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

__all__ = ["Part", "said_plainly"]

BLOCK = 1024 * 1024

LENGTH = re.compile(r"[0-9]{1,18}")  # a longer one is no file's
SPAN = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
UNPACKED = frozenset({"", "identity"})
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


class OnDisk:
    """The file of what is too large to be held, open and ours alone.

    Attributes:
        path: The file, as it is called now.
        file: What writes it.
    """

    __slots__ = ("file", "path")

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        """Take a file that is open, and that nobody else has."""
        self.path, self.file = path, file

    @classmethod
    def begun(cls, folder: Path) -> Self:
        """Return a new one, with the rights that the user's own files get."""
        path = folder / plain_name()
        file = path.open("xb")
        hold(file)
        return cls(path, file)

    @property
    def named(self) -> bool:
        """Whether it is called by what is in it, so that it can be gone on with."""
        return self.path.name.count(".") > 1

    def rename(self, name: str) -> None:
        """Give it another name, where one that is open can be given one.

        Raises:
            OSError: The disk gives none, or none that is so long.
        """
        if SHARES:
            self.path = self.path.replace(self.path.with_name(name))

    def rename_plainly(self) -> None:
        """See that nobody takes what is whole for what can be gone on with."""
        if self.named:
            self.rename(plain_name())

    def drop(self) -> None:
        """Delete it."""
        with contextlib.suppress(OSError):  # a full disk also fails to flush; the file goes anyway
            self.file.close()
        self.path.unlink(missing_ok=True)

    def close(self) -> Path:
        """Close it, and return where it is."""
        with contextlib.suppress(OSError):  # it may do once it is closed
            self.rename_plainly()
        self.file.close()
        self.rename_plainly()
        return self.path


class Part:
    """What came of a file so far. As a context manager it is deleted at the end, unless ``keep`` was called.

    Attributes:
        size: Bytes that came so far.
        mime: What the server called it.
    """

    def __init__(self, folder: Path, url: str = "") -> None:
        """Begin with nothing, or go on with what was left of it.

        Args:
            folder: Where; made when it is missing.
            url: Where it comes from; without it nothing is left or taken up.
        """
        self.size = 0
        self.mime = ""
        self._folder = folder
        self._url = url
        self._proof = Proof()
        self._hash = hashlib.sha256()
        self._kept = False
        self._held: list[bytes] = []  # all that came, while there is no file
        self._disk: OnDisk | None = None
        with said_plainly(folder):
            left = take(folder, url)
            if left is None:
                return
            path, file, self._proof = left
            self._disk = OnDisk(path, file)
            while block := file.read(BLOCK):
                self._hash.update(block)
                self.size += len(block)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._disk is None or self._kept:
            return
        broken = isinstance(error, AssetError | TransportError) and not isinstance(error, AssetRefused)
        if not (broken and self._leave(self._disk)):
            self._disk.drop()

    def _leave(self, disk: OnDisk) -> bool:
        """Put what came away for the next try, where that is worth it; return whether it was put away."""
        name = name_of(self._url, self._proof, LEFT)
        if name is None or self.size < WORTH or self._has_all:
            return False
        try:
            disk.file.flush()
            os.fsync(disk.file.fileno())  # it is gone on with after a power cut, too
            if not SHARES:
                disk.file.close()
            disk.path = disk.path.replace(disk.path.with_name(name))
            disk.file.close()
        except OSError:  # there is no room even for a name
            return False
        return True

    @property
    def total(self) -> int | None:
        """Bytes that the server announced; None where it did not or where they come packed."""
        return self._proof.total

    @property
    def _has_all(self) -> bool:
        """Whether there is no rest to ask for, because all came, or more than all."""
        return self.total is not None and self.size >= self.total

    @property
    def sha256(self) -> str:
        """Hash of what came, hexadecimal."""
        held = self.held
        return self._hash.hexdigest() if held is None else hashlib.sha256(held).hexdigest()

    @property
    def held(self) -> bytes | None:
        """What came, while there is no file; None once there is one."""
        if self._disk is not None:
            return None
        if len(self._held) != 1:
            self._held = [b"".join(self._held)]
        return self._held[0]

    def begin(self, headers: Mapping[str, str], url: str) -> None:
        """Start from the beginning with what a reply's headers (any case) announce.

        Args:
            headers: Of the reply.
            url: Who gave it, after all redirects.
        """
        packed = is_packed(headers)
        length = headers.get("content-length", "")
        self.forget()
        self.mime = headers.get("content-type", "").partition(";")[0].strip().lower()
        total = int(length) if LENGTH.fullmatch(length) and not packed else None
        tag = headers.get("etag", "").strip()
        said = headers.get("last-modified", "").strip() if tag.startswith("W/") or not tag else tag
        said = "" if packed else said
        self._proof = Proof(said, place_of(url) if said else "", total)

    def goes_on(self, headers: Mapping[str, str], url: str) -> bool:
        """Whether a reply with a part of a file (206) is the rest of this one, as it was asked for.

        A server that ignores the condition of the request sends a part of whatever is there now.
        """
        span = SPAN.fullmatch(headers.get("content-range", "").strip())
        if span is None or int(span[1]) != self.size or span[3] not in {"*", str(self.total)}:
            return False
        if not self.rest_headers(url) or is_packed(headers):
            return False
        if self._proof.said.startswith('"'):  # RFC 9110, section 15.3.7: it must be said again, and a date need not be
            return headers.get("etag", "").strip() == self._proof.said
        return headers.get("last-modified", "").strip() in {"", self._proof.said}

    def forget(self) -> None:
        """Throw away what came."""
        if self._disk is not None:
            with said_plainly(self._folder):
                self._disk.drop()
        self._disk, self._held = None, []
        self.size, self._proof = 0, Proof()
        self._hash = hashlib.sha256()

    def rest_headers(self, url: str) -> dict[str, str]:
        """Return the headers that ask for the rest; none where nobody proves sameness there.

        RFC 9110, section 13.1.5: https://www.rfc-editor.org/rfc/rfc9110#field.if-range

        Args:
            url: Who is asked, after all redirects so far.
        """
        if not self.size or self._has_all or not self._proof.said or self._proof.place != place_of(url):
            return {}
        return {"Range": f"bytes={self.size}-", "If-Range": self._proof.said}

    def add(self, piece: bytes) -> None:
        """Take more; a file is begun when there is so much of it as is worth going on with."""
        self.size += len(piece)
        if self._disk is None:
            self._held.append(piece)
            if self.size >= WORTH:
                self._write_down()
            return
        with said_plainly(self._folder):
            self._disk.file.write(piece)
        self._hash.update(piece)

    def _write_down(self) -> OnDisk:
        """Begin a file with all that came, under a name by which it can be gone on with."""
        data = b"".join(self._held)
        with said_plainly(self._folder):
            disk = self._disk = OnDisk.begun(self._folder)
            if self.size >= WORTH:
                with contextlib.suppress(OSError):  # it grows as well where the disk gives no such name
                    disk.rename(growing(self._url, self._proof))
            disk.file.write(data)
        self._hash.update(data)
        self._held = []
        return disk

    def missing(self, host: str) -> AssetError | None:
        """Return the problem when the length is not what was announced, or nothing came that was not announced."""
        if self.total is None and not self.size:
            return AssetError(f"{host} sent nothing")
        if self.total is None or self.total == self.size:
            return None
        return AssetError(f"{host} announced {self.total} bytes and sent {self.size}")

    def keep(self) -> Path:
        """Close the file, or write what was held, and let it live; it is not yet synced to the disk."""
        with said_plainly(self._folder):
            path = (self._disk or self._write_down()).close()
        self._kept = True
        return path


def place_of(url: str) -> str:
    """Return what tells who gave a file, short enough for a name."""
    return mark(url)[:16]


def is_packed(headers: Mapping[str, str]) -> bool:
    """Whether what comes is not the file as it is stored."""
    return headers.get("content-encoding", "").strip().lower() not in UNPACKED
