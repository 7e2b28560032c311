"""What this process was told: ``ng.configure``, ``ng.sandbox`` and ``ng.webhooks``, over what project file and environment say."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notebookgen.errors import InvalidCall, SettingsError, near_miss
from notebookgen.jobs.choosing import SANDBOX_MODELS
from notebookgen.jobs.house import told_house
from notebookgen.ledger.filesystem import why_not_writable
from notebookgen.ledger.store import FILE_NAME, Store
from notebookgen.media.provenance import set_wanted
from notebookgen.providers import provider_class, provider_names, usable_names
from notebookgen.providers.pricing import check_own_price
from notebookgen.records import Model
from notebookgen.settings import Settings, load_settings, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from notebookgen.sandbox.embedded import Embedded
    from notebookgen.settings import Cap
    from notebookgen.webhooks.receiver import Receiver

__all__ = ["configure", "current_settings", "sandbox", "webhooks"]

_configured: dict[str, Any] = {}


def current_settings() -> Settings:
    """Return the settings that hold now: defaults < project file < environment < ``configure``.

    Raises:
        SettingsError: A project file or a variable says what makes no sense; the message names the place.
    """
    settings = load_settings(os.environ, Path.cwd())
    if "model" not in _configured and settings.model is not None and settings.file is not None:
        _check_model(place_of(settings.file, "model"), settings.model)
    if settings.total_budget and settings.file is not None:
        _own_units(place_of(settings.file, "total_budget"), settings.total_budget)
    if settings.limits and settings.file is not None:
        _check_providers("limits", settings.limits, place_of(settings.file, "limits"))
    return settings.changed("ng.configure", **_configured)


def configure(**settings: Any) -> None:
    """Change settings for this process; a value of None takes a change back.

    ``total_budget`` is kept in the ledger and binds every kernel that uses it, until it is taken back: of one provider
    with ``{"armox": None}``, of all with ``None``.

    Raises:
        SettingsError: A name is unknown or a value makes no sense; nothing is changed.
        NotWritable, LedgerError: The ledger cannot keep a cap; nothing is changed.
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
    if "total_budget" in settings:
        told = changed.total_budget if "total_budget" in given else None
        _keep_caps(changed.home, {None: ()} if told is None else _own_units("ng.configure", told))
        kept.pop("total_budget", None)  # every kernel has it from the ledger, where another one may change it
    _configured.clear()
    _configured.update(kept)
    told_house(changed)


def _check_model(where: str, model: str | None) -> None:
    """Check that a model is written ``provider:id``, of an installed provider.

    Raises:
        SettingsError: It is not; near misses are named.
    """
    provider, _, rest = (model or "").strip().partition(":")
    if provider in provider_names() and rest:
        return
    known = [str(one) for name in usable_names() for one in provider_class(name)().catalogue()]
    known += [f"armox:{one}" for one in SANDBOX_MODELS.values()]
    message = (
        f"{where} sets model to {model!r}; a model is written provider:id, as in armox:google/nano-banana."
        f"{near_miss(model or '', known)}\nInstalled providers are: {', '.join(provider_names())}."
    )
    raise SettingsError(message)


def _check_providers(name: str, owners: Iterable[str], where: str = "ng.configure") -> None:
    """Check that each key of a table is (or begins with) the name of an installed provider.

    Raises:
        SettingsError: One is not: what it says would silently count for nothing.
    """
    for owner in owners:
        if owner not in provider_names():
            message = (
                f"{where} sets {name} for '{owner}', which is no provider.{near_miss(owner, provider_names())}\n"
                f"Installed providers are: {', '.join(provider_names())}."
            )
            raise SettingsError(message)


def _own_units(where: str, caps: Mapping[str, tuple[Cap, ...]]) -> dict[str | None, tuple[Cap, ...]]:
    """Return caps with their units: a bare number is in the provider's own.

    Raises:
        SettingsError: There is no such provider, or it is paid in another unit: such a cap would bind nothing.
    """
    found: dict[str | None, tuple[Cap, ...]] = {}
    for name, them in caps.items():
        if name != "all":
            _check_providers("total_budget", [name], where)
            unit = provider_class(name).unit
            other = next((cap.unit for cap in them if cap.unit not in {None, unit}), None)
            if other is not None:
                message = (
                    f"{where} sets total_budget['{name}'] in {other}, and {name} is paid in {unit}.\n"
                    f"Give it in {unit}: {{'{name}': '1000 {unit}'}}, or as a bare number."
                )
                raise SettingsError(message)
            them = tuple(replace(cap, unit=unit) for cap in them)  # noqa: PLW2901 - the same, with their unit
        found[name] = tuple({(cap.unit, cap.per): cap for cap in them}.values())
    return found


def _keep_caps(home: Path, caps: Mapping[str | None, tuple[Cap, ...]]) -> None:
    """Keep caps in the ledger, all or none of them.

    Raises:
        NotWritable, LedgerError: The ledger cannot keep them.
    """
    if not any(caps.values()) and not (home / FILE_NAME).exists():
        return  # nothing to be taken back
    store = Store(home)
    try:
        with store.transaction():
            for name, them in caps.items():
                store.set_caps(name, them, time.time_ns() // 1000)
    finally:
        store.close()


def _check_prices(settings: Settings) -> None:
    """Check that each price is that of a model of an installed provider, in its unit, and says what it is for.

    Raises:
        SettingsError: One is not, or does not.
    """
    for name, price in settings.prices.items():
        provider, _, model = name.partition(":")
        _check_providers("prices", [provider])
        if not model:
            message = (
                f"ng.configure sets prices['{name}']; a price is that of one model: {{'{provider}:MODEL': '0.03'}}."
            )
            raise SettingsError(message)
        adapter = provider_class(provider)()
        known = next((one for one in adapter.catalogue() if one.id == model), Model(provider, model))
        try:
            check_own_price(price, known, {}, unit=adapter.unit)
        except InvalidCall as error:
            raise SettingsError(str(error)) from None


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
    "limits": lambda settings: _check_providers("limits", settings.limits),
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
    found = running.keep() if running is not None else None
    handle = embedded(**behaviour)
    configure(sandbox=True)
    return Embedded(handle, lambda: configure(sandbox=before), before=found)


def webhooks(public_url: str = "", *, port: int = 0, host: str = "127.0.0.1") -> Receiver:
    """Have jobs called back instead of asked about, until ``.stop()``. Asked for again, the same address is the same receiver.

    Args:
        public_url: Where providers reach this machine: a tunnel's address, or your own; its path is kept.
        port: Where to listen; 0 for any free port, which ``.port`` tells.
        host: Which of this machine's addresses to listen on.

    Returns:
        A handle with ``.url``, ``.port``, ``.counts``, ``.reached`` and ``.stop()``; also a context manager.

    Raises:
        InvalidCall: There is no address, or it cannot be one. Nothing was started.
        NotWritable: The port cannot be listened on.
    """
    from notebookgen.webhooks.exchange import listen  # noqa: PLC0415 - loaded where it is asked for

    receiver = listen(public_url, port=port, host=host)
    receiver.wait_reached()
    return receiver


set_wanted(lambda: current_settings().provenance)
