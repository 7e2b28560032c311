"""The price list and the catalogue: that the data is sound, and what a generation costs by it."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebookgen.errors import InputError
from notebookgen.providers.apimodels import APIModels
from notebookgen.providers.apixo import APIXO
from notebookgen.providers.armox import Armox
from notebookgen.providers.pricing import known_model, known_models, prices
from notebookgen.records import Cost, Generation, InputImage, Realm
from notebookgen.sandbox import catalogue

if TYPE_CHECKING:
    from notebookgen.providers.base import Provider

PROVIDERS: dict[str, Provider] = {"armox": Armox(), "apixo": APIXO(), "apimodels": APIModels()}
TYPES = {"string", "integer", "number", "boolean", "url", "image", "object", "array", "array<url>", "unknown"}


def rows(name: str) -> list[dict[str, object]]:
    read: list[dict[str, object]] = json.loads(
        files("notebookgen.providers").joinpath(name).read_text(encoding="utf-8")
    )
    return read


def cost(model: str, prompt: str = "a lighthouse", *, images: int = 0, **more: object) -> Cost:
    provider, name = model.split(":", 1)
    pictures = tuple(InputImage(url=f"https://example.com/{at}.png") for at in range(images))
    return PROVIDERS[provider].price(Generation(Realm(provider, "a"), name, prompt, more, pictures), None)


def money(one: Cost) -> tuple[str | None, str | None, str | None]:
    return (None if one.low is None else f"{one.low.normalize():f}", None if one.amount is None else f"{one.amount.normalize():f}", one.unit)  # fmt: skip


def test_every_price_is_one_of_a_known_model_with_a_source() -> None:
    """Each line names a model of the catalogue, an exact amount, a unit, what it is per, where and when it was read."""
    known = {(row["provider"], row["id"]) for row in rows("catalogue.json")}
    for row in rows("prices.json"):
        assert (row["provider"], row["model"]) in known
        amount, low = Decimal(str(row["amount"])), Decimal(str(row["low"] or row["amount"]))
        assert isinstance(row["amount"], str)
        assert 0 < low <= amount
        assert row["unit"] in {"USD", "credits", "page credits", "CNY"}
        assert row["per"] in {"run", "image", "second", "1000 characters", "1M tokens"}
        assert row["source"]
        assert date(2026, 11, 21) == date.fromisoformat(str(row["as_of"]))


def test_a_count_that_the_list_does_not_speak_of_multiplies() -> None:
    """A price for a call holds for the settings that its page has; a number of results beside them may be charged."""
    assert ("70", "280", "credits") == money(cost("armox:google/nano-banana", num_images=4))
    assert ("0.06", "0.18", "USD") == money(cost("apimodels:veo-3.1-fast", n=3))
    assert (None, "404", "credits") == money(cost("armox:xai/grok-video-image-to-video", duration=4, n=2))
    assert (None, None, None) == money(cost("armox:google/nano-banana", num_images=10**9))


def test_every_price_depends_on_settings_that_exist() -> None:
    """What decides a price is a setting of the model with that value, or one that the model's page does not describe."""
    for row in rows("prices.json"):
        model = known_model(str(row["provider"]), str(row["model"]))
        assert model is not None
        when = row["when"]
        assert isinstance(when, dict)
        for key, value in when.items():
            setting = model.setting(key)
            assert setting is None or not setting.options or value in setting.options


def test_every_model_of_the_catalogue_is_sound() -> None:
    """Ids are unique, types are ours, defaults are among the options, and every model says where it is known from."""
    for name, provider in PROVIDERS.items():
        models = provider.catalogue()
        assert len(models) == len({model.id for model in models})
        for model in models:
            assert (name, False) == (model.provider, model.live)
            assert model.source
            assert model.kind in {"image", "video", "audio", "text"}
            for setting in model.settings:
                assert setting.type in TYPES
                assert not setting.options or setting.default is None or setting.default in setting.options
    assert [2, 39, 93] == [len(PROVIDERS[name].catalogue()) for name in ("armox", "apixo", "apimodels")]


def test_the_data_is_read_once_and_names_no_internals() -> None:
    """The catalogue comes from memory the second time, and speaks of the providers alone."""
    assert known_models("apixo")[0] is known_models("apixo")[0]
    text = files("notebookgen.providers").joinpath("catalogue.json").read_text(encoding="utf-8")
    assert [] == [word for word in ("find_string", "excerpt", "providers.md", "/work") if word in text]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (cost("armox:google/nano-banana"), (None, "70", "credits")),
        (cost("armox:xai/grok-video-image-to-video", duration=4), (None, "202", "credits")),
        (cost("armox:xai/grok-video-image-to-video", duration=8), (None, "404", "credits")),
        (cost("armox:xai/grok-video-image-to-video"), (None, None, None)),
        (cost("apixo:nano-banana"), (None, "0.03", "USD")),
        (cost("apixo:gpt-image-1", num_images=4), (None, "1.4", "USD")),
        (cost("apixo:gpt-image-2"), (None, "0.02", "USD")),
        (cost("apixo:gpt-image-2", resolution="4k"), (None, None, None)),
        (cost("apixo:flux-2"), ("0.05", "0.13", "USD")),
        (cost("apixo:flux-kontext", mode="max"), (None, "0.06", "USD")),
        (cost("apixo:seedream-4-5", max_images=4), ("0.04", "0.16", "USD")),
        (cost("apixo:seedream-4-5", max_images=0.5), (None, "0.04", "USD")),
        (cost("apixo:sora-2"), ("0.1", "0.15", "USD")),
        (cost("apixo:veo-3-1", mode="fast"), (None, "0.2", "USD")),
        (cost("apixo:suno", mode="V5"), (None, "0.12", "USD")),
        (cost("apixo:midjourney"), (None, None, None)),
        (cost("apixo:brand-new"), (None, None, None)),
        (cost("apimodels:grok-image/grok-4.2-image", n=2), ("0.015", "0.06", "USD")),
        (cost("apimodels:grok-4.2-image"), ("0.0075", "0.03", "USD")),
        (cost("apimodels:gpt-image-2"), ("0.025", "0.05", "USD")),
        (cost("apimodels:gpt-image-2", resolution="2K"), (None, "0.03", "USD")),
        (cost("apimodels:gpt-image-2-lite"), ("0.008", "0.04", "USD")),
        (cost("apimodels:gpt-image-2-all"), ("0.005", "0.23", "USD")),
        (cost("apimodels:gpt-image-2-all", quality="auto", resolution="2K"), (None, "0.04", "USD")),
        (cost("apimodels:gpt-image-2-all", quality="low"), ("0.005", "0.06", "USD")),
        (cost("apimodels:gpt-image-2.5-flare", resolution="4K", quality="max"), (None, "0.3", "USD")),
        (cost("apimodels:gpt-image-2.5-flare", resolution="4K", quality="low"), ("0.008", "0.3", "USD")),
        (cost("apimodels:doubao-seedream-5-0-pro", resolution="1K"), ("0.03", "0.076", "USD")),
        (cost("apimodels:doubao-seedream-5-0-flash"), (None, "0.03", "USD")),
        (cost("apimodels:doubao-seedream-5-0-flash", layer_decomposition=True), ("0.03", "0.51", "USD")),
        (cost("apimodels:kling-v2"), (None, "0.076", "page credits")),
        (cost("apimodels:kling-v2", images=3), (None, "0.302", "page credits")),
        (cost("apimodels:kling-v2-1", images=1), (None, "0.045", "USD")),
        (cost("apimodels:qwen3-image", images=3), ("0.043", "0.047", "USD")),
        (cost("apimodels:flux-2-klein-4b", images=2), (None, "0.009", "USD")),
        (cost("apimodels:flux-2-klein-4b", image_urls=["https://a.example/1", "https://a.example/2"]), (None, "0.009", "USD")),
        (cost("apimodels:grok-video-3"), ("0.028", "0.08", "USD")),
        (cost("apimodels:kling-v2-6", mode="std", duration="5"), (None, "0.0159", "USD")),
        (cost("apimodels:kling-v2-6", mode="pro", duration=10), ("0.0531", "0.1275", "USD")),
        (cost("apimodels:kling-v3", mode="std", duration="10"), ("0.633", "0.956", "USD")),
        (cost("apimodels:kling-v3"), ("0.1899", "1.92", "USD")),
        (cost("apimodels:seedance2-a/seedance-2.0-a", resolution="720p", duration=5), (None, "0.735", "USD")),
        (cost("apimodels:seedance-2.5", resolution="480p", duration=-1), ("0.48", "4.02", "USD")),
        (cost("apimodels:kling-motion-control"), ("0.06", "3.6", "USD")),
        (cost("apimodels:eleven-tts-v3", "x" * 2000), (None, "1", "CNY")),
        (cost("apimodels:minimax-speech-02-turbo", "x" * 500), (None, "0.02", "USD")),
        (cost("apimodels:minimax-speech-02-turbo", "", text="x" * 500), (None, "0.02", "USD")),
        (cost("apimodels:claude-sonnet-4-6"), (None, None, None)),
        (cost("apimodels:p-video"), (None, None, None)),
    ],
)  # fmt: skip
def test_a_generation_costs_what_the_list_says(
    asked: Cost, expected: tuple[str | None, str | None, str | None]
) -> None:
    """The highest where sources disagree or a deciding setting is left out, the lowest beside it, times what is asked for."""
    assert expected == money(asked)
    assert ("unknown" if asked.amount is None else "listed") == asked.basis


def test_a_price_says_where_it_comes_from_and_what_it_is_per() -> None:
    """Sources, dates, other units and rates per token are told in the note."""
    assert "an older page says 0.151 page credits" in cost("apimodels:kling-v3-image").note
    assert "2026-11-21" in cost("apixo:nano-banana").note
    assert "18 CNY per 1M tokens (input), 90 CNY per 1M tokens (output)" == cost("apimodels:claude-sonnet-4-6").note


def test_a_rate_says_where_it_comes_from() -> None:
    """A film whose length nobody knows has no price; the rate is told, and that one example stands behind it."""
    film = known_model("armox", "xai/grok-video-image-to-video")
    assert film is not None
    assert (None, "50.5 credits per second; by the page's one example: 4 s were charged 202 credits") == (
        film.cost.amount,
        film.cost.note,
    )


def test_a_models_own_cost_is_that_of_its_base_settings() -> None:
    """The list of models shows what one run costs as far as that is known without settings."""
    costs = {model.id: money(model.cost) for model in known_models("apimodels")}
    assert ("0.025", "0.05", "USD") == costs["gpt-image-2"]
    assert (None, None, None) == costs["minimax-speech-02-turbo"]


def combinations(model: catalogue.Model) -> list[dict[str, object]]:
    """Return settings that a price may depend on, in all combinations, a few hundred at most."""
    axes: list[list[tuple[str, object]]] = []
    for name, rule in model.settings.items():
        if name in {"resolution", "quality", "mode", "duration", "n", "num_images", "max_images", "sound"}:
            values = list(rule.get("options", ())) or ([5, 10] if name == "duration" else [2])
            axes.append([(name, value) for value in (None, *values[:4])])
    chosen = itertools.islice(itertools.product(*axes), 400)
    return [{name: value for name, value in one if value is not None} for one in chosen]


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_the_sandbox_charges_what_the_price_list_says(name: str) -> None:
    """Of every real model that has a price: whatever the settings, the play charge lies within the range that is quoted."""
    compared = 0
    for model in catalogue.models(name).values():
        for more in combinations(model) if not model.id.startswith("sandbox/") else ():
            try:
                asked = PROVIDERS[name].prepare(
                    Generation(Realm(name, "a"), model.id, "a fox", more, kind=model.kind),  # type: ignore[arg-type]  # a text
                    None,
                )
            except InputError:
                continue
            quoted = PROVIDERS[name].price(asked, None)
            if quoted.amount is None or quoted.unit not in {"USD", "credits"}:
                continue
            values = {**asked.settings, "prompt": "a fox"}
            charged = model.cost(values, count=catalogue.count_of(model, values))
            assert (quoted.low or quoted.amount) <= charged <= quoted.amount, (model.id, more, str(quoted), charged)
            compared += 1
    assert compared >= {"armox": 1, "apixo": 10, "apimodels": 100}[name]


def test_an_alias_is_the_same_model() -> None:
    """The bare id and the one with a prefix are one model, each under the id that was asked for."""
    bare, full = known_model("apimodels", "grok-4.2-image"), known_model("apimodels", "grok-image/grok-4.2-image")
    assert bare is not None
    assert full is not None
    assert replace(bare, id=full.id) == full


PRICED = [(name, model) for name in PROVIDERS for model in prices(name)]
VALUES = st.one_of(st.sampled_from(("1K", "2K", "4k", "720p", "std", "pro", "low", "5", "-1", "", "1e9", "²")), st.integers(-5, 40), st.booleans(), st.floats(), st.lists(st.integers(), max_size=2))  # fmt: skip
KEYS = st.sampled_from(
    ("n", "num_images", "max_images", "duration", "resolution", "quality", "mode", "text", "image_urls")
)


@settings(deadline=None, database=None)
@given(st.sampled_from(PRICED), st.dictionaries(KEYS, VALUES, max_size=4), st.text(max_size=20), st.integers(0, 4))
def test_no_settings_break_the_pricing(
    which: tuple[str, str], more: dict[str, object], prompt: str, images: int
) -> None:
    """Whatever is asked for, a price is a finite amount not below its lowest, or unknown."""
    finite = {key: value for key, value in more.items() if not isinstance(value, float) or value - value == 0}
    one = cost(f"{which[0]}:{which[1]}", prompt, images=images, **finite)
    assert one.amount is None or (one.amount.is_finite() and one.amount >= (one.low or 0) >= 0)
    assert (one.amount is None) == (one.unit is None) == (one.basis == "unknown")
