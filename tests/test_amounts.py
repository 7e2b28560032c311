"""Prices as people write them, and what a generation costs by them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import notebookgen as ng
from notebookgen.amounts import OwnPrice, read_amounts, read_prices
from notebookgen.errors import InvalidCall, SettingsError
from notebookgen.providers.pricing import known_model, own_price
from notebookgen.records import Cost, Generation, Model, Realm, Setting


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("0.03", OwnPrice(Decimal("0.03"))),
        (0.1, OwnPrice(Decimal("0.1"))),
        (50, OwnPrice(Decimal(50))),
        (0, OwnPrice(Decimal(0))),
        (Decimal(1), OwnPrice(Decimal(1))),
        ("1e-3", OwnPrice(Decimal("0.001"))),
        ("0.03 per second", OwnPrice(Decimal("0.03"), "second")),
        ("0.03 USD", OwnPrice(Decimal("0.03"), None, "USD")),
        (" 2  credits per   result ", OwnPrice(Decimal(2), "result", "credits")),
        ("0.04 per 1000 characters", OwnPrice(Decimal("0.04"), "1000 characters")),
        (OwnPrice(Decimal(3), "second"), OwnPrice(Decimal(3), "second")),
    ],
)
def test_a_price_is_read(said: object, read: OwnPrice) -> None:
    """A number, or a number with its unit and what it is for; nothing is free."""
    assert {"a:b": read} == read_prices("here", {"a:b": said})


@pytest.mark.parametrize(
    "said",
    ["-1", "nan", "inf", "1e400", 10**6 + 1, True, None, [1], "", "x", "0.03 per", "per second", "0.03 per minute", "0.03/s"],
    ids=repr,
)  # fmt: skip
def test_what_is_no_price_is_refused(said: object) -> None:
    """Nonsense and what no result can cost are refused where they are said, with an example."""
    with pytest.raises(SettingsError, match=r"^here sets prices\['a:b'\]"):
        read_prices("here", {"a:b": said})


def test_a_price_is_written_as_it_is_read() -> None:
    """What ``ng.settings()`` shows can be typed."""
    for said in ("0.03 per second", "2 credits per result", "0.5 per 1000 characters"):
        assert said == str(read_prices("here", {"a:b": said})["a:b"])


@pytest.mark.parametrize("said", ["-1", "nan", "1e400", True, None])
def test_what_is_no_amount_is_refused(said: object) -> None:
    """The same holds for what a credit costs."""
    with pytest.raises(SettingsError, match=r"credit_price\['armox'\]"):
        read_amounts("here", "credit_price", {"armox": said})


VIDEO = Model("apimodels", "x/y", kind="video", settings=(Setting("duration", "integer", minimum=4, maximum=15),))


def cost(price: str, model: Model | None = None, prompt: str = "a fox", **settings: Any) -> Cost:
    """Return what a generation costs by a person's own price."""
    asked = Generation(Realm("apimodels", "a"), "x/y", prompt, settings, kind="image")
    return own_price(read_prices("here", {"a:b": price})["a:b"], asked, model, unit="USD")


@pytest.mark.parametrize(
    ("price", "settings", "amount"),
    [
        ("0.03", {}, "0.03"),
        ("0.03", {"n": 10}, "0.30"),
        ("0.03", {"num_images": "4"}, "0.12"),
        ("0.03", {"num_outputs": 2, "max_images": 3}, "0.18"),
        ("0.03 per result", {"numberOfImages": 5}, "0.15"),
        ("0.03 per result", {"duration": 8}, "0.03"),
        ("0.03 per second", {"duration": 8}, "0.24"),
        ("0.03 per second", {"duration": "8s", "n": 2}, "0.48"),
        ("0.03 per second", {"seconds": 5}, "0.15"),
        ("0", {"duration": 8, "n": 7}, "0"),
    ],
)
def test_what_a_result_costs_is_paid_for_each(price: str, settings: dict[str, Any], amount: str) -> None:
    """The price is that of one result or of one second; as many are reserved as are asked for."""
    found = cost(price, **settings)
    assert (Decimal(amount), "USD", "listed") == (found.amount, found.unit, found.basis)
    assert "your own price" in found.note


def test_a_length_that_is_left_out_is_the_longest() -> None:
    """Where the model tells how long a film may be, and the call does not, the longest is reserved."""
    assert Decimal("0.45") == cost("0.03 per second", VIDEO).amount


def test_seconds_that_nobody_tells_are_unknown() -> None:
    """A rate without a length is no price, and a budget over it is refused like any unknown price."""
    found = cost("0.03 per second")
    assert (None, False) == (found.amount, found.bounded)
    assert "0.03 USD per second" in found.note


def test_characters_are_counted() -> None:
    """Speech is paid by its text."""
    assert Decimal("0.08") == cost("0.04 per 1000 characters", prompt="x" * 2000).amount


@pytest.mark.parametrize(("model", "settings"), [(None, {"duration": 8}), (VIDEO, {}), (VIDEO, {"duration": 8})])
def test_a_bare_price_for_what_has_a_length_is_asked_about(model: Model | None, settings: dict[str, Any]) -> None:
    """A number alone could be meant for a second or for all of it, and the difference is money: the person says which."""
    with pytest.raises(InvalidCall, match=r"'0\.03 per second'}\), or '0\.03 per result'") as caught:
        cost("0.03", model, **settings)
    assert "Nothing was sent" in str(caught.value)


def test_more_than_anything_costs_is_no_price() -> None:
    """A price times a number beyond all sense is unknown, and bounds nothing."""
    assert None is cost("900000", n=1000).amount


def test_a_price_is_checked_where_it_is_set() -> None:
    """What the catalogue knows to have a length, and another unit than the provider's, are refused by ``configure``."""
    assert known_model("apimodels", "seedance-2.5") is not None
    for price in ("0.03", "0.03 credits per second"):
        with pytest.raises(SettingsError, match=r"own price of apimodels:seedance-2\.5"):
            ng.configure(prices={"apimodels:seedance-2.5": price})
    ng.configure(prices={"apimodels:seedance-2.5": "0.03 per second"})
    assert ["0.03 per second"] == [str(one) for one in ng.settings().prices.values()]
    ng.configure(prices=None)
