"""What a file says that it holds is counted before anything makes room for it; what was paid for is kept all the same."""

from __future__ import annotations

import io
import json
import struct
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import av
import pytest
from PIL import Image, ImageChops, ImageStat

from drawn_files import clip_file, decoded, drawing, picture_file, shown
from notebookgen.errors import AssetError, AssetRefused
from notebookgen.media import animations, pictures
from notebookgen.media.counts import MOST_SAMPLES, overfull
from notebookgen.media.files import MediaStore
from notebookgen.media.preview import bundle
from notebookgen.media.shown import PreviewLimits
from notebookgen.media.stills import Wish, moving, still
from notebookgen.media.wordcounts import MOST_WORDS
from notebookgen.records import Asset
from sanitizer import seen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import IO

pytestmark = pytest.mark.slow

LIMITS = PreviewLimits()
WISH = Wish(256, 60_000)


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    """A store in a folder of its own."""
    return MediaStore(tmp_path / "media")


def refused_or_reason(asset: Asset) -> str:
    """Return why there is no preview of a file."""
    with pytest.raises(AssetError) as caught:
        still(asset, WISH, LIMITS)
    return str(caught.value)


# Clips -----------------------------------------------------------------------------------------------------------


def clip(form: str = "mp4", codec: str = "mpeg4", *, title: str = "", comment: str = "", **options: str) -> bytes:
    """Return a clip of three frames."""
    out = io.BytesIO()
    with av.open(out, "w", format=form, options=options) as container:
        container.metadata.update({key: said for key, said in (("title", title), ("comment", comment)) if said})
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for number in range(3):
            frame = av.VideoFrame.from_image(drawing(64, 64, shift=number))
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return out.getvalue()


def patched(data: bytes, **tables: tuple[int, str, tuple[int, ...]]) -> bytes:
    """Return a clip with other numbers in its tables: how far behind their name, their form, and they themselves."""
    out = bytearray(data)
    for name, (behind, form, numbers) in tables.items():
        struct.pack_into(form, out, out.index(name.encode()) + behind, *numbers)
    return bytes(out)


def of_frames(count: int) -> bytes:
    """Return a clip that says, in tables of a fixed size, that it has so many frames."""
    return patched(
        clip(), stsz=(4, ">III", (0, 1, count)), stts=(8, ">III", (1, count, 1024)), stsc=(8, ">IIII", (1, 1, count, 1))
    )


@pytest.mark.parametrize(
    "data",
    [
        of_frames(50_000_000),
        patched(clip(movflags="frag_keyframe+empty_moov"), trun=(4, ">II", (1, 50_000_000))),
    ],
    ids=["table", "fragment"],
)
def test_a_clip_of_more_frames_than_bytes_is_refused(store: MediaStore, data: bytes) -> None:
    """A kilobyte that stands for fifty million frames is damaged; that is told without making room for any of them."""
    with pytest.raises(AssetRefused, match="50,000,000 frames"):
        store.keep(data, due="video")


@pytest.mark.parametrize("hidden", [False, True], ids=["in its place", "crooked"])
def test_a_clip_of_too_many_frames_is_kept_unseen(store: MediaStore, *, hidden: bool) -> None:
    """A clip that may hold as many frames as it says is kept, not opened, and its preview says why."""
    data = of_frames(MOST_SAMPLES + 1)
    if hidden:  # its readers take a table that says that it is longer than the file
        data = patched(data, stsz=(-4, ">I", (0x7FFFFFFF,)))
    else:
        data += struct.pack(">I4s", MOST_SAMPLES + 8, b"free") + bytes(MOST_SAMPLES)
    asset = store.keep(data, due="video")
    assert ("video", "video/mp4", None, None) == (asset.kind, asset.mime, asset.width, asset.seconds)
    assert f"it says that it holds more than {MOST_SAMPLES:,} frames" == refused_or_reason(asset)
    told = str(bundle(shown(asset))[0]["text/plain"])
    assert told.endswith(f"no preview: it says that it holds more than {MOST_SAMPLES:,} frames")


def test_lists_beside_the_frames_are_counted() -> None:
    """Edits that show the same frames often, packed tables and long lists of words are not opened either."""
    often = of_frames(1000)
    at = often.index(b"elst")
    edits = struct.pack(">I4sII", 16 + 12 * 9000, b"elst", 0, 9000) + struct.pack(">IiI", 100, 0, 0x10000) * 9000
    grown = bytearray(often[: at - 4] + edits + often[at - 4 :])
    for name in (b"moov", b"trak", b"edts"):
        (length,) = struct.unpack_from(">I", grown, grown.index(name) - 4)
        struct.pack_into(">I", grown, grown.index(name) - 4, length + len(edits))
    assert "more than" in overfull(io.BytesIO(grown), "mp4")
    packed = clip().replace(b"moov", b"cmov")
    assert "its tables are packed" == overfull(io.BytesIO(packed), "mov")
    words = b"\x12\x54\xc3\x67" + struct.pack(">Q", 1 << 56 | MOST_WORDS) + b"\x73\x73\x80" * (MOST_WORDS // 3 + 1)
    assert "larger than 4 MB" in overfull(io.BytesIO(clip("webm", "libvpx") + words), "webm")


@pytest.mark.parametrize(
    ("form", "codec", "options"),
    [
        ("mp4", "libx264", {}),
        ("mp4", "libx264", {"movflags": "frag_keyframe+empty_moov"}),
        ("mov", "libx264", {}),
        ("webm", "libvpx", {}),
        ("matroska", "libx264", {}),
    ],
)
def test_an_honest_clip_is_opened(store: MediaStore, form: str, codec: str, options: dict[str, str]) -> None:
    """Clips of every making are looked into as ever, also those with a word in them that is a table's name."""
    data = clip(form, codec, **options)
    assert "" == overfull(io.BytesIO(data), form)
    asset = store.keep(data, due="video")
    assert (64, 64) == (asset.width, asset.height)
    assert (64, 64) == (still(asset, WISH, LIMITS).width, still(asset, WISH, LIMITS).height)


def test_a_words_name_is_no_table(store: MediaStore) -> None:
    """A title that reads like the name of a table refuses nothing."""
    asset = store.keep(
        clip() + struct.pack(">I4s", 48, b"udta") + b"a study of the words stsz and trun !!!!!", due="video"
    )
    assert "video" == asset.kind


NAMES = ("trunk", "truncated", "stsz", "stz2", "elst", "stts", "stsc", "stco", "co64", "cmov", "moov", "trak", "hdlr")


@pytest.mark.parametrize("form", ["mp4", "mov"])
def test_words_of_a_clip_that_begin_like_a_table_are_words(store: MediaStore, form: str) -> None:
    """Titles and comments with any table's name in them, at the beginning too, leave a clip as it is: seen and shown."""
    for word in NAMES:
        for said in (
            f"{word} of an elephant, in fog",
            f"the {word}, and\0\0\0\0\0\0{word} abcdefghijkl",
            f"{word}" * 40,
        ):
            words = said.encode().replace(b"\0", b"\x01").decode()
            data = clip(form, comment=words, title=words)
            assert "" == overfull(io.BytesIO(data), form)
            for kind in (b"free", b"skip", b"uuid"):
                more = data + struct.pack(">I4s", 8 + len(words), kind) + words.encode()
                assert "" == overfull(io.BytesIO(more), form)
    asset = store.keep(clip(form, comment="the trunk of an elephant", title="stsz cmov"), due="video")
    assert (64, 64) == (asset.width, asset.height)
    assert 64 == still(asset, WISH, LIMITS).width


class Counting(io.BytesIO):
    """A file that counts the bytes that are read of it."""

    brought = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Read, and count."""
        data = super().read(size)
        self.brought += len(data)
        return data


@pytest.mark.parametrize("kind", ["free", "udta", "stsd", "meta"])
def test_counting_a_hostile_clip_takes_little(kind: str) -> None:
    """What a box is filled with is read once at the most, however many tables it is said to be."""
    unit = b"stsc" + b"\0\0\0\0" + b"\x7f\xff\xff\xff"
    data = clip() + struct.pack(">I4s", 8 + 12 * 80_000, kind.encode()) + unit * 80_000
    file = Counting(data)
    overfull(file, "mp4")
    assert file.brought < 3 * len(data)


def test_tables_that_overlap_are_read_once() -> None:
    """A table that says that it is longer than its box is read to the end of its box."""
    table = struct.pack(">I4sII", 0x7FFFFFFF, b"stsc", 0, 0x7FFFFFFF) + bytes(1200)
    timed = struct.pack(">I4sIIII", 24, b"stts", 0, 1, 1, 1)
    tracks = b"".join(struct.pack(">I4s", 8 + len(timed + table), b"trak") + timed + table for _ in range(500))
    file = Counting(clip() + struct.pack(">I4s", 8 + len(tracks), b"moov") + tracks)
    overfull(file, "mp4")
    assert file.brought < 3 * file.getbuffer().nbytes


def boxed(kind: str, *parts: bytes) -> bytes:
    """Return a box."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind.encode()) + body


def heard(count: int, *more: bytes, handler: bytes = b"soun", form: bytes = b"sowt") -> bytes:
    """Return a film with a track of so many samples, each of which stands in its table."""
    described = boxed("stsd", struct.pack(">II", 0, 1), struct.pack(">I4s", 36, form) + bytes(28))
    table = boxed(
        "stbl",
        described,
        boxed("stts", struct.pack(">IIII", 0, 1, count, 1)),
        boxed("stsc", struct.pack(">IIIII", 0, 1, 1, 1000, 1)),
        boxed("stsz", struct.pack(">III", 0, 4, count)),
        boxed("stco", struct.pack(">II", 0, count // 1000) + bytes(4 * (count // 1000))),
        *more,
    )
    said = boxed("hdlr", bytes(8) + handler + bytes(13))
    moov = boxed("moov", boxed("trak", boxed("mdia", said, boxed("minf", table))))
    return boxed("ftyp", b"qt  " + bytes(4)) + boxed("mdat", bytes(4 * count)) + moov


def test_plain_sound_is_counted_in_blocks() -> None:
    """Minutes of plain sound are few blocks; a track that only looks like one is counted a sample at a time."""
    count = MOST_SAMPLES + 1000
    more = f"it says that it holds more than {MOST_SAMPLES:,} frames"
    assert "" == overfull(io.BytesIO(heard(count)), "mov")
    assert more == overfull(io.BytesIO(heard(count, handler=b"vide")), "mov")
    assert more == overfull(io.BytesIO(heard(count, form=b"mp4a")), "mov")
    assert more == overfull(io.BytesIO(heard(count, boxed("stts", struct.pack(">IIII", 0, 1, count, 2)))), "mov")
    assert more == overfull(io.BytesIO(heard(count, boxed("ctts", struct.pack(">IIII", 0, 1, count, 0)))), "mov")
    pieces = boxed("moof", boxed("traf", boxed("trun", struct.pack(">II", 0, count))))
    assert more == overfull(io.BytesIO(heard(1000) + pieces + boxed("mdat", bytes(count))), "mov")


@pytest.mark.parametrize(
    "hidden",
    [
        lambda data: data.replace(b"moov", b"hoov"),
        lambda data: data.replace(b"moov", b"free"),
        lambda data: data.replace(b"minf", b"meta").replace(b"stbl", b"ilst"),
        lambda data: patched(data, stsz=(4, ">I", (0x41414141,))),
        lambda data: patched(data, moov=(-4, ">I", (0x7FFFFFFF,))),
        lambda data: patched(data, moov=(-4, ">I", (0,))),
        lambda data: patched(data, stsd=(-4, ">I", (0x7FFFFFFF,))),
    ],
    ids=["hoov", "free", "among words", "version", "crooked", "open", "in a form"],
)
def test_a_table_in_an_odd_place_is_found(hidden: Callable[[bytes], bytes]) -> None:
    """What FFmpeg reads as a table is counted wherever it stands: nothing of that kind is opened."""
    data = of_frames(MOST_SAMPLES + 1) + boxed("free", bytes(MOST_SAMPLES))
    if b"stbl" not in hidden(data):
        words = boxed("hdlr", bytes(4))
        at = data.index(b"minf") + 4
        data = data[:at] + words + data[at:]
    assert overfull(io.BytesIO(hidden(data)), "mov")


# Posters ---------------------------------------------------------------------------------------------------------


def fading(path: Path, *, frames: int = 24) -> Asset:
    """Write a clip that fades in from black."""
    black = Image.new("RGB", (160, 96))
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for number in range(48):
            image = Image.blend(black, drawing(160, 96), min(1.0, number / frames))
            container.mux(stream.encode(av.VideoFrame.from_image(image)))
        container.mux(stream.encode())
    return Asset(str(path), "video", "video/mp4", path.stat().st_size, "0" * 64)


def test_a_poster_shows_what_fades_in(tmp_path: Path) -> None:
    """Of a clip that fades in, the poster is a frame that is there, not the first that is a little less than black."""
    poster = decoded(still(fading(tmp_path / "c.mp4"), WISH, LIMITS).data).convert("RGB")
    red, _, _ = poster.getpixel((64, 48))  # type: ignore[misc] # three bands
    assert red > 180


def test_a_poster_is_the_first_frame_where_that_shows_something(tmp_path: Path) -> None:
    """A person who gave the first image of a clip sees it."""
    first = drawing(160, 96)
    poster = decoded(still(clip_file(tmp_path / "c.mp4"), WISH, LIMITS).data).convert("RGB")
    for place in ((20, 48), (64, 48), (110, 48)):
        near = zip(first.getpixel(place), poster.getpixel(place), strict=True)  # type: ignore[arg-type] # three bands
        assert all(abs(one - other) < 24 for one, other in near)


# Codecs ----------------------------------------------------------------------------------------------------------


def test_a_clip_that_browsers_do_not_play_gets_no_player(store: MediaStore, tmp_path: Path) -> None:
    """Its container says MP4; what is in it is told, and its poster stands where a dead player would."""
    asset = store.keep(clip(), due="video")
    page = seen(str(bundle(shown(asset))[0]["text/html"]))
    assert "video" not in [tag for tag, _ in page.tags]
    assert "img" in [tag for tag, _ in page.tags]
    assert "this is MPEG-4 part 2, which most browsers do not play" in page.text
    several = seen(str(bundle(shown(asset, clip_file(tmp_path / "c.mp4")))[0]["text/html"]))
    assert 1 == [tag for tag, _ in several.tags].count("video")
    assert "MPEG-4 part 2: most browsers do not play it" in several.text


# 3D --------------------------------------------------------------------------------------------------------------


def solid(document: bytes, binary: bytes = b"") -> bytes:
    """Return a GLB of that JSON."""
    document += b" " * (-len(document) % 4)
    chunks = struct.pack("<II", len(document), 0x4E4F534A) + document
    chunks += struct.pack("<II", len(binary), 0x004E4942) + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def layers(count: int) -> bytes:
    """Return a GLB of triangles that each cover the whole picture."""
    binary = b"".join(
        struct.pack("<9f", -1, -1, n * 1e-4, 1, -1, n * 1e-4 + 1e-5, 0, 1, n * 1e-4) for n in range(count)
    )
    document = {
        "asset": {"version": "2.0"},
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "accessors": [{"bufferView": 0, "componentType": 5126, "count": 3 * count, "type": "VEC3"}],
        "bufferViews": [{"buffer": 0, "byteLength": len(binary)}],
        "buffers": [{"byteLength": len(binary)}],
    }
    return solid(json.dumps(document).encode(), binary)


@pytest.mark.slow
def test_a_model_of_many_layers_is_drawn_smaller_or_not_at_all(store: MediaStore) -> None:
    """What lies behind each other is counted before it is filled: some of it makes a smaller picture, much of it none."""
    assert 512 == still(store.keep(layers(200)), Wish(512, 400_000), LIMITS).width
    assert "far too many of its triangles lie behind each other" == refused_or_reason(store.keep(layers(24_000)))


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (b'{"nodes":[' + b",".join([b"{}"] * 30_000) + b"]}", "more than 20,000 nodes"),
        (b'{"nodes":[' + b" " * 9_000_000 + b"]}", "its description is larger than 8 MB"),
    ],
    ids=["nodes", "words"],
)
def test_a_model_of_many_nodes_is_told_of(store: MediaStore, document: bytes, says: str) -> None:
    """Nodes and words that draw nothing are counted."""
    assert says in refused_or_reason(store.keep(solid(document)))


def test_drawing_a_model_ends(store: MediaStore) -> None:
    """Whatever else takes long, there is an end to it, and a reason."""
    reason = "it takes more than 0 seconds to draw"
    with pytest.raises(AssetError, match=reason):
        still(store.keep(layers(2)), WISH, PreviewLimits(drawing_seconds=0.0))


# Pictures --------------------------------------------------------------------------------------------------------


def jpeg(parts: int, length: int = 10) -> bytes:
    """Return a JPEG with a note in so many parts."""
    out = io.BytesIO()
    drawing(64, 48).save(out, "JPEG", quality=95)
    part = b"\xff\xe1" + struct.pack(">H", 8 + length) + b"Exif\0\0" + b"M" * length
    return out.getvalue()[:2] + part * parts + out.getvalue()[2:]


class Fed:
    """What Pillow's reader of JPEGs was given: its segments, counted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from PIL import JpegImagePlugin

        self.count, own = 0, JpegImagePlugin.APP

        def counting(image: object, marker: int) -> None:
            self.count += 1
            own(image, marker)  # type: ignore[arg-type] # the plugin's own

        table = JpegImagePlugin.MARKER
        monkeypatch.setattr(
            JpegImagePlugin,
            "MARKER",
            {key: (*of[:2], counting if of[2] is own else of[2]) for key, of in table.items()},
        )


@pytest.mark.parametrize("data", [jpeg(20_000), jpeg(30, 60_000)], ids=["parts", "bytes"])
def test_a_note_in_very_many_parts_is_not_read(store: MediaStore, monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    """A JPEG with megabytes of notes is kept as it came and shown; its decoder sees the picture alone."""
    fed = Fed(monkeypatch)
    asset = store.keep(data, due="image")
    assert (64, 48, len(data)) == (asset.width, asset.height, asset.size)
    assert (64, 48) == decoded(still(asset, WISH, LIMITS).data).size
    assert fed.count < 20


def test_an_ordinary_note_is_read(tmp_path: Path) -> None:
    """A picture that lies on its side is turned by what its note says, a depth map beside it or not."""
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = picture_file(tmp_path / "a.jpg", drawing(64, 48), exif=exif)
    seen_ = still(turned, WISH, LIMITS)
    assert (48, 64) == (seen_.width, seen_.height)


@pytest.mark.slow
def test_a_very_large_picture_is_kept_and_told_of(store: MediaStore, tmp_path: Path) -> None:
    """What upscalers make is shown; above a hundred million pixels a picture is kept, not decoded, and said to be so."""
    fine = store.keep(
        (tmp_path / picture_file(tmp_path / "a.png", Image.new("L", (9_000, 6_000), 90)).path).read_bytes()
    )
    assert (256, 171) == (still(fine, WISH, LIMITS).width, still(fine, WISH, LIMITS).height)
    large = Image.new("1", (12_000, 9_000))
    kept = store.keep((tmp_path / picture_file(tmp_path / "b.png", large).path).read_bytes(), due="image")
    assert (12_000, 9_000) == (kept.width, kept.height)
    assert "more than the 100 million that are decoded" in refused_or_reason(kept)


@pytest.mark.parametrize("form", ["png", "tif", "webp", "jpg"])
def test_a_very_large_picture_is_made_small_in_bands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """What is scaled down a band at a time is turned and shines through like what is scaled down at once."""
    exif = Image.Exif()
    exif[0x0112] = 6
    image = drawing(800, 600)
    if form in {"png", "webp"}:
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    image.save(tmp_path / f"a.{form}", exif=exif)
    drawn = []
    for large in (pictures.LARGE, 1_000):
        monkeypatch.setattr(pictures, "LARGE", large)
        drawn.append(pictures.picture(str(tmp_path / f"a.{form}"), edge=100, most_bytes=100_000, pixels=10**7))
    at_once, in_bands = (decoded(one.data).convert("RGBA") for one in drawn)
    assert (75, 100) == at_once.size == in_bands.size
    apart = ImageStat.Stat(ImageChops.difference(at_once, in_bands)).mean
    assert max(apart) < 4


@pytest.mark.parametrize(("mode", "form"), [("I;16", "png"), ("I;16B", "tif"), ("I", "tif"), ("F", "tif")])
def test_a_very_large_picture_of_many_bits_is_made_small_in_bands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, form: str
) -> None:
    """Of numbers of 16 bits and more no second copy is made either; their range is that of the whole picture."""
    grey = Image.linear_gradient("L").resize((800, 600)).convert("I").point(lambda value: value * 100 + 3_000)
    grey = grey.convert("F") if mode == "F" else grey if mode == "I" else grey.convert("I;16")
    if mode == "I;16B":
        turned = bytearray(grey.tobytes())
        turned[::2], turned[1::2] = turned[1::2], turned[::2]
        grey = Image.frombytes("I;16B", grey.size, bytes(turned))
    grey.save(tmp_path / f"a.{form}")
    drawn = []
    for large in (pictures.LARGE, 1_000):
        monkeypatch.setattr(pictures, "LARGE", large)
        drawn.append(pictures.picture(str(tmp_path / f"a.{form}"), edge=100, most_bytes=100_000, pixels=10**7))
        with Image.open(tmp_path / f"a.{form}") as image:
            assert (large == 1_000) == (max(pictures.halfway(image, 100).size) < 800)
    at_once, in_bands = (decoded(one.data).convert("L") for one in drawn)
    assert (100, 75) == at_once.size == in_bands.size
    assert max(ImageStat.Stat(ImageChops.difference(at_once, in_bands)).mean) < 4
    low, high = in_bands.getextrema()
    assert (low < 10, high > 245) == (True, True)  # type: ignore[operator] # one band, hence numbers


@pytest.mark.parametrize("form", ["jpg", "png", "webp"])
def test_a_note_that_is_none_costs_no_preview(store: MediaStore, tmp_path: Path, form: str) -> None:
    """A picture whose EXIF is rubbish is shown as it is, not turned: as it goes in, and made smaller."""
    drawing(400, 300).save(tmp_path / f"a.{form}", exif=b"Exif\0\0no directory at all")
    asset = store.keep((tmp_path / f"a.{form}").read_bytes(), due="image")
    for edge in (1_024, 100):
        drawn = pictures.picture(asset.path, edge=edge, most_bytes=400_000, pixels=10**7)
        assert (min(400, edge), min(300, edge * 3 // 4)) == (drawn.width, drawn.height)


class Read:
    """How often Pillow asks a file for bytes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from notebookgen.media import headers, segments

        self.count, own = 0, segments.bearable

        def counting(file: IO[bytes]) -> IO[bytes]:
            kept = own(file).read()
            outer = self

            class Counted(io.BytesIO):
                def read(self, size: int | None = -1) -> bytes:
                    outer.count += 1
                    return super().read(size)

            return Counted(kept)

        monkeypatch.setattr(headers, "bearable", counting)


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG of 64 by 48 pixels with those chunks before its pixels."""
    out = io.BytesIO()
    drawing(64, 48).save(out, "PNG")
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return out.getvalue()[:33] + b"".join(parts) + out.getvalue()[33:]


JPEG_HEAD = b"\xff\xd8"


@pytest.mark.parametrize(
    "data",
    [
        JPEG_HEAD + b"\xff" * 300_000 + jpeg(0)[2:],
        JPEG_HEAD + b"\xff" + b"\0" * 300_000 + jpeg(0)[2:],
        JPEG_HEAD + JPEG_HEAD * 150_000 + jpeg(0)[2:],
        JPEG_HEAD + b"\xff\xd9" * 150_000 + jpeg(0)[2:],
        JPEG_HEAD + b"\xff\xf0\xff\xff" + bytes(65_533) + b"\xff\xf1\xff\xff" + bytes(65_533) + jpeg(0)[2:],
        png(*[(b"abCd", b"")] * 150_000),
        png(*[(b"IDAT", b"")] * 150_000),
        png(*[(b"tEXt", b"a\0b")] * 150_000),
    ],
    ids=["fill", "nothing", "beginnings", "ends", "unknown", "chunks", "empty pixels", "notes"],
)
def test_what_stands_between_the_parts_is_left_out(
    store: MediaStore, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    """A picture with megabytes of nothing is kept as it came and shown; its decoder does not go through that byte by byte."""
    read = Read(monkeypatch)
    asset = store.keep(data, due="image")
    assert (64, 48, len(data)) == (asset.width, asset.height, asset.size)
    assert (64, 48) == decoded(still(asset, WISH, LIMITS).data).size
    assert read.count < 2_000


@pytest.mark.parametrize(
    "data",
    [png(*[(b"abCd", b"")] * 1_000_001), png(*[(b"IDAT", b"a")] * 100_001)],
    ids=["very many", "very small"],
)
def test_a_picture_in_very_many_parts_is_refused(store: MediaStore, data: bytes) -> None:
    """Even counting them takes time; nobody writes a million, nor pixels by the byte."""
    with pytest.raises(AssetRefused, match="parts, which may be a trap"):
        store.keep(data, due="image")


def test_a_picture_without_an_end_to_its_beginning_is_damaged(
    store: MediaStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind which no pixels follow, nothing is gone through either."""
    read = Read(monkeypatch)
    with pytest.raises(AssetRefused, match=r"damaged|cannot be read"):
        store.keep(JPEG_HEAD + b"\xff" * 300_000, due="image")
    assert read.count < 2_000


def gif(count: int) -> bytes:
    """Return a GIF of that many frames of one pixel."""
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    return head + (b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00") * count + b"\x3b"


def test_frames_are_counted_as_far_as_they_are_wanted(store: MediaStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A GIF of very many frames is shown by its first; the others are not gone through."""
    from PIL import GifImagePlugin

    own, gone_to = GifImagePlugin.GifImageFile._seek, []

    def counting(image: GifImagePlugin.GifImageFile, frame: int, *more: object) -> None:
        gone_to.append(frame)
        own(image, frame, *more)  # type: ignore[arg-type] # as it is called

    monkeypatch.setattr(GifImagePlugin.GifImageFile, "_seek", counting)
    asset = store.keep(gif(5_000), due="image")
    assert moving(asset, WISH, LIMITS) is None
    assert (1, 1) == (still(asset, WISH, LIMITS).width, still(asset, WISH, LIMITS).height)
    assert max(gone_to) <= 150


def test_a_picture_that_moves_for_long_is_shown_small(tmp_path: Path) -> None:
    """Frames are made smaller as they come where all of them together would be very large."""
    frames = [drawing(320, 200, shift=shift) for shift in range(20)]
    image = picture_file(tmp_path / "a.gif", drawing(), save_all=True, append_images=frames)
    whole = moving(image, Wish(320, 400_000), LIMITS)
    assert whole is not None
    assert (320, 200) == (whole.width, whole.height)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(animations, "MOST_PIXELS", 500_000)
        small = moving(image, Wish(320, 400_000), LIMITS)
    assert small is not None
    assert 21 * small.width * small.height <= 500_000


def test_what_stands_behind_a_picture_is_not_read(tmp_path: Path) -> None:
    """Three hundred megabytes behind a small picture are not brought into memory to show it."""
    asset = picture_file(tmp_path / "a.png", drawing())
    with (tmp_path / "a.png").open("r+b") as file:
        file.truncate(300_000_000)
    tracemalloc.start()
    try:
        assert moving(asset, WISH, LIMITS) is None
        assert 256 == still(asset, WISH, LIMITS).width
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()
