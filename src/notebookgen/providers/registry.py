"""Which providers there are: the entry points of the group ``notebookgen.providers``, ours among them."""

from __future__ import annotations

import contextlib
from functools import cache
from importlib.metadata import entry_points

from notebookgen.errors import ProviderClash, UnknownProvider, near_miss
from notebookgen.providers.base import Provider

__all__ = ["GROUP", "provider_class", "provider_names", "usable_names"]

GROUP = "notebookgen.providers"


@cache
def _entries() -> dict[str, tuple[str, str]]:
    """Return, for each name, the object it points at and the package that says so."""
    found: dict[str, tuple[str, str]] = {}
    for entry in entry_points(group=GROUP):
        package = entry.dist.name if entry.dist is not None else "an unknown package"
        if entry.name in found and found[entry.name][0] != entry.value:
            message = (
                f"two packages offer a provider named '{entry.name}': {found[entry.name][1]} and {package}.\n"
                f"Remove one of them: pip uninstall {package}"
            )
            raise ProviderClash(message)
        found[entry.name] = (entry.value, package)
    return found


def provider_names() -> tuple[str, ...]:
    """Return the names of all installed providers, sorted.

    Raises:
        ProviderClash: Two packages claim one name.
    """
    return tuple(sorted(_entries()))


@cache
def usable_names() -> tuple[str, ...]:
    """Return the names of the providers that can be loaded: a broken package must not stand in the way of the others.

    Raises:
        ProviderClash: Two packages claim one name.
    """
    usable: list[str] = []
    for name in provider_names():
        with contextlib.suppress(UnknownProvider):
            provider_class(name)
            usable.append(name)
    return tuple(usable)


@cache
def provider_class(name: str) -> type[Provider]:
    """Return the adapter of that name.

    Raises:
        UnknownProvider: No installed package offers it; near misses are named.
        ProviderClash: Two packages claim one name.
    """
    names = provider_names()
    if name not in names:
        message = f"no provider is named '{name}'.{near_miss(name, names)} Installed are: {', '.join(names)}."
        raise UnknownProvider(message)
    (entry,) = {one.value: one for one in entry_points(group=GROUP, name=name)}.values()
    package = _entries()[name][1]
    try:
        loaded = entry.load()
    except (ImportError, AttributeError) as error:
        message = (
            f"the provider '{name}' of the package {package} cannot be loaded: {error}.\n"
            f"Mend or remove it: pip uninstall {package}"
        )
        raise UnknownProvider(message) from error
    if not (isinstance(loaded, type) and issubclass(loaded, Provider)):
        message = f"the provider '{name}' ({entry.value}) is no subclass of notebookgen.providers.Provider."
        raise UnknownProvider(message)
    return loaded
