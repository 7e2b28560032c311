"""How the sandbox behaves and misbehaves, as values; whatever can be set is a field here and nowhere else."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from notebookgen.errors import InvalidCall, near_miss

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["KINDS", "PURPOSES", "SERVICES", "Behaviour", "Fault", "fingerprint"]

SERVICES = ("armox", "apimodels", "apixo")
PURPOSES = ("create", "status", "list", "cancel", "asset", "balance", "models", "upload", "apps", "other")
#: Each way a reply can go wrong, and whether the request behind it was still carried out unless the fault says otherwise.
KINDS: Mapping[str, bool] = {
    "lost_before": False,  # the connection closes; nothing was accepted
    "lost_after": True,  # accepted and charged; the connection closes before the reply
    "status": False,  # an HTTP status with a body in the service's own shape
    "redirect": False,  # 301 to a place that counts who follows
    "garbage": True,  # 200 whose body is not JSON
    "half": True,  # Content-Length of the whole, the connection closes in the middle
    "empty": True,  # 200 with no body
    "list_instead": True,  # a JSON list where an object is due
    "html": True,  # a proxy's page
    "stall": True,  # the reply comes `seconds` late
    "drip": True,  # the reply comes in small pieces over `seconds`
    "wrong_type": True,  # markup under the content type that was due
    "wrong_length": True,  # Content-Length smaller than the body
    "truncated": True,  # a whole HTTP reply around half a file
    "huge": True,  # a body of `size` bytes without a Content-Length
}


def fingerprint(key: str) -> str:
    """Return eight hex digits that stand for a key."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to misbehave, and on which requests.

    Attributes:
        kind: One of `KINDS`.
        service: One of `SERVICES`, or ``"*"``.
        purpose: One of `PURPOSES`, or ``"*"``.
        count: How many times it strikes; None for without end.
        after: How many matching requests go unharmed first.
        probability: The share of matching requests that it strikes, drawn the same way in every run.
        contains: Only requests whose address or body holds this text.
        status: The HTTP status of kind ``status`` and ``redirect``.
        body: The body of kind ``status``; without it the service's own shape.
        headers: More headers, as (name, value) pairs; ``("Retry-After", "2")``, ``("Location", ...)``.
        seconds: How long ``stall`` and ``drip`` take.
        size: Bytes of ``huge``.
        accepted: Whether a create behind the reply is carried out; None for what `KINDS` says.
    """

    kind: str
    service: str = "*"
    purpose: str = "create"
    count: int | None = 1
    after: int = 0
    probability: float = 1.0
    contains: str = ""
    status: int = 500
    body: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    seconds: float = 1.0
    size: int = 64_000_000
    accepted: bool | None = None

    def __post_init__(self) -> None:
        """Refuse what could never strike."""
        _one_of("kind", self.kind, KINDS)
        _one_of("service", self.service, (*SERVICES, "*"))
        _one_of("purpose", self.purpose, (*PURPOSES, "*"))
        object.__setattr__(self, "headers", tuple((str(name), str(value)) for name, value in self.headers))

    @property
    def carried_out(self) -> bool:
        """Whether the request behind the spoilt reply is still carried out."""
        return KINDS[self.kind] if self.accepted is None else self.accepted

    def draws(self, turn: int) -> bool:
        """Tell whether the `turn`-th matching request is struck, as far as chance decides."""
        if self.probability >= 1:
            return True
        digest = hashlib.sha256(f"{self.kind}:{self.service}:{self.purpose}:{turn}".encode()).digest()
        return int.from_bytes(digest[:8]) / 2**64 < self.probability


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """Everything that can be set, changed as a whole.

    Attributes:
        seconds: The least and the most that a job takes, in seconds; uniform between them.
        immediate: Whether models that can answer inside the create do so (Armox images and texts).
        fail: The share of jobs that fail, drawn from the content and how often it was asked for.
        fail_code: The failure to use instead of drawing one of the documented ones.
        credits: What each Armox key starts with.
        balance: What each key of the other two starts with, in USD.
        keys: The keys that are let in; None for any.
        plan: The Armox subscription; ``"free"`` and ``"pro"`` are refused, as its pages say.
        rate_limit: Requests for each key and window; None for no limit.
        rate_window: The rolling window, in seconds.
        asset_ttl: How long an asset's address works, in seconds; None for always.
        asset_renewed: Whether asking for the job again gives an address that works again.
        webhook_secret: What Armox signs its callbacks with.
        callback_delays: Seconds before each further attempt to deliver a callback.
        refunds: Whether Armox and APIXO give back what a failed or cancelled job cost (their pages do not say).
        refused_in_200: Whether APIModels says 402 in the body of an HTTP 200.
        apixo_broke: The code with which APIXO says that the balance is too low: 402, or 400 as older pages have it.
        balance_shape: Where APIModels puts the balance: ``data.balance``, ``data.credits`` or ``balance``.
        results: What a finished job's result holds: ``normal``, ``empty`` (an empty list) or ``null``.
        busy_word: Another spelling of the running states, where a provider may add one.
        misbehave: Faults, the first that matches strikes.
    """

    seconds: tuple[float, float] = (0.3, 1.2)
    immediate: bool = True
    fail: float = 0.0
    fail_code: str | None = None
    credits: float = 10_000
    balance: float = 50
    keys: frozenset[str] | None = field(default=None, repr=False)
    plan: str = "agency"
    rate_limit: int | None = None
    rate_window: float = 60.0
    asset_ttl: float | None = None
    asset_renewed: bool = True
    webhook_secret: str = field(default="whsec_sandbox", repr=False)
    callback_delays: tuple[float, ...] = (1.0, 2.0, 4.0)
    refunds: bool = True
    refused_in_200: bool = True
    apixo_broke: int = 402
    balance_shape: str = "data.balance"
    results: str = "normal"
    busy_word: str | None = None
    misbehave: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        """Bring lists and mappings (as JSON has them) into shape, and refuse what makes no sense."""
        given: Any = self.seconds  # JSON and people give a single number, too
        least, most = (float(given),) * 2 if isinstance(given, int | float) else map(float, given)
        if not (0 <= least <= most and math.isfinite(most)):
            raise InvalidCall(
                f"seconds={self.seconds!r} is not a range of seconds. Give two numbers: seconds=(0.3, 1.2)"
            )
        if not 0 <= self.fail <= 1:
            raise InvalidCall(f"fail={self.fail!r} is not a share. Give a number from 0 to 1: fail=0.05")
        _one_of("balance_shape", self.balance_shape, ("data.balance", "data.credits", "balance"))
        _one_of("results", self.results, ("normal", "empty", "null"))
        told: Any = self.misbehave
        faults = (told,) if isinstance(told, Fault) else tuple(told)
        _set(self, "seconds", (least, most))
        _set(self, "keys", None if self.keys is None else frozenset(self.keys))
        _set(self, "callback_delays", tuple(float(delay) for delay in self.callback_delays))
        _set(self, "misbehave", tuple(fault if isinstance(fault, Fault) else Fault(**fault) for fault in faults))

    def changed(self, changes: Mapping[str, Any]) -> Behaviour:
        """Return a behaviour with some fields replaced; an unknown name is an error."""
        for name in changes:
            _one_of("behaviour", name, self.names())
        return dataclasses.replace(self, **changes)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return what can be set."""
        return tuple(each.name for each in dataclasses.fields(cls))

    @classmethod
    def of(cls, changes: Mapping[str, Any]) -> Behaviour:
        """Return the default behaviour with some fields replaced."""
        return cls().changed(changes)

    def as_json(self, *, keys: bool = False) -> dict[str, Any]:
        """Return plain values; keys as fingerprints unless they are asked for."""
        plain = dataclasses.asdict(self)
        if self.keys is not None:
            plain["keys"] = sorted(self.keys if keys else map(fingerprint, self.keys))
        return plain


def _set(behaviour: Behaviour, name: str, value: object) -> None:
    object.__setattr__(behaviour, name, value)


def _one_of(name: str, value: str, known: Any) -> None:
    if value not in known:
        raise InvalidCall(
            f"The sandbox knows no {name} {value!r}.{near_miss(str(value), known)}\nUse one of: {', '.join(sorted(known))}."
        )
