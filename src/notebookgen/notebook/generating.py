"""One ``%%generate``, from what was written to the result: everything between the line and the client lives here."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notebookgen.errors import (
    InvalidCall,
    InvalidImage,
    InvalidPrompt,
    NotebookgenError,
    NotWritable,
    ProviderError,
    TransportError,
    UnknownModel,
    near_miss,
)
from notebookgen.notebook import sources
from notebookgen.notebook.arguments import typed
from notebookgen.notebook.interpolation import interpolate, variable
from notebookgen.notebook.progress import ensure_follower, quietly

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookgen.client import Client
    from notebookgen.jobs.quote import Quote
    from notebookgen.notebook.arguments import Call
    from notebookgen.records import Model
    from notebookgen.results import Result, Results

__all__ = ["client", "generated"]


def generated(call: Call, shell: Any) -> Quote | Result | Results | None:
    """Do what one ``%%generate`` asks for.

    Args:
        call: What was written.
        shell: The IPython shell, for its variables.
    """
    names: Mapping[str, object] = shell.user_ns
    prompt = interpolate(call.prompt, names)
    if not prompt.strip():
        message = "the prompt is empty. Write it below the %%generate line. Nothing was sent."
        raise InvalidPrompt(message)
    _check_place(call.save)
    options = {**_asked(call, names), "tag": call.tag}
    if call.dry_run:
        return _quoted(client().quote(prompt, **options), call)
    ensure_follower()
    options |= {
        "samples": call.samples,
        "budget": call.budget,
        "fresh": call.fresh,
        "background": call.background,
        "timeout": call.timeout,
    }
    if call.quiet:
        with quietly():
            result = client().generate(prompt, **options)
    else:
        result = client().generate(prompt, **options)
    if call.out is not None:
        shell.push({call.out: result})
    if call.save is not None:
        result.save(call.save)
    if not sources.remembered():
        with suppress(NotebookgenError):  # what was paid for is never lost for the sake of Tab
            sources.remember(client().find_models())
    return None if call.quiet else result


def client() -> Client:
    """Return the client behind ``ng.generate``; it is loaded at the first use."""
    from notebookgen.client import default_client  # noqa: PLC0415 - `%load_ext` loads nothing heavy

    return default_client()


def _asked(call: Call, names: Mapping[str, object]) -> dict[str, Any]:
    """Return model, kind, settings and images as the client takes them."""
    held = variable(call.model or "")
    name = call.model if held is None else str(_held(held, names, "-m"))
    model = _record(name, call.kind) if call.settings else None
    settings = {
        one.key: typed(one, model.setting(one.key) if model else None)
        if one.variable is None
        else _held(one.variable, names, f"-s {one.key}")
        for one in call.settings
    }
    return {"model": name, "kind": call.kind, "settings": settings or None, "images": _images(call, names)}


def _record(name: str | None, kind: str | None) -> Model | None:
    """Return what is known of the model, which says of what type its settings are; None where nobody knows it."""
    from notebookgen.jobs.choosing import SANDBOX_MODELS  # noqa: PLC0415 - loaded with the client

    asked = client()
    wanted = name or asked.settings.model or f"armox:{SANDBOX_MODELS[kind or 'image']}"
    try:
        return asked.model(wanted)
    except UnknownModel:
        return None
    except (ProviderError, TransportError):  # no live list just now: the one that was kept will do
        return next((one for one in asked.find_models() if wanted in {str(one), one.id}), None)


def _images(call: Call, names: Mapping[str, object]) -> Any:
    """Return the input images: a list, or by field where fields are named."""
    given: list[tuple[str | None, Any]] = []
    for one in call.images:
        value = one.text if one.variable is None else _held(one.variable, names, "-i")
        if value is None:
            message = f"-i {one.text} is None, not an image. Nothing was sent."
            raise InvalidImage(message)
        several = isinstance(value, list | tuple) and one.variable is not None
        given += [(one.field, each) for each in (value if several else [value])]
    fields = {field for field, _ in given}
    if fields <= {None}:
        return [value for _, value in given] or None
    if None in fields:
        message = "some -i name a field and some do not. Name it for each of them: -i FIELD=IMAGE"
        raise InvalidCall(message)
    found: dict[str, Any] = {}
    for field, value in given:
        key = str(field)
        if key not in found:
            found[key] = value
        else:
            found[key] = [*(found[key] if isinstance(found[key], list) else [found[key]]), value]
    return found


def _held(name: str, names: Mapping[str, object], flag: str) -> Any:
    """Return what a variable holds.

    Raises:
        InvalidCall: There is no such variable.
    """
    if name not in names:
        known = [one for one in names if not one.startswith("_")]
        message = f"{flag} {{{name}}} names no variable.{near_miss(name, known)} Nothing was sent."
        raise InvalidCall(message)
    return names[name]


def _check_place(save: str | None) -> None:
    """Refuse a place that cannot be written before anything is paid for.

    Raises:
        InvalidCall: A file is in the way.
        NotWritable: There are no rights.
    """
    if save is None:
        return
    target = Path(save).expanduser().absolute()
    there = next((place for place in (target, *target.parents) if place.exists()), target)
    if not there.is_dir() and (there != target or not target.suffix):
        message = f"--save {save}: {there} is a file, not a folder. Nothing was sent."
        raise InvalidCall(message)
    if not os.access(there, os.W_OK):
        message = f"--save {save}: {there} cannot be written. Nothing was sent; give another folder."
        raise NotWritable(message)


def _quoted(quote: Quote, call: Call) -> Quote:
    """Return the quote, with what it says for several samples."""
    if call.samples == 1:
        return quote
    note = f"samples   {call.samples}: that price for each one that is not there yet"
    return replace(quote, notes=(*quote.notes, note))
