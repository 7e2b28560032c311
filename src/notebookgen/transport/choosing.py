"""Which transport carries a provider's requests: libcurl's where pycurl is installed, else requests'."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from notebookgen.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

    from notebookgen.transport.base import HasSecret, Transport
    from notebookgen.transport.bringing import Bringer

__all__ = ["VARIABLE", "bringer_for", "transport_for", "transport_words"]

VARIABLE = "NOTEBOOKGEN_TRANSPORT"
REQUESTS, FAST = "requests", "fast"
MISSING = "pycurl is not installed"


def transport_for(
    key: HasSecret | None,
    *,
    origin: str,
    session: requests.Session | None = None,
    environ: Mapping[str, str] | None = None,
) -> Transport:
    """Return what sends to a provider: a caller's own session always does, else what ``VARIABLE`` says, else the faster.

    Args:
        key: What holds the provider's key; None where none is needed.
        origin: The provider's configured address.
        session: A caller's own.
        environ: The environment's variables; by default this process's.

    Raises:
        ConfigurationError: The address, the key, the proxy or the certificates cannot be used, or the variable names
            what is not there.
        InvalidCall: The caller's session repeats requests on its own.
    """
    environ = os.environ if environ is None else environ
    if session is None and chosen(environ) == FAST:
        from notebookgen.transport.fast import FastTransport  # noqa: PLC0415 - loads pycurl, where it is installed

        return FastTransport(key, origin=origin, environ=environ)
    from notebookgen.transport.http import HttpTransport  # noqa: PLC0415 - loads requests

    return HttpTransport(key, origin=origin, session=session, environ=environ)


def bringer_for(environ: Mapping[str, str] | None = None, *, keep: int) -> Bringer:
    """Return what fetches files: the same that sends, so that a variable that names nothing is told there.

    Args:
        environ: The environment's variables; by default this process's.
        keep: How many idle connections to keep for each host.

    Raises:
        ConfigurationError: The certificates cannot be used.
    """
    environ = os.environ if environ is None else environ
    try:
        fast = chosen(environ) == FAST
    except ConfigurationError:
        fast = False
    if fast:
        from notebookgen.transport.fast_bringing import FastBringer  # noqa: PLC0415 - loads pycurl

        return FastBringer(keep=keep, environ=environ)
    from notebookgen.transport.bringing import PlainBringer  # noqa: PLC0415 - loads requests

    return PlainBringer(keep=keep, environ=environ)


def chosen(environ: Mapping[str, str]) -> str:
    """Return which transport the environment and what is installed make the one to use.

    Raises:
        ConfigurationError: The variable names one that is not there.
    """
    said = environ.get(VARIABLE, "").strip().lower()
    if said not in {"", REQUESTS, FAST}:
        message = f"{VARIABLE} is {said!r}; it takes {REQUESTS!r} or {FAST!r}. Set it to one of them, or unset it."
        raise ConfigurationError(message)
    if said == REQUESTS:
        return REQUESTS
    why = why_not_fast()
    if said == FAST and why:
        message = f"{VARIABLE} is {FAST!r}, and {why}.\nType: pip install 'notebookgen[fast]', and restart the kernel; or unset it."
        raise ConfigurationError(message)
    return REQUESTS if why else FAST


def why_not_fast() -> str:
    """Return why libcurl cannot be used here; empty where it can."""
    try:
        import pycurl  # noqa: PLC0415 - where it is installed
    except ImportError as error:
        return MISSING if isinstance(error, ModuleNotFoundError) else f"pycurl cannot be loaded ({error})"
    if not all(hasattr(pycurl, name) for name in ("PREREQFUNCTION", "MAXAGE_CONN")):
        return "the installed pycurl is too old"
    if str(pycurl.version_info()[5] or "Schannel").startswith("Schannel"):  # it takes no folder of certificates
        return "the installed libcurl has no OpenSSL"
    return ""


def transport_words(environ: Mapping[str, str]) -> str:
    """Return what sends here, and why it is not the faster one, for a person."""
    try:
        known = chosen(environ)
    except ConfigurationError as error:
        return f"! {' '.join(str(error).split())}"
    if known == FAST:
        import pycurl  # noqa: PLC0415 - it is there

        return f"libcurl {pycurl.version_info()[1]}, by pycurl {version('pycurl')}"
    try:
        name = f"requests {version('requests')}"
    except PackageNotFoundError:
        name = "requests"
    why = why_not_fast()
    if environ.get(VARIABLE, "").strip():
        return f"{name}, as {VARIABLE} says"
    if why == MISSING:
        return f"{name}; many rows take less of the processor with: pip install 'notebookgen[fast]'"
    return f"{name} ({why})"
