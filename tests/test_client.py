"""``Client`` and the front door: which model and which account is meant, settings, the sandbox, prices, the models' frame."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import notebookgen as ng
from notebookgen import errors
from notebookgen.sandbox import Fault, start
from notebookgen.sandbox.embedded import current
from scripted import until
from three_services import KEYS, NOWHERE, QUICK, SMALL, WAYS, accepted, made, numbered, requests, sent, services

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebookgen.sandbox import Handle

PICTURE = "armox:google/nano-banana"
GROK = "apimodels:grok-image/grok-4.2-image"
NANO = "apixo:nano-banana"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[Handle]:
    """The embedded sandbox with quick jobs, answering because there is no key, and not because it was asked for."""
    with services("embedded", monkeypatch) as handle:
        ng.configure(sandbox=None)
        yield handle


# Which model, which account --------------------------------------------------------------------------------------


def test_without_a_key_and_a_name_the_sandbox_answers(quick: Handle) -> None:
    """With no key anywhere and nothing named, the sandbox makes a picture, marked so in the ledger, with no budget."""
    one = made()

    assert ("armox:sandbox/picture", "saved") == (one.model, one.status)
    assert [True] == ng.ledger().frame()["sandbox"].to_list()
    assert 0 == ng.ledger().totals().height


@pytest.mark.parametrize("name", ["armox", "apimodels", "apixo"])
def test_a_provider_that_is_named_is_never_the_sandbox(quick: Handle, name: str) -> None:
    """Where a provider is named and its key is missing, that is an error that says how to set it: no silent sandbox."""
    model = {"armox": PICTURE, "apimodels": GROK, "apixo": "apixo:nano-banana"}[name]

    with pytest.raises(errors.MissingKey, match=f"{name.upper()}_API_KEY") as caught:
        made(model=model)
    with pytest.raises(errors.MissingKey, match=f"set {name.upper()}_API_KEY before Python starts"):
        ng.Client(name).generate("a fox", model=model.partition(":")[2])

    assert len(str(caught.value).splitlines()) <= 4
    assert 0 == requests(quick, "create")


def test_a_key_of_one_provider_opens_no_other(quick: Handle, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one key set, another provider's model is still an error, and an unnamed model is not picked."""
    monkeypatch.setenv("APIXO_API_KEY", "made-up")

    with pytest.raises(errors.MissingKey, match="ARMOX_API_KEY"):
        made(model=PICTURE)
    with pytest.raises(errors.UnknownModel, match="none is picked for you"):
        made()

    assert 0 == requests(quick, "create")


def test_without_a_model_prices_are_shown(real: Handle) -> None:
    """With keys and no model, the answer is a list with prices and how to name one; nothing is sent."""
    with pytest.raises(errors.UnknownModel, match="0\\.0075") as caught:
        made()

    assert "ng.configure(model=" in str(caught.value)
    assert 0 == requests(real, "create")


def test_the_configured_model(real: Handle) -> None:
    """A model that is configured is used where none is named; a named one wins."""
    ng.configure(model=PICTURE)

    assert (PICTURE, GROK) == (made().model, made(model=GROK).model)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "model"),
    [("google/nano-banana", PICTURE), ("grok-image/grok-4.2-image", GROK), ("midjourney", "apixo:midjourney")],
)
def test_a_model_without_its_provider(real: Handle, name: str, model: str) -> None:
    """A model id that one provider alone has is enough."""
    assert model == made(model=name).model


def test_a_model_of_the_sandbox_without_its_provider(real: Handle) -> None:
    """The sandbox's own models exist nowhere else: their name is enough, keys or not, and nobody else is asked for one."""
    one = made(model="sandbox/text")
    (row,) = ng.map(pl.DataFrame({"model": ["sandbox/text"]}), "a fox", model=ng.col("model"))
    known = ng.Client().model("sandbox/text")

    assert ["armox:sandbox/text"] * 3 == [one.model, row.model, str(known)]
    assert known == ng.Client().model("armox:sandbox/text")
    assert [True] == ng.ledger().frame()["sandbox"].to_list()
    assert {} == real.state()["requests"]


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        (
            "gpt-image-2",
            errors.UnknownModel,
            r"none is picked.*\n.*apimodels:gpt-image-2 0.0.*; apixo:gpt-image-2 0.02 USD",
        ),
        ("armx:google/nano-banana", errors.UnknownProvider, "Did you mean 'armox'"),
        ("nano-bananna", errors.UnknownModel, "Did you mean 'apixo:nano-banana"),
        ("armox:", errors.UnknownModel, "names no model"),
        ("sandbox/txet", errors.UnknownModel, "Did you mean 'sandbox/text'"),
        ("Sandbox/text", errors.UnknownModel, "Did you mean 'armox:sandbox/text'"),
        ("picture", errors.UnknownModel, "Did you mean 'armox:sandbox/picture'"),
    ],
)
def test_near_misses(real: Handle, name: str, error: type[Exception], said: str) -> None:
    """A name that is not quite one says what was meant; nothing is sent."""
    with pytest.raises(error, match=said):
        made(model=name)

    assert 0 == requests(real, "create")


@pytest.mark.parametrize("slip", ["bugdet", "sample", "freshh", "modle", "timeot"])
def test_a_slip_of_the_pen_buys_nothing(real: Handle, slip: str) -> None:
    """A keyword that is nearly an option of ``generate`` is an error and no setting."""
    with pytest.raises(errors.InvalidCall, match=f"'{slip}' is no option"):
        made(model=PICTURE, **{slip: 3})

    assert 0 == requests(real, "create")


@pytest.mark.slow
def test_a_setting_with_a_name_near_an_option(real: Handle) -> None:
    """``settings`` takes anything, and a setting that a model has may be as near to an option as it likes."""
    assert "saved" == made(model="apixo:nano-banana", mode="text-to-image").status
    assert (
        {"modle": 3} == {key: sent(real)[key] for key in ("modle",)} if made(model=GROK, settings={"modle": 3}) else {}
    )


# A client of its own ---------------------------------------------------------------------------------------------


def test_a_client_with_its_own_key_and_address() -> None:
    """A client's own key and address are used for its provider, with nothing in the environment."""
    with start(seconds=QUICK, pixels=SMALL) as handle:
        client = ng.Client("armox", api_key=KEYS["armox"], base_url=handle.base_urls["armox"])
        one = client.generate("a fox", model="google/nano-banana", timeout=30)
        listed = {row["model"]: row["live"] for row in client.models().to_dicts()}
        client.close()

    assert isinstance(one, ng.Result)
    assert ("saved", PICTURE) == (one.status, one.model)
    assert listed[PICTURE] is True
    assert [False] == client.ledger().frame()["sandbox"].to_list()
    assert KEYS["armox"] not in repr(client)


def test_two_accounts_share_nothing(real: Handle) -> None:
    """The same content asked for with two keys is two purchases: what one account paid for is not the other's."""
    first = made(model=PICTURE)
    other = ng.Client("armox", api_key="another-made-up-key").generate("a fox", model="google/nano-banana", timeout=30)

    assert isinstance(other, ng.Result)
    assert first.id != other.id
    assert (False, 2) == (other.cached, accepted(real, "armox"))


def test_a_client_of_one_provider(real: Handle) -> None:
    """A client asks its own provider only; a key without a provider makes no sense."""
    with pytest.raises(errors.InvalidCall, match="asks armox"):
        ng.Client("armox").generate("a fox", model=GROK)
    with pytest.raises(errors.UnknownProvider, match="Did you mean 'armox'"):
        ng.Client("armax")
    with pytest.raises(errors.InvalidCall, match="belongs to one provider"):
        ng.Client(api_key="made-up")

    assert 0 == requests(real, "create")


@pytest.mark.slow
def test_an_address_that_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider's new address holds from the next call on, for the same account in the same kernel."""
    monkeypatch.setenv("APIXO_API_KEY", KEYS["apixo"])
    with start(seconds=QUICK, pixels=SMALL) as before, start(seconds=QUICK, pixels=SMALL) as after:
        monkeypatch.setenv("APIXO_BASE_URL", before.base_urls["apixo"])
        made(model="apixo:nano-banana")
        monkeypatch.setenv("APIXO_BASE_URL", after.base_urls["apixo"])
        made("a crow", model="apixo:nano-banana")
        ng.Client().close()

        assert (1, 1) == (accepted(before, "apixo"), accepted(after, "apixo"))


# Settings --------------------------------------------------------------------------------------------------------


def test_settings_that_change_hold_at_once(real: Handle) -> None:
    """What is configured after the first call holds for the next one: here how long a lost create is waited for."""
    ng.configure(settle=3000)
    made(model=PICTURE)
    ng.configure(settle=0.1)
    real.configure(misbehave=(Fault(kind="lost_before", service="armox"),))

    assert "saved" == made("a crow", model=PICTURE).status


def test_a_wrong_setting_changes_nothing(real: Handle) -> None:
    """A name that is no setting, or a value that makes no sense, is an error with the near miss; nothing changes."""
    with pytest.raises(errors.SettingsError, match="Did you mean 'concurrency'"):
        ng.configure(concurency=3, timeout=5)
    with pytest.raises(errors.SettingsError, match="a whole number from 1 to 1000"):
        ng.configure(timeout=5, concurrency=0)

    assert (None, 16) == (ng.settings().timeout, ng.settings().concurrency)


@pytest.mark.slow
def test_the_configured_timeout_ends_the_wait(real: Handle) -> None:
    """A timeout ends the wait and not the job: the error says how to go on, and the same call picks it up."""
    real.configure(seconds=(1.5, 1.5), immediate=False)
    ng.configure(timeout=0.2)

    with pytest.raises(errors.StillRunning, match="nothing is lost"):
        ng.generate("a fox", model=PICTURE)
    one = made(model=PICTURE)

    assert ("saved", 1) == (one.status, accepted(real, "armox"))


def test_a_budget_in_a_unit_that_nobody_takes(real: Handle) -> None:
    """It is refused before the provider is asked for anything, and the message says in what is paid."""
    with pytest.raises(errors.InvalidCall, match="Armox is paid in credits") as caught:
        ng.generate("a fox", model=PICTURE, budget="5 EUR")

    assert (3 >= len(str(caught.value).splitlines()), {}) == (True, real.state()["requests"])


@pytest.mark.parametrize("way", WAYS)
def test_your_own_prices(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """A price that the user tells is what is reserved; what the provider reports is what it cost."""
    with services(way, monkeypatch):
        ng.configure(prices={PICTURE: "120"})
        with pytest.raises(errors.BudgetExceeded, match="needs 120 credits"):
            made(model=PICTURE, budget=100)
        one = made(model=PICTURE, budget=120)

        (row,) = ng.ledger().frame().to_dicts()
    assert (Decimal(120), Decimal(70), "reported") == (row["reserved"], row["charged"], row["basis"])
    assert Decimal(70) == one.cost.amount


def test_credits_in_dollars(real: Handle) -> None:
    """With a price for a credit the ledger shows dollars beside credits; without one it shows none."""
    made(model=PICTURE)
    made(model=GROK)

    unknown = ng.ledger().frame()["usd"].to_list()
    ng.configure(credit_price={"armox": "0.001"})

    assert [None, Decimal("0.0075")] == unknown
    assert [Decimal("0.07"), Decimal("0.0075")] == ng.ledger().frame()["usd"].to_list()


# The sandbox -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_sandbox_takes_every_name(real: Handle) -> None:
    """Inside ``with ng.sandbox()`` every provider's name goes to this machine, keys or no keys; afterwards none does."""
    with ng.sandbox(seconds=QUICK, pixels=SMALL) as box:
        models = [PICTURE, GROK, "apixo:nano-banana"]
        inside = [made(model=model) for model in models]
        assert [1, 1, 1] == [accepted(box, name) for name in KEYS]  # type: ignore[arg-type]  # it has the same state()
    outside = made(model=GROK)

    assert models == [one.model for one in inside]
    assert [True, True, True, False] == ng.ledger().frame()["sandbox"].to_list()
    assert ("saved", False, 1) == (outside.status, outside.cached, accepted(real, "apimodels"))
    assert ng.settings().sandbox is False


def test_a_sandbox_that_fails_does_so_until_it_ends(quick: Handle) -> None:
    """What was asked of a sandbox ends with it, and one that was there before behaves as it did."""
    with ng.sandbox(fail=1.0, seconds=QUICK, pixels=SMALL):
        with pytest.raises(errors.JobFailed):
            made()
        with ng.sandbox(fail=0.0) as inner:
            assert "saved" == made("a crow").status
            inner.stop()
        with pytest.raises(errors.JobFailed):
            made("a wolf")

    assert "saved" == made("a bear").status
    assert current() is not None
    assert (QUICK, 0.0) == (quick.behaviour.seconds, quick.behaviour.fail)


def test_a_sandbox_after_another(quick: Handle) -> None:
    """A sandbox that is started anew, at another address, is found by the same kernel."""
    first = made()
    from notebookgen.sandbox.embedded import stop

    stop()
    with ng.sandbox(seconds=QUICK, pixels=SMALL):
        second = made("a crow")

    assert ("saved", "saved") == (first.status, second.status)


def test_the_sandboxs_models_need_no_switch(real: Handle) -> None:
    """A model that only the sandbox has names the sandbox, also where there are keys; nothing goes to the provider."""
    one = made(model="armox:sandbox/text")

    assert ("saved", 0) == (one.status, requests(real, "create"))
    assert [True] == ng.ledger().frame()["sandbox"].to_list()


# Frames ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_the_models_frame(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """One row for each model of each provider, typed, with an exact price or null; one provider's on request."""
    with services(way, monkeypatch):
        frame = ng.models()
        own = ng.models("apixo")

    assert {
        "model": pl.String, "kind": pl.String, "name": pl.String, "cost": frame.schema["cost"],
        "unit": pl.String, "settings": pl.List(pl.String), "live": pl.Boolean, "source": pl.String,
    } == dict(frame.schema)  # fmt: skip
    assert isinstance(frame.schema["cost"], pl.Decimal)
    assert ["apimodels", "apixo", "armox"] == sorted(set(frame["model"].str.split(":").list.first()))
    assert frame["model"].n_unique() == frame.height
    assert frame.filter(pl.col("cost").is_not_null() & pl.col("unit").is_null()).is_empty()
    assert ["apixo"] == sorted(set(own["model"].str.split(":").list.first()))


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("trouble", ["nowhere", "key"])
def test_a_provider_that_cannot_be_asked_hides_no_other(
    real: Handle, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    """Its catalogue is listed with the others' models, a warning names it; asked for alone, the reason is an error."""
    if trouble == "nowhere":
        monkeypatch.setenv("ARMOX_BASE_URL", NOWHERE)
    else:
        real.configure(misbehave=(Fault(kind="status", service="armox", purpose="models", status=401, count=None),))
    with pytest.warns(UserWarning, match=r"^Armox could not be asked for its models") as warned:
        frame = ng.models()

    assert [__file__] == [one.filename for one in warned]
    with pytest.warns(UserWarning, match="Armox could not be asked") as warned:
        ng.Client().models()
    assert [__file__] == [one.filename for one in warned]
    assert ["apimodels", "apixo", "armox"] == sorted(set(frame["model"].str.split(":").list.first()))
    assert "apixo:nano-banana" == str(ng.Client().model("apixo:nano-banana"))
    with pytest.raises(errors.UnknownModel, match=r"no model is named 'nonsuch'.\nArmox could not be asked"):
        ng.Client().model("nonsuch")
    with pytest.raises((errors.TransportError, errors.ProviderError)):
        ng.models("armox")


def test_the_models_of_a_provider_nobody_has(real: Handle) -> None:
    """A provider that is not there is named with the near miss."""
    with pytest.raises(errors.UnknownProvider, match="Did you mean 'apixo'"):
        ng.models("apixxo")


def test_runs_and_the_ledger_of_nothing() -> None:
    """Before anything was asked for, both frames are empty and have their columns."""
    assert (0, 0) == (ng.ledger().frame().height, ng.runs().height)
    assert {"status", "charged", "net", "basis", "sandbox"} <= set(ng.ledger().frame().columns)
    assert {"run", "saved", "open", "ambiguous"} <= set(ng.runs().columns)


def test_a_run_is_one_row(real: Handle) -> None:
    """A run of several is one row with its counts and its cost; its tag is kept."""
    ng.generate("a fox", model=PICTURE, samples=3, tag="lesson", timeout=60)

    (row,) = ng.runs().to_dicts()
    assert (3, 3, 0, Decimal(210), "credits", "lesson", False) == tuple(
        row[name] for name in ("rows", "saved", "open", "net", "unit", "tag", "sandbox")
    )


# Asked again -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_the_same_content_is_paid_once(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """However often it is asked for, also at once from several threads; ``fresh`` and ``samples`` ask for more."""
    with services(way, monkeypatch) as box:
        results: list[Any] = []
        threads = [threading.Thread(target=lambda: results.append(made(model=PICTURE))) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(30)
        again, fresh = made(model=PICTURE), made(model=PICTURE, fresh=True)
        three = ng.generate("a fox", model=PICTURE, samples=3, timeout=30)

        assert 3 == accepted(box, "armox")
    assert (1, True, False) == (len({one.id for one in results}), again.cached, fresh.cached)
    assert [0, 1] == [again.sample, fresh.sample]
    assert [True, True, False] == [one.cached for one in three]  # type: ignore[union-attr]  # several were asked for


def test_background(real: Handle) -> None:
    """In the background the result comes back at once, under way, and ``wait`` waits for it."""
    real.configure(immediate=False, seconds=(0.5, 0.5))
    one = ng.generate("a fox", model=PICTURE, background=True)

    assert isinstance(one, ng.Result)
    assert (False, None) == (one.done, one.path)
    assert "saved" == one.wait(30).status


def test_the_same_call_in_the_background_is_the_same_run(real: Handle) -> None:
    """While it goes on it is given once more, as it is for frames; what was said beside it makes it another one."""
    real.configure(immediate=False, seconds=(60.0, 60.0))
    asked: dict[str, Any] = {"model": PICTURE, "background": True}
    first, two = ng.generate("a fox", **asked), ng.generate("a fox", samples=2, **asked)
    again = [ng.generate("a fox", **asked), ng.Client().generate(" a fox", **asked)]
    others = [ng.generate("a fox", tag="other", **asked), ng.generate("a fox", fresh=True, **asked)]
    others += [ng.generate("a fox", fresh=True, **asked)]

    assert [True] * 3 == [one is first for one in again] + [ng.generate("a fox", samples=2, **asked) is two]
    assert 5 == len({one.handle.id for one in (first, two, *others)}) == ng.runs()["run"].n_unique()


@pytest.mark.parametrize("way", ["stopped", "cancelled", "closed"])
def test_what_no_longer_goes_on_is_begun_again_by_the_same_call(real: Handle, way: str) -> None:
    """A run that was stopped or cancelled, or whose engine has ended, is not given in the place of a new one."""
    real.configure(immediate=False, seconds=(60.0, 60.0))
    one = ng.generate("a fox", model=NANO, background=True)
    rows = ng.map(numbered(2), "fox {n}", model=NANO, background=True, concurrency=1)
    until(lambda: one.job is not None and rows[0].job is not None)  # type: ignore[union-attr]  # one was asked for
    if way == "stopped":
        one.handle.stop()
        rows.handle.stop()
    elif way == "cancelled":  # a service that takes no cancelling: what was accepted goes on there
        one.cancel()
        rows.cancel()
    else:
        ng.Client().close()

    assert one is not ng.generate("a fox", model=NANO, background=True)
    assert rows is not ng.map(numbered(2), "fox {n}", model=NANO, background=True, concurrency=1)


def test_a_quote_sends_nothing(real: Handle) -> None:
    """What would be sent and what it would cost is told without buying; afterwards it says that it is paid for."""
    quote = ng.Client().quote("a fox", model=PICTURE)
    made(model=PICTURE)

    assert ("new", Decimal(70), 1) == (quote.state, quote.cost.amount, accepted(real, "armox"))
    assert "cached" == ng.Client().quote("a fox", model=PICTURE).state


def test_resume_brings_home_what_a_kernel_left(real: Handle) -> None:
    """A job left under way by a client that ended is polled and downloaded by the next one; nothing is bought."""
    real.configure(immediate=False, seconds=(0.5, 0.5))
    one = ng.generate("a fox", model=PICTURE, background=True)
    assert isinstance(one, ng.Result)
    pause = threading.Event()
    while one.job is None:
        assert not pause.wait(0.05)
    ng.Client().close()

    (found,) = ng.resume()

    assert ("saved", one.job, 1) == (found.status, found.job, accepted(real, "armox"))


def test_an_empty_key_is_not_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that was meant to be given and is empty is refused; another account's key never takes its place."""
    monkeypatch.setenv("ARMOX_API_KEY", "sk_live_of_somebody_else")
    with pytest.raises(errors.InvalidCall, match="empty"):
        ng.Client("armox", api_key=" ")
