"""Which addresses may be contacted for what came back. Pure: reads URLs and numbers, resolves nothing.

Everything that decides whether an address is public lives here. A URL from a provider is hostile until it has passed
``check_url``; the number it leads to until it has passed ``why_forbidden``. The one exception is the provider's own
configured origin, which may be a gateway on this machine.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urljoin

from notebookgen.errors import AssetRefused
from notebookgen.wire import shown_address

__all__ = ["Origin", "SafeUrl", "check_url", "follow", "origin_of", "why_forbidden"]

Origin = tuple[str, str, int]
PORTS = {"http": 80, "https": 443}
LONGEST_URL = 16_384
MOST_KNOWN = 256  # hosts and numbers whose reading is remembered: files come from a few
ONLY_PUBLIC = "Where a provider points to, only public addresses are contacted. See the job's page at the provider."
GRAMMAR = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[^\s/?#\\@:\[\]%]+)(?::(?P<port>[0-9]{1,5}))?(?P<target>[/?][^#]*)?(?:\#.*)?",
    re.IGNORECASE | re.DOTALL,
)
PLAIN_TARGET = re.compile(r"[A-Za-z0-9/?:@!$&'()*+,;=\-._~%]*")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
HALF = re.compile("[\ud800-\udfff]")
# The last label of a name is never a number; where it is, the whole is an IPv4 address in some spelling
# (https://url.spec.whatwg.org/#ends-in-a-number-checker).
NUMERIC_END = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$", re.IGNORECASE)
DOTTED = re.compile(r"(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})")
HOME_NAMES = (
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "private",
    "home.arpa",
    "test",
    "invalid",
    "onion",
)
# https://www.iana.org/assignments/iana-ipv4-special-registry
CLOSED_V4 = tuple(
    ipaddress.IPv4Network(net)
    for net in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by carriers
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, and the clouds' metadata services
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
# https://www.iana.org/assignments/iana-ipv6-special-registry: only 2000::/3 is given out as public, less these.
OPEN_V6 = ipaddress.IPv6Network("2000::/3")
CLOSED_V6 = tuple(
    ipaddress.IPv6Network(net)
    for net in (
        "2001::/23",  # Teredo, benchmarking, ORCHID: never a web server
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "3fff::/20",
    )
)
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # how networks without IPv4 reach it; judged by the address inside


@dataclass(frozen=True, slots=True)
class SafeUrl:
    """A URL that has passed the check, taken apart once so that what was checked is what is used.

    Attributes:
        scheme: ``http`` or ``https``.
        host: Lower case, ASCII, without brackets and trailing dot.
        port: Always a number.
        target: Path and query as they will be sent, ASCII.
        own: Whether it lies at the provider's own configured origin.
    """

    scheme: str
    host: str
    port: int
    target: str
    own: bool = False

    @property
    def origin(self) -> Origin:
        """Scheme, host and port."""
        return (self.scheme, self.host, self.port)

    @property
    def base(self) -> str:
        """``https://host`` or ``https://host:port``, brackets around a bare IPv6 number."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if PORTS[self.scheme] == self.port else f":{self.port}")

    @property
    def loopback(self) -> bool:
        """Whether it is this machine itself, which no proxy can reach for us."""
        return self.host == "localhost" or why_forbidden(self.host) == "loopback"

    def __str__(self) -> str:
        """Return the URL as it will be requested."""
        return self.base + self.target


@lru_cache(MOST_KNOWN)
def why_forbidden(address: str) -> str | None:
    """Return why an IP address is not a public one (``"private"``, ...), or None where it is.

    Args:
        address: As a socket or a resolver gives it; a zone (``%eth0``) makes it link-local.
    """
    try:
        number = ipaddress.ip_address(address)
    except ValueError:
        return "unreadable"
    if isinstance(number, ipaddress.IPv6Address):
        if number.scope_id is not None:
            return "link-local"
        if number in NAT64:
            number = ipaddress.IPv4Address(int(number) & 0xFFFF_FFFF)
        elif number in OPEN_V6 and not any(number in net for net in CLOSED_V6):
            return None
        else:
            return word_for(number)
    return word_for(number) if any(number in net for net in CLOSED_V4) else None


def word_for(number: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """Return the plain word for what a closed address is."""
    words = (
        (number.is_loopback, "loopback"),
        (number.is_link_local, "link-local"),
        (number.is_multicast, "multicast"),
        (number.is_unspecified, "unspecified"),
        (number.is_private, "private"),
    )
    return next((word for holds, word in words if holds), "reserved")


def parse(url: str) -> SafeUrl:
    """Take an http(s) URL apart by one strict grammar; whatever two readers could read differently is refused.

    Raises:
        ValueError: It is no such URL; the message says why.
    """
    if len(url) > LONGEST_URL:
        raise ValueError("it is longer than any address that makes sense")
    if CONTROL.search(url):
        raise ValueError("it has control characters")
    if HALF.search(url):
        raise ValueError("it holds half a character")
    match = GRAMMAR.fullmatch(url)
    if match is None:
        authority = re.split(r"[/?#\\]", url.partition("://")[2], maxsplit=1)[0]
        if "@" in authority:
            raise ValueError("it carries a user name or password")
        if not url.lower().startswith(("http://", "https://")):
            raise ValueError("it is not http or https")
        raise ValueError("its host cannot be read")
    scheme = match["scheme"].lower()
    port = int(match["port"]) if match["port"] else PORTS[scheme]
    if not 0 < port < 65_536:
        raise ValueError("it has no such port")
    target = match["target"] or "/"
    return SafeUrl(scheme, plain_host(match["host"]), port, written(target if target.startswith("/") else f"/{target}"))


def written(target: str) -> str:
    """Return a path with its query as it can stand in a request: what cannot is encoded.

    Raises:
        ValueError: It holds half a character.
    """
    return target if PLAIN_TARGET.fullmatch(target) else quote(target, safe="/?:@!$&'()*+,;=-._~%")


@lru_cache(MOST_KNOWN)
def plain_host(host: str) -> str:
    """Return a host as resolvers see it: ASCII, lower case, no brackets, no trailing dot.

    Raises:
        ValueError: It is no host, or a number in a spelling that readers disagree about.
    """
    if host.startswith("["):
        return str(ipaddress.IPv6Address(host[1:-1]))
    try:  # the codec also folds full-width digits and dots, as resolvers do
        name = host.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError as error:
        raise ValueError("its host is no name") from error
    if not re.fullmatch(r"[a-z0-9_.-]{1,253}", name) or ".." in name or name.startswith("."):
        raise ValueError("its host is no name")
    if NUMERIC_END.search(name):
        if not DOTTED.fullmatch(name):
            raise ValueError("its host is a number in disguise")
        return str(ipaddress.IPv4Address(name))
    return name


@lru_cache(MOST_KNOWN)
def origin_of(url: str) -> Origin:
    """Return scheme, host and port of a URL.

    Raises:
        ValueError: It is no http(s) URL.
    """
    return parse(url).origin


def check_url(url: str, *, allowed_origin: str | None = None) -> SafeUrl:
    """Return the URL, taken apart, if what came back may be fetched from there.

    Names are not resolved here: the address really connected to is checked on the connection.

    Args:
        url: As the provider or a redirect gives it.
        allowed_origin: The provider's own configured address; that very scheme, host and port may be private.

    Raises:
        AssetRefused: It may not; the message says why.
    """
    try:
        safe = parse(url)
    except ValueError as error:
        raise refused(url, str(error)) from None
    if allowed_origin is not None and safe.origin == origin_of(allowed_origin):
        return SafeUrl(*safe.origin, safe.target, own=True)
    if ":" in safe.host or DOTTED.fullmatch(safe.host):
        why = why_forbidden(safe.host)
        if why:
            raise refused(url, f"it leads to a {why} address")
    elif "." not in safe.host or any(safe.host == name or safe.host.endswith(f".{name}") for name in HOME_NAMES):
        raise refused(url, "it leads to a name that only this network knows")
    return safe


def follow(url: SafeUrl, location: str, *, allowed_origin: str | None = None) -> SafeUrl:
    """Return where a redirect leads, checked again.

    Raises:
        AssetRefused: It leads to where nothing may be fetched.
    """
    try:
        there = urljoin(str(url), location.strip())
    except ValueError as error:
        raise refused(location, f"the redirect cannot be read ({error})") from None
    return check_url(there, allowed_origin=allowed_origin)


def refused(url: str, why: str) -> AssetRefused:
    """Return the exception for an address that may not be contacted; a password and its query, often a signature, are left out."""
    shown = CONTROL.sub("?", shown_address(url))[:120]
    message = f"the address {shown!r} was not contacted: {why}.\n{ONLY_PUBLIC}"
    return AssetRefused(message)
