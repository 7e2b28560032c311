"""How APIModels speaks: one path for each kind of result, to create and to ask, in a ``{code, msg, data}`` envelope.

Pages: https://apimodels.app/en/docs/image?p=grok (read whole), /en/docs/video, /en/docs/audio, /en/docs/files,
/docs/gpt-image-2-all, /en/docs/kling-image, /en/docs/kling-video, /es/docs/seedance-2-a, /en/docs/llm.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote, urlencode

from notebookgen.errors import InvalidCall, InvalidImage, InvalidSetting, near_miss
from notebookgen.providers import apimodels_replies as replies
from notebookgen.providers.base import Delivery, Provider, Uploaded, unexpected
from notebookgen.providers.checks import (
    IMAGE_TYPES,
    check_prompt,
    checked_settings,
    refuse_reserved,
    remade,
    with_required,
)
from notebookgen.providers.images import image_fields, placed
from notebookgen.providers.pricing import known_model, known_models, listed_price
from notebookgen.providers.replies import enveloped_fault, is_url, succeeded
from notebookgen.wire import HttpRequest, get_request, json_request

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from notebookgen.providers.base import Callback, Fault
    from notebookgen.records import Balance, Cost, Generation, InputImage, Job, JobRef, Kind, Model
    from notebookgen.wire import HttpResponse

__all__ = ["APIModels"]

CHAT, SPEECH, AT_ONCE = "chat/completions", "audio/tts", "video/p-video"
ROUTES: Mapping[str, str] = {
    "image": "images/generations",
    "video": "video/generations",
    "audio": "audio/generations",
    "text": CHAT,
}
# Where one image, or a list of them, goes on a route whose model's page was not read: what other models there take.
SILENT: Mapping[str, tuple[str, str]] = {"video/generations": ("image", "images")}
# Fields of the request itself: as settings they would buy another model than the one that was priced.
RESERVED: Mapping[str, str] = {
    "model": "the model is named by model='...', or in a cell by -m",
    "callback_url": "ng.webhooks(public_url=...) has every job called back, at an address of its own",
}
SILENT_ELSEWHERE = ("image_url", "image_urls")
# https://apimodels.app/en/docs/image?p=grok shows both as bare base64 on the image route.
BASE64_FIELDS = frozenset({"image", "mask"})
# https://apimodels.app/en/docs/files: one call with the file inside, or a signed address to put a large one at.
MOST_MULTIPART = 4 * 1024 * 1024
ELEVEN = "eleven-"
SUFFIXES: Mapping[str, str] = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "image/tiff": ".tiff",
    "image/avif": ".avif",
    "video/mp4": ".mp4",
    "audio/mpeg": ".mp3",
    "audio/wav": ".wav",
}


class APIModels(Provider):
    """https://apimodels.app: images, video, audio and text; paid in US dollars, of which a task's record says how many."""

    name: ClassVar[str] = "apimodels"
    title: ClassVar[str] = "APIModels"
    key_variable: ClassVar[str] = "APIMODELS_API_KEY"
    base_variable: ClassVar[str] = "APIMODELS_BASE_URL"
    default_base_url: ClassVar[str] = "https://apimodels.app/api/v1"
    keys_page: ClassVar[str] = "https://apimodels.app/console/api-keys"
    unit: ClassVar[str] = "USD"
    # https://github.com/stimQQ/apimodels-skill image/SKILL.md: seven days
    result_seconds: ClassVar[float | None] = 7 * 24 * 3600.0
    result_hosts: ClassVar[tuple[str, ...]] = ("r2.apimodels.app",)
    # The vendor's own skill file says so: https://github.com/stimQQ/apimodels-skill image/SKILL.md
    charges_failures: ClassVar[bool | None] = False

    # What can be asked for ---------------------------------------------------------------------------------------

    def catalogue(self) -> tuple[Model, ...]:
        """Return the models whose pages were read; the service's own list is incomplete and has wrong names."""
        return known_models(self.name)

    def prepare(self, generation: Generation, model: Model | None) -> Generation:
        """Return the generation with its settings in their own types and its images in their fields."""
        model = model or known_model(self.name, generation.model)
        refuse_reserved(generation, model, RESERVED)
        route = self._route(generation.model, model, generation.kind)
        check_prompt(generation, model, field=_prompt_field(route, model))
        if route == CHAT:
            self._check_chat(generation)
        images = placed(generation, model, silent=SILENT.get(route, SILENT_ELSEWHERE))
        prepared = remade(generation, checked_settings(generation, model), images)
        for image in images:
            self.delivery(prepared, image, model)
        return remade(prepared, with_required(prepared.settings, prepared, model), prepared.images)

    def price(self, generation: Generation, model: Model | None) -> Cost:
        """Return what the price list says."""
        return listed_price(generation, model, unit=self.unit)

    # Input images ------------------------------------------------------------------------------------------------

    def delivery(self, generation: Generation, image: InputImage, model: Model | None) -> Delivery:
        """Return ``"url"`` for an address; for a local image ``"base64"`` where its field takes it, else ``"upload"``."""
        if image.url is not None:
            # https://apimodels.app/es/docs/seedance-2-a: references may also be ids of the account's own library.
            if is_url(image.url) or image.url.startswith("asset://"):
                return "url"
            message = f"'{image.url[:60]}' is no address an image can be read at. Nothing was sent. Give https://..."
            raise InvalidImage(message)
        model = model or known_model(self.name, generation.model)
        route = self._route(generation.model, model, generation.kind)
        field = image.field
        if field is None:
            fields = placed(generation, model, silent=SILENT.get(route, SILENT_ELSEWHERE))
            field = next((one.field for one in fields if one.key == image.key), None)
        known = model.setting(field or "") if model is not None else None
        if known is not None and known.type in IMAGE_TYPES:
            return "base64" if known.type == "image" else "upload"
        return "base64" if route == ROUTES["image"] and field in BASE64_FIELDS and not image.listed else "upload"

    def upload(self, image: InputImage, data: bytes) -> HttpRequest:
        """Return the upload: the file itself, or for a large or other one the wish for a signed address."""
        url, filename = f"{self.base_url}/files", _filename(image, data)
        if not _fits_multipart(image, data):
            wish = {"filename": filename, "contentType": _mime(image), "fileSize": len(data)}
            return json_request(url, wish, purpose="upload", repeatable=True)
        # Drawn from the content, so that the same file gives the same bytes; 128 bits cannot stand in it by chance.
        boundary = f"notebookgen-{hashlib.sha256(b'boundary' + data).hexdigest()[:32]}"
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'
            f"Content-Type: {_mime(image)}\r\n\r\n"
        )
        body = head.encode() + data + f"\r\n--{boundary}--\r\n".encode()
        headers = (("Content-Type", f"multipart/form-data; boundary={boundary}"),)
        return HttpRequest("POST", url, headers=headers, body=body, purpose="upload", repeatable=True)

    def read_upload(self, response: HttpResponse, image: InputImage, data: bytes) -> Uploaded:
        """Read the public address, and for a wish where to put the bytes: no key, the same Content-Type."""
        addresses = replies.upload_addresses(response)
        if addresses is None or self.read_fault(response) is not None:
            raise unexpected(self, response)
        public, signed = addresses
        if _fits_multipart(image, data):
            return Uploaded(public)
        if signed is None:
            raise unexpected(self, response)
        headers = (("Content-Type", _mime(image)),)
        put = HttpRequest("PUT", signed, headers=headers, body=data, auth="none", purpose="upload", repeatable=True)
        return Uploaded(public, put)

    # One job -----------------------------------------------------------------------------------------------------

    def create(
        self, generation: Generation, sources: Mapping[str, str], model: Model | None, *, callback: str | None = None
    ) -> HttpRequest:
        """Return the task to generate, or the conversation of one message for a language model."""
        model = model or known_model(self.name, generation.model)
        route = self._route(generation.model, model, generation.kind)
        if route == CHAT:
            payload = _conversation(generation)
        else:
            images = placed(generation, model, silent=SILENT.get(route, SILENT_ELSEWHERE))
            prompt = {_prompt_field(route, model): generation.prompt} if generation.prompt else {}
            payload = {"model": generation.model, **prompt, **generation.settings, **image_fields(images, sources)}
            if callback is not None:
                payload["callback_url"] = callback
        return json_request(f"{self.base_url}/{route}", payload, purpose="create")

    def read_create(self, response: HttpResponse, generation: Generation) -> Job:
        """Read a task, running or finished; or the files or the text that some models answer with at once."""
        route = self._route(generation.model, known_model(self.name, generation.model), generation.kind)
        # What a finished video is asked about, should its call at once only have begun it.
        later = ROUTES["video"] if route == AT_ONCE else route
        given = {image.key for image in generation.images} | {
            one for one in generation.settings.values() if isinstance(one, str)
        }
        job = replies.read_created(response, chat=route == CHAT, anywhere=route == AT_ONCE, given=frozenset(given))
        if job is None or not succeeded(response):
            raise unexpected(self, response)
        return replace(job, route=later)

    def status(self, ref: JobRef) -> HttpRequest:
        """Return the request for one task: ``task_id`` in the query, on the path that made it."""
        route = ref.route or self._route(ref.model, known_model(self.name, ref.model), ref.kind)
        route = ROUTES["video"] if route == AT_ONCE else route
        if route == CHAT:
            message = f"{self.title} keeps no jobs of language models: {ref.id} cannot be asked about again."
            raise InvalidCall(message)
        return get_request(f"{self.base_url}/{route}?{urlencode({'task_id': ref.id})}", purpose="status")

    def read_status(self, response: HttpResponse, ref: JobRef) -> Job:
        """Read one task; a failed one comes with HTTP 200 and code 200."""
        job = replies.read_asked(response, ref.id)
        if job is None or not succeeded(response):
            raise unexpected(self, response)
        return replace(job, route=ref.route)

    def receipt(self, ref: JobRef) -> HttpRequest:
        """Return the request for a task's record. No page speaks of it: a third party's client reads the cost there."""
        return get_request(f"{self.base_url}/records/{quote(ref.id, safe='')}", purpose="other")

    def read_receipt(self, response: HttpResponse, ref: JobRef) -> Decimal | None:
        """Read what the record says in US dollars, once it says that this is settled."""
        known, cost = replies.read_record(response, ref.id, self.unit)
        if not known or not succeeded(response):
            raise unexpected(self, response)
        return cost

    # The account -------------------------------------------------------------------------------------------------

    def balance(self) -> HttpRequest:
        """Return the request for the balance."""
        return get_request(f"{self.base_url}/balance", purpose="balance")

    def read_balance(self, response: HttpResponse) -> Balance:
        """Read the balance in any of the three shapes that were seen."""
        balance = replies.read_balance(response, self.unit)
        if balance is None or self.read_fault(response) is not None:
            raise unexpected(self, response)
        return balance

    # Every reply -------------------------------------------------------------------------------------------------

    def read_fault(self, response: HttpResponse) -> Fault | None:
        """Return what a reply refuses, by its HTTP status or by the code in its body."""
        return enveloped_fault(response, words="msg", fail_code=replies.fail_code_at_once(response))

    def read_callback(self, headers: Mapping[str, str], body: bytes, *, secret: str | None) -> Callback | None:
        """Read a callback, which the page says is not signed."""
        return replies.read_callback(body)

    # Shared by the methods above ---------------------------------------------------------------------------------

    def route_of(self, generation: Generation, model: Model | None) -> str:
        """Return the path that runs it and is asked about it later."""
        return self._route(generation.model, model or known_model(self.name, generation.model), generation.kind)

    def _route(self, id: str, model: Model | None, kind: Kind | None) -> str:
        """Return the path that runs a model."""
        if model is not None and model.route:
            return model.route
        if id.startswith(ELEVEN):
            return SPEECH
        route = ROUTES.get(kind or (model.kind if model is not None else None) or "")
        if route is None:
            hint = near_miss(id, [one.id for one in self.catalogue()], before=f"{self.name}:")
            message = (
                f"APIModels has a path for each kind of result, and which one '{id}' needs is not known.{hint}\n"
                "Nothing was sent. Or say the kind: kind='image' (or 'video', 'audio', 'text')."
            )
            raise InvalidCall(message)
        return route

    def _check_chat(self, generation: Generation) -> None:
        if generation.images:
            message = (
                f"{generation.full_model} answers text, and no page says how it takes images. Nothing was sent.\n"
                "Leave them out, or write the whole conversation: settings={'messages': [...]}"
            )
            raise InvalidImage(message)
        if generation.settings.get("stream") not in {None, False}:
            message = f"{generation.full_model} is read as one whole reply. Nothing was sent. Leave 'stream' out."
            raise InvalidSetting(message)


def _prompt_field(route: str, model: Model | None) -> str:
    """Return the field of the prompt: ``text`` for speech, by the model's settings or else by its path."""
    if model is not None and model.setting("prompt") is None and model.setting("text") is not None:
        return "text"
    silent = model is None or (model.setting("prompt") is None and model.setting("text") is None)
    return "text" if silent and route in {SPEECH, ROUTES["audio"]} else "prompt"


def _conversation(generation: Generation) -> dict[str, object]:
    """Return an OpenAI-style request: the prompt is its last message, ``system`` its first."""
    settings = dict(generation.settings)
    system, given = settings.pop("system", None), settings.pop("messages", None)
    messages: list[object] = [{"role": "system", "content": system}] if system else []
    messages += given if isinstance(given, list) else []
    if generation.prompt:
        messages.append({"role": "user", "content": generation.prompt})
    return {"model": generation.model, "messages": messages, **settings}


def _mime(image: InputImage) -> str:
    return image.mime or "application/octet-stream"


def _fits_multipart(image: InputImage, data: bytes) -> bool:
    return image.mime.startswith("image/") and len(data) <= MOST_MULTIPART


def _filename(image: InputImage, data: bytes) -> str:
    """Return a name made by us: a local path says more of a machine than a provider need know."""
    known = image.sha256 or hashlib.sha256(data).hexdigest()
    return f"{known[:16]}{SUFFIXES.get(image.mime, '.bin')}"
