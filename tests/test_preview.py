"""One result shows itself: what is in the bundle for each kind, and that nothing hostile or broken gets through."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drawn_files import MODEL, clip_file, decoded, drawing, photograph, picture_file, shown, solid_file, sound_file
from notebookgen.media.captions import pixels_words
from notebookgen.media.preview import PreviewLimits, Shown, bundle, plain
from notebookgen.records import Asset, Cost
from sanitizer import seen

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "\"'><img src=x onerror=alert(1)><script>alert(2)</script>\x1b[31m\x00\u202egnp.exe\u2066\ud800</div>&amp;"


def test_a_picture_goes_in_unchanged(tmp_path: Path) -> None:
    """A small PNG is embedded as it was bought, without HTML that would hide it."""
    image = picture_file(tmp_path / "a.png", drawing(1024, 640))
    data, metadata = bundle(shown(image))
    assert {"image/png", "text/plain"} == set(data)
    assert (tmp_path / "a.png").read_bytes() == data["image/png"]
    assert {"width": 512, "height": 320, "alt": "A red circle"} == metadata["image/png"]
    assert (
        f"saved · {MODEL} · 3.2 s · 70 credits\n{image.path} ({pixels_words(1024, 640)}, {image.size / 1000:.1f} kB)"
        == data["text/plain"]
    )


def test_a_jpeg_stays_a_jpeg(tmp_path: Path) -> None:
    """A small JPEG is embedded unchanged as image/jpeg, laid out as it is seen: turned where it says so."""
    exif = Image.Exif()
    exif[0x0112] = 6
    image = picture_file(tmp_path / "a.jpg", drawing(400, 200), exif=exif)
    data, metadata = bundle(shown(image))
    assert (tmp_path / "a.jpg").read_bytes() == data["image/jpeg"]
    assert {"width": 200, "height": 400, "alt": "A red circle"} == metadata["image/jpeg"]


def test_a_large_drawing_is_scaled_down(tmp_path: Path) -> None:
    """A PNG of more pixels than a cell needs is scaled to 1024 on its long edge and stays a PNG."""
    data, metadata = bundle(shown(picture_file(tmp_path / "a.png", drawing(3000, 1500))))
    assert (1024, 512) == decoded(data["image/png"]).size  # type: ignore[arg-type] # bytes
    assert {"width": 512, "height": 256, "alt": "A red circle"} == metadata["image/png"]


@pytest.mark.slow
def test_a_heavy_photograph_becomes_a_jpeg(tmp_path: Path) -> None:
    """A PNG with too many bytes is shown as a JPEG within the limit."""
    limits = PreviewLimits(picture_bytes=60_000)
    data, _ = bundle(shown(picture_file(tmp_path / "a.png", photograph(900, 900))), limits=limits)
    assert {"image/jpeg", "text/plain"} == set(data)
    assert len(data["image/jpeg"]) <= 60_000


@pytest.mark.parametrize("form", ["webp", "gif", "avif", "tiff", "bmp"])
def test_other_forms_become_png_or_jpeg(tmp_path: Path, form: str) -> None:
    """What notebooks do not show is converted, and never embedded as it is."""
    data, _ = bundle(shown(picture_file(tmp_path / f"a.{form}")))
    pictures = set(data) - {"text/plain"}
    assert pictures in ({"image/png"}, {"image/jpeg"})
    assert (320, 200) == decoded(data[pictures.pop()]).size  # type: ignore[arg-type] # bytes


@pytest.mark.parametrize("form", ["gif", "webp", "png", "avif"])
def test_a_moving_picture_moves(tmp_path: Path, form: str) -> None:
    """An animation is a PNG that moves, for every front end that shows a PNG; others show its first frame."""
    frames = [drawing(shift=shift) for shift in (60, 90)]
    image = picture_file(tmp_path / f"a.{form}", drawing(), save_all=True, append_images=frames, duration=80, loop=0)
    data, _ = bundle(shown(image))
    assert {"image/png", "text/plain"} == set(data)
    moving = decoded(data["image/png"])  # type: ignore[arg-type] # bytes
    assert (3, 80, 0) == (moving.n_frames, moving.info["duration"], moving.info["loop"])  # type: ignore[attr-defined] # PNG files have it
    assert moving.convert("RGB").getpixel((128, 100))[0] > 180  # type: ignore[index] # three bands


@pytest.mark.parametrize("limits", [{"picture_bytes": 3_000}, {"pixels": 150_000}], ids=str)
def test_a_moving_picture_that_is_too_large_shows_its_first_frame(tmp_path: Path, limits: dict[str, int]) -> None:
    """Too many bytes, or too many pixels in all frames together: the first frame is embedded, still."""
    frames = [photograph(320, 200) for _ in range(3)]
    image = picture_file(tmp_path / "a.gif", drawing(), save_all=True, append_images=frames)
    data, _ = bundle(shown(image), limits=PreviewLimits(**limits))  # type: ignore[arg-type] # whole numbers
    still = decoded(next(value for mime, value in data.items() if mime.startswith("image/")))  # type: ignore[arg-type] # bytes
    assert 1 == getattr(still, "n_frames", 1)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "I;16", "I", "CMYK"])
def test_every_mode_is_shown(tmp_path: Path, mode: str) -> None:
    """Whatever the pixels are, a picture that has to be scaled down comes out as RGB or RGBA."""
    image = Image.new(mode, (600, 300), None) if mode in {"I;16", "I"} else drawing(600, 300).convert(mode)
    form = "tiff" if mode in {"CMYK", "I"} else "png"
    data, _ = bundle(shown(picture_file(tmp_path / f"a.{form}", image)), limits=PreviewLimits(edge=100))
    small = decoded(next(value for mime, value in data.items() if mime.startswith("image/")))  # type: ignore[arg-type] # bytes
    assert (100, 50) == small.size
    assert small.mode in {"RGB", "RGBA"}


@pytest.mark.slow
def test_transparency_is_kept(tmp_path: Path) -> None:
    """A picture that shines through stays a PNG with its transparency when it is scaled down."""
    image = photograph(1500, 1500).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    data, _ = bundle(shown(picture_file(tmp_path / "a.png", image)))
    small = decoded(data["image/png"])  # type: ignore[arg-type] # bytes
    assert "RGBA" == small.mode
    assert len(data["image/png"]) <= PreviewLimits().picture_bytes


@pytest.mark.parametrize(
    ("colour", "ground"), [((20, 20, 20, 255), "light"), ((255, 255, 240, 255), "dark"), ((0, 0, 0, 0), "light")]
)
@pytest.mark.parametrize("edge", [1024, 40])
def test_a_picture_that_shines_through_asks_for_a_ground(
    tmp_path: Path, colour: tuple[int, int, int, int], ground: str, edge: int
) -> None:
    """Front ends lay it on what it can be made out on, whatever their theme; the file goes in as it is."""
    image = Image.new("RGBA", (80, 80))
    image.paste(colour, (20, 20, 60, 60))
    one = shown(picture_file(tmp_path / "a.png", image))
    data, metadata = bundle(one, limits=PreviewLimits(edge=edge))
    assert ground == metadata["needs_background"]
    assert (edge == 1024) == (data["image/png"] == (tmp_path / "a.png").read_bytes())
    assert "needs_background" not in bundle(one, include=["text/plain"])[1]


def test_a_moving_picture_that_shines_through_asks_for_a_ground(tmp_path: Path) -> None:
    """So does one that moves, as it is and converted."""
    frames = [Image.new("RGBA", (80, 80)) for _ in range(3)]
    for place, frame in enumerate(frames):
        frame.paste((20, 20, 20, 255), (10 * place, 20, 10 * place + 30, 60))
    for name in ("a.png", "a.gif"):
        image = picture_file(tmp_path / name, frames[0], save_all=True, append_images=frames[1:], disposal=2)
        assert "light" == bundle(shown(image))[1]["needs_background"]


@pytest.mark.parametrize("name", ["a.png", "a.gif", "a.webp"])
def test_a_moving_picture_is_judged_by_several_frames(tmp_path: Path, name: str) -> None:
    """What fades in begins with nothing; it is seen on what its later frames are seen on."""
    frames = [Image.new("RGBA", (80, 80)) for _ in range(12)]
    for place, frame in enumerate(frames[2:]):
        frame.paste((255, 255, 255, 255), (5 * place, 20, 5 * place + 30, 60))
    more: dict[str, object] = {"lossless": True} if name.endswith("webp") else {"disposal": 2}
    image = picture_file(tmp_path / name, frames[0], save_all=True, append_images=frames[1:], **more)
    assert "dark" == bundle(shown(image))[1]["needs_background"]


@pytest.mark.parametrize("edge", [1024, 40])
@pytest.mark.parametrize("moves", [False, True])
def test_black_and_white_are_both_seen(tmp_path: Path, edge: int, *, moves: bool) -> None:
    """On either ground that front ends know, a half of such a picture would vanish: it is laid on grey."""
    frames = [Image.new("RGBA", (100, 100)) for _ in range(3)]
    for place, frame in enumerate(frames):
        frame.paste((0, 0, 0, 255), (10, 20 + place, 50, 80))
        frame.paste((255, 255, 255, 255), (50, 20 + place, 90, 80))
    more: dict[str, object] = {"save_all": True, "append_images": frames[1:], "disposal": 2} if moves else {}
    data, metadata = bundle(
        shown(picture_file(tmp_path / "a.png", frames[0], **more)),
        limits=PreviewLimits(edge=edge, picture_bytes=60_000),
    )
    drawn = decoded(data["image/png"])  # type: ignore[arg-type] # bytes
    side = drawn.width
    assert "needs_background" not in metadata
    assert [(118,) * 3, (0,) * 3, (255,) * 3] == [
        drawn.convert("RGB").getpixel((round(at * side), side // 2)) for at in (0.04, 0.3, 0.7)
    ]


def test_what_is_opaque_asks_for_no_ground(tmp_path: Path) -> None:
    """Neither does a picture that only has room for it, nor a solid, whose shape is made out in any theme."""
    for one in (
        picture_file(tmp_path / "a.png"),
        picture_file(tmp_path / "b.png", drawing().convert("RGBA")),
        solid_file(tmp_path / "a.glb"),
    ):
        assert "needs_background" not in bundle(shown(one))[1]


@pytest.mark.slow
def test_a_decompression_bomb_is_not_decoded(tmp_path: Path) -> None:
    """A picture whose header says too many pixels is told of, not decoded."""
    image = picture_file(tmp_path / "a.png", Image.new("1", (20_000, 10_000)))
    data, _ = bundle(shown(image))
    assert {"text/plain"} == set(data)
    reason = f"no preview: {pixels_words(20_000, 10_000)} pixels are more than the 100 million that are decoded"
    assert reason == str(data["text/plain"]).splitlines()[-1]
    large = picture_file(tmp_path / "b.png", Image.new("1", (12_000, 9_000)))
    reason = f"no preview: {pixels_words(12_000, 9_000)} pixels are more than the 100 million that are decoded"
    assert reason == str(bundle(shown(large))[0]["text/plain"]).splitlines()[-1]
    assert image.path in str(data["text/plain"])


@pytest.mark.parametrize(
    ("kind", "mime"),
    [("image", "image/png"), ("video", "video/mp4"), ("audio", "audio/wav"), ("3d", "model/gltf-binary")],
)
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\xff\xff\xff\xffWAVEfmt ",
        b"glTF\x02",
        b"#EXTM3U\nhttp://127.0.0.1/x.ts\n",
        b"\0" * 4000,
    ],
)
def test_a_damaged_file_is_told_of(tmp_path: Path, kind: str, mime: str, content: bytes) -> None:
    """A preview that cannot be made never raises: status, cost and path are there, and the reason in one line."""
    (tmp_path / "a").write_bytes(content)
    broken = Asset(str(tmp_path / "a"), kind, mime, len(content), "0" * 64)  # type: ignore[arg-type] # a kind
    data, _ = bundle(shown(broken))
    words = str(data["text/plain"])
    assert f"saved · {MODEL} · 3.2 s · 70 credits" == words.splitlines()[0]
    assert broken.path in words.splitlines()[1]
    assert words.splitlines()[2].startswith("no preview: ")
    assert 3 == len(words.splitlines())
    assert {"text/plain"} == set(data)


@pytest.mark.parametrize(("mime", "name"), [("model/obj", "OBJ"), ("model/stl", "STL"), ("model/x-new", "model/x-new")])
def test_a_3d_file_that_is_not_drawn_is_told_of(tmp_path: Path, mime: str, name: str) -> None:
    """What is a good file of another type is not called a bad GLB."""
    (tmp_path / "a").write_bytes(b"v 0 0 0\n")
    told = str(bundle(shown(Asset(str(tmp_path / "a"), "3d", mime, 8, "0" * 64)))[0]["text/plain"])
    assert f"no preview: 3D files of type {name} are not drawn here, GLB is" == told.splitlines()[-1]


@pytest.mark.parametrize("kind", ["image", "video", "audio", "3d", "file", "text"])
def test_a_file_that_is_gone_is_told_of(tmp_path: Path, kind: str) -> None:
    """What was paid for and is no longer there still says what it was."""
    gone = Asset(str(tmp_path / "gone.bin"), kind, "audio/wav" if kind == "audio" else "video/mp4", 10, "0" * 64)  # type: ignore[arg-type] # a kind
    data, _ = bundle(shown(gone))
    assert gone.path in str(data["text/plain"])


def test_a_clip_plays_inside_the_page(tmp_path: Path) -> None:
    """A clip's source stands on the tag itself, its poster is embedded, and a picture stands in for hosts without video."""
    clip = clip_file(tmp_path / "c.mp4")
    data, _ = bundle(shown(clip))
    page = seen(str(data["text/html"]))
    video = next(attributes for tag, attributes in page.tags if tag == "video")
    image = next(attributes for tag, attributes in page.tags if tag == "img")
    encoded = base64.b64encode((tmp_path / "c.mp4").read_bytes()).decode()
    assert f"data:video/mp4;base64,{encoded}" == video["src"]
    assert image["src"] == video["poster"]
    assert ("160", "96") == (video["width"], video["height"])
    assert f"{MODEL} · 3.2 s · 70 credits" in page.text
    assert "c.mp4 (160\N{MULTIPLICATION SIGN}96, 1.0 s, no sound," in page.text
    assert clip.path in [attributes.get("title") for _, attributes in page.tags]
    assert {"text/html", "text/plain"} == set(data)


def test_a_poster_is_not_black(tmp_path: Path) -> None:
    """A clip that fades in from black is shown by its first frame that shows something."""
    data, _ = bundle(shown(clip_file(tmp_path / "c.mp4", dark=8)))
    video = next(attributes for tag, attributes in seen(str(data["text/html"])).tags if tag == "video")
    poster = decoded(base64.b64decode(str(video["poster"]).partition(",")[2]))
    assert poster.convert("L").getextrema()[1] > 60  # type: ignore[operator] # one band


def test_a_large_clip_is_a_poster_with_its_path(tmp_path: Path) -> None:
    """A clip above the limit is not embedded: its poster, its path and the reason are shown."""
    clip = clip_file(tmp_path / "c.mp4")
    data, _ = bundle(shown(clip), limits=PreviewLimits(clip_bytes=100))
    page = seen(str(data["text/html"]))
    assert "video" not in [tag for tag, _ in page.tags]
    assert "img" in [tag for tag, _ in page.tags]
    assert "too large to be embedded here; the whole file is on disk" in page.text
    assert "c.mp4 (" in page.text
    assert clip.path in [attributes.get("title") for _, attributes in page.tags]


def test_a_large_clip_beside_the_notebook_still_plays(tmp_path: Path) -> None:
    """Below the notebook's folder a relative address does what embedding cannot."""
    (tmp_path / "my files").mkdir()
    clip = clip_file(tmp_path / "my files" / "c.mp4")
    data, _ = bundle(shown(clip), limits=PreviewLimits(clip_bytes=100), folder=tmp_path)
    page = seen(str(data["text/html"]))
    video = next(attributes for tag, attributes in page.tags if tag == "video")
    assert "my%20files/c.mp4" == video["src"]
    assert "my%20files/c.mp4" == next(attributes for tag, attributes in page.tags if tag == "a")["href"]


def test_a_sound_plays_under_its_waveform(tmp_path: Path) -> None:
    """A sound is embedded on the tag itself, with a picture of its loudness."""
    data, _ = bundle(shown(sound_file(tmp_path / "s.wav")))
    page = seen(str(data["text/html"]))
    assert ["div", "img", "audio"] == [tag for tag, _ in page.tags][:3]
    wave = decoded(base64.b64decode(str(page.tags[1][1]["src"]).partition(",")[2]))
    columns = wave.getchannel("A")
    height = wave.height
    early = columns.crop((0, 0, wave.width // 4, height)).getbbox()
    late = columns.crop((wave.width * 3 // 4, 0, wave.width, height)).getbbox()
    assert early is not None
    assert late is not None
    assert late[3] - late[1] > early[3] - early[1]  # it swells


def test_a_large_sound_keeps_its_waveform(tmp_path: Path) -> None:
    """A sound above the limit is not embedded, and says so."""
    data, _ = bundle(shown(sound_file(tmp_path / "s.wav")), limits=PreviewLimits(sound_bytes=100))
    page = seen(str(data["text/html"]))
    assert "audio" not in [tag for tag, _ in page.tags]
    assert "too large to be embedded here" in page.text


def test_a_solid_is_drawn(tmp_path: Path) -> None:
    """A GLB becomes a picture without HTML."""
    data, metadata = bundle(shown(solid_file(tmp_path / "a.glb")))
    assert {"image/png", "text/plain"} == set(data)
    image = decoded(data["image/png"])  # type: ignore[arg-type] # bytes
    red, green, blue, alpha = image.getpixel((image.width // 2, image.height // 2))  # type: ignore[misc] # four bands
    assert 255 == alpha
    assert red > 100
    assert (0, 0) == (green, blue)
    assert 512 == metadata["image/png"]["width"]  # type: ignore[index] # a mapping


def test_a_text_is_readable_in_every_host() -> None:
    """A text is a block of HTML and the same words in text/plain, then the status line."""
    words = "First line.\n\n  Second <b>line</b> & a tab\t."
    data, _ = bundle(shown(text=words))
    page = seen(str(data["text/html"]))
    assert words in page.text
    assert f"{words}\n\nsaved · {MODEL} · 3.2 s · 70 credits" == data["text/plain"]


def test_a_long_text_is_cut_and_says_so() -> None:
    """A text beyond the limit ends with how much is left."""
    data, _ = bundle(shown(text="a" * 300), limits=PreviewLimits(text_characters=100))
    assert str(data["text/plain"]).startswith("a" * 100 + "…\n\n(200 more characters)")
    assert "(200 more characters)" in seen(str(data["text/html"])).text


def test_several_assets_are_a_grid(tmp_path: Path) -> None:
    """One result with several files shows them side by side, its cost once."""
    data, _ = bundle(shown(picture_file(tmp_path / "a.png"), clip_file(tmp_path / "c.mp4"), text="and words"))
    page = seen(str(data["text/html"]))
    assert 3 == [tag for tag, _ in page.tags].count("figure")
    assert 2 == page.text.count("70 credits")  # in the heading, and under the first
    assert "and words" in page.text


def test_an_unknown_file_has_a_path_and_a_link(tmp_path: Path) -> None:
    """A kind that nobody draws is told by its path and by where it came from, unless that address is signed."""
    (tmp_path / "a.zip").write_bytes(b"PK")
    record = Asset(str(tmp_path / "a.zip"), "file", "application/zip", 2, "0" * 64, url="https://cdn.example/a.zip")
    assert f"{record.path} (2 B)\nhttps://cdn.example/a.zip" in plain(shown(record))
    signed = Asset(record.path, "file", "application/zip", 2, "0" * 64, url="https://cdn.example/a.zip?X-Signature=abc")
    assert "cdn.example" not in plain(shown(signed))
    page = bundle(shown(signed), folder=tmp_path)[0]["text/html"]
    assert '<a href="a.zip">a.zip (2 B)</a>' in page
    assert "application/zip, which is not drawn" in page
    assert ("cdn.example" in page, "href" in bundle(shown(signed))[0]["text/html"]) == (False, False)


@pytest.mark.parametrize("status", ["failed", "refused", "ambiguous", "cancelled", "submitted", "planned", "skipped"])
def test_what_did_not_end_well_is_one_to_four_lines(status: str) -> None:
    """Without a file there is text/plain alone, short."""
    data, _ = bundle(shown(status=status, error="One.\nTwo.\n\nThree.\nFour.\nFive."))
    assert {"text/plain"} == set(data)
    assert f"{status} · {MODEL} · 3.2 s · 70 credits\nOne.\nTwo.\nThree. …" == data["text/plain"]


def test_plain_is_dense() -> None:
    """What is unknown is said or left out; cached, sandbox and a further sample are told."""
    facts = shown(cost=Cost(), seconds=None, cached=True, sandbox=True, sample=1)
    assert f"saved · {MODEL} · cost unknown · sample 2 · cached · sandbox" == plain(facts)
    listed = shown(cost=Cost(Decimal("0.03"), "USD", "listed", low=Decimal("0.0075")), seconds=125)
    assert f"saved · {MODEL} · 2 min 5 s · 0.0075-0.03 USD (listed)" == plain(listed)


def test_plain_has_at_most_six_lines() -> None:
    """However many files came back, and however long the reason."""
    several = tuple(Asset(f"/x/{number}.png", "image", "image/png", 1, "0" * 64) for number in range(9))
    assert 5 == len(plain(shown(*several)).splitlines())
    assert plain(shown(*several)).endswith("… and 6 more files")
    assert 6 == len(plain(shown(*several, error="a\nb\nc\nd")).splitlines())


def test_a_reason_that_is_cut_says_so() -> None:
    """Of a long reason three lines are told, and that there is more; of one that fits, all."""
    assert ["a", "b", "c …"] == plain(shown(status="failed", error="a\nb\n\nc\nd")).splitlines()[1:]
    assert ["a", "b", "c"] == plain(shown(status="failed", error="a\nb\n\nc")).splitlines()[1:]
    long = plain(shown(status="failed", error=f"a\nb\n{'c' * 400}\nd")).splitlines()[-1]
    assert 300 == len(long)
    assert long.endswith("c…")


def test_include_and_exclude(tmp_path: Path) -> None:
    """What is not wanted is not given, and its metadata neither."""
    image = shown(picture_file(tmp_path / "a.png"))
    assert {"text/plain"} == set(bundle(image, include=["text/plain"])[0])
    assert {"notebookgen"} == set(bundle(image, include=["text/plain"])[1])
    assert {"text/plain"} == set(bundle(image, exclude=["image/png"])[0])
    assert {"image/png"} == set(bundle(image, exclude={"text/plain"})[0])
    assert {"text/plain"} == set(bundle(shown(clip_file(tmp_path / "c.mp4")), exclude=["text/html"])[0])


def test_provenance_is_kept_without_addresses_and_bytes(tmp_path: Path) -> None:
    """The metadata say where a result comes from, and hold no provider address, no signature and no bytes."""
    (tmp_path / "a.zip").write_bytes(b"PK")
    record = Asset(
        str(tmp_path / "a.zip"), "file", "application/zip", 2, "5a" * 32, url="https://cdn.example/secret-path"
    )
    settings = {
        "image": "data:image/png;base64," + "A" * 5000,
        "reference": "https://user:word@host.example/a.png?token=hidden#x",
        "deep": {"a": [{"b": {"c": {"d": 1}}}]},
        "ratio": 1.5,
        "bad": float("nan"),
        "half": "\ud800",
    }
    _, metadata = bundle(shown(record, settings=settings, run="r1"))
    kept = metadata["notebookgen"]
    written = json.dumps(kept, allow_nan=False)
    written.encode()
    assert isinstance(kept, dict)
    assert ("ab12cd34", MODEL, "70", "credits", "reported", "job_81", 3.2, ["5a" * 32], False) == tuple(
        kept[key] for key in ("id", "model", "cost", "unit", "basis", "job", "seconds", "sha256", "sandbox")
    )
    assert "https://host.example/a.png" == kept["settings"]["reference"]
    for secret in ("cdn.example", "hidden", "word@", "AAAA"):
        assert secret not in written


def test_hostile_words_stay_words(tmp_path: Path) -> None:
    """Markup, terminal codes, half surrogates and turned directions in any field are text, or gone."""
    clip, sound = clip_file(tmp_path / "c.mp4"), sound_file(tmp_path / "s.wav")
    odd = Asset(
        clip.path,
        "video",
        clip.mime,
        clip.size,
        clip.sha256,
        name=HOSTILE,
        url=f"https://x.example/{HOSTILE}",
        seconds=1.0,
    )
    words = {
        "model": HOSTILE,
        "prompt": HOSTILE,
        "job": HOSTILE,
        "id": HOSTILE,
        "error": HOSTILE,
        "settings": {HOSTILE: HOSTILE},
    }
    for case in (
        shown(odd, **words),
        shown(sound, **words),
        shown(text=HOSTILE, **words),
        shown(odd, sound, text=HOSTILE, **words),
    ):
        for limits in (PreviewLimits(), PreviewLimits(clip_bytes=1, sound_bytes=1)):
            data, metadata = bundle(case, limits=limits, folder=tmp_path)
            page = seen(str(data["text/html"]))
            assert {"script"}.isdisjoint(tag for tag, _ in page.tags)
            for value in (str(data["text/plain"]), json.dumps(metadata, ensure_ascii=False)):
                value.encode()
                assert {"\x1b", "\x00", "\u202e", "\u2066"}.isdisjoint(value)


@settings(deadline=None)  # a busy machine is no failure
@given(words=st.text(st.characters(), max_size=200), status=st.text(max_size=20))
def test_any_text_is_escaped(words: str, status: str) -> None:
    """Whatever a provider says, the HTML holds our tags alone, and everything can be written to a file."""
    case = Shown(
        status,
        words,
        words,
        cost=Cost(Decimal(1), words or None, "reported"),
        text=words,
        error=words,
        job=words,
        id=words,
    )
    data, metadata = bundle(case)
    page = seen(str(data["text/html"]))
    assert ["div"] * len(page.tags) == [tag for tag, _ in page.tags]
    json.dumps([data, metadata]).encode()
    str(data["text/plain"]).encode()


@pytest.mark.slow
def test_the_budget_holds_for_one_result(tmp_path: Path) -> None:
    """However small a cell's budget, the HTML keeps to it, and text/plain is there."""
    clip, sound = clip_file(tmp_path / "c.mp4"), sound_file(tmp_path / "s.wav")
    for budget in (0, 500, 2_000, 5_000, 9_000, 20_000, 60_000):
        limits = PreviewLimits(cell_bytes=budget)
        for case in (shown(clip), shown(sound), shown(text="é" * 9_000), shown(clip, sound, text="x")):
            data, _ = bundle(case, limits=limits)
            assert len(str(data.get("text/html", "")).encode()) <= budget
            assert "70 credits" in str(data["text/plain"])


def test_nothing_heavy_is_imported_for_words() -> None:
    """A result in words loads neither Pillow nor PyAV."""
    code = (
        "import sys; from notebookgen.media.preview import Shown, bundle; bundle(Shown('failed', 'a:b'));"
        "print([name for name in ('PIL', 'av', 'polars', 'IPython') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert "[]" == answer.stdout.strip()
