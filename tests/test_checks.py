"""What every adapter refuses before anything is sent: counts that are none, and parts of the request among the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notebookgen.errors import InvalidSetting
from notebookgen.providers import provider_class
from notebookgen.providers.counting import COUNTS, MOST_RESULTS, results_asked
from notebookgen.records import Generation, Model, Realm, Setting

if TYPE_CHECKING:
    from notebookgen.providers import Provider

UNKNOWN = {"armox": "some/thing", "apimodels": "some-thing", "apixo": "some-thing"}
PROVIDERS: dict[str, Provider] = {name: provider_class(name)() for name in UNKNOWN}


def prepared(model: str, known: Model | None = None, /, **settings: object) -> Generation:
    """Return what would be sent of a picture."""
    name, _, own = model.partition(":")
    return PROVIDERS[name].prepare(Generation(Realm(name, "0" * 12), own, "a fox", settings, kind="image"), known)


@pytest.mark.parametrize("value", [0, -1, True, False, 1.5, "0", "many", "", [2], {"a": 1}], ids=repr)
@pytest.mark.parametrize("name", sorted(UNKNOWN))
def test_a_number_of_results_that_is_none_is_refused(name: str, value: object) -> None:
    """Nobody is asked for no pictures, for minus one, or for "true" of them, also where the model is not known."""
    for key in sorted(COUNTS):
        said = f"takes '{key}' as a whole number of 1 or more(?s:.)*Nothing was sent"
        with pytest.raises(InvalidSetting, match=said):
            prepared(f"{name}:{UNKNOWN[name]}", **{key: value})


def test_more_results_than_any_call_makes_are_refused() -> None:
    """A number that no price could be multiplied by is a slip of the pen."""
    assert MOST_RESULTS == prepared("apimodels:some-thing", n=MOST_RESULTS).settings["n"]
    with pytest.raises(InvalidSetting, match="takes 'n' from 1 to 1000, not 1000000000000"):
        prepared("apimodels:some-thing", n=10**12)


@pytest.mark.parametrize(
    ("model", "settings", "said"),
    [
        ("apimodels:grok-image/grok-4.2-image", {"n": 0}, "takes 'n' as a whole number of 1 or more, not 0"),
        ("apimodels:grok-image/grok-4.2-image", {"n": True}, "takes 'n' as a whole number of 1 or more, not True"),
        ("apimodels:gpt-image-2-all", {"n": -1}, "takes 'n' as a whole number of 1 or more, not -1"),
        ("apixo:gpt-image-1", {"num_images": 3}, "takes 'num_images' as one of 1, 2, 4, not 3"),
        ("apixo:gpt-image-1", {"num_images": 0}, "takes 'num_images' as one of 1, 2, 4, not 0"),
        ("apixo:gpt-image-1", {"num_images": True}, "takes 'num_images' as one of 1, 2, 4, not True"),
        ("apixo:wan-2-5-image", {"num_images": 0, "mode": "text-to-image"}, "takes 'num_images' from 1 to 4, not 0"),
        ("apixo:seedream-4-5", {"max_images": -1, "mode": "text-to-image"}, "takes 'max_images' from 1 to 10, not -1"),
        ("apixo:seedream-4-5", {"max_images": True, "mode": "text-to-image"}, "takes 'max_images' as a whole number"),
    ],
)  # fmt: skip
def test_a_known_model_says_how_many_it_makes(model: str, settings: dict[str, object], said: str) -> None:
    """Where a page tells what may be asked for, the error tells it, too."""
    with pytest.raises(InvalidSetting) as caught:
        prepared(model, **settings)
    assert said in str(caught.value)
    assert "Nothing was sent" in str(caught.value)


@pytest.mark.parametrize(("given", "sent"), [(1, 1), (4, 4), ("2", 2), (2.0, 2)], ids=repr)
def test_a_number_of_results_passes(given: object, sent: int) -> None:
    """A plain number is sent in the page's type where a model is known, and as it was given where none is."""
    known = Model("apimodels", "some-thing", settings=(Setting("n", "integer"),))

    assert sent == prepared("apimodels:some-thing", known, n=given).settings["n"]
    assert float(sent) == float(str(prepared("apimodels:some-thing", n=given).settings["n"]))


def test_a_list_that_allows_none_is_believed() -> None:
    """A live list that gives its own least number is held against that one alone."""
    known = Model("armox", "some/thing", settings=(Setting("n", "integer", minimum=0, maximum=3),))

    assert 0 == prepared("armox:some/thing", known, n=0).settings["n"]


def test_every_number_that_is_checked_is_priced() -> None:
    """What is checked as a number of results multiplies a price, given as a number or as text."""
    for key in COUNTS:
        assert 3 == results_asked({key: 3}.get)[0] == results_asked({key: "3"}.get)[0]
    assert [6, 2] == list(results_asked({"n": 2, "max_images": 3}.get))
    assert [4, 4] == list(results_asked({"n": 2, "num_images": 4}.get))
    assert [1, 1] == list(results_asked({"n": None, "num_images": "many"}.get))


RESERVED = [
    *(("apimodels", key) for key in ("model", "callback_url")),
    *(("apixo", key) for key in ("model", "input", "request_type", "callback_url")),
    *(("armox", key) for key in ("model", "webhook_url")),
]
KNOWN = {"armox": "google/nano-banana", "apimodels": "grok-imagine/grok-imagine-image", "apixo": "nano-banana"}


@pytest.mark.parametrize("models", [KNOWN, UNKNOWN], ids=["known", "unknown"])
@pytest.mark.parametrize(("name", "key"), RESERVED)
def test_a_part_of_the_request_is_no_setting(name: str, key: str, models: dict[str, str]) -> None:
    """A setting can neither name another model than the one that was priced, nor have somebody else called."""
    with pytest.raises(InvalidSetting, match=f"'{key}' is no setting of {name}:(?s:.)*Nothing was sent"):
        prepared(f"{name}:{models[name]}", **{key: "https://example.com/x"})


def test_a_model_may_have_a_setting_of_that_name() -> None:
    """Where the provider's own list gives a model such a setting, it is the model's."""
    known = Model("armox", "some/thing", settings=(Setting("model", "string"),))

    assert "v2" == prepared("armox:some/thing", known, model="v2").settings["model"]
