"""How the sandbox behaves and misbehaves, as values; whatever can be set is a field here and nowhere else."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from notebookgen.errors import InvalidCall, near_miss
from notebookgen.sandbox.fitting import Rule, fitted, flag, listed, named, number, optional, span, text, words
from notebookgen.sandbox.sizes import LEAST_PIXELS, PIXELS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["CALLBACK_FAULTS", "KINDS", "PURPOSES", "SERVICES", "Behaviour", "Fault", "fingerprint"]

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

#: Each way a callback can go wrong.
CALLBACK_FAULTS: Mapping[str, str] = {
    "duplicate": "it comes twice",
    "forged": "another one comes before it that is not the service's own, and says that the job has failed",
    "early": "it comes before the reply to the create, which is held until then",
    "lost": "it does not come",
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
        fitted(self, _FAULT_RULES)

    @classmethod
    def of(cls, told: object) -> Fault:
        """Return a fault as it is, or read one from a mapping, as JSON has it."""
        if isinstance(told, Fault):
            return told
        if not isinstance(told, dict) or "kind" not in told:
            raise InvalidCall(
                f"misbehave={told!r:.60} is no fault. Kinds are: {', '.join(KINDS)}.\n"
                "Give one, or a list: from notebookgen.sandbox import Fault; misbehave=Fault(kind='lost_after')"
            )
        for name in told:
            _known("setting of a fault", name, [each.name for each in dataclasses.fields(cls)])
        return cls(**told)

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
        durations: How long each service's jobs take instead, in seconds, in the order in which it accepts them, and again
            from the first when all were taken.
        pixels: The most that a drawn picture has, and a frame of a clip; fewer are drawn and shown sooner.
        immediate: Whether models that can answer inside the create do so (Armox images and texts).
        fail: The share of jobs that fail, drawn from the content and how often it was asked for.
        fail_code: The failure to use instead of drawing one of the documented ones.
        credits: What each Armox key starts with; set while it runs, what each has from then on.
        balance: The same for each key of the other two, in USD.
        keys: The keys that are let in; None for any.
        plan: The Armox subscription; ``"free"`` and ``"pro"`` are refused, as its pages say.
        rate_limit: Requests for each key and window; None for no limit.
        rate_window: The rolling window, in seconds.
        asset_ttl: How long an asset's address works, in seconds; None for always.
        asset_renewed: Whether asking for the job again gives an address that works again.
        webhook_secret: What Armox signs its callbacks with.
        callback_delays: Seconds before each further attempt to deliver a callback.
        callback_late: Seconds after a job's end until the first attempt.
        callback_faults: What goes wrong with callbacks: ``duplicate``, ``forged``, ``early``, ``lost``.
        refunds: Whether Armox and APIXO give back what a failed or cancelled job cost (their pages do not say).
        refused_in_200: Whether APIModels says 402 in the body of an HTTP 200.
        apixo_broke: The code with which APIXO says that the balance is too low: 402, or 400 as older pages have it.
        balance_shape: Where APIModels puts the balance: ``data.balance``, ``data.credits`` or ``balance``.
        results: What a finished job's result holds: ``normal``, ``empty`` (an empty list) or ``null``.
        busy_word: Another spelling of the running states, where a provider may add one.
        misbehave: Faults, the first that matches strikes.
    """

    seconds: tuple[float, float] = (0.3, 1.2)
    durations: tuple[float, ...] = ()
    pixels: int = PIXELS
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
    callback_late: float = 0.0
    callback_faults: tuple[str, ...] = ()
    refunds: bool = True
    refused_in_200: bool = True
    apixo_broke: int = 402
    balance_shape: str = "data.balance"
    results: str = "normal"
    busy_word: str | None = None
    misbehave: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        """Bring lists and mappings (as JSON has them) into shape, and refuse what makes no sense."""
        fitted(self, _RULES)
        told: Any = self.misbehave
        faults = tuple(told) if isinstance(told, (list, tuple)) else (told,)
        object.__setattr__(self, "misbehave", tuple(map(Fault.of, faults)))

    def changed(self, changes: Mapping[str, Any]) -> Behaviour:
        """Return a behaviour with some fields replaced; an unknown name is an error."""
        for name in changes:
            _known("behaviour", name, self.names())
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


_FAULT_RULES: Mapping[str, Rule] = {
    "kind": named(KINDS),
    "service": named(("*", *SERVICES)),
    "purpose": named(("create", "*", *PURPOSES[1:])),
    "count": optional(number(1, whole=True, example="2"), "without end"),
    "after": number(0, whole=True, example="3"),
    "probability": number(0, 1, example="0.05"),
    "contains": text("fox", empty=True),
    "status": number(100, 599, whole=True, example="503"),
    "body": optional(text("{}", empty=True), "the service's own"),
    "headers": words('(("Retry-After", "2"),)'),
    "seconds": number(0, example="2"),
    "size": number(0, whole=True, example="64_000_000"),
    "accepted": optional(flag(), "as the kind has it"),
}
_SECONDS = Rule(lambda each: float(number(0, example="1").read(each)), "", "")
_RULES: Mapping[str, Rule] = {
    "seconds": span("(0.3, 1.2)"),
    "durations": listed(_SECONDS, "a list of seconds", "(6.2, 5.1, 7.4)"),
    "pixels": number(LEAST_PIXELS, PIXELS, whole=True, example="65_536"),
    "immediate": flag(),
    "fail": number(0, 1, example="0.05", of="the share of jobs that fail"),
    "fail_code": optional(text("CONTENT_MODERATION", empty=True), "drawn from the documented ones"),
    "credits": number(0, example="500"),
    "balance": number(0, example="20"),
    "keys": optional(
        listed(text("sk_class", secret=True), "a list of keys, each a text", "['sk_class']", form=frozenset),
        "any is let in",
    ),
    "plan": text("agency"),
    "rate_limit": optional(number(0, whole=True, example="60"), "no limit"),
    "rate_window": number(0.001, example="60", of="in seconds"),
    "asset_ttl": optional(number(0, example="3600", of="in seconds"), "for always"),
    "asset_renewed": flag(),
    "webhook_secret": text("whsec_class", secret=True),
    "callback_delays": listed(_SECONDS, "a list of seconds", "(1, 2, 4)"),
    "callback_late": number(0, example="2", of="in seconds"),
    "callback_faults": listed(named(CALLBACK_FAULTS), f"a list of {', '.join(CALLBACK_FAULTS)}", '("duplicate",)'),
    "refunds": flag(),
    "refused_in_200": flag(),
    "apixo_broke": named((402, 400)),
    "balance_shape": named(("data.balance", "data.credits", "balance")),
    "results": named(("normal", "empty", "null")),
    "busy_word": optional(text("queued"), "the pages' own"),
}


def _known(what: str, name: object, names: Collection[str]) -> None:
    if name not in names:
        message = f"The sandbox knows no {what} {name!r}.{near_miss(str(name), names)}\nUse one of: {', '.join(sorted(names))}."
        raise InvalidCall(message)
