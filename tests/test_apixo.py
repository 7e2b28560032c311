"""What APIXO is told and what its replies mean, by its pages."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

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
from notebookgen.providers.apixo import APIXO
from notebookgen.providers.apixo import RETRYABLE as FAIL_CODES
from notebookgen.records import Balance, Generation, InputImage, Job, JobRef, Output, Phase, Realm
from notebookgen.wire import HttpResponse
from wire_samples import cases, hostile_replies, sample

SERVICE = APIXO()
BASE = "https://api.apixo.ai/api/v1"
REF = JobRef("task_abc123xyz789", "nano-banana")
FIRST = "https://cdn.apixo.ai/output/1.png"


def asked(model: str = "nano-banana", prompt: str = "a lighthouse", *, images: int = 0, **more: object) -> Generation:
    given_images = tuple(InputImage(url=f"https://example.com/{at}.jpg") for at in range(images))
    return Generation(Realm("apixo", "1a2b3c4d"), model, prompt, more, given_images)


def sent(generation: Generation, callback: str | None = None) -> dict[str, object]:
    prepared = SERVICE.prepare(generation, None)
    sources = {image.key: image.key for image in prepared.images}
    payload: dict[str, object] = json.loads(SERVICE.create(prepared, sources, None, callback=callback).body)
    return payload


def envelope(**data: object) -> HttpResponse:
    return HttpResponse(200, body=json.dumps({"code": 200, "message": "success", "data": data}).encode())


def test_a_task_is_asked_for_under_its_model() -> None:
    """The page's own example, byte for byte in meaning; the mode is filled in, and nothing may send it twice."""
    request = SERVICE.create(SERVICE.prepare(asked(aspect_ratio="16:9"), None), {}, None)
    assert ("POST", f"{BASE}/generateTask/nano-banana", "create", False) == (
        request.method, request.url, request.purpose, request.repeatable,
    )  # fmt: skip
    expected = {
        "request_type": "async",
        "input": {"mode": "text-to-image", "prompt": "a lighthouse", "aspect_ratio": "16:9"},
    }
    assert expected == json.loads(request.body)


def test_a_callback_is_another_request_type() -> None:
    """``request_type`` callback comes with ``callback_url``, and both stand beside the input."""
    payload = sent(asked(), callback="https://me.example/hook")
    assert ("callback", "https://me.example/hook") == (payload["request_type"], payload["callback_url"])


def test_routing_is_asked_for_beside_the_input() -> None:
    """``provider`` is sent only when it is asked for, and not as one of the model's settings."""
    payload = sent(asked("sora-2", provider="official"))
    assert "official" == payload["provider"]
    assert {"mode": "text-to-video", "prompt": "a lighthouse"} == payload["input"]


def test_a_tag_stands_beside_the_input() -> None:
    """``source``, which one client of the vendor's sends, is no setting of the model either."""
    payload = sent(asked(source="lesson"))
    assert "lesson" == payload["source"]
    assert {"mode": "text-to-image", "prompt": "a lighthouse"} == payload["input"]


@pytest.mark.parametrize(
    ("model", "settings", "expected"),
    [
        ("nano-banana-2", {"resolution": "1K", "aspect_ratio": "1:1"}, {"resolution": "1k"}),
        ("flux-2", {"resolution": "2k", "mode": "pro-text-to-image"}, {"resolution": "2K"}),
        ("sora-2-pro", {"duration": "8"}, {"duration": 8}),
        ("sora-2-pro", {"size": "720*1280"}, {"size": "720*1280"}),
        ("hailuo-2-3", {"duration": "6", "mode": "standard-text-to-video"}, {"duration": 6}),
        ("sora-2", {"duration": "10"}, {"duration": 10}),
        ("veo-3-1", {"mode": "fast", "generationType": "TEXT_2_VIDEO"}, {"generationType": "TEXT_2_VIDEO"}),
    ],
)
def test_what_pages_spell_differently_is_sent_as_the_models_own_page_has_it(
    model: str, settings: dict[str, Any], expected: dict[str, object]
) -> None:
    """Tiers by their case, durations as number or text, sizes with an asterisk: one spelling is sent."""
    prepared = SERVICE.prepare(asked(model, **settings), None)
    assert expected == {key: prepared.settings[key] for key in expected}


def test_a_size_with_a_cross_is_refused_with_the_right_ones() -> None:
    """One page writes sizes with an asterisk: the other spelling would be refused there, after a wait."""
    with pytest.raises(InvalidSetting, match=r"'720\*1280'"):
        SERVICE.prepare(asked("sora-2-pro", size="720x1280"), None)


def test_what_goes_on_from_an_earlier_task_is_no_text_to_anything() -> None:
    """A film of an earlier picture is an image-to-video; of midjourney's several ways to go on, one must be said."""
    film = SERVICE.prepare(asked("grok-video", task_id="task_1", index=0), None)
    assert "image-to-video" == film.settings["mode"]
    with pytest.raises(InvalidSetting, match="after an earlier task it may be one of several"):
        SERVICE.prepare(asked("midjourney", "", taskId="task_1", imageIndex=1), None)
    larger = SERVICE.prepare(asked("midjourney", "", mode="upscale", taskId="task_1", imageIndex=1), None)
    assert {"mode": "upscale", "taskId": "task_1", "imageIndex": 1} == dict(larger.settings)


@pytest.mark.parametrize(
    ("model", "image"),
    [
        ("wan-2-7-image", InputImage(url="https://example.com/a.png", size=19_000_000)),
        ("hailuo-2-3", InputImage(url="https://example.com/a.png", size=19_000_000)),
        ("wan-2-7-image", InputImage(url="https://example.com/a.bmp", mime="image/bmp", size=10)),
    ],
)
def test_a_models_own_page_may_allow_more(model: str, image: InputImage) -> None:
    """Twenty megabytes, or BMP, where the model's page says so; beyond that it is refused, too."""
    mode = "omni-image" if model.startswith("wan") else "standard-image-to-video"
    whole = Generation(Realm("apixo", "a"), model, "x", {"mode": mode}, (image,))
    assert 1 == len(SERVICE.prepare(whole, None).images)
    with pytest.raises(InvalidImage, match="at most 20 MB"):
        SERVICE.prepare(replace(whole, images=(replace(image, size=20_000_001),)), None)


def test_a_task_is_asked_about_under_its_model() -> None:
    """The status path needs the model; the balance needs nothing."""
    assert f"{BASE}/statusTask/nano-banana?taskId=task_abc123xyz789" == SERVICE.status(REF).url
    assert f"{BASE}/statusTask/a%2Fb?taskId=x%26y" == SERVICE.status(JobRef("x&y", "a/b")).url
    assert f"{BASE}/apikeys/current-balance" == SERVICE.balance().url
    assert (None, None) == (SERVICE.cancel(REF), SERVICE.jobs(10))


@pytest.mark.parametrize(
    ("model", "images", "mode"),
    [
        ("nano-banana", 0, "text-to-image"),
        ("nano-banana", 1, "image-to-image"),
        ("gpt-image-1", 0, "gpt-image-1"),
        ("gpt-image-1", 2, "gpt-image-1"),
        ("flux-2", 0, "pro-text-to-image"),
        ("veo-3-1", 0, "quality"),
        ("kling-2-1", 0, "master-text-to-video"),
        ("kling-2-1", 1, "standard-image-to-video"),
        ("image-upscaler", 1, "image-to-image"),
        ("wan-2-6-video", 0, "text-to-video"),
    ],
)
def test_a_mode_left_out_is_the_one_that_fits(model: str, images: int, mode: str) -> None:
    """One mode fits with or without images, or the page's default does: it is filled in."""
    generation = asked(model, "" if model == "image-upscaler" else "a lighthouse", images=images)
    assert mode == SERVICE.prepare(generation, None).settings["mode"]


@pytest.mark.parametrize(
    ("model", "images", "named"),
    [
        ("flux-2", 1, "'flex-image-to-image'"),
        ("flux-kontext", 0, "'pro', 'max'"),
        ("wan-2-7-image", 0, "'omni-image', 'omni-image-pro'"),
        ("seedance-2-0", 1, "'first_and_last_frames'"),
        ("hailuo-2-3", 0, "'standard-text-to-video'"),
        ("ltx-2-19b", 0, "'text-to-video-LoRA'"),
        ("suno", 0, "'V5'"),
    ],
)
def test_a_mode_that_may_be_one_of_several_must_be_said(model: str, images: int, named: str) -> None:
    """Where several fit nothing is picked and charged; the message names them."""
    with pytest.raises(InvalidSetting, match=named):
        SERVICE.prepare(asked(model, images=images), None)


def test_a_mode_that_is_given_stays_and_an_unknown_models_is_its_own_affair() -> None:
    """A given mode is checked against the list; a model that nobody knows is sent as it is."""
    assert "image-to-image" == SERVICE.prepare(asked(mode="image-to-image", images=1), None).settings["mode"]
    with pytest.raises(InvalidSetting, match="Did you mean 'text-to-image'"):
        SERVICE.prepare(asked(mode="text-to-imag"), None)
    assert {"prompt": "a lighthouse", "style": "x"} == sent(asked("brand-new", style="x"))["input"]


def test_images_are_lists_of_addresses() -> None:
    """``image_urls`` is an array for known models and unknown ones; another field is sent as it was given."""
    one = InputImage(url="https://example.com/0.jpg", listed=False)
    for model in ("nano-banana", "brand-new"):
        generation = Generation(Realm("apixo", "a"), model, "x", {}, (one,))
        assert ["https://example.com/0.jpg"] == sent(generation)["input"]["image_urls"]  # type: ignore[index]  # JSON
    named = InputImage(field="image_url", url="https://example.com/0.jpg", listed=False)
    older = Generation(Realm("apixo", "a"), "brand-new", "x", {}, (named,))
    assert "https://example.com/0.jpg" == sent(older)["input"]["image_url"]  # type: ignore[index]  # JSON


@pytest.mark.parametrize(("model", "count", "most"), [("nano-banana", 6, 5), ("brand-new", 6, 5), ("nano-banana-2", 15, 14), ("grok-image", 2, 1)])  # fmt: skip
def test_more_images_than_the_pages_allow_are_refused(model: str, count: int, most: int) -> None:
    """Five, unless the model's own page says another number."""
    with pytest.raises(InvalidImage, match=f"at most {most} "):
        SERVICE.prepare(asked(model, images=count, aspect_ratio="1:1", resolution="1k") if model == "nano-banana-2" else asked(model, images=count), None)  # fmt: skip


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (InputImage(sha256="0" * 64, mime="image/png", size=10), "public address only"),
        (InputImage(url="ftp://example.com/a.png"), "public address only"),
        (InputImage(url="https://example.com/a.png", size=10_000_001), "at most 10 MB"),
        (InputImage(url="https://example.com/a.gif", mime="image/gif"), "JPEG, PNG and WebP"),
    ],
)
def test_an_image_of_no_use_to_the_service_is_refused(image: InputImage, said: str) -> None:
    """Local files, sizes and formats that the pages rule out are an error before anything is sent."""
    with pytest.raises(InvalidImage, match=said):
        SERVICE.prepare(Generation(Realm("apixo", "a"), "nano-banana", "x", {}, (image,)), None)


def test_what_a_page_demands_is_filled_in_or_asked_for() -> None:
    """A required setting with a printed default is filled in; one without is named with its values."""
    assert 1 == SERVICE.prepare(asked("seedream-4-5"), None).settings["max_images"]
    with pytest.raises(InvalidSetting, match="needs 'resolution', one of '1k', '2k', '4k'"):
        SERVICE.prepare(asked("nano-banana-2", aspect_ratio="1:1"), None)
    with pytest.raises(InvalidImage, match="needs 'image_urls'"):
        SERVICE.prepare(asked("image-upscaler", ""), None)


def test_prompts_are_held_against_their_limits() -> None:
    """Too long, too short or missing is said with the limit; a model that takes none needs none."""
    with pytest.raises(InvalidPrompt, match="from 1 to 5000 characters long, and this one has 5001"):
        SERVICE.prepare(asked(prompt="x" * 5001), None)
    with pytest.raises(InvalidPrompt, match="from 3 to 5000"):
        SERVICE.prepare(asked("flux-2", "xy"), None)
    with pytest.raises(InvalidPrompt, match="needs a prompt"):
        SERVICE.prepare(asked(prompt=""), None)
    assert "prompt" not in sent(asked("image-upscaler", "", images=1))["input"]  # type: ignore[operator]  # JSON


def test_language_models_are_behind_another_door() -> None:
    """Models of the gateway take no tasks: refused before anything is sent."""
    with pytest.raises(InvalidCall, match="gateway"):
        SERVICE.prepare(asked("gemini-2.5-pro"), None)


def test_a_create_gives_the_tasks_id() -> None:
    """The create never holds the result."""
    job = SERVICE.read_create(sample("apixo", "created"), asked())
    assert ("task_abc123xyz789", Phase.QUEUED, None) == (job.id, job.phase, job.charged)


@pytest.mark.parametrize(
    ("value", "id"),
    [
        ({"data": {"task_id": "t"}}, "t"),
        ({"taskId": "t"}, "t"),
        ({"data": {"id": "t", "state": "pending"}}, "t"),
        ({"data": {"id": "t"}}, None),
        ({"id": "request-9"}, None),
    ],
)
def test_a_create_is_accepted_however_it_spells_its_task(value: dict[str, object], id: str | None) -> None:
    """What is paid for has to be found again; a plain ``id`` is the task's where a state is told, else anybody's."""
    response = HttpResponse(200, body=json.dumps({"code": 200, **value}).encode())
    if id is None:
        with pytest.raises(UnexpectedResponse):
            SERVICE.read_create(response, asked())
        return
    assert id == SERVICE.read_create(response, asked()).id


def test_a_fail_code_is_one_clean_line() -> None:
    """It is shown beside the words of a failure, so that it may steer no terminal either."""
    job = SERVICE.read_status(envelope(taskId="t", state="failed", failCode="\x1b[2JODD\x07\u202e\n"), REF)
    assert ("[2JODD", "[2JODD") == (job.fail_code, job.error)


@pytest.mark.parametrize(
    ("case", "phase", "urls"),
    [
        ("task-pending", Phase.QUEUED, []),
        ("task-processing", Phase.RUNNING, []),
        ("task-unknown-state", Phase.RUNNING, []),
        ("task-success", Phase.COMPLETED, [FIRST, "https://cdn.apixo.ai/output/2.png"]),
        ("task-success-object", Phase.COMPLETED, [FIRST]),
        ("task-success-null", Phase.COMPLETED, []),
        ("task-success-empty", Phase.COMPLETED, []),
        ("task-success-no-urls", Phase.COMPLETED, []),
    ],
)
def test_a_task_stands_where_its_state_says(case: str, phase: Phase, urls: list[str]) -> None:
    """Each row of the states, with a result that is a string of JSON, an object, null or empty."""
    job = SERVICE.read_status(sample("apixo", case), REF)
    assert (phase, urls, "nano-banana") == (job.phase, [one.url for one in job.outputs], job.model)


def test_a_tasks_times_are_milliseconds() -> None:
    """``createTime`` and ``completeTime`` are milliseconds since 1970."""
    job = SERVICE.read_status(sample("apixo", "task-success"), REF)
    assert datetime(2024, 1, 13, 5, 24, 10, tzinfo=UTC) == job.created
    assert datetime(2024, 1, 13, 5, 24, 25, tzinfo=UTC) == job.completed


def test_a_result_that_is_cut_off_is_not_taken_for_nothing() -> None:
    """A success whose result cannot be read is an unexpected reply, not an empty one."""
    with pytest.raises(UnexpectedResponse, match="resultJson"):
        SERVICE.read_status(sample("apixo", "task-success-broken"), REF)


@pytest.mark.parametrize(
    ("case", "code", "said", "retryable"),
    [
        ("task-failed", "CONTENT_VIOLATION", "The content violates the policy", False),
        ("task-failed-newer", "InputImageSensitiveContentDetected", "The input image was refused", False),
        ("task-failed-timeout", "PROCESSING_TIMEOUT", "Took too long", True),
        ("task-failed-unknown", "SOMETHING_NEW", "SOMETHING_NEW", None),
    ],
)
def test_a_failed_task_is_no_fault(case: str, code: str, said: str, *, retryable: bool | None) -> None:
    """It comes with HTTP 200 and code 200; both families of fail codes are known, and others are kept."""
    response = sample("apixo", case)
    assert SERVICE.read_fault(response) is None
    job = SERVICE.read_status(response, REF)
    assert (Phase.FAILED, code, said, retryable) == (job.phase, job.fail_code, job.error, job.retryable)


@pytest.mark.parametrize(
    ("code", "retryable"),
    [
        ("CONTENT_VIOLATION", False), ("NSFW_DETECTED", False), ("PROMPT_TOO_LONG", False), ("INVALID_PROMPT", False),
        ("INVALID_IMAGE_URL", False), ("IMAGE_TOO_LARGE", False), ("UNSUPPORTED_FORMAT", False),
        ("IMAGE_DOWNLOAD_FAILED", False), ("PROCESSING_TIMEOUT", True), ("MODEL_UNAVAILABLE", True),
        ("GENERATION_FAILED", False), ("INSUFFICIENT_CREDITS", False), ("INVALID_LORA_URL", False),
        ("SensitiveContent", False), ("SensitiveContentDetected", False),
        ("InputImageSensitiveContentDetected", False), ("NSFW", False), ("ProhibitedContentDetected", False),
        ("InputOutputSensitiveContentDetected", False), ("PromptLengthExceeded", False),
    ],
)  # fmt: skip
def test_each_fail_code_says_whether_to_buy_again(code: str, *, retryable: bool) -> None:
    """Each row of both tables, in a failed task and at once in an error."""
    job = SERVICE.read_status(envelope(taskId="t", state="failed", failCode=code, failMsg="x"), REF)
    assert (code, retryable) == (job.fail_code, job.retryable)
    fault = SERVICE.read_fault(HttpResponse(400, body=json.dumps({"code": 400, "message": code}).encode()))
    assert fault is not None
    assert (code, "refused") == (fault.fail_code, verdict(fault))


def test_no_fail_code_goes_untested() -> None:
    """The table in the code is as long as the one in the test above."""
    assert 20 == len(FAIL_CODES)


@pytest.mark.parametrize(
    ("case", "status", "code", "said", "fail_code", "meaning", "error"),
    [
        ("error-missing-field", 400, 400, "Invalid request - Missing required field: input.prompt", None, "refused", "Refused"),
        ("error-no-credits", 400, 400, "Insufficient credits", None, "refused", "Refused"),
        ("error-key", 401, 401, "Invalid or missing API key", None, "refused", "InvalidKey"),
        ("error-balance", 402, 402, "Insufficient balance", None, "refused", "InsufficientFunds"),
        ("error-forbidden", 403, 403, "Insufficient permissions", None, "refused", "Forbidden"),
        ("error-not-found", 404, 404, "Task not found", None, "refused", "NotFound"),
        ("error-rate-limited", 429, 429, "Rate limit exceeded", None, "refused", "RateLimited"),
        ("error-server", 500, 500, "Server error", None, "ambiguous", "ProviderBroken"),
        ("error-unavailable", 503, 503, "Model unavailable", None, "ambiguous", "ProviderBroken"),
        ("error-inside-200", 200, 402, "Insufficient balance", None, "refused", "InsufficientFunds"),
        ("error-sensitive-at-once", 400, 400, "SensitiveContentDetected", "SensitiveContentDetected", "refused", "Refused"),
        ("error-fail-code-at-once", 400, 400, "Invalid request", "PROMPT_TOO_LONG", "refused", "Refused"),
        ("error-html", 502, 502, "<html>Bad gateway</html>", None, "ambiguous", "ProviderBroken"),
    ],
)  # fmt: skip
def test_each_error_is_read(
    case: str, status: int, code: int, said: str, fail_code: str | None, meaning: str, error: str
) -> None:
    """Both the HTTP status and the code in the body count, and a fail code that comes at once is kept."""
    fault = SERVICE.read_fault(sample("apixo", case))
    assert fault is not None
    assert (status, code, said, fail_code) == (fault.status, fault.code, fault.said, fault.fail_code)
    assert (meaning, error) == (verdict(fault), type(fault_error(SERVICE, fault, "making a picture")).__name__)


@pytest.mark.parametrize("words", ["No permission", "Content violates the policy: SensitiveContentDetected"])
def test_403_has_two_meanings_and_is_refused_in_both(words: str) -> None:
    """Three pages say that it is about rights, one that it is about content: the words are passed on, nothing is charged."""
    fault = SERVICE.read_fault(HttpResponse(403, body=json.dumps({"code": 403, "message": words}).encode()))
    assert fault is not None
    assert ("refused", words) == (verdict(fault), fault.said)
    error = fault_error(SERVICE, fault, "making a picture")
    assert "Forbidden" == type(error).__name__
    assert words in str(error)
    assert "Nothing was charged" in str(error)
    assert "content policy" in str(error)
    assert ("SensitiveContentDetected" if "Sensitive" in words else None) == fault.fail_code


def test_an_envelope_of_success_says_nothing_of_the_task() -> None:
    """``code`` 200 without a task is no job."""
    with pytest.raises(UnexpectedResponse):
        SERVICE.read_create(HttpResponse(200, body=b'{"code": 200, "message": "success", "data": null}'), asked())


def test_the_balance_is_a_bare_number_of_dollars() -> None:
    """``data`` is the number itself, kept to its last digit."""
    assert Balance(Decimal("74.87"), "USD") == SERVICE.read_balance(sample("apixo", "balance"))


@pytest.mark.parametrize(
    ("case", "phase", "outputs", "code"),
    [
        ("callback-success", Phase.COMPLETED, (Output("resultUrls", url=FIRST),), None),
        ("callback-failed", Phase.FAILED, (), "NSFW_DETECTED"),
    ],
)
def test_a_callback_is_a_status_reply(case: str, phase: Phase, outputs: tuple[Output, ...], code: str | None) -> None:
    """The same envelope, without a signature."""
    callback = SERVICE.read_callback({}, sample("apixo", case).body, secret=None)
    assert callback is not None
    assert callback.job is not None
    assert ("task_abc123xyz789", False) == (callback.job_id, callback.signed)
    assert (phase, outputs, code) == (callback.job.phase, callback.job.outputs, callback.job.fail_code)


def test_a_callback_may_come_before_the_end() -> None:
    """One page speaks of several callbacks for a task: one that is not the last says that it goes on."""
    body = json.dumps({"code": 200, "message": "success", "data": {"taskId": "t", "state": "processing"}}).encode()
    callback = SERVICE.read_callback({}, body, secret=None)
    assert callback is not None
    assert callback.job is not None
    assert (Phase.RUNNING, ()) == (callback.job.phase, callback.job.outputs)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"data": {}}', b'{"data": {"taskId": ""}}', b"\xff\xfe", b"[" * 99_999]
)
def test_a_callback_that_names_no_task_is_none(body: bytes) -> None:
    """Malformed or nameless, a callback is nothing."""
    assert SERVICE.read_callback({}, body, secret=None) is None


@settings(deadline=None, database=None)
@given(hostile_replies("apixo"))
def test_no_reply_breaks_the_reading(response: HttpResponse) -> None:
    """Whatever bytes come, each reading answers or raises one of our own errors, and a job read can be asked about."""
    for read in (
        SERVICE.read_balance, SERVICE.read_fault, SERVICE.read_limits,
        lambda one: SERVICE.read_create(one, asked()), lambda one: SERVICE.read_status(one, REF),
        lambda one: SERVICE.read_callback({}, one.body, secret=None),
    ):  # fmt: skip
        try:
            result = read(response)
        except NotebookgenError:
            continue
        if isinstance(result, Job):
            assert result.id is not None
            SERVICE.status(JobRef(result.id, "nano-banana"))


def test_every_sample_is_used() -> None:
    """No recorded reply lies about unread."""
    text = Path(__file__).read_text(encoding="utf-8")
    assert [] == [case for case in cases("apixo") if f'"{case}"' not in text]
