"""What tests of notebookgen and of other people's providers stand on: a clock, a wire in memory, and the promises.

``promises(provider)`` gives every promise that each provider is checked against, ours and theirs, as
``(name, check)`` pairs; a check raises ``AssertionError`` with the promise that is broken::

    import pytest
    from notebookgen.testing import promises

    @pytest.mark.parametrize(("name", "check"), promises(MyProvider()))
    def test_promise(name, check):
        check()
"""

from __future__ import annotations

import ast
import inspect
import json
import random
from collections import deque
from typing import TYPE_CHECKING

from notebookgen.errors import InputError, NotebookgenError, TransportError
from notebookgen.jobs.outcomes import RefusedCreate, Unclear, outcome_of
from notebookgen.providers import read_look
from notebookgen.records import Generation, InputImage, JobRef, Realm
from notebookgen.wire import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from notebookgen.providers import Provider
    from notebookgen.records import Model
    from notebookgen.transport import Timeouts

__all__ = ["FakeClock", "MemoryTransport", "promises"]

FORBIDDEN = frozenset(
    {"requests", "urllib3", "socket", "http", "sqlite3", "time", "random", "os", "threading", "IPython"}
)
NOISE_BODIES = (
    b"",
    b"null",
    b"[]",
    b"{}",
    b'"text"',
    b"<html><body>502 Bad Gateway</body></html>",
    b'{"code": "many", "data": 7}',
    b'{"data": {"taskId": null}}',
    b'{"id": null, "status": "processing"}',
    b"\xff\xfe\x00",
    b"[" * 5000,
)


class FakeClock:
    """A clock that moves only when told to. Hours pass in no time.

    Attributes:
        seconds: What ``monotonic`` says.
        epoch: Microseconds since 1970 UTC when ``seconds`` was 0.
    """

    def __init__(self, epoch: int = 1_700_000_000_000_000) -> None:
        """Begin at ``epoch``."""
        self.seconds = 0.0
        self.epoch = epoch

    def now(self) -> int:
        """Return microseconds since 1970 UTC."""
        return self.epoch + int(self.seconds * 1e6)

    def monotonic(self) -> float:
        """Return seconds on a clock that only goes forward."""
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Let that many seconds pass."""
        self.seconds += seconds


class MemoryTransport:
    """A wire that answers from a list and remembers what was sent; nothing leaves the process.

    Attributes:
        sent: The requests, in order.
    """

    def __init__(self, replies: Iterable[HttpResponse | TransportError] = ()) -> None:
        """Answer with these replies, in order."""
        self.sent: list[HttpRequest] = []
        self._replies = deque(replies)

    def enqueue(self, *replies: HttpResponse | TransportError) -> None:
        """Add replies."""
        self._replies.extend(replies)

    def send(self, request: HttpRequest, *, timeout: Timeouts | None = None) -> HttpResponse:
        """Return the next reply, or raise it where it is an error of the wire.

        Raises:
            AssertionError: There is none left.
        """
        del timeout
        self.sent.append(request)
        if not self._replies:
            message = f"nobody expected {request.method} {request.url}"
            raise AssertionError(message)
        reply = self._replies.popleft()
        if isinstance(reply, TransportError):
            raise reply
        return reply


def promises(provider: Provider) -> list[tuple[str, Callable[[], None]]]:
    """Return what every provider promises, as pairs of a name and a check."""
    checks = _Promises(provider)
    named = inspect.getmembers(checks, inspect.ismethod)
    return [(name, check) for name, check in named if not name.startswith("_")]


class _Promises:
    """Every promise is one method; its docstring says it."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._made: list[tuple[Generation, Model]] = []

    def _generation(self) -> Generation:
        """Return something that the provider's first model can make."""
        return self._generations()[0][0]

    def _generations(self) -> list[tuple[Generation, Model]]:
        """Return something that each model of the catalogue can make of a prompt alone; prepared once."""
        if self._made:
            return self._made
        provider, realm = self._provider, Realm(self._provider.name, "0" * 12)
        errors: list[str] = []
        found: list[tuple[Generation, Model]] = []
        for model in provider.catalogue():
            settings = {
                one.key: one.default if one.default is not None else one.options[0]
                for one in model.settings
                if one.required and one.key != "prompt" and (one.default is not None or one.options)
            }
            try:
                asked = Generation(realm, model.id, "a fox", settings, kind=model.kind)
                found.append((provider.prepare(asked, model), model))
            except InputError as error:
                errors.append(str(error))
        self._made = found
        kept(found, f"none of the catalogue's models takes a plain prompt: {errors[:3]}")
        return found

    def _ref(self) -> JobRef:
        generation, model = self._generations()[0]
        return JobRef("job-1", generation.model, generation.kind, self._provider.route_of(generation, model))

    def _create(self) -> HttpRequest:
        generation, model = self._generations()[0]
        return self._provider.create(generation, {}, model)

    def names_are_given(self) -> None:
        """A provider says its name, its title, its key's variable and where keys are had."""
        provider = self._provider
        kept(provider.name == provider.name.lower(), "names are lower case")
        kept(":" not in provider.name, "the name goes before a colon")
        for value in (provider.title, provider.key_variable, provider.base_variable, provider.unit):
            kept(value, "a title, variables and a unit are needed for messages")
        kept(provider.keys_page.startswith("https://"), "people must be told where to get a key")
        kept(not provider.base_url.endswith("/"), "a trailing slash doubles in every address")

    def models_belong_to_the_provider(self) -> None:
        """Every model of the catalogue has an id of its own and carries the provider's name, and none claims to be live."""
        models = self._provider.catalogue()
        kept(models, "a catalogue with nothing in it helps nobody")
        kept({one.provider for one in models} == {self._provider.name}, "a model names another provider")
        kept(len({one.id for one in models}) == len(models), "two models have one id")
        kept(not any(one.live for one in models), "a catalogue is no live list")

    def lists_and_their_readers_belong_together(self) -> None:
        """Apps have ids that tell them from models, and a provider that has them says how to ask for them."""
        provider = self._provider
        kept(bool(provider.app_prefix) == (provider.apps() is not None), "apps need a prefix and a list, or neither")
        kept((provider.job_list_limit > 0) == (provider.jobs(20) is not None), "a list of jobs says how many it shows")

    def a_create_is_never_repeatable(self) -> None:
        """A paid request goes out once; only reads may be sent again."""
        kept(self._create().purpose == "create", "pacing and faults are told by the purpose")
        for request in self._requests():
            paid = request.purpose == "create"
            kept(not (paid and request.repeatable), f"{request.url}: a create that is repeated is paid twice")

    def no_request_carries_a_key(self) -> None:
        """Requests name the scheme; the key joins them in the transport and nowhere else."""
        for request in self._requests():
            names = {name.lower() for name, _ in request.headers}
            kept("authorization" not in names, "the transport adds the key, last")
            kept("@" not in request.url.split("/")[2], "no credentials in an address")

    def requests_go_to_the_configured_address(self) -> None:
        """All that carries the key goes to the address the provider was made with."""
        other = type(self._provider)("http://127.0.0.1:9/gateway/v1")
        for request in _Promises(other)._requests():  # noqa: SLF001 - the same class
            if request.auth != "none":
                kept(request.url.startswith("http://127.0.0.1:9/"), f"{request.url} ignores the configured address")

    def reads_are_repeatable(self) -> None:
        """Looking costs nothing, so looks may be sent again; and what only looks says so by its purpose."""
        provider = self._provider
        looks = [
            provider.status(self._ref()),
            provider.receipt(self._ref()),
            provider.models(),
            provider.apps(),
            provider.jobs(20),
            provider.balance(),
        ]
        for request in looks:
            kept(request is None or request.repeatable, f"{request and request.url} is a read")
            kept(request is None or request.purpose != "create", f"{request and request.url} buys nothing")
        for request in self._requests():
            if request.purpose in {"status", "list", "balance", "models"}:
                kept(request.repeatable, f"{request.method} {request.url} is a read")

    def the_same_generation_gives_the_same_create(self) -> None:
        """Building a request has no clock and no dice in it."""
        kept(self._create() == self._create(), "building the same request twice gave two")

    def preparing_twice_changes_nothing(self) -> None:
        """What is prepared is what is sent, so its identity does not drift."""
        generation = self._generation()
        model = next(one for one in self._provider.catalogue() if one.id == generation.model)
        kept(self._provider.prepare(generation, model).id == generation.id, "preparing again changed the content")

    def noise_is_never_a_job(self) -> None:
        """Pages, empty bodies and half JSON are unclear or refused, never an accepted job, and never a crash."""
        generation = self._generation()
        for status in (200, 201, 202, 204, 302, 500, 502, 503, 504, 408, 409, 425, 499):
            for body in NOISE_BODIES:
                outcome = outcome_of(self._provider, generation, HttpResponse(status, {}, body))
                kept(isinstance(outcome, Unclear | RefusedCreate), f"HTTP {status} {body[:40]!r} was taken for a job")
                if status >= 300:
                    kept(isinstance(outcome, Unclear), f"HTTP {status} leaves open whether it was taken")

    def plain_refusals_are_refused(self) -> None:
        """A 4xx that says no is a refusal: nothing was charged, and it is free to be sent again."""
        for status in (400, 401, 402, 403, 404, 413, 422, 429):
            outcome = outcome_of(self._provider, self._generation(), HttpResponse(status, {}, b"{}"))
            kept(isinstance(outcome, RefusedCreate), f"HTTP {status} is a refusal")

    def readers_raise_nothing_foreign(self) -> None:
        """Whatever bytes come, a reader gives a record or an error of notebookgen."""
        provider, ref = self._provider, self._ref()
        dice = random.Random(7)  # noqa: S311 - the same noise every time
        bodies = [*NOISE_BODIES, *(dice.randbytes(dice.randrange(200)) for _ in range(200))]
        readers: list[Callable[[HttpResponse], object]] = [
            provider.read_fault,
            provider.read_limits,
            provider.read_models,
            provider.read_apps,
            provider.read_jobs,
            provider.read_balance,
            lambda response: provider.read_create(response, self._generation()),
            lambda response: provider.read_status(response, ref),
            lambda response: provider.read_cancel(response, ref),
            lambda response: provider.read_receipt(response, ref),
            lambda response: provider.read_upload(response, InputImage(sha256="0" * 64), b""),
            lambda response: provider.read_callback({}, response.body, secret=None),
            lambda response: provider.read_callback({}, response.body, secret="made up"),  # noqa: S106 - no secret of anybody
        ]
        for reader in readers:
            for body in bodies:
                try:
                    reader(HttpResponse(200, {}, body))
                except NotebookgenError:
                    continue

    def a_reply_about_another_job_is_not_believed(self) -> None:
        """An answer that names another job than was asked about gives neither files nor a charge nor an end."""
        provider, ref = self._provider, self._ref()
        for body in other_jobs("another-job"):
            try:
                job = read_look(provider, HttpResponse(200, {}, body), ref, "asking about a job")
            except NotebookgenError:
                continue
            kept(not job.phase.over, f"{body[:80]!r} was taken for the end of job {ref.id}")

    def prices_have_units(self) -> None:
        """An amount without a unit is no price, and a listed one says so."""
        for model in self._provider.catalogue():
            cost = model.cost
            kept((cost.amount is None) == (cost.basis == "unknown"), f"{model}: {cost!r}")
            kept(cost.amount is None or cost.unit, f"{model} has an amount without a unit")

    def the_adapter_is_pure(self) -> None:
        """No I/O, no clock, no environment, no dice: the module imports none of the modules for them."""
        try:
            source = inspect.getsource(inspect.getmodule(type(self._provider)) or ast)
        except (OSError, TypeError) as error:
            message = f"the adapter's source cannot be read ({error}): put it into a file of its own"
            raise AssertionError(message) from error
        tree = ast.parse(source)
        names = {
            name.split(".")[0]
            for node in ast.walk(tree)
            for name in (
                [one.name for one in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        kept(not names & FORBIDDEN, f"the adapter imports {sorted(names & FORBIDDEN)}")

    def _requests(self) -> list[HttpRequest]:
        """Return every request the provider can build: for one job of each model, for the account, for the lists."""
        provider = self._provider
        built = [provider.models(), provider.apps(), provider.jobs(20), provider.balance()]
        built.append(provider.upload(InputImage(sha256="0" * 64, mime="image/png", size=3), b"png"))
        for generation, model in self._generations():
            ref = JobRef("job-1", generation.model, generation.kind, provider.route_of(generation, model))
            try:
                built += [provider.status(ref), provider.cancel(ref), provider.receipt(ref)]
            except InputError:  # a model that answers at once may leave no job to ask about
                kept(ref != self._ref(), "the first model's job must be asked about")
            for callback in (None, "https://example.com/hook"):
                built.append(provider.create(generation, {}, model, callback=callback))
        return [one for one in built if one is not None]


def other_jobs(id: str) -> Iterator[bytes]:
    """Yield finished jobs of that id, in the shapes and spellings that services have for one."""
    url = "https://files.example/a.png"
    results: dict[str, object] = {"output": {"url": url}, "output_data": {"url": url}, "resultUrls": [url]}
    results |= {"resultJson": json.dumps({"resultUrls": [url]}), "result": url, "url": url, "urls": [url]}
    named = dict.fromkeys(("id", "uuid", "job", "job_id", "jobId", "task", "task_id", "taskId"), id)
    for end in ("completed", "success", "succeeded", "done", "failed", "cancelled"):
        job = {**named, "status": end, "state": end, **results}
        for body in (job, {"code": 200, "data": job}, {"job": job}, {"task": job}):
            yield json.dumps(body).encode()


def kept(promise: object, otherwise: str) -> None:
    """Make sure that a promise is kept; unlike ``assert`` it also does so under ``python -O``.

    Raises:
        AssertionError: It is not.
    """
    if not promise:
        raise AssertionError(otherwise)
