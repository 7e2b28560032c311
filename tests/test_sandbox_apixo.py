"""The sandbox's APIXO against the tables of its pages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from notebookgen.sandbox import Handle, start
from sandbox_talk import Talk, listener, until

if TYPE_CHECKING:
    from collections.abc import Iterator

INPUT = {"mode": "text-to-image", "prompt": "a fox"}
URL = "https://example.com/cat.png"


@pytest.fixture
def handle() -> Iterator[Handle]:
    with start(seconds=0) as handle:
        yield handle


@pytest.fixture
def api(handle: Handle) -> Talk:
    return Talk(handle, "apixo")


def made(api: Talk, inputs: Any = None, model: str = "nano-banana", **more: Any) -> str:
    """Create a task and return its id."""
    reply = api.post(f"/generateTask/{model}", {"request_type": "async", "input": inputs or INPUT, **more})
    assert reply.status_code == 200, reply.text
    assert list(reply.json()) == ["code", "message", "data"]
    assert list(reply.json()["data"]) == ["taskId"]
    return str(reply.json()["data"]["taskId"])


def polled(api: Talk, task: str, model: str = "nano-banana") -> Any:
    """Return a task's object."""
    reply = api.get(f"/statusTask/{model}", params={"taskId": task})
    assert (reply.status_code, reply.json()["code"], reply.json()["message"]) == (200, 200, "success")
    return reply.json()["data"]


def test_create_and_poll(api: Talk, handle: Handle) -> None:
    """A task is pending, then success with a JSON string, a duration and both times."""
    handle.configure(seconds=60)
    assert polled(api, made(api)) | {"taskId": "", "createTime": 0} == {
        "taskId": "",
        "state": "pending",
        "createTime": 0,
    }
    handle.configure(seconds=0)
    done = polled(api, made(api))
    assert list(done) == ["taskId", "state", "createTime", "completeTime", "costTime", "resultJson"]
    assert done["state"] == "success"
    assert isinstance(done["resultJson"], str)
    urls = json.loads(done["resultJson"])["resultUrls"]
    assert [url.rsplit(".", 1)[1] for url in urls] == ["jpeg"]


@pytest.mark.parametrize("code", ["CONTENT_VIOLATION", "SensitiveContentDetected"])
def test_a_failed_task_is_a_success_on_the_wire(api: Talk, handle: Handle, code: str) -> None:
    """A failed task arrives as HTTP 200, code 200, message success, with a code of either family."""
    handle.configure(fail=1, fail_code=code)
    data = polled(api, made(api))
    assert (data["state"], data["failCode"]) == ("failed", code)
    assert data["failMsg"]
    assert "resultJson" not in data


@pytest.mark.parametrize(("results", "expected"), [("empty", '{"resultUrls": []}'), ("null", None)])
def test_a_result_may_be_missing(api: Talk, handle: Handle, results: str, expected: str | None) -> None:
    """The result may be null, or hold an empty list."""
    handle.configure(results=results)
    assert polled(api, made(api))["resultJson"] == expected


@pytest.mark.parametrize(
    ("model", "inputs", "count", "ending"),
    [
        ("seedream-4-5", {"mode": "text-to-image", "prompt": "x", "max_images": 3}, 3, "jpeg"), ("wan-2-5-image", INPUT, 4, "jpeg"),
        ("midjourney", INPUT, 4, "jpeg"), ("midjourney", {"mode": "upscale", "prompt": "x", "taskId": "t", "imageIndex": 1}, 1, "jpeg"),
        ("suno", {"mode": "V5", "prompt": "x", "customMode": False, "instrumental": True}, 2, "wav"),
        ("veo-3-1", {"mode": "fast", "prompt": "x"}, 1, "mp4"), ("nano-banana", {**INPUT, "output_format": "png"}, 1, "png"),
        ("nano-banana-2", {**INPUT, "aspect_ratio": "1:1", "resolution": "1K", "output_format": "jpg"}, 1, "jpeg"),
    ],
)  # fmt: skip
def test_every_kind_uses_the_same_key(api: Talk, model: str, inputs: Any, count: int, ending: str) -> None:
    """Images, videos and audio all come in resultUrls, as many as the model makes."""
    urls = json.loads(polled(api, made(api, inputs, model), model)["resultJson"])["resultUrls"]
    assert [url.rsplit(".", 1)[1] for url in urls] == [ending] * count


@pytest.mark.parametrize(
    ("model", "body", "text"),
    [
        ("nano-banana", {"input": {"mode": "text-to-image"}}, "Missing required field: input.prompt"),
        ("nano-banana", {"input": {"prompt": "x"}}, "Missing required field: input.mode"), ("nano-banana", {}, "Missing required field: input"),
        ("nano-banana", {"input": {**INPUT, "mode": "dream"}}, "Invalid value for input.mode: dream is not one of text-to-image, image-to-image"),
        ("nano-banana", {"input": {**INPUT, "aspect_ratio": 1}}, "Invalid value for input.aspect_ratio: expected string"),
        ("nano-banana", {"input": {**INPUT, "prompt": "x" * 5001}}, "Invalid value for input.prompt: must be between 1 and 5000 characters"),
        ("nano-banana", {"input": {**INPUT, "mode": "image-to-image"}}, "Missing required field: input.image_urls"),
        ("nano-banana", {"input": {**INPUT, "image_urls": [URL] * 6}}, "Invalid value for input.image_urls: must be between 1 and 5 items"),
        ("nano-banana", {"input": {**INPUT, "image_urls": ["AAAA"]}}, "Invalid value for input.image_urls: not a public URL"),
        ("nano-banana-2", {"input": INPUT}, "Missing required field: input.aspect_ratio"),
        ("kling-2-6", {"input": {"mode": "text-to-video", "prompt": "x"}}, "Missing required field: input.sound"),
        ("sora-2-pro", {"input": {"mode": "text-to-video", "prompt": "x", "duration": 5}}, "Invalid value for input.duration: 5 is not one of 4, 8, 12"),
        ("sora-2-pro", {"input": {"mode": "text-to-video", "prompt": "x", "size": "720x1280"}}, None),
        ("nano-banana", {"request_type": "sync", "input": INPUT}, "Invalid value for request_type: use async or callback"),
        ("nano-banana", {"request_type": "callback", "input": INPUT}, "Missing required field: callback_url"),
    ],
)  # fmt: skip
def test_what_is_refused(api: Talk, model: str, body: Any, text: str | None) -> None:
    """A bad create is a 400 that names the field in data.error, and costs nothing."""
    reply = api.post(f"/generateTask/{model}", body)
    assert (reply.status_code, reply.json()["code"], reply.json()["message"]) == (400, 400, "Invalid request")
    assert text is None or reply.json()["data"] == {"error": text}
    service = api.handle.state()["services"]["apixo"]
    assert (service["accepted"], service["refused"], service["charged"]) == (0, 1, 0)


def test_a_private_reference_fails_the_task(api: Talk) -> None:
    """An address that the service cannot reach is accepted, and fails later."""
    data = polled(api, made(api, {**INPUT, "image_urls": ["http://10.1.2.3/a.png"]}))
    assert (data["state"], data["failCode"]) == ("failed", "INVALID_IMAGE_URL")


def test_errors(api: Talk, handle: Handle) -> None:
    """401 without data, 404 for model and task, 402 or 400 without money, 400 for no JSON, 429 without Retry-After."""
    assert api.get("/apikeys/current-balance", headers={"Authorization": "sk"}).json() == {
        "code": 401,
        "message": "Invalid or missing API key",
    }
    assert api.post("/generateTask/none", {"input": INPUT}).json() == {
        "code": 404,
        "message": "Model not found: none",
        "data": None,
    }
    task = made(api)
    assert api.get("/statusTask/flux-2", params={"taskId": task}).status_code == 404
    assert api.get("/statusTask/nano-banana", params={"task_id": task}).status_code == 400
    assert api.send("POST", "/generateTask/nano-banana", data=b"no").status_code == 400
    handle.configure(balance=0)
    assert api.post("/generateTask/nano-banana", {"input": INPUT}).json() == {
        "code": 402,
        "message": "Insufficient balance",
        "data": None,
    }
    handle.configure(apixo_broke=400)
    assert api.post("/generateTask/nano-banana", {"input": INPUT}).json() == {
        "code": 400,
        "message": "Insufficient credits",
        "data": None,
    }
    handle.configure(rate_limit=0)
    limited = api.get("/apikeys/current-balance")
    assert (limited.status_code, limited.json()["code"], "Retry-After" in limited.headers) == (429, 429, False)


def test_balance_is_a_bare_number(api: Talk) -> None:
    """`data` is the number itself, and falls by what a task costs."""
    made(api)
    assert api.get("/apikeys/current-balance").json() == {"code": 200, "message": "success", "data": 49.97}


def test_a_callback_must_be_answered_with_200(api: Talk, handle: Handle) -> None:
    """The page asks for 200: another 2xx is no answer to it, and the failed task is told in the same envelope."""
    handle.configure(callback_delays=[0, 0, 0], fail=1, fail_code="NSFW_DETECTED")
    with listener(204, 200) as (url, heard):
        task = made(api, request_type="callback", callback_url=url)
        until(lambda: [each["answer"] for each in handle.state()["callbacks"]] == [204, 200])
    data = json.loads(heard[1][1])["data"]
    assert (task, "failed", "NSFW_DETECTED") == (data["taskId"], data["state"], data["failCode"])
    assert "resultJson" not in data


def test_the_request_type_may_be_left_out(api: Talk) -> None:
    """One page demands it, another gives it a default: without it the task is an ordinary one."""
    reply = api.post("/generateTask/nano-banana", {"input": INPUT})
    assert (200, 200) == (reply.status_code, reply.json()["code"])
    assert ["taskId"] == list(reply.json()["data"])


def test_callbacks_are_the_status_envelope(api: Talk, handle: Handle) -> None:
    """A callback has the shape of the status call, no signature, and is tried three times more."""
    handle.configure(callback_delays=[0, 0, 0])
    with listener(503) as (url, heard):
        task = made(api, request_type="callback", callback_url=url)
        until(lambda: len(heard) >= 4)
        until(lambda: len(handle.state()["callbacks"]) == 4)
    headers, body = heard[0]
    assert len(heard) == 4
    assert not [name for name in headers if "signature" in name.lower()]
    assert json.loads(body) == {"code": 200, "message": "success", "data": polled(api, task)}
