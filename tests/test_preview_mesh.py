"""3D files are read with care: whatever their bytes say, there is a picture or a reason, soon."""

from __future__ import annotations

import io
import json
import math
import struct
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drawn_files import SQUARE, decoded, drawing, glb, shown, solid_file, square
from notebookgen.errors import AssetError
from notebookgen.media.glb import parsed
from notebookgen.media.mesh import Mesh, gathered, thinned
from notebookgen.media.preview import PreviewLimits, bundle
from notebookgen.media.raster import filled
from notebookgen.media.solids import solid

if TYPE_CHECKING:
    from pathlib import Path


def read(document: dict[str, Any], binary: bytes, *, triangles: int = 100) -> Mesh:
    """Return the mesh of a file of these parts."""
    return gathered(parsed(glb(document, binary)), triangles=triangles, texture=lambda _: None)


def test_nodes_move_their_meshes() -> None:
    """Translation, rotation and scale apply in the order of the specification, parents after children."""
    turn = [0.0, 0.0, math.sqrt(0.5), math.sqrt(0.5)]  # a quarter around z: x becomes y
    document, binary = square(translation=[10, 0, 0], rotation=turn, scale=[2, 1, 1])
    document["nodes"].append({"children": [0], "translation": [0, 0, 5]})
    document["scenes"] = [{"nodes": [1]}]
    mesh = read(document, binary)
    assert [(10, 0, 5), (10, 2, 5), (9, 2, 5), (9, 0, 5)] == [
        tuple(round(value, 6) for value in point) for point in mesh.points
    ]
    assert [(0, 1, 2), (0, 2, 3)] == mesh.faces
    assert [(1.0, 0.0, 0.0)] * 2 == mesh.colours


def test_a_matrix_is_read_by_columns() -> None:
    """A node's matrix has its translation in the last four numbers."""
    document, binary = square(matrix=[1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 7, 8, 9, 1])
    assert (7.0, 8.0, 9.0) == read(document, binary).points[0]


def test_a_loop_of_nodes_ends() -> None:
    """Nodes that are their own ancestors are drawn once."""
    document, binary = square(children=[0, 1])
    document["nodes"].append({"children": [0]})
    assert 2 == len(read(document, binary).faces)


def test_strides_and_vertex_colours() -> None:
    """Interleaved points and normalised byte colours are read where they stand."""
    rows = b"".join(struct.pack("<3f4B", *point, 255, 0, 255, 255) for point in SQUARE)
    document, _ = square()
    document["bufferViews"] = [{"buffer": 0, "byteLength": 64, "byteStride": 16}]
    document["accessors"] = [
        {"bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3"},
        {"bufferView": 0, "byteOffset": 12, "componentType": 5121, "normalized": True, "count": 4, "type": "VEC4"},
    ]
    document["meshes"] = [{"primitives": [{"attributes": {"POSITION": 0, "COLOR_0": 1}, "mode": 6}]}]
    mesh = read(document, rows)
    assert [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0)] == mesh.points[:2]
    assert [(0, 1, 2), (0, 2, 3)] == mesh.faces
    assert [(0.8, 0.0, 0.8)] * 2 == mesh.colours


@pytest.mark.parametrize(
    ("mode", "faces"), [(4, [(0, 1, 2)]), (5, [(0, 1, 2), (1, 2, 3)]), (6, [(0, 1, 2), (0, 2, 3)])]
)
def test_strips_and_fans(mode: int, faces: list[tuple[int, int, int]]) -> None:
    """Lists, strips and fans of points without indices become the triangles that they stand for."""
    document, binary = square()
    document["meshes"] = [{"primitives": [{"attributes": {"POSITION": 0}, "mode": mode}]}]
    assert faces == read(document, binary).faces


def test_a_texture_colours_its_faces(tmp_path: Path) -> None:
    """The base colour texture inside the file is sampled; one that cannot be read leaves the base colour."""
    picture = io.BytesIO()
    drawing(8, 8).point(lambda _: 0).save(picture, "PNG")
    places = struct.pack("<8f", 0, 0, 1, 0, 1, 1, 0, 1)
    document, binary = square()
    document["meshes"][0]["primitives"][0]["attributes"]["TEXCOORD_0"] = 2
    document["materials"] = [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}]
    document["textures"], document["images"] = [{"source": 0}], [{"bufferView": 3, "mimeType": "image/png"}]
    document["accessors"].append({"bufferView": 2, "componentType": 5126, "count": 4, "type": "VEC2"})
    document["bufferViews"] += [
        {"buffer": 0, "byteOffset": 60, "byteLength": 32},
        {"buffer": 0, "byteOffset": 92, "byteLength": picture.tell()},
    ]
    middles = []
    for image in (picture.getvalue(), b"not a picture".ljust(picture.tell())):
        asset = solid_file(tmp_path / "a.glb", glb(document, binary + places + image))
        drawn = bundle(shown(asset))[0]["image/png"]
        seen = decoded(drawn)  # type: ignore[arg-type] # bytes
        middles.append(seen.getpixel((seen.width // 2, seen.height // 2)))
    assert (0, 0, 0, 255) == middles[0]
    assert min(middles[1]) > 100


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"accessors": [{"bufferView": 0, "componentType": 5126, "count": 10**12, "type": "VEC3"}]}, "more than"),
        ({"accessors": [{"componentType": 5126, "count": 10**12, "type": "VEC3"}]}, "more than"),
        ({"accessors": [{"bufferView": 0, "componentType": 5126, "count": 5, "type": "VEC3"}]}, "outside the file"),
        ({"accessors": [{"bufferView": 0, "componentType": 5126, "count": -1, "type": "VEC3"}]}, "damaged"),
        ({"accessors": [{"bufferView": 0, "componentType": 5130, "count": 4, "type": "VEC3"}]}, "not read"),
        (
            {"accessors": [{"bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3", "sparse": {}}]},
            "not read",
        ),
        ({"bufferViews": [{"buffer": 0, "byteOffset": 10**9, "byteLength": 48}]}, "outside the file"),
        ({"buffers": [{"byteLength": 60, "uri": "https://127.0.0.1/x.bin"}]}, "outside the file"),
        ({"extensionsRequired": ["KHR_draco_mesh_compression"]}, "Draco"),
        ({"meshes": []}, "meshes are damaged"),
        ({"scenes": [{"nodes": []}]}, "no triangles"),
        ({"scenes": [{"nodes": "x"}]}, "no triangles"),
        ({"nodes": [None]}, "nodes are damaged"),
        ({"meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "mode": 0}]}]}, "no triangles"),
    ],
)
def test_damage_is_a_reason(change: dict[str, Any], reason: str) -> None:
    """Numbers that lead outside the file, or ask for too much, end in a few words."""
    document, binary = square()
    with pytest.raises(AssetError, match=reason):
        read({**document, **change}, binary)


def test_too_many_triangles_are_a_reason(tmp_path: Path) -> None:
    """A limit on triangles is told, not fought with."""
    document, binary = square()
    document["meshes"][0]["primitives"] *= 3
    assert 6 == len(read(document, binary, triangles=6).faces)
    with pytest.raises(AssetError, match="more than 4 triangles"):
        read(document, binary, triangles=4)
    data, _ = bundle(shown(solid_file(tmp_path / "a.glb")), limits=PreviewLimits(solid_bytes=10))
    assert str(data["text/plain"]).endswith("no preview: it is larger than 10 B")


def test_points_that_are_no_numbers_are_left_out() -> None:
    """A face with an infinite or undefined corner is not drawn; the others are."""
    document, binary = square()
    broken = struct.pack("<3f", math.nan, math.inf, 0) + binary[12:36] + binary[36:]
    document["accessors"][1]["count"] = 6
    indices = struct.pack("<6H", 0, 1, 2, 1, 2, 3)
    mesh = read(document, broken[:48] + indices)
    assert [(1, 2, 3)] == mesh.faces


def test_a_fine_mesh_is_thinned() -> None:
    """A mesh with more faces than a picture can show loses faces and keeps its extent."""
    side = 120
    points = [(x / side, y / side, 0.0) for y in range(side + 1) for x in range(side + 1)]
    faces = []
    for y in range(side):
        for x in range(side):
            corner = y * (side + 1) + x
            faces += [(corner, corner + 1, corner + side + 2), (corner, corner + side + 2, corner + side + 1)]
    mesh = Mesh(points, faces, [(1.0, 1.0, 1.0)] * len(faces))
    thin = thinned(mesh, most=4_000)
    assert 1_000 < len(thin.faces) <= 6_000
    assert len(thin.faces) == len(thin.colours)
    assert max(x for x, _, _ in thin.points) > 0.95
    assert mesh is thinned(mesh, most=10**6)


def test_the_nearest_triangle_wins() -> None:
    """A small triangle in front of a large one is seen, whichever is drawn first."""
    far = ((0.0, 0.0, 0.2), (20.0, 0.0, 0.2), (0.0, 20.0, 0.2), 1)
    near = ((2.0, 2.0, 0.3), (6.0, 2.0, 0.3), (2.0, 6.0, 0.3), 2)
    for order in ((far, near), (near, far)):
        pixels = filled(order, 20)
        assert (2, 1, 0) == (pixels[3 * 20 + 3], pixels[9 * 20 + 9], pixels[19 * 20 + 19])


def test_neighbours_leave_no_gap() -> None:
    """Triangles that share edges cover a square entirely, and nothing outside it."""
    middle = (7.3, 4.9, 0.5)
    corners = [(1.0, 1.0, 0.5), (13.0, 1.0, 0.5), (13.0, 13.0, 0.5), (1.0, 13.0, 0.5)]
    pixels = filled(((middle, one, two, 7) for one, two in zip(corners, corners[1:] + corners[:1], strict=True)), 16)
    assert [7 if 1 <= x < 13 and 1 <= y < 13 else 0 for y in range(16) for x in range(16)] == list(pixels)


@settings(deadline=None)  # a busy machine is no failure
@given(corners=st.lists(st.tuples(*[st.floats(-50, 50)] * 3), min_size=3, max_size=3))
def test_any_triangle_stays_inside(corners: list[tuple[float, float, float]]) -> None:
    """However a triangle lies, only pixels of the picture are written."""
    one, two, three = corners
    assert 64 == len(filled([(one, two, three, 9)], 8))


@settings(deadline=None)  # a busy machine is no failure
@given(data=st.binary(max_size=300))
def test_any_bytes_are_a_picture_or_a_reason(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Bytes behind a GLB's magic never lead to another error."""
    path = tmp_path_factory.getbasetemp() / "any.glb"
    path.write_bytes(b"glTF" + struct.pack("<II", 2, 12 + len(data)) + data)
    with pytest.raises(AssetError):
        solid(str(path), edge=32, most_bytes=10_000, most_read=10**6, triangles=100, pixels=10**6, seconds=60.0)


LEAVES = st.none() | st.booleans() | st.integers(-3, 70) | st.floats() | st.text(max_size=3)
THINGS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
PLACES = st.sampled_from(
    [
        ("scene",), ("scenes", 0), ("scenes", 0, "nodes"), ("nodes", 0), ("nodes", 0, "mesh"), ("nodes", 0, "matrix"), ("nodes", 0, "rotation"),
        ("nodes", 0, "children"), ("meshes", 0), ("meshes", 0, "primitives"), ("meshes", 0, "primitives", 0), ("meshes", 0, "primitives", 0, "attributes"),
        ("meshes", 0, "primitives", 0, "attributes", "POSITION"), ("meshes", 0, "primitives", 0, "attributes", "COLOR_0"),
        ("meshes", 0, "primitives", 0, "indices"), ("meshes", 0, "primitives", 0, "mode"), ("meshes", 0, "primitives", 0, "material"), ("materials", 0),
        ("materials", 0, "pbrMetallicRoughness"), ("materials", 0, "pbrMetallicRoughness", "baseColorFactor"),
        ("materials", 0, "pbrMetallicRoughness", "baseColorTexture"), ("accessors", 0), ("accessors", 0, "count"), ("accessors", 0, "type"),
        ("accessors", 0, "componentType"), ("accessors", 0, "byteOffset"), ("accessors", 1, "bufferView"), ("accessors", 1, "normalized"), ("bufferViews", 0),
        ("bufferViews", 0, "byteStride"), ("bufferViews", 1, "byteLength"), ("buffers",), ("extensionsRequired",),
    ]
)  # fmt: skip


@settings(deadline=None)  # a busy machine is no failure
@given(places=st.lists(st.tuples(PLACES, THINGS), min_size=1, max_size=3))
def test_any_description_is_a_picture_or_a_reason(
    places: list[tuple[tuple[Any, ...], object]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A file whose JSON says anything at any place is shown by the bundle, or told of; nothing is raised."""
    document, binary = json.loads(json.dumps(square()[0])), square()[1]
    for (*above, last), value in places:
        inner: Any = document
        for key in above:
            inner = (
                inner[key]
                if (isinstance(inner, list) and isinstance(key, int) and key < len(inner))
                or (isinstance(inner, dict) and key in inner)
                else None
            )
        if isinstance(inner, dict) or (isinstance(inner, list) and isinstance(last, int) and last < len(inner)):
            inner[last] = value
    path = tmp_path_factory.getbasetemp() / "described.glb"
    data, _ = bundle(shown(solid_file(path, glb(document, binary))), limits=PreviewLimits(edge=24))
    reason = str(data["text/plain"]).splitlines()[-1]
    assert "image/png" in data or reason.startswith("no preview: ")
    assert "cannot be decoded" not in reason  # each damage has a reason of its own
