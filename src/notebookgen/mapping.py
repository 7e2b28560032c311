"""What a client does over the rows of a frame: ``map``, ``plan`` and ``amap``. Polars loads when one of them is called."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from notebookgen.errors import Stopped
from notebookgen.jobs.house import notebook_name
from notebookgen.results.awaiting import ended, in_thread, is_cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from notebookgen.bulk import Options
    from notebookgen.frames.library import Media
    from notebookgen.frames.plan import Plan
    from notebookgen.jobs.handle import RunHandle
    from notebookgen.jobs.house import House
    from notebookgen.jobs.settling import Word
    from notebookgen.jobs.ticket import Lane
    from notebookgen.results import Result, Results

__all__ = ["OverFrames"]


class Host(Protocol):
    """What is needed of a client."""

    @property
    def _house(self) -> House: ...
    def _choose(self, model: str | None, kind: Any) -> tuple[Lane, str]: ...
    def _follow(self, handle: RunHandle, timeout: float | None) -> None: ...
    def _cancel_lines(self, what: str | None) -> list[str]: ...
    def _balances(self, lanes: Sequence[Lane]) -> Mapping[str, str]: ...
    def _send(self, plan: Plan, options: Options) -> Results: ...
    def _planning(self) -> AbstractContextManager[Callable[[int, int], None]]: ...
    def _watch(self, results: Result | Results) -> None: ...
    def _go_on(self, handle: RunHandle, begin: Callable[[], None]) -> None: ...
    def _settle(self, handle: RunHandle, places: list[int], word: Word) -> None: ...
    def map(self, frame: Any, prompt: Any, **options: Any) -> Results: ...


class OverFrames:
    """The part of a client that works over frames."""

    def map(
        self: Host,
        frame: Any,
        prompt: Any,
        *,
        model: Any = None,
        images: Any = None,
        samples: int = 1,
        budget: Any = None,
        max_new: int | None = None,
        fresh: bool = False,
        background: bool = False,
        timeout: float | None = None,
        concurrency: int | None = None,
        prefix: str = "gen_",
        row_id: str | Sequence[str] | None = None,
        tag: str | None = None,
        on_ambiguous: str = "hold",
        kind: str | None = None,
        settings: Mapping[str, Any] | None = None,
        variables: Mapping[str, object] | None = None,
        **more_settings: Any,
    ) -> Results:
        """Make one thing for each row of a frame; what was paid for before costs nothing. Failures are data.

        Args:
            frame: Polars (eager or lazy), pandas, PyArrow, DuckDB: anything Narwhals takes.
            prompt: A template over columns (``"A {animal} in {style}"``) or a Polars expression. A row with a null in
                it is skipped. All expressions have a cell for each row, or one value for all: a literal, an aggregate.
            model: ``provider:id``, or an expression; by default the configured one, or the sandbox's own.
            images: As ``generate`` takes them, or expressions whose cells are paths, URLs, bytes or lists of those.
            samples: How many of each row.
            budget: A cap: a number in the run's one unit, ``"5 USD"``, ``{"credits": 500, "USD": 5}``, or ``math.inf``.
                Rows are sent in their order until the next one does not fit; the rest come back ``planned``.
            max_new: How many may be bought at the most; more than 50 need this or a budget.
            fresh: Buy again what was bought before.
            background: Return at once; ``.wait()`` waits. The same call again, while it runs, gives the same results.
            timeout: Seconds to wait; the run goes on in the background then, and its results fill as it does.
            concurrency: How many may be under way at once, within what is configured.
            prefix: What the names of the columns of ``.frame`` begin with.
            row_id: Columns that label rows in messages; never part of what is sent.
            tag: A word kept in the ledger.
            on_ambiguous: ``"hold"`` what got no answer for a person, or ``"resubmit"`` it and risk paying twice.
            kind: ``image``, ``video``, ``audio``, ``3d`` or ``text``, where the models do not tell.
            settings: What the model is told, by name: constants, or expressions for a value in each row.
            variables: What ``{name}`` in the template stands for where no column has that name.
            **more_settings: Settings as keywords.

        Raises:
            InputError: Something of it cannot be meant, or the frame has no rows. Nothing was sent.
            BudgetNeeded: More than fifty would be bought and nothing was said about money. Nothing was sent.
            BudgetExceeded: The cap does not even cover the first row. Nothing was sent.
        """
        from notebookgen.bulk import Options, make_plan  # noqa: PLC0415 - Polars loads when a frame is given

        options = Options(
            model=model,
            images=images,
            samples=samples,
            budget=budget,
            max_new=max_new,
            fresh=fresh,
            background=background,
            timeout=timeout,
            concurrency=concurrency,
            prefix=prefix,
            row_id=row_id,
            tag=tag,
            on_ambiguous=on_ambiguous,
            kind=kind,
            settings=settings,
            variables=variables,
        )
        with self._planning() as tick:
            plan = make_plan(
                self._house, self._choose, frame, prompt, options, more_settings, send=self._send, tick=tick
            )
        return plan.run()

    def plan(self: Host, frame: Any, prompt: Any, **options: Any) -> Plan:
        """Return what ``map`` would send and what it would cost; takes the same options, and sends nothing.

        The plan shows itself as a table; ``.frame`` has the rows, ``.cost`` the sums, ``.run()`` sends it. Accounts are
        asked what they have left, where they tell.
        """
        from notebookgen.bulk import Options, make_plan  # noqa: PLC0415 - Polars loads when a frame is given

        known = Options.__dataclass_fields__
        said = Options(**{name: value for name, value in options.items() if name in known})
        more = {name: value for name, value in options.items() if name not in known}
        house, choose, balances = self._house, self._choose, self._balances
        with self._planning() as tick:
            return make_plan(house, choose, frame, prompt, said, more, send=self._send, tick=tick, balances=balances)

    async def amap(self: Host, frame: Any, prompt: Any, **options: Any) -> Results:
        """Do the same as ``map`` without blocking the event loop; takes the same options."""
        background, timeout = options.pop("background", False), options.pop("timeout", None)
        results = await in_thread(partial(self.map, frame, prompt, background=True, timeout=timeout, **options))
        if not background:
            await ended(results.handle, timeout if timeout is not None else self._house.settings.timeout)
        return results

    def retry(
        self: Host,
        run: str | None = None,
        *,
        budget: Any = None,
        max_new: int | None = None,
        timeout: float | None = None,
    ) -> Results:
        """Buy another try for what failed in a run of the ledger, was refused or cancelled, where that may help.

        Args:
            run: The run, whose tag the new tries have; by default the newest of which something failed.
            budget: A cap, as ``map`` takes it.
            max_new: How many may be bought at the most; more than 50 need this or a budget.
            timeout: Seconds to wait; it ends the wait, not the jobs.

        Returns:
            The results of the new tries, and of nothing else; none where nothing failed, or what failed did for good.

        Raises:
            InvalidCall: There is no such run.
            BudgetNeeded: More than fifty would be bought and nothing was said about money. Nothing was sent.
        """
        from notebookgen.jobs.asking import check_texts  # noqa: PLC0415 - loaded with the client
        from notebookgen.jobs.budget import parse_budget  # noqa: PLC0415 - likewise
        from notebookgen.jobs.handle import RunHandle  # noqa: PLC0415 - likewise
        from notebookgen.jobs.retrying import wishes_again  # noqa: PLC0415 - rarely asked for
        from notebookgen.results import Results  # noqa: PLC0415 - loaded with the client

        check_texts(run=run)
        cap = parse_budget(budget, max_new=max_new)
        house = self._house
        meant, tag, wishes = wishes_again(house, run)
        if not wishes:
            return Results(RunHandle(meant, [], clock=time.monotonic, stop=lambda _: ""), self._cancel_lines)
        handle = house.start(wishes, budget=cap, tag=tag, notebook=notebook_name())

        def again(indices: list[int]) -> None:
            self._go_on(handle, lambda: house.engine.retry(handle, indices, [wishes[index] for index in indices]))

        self._follow(handle, timeout)
        return Results(handle, self._cancel_lines, retry=again, resolve=self._settle)

    def media(self: Host) -> Media:
        """Return the files that are kept: ``.frame()``, ``.folder``, ``.size``, ``.prune()``."""
        from notebookgen.frames.library import Media  # noqa: PLC0415 - loaded when it is asked for

        return Media(self._house.settings.home)

    def _retry_again(self: Host, handle: RunHandle, indices: list[int]) -> None:
        """Begin again with some rows that were taken up, each under the budget of its own run.

        Raises:
            NotebookgenError: The key of an account is not at hand. Nothing was sent.
        """
        from notebookgen.jobs.retrying import wishes_for  # noqa: PLC0415 - rarely asked for

        wishes = wishes_for(self._house, handle.rows(indices))
        self._go_on(handle, lambda: self._house.engine.retry(handle, indices, wishes))

    def _go_on(self: Host, handle: RunHandle, begin: Callable[[], None]) -> None:
        """Begin again with a run that was over, and wait for it.

        Raises:
            Stopped: A person pressed Stop; nothing new is sent.
        """
        try:
            begin()
            self._follow(handle, None)
        except Stopped:
            raise
        except KeyboardInterrupt:  # it came while it was being begun
            raise Stopped(handle.stop()) from None

    def _send(self: Host, plan: Plan, options: Options) -> Results:
        """Send a plan and wait for it, unless it is to run in the background."""
        from notebookgen.bulk import begin  # noqa: PLC0415 - Polars loads when a frame is given

        results: Results | None = None
        try:
            if is_cancelled():
                raise Stopped("Stopped before anything was sent. Nothing was charged.")  # noqa: TRY301 - nobody waits for it
            results = begin(
                self._house,
                plan,
                options,
                notebook=notebook_name(),
                go_on=self._go_on,
                cancel=self._cancel_lines,
                resolve=self._settle,
            )
            if is_cancelled():  # just then: what was sent by now is kept, and nothing more is sent
                raise Stopped(results.handle.stop())  # noqa: TRY301 - likewise
            if options.background:
                self._watch(results)
            else:
                self._follow(results.handle, options.timeout)
        except Stopped:
            raise
        except KeyboardInterrupt:  # it came while nobody was following the run
            line = "Stopped just as it began. Run it again to pick up what was sent; nothing is bought twice."
            raise Stopped(results.handle.stop() if results is not None else line) from None
        return results

    def _balances(self: Host, lanes: Sequence[Lane]) -> Mapping[str, str]:
        """Return what accounts have left, in words, where they tell."""
        from notebookgen.jobs.doctor import balance_words  # noqa: PLC0415 - rarely asked for

        return {lane.provider.name: balance_words(lane) for lane in lanes if not lane.realm.sandbox}
