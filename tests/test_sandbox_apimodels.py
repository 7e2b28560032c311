"""The sandbox's APIModels against the tables of its pages."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from notebookgen.sandbox import Handle, start
from sandbox_talk import Talk, listener, until

if TYPE_CHECKING:
    from collections.abc import Iterator

IMAGES = "/images/generations"
FOX = {"model": "gpt-image-2", "prompt": "a fox"}
URL = "https://example.com/cat.png"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="  # one transparent pixel


@pytest.fixture
def handle() -> Iterator[Handle]:
    with start(seconds=0) as handle:
        yield handle


@pytest.fixture
def api(handle: Handle) -> Talk:
    return Talk(handle, "apimodels")


def made(api: Talk, body: Any, path: str = IMAGES) -> str:
    """Create a task and return its id."""
    reply = api.post(path, body).json()
    assert (reply["code"], reply["msg"]) == (200, "success"), reply
    return str(reply["data"]["taskId"])


def polled(api: Talk, task: str, path: str = IMAGES) -> Any:
    """Return a task's object."""
    return api.get(path, params={"task_id": task}).json()["data"]


def test_create_and_poll(api: Talk, handle: Handle) -> None:
    """A task is pending in the create, and in the poll has the fields of the page for each state."""
    handle.configure(seconds=60)
    reply = api.post(IMAGES, FOX).json()
    assert list(reply) == ["code", "msg", "data"]
    assert list(reply["data"]) == ["taskId", "state"]
    assert reply["data"]["state"] == "pending"
    assert list(polled(api, reply["data"]["taskId"])) == ["taskId", "state", "createTime"]
    handle.configure(seconds=0)
    done = polled(api, made(api, FOX))
    assert list(done) == ["taskId", "state", "createTime", "completeTime", "resultUrls"]
    assert (done["state"], len(done["resultUrls"])) == ("completed", 1)
    assert done["completeTime"] >= done["createTime"] > 1_700_000_000_000


def test_a_failed_task_is_a_success_on_the_wire(api: Talk, handle: Handle) -> None:
    """A failed task arrives with HTTP 200 and code 200, and its money comes back."""
    handle.configure(fail=1, fail_code="CONTENT_MODERATION", refunds=False)
    task = made(api, FOX)
    reply = api.get(IMAGES, params={"task_id": task})
    assert (reply.status_code, reply.json()["code"]) == (200, 200)
    data = reply.json()["data"]
    assert (data["state"], data["failCode"], data["failMsg"]) == (
        "failed",
        "CONTENT_MODERATION",
        "Content policy violation",
    )
    assert "resultUrls" not in data
    assert api.get("/balance").json()["data"]["balance"] == 50


def test_a_fail_code_can_be_null(api: Talk, handle: Handle) -> None:
    """The code may be null; the text is there all the same."""
    handle.configure(fail=1, fail_code="")
    data = polled(api, made(api, FOX))
    assert (data["failCode"], data["failMsg"]) == (None, "Generation failed")


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        (IMAGES + "?taskId={task}", 400, "task_id is required"), (IMAGES, 400, "task_id is required"), (IMAGES + "/{task}", 404, "Not found"),
        (IMAGES + "?task_id=clnothing", 404, "Task not found"), ("/video/generations?task_id={task}", 404, "Task not found"),
    ],
)  # fmt: skip
def test_how_a_poll_is_not_done(api: Talk, path: str, status: int, text: str) -> None:
    """The query is `task_id`, and the path is that of the kind."""
    reply = api.get(path.format(task=made(api, FOX)))
    assert (reply.status_code, reply.json()) == (status, {"code": status, "msg": text})


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/video/generations", {"model": "veo-3.1-fast", "prompt": "a fox"}),
        ("/audio/generations", {"model": "minimax-speech-02-turbo", "text": "hello", "voice_id": "Wise_Woman"}),
        (IMAGES, {"model": "grok-4.2-image", "prompt": "a fox"}), (IMAGES, {"model": "grok-image/grok-4.2-image", "prompt": "a fox"}),
        (IMAGES, {"model": "kling-v3-image", "prompt": "a fox"}),
    ],
)  # fmt: skip
def test_every_kind(api: Talk, path: str, body: Any) -> None:
    """Video and audio are created and polled on their own paths; bare names and those with a family both work."""
    assert len(polled(api, made(api, body, path), path)["resultUrls"]) == 1


def test_kling_tells_an_internal_name(api: Talk) -> None:
    """Kling replies add a model name that is not the id that was sent."""
    body = {"model": "kling-v3", "prompt": "a fox", "duration": "5"}
    assert api.post("/video/generations", body).json()["data"]["model"] == "kling-video/kling-v3"


def test_speech_answers_with_one_string(api: Talk) -> None:
    """/audio/tts has `result`, one string."""
    task = made(api, {"model": "eleven-tts-v3", "text": "hello"}, "/audio/tts")
    data = polled(api, task, "/audio/tts")
    assert isinstance(data["result"], str)
    assert "resultUrls" not in data


def test_several_results(api: Talk) -> None:
    """`n` asks for more than one, and costs as many times as much."""
    done = polled(api, made(api, {"model": "grok-4.2-image", "prompt": "a fox", "n": 3}))
    assert len(set(done["resultUrls"])) == 3
    assert api.handle.state()["services"]["apimodels"]["charged"] == pytest.approx(0.0225)


def test_some_models_finish_inside_the_create(api: Talk, handle: Handle) -> None:
    """gpt-image-2-lite answers completed, or failed, at once."""
    data = api.post(IMAGES, {"model": "gpt-image-2-lite", "prompt": "a fox", "n": 2}).json()["data"]
    assert (data["state"], len(data["resultUrls"])) == ("completed", 2)
    handle.configure(fail=1)
    assert api.post(IMAGES, {"model": "gpt-image-2-lite", "prompt": "an owl"}).json()["data"]["state"] == "failed"


def test_layers(api: Talk) -> None:
    """Layer splitting returns several files, and a JSON string about them."""
    done = polled(
        api, made(api, {"model": "doubao-seedream-5-0-flash", "layer_decomposition": True, "image_urls": [URL]})
    )
    assert len(done["resultUrls"]) == 4
    assert len(json.loads(done["resultJson"])["layers"]) == 4


@pytest.mark.parametrize("results", ["empty", "null"])
def test_completed_without_a_result(api: Talk, handle: Handle, results: str) -> None:
    """A completed task may have an empty list, or nothing."""
    handle.configure(results=results)
    assert polled(api, made(api, FOX))["resultUrls"] == ([] if results == "empty" else None)


def test_another_running_word(api: Talk, handle: Handle) -> None:
    """A spelling that no page knows can be set for the running states."""
    handle.configure(seconds=60, busy_word="queued_for_gpu")
    assert polled(api, made(api, FOX))["state"] == "queued_for_gpu"


def test_mask_inpainting_takes_base64(api: Talk) -> None:
    """Image and mask come as bare base64; anything else under these names is refused."""
    body = {"model": "grok-image/grok-4.2-image", "prompt": "a dog", "image": PIXEL, "mask": PIXEL}
    assert polled(api, made(api, body))["state"] == "completed"
    assert api.post(IMAGES, {**body, "image": "data:image/png;base64," + PIXEL}).status_code == 400
    assert api.post(IMAGES, {**body, "mask": "?" * 40}).json()["msg"] == "image is not valid base64"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a.png",
        "http://192.168.1.4/a.png",
        "http://printer/a.png",
        "http://[::1]/a.png",
        "http://169.254.1.1/a",
    ],
)
def test_private_addresses_are_refused(api: Talk, url: str) -> None:
    """A reference that only the caller can reach is refused in the vendor's words."""
    reply = api.post(IMAGES, {**FOX, "image_urls": [url]})
    assert (reply.status_code, reply.json()["msg"]) == (400, "private/reserved IP addresses not allowed")


def test_own_files_are_good_references(api: Talk) -> None:
    """A file of the sandbox itself, whichever port it had, is taken."""
    url = polled(api, made(api, FOX))["resultUrls"][0]
    made(api, {**FOX, "prompt": "older", "image_urls": [url]})
    made(
        api, {**FOX, "prompt": "earlier sandbox", "image_urls": [url.replace(api.handle.origin, "http://127.0.0.1:9")]}
    )


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        (IMAGES, {"prompt": "x"}, "model is required"), (IMAGES, {"model": "gpt-image-2"}, "Missing required field: prompt"),
        (IMAGES, {**FOX, "resolution": "8K"}, "Invalid value for resolution: 8K is not one of 1K, 2K, 4K"),
        (IMAGES, {**FOX, "image_urls": "no list"}, "Invalid value for image_urls: expected urls"),
        (IMAGES, {**FOX, "image_urls": [PIXEL]}, "Invalid value for image_urls: not a public URL"),
        (IMAGES, {"model": "kling-expand", "prompt": "x"}, "an input image is required"),
        (IMAGES, {"model": "gpt-image-2-all", "prompt": "x", "size": "1000x1000"}, "Invalid size 1000x1000"),
        (IMAGES, {"model": "gpt-image-2-all", "prompt": "x", "size": "3840x1024"}, "Invalid size 3840x1024"),
        ("/video/generations", {"model": "kling-v3", "prompt": "x", "duration": 5}, "Invalid value for duration: expected string"),
        ("/video/generations", {"model": "kling-v3", "prompt": "x", "duration": "99"}, "Invalid value for duration: must be between 3 and 15 seconds"),
        ("/audio/generations", {"model": "minimax-speech-02-turbo", "text": "x"}, "Missing required field: voice_id"),
        ("/chat/completions", {"model": "claude-sonnet-5"}, "messages is required"),
    ],
)  # fmt: skip
def test_what_is_refused(api: Talk, path: str, body: Any, text: str) -> None:
    """A bad create is a 400 with code and msg, and costs nothing."""
    reply = api.post(path, body)
    assert (reply.status_code, reply.json()) == (400, {"code": 400, "msg": text})
    service = api.handle.state()["services"]["apimodels"]
    assert (service["accepted"], service["refused"], service["charged"]) == (0, 1, 0)


@pytest.mark.parametrize(
    ("path", "model", "begins", "lists"),
    [
        (IMAGES, "none", "Invalid model: none. Supported models: ", ("gpt-image-2", "grok-4.2-image", "kling-v3-image")),
        ("/video/generations", "seedance-2", "Invalid model: seedance-2. Supported models: ", ("seedance-2.0", "veo-3.1")),
        ("/audio/generations", "eleven-tts-v3", "Invalid model: eleven-tts-v3. Supported: ", ("minimax-speech-02-turbo",)),
        ("/audio/tts", "minimax-speech-02-turbo", "Invalid model: minimax-speech-02-turbo. Supported: ", ("eleven-tts-v3",)),
    ],
)  # fmt: skip
def test_an_unknown_model_is_answered_with_the_list(
    api: Talk, path: str, model: str, begins: str, lists: tuple[str, ...]
) -> None:
    """The 400 lists the ids that the path takes, in the two wordings of the pages."""
    reply = api.post(path, {"model": model, "prompt": "x", "text": "x"})
    assert reply.status_code == 400
    assert reply.json()["msg"].startswith(begins)
    assert set(lists) <= set(reply.json()["msg"].removeprefix(begins).split(", "))


def test_the_model_list_is_not_the_truth(api: Talk) -> None:
    """GET /models lacks names that work and holds names that do not."""
    ids = {model["id"] for model in api.get("/models").json()["data"]}
    assert {"seedance-2-fast", "seedance-2", "motion-control"} <= ids
    assert not {"grok-imagine-image", "kling-v3-image"} & ids


def test_a_refusal_inside_http_200(api: Talk, handle: Handle) -> None:
    """Too little money comes as code 402 inside an HTTP 200, or as the status where that is set."""
    handle.configure(balance=0.001)
    reply = api.post(IMAGES, FOX)
    assert (reply.status_code, reply.json()) == (200, {"code": 402, "msg": "Insufficient credits"})
    handle.configure(refused_in_200=False)
    assert api.post(IMAGES, FOX).status_code == 402
    assert handle.state()["services"]["apimodels"]["refused"] == 2


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("data.balance", {"code": 200, "msg": "success", "data": {"balance": 50.0, "currency": "USD"}}),
        ("data.credits", {"code": 200, "msg": "success", "data": {"credits": 50.0}}), ("balance", {"balance": 50.0}),
    ],
)  # fmt: skip
def test_balance_has_three_shapes(api: Talk, handle: Handle, shape: str, expected: Any) -> None:
    """Each of the shapes that clients have met can be chosen."""
    handle.configure(balance_shape=shape)
    assert api.get("/balance").json() == expected


def test_errors_that_every_endpoint_shares(api: Talk, handle: Handle) -> None:
    """401 without and with a wrong key, 404, 400 for a body that is not JSON, 429 with Retry-After."""
    assert api.get("/balance", headers={"Authorization": ""}).json() == {"code": 401, "msg": "Unauthorized"}
    handle.configure(keys=["sk_right"])
    assert (api.get("/balance").status_code, api.get("/balance").json()) == (
        401,
        {"code": 401, "msg": "Invalid API key"},
    )
    handle.configure(keys=None)
    assert api.get("/nothing").status_code == 404
    assert api.send("POST", IMAGES, data=b"[]").json() == {"code": 400, "msg": "Invalid JSON body"}
    handle.configure(rate_limit=1)
    assert api.get("/balance").status_code == 200
    limited = api.get("/balance")
    assert (limited.status_code, limited.json()["code"]) == (429, 429)
    assert int(limited.headers["Retry-After"]) >= 1


def test_records_tell_the_cost_once_settled(api: Talk, handle: Handle) -> None:
    """The real cost appears when the task is over; a failed one cost nothing."""
    handle.configure(seconds=60)
    assert api.get(f"/records/{made(api, FOX)}").json()["data"] | {"taskId": ""} == {
        "taskId": "",
        "settled": False,
        "currency": "USD",
        "credits": None,
    }
    handle.configure(seconds=0)
    record = api.get(f"/records/{made(api, FOX)}").json()["data"]
    assert (record["settled"], record["credits"]) == (True, 0.025)
    handle.configure(fail=1)
    assert api.get(f"/records/{made(api, FOX)}").json()["data"]["credits"] == 0
    assert api.get("/records/clnothing").status_code == 404


def test_an_upload_in_one_step(api: Talk) -> None:
    """A multipart upload answers with a public address, which serves the file and is taken as a reference."""
    blob = base64.b64decode(PIXEL)
    data = api.post("/files", files={"file": ("cat 1.png", blob, "image/png")}).json()["data"]
    served = api.get(data["publicUrl"])
    assert (served.content, served.headers["Content-Type"]) == (blob, "image/png")
    made(api, {**FOX, "image_urls": [data["publicUrl"]]})


def test_an_upload_in_two_steps(api: Talk) -> None:
    """The JSON form answers with where to put the file; another Content-Type breaks the signature."""
    blob = base64.b64decode(PIXEL)
    data = api.post("/files", {"filename": "cat.png", "contentType": "image/png", "fileSize": len(blob)}).json()["data"]
    assert list(data) == ["uploadUrl", "publicUrl", "expiresAt"]
    assert api.send("PUT", data["uploadUrl"], data=blob, headers={"Content-Type": "image/jpeg"}).status_code == 403
    assert api.get(data["publicUrl"]).status_code == 404
    assert api.send("PUT", data["uploadUrl"], data=blob, headers={"Content-Type": "image/png"}).status_code == 200
    assert api.get(data["publicUrl"]).content == blob
    assert api.post("/files", {"filename": "cat.png"}).status_code == 400


def test_voices(api: Talk) -> None:
    """The three calls for voices share one shape."""
    for path in ("/voices", "/audio/voices?pageNum=1&pageSize=10", "/minimax/voices?language=German"):
        reply = api.get(path).json()
        assert list(reply) == ["voices", "total"]
        assert list(reply["voices"][0]) == ["voice_id", "name", "language"]


def test_video_that_holds_the_connection(api: Talk) -> None:
    """/video/p-video answers with the finished address; the id is refused on the ordinary path."""
    assert api.post("/video/p-video", {"prompt": "a fox"}).json()["data"]["url"].endswith(".mp4")
    assert api.post("/video/generations", {"model": "p-video", "prompt": "a fox"}).status_code == 400


def test_callbacks_are_tried_again(api: Talk, handle: Handle) -> None:
    """A callback that is not answered with 2xx is sent three times more; any 2xx ends it."""
    handle.configure(callback_delays=[0, 0, 0])
    with listener(500, 302, 204) as (url, heard):
        made(api, {**FOX, "callback_url": url})
        until(lambda: [each["answer"] for each in handle.state()["callbacks"]] == [500, 302, 204])
    assert 3 == len(heard)
    assert 1 == len({body for _, body in heard})


@pytest.mark.parametrize("failed", [False, True])
def test_callbacks(api: Talk, handle: Handle, failed: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """A callback is unsigned; `param` and `resultJson` are JSON in strings."""
    handle.configure(fail=int(failed), fail_code="TIMEOUT")
    with listener() as (url, heard):
        task = made(api, {**FOX, "callback_url": url})
        until(lambda: heard)
    ((headers, body),) = heard
    said = json.loads(body)
    data = said["data"]
    assert not [name for name in headers if "signature" in name.lower()]
    assert headers["Content-Type"] == "application/json"
    expected = [
        "taskId",
        "model",
        "state",
        "param",
        "resultJson",
        "failCode",
        "failMsg",
        "costTime",
        "completeTime",
        "createTime",
    ]
    assert (list(said), list(data)) == (["code", "msg", "data"], expected)
    assert (data["taskId"], data["model"]) == (task, "gpt/gpt-image-2")
    assert json.loads(data["param"])["prompt"] == "a fox"
    if failed:
        assert (data["state"], data["resultJson"], data["failCode"]) == ("failed", None, "TIMEOUT")
    else:
        assert len(json.loads(data["resultJson"])["resultUrls"]) == 1
        assert (data["state"], data["failCode"], data["failMsg"]) == ("completed", None, None)
