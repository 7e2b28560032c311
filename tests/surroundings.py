"""The machine that a test may see: everything that could differ between two people's environments is set here.

Keys, addresses and proxies of the person who runs the tests are taken out, and every folder that a library would
look for in a home is moved to a temporary one. Used for this process and for those that tests start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

OURS = ("ARMOX_", "APIMODELS_", "APIXO_", "NOTEBOOKGEN_")
NEIGHBOURS = ("XDG_", "JUPYTER", "IPYTHON", "PYTEST_ADDOPTS", "PYTHONSTARTUP", "MPLBACKEND", "COLAB_", "BINDER_")


def foreign(name: str) -> bool:
    """Whether a variable of the environment may change what a test sees."""
    upper = name.upper()
    return upper.startswith((*OURS, *NEIGHBOURS)) or upper.endswith("_PROXY")


def folders(person: Path) -> dict[str, str]:
    """Return the variables that give a process the home folder ``person`` and nothing outside it."""
    return {
        "HOME": str(person),
        "USERPROFILE": str(person),
        "APPDATA": str(person / "appdata"),
        "LOCALAPPDATA": str(person / "localappdata"),
        "XDG_CACHE_HOME": str(person / "cache"),
        "XDG_CONFIG_HOME": str(person / "config"),
        "XDG_DATA_HOME": str(person / "data"),
        "XDG_STATE_HOME": str(person / "state"),
        "JUPYTER_PLATFORM_DIRS": "1",
        "IPYTHONDIR": str(person / "ipython"),
        "NOTEBOOKGEN_HOME": str(person / "notebookgen"),
        "NO_PROXY": "*",
        # As on a machine without a keyring: no test may read or write the person's own.
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }


def environment(inherited: Mapping[str, str], person: Path, **more: str) -> dict[str, str]:
    """Return the environment for a process that a test starts, with the home folder ``person``."""
    kept = {name: value for name, value in inherited.items() if not foreign(name)}
    return {**kept, **folders(person), **more}
