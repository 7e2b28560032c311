"""How libcurl reaches a host: its certificates and its proxy, as the environment names them, the same as for requests."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pycurl
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies, prepend_scheme_if_needed, select_proxy
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from notebookgen.errors import ConfigurationError
from notebookgen.transport.connections import ca_bundle, unreadable
from notebookgen.wire import shown_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookgen.transport.addresses import SafeUrl

__all__ = ["Option", "bundle_options", "proxy_options"]

Option = tuple[int, "str | int"]
# By default curl would take 1080 for all of them.
PROXY_PORTS = {"http": 80, "https": 443, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}
MARK = b"-----BEGIN "
LARGEST_BUNDLE = 2**24  # bytes
NO_PROXY_AT_ALL: tuple[Option, ...] = ((pycurl.PROXY, ""),)  # not even what libcurl finds in the environment by itself


def bundle_options(environ: Mapping[str, str]) -> tuple[Option, ...]:
    """Return where the trusted certificates are: what the environment names, else certifi's.

    Raises:
        ConfigurationError: They cannot be read.
    """
    bundle = ca_bundle(environ) or DEFAULT_CA_BUNDLE_PATH
    try:
        if os.path.isdir(bundle):  # noqa: PTH112 - a path from the environment, as OpenSSL takes it
            return ((pycurl.CAPATH, bundle), (pycurl.PROXY_CAPATH, bundle))
        with open(bundle, "rb") as file:  # noqa: PTH123 - likewise
            certified = MARK in file.read(LARGEST_BUNDLE)
    except OSError as error:
        raise unreadable(bundle, error.strerror or str(error)) from error
    if not certified:
        raise unreadable(bundle, "no certificate found in it")
    return ((pycurl.CAINFO, bundle), (pycurl.PROXY_CAINFO, bundle))


def proxy_options(url: SafeUrl) -> tuple[Option, ...]:
    """Return which proxy leads to a host, as the environment says now; none leads to this machine itself.

    Raises:
        ConfigurationError: The proxy cannot be used.
    """
    told = None if url.loopback else select_proxy(url.base, dict(get_environ_proxies(url.base)))
    if not told:
        return NO_PROXY_AT_ALL
    try:
        proxy = parse_url(prepend_scheme_if_needed(told, "http"))
    except (LocationParseError, TypeError):  # the latter: a name and no host
        raise unusable(told, url) from None
    scheme = (proxy.scheme or "http").lower()
    if not proxy.host or scheme not in PROXY_PORTS:
        raise unusable(told, url)
    name, _, password = (proxy.auth or "").partition(":")
    return (
        (pycurl.PROXY, f"{scheme}://{proxy.host}:{proxy.port or PROXY_PORTS[scheme]}"),
        (pycurl.NOPROXY, ""),  # NO_PROXY has been looked at
        *(((pycurl.PROXYUSERNAME, unquote(name)), (pycurl.PROXYPASSWORD, unquote(password))) if proxy.auth else ()),
    )


def unusable(proxy: str, url: SafeUrl) -> ConfigurationError:
    """Return the exception for a proxy that cannot be used; a password in it is left out."""
    message = (
        f"the proxy {shown_address(proxy)!r} that the environment names for {url.base} cannot be used.\n"
        "Correct HTTPS_PROXY and HTTP_PROXY."
    )
    return ConfigurationError(message)
