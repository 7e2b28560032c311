"""A notebook's shell in this process, in which cells are run as a person runs them."""

from __future__ import annotations

import atexit
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from notebookgen.errors import MOST_LINES, NotebookgenError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Shell:
    """A shell with the extension loaded."""

    def __init__(self, ip: InteractiveShell) -> None:
        self.ip = ip
        self.names: dict[str, Any] = ip.user_ns

    def run(self, cell: str) -> Any:
        """Run a cell that works; return its value."""
        done = self.ip.run_cell(cell, store_history=True)
        done.raise_error()
        return done.result

    def seen(self, cell: str) -> str:
        """Run a cell that works; return what a person sees of it in a terminal, the result included."""
        with capture_output(stderr=False) as caught:
            self.run(cell)
        assert caught.outputs == []
        return str(caught.stdout)

    def fails(self, cell: str) -> tuple[BaseException, str]:
        """Run a cell that does not work; return the error and what a person sees of it."""
        with capture_output() as caught:
            done = self.ip.run_cell(cell, store_history=True)
        error = done.error_before_exec or done.error_in_exec
        assert error is not None
        assert done.result is None
        return error, caught.stdout

    def told(self, cell: str) -> str:
        """Run a cell that ends in an error of ours; return its words, which are few."""
        error, _ = self.fails(cell)
        assert isinstance(error, NotebookgenError)
        assert len(str(error).splitlines()) <= MOST_LINES
        return str(error)


@contextmanager
def shell() -> Iterator[Shell]:
    """Start a shell and load the extension; take back afterwards what cells have changed."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    ip = InteractiveShell.instance(config=config)
    # Else the process would put away every shell of every test once more at its end, a garbage collection each.
    atexit.unregister(ip.atexit_operations)
    ip.run_line_magic("load_ext", "notebookgen")
    try:
        yield Shell(ip)
    finally:
        ip.run_line_magic("unload_ext", "notebookgen")
        InteractiveShell.clear_instance()
