"""The magic in a real IPython shell, against the sandbox: what is typed, what comes back, what a mistake looks like."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from IPython.utils.capture import capture_output

from notebookgen import errors
from notebookgen.sandbox.sizes import PIXELS
from three_services import NOWHERE

if TYPE_CHECKING:
    from pathlib import Path

    from cells import Shell
    from notebookgen.sandbox import Handle

EDIT = "apimodels:gemini-2.5-flash-image"  # takes pictures of this machine; not every provider does


@pytest.fixture
def everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send every provider's name to the sandbox."""
    monkeypatch.setenv("NOTEBOOKGEN_SANDBOX", "1")


def creates(box: Handle) -> int:
    """How many generations the provider's side accepted."""
    return len(box.state()["creates"])


# One generation --------------------------------------------------------------------------------------------------


def test_the_result_is_returned_once_and_kept_everywhere(shell: Shell, box: Handle) -> None:
    """`_`, `Out` and `-o` hold the one Result that is shown."""
    box.configure(pixels=PIXELS)
    result = shell.run("%%generate -o fox\na fox")
    assert result.status == "saved"
    assert result is shell.names["fox"]
    assert result is shell.names["_"]
    assert result is shell.names["Out"][shell.ip.execution_count - 1]
    seen = shell.seen("%%generate -o fox\na fox")
    assert (seen.count("Out["), seen.count("saved")) == (1, 1)
    data, _ = shell.ip.display_formatter.format(result)
    assert sorted(data) == ["image/jpeg", "text/plain"]  # a PNG above the limit of a preview is shown as a JPEG


def test_running_the_cell_again_costs_nothing(shell: Shell, box: Handle) -> None:
    """The same content is paid for once; `--fresh` asks for another one on purpose."""
    first, again = shell.run("%%generate\na fox"), shell.run("%%generate\na fox")
    assert (first.id, False, True) == (again.id, first.cached, again.cached)
    assert creates(box) == 1
    other = shell.run("%%generate --fresh\na fox")
    assert (other.sample, other.cached) == (1, False)
    assert creates(box) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "prompt",
    [
        "the cat's eye",
        "a fox (unclosed [bracket {",
        "ends in a semicolon;",
        '"""three quotes',
        '{"json": {"deep": [1, 2]}}',
        "back\\slash \\n and \\",
        "!ls -l",
        "%%time\n%matplotlib inline",
        "is it a fox?",
        "?fox",
        "# a comment",
        "    indented\n\n  lines",
        "$HOME ${1 + 1} {1 + 1} {x!r}",
        "-m armox:other",
        "füchse 🦊 \u202e\u05ea\u05e4",
    ],
)
def test_any_prompt_is_taken_as_it_stands(shell: Shell, prompt: str) -> None:
    """A prompt is no Python: apostrophes, brackets, semicolons and question marks are part of it."""
    result = shell.run(f"%%generate --kind text\n{prompt}")
    assert (result.status, result.prompt) == ("saved", prompt.strip())
    assert result is shell.names["_"]


def test_nothing_on_the_line_is_expanded_by_ipython(shell: Shell) -> None:
    """IPython would run `{1+1}` and `$x` as Python; here they are text."""
    shell.names["x"] = "no"
    assert shell.run("%%generate --tag $x{1+1}\na fox").status == "saved"
    assert shell.run("import notebookgen as ng; ng.ledger().frame()['tag'].to_list()") == ["$x{1+1}"]


def test_variables_go_into_the_prompt_once(shell: Shell) -> None:
    """Also in a loop, where the cell runs again with another value."""
    shell.run("animal, style, braces = 'fox', 'woodcut', '{animal}'")
    assert shell.run("%%generate\na {animal}, {style}, {{style}} {braces}").prompt == "a fox, woodcut, {style} {animal}"
    loop = "for animal in ('cat', 'dog'):\n    get_ipython().run_cell_magic('generate', '-q -o one', 'a {animal}')\none.prompt"
    assert shell.run(loop) == "a dog"


def test_settings_have_the_models_types(shell: Shell) -> None:
    """What the model's list says decides; quotes and variables are respected."""
    shell.run("ratio, seed = '16:9', 7")
    result = shell.run("%%generate -s seed={seed} -s aspect_ratio={ratio} -s style='poster'\na fox")
    assert result.settings == {"aspect_ratio": "16:9", "seed": 7, "style": "poster"}
    same = shell.run("%%generate --set style=poster --set=seed=7 -s aspect_ratio=16:9\na fox")
    assert (same.id, same.cached) == (result.id, True)


def test_samples(shell: Shell, box: Handle) -> None:
    """`-n` makes several of the same, and gives them as one."""
    results = shell.run("%%generate -n 2 -o foxes\na fox")
    assert [one.sample for one in results] == [0, 1]
    assert len({one.path for one in results}) == 2
    assert results is shell.names["foxes"]
    assert creates(box) == 2


def test_an_image_goes_along_from_a_variable_or_a_path(shell: Shell, everywhere: None) -> None:
    """A Result, a path and a list of them can be changed further."""
    fox = shell.run("%%generate -o fox\na fox")
    first = shell.run(f"%%generate -m {EDIT} -i {{fox}}\nmake it blue")
    again = shell.run(f"%%generate -m {EDIT} -i '{fox.path}'\nmake it blue")
    assert (first.status, again.id, again.cached) == ("saved", first.id, True)
    shell.run("foxes = [fox]; editor = '" + EDIT + "'")
    listed = shell.run("%%generate -m {editor} -i {foxes}\nmake it blue")
    assert listed.id == first.id


@pytest.mark.slow
def test_kinds(shell: Shell) -> None:
    """Without a model the sandbox's own for the kind answers."""
    assert shell.run("%%generate --kind text\nsay hello").text
    assert shell.run("%%generate --kind audio\na bell").assets[0].kind == "audio"


def test_save_copies_the_files(shell: Shell, tmp_path: Path) -> None:
    """The folder is made, with a list beside the files; what was paid for stays where it was as well."""
    folder = tmp_path / "my pictures"
    result = shell.run(f"%%generate --no-provenance --save '{folder}'\na fox")
    (copy,) = folder.glob("*.png")
    assert copy.read_bytes() == result.path.read_bytes()
    results = shell.run(f"%%generate -n 2 --save '{folder}'\na cat")
    assert len(list(folder.glob("*.png"))) == 3
    assert ["manifest.json", "manifest.parquet"] == sorted(path.name for path in folder.glob("manifest*"))
    assert len(results) == 2


def test_a_place_that_cannot_be_written_is_refused_before_paying(shell: Shell, box: Handle, tmp_path: Path) -> None:
    """A file in the way is told first."""
    (tmp_path / "file").write_text("")
    for place in ("file", "file/below"):
        error, _ = shell.fails(f"%%generate --save '{tmp_path / place}'\na fox")
        assert type(error) is errors.InvalidCall
        assert "is a file, not a folder. Nothing was sent." in str(error)
    for place in (
        "/proc/pictures",
        "/proc/pictures/fox.png",
        "/proc/fox.png",
        str(tmp_path / "a\0b"),
        "cut\ud800",
        "~nobody-here/x",
    ):
        error, _ = shell.fails(f"%%generate --save '{place}'\na fox")
        assert isinstance(error, errors.NotebookgenError), repr(error)
        assert "Nothing was sent" in str(error)
    (tmp_path / "fox.png").write_bytes(b"")
    assert "is a file, not a folder" in str(shell.fails(f"%%generate -n 2 --save '{tmp_path / 'fox.png'}'\na fox")[0])
    assert creates(box) == 0
    shell.run(f"%%generate --dry-run --save '{tmp_path / 'later' / 'pictures'}'\na fox")
    assert not (tmp_path / "later").exists()


def test_a_models_near_miss_is_named(shell: Shell) -> None:
    """A word with a slip in it finds the word that is in models' names."""
    error, _ = shell.fails("%generate models bananna")
    assert "Did you mean 'banana'" in str(error)


def test_quiet_shows_nothing(shell: Shell, capfd: pytest.CaptureFixture[str]) -> None:
    """-q makes it and says nothing; -o keeps it."""
    assert shell.seen("%%generate -q -o fox\na fox") == ""
    assert shell.names["fox"].status == "saved"
    assert capfd.readouterr() == ("", "")


def test_outside_a_notebook_the_last_line_goes_to_stderr(shell: Shell, capfd: pytest.CaptureFixture[str]) -> None:
    """A terminal or a log file keeps one static line."""
    with capture_output(stderr=False):
        shell.run("%%generate\na fox")
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("saved · armox:sandbox/picture · ")


def test_a_model_without_its_flag_is_shown_behind_it(shell: Shell, box: Handle) -> None:
    """The model is no part of the prompt, with one % or two; nothing is sent."""
    for cell in ("%%generate sandbox/text -q\na fox", "%%generate -q armox:sandbox/text\na fox"):
        assert "-m armox:sandbox/text" in shell.told(cell).splitlines()[1]
    assert "%%generate -m armox:sandbox/text -q" in shell.told("%generate armox:sandbox/text -q").splitlines()
    assert "%%generate -m armox:sandbox/text" in shell.told("%generate armox:sandbox/text --bogus")
    assert creates(box) == 0


def test_what_is_kept_of_a_line_that_was_shown_ends_with_its_cell(shell: Shell) -> None:
    """However many runs a cell waits for, one thing is done at its end, also where the cell is run silently."""
    events = shell.ip.events.callbacks
    before = sum(map(len, events.values()))
    loop = (
        "import notebookgen as ng\nmade = [ng.generate(f'a fox {n}', model='armox:sandbox/text') for n in range(3)]\n"
    )
    with capture_output():
        shell.run(f"{loop}within = sum(map(len, get_ipython().events.callbacks.values()))")
        assert [""] * 3 == [one.handle.above for one in shell.names["made"]]
        shell.ip.run_cell(loop.replace("fox", "hare"), silent=True).raise_error()

    assert shell.names["within"] <= before + 1
    assert before == sum(map(len, events.values()))
    assert [""] * 3 == [one.handle.above for one in shell.names["made"]]


def test_the_same_cell_in_the_background_is_the_same_run(shell: Shell, box: Handle) -> None:
    """As it is with ``--over``; where it is cancelled or asked for afresh, the cell begins another one."""
    box.configure(seconds=(60.0, 60.0))
    cell = "%%generate -m armox:sandbox/picture-later --background -o fox {}\na fox"
    with capture_output():
        one, again, fresh = (shell.run(cell.format(flag)) for flag in ("", "", "--fresh"))
        assert one is again is not fresh
        assert 2 == len({each.handle.id for each in (one, again, fresh)})
        shell.run("%generate cancel")
        assert one is not shell.run(cell.format(""))


@pytest.mark.slow
def test_background_and_timeout_leave_the_job_alone(shell: Shell, box: Handle, everywhere: None) -> None:
    """The wait ends, the job goes on, and the next run of the cell picks it up: one create in all."""
    box.configure(seconds=(1.0, 1.0))
    cell = "%%generate -m armox:sandbox/picture-later {}\na fox"
    error, seen = shell.fails(cell.format("--timeout 0.1"))
    assert type(error) is errors.StillRunning
    assert len(seen.splitlines()) <= 4
    waiting = shell.run(cell.format("--background -o fox"))
    assert not waiting.done
    result = shell.run(cell.format(""))
    assert result.status == "saved"
    assert (waiting.wait(30).path, shell.names["fox"].path) == (result.path, result.path)
    assert creates(box) == 1


def test_budget(shell: Shell, box: Handle, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cap below the price sends nothing; `none` and enough of it do not stand in the way."""
    for key in ("ARMOX_API_KEY",):
        monkeypatch.setenv(key, "sk-made-up-for-a-test")
    monkeypatch.setenv("ARMOX_BASE_URL", box.base_urls["armox"])
    cell = "%%generate -m armox:sandbox/picture --budget {}\na fox"
    error, seen = shell.fails(cell.format("10 credits"))
    assert type(error) is errors.BudgetExceeded
    assert len(seen.splitlines()) <= 4
    assert creates(box) == 0
    assert shell.run(cell.format("40")).cost.amount == Decimal(40)
    assert shell.run(cell.format("none")).cached
    assert creates(box) == 1


def test_a_dry_run_sends_and_stores_nothing(shell: Shell, box: Handle) -> None:
    """It shows prompt, model, settings and price, and whether it was paid for before."""
    shell.run("animal, kept = 'fox', 1")
    quote = shell.run("%%generate --dry-run -n 3 -s seed=7 -o kept\na {animal}")
    text = str(quote)
    for part in (
        "a fox",
        "armox:sandbox/picture",
        "seed=7",
        "3 times, each for 40 credits",
        "3 new, at most 120 credits",
    ):
        assert part in text
    assert quote.state == "new"
    assert shell.names["kept"] == 1
    assert creates(box) == 0
    assert len(shell.run("import notebookgen as ng; ng.ledger().frame()")) == 0
    shell.run("%%generate -s seed=7\na {animal}")
    assert shell.run("%%generate --dry-run -s seed=7\na {animal}").state == "cached"


# Mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "kind", "says"),
    [
        ("%%generate\n   \n\t\n", errors.InvalidPrompt, "the prompt is empty"),
        ("%%generate", errors.InvalidPrompt, "%%generate\nA red fox in the snow\n"),
        ("%%generate -n 2", errors.InvalidPrompt, "the prompt is empty"),
        ("%%generate a fox", errors.InvalidCall, "%%generate\na fox"),
        ("\n  %%generate -n 2 a fox?\n", errors.InvalidCall, "%%generate -n 2\na fox?"),
        ("%%generate\n{empty}", errors.InvalidPrompt, "the prompt is empty"),
        ("%%generate -m armox:sandbox/picture\n{empty}", errors.InvalidPrompt, "the prompt is empty"),
        ("%%generate\na {fxo}", errors.InvalidPrompt, "Did you mean 'fox'?"),
        ("%%generate\na {frame}", errors.InvalidPrompt, "{frame} is of type list"),
        ("%%generate --modle x\na fox", errors.InvalidCall, "'--model'"),
        ("%%generate -o 2x\na fox", errors.InvalidCall, "-o takes the name of a variable"),
        ("%%generate -s seed=many\na fox", errors.InvalidSetting, "takes a whole number"),
        ("%%generate -s aspect_ratio=7:1\na fox", errors.InvalidSetting, "16:9"),
        ("%%generate -s seed={sed}\na fox", errors.InvalidCall, "Did you mean 'seed'?"),
        ("%%generate -m {sed}\na fox", errors.InvalidCall, "Did you mean 'seed'?"),
        ("%%generate -i {fxo}\na fox", errors.InvalidCall, "Did you mean 'fox'?"),
        ("%%generate -i {nothing}\na fox", errors.InvalidImage, "is None"),
        ("%%generate -i a.png -i mask=b.png\na fox", errors.InvalidCall, "-i FIELD=IMAGE"),
        ("%%generate -i no/such.png\na fox", errors.InvalidImage, "no/such.png"),
        ("%%generate -m armox:google/nano-banana\na fox", errors.MissingKey, "ARMOX_API_KEY is not set"),
        ("%%generate -m amrox:google/nano-banana\na fox", errors.UnknownProvider, "'armox'"),
        ("%generate modles", errors.InvalidCall, "'models'"),
        ("%generate a red fox", errors.InvalidCall, "%%generate"),
        ("%generate A fox in snow", errors.InvalidCall, "%%generate\nA fox in snow\n"),
        ("%generate help no:such", errors.UnknownModel, "no:such"),
        ("%generate models nonsuch", errors.UnknownModel, "nonsuch"),
        ("%generate cost --by colour", errors.InvalidCall, "Columns are"),
        ("%generate login nobody", errors.UnknownProvider, "nobody"),
        ("%generate resolve ffff write_off", errors.InvalidCall, "ffff"),
    ],
)
def test_a_mistake_is_one_to_four_lines(shell: Shell, box: Handle, cell: str, kind: type, says: str) -> None:
    """The class, what is wrong, what to type next; no traceback, nothing sent, nothing left in `_`."""
    shell.run("fox, frame, empty, seed, nothing = 'x', [1], ' ', 1, None")
    error, seen = shell.fails(cell)
    assert type(error) is kind
    assert says in seen
    lines = seen.strip().splitlines()
    assert 1 <= len(lines) <= 4
    assert lines[0].startswith(f"{kind.__name__}: ")
    assert creates(box) == 0


@pytest.mark.slow
def test_a_slip_in_a_settings_name_is_not_paid_for(shell: Shell, box: Handle) -> None:
    """It would be ignored and charged; who means it says so, in the magic with quotes, in Python with a dictionary."""
    shell.run("import notebookgen as ng")
    clip = "armox:sandbox/clip"
    error, seen = shell.fails(f"%%generate -m {clip} -s durration=2\na fox")
    assert isinstance(error, errors.InvalidSetting)
    assert f"{clip} is not known to take 'durration'. Did you mean 'duration'? Nothing was sent." in seen
    assert "-s 'durration'=..." in seen
    _, seen = shell.fails(f"ng.generate('a fox', model='{clip}', durration=2)")
    assert "settings={'durration': ...}" in seen
    assert creates(box) == 0
    shell.run(f"%%generate -m {clip} -s 'durration'=2\na fox")
    shell.run(f"ng.generate('a fox', model='{clip}', settings={{'durration': 2}})")
    shell.run(f"ng.generate('a fox', model='{clip}', loudness=2)")
    assert creates(box) == 2


def test_a_dry_run_tells_what_would_really_happen(shell: Shell) -> None:
    """With a fresh one asked for, with several, and with a budget that does not cover it."""
    dry = "%%generate -m armox:sandbox/picture --dry-run {}\na dry fox"
    assert "does not cover it, nothing would be sent" in shell.seen(dry.format("--budget 39"))
    assert "does not cover it" in shell.seen(dry.format("--budget '5 USD'"))
    assert "covers 2 of 3" in shell.seen(dry.format("--budget 80 -n 3"))
    assert "covers all 3" in shell.seen(dry.format("--budget 120 -n 3"))
    assert "at most 2 new: covers 2 of 3" in shell.seen(dry.format("--budget 120 --max-new 2 -n 3"))
    assert "at most 2 new: covers 2 of 3" in shell.seen(dry.format("--max-new 2 -n 3"))
    assert "budget    40: covers it" in shell.seen(dry.format("--budget 40"))
    assert "budget" not in shell.seen(dry.format("--budget none"))
    shell.run("%%generate -m armox:sandbox/picture\na dry fox")
    assert "nothing would be sent" in shell.seen(dry.format(""))
    assert "would be sent once, for 40 credits (listed" in shell.seen(dry.format("--fresh"))


def test_a_dry_run_of_several_says_what_is_missing(shell: Shell) -> None:
    """Of samples that are partly there, the budget is that of the rest."""
    cell = "%%generate -m armox:sandbox/picture {}\na half dry fox"
    shell.run(cell.format("-n 2"))
    quote = shell.run(cell.format("-n 4 --dry-run --budget 40"))
    assert ("new", 2) == (quote.state, quote.new)
    assert "samples   2 cached, 2 new, at most 80 credits in all" in str(quote)
    assert "covers 1 of 2" in str(quote)
    assert "2 cached" in str(shell.run(cell.format("-n 2 --dry-run")))


def test_a_dry_run_of_more_than_fifty_says_what_the_call_would(
    shell: Shell, box: Handle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing was said about money it is not sent; both say how to have it sent, and play money needs no word."""
    monkeypatch.setenv("ARMOX_API_KEY", "sk_for_a_test_0123456789")
    monkeypatch.setenv("ARMOX_BASE_URL", box.base_urls["armox"])
    cell = "%%generate -m {} -n 51 {}\nmany foxes"
    paid, ways = (
        "armox:google/nano-banana",
        "Add --budget 3570, or --max-new 51, or say that there is no cap: --budget none.",
    )
    error, _ = shell.fails(cell.format(paid, ""))
    assert ways in str(error)
    assert f"to run it {ways}" in shell.seen(cell.format(paid, "--dry-run"))
    assert "to run it" not in shell.seen(cell.format(paid, "--dry-run --max-new 51"))
    assert "to run it" not in shell.seen(cell.format("armox:sandbox/picture", "--dry-run"))
    assert creates(box) == 0


@pytest.mark.slow
def test_a_dry_run_over_a_base_figure_says_what_the_call_would(shell: Shell) -> None:
    """A budget alone buys nothing where the price may be higher; with a count, or once its cost is known, it does."""
    clip = "%%generate -m armox:sandbox/clip -s duration=1 {}\na {} fox"
    price = "at least 96 credits"
    assert price in shell.seen(clip.format("--dry-run", "wet"))
    said = "cannot hold over that price, nothing would be sent without --max-new 1"
    assert said in shell.seen(clip.format("--dry-run --budget 500", "wet"))
    assert "cannot hold" not in shell.seen(clip.format("--dry-run --budget 500 --max-new 1", "wet"))
    error, _ = shell.fails(clip.format("--budget 500", "wet"))
    assert "--max-new 1" in str(error)
    shell.run(clip.format("--budget 500 --max-new 1", "wet"))
    known = shell.seen(clip.format("--dry-run --budget 500", "dry"))
    assert (True, False) == ("would be sent once, for 96 credits (listed" in known, "cannot hold" in known)


def test_results_are_images_and_an_empty_list_is_none(shell: Shell, everywhere: None) -> None:
    """`-i {results}` sends each of them; a list without anything in it is a mistake, and no picture without images."""
    shell.run("%%generate -n 2 -o two\na fox")
    quote = shell.run(f"%%generate -m {EDIT} -i {{two}} --dry-run\nmake it blue")
    assert len(quote.generation.images) == 2
    shell.run("empty = []")
    _, seen = shell.fails("%%generate -i {empty}\na fox")
    assert "is empty" in seen


def test_only_a_persons_own_variables_are_suggested(shell: Shell) -> None:
    """IPython's own names are no near misses, nor what could not be meant there."""
    _, seen = shell.fails("%%generate -i {opne}\na fox")
    assert "-i {opne} names no variable. Nothing was sent. Assign opne first." in seen
    shell.run("fox, fix = b'x', 3")
    _, seen = shell.fails("%%generate -i {fex}\na fox")
    assert "Did you mean 'fox'?" in seen


def test_a_magic_is_answered_in_flags_and_a_function_in_keywords(shell: Shell) -> None:
    """The same error, each time as the one who asked would type it."""
    shell.run("import notebookgen as ng")
    _, seen = shell.fails("%%generate -m armox:sandbox/picture --budget 1\na fox")
    assert "Raise it: --budget 40" in seen
    _, seen = shell.fails("ng.generate('a fox', model='armox:sandbox/picture', budget=1)")
    assert "Raise it: budget=40" in seen
    assert "the budget has 1 credit left" in seen
    _, seen = shell.fails("%%generate -m armox:sandbox/pictur\na fox")
    assert "To see them all: %generate models armox" in seen
    _, seen = shell.fails("ng.generate('a fox', model='armox:sandbox/pictur')")
    assert "To see them all: ng.models('armox')" in seen


def test_a_terminal_still_waits_for_the_prompt(shell: Shell) -> None:
    """The answer to a cell without a prompt does not end the typing after its first line."""
    assert "incomplete" == shell.ip.check_complete("%%generate -n 2")[0]
    assert "complete" == shell.ip.check_complete("%%generate -n 2\na fox\n\n")[0]


def test_a_failed_job_says_what_became_of_the_money(shell: Shell, box: Handle) -> None:
    """The provider's words and the charge, in a few lines; the variable is left as it was."""
    box.configure(fail=1.0)
    shell.run("fox = 1")
    error, seen = shell.fails("%%generate -o fox\na fox")
    assert isinstance(error, errors.JobError | errors.ProviderError)
    assert len(seen.strip().splitlines()) <= 4
    assert shell.names["fox"] == 1


# Commands --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("hasty")
def test_the_table_names_who_could_not_be_asked(shell: Shell, box: Handle, monkeypatch: pytest.MonkeyPatch) -> None:
    """One provider that cannot be reached hides no other; below the table it is said."""
    for name, address in box.base_urls.items():
        monkeypatch.setenv(f"{name.upper()}_API_KEY", "sk-made-up-for-a-test")
        monkeypatch.setenv(f"{name.upper()}_BASE_URL", NOWHERE if name == "armox" else address)
    table = shell.run("%generate models")

    assert {"apimodels", "apixo", "armox"} == {one.partition(":")[0] for one in table["model"]}
    assert "\nArmox could not be asked for its models" in str(table)
    assert "apixo:nano-banana" in str(shell.run("%generate help apixo:nano-banana"))


def test_models_are_a_table(shell: Shell) -> None:
    """All, a provider's, or those with a word in their name; whole names for reading, and a frame behind them."""
    import polars as pl

    table = shell.run("%generate models")
    assert isinstance(table.frame, pl.DataFrame)
    assert "armox:sandbox/picture" in table["model"]
    assert "apimodels:nanobanana-2-lite/gemini-3.1-flash-image-preview" in str(table).split()
    assert "<table" in table._repr_html_()
    assert {one.partition(":")[0] for one in shell.run("%generate models apixo")["model"]} == {"apixo"}
    assert set(shell.run("found = %generate models BANANA\nfound")["model"].str.contains("banana")) == {True}


def test_help_of_a_model(shell: Shell) -> None:
    """Price, each setting with default and range, and a line to copy; plain text."""
    text = shell.seen("%generate help armox:sandbox/picture")
    assert text.count("%%generate -m armox:sandbox/picture -s aspect_ratio=16:9") == 1
    for part in ("40 credits", "aspect_ratio", "16:9", "0 to 2147483647", "%%generate -m armox:sandbox/picture -s "):
        assert part in text
    assert max(map(len, text.splitlines())) <= 100


def test_help_of_the_magic(shell: Shell) -> None:
    """The same text behind `%generate`, `help`, `-h` and `?`."""
    from notebookgen.notebook.flags import help_text

    for cell in ("%generate", "%generate help", "%generate -h", "%%generate --help\n \n"):
        assert str(shell.run(cell)) == help_text().rstrip()
    assert shell.ip.find_line_magic("generate").__doc__ == help_text()
    for cell in ("%generate?", "%%generate?"):
        with capture_output() as caught:
            shell.run(cell)
        assert "--aspect" not in caught.stdout
        assert "-s, --set KEY=VALUE" in caught.stdout


def test_costs_are_summed_by_unit_and_leave_the_sandbox_out(shell: Shell) -> None:
    """What cost nothing is no cost; asked for, it is shown as what it would have been."""
    shell.run("%%generate --tag lesson\na fox")
    assert len(shell.run("%generate cost")) == 0
    assert "%generate cost --by day --sandbox" in shell.seen("%generate cost --by day")
    by_tag = shell.run("%generate cost --by tag --sandbox")
    assert by_tag.select("tag", "unit", "net").rows() == [("lesson", "credits", Decimal(40))]


@pytest.mark.slow
def test_runs_resume_and_cancel(shell: Shell, box: Handle, everywhere: None) -> None:
    """What is left open is found again by its run, or cancelled at the provider."""
    assert str(shell.run("%generate resume")).startswith("Nothing was left open")
    assert str(shell.run("%generate cancel")).startswith("nothing is under way")
    box.configure(seconds=(1.0, 1.0))
    shell.run("%%generate -m armox:sandbox/picture-later --background -o fox\na fox")
    run = shell.run("%generate runs")["run"][0]
    (result,) = shell.run(f"%generate resume {run}")
    assert (result.status, result.path) == ("saved", shell.names["fox"].wait(30).path)
    box.configure(seconds=(60.0, 60.0))
    cat = shell.run("%%generate -m armox:sandbox/picture-later --background -o cat\na cat")
    while cat.job is None and not cat.done:
        cat.handle.wait(0.05)
    said = str(shell.run("%generate cancel"))
    assert "cancel" in said
    cat.handle.wait(30)
    assert cat.status == "cancelled"


def test_what_is_ambiguous_is_resolved_by_its_id(shell: Shell, box: Handle, everywhere: None) -> None:
    """A lost reply is told with its id; Tab knows it; the person settles it."""
    from notebookgen.notebook.sources import sources_of
    from notebookgen.sandbox import Fault

    box.configure(misbehave=(Fault(kind="lost_after", service="apixo"),))
    error, seen = shell.fails("%%generate -m apixo:nano-banana\na fox")
    assert type(error) is errors.JobAmbiguous
    assert len(seen.strip().splitlines()) <= 4
    assert "%generate resolve" in seen
    shell.run("%generate cost")
    (held,) = sources_of(shell.names).held()
    assert held == error.id
    assert type(shell.fails(f"%generate resolve {held} aprove")[0]) is errors.InvalidCall
    result = shell.run(f"%generate resolve {held} write_off")
    assert result.status == "failed"
    assert list(sources_of(shell.names).held()) == []


def test_doctor_is_a_page(shell: Shell) -> None:
    """A report as text, not a quoted string."""
    assert shell.seen("%generate doctor").splitlines()[1].startswith("home ")


def test_login_without_anybody_to_ask(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where what is typed would be seen, or nobody can type, it says what to set instead."""
    import io

    monkeypatch.setattr(sys, "stdin", io.StringIO("sk-secret\n"))
    error, seen = shell.fails("%generate login armox")
    assert type(error) is errors.ConfigurationError
    assert "ARMOX_API_KEY" in seen
    assert "sk-secret" not in seen


def test_login_keeps_the_key_in_the_keyring_and_nowhere_else(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is typed goes to the system keyring; the notebook shows where it is, not what it is."""
    import getpass

    import keyring
    from keyring.backend import KeyringBackend

    class Memory(KeyringBackend):
        priority = 1  # type: ignore[assignment]  # keyring declares it as a class property
        kept: dict[tuple[str, str], str] = {}  # noqa: RUF012 - one store for the one test

        def get_password(self, service: str, username: str) -> str | None:
            return self.kept.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            self.kept[service, username] = password

        def delete_password(self, service: str, username: str) -> None:
            del self.kept[service, username]

    before = keyring.get_keyring()
    keyring.set_keyring(Memory())
    monkeypatch.setattr(getpass, "getpass", lambda _: "sk-secret")
    try:
        seen = shell.seen("%generate login armox")
    finally:
        keyring.set_keyring(before)
    assert {("notebookgen", "ARMOX_API_KEY"): "sk-secret"} == Memory.kept
    assert "ARMOX_API_KEY" in seen
    assert "sk-secret" not in seen + str(shell.names["Out"])


# The extension ---------------------------------------------------------------------------------------------------


def test_loading_and_unloading_twice(shell: Shell) -> None:
    """Both can be repeated; afterwards nothing of it is left in the shell."""
    import notebookgen as ng

    def ours() -> list[str]:
        matchers = shell.ip.Completer.custom_matchers
        return [name for one in matchers if (name := getattr(one, "matcher_identifier", "")) == "notebookgen"]

    shell.run("%load_ext notebookgen\n%reload_ext notebookgen")
    ng.load_ipython_extension(shell.ip)
    assert ours() == ["notebookgen"]
    ng.unload_ipython_extension(shell.ip)
    ng.unload_ipython_extension(shell.ip)
    assert ours() == []
    assert shell.ip.find_line_magic("generate") is None
    assert shell.ip.find_cell_magic("generate") is None
    from notebookgen import client

    assert client._follower == []
    ng.load_ipython_extension(shell.ip)
    assert shell.run("%%generate\na fox").status == "saved"


def test_the_function_is_followed_without_the_extension(shell: Shell, capfd: pytest.CaptureFixture[str]) -> None:
    """`ng.generate` shows the same line inside IPython, loaded or not."""
    shell.run("%unload_ext notebookgen\nimport notebookgen as ng")
    with capture_output(stderr=False):
        shell.run("ng.generate('a fox')")
    assert capfd.readouterr().err.startswith("saved · armox:sandbox/picture")
    shell.run("%load_ext notebookgen")


def test_loading_loads_nothing_heavy() -> None:
    """`%load_ext notebookgen` in a fresh process brings neither frames nor pictures nor HTTP."""
    code = (
        "import sys\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "before = set(sys.modules)\n"
        "shell.run_line_magic('load_ext', 'notebookgen')\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(new & {'polars', 'ipywidgets', 'PIL', 'av', 'requests', 'tornado', 'tqdm', 'sqlite3', 'numpy'}))\n"
        "print('notebookgen.client' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "False"]
