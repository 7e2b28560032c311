"""Reading a key from a person: it is typed into a field that shows nothing, and goes from there to the keyring."""

from __future__ import annotations

import getpass
import warnings

from notebookgen.credentials import check_keyring, store_key
from notebookgen.errors import ConfigurationError
from notebookgen.providers import provider_class

__all__ = ["login"]


def login(name: str) -> str:
    """Ask for a provider's key, keep it in the system keyring, and return one line that says where.

    Args:
        name: The provider.

    Raises:
        UnknownProvider: There is no provider of that name.
        MissingExtra: The keyring package is not installed.
        ConfigurationError: Nobody can type here, nothing was typed, or this machine has no keyring that works.
    """
    provider = provider_class(name)
    check_keyring(provider.key_variable)  # nobody types a key for nothing
    key = _typed(f"API key of {provider.title} (from {provider.keys_page}): ", provider.key_variable)
    keyring = store_key(provider.key_variable, key)
    return f"Stored the key of {provider.title} in {keyring}, as {provider.key_variable}. Nothing of it is in this notebook."


def _typed(question: str, variable: str) -> str:
    """Return what a person types, never shown.

    Raises:
        ConfigurationError: There is nobody to ask, or what is typed would be seen.
    """
    try:
        with warnings.catch_warnings():
            # Where the terminal cannot hide what is typed, getpass warns and shows it; better not at all.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return getpass.getpass(question)
    except (NotImplementedError, EOFError, OSError, getpass.GetPassWarning):
        message = (
            "a key can be typed only where a person sits: this session has no input, or would show it.\n"
            f"Set {variable} in the environment before Jupyter starts (not in a cell: it would be saved there)."
        )
        raise ConfigurationError(message) from None
