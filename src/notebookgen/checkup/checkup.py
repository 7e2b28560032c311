"""The whole of what is found in a notebook, as an object and as a text for a person. Pure."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notebookgen.checkup.findings import Finding, Topic, in_part, leads, leaks, sights, typed
from notebookgen.checkup.places import PLACES
from notebookgen.checkup.reading import Unreadable, read
from notebookgen.checkup.sight import Verdict
from notebookgen.checkup.traits import Pages
from notebookgen.checkup.weight import weigh
from notebookgen.media.captions import size_words
from notebookgen.normal import count_words, shown_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookgen.checkup.links import Surroundings
    from notebookgen.checkup.reading import Notebook
    from notebookgen.checkup.secrets import _Finder
    from notebookgen.checkup.weight import Weight

__all__ = ["Checkup", "examined"]

WIDTH = 88
TOPIC = 10  # the width of the first column
COLUMNS = {Verdict.WHOLE: "whole", Verdict.PART: "in part", Verdict.WORDS: "as text", Verdict.MISSING: "nothing"}
BASES = {"seen": "", "read": " (by its source)", "told": " (as people tell)"}
# https://docs.github.com/repositories/working-with-files/managing-large-files/about-large-files-on-github
GITHUB_WARNS, GITHUB_REFUSES = 50 * 2**20, 100 * 2**20
HEAVY = 10_000_000  # a browser begins to stall, and so does every tool that shows what has changed
CLEAR = "jupyter nbconvert --clear-output --inplace FILE"
QUIET: Mapping[Topic, str] = {"links": "none that will expire or leads outside", "secrets": "none found"}


@dataclass(frozen=True, slots=True)
class Checkup:
    """What was found in a notebook.

    Attributes:
        name: The file.
        facts: What it is, one line; empty where it cannot be read.
        seen: For each place that a notebook is read in, how many outputs are seen how.
        weight: The bytes of its outputs; None where it cannot be read.
        findings: What there is to say, problems first within a topic.
    """

    name: str
    facts: str = ""
    seen: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    weight: Weight | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def problems(self) -> tuple[Finding, ...]:
        """What has to be mended."""
        return tuple(one for one in self.findings if one.problem)

    def text(self, *, for_shell: bool = False) -> str:
        """Return it as a page for a person.

        Args:
            for_shell: Whether commands are told as a shell takes them, and not as a notebook does.
        """
        lines = [f"{'notebook':{TOPIC}}{shown_line(self.name)}" + (f": {self.facts}" if self.facts else "")]
        lines += self._said("file", for_shell=for_shell)
        if self.weight is not None:
            lines += ["", *_table(self.seen), *self._said("readers", for_shell=for_shell), ""]
            lines += [*_weight_lines(self.weight), *self._said("bytes", for_shell=for_shell), ""]
            for topic, nothing in QUIET.items():
                said = self._said(topic, for_shell=for_shell) or [f"{'':{TOPIC}}{nothing}"]
                alone = said[0].startswith("  !")  # the mark stands where the topic would
                lines += [topic, *said] if alone else [f"{topic:{TOPIC}}{said[0][TOPIC:]}", *said[1:]]
        lines += ["", self._sum()]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()

    def _said(self, topic: Topic, *, for_shell: bool) -> list[str]:
        """Return the lines of a topic."""
        lines: list[str] = []
        for one in (one for one in self.findings if one.topic == topic):
            lines += _wrapped(shown_line(one.said), "  !" if one.problem else "")
            if one.step:
                lines += _wrapped(f"{one.step}.", "", deeper=2)
            if one.command:  # in one line, to be copied
                lines.append(f"{'':{TOPIC}}  Type: {typed(one, self.name, for_shell=for_shell)}")
        return lines

    def _sum(self) -> str:
        """Return how it ends."""
        count = len(self.problems)
        return f"{count_words(count, 'thing')} to mend." if count else "Nothing to mend."


def examined(name: str, data: bytes, around: Surroundings, finder: _Finder) -> Checkup:
    """Return what is found in a notebook.

    Args:
        name: What the file is called in the text.
        data: Its bytes.
        around: What is around it.
        finder: What finds secrets.
    """
    try:
        notebook = read(data)
    except Unreadable as error:
        return Checkup(name, findings=(Finding("file", str(error), error.step, error.command),))
    pages = Pages()
    counts, readers = sights(notebook, around, pages)
    weight = weigh(notebook)
    step = "Save it again in JupyterLab, or get it back from its history"
    faults = in_part(("what is damaged", Finding("file", fault, step)) for fault in notebook.faults)
    return Checkup(
        name,
        _facts(notebook),
        {
            f"{place.name}{BASES[place.basis]}": {word: counts[place][verdict] for verdict, word in COLUMNS.items()}
            for place in PLACES
        },
        weight,
        (
            *faults,
            *readers,
            *_heavy(notebook, weight),
            *leads(notebook, around, finder, pages),
            *leaks(notebook, finder),
        ),
    )


def _wrapped(text: str, mark: str, deeper: int = 0) -> list[str]:
    """Return a text in lines that are not too long, addresses left whole."""
    first, rest = f"{mark:{TOPIC + deeper}}", " " * (TOPIC + deeper)
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def _facts(notebook: Notebook) -> str:
    """Return what a notebook is, one line."""
    parts = (count_words(len(notebook.cells), "cell"), count_words(len(notebook.outputs), "output"))
    return f"{', '.join(parts)}, {size_words(notebook.size)}, nbformat 4.{notebook.minor}"


def _table(seen: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Return how many outputs are seen how, place by place."""
    width = max(map(len, seen), default=0) + 2
    head = f"{'readers':{TOPIC}}{'of the outputs, seen':{width}}" + "".join(f"{word:>9}" for word in COLUMNS.values())
    rows = [
        f"{'':{TOPIC}}{place:{width}}" + "".join(f"{counts[word] or '·':>9}" for word in COLUMNS.values())
        for place, counts in seen.items()
    ]
    return [head, *rows]


def _weight_lines(weight: Weight) -> list[str]:
    """Return the bytes of the outputs, the largest cells first."""
    lines = [f"{'bytes':{TOPIC}}outputs {size_words(weight.outputs)}"]
    if weight.widgets:
        lines[0] += f", widgets {size_words(weight.widgets)}"
    if weight.attachments:
        lines[0] += f", attachments {size_words(weight.attachments)}"
    return lines + [
        f"{'':{TOPIC}}cell {label:<10}{size_words(size):>8}  {what}" for label, size, what in weight.largest
    ]


def _heavy(notebook: Notebook, weight: Weight) -> list[Finding]:
    """Return what is to be said about a large file."""
    size, found = notebook.size, []
    command = CLEAR if weight.outputs > size // 2 else ""
    if size >= GITHUB_REFUSES:
        found.append(Finding("bytes", "GitHub takes no file of 100 MiB or more", "Clear what is large", command))
    elif size >= GITHUB_WARNS:
        found.append(Finding("bytes", "GitHub warns of files of more than 50 MiB", problem=False))
    elif size >= HEAVY:
        found.append(
            Finding("bytes", "it is heavy: it opens slowly, and every change of it is stored anew", problem=False)
        )
    if weight.widgets > HEAVY // 10:
        said = "the state of widgets stays in the file when outputs are cleared"
        found.append(Finding("bytes", said, problem=False))
    return found
