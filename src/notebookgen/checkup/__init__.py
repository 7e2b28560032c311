"""What will be left of a notebook: what readers see in each place, its bytes, its links, and the secrets in it.

``check`` reads a file; everything else is pure. Nothing here runs, changes or sends anything.
"""

from __future__ import annotations

from notebookgen.checkup.checking import check
from notebookgen.checkup.checkup import Checkup

__all__ = ["Checkup", "check"]
