"""Which models can be had here: catalogues and live lists of the providers that can be asked, put together."""

from __future__ import annotations

import re
import sys
import warnings
from typing import TYPE_CHECKING, Protocol

from notebookgen.errors import ProviderError, TransportError, UnknownModel, near_miss
from notebookgen.jobs.asking import check_texts
from notebookgen.jobs.choosing import bearing, is_sandboxed, several_models
from notebookgen.providers import provider_class, provider_names, usable_names
from notebookgen.records import Realm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from notebookgen.jobs.house import House
    from notebookgen.jobs.ticket import Lane
    from notebookgen.records import Model

__all__ = ["find_model", "find_models", "live_models", "named_model", "near_word", "tell_missed", "with_word"]

PARTED = re.compile(r"[^\w.]+")  # what stands between the words of a model's name


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


def live_models(
    house: House, provider: str | None, lane_of: LaneOf, *, has_own_key: bool, tell: Callable[[str], None]
) -> list[Model]:
    """Return the models, with the live list of every provider that has one and can be asked now.

    Args:
        house: Whose models.
        provider: The one provider that is meant; None for all.
        lane_of: Gives the way to a provider.
        has_own_key: Whether that provider's key was given with the client.
        tell: Is told of each provider that could not be asked; what was known of its models is listed all the same.

    Raises:
        ProviderError, TransportError: The list of the one that is meant cannot be had.
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
            try:
                if not house.book.fresh(lane):
                    house.book.refresh(lane)
            except (ProviderError, TransportError) as error:
                if provider:
                    raise
                tell(
                    f"{cls.title} could not be asked for its models, and may have others: {str(error).splitlines()[0]}"
                )
                continue
            if cls.app_prefix and not house.book.fresh(lane, apps=True):
                _refresh_apps(house, lane)
    return find_models(house, provider, lane_of, has_own_key=has_own_key)


def find_model(name: str, house: House, provider: str | None, lane_of: LaneOf, *, has_own_key: bool) -> Model:
    """Return the model of that name; about one of the sandbox's own, nobody but the sandbox is asked.

    Raises:
        UnknownModel: Nobody knows it; near misses are named.
        ProviderError, TransportError: A list cannot be had.
    """
    check_texts(model=name, needed=("model",))
    if not is_sandboxed(name) or provider not in {None, "armox"}:
        missed: list[str] = []
        models = live_models(house, provider, lane_of, has_own_key=has_own_key, tell=missed.append)
        return named_model(name, models, missed)
    lane = lane_of("armox", sandbox=True)
    if not house.book.fresh(lane):
        house.book.refresh(lane)
    return named_model(name, list(house.book.known(lane.provider, lane.realm).values()))


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


def near_word(word: str, models: Sequence[Model]) -> str:
    """Return which provider, model or part of a model's name may have been meant by a word that none has in its name."""
    names = [*provider_names(), *map(str, models)]
    parts = {part for one in models for part in PARTED.split(f"{one} {one.name}".lower()) if part}
    return near_miss(word, names) or near_miss(word, parts)


def named_model(name: str, models: Sequence[Model], missed: Sequence[str] = ()) -> Model:
    """Return the model of that name, with or without its provider.

    Args:
        name: The name.
        models: Those that are known.
        missed: Which providers could not be asked for theirs.

    Raises:
        UnknownModel: There is none, or several; near misses are named.
    """
    named = {str(one): one for one in models}
    if name in named:
        return named[name]
    same = bearing(name, models)
    if len(same) == 1:
        return same[0]
    if same:
        raise several_models(name, same)
    hint = near_miss(name, named) or near_miss(name, [one.id for one in models])
    message = "\n".join([f"no model is named '{name}'.{hint}", *missed[:2], "To see them: ng.models()"])
    raise UnknownModel(message)


def tell_missed(lines: Iterable[str]) -> None:
    """Warn of providers that could not be asked, where the caller's own code stands."""
    depth, frame = 1, sys._getframe()  # noqa: SLF001 - the standard library has no other way before Python 3.12
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "notebookgen":
        depth, frame = depth + 1, frame.f_back
    for line in lines:
        warnings.warn(line, stacklevel=depth)
