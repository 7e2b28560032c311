"""Small real files of every kind, drawn where a test wants them, and the records that describe them."""

from __future__ import annotations

import hashlib
import io
import json
import math
import struct
import wave
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import av
from PIL import Image, ImageDraw

from notebookgen.media.preview import Shown
from notebookgen.records import Asset, Cost

if TYPE_CHECKING:
    from pathlib import Path

MODEL = "armox:google/nano-banana"
SQUARE = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]


def asset(path: Path, kind: str, mime: str, **more: Any) -> Asset:
    """Return the record of a file."""
    data = path.read_bytes()
    return Asset(str(path), kind, mime, len(data), hashlib.sha256(data).hexdigest(), **more)  # type: ignore[arg-type] # a kind


def shown(*assets: Asset, **more: Any) -> Shown:
    """Return a result that went well."""
    facts: dict[str, Any] = {
        "status": "saved",
        "model": MODEL,
        "prompt": "A red circle",
        "settings": {"aspect_ratio": "1:1"},
        "cost": Cost(Decimal(70), "credits", "reported"),
        "seconds": 3.2,
        "job": "job_81",
        "id": "ab12cd34",
        "assets": assets,
    }
    return Shown(**{**facts, **more})


def drawing(width: int = 320, height: int = 200, *, shift: int = 0) -> Image.Image:
    """Return a flat picture that compresses well."""
    image = Image.new("RGB", (width, height), (30, 60, 90))
    draw = ImageDraw.Draw(image)
    draw.ellipse((width * 0.2 + shift, height * 0.2, width * 0.6 + shift, height * 0.8), fill=(220, 80, 60))
    return image


def photograph(width: int, height: int) -> Image.Image:
    """Return a picture that compresses badly, as a photograph does."""
    return Image.blend(drawing(width, height), Image.effect_noise((width, height), 60).convert("RGB"), 0.4)


def picture_file(path: Path, image: Image.Image | None = None, **options: Any) -> Asset:
    """Write a picture in the form that its name says."""
    image = image or drawing()
    image.save(path, **options)
    return asset(
        path, "image", f"image/{path.suffix[1:].replace('jpg', 'jpeg')}", width=image.width, height=image.height
    )


def clip_file(path: Path, *, width: int = 160, height: int = 96, seconds: float = 1.0, dark: int = 0) -> Asset:
    """Write an MP4 whose first ``dark`` frames are black."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(round(seconds * 24)):
            image = Image.new("RGB", (width, height)) if number < dark else drawing(width, height, shift=number)
            container.mux(stream.encode(av.VideoFrame.from_image(image)))
        container.mux(stream.encode())
    return asset(path, "video", "video/mp4", width=width, height=height, seconds=seconds, has_sound=False)


def sound_file(path: Path, *, seconds: float = 1.0) -> Asset:
    """Write a WAV that swells."""
    count = round(8000 * seconds)
    samples = [round(20000 * (index / count) * math.sin(index / 5)) for index in range(count)]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(struct.pack(f"<{count}h", *samples))
    return asset(path, "audio", "audio/wav", seconds=seconds)


def glb(document: dict[str, Any], binary: bytes = b"") -> bytes:
    """Return a GLB file of that JSON and that binary part."""
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    parts = struct.pack("<II", len(text), 0x4E4F534A) + text
    if binary:
        parts += struct.pack("<II", len(binary), 0x004E4942) + binary
    return b"glTF" + struct.pack("<II", 2, 12 + len(parts)) + parts


def square(**node: Any) -> tuple[dict[str, Any], bytes]:
    """Return the JSON and the binary part of a red square of two triangles, on a node of that description."""
    points = b"".join(struct.pack("<3f", *point) for point in SQUARE)
    indices = struct.pack("<6H", 0, 1, 2, 0, 2, 3)
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, **node}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "material": 0}]}],
        "materials": [{"pbrMetallicRoughness": {"baseColorFactor": [1.0, 0.0, 0.0, 1.0]}}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3"},
            {"bufferView": 1, "componentType": 5123, "count": 6, "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": 48},
            {"buffer": 0, "byteOffset": 48, "byteLength": 12},
        ],
        "buffers": [{"byteLength": 60}],
    }
    return document, points + indices


def solid_file(path: Path, data: bytes | None = None) -> Asset:
    """Write a GLB; a red square, unless bytes are given."""
    path.write_bytes(glb(*square()) if data is None else data)
    return asset(path, "3d", "model/gltf-binary")


def decoded(data: bytes) -> Image.Image:
    """Return a picture that was embedded, decoded."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image
