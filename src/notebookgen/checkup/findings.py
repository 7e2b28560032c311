"""What there is to say of a notebook, and in how many places: everything that turns facts into findings. Pure."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from notebookgen.checkup.links import addresses_in, led, short
from notebookgen.checkup.places import PLACES, Place
from notebookgen.checkup.secrets import SEARCHED, SEARCHED_IN_ALL, searched
from notebookgen.checkup.sight import Seeing, Verdict
from notebookgen.normal import shown_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from notebookgen.checkup.links import Link, Surroundings
    from notebookgen.checkup.reading import Cell, Notebook
    from notebookgen.checkup.secrets import Secret, _Finder
    from notebookgen.checkup.sight import Reason
    from notebookgen.checkup.traits import Pages

__all__ = ["Finding", "Topic", "leads", "leaks", "sights", "typed"]

Topic = Literal["file", "readers", "bytes", "links", "secrets"]
# Needs nothing but Python: whoever reads notebooks need not have Jupyter's own libraries where they type.
WIDGETS_MENDED = (
    "python -c \"import json, sys; p = sys.argv[1]; n = json.load(open(p, encoding='utf-8'));"
    " n['metadata'].pop('widgets', None);"
    " json.dump(n, open(p, 'w', encoding='utf-8'), indent=1, ensure_ascii=False)\" FILE"
)
MARKUP = ("text/html", "text/markdown")
ENDING = frozenset({"expires", "expired"})
# An embedded thing that leads there is lost by it.
LOSING = frozenset({"expires", "expired", "missing", "outside", "here"})
MOST_NAMES = 3
MOST_ALIKE = 50  # of one kind are told, the others counted


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        topic: What it belongs to.
        said: What it is, one line.
        step: What to do about it; empty where nothing has to be done.
        command: What to type; FILE stands for the notebook.
        problem: Whether it has to be mended; else it is good to know.
    """

    topic: Topic
    said: str
    step: str = ""
    command: str = ""
    problem: bool = True


def sights(
    notebook: Notebook, around: Surroundings, pages: Pages
) -> tuple[dict[Place, Counter[Verdict]], list[Finding]]:
    """Return how many outputs are seen how in each place, and the reasons why some are not whole."""
    models = notebook.widget_models
    found: list[Finding] = []
    if models is None:
        said = "its metadata.widgets lacks 'state': GitHub shows nothing of the file, and nbconvert ends in an error"
        step = "Take the widgets' state out; their outputs keep their text"
        found.append(Finding("readers", said, step, WIDGETS_MENDED))
    seeing = Seeing(around, models, pages)
    counts: dict[Place, Counter[Verdict]] = {place: Counter() for place in PLACES}
    reasons: dict[tuple[Reason, bool], dict[Place, list[str]]] = {}
    for cell, output in notebook.outputs:
        for place in PLACES:
            if models is None and place.needs_state:
                counts[place][Verdict.MISSING] += 1
                continue
            seen = seeing.of(output, place)
            counts[place][seen.verdict] += 1
            for reason in seen.reasons:
                lost = reason.problem or seen.verdict == Verdict.MISSING
                if reason.by_address and lost:  # `leads` tells of each address
                    continue
                reasons.setdefault((reason, lost), {}).setdefault(place, []).append(cell.label)
    for (reason, lost), places in reasons.items():
        for cells, where in _alike(places).items():
            said = f"{cells_words(cells)}: {reason.said} ({_places_words(where)})"
            found.append(Finding("readers", said, reason.step if lost else "", problem=lost))
    cut = [cell.label for cell in notebook.cells if any(pages.of(text, markdown=md).cut for text, md in _pages(cell))]
    told = in_part(("what is seen in part, or not at all", one) for one in found)
    if cut:
        said = f"{cells_words(tuple(cut))}: only the beginning of its HTML or Markdown is looked at, which is long"
        told.append(Finding("readers", said, problem=False))
    return counts, sorted(told, key=lambda one: not one.problem)


def in_part(found: Iterable[tuple[str, Finding]]) -> list[Finding]:
    """Return the first findings of each kind, and that there are more where there are: nobody reads a thousand lines."""
    kinds: dict[tuple[str, bool], list[Finding]] = {}
    for kind, one in found:
        kinds.setdefault((kind, one.problem), []).append(one)
    told = [one for alike in kinds.values() for one in alike[:MOST_ALIKE]]
    for (kind, problem), alike in kinds.items():
        if len(alike) > MOST_ALIKE:
            told.append(Finding(alike[0].topic, f"and more than these {MOST_ALIKE}: {kind}", problem=problem))
    return told


def _alike(places: Mapping[Place, list[str]]) -> dict[tuple[str, ...], list[Place]]:
    """Put the places together in which the same cells are concerned."""
    alike: dict[tuple[str, ...], list[Place]] = {}
    for place, cells in places.items():
        alike.setdefault(tuple(dict.fromkeys(cells)), []).append(place)
    return alike


def _places_words(places: list[Place]) -> str:
    """Return some places in words."""
    if len(places) == len(PLACES):
        return "everywhere"
    if len(places) >= len(PLACES) - 2:
        others = [place.name for place in PLACES if place not in places]
        return f"everywhere but: {'; '.join(others)}"
    return "; ".join(place.name for place in places)


def leads(notebook: Notebook, around: Surroundings, finder: _Finder, pages: Pages) -> list[Finding]:
    """Return what addresses lead to what will not be there: expired, expiring, missing, outside, of this machine."""
    met: dict[tuple[Link, str], list[str]] = {}
    for cell in notebook.cells:
        for role, address in dict.fromkeys(_addresses(cell, pages)):
            link = led(address, around)
            if link.leads in {"inside", "web"} or (role == "words" and link.leads not in ENDING):
                continue
            shown = replace(link, shown=short(finder.cleaned(link.shown)))  # a path, too, may hold a key
            met.setdefault((shown, role), []).append(cell.label)
    beside = sorted({link.shown for link, _ in met if link.leads == "beside"})
    found = in_part(_told(link, role, cells) for (link, role), cells in met.items() if link.leads != "beside")
    if beside:
        names = ", ".join(beside[:MOST_NAMES]) + (", …" if len(beside) > MOST_NAMES else "")
        what = "a file beside the notebook has" if len(beside) == 1 else f"{len(beside)} files beside the notebook have"
        found.append(Finding("links", f"{what} to go along: {names}", problem=False))
    return sorted(found, key=lambda one: not one.problem)


def _told(link: Link, role: str, cells: list[str]) -> tuple[str, Finding]:
    """Return an address that leads to nothing, now or soon, as a finding, and of what kind it is."""
    what = {
        "expired": "has expired",
        "expires": "will expire",
        "missing": "leads to a file that is not there",
        "outside": "leads outside the notebook's folder",
        "here": "leads to a server of this machine",
    }[link.leads]
    by = {"embedded": "what is shown", "link": "a link", "code": "the code", "words": "an address in the text"}[role]
    lost = role == "embedded" and link.leads in LOSING
    steps = {
        "expired": "Run it again: what was paid for is fetched again, and its preview embedded",
        "expires": "Run it again and show the result itself: its file is kept, and its preview embedded",
        "missing": "Put the file back, or show the result itself: its preview is embedded",
        "outside": "Copy the file beside the notebook, as .save('pictures') does, or show the result itself",
        "here": "Show the result itself: its preview is embedded",
    }
    why = f" ({link.why})" if link.leads in ENDING else ""
    said = f"{cells_words(tuple(cells))}: {by} {what}{why}: {link.shown}"
    return f"{by} {what}", Finding("links", said, steps[link.leads] if lost else "", problem=lost)


def _pages(cell: Cell) -> Iterator[tuple[str, bool]]:
    """Yield the texts of a cell that are read as HTML or, where that is told, as Markdown."""
    if cell.kind == "markdown":
        yield cell.source, True
    for output in cell.outputs:
        yield from ((text, mime == "text/markdown") for mime in MARKUP if (text := output.text(mime)))


def _addresses(cell: Cell, pages: Pages) -> Iterator[tuple[str, str]]:
    """Yield the addresses of a cell, and what each is for."""
    for text, markdown in _pages(cell):
        for source in pages.of(text, markdown=markdown).sources:
            name = source.address.removeprefix("attachment:")
            if cell.kind == "markdown" and source.address.startswith("attachment:") and name not in cell.attachments:
                yield "embedded", name
            yield "link" if source.role == "link" else "embedded", source.address
    if cell.kind == "code":
        yield from (("words", address) for address in addresses_in(cell.source))
    for output in cell.outputs:
        yield from (("words", address) for address in addresses_in(output.text("text/plain")))


def leaks(notebook: Notebook, finder: _Finder) -> list[Finding]:
    """Return which cells and outputs hold a secret; none of it is shown."""
    met: dict[Secret, dict[str, list[str]]] = {}
    left, unsearched = SEARCHED_IN_ALL, []
    for where, number, text in _texts(notebook):
        part = text[: min(SEARCHED, left)]
        left -= len(part)
        if len(part) < len(text):
            unsearched.append(number)
        for secret in finder.find(part):
            met.setdefault(secret, {}).setdefault(where, []).append(number)
    found = in_part((secret.what, _leak(secret, places)) for secret, places in met.items())
    if unsearched:
        cells = tuple(filter(None, unsearched))
        whose = (
            f"{cells_words(cells)}: only the beginning" if cells else "only the beginning of the notebook's metadata"
        )
        said = f"{whose} is searched for secrets: it is longer than {SEARCHED // 2**20} MB, or all of it than {SEARCHED_IN_ALL // 2**20} MB"
        found.append(Finding("secrets", said, problem=False))
    return found


def _texts(notebook: Notebook) -> Iterator[tuple[str, str, str]]:
    """Yield everything that may hold a secret: where it stands, in which cell ("" for none), and the text.

    What people write comes first, for not all of what is printed may be searched.
    """
    for cell in notebook.cells:
        yield "code" if cell.kind == "code" else "text", cell.label, searched(cell.source)
        if cell.metadata:
            yield "metadata", cell.label, json.dumps(cell.metadata, ensure_ascii=False)
    yield "metadata", "", searched(json.dumps(notebook.metadata, ensure_ascii=False))
    for cell in notebook.cells:
        for output in cell.outputs:
            texts = (output.text(mime) for mime in output.data if not mime.startswith("image/") or "svg" in mime)
            yield "output", cell.label, searched("\n".join([*texts, json.dumps(output.metadata, ensure_ascii=False)]))


def _leak(secret: Secret, places: Mapping[str, list[str]]) -> Finding:
    """Return a secret that was found as a finding."""
    words = []
    for where, cells in places.items():
        inside = [label for label in cells if label]
        words.append(f"{cells_words(tuple(inside))} ({where})" if inside else f"the notebook's own {where}")
    new = f" and make a new one at {secret.page}" if secret.page else " and make a new one"
    old = "who has the file, or its history, has it"
    return Finding("secrets", f"{', '.join(words)}: {secret.what}, {secret.masked}", f"Take it out{new}: {old}")


def cells_words(cells: tuple[str, ...]) -> str:
    """Return some cells in words: ``cell 3``, ``cells 3, 5 and 9``."""
    numbers = list(dict.fromkeys(cells))
    if len(numbers) == 1:
        return f"cell {numbers[0]}"
    if len(numbers) > 8:
        return f"cells {', '.join(numbers[:6])} and {len(numbers) - 6} more"
    return f"cells {', '.join(numbers[:-1])} and {numbers[-1]}"


def typed(finding: Finding, name: str, *, for_shell: bool) -> str:
    """Return what a finding's command is with the file's name in it, as a shell or a notebook takes it."""
    command = finding.command.replace("FILE", shlex.quote(shown_line(name)))
    return command if for_shell else f"!{command}"
