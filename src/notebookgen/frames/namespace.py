"""``frame.gen.map(...)`` and ``frame.gen.plan(...)`` on Polars frames, whichever of the two is imported first.

Importing notebookgen loads no Polars. Where Polars is not loaded yet, a finder waits on ``sys.meta_path`` for its
import, lets the real finders find it, and registers the namespace once it is there.
"""

from __future__ import annotations

import importlib
import sys
import threading

TYPE_CHECKING = False  # not taken from typing, which takes as long to load as the rest of ``import notebookgen``
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

__all__ = ["Gen", "install"]

POLARS = "polars"
NAME = "gen"

_lock = threading.Lock()


class Gen:
    """``frame.gen``: the rows of this frame as prompts."""

    def __init__(self, frame: Any) -> None:
        """Take the frame that Polars hands over."""
        self._frame = frame

    def map(self, prompt: Any, **options: Any) -> Any:
        """Generate for each row; see ``notebookgen.map``."""
        return importlib.import_module("notebookgen").map(self._frame, prompt, **options)

    def plan(self, prompt: Any, **options: Any) -> Any:
        """Return what would be sent and what it would cost; see ``notebookgen.plan``."""
        return importlib.import_module("notebookgen").plan(self._frame, prompt, **options)


def install() -> None:
    """Register ``frame.gen`` now if Polars is loaded, else as soon as it is; to be called as often as you like."""
    if POLARS not in sys.modules:
        with _lock:
            if not any(_is_ours(finder) for finder in sys.meta_path):
                sys.meta_path.insert(0, _Finder())
    if POLARS in sys.modules:  # looked at again: another thread may have begun to import it meanwhile
        register(importlib.import_module(POLARS))  # waits for that thread
        _uninstall()


def register(polars: ModuleType) -> None:
    """Register the namespace with Polars, unless it is there already (a reload, ``%load_ext`` twice)."""
    with _lock:
        for kind, decorate in (
            (polars.DataFrame, polars.api.register_dataframe_namespace),
            (polars.LazyFrame, polars.api.register_lazyframe_namespace),
        ):
            if getattr(getattr(kind, NAME, None), "__module__", None) != __name__:
                decorate(NAME)(Gen)


def _is_ours(finder: object) -> bool:
    """Whether a finder is ours, also if this module was loaded anew since."""
    return getattr(type(finder), "__module__", None) == __name__


def _uninstall() -> None:
    """Take the finder away.

    The list is replaced, not changed: another thread may be going through it, and would miss one of its finders.
    """
    with _lock:
        if any(_is_ours(finder) for finder in sys.meta_path):
            sys.meta_path = [finder for finder in sys.meta_path if not _is_ours(finder)]


class _Finder:
    """Finds Polars as the other finders do, and nothing else; no base class, as importlib.abc is slow to load."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return Polars' own spec, with a loader that tells us when it is done."""
        if fullname != POLARS:
            return None
        for finder in list(sys.meta_path):
            find = None if _is_ours(finder) else getattr(finder, "find_spec", None)
            spec = find(fullname, path, target) if find is not None else None
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader)
                return spec  # type: ignore[no-any-return]  # finders are asked by name: old ones have no such method
        return None


class _Loader:
    """Loads Polars with its own loader, which is back in its place before Polars' first line runs."""

    def __init__(self, real: Any) -> None:
        """Stand for a loader."""
        self._real = real

    def __getattr__(self, name: str) -> Any:
        """Answer as the real loader does, to who asks for source or data."""
        return getattr(self._real, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Create the module as the real loader does."""
        return self._real.create_module(spec)  # type: ignore[no-any-return]  # whatever loader it is

    def exec_module(self, module: ModuleType) -> None:
        """Run Polars, then register; if it cannot be imported, its own error is raised and nothing is changed."""
        module.__loader__ = self._real
        if module.__spec__ is not None:
            module.__spec__.loader = self._real
        self._real.exec_module(module)
        register(module)
        _uninstall()
