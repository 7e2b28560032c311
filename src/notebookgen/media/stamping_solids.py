"""Where 3D files have room for a note: the extras of a glTF's ``asset``, in its JSON; meshes and pictures stay as they are.

https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html#reference-asset
"""

from __future__ import annotations

import json
import struct
from typing import IO, TYPE_CHECKING

from notebookgen.media.stamping_notes import KEY, NoRoom, Span
from notebookgen.media.stamping_pictures import read

if TYPE_CHECKING:
    from notebookgen.media.stamping_notes import Note, Piece

__all__ = ["glb", "gltf"]

MOST_JSON = 64 * 2**20
JSON_CHUNK = 0x4E4F534A


def glb(file: IO[bytes], size: int, note: Note) -> list[Piece]:
    """Write its first chunk anew, with the note in it."""
    version, told, length, kind = struct.unpack("<4xIIII", read(file, 0, 20))
    if version != 2 or told != size or kind != JSON_CHUNK or 20 + length > size:
        raise NoRoom("its header is not as a GLB has it")
    text = noted(read(file, 20, within(length)), note)
    text += b" " * (-len(text) % 4)
    head = struct.pack("<4sIIII", b"glTF", 2, size - length + len(text), len(text), JSON_CHUNK)
    return [head, text, Span(20 + length, size)]


def gltf(file: IO[bytes], size: int, note: Note) -> list[Piece]:
    """Write the JSON anew, with the note in it."""
    return [noted(read(file, 0, within(size)), note)]


def within(length: int) -> int:
    """Return a length that is read at once."""
    if length > MOST_JSON:
        raise NoRoom("its JSON is larger than is read at once")
    return length


def noted(data: bytes, note: Note) -> bytes:
    """Return a glTF's JSON with the note among its asset's extras."""
    try:
        scene = json.loads(data)
        asset = scene["asset"]
        extras = asset.setdefault("extras", {})
        extras[KEY] = json.loads(note.text)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise NoRoom("its JSON has no place for extras") from error
    return json.dumps(scene, ensure_ascii=True, separators=(",", ":")).encode("ascii")
