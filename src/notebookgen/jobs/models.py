"""Which models are known: each adapter's catalogue, and the live list of a provider that has one.

A live list is kept on disk, so that a content asked for again has the same identity without a network.
"""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING

from notebookgen.errors import NotebookgenError, UnknownModel, near_miss
from notebookgen.providers import fault_error
from notebookgen.transport import read
from notebookgen.wire import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from notebookgen.jobs.ticket import Lane
    from notebookgen.providers import Provider
    from notebookgen.records import Model, Realm

__all__ = ["ModelBook", "unknown_model"]

LIVE_SECONDS = 24 * 3600.0
CALM = threading.Event()  # never set: a wait that Stop can end


class ModelBook:
    """Knows the models of every realm."""

    def __init__(self, folder: Path) -> None:
        """Keep live lists in ``folder``."""
        self._folder = folder
        self._live: dict[Realm, tuple[float, dict[str, Model]]] = {}

    def known(self, provider: Provider, realm: Realm | None = None) -> dict[str, Model]:
        """Return the models by their id, without any network: the live list over the catalogue."""
        models = {model.id: model for model in provider.catalogue()}
        if realm is not None:
            return {**models, **self._kept(provider, realm)[1]}
        return models

    def fresh(self, lane: Lane) -> bool:
        """Whether the live list is young enough to say that a model is not there."""
        when, live = self._kept(lane.provider, lane.realm)
        return bool(live) and 0 <= time.time() - when < LIVE_SECONDS

    def refresh(self, lane: Lane) -> dict[str, Model]:
        """Fetch the live list, where the provider has one, and return all models by their id.

        Raises:
            ProviderError: The provider does not give it.
            TransportError: It cannot be reached.
        """
        request = lane.provider.models()
        if request is None:
            return self.known(lane.provider, lane.realm)
        response = read(lane.transport, request, wait=CALM.wait, rng=random.random)
        fault = lane.provider.read_fault(response)
        if fault is not None:
            raise fault_error(lane.provider, fault, "listing the models")
        models = {model.id: model for model in lane.provider.read_models(response)}
        self._live[lane.realm] = (time.time(), models)
        if not lane.realm.sandbox:
            self._keep(lane.realm, response)
        return self.known(lane.provider, lane.realm)

    def _path(self, realm: Realm) -> Path:
        return self._folder / f"{realm.provider}-{realm.account}.json"

    def _keep(self, realm: Realm, response: HttpResponse) -> None:
        """Put a live list on disk; without room there it is fetched again next time."""
        path = self._path(realm)
        part = path.with_suffix(".part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            part.write_bytes(response.body)
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)

    def _kept(self, provider: Provider, realm: Realm) -> tuple[float, dict[str, Model]]:
        """Return when the live list was fetched, and what it says."""
        if realm not in self._live:
            path = self._path(realm)
            try:
                response = HttpResponse(200, {}, path.read_bytes())
                models = {model.id: model for model in provider.read_models(response)}
                self._live[realm] = (path.stat().st_mtime, models)
            except (OSError, NotebookgenError):
                self._live[realm] = (0.0, {})
        return self._live[realm]


def unknown_model(name: str, provider: Provider, known: Iterable[str]) -> UnknownModel:
    """Return the error for a model that a provider does not have, with its near misses."""
    names = sorted(known)
    some = "" if near_miss(name, names) else f" It has: {', '.join(names[:6])}{', ...' if len(names) > 6 else '.'}"
    message = (
        f"{provider.title} has no model '{name}'.{near_miss(name, names)}{some} Nothing was sent.\n"
        f"To see them all: %generate models {provider.name}"
    )
    return UnknownModel(message)
