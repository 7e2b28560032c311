"""What the user holds: ``Result`` and ``Results``, which show themselves. They read a run; they never change it."""

from notebookgen.results.result import Result
from notebookgen.results.results import Results

__all__ = ["Result", "Results"]
