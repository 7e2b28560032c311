"""Everything Armox does, through the public functions and real HTTP: in the sandbox's realm and in one that looks real."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import notebookgen as ng
from notebookgen import errors
from notebookgen.client import default_client
from notebookgen.providers.armox import Armox
from notebookgen.sandbox import Fault
from three_services import accepted, made, picture, requests, sent

if TYPE_CHECKING:
    from notebookgen.sandbox import Handle

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("hasty")]

PICTURE = "armox:google/nano-banana"
FILM = "armox:xai/grok-video-image-to-video"
STORY, CARD = "armox:app:app_storyboard", "armox:app:app_postcard"
CAT, DOG = "https://example.com/cat.png", "https://example.com/dog.png"


def kinds(one: ng.Result) -> list[str]:
    """Return the kinds of the files that count as results."""
    return [asset.kind for asset in one.assets if asset.kind != "text"]


@pytest.mark.parametrize("immediate", [True, False])
def test_a_picture_now_or_later(either: Handle, *, immediate: bool) -> None:
    """A picture that comes inside the create's reply and one that is polled for end alike, with the cost reported."""
    either.configure(immediate=immediate)

    one = made(model=PICTURE, aspect_ratio="16:9")

    assert ("saved", ["image"], {"aspect_ratio": "16:9"}) == (one.status, kinds(one), one.settings)
    assert (Decimal(70), "credits", "reported") == (one.cost.amount, one.cost.unit, one.cost.basis)
    assert {False: 1, True: 0}[immediate] <= requests(either, "armox status")
    assert one.image is not None
    assert one.image.width > one.image.height


@pytest.mark.parametrize("images", [CAT, [CAT], [CAT, DOG], {"image_input": [CAT, DOG]}])
def test_a_picture_from_pictures(either: Handle, images: Any) -> None:
    """A model whose images are an array gets an array, whichever way they are given."""
    given = images["image_input"] if isinstance(images, dict) else images

    one = made(model=PICTURE, images=images)

    assert ("saved", {"prompt": "a fox", "image_input": [given] if isinstance(given, str) else given}) == (
        one.status,
        sent(either)["input"],
    )


@pytest.mark.parametrize("images", [CAT, [CAT], {"image_input": CAT}])
def test_a_film_from_a_picture(either: Handle, images: Any) -> None:
    """A model that takes one image as a single address gets it so, given alone or in a list; it never answers at once."""
    one = made(model=FILM, images=images)

    assert (["video"], "reported", CAT) == (kinds(one), one.cost.basis, sent(either)["input"]["image_input"])
    assert one.assets[0].seconds


def test_one_image_too_many_is_refused_before_anything_is_sent(either: Handle) -> None:
    """Two images for a model that takes one are an error that says so."""
    with pytest.raises(errors.InvalidImage, match="takes one image in 'image_input', not 2"):
        made(model=FILM, images=[CAT, DOG])

    assert 0 == requests(either, "create")


def test_a_result_is_an_image_to_go_on_from(either: Handle) -> None:
    """A service that takes addresses alone reads an earlier result where its provider keeps it; no bytes are sent."""
    fox = made(model=PICTURE)
    edited = made("the same in autumn", model=PICTURE, images=fox)

    assert edited.status == "saved"
    assert [fox.url] == sent(either)["input"]["image_input"]
    assert made("the same in autumn", model=PICTURE, images=fox).cached


def test_a_local_image_is_refused_before_anything_is_sent(either: Handle) -> None:
    """Armox takes public addresses only: the error says so, and nothing of the picture leaves this machine."""
    with pytest.raises(errors.InvalidImage, match="public address only"):
        made(model=PICTURE, images=picture())

    assert 0 == requests(either, "create")


@pytest.mark.parametrize(
    ("model", "kind", "cost"),
    [
        ("picture", "image", 40),
        ("clip", "video", 96),
        ("sound", "audio", 18),
        ("solid", "3d", 120),
        ("text", "text", 4),
    ],
)
def test_every_kind(played: Handle, model: str, kind: str, cost: int) -> None:
    """Pictures, films, sounds, 3D and texts come back as what they are, kept as files, each told by ``kind`` alone."""
    named = made(model=f"armox:sandbox/{model}")
    picked = made(kind=kind)

    assert kind == named.assets[0].kind
    assert (named.id, True) == (picked.id, picked.cached)
    assert Decimal(cost) == named.cost.amount
    assert (kind == "text") == (named.text is not None and kind != "3d")
    assert named.path is not None
    assert named.path.stat().st_size == named.assets[0].size


def test_several_files_of_one_job(played: Handle) -> None:
    """A model that gives layers gives as many pictures as were asked for, in their order, under their names."""
    one = made(model="armox:sandbox/layers", layers=4)

    assert ["layers.0.image", "layers.1.image", "layers.2.image", "layers.3.image"] == [
        asset.name for asset in one.assets if asset.kind == "image"
    ]
    assert 4 == len({asset.sha256 for asset in one.assets if asset.kind == "image"})


# Models ----------------------------------------------------------------------------------------------------------


def test_the_live_list(real: Handle) -> None:
    """``ng.models()`` shows the live list over the catalogue, apps included, with the prices and settings it gives."""
    rows = {row["model"]: row for row in ng.models("armox").to_dicts()}

    assert (True, "live", Decimal(70), "credits", "image") == tuple(
        rows[PICTURE][name] for name in ("live", "source", "cost", "unit", "kind")
    )
    assert "aspect_ratio" in rows[PICTURE]["settings"]
    assert {"prompt", "reference"} == set(rows[STORY]["settings"])
    assert (None, None, True) == tuple(rows[STORY][name] for name in ("cost", "unit", "live"))


def test_the_sandbox_lists_for_itself(played: Handle) -> None:
    """In the sandbox nothing is the provider's word: its list is marked as the sandbox's, and not as live.

    A real model keeps what the page that was read says it costs; a play price stands on the sandbox's own alone.
    """
    rows = {row["model"]: row for row in ng.models("armox").to_dicts()}
    models = {str(one): one for one in default_client().models_live("armox", tell=print)}

    assert {(False, "sandbox")} == {(row["live"], row["source"]) for row in rows.values()}
    assert {str(one): (one.cost.amount, one.cost.note) for one in Armox().catalogue()} == {
        name: (models[name].cost.amount, models[name].cost.note) for name in (PICTURE, FILM)
    }
    assert (Decimal(70), None) == (rows[PICTURE]["cost"], rows[FILM]["cost"])
    assert {"play credits of the sandbox; nothing is charged"} == {
        one.cost.note for name, one in models.items() if name.startswith("armox:sandbox/")
    }
    assert Decimal(40) == rows["armox:sandbox/picture"]["cost"]
    assert "aspect_ratio" in rows[PICTURE]["settings"]


@pytest.mark.parametrize("settings", [{}, {"duration": 4}, {"duration": 8}])
def test_a_film_in_the_sandbox_costs_what_was_quoted(played: Handle, settings: dict[str, Any]) -> None:
    """The sandbox charges for a real model what the quote says that the price list gives, by its length."""
    quoted = default_client().quote("a fox runs", model=FILM, images=CAT, **settings)
    one = made("a fox runs", model=FILM, images=CAT, **settings)

    assert Decimal(404 if settings.get("duration") == 8 else 202) == quoted.cost.amount == one.cost.amount
    assert "4 s were charged 202 credits" in quoted.cost.note
    assert f"for {quoted.cost.words} (listed; " in str(quoted)


def test_a_live_list_with_more_than_the_pages_say(real: Handle) -> None:
    """Unknown keys, unknown kinds of result and entries without an id do no harm; what is there is listed and kept."""
    listed = {
        "object": "list",
        "next_page": None,
        "data": [
            {
                "id": "new/one",
                "name": "One",
                "modality": "hologram",
                "cost": "12.5",
                "rank": {"a": [1]},
                "settings": None,
            },
            {
                "id": "google/nano-banana",
                "cost": 71,
                "promptRequired": True,
                "settings": [{"key": "aura", "inputType": "?"}],
            },
            {"name": "no id"},
            7,
        ],
    }
    real.configure(
        misbehave=(
            Fault(kind="status", service="armox", purpose="models", status=200, body=json.dumps(listed), count=None),
        )
    )

    rows = {row["model"]: row for row in ng.models("armox").to_dicts()}

    assert (Decimal("12.5"), None, True) == tuple(rows["armox:new/one"][name] for name in ("cost", "kind", "live"))
    assert (Decimal(71), ["aura", "image_input"]) == (
        rows[PICTURE]["cost"],
        sorted(set(rows[PICTURE]["settings"]) - {"prompt"}),
    )
    assert FILM in rows


def test_a_base_figure_is_not_what_is_set_aside(real: Handle) -> None:
    """Where the live list gives a base figure and a page prints a higher charge, the higher one is reserved.

    A budget between the two buys nothing; where nobody tells more than the base figure, the quote says "at least".
    """
    entry = {"id": FILM.partition(":")[2], "cost": 50, "outputType": "video"}
    listed = json.dumps({"object": "list", "data": [entry]})
    real.configure(
        misbehave=(Fault(kind="status", service="armox", purpose="models", status=200, body=listed, count=None),)
    )
    quoted = [str(default_client().quote("run", model=FILM, images=CAT, **more)) for more in ({}, {"duration": 4})]

    assert "for at least 50 credits (listed" in quoted[0]
    assert "for 50-202 credits (listed" in quoted[1]
    with pytest.raises(errors.BudgetExceeded, match="202 credits"):
        made("run", model=FILM, images=CAT, duration=4, budget=100)
    assert 0 == accepted(real, "armox")
    assert "saved" == made("run", model=FILM, images=CAT, duration=4, budget=202).status
    assert [Decimal(202)] == ng.ledger().frame().filter(pl.col("status") == "saved")["reserved"].to_list()


def test_a_model_the_live_list_lacks(either: Handle) -> None:
    """A name that is not in the live list is refused before anything is sent, with the near miss."""
    with pytest.raises(errors.UnknownModel, match="Did you mean 'google/nano-banana'"):
        made(model="armox:google/nano-bananna")

    assert 0 == requests(either, "create")


def test_the_live_list_is_kept(real: Handle) -> None:
    """The list is fetched once; what was paid for is given back without asking for it again."""
    first = made(model=PICTURE)
    again = made(model=PICTURE)
    ng.models("armox")

    assert (first.id, True) == (again.id, again.cached)
    assert (1, 1) == (requests(real, "armox models"), requests(real, "armox create"))


# Apps ------------------------------------------------------------------------------------------------------------


def test_an_app_is_a_model(either: Handle) -> None:
    """An app runs like a model: the prompt goes to its prompt input, and what its nodes made carries their names."""
    one = made(model=STORY)

    assert ["node-scene-1.outputImage", "node-scene-2.outputImage"] == [asset.name for asset in one.assets]
    assert (Decimal(150), "reported", STORY) == (one.cost.amount, one.cost.basis, one.model)
    assert 1 == requests(either, "armox apps")


def test_an_apps_inputs_are_its_settings(either: Handle) -> None:
    """Inputs are given by their ids, as keywords or as images; an input that takes several gets a list."""
    card = made(model=CARD, place="Rome")
    story = made(model=STORY, images={"reference": CAT})
    by_id = made("", model=CARD, settings={"prompt": "a fox", "place": "Rome"})

    assert (["image"], {"place": "Rome"}) == (kinds(card), card.settings)
    assert ["image", "image"] == kinds(story)
    assert "saved" == by_id.status


def test_an_app_without_what_it_needs(either: Handle) -> None:
    """A required input that is missing is named before anything is sent."""
    with pytest.raises(errors.InputError, match="prompt"):
        made("", model=CARD, place="Rome")

    assert 0 == requests(either, "create")


def test_an_app_that_is_not_listed_is_passed_on(either: Handle) -> None:
    """The list need not have every app: an unknown one is sent as it is, and the service says what it makes of it."""
    with pytest.raises(errors.NotFound, match="App not found"):
        made("", model="armox:app:app_private", settings={"scene": "a fox"})

    assert 1 == requests(either, "armox create")


def test_an_unlisted_app_does_not_guess_where_the_prompt_goes(either: Handle) -> None:
    """With a prompt and no list to tell its input, the error shows how to give the input by its id."""
    with pytest.raises(errors.InvalidCall, match="INPUT_ID"):
        made(model="armox:app:app_private")

    assert 0 == requests(either, "create")


def test_apps_that_cannot_be_listed_hide_no_models(real: Handle) -> None:
    """An account that may not list apps still sees its models."""
    real.configure(misbehave=(Fault(kind="status", service="armox", purpose="apps", status=403, count=None),))

    assert PICTURE in ng.models("armox")["model"].to_list()


def test_an_app_of_another_kernel_is_not_bought_again(real: Handle) -> None:
    """An app's list is kept on disk like the models', so that a later kernel gives back what was paid for."""
    first = made(model=STORY)
    ng.Client().close()

    again = made(model=STORY)

    assert (first.id, True, 1) == (again.id, again.cached, requests(real, "armox create"))
    assert 1 == requests(real, "armox apps")


# Jobs ------------------------------------------------------------------------------------------------------------


def test_cancel(either: Handle) -> None:
    """A job that is under way is cancelled at the provider, which says what it gives back; the ledger has both."""
    either.configure(immediate=False, seconds=(60, 60))
    one = ng.generate("a fox", model=PICTURE, background=True)
    assert isinstance(one, ng.Result)
    wait_until_sent(one)

    one.cancel()

    with pytest.raises(errors.JobCancelled, match="cancelled at Armox"):
        one.wait(20)
    assert "cancelled" == one.status
    assert 1 == requests(either, "armox cancel")
    assert {"cancelled": 1} == either.state()["jobs"]
    assert [("cancelled", Decimal(70))] == ng.ledger().frame().select("status", "charged").rows()


def wait_until_sent(one: ng.Result) -> None:
    """Wait until the provider has named a job."""
    import threading

    pause = threading.Event()
    for _ in range(400):
        if one.job is not None:
            return
        pause.wait(0.05)
    raise AssertionError(f"no job after 20 s: {one!r}")


@pytest.mark.parametrize("kind", ["garbage", "html", "empty", "list_instead", "half", "lost_after"])
def test_a_cancelling_that_is_answered_with_noise(real: Handle, kind: str) -> None:
    """A person is told that nobody knows, nothing is bought again, and the next look finds how it stands."""
    real.configure(immediate=False, seconds=(60, 60), misbehave=(Fault(kind=kind, service="armox", purpose="cancel"),))
    one = ng.generate("a fox", model=PICTURE, background=True)
    assert isinstance(one, ng.Result)
    wait_until_sent(one)

    lines = default_client().cancel(one.id)

    assert 1 == len(lines.splitlines())
    assert "cancelled at Armox" not in lines
    with pytest.raises(errors.JobCancelled):
        one.wait(30)
    assert (1, 1) == (accepted(real, "armox"), requests(real, "armox cancel"))


def test_cancelling_what_is_over_changes_nothing(real: Handle) -> None:
    """What is saved stays saved and paid for."""
    one = made(model=PICTURE)

    assert ("saved", Decimal(70)) == (one.cancel().status, one.cost.amount)


def test_a_lost_reply_is_found_in_the_list(either: Handle) -> None:
    """A create whose reply was lost is looked for in the account's jobs, adopted, and never sent again."""
    either.configure(immediate=False, misbehave=(Fault(kind="lost_after", service="armox"),))

    one = made(model=PICTURE)

    assert ("saved", Decimal(70)) == (one.status, one.cost.amount)
    assert 1 == accepted(either, "armox")
    assert 1 <= requests(either, "armox list")


def test_a_lost_request_is_proven_lost(either: Handle) -> None:
    """A create that never arrived is proven absent from the list, counts as refused, and is bought once after that."""
    either.configure(misbehave=(Fault(kind="lost_before", service="armox"),))

    one = made(model=PICTURE)

    assert ("saved", 1) == (one.status, accepted(either, "armox"))
    assert [("refused", Decimal(0)), ("saved", Decimal(70))] == ng.ledger().frame().select("status", "charged").rows()


def test_a_failed_job(either: Handle) -> None:
    """A job that fails says why in the provider's words, and the ledger keeps what it was charged."""
    either.configure(fail=1.0, fail_code="refused", immediate=False)

    with pytest.raises(errors.JobFailed, match="content policy"):
        made(model=PICTURE)

    (row,) = ng.ledger().frame().to_dicts()
    assert ("failed", Decimal(70), "credits") == (row["status"], row["charged"], row["unit"])


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (400, errors.Refused, "Bad Request"),
        (401, errors.InvalidKey, "ARMOX_API_KEY"),
        (402, errors.InsufficientFunds, "too little left"),
        (403, errors.Forbidden, "does not allow"),
        (404, errors.NotFound, "knows no such thing"),
    ],
)
def test_each_refusal_is_an_error_of_its_own(real: Handle, status: int, error: type[Exception], said: str) -> None:
    """Each refusal says what failed and what to do next in at most four lines; nothing is charged, nothing sent twice."""
    real.configure(misbehave=(Fault(kind="status", service="armox", status=status, count=None),))

    with pytest.raises(error, match=said) as caught:
        made(model=PICTURE)

    assert len(str(caught.value).splitlines()) <= 4
    assert "Nothing was charged" in str(caught.value)
    assert (status, 1) == (caught.value.code, requests(real, "armox create"))  # type: ignore[attr-defined]  # ProviderError has it
    assert [("refused", Decimal(0))] == ng.ledger().frame().select("status", "charged").rows()


def test_too_little_left_says_how_much(real: Handle) -> None:
    """The provider's own words, with what is needed and what there is, are in the error."""
    real.configure(credits=10)

    with pytest.raises(errors.InsufficientFunds, match="Required 70, available 10"):
        made(model=PICTURE)


def test_too_many_requests_are_waited_for(real: Handle) -> None:
    """A 429 is a refusal that passes: the create goes out again after the time the provider asks for."""
    fault = Fault(kind="status", service="armox", status=429, headers=(("Retry-After", "1"),))
    real.configure(misbehave=(fault,))

    one = made(model=PICTURE)

    assert ("saved", 1) == (one.status, accepted(real, "armox"))
    assert ["refused", "saved"] == ng.ledger().frame()["status"].to_list()


@pytest.mark.parametrize("kind", ["garbage", "half", "empty", "html", "list_instead"])
def test_a_reply_that_cannot_be_read_is_looked_for(real: Handle, kind: str) -> None:
    """Whatever the reply was spoilt by, the job is found in the list, paid once and brought home."""
    real.configure(immediate=False, misbehave=(Fault(kind=kind, service="armox"),))

    one = made(model=PICTURE)

    assert ("saved", 1) == (one.status, accepted(real, "armox"))


def test_the_limit_that_headers_tell_stops_nobody(real: Handle) -> None:
    """A small allowance with honest headers slows the work down and loses none of it."""
    real.configure(rate_limit=6, rate_window=1.0)

    several = ng.generate("a fox", model=PICTURE, samples=3, timeout=60)

    assert ["saved"] * 3 == [one.status for one in several]  # type: ignore[union-attr]  # several were asked for


def test_the_balance_is_what_the_account_says(real: Handle) -> None:
    """The doctor says what is left, in credits, and never the key."""
    made(model=PICTURE)

    said = ng.Client().doctor()

    assert "9930 credits left" in said
    assert "made-up" not in said


def test_the_ledger_has_the_account_and_no_key(real: Handle) -> None:
    """The ledger's row names the account by a fingerprint, is no sandbox row, and has every amount as reported."""
    one = made(model=PICTURE, tag="lesson")

    (row,) = ng.ledger().frame().to_dicts()
    assert ("armox", "google/nano-banana", "saved", False, "lesson") == tuple(
        row[name] for name in ("provider", "model", "status", "sandbox", "tag")
    )
    assert (Decimal(70), Decimal(70), Decimal(70), "reported") == tuple(
        row[name] for name in ("reserved", "charged", "net", "basis")
    )
    assert (one.job, one.id, str(one.path)) == (row["job"], row["id"], row["path"])
    assert 12 == len(row["account"])
