"""A notebook from anybody is looked at in the time that a person waits: whatever it holds is read once and in part."""

from __future__ import annotations

import json
import os
import random
import string
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from notebook_files import code, notebook, page, printed, prose, shown
from notebookgen.checkup import check, checking
from notebookgen.checkup.checkup import examined
from notebookgen.checkup.links import Surroundings
from notebookgen.checkup.secrets import SEARCHED, Known, finder
from notebookgen.checkup.traits import MOST, Pages, traits_of
from notebookgen.errors import InvalidCall

if TYPE_CHECKING:
    from pathlib import Path

    from notebookgen.checkup import Checkup

AROUND = Surroundings(datetime(2026, 1, 1, tzinfo=UTC), {}, lambda _: False)
LOT = random.Random(7)
# Each takes a parser that begins anew at every sign hours or days to read.
ENDLESS = {
    "unfinished tags": "<div " * 300_000,
    "unfinished comments": "<!--" * 300_000,
    "unfinished values": "<a b='" * 200_000,
    "unfinished sections": "<![CDATA[" * 100_000,
    "titles that nothing closes": "<title>" * 60_000 + "</style>" * 60_000,
    "brackets": "![" * 300_000 + "](" * 100_000,
}


def looked(*cells: dict[str, object], known: tuple[Known, ...] = ()) -> Checkup:
    return examined("a.ipynb", json.dumps(notebook(*cells)).encode(), AROUND, finder(known))


def told(found: Checkup, topic: str) -> list[str]:
    return [f"{'! ' * one.problem}{one.said}" for one in found.findings if one.topic == topic]


def drawn(length: int) -> str:
    """Return letters and digits by lot."""
    return "".join(LOT.choices(string.ascii_letters + string.digits, k=length))


@pytest.mark.slow
@pytest.mark.parametrize("name", ENDLESS)
@pytest.mark.parametrize("where", ["an output", "a text"])
def test_markup_without_an_end_is_read_in_one_pass(name: str, where: str) -> None:
    """What is never closed costs no more than what is."""
    cell = prose(ENDLESS[name]) if where == "a text" else code("x", page(ENDLESS[name]))

    assert "1 cell" in looked(cell).facts


@pytest.mark.parametrize("markup", ["<![hello]>", "a <![foo x]> b", "<![", "<![if IE]>x<![endif]>", "<!x [<![y]]>"])
def test_what_the_parser_does_not_know_is_passed_over(markup: str) -> None:
    """A section of a name that nobody has is a comment, as it is in a browser."""
    found = looked(prose(markup), code("x", page(f"{markup}<p>Seen</p><img src='gone.png'>")))

    assert found.weight is not None
    if markup.endswith(">"):
        assert ["! cell 2: what is shown leads to a file that is not there: gone.png"] == told(found, "links")


def test_an_unfinished_tag_is_no_word() -> None:
    """As in a browser, which drops it; a sign that begins none is text."""
    assert [False, False, True, True] == [traits_of(text).words for text in ("<p class='a", "<!-- a", "1 <", "AT&T")]


@pytest.mark.slow
def test_long_markup_is_read_in_part_and_that_is_told() -> None:
    """What comes after the first megabyte of it is not looked at; what is embedded does not count."""
    picture = f'<img src="data:image/png;base64,{"A" * 2 * MOST}" alt="a fox">'
    long = looked(code("x", page("<p>a</p>" * (MOST // 8) + '<img src="gone.png">')))
    embedded = looked(code("x", page(f'{picture}<img src="gone.png">')))

    assert ["cell 1: only the beginning of its HTML or Markdown is looked at, which is long"] == told(long, "readers")
    assert ([], []) == (told(long, "links"), told(embedded, "readers"))
    assert ["! cell 1: what is shown leads to a file that is not there: gone.png"] == told(embedded, "links")


def test_a_text_is_read_once() -> None:
    """Seven places and the links share what was read of it."""
    pages, text = Pages(), "<p>a</p>"

    assert pages.of(text) is pages.of(text[:3] + text[3:])
    assert pages.of(text) is not pages.of(text, markdown=True)


def test_a_clip_is_still_told_by_its_sound() -> None:
    """What a player holds is known whole, though its bytes are not read as markup."""
    data = "QUJD" * 1_000
    (source,) = traits_of(f'<video src="data:video/mp4;base64,{data}">').sources

    assert f"data:video/mp4;base64,{data}" == source.address


def test_pictures_inside_of_links_are_both_found() -> None:
    """A badge: the picture is embedded, the page behind it is linked."""
    found = traits_of("[![a](b.png)](c.html) [x](d) ![y](<e>) `[z](q)`", markdown=True)

    assert [("picture", "b.png"), ("link", "c.html"), ("link", "d"), ("picture", "e")] == [
        one[:2] for one in found.sources
    ]


@pytest.mark.slow
def test_of_many_alike_the_first_are_told() -> None:
    """Of thousands of secrets and lost files fifty are named; the key that is set here is told all the same."""
    tokens = "\n".join("hf_" + drawn(34) for _ in range(20_000))
    lost = "".join(f'<img src="{number}.png">' for number in range(5_000))
    found = looked(
        code(f"{tokens}\nno-known-shape-7c1f"), code("x", page(lost)), known=(Known("A", "no-known-shape-7c1f"),)
    )

    secrets, links = told(found, "secrets"), told(found, "links")
    assert "! cell 1 (code): the key of A that is set here, …7c1f" == secrets[0]
    assert (52, "! and more than these 50: a token of Hugging Face") == (len(secrets), secrets[-1])
    assert (51, "! and more than these 50: what is shown leads to a file that is not there") == (len(links), links[-1])
    assert len(found.text()) < 20_000


@pytest.mark.slow
def test_a_long_text_is_searched_in_part_and_that_is_told() -> None:
    """What people write is searched before what was printed; of a long text only the beginning."""
    key = "hf_" + drawn(34)
    found = looked(code("x", printed("lorem ipsum " * (SEARCHED // 12) + key)), code(f"k = '{key}'"))
    secrets = told(found, "secrets")

    assert f"! cell 2 (code): a token of Hugging Face, …{key[-4:]}" == secrets[0]
    assert secrets[1].startswith("cell 1: only the beginning is searched for secrets")


@pytest.mark.parametrize("text", ["-eyJ", "%25", "\\", "api_key token= ", "key", "a://"])
def test_no_text_is_searched_for_ever(text: str) -> None:
    """What begins as a key does, again and again, is passed over as quickly as words."""
    assert [] == told(looked(code(text * (1_500_000 // len(text)))), "secrets")


def test_names_of_types_do_not_steer_a_terminal() -> None:
    """A MIME type is shown without controls, and not at any length."""
    found = looked(code("x", shown(**{"text/\x1b]0;a\x07" + "b" * 5_000: "c" * 100})))

    assert not {"\x1b", "\x07"} & set(found.text())
    assert len(found.text()) < 3_000


def test_a_key_is_not_shown_in_halves() -> None:
    """An address that is shown without its middle is looked through before it is cut."""
    key = "sk_live_" + drawn(40)
    found = looked(code("x", page(f'<img src="https://localhost/{"a" * 10}/{key}/{"b" * 100}.png">'))).text()

    assert [] == [key[at : at + 6] for at in range(8, len(key) - 6) if key[at : at + 6] in found]


def test_a_file_beyond_all_measure_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told, and no more of it is read."""
    monkeypatch.setattr(checking, "MOST_BYTES", 2**20)
    (tmp_path / "a.ipynb").write_bytes(b" " * (2**20 + 1))

    with pytest.raises(InvalidCall, match="more than 1 MB"):
        check(tmp_path / "a.ipynb")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX")
def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    """Opening one waits for somebody who writes into it; that it is no file is told instead."""
    os.mkfifo(tmp_path / "a.ipynb")
    answers: list[object] = []

    def look() -> None:
        try:
            answers.append(check(tmp_path / "a.ipynb"))
        except InvalidCall as error:
            answers.append(str(error))

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    looking.join(30)
    assert [
        f"{tmp_path / 'a.ipynb'} is no file but a pipe or a device. Save the notebook, and name its file."
    ] == answers
