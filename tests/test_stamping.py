"""Copies that say where they come from: read back from every format, with not a picture, frame or sample changed."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import drawn_files as drawn
from notebookgen.media.stamping import Draft, drafted, is_restamped, read_note, reads_like
from notebookgen.media.stamping_notes import MOST, note_of, xmp
from notebookgen.sniff import HEAD, sniff

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FACTS: dict[str, object] = {
    "notebookgen": "0.1.0",
    "model": "armox:google/nano-banana",
    "prompt": 'A fox <in> & "snow" 狐 ثعلب\nsecond line',
    "settings": {"aspect_ratio": "16:9", "note": "]]> <script>"},
    "cost": "70",
    "unit": "credits",
    "job": "job_81",
    "at": "2026-11-21T20:00:00+00:00",
    "sandbox": False,
    "sha256": "ab" * 32,
}
RATE = 24


def picture(path: Path, **options: Any) -> None:
    drawn.photograph(64, 48).save(path, **options)


def clear(path: Path, **options: Any) -> None:
    image = drawn.photograph(64, 48).convert("RGBA")
    image.putalpha(100)
    image.save(path, **options)


def moving(path: Path) -> None:
    first, *rest = (drawn.drawing(64, 48, shift=number) for number in range(5))
    first.save(path, save_all=True, append_images=rest, duration=80, loop=0)


def described(path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "a description of its own"
    picture(path, exif=exif)


def film(path: Path, codec: str = "libx264", *, sound: bool = False, **options: str) -> None:
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        heard = container.add_stream("aac", rate=44_100) if sound else None
        for number in range(RATE):
            container.mux(stream.encode(av.VideoFrame.from_image(drawn.drawing(96, 64, shift=number))))
        container.mux(stream.encode())
        if heard is not None:
            container.mux(heard.encode(tone()))
            container.mux(heard.encode())


def tone() -> av.AudioFrame:
    samples = (8000 * np.sin(np.arange(22_050) / 10)).astype(np.int16).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
    frame.sample_rate = 44_100
    return frame


def sound(path: Path, codec: str, **options: str) -> None:
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=44_100)
        container.mux(stream.encode(tone()))
        container.mux(stream.encode())


FILES: dict[str, Callable[[Path], None]] = {
    "plain.png": picture,
    "clear.png": clear,
    "moving.png": moving,
    "plain.jpg": picture,
    "described.jpg": described,
    "packet.jpg": lambda path: picture(path, xmp=b"<x:xmpmeta/>"),
    "lossy.webp": picture,
    "lossless.webp": lambda path: picture(path, lossless=True),
    "clear.webp": lambda path: clear(path, lossless=True),
    "moving.webp": moving,
    "plain.gif": picture,
    "moving.gif": moving,
    "plain.avif": picture,
    "clear.avif": clear,
    "described.avif": described,
    "moving.avif": moving,
    "film.mp4": lambda path: film(path, sound=True),
    "quick.mp4": lambda path: film(path, movflags="faststart"),
    "fragments.mp4": lambda path: film(path, sound=True, movflags="frag_keyframe+empty_moov"),
    "film.mov": lambda path: film(path, sound=True),
    "film.webm": lambda path: film(path, "libvpx-vp9"),
    "film.mkv": lambda path: film(path, sound=True),
    "sound.wav": lambda path: sound(path, "pcm_s16le"),
    "tagged.mp3": lambda path: sound(path, "libmp3lame"),
    "bare.mp3": lambda path: sound(path, "libmp3lame", id3v2_version="0", write_xing="0"),
    "sound.flac": lambda path: sound(path, "flac"),
    "sound.m4a": lambda path: sound(path, "aac"),
    "solid.glb": lambda path: drawn.solid_file(path) and None,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return what makes one of the files, once."""
    folder = tmp_path_factory.mktemp("files")

    def of(name: str) -> Path:
        path = folder / name
        if not path.exists():
            FILES[name](path)
        return path

    return of


def mime(path: Path) -> str:
    with path.open("rb") as file:
        return sniff(file.read(HEAD)).mime


def stamped(path: Path, target: Path, facts: dict[str, object] | None = None) -> Draft:
    """Write a stamped copy."""
    draft = drafted(path, mime(path), FACTS if facts is None else facts)
    target.write_bytes(b"".join(draft.blocks()))
    return draft


def contents(path: Path) -> object:
    """Return everything that is seen or heard in a file: every picture decoded, every packet and its time."""
    if mime(path).startswith("image/"):
        with Image.open(path) as image:
            frames = []
            for number in range(getattr(image, "n_frames", 1)):
                image.seek(number)
                frames.append((image.convert("RGBA").tobytes(), image.info.get("duration")))
            return frames, image.info.get("loop")
    if mime(path).startswith("model/"):
        data = path.read_bytes()
        length = int.from_bytes(data[12:16], "little")
        scene = json.loads(data[20 : 20 + length])
        scene["asset"].pop("extras", None)
        return scene, data[20 + length :]
    with av.open(str(path)) as container:
        packets = [(one.stream.index, one.pts, one.duration, bytes(one)) for one in container.demux() if one.size]
    with av.open(str(path)) as container:
        return packets, [frame.to_ndarray().tobytes() for frame in container.decode(container.streams[0])]


@pytest.mark.parametrize("name", FILES)
def test_nothing_that_is_seen_or_heard_changes(name: str, made: Callable[[str], Path], tmp_path: Path) -> None:
    """Every format with room for it says where it comes from; each picture and packet is what it was; the original stays."""
    path, target = made(name), tmp_path / name
    before = path.read_bytes()

    draft = stamped(path, target)

    assert (True, "", FACTS) == (draft.stamped, draft.why, read_note(target))
    assert contents(path) == contents(target)
    assert (draft.size, True, before) == (target.stat().st_size, reads_like(target, path), path.read_bytes())


@pytest.mark.parametrize(
    ("name", "key"),
    [("film.mp4", "comment"), ("film.mov", "comment"), ("sound.m4a", "comment"), ("film.webm", "NOTEBOOKGEN"), ("film.mkv", "NOTEBOOKGEN"), ("sound.wav", "comment"),
     ("bare.mp3", "notebookgen"), ("tagged.mp3", "notebookgen"), ("sound.flac", "NOTEBOOKGEN")],
)  # fmt: skip
def test_players_read_it(name: str, key: str, made: Callable[[str], Path], tmp_path: Path) -> None:
    """Clips and sounds have it among their tags, as other programs read them."""
    stamped(made(name), tmp_path / name)

    with av.open(str(tmp_path / name)) as container:
        assert FACTS == json.loads(container.metadata[key])


@pytest.mark.parametrize("name", ["plain.png", "plain.jpg", "lossy.webp", "plain.avif"])
def test_pictures_say_it_in_the_words_of_the_press(name: str, made: Callable[[str], Path], tmp_path: Path) -> None:
    """Pictures have an XMP packet that says they are made by a model, by which one, and what was asked for."""
    import xml.etree.ElementTree as ET

    stamped(made(name), tmp_path / name)

    with Image.open(tmp_path / name) as image:
        image.load()
        packet = image.info["xmp"]
    tree = ET.fromstring(packet)  # noqa: S314 - a packet that was made here
    words = {one.tag.rpartition("}")[2]: one.text for one in tree.iter() if one.text and one.text.strip()}
    assert "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia" == words["DigitalSourceType"]
    assert (FACTS["model"], FACTS["prompt"], "notebookgen 0.1.0") == (
        words["AISystemUsed"],
        words["AIPromptInformation"],
        words["CreatorTool"],
    )


def test_a_png_says_it_in_plain_texts(made: Callable[[str], Path], tmp_path: Path) -> None:
    """A PNG has texts of its own for it, whatever letters the prompt is made of."""
    stamped(made("plain.png"), tmp_path / "a.png")

    with Image.open(tmp_path / "a.png") as image:
        image.load()
        texts = image.text  # type: ignore[attr-defined]  # PNG files have it
    assert (FACTS["prompt"], FACTS) == (texts["Description"], json.loads(texts["notebookgen"]))


def test_what_a_picture_says_of_itself_stays(made: Callable[[str], Path], tmp_path: Path) -> None:
    """A description or packet that came with a picture is not changed, and ours is put beside it."""
    stamped(made("described.jpg"), tmp_path / "a.jpg")
    stamped(made("packet.jpg"), tmp_path / "b.jpg")

    with Image.open(tmp_path / "a.jpg") as one, Image.open(tmp_path / "b.jpg") as other:
        assert "a description of its own" == one.getexif()[0x010E]
        assert (b"<x:xmpmeta/>", FACTS) == (other.info["xmp"], json.loads(other.info["comment"]))


@pytest.mark.parametrize("data", [b"BM" + b"\x00" * 60, b"plain words", b"%PDF-1.7\n", b"OggS\x00" + b"\x00" * 60])
def test_without_room_it_stays_as_it_is(data: bytes, tmp_path: Path) -> None:
    """A format without a place for it is copied as it is, and why is told."""
    path = tmp_path / "a.bin"
    path.write_bytes(data)

    draft = drafted(path, mime(path), FACTS)

    assert (False, data) == (draft.stamped, b"".join(draft.blocks()))
    assert "no place" in draft.why


@pytest.mark.parametrize("name", FILES)
def test_the_same_facts_make_the_same_file(name: str, made: Callable[[str], Path], tmp_path: Path) -> None:
    """A copy can be told from what it says itself to be unchanged; one changed byte, and it is somebody's own."""
    path, target = made(name), tmp_path / name
    stamped(path, target)
    facts = read_note(target)
    assert facts is not None

    assert is_restamped(target, path, mime(path), facts)
    target.write_bytes(target.read_bytes()[:-1] + b"\x7f")
    assert not is_restamped(target, path, mime(path), facts)


@pytest.mark.parametrize("name", ["plain.png", "lossy.webp", "plain.gif", "plain.avif", "quick.mp4", "sound.wav", "tagged.mp3", "sound.flac", "solid.glb", "plain.jpg", "film.mov", "film.webm"])  # fmt: skip
@given(data=st.data())
def test_broken_files_are_copied_or_stamped_and_never_fail(
    name: str, made: Callable[[str], Path], data: st.DataObject
) -> None:
    """A file with bytes changed or cut off is stamped or copied as it is; there is no other outcome."""
    whole = bytearray(made(name).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, min(len(whole), 2_000) - 1))] = data.draw(st.integers(0, 255))
    path = made(name).with_suffix(".broken")
    path.write_bytes(bytes(whole[: data.draw(st.integers(1, len(whole)))]))

    draft = drafted(path, mime(made(name)), FACTS)

    written = b"".join(draft.blocks())
    assert draft.size == len(written)
    assert draft.stamped or path.read_bytes() == written


@given(st.text(max_size=200), st.text(max_size=200))
def test_every_prompt_makes_a_packet_that_can_be_read(prompt: str, model: str) -> None:
    """Markup, controls, and half characters in a prompt or a name leave the packet well formed."""
    import xml.etree.ElementTree as ET

    packet = xmp(note_of({**FACTS, "prompt": prompt, "model": model}))

    tree = ET.fromstring(packet)  # noqa: S314 - a packet that was made here
    text = next(one.text for one in tree.iter() if one.tag.endswith("}provenance"))
    assert json.dumps(prompt) == json.dumps(json.loads(text or "")["prompt"])


def test_what_is_too_long_is_cut(made: Callable[[str], Path], tmp_path: Path) -> None:
    """Settings, then the prompt, are cut where they would not fit into a segment of a JPEG."""
    facts = {**FACTS, "prompt": "狐" * 20_000, "settings": {"mask": "x" * 90_000}}

    draft = stamped(made("plain.jpg"), tmp_path / "a.jpg", facts)

    found = read_note(tmp_path / "a.jpg")
    assert found is not None
    assert (True, {}, "job_81") == (draft.stamped, found["settings"], found["job"])
    assert len(json.dumps(found)) < MOST


@pytest.mark.parametrize(
    ("facts", "kind"),
    [({"sandbox": True}, "algorithmicMedia"), ({"images": ["ab"]}, "compositeWithTrainedAlgorithmicMedia")],
)
def test_the_sandbox_and_edits_are_told_apart(facts: dict[str, object], kind: str) -> None:
    """What the sandbox draws is no model's work, and what was made from a picture is made from one."""
    found = re.search(rb"digitalsourcetype/(\w+)<", xmp(note_of({**FACTS, **facts})))

    assert found is not None
    assert kind == found[1].decode()


def test_a_picture_that_can_no_longer_be_read_is_noticed(made: Callable[[str], Path], tmp_path: Path) -> None:
    """A copy whose type or size is another one does not read like what it is a copy of."""
    other = tmp_path / "other.png"
    drawn.drawing(10, 10).save(other)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(made("quick.mp4").read_bytes()[:300])

    assert not reads_like(other, made("plain.png"))
    assert not reads_like(cut, made("quick.mp4"))
    assert reads_like(made("plain.png"), made("plain.png"))


def test_the_largest_films_are_not_read_whole(tmp_path: Path) -> None:
    """A copy is made of parts of the original, a block at a time."""
    path = tmp_path / "a.png"
    buffer = io.BytesIO()
    drawn.photograph(64, 48).save(buffer, "PNG")
    path.write_bytes(buffer.getvalue() + b"\x00" * 5_000_000)

    assert max(len(block) for block in drafted(path, "image/png", FACTS).blocks()) <= 1024 * 1024
