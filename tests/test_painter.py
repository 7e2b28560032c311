"""The painter's promises: real files, the same bytes twice, different ones for different requests, always marked."""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
import sys
import wave
from array import array
from collections import Counter

import av
import pytest
from PIL import Image, ImageChops, ImageDraw

from notebookgen.sandbox import painter
from notebookgen.sandbox.composition import stage
from notebookgen.sandbox.painter import Request
from notebookgen.sandbox.reading import caption, read
from notebookgen.sandbox.shapes import SHAPES
from notebookgen.sandbox.vocabulary import SUBJECTS

pytestmark = pytest.mark.slow

HOSTILE = {
    "long": "a fox " * 4000,
    "emoji": "🦊🔥 fox 👩‍🚀",
    "rtl": "ثعلب أحمر في الثلج \u202e evil",
    "nul": "a\0fox\x07\x1b[31m\r\n\tin\u2028snow",
    "markup": '<script>alert(1)</script> & "quoted" {braces} %s %(x)s',
    "empty": "",
    "blank": "   \n ",
    "chinese": "雪中的狐狸",
    "lone surrogate": "fox \ud83d",
}


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def small(prompt: str, **more: object) -> bytes:
    return painter.picture(Request(prompt, "m", **more), width=128, height=128)  # type: ignore[arg-type]  # checked by running it


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("size", [(256, 256), (320, 180), (144, 256), (640, 80)])
def test_a_picture_is_a_file_of_its_form_and_size(form: str, size: tuple[int, int]) -> None:
    """A picture opens as what it was asked for, in the size it was asked for."""
    image = opened(painter.picture(Request("a red fox", "m"), width=size[0], height=size[1], form=form))  # type: ignore[arg-type]  # checked by running it
    assert (form.upper(), size, "RGB") == (image.format, image.size, image.mode)


def test_an_unknown_form_is_refused() -> None:
    """A form that cannot be painted is named, not replaced by another one."""
    with pytest.raises(ValueError, match="not 'gif'"):
        painter.picture(Request("a fox", "m"), width=64, height=64, form="gif")  # type: ignore[arg-type]  # checked by running it


def test_the_same_request_gives_the_same_bytes_in_another_process() -> None:
    """Bytes follow from the request alone: not from the process, its hash seed, or what was painted before."""
    program = (
        "import hashlib;from notebookgen.sandbox import painter as p;r=p.Request('a whale at night','m',(('seed',1),));"
        "print(hashlib.sha256(p.picture(r,width=128,height=96)+p.sound(r,seconds=0.5)+p.solid(r)+p.words(r).encode()"
        "+p.clip(r,width=128,height=96,seconds=0.3,sound=True)).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert 1 == len(seen)


def test_two_hundred_prompts_give_two_hundred_pictures() -> None:
    """Every row of a frame looks different, by its pixels and not only by its metadata or caption."""
    words = sorted(SUBJECTS)[:190] + [f"nothing known {number}" for number in range(10)]
    seen = {painter.picture(Request(word, "m"), width=64, height=64) for word in words}
    assert len(words) == len(seen)


@pytest.mark.parametrize(
    "other",
    [
        Request("a fox", "m", (("seed", 2),)),
        Request("a fox", "m", (("quality", "high"),)),
        Request("a fox", "n"),
        Request("a fox", "m", index=1),
        Request("a fox!", "m"),
    ],
)
def test_whatever_differs_in_a_request_is_seen(other: Request) -> None:
    """Seed, setting, model, sample and prompt each change the picture, the tune, the solid and the words."""
    first = Request("a fox", "m")
    one, two = (opened(painter.picture(request, width=128, height=128)) for request in (first, other))
    assert ImageChops.difference(one, two).getbbox() is not None
    assert painter.sound(first, seconds=1) != painter.sound(other, seconds=1)
    assert painter.solid(first) != painter.solid(other)
    assert painter.words(first) != painter.words(other)


@pytest.mark.parametrize("prompt", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_prompts_are_painted(prompt: str) -> None:
    """No prompt breaks the painter, and a caption is one short line of printable letters."""
    request = Request(prompt, "m")
    assert (128, 128) == opened(small(prompt)).size
    assert painter.solid(request).startswith(b"glTF")
    assert painter.sound(request, seconds=0.4).startswith(b"RIFF")
    assert painter.words(request).startswith("[SANDBOX]")
    assert set() == {letter for letter in caption(prompt) if not " " <= letter <= "~"}
    assert len(caption(prompt)) <= 90


@pytest.mark.parametrize("word", sorted(set(SUBJECTS.values())))
def test_every_known_subject_is_drawn(word: str) -> None:
    """The vocabulary promises no subject that the painter cannot draw."""
    assert (128, 128) == opened(small(f"two red {word} at night")).size


def test_the_setting_style_is_painted_like_the_word() -> None:
    """A style may be a setting as well as a word of the prompt, and the setting wins."""
    assert styled_by("watercolour") == "watercolour"
    assert styled_by("pixel_art") == "pixel"
    assert styled_by("line_drawing") == "line"
    assert styled_by("photo") == "photo"
    assert styled_by("nothing known") == "poster"


def styled_by(style: str) -> str:
    """Return the style in which a poster of a fox is painted under that setting."""
    request = Request("a poster of a fox", "sandbox/picture", settings=(("style", style),))
    return stage(request, 64, 64).brief.style


@pytest.mark.parametrize(
    "style",
    ["watercolour", "pixel art", "pencil sketch", "oil painting", "poster", "photo", "mosaic", "comic", "sepia"],
)
def test_every_style_is_painted(style: str) -> None:
    """A style changes the picture and keeps its size."""
    plain, styled = small("a fox"), small(f"a fox, {style}")
    assert (128, 128) == opened(styled).size
    assert plain != styled


@pytest.mark.parametrize(
    ("prompt", "kind", "count", "colour"),
    [
        ("three red hot air balloons", "balloon", 3, (0xD6, 0x28, 0x39)),
        ("ein roter Ballon", "balloon", 1, (0xD6, 0x28, 0x39)),
        ("un ballon rouge", "balloon", 1, (0xD6, 0x28, 0x39)),
        ("dos gatos negros", "cat", 2, (0x25, 0x25, 0x2D)),
        ("Zwei Füchse", "fox", 2, None),
        ("penguins", "penguin", 3, None),
        ("猫", "cat", 1, None),
    ],
)
def test_a_prompt_is_read(prompt: str, kind: str, count: int, colour: tuple[int, int, int] | None) -> None:
    """Subjects, their number and their colour are read in four languages, and ideograms too."""
    subject = read(prompt).subjects[0]
    assert (kind, count, colour) == (subject.kind, subject.count, subject.colour)


def test_a_rider_is_put_on_what_is_ridden() -> None:
    """An astronaut riding a horse is one group, a cat and a dog are two."""
    assert read("an astronaut riding a horse").mounted
    assert not read("a cat and a dog").mounted


def test_the_badge_is_in_the_corner_of_every_picture() -> None:
    """SANDBOX is written where it covers little and is seen at once: light letters on a dark plate, lower right."""
    for prompt in ("a fox in the snow", "the night sky", "xyzzy", "a poster of a cat"):
        corner = (
            opened(painter.picture(Request(prompt, "m"), width=256, height=256)).convert("L").crop((186, 236, 250, 250))
        )
        tones = corner.histogram()
        assert sum(tones[200:]) > 60
        assert sum(tones[:110]) > 250


def test_the_badge_of_a_clip_is_where_no_player_has_its_controls() -> None:
    """Upper right in every frame, clear of the clock at the left; nothing of it at the lower edge."""
    data = painter.clip(Request("the night sky", "m"), width=320, height=240, seconds=0.3, fps=10)
    with av.open(io.BytesIO(data)) as film:
        frames = [frame.to_image().convert("L") for frame in film.decode(video=0)]
    for image in (frames[0], frames[-1]):
        tones = image.crop((250, 2, 318, 34)).histogram()
        assert sum(tones[200:]) > 60
        assert sum(tones[:110]) > 250
        assert sum(image.crop((250, 200, 318, 230)).histogram()[200:]) < 60


def test_a_picture_says_in_the_file_what_it_is() -> None:
    """A file that leaves the notebook still says SANDBOX."""
    png = opened(small("a fox"))
    assert "SANDBOX" in png.info["Comment"]
    jpeg = opened(painter.picture(Request("a fox", "m"), width=64, height=64, form="jpeg"))
    assert b"SANDBOX" in jpeg.info["comment"]


def test_a_reference_is_seen_in_the_result() -> None:
    """An edit starts from the picture it was given: two references give two results, each like its own source."""
    sources = [painter.picture(Request(prompt, "m"), width=128, height=128) for prompt in ("a castle", "a whale")]
    plain = opened(small("make it a watercolour"))
    results = [opened(small("make it a watercolour", references=(source,))) for source in sources]
    assert ImageChops.difference(results[0], results[1]).getbbox() is not None
    for result in results:
        assert ImageChops.difference(result, plain).getbbox() is not None
        assert (128, 128) == result.size


def test_only_the_masked_area_changes() -> None:
    """Outside the mask every pixel stays, but for the badge; inside it is repainted."""
    source = Image.new("RGB", (256, 256), (10, 120, 200))
    mask = Image.new("L", (256, 256))
    ImageDraw.Draw(mask).rectangle((40, 40, 139, 139), fill=255)
    files = []
    for image in (source, mask):
        target = io.BytesIO()
        image.save(target, "PNG")
        files.append(target.getvalue())
    result = opened(
        painter.picture(Request("a red fox", "m", references=(files[0],), mask=files[1]), width=256, height=256)
    )
    changed = ImageChops.difference(result, source)
    ImageDraw.Draw(changed).rectangle((150, 220, 255, 255), fill=(0, 0, 0))
    assert (40, 40, 140, 140) == changed.getbbox()


def test_a_transparent_mask_means_the_transparent_part() -> None:
    """A mask with transparency is read as the image editors write it: what is clear is repainted."""
    source = io.BytesIO()
    Image.new("RGB", (128, 128), (10, 120, 200)).save(source, "PNG")
    mask = Image.new("RGBA", (128, 128), (255, 255, 255, 255))
    ImageDraw.Draw(mask).rectangle((20, 20, 59, 59), fill=(0, 0, 0, 0))
    target = io.BytesIO()
    mask.save(target, "PNG")
    result = opened(small("a red fox", references=(source.getvalue(),), mask=target.getvalue()))
    assert (10, 120, 200) == result.getpixel((5, 5))
    assert (10, 120, 200) != result.getpixel((40, 40))


@pytest.mark.parametrize("reference", [b"", b"<html>no picture</html>", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_an_unreadable_reference_is_left_out(reference: bytes) -> None:
    """A reference that is no picture still changes the result, and breaks nothing."""
    assert small("a fox", references=(reference,)) != small("a fox")


@pytest.mark.parametrize("sound", [False, True])
def test_a_clip_is_h264_that_moves(sound: bool) -> None:  # noqa: FBT001 - the two cases of one parameter
    """A clip opens, has the size, length and tracks it should, starts with its index, and its frames differ."""
    data = painter.clip(Request("a boat at sunset", "m"), width=192, height=128, seconds=1.5, fps=12, sound=sound)
    with av.open(io.BytesIO(data)) as container:
        video = container.streams.video[0]
        assert ("h264", "yuv420p", 192, 128) == (
            video.codec_context.name,
            video.codec_context.pix_fmt,
            video.width,
            video.height,
        )
        assert (["aac"] if sound else []) == [stream.codec_context.name for stream in container.streams.audio]
        assert "SANDBOX" in container.metadata["comment"]
        frames = [frame.to_image() for frame in container.decode(video=0)]
        assert 18 == len(frames)
        assert 1.5 == float(video.duration * video.time_base)
    assert data.find(b"moov") < data.find(b"mdat")
    assert max(high for _, high in ImageChops.difference(frames[0], frames[9]).getextrema()) > 60


def test_the_sound_of_a_clip_is_as_long_as_its_pictures() -> None:
    """Both tracks end together, within one AAC block, and the sound can be decoded."""
    data = painter.clip(Request("a fox", "m"), width=128, height=96, seconds=1.0, fps=10, sound=True)
    with av.open(io.BytesIO(data)) as container:
        heard = sum(frame.samples for frame in container.decode(audio=0))
    assert abs(heard - 44100) <= 2048


def test_a_clip_of_a_reference_shows_the_reference() -> None:
    """Image to video starts from the image: two sources give two films."""
    sources = [small("a castle"), small("a whale")]
    films = {
        painter.clip(Request("slow zoom", "m", references=(source,)), width=96, height=96, seconds=0.3)
        for source in sources
    }
    assert 2 == len(films)


def test_odd_sides_are_made_even() -> None:
    """H.264 wants even sides, so an odd one is rounded rather than refused."""
    with av.open(
        io.BytesIO(painter.clip(Request("a fox", "m"), width=101, height=75, seconds=0.2, fps=10))
    ) as container:
        assert {0} == {container.streams.video[0].width % 2, container.streams.video[0].height % 2}


@pytest.mark.parametrize("seconds", [0.5, 3.0])
def test_a_sound_is_a_wave_file_and_never_silent(seconds: float) -> None:
    """A WAV opens in the standard library, is as long as asked, is loud enough and never clips."""
    data = painter.sound(Request("Good morning, class. Any questions?", "m"), seconds=seconds)
    with wave.open(io.BytesIO(data)) as file:
        assert (1, 2, 44100, round(seconds * 44100)) == (
            file.getnchannels(),
            file.getsampwidth(),
            file.getframerate(),
            file.getnframes(),
        )
        level = array("h", file.readframes(file.getnframes()))
    assert len(data) - 8 == struct.unpack_from("<I", data, 4)[0]
    assert b"SANDBOX" in data
    assert 20000 < max(level) < 32000
    tenth = 4410
    quiet = [
        start for start in range(0, len(level) - 3 * tenth, tenth) if max(map(abs, level[start : start + tenth])) < 300
    ]
    assert [] == quiet


def glb(data: bytes) -> tuple[dict[str, object], bytes]:
    magic, version, length = struct.unpack_from("<4sII", data)
    assert (b"glTF", 2, len(data)) == (magic, version, length)
    size, kind = struct.unpack_from("<I4s", data, 12)
    assert (b"JSON", 0) == (kind, size % 4)
    rest, kind = struct.unpack_from("<I4s", data, 20 + size)
    assert (b"BIN\0", 0) == (kind, rest % 4)
    assert len(data) == 28 + size + rest
    return json.loads(data[20 : 20 + size]), data[28 + size :]


@pytest.mark.parametrize("prompt", [*SHAPES, "something new", "and another"])
def test_a_solid_is_a_closed_mesh_in_glb(prompt: str) -> None:
    """Chunks and lengths are right, bounds are those of the points, normals are of length one and point out, no edge is open."""
    document, data = glb(painter.solid(Request(prompt, "m")))
    places, normals, colours = document["accessors"]  # type: ignore[misc]  # checked by running it
    views = document["bufferViews"]
    assert places["count"] % 3 == 0
    assert {places["count"]} == {normals["count"], colours["count"]}
    floats = array("f", data[: views[0]["byteLength"]])  # type: ignore[index]  # checked by running it
    assert places["min"] == pytest.approx([min(floats[axis::3]) for axis in range(3)])
    assert places["max"] == pytest.approx([max(floats[axis::3]) for axis in range(3)])
    start, size = views[1]["byteOffset"], views[1]["byteLength"]  # type: ignore[index]  # checked by running it
    bent = array("f", data[start : start + size])
    lengths = {round(sum(part * part for part in bent[at : at + 3]), 3) for at in range(0, len(bent), 3)}
    assert {1.0} == lengths
    corners = [tuple(round(part, 5) for part in floats[at : at + 3]) for at in range(0, len(floats), 3)]
    outward = 0
    edges: Counter[tuple[object, object]] = Counter()
    for at in range(0, len(corners), 3):
        a, b, c = corners[at : at + 3]
        one, two = ([q - p for p, q in zip(a, end, strict=True)] for end in (b, c))
        face = (one[1] * two[2] - one[2] * two[1], one[2] * two[0] - one[0] * two[2], one[0] * two[1] - one[1] * two[0])
        lit = [sum(bent[3 * (at + corner) + axis] for corner in range(3)) for axis in range(3)]
        outward += sum(p * q for p, q in zip(face, lit, strict=True)) >= 0
        for edge in ((a, b), (b, c), (c, a)):
            if edge[0] != edge[1]:
                edges[edge] += 1
    assert [] == [edge for edge, count in edges.items() if edges[edge[1], edge[0]] != count]
    assert outward > 0.99 * len(corners) / 3


def painted(prompt: str) -> bytes:
    """Return the points of the solid of a prompt, without its plinth's colours."""
    document, data = glb(painter.solid(Request(prompt, "m")))
    views = document["bufferViews"]
    return data[: views[0]["byteLength"]]  # type: ignore[index]  # checked by running it


def test_every_solid_that_has_a_name_looks_like_nothing_else() -> None:
    """No two of the shapes share their points: a lion is no bear, and a chair is no blob."""
    assert len(SHAPES) == len({painted(f"a {name}") for name in SHAPES})


@pytest.mark.parametrize(
    ("prompt", "same"),
    [
        ("a red chair", "a chair"),
        ("ein Stuhl", "a chair"),
        ("three chairs", "a chair"),
        ("a blue couch", "a sofa"),
        ("a writing desk", "a table"),
        ("un fauteuil", "a sofa"),
    ],
)
def test_furniture_is_shaped_by_its_name(prompt: str, same: str) -> None:
    """What only solids know is named in four languages, and the colour changes no point of it."""
    assert painted(same) == painted(prompt)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Write a haiku about whales", "whale"),
        ("List five ideas for a school garden", "1. "),
        ("Why is the sky blue?", "sky"),
    ],
)
def test_words_stay_with_the_prompt(prompt: str, expected: str) -> None:
    """A text answer is marked from its first letter, speaks of the prompt, and is more than a line."""
    text = painter.words(Request(prompt, "m"))
    assert text.startswith("[SANDBOX] ")
    assert expected in text
    assert text.count("\n") > 3


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, (896, 896)),
        ({"aspect_ratio": "1:1"}, (896, 896)),
        ({"aspect_ratio": "16:9", "resolution": "4K"}, (1366, 768)),
        ({"aspect_ratio": "9:16", "resolution": "1k"}, (768, 1366)),
        ({"size": "512x768"}, (512, 768)),
        ({"size": "720*1280"}, (720, 1280)),
        ({"size": "4096x4096"}, (1024, 1024)),
        ({"width": 640, "height": 480}, (640, 480)),
        ({"resolution": "480p", "aspect_ratio": "16:9"}, (854, 480)),
        ({"resolution": "512"}, (512, 512)),
        ({"size": "10x99999"}, (362, 2896)),
        ({"aspect_ratio": "auto", "size": "auto", "resolution": None}, (896, 896)),
        ({"aspect_ratio": "0:0", "width": True, "height": "no"}, (896, 896)),
    ],
)
def test_the_size_follows_the_settings(settings: dict[str, object], expected: tuple[int, int]) -> None:
    """Every spelling of a size is read, capped at a megapixel in its own shape, and what is nonsense is ignored."""
    assert expected == painter.size_of(settings)
    assert expected == painter.size_of(tuple(settings.items()))


def test_the_size_of_a_clip_is_smaller() -> None:
    """With the clip's cap the shape stays and the frames are quick to draw."""
    assert (640, 360) == painter.size_of({"resolution": "1080p", "aspect_ratio": "16:9"}, most=painter.CLIP_PIXELS)


def test_nothing_heavy_is_loaded_before_something_is_painted() -> None:
    """Importing the painter loads neither Pillow nor PyAV."""
    program = "import sys, notebookgen.sandbox.painter; print(sorted({'PIL', 'av'} & set(sys.modules)))"
    seen = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert "[]" == seen.stdout.strip()
