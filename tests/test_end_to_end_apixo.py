"""Everything APIXO does, through the public functions and real HTTP: in the sandbox's realm and in one that looks real."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import notebookgen as ng
from notebookgen import errors
from notebookgen.sandbox import Fault
from three_services import accepted, made, picture, requests, sent

if TYPE_CHECKING:
    from notebookgen.sandbox import Handle

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("hasty")]

PICTURE = "apixo:nano-banana"
CAT, DOG = "https://example.com/cat.png", "https://example.com/dog.png"


def kinds(one: ng.Result) -> list[str]:
    """Return the kinds of the files."""
    return [asset.kind for asset in one.assets]


def task(result: object, **more: object) -> Fault:
    """Return the fault that answers looks at a task as finished with that ``resultJson``."""
    data = {"state": "success", "resultJson": result, "createTime": 1000, "completeTime": 2500, **more}
    body = json.dumps({"code": 200, "message": "success", "data": data})
    return Fault(kind="status", service="apixo", purpose="status", status=200, body=body, count=None)


@pytest.mark.parametrize(
    ("images", "mode"), [(None, "text-to-image"), (CAT, "image-to-image"), ([CAT, DOG], "image-to-image")]
)
def test_the_mode_is_filled_in(either: Handle, images: Any, mode: str) -> None:
    """With and without images the one mode that fits is sent, images as a list, and it is part of what was asked for."""
    one = made(model=PICTURE, images=images)

    expected = {"prompt": "a fox", "mode": mode} | (
        {"image_urls": [images] if images == CAT else images} if images else {}
    )
    assert ("saved", ["image"], {"mode": mode}) == (one.status, kinds(one), one.settings)
    assert ("async", expected) == (sent(either)["request_type"], sent(either)["input"])
    assert (Decimal("0.03"), "USD", "listed") == (one.cost.amount, one.cost.unit, one.cost.basis)


def test_a_mode_that_only_the_user_can_choose(either: Handle) -> None:
    """Where several modes fit, they are named, and nothing is sent."""
    with pytest.raises(errors.InvalidSetting, match="'V4_5'"):
        made(model="apixo:suno", customMode=False, instrumental=True)

    assert 0 == requests(either, "create")


@pytest.mark.parametrize(
    ("model", "settings", "expected"),
    [
        ("midjourney", {}, ["image"] * 4),
        ("flux-2", {"resolution": "2K"}, ["image"]),
        ("veo-3-1", {"mode": "fast"}, ["video"]),
        ("suno", {"mode": "V5", "customMode": False, "instrumental": True}, ["audio"] * 2),
    ],
)
def test_every_kind(either: Handle, model: str, settings: dict[str, Any], expected: list[str]) -> None:
    """Pictures, several of them, films and songs come home, each from the task of its own model."""
    assert expected == kinds(made(model=f"apixo:{model}", **settings))


def test_what_a_model_demands(either: Handle) -> None:
    """A setting that the model demands and nobody gave is named before anything is sent."""
    with pytest.raises(errors.InputError, match="sound"):
        made(model="apixo:kling-2-6")

    assert 0 == requests(either, "create")


def test_a_local_image_is_refused_before_anything_is_sent(either: Handle) -> None:
    """APIXO takes public addresses only; the error says so."""
    with pytest.raises(errors.InvalidImage, match="public address only"):
        made(model=PICTURE, images=picture())

    assert 0 == requests(either, "create")


def test_language_models_are_said_to_live_elsewhere(either: Handle) -> None:
    """Models behind the other gateway are refused with a word that says so."""
    with pytest.raises(errors.InvalidCall, match="gateway for language models"):
        made(model="apixo:gemini-2.5-pro")

    assert 0 == requests(either, "create")


def test_an_unknown_model_is_passed_on(either: Handle) -> None:
    """There is no live list, so a new model is asked for, with all settings as they are; the service decides."""
    with pytest.raises(errors.NotFound, match="Model not found: brand-new"):
        made(model="apixo:brand-new", mode="text-to-image")

    assert 1 == requests(either, "apixo create")


# Results ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["text", "object", "list", "address"])
def test_every_shape_of_result(real: Handle, shape: str) -> None:
    """``resultJson`` is read as JSON in a string, as an object, as a list and as a bare address."""
    other = made("a crow", model=PICTURE)
    shapes: dict[str, object] = {
        "text": json.dumps({"resultUrls": [other.url]}),
        "object": {"resultUrls": [other.url]},
        "list": [other.url],
        "address": other.url,
    }
    real.configure(misbehave=(task(shapes[shape]),))

    one = made(model=PICTURE)

    assert ("saved", other.assets[0].sha256) == (one.status, one.assets[0].sha256)
    assert 1.5 == one.seconds


@pytest.mark.slow  # a file is waited for, in case it comes a moment later
@pytest.mark.parametrize("results", ["empty", "null"])
def test_a_result_without_a_file(real: Handle, results: str) -> None:
    """A task that is done and names no file yet is not given up: it is said, with what was paid, and asked again."""
    real.configure(results=results)

    with pytest.raises(errors.AssetError, match="names no result"):
        made(model=PICTURE)

    assert [("completed", Decimal("0.03"))] == ng.ledger().frame().select("status", "charged").rows()
    assert 2 <= requests(real, "apixo status")
    real.configure(results="normal")
    assert "saved" == made(model=PICTURE).status
    assert 1 == requests(real, "apixo create")


def test_another_word_for_running(either: Handle) -> None:
    """A state that no page names is one of a task that goes on."""
    either.configure(busy_word="warming_up")

    assert "saved" == made(model=PICTURE).status


# What goes wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "said", "again"),
    [
        ("CONTENT_VIOLATION", "violates the content policy", False),
        ("PROCESSING_TIMEOUT", "took too long", True),
        ("MODEL_UNAVAILABLE", "unavailable", True),
        ("SensitiveContentDetected", "sensitive content", False),
        ("ProhibitedContentDetected", "Prohibited", False),
    ],
)
def test_a_failed_task(either: Handle, code: str, said: str, *, again: bool) -> None:
    """A failed task comes inside an HTTP 200; both families of codes are read, and tell whether trying again may help."""
    either.configure(fail=1.0, fail_code=code)

    with pytest.raises(errors.JobFailed, match=said) as caught:
        made(model=PICTURE)

    assert (code, again) == (caught.value.fail_code, caught.value.retryable)
    (row,) = ng.ledger().frame().to_dicts()
    # No page says whether a failed task is paid for, so what was reserved keeps counting.
    assert ("failed", Decimal("0.03"), "listed") == (row["status"], row["charged"], row["basis"])
    either.configure(fail=0.0)
    if again:
        assert "saved" == made(model=PICTURE).status
    else:
        with pytest.raises(errors.JobFailed, match="failed before with the same content"):
            made(model=PICTURE)
        told = ng.generate("a fox", model=PICTURE, samples=2)  # the failure is told again, and another one is made
        assert (["failed", "saved"], {"USD": Decimal("0.03")}) == ([one.status for one in told], told.cost)


@pytest.mark.parametrize(("code", "error"), [(402, errors.InsufficientFunds), (400, errors.Refused)])
def test_too_little_left(real: Handle, code: int, error: type[Exception]) -> None:
    """Both codes with which pages say it are refusals, and nothing counts as spent."""
    real.configure(balance=0.001, apixo_broke=code)

    with pytest.raises(error, match="Insufficient"):
        made(model=PICTURE)

    assert [("refused", Decimal(0))] == ng.ledger().frame().select("status", "charged").rows()


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, {"code": 401, "message": "Invalid or missing API key"}, errors.InvalidKey),
        (403, {"code": 403, "message": "Insufficient permissions", "data": None}, errors.Forbidden),
        (404, {"code": 404, "message": "Model not found", "data": None}, errors.NotFound),
        (
            200,
            {"code": 400, "message": "Invalid request", "data": {"error": "input.prompt is too long"}},
            errors.Refused,
        ),
    ],
)
def test_each_refusal(real: Handle, status: int, body: object, error: type[Exception]) -> None:
    """Each refusal, by status or by the code inside an HTTP 200, is an error of its own and is sent once."""
    real.configure(misbehave=(Fault(kind="status", service="apixo", status=status, body=json.dumps(body), count=None),))

    with pytest.raises(error, match="Nothing was charged"):
        made(model=PICTURE)

    assert 1 == requests(real, "apixo create")


def test_what_is_unclear_is_held(real: Handle) -> None:
    """There is no list to look in: an unclear create is held with its reservation, and a re-run does not send it."""
    real.configure(misbehave=(Fault(kind="lost_after", service="apixo"),))

    for _ in range(2):
        with pytest.raises(errors.JobAmbiguous):
            made(model=PICTURE)

    assert (1, 1) == (accepted(real, "apixo"), requests(real, "apixo create"))


def test_looks_that_fail_end_nothing(real: Handle) -> None:
    """Status requests that break, are made again; the task comes home, bought once."""
    faults = tuple(Fault(kind=kind, service="apixo", purpose="status") for kind in ("garbage", "status"))
    real.configure(misbehave=faults)

    assert ("saved", 1) == (made(model=PICTURE).status, accepted(real, "apixo"))


def test_the_balance(real: Handle) -> None:
    """The doctor says what is left, in US dollars, and never the key."""
    made(model=PICTURE)

    said = ng.Client().doctor()

    assert "49.97 USD left" in said
    assert "made-up" not in said
