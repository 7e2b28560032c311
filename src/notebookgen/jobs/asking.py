"""From a call's arguments to a generation: the prompt, the settings, the images, all checked before anything is sent."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Real
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from notebookgen.errors import InvalidCall, InvalidPrompt, InvalidSetting, near_miss
from notebookgen.normal import is_whole, json_key, json_value, plain_text, shown_value
from notebookgen.records import Generation, InputImage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from notebookgen.media import MediaStore
    from notebookgen.providers import Provider
    from notebookgen.records import Kind, Model, Realm

__all__ = [
    "RESERVED",
    "are_several",
    "ask",
    "check_options",
    "check_slip",
    "check_texts",
    "gather_settings",
    "input_images",
    "on_this_machine",
]

NEARLY = 0.85  # how alike two names are that differ by a slip of the pen
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


def check_options(*, model: object, kind: object, settings: object, timeout: object = None, tag: object = None) -> None:
    """Check the kinds of what a call says beside its prompt, before anything is sent or written.

    Raises:
        InvalidCall: One of them is nothing that could be meant.
    """
    for name, value, fits, wanted in (
        ("model", model, isinstance(model, str), "text such as 'armox:google/nano-banana'"),
        ("kind", kind, isinstance(kind, str), "text such as 'image'"),
        ("settings", settings, isinstance(settings, Mapping), "a dictionary such as {'aspect_ratio': '16:9'}"),
        ("timeout", timeout, _is_wait(timeout), "a number of seconds above 0"),
        ("tag", tag, isinstance(tag, str) and is_whole(tag), "text of whole characters, to be kept in the ledger"),
    ):
        if value is not None and not fits:
            message = f"{name}={shown_value(value)} makes no sense. Nothing was sent. Give {wanted}."
            raise InvalidCall(message)


def _is_wait(value: object) -> bool:
    """Whether a value is a number of seconds above 0 (without end, too) that a clock can be asked for."""
    try:
        return not isinstance(value, bool) and isinstance(value, Real) and float(value) > 0
    except (OverflowError, ValueError):  # a whole number that no float holds
        return False


def check_texts(*, needed: Collection[str] = (), **given: object) -> None:
    """Check that what a call names by an id or a name is text, or left out.

    Args:
        needed: What cannot be left out.
        **given: What was given.

    Raises:
        InvalidCall: It is something else, such as a result in the place of its id.
    """
    for name, value in given.items():
        if not isinstance(value, str) and (value is not None or name in needed):
            message = f"{name} takes text, and got a value of the type {type(value).__name__}. Nothing was sent."
            raise InvalidCall(message)
        if isinstance(value, str) and not is_whole(value):
            message = f"{name}={shown_value(value)} holds half a character, and names nothing. Nothing was sent. Type it again."
            raise InvalidCall(message)


def gather_settings(
    settings: Mapping[str, Any] | None, more: Mapping[str, Any], models: Iterable[Model]
) -> dict[str, Any]:
    """Return the settings of a call: the dictionary's and the keywords'.

    Args:
        settings: The dictionary.
        more: The keywords.
        models: Whose settings are real words and no slips: the model, or where it is not known its provider's others.

    Raises:
        InvalidCall: A keyword is nearly a reserved name, or stands in both.
        InvalidSetting: A keyword is nearly a setting of the one model.
    """
    models = list(models)
    known = {one.key for model in models for one in model.settings}
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
        if len(models) == 1:
            check_slip(key, models[0])
    return {**(settings or {}), **more}


def check_slip(key: str, model: Model) -> None:
    """Refuse a setting that is nearly one of the model's: most likely it would be ignored, and paid for.

    Raises:
        InvalidSetting: It is; the message says how to send it all the same.
    """
    known = {one.key for one in model.settings}
    close = [] if key in known else difflib.get_close_matches(key, sorted(known), n=1, cutoff=NEARLY)
    if close:
        message = (
            f"{model} is not known to take '{key}'. Did you mean '{close[0]}'? Nothing was sent.\n"
            f"To send it all the same: settings={{'{key}': ...}}"
        )
        raise InvalidSetting(message)


def _close(key: str) -> bool:
    """Whether a word is one slip of the pen away from a reserved one (a longer word that contains one is not)."""
    return any(abs(len(key) - len(word)) <= 2 and key[:1] == word[:1] for word in RESERVED)


def input_images(images: Any, store: MediaStore, *, near: bool = False) -> tuple[InputImage, ...]:
    """Return the input images of a call, with the bytes of local ones kept.

    Args:
        images: None, one image, a list of images, or ``{field: image or list}``.
        store: Where the bytes are kept, so that a later kernel can send them.
        near: Whether the provider is on this machine, so that it can read addresses of this machine.

    Raises:
        InvalidImage: One is missing, unreadable, or no image.
    """
    if images is None:
        return ()
    if isinstance(images, dict):
        found: list[InputImage] = []
        for field, value in images.items():
            several = are_several(value)
            found += [
                _image(one, store, str(field), listed=several, near=near) for one in (value if several else [value])
            ]
        return tuple(found)
    given = images if are_several(images) else [images]
    return tuple(_image(one, store, None, listed=True, near=near) for one in given)


def are_several(value: object) -> bool:
    """Whether what was given for an image is a list of images, ``Results`` among them."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray | memoryview)


def _image(value: Any, store: MediaStore, field: str | None, *, listed: bool, near: bool) -> InputImage:
    """Return one input image."""
    from notebookgen.media import read_image  # noqa: PLC0415 - loads Pillow when an image is given

    read = read_image(value)
    if read.url is not None:
        return InputImage(field=field, url=read.url, listed=listed)
    data = read.data or b""
    sha256 = store.keep_input(data)
    return InputImage(
        field=field,
        sha256=sha256,
        origin=origin_of(value, sha256, near=near),
        mime=read.mime,
        size=len(data),
        listed=listed,
    )


def origin_of(value: Any, sha256: str, *, near: bool) -> str | None:
    """Return where a result's file can still be read; an address of this machine helps only services of this machine.

    Args:
        value: What was given as an image.
        sha256: Hash of the bytes that it holds now; where they are not what came from there, that address is none of theirs.
        near: Whether the provider is on this machine.
    """
    url, assets = getattr(value, "url", None), getattr(value, "assets", ())
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        return None
    if not assets or assets[0].sha256 != sha256:
        return None
    return url if near or not on_this_machine(url) else None


def on_this_machine(url: str) -> bool:
    """Whether an address is of the loopback range."""
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


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
        message = f"the prompt is of type {type(prompt).__name__}, not text. Nothing was sent."
        raise InvalidPrompt(message)
    text = plain_text(prompt)
    if not text and (model.prompt_required if model is not None else not provider.is_app(model_id)):
        message = "the prompt is empty. Nothing was sent. Write what you want to see."
        raise InvalidPrompt(message)
    if not text.isprintable() and any(ord(one) < 32 and one not in "\n\t" for one in text):
        message = "the prompt holds control characters, which no provider takes. Nothing was sent. Remove them."
        raise InvalidPrompt(message)
    asked = Generation(
        realm=realm,
        model=model_id,
        prompt=text,
        settings={(name := json_key(key)): json_value(value, name) for key, value in settings.items()},
        images=tuple(images),
        kind=kind or (model.kind if model is not None else None),
    )
    try:
        prepared = provider.prepare(asked, model)
        if prepared.kind is None and model is not None:
            prepared = replace(prepared, kind=model.kind)
        _ = prepared.id  # every text goes into it
    except UnicodeEncodeError as error:  # a lone surrogate: half of a character, as a cut text has it
        message = "the prompt, a setting or an address holds half a character, which cannot be sent. Nothing was sent."
        raise InvalidPrompt(f"{message} Write it again.") from error
    return prepared
