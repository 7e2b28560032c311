"""One ``%%generate``, from what was written to the result: everything between the line and the client lives here."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from notebookgen.errors import InvalidCall, InvalidPrompt, NotebookgenError, NotWritable, Stopped
from notebookgen.ledger.filesystem import at_home, why_not_writable
from notebookgen.notebook import sources
from notebookgen.notebook.background import watch
from notebookgen.notebook.candidates import made
from notebookgen.notebook.framed import frame_of
from notebookgen.notebook.interpolation import interpolate
from notebookgen.notebook.progress import ensure_follower, follow, quietly
from notebookgen.notebook.retrying import remember_run
from notebookgen.notebook.spoken import in_flags
from notebookgen.notebook.values import Scope, asked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookgen.client import Client
    from notebookgen.frames.plan import Plan
    from notebookgen.jobs.handle import RunHandle
    from notebookgen.jobs.quote import Quote
    from notebookgen.notebook.arguments import Call
    from notebookgen.results import Result, Results

T = TypeVar("T", "Result", "Results", "Result | Results")

__all__ = ["client", "generated"]


def generated(call: Call, shell: Any) -> Plan | Quote | Result | Results | None:
    """Do what one ``%%generate`` asks for.

    Args:
        call: What was written.
        shell: The IPython shell, for its variables.
    """
    names: Mapping[str, object] = shell.user_ns
    own = made(names, shell.user_ns_hidden)
    _check_place(call)
    if call.over is not None:
        _check_prompt(call, call.prompt)
        return over(call, Scope(names, own), shell)
    prompt = interpolate(call.prompt, names)
    _check_prompt(call, prompt)
    options = {**asked(call, Scope(names, own), client), "tag": call.tag}
    options |= {
        "samples": call.samples,
        "budget": call.budget,
        "max_new": call.max_new,
        "fresh": call.fresh,
        "background": call.background,
        "timeout": call.timeout,
    }
    if call.dry_run:
        quote = client().quote(prompt, **options)
        return replace(quote, notes=tuple(map(in_flags, quote.notes)))
    ensure_follower()
    with quietly() if call.quiet or call.background else nullcontext():
        result = client().generate(prompt, **options)
    result.handle.retell = in_flags
    result.handle.name = call.out or "_"
    if call.samples > 1:
        remember_run(cast("Results", result))
    if call.background and not call.quiet:
        watch(result)
    if call.out is not None:
        shell.push({call.out: result})
    return _kept(call, result)


def over(call: Call, scope: Scope, shell: Any) -> Plan | Results | None:
    """Do what one ``%%generate --over`` asks for.

    The run is begun before it is waited for, so that ``-o`` holds it also where Stop ends the wait.

    Args:
        call: What was written.
        scope: The notebook's variables.
        shell: The IPython shell, where ``-o`` is put.
    """
    frame = frame_of(str(call.over), scope.names, scope.own)
    from notebookgen.frames.reading import is_lazy, read_frame  # noqa: PLC0415 - Polars loads when a frame is given

    rows = read_frame(frame)
    scope = replace(scope, columns=rows.columns)
    options = {
        **asked(call, scope, client),
        "samples": call.samples,
        "budget": call.budget,
        "max_new": call.max_new,
        "concurrency": call.concurrency,
        "fresh": call.fresh,
        "tag": call.tag,
        "prefix": call.prefix or "gen_",
        "variables": dict(scope.own),
    }
    frame = rows if is_lazy(frame) else frame  # a query is asked once
    ensure_follower()
    if call.dry_run:
        plan = client().plan(frame, call.prompt, **options)
        plan.retell = in_flags
        return plan
    with quietly(planning=not call.quiet):  # it is shown below, once it speaks in flags
        results = client().map(frame, call.prompt, background=True, **options)
    results.handle.retell = in_flags
    remember_run(results)
    results.handle.name = call.out or "_"  # for what says how to see more of it
    if call.out is not None:
        shell.push({call.out: results})
    if not call.background:
        _wait(results.handle, call)
    elif not call.quiet:
        watch(results)
    return _kept(call, results)


def _wait(handle: RunHandle, call: Call) -> None:
    """Wait for a run, shown unless that is not wanted."""
    limit = call.timeout if call.timeout is not None else client().settings.timeout
    try:
        with quietly() if call.quiet else nullcontext():
            follow(handle, limit)
    except Stopped:
        raise
    except KeyboardInterrupt:  # it came between two steps of the follower
        raise Stopped(handle.stop()) from None


def client() -> Client:
    """Return the client behind ``ng.generate``; it is loaded at the first use."""
    from notebookgen.client import default_client  # noqa: PLC0415 - `%load_ext` loads nothing heavy

    return default_client()


def _kept(call: Call, result: T) -> T | None:
    """Copy the files where that is wanted, and return what the cell shows."""
    if call.save is not None:
        _save(call, result)
    if not sources.remembered():
        with suppress(NotebookgenError):  # what was paid for is never lost for the sake of Tab
            sources.remember(client().find_models())
    return None if call.quiet else result


def _save(call: Call, result: Result | Results) -> None:
    """Copy the files; what did not go as it was meant is told, since the cell shows the result itself."""
    wanted = False if call.no_provenance else None
    place = at_home(str(call.save))
    alone = call.over is None and call.samples == 1
    if alone and place.suffix and not place.is_dir():
        result.save(place, provenance=wanted)
        return
    results = cast("Results", cast("Result", result).results if alone else result)
    saved = results.save(place, provenance=wanted)
    for note in saved.notes:
        print(note)  # noqa: T201 - a cell's own words, beside its result


def _check_prompt(call: Call, prompt: str) -> None:
    """Refuse an empty prompt; some models take a picture alone, and their own list says so.

    Raises:
        InvalidPrompt: There is none.
    """
    if not prompt.strip() and call.model is None:
        message = (
            "the prompt is empty. Nothing was sent. Write below the %%generate line what you want to see, such as:\n"
            "%%generate\nA red fox in the snow\nWhat can be added: %generate help"
        )
        raise InvalidPrompt(message)


def _check_place(call: Call) -> None:
    """Refuse a place that cannot be written before anything is paid for.

    Raises:
        InvalidCall: A file is in the way, or it is nobody's home.
        NotWritable: There are no rights.
    """
    if call.save is None:
        return
    save = str(call.save)
    target = at_home(save).absolute()
    there = next((place for place in (target, *target.parents) if place.exists()), target)
    alone = call.over is None and call.samples == 1
    if not there.is_dir() and (there != target or not target.suffix or not alone):
        message = f"--save {save}: {there} is a file, not a folder. Nothing was sent."
        raise InvalidCall(message)
    why = why_not_writable(target.parent if alone and target.suffix and not target.is_dir() else target)
    if why:
        message = f"--save {save}: {there} cannot be written ({why}). Nothing was sent; give another folder."
        raise NotWritable(message)
