"""Where files are kept: once for each content, under names made by us, moved into place whole.

``folder/ab/abcd….png``: the name is the hash of the bytes. What came back is told by its own bytes and looked into
before it gets there; markup where a picture, a clip or a sound was due never does.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING

from notebookgen.errors import AssetGone, AssetRefused, InvalidImage
from notebookgen.media.inspect import FFMPEG, PILLOW, Seen, look_at, look_at_picture
from notebookgen.media.shelves import is_whole, moved, placed, touched, written
from notebookgen.records import Asset
from notebookgen.sniff import HEAD, MEDIA, TEXT, UNKNOWN, Sniffed, medium_in, sniff
from notebookgen.transport.fetched import Fetched, Held
from notebookgen.transport.leavings import sweep

if TYPE_CHECKING:
    from notebookgen.records import Kind, Output
    from notebookgen.transport.fetch import AssetFetcher, FetchLimits

__all__ = ["Collector", "MediaStore"]


class MediaStore:
    """A folder of files by their content. Threads and processes may share it.

    Args:
        folder: Made when the first file comes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        # Where downloads are to be written: the same disk, so that they can be moved.
        self.incoming = self.folder / "incoming"

    def keep(
        self,
        what: Fetched | Held | bytes | str,
        *,
        due: Kind | None = None,
        name: str = "",
        url: str | None = None,
        unknown: bool = False,
    ) -> Asset:
        """Keep a file, or what came inside a reply; return where it is and what it is.

        Args:
            what: A download (its temporary file, if it has one, is moved), bytes, or a text.
            due: What was asked for; None where nobody knows.
            name: The provider's word for it.
            url: Where it came from; by default what the download says.
            unknown: Whether a download of no known type is kept where a picture, a clip, a sound or a model was due.

        Raises:
            AssetRefused: It is empty, damaged, or not what was due. Nothing is kept.
            NotWritable: The disk is full, or the folder may not be written.
        """
        where, digest, size, head = taken(what)
        try:
            told = self._told(what, due, digest, size, head, unknown=unknown)
            if isinstance(where, bytes) and told.mime in FFMPEG:  # what decodes clips reads files
                where = written(self.folder, where, digest)
            inside = looked_into(where, told, digest)
            told = as_kept(inside.told)
            if isinstance(where, bytes):
                path = placed(self.folder, where, digest, told.suffix)
            else:
                path = moved(self.folder, where, digest, size, told.suffix)
        except BaseException:
            if isinstance(where, Path):
                where.unlink(missing_ok=True)
            raise
        kind = "file" if told.kind == "markup" else told.kind
        if url is None and not isinstance(what, bytes | str):
            url = what.url
        return Asset(
            path=path,
            kind=kind,
            mime=told.mime,
            size=size,
            sha256=digest,
            name=name,
            url=url,
            width=inside.width,
            height=inside.height,
            seconds=inside.seconds,
            has_sound=inside.has_sound,
        )

    @staticmethod
    def _told(
        what: Fetched | Held | bytes | str, due: Kind | None, digest: str, size: int, head: bytes, *, unknown: bool
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
            placed(self.folder, data, digest, sniff(data[:HEAD]).suffix)
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
        fetched = self._fetcher.bring(output.url, into=self._store.incoming, allowed_origin=origin, limits=self._limits)
        if output.sha256 not in {None, fetched.sha256}:
            if isinstance(fetched, Fetched):
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


def taken(what: Fetched | Held | bytes | str) -> tuple[Path | bytes, str, int, bytes]:
    """Return where a file's bytes are, their hash, how many they are, and the first of them."""
    if isinstance(what, Fetched):  # it was hashed as it came
        with what.path.open("rb") as file:
            return what.path, what.sha256, what.size, file.read(HEAD)
    if isinstance(what, Held):
        return what.data, what.sha256, len(what.data), what.data[:HEAD]
    data = what.encode("utf-8", "replace") if isinstance(what, str) else what
    return data, hashlib.sha256(data).hexdigest(), len(data), data[:HEAD]


def looked_into(where: Path | bytes, told: Sniffed, digest: str) -> Seen:
    """Look into a file; what is refused for its bytes is told by their hash.

    Raises:
        AssetRefused: It is damaged, cut short, or too large to be decoded.
    """
    try:
        if isinstance(where, Path):
            return look_at(where, told)
        return look_at_picture(io.BytesIO(where), told) if told.mime in PILLOW else Seen(told)
    except AssetRefused as error:
        error.sha256 = digest
        raise


def calls_itself_base64(name: str) -> bool:
    """Whether the key that a text stood under says that it is no text: ``b64_json``, ``image.base64``."""
    return "b64" in name.casefold() or "base64" in name.casefold()


def as_kept(told: Sniffed) -> Sniffed:
    """Return how a file is named: markup as plain text, so that no double click runs it."""
    return Sniffed("text", "text/plain", ".txt") if told.kind == "markup" else told
