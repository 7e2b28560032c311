"""Everything APIModels does, through the public functions and real HTTP: in the sandbox's realm and in one that looks real."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import notebookgen as ng
from notebookgen import errors
from notebookgen.client import default_client
from notebookgen.sandbox import Fault
from three_services import accepted, made, picture, requests, sent

if TYPE_CHECKING:
    from notebookgen.sandbox import Handle

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("hasty")]

GROK = "apimodels:grok-image/grok-4.2-image"
GPT = "apimodels:gpt-image-2"
ALL = "apimodels:gpt-image-2-all"
CAT, DOG = "https://example.com/cat.png", "https://example.com/dog.png"


def kinds(one: ng.Result) -> list[str]:
    """Return the kinds of the files."""
    return [asset.kind for asset in one.assets]


def answer(value: object, status: int = 200) -> Fault:
    """Return the fault that answers the next create with that body."""
    return Fault(kind="status", service="apimodels", status=status, body=json.dumps(value))


def no_record(status: int, value: object) -> Fault:
    """Return the fault that answers every question for a task's record with that."""
    body = value if isinstance(value, str) else json.dumps(value)
    return Fault(kind="status", service="apimodels", purpose="other", status=status, body=body, count=None)


# What can be made ------------------------------------------------------------------------------------------------


def test_text_to_image(either: Handle) -> None:
    """A prompt gives a picture; the highest listed price is reserved, and what the task's record says is what it cost."""
    one = made(model=GROK)

    assert ("saved", ["image"]) == (one.status, kinds(one))
    (row,) = ng.ledger().frame().to_dicts()
    assert (Decimal("0.0075"), "USD", "reported") == (one.cost.amount, one.cost.unit, one.cost.basis)
    assert (Decimal("0.03"), Decimal("0.0075"), "reported") == (row["reserved"], row["charged"], row["basis"])
    assert 1 == requests(either, "apimodels other")
    assert {"model": "grok-image/grok-4.2-image", "prompt": "a fox"} == sent(either)


@pytest.mark.parametrize("images", [CAT, [CAT], {"image_url": CAT}])
def test_an_edit_by_address(either: Handle, images: Any) -> None:
    """An image with an address is sent by its address, in the field that takes one."""
    one = made(model=GROK, images=images)

    assert ("saved", CAT) == (one.status, sent(either)["image_url"])
    assert 0 == requests(either, "upload")


def test_an_edit_of_a_local_picture(either: Handle, tmp_path: Path) -> None:
    """A picture of this machine goes inside the request where the model takes that, and its name goes nowhere."""
    file = tmp_path / "private name.png"
    file.write_bytes(picture())

    one = made(model=GROK, images=file)

    assert ("saved", 0) == (one.status, requests(either, "upload"))
    assert sent(either)["image"].endswith("characters of base64)")
    assert "private" not in json.dumps(either.state())


def test_inpainting(either: Handle) -> None:
    """A local picture and its mask go inside the request, each in its field; another mask is another content."""
    first = made(model=GROK, images={"image": picture(), "mask": picture("white", mode="L")})
    other = made(model=GROK, images={"image": picture(), "mask": picture("black", mode="L")})

    assert ("saved", "saved", {"image", "mask"}) == (first.status, other.status, {"image", "mask"} & set(sent(either)))
    assert first.id != other.id
    assert first.assets[0].sha256 != other.assets[0].sha256


def test_several_references_are_uploaded(either: Handle) -> None:
    """Local pictures for a model that takes addresses are uploaded first, each once, and sent in their order."""
    red, blue = picture("red"), picture("blue")
    made(model=GPT, images=[red, CAT, blue])
    made("a crow", model=GPT, images=[blue, red])

    first, second, third = (
        sent(either)["image_urls"],
        either.state()["creates"][0]["body"]["image_urls"],
        requests(either, "upload"),
    )
    assert ([second[2], second[0]], CAT, 2) == (first, second[1], third)
    assert all(url.startswith(either.origin) for url in first)


def test_a_large_picture_goes_by_a_signed_address(either: Handle) -> None:
    """A file too large for one call is put at the address the service gives, without the key, and is used."""
    noise = random.Random(1).randbytes(1400 * 1100 * 3)
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.frombytes("RGB", (1400, 1100), noise).save(file, "PNG")
    assert len(file.getvalue()) > 4 * 2**20

    one = made(model=GPT, images=[file.getvalue()])

    assert ("saved", 0) == (one.status, len(either.state()["strays"]))
    assert 1 == accepted(either, "apimodels")


def test_an_upload_that_fails_buys_nothing(real: Handle) -> None:
    """Where a picture cannot be uploaded, nothing is bought, and the error says that nothing was charged."""
    real.configure(misbehave=(Fault(kind="status", service="apimodels", purpose="upload", status=400, count=None),))

    with pytest.raises(errors.Refused, match="Nothing was charged"):
        made(model=GPT, images=[picture()])

    assert (0, 0) == (accepted(real, "apimodels"), ng.ledger().frame().height)


def test_several_pictures_of_one_call(either: Handle) -> None:
    """``n`` pictures of one call are n files of one result, and are reserved for as n."""
    one = made(model=GROK, n=3)

    assert (["image"] * 3, Decimal("0.09")) == (kinds(one), ng.ledger().frame()["reserved"].item())
    assert 3 == len({asset.sha256 for asset in one.assets})
    assert 1 == accepted(either, "apimodels")


def test_a_task_finished_inside_the_create(either: Handle) -> None:
    """A create that answers with the finished task is not asked about again."""
    one = made(model="apimodels:gpt-image-2-lite")

    assert ("saved", 0) == (one.status, requests(either, "apimodels status"))
    assert one.job


@pytest.mark.parametrize("count", [1, 2])
def test_the_other_shape_of_reply(either: Handle, count: int) -> None:
    """A reply in OpenAI's shape, with the pictures' bytes inside and no job, is kept: nothing is downloaded."""
    one = made(model=ALL, size="1024x1024", n=count)

    assert (["image"] * count, 0) == (kinds(one), requests(either, "apimodels status"))
    assert (None, None) == (one.job, one.url)


def test_speech(either: Handle) -> None:
    """Speech goes its own way: the prompt is its text, and the sound stands under ``result``."""
    one = made("Good morning", model="apimodels:eleven-tts-flash", voice_id="21m00Tcm4TlvDq8ikWAM")

    assert (["audio"], "Good morning", "result") == (kinds(one), sent(either)["text"], one.assets[0].name)
    assert one.assets[0].seconds


def test_speech_without_the_voice_it_needs(either: Handle) -> None:
    """A setting that the model demands is named before anything is sent."""
    with pytest.raises(errors.InputError, match="voice_id"):
        made(model="apimodels:minimax-speech-02-turbo")

    assert 0 == requests(either, "create")


def test_music_and_other_audio(either: Handle) -> None:
    """Other sounds come by the path for audio."""
    assert ["audio"] == kinds(made(model="apimodels:minimax-speech-02-turbo", voice_id="Wise_Woman"))


@pytest.mark.parametrize("model", ["veo-3.1-fast", "p-video"])
def test_video(either: Handle, model: str) -> None:
    """A film comes from a task, and from the one path that holds the connection until it is there."""
    one = made(model=f"apimodels:{model}")

    assert ["video"] == kinds(one)
    assert one.assets[0].seconds


def test_a_file_that_is_gone_is_fetched_from_where_it_came(real: Handle) -> None:
    """A task finished inside its create leaves no job to ask; its address may still lead to what was paid for."""
    first = ng.generate("a fox", model="apimodels:p-video", kind="video")
    Path(first.assets[0].path).unlink()
    with pytest.raises(errors.AssetGone, match="Run it again: its address is asked"):
        first.save(".")
    default_client().close()
    again = ng.generate("a fox", model="apimodels:p-video", kind="video")
    assert ("saved", True) == (again.status, Path(again.assets[0].path).exists())
    assert 1 == len(real.state()["creates"])


def test_chat(either: Handle) -> None:
    """A language model gets the prompt as its last message, and its words are the text of the result."""
    one = made("Name a fox", model="apimodels:claude-haiku-4-5-20251001", system="Be brief", max_tokens=50)

    assert ["text"] == kinds(one)
    assert one.text
    assert [{"role": "system", "content": "Be brief"}, {"role": "user", "content": "Name a fox"}] == sent(either)[
        "messages"
    ]
    assert (50, "unknown") == (sent(either)["max_tokens"], one.cost.basis)


def test_an_unknown_model_needs_its_kind(either: Handle) -> None:
    """The path depends on the kind, so that is asked for; with it the request goes out, and the service decides."""
    with pytest.raises(errors.InvalidCall, match="kind='image'"):
        made(model="apimodels:nobody/knows")
    with pytest.raises(errors.Refused, match="Invalid model"):
        made(model="apimodels:nobody/knows", kind="image")

    assert 1 == requests(either, "apimodels create")


# What goes wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", [True, False])
def test_too_little_left(real: Handle, *, inside: bool) -> None:
    """A refusal is one whether it comes as HTTP 402 or as code 402 inside an HTTP 200; nothing counts as spent."""
    real.configure(balance=0.001, refused_in_200=inside)

    with pytest.raises(errors.InsufficientFunds, match="Insufficient credits"):
        made(model=GROK)

    assert [("refused", Decimal(0))] == ng.ledger().frame().select("status", "charged").rows()


def test_a_refusal_for_content_at_once(real: Handle) -> None:
    """A 400 with a reason in it is a refusal with that reason, whatever shape it has."""
    real.configure(misbehave=(answer({"error": {"message": "not allowed here", "code": "CONTENT_MODERATION"}}, 400),))

    with pytest.raises(errors.Refused, match="not allowed here") as caught:
        made(model=GROK)

    assert "CONTENT_MODERATION" == caught.value.fail_code


@pytest.mark.parametrize(
    ("code", "said", "again"),
    [
        ("CONTENT_MODERATION", "Content policy violation", False),
        ("UPSTREAM_BUSY", "overloaded", True),
        ("", "Generation failed", False),
    ],
)
def test_a_failed_task(either: Handle, code: str, said: str, *, again: bool) -> None:
    """A failed task says why; it costs nothing, as the service says; what may help is bought again only when run again."""
    either.configure(fail=1.0, fail_code=code)

    with pytest.raises(errors.JobFailed, match=said) as caught:
        made(model=GROK)

    assert (code or None, again) == (caught.value.fail_code, bool(caught.value.retryable))
    assert [("failed", Decimal(0))] == ng.ledger().frame().select("status", "charged").rows()
    either.configure(fail=0.0)
    if again:
        assert "saved" == made(model=GROK).status
    else:
        with pytest.raises(errors.JobFailed, match="failed before with the same content"):
            made(model=GROK)
        assert "saved" == made(model=GROK, fresh=True).status


@pytest.mark.parametrize("kind", ["lost_after", "garbage", "half", "empty", "html"])
def test_what_is_unclear_is_held(real: Handle, kind: str) -> None:
    """There is no list to look in, so an unclear create is held with its reservation, and not sent again by a re-run."""
    real.configure(misbehave=(Fault(kind=kind, service="apimodels"),))

    for _ in range(2):
        with pytest.raises(errors.JobAmbiguous):
            made(model=GROK)

    assert (1, 1) == (accepted(real, "apimodels"), requests(real, "apimodels create"))
    assert [("ambiguous", Decimal("0.03"))] == ng.ledger().frame().select("status", "reserved").rows()


def test_what_is_unclear_is_adopted_by_a_person(real: Handle) -> None:
    """Somebody who finds the task in the provider's console gives its id, and the picture comes home."""
    real.configure(misbehave=(Fault(kind="lost_after", service="apimodels"),))
    with pytest.raises(errors.JobAmbiguous) as caught:
        made(model=GROK)

    one = ng.resolve(str(caught.value.id), "adopt", job=real.state()["creates"][0]["id"]).wait(30)

    assert ("saved", 1) == (one.status, accepted(real, "apimodels"))


@pytest.mark.slow  # a file is waited for, in case it comes a moment later
def test_files_that_come_a_moment_late(real: Handle) -> None:
    """A task that is done and names no file yet is asked again; that is said, and the next call gets the file."""
    real.configure(results="empty")
    with pytest.raises(errors.AssetError, match="paid for"):
        made(model=GROK)
    real.configure(results="normal")
    assert "saved" == made(model=GROK).status
    assert 1 == requests(real, "apimodels create")


# The account -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["data.balance", "data.credits", "balance"])
def test_the_balance(real: Handle, shape: str) -> None:
    """The doctor says what is left, whichever shape the reply has."""
    real.configure(balance_shape=shape)

    assert "50 USD left" in ng.Client().doctor()


def test_the_ledger_tells_listed_from_unknown(either: Handle) -> None:
    """What a price list says is marked as listed, and what nobody says is null and marked unknown, never zero."""
    either.configure(misbehave=(no_record(404, {"code": 404, "msg": "not found"}),))
    made(model=GROK)
    made(model="apimodels:p-video")

    rows = ng.ledger().frame().select("status", "charged", "unit", "basis").rows()
    assert [("saved", Decimal("0.03"), "USD", "listed"), ("saved", None, None, "unknown")] == rows


RECORD = {"settled": True, "currency": "USD", "credits": 0.0075}
NO_RECORDS: dict[str, Any] = {
    "is not known": (404, {"code": 404, "msg": "Record not found"}),
    "is broken": (500, "<html>"),
    "is no record": (200, {"code": 200, "data": [1]}),
    "is not settled": (200, {"code": 200, "data": {**RECORD, "settled": False, "credits": None}}),
    "is another task's": (200, {"code": 200, "data": {**RECORD, "taskId": "another-task"}}),
    "is in yuan": (200, {"code": 200, "data": {**RECORD, "currency": "CNY"}}),
    "has no currency": (200, {"code": 200, "data": {"settled": True, "credits": 0.0075}}),
    "has no amount": (200, {"code": 200, "data": {**RECORD, "credits": None}}),
    "has an amount below zero": (200, {"code": 200, "data": {**RECORD, "credits": -1}}),
}


@pytest.mark.parametrize("how", NO_RECORDS)
def test_a_record_that_tells_nothing_leaves_the_listed_price(real: Handle, how: str) -> None:
    """The picture is delivered all the same, and costs what is listed."""
    status, value = NO_RECORDS[how]
    real.configure(misbehave=(no_record(status, value),))
    one = made(model=GROK)

    assert ("saved", ["image"]) == (one.status, kinds(one))
    assert (Decimal("0.03"), "USD", "listed") == (one.cost.amount, one.cost.unit, one.cost.basis)
    assert 1 == requests(real, "apimodels other")


def test_a_service_without_records_is_not_asked_for_ever(real: Handle) -> None:
    """After a few answers that tell nothing, this kernel asks for no more."""
    real.configure(misbehave=(no_record(404, {"code": 404, "msg": "not found"}),))
    for number in range(5):
        assert "listed" == made(f"fox {number}", model=GROK).cost.basis

    assert 3 == requests(real, "apimodels other")


def test_your_own_price(either: Handle) -> None:
    """A price that the user tells counts where no list has one, lets a budget hold, and replaces a listed one."""
    with pytest.raises(errors.BudgetExceeded, match="nobody lists a price"):
        made(model="apimodels:p-video", budget="1 USD")
    ng.configure(prices={"apimodels:p-video": "0.25", GROK: "0.01"})

    either.configure(misbehave=(no_record(404, {"code": 404, "msg": "not found"}),))
    film, still = made(model="apimodels:p-video", budget="1 USD"), made(model=GROK)

    assert (Decimal("0.25"), "USD", "listed") == (film.cost.amount, film.cost.unit, film.cost.basis)
    assert Decimal("0.01") == still.cost.amount
