"""How APIXO speaks: every task is asked for and asked about under its model, in a ``{code, message, data}`` envelope.

Pages: https://apixo.ai/docs/api-reference/generate-task (read whole), /status-task, /errors, /error-codes, /webhooks,
/system, /parameters, /response-format, and the pages of the models.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote, urlencode

from notebookgen.errors import InvalidCall, InvalidImage, InvalidSetting, UnexpectedResponse
from notebookgen.providers.base import Callback, Delivery, Fault, Provider, unexpected
from notebookgen.providers.checks import check_prompt, checked_settings, refuse_reserved, remade, with_required
from notebookgen.providers.images import image_fields, only_public, placed
from notebookgen.providers.pricing import known_model, known_models, listed_price
from notebookgen.providers.replies import (
    amount,
    data_uri,
    enveloped_fault,
    error_words,
    handle,
    is_url,
    json_inside,
    moment,
    object_or_none,
    outputs_in,
    parse_json,
    succeeded,
    task_named,
)
from notebookgen.records import Balance, Job, Phase
from notebookgen.wire import get_request, json_request, maybe, object_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookgen.records import Cost, Generation, InputImage, JobRef, Model, Output, Setting
    from notebookgen.wire import HttpRequest, HttpResponse

__all__ = ["APIXO"]

# https://apixo.ai/docs/api-reference/status-task: the good end is called success.
PHASES = {
    "pending": Phase.QUEUED,
    "processing": Phase.RUNNING,
    "success": Phase.COMPLETED,
    "failed": Phase.FAILED,
}
# https://apixo.ai/docs/api-reference/error-codes (upper case) and /errors (mixed case); both may be in use.
RETRYABLE: Mapping[str, bool] = {
    "CONTENT_VIOLATION": False,
    "NSFW_DETECTED": False,
    "PROMPT_TOO_LONG": False,
    "INVALID_PROMPT": False,
    "INVALID_IMAGE_URL": False,
    "IMAGE_TOO_LARGE": False,
    "UNSUPPORTED_FORMAT": False,
    "IMAGE_DOWNLOAD_FAILED": False,
    "PROCESSING_TIMEOUT": True,
    "MODEL_UNAVAILABLE": True,
    "GENERATION_FAILED": False,  # "with other parameters": not as it is
    "INSUFFICIENT_CREDITS": False,
    "INVALID_LORA_URL": False,
    "SensitiveContent": False,
    "SensitiveContentDetected": False,
    "InputImageSensitiveContentDetected": False,
    "InputOutputSensitiveContentDetected": False,  # "with different input": not as it is
    "NSFW": False,
    "ProhibitedContentDetected": False,
    "PromptLengthExceeded": False,
}
# https://apixo.ai/docs/api-reference/parameters: beside "input", not inside it.
BESIDE_INPUT = ("provider", "source")
CALLED_BACK = "ng.webhooks(public_url=...) has every job called back, at an address of its own"
# Fields of the request itself: among the settings they would stand in "input", where they mean nothing.
RESERVED: Mapping[str, str] = {
    "model": "the model is named by model='...', or in a cell by -m",
    "input": "settings are given by their own names, and stand in it already",
    "request_type": CALLED_BACK,
    "callback_url": CALLED_BACK,
}
# https://apixo.ai/docs/api-reference/parameters and /error-codes: where a model's own page says nothing else.
MOST_IMAGES = 5
MOST_BYTES = 10_000_000
BIGGER = {"wan-2-7-image": 20_000_000, "wan-2-5-video": 20_000_000, "hailuo-2-3": 20_000_000}  # their own pages
FORMATS = frozenset({"image/jpeg", "image/png", "image/webp"})
GATEWAY = "llm_gateway"


class APIXO(Provider):
    """https://apixo.ai: images, video and audio; paid in US dollars, of which no reply says how many."""

    name: ClassVar[str] = "apixo"
    title: ClassVar[str] = "APIXO"
    key_variable: ClassVar[str] = "APIXO_API_KEY"
    base_variable: ClassVar[str] = "APIXO_BASE_URL"
    default_base_url: ClassVar[str] = "https://api.apixo.ai/api/v1"
    # "In the dashboard", says https://apixo.ai/docs/concepts/authentication; its address stands nowhere.
    keys_page: ClassVar[str] = "https://apixo.ai"
    unit: ClassVar[str] = "USD"
    # https://apixo.ai/docs/api-reference/response-format, an older page; newer ones do not say.
    result_seconds: ClassVar[float | None] = 24 * 3600.0
    # https://apixo.ai/docs/api-reference/generate-task: "a publicly accessible HTTPS URL".
    callbacks_need_https: ClassVar[bool] = True
    result_hosts: ClassVar[tuple[str, ...]] = ("cdn.apixo.ai",)  # in the examples of the same pages

    # What can be asked for ---------------------------------------------------------------------------------------

    def catalogue(self) -> tuple[Model, ...]:
        """Return the models whose pages were read."""
        return known_models(self.name)

    def prepare(self, generation: Generation, model: Model | None) -> Generation:
        """Return the generation with its settings in their own types, its images in their fields, and its mode."""
        model = model or known_model(self.name, generation.model)
        if model is not None and model.route == GATEWAY:
            message = (
                f"{generation.full_model} runs behind APIXO's gateway for language models, which takes no tasks.\n"
                f"Nothing was sent. For the models that do: ng.models('{self.name}')"
            )
            raise InvalidCall(message)
        refuse_reserved(generation, model, RESERVED)
        check_prompt(generation, model)
        images = placed(generation, model, silent=("image_urls", "image_urls"))
        prepared = remade(generation, checked_settings(generation, model), images)
        self._check_images(prepared, model)
        settings = with_required(prepared.settings, prepared, model)
        mode = model.setting("mode") if model is not None else None
        if mode is not None and "mode" not in settings:
            settings["mode"] = _mode(prepared, mode)
        return remade(prepared, settings, prepared.images)

    def price(self, generation: Generation, model: Model | None) -> Cost:
        """Return what the price list says."""
        return listed_price(generation, model, unit=self.unit)

    # Input images ------------------------------------------------------------------------------------------------

    def delivery(self, generation: Generation, image: InputImage, model: Model | None) -> Delivery:
        """Return ``"url"``: public addresses are all that the pages show."""
        only_public(image, self.title)
        return "url"

    # One job -----------------------------------------------------------------------------------------------------

    def create(
        self, generation: Generation, sources: Mapping[str, str], model: Model | None, *, callback: str | None = None
    ) -> HttpRequest:
        """Return the task to generate. ``request_type`` is always sent: one page demands it."""
        model = model or known_model(self.name, generation.model)
        images = placed(generation, model, silent=("image_urls", "image_urls"))
        settings = dict(generation.settings)
        payload: dict[str, object] = {"request_type": "async" if callback is None else "callback"}
        if callback is not None:
            payload["callback_url"] = callback
        payload |= {key: settings.pop(key) for key in BESIDE_INPUT if key in settings}
        prompt = {"prompt": generation.prompt} if generation.prompt else {}
        payload["input"] = {**prompt, **settings, **image_fields(images, sources)}
        return json_request(f"{self._path('generateTask', generation.model)}", payload, purpose="create")

    def read_create(self, response: HttpResponse, generation: Generation) -> Job:
        """Read the task's id; a create never holds the result."""
        return self._job(response, generation.model, otherwise=Phase.QUEUED)

    def status(self, ref: JobRef) -> HttpRequest:
        """Return the request for one task, which is found under its model only."""
        query = urlencode({"taskId": ref.id})
        return get_request(f"{self._path('statusTask', ref.model)}?{query}", purpose="status")

    def read_status(self, response: HttpResponse, ref: JobRef) -> Job:
        """Read one task; a failed one comes with HTTP 200, code 200 and the message "success"."""
        return self._job(response, ref.model, id=ref.id)

    # The account -------------------------------------------------------------------------------------------------

    def balance(self) -> HttpRequest:
        """Return the request for what the key has left."""
        return get_request(f"{self.base_url}/apikeys/current-balance", purpose="balance")

    def read_balance(self, response: HttpResponse) -> Balance:
        """Read the balance: ``data`` is a bare number of US dollars."""
        left = amount(object_in(response.json()).get("data"))
        if left is None or self.read_fault(response) is not None:
            raise unexpected(self, response)
        return Balance(left, self.unit)

    # Every reply -------------------------------------------------------------------------------------------------

    def read_fault(self, response: HttpResponse) -> Fault | None:
        """Return what a reply refuses, by its HTTP status or by the code in its body."""
        return enveloped_fault(response, words="message", fail_code=_fail_code(response))

    def read_callback(self, headers: Mapping[str, str], body: bytes, *, secret: str | None) -> Callback | None:
        """Read a callback: the envelope of a status reply, and no signature."""
        try:
            told = object_or_none(json.loads(body)) or {}
        except (ValueError, RecursionError):
            return None
        data = object_or_none(told.get("data")) or {}
        stands = isinstance(data.get("state"), str)
        task = task_named(told, plain=stands)
        if task is None:
            return None
        try:
            job = _read_task(data, task, Phase.RUNNING) if stands else None
        except UnexpectedResponse:
            job = None
        return Callback(task, signed=False, job=job)

    # Shared by the methods above ---------------------------------------------------------------------------------

    def _path(self, call: str, model: str) -> str:
        return f"{self.base_url}/{call}/{quote(model, safe='')}"

    def _job(self, response: HttpResponse, model: str, *, otherwise: Phase | None = None, id: str | None = None) -> Job:
        body = object_in(response.json())
        data = object_or_none(body.get("data")) or {}
        task = task_named(body, plain=id is None and maybe(data, "state", str) is not None) or id
        if task is None or not succeeded(response) or (otherwise is None and maybe(data, "state", str) is None):
            raise unexpected(self, response)
        return replace(_read_task(data, task, otherwise or Phase.RUNNING), model=model)

    def _check_images(self, generation: Generation, model: Model | None) -> None:
        """Refuse images that the pages rule out."""
        name = generation.full_model
        most = BIGGER.get(generation.model, MOST_BYTES)
        formats = FORMATS | ({"image/bmp"} if generation.model.startswith("wan-") else set())
        for image in generation.images:
            only_public(image, self.title)
            if image.size > most:
                message = f"{name} takes images of at most {most // 10**6} MB. Nothing was sent. Make it smaller."
                raise InvalidImage(message)
            if image.mime and image.mime not in formats:
                message = f"{name} takes JPEG, PNG and WebP, not {image.mime}. Nothing was sent. Convert the picture."
                raise InvalidImage(message)
        for field in {image.field for image in generation.images}:
            own = model.setting(field or "") if model is not None else None
            count = sum(image.field == field for image in generation.images)
            if (own is None or own.maximum is None) and count > MOST_IMAGES:
                message = f"{name} takes at most {MOST_IMAGES} images, not {count}. Nothing was sent."
                raise InvalidImage(message)


def _mode(generation: Generation, mode: Setting) -> str:
    """Return the one mode that fits, with or without input images.

    Raises:
        InvalidSetting: Several fit, or none; the message names them.
    """
    options = [str(one) for one in mode.options]
    kinds = ("text-to-", "image-to-")
    with_images = bool(generation.images) or any(generation.settings.get(key) for key in ("image_urls", "image_url"))
    # https://apixo.ai/pl/docs/models/video/grok-video and .../image/midjourney: both go on from an earlier task's picture.
    follows = any(generation.settings.get(key) for key in ("task_id", "taskId"))
    fitting = [one for one in options if (kinds[0] not in one if follows else kinds[with_images] in one)]
    if not any(kind in one for one in options for kind in kinds):
        fitting = options  # such as pro and max: these modes say nothing of images
    if mode.default in fitting:
        return str(mode.default)
    if len(fitting) == 1:
        return fitting[0]
    named = ", ".join(repr(one) for one in options)
    what = "after an earlier task" if follows else "with images" if with_images else "without images"
    message = (
        f"{generation.full_model} needs a 'mode', and {what} it may be one of several: {named}.\n"
        "Nothing was sent. Say which: mode='...', or in a cell: -s mode=..."
    )
    raise InvalidSetting(message)


def _fail_code(response: HttpResponse) -> str | None:
    """Return a fail code that comes at once, wherever an error may carry it."""
    body = object_or_none(parse_json(response)) or {}
    data = object_or_none(body.get("data")) or {}
    for holder in (data, body):
        for key in ("failCode", "fail_code", "errorCode", "error"):
            said = handle(holder.get(key)) if isinstance(holder.get(key), str) else None
            if said is not None and (said in RETRYABLE or key != "error"):
                return said
    words = " ".join(error_words(part) for part in (body.get("message"), data))
    return next((one.strip(".,:;()'\"") for one in words.split() if one.strip(".,:;()'\"") in RETRYABLE), None)


def _read_task(data: Mapping[str, object], task: str, otherwise: Phase) -> Job:
    """Read a task's object: from a status reply or a callback, which are the same.

    Raises:
        UnexpectedResponse: It succeeded, and its result cannot be read.
    """
    state = maybe(data, "state", str)
    phase = otherwise if state is None else PHASES.get(state.strip().lower(), Phase.RUNNING)
    said, fail_code = maybe(data, "failMsg", str), maybe(data, "failCode", str)
    failed = phase is Phase.FAILED
    return Job(
        id=task,
        phase=phase,
        outputs=_outputs(data) if phase is Phase.COMPLETED else (),
        error=(error_words(said) or error_words(fail_code) or None) if failed else None,
        fail_code=error_words(fail_code) or None if failed else None,
        retryable=RETRYABLE.get(fail_code or "") if failed else None,
        created=moment(data.get("createTime")),
        completed=moment(data.get("completeTime")),
    )


def _outputs(data: Mapping[str, object]) -> tuple[Output, ...]:
    """Return what ``resultJson`` holds: JSON in a string, an object, nothing, or an address as it is."""
    result = json_inside(data.get("resultJson"))
    if isinstance(result, str) and not is_url(result) and data_uri(result) is None:
        message = f"'resultJson' should hold JSON and does not: {error_words(result)}"
        raise UnexpectedResponse(message)
    return outputs_in(result, "resultUrls" if isinstance(result, str | list) else "", texts=False)
