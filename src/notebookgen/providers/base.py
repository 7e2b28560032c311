"""The contract of a provider: how one service speaks. Pure: builds requests, reads replies.

An adapter performs no I/O, reads no clock and never sees a key. It **must** give the requests and readings of the
abstract methods; what a service does not offer (cancelling, listing, uploads) it leaves as it is here, and the
method answers None. Money rules are not an adapter's business: it says what a reply *says* (``Fault``, ``Job``), and
``faults.verdict`` decides what that means for a create.

A third party publishes a subclass under the entry point ``notebookgen.providers`` and checks it against
``notebookgen.testing``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from notebookgen.errors import UnexpectedResponse
from notebookgen.normal import shown_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from notebookgen.records import Balance, Cost, Generation, InputImage, Job, JobRef, Model
    from notebookgen.wire import HttpRequest, HttpResponse

__all__ = ["Callback", "Delivery", "Fault", "Limits", "Provider", "Uploaded"]

Delivery = Literal["url", "base64", "upload"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What a reply says went wrong.

    Attributes:
        status: The HTTP status.
        code: The code in the body where it has one, else the HTTP status.
        said: The provider's own words, one line.
        fail_code: A machine-readable reason, where there is one.
        retry_after: Seconds the provider asks to wait, where it does.
    """

    status: int
    code: int
    said: str = ""
    fail_code: str | None = None
    retry_after: float | None = None

    def __post_init__(self) -> None:
        """Keep words that can be shown, whatever adapter passes them on."""
        object.__setattr__(self, "said", shown_line(self.said))
        object.__setattr__(self, "fail_code", shown_line(self.fail_code or "") or None)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a reply tells about the account's request limit; None where it does not say.

    Attributes:
        per_minute: How many requests there may be in the window.
        remaining: How many of them are left.
        reset: When that is more again, in whatever unit the service has.
        window: The window's seconds: a minute, unless the reply says another one.
    """

    per_minute: int | None = None
    remaining: int | None = None
    reset: float | None = None
    window: float = 60.0


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What an upload call answered.

    Attributes:
        url: The public address the provider can read the image at.
        put: A second request that must be sent first with the bytes as its body (a signed address, no key).
    """

    url: str
    put: HttpRequest | None = None


@dataclass(frozen=True, slots=True)
class Callback:
    """A hint that a job has moved. It is confirmed with one status request before anything is believed.

    Attributes:
        job_id: The provider's handle.
        signed: True: signature checked and right; False: this provider signs nothing.
        job: What the payload says, where it is complete.
    """

    job_id: str
    signed: bool
    job: Job | None = None


class Provider(ABC):
    """How one service speaks.

    Class attributes:
        name: The short name in ``name:model``; lower case.
        title: How people write it.
        key_variable, base_variable: Environment variables for the key and the base address.
        default_base_url: Up to and including the version path.
        keys_page: Where a person gets a key.
        unit: The unit of its prices.
        job_list_limit: How many of the newest jobs one list call shows; 0 where the service lists none.
        job_list_default: How many jobs a list shows that was asked for without a number.
        charges_failures: False where the service says that failed jobs cost nothing; None where nobody says.
        result_seconds: How long results stay downloadable, as far as known; None where nobody says.
        result_hosts: The hosts that results lie on, as far as known.
        signing_variable: Environment variable for the secret with which the service signs callbacks; empty where it
            signs none.
        callbacks_need_https: Whether the service calls back at https addresses only.
        app_prefix: How the ids of apps begin: what people composed of models, runs like a model, and stands in a
            list of its own; empty where the service has none.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    key_variable: ClassVar[str]
    base_variable: ClassVar[str]
    default_base_url: ClassVar[str]
    keys_page: ClassVar[str]
    unit: ClassVar[str]
    job_list_limit: ClassVar[int] = 0
    job_list_default: ClassVar[int] = 0
    result_seconds: ClassVar[float | None] = None
    result_hosts: ClassVar[tuple[str, ...]] = ()
    charges_failures: ClassVar[bool | None] = None
    signing_variable: ClassVar[str] = ""
    callbacks_need_https: ClassVar[bool] = False
    app_prefix: ClassVar[str] = ""

    def __init__(self, base_url: str | None = None) -> None:
        """Speak to ``base_url``, by default the service's own.

        Args:
            base_url: Up to and including the version path; a trailing slash is dropped.
        """
        self.base_url = (base_url or self.default_base_url).rstrip("/")

    # What can be asked for ---------------------------------------------------------------------------------------

    @abstractmethod
    def catalogue(self) -> tuple[Model, ...]:
        """Return the models that are known without asking."""

    def models(self) -> HttpRequest | None:
        """Return the request for the live list of models, or None where there is none to rely on."""
        return None

    def read_models(self, response: HttpResponse) -> tuple[Model, ...]:
        """Read the live list.

        Raises:
            UnexpectedResponse: The reply is no list of models.
        """
        raise unexpected(self, response)

    def is_app(self, model_id: str) -> bool:
        """Whether an id is that of an app, which the list of models leaves out."""
        return bool(self.app_prefix) and model_id.startswith(self.app_prefix)

    def apps(self) -> HttpRequest | None:
        """Return the request for the live list of apps, or None where the service has none."""
        return None

    def read_apps(self, response: HttpResponse) -> tuple[Model, ...]:
        """Read the live list of apps, as models whose ids begin with ``app_prefix``.

        Raises:
            UnexpectedResponse: The reply is no list of apps.
        """
        raise unexpected(self, response)

    @abstractmethod
    def prepare(self, generation: Generation, model: Model | None) -> Generation:
        """Return the generation as it will be sent, with what the service demands filled in.

        Args:
            generation: What the user asked for.
            model: What is known of its model; None where nothing is.

        Raises:
            InputError: It cannot be sent as it is; the message names what is allowed.
        """

    @abstractmethod
    def price(self, generation: Generation, model: Model | None) -> Cost:
        """Return what the generation costs as far as is known beforehand (the highest, with its range)."""

    # Input images ------------------------------------------------------------------------------------------------

    @abstractmethod
    def delivery(self, generation: Generation, image: InputImage, model: Model | None) -> Delivery:
        """Return how the service takes that image: by its public URL, inside the request, or uploaded before.

        Raises:
            InvalidImage: The service does not take such an image; the message says what it takes.
        """

    def upload(self, image: InputImage, data: bytes) -> HttpRequest | None:
        """Return the request that uploads a local image, or None where the service has no upload."""
        return None

    def read_upload(self, response: HttpResponse, image: InputImage, data: bytes) -> Uploaded:
        """Read the reply to an upload request.

        Raises:
            UnexpectedResponse: It has no address.
        """
        raise unexpected(self, response)

    # One job -----------------------------------------------------------------------------------------------------

    @abstractmethod
    def create(
        self, generation: Generation, sources: Mapping[str, str], model: Model | None, *, callback: str | None = None
    ) -> HttpRequest:
        """Return the one request that buys the generation.

        Args:
            generation: What is asked for, prepared.
            sources: For each input image's ``key``, the text to send: a URL or bare base64.
            model: What is known of its model.
            callback: The address to be called at the end, where the user has one. It is given only to adapters that read
                callbacks (``read_callback``), and is no part of the content: the same is bought with it and without.
        """

    @abstractmethod
    def read_create(self, response: HttpResponse, generation: Generation) -> Job:
        """Read a create's reply that is no fault: a job, running or already over.

        Raises:
            UnexpectedResponse: There is no job in it.
        """

    @abstractmethod
    def status(self, ref: JobRef) -> HttpRequest:
        """Return the request that asks about a job."""

    @abstractmethod
    def read_status(self, response: HttpResponse, ref: JobRef) -> Job:
        """Read a status reply that is no fault.

        Raises:
            UnexpectedResponse: It does not say where the job stands.
        """

    def route_of(self, generation: Generation, model: Model | None) -> str:
        """Return which of the service's paths runs it, as ``JobRef.route`` needs it; empty where there is one only."""
        return ""

    def cancel(self, ref: JobRef) -> HttpRequest | None:
        """Return the request that cancels a job, or None where the service has none."""
        return None

    def read_cancel(self, response: HttpResponse, ref: JobRef) -> Job | None:
        """Read the reply to a cancel request; None means that the job was over already: ask for its status.

        Raises:
            UnexpectedResponse: It says neither.
        """
        raise unexpected(self, response)

    def receipt(self, ref: JobRef) -> HttpRequest | None:
        """Return the request for what a finished job has cost, or None where there is none, or its reply tells it."""
        return None

    def read_receipt(self, response: HttpResponse, ref: JobRef) -> Decimal | None:
        """Read a receipt that is no fault: the amount in ``unit``, or None while it is not settled.

        Raises:
            UnexpectedResponse: It tells no amount, or that of another job.
        """
        raise unexpected(self, response)

    # The account -------------------------------------------------------------------------------------------------

    def jobs(self, limit: int) -> HttpRequest | None:
        """Return the request for the account's newest jobs, or None where the service lists none."""
        return None

    def read_jobs(self, response: HttpResponse) -> tuple[Job, ...]:
        """Read the list of jobs, in whatever order it came.

        Raises:
            UnexpectedResponse: It is no list of jobs.
        """
        raise unexpected(self, response)

    def same(self, job: Job, generation: Generation, model: Model | None) -> bool:
        """Whether a listed job has exactly the content of that generation (to find a lost reply again)."""
        return False

    def balance(self) -> HttpRequest | None:
        """Return the request for what the account has left, or None where there is none."""
        return None

    def read_balance(self, response: HttpResponse) -> Balance:
        """Read the balance.

        Raises:
            UnexpectedResponse: There is no amount in it.
        """
        raise unexpected(self, response)

    # Every reply -------------------------------------------------------------------------------------------------

    @abstractmethod
    def read_fault(self, response: HttpResponse) -> Fault | None:
        """Return what a reply says went wrong with the *request*, or None. A failed job is no fault."""

    @property
    def calls_back(self) -> bool:
        """Whether the service can be asked to call back: whether this adapter reads callbacks."""
        return type(self).read_callback is not Provider.read_callback

    def read_limits(self, response: HttpResponse) -> Limits | None:
        """Return what the reply's headers tell of the request limit, or None."""
        return None

    def read_callback(self, headers: Mapping[str, str], body: bytes, *, secret: str | None) -> Callback | None:
        """Read a callback; None where it is forged, malformed or names no job.

        An adapter that has this method gets an address for callbacks in ``create``, while the user has one. What it
        returns is a hint: unless ``signed`` says that the signature was checked, the job is asked about before anything
        is believed.

        Args:
            headers: Names in lower case.
            body: The raw bytes as they came.
            secret: The shared secret, for services that sign.
        """
        return None


def unexpected(provider: Provider, response: HttpResponse) -> UnexpectedResponse:
    """Return the exception for a reply that the provider's pages do not describe."""
    said = response.excerpt()
    message = f"{provider.title} answered in an unexpected way (HTTP {response.status}): {said or 'nothing at all'}"
    return UnexpectedResponse(message, code=response.status, said=said)
