"""The nouns, frozen: what is asked for, what a provider says of it, what it cost. No behaviour beyond identity.

The words are those of the ledger, of the columns and of the messages: realm, model, generation, job, asset, cost.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime  # noqa: TC003 - the dataclasses' own annotations are read at run time by tools
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from notebookgen.normal import (
    ID_LENGTH,
    amount_words,
    canonical_json,
    json_value,
    plain_number,
    plain_text,
    sample_id,
    shape_id,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "NO_COST",
    "Asset",
    "Balance",
    "Basis",
    "Cost",
    "Generation",
    "InputImage",
    "Job",
    "JobRef",
    "Kind",
    "Model",
    "Output",
    "Phase",
    "Realm",
    "Setting",
    "nothing",
]

Kind = Literal["image", "video", "audio", "3d", "text"]
Basis = Literal["reported", "listed", "unknown"]
NOTHING: Mapping[str, object] = MappingProxyType({})


class Phase(StrEnum):
    """Where a job stands, in our words; adapters translate the providers' spellings into these."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        """Whether the job has ended, well or badly."""
        return self not in (Phase.QUEUED, Phase.RUNNING)


@dataclass(frozen=True, slots=True)
class Realm:
    """Who pays whom: provider, account (a fingerprint of the key), real or sandbox. Realms share nothing."""

    provider: str
    account: str
    sandbox: bool = False

    def __str__(self) -> str:
        """Return ``armox/1a2b3c4d`` or ``armox/sandbox``."""
        return f"{self.provider}/{'sandbox' if self.sandbox else self.account}"


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing a model can be told.

    Attributes:
        key: The name the provider takes.
        type: ``string``, ``integer``, ``number``, ``boolean``, ``url``, ``image`` (URL or bytes), ``object``,
            ``array`` or ``array<url>``; ``unknown`` where nobody says.
        label: A person's words for it.
        default: What the provider uses when it is left out; None where nobody says.
        options: The allowed values; empty where nobody says.
        minimum, maximum: A number's range, a text's length in characters, or a list's length.
        required: Whether the provider refuses a request without it.
    """

    key: str
    type: str = "unknown"
    label: str = ""
    default: object = None
    options: tuple[object, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Cost:
    """An amount, its unit, and how we know it. Units are never added together.

    Attributes:
        amount: The amount; the highest where sources disagree; None where it is unknown.
        unit: ``credits``, ``USD``, ...; None where it is unknown.
        basis: ``reported`` by the provider, ``listed`` in a price list, or ``unknown``.
        low: The lowest of the amounts that sources give, where they disagree.
        note: What the amount depends on or comes from, in a few words.
        at_least: Whether the amount is a base figure only, which settings may raise.
    """

    amount: Decimal | None = None
    unit: str | None = None
    basis: Basis = "unknown"
    low: Decimal | None = None
    note: str = ""
    at_least: bool = False

    @property
    def bounded(self) -> bool:
        """Whether it is known what this costs at the most, so that a cap can hold by it."""
        return self.amount is not None and self.unit is not None and not self.at_least

    def __str__(self) -> str:
        """Return ``70 credits``, ``0.0075-0.03 USD (listed)``, ``at least 50 credits (listed)`` or ``unknown``."""
        return self.words + (" (listed)" if self.basis == "listed" and self.amount is not None else "")

    @property
    def words(self) -> str:
        """The same without where it is known from: ``70 credits``, ``0.0075-0.03 USD``, ``unknown``."""
        if self.amount is None:
            return "unknown"
        text = amount_words(self.amount, self.unit or "")
        if self.low is not None and self.low != self.amount:
            text = f"{plain_number(self.low)}-{text}"
        return f"at least {text}" if self.at_least else text


NO_COST = Cost()


def nothing(unit: str | None = None) -> Cost:
    """Return the cost of what was never accepted."""
    return Cost(Decimal(0), unit, "listed")


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account has left."""

    amount: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class Model:
    """What a provider runs, written ``provider:id``.

    Attributes:
        provider: The provider's name.
        id: The provider's own id.
        name: A person's name for it.
        kind: What comes back; None where nobody says.
        settings: What it can be told; a setting that is not here is passed on as it is.
        cost: What one run costs at its base settings, as far as known.
        prompt_required: Whether an empty prompt is refused.
        route: Which of the provider's paths runs it, where it has several; the adapter's own word.
        description: The provider's words.
        source: Where this is known from (a page's address, ``live``, or ``sandbox``).
        live: Whether the provider's own list says so now, as against our catalogue or the sandbox's list.
        extra: Keys of a live list that nobody has described.
    """

    provider: str
    id: str
    name: str = ""
    kind: Kind | None = None
    settings: tuple[Setting, ...] = ()
    cost: Cost = NO_COST
    prompt_required: bool = True
    route: str = ""
    description: str = ""
    source: str = ""
    live: bool = False
    extra: Mapping[str, object] = field(default_factory=lambda: NOTHING)

    def __str__(self) -> str:
        """Return ``armox:google/nano-banana``."""
        return f"{self.provider}:{self.id}"

    def setting(self, key: str) -> Setting | None:
        """Return the setting of that name, or None."""
        for one in self.settings:  # asked many times for each row: a generator would take three times as long
            if one.key == key:
                return one
        return None


@dataclass(frozen=True, slots=True)
class InputImage:
    """An image to send along: an address, or bytes that we hold by their hash.

    Attributes:
        field: The provider's field it belongs in; None leaves the choice to the adapter.
        url: Its public address; None where we hold the bytes.
        sha256: Hash of the bytes, hexadecimal; None for an address.
        origin: Where the bytes that we hold came from and may still be read, for services that take addresses alone.
        mime: Type told by its bytes, such as ``image/png``.
        size: Length in bytes.
        listed: Whether it was given as a member of a list (some fields take a list, some a single one).
    """

    field: str | None = None
    url: str | None = None
    sha256: str | None = None
    origin: str | None = None
    mime: str = ""
    size: int = 0
    listed: bool = True

    @property
    def address(self) -> str | None:
        """Where others can read it, as far as we know."""
        return self.url or self.origin

    @property
    def key(self) -> str:
        """What identifies it: the hash of its bytes, else its address."""
        return self.sha256 or self.url or ""


@dataclass(frozen=True)
class Generation:
    """One thing asked for. Its ``id`` is a hash of exactly its content, never of its position.

    Attributes:
        realm: Who pays whom.
        model: The provider's own model id.
        prompt: The text as it will be sent.
        settings: What the model is told, JSON values.
        images: Input images in their order.
        sample: 0 for the first of its content, 1 for another one bought on purpose, and so on.
        kind: What is to come back, where the provider's path depends on it.
    """

    realm: Realm
    model: str
    prompt: str
    settings: Mapping[str, object] = field(default_factory=lambda: NOTHING)
    images: tuple[InputImage, ...] = ()
    sample: int = 0
    kind: Kind | None = None

    def __post_init__(self) -> None:
        """Normalise the content."""
        settings = {key: json_value(value, key) for key, value in sorted(self.settings.items()) if value is not None}
        object.__setattr__(self, "settings", MappingProxyType(settings) if settings else NOTHING)
        object.__setattr__(self, "prompt", plain_text(self.prompt))

    @cached_property
    def content(self) -> str:
        """The hash of what is asked for, whichever sample it is."""
        asked = {
            "provider": self.realm.provider,
            "account": self.realm.account,
            "sandbox": self.realm.sandbox,
            "model": self.model,
            "prompt": self.prompt,
            "settings": dict(self.settings),
            "images": [[image.field, image.listed, image.key] for image in self.images],
        }
        return hashlib.sha256(canonical_json(asked).encode()).hexdigest()[:ID_LENGTH]

    @cached_property
    def id(self) -> str:
        """The hash of what is asked for, as this sample."""
        return sample_id(self.content, self.sample)

    @cached_property
    def shape(self) -> str:
        """The hash of all that a price depends on: provider, model, settings but the seed, how many images, prompt's length."""
        asked = [self.realm.provider, self.realm.sandbox, self.model, self.kind]
        return shape_id(asked, self.settings, len(self.images), len(self.prompt) // 250)

    def with_sample(self, sample: int) -> Generation:
        """Return the same content asked for once more, as that sample."""
        return replace(self, sample=sample)

    @property
    def full_model(self) -> str:
        """The model as it is written: ``provider:id``."""
        return f"{self.realm.provider}:{self.model}"


@dataclass(frozen=True, slots=True)
class JobRef:
    """All that is needed to ask a provider about a job again, in a later process.

    Attributes:
        id: The provider's handle.
        model: The provider's model id (APIXO's status path needs it).
        kind: What is to come back.
        route: The adapter's own word for the path (APIModels has one for each kind).
    """

    id: str
    model: str
    kind: Kind | None = None
    route: str = ""


@dataclass(frozen=True, slots=True)
class Output:
    """One thing that a reply says came back: an address, bytes inside the reply, or a text. Exactly one is set.

    Attributes:
        name: The key or node it stood under, for file names and captions.
        url: An http(s) address to download; with ``sha256``, the hash of what came from it before: only that is the file.
        data: Bytes that came inside the reply.
        text: A text, which is an asset in itself; addresses inside it are never fetched.
    """

    name: str = ""
    url: str | None = None
    data: bytes | None = None
    text: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """What a provider says about a job, in our words.

    Attributes:
        id: Its handle; None where a create answered finished and gave none.
        phase: Where it stands.
        outputs: What came back, when it is completed.
        charged: What the provider says it took, gross; None where it does not say.
        refunded: What the provider says it gave back; None where it does not say.
        error: The provider's words on a failure.
        fail_code: The provider's machine-readable reason.
        retryable: Whether buying again may help; None where nobody says.
        model: The model it says it ran (for matching a lost reply).
        sent: The input it says it was given (likewise).
        created, completed: The provider's own times, UTC.
        route: The adapter's own word for the path to ask again.
    """

    id: str | None
    phase: Phase
    outputs: tuple[Output, ...] = ()
    charged: Decimal | None = None
    refunded: Decimal | None = None
    error: str | None = None
    fail_code: str | None = None
    retryable: bool | None = None
    model: str | None = None
    sent: Mapping[str, object] | None = None
    created: datetime | None = None
    completed: datetime | None = None
    route: str = ""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file that came back and is kept.

    Attributes:
        path: Where it is on this machine, absolute.
        kind: image, video, audio, 3d or text; told by its bytes.
        mime: Its type, such as ``image/png``.
        size: Length in bytes.
        sha256: Hash of its bytes, hexadecimal.
        name: The provider's key or node for it.
        url: Where it was downloaded from; None where it came inside a reply.
        width, height: In pixels, for pictures and clips.
        seconds: Duration, for clips and sounds.
        has_sound: For clips, whether there is a sound track.
    """

    path: str
    kind: Kind | Literal["file"]
    mime: str
    size: int
    sha256: str
    name: str = ""
    url: str | None = None
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    has_sound: bool | None = None
