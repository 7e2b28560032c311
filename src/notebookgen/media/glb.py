"""The GLB container and its numbers, read from bytes that may say anything: pure, and bounded by the file's own length.

https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any

from notebookgen.errors import AssetError

__all__ = ["Glb", "parsed"]

MAGIC = b"glTF"
JSON_CHUNK = 0x4E4F534A
BIN_CHUNK = 0x004E4942
# Component type: struct's letter, its size, and what a normalised integer is divided by.
COMPONENTS = {
    5120: ("b", 1, 127),
    5121: ("B", 1, 255),
    5122: ("h", 2, 32767),
    5123: ("H", 2, 65535),
    5125: ("I", 4, 4294967295),
    5126: ("f", 4, 1),
}
FLOAT = 5126
MOST_WORDS = 8 * 2**20  # bytes of the description; empty objects of three bytes each take twenty times that in memory
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
PACKED = {
    "KHR_draco_mesh_compression": "Draco",
    "EXT_meshopt_compression": "meshopt",
    "KHR_meshopt_compression": "meshopt",
}

Row = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Glb:
    """A parsed container: its JSON and its binary part."""

    document: dict[str, Any]
    binary: memoryview

    def item(self, kind: str, index: object) -> dict[str, Any]:
        """Return ``document[kind][index]`` as an object.

        Raises:
            AssetError: There is no such thing.
        """
        several = self.document.get(kind)
        if (
            isinstance(several, list)
            and isinstance(index, int)
            and 0 <= index < len(several)
            and isinstance(several[index], dict)
        ):
            return several[index]  # type: ignore[no-any-return] # it is a dict of whatever the JSON says
        raise AssetError(f"its {kind} are damaged")

    def view(self, index: object) -> memoryview:
        """Return a buffer view's bytes.

        Raises:
            AssetError: It lies outside the file, or in another file.
        """
        view = self.item("bufferViews", index)
        start, length = whole(view.get("byteOffset", 0)), whole(view.get("byteLength"))
        if view.get("buffer") != 0 or "uri" in self.item("buffers", 0) or start + length > len(self.binary):
            raise AssetError("its data lie outside the file")
        return self.binary[start : start + length]

    def rows(self, index: object, *, most: int) -> list[Row]:
        """Return an accessor's elements as tuples of numbers, normalised where it says so.

        Raises:
            AssetError: It is damaged, has more than ``most`` elements, or is of a form that is not read.
        """
        accessor = self.item("accessors", index)
        component, width = number(accessor.get("componentType")), WIDTHS.get(str(accessor.get("type")), 0)
        count = whole(accessor.get("count"))
        if component not in COMPONENTS or not width or "sparse" in accessor:
            raise AssetError("its numbers are in a form that is not read")
        if count > most:
            raise AssetError(f"it has more than {most:,} points")
        if "bufferView" not in accessor:
            return [(0.0,) * width] * count
        letter, size, divisor = COMPONENTS[component]
        data = self.view(accessor["bufferView"])
        start, length = whole(accessor.get("byteOffset", 0)), size * width
        stride = whole(self.item("bufferViews", accessor["bufferView"]).get("byteStride", length)) or length
        if count and (stride < length or start + (count - 1) * stride + length > len(data)):
            raise AssetError("its data lie outside the file")
        form = struct.Struct(f"<{width}{letter}")
        if stride == length:
            found: list[Row] = list(form.iter_unpack(data[start : start + count * length]))
        else:
            found = [form.unpack_from(data, start + number * stride) for number in range(count)]
        if component != FLOAT and accessor.get("normalized") is True:
            return [tuple(max(value / divisor, -1.0) for value in row) for row in found]
        return found


def parsed(data: bytes) -> Glb:
    """Return a GLB 2 file's parts.

    Raises:
        AssetError: It is not one, or it is damaged.
    """
    if len(data) < 20 or data[:4] != MAGIC:
        raise AssetError("it is not a GLB file")
    version, length = struct.unpack_from("<II", data, 4)
    if version != 2:
        raise AssetError(f"it is GLB version {version}; version 2 is drawn")
    end = min(length, len(data))
    document: object = None
    binary = memoryview(b"")
    position = 12
    while position + 8 <= end:
        size, kind = struct.unpack_from("<II", data, position)
        position += 8
        if position + size > end:
            raise AssetError("the file is cut off")
        chunk = memoryview(data)[position : position + size]
        if kind == JSON_CHUNK and document is None:
            document = told(bytes(chunk))
        elif kind == BIN_CHUNK and not binary:
            binary = chunk
        position += size
    if not isinstance(document, dict):
        raise AssetError("it has no scene")
    required = document.get("extensionsRequired")
    for name in required if isinstance(required, list) else ():
        if isinstance(name, str) and name in PACKED:
            raise AssetError(f"its triangles are packed with {PACKED[name]}, which is not read")
    return Glb(document, binary)


def told(chunk: bytes) -> object:
    """Return the JSON part.

    Raises:
        AssetError: It cannot be read, or is very long.
    """
    if len(chunk) > MOST_WORDS:
        raise AssetError(f"its description is larger than {MOST_WORDS // 2**20} MB")
    try:
        return json.loads(chunk)
    except (ValueError, RecursionError) as caught:
        raise AssetError("its description cannot be read") from caught


def number(value: object) -> int:
    """Return a number that stands for something, or -1 for what is none."""
    return value if isinstance(value, int) else -1


def whole(value: object) -> int:
    """Return a count or an offset.

    Raises:
        AssetError: It is not a whole number from 0.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise AssetError("its numbers are damaged")
