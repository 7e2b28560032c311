"""What Tab offers inside the magic, and that it offers nothing anywhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookgen.notebook import sources
from notebookgen.notebook.flags import COMMANDS, FLAGS
from notebookgen.notebook.offers import Sources, offers
from notebookgen.notebook.sources import sources_of
from notebookgen.records import Model, Setting

PICTURE = Model(
    "armox",
    "sandbox/picture",
    settings=(
        Setting("prompt", "string"),
        Setting("aspect_ratio", "string", options=("1:1", "16:9", "9:16")),
        Setting("style", "string", options=("oil painting", "poster")),
        Setting("sharp", "boolean"),
        Setting("seed", "integer", default=7),
    ),
)
CLIP = Model("armox", "sandbox/clip", settings=(Setting("duration", "integer", options=(4, 8)),))
OTHER = Model("apixo", "nano-banana")

SOURCES = Sources(
    models=lambda: (PICTURE, CLIP, OTHER),
    providers=lambda: ("apimodels", "apixo", "armox"),
    runs=lambda: ("7f3a", "7b21"),
    held=lambda: ("ab12cd",),
    namespace={
        "fox": "a.png",
        "animal": "fox",
        "count": 3,
        "model": "armox:sandbox/clip",
        "frame": [1],
        "_private": "x",
        "sys": sys,
        "f": len,
        "T": int,
        "page": "https://a.example/fox",
        "drawing": b"x",
        "table": {"a": 1},
        "rows": pl.DataFrame({"animal": ["fox"], "path": ["a.png"], "hair colour": ["red"]}),
        "query": pl.LazyFrame({"animal": ["fox"]}),
    },
    files=lambda typed, endings: (
        [one for one in ("my fox.png", "my study.ipynb") if one.endswith(endings)] + ["pics/"]
        if endings or not typed
        else []
    ),
)
NOTHING: list[str] = []


def offered(text: str, known: Sources = SOURCES) -> tuple[str, list[str]] | None:
    """Complete at the bar; return what is replaced and by what."""
    before, _, after = text.partition("|")
    line, column = before.count("\n"), len(before.rpartition("\n")[2])
    found = offers(before + after, line, column, known)
    return None if found is None else (found.fragment, [choice.text for choice in found.choices])


LONG = [flag.long for flag in FLAGS]
ALL = [spelling for flag in FLAGS for spelling in (flag.short, flag.long) if spelling]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%%generate |\na fox", ("", ALL)),
        ("%%generate --|\na fox", ("--", LONG)),
        ("\n\n%%generate --|\na fox", ("--", LONG)),
        ("%%generate --b|\na fox", ("--b", ["--budget", "--background"])),
        ("%%generate --bu| --fresh\na fox", ("--bu", ["--budget"])),
        ("%%generate -m|\na fox", ("-m", ["-m"])),
        ("%%generate -m |\na fox", ("", ["armox:sandbox/picture", "armox:sandbox/clip", "apixo:nano-banana"])),
        ("%%generate -m armox:sandbox/p|\na fox", ("armox:sandbox/p", ["armox:sandbox/picture"])),
        ("%%generate -m banana|\na fox", ("banana", ["apixo:nano-banana"])),
        ("%%generate -m zzz|\na fox", ("zzz", NOTHING)),
        ("%%generate --model=apixo|\na fox", ("apixo", ["apixo:nano-banana"])),
        (
            "%%generate -m armox:sandbox/picture -s |\na fox",
            ("", ["aspect_ratio=", "style=", "sharp=", "seed="]),
        ),
        ("%%generate -m armox:sandbox/picture -s seed=1 -s s|\na fox", ("s", ["style=", "sharp="])),
        ("%%generate -m armox:sandbox/picture -s aspect_ratio=|\na fox", ("", ["1:1", "16:9", "9:16"])),
        ("%%generate -m armox:sandbox/picture -s aspect_ratio=1|\na fox", ("1", ["1:1", "16:9"])),
        ("%%generate -m armox:sandbox/picture --set=style=|\na fox", ("", ["'oil painting'", "poster"])),
        ("%%generate -m armox:sandbox/picture -s sharp=t|\na fox", ("t", ["true"])),
        ("%%generate -m armox:sandbox/picture -s seed=|\na fox", ("", ["7"])),
        ("%%generate --model=armox:sandbox/clip -s duration=|\na fox", ("", ["4", "8"])),
        ("%%generate -s d|\na fox", ("d", ["duration="])),
        ("%%generate -s aspect_ratio=|\na fox", ("", NOTHING)),
        ("%%generate -m no:such -s |\na fox", ("", NOTHING)),
        ("%%generate -m sandbox/clip -s duration=|\na fox", ("", ["4", "8"])),
        ("%%generate -m {model} -s duration=|\na fox", ("", ["4", "8"])),
        ("%%generate -m {m|\na fox", ("m", ["model}"])),
        ("%%generate --over |\na fox", ("", ["rows", "query"])),
        ("%%generate --over=r|\na fox", ("r", ["rows"])),
        ("%%generate --over rows\na {|", ("", ["animal}", "path}", "fox}", "count}", "model}", "page}"])),
        ("%%generate -n 2 --over rows[:2]\na {p|", ("p", ["path}", "page}"])),
        ("%%generate --over query\na {p|", ("p", ["page}"])),
        ("%%generate --over rows -i {p|\na fox", ("p", ["path}", "page}"])),
        ("%%generate --over rows -i mask={pa|\na fox", ("pa", ["path}", "page}"])),
        ("%%generate --over rows -s seed={an|\na fox", ("an", ["animal}"])),
        ("%%generate --over rows -m {a|\na fox", ("a", ["animal}"])),
        ("%%generate -m sandbox/picture -s style='o|\na fox", ("'o", ["'oil painting'"])),
        ("%%generate -s seed={c|\na fox", ("c", ["count}"])),
        ("%%generate -i {|\na fox", ("", ["fox}", "page}", "drawing}", "animal}", "model}"])),
        ("%%generate -i mask={f|\na fox", ("f", ["fox}"])),
        ("%%generate -i mask=my|\na fox", ("my", ["my\\ fox.png", "pics/"])),
        ("%%generate -i 'my|\na fox", ("my", ["my fox.png", "pics/"])),
        ("%%generate -i my\\ f|\na fox", ("my\\ f", ["my\\ fox.png", "pics/"])),
        (
            "%%generate -i |\na fox",
            ("", ["{fox}", "{page}", "{drawing}", "{animal}", "{model}", "my\\ fox.png", "pics/"]),
        ),
        ("%%generate --save |\na fox", ("", ["pics/"])),
        ("%%generate --save=pics/|\na fox", ("pics/", NOTHING)),
        ("%%generate -n |\na fox", ("", NOTHING)),
        ("%%generate --timeout |\na fox", ("", NOTHING)),
        ("%%generate --tag fo|\na fox", ("fo", NOTHING)),
        ("%%generate im|", ("im", NOTHING)),
        ("%%generate --kind v|\na fox", ("v", ["video"])),
        ("%%generate --budget |\na fox", ("", ["none"])),
        ("%%generate -o |\na fox", ("", NOTHING)),
        ("%%generate --tag 'a --|\na fox", ("'a --", NOTHING)),
        ("%%generate\na {|", ("", ["fox}", "animal}", "count}", "model}", "page}"])),
        ("%%generate\na {an|} b", ("an", ["animal"])),
        ("%%generate\nline\n{{{c|", ("c", ["count}"])),
        ("%%generate\na {{an|", ("", NOTHING)),
        ("%%generate\na fox --|", ("", NOTHING)),
        ("%%generate\nim|", ("", NOTHING)),
        ("%%generate\n\\alp|", None),
        ("%%generate\n%generate |", ("", NOTHING)),
        ("%generate |", ("", [command.name for command in COMMANDS])),
        ("%generate mo|", ("mo", ["models"])),
        ("x = 1\n  %generate re|\n", ("re", ["resume", "retry", "resolve"])),
        ("frame = %generate ru|", ("ru", ["runs"])),
        ("%generate models |", ("", ["apimodels", "apixo", "armox"])),
        ("%generate login ap|", ("ap", ["apimodels", "apixo"])),
        ("%generate help clip|", ("clip", ["armox:sandbox/clip"])),
        ("%generate cost |", ("", ["--by", "--sandbox"])),
        ("%generate cost --by d|", ("d", ["day"])),
        ("%generate cost --by day --|", ("--", ["--sandbox"])),
        ("%generate resume 7|", ("7", ["7f3a", "7b21"])),
        ("%generate cancel 7f|", ("7f", ["7f3a"])),
        ("%generate resolve |", ("", ["ab12cd"])),
        ("%generate resolve ab12cd |", ("", ["adopt", "resubmit", "write_off"])),
        ("%generate resolve ab12cd adopt --|", ("--", ["--job", "--budget", "--max-new"])),
        ("%generate runs |", ("", NOTHING)),
        ("%generate doctor |", ("", ["my\\ study.ipynb", "pics/"])),
        ("%generate doctor 'my|", ("my", ["my study.ipynb", "pics/"])),
        ("%generate doctor study.ipynb |", ("", NOTHING)),
        ("%generate help apixo:nano-banana |", ("", NOTHING)),
        ("%generate cost --by=d|", ("d", ["day"])),
        ("%generate resolve ab12cd adopt |", ("", ["--job", "--budget", "--max-new"])),
        ("%generate resolve ab12cd adopt --job |", ("", NOTHING)),
        ("%generate nonsense |", ("", NOTHING)),
        ("%%generate|", None),
        ("%%generated |\n", None),
        ("%generate|", None),
        ("%generator |", None),
        ("generate(-|)", None),
        ("print({f|", None),
        ("x = '%%generate --|'", None),
    ],
)
def test_offers(text: str, expected: tuple[str, list[str]] | None) -> None:
    """Flags, models, settings, values, variables and commands, each in its place; elsewhere nothing."""
    assert expected == offered(text)


def test_the_usual_models_settings_are_offered_where_none_is_named() -> None:
    """With a default model configured, `-s` speaks of that one."""
    usual = {None: "armox:sandbox/picture", "video": "armox:sandbox/clip"}
    known = replace(SOURCES, usual=usual.get)
    assert offered("%%generate -s s|\n", known) == ("s", ["style=", "sharp=", "seed="])
    assert offered("%%generate -s aspect_ratio=9|\n", known) == ("9", ["9:16"])
    for kind in ("--kind video", "--kind=Video"):
        assert offered(f"%%generate {kind} -s |\n", known) == ("", ["duration="])


@given(st.text(alphabet="%generate -sm{}='\"\n\\ax|"), st.integers(0, 80))
def test_nothing_typed_breaks_it(text: str, at: int) -> None:
    """Whatever stands in a cell and wherever the cursor is, there is an answer."""
    for start in ("", "%%generate ", "%generate "):
        found = offered(start + text[:at].replace("|", "") + "|" + text[at:].replace("|", ""))
        assert found is None or all(found[1])


# Where the words come from --------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin as a new process does, whatever other tests have fetched."""
    monkeypatch.setattr(sources, "_remembered", {})


def names(namespace: dict[str, object] | None = None) -> list[str]:
    """The models that Tab knows of in this process."""
    return [str(model) for model in sources_of(namespace or {}).models()]


def test_the_sandboxs_models_are_always_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever names one plays in the sandbox: they come first where it answers anyway, last where a key is set."""
    assert names()[0] == "armox:sandbox/picture"
    assert "apixo:nano-banana" in names()
    monkeypatch.setenv("ARMOX_API_KEY", "sk-made-up-for-a-test")
    assert (False, True) == (names()[0].startswith("armox:sandbox/"), names()[-1].startswith("armox:sandbox/"))
    found = offered("%%generate -m armox:san|\n", sources_of({})) or ("", [])
    assert found[1][0] == "armox:sandbox/picture"
    assert offered("%%generate -m armox:sandbox/clip -s du|\n", sources_of({})) == ("du", ["duration="])
    monkeypatch.setenv("NOTEBOOKGEN_SANDBOX", "1")
    assert names()[0] == "armox:sandbox/picture"


def test_the_settings_of_the_sandboxs_models_are_offered() -> None:
    """They are read as the provider's own list is."""
    fragment, choices = offered("%%generate -m armox:sandbox/clip -s |\n", sources_of({})) or ("", [])
    assert (fragment, choices) == ("", ["duration=", "aspect_ratio=", "sound="])


def test_the_project_files_model_is_the_usual_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a project sets is known to Tab; what it sets wrongly does not get in the way."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notebookgen.toml").write_text("model = 'armox:sandbox/solid'\n")
    assert offered("%%generate -s |\n", sources_of({})) == ("", ["detail="])
    (tmp_path / "notebookgen.toml").write_text("model = \n")
    assert offered("%%generate --fr|\n", sources_of({})) == ("--fr", ["--fresh"])


def test_tab_loads_nothing_heavy_and_asks_nobody() -> None:
    """Neither frames nor HTTP nor the keyring are loaded for it, and no ledger is made."""
    code = (
        "import sys\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "shell.run_line_magic('load_ext', 'notebookgen')\n"
        "from notebookgen.notebook.offers import offers\n"
        "from notebookgen.notebook.sources import sources_of\n"
        "for line in ('%%generate -m ', '%%generate -s ', '%generate resume ', '%generate resolve ', '%generate login '):\n"
        "    offers(line + chr(10), 0, len(line), sources_of(shell.user_ns))\n"
        "heavy = {'polars', 'requests', 'tornado', 'keyring', 'PIL', 'av', 'notebookgen.client'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
    assert not Path(os.environ["NOTEBOOKGEN_HOME"]).exists()


def test_runs_and_what_is_held_are_offered_once_a_frame_was_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids come from the ledger of this home folder, where there is one."""
    import polars  # noqa: F401, ICN001 - loaded as it is after `%generate runs`

    from notebookgen.client import Client
    from notebookgen.sandbox.embedded import stop

    known = sources_of({})
    assert (known.runs(), known.held()) == ([], [])
    client = Client()
    try:
        client.generate("a fox", kind="text")
        assert list(known.runs()) == client.runs()["run"].to_list()
    finally:
        client.close()
        stop()
