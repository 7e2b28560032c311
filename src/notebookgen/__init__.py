"""Generate images, video, audio and text from a notebook, and account for every credit.

``%load_ext notebookgen`` gives the magic ``%%generate``; the functions below do the same from Python. Everything is
loaded at its first use: importing this package loads none of its dependencies.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

from notebookgen.frames.namespace import install as _install_namespace

TYPE_CHECKING = False  # not taken from typing, which takes as long to load as the rest of this import
if TYPE_CHECKING:
    from typing import Any

    import polars as pl

    from notebookgen.client import Client
    from notebookgen.configuration import configure, webhooks
    from notebookgen.frames.grid import grid
    from notebookgen.frames.library import Media
    from notebookgen.frames.plan import Plan
    from notebookgen.ledger.frame import Ledger
    from notebookgen.results import Result, Results
    from notebookgen.sandbox.embedded import Embedded
    from notebookgen.settings import Settings

__all__ = [
    "Client",
    "Plan",
    "Result",
    "Results",
    "agenerate",
    "amap",
    "col",
    "configure",
    "generate",
    "grid",
    "ledger",
    "map",
    "media",
    "models",
    "plan",
    "resolve",
    "resume",
    "runs",
    "sandbox",
    "settings",
    "webhooks",
]

_HOMES = {
    "Client": "client",
    "Plan": "frames.plan",
    "grid": "frames.grid",
    "Result": "results",
    "Results": "results",
    "configure": "configuration",
    "webhooks": "configuration",
}


def generate(prompt: str, **options: Any) -> Result | Results:
    """Make one thing and wait for it; see ``Client.generate`` for the options."""
    return _client().generate(prompt, **options)


async def agenerate(prompt: str, **options: Any) -> Result | Results:
    """Make one thing without blocking the event loop; see ``Client.generate`` for the options."""
    return await _client().agenerate(prompt, **options)


def map(frame: Any, prompt: Any, **options: Any) -> Results:  # noqa: A001 - the word that every frame library uses
    """Make one thing for each row of a frame; see ``Client.map`` for the options."""
    return _client().map(frame, prompt, **options)


async def amap(frame: Any, prompt: Any, **options: Any) -> Results:
    """Do the same as ``map`` without blocking the event loop; see ``Client.map`` for the options."""
    return await _client().amap(frame, prompt, **options)


def plan(frame: Any, prompt: Any, **options: Any) -> Plan:
    """Return what ``map`` would send and what it would cost; nothing is sent."""
    return _client().plan(frame, prompt, **options)


def models(provider: str | None = None) -> pl.DataFrame:
    """Return the known models and their prices, one row each."""
    return _client().models(provider)


def ledger() -> Ledger:
    """Return the ledger: every generation ever asked for and what it cost; ``.frame()`` is a Polars DataFrame."""
    return _client().ledger()


def media() -> Media:
    """Return the files that are kept: ``.frame()`` is a Polars DataFrame, ``.prune()`` makes room."""
    return _client().media()


def runs() -> pl.DataFrame:
    """Return one row for each run, newest first."""
    return _client().runs()


def resume(run: str | None = None) -> Results:
    """Adopt, poll and download what an earlier kernel left; buy nothing."""
    return _client().resume(run)


def resolve(id: str, action: str, *, job: str | None = None, budget: Any = None, max_new: int | None = None) -> Result:
    """Settle what is ambiguous: ``adopt`` it (as ``job``), ``resubmit`` it (its run may spend ``budget``), or ``write_off``."""
    return _client().resolve(id, action, job=job, budget=budget, max_new=max_new)


def sandbox(**behaviour: Any) -> Embedded:
    """Start (or change) the sandbox and send every provider's name there until ``.stop()``; a context manager too.

    Args:
        **behaviour: ``seconds=(1, 4)`` a job takes, ``fail=0.05`` of them fail, ``credits=500`` to spend, ...
    """
    from notebookgen.configuration import sandbox as start  # noqa: PLC0415 - loaded at the first use

    return start(**behaviour)


def settings() -> Settings:
    """Return the settings that hold now."""
    return _client().settings


def load_ipython_extension(ipython: Any) -> None:
    """Register ``%generate`` and ``%%generate`` (IPython calls this for ``%load_ext notebookgen``)."""
    from notebookgen.notebook import install  # noqa: PLC0415 - only inside IPython

    install(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Take the magic away again (IPython calls this for ``%unload_ext notebookgen``)."""
    from notebookgen.notebook import uninstall  # noqa: PLC0415 - only inside IPython

    uninstall(ipython)


def _client() -> Client:
    """Return the client behind these functions; inside IPython its waiting is shown."""
    from notebookgen.client import default_client  # noqa: PLC0415 - loaded at the first use

    if "IPython" in sys.modules:
        from notebookgen.notebook.progress import ensure_follower  # noqa: PLC0415 - only inside IPython

        ensure_follower()
    return default_client()


def __getattr__(name: str) -> Any:
    """Load a public name from the module it lives in."""
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - rarely asked for

        return version("notebookgen")
    if name in _HOMES:
        return getattr(import_module(f"notebookgen.{_HOMES[name]}"), name)
    if name == "col":
        return import_module("polars").col
    message = f"module 'notebookgen' has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    """Return the public names, for completion."""
    return [*__all__, "__version__"]


class _FrontDoor(ModuleType):
    """This module, whose functions ``ledger``, ``media``, ``sandbox``, ``settings``, ``webhooks`` are named like folders.

    Importing a submodule sets an attribute of that name on its package, and the function would be gone.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (isinstance(value, ModuleType) and name in __all__):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _FrontDoor

_install_namespace()
