"""The promises every provider is checked against: ours keep them, and each one notices when it is broken."""

from __future__ import annotations

import dataclasses
import itertools
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from notebookgen.errors import ReplyLost
from notebookgen.providers import Fault, Provider, provider_class, provider_names
from notebookgen.providers.apimodels import APIModels
from notebookgen.providers.armox import Armox
from notebookgen.records import Balance, Cost, Generation, InputImage, Job, JobRef, Model, Phase
from notebookgen.testing import FakeClock, MemoryTransport, promises
from notebookgen.wire import HttpRequest, HttpResponse, get_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookgen.jobs.clock import Clock

KEPT = [(name, promise) for name in provider_names() for promise, _ in promises(provider_class(name)())]


@pytest.mark.parametrize(("name", "promise"), KEPT)
def test_every_provider_keeps_every_promise(name: str, promise: str) -> None:
    """Each built-in provider against each promise."""
    dict(promises(provider_class(name)()))[promise]()


def test_every_promise_says_itself() -> None:
    """A promise has a docstring, since that is what a third party reads when it breaks."""
    for name, check in promises(Armox()):
        assert check.__doc__, name


class Repeats(Armox):
    """Has a create that may be sent again."""

    def create(
        self, generation: Generation, sources: Mapping[str, str], model: Model | None, *, callback: str | None = None
    ) -> HttpRequest:
        return dataclasses.replace(super().create(generation, sources, model, callback=callback), repeatable=True)


class Tells(Armox):
    """Puts a key into a request by itself."""

    def status(self, ref: JobRef) -> HttpRequest:
        return dataclasses.replace(super().status(ref), headers=(("authorization", "Bearer mine"),))


class Strays(Armox):
    """Asks for the balance at an address of its own."""

    def balance(self) -> HttpRequest | None:
        return get_request("https://elsewhere.example/balance", purpose="balance")


class Wanders(Armox):
    """Asks for the list of apps at an address of its own."""

    def apps(self) -> HttpRequest:
        return get_request("https://elsewhere.example/apps", purpose="models")


class Sends(APIModels):
    """Uploads to an address of its own."""

    def upload(self, image: InputImage, data: bytes) -> HttpRequest:
        return dataclasses.replace(super().upload(image, data), url="https://elsewhere.example/files")


class Leaks(Armox):
    """Puts a key into a create that asks to be called back."""

    def create(
        self, generation: Generation, sources: Mapping[str, str], model: Model | None, *, callback: str | None = None
    ) -> HttpRequest:
        request = super().create(generation, sources, model, callback=callback)
        return dataclasses.replace(request, headers=(("Authorization", "mine"),)) if callback else request


class Stalls(Armox):
    """Has a list of apps that may not be asked for twice."""

    def apps(self) -> HttpRequest:
        return dataclasses.replace(super().apps(), repeatable=False)


class Buys(Armox):
    """Calls the list of apps a purchase."""

    def apps(self) -> HttpRequest:
        return dataclasses.replace(super().apps(), purpose="create", repeatable=True)


class Stumbles(Armox):
    """Lets a foreign error out of the reader of apps."""

    def read_apps(self, response: HttpResponse) -> tuple[Model, ...]:
        return (Model("armox", str({}["id"])),)


class Hides(Armox):
    """Has apps, and no prefix that tells them from models."""

    app_prefix: ClassVar[str] = ""


class Boasts(Armox):
    """Calls its catalogue live."""

    def catalogue(self) -> tuple[Model, ...]:
        return tuple(dataclasses.replace(one, live=True) for one in super().catalogue())


class Hesitates(Armox):
    """Has a read that may not be repeated."""

    def status(self, ref: JobRef) -> HttpRequest:
        return dataclasses.replace(super().status(ref), repeatable=False)


class Counts(Armox):
    """Builds another request each time."""

    calls: ClassVar[Any] = itertools.count()

    def create(
        self, generation: Generation, sources: Mapping[str, str], model: Model | None, *, callback: str | None = None
    ) -> HttpRequest:
        request = super().create(generation, sources, model, callback=callback)
        return dataclasses.replace(request, url=f"{request.url}?{next(self.calls)}")


class Drifts(Armox):
    """Changes what was prepared when it is prepared again."""

    def prepare(self, generation: Generation, model: Model | None) -> Generation:
        times = int(str(generation.settings.get("times", 0))) + 1
        return dataclasses.replace(generation, settings={**generation.settings, "times": times})


class Believes(Armox):
    """Takes anything for a job."""

    def read_create(self, response: HttpResponse, generation: Generation) -> Job:
        return Job("job", Phase.RUNNING)


class Hopes(Armox):
    """Takes a gateway's error for a refusal."""

    def read_fault(self, response: HttpResponse) -> Fault | None:
        return Fault(400, 400) if response.status >= 300 else None


class Doubts(Armox):
    """Takes a plain refusal for something unclear."""

    def read_fault(self, response: HttpResponse) -> Fault | None:
        return Fault(500, 500) if response.status >= 300 else None


class Trusts(Armox):
    """Takes whatever an answer says for the job that was asked about."""

    def read_status(self, response: HttpResponse, ref: JobRef) -> Job:
        return dataclasses.replace(super().read_status(response, ref), id=ref.id)


class Crashes(Armox):
    """Lets a foreign error out of a reader."""

    def read_balance(self, response: HttpResponse) -> Balance:
        return Balance(Decimal(len(response.body)), {}["unit"])


class Nameless(Armox):
    """Tells nobody where to get a key."""

    keys_page: ClassVar[str] = ""


class Borrows(Armox):
    """Lists another provider's model."""

    def catalogue(self) -> tuple[Model, ...]:
        return (*super().catalogue(), Model("apixo", "nano-banana"))


class Gives(Armox):
    """Has a price without a unit."""

    def catalogue(self) -> tuple[Model, ...]:
        return (*super().catalogue(), Model("armox", "gift", cost=Cost(Decimal(1), None, "listed")))


@pytest.mark.parametrize(
    ("cls", "promise"),
    [
        (Repeats, "a_create_is_never_repeatable"),
        (Tells, "no_request_carries_a_key"),
        (Strays, "requests_go_to_the_configured_address"),
        (Wanders, "requests_go_to_the_configured_address"),
        (Sends, "requests_go_to_the_configured_address"),
        (Leaks, "no_request_carries_a_key"),
        (Stalls, "reads_are_repeatable"),
        (Buys, "reads_are_repeatable"),
        (Buys, "a_create_is_never_repeatable"),
        (Stumbles, "readers_raise_nothing_foreign"),
        (Hides, "lists_and_their_readers_belong_together"),
        (Boasts, "models_belong_to_the_provider"),
        (Hesitates, "reads_are_repeatable"),
        (Counts, "the_same_generation_gives_the_same_create"),
        (Drifts, "preparing_twice_changes_nothing"),
        (Believes, "noise_is_never_a_job"),
        (Hopes, "noise_is_never_a_job"),
        (Doubts, "plain_refusals_are_refused"),
        (Trusts, "a_reply_about_another_job_is_not_believed"),
        (Crashes, "readers_raise_nothing_foreign"),
        (Nameless, "names_are_given"),
        (Borrows, "models_belong_to_the_provider"),
        (Gives, "prices_have_units"),
    ],
)
def test_a_broken_promise_is_noticed(cls: type[Provider], promise: str) -> None:
    """A provider that breaks a promise fails exactly there, and says what would come of it."""
    with pytest.raises((AssertionError, KeyError)):
        dict(promises(cls()))[promise]()


class Waits(Armox):
    """Reads a clock, in a module that imports one."""

    def balance(self) -> HttpRequest | None:
        return super().balance() if time.monotonic() else None


def test_impurity_is_noticed() -> None:
    """An adapter whose module imports a clock is told so, by the module's name."""
    with pytest.raises(AssertionError, match=r"imports.*'time'"):
        dict(promises(Waits()))["the_adapter_is_pure"]()


# What tests stand on -----------------------------------------------------------------------------------------------


def test_the_fake_clock_moves_only_when_told() -> None:
    """Both of its clocks stand still until they are advanced, then by exactly as much; it fits where a clock is asked for."""
    clock: Clock = FakeClock(epoch=1_000_000)
    before = (clock.now(), clock.monotonic())

    assert (1_000_000, 0.0) == before == (clock.now(), clock.monotonic())
    assert isinstance(clock, FakeClock)
    clock.advance(3600.5)
    assert (1_000_000 + 3_600_500_000, 3600.5) == (clock.now(), clock.monotonic())


def test_the_wire_in_memory_answers_in_order() -> None:
    """Replies come in the order given, errors of the wire are raised, all that was sent is kept, surprises are failures."""
    wire = MemoryTransport([HttpResponse(200, {}, b"one")])
    wire.enqueue(ReplyLost("it broke"), HttpResponse(503))
    requests = [get_request(f"https://a.example/{n}", purpose="status") for n in range(4)]

    assert b"one" == wire.send(requests[0]).body
    with pytest.raises(ReplyLost, match="it broke"):
        wire.send(requests[1])
    assert 503 == wire.send(requests[2]).status
    with pytest.raises(AssertionError, match=r"nobody expected GET https://a.example/3"):
        wire.send(requests[3])
    assert requests == wire.sent
