"""``Client``: one object that ties everything together; the functions of the front door are one client's methods."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from notebookgen.configuration import current_settings
from notebookgen.credentials import given_key
from notebookgen.errors import InvalidCall, Stopped
from notebookgen.jobs.asking import check_options, check_texts
from notebookgen.jobs.budget import check_unit, parse_budget
from notebookgen.jobs.choosing import choose
from notebookgen.jobs.house import House, house_of, notebook_name
from notebookgen.jobs.listing import find_model, find_models, live_models, tell_missed
from notebookgen.jobs.quote import Quote, quoted
from notebookgen.jobs.wishing import wish_of
from notebookgen.mapping import OverFrames
from notebookgen.providers import provider_class
from notebookgen.results import Result, Results
from notebookgen.results.awaiting import ended, in_thread, is_cancelled
from notebookgen.results.begun import begun_as, under_way
from notebookgen.results.waiting import check_denied, delivered, delivered_any, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    import polars as pl
    import requests

    from notebookgen.jobs.auditing import Finding
    from notebookgen.jobs.handle import RunHandle
    from notebookgen.jobs.settling import Word
    from notebookgen.jobs.ticket import Lane, Wish
    from notebookgen.ledger.frame import Ledger
    from notebookgen.records import Model
    from notebookgen.results.begun import Begun
    from notebookgen.settings import Settings

    Planning = AbstractContextManager[Callable[[int, int], None]]

__all__ = ["Client", "default_client", "set_follower"]

_follower: list[Any] = []
_watcher: list[Any] = []
_planner: list[Any] = []
_default: list[Client] = []


def set_follower(
    follow: Callable[[RunHandle, float | None], None] | None,
    watch: Callable[[Result | Results], None] | None = None,
    planning: Callable[[], Planning] | None = None,
) -> None:
    """Have runs shown: ``follow(handle, timeout)`` while they are waited for, ``watch(results)`` in the background.

    ``planning()`` gives a context with what is told how many rows of a frame are planned, of how many. None waits (and
    works) without a word.
    """
    _follower[:] = [follow] if follow is not None else []
    _watcher[:] = [watch] if watch is not None else []
    _planner[:] = [planning] if planning is not None else []


def default_client() -> Client:
    """Return the client behind ``ng.generate``."""
    if not _default:
        _default.append(Client())
    return _default[0]


class Client(OverFrames):
    """Generates, and knows what was generated and what it cost.

    Args:
        provider: The one provider to ask; by default each model's own.
        api_key: Its key; by default from the environment or the system keyring.
        base_url: Its address, up to and including the version path.
        session: A ``requests.Session`` to send with, for its proxies and certificates.
    """

    def __init__(
        self,
        provider: str | None = None,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        session: requests.Session | None = None,
    ) -> None:
        check_texts(provider=provider, base_url=base_url)
        if provider is not None:
            provider_class(provider)
        elif api_key is not None or base_url is not None:
            message = "a key or an address belongs to one provider: ng.Client('armox', api_key=...)."
            raise InvalidCall(message)
        self.provider = provider
        self._api_key = given_key(api_key)
        self._base_url = base_url
        self._session = session

    def __repr__(self) -> str:
        return f"<notebookgen client{f' for {self.provider}' if self.provider else ''}>"

    @property
    def settings(self) -> Settings:
        """The settings that hold now."""
        return current_settings()

    @property
    def _house(self) -> House:
        return house_of(self.settings)

    # Generating --------------------------------------------------------------------------------------------------

    def generate(
        self,
        prompt: str,
        *,
        model: str | None = None,
        images: Any = None,
        samples: int = 1,
        budget: Any = None,
        max_new: int | None = None,
        fresh: bool = False,
        background: bool = False,
        timeout: float | None = None,
        tag: str | None = None,
        kind: str | None = None,
        settings: dict[str, Any] | None = None,
        **more_settings: Any,
    ) -> Result | Results:
        """Make one thing, and wait for it. What was paid for before is given back and costs nothing.

        Args:
            prompt: What to make.
            model: ``provider:id``; by default the configured one, else the sandbox's own where the sandbox answers.
            images: An image, a list, or ``{field: image}``; an image is a path, bytes, a PIL image, an array, a
                ``Result`` or a URL.
            samples: How many of the same content; more than one gives ``Results``.
            budget: A cap: a number in the model's unit, ``"5 USD"``, ``{"credits": 500}``, or ``math.inf``.
            max_new: How many may be bought at the most; more than 50 need this or a budget.
            fresh: Buy another one, although the content was paid for before.
            background: Return at once; ``.wait()`` waits.
            timeout: Seconds to wait; what was sent goes on then, and what was not is not sent later.
            tag: A word kept in the ledger.
            kind: ``image``, ``video``, ``audio``, ``3d`` or ``text``, where the model does not tell.
            settings: What the model is told, by name.
            **more_settings: The same as keywords.

        Raises:
            InputError: It cannot be sent as it is. Nothing was sent.
            BudgetExceeded: The cap does not cover it. Nothing was sent.
            ProviderError, TransportError: The provider refused it, or could not be reached.
            JobError: It was accepted and did not end well, or nobody knows whether it was accepted.
        """
        check_options(model=model, kind=kind, settings=settings, timeout=timeout, tag=tag)
        cap = parse_budget(budget, max_new=max_new)
        lane, model_id = self._choose(model, kind)
        check_unit(cap, lane.provider.unit, lane.provider.title)
        wish = wish_of(
            self._house,
            lane,
            model_id,
            prompt,
            images=images,
            kind=kind,
            settings=settings,
            more=more_settings,
            samples=samples,
            fresh=fresh,
        )
        key = repr((self.settings.home, wish.generation.id, samples, cap, tag)) if background and not fresh else ""
        begun: Begun[Result | Results] | None = under_way(key)
        if begun is not None:
            self._watch(begun.given)
            return begun.given
        handle: RunHandle | None = None
        try:
            if is_cancelled():
                raise Stopped("Stopped before anything was sent. Nothing was charged.")  # noqa: TRY301 - nobody waits for it
            handle = self._house.start([wish], budget=cap, tag=tag, notebook=notebook_name())
            if is_cancelled():  # just then: what was sent by now is kept, and nothing more is sent
                raise Stopped(handle.stop())  # noqa: TRY301 - likewise
            if not background:
                self._follow(handle, timeout)
        except Stopped:
            raise
        except KeyboardInterrupt:  # it came while nobody was following the run
            line = "Stopped just as it began. Run it again to pick up what was sent; nothing is bought twice."
            raise Stopped(handle.stop() if handle is not None else line) from None
        results = Results(handle, self._cancel_lines, retry=self._retrying(handle, wish), resolve=self._settle)
        given: Result | Results = results if samples > 1 else results[0]
        if background:
            begun_as(key, given, self._house)
            self._watch(given)
            return given
        return delivered(given) if isinstance(given, Result) else delivered_any(given)

    async def agenerate(self, prompt: str, **options: Any) -> Result | Results:
        """Do the same as ``generate`` without blocking the event loop; takes the same options."""
        background, timeout = options.pop("background", False), options.pop("timeout", None)
        started = await in_thread(partial(self.generate, prompt, background=True, timeout=timeout, **options))
        if background:
            return started
        await ended(started.handle, timeout if timeout is not None else self.settings.timeout)
        return delivered_any(started) if isinstance(started, Results) else delivered(started)

    def quote(self, prompt: str, **options: Any) -> Quote:
        """Return what ``generate`` would send and what it would cost; nothing is sent. Takes the same options."""
        picked = {name: options.pop(name, None) for name in ("model", "images", "kind", "settings")}
        budget = parse_budget(options.pop("budget", None), max_new=options.pop("max_new", None))
        samples, fresh = options.pop("samples", 1), options.pop("fresh", False)
        for name in ("background", "timeout", "tag"):
            options.pop(name, None)
        check_options(model=picked["model"], kind=picked["kind"], settings=picked["settings"])
        lane, model_id = self._choose(picked["model"], picked["kind"])
        wish = wish_of(
            self._house,
            lane,
            model_id,
            prompt,
            images=picked["images"],
            kind=picked["kind"],
            settings=picked["settings"],
            more=options,
            samples=samples,
            fresh=fresh,
        )
        return quoted(self._house, wish, budget)

    def _choose(self, model: str | None, kind: Any) -> tuple[Lane, str]:
        """Return the way to the provider that is meant, and its model's id."""
        settings, house = self.settings, self._house
        choice = choose(
            model or settings.model,
            kind=kind,
            provider=self.provider,
            sandbox=settings.sandbox,
            has_key=lambda name: (name == self.provider and self._api_key is not None) or house.key(name) is not None,
        )
        return self._lane(choice.provider, sandbox=choice.sandbox), choice.model

    def _lane(self, name: str, *, sandbox: bool) -> Lane:
        """Return the way to a provider."""
        if sandbox:
            return self._house.lane(name, sandbox=True)
        return self._house.lane(name, api_key=self._api_key, base_url=self._base_url, session=self._session)

    def _follow(self, handle: RunHandle, timeout: float | None) -> None:
        """Wait for a run, shown by whoever shows runs here.

        Raises:
            Stopped: A person pressed Stop; nothing new is sent.
        """
        limit = timeout if timeout is not None else self.settings.timeout
        try:
            if _follower and threading.current_thread() is threading.main_thread():
                _follower[0](handle, limit)
            else:
                wait_for(handle, limit)
        except Stopped:
            raise
        except KeyboardInterrupt:  # it came between two steps of the follower
            raise Stopped(handle.stop()) from None

    def _planning(self) -> Planning:
        """Have the planning of a frame shown by whoever shows runs here."""
        if _planner and threading.current_thread() is threading.main_thread():
            planning: Planning = _planner[0]()
            return planning
        return nullcontext(lambda _done, _total: None)

    def _watch(self, results: Result | Results) -> None:
        """Have a run in the background shown by whoever shows runs here."""
        if _watcher and threading.current_thread() is threading.main_thread():
            _watcher[0](results)

    def _retrying(self, handle: RunHandle, wish: Wish) -> Callable[[list[int]], None]:
        """Return what begins again with some rows of a run that all ask for the same."""

        def retry(indices: list[int]) -> None:
            rows = handle.rows(indices)
            wishes = [replace(wish, generation=row.generation, samples=1, fresh=False) for row in rows]
            self._go_on(handle, lambda: self._house.engine.retry(handle, indices, wishes))

        return retry

    def _settle(self, handle: RunHandle, places: list[int], word: Word) -> None:
        """Settle rows of which nobody knows whether they were accepted, and wait for them."""
        part = self._house.engine.settle(handle, places, word)
        self._follow(part, None)
        check_denied(part)

    def _cancel_lines(self, what: str | None) -> list[str]:
        """Cancel at the provider; return lines for a person."""
        try:
            return self._house.engine.cancel(what).result(30.0)
        except TimeoutError:
            return ["the provider did not answer the cancelling within 30 s; see: ng.runs()"]

    # Knowing -----------------------------------------------------------------------------------------------------

    def find_models(self, provider: str | None = None) -> list[Model]:
        """Return the known models, without any network: catalogues, and the live lists fetched before."""
        own = self._api_key is not None
        return find_models(self._house, provider or self.provider, self._lane, has_own_key=own)

    def models_live(self, provider: str | None = None, *, tell: Callable[[str], None]) -> list[Model]:
        """Return the models, with the live list of every provider that has one; ``tell`` is told who cannot be asked."""
        own = self._api_key is not None
        return live_models(self._house, provider or self.provider, self._lane, has_own_key=own, tell=tell)

    def model(self, name: str) -> Model:
        """Return what is known of a model.

        Raises:
            UnknownModel: Nobody knows it; near misses are named.
        """
        own = self._api_key is not None
        return find_model(name, self._house, self.provider, self._lane, has_own_key=own)

    def models(self, provider: str | None = None) -> pl.DataFrame:
        """Return the models as a frame; of several providers, one that cannot be asked is named in a warning."""
        from notebookgen.ledger.frame import models_frame  # noqa: PLC0415 - Polars loads when a frame is asked for

        missed: list[str] = []
        frame = models_frame(self.models_live(provider, tell=missed.append))
        tell_missed(missed)
        return frame

    def ledger(self) -> Ledger:
        """Return the ledger; ``.frame()`` gives it as a Polars DataFrame."""
        from notebookgen.jobs.auditing import accounts, audit  # noqa: PLC0415 - likewise
        from notebookgen.ledger.frame import Ledger  # noqa: PLC0415 - Polars loads when the ledger is asked for

        home, own = self.settings.home, self._api_key is not None

        def auditor() -> list[Finding]:
            return audit(home, accounts(self._house, self.provider, self._lane, has_own_key=own))

        return Ledger(home, self.settings.credit_price, auditor=auditor)

    def runs(self) -> pl.DataFrame:
        """Return one row for each run, newest first."""
        return self.ledger().runs()

    # Settling ----------------------------------------------------------------------------------------------------

    def resume(self, run: str | None = None) -> Results:
        """Adopt, poll and download what an earlier kernel (or a stopped cell) left; buy nothing."""
        check_texts(run=run)
        handle = self._house.engine.resume(run)
        self._follow(handle, None)
        return Results(handle, self._cancel_lines, retry=partial(self._retry_again, handle), resolve=self._settle)

    def resolve(
        self, id: str, action: str, *, job: str | None = None, budget: Any = None, max_new: int | None = None
    ) -> Result:
        """Settle a generation of which nobody knows whether it was accepted.

        Args:
            id: Its id, or the first digits of it.
            action: ``adopt`` (it was accepted, as ``job``), ``resubmit`` (send it again and risk paying twice) or
                ``write_off`` (count it as spent and leave it).
            job: The provider's handle, where it lists no jobs.
            budget: What the run that it belongs to may spend in all, to send it again; by default what was said then.
            max_new: How many that run may buy in all, to send it again.

        Raises:
            InvalidCall: There is no such generation, it is not ambiguous, or the action lacks something.
            BudgetExceeded: The run's budget or a cap does not allow to send it again; it stays ambiguous.
        """
        check_texts(id=id, action=action, job=job, needed=("id", "action"))
        handle = self._house.engine.resolve(id, action, job, parse_budget(budget, max_new=max_new))
        self._follow(handle, None)
        check_denied(handle)
        return Results(handle, self._cancel_lines)[0]

    def cancel(self, run: str | None = None) -> str:
        """Ask the providers to cancel what is under way (of one run); return what they said."""
        check_texts(run=run)
        return "\n".join(self._cancel_lines(run))

    def doctor(self) -> str:
        """Return what is configured, reachable and writable, and what to type next."""
        from notebookgen.jobs.doctor import examine  # noqa: PLC0415 - rarely asked for

        given = {"api_key": self._api_key, "base_url": self._base_url, "session": self._session}
        return examine(self._house, {self.provider: given} if self.provider else None)

    def close(self) -> None:
        """End the work of this home folder in this process; what is open stays open in the ledger."""
        self._house.close()
