"""From a call's arguments to a generation: the prompt, the settings, the images, all checked before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from notebookgen.errors import InvalidCall, InvalidPrompt, near_miss
from notebookgen.normal import json_value, plain_text
from notebookgen.records import Generation, InputImage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from notebookgen.media import MediaStore
    from notebookgen.providers import Provider
    from notebookgen.records import Kind, Model, Realm

__all__ = ["RESERVED", "ask", "gather_settings", "input_images"]

# What `generate` takes by name; a setting that is nearly one of these is a slip of the pen that could cost money.
RESERVED = (
    "prompt",
    "model",
    "images",
    "samples",
    "budget",
    "max_new",
    "fresh",
    "background",
    "timeout",
    "tag",
    "kind",
    "settings",
    "concurrency",
    "prefix",
    "row_id",
    "on_ambiguous",
)


def gather_settings(settings: Mapping[str, Any] | None, more: Mapping[str, Any], model: Model | None) -> dict[str, Any]:
    """Return the settings of a call: the dictionary's and the keywords'.

    Raises:
        InvalidCall: A keyword is nearly a reserved name, or stands in both.
    """
    known = {one.key for one in model.settings} if model is not None else set()
    for key in more:
        hint = near_miss(key, RESERVED, most=1)
        if hint and key not in known and _close(key):
            message = (
                f"'{key}' is no option of generate.{hint} Nothing was sent.\n"
                f"If the model has such a setting, give it as settings={{'{key}': ...}}."
            )
            raise InvalidCall(message)
        if settings is not None and key in settings:
            message = f"the setting '{key}' is given twice. Nothing was sent."
            raise InvalidCall(message)
    return {**(settings or {}), **more}


def _close(key: str) -> bool:
    """Whether a word is one slip of the pen away from a reserved one (a longer word that contains one is not)."""
    return any(abs(len(key) - len(word)) <= 2 and key[:1] == word[:1] for word in RESERVED)


def input_images(images: Any, store: MediaStore) -> tuple[InputImage, ...]:
    """Return the input images of a call, with the bytes of local ones kept.

    Args:
        images: None, one image, a list of images, or ``{field: image or list}``.
        store: Where the bytes are kept, so that a later kernel can send them.

    Raises:
        InvalidImage: One is missing, unreadable, or no image.
    """
    if images is None:
        return ()
    if isinstance(images, dict):
        found: list[InputImage] = []
        for field, value in images.items():
            several = isinstance(value, list | tuple)
            found += [_image(one, store, str(field), listed=several) for one in (value if several else [value])]
        return tuple(found)
    given = images if isinstance(images, list | tuple) else [images]
    return tuple(_image(one, store, None, listed=True) for one in given)


def _image(value: Any, store: MediaStore, field: str | None, *, listed: bool) -> InputImage:
    """Return one input image."""
    from notebookgen.media import read_image  # noqa: PLC0415 - loads Pillow when an image is given

    read = read_image(value)
    if read.url is not None:
        return InputImage(field=field, url=read.url, listed=listed)
    data = read.data or b""
    return InputImage(field=field, sha256=store.keep_input(data), mime=read.mime, size=len(data), listed=listed)


def ask(
    prompt: object,
    *,
    realm: Realm,
    provider: Provider,
    model_id: str,
    model: Model | None,
    settings: Mapping[str, Any],
    images: Iterable[InputImage] = (),
    kind: Kind | None = None,
) -> Generation:
    """Return the generation as it will be sent.

    Raises:
        InputError: The prompt, a setting or an image cannot be sent as it is; the message names what can.
    """
    if not isinstance(prompt, str):
        message = f"the prompt is a {type(prompt).__name__}, not text. Nothing was sent."
        raise InvalidPrompt(message)
    text = plain_text(prompt)
    if not text and (model.prompt_required if model is not None else not provider.is_app(model_id)):
        message = "the prompt is empty. Nothing was sent. Write what you want to see below the %%generate line."
        raise InvalidPrompt(message)
    if not text.isprintable() and any(ord(one) < 32 and one not in "\n\t" for one in text):
        message = "the prompt holds control characters, which no provider takes. Nothing was sent. Remove them."
        raise InvalidPrompt(message)
    asked = Generation(
        realm=realm,
        model=model_id,
        prompt=text,
        settings={str(key): json_value(value, str(key)) for key, value in settings.items()},
        images=tuple(images),
        kind=kind or (model.kind if model is not None else None),
    )
    prepared = provider.prepare(asked, model)
    return prepared if prepared.kind is not None or model is None else replace(prepared, kind=model.kind)
