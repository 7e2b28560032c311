"""Tab inside the magic: the hook into IPython's completer. What is offered is decided in ``offers``.

The hook is IPython's matcher API, version 2: what is offered replaces all other matches, so that Python's own names
do not mix with flags. It works in the terminal and, over the kernel protocol, in every front end.
"""

from __future__ import annotations

from typing import Any

from notebookgen.errors import NotebookgenError

__all__ = ["register", "unregister"]

IDENTIFIER = "notebookgen"


def register(shell: Any) -> None:
    """Have an IPython shell ask here on Tab; doing it twice changes nothing."""
    from IPython.core.completer import SimpleCompletion, context_matcher  # noqa: PLC0415 - only inside IPython

    @context_matcher(priority=200, identifier=IDENTIFIER)
    def matcher(context: Any) -> dict[str, Any]:
        if "%generate" not in context.full_text:
            return {"completions": []}
        from notebookgen.notebook.candidates import made  # noqa: PLC0415 - loaded at the first Tab in such a cell
        from notebookgen.notebook.offers import offers  # noqa: PLC0415 - likewise
        from notebookgen.notebook.sources import sources_of  # noqa: PLC0415 - likewise

        sources = sources_of(made(shell.user_ns, shell.user_ns_hidden))
        try:
            found = offers(context.full_text, context.cursor_line, context.cursor_position, sources)
        except NotebookgenError:  # what is wrong with this machine is told where something is run, not on Tab
            found = None
        if found is None:
            return {"completions": []}
        choices = [SimpleCompletion(text=choice.text, type=choice.type) for choice in found.choices]
        # IPython drops other matches only for the sake of a match: where there is none, it is what is typed already.
        choices = choices or [SimpleCompletion(text=found.fragment, type="value")]
        return {"completions": choices, "matched_fragment": found.fragment, "suppress": True, "ordered": True}

    unregister(shell)
    shell.Completer.custom_matchers.append(matcher)


def unregister(shell: Any) -> None:
    """Take away what ``register`` gave."""
    matchers = shell.Completer.custom_matchers
    matchers[:] = [one for one in matchers if getattr(one, "matcher_identifier", None) != IDENTIFIER]
