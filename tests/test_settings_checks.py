"""Settings and prompts held against what a model takes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebookgen.errors import InputError, InvalidImage, InvalidPrompt, InvalidSetting
from notebookgen.providers.checks import check_prompt, checked_settings, remade, with_required
from notebookgen.records import Generation, InputImage, Model, Realm, Setting

MODEL = Model(
    "apixo",
    "one",
    settings=(
        Setting("prompt", "string", minimum=3, maximum=10),
        Setting("resolution", "string", options=("1K", "2K", "4K")),
        Setting("count", "integer", minimum=1, maximum=4),
        Setting("seconds", "string", options=("5", "10")),
        Setting("frames", "integer", options=(4, 8, 12)),
        Setting("steps", "integer", options=(1, 2)),
        Setting("scale", "number", minimum=0, maximum=1),
        Setting("sound", "boolean"),
        Setting("title", "string", maximum=5),
        Setting("links", "array<url>", minimum=1, maximum=2),
        Setting("tags", "array", options=("a", "b")),
        Setting("link", "url"),
        Setting("thinking", "object"),
        Setting("voice.speed", "number", minimum=0.5, maximum=2),
        Setting("anything", "unknown"),
    ),
)


def asked(prompt: str = "a cat", **more: object) -> Generation:
    return Generation(Realm("apixo", "a"), "one", prompt, more)


@pytest.mark.parametrize(
    ("given_settings", "expected"),
    [
        ({"count": "3"}, {"count": 3}),
        ({"count": 3.0}, {"count": 3}),
        ({"seconds": 5}, {"seconds": "5"}),
        ({"seconds": 10.0}, {"seconds": "10"}),
        ({"frames": "8"}, {"frames": 8}),
        ({"scale": "0.5"}, {"scale": 0.5}),
        ({"scale": 1}, {"scale": 1}),
        ({"sound": "TRUE"}, {"sound": True}),
        ({"sound": False}, {"sound": False}),
        ({"title": 123}, {"title": "123"}),
        ({"links": "https://a.example"}, {"links": ["https://a.example"]}),
        ({"link": ["https://a.example"]}, {"link": "https://a.example"}),
        ({"tags": ["a", "b"]}, {"tags": ["a", "b"]}),
        ({"thinking": {"budget": 1}}, {"thinking": {"budget": 1}}),
        ({"voice.speed": "1.5"}, {"voice": {"speed": 1.5}}),
        ({"voice": {"speed": "1.5", "other": "x"}}, {"voice": {"speed": 1.5, "other": "x"}}),
        ({"voice": {"other": "x"}, "voice.speed": 1}, {"voice": {"other": "x", "speed": 1}}),
        ({"anything": [1, {"a": "b"}]}, {"anything": [1, {"a": "b"}]}),
        ({"resolutoin": "1k"}, {"resolutoin": "1k"}),
        ({"unheard_of": "5"}, {"unheard_of": "5"}),
    ],
)
def test_what_is_right_is_sent_in_the_printed_type(
    given_settings: dict[str, object], expected: dict[str, object]
) -> None:
    """Text and numbers are converted to what the page prints; unknown settings pass untouched."""
    converted = checked_settings(asked(**given_settings), MODEL)
    assert expected == converted
    assert [type(one) for one in expected.values()] == [type(one) for one in converted.values()]


@pytest.mark.parametrize(
    ("given_settings", "said"),
    [
        ({"resolution": "1KB"}, "takes 'resolution' as one of '1K', '2K', '4K', not '1KB'. Did you mean '1K'?"),
        ({"resolution": "8K"}, "takes 'resolution' as one of '1K', '2K', '4K', not '8K'."),
        ({"seconds": 7}, "takes 'seconds' as one of '5', '10', not 7."),
        ({"frames": True}, "takes 'frames' as one of 4, 8, 12, not True."),
        ({"steps": True}, "takes 'steps' as one of 1, 2, not True."),
        ({"count": 0}, "takes 'count' from 1 to 4, not 0."),
        ({"count": 5}, "takes 'count' from 1 to 4, not 5."),
        ({"count": "many"}, "takes 'count' as a whole number, not 'many'."),
        ({"count": 1.5}, "takes 'count' as a whole number, not 1.5."),
        ({"count": True}, "takes 'count' as a whole number, not True."),
        ({"scale": "wide"}, "takes 'scale' as a number, not 'wide'."),
        ({"scale": 1.01}, "takes 'scale' from 0 to 1, not 1.01."),
        ({"sound": "loud"}, "takes 'sound' as true or false, not 'loud'."),
        ({"sound": 1}, "takes 'sound' as true or false, not 1."),
        ({"title": "sixsix"}, "takes 'title' of at most 5 characters long, not 6."),
        ({"title": True}, "takes 'title' as text, not True."),
        ({"links": ["a", "b", "c"]}, "takes from 1 to 2 items in 'links', not 3."),
        ({"tags": ["a", "z"]}, "takes 'tags' as one of 'a', 'b', not 'z'."),
        ({"link": ["a", "b"]}, "takes 'link' as one address, not ['a', 'b']."),
        ({"thinking": "hard"}, "takes 'thinking' as an object, not 'hard'."),
        ({"voice.speed": 3}, "takes 'voice.speed' from 0.5 to 2, not 3."),
        ({"voice": {"speed": 3}}, "takes 'voice.speed' from 0.5 to 2, not 3."),
    ],
)
def test_what_is_wrong_is_named_with_what_is_allowed(given_settings: dict[str, object], said: str) -> None:
    """The message names the setting, what it takes, what was given, the near miss, and what to type next."""
    with pytest.raises(InvalidSetting, match=re.escape(said)) as caught:
        checked_settings(asked(**given_settings), MODEL)
    assert "ng.Client().model('apixo:one').settings" in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 4


def test_nothing_is_known_wrong_of_an_unknown_model() -> None:
    """Without a schema everything passes, prompts too."""
    assert {"resolution": "1k"} == checked_settings(asked(resolution="1k"), None)
    check_prompt(asked(""), None)
    assert {} == with_required({}, asked(), None)


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("", "needs a prompt"),
        ("ab", "from 3 to 10 characters long, and this one has 2.\nNothing was sent. Lengthen it"),
        ("x" * 11, "this one has 11.\nNothing was sent. Shorten it"),
    ],
)
def test_a_prompt_is_held_against_its_limits(prompt: str, said: str) -> None:
    """The setting called ``prompt`` holds the limit, in characters."""
    with pytest.raises(InvalidPrompt, match=re.escape(said)):
        check_prompt(asked(prompt), MODEL)


def test_a_prompt_is_not_given_twice() -> None:
    """As the prompt and as a setting: which one is meant is not guessed."""
    with pytest.raises(InvalidPrompt, match="twice"):
        check_prompt(Generation(Realm("apixo", "a"), "one", "a cat", {"prompt": "a dog"}), MODEL)


def test_a_demanded_setting_is_filled_in_or_asked_for() -> None:
    """A printed default is filled in; without one the error names the setting and its values."""
    demanding = Model("apixo", "one", settings=(Setting("many", "integer", default=1, required=True),))
    assert {"many": 1} == with_required({}, asked(), demanding)
    assert {"many": 3} == with_required({"many": 3}, asked(), demanding)
    strict = Model("apixo", "one", settings=(Setting("size", "string", "Size", options=("S", "L"), required=True),))
    with pytest.raises(InvalidSetting, match=re.escape("needs 'size' (Size), one of 'S', 'L'")):
        with_required({}, asked(), strict)


def test_a_demanded_image_may_be_given_as_one() -> None:
    """An image in the field counts as the setting."""
    demanding = Model("apixo", "one", settings=(Setting("image_urls", "array<url>", required=True),))
    with pytest.raises(InvalidImage, match="needs 'image_urls', an image"):
        with_required({}, asked(), demanding)
    picture = InputImage(field="image_urls", url="https://a.example/1.png")
    assert {} == with_required({}, Generation(Realm("apixo", "a"), "one", "x", {}, (picture,)), demanding)


KEYS = st.sampled_from([one.key for one in MODEL.settings if one.key != "prompt"] + ["voice", "other"])
SCALARS = st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=6), st.sampled_from(("1K", "5", "8", "0.5", "true", "²", "1e999", "9" * 400)))  # fmt: skip
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(st.sampled_from(("speed", "x")), SCALARS))


@settings(max_examples=100, deadline=None, database=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_checking_twice_changes_nothing(more: dict[str, object]) -> None:
    """Whatever is given is refused as the user's to mend, or comes out in a form that stays as it is."""
    try:
        once = checked_settings(Generation(Realm("apixo", "a"), "one", "a cat", more), MODEL)
    except InputError:
        return
    again = Generation(Realm("apixo", "a"), "one", "a cat", once)
    assert again.id == Generation(Realm("apixo", "a"), "one", "a cat", checked_settings(again, MODEL)).id


def test_a_generation_is_made_again_only_where_something_of_it_is_another() -> None:
    """The very same settings leave it as it is; ``True`` is not ``1``, and a default that is filled in is something new."""
    one = asked(n=1, s="x")

    assert one is remade(one, {"s": "x", "n": 1}, ())
    assert [{"n": True, "s": "x"}, {"n": 1}] == [
        dict(remade(one, other, ()).settings) for other in ({"n": True, "s": "x"}, {"n": 1})
    ]
    assert one.id != remade(one, {"n": True, "s": "x"}, ()).id
    assert 1 == len(remade(one, one.settings, (InputImage(url="https://example.org/a.png"),)).images)
