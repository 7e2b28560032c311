"""Images that a user gives, in whatever form: read once, checked by their bytes, before anything is sent."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import itertools
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from notebookgen.errors import AssetRefused, InvalidImage, near_miss
from notebookgen.media.inspect import PILLOW, look_at_picture
from notebookgen.records import InputImage
from notebookgen.sniff import HEAD, sniff

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["ReadImage", "read_image"]

MOST_BYTES = 50 * 2**20
MOST_LISTED = 2_000
FORMS = "a path, a URL, bytes, a PIL image, an array of uint8, or a Result"
PNG_MODES = frozenset({"1", "L", "LA", "I", "I;16", "P", "RGB", "RGBA"})
WHOLE_NUMBERS = frozenset({"b1", "u1", "u2"})
WITH_ALPHA = frozenset({"La", "PA", "RGBa"})


@dataclass(frozen=True, slots=True)
class ReadImage:
    """An input image: its bytes, or its public address. Exactly one of ``data`` and ``url`` is set.

    Attributes:
        data: The bytes as they will be sent.
        url: An http(s) address, passed on as it is and not fetched here.
        mime: Type told by the bytes; empty for an address.
        sha256: Hash of the bytes, hexadecimal.
        width, height: In pixels, where they are known.
    """

    data: bytes | None = field(default=None, repr=False)
    url: str | None = None
    mime: str = ""
    sha256: str | None = None
    width: int | None = None
    height: int | None = None

    def as_input(self, *, field: str | None = None, listed: bool = True) -> InputImage:
        """Return it as a part of a generation, which holds hashes and no bytes."""
        size = len(self.data) if self.data is not None else 0
        return InputImage(field=field, url=self.url, sha256=self.sha256, mime=self.mime, size=size, listed=listed)


def read_image(value: object, *, most_bytes: int = MOST_BYTES) -> ReadImage:
    """Read an image that a user gave.

    Args:
        value: A path, an http(s) or data URL, bytes, a PIL image, an array of uint8, or an object with a ``path``
            (a ``Result``).
        most_bytes: Larger ones are refused.

    Raises:
        InvalidImage: It is missing, unreadable, no image, or too large.
    """
    try:
        return _read(value, most_bytes)
    except InvalidImage as error:
        error.args = (f"{error} Nothing was sent.",)
        raise


def _read(value: object, most_bytes: int) -> ReadImage:
    """Read an image of whatever form."""
    if isinstance(value, bytes | bytearray | memoryview):
        return checked(bytes(value), "the bytes given", most_bytes)
    if isinstance(value, str):
        return read_text(value, most_bytes)
    if isinstance(value, os.PathLike):
        return read_file(Path(value), most_bytes)
    if type(value).__module__.partition(".")[0] == "PIL" and hasattr(value, "save"):
        return checked(as_png(value), "the PIL image", most_bytes)
    if hasattr(value, "__array_interface__"):
        return checked(array_png(value), "the array", most_bytes)
    if hasattr(value, "path"):
        path = value.path
        if path is None:
            message = (
                f"the {type(value).__name__} given as an image has no file (yet). Wait for it, or give another one."
            )
            raise InvalidImage(message)
        if not Path(path).exists():
            message = (
                f"the file of the {type(value).__name__} given as an image is gone: {shown(Path(path))}.\n"
                "Run the cell that made it again, which brings it back and buys nothing."
            )
            raise InvalidImage(message)
        return read_file(Path(path), most_bytes)
    message = f"what is given as an image is of type {type(value).__name__}. Give {FORMS}."
    raise InvalidImage(message)


def read_text(text: str, most_bytes: int) -> ReadImage:
    """Read an address, a data URL or a path."""
    start = text[:8].lower()
    if start.startswith(("http://", "https://")):
        if any(character.isspace() for character in text.strip()):
            message = f"{text[:80]!r} is no address: it has white space in it."
            raise InvalidImage(message)
        return ReadImage(url=text.strip())
    if start.startswith("data:"):
        return checked(from_data_url(text), "the data URL", most_bytes)
    return read_file(Path(text), most_bytes)


def read_file(path: Path, most_bytes: int) -> ReadImage:
    """Read a file of this machine."""
    name = shown(path)
    try:
        path = path.expanduser()
        seen = path.stat()
        if not stat.S_ISREG(seen.st_mode) and not stat.S_ISDIR(seen.st_mode):  # a pipe, a device: it may never end
            raise InvalidImage(f"{name} is no file, but a pipe, a device or the like. Give {FORMS}.")
        if seen.st_size > most_bytes:
            raise too_large(name, seen.st_size, most_bytes)
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)  # some files hold more than they say
    except IsADirectoryError as error:
        raise InvalidImage(f"{name} is a folder. Give one image of it.") from error
    except FileNotFoundError as error:
        raise InvalidImage(f"there is no image {name}.{beside(path)}") from error
    except (OSError, ValueError, RuntimeError) as error:  # a name too long, with a null byte, of an unknown user
        if path.is_dir() if len(str(path)) < 1_000 and "\0" not in str(path) else False:
            raise InvalidImage(f"{name} is a folder. Give one image of it.") from error
        said = getattr(error, "strerror", None) or error
        raise InvalidImage(f"the image {name} cannot be read ({said}). Give {FORMS}.") from error
    return checked(data, name, most_bytes)


def beside(path: Path) -> str:
    """Return the near misses of a missing file in its folder, else what the folder is."""
    start = "" if path.is_absolute() else f" Paths begin at {shown(Path.cwd())}."
    try:
        names = [entry.name for entry in itertools.islice(path.parent.iterdir(), MOST_LISTED)]
    except OSError:
        return f" Its folder does not exist either.{start}"
    return near_miss(path.name, names) or start


def checked(data: bytes, name: str, most_bytes: int) -> ReadImage:
    """Return bytes as an image, if that is what they are, whole and of a bearable size.

    Raises:
        InvalidImage: They are not.
    """
    if len(data) > most_bytes:
        raise too_large(name, len(data), most_bytes)
    if not data:
        raise InvalidImage(f"the image is empty: {name}.")
    told = sniff(data[:HEAD])
    if told.kind != "image":
        what = "an SVG drawing; save it as PNG" if told.mime == "image/svg+xml" else f"{told.mime}, not an image"
        raise InvalidImage(f"{name}: this is {what}.")
    digest = hashlib.sha256(data).hexdigest()
    if told.mime not in PILLOW:
        return ReadImage(data=data, mime=told.mime, sha256=digest)
    try:
        seen = look_at_picture(io.BytesIO(data), told)
    except AssetRefused as error:
        raise InvalidImage(f"{name}: {error}.") from error
    return ReadImage(data=data, mime=told.mime, sha256=digest, width=seen.width, height=seen.height)


def from_data_url(text: str) -> bytes:
    """Return the bytes in a data URL (RFC 2397: https://www.rfc-editor.org/rfc/rfc2397)."""
    head, comma, body = text.partition(",")
    if not comma:
        raise InvalidImage("the data URL has no comma, and so no data.")
    if not head.lower().endswith(";base64"):
        return unquote_to_bytes(body)
    try:
        return base64.b64decode("".join(unquote_to_bytes(body).decode("ascii").split()), validate=True)
    except (binascii.Error, UnicodeDecodeError) as error:
        raise InvalidImage("the data URL is no valid base64.") from error


def as_png(image: Any) -> bytes:
    """Return a PIL image as PNG: without loss, and the same bytes for the same pixels."""
    from PIL import ImageOps  # noqa: PLC0415 - loaded when a picture is there

    plain: Image = ImageOps.exif_transpose(image)
    if plain.mode == "F":
        raise InvalidImage("a PIL image of floats has no fixed range. Convert it to RGB first.")
    if plain.mode not in PNG_MODES:
        plain = plain.convert("RGBA" if plain.mode in WITH_ALPHA else "RGB")
    out = io.BytesIO()
    try:
        plain.save(out, "PNG", exif=b"", icc_profile=None)
    except (OSError, ValueError, SystemError) as error:
        raise InvalidImage(f"the PIL image cannot be saved as PNG ({error}).") from error
    return out.getvalue()


def array_png(array: Any) -> bytes:
    """Return an array of height by width, or height by width by 3 or 4, as PNG."""
    from PIL import Image  # noqa: PLC0415 - loaded when an array is there

    shape, kind = getattr(array, "shape", "?"), getattr(array, "dtype", "?")
    message = (
        f"an array of shape {shape} and type {kind} is no image. Give uint8 of height by width by 3\n"
        "(from floats between 0 and 1: (array * 255).round().astype('uint8'))."
    )
    if array.__array_interface__["typestr"][1:] not in WHOLE_NUMBERS:
        raise InvalidImage(message)
    try:
        image = Image.fromarray(array)
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise InvalidImage(message) from error
    return as_png(image)


def too_large(name: str, size: int, most: int) -> InvalidImage:
    """Return the exception for an image that is too large to send."""
    return InvalidImage(
        f"{name}: {size / 2**20:.0f} MB are more than the {most / 2**20:.0f} MB that are sent. Make it smaller."
    )


def shown(path: Path) -> str:
    """Return a path for a message, in quotes and not too long."""
    text = str(path)
    return repr(text if len(text) <= 160 else f"{text[:159]}…")
