"""The magic's line: what is written is what is meant, and what makes no sense is said before anything is sent."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookgen.errors import InvalidCall, InvalidSetting
from notebookgen.notebook.arguments import Call, Command, ImageArgument, SettingArgument, parse, typed
from notebookgen.notebook.flags import COMMANDS, FLAGS, help_text
from notebookgen.notebook.sources import model_named
from notebookgen.notebook.words import cut
from notebookgen.records import Setting


def call(line: str, cell: str = "a fox\n") -> Call:
    parsed = parse(line, cell)
    assert isinstance(parsed, Call)
    return parsed


def refused(line: str, cell: str | None = "a fox\n") -> str:
    with pytest.raises(InvalidCall) as caught:
        parse(line, cell, model_named)
    message = str(caught.value)
    assert len(message.splitlines()) <= 4
    return message


def one(line: str) -> SettingArgument:
    (argument,) = call(line).settings
    return argument


def test_an_empty_line_is_a_call_with_nothing_set() -> None:
    """`%%generate` alone is enough; the prompt is the cell as it stands."""
    assert Call(prompt="a fox\n") == call("")


def test_every_flag_short_or_long() -> None:
    """Each flag of the table fills its field, whichever way it is spelled."""
    short = call(
        "-m armox:google/nano-banana -s a=1 -s b=2 -i fox.png -i mask={m} -n 3 -o pic --budget 70 --tag t --kind video"
        " --fresh --background --timeout 2.5 -q --dry-run"
    )
    long = call(
        "--model=armox:google/nano-banana --set=a=1 --set b=2 --image fox.png --image=mask={m} --samples 3 --out=pic"
        " --budget=70 --tag=t --kind=VIDEO --fresh --background --timeout=2.5 --quiet --dry-run"
    )
    assert short == long
    expected = Call(
        prompt="a fox\n",
        model="armox:google/nano-banana",
        settings=(SettingArgument("a", "1"), SettingArgument("b", "2")),
        images=(ImageArgument("fox.png"), ImageArgument("{m}", "mask")),
        samples=3,
        out="pic",
        budget=Decimal(70),
        tag="t",
        kind="video",
        timeout=2.5,
        dry_run=True,
        fresh=True,
        background=True,
        quiet=True,
    )
    assert expected == short
    assert call("--save out").save == "out"
    over = call("--over made.frame --max-new 60 --concurrency=4 --prefix clip_ --budget '500 credits, 5 USD'")
    assert ("made.frame", 60, 4, "clip_") == (over.over, over.max_new, over.concurrency, over.prefix)
    assert {"credits": Decimal(500), "USD": Decimal(5)} == over.budget
    assert ["a['b']['c d']", "a b", "a['b']"] == [
        call(f"--over {each}").over for each in ("""a['b']["c d"]""", "'a b'", "\"a['b']\"")
    ]


def test_values_with_blanks_stand_in_quotes() -> None:
    """A quoted value is one value, whichever quotes and wherever they begin."""
    for line in (
        "-s style='oil painting'",
        '-s "style=oil painting"',
        '-s style="oil painting"',
        r"-s style=oil\ painting",
    ):
        assert one(line).text == "oil painting"
    assert call("--tag 'the cat''s'").tag == "the cats"
    assert call('''--tag "the cat's eye"''').tag == "the cat's eye"


def test_quotes_around_a_value_make_it_a_text() -> None:
    """duration=4 is a number, duration="4" is the text 4, whether a shell or JSON is what people have in mind."""
    for line in ('-s duration="4"', "-s duration='4'", """-s 'duration="4"'""", """-s duration='"4"'"""):
        assert SettingArgument("duration", "4", quoted=True) == one(line)
        assert typed(one(line), Setting("duration", "integer")) == "4"
    for line in ("-s duration=4", '-s "duration=4"'):
        assert SettingArgument("duration", "4") == one(line)
        assert typed(one(line)) == 4


def test_backslashes_of_paths_stay() -> None:
    r"""C:\pictures\fox.png is a path as typed; a backslash escapes only quotes and blanks."""
    assert call(r"-i C:\pictures\fox.png").images == (ImageArgument(r"C:\pictures\fox.png"),)
    assert call(r"-i \\server\share\fox.png").images == (ImageArgument(r"\\server\share\fox.png"),)
    assert call(r"-i my\ fox.png").images == (ImageArgument("my fox.png"),)
    assert call(r"--tag it\'s").tag == "it's"


def test_images_are_paths_addresses_or_variables_with_or_without_a_field() -> None:
    """An address keeps its = signs; only a name before the first = is a field."""
    line = "-i https://x.example/a?b=c&d=e -i image_url=https://x.example/?q=1 -i {fox} -i ref={fox} -i ./a=b.png"
    assert call(line).images == (
        ImageArgument("https://x.example/a?b=c&d=e"),
        ImageArgument("https://x.example/?q=1", "image_url"),
        ImageArgument("{fox}"),
        ImageArgument("{fox}", "ref"),
        ImageArgument("./a=b.png"),
    )
    assert [image.variable for image in call(line).images] == [None, None, "fox", "fox", None]


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("70", Decimal(70)),
        ("0.5", Decimal("0.5")),
        ("'5 USD'", "5 USD"),
        ("5 USD", "5 USD"),
        ("5USD", "5 USD"),
        ("200credits", "200 credits"),
        ("none", math.inf),
        ("NONE", math.inf),
    ],
)
def test_a_budget_is_an_amount_with_or_without_its_unit(text: str, budget: object) -> None:
    """`--budget 5 USD` needs no quotes; `none` says on purpose that there is no cap."""
    assert budget == call(f"--budget {text}").budget
    assert call(f"--budget {text} --fresh").fresh


@pytest.mark.parametrize("text", ["0", "-5", "lots", "$5", "5,5", "1..2", "nan", "inf", "''", "5 5"])
def test_a_budget_that_is_none_is_refused(text: str) -> None:
    """Nothing is guessed where money is meant."""
    assert refused(f"--budget {text}")


@pytest.mark.parametrize("name", ["2fast", "a-b", "class", "None", "a.b", "x[0]", "''", "a b"])
def test_the_variable_of_o_is_checked_before_anything_is_sent(name: str) -> None:
    """A name that Python does not take is refused here, not after the money is spent."""
    assert "-o takes the name of a variable" in refused(f"-o '{name}'" if name != "''" else "-o ''")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--modle x", "'--model'"),
        ("--budjet=5", "'--budget'"),
        ("--temperature 1", "-s KEY=VALUE"),
        ("--over", "--over FRAME"),
        ("--over ''", "--over FRAME"),
        ("--max-new 0", "at least 1"),
        ("--over df --concurrency none", "--concurrency takes a whole number"),
        ("--concurrency 3", "--concurrency goes with --over FRAME"),
        ("--prefix out_", "--prefix goes with --over FRAME"),
        ("--budget '5 USD, 3'", "'500 credits, 5 USD'"),
        ("--budget '5 USD, 3 USD'", "'500 credits, 5 USD'"),
        ("-x", "-m -s -i -n --over -o --budget"),
        ("-n4", "-n 4"),
        ("-n 0", "at least 1"),
        ("-n two", "at least 1"),
        ("-n 1.5", "at least 1"),
        ("-m", "-m MODEL"),
        ("-m -o x", "-m MODEL"),
        ("-o", "-o VAR"),
        ("-m a -m b", "-m is there twice"),
        ("-s a=1 -s a=2", "-s a= is there twice"),
        ("-s steps", "KEY=VALUE"),
        ("-s steps = 4", "KEY=VALUE"),
        ("-s =4", "KEY=VALUE"),
        ("-i ''", "-i takes"),
        ("--fresh=yes", "takes no value"),
        ("--kind vidoe", "'video'"),
        ("--timeout soon", "seconds"),
        ("--timeout -1", "seconds"),
        ("--save ''", "folder"),
        ("a red fox", "below the %%generate line"),
        ("-s style=oil painting", "in quotes"),
        ("models", "%generate models"),
        ("--save x --background", "--background does not wait"),
        ("-s style='oil", "single quote"),
        ('-s style="oil', "double quote"),
        ("-m x \\", "drop the \\"),
    ],
)
def test_what_makes_no_sense_says_what_to_write(line: str, says: str) -> None:
    """Each mistake is answered with the form that works, near misses named."""
    assert says in refused(line)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("", Command("help")),
        ("--help", Command("help")),
        ("models -h", Command("help")),
        ("models", Command("models")),
        ("models armox", Command("models", ("armox",))),
        ("help armox:google/nano-banana", Command("help", ("armox:google/nano-banana",))),
        ("cost", Command("cost")),
        ("cost --by day --sandbox", Command("cost", (), {"by": "day", "sandbox": True})),
        ("runs", Command("runs")),
        ("resume", Command("resume")),
        ("resume 7f3a", Command("resume", ("7f3a",))),
        ("retry", Command("retry")),
        ("retry 7f3a --budget 5 USD --max-new 70", Command("retry", ("7f3a",), {"budget": "5 USD", "max_new": 70})),
        ("resolve ab12 adopt --job j1", Command("resolve", ("ab12", "adopt"), {"job": "j1"})),
        ("cancel", Command("cancel")),
        ("login armox", Command("login", ("armox",))),
        ("doctor", Command("doctor")),
    ],
)
def test_commands(line: str, command: Command) -> None:
    """A line magic is one of the commands with its words."""
    parsed = parse(line)
    assert isinstance(parsed, Command)
    assert (command.name, command.words, dict(command.options)) == (parsed.name, parsed.words, dict(parsed.options))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("a red fox", "%%generate (two %)"),
        ("-m armox:x", "%%generate (two %)"),
        ("modles", "'models'"),
        ("rerty", "'retry'"),
        ("retry --max-new no", "--max-new takes a whole number"),
        ("login", "needs PROVIDER"),
        ("resolve", "needs ID and ACTION"),
        ("resolve ab12", "needs ACTION"),
        ("models a b", "%generate models [WORD]"),
        ("runs now", "takes nothing"),
        ("cost --bye day", "no flag --bye"),
        ("cost --by", "--by COLUMN"),
    ],
)
def test_a_wrong_command_says_what_there_is(line: str, says: str) -> None:
    """Near misses are named, and the exact line to write."""
    assert says in refused(line, None)


def test_a_prompt_behind_one_percent_is_shown_as_it_is_to_be_written() -> None:
    """A sentence is no slip of the pen of some command: two % and the prompt below."""
    text = refused("A fox in snow", None)
    assert "Did you mean" not in text
    assert ["%%generate", "A fox in snow"] == text.splitlines()[1:3]
    assert ["%%generate", "logging in the woods"] == refused("logging in the woods", None).splitlines()[1:3]
    assert "Did you mean 'cost'?" in refused("cots", None)
    assert "Did you mean 'models'?" in refused("modles flux", None)


@pytest.mark.parametrize(
    ("line", "cell", "written"),
    [
        ("a fox", "\n", ["%%generate", "a fox"]),
        ("-n 2 a fox", "\n", ["%%generate -n 2", "a fox"]),
        ("a fox -s style='oil painting'", "\n", ["%%generate -s style='oil painting'", "a fox"]),
        ("a fox\t--fresh", "in the\nsnow", ["%%generate --fresh", "a fox in the snow"]),
        ("help me draw a fox", "\n", ["%%generate", "help me draw a fox"]),
    ],
)
def test_a_prompt_on_the_first_line_is_shown_where_it_goes(line: str, cell: str, written: list[str]) -> None:
    """The cell as it is to be written, its flags kept, ready to be copied."""
    text = refused(line, cell)
    assert "the prompt goes below" in text
    assert written == text.splitlines()[1:]


@pytest.mark.parametrize(
    ("line", "cell", "written"),
    [
        ("armox:google/nano-banana", "a fox", ["%%generate -m armox:google/nano-banana", "a fox"]),
        ("armox:google/nano-banana a fox", "\n", ["%%generate -m armox:google/nano-banana", "a fox"]),
        ("armox:x -n 2 --fresh", "a fox", ["%%generate -m armox:x -n 2 --fresh", "a fox"]),
        (
            "-n 2 armox:x -s style='oil painting'",
            "a fox",
            ["%%generate -n 2 -m armox:x -s style='oil painting'", "a fox"],
        ),
        ("apixo:'my model' -o fox", "a fox", ["%%generate -m apixo:'my model' -o fox", "a fox"]),
        ("google/nano-banana --over df", "a {n}", ["%%generate -m armox:google/nano-banana --over df", "a {n}"]),
        ("sandbox/text", "a fox", ["%%generate -m armox:sandbox/text", "a fox"]),
        ("text of a fox", "\n", ["%%generate", "text of a fox"]),
        ("midnight: a fox", "\n", ["%%generate", "midnight: a fox"]),
    ],
)
def test_a_model_without_its_flag_is_shown_behind_it(line: str, cell: str, written: list[str]) -> None:
    """A model's name on the line is no part of the prompt: what is shown can be copied, and is what was meant."""
    shown = refused(line, cell).splitlines()
    assert written == shown[-2:]
    assert ("-m" in written[0]) == (call(shown[-2].removeprefix("%%generate"), shown[-1]).model is not None)


def test_which_model_is_meant_is_not_picked() -> None:
    """A name that several providers have is left as it was written: the call itself names them, with their prices."""
    for name in ("gpt-image-2", "nano-banana"):  # the second is one provider's id, and the end of another's
        assert [f"%%generate -m {name}", "a fox"] == refused(name, "a fox").splitlines()[-2:]


def test_a_model_behind_one_percent_is_shown_as_it_is_to_be_written() -> None:
    """Two %, the model behind its flag, and a prompt below."""
    for name in ("armox:google/nano-banana", "google/nano-banana"):
        text = refused(f"{name} -n 2", None)
        assert "%%generate (two %)" in text
        assert ["%%generate -m armox:google/nano-banana -n 2", "A red fox in the snow"] == text.splitlines()[1:3]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("armox:x --bogus", "%%generate has no flag --bogus."),
        ("armox:x --bugdet 5", "Did you mean '--budget'?"),
        ("armox:x -n2", "'-n2' needs a blank: -n 2"),
    ],
)
@pytest.mark.parametrize("cell", ["a fox", None])
def test_a_wrong_flag_behind_a_model_is_told_with_it(line: str, says: str, cell: str | None) -> None:
    """A flag that does not exist is no part of a prompt either; both mistakes are told at once."""
    text = refused(line, cell)
    assert says in text
    assert "A model goes behind -m: %%generate -m armox:x" in text.splitlines()[-1]


@pytest.mark.parametrize("line", ["--model=", "-m ''", "--tag=' '"])
def test_a_flag_without_its_value_is_not_the_usual_one(line: str) -> None:
    """An empty value is a mistake: nothing is picked in its place, and charged."""
    assert " needs a value: " in refused(line)


def test_a_value_with_blanks_is_shown_in_quotes() -> None:
    """What is left over behind a value is most likely its second word."""
    assert "-s style='oil painting'" in refused("-s style=oil painting", "a fox").replace(": style", ": -s style")
    assert "'my pictures'" in refused("--save my pictures", "a fox")


def test_help_in_a_cell_asks_for_the_help() -> None:
    """`%%generate --help` shows the help and generates nothing."""
    assert Command("help") == parse("--help", "a fox")


def test_the_help_names_every_flag_and_every_command() -> None:
    """The help text is made from the tables, so that nothing is missing in it."""
    text = help_text()
    assert [flag.shown for flag in FLAGS if flag.shown not in text] == []
    assert [command.name for command in COMMANDS if f"%generate {command.shown}" not in text] == []
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize(
    ("text", "setting", "value"),
    [
        ("4", None, 4),
        ("4.5", None, 4.5),
        ("true", None, True),
        ("null", None, None),
        ("16:9", None, "16:9"),
        ("007", None, "007"),
        ("NaN", None, "NaN"),
        ("True", None, "True"),
        ('{"a": 1}', None, {"a": 1}),
        ("[1, 2]", None, [1, 2]),
        ("", None, ""),
        ("4", Setting("k", "string"), "4"),
        ("4", Setting("k", "integer"), 4),
        ("4.0", Setting("k", "number"), 4.0),
        ("4", Setting("k", "number"), 4),
        ("YES", Setting("k", "boolean"), True),
        ("0", Setting("k", "boolean"), False),
        ("4", Setting("k", "unknown", options=("4", "8")), "4"),
        ("auto", Setting("k", "integer", options=(4, "auto")), "auto"),
        ("8", Setting("k", "string", options=(4, 8)), 8),
        ("a, b", Setting("k", "array"), ["a", "b"]),
        ("1,2", Setting("k", "array"), [1, 2]),
        ('["a"]', Setting("k", "array<url>"), ["a"]),
        ('{"x": [1]}', Setting("k", "object"), {"x": [1]}),
        ("https://x.example/a.png", Setting("k", "image"), "https://x.example/a.png"),
    ],
)
def test_a_value_gets_the_catalogues_type_else_jsons(text: str, setting: Setting | None, value: object) -> None:
    """What the catalogue knows decides; where it knows nothing, JSON does, and all else is text."""
    assert (value, type(value)) == (read := typed(SettingArgument("k", text), setting), type(read))


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("four", "integer", "a whole number"),
        ("4.5", "integer", "a whole number"),
        ("true", "integer", "a whole number"),
        ("x", "number", "a number"),
        ("maybe", "boolean", "true or false"),
        ("[1]", "object", "a JSON object"),
    ],
)
def test_a_value_of_the_wrong_type_says_what_is_taken_and_how_to_force_it(text: str, kind: str, says: str) -> None:
    """The catalogue may be out of date, so the message shows the way around it."""
    with pytest.raises(InvalidSetting) as caught:
        typed(SettingArgument("k", text), Setting("k", kind, options=(4, 8)))
    message = str(caught.value)
    assert says in message
    assert "One of: 4, 8." in message
    forced = message.splitlines()[-1].partition(": ")[2]
    assert text == typed(one(forced), Setting("k", kind))


def test_a_name_in_quotes_of_its_own_is_meant_as_it_stands() -> None:
    """`-s 'durration'=5` is sent; without the quotes it is taken for a slip of the pen where it looks like one."""
    assert SettingArgument("durration", "5", sure=True) == one("-s 'durration'=5")
    assert SettingArgument("durration", "5") == one("-s durration=5") == one("-s 'durration=5'")


def test_a_setting_or_model_may_come_from_a_variable() -> None:
    """`-s seed={seed}` is the variable's own value; in quotes the braces stay a text."""
    assert one("-s seed={seed}").variable == "seed"
    assert one("-s seed='{seed}'").variable is None
    assert one('-s style={"a":1}').variable is None


@given(st.text())
def test_no_line_breaks_the_parser(line: str) -> None:
    """Whatever is typed is either understood or refused with a message of at most four lines."""
    for cell in (None, "a fox"):
        try:
            parse(line, cell)
        except InvalidCall as refusal:
            lines = refusal._render_traceback_()
        else:
            lines = ["understood"]
        assert 1 <= len(lines) <= 4


@given(st.lists(st.text(alphabet=st.characters(blacklist_categories=("Cs",)), min_size=1)))
def test_quoted_words_come_back_as_they_were(texts: list[str]) -> None:
    """Any text can be given in quotes."""
    line = " ".join("'" + text.replace("'", "'\"'\"'") + "'" for text in texts)
    assert texts == [word.text for word in cut(line)]
