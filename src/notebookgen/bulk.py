"""``map`` and ``plan``: from a call over a frame to a run, and from a run back to the frame."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from notebookgen.errors import InvalidCall, near_miss
from notebookgen.frames.output import joined
from notebookgen.frames.plan import Plan, plan_of
from notebookgen.frames.reading import same
from notebookgen.frames.table import read_table
from notebookgen.frames.wanted import Wanted
from notebookgen.jobs.asking import check_options
from notebookgen.jobs.budget import MOST_NEW, parse_budget
from notebookgen.jobs.capping import caps_left, with_unit
from notebookgen.jobs.clock import SystemClock
from notebookgen.jobs.delivered import Delivered
from notebookgen.jobs.durations import usual
from notebookgen.jobs.recalling import recalled
from notebookgen.jobs.runs import LargeRun
from notebookgen.jobs.surveying import Fate, Left
from notebookgen.jobs.wishing import Asker, check_samples
from notebookgen.ledger.reader import Reader
from notebookgen.normal import shown_value
from notebookgen.results import Results
from notebookgen.results.begun import begun_as, under_way

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import polars as pl

    from notebookgen.jobs.capping import CapLeft
    from notebookgen.jobs.handle import RunHandle
    from notebookgen.jobs.house import House
    from notebookgen.jobs.settling import Word
    from notebookgen.jobs.states import State
    from notebookgen.jobs.ticket import Lane
    from notebookgen.records import Generation
    from notebookgen.results.begun import Begun

__all__ = ["Options", "begin", "make_plan"]

AMBIGUOUS = ("hold", "resubmit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a call over a frame says beside its frame and prompt; see ``Client.map``."""

    model: Any = None
    images: Any = None
    samples: Any = 1
    budget: Any = None
    max_new: Any = None
    fresh: bool = False
    background: bool = False
    timeout: float | None = None
    concurrency: Any = None
    prefix: Any = "gen_"
    row_id: Any = None
    tag: str | None = None
    on_ambiguous: Any = "hold"
    kind: str | None = None
    settings: Any = None
    variables: Mapping[str, object] | None = None


def make_plan(
    house: House,
    choose: Callable[[str | None, Any], tuple[Lane, str]],
    frame: Any,
    prompt: Any,
    options: Options,
    more: Mapping[str, Any],
    *,
    send: Callable[[Plan, Options], Results],
    tick: Callable[[int, int], None],
    balances: Callable[[Sequence[Lane]], Mapping[str, str]] | None = None,
) -> Plan:
    """Return what a call over a frame would send.

    Args:
        house: The home folder's engine, media and model lists.
        choose: Returns the way to the provider that a model's name means, and its id there.
        frame: The rows.
        prompt: A template or an expression.
        options: What else is said.
        more: Settings that were given as keywords.
        send: Sends a plan.
        tick: Is told how many rows are planned, of how many.
        balances: Asks accounts what they have left; None where nobody wants to know.

    Raises:
        InputError: Something of it cannot be meant. Nothing was sent.
    """
    constant = options.model if isinstance(options.model, str | None) else None
    check_options(
        model=constant, kind=options.kind, settings=options.settings, timeout=options.timeout, tag=options.tag
    )
    _check_bulk(options)
    samples = check_samples(options.samples)
    budget = parse_budget(options.budget, max_new=options.max_new)
    twice = sorted(set(options.settings or {}) & set(more))
    if twice:
        message = f"the setting '{twice[0]}' is given twice. Nothing was sent."
        raise InvalidCall(message)
    table = read_table(
        frame,
        prompt,
        model=options.model,
        images=options.images,
        settings={**(options.settings or {}), **more},
        row_id=options.row_id,
        prefix=options.prefix,
        variables=options.variables,
    )
    wanted = Wanted(
        table,
        asker_for=lambda name: Asker(house, *choose(name, options.kind)),
        media=house.media,
        samples=samples,
        fresh=options.fresh,
        kind=options.kind,
        keywords=more,
    )
    places = house.settings.concurrency
    reader = Reader(house.settings.home)
    return plan_of(
        house,
        table,
        wanted,
        budget,
        reader,
        tick,
        run=lambda plan: send(plan, options),
        seconds=usual_seconds(reader, wanted),
        concurrency=min(options.concurrency or places, places),
        caps=_caps(house, wanted),
        balances=balances([one.lane for one in wanted.askers]) if balances is not None else {},
    )


def _caps(house: House, wanted: Wanted) -> list[CapLeft]:
    """Return what is left by the caps that bind a run; play money is not counted."""
    found: dict[CapLeft, None] = {}
    for one in wanted.askers:
        if not one.lane.realm.sandbox:
            more = with_unit(house.settings.total_budget, one.lane.provider.unit)
            found |= dict.fromkeys(caps_left(house.settings.home, more, one.lane.provider.name, SystemClock().now()))
    return list(found)


def usual_seconds(reader: Reader, wanted: Wanted) -> dict[str, float]:
    """Return how long a job of each model usually takes, where the ledger knows."""
    known = {
        one.name: usual(reader.lasted(one.lane.realm, one.model_id), one.lane.realm, wanted.kind)
        for one in wanted.askers
    }
    return {model: seconds for model, seconds in known.items() if seconds is not None}


def _check_bulk(options: Options) -> None:
    """Check what only a call over a frame can say.

    Raises:
        InvalidCall: One of it is nothing that could be meant.
    """
    count = options.concurrency
    if count is not None and (not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST_NEW):
        message = f"concurrency={shown_value(count)} makes no sense. Nothing was sent. Give a whole number from 1."
        raise InvalidCall(message)
    if options.on_ambiguous not in AMBIGUOUS:
        hint = near_miss(str(options.on_ambiguous), AMBIGUOUS) if isinstance(options.on_ambiguous, str) else ""
        message = (
            f"on_ambiguous={shown_value(options.on_ambiguous)} makes no sense.{hint} Nothing was sent.\n"
            "Give 'hold' (wait for a person) or 'resubmit' (send again, and risk a second charge)."
        )
        raise InvalidCall(message)
    if options.settings is not None and not isinstance(options.settings, Mapping):
        message = "settings takes a dictionary such as {'aspect_ratio': '16:9'}. Nothing was sent."
        raise InvalidCall(message)


def begin(
    house: House,
    plan: Plan,
    options: Options,
    *,
    notebook: str | None,
    go_on: Callable[[RunHandle, Callable[[], None]], None],
    cancel: Callable[[str], list[str]],
    resolve: Callable[[RunHandle, list[int], Word], None],
) -> Results:
    """Send what was planned; what the same call has begun in the background, and is under way, is not sent again.

    Args:
        house: The home folder's engine.
        plan: What is to be sent; it was checked.
        options: What else was said.
        notebook: The notebook's name, for the ledger.
        go_on: Begins again with a run that was over, and waits for it.
        cancel: Cancels at the provider what begins with an id.
        resolve: Settles ambiguous rows of a run, and waits for them.
    """
    table, samples = plan.table, plan.wanted.samples
    key = _run_key(house, plan, options)
    begun = _under_way(key, plan) if options.background else None
    if begun is not None and begun.more.table.prefix == table.prefix and same(begun.more.table.frame, table.frame):
        return begun.given
    large = large_run(plan, options, house.settings.home, notebook)
    # Columns of which nothing is made may be others now: the same run, beside the rows that are asked for this time.
    handle = house.engine.start_many(large) if begun is None else begun.given.handle

    def join(gen: pl.DataFrame, places: Sequence[int] | None) -> pl.DataFrame:
        return joined(table.frame, gen, samples, table.prefix, places=places)

    def retry(indices: list[int]) -> None:
        go_on(handle, lambda: house.engine.retry(handle, indices, large))

    results = Results(handle, cancel, join=join, retry=retry, resolve=resolve, labels=table.labels)
    if options.background:
        begun_as(key, results, house, plan)
    return results


def _run_key(house: House, plan: Plan, options: Options) -> str:
    """Return what makes a call the same as another one: what its rows ask for, in their order, and what was said beside."""
    said = (house.settings.home, plan.wanted.samples, plan.wanted.fresh, plan.budget, options.concurrency, options.tag)
    told = hashlib.sha256(bytes(plan.survey.ids))
    told.update(repr((*said, options.on_ambiguous)).encode())
    return told.hexdigest()


def _under_way(key: str, plan: Plan) -> Begun[Results] | None:
    """Return the run that the same call has begun in the background, where it is still under way."""
    found = under_way(key)
    return found if found is not None and _unsent(found.more) == _unsent(plan) else None


def _unsent(plan: Plan) -> list[tuple[int, State, Generation, str]]:
    """Return the rows that are never sent, which have no id to be known by."""
    rows = dict.fromkeys(index // plan.wanted.samples for index in plan.survey.having(Fate.SKIPPED, Fate.INVALID))
    left = ((row, plan.wanted.part(row, row + 1)[0]) for row in rows)
    return [(row, one.state, one.generation, str(one.error)) for row, one in left if isinstance(one, Left)]


def large_run(plan: Plan, options: Options, home: Path, notebook: str | None) -> LargeRun:
    """Return a plan as the engine takes it."""
    wanted, survey, samples = plan.wanted, plan.survey, plan.wanted.samples
    reader = Reader(home)

    def asked(index: int) -> Delivered:
        row, sample = divmod(index, samples)
        one = wanted.part(row, row + 1)[0]
        if isinstance(one, Left):
            return Delivered(one.generation, one.state, error=one.error)
        return Delivered(one.generation.with_sample(sample) if sample else one.generation)

    def load(indices: Sequence[int]) -> list[Delivered]:
        ids = [survey.id(index) for index in indices]
        found = recalled(reader, ids)
        return [found.get(id) or asked(index) for id, index in zip(ids, indices, strict=True)]  # noqa: A001 - the ledger's own word

    lanes = tuple({one.lane.realm: one.lane for one in wanted.askers}.values())
    return LargeRun(
        source=wanted,
        survey=survey,
        lanes=lanes,
        models=tuple(one.name for one in wanted.askers),
        asked=asked,
        load=load,
        budget=plan.budget,
        concurrency=options.concurrency,
        resubmits=options.on_ambiguous == "resubmit",
        tag=options.tag,
        notebook=notebook,
    )
