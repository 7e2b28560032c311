"""Where a key comes from, and the one wrapper it travels in. A key is shown by nothing in this package.

Order: the argument, the environment, Colab's secrets, the system keyring. The keyring is an extra
(``pip install "notebookgen[keyring]"``); where there is none, nothing is stored and the message says what to set.
"""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING, Literal

from notebookgen.errors import ConfigurationError, InvalidCall, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Found", "Secret", "account_of", "check_keyring", "find_key", "given_key", "keyring_state", "store_key"]

SERVICE = "notebookgen"
_asked: dict[str, str | None] = {}
Source = Literal["argument", "environment", "Colab secret", "keyring"]


class Secret:
    """A key. Its text comes out of ``reveal`` and nowhere else: not in a repr, a log, a traceback or a pickle."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Hold ``text`` without the white space that copying from a page brings along."""
        self._text = text.strip()

    def reveal(self) -> str:
        """Return the key itself; called where it joins a request."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> str:
        message = "a key is never pickled"
        raise TypeError(message)


class Found:
    """A key and where it was found."""

    __slots__ = ("secret", "source")

    def __init__(self, secret: Secret, source: Source) -> None:
        """Keep both."""
        self.secret = secret
        self.source: Source = source


def account_of(secret: Secret, provider: str) -> str:
    """Return the account's fingerprint: 12 hexadecimal digits from which no key can be had back."""
    text = f"notebookgen/{provider}/{secret.reveal()}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def find_key(variable: str, *, env: Mapping[str, str], explicit: str | Secret | None = None) -> Found | None:
    """Return the key for an environment variable's name, or None where there is none.

    Args:
        variable: Such as ``ARMOX_API_KEY``; the same name is used in the keyring and in Colab's secrets.
        env: The environment's variables.
        explicit: A key given as an argument; wins.

    Raises:
        ConfigurationError: The key holds characters that no HTTP header can carry.
    """
    if explicit:
        secret = explicit if isinstance(explicit, Secret) else Secret(explicit)
        return Found(_sendable(secret, "the key given as an argument"), "argument")
    if env.get(variable, "").strip():
        return Found(_sendable(Secret(env[variable]), variable), "environment")
    for source, look in (("Colab secret", _colab), ("keyring", _keyring)):
        text = look(variable)
        if text and text.strip():
            return Found(_sendable(Secret(text), f"the {source} {variable}"), source)  # type: ignore[arg-type]  # both are Sources
    return None


def given_key(key: object) -> Secret | None:
    """Return the key that a call gives as ``api_key``; None where it gives none.

    Raises:
        InvalidCall: It is empty, or no text. It is not shown.
    """
    if key is None or isinstance(key, Secret):
        return key
    if not isinstance(key, str):
        message = f"api_key takes the key as text, and got a value of the type {type(key).__name__}."
        raise InvalidCall(message)
    if not key.strip():
        message = "api_key is empty. Give the key, or leave api_key out to use the environment's."
        raise InvalidCall(message)
    return Secret(key)


def keyring_state() -> Literal["ready", "missing", "none"]:
    """Return whether a key can be kept: ``missing`` where the package is, ``none`` where the machine has no keyring."""
    try:
        import keyring  # noqa: PLC0415 - an extra
    except ImportError:
        return "missing"
    # A keyring that keeps nothing says so by its priority; nobody is asked for a password by this.
    return "ready" if keyring.get_keyring().priority > 0 else "none"


def check_keyring(variable: str) -> None:
    """Check that a key can be kept, before a person is asked for it.

    Raises:
        MissingExtra: The keyring package is not installed.
        ConfigurationError: This machine has no keyring that works.
    """
    state = keyring_state()
    instead = f"et {variable} in the environment before Jupyter starts (not in a cell: it would be saved there)."
    if state == "missing":
        message = f"storing a key needs the keyring package: pip install 'notebookgen[keyring]'\nOr s{instead}"
        raise MissingExtra(message)
    if state == "none":
        message = f"this machine has no system keyring that works; nothing was stored.\nS{instead}"
        raise ConfigurationError(message)


def store_key(variable: str, key: str) -> str:
    """Keep a key in the system keyring and return the keyring's name.

    Raises:
        MissingExtra: The keyring package is not installed.
        ConfigurationError: This machine has no keyring that works, or the key cannot be a key.
    """
    secret = _sendable(Secret(key), "what was typed")
    if not secret:
        message = "nothing was typed, so nothing was stored."
        raise ConfigurationError(message)
    check_keyring(variable)
    import keyring  # noqa: PLC0415 - an extra
    import keyring.errors  # noqa: PLC0415 - an extra

    try:
        keyring.set_password(SERVICE, variable, secret.reveal())
        _asked.pop(variable, None)
    except keyring.errors.KeyringError as error:
        message = (
            f"this machine's system keyring did not take the key ({type(error).__name__}); nothing was stored.\n"
            f"Set {variable} in the environment before Jupyter starts (not in a cell: it would be saved there)."
        )
        raise ConfigurationError(message) from None
    return str(getattr(keyring.get_keyring(), "name", "the system keyring"))


def _sendable(secret: Secret, where: str) -> Secret:
    """Return the secret if an HTTP header can carry it.

    Raises:
        ConfigurationError: It has white space, control or non-ASCII characters inside.
    """
    text = secret.reveal()
    if text and not (text.isascii() and text.isprintable() and " " not in text):
        message = f"{where} holds characters that no key has (spaces, quotes from a text editor?). Copy it again."
        raise ConfigurationError(message)
    return secret


def _colab(variable: str) -> str | None:
    """Return a secret of Google Colab's own store, when running there."""
    if "google.colab" not in sys.modules:
        return None
    try:
        from google.colab import userdata  # type: ignore[import-not-found]  # noqa: PLC0415 - exists in Colab only

        return str(userdata.get(variable))
    except Exception:  # noqa: BLE001 - its errors have no common class: not found, no access, timeout
        return None


def _keyring(variable: str) -> str | None:
    """Return what the system keyring holds, where there is a keyring that works."""
    try:
        import keyring  # noqa: PLC0415 - an extra
        import keyring.errors  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    if variable not in _asked:  # a keyring may take a tenth of a second, and every call asks for every provider
        try:
            _asked[variable] = keyring.get_password(SERVICE, variable)
        except keyring.errors.KeyringError:
            _asked[variable] = None
    return _asked[variable]
