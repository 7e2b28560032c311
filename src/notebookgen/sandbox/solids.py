"""Solids: closed meshes on a plinth that says SANDBOX, as glTF 2.0 in one binary file (GLB).

https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html
"""

from __future__ import annotations

import json
import re
import struct
from array import array
from typing import TYPE_CHECKING

from notebookgen.sandbox.colours import RGB, darker, lighter, mix
from notebookgen.sandbox.furniture import thing
from notebookgen.sandbox.meshes import Mesh
from notebookgen.sandbox.palettes import palette
from notebookgen.sandbox.reading import plain, read
from notebookgen.sandbox.request import Request, dice, digest
from notebookgen.sandbox.shapes import SHAPES, supershape

if TYPE_CHECKING:
    import random

__all__ = ["solid"]

_FLOAT, _BYTE, _ARRAY_BUFFER = 5126, 5121, 34962
#: The seven letters, three columns by five rows, a bit a block.
_LETTERS = {
    "S": "111100111001111",
    "A": "111101111101101",
    "N": "111101101101101",
    "D": "110101101101110",
    "B": "110101110101110",
    "O": "111101101101111",
    "X": "101101010101101",
}


def solid(request: Request) -> bytes:
    """Return a GLB: what the prompt names where the painter knows its shape, else a form that only this prompt has."""
    rng = dice(request, "solid")
    brief = read(request.prompt)
    colours = palette(brief.mood or rng.choice(("day", "dawn", "sunset")), rng)
    kind = next((subject.kind for subject in brief.subjects if subject.kind in SHAPES), "")
    kind = kind or thing(re.findall(r"[^\W_]+", plain(request.prompt)))
    named = next((subject.colour for subject in brief.subjects if subject.kind == kind), None) or brief.colour
    mesh = Mesh()
    if kind:
        SHAPES[kind](mesh, named, colours, rng)
    else:
        supershape(mesh, named or colours.accent, colours.second, rng)
    _plinth(mesh, mix(colours.near, (52, 54, 66), 0.5), lighter(colours.second, 0.3))
    return _packed(mesh, digest(request)[:16], rng)


def _plinth(mesh: Mesh, stone: RGB, ink: RGB) -> None:
    """A low block with the word in relief on its front."""
    mesh.box((0, -0.13, 0), (1.5, 0.26, 1.1), stone)
    mesh.box((0, -0.27, 0), (1.62, 0.04, 1.22), darker(stone, 0.3))
    dot = 0.03
    left = -dot * (len("SANDBOX") * 4 - 1) / 2
    for number, letter in enumerate("SANDBOX"):
        for row in range(5):
            for column in range(3):
                if _LETTERS[letter][row * 3 + column] == "1":
                    x = left + dot * (number * 4 + column + 0.5)
                    mesh.box((x, -0.055 - dot * (row + 0.5), 0.555), (dot, dot, 0.03), ink)


def _packed(mesh: Mesh, name: str, rng: random.Random) -> bytes:
    """Return the mesh as JSON and binary chunks, each padded to four bytes."""
    low, high = mesh.bounds()
    parts = [array("f", mesh.positions).tobytes(), array("f", mesh.normals).tobytes(), bytes(mesh.colours)]
    views, offset = [], 0
    for part in parts:
        views.append({"buffer": 0, "byteOffset": offset, "byteLength": len(part), "target": _ARRAY_BUFFER})
        offset += len(part)
    count = len(mesh.positions) // 3
    document = {
        "asset": {"version": "2.0", "generator": "notebookgen sandbox", "extras": {"note": f"SANDBOX {name}"}},
        "scene": 0,
        "scenes": [{"nodes": [0], "name": "SANDBOX"}],
        "nodes": [{"mesh": 0, "name": f"SANDBOX {name}"}],
        "meshes": [
            {
                "name": "SANDBOX",
                "primitives": [{"attributes": {"POSITION": 0, "NORMAL": 1, "COLOR_0": 2}, "material": 0, "mode": 4}],
            }
        ],
        "materials": [
            {
                "name": "glaze",
                "pbrMetallicRoughness": {
                    "baseColorFactor": [1, 1, 1, 1],
                    "metallicFactor": 0.0,
                    "roughnessFactor": round(rng.uniform(0.35, 0.7), 3),
                },
            }
        ],
        "accessors": [
            {"bufferView": 0, "componentType": _FLOAT, "count": count, "type": "VEC3", "min": low, "max": high},
            {"bufferView": 1, "componentType": _FLOAT, "count": count, "type": "VEC3"},
            {"bufferView": 2, "componentType": _BYTE, "normalized": True, "count": count, "type": "VEC4"},
        ],
        "bufferViews": views,
        "buffers": [{"byteLength": offset}],
    }
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    data = b"".join(parts)
    data += b"\0" * (-len(data) % 4)
    total = 12 + 8 + len(text) + 8 + len(data)
    return (
        struct.pack("<4sII", b"glTF", 2, total)
        + struct.pack("<I4s", len(text), b"JSON")
        + text
        + struct.pack("<I4s", len(data), b"BIN\0")
        + data
    )
