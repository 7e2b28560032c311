"""What this process was told: ``ng.configure`` and ``ng.sandbox``, over what project file and environment say."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notebookgen.errors import SettingsError, near_miss
from notebookgen.ledger.filesystem import why_not_writable
from notebookgen.ledger.store import FILE_NAME
from notebookgen.providers import provider_class, provider_names, usable_names
from notebookgen.settings import Settings, load_settings, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from notebookgen.sandbox.embedded import Embedded

__all__ = ["configure", "current_settings", "sandbox"]

_configured: dict[str, Any] = {}


def current_settings() -> Settings:
    """Return the settings that hold now: defaults < project file < environment < ``configure``.

    Raises:
        SettingsError: A project file or a variable says what makes no sense; the message names the place.
    """
    settings = load_settings(os.environ, Path.cwd())
    if "model" not in _configured and settings.model is not None and settings.file is not None:
        _check_model(place_of(settings.file, "model"), settings.model)
    return settings.changed("ng.configure", **_configured)


def configure(**settings: Any) -> None:
    """Change settings for this process; a value of None takes a change back.

    Raises:
        SettingsError: A name is unknown or a value makes no sense; nothing is changed.
    """
    base = load_settings(os.environ, Path.cwd())
    for name in settings:
        if name == "file" or name not in Settings.__dataclass_fields__:
            base.changed("ng.configure", **{name: None})  # raises, with the near miss
    given = {name: value for name, value in settings.items() if value is not None}
    kept = {name: value for name, value in {**_configured, **settings}.items() if value is not None}
    changed = base.changed("ng.configure", **kept)
    for name in CHECKS.keys() & given.keys():
        CHECKS[name](changed)
    _configured.clear()
    _configured.update(kept)


def _check_model(where: str, model: str | None) -> None:
    """Check that a model is written ``provider:id``, of an installed provider.

    Raises:
        SettingsError: It is not; near misses are named.
    """
    provider, _, rest = (model or "").strip().partition(":")
    if provider in provider_names() and rest:
        return
    known = [str(one) for name in usable_names() for one in provider_class(name)().catalogue()]
    message = (
        f"{where} sets model to {model!r}; a model is written provider:id, as in armox:google/nano-banana."
        f"{near_miss(model or '', known)}\nInstalled providers are: {', '.join(provider_names())}."
    )
    raise SettingsError(message)


def _check_providers(name: str, owners: Iterable[str]) -> None:
    """Check that each key of a table is (or begins with) the name of an installed provider.

    Raises:
        SettingsError: One is not: what it says would silently count for nothing.
    """
    for owner in owners:
        if owner not in provider_names():
            message = (
                f"ng.configure sets {name} for '{owner}', which is no provider.{near_miss(owner, provider_names())}\n"
                f"Installed providers are: {', '.join(provider_names())}."
            )
            raise SettingsError(message)


def _check_prices(settings: Settings) -> None:
    """Check that each price is that of a model of an installed provider.

    Raises:
        SettingsError: One is not.
    """
    for name in settings.prices:
        provider, _, model = name.partition(":")
        _check_providers("prices", [provider])
        if not model:
            message = (
                f"ng.configure sets prices['{name}']; a price is that of one model: {{'{provider}:MODEL': '0.03'}}."
            )
            raise SettingsError(message)


def _check_home(settings: Settings) -> None:
    """Check that the home folder can be made and written.

    Raises:
        SettingsError: It cannot; what was there before stays the home folder.
    """
    if (settings.home / FILE_NAME).exists():  # what it holds can be looked at, also where it cannot be written
        return
    fault = why_not_writable(settings.home)
    if fault:
        message = (
            f"ng.configure sets home to {settings.home}, which cannot be written ({fault}). Give a folder of yours."
        )
        raise SettingsError(message)


# What only this machine can tell; the rest is checked where settings are read.
CHECKS: Mapping[str, Callable[[Settings], None]] = {
    "home": _check_home,
    "model": lambda settings: _check_model("ng.configure", settings.model),
    "base_urls": lambda settings: _check_providers("base_urls", settings.base_urls),
    "credit_price": lambda settings: _check_providers("credit_price", settings.credit_price),
    "prices": _check_prices,
}


def sandbox(**behaviour: Any) -> Embedded:
    """Start (or change) the embedded sandbox and send every provider's name there, until ``.stop()``.

    Args:
        **behaviour: ``seconds=(1, 4)`` a job takes, ``fail=0.05`` of them fail, ``credits=500`` to spend, ...

    Returns:
        A handle with ``.origin``, ``.state()``, ``.configure()`` and ``.stop()``; also a context manager.
    """
    from notebookgen.sandbox.embedded import Embedded, current, embedded  # noqa: PLC0415 - loaded where it is asked for

    before, running = _configured.get("sandbox"), current()
    behaved = running.behaviour if running is not None else None
    handle = embedded(**behaviour)
    configure(sandbox=True)
    return Embedded(handle, lambda: configure(sandbox=before), before=behaved)
