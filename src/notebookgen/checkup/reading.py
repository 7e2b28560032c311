"""From a file's bytes to a notebook's cells and outputs, and what is wrong with the file in plain words. Pure.

Any minor version of nbformat 4 is read; nothing is repaired on the way, and what cannot be read of a cell is told
while the others are read on: https://nbformat.readthedocs.io/en/latest/format_description.html
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Cell", "Notebook", "Output", "Unreadable", "read"]

NOTHING: Mapping[str, object] = {}
KINDS = ("code", "markdown", "raw")
RESULTS = ("display_data", "execute_result")
MARKED = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
CONFLICT = re.compile(r"^(?:<{7}|>{7}) ?(?![<>])", re.MULTILINE)
POINTER = b"version https://git-lfs"
UPGRADE = "jupyter nbconvert --to notebook --inplace FILE"


class Unreadable(Exception):
    """It is no notebook that can be read; the message says why, ``step`` what to do, ``command`` what to type."""

    def __init__(self, why: str, step: str = "", command: str = "") -> None:
        super().__init__(why)
        self.step = step
        self.command = command


@dataclass(frozen=True, slots=True)
class Output:
    """One output of a cell.

    Attributes:
        kind: ``stream``, ``result`` (of any way to show something) or ``error``.
        data: Its MIME types; texts are joined, other values stay JSON. Of a stream and an error it is text/plain.
        metadata: What was said about each MIME type.
        size: How many bytes it takes in the file, without indentation.
    """

    kind: str
    data: Mapping[str, object]
    metadata: Mapping[str, object] = field(default_factory=dict)
    size: int = 0

    def text(self, mime: str) -> str:
        """Return what it has of a MIME type as text; empty where it has none."""
        value = self.data.get(mime, "")
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Attributes:
        number: Its place, from 1 on.
        kind: ``code``, ``markdown`` or ``raw``.
        source: Its text.
        outputs: What stands below it.
        attachments: Files in it, by name.
        count: The number between its brackets; None where it was not run.
        metadata: What else it says, as JSON.
    """

    number: int
    kind: str
    source: str
    outputs: tuple[Output, ...] = ()
    attachments: Mapping[str, object] = field(default_factory=dict)
    count: int | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """How a person finds it: its place, and the number between its brackets."""
        return f"{self.number} [{self.count}]" if self.count is not None else str(self.number)


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook as its file has it.

    Attributes:
        cells: In their order.
        metadata: What it says of itself.
        minor: The 5 of nbformat 4.5.
        size: How many bytes the file has.
        faults: What is wrong with it, a line each; everything else was read.
    """

    cells: tuple[Cell, ...]
    metadata: Mapping[str, object] = field(default_factory=dict)
    minor: int = 0
    size: int = 0
    faults: tuple[str, ...] = ()

    @property
    def outputs(self) -> tuple[tuple[Cell, Output], ...]:
        """Every output with its cell."""
        return tuple((cell, output) for cell in self.cells for output in cell.outputs)

    @property
    def widget_models(self) -> frozenset[str] | None:
        """The ids of the widgets whose state is saved; None where ``metadata.widgets`` lacks its ``state``."""
        widgets = self.metadata.get("widgets")
        if not isinstance(widgets, Mapping):
            return frozenset()
        saved = widgets.get("application/vnd.jupyter.widget-state+json", NOTHING if not widgets else None)
        state = saved.get("state") if isinstance(saved, Mapping) else None
        if isinstance(state, Mapping):
            return frozenset(map(str, state))
        return frozenset() if not widgets else None


@dataclass(slots=True)
class Faults:
    """What is found wrong, in the order in which it is met."""

    lines: list[str] = field(default_factory=list)

    def say(self, number: int, what: str) -> None:
        """Note what is wrong with a cell."""
        self.lines.append(f"cell {number} {what}")


def read(data: bytes) -> Notebook:
    """Read a notebook.

    Raises:
        Unreadable: It is none, or a damaged one.
    """
    whole = _json(_text(data))
    if not isinstance(whole, Mapping):
        raise Unreadable("it is JSON, and no notebook.")
    major = whole.get("nbformat")
    if not isinstance(major, int) or isinstance(major, bool):
        raise Unreadable("it is JSON, and no notebook: it says no nbformat.")
    if major < 4:
        raise Unreadable(f"it is of nbformat {major}, older than what front ends show today.", command=UPGRADE)
    if major > 4:
        raise Unreadable(f"it is of nbformat {major}, newer than nbformat 4, which is read here.")
    cells = whole.get("cells")
    if not isinstance(cells, list):
        raise Unreadable("it has no list of cells.", "Get it back from its history, or from .ipynb_checkpoints")
    faults = Faults()
    metadata, minor = whole.get("metadata"), whole.get("nbformat_minor")
    if not isinstance(metadata, Mapping):
        faults.lines.append("its metadata is missing")
    if not isinstance(minor, int) or isinstance(minor, bool):
        faults.lines.append("it says no nbformat_minor")
    made = [_cell(number, one, faults) for number, one in enumerate(cells, 1)]
    return Notebook(
        tuple(cell for cell in made if cell is not None),
        metadata if isinstance(metadata, Mapping) else NOTHING,
        minor if isinstance(minor, int) else 0,
        len(data),
        tuple(faults.lines),
    )


def _text(data: bytes) -> str:
    """Return the file's text.

    Raises:
        Unreadable: It has none that a notebook can be.
    """
    if not data.strip():
        raise Unreadable("it is empty.", "Get it back from its history, or from .ipynb_checkpoints")
    if data.startswith(POINTER):
        raise Unreadable("it is a pointer of Git LFS, and not the file itself.", command="git lfs pull")
    for mark, name in MARKED.items():
        if data.startswith(mark):
            raise Unreadable(f"it is written as {name}, and notebooks are UTF-8.", "Save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"line {line} is not UTF-8, as notebooks are.", "Save it as UTF-8") from error


def _json(text: str) -> object:
    """Return the file's JSON.

    Raises:
        Unreadable: It is none; what usually does that is named.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise Unreadable("its JSON is nested too deeply to be a notebook's.") from error
    except ValueError as error:
        conflict = CONFLICT.search(text)
        if conflict:
            line = text.count("\n", 0, conflict.start()) + 1
            raise Unreadable(
                f"it holds a merge conflict, at line {line}.",
                "Take one of the two versions",
                "git checkout --ours FILE",
            ) from error
        at, where = getattr(error, "pos", 0), getattr(error, "lineno", 1)
        if at >= len(text.rstrip()) - 1 or "Unterminated string" in str(error):
            raise Unreadable(
                f"it ends in the middle, at line {text.count(chr(10)) + 1}: it was not saved whole.",
                "Get it back from its history, or from .ipynb_checkpoints",
            ) from error
        raise Unreadable(
            f"it is no JSON: line {where}, column {getattr(error, 'colno', 1)}.",
            "Get it back from its history, or from .ipynb_checkpoints",
        ) from error


def _cell(number: int, cell: object, faults: Faults) -> Cell | None:
    """Read one cell, as far as it can be read."""
    if not isinstance(cell, Mapping):
        faults.say(number, "is no cell")
        return None
    kind = cell.get("cell_type")
    if kind not in KINDS:
        faults.say(number, "is neither code nor Markdown nor raw")
    source, outputs = _joined(cell.get("source")), cell.get("outputs", [])
    if source is None:
        faults.say(number, "has no source")
    if not isinstance(outputs, list):
        faults.say(number, "has no list of outputs")
        outputs = []
    attachments, metadata, count = cell.get("attachments"), cell.get("metadata"), cell.get("execution_count")
    return Cell(
        number,
        str(kind),
        source or "",
        tuple(made for made in (_output(number, one, faults) for one in outputs) if made is not None),
        attachments if isinstance(attachments, Mapping) else NOTHING,
        count if isinstance(count, int) else None,
        metadata if isinstance(metadata, Mapping) else NOTHING,
    )


def _output(number: int, output: object, faults: Faults) -> Output | None:
    """Read one output, as far as it can be read."""
    if not isinstance(output, Mapping):
        faults.say(number, "has an output that is none")
        return None
    kind, size = output.get("output_type"), len(json.dumps(output, ensure_ascii=False).encode("utf-8", "replace"))
    if kind == "stream":
        return Output("stream", {"text/plain": _joined(output.get("text")) or ""}, size=size)
    if kind == "error":
        told = [
            str(output.get("ename", "")),
            str(output.get("evalue", "")),
            _joined(output.get("traceback"), "\n") or "",
        ]
        return Output("error", {"text/plain": "\n".join(filter(None, told))}, size=size)
    data, metadata = output.get("data"), output.get("metadata")
    if kind not in RESULTS or not isinstance(data, Mapping):
        faults.say(number, "has an output that cannot be shown")
        return None
    joined = {str(mime): value if (text := _joined(value)) is None else text for mime, value in data.items()}
    return Output("result", joined, metadata if isinstance(metadata, Mapping) else NOTHING, size)


def _joined(value: object, between: str = "") -> str | None:
    """Return a text that may stand as a list of its lines; None where it is neither."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return between.join(value)
    return None
