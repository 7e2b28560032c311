"""``Plan``: what a run over a frame would send and what it would cost, found out before anything is sent."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from notebookgen.errors import BudgetExceeded, BudgetNeeded, InvalidCall, NotebookgenError, UnknownModel
from notebookgen.frames.plan_view import plan_view
from notebookgen.jobs.budget import check_unit, unbounded
from notebookgen.jobs.capping import EVERYBODY
from notebookgen.jobs.consent import MOST, asked_for, summed
from notebookgen.jobs.surveying import FATES, Fate, Left, set_aside, survey_of
from notebookgen.ledger.frame import MONEY
from notebookgen.normal import plain_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from notebookgen.frames.table import Table
    from notebookgen.frames.wanted import Wanted
    from notebookgen.jobs.budget import Budget
    from notebookgen.jobs.capping import CapLeft
    from notebookgen.jobs.house import House
    from notebookgen.jobs.surveying import Survey
    from notebookgen.ledger.reader import Reader
    from notebookgen.results import Results

__all__ = ["MOST_ROWS", "Plan", "plan_of"]

MOST_ROWS = 100_000  # more than that by mistake is a morning lost, even where it costs nothing
PART = 1000


class Plan:
    """What would be sent and what it would cost. Shows itself as a table; ``.run()`` sends it."""

    def __init__(
        self,
        table: Table,
        wanted: Wanted,
        survey: Survey,
        budget: Budget,
        reader: Reader,
        *,
        run: Callable[[Plan], Results],
        seconds: Mapping[str, float],
        concurrency: int,
        caps: Sequence[CapLeft],
        balances: Mapping[str, str],
    ) -> None:
        """Keep what was found out.

        Args:
            table: The rows.
            wanted: What the engine would be asked for.
            survey: What would become of each.
            budget: What may be spent.
            reader: The ledger.
            run: Sends it.
            seconds: How long a job of a model usually takes, where the ledger knows.
            concurrency: How many would be under way at once.
            caps: What is left by the caps over the ledger's life that bind it.
            balances: What an account has left, in words, by provider.
        """
        self.table = table
        self.wanted = wanted
        self.survey = survey
        self.budget = budget
        self.concurrency = concurrency
        self._reader = reader
        self.caps = tuple(caps)
        self.balances = dict(balances)
        self.retell: Callable[[str], str] = str  # how what is to be typed is told: in keywords, or in flags
        self._run = run
        self._seconds = dict(seconds)

    def __len__(self) -> int:
        return len(self.survey)

    @property
    def counts(self) -> dict[str, int]:
        """How many rows are new, cached, duplicate, running, ambiguous, failed, skipped, invalid."""
        return {str(fate): self.survey.count(fate) for fate in FATES}

    @property
    def cost(self) -> dict[str, Decimal]:
        """What the new rows cost at the most that is known, by unit; those without a price are not in it."""
        return summed(self.survey.costs)[0]

    @property
    def unknown(self) -> int:
        """How many of the new rows have a price that nobody knows."""
        return summed(self.survey.costs)[1]

    @property
    def seconds(self) -> float | None:
        """How long it would take, in seconds; None where nothing is known yet."""
        models = [model for model, _ in self.survey.prices]
        if not models or any(model not in self._seconds for model in models):
            return None
        work = sum(self._seconds[model] * count for (model, _), count in self.survey.prices.items())
        return work / min(self.concurrency, max(self.survey.count(Fate.NEW), 1))

    def needs(self, cap: CapLeft) -> Decimal:
        """Return what the new rows that a cap binds cost at the most that is known, in its unit."""
        return sum(
            (
                price.amount * count
                for (model, price), count in self.survey.prices.items()
                if price.amount is not None
                and price.unit == cap.unit
                and cap.provider in {model.partition(":")[0], EVERYBODY}
                and not self._plays(model)
            ),
            Decimal(0),
        )

    @property
    def stops(self) -> str | None:
        """The label of the first row that the budget would not cover; None where it covers all."""
        at = self.survey.stops
        return None if at is None else self.table.label(at // self.wanted.samples)

    @property
    def frame(self) -> pl.DataFrame:
        """The input rows, each once for each sample, with what would become of them.

        Beside the frame's own columns: ``gen_prompt``, ``gen_model``, ``gen_plan`` (new, cached, duplicate, ...),
        ``gen_price`` (Decimal, what would be set aside; null where unknown or nothing is to be paid), ``gen_unit``, ``gen_error``, ``gen_id``.
        """
        samples, prefix = self.wanted.samples, self.table.prefix
        columns: dict[str, list[Any]] = {
            name: [] for name in ("prompt", "model", "plan", "price", "unit", "error", "id")
        }
        for start in range(0, self.wanted.total, PART):
            rows = self.wanted.part(start, min(start + PART, self.wanted.total))
            wishes = [row for row in rows if not isinstance(row, Left)]
            prices = iter(set_aside(self.wanted, self._reader, wishes))
            for place, row in enumerate(rows, start):
                asked = None if isinstance(row, Left) else next(prices)
                for index in range(place * samples, (place + 1) * samples):
                    fate = self.survey.fate(index)
                    price = asked if fate is Fate.NEW else None
                    columns["prompt"].append(row.generation.prompt or None)
                    columns["model"].append(row.generation.full_model)
                    columns["plan"].append(str(fate))
                    columns["price"].append(price.amount if price else None)
                    columns["unit"].append(price.unit if price else None)
                    columns["error"].append(str(row.error) if isinstance(row, Left) else None)
                    columns["id"].append(self.survey.id(index) or None)
        schema: dict[str, Any] = dict.fromkeys(columns, pl.String)
        schema |= {"plan": pl.Enum([str(fate) for fate in FATES]), "price": MONEY}
        given = self.table.frame
        if samples > 1:
            given = given[pl.select(pl.int_range(given.height * samples) // samples).to_series()]
        beside = pl.DataFrame(columns, schema=schema)
        return given.hstack(beside.rename({name: f"{prefix}{name}" for name in columns}))

    def run(self) -> Results:
        """Send it, and wait for it.

        Raises:
            InvalidCall: The frame has no rows, or has changed since the plan was made. Nothing was sent.
            BudgetNeeded: More than fifty new ones, and nothing was said about money. Nothing was sent.
        """
        if not self.table.unchanged():
            message = "the frame has changed since this plan was made. Nothing was sent. Make the plan again."
            raise InvalidCall(message)
        if not len(self):
            message = (
                "the frame has no rows, so there is nothing to make. Nothing was sent.\n"
                "Look at it first: a filter or a join may have left none."
            )
            raise InvalidCall(message)
        self.check()
        return self._run(self)

    def check(self) -> None:
        """Check that it may be sent.

        Raises:
            BudgetNeeded: More than fifty new ones, and nothing was said about money.
            BudgetExceeded: The budget does not even cover the first row, or cannot hold: some price is unknown, or a base
                figure only.
            InvalidCall: A bare number is the budget, and rows are paid in several units.
            InputError: No row can be sent, for the reason that is given for the first.
        """
        invalid = self.survey.count(Fate.INVALID)
        if invalid and invalid == len(self) - self.survey.count(Fate.SKIPPED) and self.survey.error is not None:
            raise self.survey.error
        real = [
            price
            for (model, price), count in self.survey.prices.items()
            for _ in range(count)
            if not self._plays(model)
        ]
        if not self.budget.said and len(real) > MOST:
            raise asked_for(real)
        sums = self.cost
        if None in self.budget.caps and len(sums) > 1:
            both = " and ".join(sorted(sums))
            each = ", ".join(f"'{unit}': {plain_number(amount)}" for unit, amount in sorted(sums.items()))
            message = (
                f"the budget of {self.budget} is a bare number, and the rows are paid in {both}. Nothing was sent.\n"
                f"Give one for each: budget={{{each}}}"
            )
            raise InvalidCall(message)
        for asker in self.wanted.askers:
            check_unit(self.budget, asker.lane.provider.unit, asker.lane.provider.title)
        count = self.survey.count(Fate.NEW)
        for model, price in self.survey.prices if self.budget.finite and self.budget.max_new is None else ():
            if not price.bounded:  # wherever it stands: a budget that cannot hold is not begun with
                raise unbounded(model, price, f"the budget of {self.budget}", lifted=True, count=count)
        new = self.survey.having(Fate.NEW)[:1]
        if new and self.survey.stops == new[0] and not self.survey.count(Fate.CACHED, Fate.RUNNING):
            _, price = next(iter(self.survey.prices))  # rows are sent in their order: the first one decides
            message = (
                f"the budget of {self.budget} does not cover one row, which needs {price.words}. Nothing was sent.\n"
                f"Raise it: budget={plain_number(price.amount or Decimal(0))} or more."
            )
            raise BudgetExceeded(message)

    def _plays(self, model: str) -> bool:
        """Whether the sandbox answers for a model."""
        return any(asker.lane.realm.sandbox for asker in self.wanted.askers if asker.name == model)

    @property
    def needs_budget(self) -> BudgetNeeded | None:
        """What is to be added before it may be sent, where more than fifty are new and nothing was said about money."""
        try:
            self.check()
        except BudgetNeeded as error:
            return error
        except NotebookgenError:  # said elsewhere in the plan, or raised when it is run
            return None
        return None

    def __repr__(self) -> str:
        return plan_view(self).text

    def _repr_html_(self) -> str:
        return plan_view(self).html


def plan_of(
    house: House,
    table: Table,
    wanted: Wanted,
    budget: Budget,
    reader: Reader,
    tick: Callable[[int, int], None],
    **facts: Any,
) -> Plan:
    """Return the plan of a run over a frame.

    The ledger is asked first: where everything is paid for, no network is needed. Where something is new, its model is
    looked up in the provider's own list, which may know more of its settings and its price.

    Raises:
        InvalidCall: There are too many rows for a slip of the pen.
        UnknownModel: No provider knows any of the models.
        Refused, NotSent: A provider says so, or cannot be asked.
    """
    rows = len(table) * wanted.samples
    if rows > MOST_ROWS and budget.max_new is None and not budget.uncapped:
        message = (
            f"{rows:,} rows are more than {MOST_ROWS:,}, and nothing was said about how many are meant. Nothing was sent.\n"
            f"Take a part of the frame, or say it: max_new={rows}"
        )
        raise InvalidCall(message)

    inquired: set[str] = set()

    def changed(models: set[str]) -> bool:
        """Ask about models that nobody has asked about yet; tell whether they are others than was assumed."""
        asked = [one for one in wanted.askers if one.name in models - inquired]
        inquired.update(models)
        before = [(one, one.known) for one in asked]
        for one in asked:
            try:
                one.inquire()
            except UnknownModel as error:
                wanted.without(one, error)
        return before != [(one, one.known) for one in wanted.askers if one in asked]

    present = partial(house.media.verify, deep=False)
    survey = survey_of(wanted, reader, budget=budget, present=present, tick=tick, changed=changed)
    return Plan(table, wanted, survey, budget, reader, **facts)
