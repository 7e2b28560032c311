"""What this process was told: ``ng.configure`` and ``ng.sandbox``, over what project file and environment say."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notebookgen.settings import Settings, load_settings

if TYPE_CHECKING:
    from notebookgen.sandbox.embedded import Embedded

__all__ = ["configure", "current_settings", "sandbox"]

_configured: dict[str, Any] = {}


def current_settings() -> Settings:
    """Return the settings that hold now: defaults < project file < environment < ``configure``."""
    return load_settings(os.environ, Path.cwd()).changed("ng.configure", **_configured)


def configure(**settings: Any) -> None:
    """Change settings for this process; a value of None takes a change back.

    Raises:
        SettingsError: A name is unknown or a value makes no sense; nothing is changed.
    """
    base = load_settings(os.environ, Path.cwd())
    for name in settings:
        if name == "file" or name not in Settings.__dataclass_fields__:
            base.changed("ng.configure", **{name: None})  # raises, with the near miss
    kept = {name: value for name, value in {**_configured, **settings}.items() if value is not None}
    base.changed("ng.configure", **kept)
    _configured.clear()
    _configured.update(kept)


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
