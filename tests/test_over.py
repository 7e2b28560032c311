"""``%%generate --over`` in a real IPython shell, against the sandbox: columns, budgets, mistakes, retry, resume."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest
from IPython.utils.capture import capture_output

import notebookgen as ng
from notebookgen import errors
from notebookgen.normal import duration

if TYPE_CHECKING:
    from pathlib import Path

    from cells import Shell
    from notebookgen.sandbox import Handle

TEXT = "armox:sandbox/text"
EDIT = "apimodels:gemini-2.5-flash-image"
PAID = "armox:google/nano-banana"
KEY = "sk_for_a_test_0123456789"


@pytest.fixture
def shell(shell: Shell) -> Shell:
    """A shell with a frame and a variable."""
    shell.names["pets"] = pl.DataFrame({"animal": ["fox", "hare", "owl"], "temper": [0.1, 0.5, None]})
    shell.names["style"] = "as a woodcut"
    return shell


@pytest.fixture
def real(box: Handle, monkeypatch: pytest.MonkeyPatch) -> Handle:
    """The same services as a person's own accounts, which are paid."""
    for name, address in box.base_urls.items():
        monkeypatch.setenv(f"{name.upper()}_API_KEY", KEY)
        monkeypatch.setenv(f"{name.upper()}_BASE_URL", address)
    return box


def creates(box: Handle) -> int:
    """How many generations the provider's side accepted."""
    return len(box.state()["creates"])


# Rows ------------------------------------------------------------------------------------------------------------


def test_a_cell_is_run_for_each_row(shell: Shell, box: Handle) -> None:
    """A column goes before a variable of its name; the results are the cell's value and in ``-o``, in the frame's order."""
    shell.names["animal"] = "nobody"
    results = shell.run(f"%%generate --over pets -m {TEXT} -o made\nA word about the {{animal}}, {{style}}\n")

    assert results is shell.names["made"]
    assert results is shell.names["_"]
    frame = results.frame
    assert frame["animal"].to_list() == ["fox", "hare", "owl"]
    assert frame["gen_prompt"].to_list() == [f"A word about the {one}, as a woodcut" for one in ("fox", "hare", "owl")]
    assert frame["gen_status"].to_list() == ["saved"] * 3
    again = shell.run(f"%%generate --over pets -m {TEXT}\nA word about the {{animal}}, {{style}}\n")
    assert again.frame["gen_cached"].to_list() == [True] * 3
    assert 3 == creates(box)


def test_settings_and_models_come_from_columns_where_braces_name_one(shell: Shell) -> None:
    """An empty cell leaves the setting out; a variable in braces is the same for all rows."""
    shell.names["pets"] = shell.names["pets"].with_columns(
        who=pl.Series([TEXT, TEXT, "armox:sandbox/picture"]), words=pl.Series([7, 9, None])
    )
    shell.names["ratio"] = "4:3"
    results = shell.run(
        "%%generate --over pets -m {who} -s max_tokens={words} -s 'aspect_ratio'={ratio}\nThe {animal}\n"
    )

    assert [7, 9, None] == [one.settings.get("max_tokens") for one in results]
    assert {"4:3"} == {one.settings["aspect_ratio"] for one in results}
    assert [TEXT, TEXT, "armox:sandbox/picture"] == [one.model for one in results]


@pytest.mark.slow
def test_images_come_from_a_column(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of one run are the input of the next; a row without one is skipped, and the prefix keeps both apart."""
    monkeypatch.setenv("NOTEBOOKGEN_SANDBOX", "1")
    made = shell.run(f"%%generate --over pets[:2] -m {EDIT} -o made\nA {{animal}}\n")
    assert made.frame["gen_status"].to_list() == ["saved"] * 2
    shell.names["rows"] = made.frame.with_columns(picture=pl.when(pl.col("animal") == "fox").then(pl.col("gen_path")))
    said = shell.told(f"%%generate --over rows -m {EDIT} -i {{picture}}\nIn winter\n")
    assert "--prefix gen2_" in said
    edited = shell.run(f"%%generate --over rows --prefix w_ -m {EDIT} -i {{picture}} --save {tmp_path}\nIn winter\n")

    assert edited.frame["w_status"].to_list() == ["saved", "skipped"]
    assert 1 == len(edited[0].paths)
    assert 1 == len(list(tmp_path.glob("*.jpg")))


@pytest.mark.parametrize("over", ["box_of['pets']", "holder.pets", "pets[:2]", "pets.lazy", "{pets}"])
def test_over_takes_names_attributes_and_parts(shell: Shell, over: str) -> None:
    """Whatever leads to a frame without a call; a method that is not called is no frame, and is said to be none."""
    shell.names["box_of"] = {"pets": shell.names["pets"]}
    shell.names["holder"] = type("Holder", (), {"pets": shell.names["pets"]})
    cell = f'%%generate --over "{over}" -m {TEXT} --dry-run\nThe {{animal}}\n'
    if over == "pets.lazy":
        assert "no frame" in shell.told(cell)
    else:
        assert len(shell.run(cell)) in {2, 3}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--over pest", "no variable 'pest'. Did you mean 'pets'?"),
        ("--over style", "is of type str, not a frame. Nothing was sent. Frames here: pets."),
        ("--over nothing", "is None, not a frame"),
        ("--over open('x')", "takes a frame's variable"),
        ("--over pets.head()", "takes a frame's variable"),
        ("--over 'pets +'", "takes a frame's variable"),
        ("--over pets['nope']", "cannot be had"),
        ("--over pets -s seed={temepr}", "neither a column nor a variable. Did you mean 'temper'?"),
        ("--over pets -m {who}", "neither a column nor a variable"),
        ("--over pets -i {pictrue}", "neither a column nor a variable"),
    ],
)
def test_a_mistake_about_the_frame_is_said_before_anything_is_sent(
    shell: Shell, box: Handle, line: str, says: str
) -> None:
    """Near misses of frames and columns are named, and what can be written instead."""
    shell.names["nothing"] = None
    assert says in shell.told(f"%%generate {line}\nThe {{animal}}\n")
    assert 0 == creates(box)


def test_a_name_that_is_neither_column_nor_variable_is_near_one(shell: Shell) -> None:
    """In the prompt, too; and the word alone of a column's name is no prompt."""
    assert "Did you mean 'animal'" in shell.told("%%generate --over pets\nThe {aminal}\n")
    said = shell.told("%%generate --over pets\nanimal\n")
    assert "Write {animal} for its cells" in said
    assert "ng." not in said


def test_the_results_of_a_run_have_a_frame(shell: Shell) -> None:
    """``--over made`` is told to be ``--over made.frame``."""
    shell.run(f"%%generate --over pets -m {TEXT} -o made\nThe {{animal}}\n")
    assert "--over made.frame" in shell.told("%%generate --over made\nThe {animal}\n")


# Money -----------------------------------------------------------------------------------------------------------


def test_a_dry_run_sends_nothing_and_says_what_it_would_cost(shell: Shell, real: Handle) -> None:
    """The first prompts as they would be sent, counts, price with its basis, balance, and where a budget would stop."""
    shell.run(f"%%generate --over pets[:1] -m {PAID} --budget 500\nA {{animal}}\n")
    plan = shell.run(f"%%generate --over pets -m {PAID} --budget 80 --dry-run\nA {{animal}}\n")
    text = repr(plan)

    assert {"new": 2, "cached": 1} == {name: count for name, count in plan.counts.items() if count}
    assert {"credits": Decimal(140)} == plan.cost
    for says in ("A fox", "A hare", "70 credits", "listed", "would stop at", "balance", "new ", "cached "):
        assert says in text
    assert 1 == creates(real)


def test_more_than_fifty_without_a_budget_are_a_price_tag_and_the_flag_to_add(shell: Shell, real: Handle) -> None:
    """Nothing is sent; what is to be typed is a flag, in the error and in the plan."""
    shell.names["many"] = pl.DataFrame({"n": list(range(51))})
    cell = f"%%generate --over many -m {PAID}"
    said = shell.told(f"{cell}\nWord {{n}}\n")
    shown = repr(shell.run(f"{cell} --dry-run\nWord {{n}}\n"))

    assert "51 new generations" in said
    assert "--budget 3570" in said
    assert "--max-new 51" in said
    assert "Add --budget 3570, or --max-new 51" in shown
    assert 0 == creates(real)
    assert 1 == len(shell.run(f"%%generate --over many[:1] -m {PAID}\nWord {{n}}\n"))
    assert 1 == creates(real)


def test_a_budget_is_a_cap_and_the_rest_is_told(shell: Shell, real: Handle) -> None:
    """Rows are sent in their order until the next one does not fit; its reason speaks in flags."""
    results = shell.run(f"%%generate --over pets -m {PAID} --budget 140\nThe {{animal}}\n")

    assert results.frame["gen_status"].to_list() == ["saved", "saved", "planned"]
    assert "budget=" not in results.frame["gen_error"][2]
    assert [(results.run, 2, 3)] == ng.runs().select("run", "saved", "rows").rows()
    assert 2 == creates(real)


# Afterwards ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_retry_goes_on_with_the_last_run_of_this_kernel(shell: Shell, box: Handle) -> None:
    """What failed is bought again, in the same results; where nothing is left to try, it says so and is no error."""
    box.configure(fail=1.0)
    results = shell.run("%%generate --over pets -m armox:sandbox/picture-later -o made\nA {animal}\n")
    failed, before = results.failed.height, results.cost["credits"]
    box.configure(fail=0.0)
    again = shell.run("%generate retry")

    assert 3 == failed
    assert again is results
    assert results.frame["gen_status"].to_list() == ["saved"] * 3
    assert 2 * before == results.cost["credits"] > 0  # the sandbox charges for what fails, and does not take it back
    assert [(3, 3, 0, 2 * before)] == ng.runs().select("rows", "saved", "failed", "net").rows()
    assert "Nothing failed in" in repr(shell.run("%generate retry"))


@pytest.mark.slow
def test_retry_finds_the_run_in_the_ledger(shell: Shell, box: Handle) -> None:
    """In another kernel, or with a run's id, new tries are a run of their own, asked for with the same content."""
    from notebookgen.notebook import retrying

    box.configure(fail=1.0)
    run = shell.run("%%generate --over pets -m armox:sandbox/picture-later --tag chapter\nA {animal}\n").run
    box.configure(fail=0.0)
    retrying._last.clear()
    again = shell.run(f"%generate retry {run} --max-new 2")

    assert ["saved", "saved", "planned"] == [one.status for one in again]
    assert ["A fox", "A hare", "A owl"] == [one.prompt for one in again]
    rest = shell.run("%generate retry")
    assert ["chapter"] * 3 == ng.runs()["tag"].to_list()  # what a chapter costs is asked for by its tag, tries and all
    assert ["chapter"] == ng.ledger().totals("tag", sandbox=True)["tag"].to_list()
    assert 0 == sum(one.status != "saved" for one in rest)
    assert "no run 'nope'" in shell.told("%generate retry nope")


def test_retry_of_many_needs_a_word_about_money(shell: Shell, real: Handle) -> None:
    """The rule of fifty holds for new tries as well."""
    from notebookgen.notebook import retrying

    shell.names["many"] = pl.DataFrame({"n": list(range(51))})
    real.configure(fail=1.0)
    shell.run(f"%%generate --over many -m {PAID} --max-new 51\nWord {{n}}\n")
    retrying._last.clear()
    before = creates(real)
    said = shell.told("%generate retry")

    assert "51 new generations" in said
    assert "--max-new 51" in said
    assert before == creates(real)


@pytest.mark.slow
def test_resume_says_in_one_line_what_it_found_and_saved(shell: Shell, box: Handle) -> None:
    """A kernel that begins anew takes the run up: all its rows are in the frame, also those saved long before."""
    box.configure(seconds=(0.01, 0.02))
    shell.run("%%generate --over pets[:1] -m armox:sandbox/picture-later -o made\nA {animal}\n")
    box.configure(seconds=(2.0, 2.0))
    with capture_output():
        shell.ip.run_cell("%%generate --over pets -m armox:sandbox/picture-later --timeout 0.5 -o made\nA {animal}\n")
    run = shell.names["made"].run
    assert 2 == sum(one.status == "submitted" for one in shell.names["made"])
    from notebookgen.client import default_client

    default_client().close()
    with capture_output() as caught:
        done = shell.ip.run_cell("%generate resume", store_history=True)
    done.raise_error()

    assert f"run {run}: found 2 open, 2 saved · in all 3 saved" in caught.stderr
    assert done.result.frame["gen_status"].to_list() == ["saved"] * 3
    assert done.result.frame["gen_prompt"].to_list() == ["A fox", "A hare", "A owl"]
    assert 3 == creates(box)
    assert "nothing to resume" in repr(shell.run("%generate resume"))


def test_in_the_background_the_cell_returns_and_the_results_fill(shell: Shell, box: Handle) -> None:
    """In a terminal one line says so; the same cell again is the same run, and nothing is bought twice."""
    box.configure(seconds=(0.3, 0.3))
    cell = f"%%generate --over pets -m {TEXT} --background -o made\nThe {{animal}}\n"
    with capture_output() as caught:
        shell.ip.run_cell(cell).raise_error()
    first = shell.names["made"]
    shell.run(cell)

    assert f"run {first.run} goes on in the background" in caught.stderr
    assert first is shell.names["made"]
    assert first.wait(30).frame["gen_status"].to_list() == ["saved"] * 3
    assert 3 == creates(box)


def test_stop_leaves_the_results_in_the_variable(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who presses Stop has in ``-o`` what came of the run so far."""
    from notebookgen.jobs.handle import RunHandle

    ticks: list[float] = []

    def pressed(handle: RunHandle, timeout: float) -> bool:
        ticks.append(timeout)
        raise KeyboardInterrupt

    monkeypatch.setattr(RunHandle, "wait", pressed)
    with capture_output():
        done = shell.ip.run_cell(f"%%generate --over pets -m {TEXT} -o made\nThe {{animal}}\n")

    assert isinstance(done.error_in_exec, errors.Stopped)
    assert str(done.error_in_exec).startswith("Stopped: ")
    assert "%generate cancel" in str(done.error_in_exec)
    assert 3 == len(shell.names["made"])


def heading(results: ng.Results) -> str:
    """The first line of what is shown of results by themselves, which is that of their HTML too."""
    data, _ = results._repr_mimebundle_()
    first = str(data["text/plain"]).splitlines()[0]
    assert first in data["text/html"]
    return first


@pytest.mark.slow
@pytest.mark.parametrize(
    ("numbers", "before", "says"),
    [
        ([1, 2, 3], [], "3 saved · {model} · {time} · 12 credits · sandbox"),
        ([1, 1, 1], [], "3 saved (2 cached) · {model} · {time} · 4 credits · sandbox"),
        ([1, 2, 3], [1, 2], "3 saved (2 cached) · {model} · {time} · 4 credits · sandbox"),
        ([1, 2, 3], [1, 2, 3], "3 saved before · {model} · nothing spent · sandbox"),
    ],
)
def test_the_heading_says_what_the_run_spent(shell: Shell, numbers: list[int], before: list[int], says: str) -> None:
    """Rows that were paid for before, or by an equal row, are no part of the sum; they say in words what they are."""
    shell.names |= {"before": pl.DataFrame({"n": before}), "rows": pl.DataFrame({"n": numbers})}
    if before:
        shell.run(f"%%generate --over before -m {TEXT} -q\nThe {{n}}")
    made = shell.run(f"%%generate --over rows -m {TEXT}\nThe {{n}}")
    first = heading(made)
    lines = str(made._repr_mimebundle_()[0]["text/plain"]).splitlines()
    time = duration(made.handle.snapshot().elapsed)

    assert says.format(model=TEXT, time=time) == first == made.handle.summary()
    assert sum(made.cost.values()) == sum(int(word) for word in re.findall(r"(\d+) credits", first))
    assert [one.cached for one in made] == [" · cached" in line for line in lines[1:]]


def test_what_the_line_above_says_is_not_said_again(shell: Shell) -> None:
    """In the cell that was waited in the line is the heading; elsewhere, and where nothing was shown, results have their own."""
    cell = f"%%generate --over pets -m {TEXT} -o poems {{}}\nThe {{{{animal}}}}"
    with capture_output() as caught:
        shell.ip.run_cell(cell.format(""), store_history=True)
    with capture_output() as again:
        shell.ip.run_cell("poems", store_history=True)
    with capture_output() as silent:
        shell.ip.run_cell(cell.format("-q").replace("The", "A quiet"), store_history=True)
    with capture_output() as quiet:
        shell.ip.run_cell("poems", store_history=True)
    summary = shell.names["poems"].handle.summary()

    assert 1 == (caught.stdout + caught.stderr).count("3 saved · ")
    assert 1 == again.stdout.count("3 saved · ")
    assert "" == silent.stdout + silent.stderr
    assert 1 == quiet.stdout.count(summary)


# What is not as it looks ---------------------------------------------------------------------------------------------


def test_a_frame_without_rows_is_a_mistake(shell: Shell, box: Handle) -> None:
    """Nobody means to make nothing: it is told, and no run is written down; a dry run shows it."""
    said = shell.told(f"%%generate --over pets[:0] -m {TEXT} -o made\nThe {{animal}}")

    assert "the frame has no rows" in said
    assert "made" not in shell.names
    assert "empty" in repr(shell.run(f"%%generate --over pets[:0] -m {TEXT} --dry-run\nThe {{animal}}"))
    assert (0, 0) == (creates(box), ng.runs().height)


def test_braces_within_a_settings_text_are_told_and_those_in_quotes_are_meant(shell: Shell, box: Handle) -> None:
    """A column alone is filled, one within a text is nobody's wish as it stands, and quotes keep braces as they are."""
    cell = f"%%generate --over pets[:1] -m {TEXT} -s note={{}} -o made\nThe {{{{animal}}}}"
    assert "Make a column of the whole text, and write its name alone between" in shell.told(cell.format("a-{animal}"))
    assert 0 == creates(box)
    noted = [shell.run(cell.format(text))[0].settings["note"] for text in ("{animal}", '"{animal}"', '"a {animal}"')]
    assert ["fox", "{animal}", "a {animal}"] == noted
