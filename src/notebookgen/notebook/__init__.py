"""IPython, and only here: the magic, its completion, and the line that shows how a run is doing.

Loading this package loads nothing but the standard library; IPython and the client come with the first use.
"""

from __future__ import annotations

from typing import Any

from notebookgen.notebook.progress import ensure_follower, remove_follower

__all__ = ["ensure_follower", "install", "uninstall"]


def install(shell: Any) -> None:
    """Give an IPython shell ``%generate``, ``%%generate`` and their completion. Doing it twice changes nothing.

    Args:
        shell: The ``InteractiveShell``.
    """
    from notebookgen.notebook import completion, magics  # noqa: PLC0415 - these need IPython

    magics.register(shell)
    completion.register(shell)


def uninstall(shell: Any) -> None:
    """Take away what ``install`` gave. Doing it twice changes nothing.

    Args:
        shell: The ``InteractiveShell``.
    """
    from notebookgen.notebook import completion, magics  # noqa: PLC0415 - these need IPython

    magics.unregister(shell)
    completion.unregister(shell)
    remove_follower()
