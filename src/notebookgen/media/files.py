"""Where files are kept: once for each content, under names made by us, moved into place whole.

``folder/ab/abcd….png``: the name is the hash of the bytes. What came back is told by its own bytes and looked into
before it gets there; markup where a picture, a clip or a sound was due never does.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from notebookgen.errors import AssetGone, AssetRefused, InvalidImage
from notebookgen.media.inspect import look_at
from notebookgen.records import Asset
from notebookgen.sniff import HEAD, MEDIA, TEXT, UNKNOWN, Sniffed, medium_in, sniff
from notebookgen.transport.leavings import sweep
from notebookgen.transport.parts import said_plainly

if TYPE_CHECKING:
    from notebookgen.media.inspect import Seen
    from notebookgen.records import Kind, Output
    from notebookgen.transport.fetch import AssetFetcher, Fetched, FetchLimits

__all__ = ["Collector", "MediaStore"]

BLOCK = 1024 * 1024
# Linux's file systems bring a file's new name to the disk with its bytes: a wait less. What a power cut leaves half
# written under that name stands in no ledger, and is told by its hash.
NAME_FOLLOWS = sys.platform == "linux"


class MediaStore:
    """A folder of files by their content. Threads and processes may share it.

    Args:
        folder: Made when the first file comes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    @property
    def incoming(self) -> Path:
        """Where downloads are to be written: the same disk, so that they can be moved."""
        return self.folder / "incoming"

    def keep(
        self,
        what: Fetched | bytes | str,
        *,
        due: Kind | None = None,
        name: str = "",
        url: str | None = None,
        unknown: bool = False,
    ) -> Asset:
        """Keep a file, or what came inside a reply; return where it is and what it is.

        Args:
            what: A download (its temporary file is moved), bytes, or a text.
            due: What was asked for; None where nobody knows.
            name: The provider's word for it.
            url: Where it came from; by default what the download says.
            unknown: Whether a download of no known type is kept where a picture, a clip, a sound or a model was due.

        Raises:
            AssetRefused: It is empty, damaged, or not what was due. Nothing is kept.
            NotWritable: The disk is full, or the folder may not be written.
        """
        if isinstance(what, bytes | str):
            data = what.encode("utf-8", "replace") if isinstance(what, str) else what
            digest, size, head = hashlib.sha256(data).hexdigest(), len(data), data[:HEAD]
            part = self._written(data, digest)
        else:
            part = what.path
            digest, size, head = told_by(what)
        try:
            told = self._told(what, due, digest, size, head, unknown=unknown)
            inside = looked_into(part, told, digest)
            told = as_kept(inside.told)
            path = self._moved(part, digest, size, told.suffix)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        kind = "file" if told.kind == "markup" else told.kind
        source = url if isinstance(what, bytes | str) else url or what.url
        return Asset(
            path=str(path),
            kind=kind,
            mime=told.mime,
            size=size,
            sha256=digest,
            name=name,
            url=source,
            width=inside.width,
            height=inside.height,
            seconds=inside.seconds,
            has_sound=inside.has_sound,
        )

    @staticmethod
    def _told(
        what: Fetched | bytes | str, due: Kind | None, digest: str, size: int, head: bytes, *, unknown: bool
    ) -> Sniffed:
        """Return what a file is by its first bytes.

        Raises:
            AssetRefused: It is empty, or not what was due.
        """
        if not size:
            message = "the file is empty"
            raise AssetRefused(message, sha256=digest)
        if isinstance(what, str):
            return TEXT
        told = sniff(head)
        check_kind(told, due)
        if told == UNKNOWN and due in MEDIA and not unknown and not isinstance(what, bytes):
            message = f"the {due} was due, and what came is of no type that is known ({size} bytes)"
            raise AssetRefused(message, sha256=digest, unknown=True)
        return told

    def keep_input(self, data: bytes) -> str:
        """Keep the bytes of an input image, so that a later kernel can send them; return their hash.

        Raises:
            NotWritable: The disk is full, or the folder may not be written.
        """
        digest = hashlib.sha256(data).hexdigest()
        kept = self.path_of(digest)
        if kept is not None and is_whole(kept, len(data), digest):
            touched(kept)
        else:
            part = self._written(data, digest)
            try:
                self._moved(part, digest, len(data), sniff(data[:HEAD]).suffix)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
        return digest

    def path_of(self, sha256: str) -> Path | None:
        """Return where the file of that hash is kept, or None."""
        if len(sha256) != 64 or not sha256.isalnum():
            return None
        found = sorted((self.folder / sha256[:2]).glob(f"{sha256}.*"))
        return next((path for path in found if path.suffix != ".part"), None)

    def read(self, sha256: str) -> bytes:
        """Return the bytes of a kept input image.

        Raises:
            InvalidImage: They are gone, or are no longer what they were.
        """
        path = self.path_of(sha256)
        with contextlib.suppress(FileNotFoundError):
            data = path.read_bytes() if path else b""
            if hashlib.sha256(data).hexdigest() == sha256:
                return data
        message = (
            f"an input image ({sha256[:12]}…) is no longer kept in {self.folder}. Nothing was sent. Give it again."
        )
        raise InvalidImage(message)

    def verify(self, asset: Asset, *, deep: bool = True) -> bool:
        """Whether a kept file is still in its place and whole.

        Args:
            asset: The file as it was kept.
            deep: Whether its bytes are read and hashed; else its length is enough.
        """
        return is_whole(Path(asset.path), asset.size, asset.sha256 if deep else None)

    def sweep(self, *, now: float) -> int:
        """Delete what downloads left behind that nobody goes on with; return how many files that were.

        Args:
            now: The time, in seconds since 1970.
        """
        return sweep(self.incoming, now=now)

    def _written(self, data: bytes, digest: str) -> Path:
        """Write to a temporary file beside its place: a name that moves within one folder holds up no other."""
        shelf = self.folder / digest[:2]
        part = shelf / f"{secrets.token_hex(8)}.part"
        with said_plainly(self.folder):
            try:
                try:
                    part.write_bytes(data)
                except FileNotFoundError:  # the first one there
                    shelf.mkdir(parents=True, exist_ok=True)
                    part.write_bytes(data)
            except OSError:
                part.unlink(missing_ok=True)
                raise
        return part

    def _moved(self, part: Path, digest: str, size: int, suffix: str) -> Path:
        """Move a file to its place, and return when the disk has it under its name."""
        shelf = self.folder / digest[:2]
        path = shelf / f"{digest}{suffix}"
        with said_plainly(self.folder):
            if is_whole(path, size, digest):
                part.unlink(missing_ok=True)
                return touched(path)
            if part.parent != shelf:
                shelf.mkdir(parents=True, exist_ok=True)
            if not NAME_FOLLOWS:
                sync_file(part)
            try:
                part.replace(path)
            except OSError as error:
                if is_whole(path, size, digest):  # somebody was faster, and on Windows holds it open
                    part.unlink(missing_ok=True)
                    return path.absolute()
                if error.errno != errno.EXDEV:
                    raise
                copied = shelf / f"{secrets.token_hex(8)}.part"  # it was downloaded to another disk
                try:
                    shutil.copyfile(part, copied)
                    sync_file(copied)
                    copied.replace(path)
                finally:
                    copied.unlink(missing_ok=True)
                    part.unlink(missing_ok=True)
            if NAME_FOLLOWS:
                try:
                    sync_file(path)
                except OSError:  # the next look would find it whole in memory, and the disk may never have it
                    path.unlink(missing_ok=True)
                    raise
            else:
                sync_folder(shelf)
        return path.absolute()


class Collector:
    """Brings outputs of finished jobs to this machine and keeps them: downloads, bytes inside replies, texts.

    Args:
        store: Where they are kept.
        fetcher: Who downloads.
        limits: What one download may take.
    """

    def __init__(self, store: MediaStore, fetcher: AssetFetcher, *, limits: FetchLimits | None = None) -> None:
        self._store = store
        self._fetcher = fetcher
        self._limits = limits

    def keep(self, output: Output, *, origin: str, due: Kind | None = None, unknown: bool = False) -> Asset:
        """Return the kept file of an output; addresses inside texts are never fetched.

        A text that is a file in base64 is that file, unless a text was due and nothing calls it a file.

        Args:
            output: What the provider says came back.
            origin: The provider's configured address, which alone may be of a private network.
            due: What was asked for; None where nobody knows.
            unknown: Whether what is of no known type is kept, for ``MediaStore.keep``.

        Raises:
            AssetError: It cannot be had, or is not what was due.
            TransportError: The transfer broke.
            NotWritable: There is no room for it.
        """
        if output.text is not None:
            data = medium_in(output.text) if due != "text" or calls_itself_base64(output.name) else None
            if data is not None:
                # Damaged, or too large, it stays what it came as: no other will come.
                with contextlib.suppress(AssetRefused):
                    return self._store.keep(data, due=due, name=output.name)
            return self._store.keep(output.text, name=output.name)
        if output.data is not None:
            return self._store.keep(output.data, due=due, name=output.name)
        if output.url is None:
            message = "nobody knows an address of it any more"
            raise AssetGone(message)
        fetched = self._fetcher.fetch(output.url, into=self._store.incoming, allowed_origin=origin, limits=self._limits)
        if output.sha256 not in {None, fetched.sha256}:
            fetched.path.unlink(missing_ok=True)
            message = "another file lies at the address where it was"
            raise AssetGone(message)
        return self._store.keep(fetched, due=due, name=output.name, unknown=unknown)

    def held(self, sha256: str) -> bytes:
        """Return the bytes of an input image that is kept.

        Raises:
            InvalidImage: They are no longer there.
        """
        return self._store.read(sha256)

    def present(self, asset: Asset) -> bool:
        """Whether a kept file is still in its place, by its length."""
        return self._store.verify(asset, deep=False)


def check_kind(told: Sniffed, due: Kind | None) -> None:
    """Make sure that a file may stand where ``due`` was asked for.

    A clip where a picture was due is kept: it is what was paid for. A page or a message is not.

    Raises:
        AssetRefused: It is markup, or readable text, where something else was due.
    """
    if due == "text":
        return
    if told.kind == "markup" or (told.kind == "text" and due is not None):
        wanted = f"the {due}" if due else "a file"
        message = f"{wanted} was due, and what came is {told.mime}: a page or a message, not what was made"
        raise AssetRefused(message)


def looked_into(part: Path, told: Sniffed, digest: str) -> Seen:
    """Look into a file; what is refused for its bytes is told by their hash.

    Raises:
        AssetRefused: It is damaged, cut short, or too large to be decoded.
    """
    try:
        return look_at(part, told)
    except AssetRefused as error:
        error.sha256 = digest
        raise


def calls_itself_base64(name: str) -> bool:
    """Whether the key that a text stood under says that it is no text: ``b64_json``, ``image.base64``."""
    return "b64" in name.casefold() or "base64" in name.casefold()


def as_kept(told: Sniffed) -> Sniffed:
    """Return how a file is named: markup as plain text, so that no double click runs it."""
    return Sniffed("text", "text/plain", ".txt") if told.kind == "markup" else told


def is_whole(path: Path, size: int, digest: str | None) -> bool:
    """Whether a file is there with that length and, if given, that hash."""
    try:
        return path.stat().st_size == size and (digest is None or summary(path)[0] == digest)
    except OSError:
        return False


def touched(path: Path) -> Path:
    """Say on a file that it is needed again, for whoever makes room just now; return where it is."""
    with contextlib.suppress(OSError):  # somebody else's, or a folder that may only be read
        os.utime(path)
    return path.absolute()


def summary(path: Path) -> tuple[str, int, bytes]:
    """Return a file's hash, its length and its first bytes."""
    digest, size, head = hashlib.sha256(), 0, b""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            head = head or block[:HEAD]
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size, head


def told_by(fetched: Fetched) -> tuple[str, int, bytes]:
    """Return what a download says of itself, and its first bytes; it was hashed as it came."""
    with fetched.path.open("rb") as file:
        return fetched.sha256, fetched.size, file.read(HEAD)


def sync_file(path: Path) -> None:
    """Make the bytes of a file survive a power cut."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make a new name in a folder survive a power cut, where the system can."""
    flag = getattr(os, "O_DIRECTORY", None)  # POSIX only; Windows does it by itself
    if flag is not None:
        handle = os.open(folder, os.O_RDONLY | flag)
        try:
            with contextlib.suppress(OSError):  # some network file systems know no such thing
                os.fsync(handle)
        finally:
            os.close(handle)
