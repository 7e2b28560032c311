"""Where completion takes its words from: what this process knows already. No network, no keyring, no engine.

A list of models that was fetched for another reason is remembered here; frames of the ledger are looked at only
where Polars is loaded anyway.
"""

from __future__ import annotations

import json
import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from notebookgen.errors import NotebookgenError
from notebookgen.notebook.offers import Sources
from notebookgen.providers import provider_class, provider_names, usable_names
from notebookgen.settings import Settings, load_settings
from notebookgen.wire import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from notebookgen.records import Model

__all__ = ["known_models", "remember", "remembered", "sources_of"]

MOST = 50  # run ids; more than that nobody reads in a popup

_remembered: dict[str, Model] = {}


def remember(models: Iterable[Model]) -> None:
    """Keep models that were fetched from a provider, for completion."""
    _remembered.update({str(model): model for model in models})


def remembered() -> bool:
    """Whether there is anything to remember yet."""
    return bool(_remembered)


def sources_of(namespace: Mapping[str, object]) -> Sources:
    """Return the sources for a notebook.

    Args:
        namespace: Its variables.
    """
    try:
        settings = _settings()
    except NotebookgenError:  # a project file that cannot be read is told where something is run, not on Tab
        settings = None
    return Sources(
        models=lambda: known_models(settings),
        providers=provider_names,
        runs=lambda: _column(settings, "run"),
        held=lambda: _column(settings, "id"),
        namespace=namespace,
        model=settings.model if settings else None,
    )


def known_models(settings: Settings | None = None) -> list[Model]:
    """Return the catalogues, the sandbox's own models where it may answer, and what was fetched before."""
    models = {str(model): model for name in usable_names() for model in provider_class(name)().catalogue()}
    keyed = any(os.environ.get(provider_class(name).key_variable) for name in usable_names())
    if not keyed or (settings is not None and settings.sandbox):
        own = {str(model): model for model in _sandbox_models() if model.id.startswith("sandbox/")}
        models = {**own, **models}
    return list({**models, **_remembered}.values())


@cache
def _sandbox_models() -> tuple[Model, ...]:
    """Return what the sandbox offers under Armox's name, read as that service's list."""
    from notebookgen.sandbox import catalogue  # noqa: PLC0415 - only where the sandbox may answer

    entries = [{"id": one.id, "modality": one.kind, **one.extra} for one in catalogue.models("armox").values()]
    reply = HttpResponse(200, {}, json.dumps({"object": "list", "data": entries}).encode())
    return provider_class("armox")().read_models(reply)


def _settings() -> Settings:
    """Return the settings that hold now; only where something was configured is there more than files and environment."""
    configuration = sys.modules.get("notebookgen.configuration")
    return configuration.current_settings() if configuration is not None else load_settings(os.environ, Path.cwd())


def _column(settings: Settings | None, name: str) -> list[str]:
    """Return ids from the ledger, newest first: of the runs, or of what waits to be resolved."""
    if settings is None or "polars" not in sys.modules:
        return []
    from notebookgen.ledger.frame import Ledger  # noqa: PLC0415 - Polars is loaded, so this is quick

    try:
        ledger = Ledger(settings.home)
        if name == "run":
            return ledger.runs()["run"].unique(maintain_order=True).head(MOST).to_list()
        frame = ledger.frame()
        return frame.filter(frame["status"] == "ambiguous")["id"].reverse().head(MOST).to_list()
    except NotebookgenError:  # a ledger that cannot be read is told where it is asked for, not on Tab
        return []
