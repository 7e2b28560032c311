"""Which field an input image belongs in, and whether that field takes one or a list: everything about placing images.

The model's own schema decides; where it is silent, whether the user gave a list does.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from notebookgen.errors import InvalidImage
from notebookgen.providers.checks import IMAGE_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookgen.records import Generation, InputImage, Model, Setting

__all__ = ["image_fields", "only_public", "placed"]

# Fields that take an address and are not what "an image to start from" means.
OTHER = re.compile(r"mask|video|audio|last_|motion|callback|webhook", re.IGNORECASE)


def placed(generation: Generation, model: Model | None, *, silent: tuple[str, str]) -> tuple[InputImage, ...]:
    """Return the images, each with its field, and ``listed`` saying whether that field is sent as a list.

    Args:
        generation: What is asked for. An image's own field wins; doing this twice changes nothing.
        model: What is known of its model.
        silent: The fields for one image and for a list, where the model's schema names none.

    Raises:
        InvalidImage: More than the field takes, or a field given twice.
    """
    loose = [image for image in generation.images if image.field is None]
    own = _own_field(model, loose) if loose else None
    field = own.key if own is not None else silent[1 if len(loose) != 1 or loose[0].listed else 0]
    always_list = own is None and field.endswith("urls")  # a field of that name takes no single address
    assigned = [
        image if image.field is not None else replace(image, field=field, listed=image.listed or always_list)
        for image in generation.images
    ]
    counts: dict[str | None, int] = {}
    for image in assigned:
        counts[image.field] = counts.get(image.field, 0) + 1
    shapes = {image.field: _takes_list(image, assigned, model, generation.full_model) for image in assigned}
    for name in counts:
        if name is not None and name in generation.settings:
            message = (
                f"'{name}' of {generation.full_model} was given twice: as an image and as a setting. Nothing was sent."
            )
            raise InvalidImage(message)
    return tuple(replace(image, listed=shapes[image.field]) for image in assigned)


def image_fields(images: tuple[InputImage, ...], sources: Mapping[str, str]) -> dict[str, object]:
    """Return the fields to send: for each one a text, or a list of texts, from ``sources`` by the image's key."""
    lists: dict[str, list[str]] = {}
    single: dict[str, object] = {}
    for image in images:
        name, text = image.field or "", sources[image.key]
        if image.listed:
            lists.setdefault(name, []).append(text)
        else:
            single[name] = text
    return {**single, **lists}


def only_public(image: InputImage, title: str) -> None:
    """Refuse an image that a service which takes public addresses alone cannot read.

    Raises:
        InvalidImage: It is a file of this machine, or its address is no http(s) address.
    """
    if image.address is not None and re.match(r"https?://\S+$", image.address, re.IGNORECASE):
        return
    what = f"'{image.url[:60]}'" if image.url is not None else "this one is a file of this machine"
    message = (
        f"{title} takes images by their public address only, and {what}"
        f"{' is none' if image.url is not None else ''}. Nothing was sent.\n"
        "Put the picture where the web can read it and give its address: images=['https://...']"
    )
    raise InvalidImage(message)


def _own_field(model: Model | None, loose: list[InputImage]) -> Setting | None:
    """Return the model's field for these images, or None where its schema names none that would do."""
    own = [one for one in (model.settings if model else ()) if one.type in IMAGE_TYPES and not OTHER.search(one.key)]
    many = [one for one in own if one.type == "array<url>"]
    if len(loose) > 1:
        return many[0] if many else None
    local = loose[0].url is None
    order = ("image", "url", "array<url>") if local else ("url", "array<url>", "image")
    for kind in order:
        found = next((one for one in own if one.type == kind), None)
        if found is not None:
            return found
    return None


def _takes_list(image: InputImage, assigned: list[InputImage], model: Model | None, name: str) -> bool:
    same = [one for one in assigned if one.field == image.field]
    known = model.setting(image.field or "") if model is not None else None
    if known is None or known.type not in IMAGE_TYPES | {"array"}:
        return len(same) > 1 or image.listed
    if known.type in {"url", "image"}:
        if len(same) > 1:
            message = (
                f"{name} takes one image in '{image.field}', not {len(same)}. Nothing was sent. Leave the others out."
            )
            raise InvalidImage(message)
        return False
    low, high = known.minimum or 0, known.maximum
    if len(same) < low or (high is not None and len(same) > high):
        allowed = f"at most {high:g}" if high is not None and len(same) > high else f"at least {low:g}"
        message = f"{name} takes {allowed} images in '{image.field}', not {len(same)}. Nothing was sent."
        raise InvalidImage(message)
    return True
