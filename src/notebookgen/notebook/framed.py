"""Which frame ``--over`` means: everything that finds one among a notebook's variables lives here. Pure.

A name, an attribute of it (``made.frame``) or a part of it (``animals[:10]``) is taken; nothing is called, so that a
line does no work of its own before the run.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from notebookgen.errors import InvalidCall, near_miss
from notebookgen.notebook.candidates import frames

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["frame_of"]

PARTS = (
    ast.Expression,
    ast.Name,
    ast.Attribute,
    ast.Subscript,
    ast.Slice,
    ast.Constant,
    ast.UnaryOp,
    ast.USub,
    ast.Tuple,
    ast.List,
    ast.Load,
)


def frame_of(text: str, names: Mapping[str, object], own: Mapping[str, object]) -> Any:
    """Return what an expression stands for; whether it is a frame is found out by whoever reads it.

    Args:
        text: As it was written.
        names: All variables.
        own: Those that a person made, for near misses.

    Raises:
        InvalidCall: It is no such expression, names no variable, or has no such part.
    """
    inner = text[1:-1].strip() if text[:1] == "{" and text[-1:] == "}" else text.strip()
    try:
        tree = ast.parse(inner, mode="eval")
    except (SyntaxError, ValueError):
        tree = None
    if tree is None or not all(isinstance(node, PARTS) for node in ast.walk(tree)):
        message = (
            f"--over takes a frame's variable, an attribute or a part of it, not '{text}'. Nothing was sent.\n"
            "Assign it first:  rows = ...  and write --over rows, --over made.frame or --over rows[:10]"
        )
        raise InvalidCall(message)
    root = next(node.id for node in ast.walk(tree) if isinstance(node, ast.Name)) if _named(tree) else ""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in names:
            miss = near_miss(node.id, frames(own))
            there = frames(own)
            known = f" There are: {', '.join(there[:5])}." if there else " There is no frame among the variables yet."
            message = f"--over {text}: there is no variable '{node.id}'.{miss} Nothing was sent.{known}"
            raise InvalidCall(message)
    try:
        value = eval(compile(tree, "--over", "eval"), {"__builtins__": {}}, dict(names))  # noqa: S307 - names, attributes and parts alone, of the person's own variables
    except Exception as error:  # the person's own objects may raise anything
        said = " ".join(str(error).split())[:120]
        message = f"--over {text} cannot be had: {type(error).__name__}: {said}. Nothing was sent."
        raise InvalidCall(message) from error
    _check(value, text, root, own)
    return value


def _named(tree: ast.AST) -> bool:
    """Whether an expression begins with a variable."""
    return any(isinstance(node, ast.Name) for node in ast.walk(tree))


def _check(value: object, text: str, root: str, own: Mapping[str, object]) -> None:
    """Refuse what is plainly no frame.

    Raises:
        InvalidCall: It is text, a number, None, or one of our own results, which has a frame.
    """
    kind = type(value)
    if kind.__module__.startswith("notebookgen.results") and kind.__name__ == "Results":
        message = f"--over {text} is the results of a run. Nothing was sent. Their frame is: --over {text}.frame"
        raise InvalidCall(message)
    if value is None or isinstance(value, str | bytes | int | float | list | tuple | dict | set):
        there = [one for one in frames(own) if one != root]
        known = f" Frames here: {', '.join(there[:5])}." if there else ""
        what = "None" if value is None else f"of type {kind.__name__}"
        message = (
            f"--over {text} is {what}, not a frame. Nothing was sent.{known}\n"
            "polars.DataFrame(rows) makes one of lists and dictionaries."
        )
        raise InvalidCall(message)
