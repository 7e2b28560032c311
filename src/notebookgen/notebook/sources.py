"""Where completion takes its words from: what this process knows already. No network, no keyring, no engine.

A list of models that was fetched for another reason is remembered here; frames of the ledger are looked at only
where Polars is loaded anyway.
"""

from __future__ import annotations

import itertools
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

__all__ = ["known_models", "model_named", "remember", "remembered", "sources_of"]

LARGEST = 5000  # files of a folder that are looked at; Tab must be quick
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
        usual=lambda kind: _usual(settings, kind),
        files=_files,
    )


def known_models(settings: Settings | None = None) -> list[Model]:
    """Return the catalogues, what was fetched before, and the sandbox's own models: first where it answers, else last."""
    models = {str(model): model for name in usable_names() for model in provider_class(name)().catalogue()}
    own = {str(model): model for model in _sandbox_models() if model.id.startswith("sandbox/")}
    real = {**models, **_remembered}
    return list(({**own, **real} if _plays(settings) else {**real, **own}).values())


def model_named(word: str) -> str | None:
    """Return what stands behind ``-m`` for a word that is a model's name; None for any other word."""
    from notebookgen.jobs.choosing import bearing  # noqa: PLC0415 - only where a line makes no sense

    provider, _, name = word.partition(":")
    if name and provider in provider_names():
        return word
    models = known_models()
    found = [one for one in models if one.id == word and one.id.startswith("sandbox/")]
    found = found or bearing(word, [one for one in models if not one.id.startswith("sandbox/")])  # "text" is any word
    return str(found[0]) if len(found) == 1 else word if found else None


def _plays(settings: Settings | None) -> bool:
    """Whether the sandbox answers where nothing is named, as far as the environment tells (no keyring on Tab)."""
    keyed = any(os.environ.get(provider_class(name).key_variable) for name in usable_names())
    return not keyed or (settings is not None and settings.sandbox)


def _usual(settings: Settings | None, kind: str | None) -> str | None:
    """Return the model that is used where none is named; None where none would be picked."""
    from notebookgen.jobs.choosing import SANDBOX_MODELS  # noqa: PLC0415 - only where a setting is completed

    if settings is not None and settings.model:
        return settings.model
    own = SANDBOX_MODELS.get(kind or "image")
    return f"armox:{own}" if own and _plays(settings) else None


def _files(typed: str, endings: tuple[str, ...]) -> list[str]:
    """Return what a path as typed may become: folders with their slash, and files with these endings, in their order."""
    at = max(typed.rfind(mark) for mark in ("/", os.sep)) + 1
    head, start = typed[:at], typed[at:]
    try:
        with os.scandir(Path(head).expanduser()) as entries:
            found = [(entry.name, entry.is_dir()) for entry in itertools.islice(entries, LARGEST)]
    except (OSError, ValueError, RuntimeError):  # no such folder, no such home, no path at all
        return []
    low = start.lower()
    return [
        f"{head}{name}{'/' * folder}"
        for name, folder in sorted(found)
        if name.lower().startswith(low)
        and (low.startswith(".") or not name.startswith("."))
        and (folder or name.lower().endswith(endings))
    ]


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
