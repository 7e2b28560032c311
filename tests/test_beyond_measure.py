"""Numbers of thousands of digits and brackets thousands deep: said in a few words wherever they are typed, never raw."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import notebookgen as ng
from notebookgen.client import default_client
from notebookgen.errors import InvalidCall, InvalidPrompt, InvalidSetting, NotebookgenError, SettingsError
from notebookgen.jobs.budget import parse_budget, said_before
from notebookgen.normal import amount_words, json_value, plain_number, shown_value
from notebookgen.notebook.arguments import SettingArgument, parse, typed
from notebookgen.records import Setting
from notebookgen.settings import load_settings
from three_services import accepted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from notebookgen.sandbox import Handle

HUGE = 10**5000
LARGE = 10**400  # no float holds it, and Python still writes it out
MODEL = "armox:google/nano-banana"
LONGEST = 700  # characters of a message

CALLS: dict[str, Callable[[Any], Any]] = {
    "budget": lambda number: ng.generate("a fox", model=MODEL, budget=number),
    "max_new": lambda number: ng.generate("a fox", model=MODEL, max_new=number),
    "samples": lambda number: ng.generate("a fox", model=MODEL, samples=number),
    "timeout": lambda number: ng.generate("a fox", model=MODEL, timeout=number),
    "setting": lambda number: ng.generate("a fox", model=MODEL, seed=number),
    "unknown setting": lambda number: ng.generate("a fox", model=MODEL, settings={"x": {"y": [number]}}),
    "setting's name": lambda number: ng.generate("a fox", model=MODEL, settings={number: 1}),
    "a name in a setting": lambda number: ng.generate("a fox", model=MODEL, settings={"x": {number: 1}}),
    "options": lambda number: ng.generate("a fox", model=MODEL, aspect_ratio=number),
    "map variable": lambda number: ng.map(
        pl.DataFrame({"n": [1]}), "{n} {v}", model=MODEL, max_new=1, variables={"v": number}
    ),
    "map max_new": lambda number: ng.map([{"n": 1}], "row {n}", model=MODEL, max_new=number),
    "map concurrency": lambda number: ng.map([{"n": 1}], "row {n}", model=MODEL, max_new=1, concurrency=number),
    "map on_ambiguous": lambda number: ng.map([{"n": 1}], "row {n}", model=MODEL, max_new=1, on_ambiguous=number),
    "prices": lambda number: ng.configure(prices={MODEL: number}),
    "credit_price": lambda number: ng.configure(credit_price={"armox": number}),
    "total_budget": lambda number: ng.configure(total_budget={"armox": number}),
    "total_budget, a table": lambda number: ng.configure(total_budget={"armox": {"amount": number, "per": "day"}}),
    "limits": lambda number: ng.configure(limits={"armox": {"per_minute": number}}),
    "concurrency": lambda number: ng.configure(concurrency=number),
    "configured timeout": lambda number: ng.configure(timeout=number),
    "settle": lambda number: ng.configure(settle=number),
    "cell_bytes": lambda number: ng.configure(cell_bytes=number),
    "home": lambda number: ng.configure(home=number),
    "sandbox seconds": lambda number: ng.sandbox(seconds=number),
    "sandbox credits": lambda number: ng.sandbox(credits=number),
    "sandbox pixels": lambda number: ng.sandbox(pixels=[number]),
    "webhooks port": lambda number: ng.webhooks(public_url="https://example.com/x", port=number),
    "prune": lambda number: ng.media().prune(older_than=number),
}


@pytest.mark.parametrize("number", [HUGE, -HUGE], ids=["positive", "negative"])
@pytest.mark.parametrize("name", sorted(CALLS))
def test_a_number_of_many_digits_is_refused_in_a_few_words(real: Handle, name: str, number: int) -> None:
    """Whatever takes a number says what it takes; nothing is sent, and the message does not show thousands of digits."""
    with pytest.raises((InvalidCall, InvalidPrompt, InvalidSetting, SettingsError)) as caught:
        CALLS[name](number)
    assert LONGEST > len(str(caught.value))
    assert 4 >= len(str(caught.value).splitlines())
    assert 0 == accepted(real, "armox")


@pytest.mark.parametrize(
    "name", ["timeout", "configured timeout", "settle", "setting", "unknown setting", "map on_ambiguous"]
)
def test_what_no_float_holds_is_refused_as_well(real: Handle, name: str) -> None:
    """Four hundred digits can be written out, and no clock and no service takes them."""
    with pytest.raises((InvalidCall, InvalidSetting, SettingsError)) as caught:
        CALLS[name](LARGE)
    assert LONGEST > len(str(caught.value))


def test_a_wait_without_an_end_is_one(real: Handle) -> None:
    """More seconds than there will be, or none that a clock can count, end no wait early; the window of a list has an end."""
    assert "saved" == ng.generate("a fox", model=MODEL, timeout=1e300).status  # type: ignore[union-attr]  # one sample
    ng.configure(timeout=1e300)
    assert "saved" == ng.generate("a hare", model=MODEL, max_new=2**63 - 1).status  # type: ignore[union-attr]  # likewise
    assert 2 == accepted(real, "armox")
    result: Any = ng.generate("a fox", model=MODEL, background=True)
    assert "saved" == result.wait(1e300).status
    for timeout in (HUGE, "soon"):
        with pytest.raises(InvalidCall, match=r"timeout=.* makes no sense"):
            result.wait(timeout)
    with pytest.raises(SettingsError, match="settle to 1e\\+300; it takes a number of seconds, 0 or more, and at most"):
        ng.configure(settle=1e300)
    ng.configure(timeout=None)


@pytest.mark.parametrize("file", ["notebookgen.toml", "pyproject.toml"])
@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"timeout = {LARGE}", "sets timeout to"),
        (f"timeout = {'9' * 5000}", "too many digits in a number"),
        (f"model = {'[' * 3000}", "too many brackets"),
        (f"x = {{ y = {'[' * 3000}", "too many brackets"),
    ],
    ids=["400 digits", "5000 digits", "brackets", "brackets in a table"],
)
def test_a_project_file_beyond_measure_is_said_with_its_name(tmp_path: Path, file: str, line: str, said: str) -> None:
    """The message names the file and what is wrong in it, whoever reads the settings."""
    (tmp_path / file).write_text(f"[tool.notebookgen]\n{line}\n" if file == "pyproject.toml" else f"{line}\n")
    with pytest.raises(SettingsError, match=said) as caught:
        load_settings({}, tmp_path)
    assert file in str(caught.value)
    assert LONGEST > len(str(caught.value))


def test_other_peoples_project_file_beyond_measure_is_not_ours(tmp_path: Path) -> None:
    """A pyproject.toml that does not name notebookgen may be as it likes."""
    (tmp_path / "pyproject.toml").write_text(f"[tool.other]\nx = {'9' * 5000}\ny = {'[' * 3000}\n")
    assert load_settings({}, tmp_path).timeout is None


@pytest.mark.slow
def test_the_commands_say_so_too(tmp_path: Path) -> None:
    """``notebookgen models`` and ``doctor`` in a folder with such a file end with its name, not with a traceback."""
    (tmp_path / "notebookgen.toml").write_text(f"timeout = {LARGE}\n")
    for verb in ("models", "doctor"):
        done = subprocess.run([sys.executable, "-m", "notebookgen", verb], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
        assert "Traceback" not in done.stdout + done.stderr
        assert "notebookgen.toml, line 1, sets timeout to" in done.stdout + done.stderr


@pytest.mark.parametrize("flag", ["-n", "--max-new", "--concurrency", "--timeout", "--budget"])
def test_a_flag_of_many_digits_is_refused_in_a_few_words(flag: str) -> None:
    """The magic's flags: the message names the flag and shows the beginning of what was typed."""
    text = "0." + "0" * 5000 if flag == "--budget" else "-" + "9" * 5000 if flag == "--timeout" else "9" * 5000
    with pytest.raises(InvalidCall, match=flag) as caught:
        parse(f"-m {MODEL} {flag} {text}", "a fox")
    assert LONGEST > len(str(caught.value))


@pytest.mark.parametrize("text", ["[" * 5000, "9" * 5000, '{"a":' * 5000])
def test_a_setting_beyond_measure_is_taken_as_the_text_it_is(text: str) -> None:
    """What is no JSON is a text; where the model takes no text, that is said in a few words."""
    assert text == typed(SettingArgument("seed", text))
    with pytest.raises(InvalidSetting, match="seed takes a whole number") as caught:
        typed(SettingArgument("seed", text), Setting("seed", "integer"))
    assert LONGEST > len(str(caught.value))


def test_an_amount_far_from_one_is_not_written_out() -> None:
    """Neither messages nor the ledger are filled with zeros, and what is kept is read back as it was."""
    for amount in (Decimal("1e-999999"), Decimal("1e400"), Decimal("7.5e300000")):
        assert 30 > len(plain_number(amount))
        assert 40 > len(amount_words(amount, "USD"))
        budget = parse_budget(f"{amount} USD")
        assert (True, budget) == (len(str(budget)) < 40, said_before(budget.kept))
    assert ["70", "0.0075", "100000000000000000000"] == [
        plain_number(Decimal(one)) for one in ("70.00", "0.00750", "1e20")
    ]


def test_a_budget_far_below_every_price_is_told_in_one_line(real: Handle) -> None:
    """Nothing fits into it, and the message says so with its exponent."""
    with pytest.raises(NotebookgenError) as caught:
        ng.generate("a fox", model=MODEL, budget=Decimal("1e-999999"))
    assert LONGEST > len(str(caught.value))
    with pytest.raises(NotebookgenError) as caught:
        ng.map([{"n": 1}], "row {n}", model=MODEL, budget="1e-999999 credits")
    assert LONGEST > len(str(caught.value))
    assert 0 == accepted(real, "armox")


def test_a_budget_beyond_all_money_is_none_to_speak_of(real: Handle) -> None:
    """It caps nothing, and no line is filled with it."""
    done: Any = ng.generate("a fox", model=MODEL, budget=Decimal("1e400"), timeout=60)
    assert "saved" == done.status
    assert 500 > max(map(len, repr(ng.runs()).splitlines()))
    default_client().close()


def nested(depth: int) -> list[Any]:
    """Return a list so many brackets deep."""
    inner: list[Any] = []
    for _ in range(depth):
        inner = [inner]
    return inner


def test_a_setting_that_cannot_be_json_is_refused() -> None:
    """A signalling NaN, a list that holds itself, brackets thousands deep, a number that no service reads."""
    endless: list[Any] = []
    endless.append(endless)
    looped: dict[str, Any] = {}
    looped["a"] = [looped]
    for value in (
        Decimal("sNaN"),
        Decimal("NaN"),
        Decimal("1e999999"),
        endless,
        looped,
        nested(5000),
        nested(900),
        HUGE,
    ):
        with pytest.raises(InvalidSetting, match=r"'x'.*cannot be sent") as caught:
            json_value({"a": value}, "x")
        assert LONGEST > len(str(caught.value))
    assert nested(50) == json_value(nested(50), "x")
    assert [0.5, 3, 2**64] == json_value([Decimal("0.5"), Decimal(3), 2**64], "x")


def test_a_value_is_shown_in_a_few_characters() -> None:
    """As it is typed where that is short; else its beginning, or what it is."""
    assert ["'a'", "12", "[1, 2]"] == [shown_value(one) for one in ("a", 12, [1, 2])]
    assert "a whole number of about 5,000 digits" == shown_value(HUGE)
    assert "a value of type dict that is too large to be shown" == shown_value({"a": HUGE})
    assert "a value of type list that is too large to be shown" == shown_value(nested(100_000))
    assert 80 == len(shown_value("x" * 1000))


def test_what_is_drawn_in_many_lines_is_shown_in_one() -> None:
    """A frame given by mistake does not make a message of ten lines."""
    assert 1 == len(shown_value(pl.DataFrame({"n": range(20)})).splitlines())
