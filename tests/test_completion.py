"""What Tab offers inside the magic, and that it offers nothing anywhere else."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookgen.notebook.offers import Sources, offers
from notebookgen.notebook.flags import COMMANDS, FLAGS
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
        "frame": [1],
        "_private": "x",
        "sys": sys,
        "f": len,
        "T": int,
    },
)


def offered(text: str, sources: Sources = SOURCES) -> tuple[str, list[str]] | None:
    """Complete at the bar; return what is replaced and by what."""
    before, _, after = text.partition("|")
    line, column = before.count("\n"), len(before.rpartition("\n")[2])
    found = offers(before + after, line, column, sources)
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
        ("%%generate -m zzz|\na fox", None),
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
        ("%%generate -m no:such -s |\na fox", None),
        ("%%generate -i {|\na fox", ("", ["fox}", "animal}", "frame}"])),
        ("%%generate -i mask={f|\na fox", ("f", ["fox}", "frame}"])),
        ("%%generate -i pic|\na fox", None),
        ("%%generate --kind v|\na fox", ("v", ["video"])),
        ("%%generate --budget |\na fox", ("", ["none"])),
        ("%%generate -o |\na fox", None),
        ("%%generate --tag 'a --|\na fox", None),
        ("%%generate\na {|", ("", ["fox}", "animal}", "count}"])),
        ("%%generate\na {an|} b", ("an", ["animal"])),
        ("%%generate\nline\n{{{c|", ("c", ["count}"])),
        ("%%generate\na {{an|", None),
        ("%%generate\na fox --|", None),
        ("%%generate\n%generate |", None),
        ("%generate |", ("", [command.name for command in COMMANDS])),
        ("%generate mo|", ("mo", ["models"])),
        ("x = 1\n  %generate re|\n", ("re", ["resume", "resolve"])),
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
        ("%generate resolve ab12cd adopt --|", ("--", ["--job"])),
        ("%generate runs |", None),
        ("%generate nonsense |", None),
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
    assert offered("%%generate -s |\n", replace(SOURCES, model="armox:sandbox/clip")) == ("", ["duration="])


@given(st.text(alphabet="%generate -sm{}='\"\n\\ax|"), st.integers(0, 80))
def test_nothing_typed_breaks_it(text: str, at: int) -> None:
    """Whatever stands in a cell and wherever the cursor is, there is an answer."""
    for start in ("", "%%generate ", "%generate "):
        found = offered(start + text[:at].replace("|", "") + "|" + text[at:].replace("|", ""))
        assert found is None or found[1]
