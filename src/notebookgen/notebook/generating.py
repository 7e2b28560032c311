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
from notebookgen.notebook.candidates import made, pictures
from notebookgen.notebook.interpolation import interpolate, variable
from notebookgen.notebook.progress import ensure_follower, quietly
from notebookgen.notebook.spoken import in_flags

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
    if not prompt.strip() and call.model is None:  # some models take a picture alone: their own list says so
        message = (
            "the prompt is empty. Nothing was sent. Write below the %%generate line what you want to see, such as:\n"
            "%%generate\nA red fox in the snow\nWhat can be added: %generate help"
        )
        raise InvalidPrompt(message)
    _check_place(call.save)
    options = {**_asked(call, names, made(names, shell.user_ns_hidden)), "tag": call.tag}
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
    result.handle.retell = in_flags
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


def _asked(call: Call, names: Mapping[str, object], own: Mapping[str, object]) -> dict[str, Any]:
    """Return model, kind, settings and images as the client takes them.

    Args:
        call: What was written.
        names: All variables.
        own: Those that a person made, for near misses.
    """
    from notebookgen.jobs.asking import check_slip  # noqa: PLC0415 - loaded with the client

    held = variable(call.model or "")
    name = call.model if held is None else str(_held(held, names, "-m", own))
    model = _record(name, call.kind) if call.settings else None
    for one in call.settings:
        if model is not None and not one.sure:
            check_slip(one.key, model)
    settings = {
        one.key: typed(one, model.setting(one.key) if model else None)
        if one.variable is None
        else _held(one.variable, names, f"-s {one.key}", own)
        for one in call.settings
    }
    return {"model": name, "kind": call.kind, "settings": settings or None, "images": _images(call, names, own)}


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


def _images(call: Call, names: Mapping[str, object], own: Mapping[str, object]) -> Any:
    """Return the input images: a list, or by field where fields are named."""
    from notebookgen.jobs.asking import are_several  # noqa: PLC0415 - loaded with the client

    given: list[tuple[str | None, Any]] = []
    for one in call.images:
        value = one.text if one.variable is None else _held(one.variable, names, "-i", pictures(own))
        if value is None:
            message = f"-i {one.text} is None, not an image. Nothing was sent."
            raise InvalidImage(message)
        several = one.variable is not None and are_several(value)
        if several and not value:
            message = f"-i {one.text} is empty, so that there is no image in it. Nothing was sent."
            raise InvalidImage(message)
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


def _held(name: str, names: Mapping[str, object], flag: str, known: Iterable[str]) -> Any:
    """Return what a variable holds.

    Args:
        name: The variable.
        names: All there are.
        flag: Where it is named.
        known: Which ones could be meant, for a near miss.

    Raises:
        InvalidCall: There is no such variable.
    """
    if name not in names:
        message = f"{flag} {{{name}}} names no variable.{near_miss(name, known)} Nothing was sent. Assign {name} first."
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
    """Return the quote, with what it says for a fresh one, for several samples and for the budget."""
    from notebookgen.jobs.budget import parse_budget  # noqa: PLC0415 - loaded with the client

    if call.fresh and quote.state != "new":
        quote = replace(quote, state="new")
    notes = list(quote.notes)
    if call.samples > 1:
        which = "each of them" if call.fresh else "each one that is not there yet"
        notes.append(f"samples   {call.samples}: that price for {which}")
    budget, cost = parse_budget(call.budget), quote.cost
    if budget.finite and quote.state == "new":
        cap = budget.cap(cost.unit)
        if cap is None or cost.amount is None or cap < cost.amount:
            notes.append(f"budget    {budget}: does not cover it, nothing would be sent")
        elif cap < cost.amount * call.samples:
            notes.append(f"budget    {budget}: covers {int(cap // cost.amount)} of {call.samples}")
    return replace(quote, notes=tuple(notes))
