"""Prompts in alt texts, captions and lines, through nbconvert: words on the page, and never a part of its markup."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from markdown_it import MarkdownIt
from nbconvert import HTMLExporter, MarkdownExporter

from drawn_files import asset, drawing, shown
from notebookgen.media.preview import bundle, grid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

pytestmark = pytest.mark.slow

PLAIN = "a fox in the snow"
HOSTILE = [
    '"><script>alert(1)</script>',
    "' onerror='alert(1)' x='",
    '" onerror="alert(1)" x="',
    "&quot; onerror=&quot;alert(1)",
    "&#34;><img src=x onerror=alert(1)>",
    "</figcaption></figure></div><svg onload=alert(1)>",
    "![x](javascript:alert(1)) [y](javascript:alert(1)) <https://a.example>",
    "`</code></pre><b>` ~~~ ``` <b>",
    "<!-- --!> ]]><b> <![CDATA[<b>",
    "{{ 7 * 7 }} {% raw %} <%= 7 %>",
    "one\n\n# two\n\n<b>three</b>\r\n    four\u2028<i>five",
    "\u202e<b>gnp.exe\u2066\x00\x1b[31m",
]
# How often the page has the prompt as an alt text: the default page and Markdown take none for a picture that stands alone.
WAYS = {"lab": 3, "classic": 4, "basic": 4, "markdown": 3}


class Structure(HTMLParser):
    """What a page is made of: each element with the names of its attributes, and the alt texts as a browser reads them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.made: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self.alts: list[str] = []
        self.active: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.made[tag, tuple(name for name, _ in attrs)] += 1
        self.alts += [value or "" for name, value in attrs if tag == "img" and name == "alt"]
        self.active += [name for name, _ in attrs if name.startswith("on")]
        self.active += [
            value or ""
            for name, value in attrs
            if name in {"href", "src"} and (value or "").lower().startswith("javascript:")
        ]


def outputs(prompt: str, folder: Path) -> list[Mapping[str, Any]]:
    """Return what is shown for a prompt: a picture, a gallery, a gallery with a failure, a failure, a text."""
    place = folder / "a.png"
    drawing().save(place)
    saved = shown(asset(place, "image", "image/png", width=320, height=200), prompt=prompt)
    failed = shown(status="failed", prompt=prompt, error=f"it was refused: {prompt}")
    text = shown(prompt=prompt, text=prompt)
    return [
        as_output(*made)
        for made in (bundle(saved), grid([saved, saved]), grid([saved, failed]), bundle(failed), bundle(text))
    ]


def as_output(data: Mapping[str, str | bytes], metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a bundle as a notebook's file has it."""
    kept = {mime: value if isinstance(value, str) else b64encode(value).decode() for mime, value in data.items()}
    return nbformat.v4.new_output("display_data", data=kept, metadata=dict(metadata))


def exported(made: Sequence[Mapping[str, Any]], way: str) -> Structure:
    """Export a notebook, and read the page as a browser would; Markdown is drawn by a renderer that leaves HTML as it is."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("made", outputs=list(made))])
    if way == "markdown":
        page = MarkdownIt("commonmark", {"html": True}).render(MarkdownExporter().from_notebook_node(notebook)[0])
    else:
        page = HTMLExporter(template_name=way).from_notebook_node(notebook)[0]
    found = Structure()
    found.feed(page)
    return found


@pytest.mark.parametrize("way", WAYS)
def test_no_prompt_makes_an_element_or_an_attribute(way: str, tmp_path: Path) -> None:
    """Whatever a prompt says, the page is made of the same elements and attributes as with a harmless one."""
    harmless = exported(outputs(PLAIN, tmp_path), way)
    found = {prompt: exported(outputs(prompt, tmp_path), way) for prompt in HOSTILE}

    assert {} == {prompt: one.made - harmless.made for prompt, one in found.items() if one.made - harmless.made}
    assert [] == [one for page in found.values() for one in page.active]
    assert harmless.made["img", ()] == 0 < sum(count for (tag, _), count in harmless.made.items() if tag == "img")


@pytest.mark.parametrize("way", WAYS)
def test_the_alt_text_is_the_prompt(way: str, tmp_path: Path) -> None:
    """A reader who does not see the picture hears the prompt as it was written, quotes, marks and all."""
    prompt = "a \"fox\" & a 'hare' <in love>"

    alts = exported(outputs(prompt, tmp_path), way).alts

    assert WAYS[way] == alts.count(prompt)
