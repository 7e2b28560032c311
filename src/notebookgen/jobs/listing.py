"""Which models can be had here: catalogues and live lists of the providers that can be asked, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from notebookgen.errors import ProviderError, TransportError, UnknownModel, near_miss
from notebookgen.jobs.asking import check_texts
from notebookgen.jobs.choosing import bearing, several_models
from notebookgen.providers import provider_class, usable_names
from notebookgen.records import Realm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookgen.jobs.house import House
    from notebookgen.jobs.ticket import Lane
    from notebookgen.records import Model

__all__ = ["find_models", "live_models", "named_model", "with_word"]


class LaneOf(Protocol):
    """Gives the way to a provider."""

    def __call__(self, name: str, *, sandbox: bool) -> Lane:
        """Return the lane; with ``sandbox``, that of the sandbox."""
        ...


def find_models(house: House, provider: str | None, lane_of: LaneOf, *, has_own_key: bool = False) -> list[Model]:
    """Return the known models of one provider or of all, without any network."""
    check_texts(provider=provider)
    found: list[Model] = []
    for name in [provider] if provider else usable_names():
        keyed = house.key(name) is not None or (has_own_key and name == provider)
        real = keyed and not house.settings.sandbox
        realm = lane_of(name, sandbox=False).realm if real else Realm(name, "sandbox", sandbox=True)
        found += house.book.known(house.adapter(name), realm).values()
    return found


def live_models(house: House, provider: str | None, lane_of: LaneOf, *, has_own_key: bool) -> list[Model]:
    """Return the models, with the live list of every provider that has one and can be asked now.

    Raises:
        ProviderError, TransportError: A list cannot be had.
    """
    check_texts(provider=provider)
    free = not has_own_key and not any(house.key(one) is not None for one in usable_names())
    sandboxed = house.settings.sandbox or free
    for name in [provider] if provider else usable_names():
        cls = provider_class(name)
        if cls().models() is None and cls().apps() is None:
            continue
        if sandboxed or house.key(name) is not None or (has_own_key and name == provider):
            lane = lane_of(name, sandbox=sandboxed)
            if not house.book.fresh(lane):
                house.book.refresh(lane)
            if cls.app_prefix and not house.book.fresh(lane, apps=True):
                _refresh_apps(house, lane)
    return find_models(house, provider, lane_of, has_own_key=has_own_key)


def _refresh_apps(house: House, lane: Lane) -> None:
    """Fetch the list of apps. Where it cannot be had just now (or by this account), the models are listed without."""
    try:
        house.book.refresh(lane, apps=True)
    except (ProviderError, TransportError):
        return


def with_word(models: Sequence[Model], word: str) -> list[Model]:
    """Return the models with a word in their id, name or kind, in any capitals."""
    low = word.lower()
    return [one for one in models if low in f"{one} {one.name} {one.kind or ''}".lower()]


def named_model(name: str, models: Sequence[Model]) -> Model:
    """Return the model of that name, with or without its provider.

    Raises:
        UnknownModel: There is none, or several; near misses are named.
    """
    check_texts(model=name, needed=("model",))
    named = {str(one): one for one in models}
    if name in named:
        return named[name]
    same = bearing(name, models)
    if len(same) == 1:
        return same[0]
    if same:
        raise several_models(name, same)
    hint = near_miss(name, named) or near_miss(name, [one.id for one in models])
    message = f"no model is named '{name}'.{hint}\nTo see them: ng.models()"
    raise UnknownModel(message)
