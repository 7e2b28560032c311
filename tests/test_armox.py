"""What Armox is told and what its replies mean, by its pages."""

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
from notebookgen.providers.armox import Armox
from notebookgen.providers.base import Limits
from notebookgen.providers.signing import hmac_sha256
from notebookgen.records import Balance, Cost, Generation, InputImage, Job, JobRef, Model, Output, Phase, Realm
from notebookgen.wire import HttpRequest, HttpResponse
from wire_samples import cases, hostile_replies, sample

ARMOX = Armox()
BASE = "https://armox.ai/api/v1"
REF = JobRef("job_123", "google/nano-banana")
PNG = "https://storage.example.com/public/api-outputs/1.png"


def asked(model: str = "google/nano-banana", prompt: str = "a lighthouse", **more: object) -> Generation:
    images = more.pop("images", ())
    return Generation(Realm("armox", "1a2b3c4d"), model, prompt, more, images)  # type: ignore[arg-type]  # as tests give


def picture(address: str = "https://example.com/image.jpg", **more: object) -> InputImage:
    return InputImage(url=address, **more)  # type: ignore[arg-type]  # as tests give


def sent(generation: Generation, model: Model | None = None, callback: str | None = None) -> dict[str, object]:
    prepared = ARMOX.prepare(generation, model)
    sources = {image.key: image.key for image in prepared.images}
    payload: dict[str, object] = json.loads(ARMOX.create(prepared, sources, model, callback=callback).body)
    return payload


def app(case: int = 0) -> Model:
    return ARMOX.read_apps(sample("armox", "apps"))[case]


@pytest.mark.parametrize(
    ("request_", "method", "url", "purpose", "repeatable"),
    [
        (ARMOX.models(), "GET", f"{BASE}/models", "models", True),
        (ARMOX.apps(), "GET", f"{BASE}/apps", "models", True),
        (ARMOX.jobs(500), "GET", f"{BASE}/jobs?limit=100", "list", True),
        (ARMOX.jobs(0), "GET", f"{BASE}/jobs?limit=1", "list", True),
        (ARMOX.status(REF), "GET", f"{BASE}/jobs/job_123", "status", True),
        (ARMOX.status(replace(REF, id="a/b?c")), "GET", f"{BASE}/jobs/a%2Fb%3Fc", "status", True),
        (ARMOX.cancel(REF), "POST", f"{BASE}/jobs/job_123/cancel", "cancel", False),
        (ARMOX.balance(), "GET", f"{BASE}/account", "balance", True),
    ],
)
def test_each_call_has_its_path(request_: HttpRequest, method: str, url: str, purpose: str, repeatable: bool) -> None:  # noqa: FBT001 - a parametrised fact
    """Every call goes where the endpoint table says, with the key to be added later."""
    assert (method, url, purpose, repeatable, "bearer") == (
        request_.method, request_.url, request_.purpose, request_.repeatable, request_.auth,
    )  # fmt: skip


def test_a_run_sends_model_and_input() -> None:
    """A run is ``{model, input}``: the prompt and the settings together, an array of addresses where the page has one."""
    payload = sent(asked(images=(picture(),), aspect_ratio="match_input_image", output_format="png"))
    expected = {
        "model": "google/nano-banana",
        "input": {
            "prompt": "a lighthouse",
            "aspect_ratio": "match_input_image",
            "output_format": "png",
            "image_input": ["https://example.com/image.jpg"],
        },
    }
    assert expected == payload


def test_a_run_is_never_repeatable() -> None:
    """The create is a POST to /models/run that nothing may send twice."""
    request = ARMOX.create(asked(), {}, None)
    assert ("POST", f"{BASE}/models/run", "create", False) == (
        request.method, request.url, request.purpose, request.repeatable,
    )  # fmt: skip


def test_one_image_or_a_list_is_the_models_own_choice() -> None:
    """The video model takes one string where the image model takes an array; where neither is known the user decides."""
    video = sent(asked("xai/grok-video-image-to-video", images=(picture(),), duration="4"))
    assert {"prompt": "a lighthouse", "duration": 4, "image_input": picture().url} == video["input"]
    alone = sent(asked("some/thing", images=(picture(listed=False),)))
    assert {"prompt": "a lighthouse", "image_input": picture().url} == alone["input"]
    listed = sent(asked("some/thing", images=(picture(),)))
    assert {"prompt": "a lighthouse", "image_input": [picture().url]} == listed["input"]


def test_a_field_that_is_named_wins() -> None:
    """``{field: image}`` goes into that field, known or not."""
    payload = sent(asked(images=(picture(field="reference", listed=False),)))
    assert {"prompt": "a lighthouse", "reference": picture().url} == payload["input"]


def test_more_images_than_a_field_takes_are_refused() -> None:
    """Two images for a field of one are an error before anything is sent."""
    with pytest.raises(InvalidImage, match="takes one image in 'image_input', not 2"):
        ARMOX.prepare(asked("xai/grok-video-image-to-video", images=(picture(), picture("https://b.example/2"))), None)


def test_a_local_image_is_refused_with_what_to_do() -> None:
    """Armox shows addresses only: a local file is refused, in prepare and in delivery."""
    image = InputImage(sha256="0" * 64, mime="image/png")
    with pytest.raises(InvalidImage, match="public address only"):
        ARMOX.prepare(asked(images=(image,)), None)
    with pytest.raises(InvalidImage, match=r"https://"):
        ARMOX.delivery(asked(), image, None)


def test_an_empty_prompt_is_refused_where_one_is_required() -> None:
    """``promptRequired`` is checked here, and a model that nobody knows is not second-guessed."""
    with pytest.raises(InvalidPrompt, match="needs a prompt"):
        ARMOX.prepare(asked(prompt=""), None)
    assert {"model": "some/thing", "input": {}} == sent(asked("some/thing", prompt=""))


def test_preparing_twice_changes_nothing() -> None:
    """A prepared generation is its own preparation: its id holds still."""
    once = ARMOX.prepare(asked(images=(picture(),), aspect_ratio="1:1"), None)
    assert once.id == ARMOX.prepare(once, None).id


def test_a_callback_is_asked_for_by_webhook_url() -> None:
    """The callback's address stands beside the input."""
    assert sent(asked(), callback="https://me.example/hook")["webhook_url"] == "https://me.example/hook"


def test_the_live_list_is_read_as_the_page_prints_it() -> None:
    """The printed model comes out with its setting, its base cost and the image field that the list leaves out."""
    (model,) = ARMOX.read_models(sample("armox", "models"))
    assert ("google/nano-banana", "Nano Banana", "image", True, True) == (
        model.id, model.name, model.kind, model.prompt_required, model.live,
    )  # fmt: skip
    assert (Decimal(70), "credits", "listed") == (model.cost.amount, model.cost.unit, model.cost.basis)
    ratio = model.setting("aspect_ratio")
    assert ratio is not None
    assert ("Aspect Ratio", "1:1", "string", ()) == (ratio.label, ratio.default, ratio.type, ratio.options)
    images = model.setting("image_input")
    assert images is not None
    assert images.type == "array<url>"


def listed(**more: Any) -> Model:
    """Return a model as the live list gives it."""
    entry = {"id": "some/thing", "cost": 50, **more}
    body = json.dumps({"object": "list", "data": [entry]}).encode()
    return ARMOX.read_models(HttpResponse(200, {}, body))[0]


@pytest.mark.parametrize("around", ["validation", "constraints", "rules", "limits", "range"])
def test_limits_are_read_wherever_a_setting_has_them(around: str) -> None:
    """An object of rules in a setting counts like rules beside its key, and what goes in steps of one is whole."""
    rules = {"minimum": 1, "maximum": 8, "integer": True}
    model = listed(settings=[{"key": "duration", "inputType": "slider", "defaultValue": 3, around: rules}])
    duration = model.setting("duration")

    assert duration is not None
    assert ("integer", 1, 8, 3) == (duration.type, duration.minimum, duration.maximum, duration.default)
    for value in (0, 9, 2.5):
        with pytest.raises(InvalidSetting, match=r"from 1 to 8|a whole number"):
            ARMOX.prepare(asked("some/thing", duration=value), model)


@pytest.mark.parametrize(
    ("more", "type_"),
    [
        ({"step": 1, "min": 0}, "integer"),
        ({"step": 1, "min": 0.5}, "number"),
        ({"step": 1}, "integer"),
        ({"step": 0.5, "min": 1}, "number"),
        ({"min": 1, "max": 3}, "number"),
        ({"validation": {"options": ["a", "b"]}, "inputType": "select"}, "unknown"),
        ({"validation": "1-8"}, "number"),
        ({"validation": [1, 8]}, "number"),
    ],
    ids=str,
)
def test_what_is_whole_is_told_by_its_steps(more: dict[str, object], type_: str) -> None:
    """A number that goes in steps of one from a whole one is whole; what is not understood refuses nothing."""
    setting = listed(settings=[{"key": "size", "inputType": "slider", **more}]).setting("size")

    assert setting is not None
    assert type_ == setting.type
    assert (("a", "b") if type_ == "unknown" else ()) == setting.options


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"outputType": "image"}, "50 credits (listed)"),
        ({"outputType": "video"}, "at least 50 credits (listed)"),
        ({"outputType": "audio"}, "at least 50 credits (listed)"),
        ({"outputType": "hologram"}, "at least 50 credits (listed)"),
        ({"outputType": "image", "settings": [{"key": "num_images", "inputType": "number"}]}, "at least 50 credits (listed)"),
        ({"outputType": "3d", "settings": [{"key": "seconds", "inputType": "slider"}]}, "at least 50 credits (listed)"),
        ({"cost": None, "outputType": "video"}, "unknown"),
    ],
)  # fmt: skip
def test_a_base_figure_is_at_least_what_is_charged(more: dict[str, object], said: str) -> None:
    """The page calls ``cost`` a base figure: what has a length or a number is told as "at least"."""
    model = listed(**more)

    assert said == str(model.cost) == str(ARMOX.price(asked("some/thing"), model))


@pytest.mark.parametrize(
    ("base", "settings", "said", "note"),
    [
        (50, {"duration": 4}, "50-202 credits (listed)", "4 s were charged 202 credits"),
        (50, {"duration": 8}, "50-404 credits (listed)", "base figure of the live list"),
        (50, {}, "at least 50 credits (listed)", "base figure of the live list"),
        (300, {"duration": 4}, "at least 300 credits (listed)", "base figure of the live list"),
    ],
)
def test_the_pages_example_counts_beside_the_base_figure(
    base: int, settings: dict[str, Any], said: str, note: str
) -> None:
    """A film of which the page prints a charge above the base figure is reserved at that charge, by its length."""
    model = listed(id="xai/grok-video-image-to-video", cost=base, outputType="video")
    cost = ARMOX.price(asked(model.id, **settings), model)

    assert said == str(cost)
    assert note in cost.note


@pytest.mark.parametrize(
    ("asked_for", "said", "ours"),
    [
        ("google/nano-banana", {"model": "google/nano-banana"}, True),
        ("google/nano-banana", {"model": "Nano-Banana"}, True),
        ("nano-banana", {"model": "google/nano-banana"}, True),
        ("google/nano-banana", {}, True),
        ("google/nano-banana", {"model": "google/nano-banana-pro"}, False),
        ("google/nano-banana", {"app_id": "app-1"}, False),
        ("app:app-1", {"app_id": "app-1"}, True),
        ("app:app-1", {"app_id": "app-2"}, False),
        ("app:app-1", {"model": "google/nano-banana"}, False),
    ],
)
def test_a_run_is_answered_about_what_was_asked_for(asked_for: str, said: dict[str, str], ours: object) -> None:
    """A reply that names another model or app is no job of ours; a maker's name may be left out."""
    body = json.dumps({"id": "job-1", "status": "processing", **said}).encode()
    if ours:
        assert "job-1" == ARMOX.read_create(HttpResponse(202, body=body), asked(asked_for)).id
        return
    with pytest.raises(UnexpectedResponse, match=f"was asked to run {asked_for}"):
        ARMOX.read_create(HttpResponse(202, body=body), asked(asked_for))


def test_a_live_price_is_multiplied_by_a_count() -> None:
    """The base figure is that of one result, whether or not the list has a setting for their number."""
    model = listed(id="some/image", cost=70, outputType="image")
    counted = listed(
        id="some/image", cost=70, outputType="image", settings=[{"key": "num_images", "inputType": "number"}]
    )

    assert "70-280 credits (listed)" == str(ARMOX.price(asked(model.id, num_images=4), model))
    assert "at least 70-280 credits (listed)" == str(ARMOX.price(asked(model.id, num_images="4"), counted))
    assert "at least 70 credits (listed)" == str(ARMOX.price(asked(model.id), counted))


@pytest.mark.parametrize("said", [-1, 1_000_001, 9e9, 1e400, "many", True])
def test_a_price_or_a_charge_beyond_all_sense_is_none(said: object) -> None:
    """What no generation costs is no word on its cost: what the price list says holds, and sums stay exact."""
    body = json.dumps({"id": "job-1", "status": "completed", "credits_charged": said}).encode()

    assert None is ARMOX.read_create(HttpResponse(200, body=body), asked()).charged
    assert None is ARMOX.read_status(HttpResponse(200, body=body), replace(REF, id="job-1")).charged
    assert Cost() == listed(id="some/image", cost=said, outputType="image").cost


def test_a_live_price_goes_before_an_older_page() -> None:
    """What the live list says of a picture holds, also where the page that was read once says more."""
    model = listed(id="google/nano-banana", cost=60, outputType="image")

    assert "60 credits (listed)" == str(ARMOX.price(asked(model.id), model))


def test_the_live_list_may_say_more_than_its_page() -> None:
    """Option lists and ranges are read under any plausible name, unknown keys are kept, odd entries are left out."""
    (model,) = ARMOX.read_models(sample("armox", "models-with-unknown-keys"))
    options = {one.key: one.options for one in model.settings}
    assert {
        "duration": (), "style": ("plain", "film"), "size": ("720p", "1080p"), "fps": (24, 30),
        "tone": ("warm", "cold"), "sound": (), "odd": (),
    } == options  # fmt: skip
    duration = model.setting("duration")
    assert duration is not None
    assert (2, 10, 4) == (duration.minimum, duration.maximum, duration.default)
    assert "new" == model.extra["badge"]
    with pytest.raises(InvalidSetting, match="from 2 to 10, not 12"):
        ARMOX.prepare(asked("some/video", duration=12), model)
    assert {"duration": 5, "fps": 30} == ARMOX.prepare(asked("some/video", duration="5", fps="30"), model).settings


@pytest.mark.parametrize(
    ("case", "phase", "charged", "outputs"),
    [
        ("run-completed", Phase.COMPLETED, 70, (Output("outputImage", url=PNG),)),
        ("run-processing", Phase.RUNNING, 202, ()),
        ("run-image-later", Phase.RUNNING, 70, ()),
        ("run-video-at-once", Phase.COMPLETED, 202, (Output("outputVideo", url="https://storage.example.com/v.mp4"),)),
        ("run-text", Phase.COMPLETED, 2, (Output("outputText", text="See https://example.com/page for more."),)),
        ("run-failed", Phase.FAILED, 70, ()),
        ("app-run", Phase.RUNNING, 150, ()),
    ],
)
def test_a_run_is_what_its_reply_says(case: str, phase: Phase, charged: int, outputs: tuple[Output, ...]) -> None:
    """200 or 202, image or video: the reply's own status decides, and the charge is read from either."""
    response = sample("armox", case)
    assert ARMOX.read_fault(response) is None
    said: Any = response.json()
    job = ARMOX.read_create(response, asked(said.get("model") or f"app:{said['app_id']}"))
    assert (phase, Decimal(charged), outputs) == (job.phase, job.charged, job.outputs)


def test_times_and_errors_are_read() -> None:
    """A run's times are UTC, and a failure keeps the provider's words."""
    job = ARMOX.read_create(sample("armox", "run-completed"), asked())
    assert datetime(2026, 3, 26, 12, 0, 3, tzinfo=UTC) == job.completed
    assert "The model refused the prompt" == ARMOX.read_create(sample("armox", "run-failed"), asked()).error


@pytest.mark.parametrize(
    ("case", "phase"),
    [
        ("job-pending", Phase.QUEUED),
        ("job-processing", Phase.RUNNING),
        ("job-unknown-status", Phase.RUNNING),
        ("job-completed", Phase.COMPLETED),
        ("job-failed", Phase.FAILED),
        ("job-cancelled", Phase.CANCELLED),
    ],
)
def test_a_job_stands_where_its_status_says(case: str, phase: Phase) -> None:
    """Each row of the table of states, and an unknown one counts as running."""
    job = ARMOX.read_status(sample("armox", case), REF)
    assert (phase, "job_123", "google/nano-banana") == (job.phase, job.id, job.model)
    assert ((Output("outputImage", url=PNG),) if phase is Phase.COMPLETED else ()) == job.outputs
    assert ("Upstream failed" if phase is Phase.FAILED else None) == job.error


def test_an_app_job_gives_one_output_for_each_node() -> None:
    """Files and texts are named after the nodes; the app's own id and name are no results."""
    job = ARMOX.read_status(sample("armox", "job-app"), REF)
    expected = (
        Output("node_7.outputImage", url="https://storage.example.com/7.png"),
        Output("node_9.outputText", text="A caption"),
    )
    assert ("app:app_123", expected) == (job.model, job.outputs)


def test_cancelling_is_cancelled_or_too_late() -> None:
    """A cancelled job says so; 409 means it was over before, and answers None."""
    job = ARMOX.read_cancel(sample("armox", "job-cancel"), REF)
    assert job is not None
    assert (Phase.CANCELLED, datetime(2026, 3, 26, 12, 1, tzinfo=UTC)) == (job.phase, job.completed)
    assert ARMOX.read_cancel(sample("armox", "error-cancel-too-late"), REF) is None


def test_the_account_has_credits() -> None:
    """The balance is the account's credits."""
    assert Balance(Decimal(12345), "credits") == ARMOX.read_balance(sample("armox", "account"))


def test_apps_are_models_with_their_inputs_as_settings() -> None:
    """An app is ``app:<id>``; a required input is required, one that allows several takes a list."""
    model = app()
    assert ("app:app_123", "Poster", None) == (model.id, model.name, model.kind)
    assert [("in_1", "Prompt", "string", True), ("in_2", "References", "array<url>", False)] == [
        (one.key, one.label, one.type, one.required) for one in model.settings
    ]
    assert ["app:app_123", "app:app_124"] == [one.id for one in ARMOX.read_apps(sample("armox", "apps"))]


def test_an_app_run_sends_inputs_by_their_ids() -> None:
    """The prompt goes to the input labelled Prompt, an image to the app's image input."""
    expected = {"app_id": "app_123", "inputs": {"in_1": "a lighthouse", "in_2": [picture().url]}}
    assert expected == sent(asked("app:app_123", images=(picture(),)), app())
    assert {"app_id": "app_124", "inputs": {"a": "x", "b": "ink"}} == sent(asked("app:app_124", "x", b="ink"), app(1))
    assert f"{BASE}/apps/run" == ARMOX.create(asked("app:app_123"), {}, app()).url


def test_a_required_input_of_an_app_is_checked() -> None:
    """What the provider would answer with 'Missing required inputs' is said before anything is sent."""
    with pytest.raises(InvalidSetting, match=r"needs 'in_1' \(Prompt\)"):
        ARMOX.prepare(asked("app:app_123", prompt=""), app())


def test_an_app_nobody_has_listed_takes_its_inputs_by_id() -> None:
    """Without the list of inputs nobody knows where a prompt goes; settings are sent as they are."""
    with pytest.raises(InvalidCall, match="which of its inputs takes the prompt"):
        ARMOX.prepare(asked("app:app_9"), None)
    assert {"app_id": "app_9", "inputs": {"in_1": "x"}} == sent(asked("app:app_9", prompt="", in_1="x"))


def test_a_lost_run_is_found_again_by_its_content() -> None:
    """A listed job is the same when model and input are exactly what this generation sends, and only then."""
    first, second = ARMOX.read_jobs(sample("armox", "jobs"))
    same = ARMOX.prepare(asked(images=(picture(),)), None)
    assert ARMOX.same(first, same, None)
    assert (Phase.COMPLETED, Phase.RUNNING) == (first.phase, second.phase)
    assert not ARMOX.same(first, ARMOX.prepare(asked(), None), None)
    assert not ARMOX.same(first, replace(same, model="other/model"), None)
    assert not ARMOX.same(first, replace(same, settings={"aspect_ratio": "1:1"}), None)
    assert not ARMOX.same(replace(first, sent=None), same, None)


@pytest.mark.parametrize(
    "echo",
    [{"input": {"prompt": "x", "duration": 4.0}}, {"prompt": "x", "duration": 4}, {"duration": 4, "prompt": "x"}],
)
def test_an_echo_may_be_nested_and_its_numbers_spelled_otherwise(echo: dict[str, object]) -> None:
    """``{input: {...}}`` or the input itself, 4 or 4.0, in any order: one content."""
    job = Job("1", Phase.RUNNING, model="some/thing", sent=echo)
    assert ARMOX.same(job, asked("some/thing", "x", duration=4), None)
    assert not ARMOX.same(job, asked("some/thing", "x", duration="4"), None)


def test_an_app_run_is_found_again_too() -> None:
    """An app's job echoes ``{app_id, inputs}``."""
    job = ARMOX.read_status(sample("armox", "job-app"), REF)
    assert ARMOX.same(job, asked("app:app_123"), app())
    assert not ARMOX.same(job, asked("app:app_123", "another"), app())


def test_one_job_that_cannot_be_read_spoils_the_list() -> None:
    """Absence from a list proves something, so that nothing on it may be skipped."""
    with pytest.raises(NotebookgenError):
        ARMOX.read_jobs(HttpResponse(200, body=b'{"data": [{"status": "completed"}]}'))


@pytest.mark.parametrize(
    ("case", "status", "said", "retry_after", "meaning", "error"),
    [
        ("error-bad-request", 400, "Unknown model: nobody/nothing", None, "refused", "Refused"),
        ("error-missing-inputs", 400, "Missing required inputs: Prompt", None, "refused", "Refused"),
        ("error-no-key", 401, "Missing Authorization Bearer token", None, "refused", "InvalidKey"),
        ("error-wrong-key", 401, "Invalid API key", None, "refused", "InvalidKey"),
        ("error-no-credits", 402, "Insufficient credits. Required 1000, available 200", None, "refused", "InsufficientFunds"),
        ("error-wrong-plan", 403, "Public API access requires Agency, Master/Business, or Enterprise plan.", None, "refused", "Forbidden"),
        ("error-not-found", 404, "Job not found", None, "refused", "NotFound"),
        ("error-cancel-too-late", 409, "Job cannot be cancelled in its current state", None, "ambiguous", "UnexpectedResponse"),
        ("error-rate-limited", 429, "Rate limit exceeded", 60.0, "refused", "RateLimited"),
        ("error-broken", 500, "Internal server error", None, "ambiguous", "ProviderBroken"),
    ],
)  # fmt: skip
def test_each_error_is_read(
    case: str, status: int, said: str, retry_after: float | None, meaning: str, error: str
) -> None:
    """Each row of the error table: its status, its words, when to come back, and what it means for a create."""
    fault = ARMOX.read_fault(sample("armox", case))
    assert fault is not None
    assert (status, status, said, retry_after) == (fault.status, fault.code, fault.said, fault.retry_after)
    assert (meaning, error) == (verdict(fault), type(fault_error(ARMOX, fault, "making a picture")).__name__)


def test_a_gateways_page_is_a_fault_with_its_words() -> None:
    """What is no JSON at all is still a fault, and unclear for a create."""
    fault = ARMOX.read_fault(sample("armox", "error-html"))
    assert fault is not None
    assert (502, "ambiguous") == (fault.status, verdict(fault))
    assert "502 Bad Gateway" in fault.said


def test_the_request_limit_is_read_from_the_headers() -> None:
    """``X-RateLimit-*`` are told on successful replies; nothing is told without them."""
    assert Limits(60, 57, 41.0) == ARMOX.read_limits(sample("armox", "models"))
    assert ARMOX.read_limits(sample("armox", "error-broken")) is None


def test_a_callback_counts_only_with_its_signature() -> None:
    """HMAC-SHA256 of the raw body with the secret; another secret, body or none at all is no callback."""
    body = sample("armox", "callback-completed").body
    header = {"x-armox-signature": hmac_sha256("s3cret", body)}
    callback = ARMOX.read_callback(header, body, secret="s3cret")
    assert callback is not None
    assert callback.job is not None
    assert ("job_123", True, (Output("outputImage", url=PNG),)) == (
        callback.job_id,
        callback.signed,
        callback.job.outputs,
    )
    assert ARMOX.read_callback(header, body, secret="other") is None
    assert ARMOX.read_callback(header, body + b" ", secret="s3cret") is None
    assert ARMOX.read_callback({}, body, secret="s3cret") is None
    assert ARMOX.read_callback(header, body, secret=None) is None
    empty = b'{"event": "ping"}'
    assert ARMOX.read_callback({"x-armox-signature": hmac_sha256("s3cret", empty)}, empty, secret="s3cret") is None


@pytest.mark.parametrize(
    ("event", "status", "phase"),
    [("job.failed", "failed", Phase.FAILED), ("job.cancelled", "cancelled", Phase.CANCELLED), ("job.new", "processing", Phase.RUNNING)],
)  # fmt: skip
def test_a_callback_is_told_by_the_jobs_status_and_not_by_its_event(event: str, status: str, phase: Phase) -> None:
    """Only one event's name is printed: whatever the others are called, the job inside says where it stands."""
    job = {"id": "job_123", "status": status, "output": None, "completed_at": "2026-03-26T12:00:03.000Z"}
    body = json.dumps({"event": event, "job": job}).encode()
    callback = ARMOX.read_callback({"x-armox-signature": hmac_sha256("k", body)}, body, secret="k")
    assert callback is not None
    assert callback.job is not None
    assert ("job_123", phase, ()) == (callback.job_id, callback.job.phase, callback.job.outputs)


@pytest.mark.parametrize("header", [None, "soon", "-1"])
def test_a_limit_without_a_time_is_a_limit(header: str | None) -> None:
    """Where ``Retry-After`` is missing or says nothing, the page's own client waits for a minute, and so do we."""
    headers = {} if header is None else {"retry-after": header}
    fault = ARMOX.read_fault(HttpResponse(429, headers, b'{"error": "Rate limit exceeded"}'))
    assert fault is not None
    assert ("refused", 60.0) == (verdict(fault), fault.retry_after)


def test_jobs_at_once_that_are_too_many_are_no_window_of_requests() -> None:
    """Room comes of a job that is over, and that may be in a moment: no minute is made up."""
    fault = ARMOX.read_fault(HttpResponse(429, {}, b'{"error": "Too many concurrent jobs"}'))
    assert fault is not None
    assert ("refused", None) == (verdict(fault), fault.retry_after)


@pytest.mark.parametrize("id", ["a1b2c3d4-e5f6-7890-ab12-34567890abcd", "job_123"])
def test_a_jobs_id_has_two_forms(id: str) -> None:
    """Pages print uuids and ``job_`` numbers: either is kept as it came, and asked about."""
    body = json.dumps({"id": id, "object": "job", "status": "processing"}).encode()
    job = ARMOX.read_create(HttpResponse(202, {}, body), asked())
    assert (id, f"{BASE}/jobs/{id}") == (job.id, ARMOX.status(replace(REF, id=str(job.id))).url)


def test_the_older_page_of_apps_is_read_too() -> None:
    """Inputs that have an id, a label and a flag alone are settings of no known type, and passed on as they are."""
    model = app(1)
    assert [("a", "Prompt", True), ("b", "Style", False)] == [
        (one.key, one.label, one.required) for one in model.settings
    ]
    assert {"app_id": "app_124", "inputs": {"a": "a lighthouse", "b": "ink"}} == sent(
        asked("app:app_124", b="ink"), model
    )


def test_what_a_live_list_calls_things_can_be_shown() -> None:
    """Names, labels and descriptions of models stand in tables and messages: nothing of them steers a terminal."""
    odd = "\x1b[2JPicture \u202eof\x07"
    item = {"id": "a/b", "name": odd, "description": odd, "settings": [{"key": "size", "label": odd}]}
    (model,) = ARMOX.read_models(HttpResponse(200, body=json.dumps({"data": [item]}).encode()))
    assert ("[2JPicture of",) * 3 == (model.name, model.description, model.settings[0].label)


def test_the_price_is_a_base_figure() -> None:
    """The live list's cost goes before the price list's; both say that they are a base."""
    (model,) = ARMOX.read_models(sample("armox", "models"))
    live, listed = (
        ARMOX.price(asked(), replace(model, cost=replace(model.cost, amount=Decimal(50)))),
        ARMOX.price(asked(), None),
    )
    assert (Decimal(50), Decimal(70)) == (live.amount, listed.amount)
    assert "base figure" in live.note
    assert "base figure" in listed.note
    assert ARMOX.price(asked("some/thing"), None).amount is None


@settings(deadline=None, database=None)
@given(hostile_replies("armox"))
def test_no_reply_breaks_the_reading(response: HttpResponse) -> None:
    """Whatever bytes come, each reading answers or raises one of our own errors, and a job read can be asked about."""
    generation = asked(images=(picture(),))
    for read in (
        ARMOX.read_models, ARMOX.read_apps, ARMOX.read_jobs, ARMOX.read_balance, ARMOX.read_fault, ARMOX.read_limits,
        lambda one: ARMOX.read_create(one, generation), lambda one: ARMOX.read_status(one, REF),
        lambda one: ARMOX.read_cancel(one, REF),
        lambda one: ARMOX.read_callback({"x-armox-signature": hmac_sha256("k", one.body)}, one.body, secret="k"),
    ):  # fmt: skip
        try:
            result = read(response)
        except NotebookgenError:
            continue
        for one in result if isinstance(result, tuple) else (result,):
            if isinstance(one, Job):
                ARMOX.same(one, generation, None)
                assert one.id is not None
                ARMOX.status(replace(REF, id=one.id))
            if isinstance(one, Model):
                ARMOX.price(asked(one.id), one)


def test_every_sample_is_used() -> None:
    """No recorded reply lies about unread."""
    text = Path(__file__).read_text(encoding="utf-8")
    assert [] == [case for case in cases("armox") if f'"{case}"' not in text]
