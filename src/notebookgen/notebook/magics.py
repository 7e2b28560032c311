"""``%generate`` and ``%%generate``: read the line, hand it on, give back the result. Nothing is decided here."""

from __future__ import annotations

import re
from typing import Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand

from notebookgen.errors import NotebookgenError, Stopped
from notebookgen.notebook.flags import help_text

__all__ = ["GenerateMagics", "register", "unregister"]

NAME = "generate"
ALONE = re.compile(r"%%generate(?!\S)")
STOPPED = (
    "Stopped. What was accepted before that is looked after and nothing is bought twice: run the cell again,"
    " or see %generate runs"
)


@magics_class
class GenerateMagics(Magics):
    """The one magic, for a line and for a cell.

    It is not marked ``output_can_be_silenced``: IPython would then read the prompt as Python after it was paid for,
    fail at an apostrophe, and drop the result of a prompt that ends in a semicolon.
    """

    @no_var_expand
    @line_cell_magic
    def generate(self, line: str, cell: str | None = None) -> object:
        """Replaced below by the help text, which is made from the tables of flags and commands."""
        try:
            return answered(line, cell, self.shell)
        except (NotebookgenError, Stopped) as error:
            from notebookgen.notebook.spoken import retell  # noqa: PLC0415 - only where there is something to tell

            retell(error, self.shell.user_ns if self.shell is not None else {})
            raise
        except KeyboardInterrupt:
            raise Stopped(STOPPED) from None

    generate.__doc__ = help_text()


def answered(line: str, cell: str | None, shell: Any) -> object:
    """Return what a line, or a line and its cell, ask for."""
    from notebookgen.notebook.arguments import Command, parse  # noqa: PLC0415 - `%load_ext` loads nothing heavy
    from notebookgen.notebook.commands import run  # noqa: PLC0415 - likewise
    from notebookgen.notebook.generating import client, generated  # noqa: PLC0415 - likewise
    from notebookgen.notebook.sources import model_named  # noqa: PLC0415 - likewise

    asked = parse(line, cell, model_named)
    return run(asked, client) if isinstance(asked, Command) else generated(asked, shell)


def bodied(lines: list[str]) -> list[str]:
    """Give a ``%%generate`` that stands alone an empty line below, so that its answer is ours and not IPython's."""
    return [*lines, "\n"] if len(lines) == 1 and ALONE.match(lines[0]) else lines


bodied.has_side_effects = True  # type: ignore[attr-defined]  # IPython's word for: not while it asks whether more is to come


def register(shell: Any) -> None:
    """Give a shell the magic."""
    shell.register_magics(GenerateMagics(shell))
    if bodied not in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.append(bodied)


def unregister(shell: Any) -> None:
    """Take the magic away, where it is still ours."""
    shell.input_transformers_cleanup[:] = [one for one in shell.input_transformers_cleanup if one is not bodied]
    for kind in ("line", "cell"):
        table = shell.magics_manager.magics[kind]
        if isinstance(getattr(table.get(NAME), "__self__", None), GenerateMagics):
            del table[NAME]
    shell.magics_manager.registry.pop(GenerateMagics.__name__, None)
