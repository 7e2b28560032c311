"""What a file is, told by its own first bytes; what a server called it counts for nothing. Pure.

A magic number counts at its own place only (nearly always offset 0), so that a page with a picture hidden in it is a
page. What looks like markup is called markup, whatever it was named.
"""

from __future__ import annotations

import base64
import codecs
import re
import struct
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HEAD", "MEDIA", "TEXT", "UNKNOWN", "Sniffed", "SniffedKind", "medium_in", "sniff"]

HEAD = 4096  # bytes that are enough

SniffedKind = Literal["image", "video", "audio", "3d", "text", "markup", "file"]


class Sniffed(NamedTuple):
    """What the bytes say.

    Attributes:
        kind: ``markup`` for what a browser would run, ``file`` for what is not known.
        mime: Its type.
        suffix: The ending of its file name, with the dot.
    """

    kind: SniffedKind
    mime: str
    suffix: str


UNKNOWN = Sniffed("file", "application/octet-stream", ".bin")
TEXT = Sniffed("text", "text/plain", ".txt")
PAGE = Sniffed("markup", "text/html", ".html")
JSON = Sniffed("text", "application/json", ".json")
GLTF = Sniffed("3d", "model/gltf+json", ".gltf")
OBJ = Sniffed("3d", "model/obj", ".obj")
STL = Sniffed("3d", "model/stl", ".stl")
MP3 = Sniffed("audio", "audio/mpeg", ".mp3")
AAC = Sniffed("audio", "audio/aac", ".aac")

# Bytes at offset 0 that leave no doubt.
MAGIC: tuple[tuple[bytes, Sniffed], ...] = (
    (b"\x89PNG\r\n\x1a\n", Sniffed("image", "image/png", ".png")),
    (b"\xff\xd8\xff", Sniffed("image", "image/jpeg", ".jpg")),
    (b"GIF87a", Sniffed("image", "image/gif", ".gif")),
    (b"GIF89a", Sniffed("image", "image/gif", ".gif")),
    (b"II*\x00", Sniffed("image", "image/tiff", ".tif")),
    (b"MM\x00*", Sniffed("image", "image/tiff", ".tif")),
    (b"fLaC", Sniffed("audio", "audio/flac", ".flac")),
    (b"ID3", MP3),
    (b"ply\n", Sniffed("3d", "model/ply", ".ply")),
    (b"ply\r\n", Sniffed("3d", "model/ply", ".ply")),
    (b"Kaydara FBX Binary  \x00", Sniffed("3d", "application/vnd.autodesk.fbx", ".fbx")),
    (b"%PDF-", Sniffed("file", "application/pdf", ".pdf")),
)
# Containers named in bytes 8 to 12 of a RIFF file.
RIFF = {
    b"WEBP": Sniffed("image", "image/webp", ".webp"),
    b"WAVE": Sniffed("audio", "audio/wav", ".wav"),
    b"AVI ": Sniffed("video", "video/x-msvideo", ".avi"),
}
# Brands of ISO base media files (https://mp4ra.org/registered-types/brands); every other brand is an MP4 clip.
MP4 = Sniffed("video", "video/mp4", ".mp4")
BRANDS = {
    b"avif": Sniffed("image", "image/avif", ".avif"),
    b"avis": Sniffed("image", "image/avif", ".avif"),
    b"heic": Sniffed("image", "image/heic", ".heic"),
    b"heix": Sniffed("image", "image/heic", ".heic"),
    b"mif1": Sniffed("image", "image/heif", ".heif"),
    b"qt  ": Sniffed("video", "video/quicktime", ".mov"),
    b"M4A ": Sniffed("audio", "audio/mp4", ".m4a"),
    b"M4B ": Sniffed("audio", "audio/mp4", ".m4a"),
}
# How a page of an Ogg file goes on after its 28 bytes of header.
OGG = {
    b"OpusHead": Sniffed("audio", "audio/ogg", ".opus"),
    b"\x80theora": Sniffed("video", "video/ogg", ".ogv"),
}
BMP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
MP3_RATES = (44_100, 48_000, 32_000)
MP3_KBITS = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),  # MPEG 1
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),  # MPEG 2, and 2.5 below
    0: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
MARKUP = re.compile(r"\s*<(?:!|\?|/?[a-z])", re.IGNORECASE)
SVG = re.compile(r"<svg[\s/>]", re.IGNORECASE)
HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|script|iframe|title|meta|div|p|a|table|h1)\b", re.IGNORECASE)
OBJ_BEFORE = ("#", "mtllib ", "usemtl ", "o ", "g ", "s ")  # lines that may stand before the first corner
OBJ_CORNER = re.compile(r"v(?:[ \t]+[-+]?[0-9][0-9.eE+-]*){3,8}[ \t]*")
STL_START = re.compile(r"solid\b[^\n]*\n\s*facet\s+normal\s")
MEDIA = frozenset({"image", "video", "audio", "3d"})
SMALLEST = 32  # bytes: three letters may look like the beginning of a sound, and no file is that small
BASE64 = re.compile(r"[A-Za-z0-9+/]+")
BASE64_BEGINNING = re.compile(r"\s*(?:[A-Za-z0-9+/_-]\s*){40}")
OF_ADDRESSES = str.maketrans("-_", "+/")
UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def sniff(head: bytes) -> Sniffed:
    """Tell a file by its beginning.

    Args:
        head: The first ``HEAD`` bytes, or all of a shorter file.
    """
    for magic, found in MAGIC:
        if head.startswith(magic):
            return found
    for look in LOOKS:
        told = look(head)
        if told is not None:
            return told
    return UNKNOWN


def medium_in(text: str) -> bytes | None:
    """Return the picture, clip, sound or model that a text is in base64, else None.

    White space, the alphabet of addresses and padding that is left out make no difference; anything else that does not
    belong there does, and so does what the bytes are: letters and digits alone may be a word.
    """
    if BASE64_BEGINNING.match(text) is None:  # a long text is not copied to be told
        return None
    letters = "".join(text.split()).rstrip("=").translate(OF_ADDRESSES)
    if BASE64.fullmatch(letters) is None or len(letters) % 4 == 1:
        return None
    data = base64.b64decode(letters + "=" * (-len(letters) % 4))
    return data if len(data) >= SMALLEST and sniff(data[:HEAD]).kind in MEDIA else None


def riff(head: bytes) -> Sniffed | None:
    """WebP, WAV, AVI."""
    return RIFF.get(head[8:12]) if head.startswith(b"RIFF") else None


def iso_media(head: bytes) -> Sniffed | None:
    """MP4, MOV, M4A, AVIF, HEIC: a first box called ``ftyp`` that names its brands."""
    if head[4:8] != b"ftyp" or not 16 <= int.from_bytes(head[:4], "big") <= 1024:
        return None
    brands = head[8 : int.from_bytes(head[:4], "big")]
    main = brands[:4]
    others = {brands[at : at + 4] for at in range(8, len(brands), 4)}
    if main == b"mif1":  # "some picture": the brands beside it tell which
        main = next((brand for brand in (b"avif", b"heic") if brand in others), main)
    return BRANDS.get(main, MP4)


def matroska(head: bytes) -> Sniffed | None:
    """WebM and Matroska: an EBML header that names its document type."""
    if not head.startswith(b"\x1aE\xdf\xa3"):
        return None
    if b"webm" in head[:64]:
        return Sniffed("video", "video/webm", ".webm")
    return Sniffed("video", "video/x-matroska", ".mkv") if b"matroska" in head[:64] else None


def ogg(head: bytes) -> Sniffed | None:
    """Ogg with Opus, Vorbis, FLAC or Theora in it."""
    if not head.startswith(b"OggS\x00"):
        return None
    inside = head[28:]
    return next((one for start, one in OGG.items() if inside.startswith(start)), Sniffed("audio", "audio/ogg", ".ogg"))


def glb(head: bytes) -> Sniffed | None:
    """Binary glTF, version 2."""
    if head[:4] == b"glTF" and head[4:8] == b"\x02\x00\x00\x00":
        return Sniffed("3d", "model/gltf-binary", ".glb")
    return None


def bmp(head: bytes) -> Sniffed | None:
    """BMP: two letters are too few, so its header's length is looked at as well."""
    if len(head) < 18 or head[:2] != b"BM" or struct.unpack_from("<I", head, 14)[0] not in BMP_HEADERS:
        return None
    return Sniffed("image", "image/bmp", ".bmp")


def zipped(head: bytes) -> Sniffed | None:
    """A zip file; with a USD scene as its first member, a USDZ model."""
    if not head.startswith(b"PK\x03\x04") or len(head) < 30:
        return None
    name = head[30 : 30 + struct.unpack_from("<H", head, 26)[0]]
    if re.search(rb"\.usd[acz]?$", name):
        return Sniffed("3d", "model/vnd.usdz+zip", ".usdz")
    return Sniffed("file", "application/zip", ".zip")


def adts(head: bytes) -> Sniffed | None:
    """AAC in ADTS frames: a second frame must begin where the first one ends."""
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0 or (head[2] >> 2) & 15 > 12:
        return None
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return AAC if length >= 7 and follows(head, length) else None


def mp3(head: bytes) -> Sniffed | None:
    """MP3 without a tag: a second frame must begin where the first one ends."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return None
    age, kbits, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if age == 1 or not 0 < kbits < 15 or rate == 3:
        return None
    hertz = MP3_RATES[rate] // {3: 1, 2: 2, 0: 4}[age]
    length = (144 if age == 3 else 72) * MP3_KBITS[age][kbits] * 1000 // hertz + (head[2] >> 1 & 1)
    return MP3 if follows(head, length) else None


def follows(head: bytes, length: int) -> bool:
    """Whether another frame of the same making begins at ``length``, as far as the bytes reach."""
    return length + 1 >= len(head) or (head[length] == 0xFF and head[length + 1] & 0xF6 == head[1] & 0xF6)


def written(head: bytes) -> Sniffed | None:
    """Text, JSON, glTF and markup: whatever a person could read."""
    text = decoded(head)
    if text is None or UNPRINTABLE.search(text):
        return crooked(head)
    if MARKUP.match(text):
        if SVG.search(text) and not HTML.search(text):
            return Sniffed("markup", "image/svg+xml", ".svg")
        page = HTML.search(text) or not text.lstrip().startswith("<?xml")
        return PAGE if page else Sniffed("markup", "application/xml", ".xml")
    start = text.lstrip()
    if start.startswith(("{", "[")):
        is_scene = start.startswith("{") and '"asset"' in text and '"version"' in text
        return GLTF if is_scene else JSON
    return next((told for told, fits in MODELS if fits(start)), TEXT)


def starts_as_obj(text: str) -> bool:
    """Whether the first line that says something is a corner of a Wavefront OBJ model."""
    lines = (line for one in text.splitlines() if (line := one.strip()))
    first = next((line for line in lines if not line.startswith(OBJ_BEFORE)), "")
    return OBJ_CORNER.fullmatch(first) is not None


def starts_as_stl(text: str) -> bool:
    """Whether it is an STL model in words."""
    return STL_START.match(text) is not None


MODELS: tuple[tuple[Sniffed, Callable[[str], bool]], ...] = ((OBJ, starts_as_obj), (STL, starts_as_stl))


def crooked(head: bytes) -> Sniffed | None:
    """Tell a page that is in no encoding that is told by its bytes (an old one, or wide without a mark), or has odd bytes in it."""
    marked = next((mark for mark, _ in BOMS if head.startswith(mark)), b"")
    letters = head[len(marked) :].replace(b"\x00", b"").decode("latin-1")
    if not MARKUP.match(letters):
        return None
    if HTML.search(letters):
        return PAGE
    return Sniffed("markup", "image/svg+xml", ".svg") if SVG.search(letters) else None


def decoded(head: bytes) -> str | None:
    """Return the bytes as text, a character cut at the end left out; None where they are no text, or nothing."""
    encoding = "utf-8"
    for mark, name in BOMS:
        if head.startswith(mark):
            head, encoding = head[len(mark) :], name
            break
    try:
        return codecs.getincrementaldecoder(encoding)().decode(head) or None
    except UnicodeDecodeError:
        return None


LOOKS: tuple[Callable[[bytes], Sniffed | None], ...] = (
    riff,
    iso_media,
    matroska,
    ogg,
    glb,
    bmp,
    zipped,
    adts,
    mp3,
    written,
)
