"""Which models are known: each adapter's catalogue, and the live list of a provider that has one.

A live list is kept on disk, so that a content asked for again has the same identity without a network. What the
sandbox lists in a provider's place is no provider's word: it is marked as the sandbox's, and its play prices stand on
its own models alone; the others keep the price that the catalogue's page gives them.
"""

from __future__ import annotations

import random
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from notebookgen.errors import NotebookgenError, UnknownModel, near_miss
from notebookgen.providers import fault_error
from notebookgen.transport import read
from notebookgen.wire import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from notebookgen.jobs.ticket import Lane
    from notebookgen.providers import Provider
    from notebookgen.records import Model, Realm

__all__ = ["ModelBook", "played", "unknown_model"]

LIVE_SECONDS = 24 * 3600.0
CALM = threading.Event()  # never set: a wait that Stop can end


class ModelBook:
    """Knows the models of every realm."""

    def __init__(self, folder: Path) -> None:
        """Keep live lists in ``folder``."""
        self._folder = folder
        self._live: dict[tuple[Realm, bool], tuple[float, dict[str, Model]]] = {}

    def known(self, provider: Provider, realm: Realm | None = None) -> dict[str, Model]:
        """Return the models by their id, without any network: the live lists over the catalogue."""
        models = {model.id: model for model in provider.catalogue()}
        if realm is not None:
            models |= self._kept(provider, realm, apps=False)[1]
            models |= self._kept(provider, realm, apps=True)[1] if provider.app_prefix else {}
        return models

    def listed(self, lane: Lane) -> dict[str, Model]:
        """Return what the live list of models said when it was last fetched, by their ids."""
        return self._kept(lane.provider, lane.realm, apps=False)[1]

    def fresh(self, lane: Lane, *, apps: bool = False) -> bool:
        """Whether the live list (of apps, or of models) is young enough to say that something is not there."""
        when, live = self._kept(lane.provider, lane.realm, apps=apps)
        return (bool(live) or apps) and 0 <= time.time() - when < LIVE_SECONDS

    def refresh(self, lane: Lane, *, apps: bool = False) -> dict[str, Model]:
        """Fetch the live list (of apps, or of models), where the provider has one; return all models by their id.

        Raises:
            ProviderError: The provider does not give it.
            TransportError: It cannot be reached.
        """
        provider = lane.provider
        request = provider.apps() if apps else provider.models()
        if request is None:
            return self.known(provider, lane.realm)
        response = read(lane.transport, request, wait=CALM.wait, rng=random.random)
        fault = provider.read_fault(response)
        if fault is not None:
            raise fault_error(provider, fault, f"listing the {'apps' if apps else 'models'}")
        models = _read(provider, response, apps=apps)
        self._live[lane.realm, apps] = (time.time(), played(provider, models) if lane.realm.sandbox else models)
        if not lane.realm.sandbox:
            self._keep(self._path(lane.realm, apps=apps), response)
        return self.known(provider, lane.realm)

    def _path(self, realm: Realm, *, apps: bool) -> Path:
        return self._folder / f"{realm.provider}-{realm.account}{'-apps' if apps else ''}.json"

    def _keep(self, path: Path, response: HttpResponse) -> None:
        """Put a live list on disk; without room there it is fetched again next time."""
        part = path.with_suffix(".part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            part.write_bytes(response.body)
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)

    def _kept(self, provider: Provider, realm: Realm, *, apps: bool) -> tuple[float, dict[str, Model]]:
        """Return when a live list was fetched, and what it says."""
        if (realm, apps) not in self._live:
            path = self._path(realm, apps=apps)
            try:
                response = HttpResponse(200, {}, path.read_bytes())
                self._live[realm, apps] = (path.stat().st_mtime, _read(provider, response, apps=apps))
            except (OSError, NotebookgenError):
                self._live[realm, apps] = (0.0, {})
        return self._live[realm, apps]


def _read(provider: Provider, response: HttpResponse, *, apps: bool) -> dict[str, Model]:
    """Return what a live list says, by the models' ids."""
    return {model.id: model for model in (provider.read_apps if apps else provider.read_models)(response)}


def played(provider: Provider, models: Mapping[str, Model]) -> dict[str, Model]:
    """Return what the sandbox lists in a provider's place, marked as such and without play prices on real models."""
    priced = {model.id: model.cost for model in provider.catalogue()}
    return {
        name: replace(
            model,
            live=False,
            source="sandbox",
            cost=priced.get(name) or replace(model.cost, note="play credits of the sandbox; nothing is charged"),
        )
        for name, model in models.items()
    }


def unknown_model(name: str, provider: Provider, known: Iterable[str]) -> UnknownModel:
    """Return the error for a model that a provider does not have, with its near misses."""
    names = sorted(known)
    some = "" if near_miss(name, names) else f" It has: {', '.join(names[:6])}{', ...' if len(names) > 6 else '.'}"
    message = (
        f"{provider.title} has no model '{name}'.{near_miss(name, names)}{some} Nothing was sent.\n"
        f"To see them all: ng.models('{provider.name}')"
    )
    return UnknownModel(message)
