"""What there is to say of a notebook, and in how many places: everything that turns facts into findings. Pure."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from notebookgen.checkup.links import addresses_in, led
from notebookgen.checkup.places import PLACES, Place
from notebookgen.checkup.secrets import searched
from notebookgen.checkup.sight import Seeing, Verdict
from notebookgen.checkup.traits import traits_of
from notebookgen.normal import shown_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from notebookgen.checkup.links import Link, Surroundings
    from notebookgen.checkup.reading import Cell, Notebook
    from notebookgen.checkup.secrets import Secret, _Finder
    from notebookgen.checkup.sight import Reason

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


def sights(notebook: Notebook, around: Surroundings) -> tuple[dict[Place, Counter[Verdict]], list[Finding]]:
    """Return how many outputs are seen how in each place, and the reasons why some are not whole."""
    models = notebook.widget_models
    found: list[Finding] = []
    if models is None:
        said = "its metadata.widgets lacks 'state': GitHub shows nothing of the file, and nbconvert ends in an error"
        step = "Take the widgets' state out; their outputs keep their text"
        found.append(Finding("readers", said, step, WIDGETS_MENDED))
    seeing = Seeing(around, models)
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
    return counts, sorted(found, key=lambda one: not one.problem)


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


def leads(notebook: Notebook, around: Surroundings, finder: _Finder) -> list[Finding]:
    """Return what addresses lead to what will not be there: expired, expiring, missing, outside, of this machine."""
    met: dict[tuple[Link, str], list[str]] = {}
    for cell in notebook.cells:
        for role, address in dict.fromkeys(_addresses(cell)):
            link = led(address, around)
            if link.leads in {"inside", "web"} or (role == "words" and link.leads not in ENDING):
                continue
            shown = replace(link, shown=finder.cleaned(link.shown))  # a path, too, may hold a key
            met.setdefault((shown, role), []).append(cell.label)
    found = [_told(link, role, cells) for (link, role), cells in met.items() if link.leads != "beside"]
    beside = sorted({link.shown for link, _ in met if link.leads == "beside"})
    if beside:
        names = ", ".join(beside[:MOST_NAMES]) + (", …" if len(beside) > MOST_NAMES else "")
        what = "a file beside the notebook has" if len(beside) == 1 else f"{len(beside)} files beside the notebook have"
        found.append(Finding("links", f"{what} to go along: {names}", problem=False))
    return sorted(found, key=lambda one: not one.problem)


def _told(link: Link, role: str, cells: list[str]) -> Finding:
    """Return an address that leads to nothing, now or soon, as a finding."""
    what = {
        "expired": f"has expired ({link.why})",
        "expires": f"will expire ({link.why})",
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
    said = f"{cells_words(tuple(cells))}: {by} {what}: {link.shown}"
    return Finding("links", said, steps[link.leads] if lost else "", problem=lost)


def _addresses(cell: Cell) -> Iterator[tuple[str, str]]:
    """Yield the addresses of a cell, and what each is for."""
    if cell.kind == "markdown":
        for source in traits_of(cell.source, markdown=True).sources:
            name = source.address.removeprefix("attachment:")
            if source.address.startswith("attachment:") and name not in cell.attachments:
                yield "embedded", name
            yield "link" if source.role == "link" else "embedded", source.address
    elif cell.kind == "code":
        yield from (("words", address) for address in addresses_in(cell.source))
    for output in cell.outputs:
        for mime in MARKUP:
            if output.text(mime):
                for source in traits_of(output.text(mime), markdown=mime == "text/markdown").sources:
                    yield "link" if source.role == "link" else "embedded", source.address
        yield from (("words", address) for address in addresses_in(output.text("text/plain")))


def leaks(notebook: Notebook, finder: _Finder) -> list[Finding]:
    """Return which cells and outputs hold a secret; none of it is shown."""
    met: dict[Secret, dict[str, list[str]]] = {}
    for where, number, text in _texts(notebook):
        for secret in finder.find(text):
            met.setdefault(secret, {}).setdefault(where, []).append(number)
    return [_leak(secret, places) for secret, places in met.items()]


def _texts(notebook: Notebook) -> Iterator[tuple[str, str, str]]:
    """Yield everything that may hold a secret: where it stands, in which cell ("" for none), and the text."""
    for cell in notebook.cells:
        yield "code" if cell.kind == "code" else "text", cell.label, searched(cell.source)
        if cell.metadata:
            yield "metadata", cell.label, json.dumps(cell.metadata, ensure_ascii=False)
        for output in cell.outputs:
            texts = (output.text(mime) for mime in output.data if not mime.startswith("image/") or "svg" in mime)
            yield "output", cell.label, searched("\n".join([*texts, json.dumps(output.metadata, ensure_ascii=False)]))
    yield "metadata", "", searched(json.dumps(notebook.metadata, ensure_ascii=False))


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
