"""What APIModels is told and what its replies mean, by its pages."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings

from notebookgen.errors import (
    InvalidCall,
    InvalidImage,
    InvalidPrompt,
    InvalidSetting,
    NotebookgenError,
    UnexpectedResponse,
)
from notebookgen.providers import fault_error, verdict
from notebookgen.providers.apimodels import MOST_MULTIPART, APIModels
from notebookgen.records import Balance, Generation, InputImage, Job, JobRef, Kind, Output, Phase, Realm
from notebookgen.wire import HttpResponse
from wire_samples import cases, hostile_replies, sample

SERVICE = APIModels()
BASE = "https://apimodels.app/api/v1"
GROK = "grok-image/grok-4.2-image"
REF = JobRef("clxxx0001", GROK, "image", "images/generations")
URL = "https://example.com/{}.png"


def asked(
    model: str = GROK, prompt: str = "a lighthouse", *, images: tuple[InputImage, ...] = (), kind: Kind | None = None, **more: object
) -> Generation:  # fmt: skip
    return Generation(Realm("apimodels", "1a2b3c4d"), model, prompt, more, images, kind=kind)


def public(count: int = 1, **more: object) -> tuple[InputImage, ...]:
    return tuple(InputImage(url=URL.format(at), **more) for at in range(count))  # type: ignore[arg-type]  # as tests give


def local(mark: str = "a", **more: object) -> InputImage:
    return InputImage(sha256=mark * 64, mime="image/png", size=3, **more)  # type: ignore[arg-type]  # as tests give


def sent(generation: Generation, callback: str | None = None) -> dict[str, object]:
    prepared = SERVICE.prepare(generation, None)
    sources = {image.key: image.url or f"sent:{image.key[0]}" for image in prepared.images}
    payload: dict[str, object] = json.loads(SERVICE.create(prepared, sources, None, callback=callback).body)
    return payload


def path(generation: Generation) -> str:
    return SERVICE.create(SERVICE.prepare(generation, None), {}, None).url.removeprefix(f"{BASE}/")


def reply(body: object, status: int = 200) -> HttpResponse:
    return HttpResponse(status, body=json.dumps(body).encode())


def test_text_to_image_is_the_pages_own_example() -> None:
    """Model, prompt, size and n; nothing may send it twice."""
    generation = asked(size="1024x1024", n="1")
    request = SERVICE.create(SERVICE.prepare(generation, None), {}, None)
    assert ("POST", f"{BASE}/images/generations", "create", False) == (
        request.method, request.url, request.purpose, request.repeatable,
    )  # fmt: skip
    assert {"model": GROK, "prompt": "a lighthouse", "size": "1024x1024", "n": 1} == json.loads(request.body)


@pytest.mark.parametrize(
    ("generation", "route"),
    [
        (asked(), "images/generations"),
        (asked("kling-v3"), "video/generations"),
        (asked("p-video"), "video/p-video"),
        (asked("fish-s2.1-pro"), "audio/generations"),
        (asked("eleven-tts-v3"), "audio/tts"),
        (asked("eleven-brand-new"), "audio/tts"),
        (asked("gpt-5-5"), "chat/completions"),
        (asked("who/knows", kind="image"), "images/generations"),
        (asked("who/knows", kind="video"), "video/generations"),
        (asked("who/knows", kind="audio"), "audio/generations"),
        (asked("who/knows", kind="text"), "chat/completions"),
        (asked("grok-4.2-image"), "images/generations"),
    ],
)
def test_each_kind_has_its_path(generation: Generation, route: str) -> None:
    """The catalogue tells the path, or the kind that the user says; a job keeps it."""
    assert route == path(generation)


@pytest.mark.parametrize("kind", [None, "3d"])
def test_an_unknown_model_without_a_kind_is_refused(kind: Kind | None) -> None:
    """Nobody can tell the path: the message says how to."""
    with pytest.raises(InvalidCall, match=re.escape("kind='image' (or 'video', 'audio', 'text')")):
        SERVICE.prepare(asked("who/knows", kind=kind), None)


def test_mask_inpainting_sends_both_as_base64() -> None:
    """The page's inpainting example: bare base64 in ``image`` and ``mask``."""
    images = (local("a", field="image"), local("b", field="mask"))
    generation = SERVICE.prepare(asked(images=images), None)
    assert ["base64", "base64"] == [SERVICE.delivery(generation, one, None) for one in generation.images]
    payload = sent(asked(images=images))
    assert {"model": GROK, "prompt": "a lighthouse", "image": "sent:a", "mask": "sent:b"} == payload


def test_editing_by_address() -> None:
    """One public image goes into ``image_url``, several into ``image_urls``."""
    assert URL.format(0) == sent(asked(images=public()))["image_url"]
    assert [URL.format(0), URL.format(1)] == sent(asked("gpt-image-2", images=public(2)))["image_urls"]
    assert [URL.format(0), URL.format(1)] == sent(asked(images=public(2)))["image_urls"]


@pytest.mark.parametrize(
    ("model", "field", "expected"),
    [
        ("veo-3.1", "images", [URL.format(0)]),
        ("kling-v3", "image", URL.format(0)),
        ("seedance2-a/seedance-2.0-a", "first_frame_url", URL.format(0)),
        ("gemini-3-pro-image", "image_url", URL.format(0)),
        ("flux-2-klein-4b", "image_urls", [URL.format(0)]),
        ("real-esrgan", "image_urls", [URL.format(0)]),
    ],
)
def test_each_model_has_its_own_image_field(model: str, field: str, expected: object) -> None:
    """The catalogue's schema tells the field and whether it takes one or a list."""
    assert expected == sent(asked(model, "" if model == "real-esrgan" else "x", images=public()))[field]


@pytest.mark.parametrize(
    ("model", "image", "kind", "delivery"),
    [
        (GROK, local(), None, "base64"),
        ("kling-v3", local(), None, "base64"),
        ("gpt-image-2", local(), None, "upload"),
        ("seedance-2.5", local(field="last_frame_url"), None, "upload"),
        ("who/knows", local(), "image", "upload"),
        ("who/knows", local(field="mask", listed=False), "image", "base64"),
        ("who/knows", local(field="mask", listed=False), "video", "upload"),
        ("seedance-2.5", InputImage(url="asset://abc"), None, "url"),
        (GROK, public()[0], None, "url"),
    ],
)
def test_a_local_image_travels_as_its_field_takes_it(
    model: str, image: InputImage, kind: Kind | None, delivery: str
) -> None:
    """Base64 where the field is typed so, an upload otherwise, an address as it is."""
    assert delivery == SERVICE.delivery(asked(model, images=(image,), kind=kind), image, None)


def test_an_address_nobody_can_read_is_refused() -> None:
    """Neither http(s) nor the account's own library: an error before anything is sent."""
    with pytest.raises(InvalidImage, match=r"ftp://"):
        SERVICE.prepare(asked(images=(InputImage(url="ftp://example.com/a.png"),)), None)


def test_too_many_references_are_refused() -> None:
    """The catalogue's maximum holds."""
    with pytest.raises(InvalidImage, match="at most 16 images in 'image_urls', not 17"):
        SERVICE.prepare(asked("gpt-image-2", images=public(17)), None)
    with pytest.raises(InvalidImage, match="one image in 'image', not 2"):
        SERVICE.prepare(asked("kling-v3", images=public(2, field="image")), None)
    with pytest.raises(InvalidImage, match="given twice"):
        SERVICE.prepare(asked("gpt-image-2", images=public(), image_urls=[URL.format(9)]), None)


def test_speech_has_its_own_words() -> None:
    """The prompt is ``text``, and settings written with a dot are folded into their object."""
    payload = sent(asked("eleven-tts-v3", "hello", **{"voice_settings.speed": "1.1", "voice_settings.style": 0.5}))
    assert {"model": "eleven-tts-v3", "text": "hello", "voice_settings": {"speed": 1.1, "style": 0.5}} == payload
    assert payload == sent(asked("eleven-tts-v3", "hello", voice_settings={"speed": 1.1, "style": 0.5}))
    with pytest.raises(InvalidSetting, match=re.escape("from 0.7 to 1.2, not 1.3")):
        SERVICE.prepare(asked("eleven-tts-v3", voice_settings={"speed": 1.3}), None)
    with pytest.raises(InvalidSetting, match="needs 'voice_id'"):
        SERVICE.prepare(asked("minimax-speech-02-turbo"), None)


def test_a_language_model_gets_a_conversation() -> None:
    """The prompt is the user's message, ``system`` comes first, and a conversation of the user's own is kept."""
    payload = sent(asked("claude-sonnet-4-6", "hi", system="be brief", max_tokens="100"))
    messages = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}]
    assert {"model": "claude-sonnet-4-6", "messages": messages, "max_tokens": 100} == payload
    own = [{"role": "user", "content": "mine"}]
    assert own == sent(asked("claude-sonnet-4-6", "", messages=own))["messages"]


def test_what_a_conversation_cannot_carry_is_refused() -> None:
    """No images, no stream, and no job to ask about again."""
    with pytest.raises(InvalidImage, match="no page says"):
        SERVICE.prepare(asked("gpt-5-5", images=public()), None)
    with pytest.raises(InvalidSetting, match="stream"):
        SERVICE.prepare(asked("gpt-5-5", stream=True), None)
    with pytest.raises(InvalidPrompt, match="needs a prompt"):
        SERVICE.prepare(asked("gpt-5-5", ""), None)
    with pytest.raises(InvalidCall, match="cannot be asked about again"):
        SERVICE.status(JobRef("x", "gpt-5-5"))


@pytest.mark.parametrize(
    ("model", "settings", "expected"),
    [
        ("gemini-3-pro-image", {"resolution": "2k"}, {"resolution": "2K"}),
        ("kling-v3-image", {"resolution": "2K"}, {"resolution": "2k"}),
        ("kling-v3", {"duration": 5}, {"duration": "5"}),
        ("seedance2-a/seedance-2.0-a", {"duration": "5"}, {"duration": 5}),
    ],
)
def test_what_pages_spell_differently_is_sent_as_the_models_own_page_has_it(
    model: str, settings: dict[str, object], expected: dict[str, object]
) -> None:
    """Tiers by their case, a duration as text for one family and as a number for the other."""
    assert expected == dict(SERVICE.prepare(asked(model, **settings), None).settings)  # type: ignore[arg-type]  # as tests give


def test_the_newer_address_has_the_same_paths() -> None:
    """The vendor's newer code speaks to another host, whose paths are the same behind the version."""
    newer = APIModels("https://api.apimodels.app/v1/")
    for one, other in ((newer.balance(), SERVICE.balance()), (newer.status(REF), SERVICE.status(REF))):
        assert one.url.removeprefix("https://api.apimodels.app/v1") == other.url.removeprefix(BASE)


def test_what_a_task_says_beyond_its_page_is_left_out() -> None:
    """Clients met a ``usage`` object and a model of the house's own name: neither is a result, nor a charge."""
    data = {
        "taskId": "clxxx0001", "state": "completed", "resultUrls": ["https://r2.apimodels.app/videos/1.mp4"],
        "model": "kling-video/kling-v3", "usage": {"seconds": 5, "url": "https://r2.apimodels.app/usage.json"},
    }  # fmt: skip
    job = SERVICE.read_status(reply({"code": 200, "msg": "success", "data": data}), REF)
    assert (["https://r2.apimodels.app/videos/1.mp4"], None) == ([one.url for one in job.outputs], job.charged)


def test_a_callback_is_asked_for_by_callback_url() -> None:
    """The callback's address is one of the body's fields."""
    assert "https://me.example/hook" == sent(asked(), callback="https://me.example/hook")["callback_url"]


def test_preparing_twice_changes_nothing() -> None:
    """A prepared generation is its own preparation: its id holds still."""
    for model in ("kling-v3", "eleven-tts-v3", GROK):
        more = {"voice_settings.speed": 1} if model == "eleven-tts-v3" else {}
        once = SERVICE.prepare(asked(model, images=public() if model == GROK else (), **more), None)
        assert once.id == SERVICE.prepare(once, None).id


@pytest.mark.parametrize(
    ("case", "phase", "id", "outputs"),
    [
        ("created", Phase.QUEUED, "clxxx0001", ()),
        ("created-kling", Phase.QUEUED, "clxxx0001", ()),
        ("created-finished", Phase.COMPLETED, "clxxx0001", (
            Output("resultUrls.0", url="https://r2.apimodels.app/images/1.png"),
            Output("resultUrls.1", url="https://r2.apimodels.app/images/2.png"),
        )),
        ("created-openai", Phase.COMPLETED, None, (
            Output("data.0", data=b"\x89PNG\r\n\x1a\n"),
            Output("data.1", url="https://r2.apimodels.app/images/2.png"),
        )),
    ],
)  # fmt: skip
def test_a_create_answers_running_or_finished(
    case: str, phase: Phase, id: str | None, outputs: tuple[Output, ...]
) -> None:
    """A task, a task that is finished already, and OpenAI's shape with bytes inside."""
    response = sample("apimodels", case)
    assert SERVICE.read_fault(response) is None
    job = SERVICE.read_create(response, asked())
    assert (phase, id, outputs, "images/generations") == (job.phase, job.id, job.outputs, job.route)


def test_the_call_that_waits_for_a_video() -> None:
    """``/video/p-video`` answers with an address somewhere; should it only begin, its task is asked about as a video."""
    job = SERVICE.read_create(sample("apimodels", "created-p-video"), asked("p-video"))
    assert (Phase.COMPLETED, "https://r2.apimodels.app/videos/1.mp4") == (job.phase, job.outputs[0].url)
    later = SERVICE.read_create(sample("apimodels", "created-p-video-unfinished"), asked("p-video"))
    assert (Phase.RUNNING, "video/generations") == (later.phase, later.route)
    echo = reply({"code": 200, "data": {"image": URL.format(0)}})
    with pytest.raises(UnexpectedResponse):
        SERVICE.read_create(echo, asked("p-video", images=public()))


@pytest.mark.parametrize(
    ("value", "id"),
    [
        ({"data": {"task_id": "t"}}, "t"),
        ({"taskId": "t", "data": {"state": "pending"}}, "t"),
        ({"task_id": "t"}, "t"),
        ({"data": {"id": "t", "state": "pending"}}, "t"),
        ({"data": {"id": "t"}}, None),
        ({"id": "request-9", "code": 200}, None),
    ],
)
def test_a_create_is_accepted_however_it_spells_its_task(value: object, id: str | None) -> None:
    """What is paid for has to be found again; a plain ``id`` is the task's where a state is told, else anybody's."""
    if id is None:
        with pytest.raises(UnexpectedResponse):
            SERVICE.read_create(reply(value), asked())
        return
    assert id == SERVICE.read_create(reply(value), asked()).id


def test_bytes_that_are_the_result_are_kept() -> None:
    """A reply that is a clip itself is a finished job."""
    job = SERVICE.read_create(HttpResponse(200, {"content-type": "video/mp4"}, b"\0\0"), asked("p-video"))
    assert (Output("result", data=b"\0\0"),) == job.outputs


@pytest.mark.parametrize(("case", "text"), [("chat", "A haiku: https://example.com"), ("chat-parts", "One text")])
def test_a_language_model_answers_at_once(case: str, text: str) -> None:
    """The text is the result, in either shape; an address inside it is left alone, and counts are left out."""
    job = SERVICE.read_create(sample("apimodels", case), asked("gpt-5-5"))
    assert (Phase.COMPLETED, (Output("text", text=text),), None, None) == (job.phase, job.outputs, job.id, job.charged)


@pytest.mark.parametrize(
    ("ref", "url"),
    [
        (REF, f"{BASE}/images/generations?task_id=clxxx0001"),
        (JobRef("x&y", "kling-v3"), f"{BASE}/video/generations?task_id=x%26y"),
        (JobRef("x", "p-video", "video", "video/p-video"), f"{BASE}/video/generations?task_id=x"),
        (JobRef("x", "eleven-tts-v3"), f"{BASE}/audio/tts?task_id=x"),
        (JobRef("x", "who/knows", "audio"), f"{BASE}/audio/generations?task_id=x"),
    ],
)
def test_a_task_is_asked_about_on_the_path_that_made_it(ref: JobRef, url: str) -> None:
    """``task_id`` in the query, never ``taskId``, and the path by the job's route, its model or its kind."""
    assert url == SERVICE.status(ref).url
    assert (None, None) == (SERVICE.cancel(ref), SERVICE.jobs(10))


@pytest.mark.parametrize(
    ("case", "phase", "urls"),
    [
        ("task-pending", Phase.QUEUED, []),
        ("task-processing", Phase.RUNNING, []),
        ("task-unknown-state", Phase.RUNNING, []),
        ("task-completed", Phase.COMPLETED, ["images/1.jpeg"]),
        ("task-completed-several", Phase.COMPLETED, ["images/1.png", "images/2.png"]),
        ("task-completed-empty", Phase.COMPLETED, []),
        ("task-completed-speech", Phase.COMPLETED, ["audio/1.mp3"]),
        ("task-completed-layers", Phase.COMPLETED, ["images/base.png", "images/sky.png"]),
    ],
)
def test_a_task_stands_where_its_state_says(case: str, phase: Phase, urls: list[str]) -> None:
    """Each row of the states; results under ``resultUrls``, ``result`` or ``resultJson``, each address once."""
    job = SERVICE.read_status(sample("apimodels", case), REF)
    assert (phase, [f"https://r2.apimodels.app/{one}" for one in urls]) == (job.phase, [one.url for one in job.outputs])
    assert "images/generations" == job.route


def test_a_tasks_times_are_milliseconds() -> None:
    """``createTime`` and ``completeTime`` are milliseconds since 1970."""
    job = SERVICE.read_status(sample("apimodels", "task-completed"), REF)
    assert datetime(2024, 1, 13, 5, 24, 10, tzinfo=UTC) == job.created
    assert datetime(2024, 1, 13, 5, 24, 25, tzinfo=UTC) == job.completed


@pytest.mark.parametrize(
    ("case", "code", "said", "retryable"),
    [
        ("task-failed", None, "Content policy violation", None),
        ("task-failed-moderation", "CONTENT_MODERATION", "Content policy violation", False),
        ("task-failed-busy", "UPSTREAM_BUSY", "Upstream busy", True),
        ("task-failed-says-retryable", "SOMETHING_NEW", "Try again", True),
    ],
)
def test_a_failed_task_is_no_fault_and_not_charged(
    case: str, code: str | None, said: str, *, retryable: bool | None
) -> None:
    """It comes with HTTP 200 and code 200, and the pages say that it costs nothing."""
    response = sample("apimodels", case)
    assert SERVICE.read_fault(response) is None
    job = SERVICE.read_status(response, REF)
    assert (Phase.FAILED, code, said, retryable, Decimal(0)) == (
        job.phase, job.fail_code, job.error, job.retryable, job.charged,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("code", "retryable"),
    [
        ("CONTENT_MODERATION", False), ("UPSTREAM_BUSY", True), ("TIMEOUT", True), ("INVALID_INPUT", False),
        ("UPSTREAM_FAILED", True), ("INTERNAL_ERROR", True), ("OTHER", True),
    ],
)  # fmt: skip
def test_each_fail_code_says_whether_to_buy_again(code: str, *, retryable: bool) -> None:
    """Each row of the table of fail codes."""
    data = {"taskId": "t", "state": "failed", "failCode": code, "failMsg": "x"}
    job = SERVICE.read_status(reply({"code": 200, "msg": "success", "data": data}), REF)
    assert (code, retryable) == (job.fail_code, job.retryable)


@pytest.mark.parametrize(
    ("case", "status", "code", "said", "meaning", "error"),
    [
        ("error-bad-request", 400, 400, "Invalid model: nothing. Supported models: gpt-image-2, qwen3-image", "refused", "Refused"),
        ("error-key", 401, 401, "Unauthorized", "refused", "InvalidKey"),
        ("error-credits", 402, 402, "Insufficient credits", "refused", "InsufficientFunds"),
        ("error-not-found", 404, 404, "Task not found", "refused", "NotFound"),
        ("error-asset", 422, 422, "Asset registration refused", "refused", "Refused"),
        ("error-rate-limited", 429, 429, "Too many requests", "refused", "RateLimited"),
        ("error-server", 500, 500, "Internal Server Error", "ambiguous", "ProviderBroken"),
        ("error-inside-200", 200, 400, "task_id is required", "refused", "Refused"),
        ("error-inside-200-credits", 200, 402, "Insufficient credits", "refused", "InsufficientFunds"),
        ("error-openai", 401, 401, "Incorrect API key provided", "refused", "InvalidKey"),
        ("error-plain", 400, 400, "private/reserved IP addresses not allowed", "refused", "Refused"),
        ("error-html", 413, 413, "<html>Request Entity Too Large</html>", "refused", "Refused"),
    ],
)  # fmt: skip
def test_each_error_is_read(case: str, status: int, code: int, said: str, meaning: str, error: str) -> None:
    """Each row of the error table, in each of the shapes; a refusal inside an HTTP 200 is one."""
    fault = SERVICE.read_fault(sample("apimodels", case))
    assert fault is not None
    assert (status, code, said) == (fault.status, fault.code, fault.said)
    assert (meaning, error) == (verdict(fault), type(fault_error(SERVICE, fault, "making a picture")).__name__)


def test_a_limit_says_when_to_come_back() -> None:
    """``Retry-After`` is read; OpenAI's error code is kept."""
    limited, openai = (SERVICE.read_fault(sample("apimodels", case)) for case in ("error-rate-limited", "error-openai"))
    assert limited is not None
    assert openai is not None
    assert (20.0, "invalid_api_key") == (limited.retry_after, openai.fail_code)


def test_a_record_is_asked_for_by_the_tasks_id() -> None:
    """A read, on the path that a third party's client uses; an id is quoted."""
    request = SERVICE.receipt(replace(REF, id="a/b"))
    assert ("GET", f"{BASE}/records/a%2Fb", "other", True) == (
        request.method, request.url, request.purpose, request.repeatable,
    )  # fmt: skip


SETTLED = {"taskId": REF.id, "settled": True, "currency": "USD", "credits": 0.0075}


@pytest.mark.parametrize(
    ("value", "cost"),
    [
        ({"code": 200, "data": SETTLED}, "0.0075"),
        (SETTLED, "0.0075"),
        ({"data": {**SETTLED, "credits": "0.02", "currency": "usd"}}, "0.02"),
        ({"data": {**SETTLED, "credits": 0}}, "0"),
        ({"data": {**SETTLED, "settled": False, "credits": None}}, None),
    ],
)
def test_a_settled_record_tells_the_cost(value: object, cost: str | None) -> None:
    """The amount counts once it is settled, and until then there is none."""
    read = SERVICE.read_receipt(HttpResponse(200, body=json.dumps(value).encode()), REF)
    assert (None if cost is None else Decimal(cost)) == read


@pytest.mark.parametrize(
    "value",
    [
        {"data": {**SETTLED, "taskId": "another"}},
        {"taskId": "another", "data": {**SETTLED, "taskId": None}},
        {"data": {**SETTLED, "taskId": None, "id": "another"}},
        {"data": {**SETTLED, "currency": "CNY"}},
        {"data": {**SETTLED, "currency": None}},
        {"data": {**SETTLED, "credits": -1}},
        {"data": {**SETTLED, "credits": 9e9}},
        {"data": {"state": "completed"}},
        [],
    ],
)
def test_what_is_no_record_of_the_task_is_unexpected(value: object) -> None:
    """Another task's, another currency, an amount that cannot be: the listed price is not touched by any of them."""
    with pytest.raises(UnexpectedResponse):
        SERVICE.read_receipt(HttpResponse(200, body=json.dumps(value).encode()), REF)


@pytest.mark.parametrize(("case", "left"), [("balance", "12.34"), ("balance-credits", "5.6"), ("balance-bare", "1")])
def test_the_balance_has_three_shapes(case: str, left: str) -> None:
    """``data.balance``, ``data.credits`` and a bare ``balance``."""
    assert Balance(Decimal(left), "USD") == SERVICE.read_balance(sample("apimodels", case))


def test_a_small_picture_is_uploaded_in_one_call() -> None:
    """Multipart, the bytes untouched, a name of our own making; free, and so repeatable."""
    data = b"\x89PNG\r\n\x1a\n--\r\n\0"
    image = local()
    request = SERVICE.upload(image, data)
    kind = dict(request.headers)["Content-Type"]
    boundary = kind.removeprefix("multipart/form-data; boundary=").encode()
    assert ("POST", f"{BASE}/files", "upload", True, "bearer") == (
        request.method, request.url, request.purpose, request.repeatable, request.auth,
    )  # fmt: skip
    head, rest = request.body.split(b"\r\n\r\n", 1)
    assert b"--" + boundary in head
    assert b'name="file"; filename="aaaaaaaaaaaaaaaa.png"' in head
    assert b"Content-Type: image/png" in head
    assert data + b"\r\n--" + boundary + b"--\r\n" == rest
    uploaded = SERVICE.read_upload(sample("apimodels", "upload-multipart"), image, data)
    assert ("https://r2.apimodels.app/uploads/1.png", None) == (uploaded.url, uploaded.put)


@pytest.mark.parametrize(
    ("image", "data"),
    [
        (local(), b"x" * (MOST_MULTIPART + 1)),
        (InputImage(sha256="c" * 64, mime="video/mp4"), b"clip"),
        (InputImage(sha256="d" * 64), b"who knows"),
    ],
)
def test_a_large_or_other_file_is_put_at_a_signed_address(image: InputImage, data: bytes) -> None:
    """A wish in JSON, then a PUT of the same type without the key."""
    wish = json.loads(SERVICE.upload(image, data).body)
    uploaded = SERVICE.read_upload(sample("apimodels", "upload-signed"), image, data)
    assert uploaded.put is not None
    assert len(data) == wish["fileSize"]
    assert "https://r2.apimodels.app/uploads/2.png" == uploaded.url
    assert ("PUT", "https://signed.example.com/put?X-Signature=abc", "none", (("Content-Type", wish["contentType"]),), True) == (
        uploaded.put.method, uploaded.put.url, uploaded.put.auth, uploaded.put.headers, data == uploaded.put.body,
    )  # fmt: skip


def test_a_file_of_exactly_the_limit_is_still_one_call() -> None:
    """4 MB fit."""
    data = b"x" * MOST_MULTIPART
    assert "multipart/form-data" in dict(SERVICE.upload(local(), data).headers)["Content-Type"]


def test_an_upload_without_its_addresses_is_unexpected() -> None:
    """No public address, or no signed one where it is needed: nothing is guessed."""
    with pytest.raises(UnexpectedResponse):
        SERVICE.read_upload(reply({"code": 200, "data": {}}), local(), b"x")
    with pytest.raises(UnexpectedResponse):
        SERVICE.read_upload(sample("apimodels", "upload-multipart"), InputImage(sha256="d" * 64), b"x")


@pytest.mark.parametrize(
    ("case", "phase", "urls", "code", "retryable"),
    [
        ("callback-completed", Phase.COMPLETED, ["https://r2.apimodels.app/images/1.png"], None, None),
        ("callback-failed", Phase.FAILED, [], "TIMEOUT", True),
        ("callback-failed-empty", Phase.FAILED, [], None, None),
    ],
)
def test_a_callback_has_json_inside_its_strings(
    case: str, phase: Phase, urls: list[str], code: str | None, *, retryable: bool | None
) -> None:
    """``param`` and ``resultJson`` are parsed once; nothing is signed."""
    callback = SERVICE.read_callback({}, sample("apimodels", case).body, secret=None)
    assert callback is not None
    assert callback.job is not None
    assert ("clxxx0001", False) == (callback.job_id, callback.signed)
    job = callback.job
    assert (phase, urls, code, retryable) == (job.phase, [one.url for one in job.outputs], job.fail_code, job.retryable)
    assert {"model": GROK, "prompt": "a cat"} == job.sent


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"data": {}}', b'{"data": {"taskId": true}}', b"\xff\xfe", b"[" * 99_999]
)
def test_a_callback_that_names_no_task_is_none(body: bytes) -> None:
    """Malformed or nameless, a callback is nothing."""
    assert SERVICE.read_callback({}, body, secret=None) is None


@settings(deadline=None, database=None)
@given(hostile_replies("apimodels"))
def test_no_reply_breaks_the_reading(response: HttpResponse) -> None:
    """Whatever bytes come, each reading answers or raises one of our own errors, and a job read can be asked about."""
    for read in (
        SERVICE.read_balance, SERVICE.read_fault, SERVICE.read_limits, lambda one: SERVICE.read_receipt(one, REF),
        lambda one: SERVICE.read_create(one, asked()), lambda one: SERVICE.read_create(one, asked("gpt-5-5")),
        lambda one: SERVICE.read_create(one, asked("p-video")), lambda one: SERVICE.read_status(one, REF),
        lambda one: SERVICE.read_upload(one, local(), b"x"),
        lambda one: SERVICE.read_upload(one, InputImage(sha256="d" * 64), b"x"),
        lambda one: SERVICE.read_callback({}, one.body, secret=None),
    ):  # fmt: skip
        try:
            result = read(response)
        except NotebookgenError:
            continue
        if isinstance(result, Job) and result.id is not None:
            SERVICE.status(replace(REF, id=result.id))


def test_a_picture_in_base64_is_read_back() -> None:
    """Bytes inside a reply are exactly what was put there."""
    data = hashlib.sha256(b"picture").digest() * 9
    job = SERVICE.read_create(reply({"data": [{"b64_json": base64.b64encode(data).decode()}]}), asked())
    assert (Output("data.0", data=data),) == job.outputs


def test_every_sample_is_used() -> None:
    """No recorded reply lies about unread."""
    text = Path(__file__).read_text(encoding="utf-8")
    assert [] == [case for case in cases("apimodels") if f'"{case}"' not in text]
