"""The files that the sandbox answers with: real ones, in parts, for a while, and drawn again by another sandbox."""

from __future__ import annotations

import base64
import io
import json
import re
import wave
from typing import TYPE_CHECKING, Any

import av
import pytest
import requests
from PIL import Image

from notebookgen.sandbox import Fault, Handle, start
from sandbox_talk import PATIENCE, Talk, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

SMALL = {"mode": "text-to-image", "prompt": "a fox", "output_format": "png"}


@pytest.fixture
def handle(tmp_path: Path) -> Iterator[Handle]:
    with start(seconds=0, folder=tmp_path) as handle:
        yield handle


def picture(handle: Handle, inputs: Any = None) -> str:
    """Have APIXO make a picture and return its address."""
    return pictures(handle, inputs)[0]


def pictures(handle: Handle, inputs: Any = None, model: str = "nano-banana") -> list[str]:
    api = Talk(handle, "apixo")
    task = api.post(f"/generateTask/{model}", {"input": inputs or SMALL}).json()["data"]["taskId"]
    return list(json.loads(api.get(f"/statusTask/{model}?taskId={task}").json()["data"]["resultJson"])["resultUrls"])


def painted(handle: Handle, body: Any) -> str:
    """Have APIModels make a picture and return its address."""
    api = Talk(handle, "apimodels")
    task = api.post("/images/generations", body).json()["data"]["taskId"]
    return str(api.get(f"/images/generations?task_id={task}").json()["data"]["resultUrls"][0])


def fetch(url: str, method: str = "GET", **headers: Any) -> requests.Response:
    """Fetch without a key, as one fetches from a store."""
    with requests.Session() as session:
        session.trust_env = False
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return session.request(method, url, headers=named, timeout=PATIENCE, allow_redirects=False)


@pytest.mark.parametrize(
    ("model", "inputs", "kind", "begins"),
    [
        ("sandbox/picture", {}, "image/png", rb"\x89PNG"), ("sandbox/picture", {"output_format": "jpeg"}, "image/jpeg", rb"\xff\xd8"),
        ("sandbox/picture", {"output_format": "webp"}, "image/webp", rb"RIFF....WEBP"), ("sandbox/clip", {"duration": 1}, "video/mp4", rb"....ftyp"),
        ("sandbox/sound", {"seconds": 1}, "audio/wav", rb"RIFF....WAVE"), ("sandbox/solid", {}, "model/gltf-binary", rb"glTF"),
    ],
)  # fmt: skip
def test_every_kind_is_a_real_file(handle: Handle, model: str, inputs: Any, kind: str, begins: bytes) -> None:
    """What comes back is what its type says, by its first bytes."""
    armox = Talk(handle, "armox")
    job = armox.post("/models/run", {"model": model, "input": {"prompt": "a fox", **inputs}}).json()["id"]
    (url,) = re.findall(r'http://[^"]+', armox.get(f"/jobs/{job}").text)
    reply = fetch(url)
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, kind)
    assert re.match(begins, reply.content, re.DOTALL)


def test_fewer_pixels_are_drawn_where_fewer_are_enough(handle: Handle) -> None:
    """A picture and the frames of a clip keep their shape, and to the cap that holds when they are drawn."""
    wide = {"prompt": "a fox", "aspect_ratio": "16:9"}
    (large,) = pictures(handle, {**SMALL, **wide})
    assert 896**2 == pytest.approx(shape(large)[0] * shape(large)[1], rel=0.01)
    handle.configure(pixels=160 * 90)
    assert (160, 90) == shape(large)
    armox = Talk(handle, "armox")
    job = armox.post("/models/run", {"model": "sandbox/clip", "input": {**wide, "duration": 1}}).json()["id"]
    (clip,) = re.findall(r'http://[^"]+', armox.get(f"/jobs/{job}").text)
    with av.open(io.BytesIO(fetch(clip).content)) as film:
        assert (160, 90) == (film.streams.video[0].width, film.streams.video[0].height)


def shape(url: str) -> tuple[int, int]:
    """Return a picture's width and height."""
    with Image.open(io.BytesIO(fetch(url).content)) as image:
        return image.size


def test_a_text_is_the_answer_itself(handle: Handle) -> None:
    """A text comes inside the reply, at once, in the job, in the list and in OpenAI's and Anthropic's shapes."""
    armox, api = Talk(handle, "armox"), Talk(handle, "apimodels")
    made = armox.post("/models/run", {"model": "sandbox/text", "input": {"prompt": "Why is the sky blue?"}}).json()
    text = made["output"]["text"]
    assert text.startswith("[SANDBOX]")
    assert armox.get(f"/jobs/{made['id']}").json()["output_data"] == {"text": text}
    assert armox.get("/jobs").json()["data"][0]["output_data"] == {"text": text}
    asked = {
        "model": "claude-sonnet-5",
        "messages": [
            {"role": "system", "content": "Be brief"},
            {"role": "user", "content": [{"type": "text", "text": "Why?"}]},
        ],
    }
    chat = api.post("/chat/completions", asked).json()
    assert chat["object"] == "chat.completion"
    assert chat["choices"][0]["message"]["content"].startswith("[SANDBOX]")
    assert api.post("/messages", asked).json()["content"][0]["text"].startswith("[SANDBOX]")


def test_the_openai_shape_holds_the_picture(handle: Handle) -> None:
    """gpt-image-2-all with a size answers without envelope, with base64 and an address of the same bytes."""
    api = Talk(handle, "apimodels")
    body = {"model": "gpt-image-2-all", "prompt": "a fox", "size": "1024x640", "n": 2}
    reply = api.post("/images/generations", body).json()
    assert list(reply) == ["created", "data"]
    assert [list(each) for each in reply["data"]] == [["b64_json", "url"]] * 2
    blob = base64.b64decode(reply["data"][0]["b64_json"])
    assert fetch(reply["data"][0]["url"]).content == blob
    assert list(api.post("/images/generations-sync", body).json()) == ["created", "data"]
    edited = api.post(
        "/images/edits",
        files={"image": ("a.png", blob, "image/png")},
        data={"model": "gpt-image-2-all", "prompt": "an owl"},
    )
    assert base64.b64decode(edited.json()["data"][0]["b64_json"]) != blob


def test_speech_as_bytes(handle: Handle) -> None:
    """/tts/stream answers with the sound itself and says what it cost."""
    reply = Talk(handle, "apimodels").post("/tts/stream", {"model": "eleven-tts-flash", "text": "hello"})
    assert float(reply.headers["X-Credits-Charged"]) > 0
    with wave.open(io.BytesIO(reply.content)) as sound:
        assert sound.getnframes() > 0


def test_each_result_looks_different(handle: Handle) -> None:
    """The results of one task, another setting and the same request once more all differ."""
    several = pictures(handle, {**SMALL, "num_images": 2}, "wan-2-5-image")
    urls = [*several, picture(handle, {**SMALL, "aspect_ratio": "16:9"}), picture(handle), picture(handle)]
    assert len({fetch(url).content for url in urls}) == 5


def test_a_long_prompt_is_told_apart_by_its_end(handle: Handle) -> None:
    """Prompts that differ only beyond what an id holds give different pictures."""
    urls = [picture(handle, {**SMALL, "prompt": "a fox " * 300 + end}) for end in ("asleep", "awake")]
    assert fetch(urls[0]).content != fetch(urls[1]).content


def test_ranges(handle: Handle) -> None:
    """A part is a 206 with its place, past the end is a 416, a HEAD has no body, a known tag is a 304."""
    url = picture(handle)
    whole = fetch(url)
    size, tag = len(whole.content), whole.headers["ETag"]
    assert whole.headers["Accept-Ranges"] == "bytes"
    part = fetch(url, Range="bytes=10-19")
    assert (part.status_code, part.content, part.headers["Content-Range"]) == (
        206,
        whole.content[10:20],
        f"bytes 10-19/{size}",
    )
    rest = fetch(url, Range=f"bytes={size - 5}-", If_Range=tag)
    assert (rest.status_code, rest.content) == (206, whole.content[-5:])
    assert fetch(url, Range="bytes=5-", If_Range='"another"').status_code == 200
    beyond = fetch(url, Range=f"bytes={size}-")
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{size}")
    head = fetch(url, "HEAD")
    assert (head.status_code, head.content, head.headers["Content-Length"]) == (200, b"", str(size))
    known = fetch(url, If_None_Match=tag)
    assert (known.status_code, known.content) == (304, b"")
    assert fetch(url, "POST").status_code == 405


def test_addresses_expire(handle: Handle) -> None:
    """After its time an address is dead; asking the job again gives one that works, where that is so."""
    api = Talk(handle, "apixo")
    handle.configure(asset_ttl=0)
    task = api.post("/generateTask/nano-banana", {"input": SMALL}).json()["data"]["taskId"]

    def address() -> str:
        return str(
            json.loads(api.get(f"/statusTask/nano-banana?taskId={task}").json()["data"]["resultJson"])["resultUrls"][0]
        )

    assert fetch(address()).status_code == 403
    handle.configure(asset_ttl=3600)
    assert fetch(address()).status_code == 200
    handle.configure(asset_ttl=0)
    assert fetch(painted(handle, {"model": "gpt-image-2", "prompt": "a fox"})).status_code == 410


def test_what_is_not_there(handle: Handle) -> None:
    """A file that is unknown, not finished, or not that job's is a 404."""
    url = picture(handle)
    assert [
        fetch(each).status_code
        for each in (url.replace("/0.png", "/1.png"), url.replace(".png", ".mp4"), url[:-20] + "/0.png")
    ] == [404, 404, 404]
    handle.configure(seconds=60)
    task = Talk(handle, "apixo").post("/generateTask/nano-banana", {"input": SMALL}).json()["data"]["taskId"]
    assert fetch(f"{handle.origin}/assets/apixo/{task}/0.png").status_code == 404
    assert fetch(f"{handle.origin}/assets/files/{'0' * 24}/x.png").status_code == 404
    assert fetch(f"{handle.origin}/assets/none.png").status_code == 404


def test_a_store_that_wants_a_user_agent(handle: Handle) -> None:
    """APIModels' store refuses a download that does not say who asks."""
    url = painted(handle, {"model": "gpt-image-2", "prompt": "a fox"})
    assert fetch(url, User_Agent="").status_code == 403
    assert fetch(url).status_code == 200
    assert fetch(picture(handle), User_Agent="").status_code == 200


def test_another_sandbox_draws_the_same(handle: Handle, tmp_path: Path) -> None:
    """Files of a sandbox that is gone come from a new one, byte for byte: plain ones, edits of bytes, edits of edits."""
    plain = painted(handle, {"model": "gpt-image-2", "prompt": "a fox"})
    sent = base64.b64encode(fetch(plain).content).decode()
    edit = painted(handle, {"model": "grok-4.2-image", "prompt": "in winter", "image": sent})
    again = painted(handle, {"model": "gpt-image-2", "prompt": "at night", "image_urls": [edit]})
    urls = [plain, edit, again]
    before = [fetch(url).content for url in urls]
    origin = handle.origin
    handle.stop()
    with start(folder=tmp_path) as second:
        assert [fetch(url.replace(origin, second.origin)).content for url in urls] == before
    assert len(set(before)) == 3


def test_an_input_picture_shows(handle: Handle) -> None:
    """The same request over another input picture gives another result, and a mask another one still."""
    files = [base64.b64encode(_plain(colour)).decode() for colour in ("red", "blue")]
    body = {"model": "grok-4.2-image", "prompt": "a boat"}
    urls = [painted(handle, {**body, "image": each}) for each in files] + [
        painted(handle, {**body, "image": files[0], "mask": files[1]}),
        painted(handle, body),
    ]
    assert len({fetch(url).content for url in urls}) == 4


def test_the_shape_of_the_input(handle: Handle) -> None:
    """`match_input_image` gives a picture of the input's shape."""
    armox = Talk(handle, "armox")
    wide = armox.post(
        "/models/run", {"model": "sandbox/picture", "input": {"prompt": "a fox", "aspect_ratio": "16:9"}}
    ).json()["output"]["outputImage"]
    inputs = {"prompt": "an owl", "image_input": [wide], "aspect_ratio": "match_input_image"}
    matched = armox.post("/models/run", {"model": "google/nano-banana", "input": inputs}).json()["output"][
        "outputImage"
    ]
    assert _size(fetch(matched).content) == _size(fetch(wide).content)


def test_polling_stays_quick_while_painting(handle: Handle) -> None:
    """While files are drawn the sandbox answers: every poll of a hundred ends before the films do."""
    armox = Talk(handle, "armox")
    jobs = [
        armox.post(
            "/models/run", {"model": "sandbox/clip", "input": {"prompt": f"a fox {number}", "duration": 2}}
        ).json()["id"]
        for number in range(2)
    ]
    statuses = {armox.get(f"/jobs/{job}").status_code for job in jobs * 50}
    assert statuses == {200}


@pytest.mark.parametrize(
    ("kind", "length", "readable"),
    [
        ("html", None, False),
        ("wrong_type", None, False),
        ("truncated", None, False),
        ("empty", 0, False),
        ("drip", None, True),
        ("stall", None, True),
    ],
)
def test_files_gone_wrong(handle: Handle, kind: str, length: int | None, readable: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """A file can come as markup, under the wrong type, cut, empty, slowly or late; the next time it is whole."""
    url = picture(handle)
    handle.configure(misbehave=[Fault(kind=kind, purpose="asset", seconds=0.02)])
    reply = fetch(url)
    assert length is None or len(reply.content) == length
    assert reply.headers["Content-Type"] == ("text/html" if kind == "html" else "image/png")
    assert _opens(reply.content) == readable
    assert _opens(fetch(url).content)


@pytest.mark.parametrize("kind", ["half", "lost_before", "lost_after"])
def test_files_that_break_off(handle: Handle, kind: str) -> None:
    """A connection that breaks during a file is an error for the client."""
    url = picture(handle)
    handle.configure(misbehave=[Fault(kind=kind, purpose="asset")])
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        fetch(url)
    assert until(lambda: handle.state()["faults"]) == [1]


def _plain(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(buffer, "PNG")
    return buffer.getvalue()


def _size(blob: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(blob)) as image:
        return image.size


def _opens(blob: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(blob)) as image:
            image.load()
    except (OSError, SyntaxError):
        return False
    return True
