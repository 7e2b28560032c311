"""The nouns: identity is exactly the content, equal forms are equal, nothing can be changed."""

from __future__ import annotations

import dataclasses
import math
import re
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookgen.errors import InvalidSetting
from notebookgen.normal import (
    amount_words,
    canonical_json,
    count_words,
    duration,
    json_value,
    plain_number,
    plain_text,
    sample_id,
)
from notebookgen.records import Asset, Cost, Generation, InputImage, Job, Model, Phase, Realm, Setting

REALM = Realm("armox", "0123456789ab")
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=6)  # fmt: skip


def wanted(
    prompt: str = "a fox", *, realm: Realm = REALM, model: str = "google/nano-banana", **more: Any
) -> Generation:
    return Generation(realm, model, prompt, **more)


# Identity --------------------------------------------------------------------------------------------------------


def test_the_same_content_has_the_same_id() -> None:
    """The order of the settings, white space around the text, line ends and how a number is spelled make no difference."""
    one = wanted("  a fo\u0301x\r\nin snow ", settings={"b": 4.0, "a": Decimal("0.50"), "none": None})
    other = wanted("a f\u00f3x\nin snow", settings={"a": 0.5, "b": 4})

    assert one.id == other.id
    assert one == other
    assert {"a": 0.5, "b": 4} == dict(one.settings)


def test_every_part_of_the_content_counts() -> None:
    """Realm, model, prompt, settings, images, their order and fields, and the sample: change one and it is another."""
    image, other = InputImage(url="https://a.example/1"), InputImage(url="https://a.example/2")
    ids = [
        wanted().id,
        wanted("a cat").id,
        wanted(model="other").id,
        wanted(realm=Realm("apixo", "0123456789ab")).id,
        wanted(realm=Realm("armox", "ba9876543210")).id,
        wanted(realm=Realm("armox", "0123456789ab", sandbox=True)).id,
        wanted(settings={"a": 1}).id,
        wanted(settings={"a": "1"}).id,
        wanted(settings={"a": True}).id,
        wanted(images=(image,)).id,
        wanted(images=(image, other)).id,
        wanted(images=(other, image)).id,
        wanted(images=(dataclasses.replace(image, field="mask"),)).id,
        wanted(images=(dataclasses.replace(image, listed=False),)).id,
        wanted(images=(InputImage(sha256="0" * 64),)).id,
        wanted(sample=1).id,
        wanted(sample=2).id,
    ]

    assert len(ids) == len(set(ids))
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in ids)


def test_how_an_image_was_held_makes_no_difference() -> None:
    """An image of this machine is its bytes: name, length and type tell nothing that the hash does not."""
    one = InputImage(sha256="0" * 64, mime="image/png", size=5)

    assert wanted(images=(one,)).id == wanted(images=(InputImage(sha256="0" * 64),)).id


def test_an_id_is_the_same_in_every_version() -> None:
    """Ids are in people's ledgers: if this changes, everything would be bought again."""
    generation = wanted(
        "a fox", settings={"aspect_ratio": "16:9", "n": 2}, images=(InputImage(url="https://a.example/1"),)
    )

    assert "4274308ea2ddbe3eb6fec46e78e3c069" == generation.id
    assert generation.content == generation.id
    assert generation.content == generation.with_sample(3).content
    assert sample_id(generation.content, 3) == generation.with_sample(3).id


@given(st.text(max_size=30), st.dictionaries(st.text(max_size=5), VALUES, max_size=4))
def test_identity_is_stable(prompt: str, settings: dict[str, Any]) -> None:
    """Made again from its own normalised parts, in any order, a generation has the same id."""
    one = wanted(prompt, settings=settings)
    again = wanted(one.prompt, settings=dict(reversed(list(one.settings.items()))))

    assert one.id == again.id
    assert dict(one.settings) == dict(again.settings)


def test_nothing_can_be_changed() -> None:
    """Records are frozen, the settings inside a generation too: an id cannot come to name something else."""
    settings = {"a": 1}
    generation = wanted(settings=settings)
    before = generation.id
    settings["a"] = 2

    assert ({"a": 1}, before) == (dict(generation.settings), generation.id)
    with pytest.raises(dataclasses.FrozenInstanceError):
        generation.prompt = "a cat"  # type: ignore[misc]  # that it cannot be set is the test
    with pytest.raises(TypeError):
        generation.settings["a"] = 3  # type: ignore[index]  # likewise
    for cls in (Asset, Cost, Generation, InputImage, Job, Model, Realm, Setting):
        assert cls.__dataclass_params__.frozen  # type: ignore[attr-defined]  # how a dataclass says it


def test_how_they_are_written() -> None:
    """Realms, models and costs read as people write them."""
    assert ("armox/0123456789ab", "armox/sandbox") == (str(REALM), str(Realm("armox", "x", sandbox=True)))
    assert "armox:google/nano-banana" == wanted().full_model == str(Model("armox", "google/nano-banana"))
    assert "unknown" == str(Cost())
    assert "70 credits" == str(Cost(Decimal(70), "credits", "reported"))
    assert "0.0075-0.03 USD (listed)" == str(Cost(Decimal("0.030"), "USD", "listed", low=Decimal("0.0075")))
    assert "0.0075-0.03 USD" == Cost(Decimal("0.030"), "USD", "listed", low=Decimal("0.0075")).words
    assert "1 credit" == str(Cost(Decimal("1.0"), "credits", "reported"))
    assert ["1 USD", "0 credits", "1.5 credits"] == [
        amount_words(Decimal(1), "USD"),
        amount_words(Decimal(0), "credits"),
        amount_words(Decimal("1.50"), "credits"),
    ]
    assert ["1 image", "2 images", "3 dice"] == [
        count_words(1, "image"),
        count_words(2, "image"),
        count_words(3, "die", "dice"),
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.0 s"),
        (0.44, "0.4 s"),
        (9.949, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (75, "1 min 15 s"),
        (200, "3 min 20 s"),
        (3599.7, "1 h"),
        (7500, "2 h 5 min"),
    ],
)
def test_a_duration_is_told_in_the_same_words_everywhere(seconds: float, words: str) -> None:
    """Below a result, in a run's last line and in a plan: one home for it, whole minutes and hours where there are any."""
    from notebookgen.media import captions

    assert (words, duration) == (duration(seconds), captions.duration)


def test_a_phase_is_over_or_not() -> None:
    """Two phases go on, three have ended."""
    assert [Phase.COMPLETED, Phase.FAILED, Phase.CANCELLED] == [one for one in Phase if one.over]


def test_a_model_finds_its_settings() -> None:
    """By name; None where there is none."""
    model = Model("armox", "x", settings=(Setting("a"), Setting("b")))

    assert (Setting("b"), None) == (model.setting("b"), model.setting("c"))


# Equal forms -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (4.0, 4),
        (0.5, 0.5),
        (Decimal("4.00"), 4),
        (Decimal("0.25"), 0.25),
        (-0.0, 0),
        (True, True),
        (None, None),
        (" e\u0301 ", "\u00e9"),
        ((1, 2.0), [1, 2]),
        ({"b": 1, 2: [3.0]}, {"2": [3], "b": 1}),
        (np.int64(4), 4),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (pl.Series([7])[0], 7),
        (2**70, 2**70),
    ],
    ids=repr,
)
def test_a_value_has_one_form(value: object, expected: object) -> None:
    """However it was spelled, a value is what JSON has for it, and of the plain Python type."""
    found = json_value(value)

    assert expected == found
    assert type(expected) is type(found)


@pytest.mark.parametrize("value", [math.nan, math.inf, Decimal("NaN"), object(), b"bytes", {1, 2}, np.zeros(2), open, [math.nan], {"a": b"x"}], ids=lambda value: repr(value).partition(" at ")[0])  # fmt: skip
def test_what_has_no_json_is_refused_by_name(value: object) -> None:
    """The error names the setting and what can be given instead."""
    with pytest.raises(InvalidSetting, match=r"setting 'size'.*[Gg]ive"):
        json_value(value, "size")


@given(VALUES)
def test_normal_is_normal(value: object) -> None:
    """A normalised value stays as it is, and its JSON does not depend on the order of its keys."""
    once = json_value(value)

    assert once == json_value(once)
    if isinstance(once, dict):
        assert canonical_json(once) == canonical_json(dict(reversed(list(once.items()))))


@given(st.text())
def test_text_is_normal(text: str) -> None:
    """One line end, no white space around it, composed; and doing it twice changes nothing."""
    once = plain_text(text)

    assert once == plain_text(once) == once.strip()
    assert "\r" not in once


@given(st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=-(10**9), max_value=10**9))
def test_numbers_are_written_plainly(amount: Decimal) -> None:
    """No exponent, no trailing zeros, nothing lost."""
    text = plain_number(amount)

    assert amount == Decimal(text)
    assert "E" not in text.upper()
    assert "." not in text or text[-1] not in ".0"


def test_samples_differ() -> None:
    """The first sample is the content itself; each further one is another id."""
    ids = [sample_id("0" * 32, n) for n in range(100)]

    assert "0" * 32 == ids[0]
    assert all(one != other for one, other in pairwise(sorted(ids)))
