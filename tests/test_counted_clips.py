"""What a clip or a sound says of itself beside its frames is counted, too, before FFmpeg makes room or takes time for it."""

from __future__ import annotations

import io
import itertools
import struct
from typing import TYPE_CHECKING

import av
import pytest
from PIL import Image

from notebookgen.media import wordcounts
from notebookgen.media.counts import overfull
from notebookgen.media.files import MediaStore

if TYPE_CHECKING:
    from pathlib import Path

FRAGMENTS = "frag_keyframe+empty_moov+default_base_moof"
MANY = 250_000_000


def box(kind: bytes, *inside: bytes) -> bytes:
    """Return a box."""
    return struct.pack(">I4s", 8 + sum(map(len, inside)), kind) + b"".join(inside)


def numbers(*them: int) -> bytes:
    """Return numbers of four bytes."""
    return struct.pack(f">{len(them)}I", *them)


def clip(folder: Path, movflags: str = "") -> bytes:
    """Return a clip of three seconds."""
    path = folder / "made.mp4"
    options = {"movflags": movflags, "g": "10"} if movflags else {}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for number in range(30):
            picture = Image.new("RGB", (64, 64), (8 * number, 90, 30))
            frame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call] # has none in PyAV
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path.read_bytes()


def grown(data: bytes, name: bytes, what: bytes) -> bytes:
    """Return a clip with something more at the end of one of its boxes."""
    at = data.index(name) - 4
    (length,) = struct.unpack_from(">I", data, at)
    return data[:at] + numbers(length + len(what)) + data[at + 4 : at + length] + what + data[at + length :]


def handled(kind: bytes, *inside: bytes) -> bytes:
    """Return a box of notes."""
    return box(b"meta", numbers(0), box(b"hdlr", numbers(0, 0), kind, bytes(13)), *inside)


def refusal(data: bytes, form: str = "mp4") -> str:
    """Return why something is not opened."""
    return overfull(io.BytesIO(data), form)


@pytest.mark.parametrize(
    ("holder", "what"),
    [
        (b"moov", handled(b"pict", box(b"iinf", numbers(1 << 24, MANY)))),
        (b"moov", handled(b"pict", box(b"iloc", numbers(2 << 24), b"\x44\x00", numbers(MANY)))),
        (b"moov", handled(b"mdta", box(b"keys", numbers(0, MANY)))),
        (b"stbl", box(b"sgpd", numbers(0), b"sync", numbers(MANY))),
        (b"stbl", box(b"sgpd", numbers(1 << 24), b"sync", numbers(1, MANY))),
        (b"stbl", box(b"sgpd", numbers(2 << 24), b"sync", numbers(1, 0, MANY))),
        (b"moov", box(b"udta", box(b"HMMT", numbers(30_000), bytes(120_000)))),
    ],
    ids=["items", "places", "keys", "groups", "groups of a length", "groups with a default", "chapters"],
)
def test_a_list_of_very_many_is_not_made_room_for(tmp_path: Path, holder: bytes, what: bytes) -> None:
    """For each entry that such a list says it has there is room made, whether it has them or not."""
    assert "its lists say that they hold more than 20,000 entries" == refusal(grown(clip(tmp_path), holder, what))


def test_very_many_notes_are_not_compared(tmp_path: Path) -> None:
    """Each note is looked for among all before it, which takes minutes where they are a hundred thousand."""
    notes = [box(b"\xa9nam", struct.pack(">HH", 1, 0x421 + number), b"x") for number in range(6000)]
    assert "it has more than 5,000 notes" == refusal(grown(clip(tmp_path), b"moov", box(b"udta", *notes)))
    assert not refusal(grown(clip(tmp_path), b"moov", box(b"udta", *notes[:100])))


def test_notes_in_what_says_how_frames_are_packed_are_not_read(tmp_path: Path) -> None:
    """FFmpeg reads them there as well, and nobody puts any there."""
    data = clip(tmp_path)
    notes = box(b"udta", box(b"\xa9nam", struct.pack(">HH", 1, 0x421), b"x"))
    at = data.index(b"mp4v") - 4
    end = at + struct.unpack_from(">I", data, at)[0]
    inside = bytearray(data[:end] + notes + data[end:])
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"mp4v"):
        start = inside.index(name) - 4
        struct.pack_into(">I", inside, start, struct.unpack_from(">I", inside, start)[0] + len(notes))
    assert "its tables are not where they belong" == refusal(bytes(inside))


def test_very_many_pieces_of_very_many_tracks_are_not_made_room_for(tmp_path: Path) -> None:
    """For each piece there is a place for every track."""
    data = grown(clip(tmp_path, FRAGMENTS), b"moov", box(b"trak") * 900)
    at = data.index(b"moof") - 4
    assert "pieces" in refusal(data[:at] + box(b"moof") * 40_000 + data[at:])


def with_index(movie: bytes, *rest: bytes) -> bytes:
    """Return a clip whose index leads to each of its pieces, and what else is said."""
    at = movie.index(b"moof") - 4
    end = movie.index(b"mdat") - 4 + struct.unpack_from(">I", movie, movie.index(b"mdat") - 4)[0]
    lengths = [end - at, 108, sum(map(len, rest)) - 108]
    entries = b"".join(numbers(length, 1, 0x90000000) for length in lengths)
    index = box(b"sidx", numbers(0, 1, 10240, 0, 0), struct.pack(">HH", 0, len(lengths)), entries)
    return movie[:at] + index + movie[at:end] + b"".join(rest)


@pytest.mark.parametrize("kind", [b"free", b"mdat", b"uuid"])
def test_an_index_leads_to_no_hidden_tables(tmp_path: Path, kind: bytes) -> None:
    """An index that leads into what is passed over has FFmpeg read tables there that nobody counted."""
    run = box(b"trun", numbers(0, 20_000_000))
    header = box(b"tfhd", numbers(0x020018, 1, 512, 1))
    hidden = box(kind, bytes(100), box(b"moof", box(b"traf", header, run)), box(b"mdat", bytes(64)))
    assert "its index leads elsewhere" == refusal(with_index(clip(tmp_path, FRAGMENTS), hidden))


def test_what_an_index_leads_to_is_no_longer_than_the_file(tmp_path: Path) -> None:
    """Where there is an index, FFmpeg makes room for all that a box says it has, also behind the end of the file."""
    data = clip(tmp_path, FRAGMENTS + "+dash+global_sidx")
    assert "its index leads elsewhere" == refusal(data + numbers(0x7FFFFFF0) + b"uuid" + bytes(32))


@pytest.mark.parametrize("more", ["", "+dash", "+dash+global_sidx", "+delay_moov", "+dash+skip_trailer"])
def test_an_honest_index_is_gone_by(tmp_path: Path, more: str) -> None:
    """Clips in pieces are looked into as ever, whole and cut short."""
    data = clip(tmp_path, FRAGMENTS + more)
    assert not refusal(data)
    assert not refusal(data[: len(data) // 2])
    assert 64 == MediaStore(tmp_path / "media").keep(data, due="video").width


def test_a_stream_with_an_index_at_its_end_is_not_opened(tmp_path: Path) -> None:
    """Of one kind of stream FFmpeg reads the index at the end, and never stops where its parts have no length."""
    data = clip(tmp_path, FRAGMENTS)
    at = data.index(b"moov") - 4
    assert "its index leads elsewhere" == refusal(data[:at] + box(b"free", b"Anevia\x1a\x1a", bytes(8)) + data[at:])


# Notes of sounds -------------------------------------------------------------------------------------------------


def sound(form: str, codec: str) -> bytes:
    """Return a sound of a second."""
    out = io.BytesIO()
    with av.open(out, "w", format=form) as container:
        stream = container.add_stream(codec, rate=44100)
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame(format=stream.format.name, layout="mono", samples=1024)
        frame.sample_rate = 44100
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        for number in range(40):
            frame.pts = 1024 * number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return out.getvalue()


def id3(count: int) -> bytes:
    """Return notes as they stand before an MP3."""
    frames = b"".join(b"TXXX" + numbers(12) + b"\0\0\0k%06x\0xxx" % number for number in range(count))
    length = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + length + frames


def vorbis(count: int) -> bytes:
    """Return notes as FLAC and Ogg have them."""
    notes = b"".join(struct.pack("<I", 9) + b"k%06x=x" % number for number in range(count))
    return struct.pack("<II", 0, count) + notes


def mp3(count: int) -> bytes:
    """Return an MP3 with so many notes."""
    return id3(count) + sound("mp3", "libmp3lame")


def flac(count: int) -> bytes:
    """Return a FLAC with so many notes."""
    plain, notes = sound("flac", "flac"), vorbis(count)
    return plain[:4] + b"\0" + plain[5:42] + b"\x04" + len(notes).to_bytes(3, "big") + notes + plain[42:]


def wav(count: int) -> bytes:
    """Return a WAV with so many notes."""
    names = itertools.islice(itertools.product(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", repeat=4), count)
    notes = b"INFO" + b"".join(bytes(name) + struct.pack("<I", 2) + b"x\0" for name in names)
    plain = sound("wav", "pcm_s16le")
    return plain[:12] + b"LIST" + struct.pack("<I", len(notes)) + notes + plain[12:]


def ogg(count: int) -> bytes:
    """Return the second packet of an Ogg with so many notes, in pages that cut every word."""
    packet, pages = b"OpusTags" + vorbis(count), b""
    first = struct.pack("<4sBBqIIIB", b"OggS", 0, 2, 0, 7, 0, 0, 1) + bytes([19]) + b"OpusHead" + bytes(11)
    for number, at in enumerate(range(0, len(packet), 255)):
        piece = packet[at : at + 255]
        head = struct.pack("<4sBBqIIIB", b"OggS", 0, 1, -1, 7, number + 1, 0, 1)
        pages += head + bytes([len(piece)]) + piece
    return first + pages


def matroska(count: int) -> bytes:
    """Return the list of so many notes of a Matroska file."""
    notes = b"".join(b"\x67\xc8\x8f\x45\xa3\x87k%06x\x44\x87\x82xx" % number for number in range(count))
    return b"\x12\x54\xc3\x67" + struct.pack(">Q", 1 << 56 | len(notes)) + notes


MADE = {"mp3": mp3, "aac": mp3, "flac": flac, "wav": wav, "ogg": ogg, "webm": matroska, "matroska": matroska}


@pytest.mark.parametrize("form", MADE)
def test_very_many_notes_of_a_sound_are_not_compared(form: str) -> None:
    """A megabyte of notes before a sound would keep a kernel busy for minutes."""
    assert "it has more than 5,000 notes" == refusal(MADE[form](6000), form)
    assert not refusal(MADE[form](50), form)


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("ogg", (b"OggS" + bytes(23)) * 30_000),
        ("flac", b"fLaC" + bytes(4 * 200_000)),
        ("wav", b"RIFF" + b"LIST" * 200_000),
        ("aac", b"COM" * 200_000),
    ],
    ids=["pages", "blocks", "lists", "names"],
)
def test_counting_notes_ends(monkeypatch: pytest.MonkeyPatch, form: str, data: bytes) -> None:
    """What is made of millions of empty parts is not opened either, rather than counted to its end."""
    monkeypatch.setattr(wordcounts, "MOST_SECONDS", 0.0)
    assert refusal(data, form).startswith("it takes more than")
