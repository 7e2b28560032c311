"""How Armox speaks: one call runs a model, and its answer is the finished job (200) or a running one (202).

Pages: https://armox.ai/academy/api-models (read whole, in three languages), /academy/api-jobs, /academy/api-account,
/academy/api-authentication, /academy/api-webhooks, /academy/api-apps, /academy/api-errors-rate-limits.

Apps are models here, written ``app:<app_id>``; their settings are the app's inputs by the input's id.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from notebookgen.errors import InvalidCall, UnexpectedResponse
from notebookgen.normal import plain_number
from notebookgen.providers.armox_lists import APP, app_model, live_model
from notebookgen.providers.base import Callback, Delivery, Fault, Limits, Provider, unexpected
from notebookgen.providers.checks import check_prompt, checked_settings, refuse_reserved, remade, with_required
from notebookgen.providers.counting import results_asked
from notebookgen.providers.faults import JOBS_WORDS
from notebookgen.providers.images import image_fields, only_public, placed
from notebookgen.providers.pricing import known_model, known_models, listed_price
from notebookgen.providers.replies import (
    amount,
    canonical,
    charge,
    error_words,
    handle,
    moment,
    object_or_none,
    outputs_in,
    parse_json,
    same_model,
    succeeded,
)
from notebookgen.providers.signing import signature_holds
from notebookgen.records import NO_COST, Balance, Job, Phase
from notebookgen.wire import HttpRequest, get_request, json_request, maybe, object_in, retry_after_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookgen.records import Cost, Generation, InputImage, JobRef, Model, Output
    from notebookgen.wire import HttpResponse

__all__ = ["Armox"]

# https://armox.ai/academy/api-jobs
PHASES = {
    "pending": Phase.QUEUED,
    "processing": Phase.RUNNING,
    "completed": Phase.COMPLETED,
    "failed": Phase.FAILED,
    "cancelled": Phase.CANCELLED,
}
# https://armox.ai/ar/academy/api-apps: an app's result carries these beside what its nodes made.
NO_RESULT = frozenset({"app_id", "app_name"})
SIGNATURE = "x-armox-signature"
# Fields of the request itself: among the settings they would stand in the model's input, where they mean nothing.
RESERVED = {
    "model": "the model is named by model='...', or in a cell by -m",
    "webhook_url": "ng.webhooks(public_url=...) has every job called back, at an address of its own",
}
# https://armox.ai/zh/academy/api-errors-rate-limits: the limit is one of a rolling minute, a 429 comes with Retry-After: 60,
# and the page's own client waits as long where the header is missing (an older translation waits 2 s).
RATE_WINDOW = 60.0
POLICY = re.compile(r";\s*w=([1-9][0-9]{0,5}(?:\.[0-9]{1,3})?|0\.[0-9]{1,3})")
MOST_LIMIT = Decimal(10) ** 15  # a reset may be told in milliseconds since 1970


class Armox(Provider):
    """https://armox.ai: images, video, audio, 3D and text, and apps built of them; paid in credits."""

    name: ClassVar[str] = "armox"
    title: ClassVar[str] = "Armox"
    key_variable: ClassVar[str] = "ARMOX_API_KEY"
    base_variable: ClassVar[str] = "ARMOX_BASE_URL"
    default_base_url: ClassVar[str] = "https://armox.ai/api/v1"
    keys_page: ClassVar[str] = "https://armox.ai/app/settings/api-keys"
    unit: ClassVar[str] = "credits"
    job_list_limit: ClassVar[int] = 100
    job_list_default: ClassVar[int] = 20
    # In an example of its pages; how long they stay there is said nowhere.
    result_hosts: ClassVar[tuple[str, ...]] = ("armox-storage.s3.us-west-2.amazonaws.com",)
    app_prefix: ClassVar[str] = APP
    # https://armox.ai/academy/api-webhooks: signed with a secret, of which no page says where it comes from.
    signing_variable: ClassVar[str] = "ARMOX_WEBHOOK_SECRET"

    # What can be asked for ---------------------------------------------------------------------------------------

    def catalogue(self) -> tuple[Model, ...]:
        """Return the two models that the pages print; the live list has the rest."""
        return known_models(self.name)

    def models(self) -> HttpRequest:
        """Return the request for the live list of models."""
        return get_request(f"{self.base_url}/models", purpose="models")

    def read_models(self, response: HttpResponse) -> tuple[Model, ...]:
        """Read the live list; an entry whose id is no text is no model, and a list without any model is none."""
        listed = self._listed(response)
        models = tuple(live_model(self.name, one, known) for known, one in listed if isinstance(one.get("id"), str))
        if listed and not models:
            raise unexpected(self, response)
        return models

    def apps(self) -> HttpRequest:
        """Return the request for the list of apps."""
        return get_request(f"{self.base_url}/apps", purpose="models")

    def read_apps(self, response: HttpResponse) -> tuple[Model, ...]:
        """Read the list of apps as models."""
        return tuple(app_model(self.name, one, app_id) for app_id, one in self._listed(response))

    def prepare(self, generation: Generation, model: Model | None) -> Generation:
        """Return the generation with its settings in their own types and its images in their fields."""
        model = model or known_model(self.name, generation.model)
        refuse_reserved(generation, model, RESERVED)
        field = self._prompt_field(generation, model)
        check_prompt(generation, model, field=field)
        images = placed(generation, model, silent=("image_input", "image_input"))
        for image in images:
            only_public(image, self.title)
        prepared = remade(generation, checked_settings(generation, model), images)
        given = prepared.settings if not prepared.prompt else {**prepared.settings, field: prepared.prompt}
        complete = with_required(given, prepared, model)
        if prepared.prompt:
            complete.pop(field, None)
        return remade(prepared, complete, prepared.images)

    def price(self, generation: Generation, model: Model | None) -> Cost:
        """Return the base figure of the live list, else what the price list says.

        Where the length of a film or the number of results makes it dearer than its base figure, and the price list
        tells by how much, the higher is what to reserve, and the base figure the lower end of the range.
        """
        listed = listed_price(generation, model, unit=self.unit)
        said = model is not None and (model.live or known_model(self.name, model.id) is None)
        base = model.cost if model is not None and said else NO_COST
        if base.amount is None:
            return listed
        # A number of results that the list does not speak of may be made and charged all the same.
        count = results_asked(generation.settings.get)[0]
        most = base.amount * count
        if count > 1:
            base = replace(base, amount=most, low=base.amount, note=f"{base.note}, times {plain_number(count)} results")
        if not base.at_least or listed.amount is None or listed.amount <= most:
            return base
        return replace(listed, low=base.low or base.amount, note=f"{base.note}; {listed.note}")

    # Input images ------------------------------------------------------------------------------------------------

    def delivery(self, generation: Generation, image: InputImage, model: Model | None) -> Delivery:
        """Return ``"url"``: the pages show image inputs as addresses only."""
        only_public(image, self.title)
        return "url"

    # One job -----------------------------------------------------------------------------------------------------

    def create(
        self, generation: Generation, sources: Mapping[str, str], model: Model | None, *, callback: str | None = None
    ) -> HttpRequest:
        """Return the run of a model, or of an app."""
        payload = self._payload(generation, sources, model)
        if callback is not None:
            payload["webhook_url"] = callback
        path = "apps" if generation.model.startswith(APP) else "models"
        return json_request(f"{self.base_url}/{path}/run", payload, purpose="create")

    def read_create(self, response: HttpResponse, generation: Generation) -> Job:
        """Read a run's reply: what it says of itself counts, never the kind of output."""
        data = object_in(response.json())
        # A reply that names its job and no status leaves it running: asking about it will tell.
        job = self._job(data, response, otherwise=Phase.RUNNING)
        if job.model is not None and not _same_model(job.model, generation.model):
            message = f"{self.title} was asked to run {generation.model} and answered about {job.model}"
            raise UnexpectedResponse(message)
        return job

    def status(self, ref: JobRef) -> HttpRequest:
        """Return the request for one job."""
        return get_request(f"{self.base_url}/jobs/{quote(ref.id, safe='')}", purpose="status")

    def read_status(self, response: HttpResponse, ref: JobRef) -> Job:
        """Read one job."""
        return self._job(object_in(response.json()), response)

    def cancel(self, ref: JobRef) -> HttpRequest:
        """Return the request that cancels a job."""
        return HttpRequest("POST", f"{self.base_url}/jobs/{quote(ref.id, safe='')}/cancel", purpose="cancel")

    def read_cancel(self, response: HttpResponse, ref: JobRef) -> Job | None:
        """Read what became of a cancel request; 409 means that the job was over before."""
        if response.status == 409:
            return None
        if not succeeded(response):
            raise unexpected(self, response)
        return self._job(object_in(response.json()), response)

    # The account -------------------------------------------------------------------------------------------------

    def jobs(self, limit: int) -> HttpRequest:
        """Return the request for the newest jobs, 100 at most."""
        count = max(1, min(limit, self.job_list_limit))
        return get_request(f"{self.base_url}/jobs?limit={count}", purpose="list")

    def read_jobs(self, response: HttpResponse) -> tuple[Job, ...]:
        """Read the list of jobs. One that cannot be read spoils the list: absence from it must prove something."""
        data = _items(response)
        if data is None or not succeeded(response):
            raise unexpected(self, response)
        return tuple(self._job(object_in(one, "a job"), response) for one in data)

    def same(self, job: Job, generation: Generation, model: Model | None) -> bool:
        """Whether a listed job has exactly the input that this generation sends."""
        if job.sent is None or job.model != generation.model:
            return False
        sources = {image.key: image.address or "" for image in generation.images}
        payload = self._payload(generation, sources, model)
        # https://armox.ai/academy/api-jobs: {input: {...}} for models, {app_id, inputs} for apps.
        key = "inputs" if generation.model.startswith(APP) else "input"
        wanted = canonical(payload.get(key))
        echoed = job.sent.get(key)
        candidates = (job.sent, echoed) if isinstance(echoed, dict) else (job.sent,)
        return wanted is not None and any(canonical(one) == wanted for one in candidates)

    def balance(self) -> HttpRequest:
        """Return the request for the account."""
        return get_request(f"{self.base_url}/account", purpose="balance")

    def read_balance(self, response: HttpResponse) -> Balance:
        """Read the credits that are left."""
        credits_left = amount(object_in(response.json()).get("credits"))
        if credits_left is None or not succeeded(response):
            raise unexpected(self, response)
        return Balance(credits_left, self.unit)

    # Every reply -------------------------------------------------------------------------------------------------

    def read_fault(self, response: HttpResponse) -> Fault | None:
        """Return what an error reply says: its body is ``{"error": "text"}`` and has no code of its own."""
        if succeeded(response):
            return None
        body = object_or_none(parse_json(response)) or {}
        wait, said = retry_after_seconds(response.headers), error_words(body) or response.excerpt()
        if wait is None and response.status == 429 and not JOBS_WORDS.search(said):
            wait = RATE_WINDOW  # jobs that are too many at once are no window of requests
        return Fault(status=response.status, code=response.status, said=said, retry_after=wait)

    def read_limits(self, response: HttpResponse) -> Limits | None:
        """Return the ``X-RateLimit`` headers; the unit of the reset is said nowhere."""
        limit, remaining, reset = (
            amount(response.headers.get(f"x-ratelimit-{name}"), most=MOST_LIMIT)
            for name in ("limit", "remaining", "reset")
        )
        if limit is None and remaining is None and reset is None:
            return None
        whole = [None if number is None else int(number) for number in (limit, remaining)]
        # https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/: "6;w=1" is six in a second.
        said = POLICY.search(response.headers.get("ratelimit-policy", ""))
        window = float(said[1]) if said else RATE_WINDOW
        return Limits(whole[0], whole[1], None if reset is None else float(reset), window)

    def read_callback(self, headers: Mapping[str, str], body: bytes, *, secret: str | None) -> Callback | None:
        """Read a callback that is signed with the account's secret: ``{event, job}``."""
        if not secret or not signature_holds(secret, body, headers.get(SIGNATURE, "")):
            return None
        try:
            payload = object_or_none(json.loads(body)) or {}
        except (ValueError, RecursionError):
            return None
        data = object_or_none(payload.get("job")) or {}
        job_id = handle(data.get("id"))
        if job_id is None:
            return None
        known = isinstance(data.get("status"), str)
        return Callback(job_id, signed=True, job=_read_job(data, job_id, Phase.RUNNING) if known else None)

    # Shared by the methods above ---------------------------------------------------------------------------------

    def _listed(self, response: HttpResponse) -> list[tuple[str, Mapping[str, object]]]:
        """Return a list's objects that have an id, each with it."""
        data = _items(response)
        if data is None or not succeeded(response):
            raise unexpected(self, response)
        objects = [one for one in data if isinstance(one, dict)]
        return [(known, one) for one in objects if (known := handle(one.get("id"))) is not None]

    def _job(self, data: Mapping[str, object], response: HttpResponse, *, otherwise: Phase | None = None) -> Job:
        job_id = handle(data.get("id"))
        if job_id is None or (otherwise is None and maybe(data, "status", str) is None):
            raise unexpected(self, response)
        return _read_job(data, job_id, otherwise or Phase.RUNNING)

    def _prompt_field(self, generation: Generation, model: Model | None) -> str:
        """Return the input the prompt goes to; an app's is the one labelled so, or its only text."""
        if not generation.model.startswith(APP):
            return "prompt"
        inputs = model.settings if model is not None else ()
        labelled = [one.key for one in inputs if re.fullmatch(r"\W*prompt\W*", one.label, re.IGNORECASE)]
        texts = [one.key for one in inputs if one.type == "string"]
        named = [one.key for one in inputs if one.key.lower() == "prompt"]
        field = next((keys[0] for keys in (labelled, named, texts) if len(keys) == 1), None)
        if field is not None:
            return field
        if not generation.prompt:
            return "prompt"
        inputs_known = ", ".join(f"'{one.key}' ({one.label})" for one in inputs) or "not known here"
        message = (
            f"{generation.full_model} does not tell which of its inputs takes the prompt; they are {inputs_known}.\n"
            "Nothing was sent. Leave the prompt empty and give the input by its id: settings={'INPUT_ID': '...'}"
        )
        raise InvalidCall(message)

    def _payload(self, generation: Generation, sources: Mapping[str, str], model: Model | None) -> dict[str, object]:
        """Return what a run sends, without the callback."""
        model = model or known_model(self.name, generation.model)
        images = placed(generation, model, silent=("image_input", "image_input"))
        sent = {**generation.settings, **image_fields(images, sources)}
        if generation.prompt:
            sent = {self._prompt_field(generation, model): generation.prompt, **sent}
        if generation.model.startswith(APP):
            return {"app_id": generation.model.removeprefix(APP), "inputs": sent}
        return {"model": generation.model, "input": sent}


def _same_model(said: str, asked: str) -> bool:
    """Whether a reply names the model that was asked for, or the app."""
    if said.startswith(APP) or asked.startswith(APP):
        return said == asked
    return same_model(said, asked)


def _items(response: HttpResponse) -> list[object] | None:
    """Return the items of ``{object: "list", data: [...]}``."""
    body = parse_json(response)
    data = body.get("data") if isinstance(body, dict) else body
    return data if isinstance(data, list) else None


def _read_job(data: Mapping[str, object], job_id: str, otherwise: Phase) -> Job:
    """Read a job in either spelling: a run's reply says output, error, model; a job says output_data, ..."""
    status = data.get("status")
    phase = PHASES.get(status.strip().lower(), Phase.RUNNING) if isinstance(status, str) else otherwise
    result = data["output"] if data.get("output") is not None else data.get("output_data")
    said = data["error"] if data.get("error") is not None else data.get("error_message")
    app = handle(data.get("app_id"))
    model = handle(data.get("model")) or handle(data.get("model_id"))
    return Job(
        id=job_id,
        phase=phase,
        outputs=_outputs(result) if phase is Phase.COMPLETED else (),
        charged=charge(data.get("credits_charged")),
        error=error_words(said) or None,
        model=f"{APP}{app}" if app is not None and model is None else model,
        sent=object_or_none(data.get("input_data")),
        created=moment(data.get("created_at")),
        completed=moment(data.get("completed_at")) or moment(data.get("cancelled_at")),
        route="apps" if app is not None and model is None else "models",
    )


def _outputs(result: object) -> tuple[Output, ...]:
    """Return a result's files and texts; what an app's node made is named after the node."""
    found = outputs_in(result, "output" if isinstance(result, str) else "", ignore=NO_RESULT)
    return tuple(replace(one, name=one.name.removeprefix("node_outputs.")) for one in found)
