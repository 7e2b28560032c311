"""What one home folder has in this process: its engine, its media, its known models, and the ways to its realms."""

from __future__ import annotations

import atexit
import os
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notebookgen.credentials import Found, Secret, account_of, find_key
from notebookgen.errors import LedgerError, NotWritable
from notebookgen.jobs.choosing import missing_key
from notebookgen.jobs.engine import Engine
from notebookgen.jobs.models import ModelBook
from notebookgen.jobs.paces import Paces
from notebookgen.jobs.stored import stored_attempt, stored_run
from notebookgen.jobs.ticket import Lane
from notebookgen.providers import provider_class
from notebookgen.records import Realm
from notebookgen.settings import check_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    import requests

    from notebookgen.jobs.handle import RunHandle
    from notebookgen.jobs.ticket import Wish
    from notebookgen.ledger.rows import AttemptRow
    from notebookgen.media import Collector, MediaStore
    from notebookgen.providers import Provider
    from notebookgen.records import Generation
    from notebookgen.settings import Settings
    from notebookgen.transport import AssetFetcher

__all__ = ["House", "house_of", "newest", "notebook_name", "told_house"]

SANDBOX_KEY = "sandbox"

_lock = threading.Lock()
_houses: dict[Path, House] = {}


def close_all() -> None:
    """End every engine of this process; runs when the interpreter ends, before its threads are cut off."""
    for house in list(_houses.values()):
        house.close()


atexit.register(close_all)


def house_of(settings: Settings) -> House:
    """Return the one house of a home folder in this process, with the newest settings."""
    with _lock:
        house = _houses.setdefault(settings.home, House(settings))
    house.adjust(settings)
    return house


def told_house(settings: Settings) -> None:
    """Tell the house of a home folder other settings, where there is one: what is shown of its runs keeps to them at once."""
    with _lock:
        house = _houses.get(settings.home)
    if house is not None:
        house.adjust(settings)


def newest(settings: Settings) -> Settings:
    """Return the settings that hold now in a home folder: an engine takes them over a moment later."""
    with _lock:
        house = _houses.get(settings.home)
    return settings if house is None else house.settings


class House:
    """Everything that belongs to one home folder, made when first needed."""

    def __init__(self, settings: Settings) -> None:
        """Touch nothing yet."""
        self.settings = settings
        self.book = ModelBook(settings.home / "models")
        self.paces = Paces(settings.home)
        self._lock = threading.RLock()
        self._lanes_lock = threading.Lock()  # the engine asks for lanes while it is being started under the other one
        self._engine: Engine | None = None
        self._fetcher: AssetFetcher | None = None
        self._media: MediaStore | None = None
        self._collector: Collector | None = None
        self._lanes: dict[tuple[Realm, str], Lane] = {}

    def adjust(self, settings: Settings) -> None:
        """Take other settings over, also for work that is under way."""
        changed, self.settings = settings != self.settings, settings
        if changed:
            self.paces.adjust(settings)
        if changed and self._engine is not None:
            self._engine.adjust(settings)

    @property
    def media(self) -> MediaStore:
        """Where files are kept."""
        from notebookgen.media import MediaStore  # noqa: PLC0415 - loaded when something is asked for

        with self._lock:
            self._media = self._media or MediaStore(self.settings.home / "media")
            return self._media

    @property
    def engine(self) -> Engine:
        """The engine, started at its first use: the ledger is opened, and what is open in it is looked after.

        Raises:
            NotWritable: The home folder cannot be written.
            LedgerError: The ledger cannot be read.
        """
        from notebookgen.media import Collector  # noqa: PLC0415 - loaded when something is asked for
        from notebookgen.transport import AssetFetcher  # noqa: PLC0415 - likewise

        with self._lock:
            if self._engine is None or not self._engine.alive:  # a forked process has no threads of its parent
                self._fetcher = AssetFetcher()
                self.media.sweep(now=time.time())
                collector = Collector(self.media, self._fetcher)
                self._engine = Engine(settings=self.settings, fetcher=collector, lane_for=self.lane_of)
            return self._engine

    def start(self, wishes: Sequence[Wish], **options: Any) -> RunHandle:
        """Begin a run, as ``Engine.start`` does; where nothing can be written, what is paid for and here is shown.

        Raises:
            NotWritable: Nothing can be written, and nothing of it is here.
            LedgerError: The ledger cannot be used.
        """
        try:
            return self.engine.start(wishes, **options)
        except (NotWritable, LedgerError) as error:
            present = partial(self.media.verify, deep=False)
            stored = stored_run(self.settings.home, wishes, present=present, error=error)
            if stored is None:
                raise
            stored.settings = lambda: self.settings
            return stored

    def look(self, generation: Generation) -> tuple[AttemptRow | None, float | None]:
        """Return what the ledger knows of a content, and how long such a job usually takes."""
        try:
            return self.engine.look(generation)
        except (NotWritable, LedgerError):
            row = stored_attempt(self.settings.home, generation)
            if row is None:
                raise
            return row, None

    def close(self) -> None:
        """End the engine; what is open stays open in the ledger."""
        with self._lock:
            if self._engine is not None:
                self._engine.close()
                self._engine = None
            if self._fetcher is not None:  # what came of a file is left for the next kernel
                self._fetcher.close()
                self._fetcher = None
            with self._lanes_lock:
                lanes = list(self._lanes.values())
                self._lanes.clear()
            for lane in lanes:
                close = getattr(lane.transport, "close", None)
                if close is not None:
                    close()
            self.paces.close()
        with _lock:
            if _houses.get(self.settings.home) is self:
                del _houses[self.settings.home]

    def adapter(self, name: str, base_url: str | None = None) -> Provider:
        """Return a provider's adapter, speaking to its configured address."""
        cls = provider_class(name)
        told = os.environ.get(cls.base_variable)
        address = base_url or self.settings.base_urls.get(name) or told
        where = "base_url" if base_url else f"base_urls['{name}']" if address != told else cls.base_variable
        return cls(check_address(where, address) if address else None)

    def key(self, name: str, explicit: str | Secret | None = None) -> Found | None:
        """Return the key for a provider, or None."""
        return find_key(provider_class(name).key_variable, env=os.environ, explicit=explicit)

    def lane(
        self,
        name: str,
        *,
        sandbox: bool = False,
        api_key: str | Secret | None = None,
        base_url: str | None = None,
        session: requests.Session | None = None,
    ) -> Lane:
        """Return the way to a provider's account.

        Raises:
            MissingKey: There is no key.
        """
        if sandbox:
            return self._lane(Realm(name, SANDBOX_KEY, sandbox=True), Secret(SANDBOX_KEY), None)
        adapter = self.adapter(name, base_url)
        found = self.key(name, api_key)
        if found is None:
            raise missing_key(adapter)
        realm = Realm(name, account_of(found.secret, name))
        return self._lane(realm, found.secret, adapter, session)

    def lane_of(self, realm: Realm) -> Lane | None:
        """Return the way to a realm met in the ledger, or None where its key is not at hand."""
        if realm.sandbox:
            return self._lane(realm, Secret(SANDBOX_KEY), None)
        with self._lanes_lock:
            known = [lane for (one, _), lane in self._lanes.items() if one == realm]
        if known:
            return known[0]
        found = self.key(realm.provider)
        if found is None or account_of(found.secret, realm.provider) != realm.account:
            return None
        return self._lane(realm, found.secret, self.adapter(realm.provider))

    def _lane(
        self, realm: Realm, secret: Secret, adapter: Provider | None, session: requests.Session | None = None
    ) -> Lane:
        """Return the lane of a realm and an address; the sandbox's address is wherever it listens now."""
        from notebookgen.sandbox.embedded import embedded  # noqa: PLC0415 - loaded where the sandbox answers
        from notebookgen.transport import transport_for  # noqa: PLC0415 - loaded when something is asked for
        from notebookgen.transport.paced import Paced  # noqa: PLC0415 - likewise

        provider = adapter or provider_class(realm.provider)(embedded().base_urls[realm.provider])
        with self._lanes_lock:
            key = (realm, provider.base_url)
            if key not in self._lanes or session is not None:
                gate = self.paces.gate(realm, self.settings)
                transport = Paced(transport_for(secret, origin=provider.base_url, session=session), gate, provider)
                signing = partial(_signing, provider, sandbox=realm.sandbox)
                self._lanes[key] = Lane(realm, provider, transport, signing=signing, gate=gate)
            return self._lanes[key]


def _signing(provider: Provider, *, sandbox: bool) -> str | None:
    """Return the secret with which a service signs its callbacks; None where it signs none, or nobody has told it."""
    if not provider.signing_variable:
        return None
    if sandbox:
        from notebookgen.sandbox.embedded import current  # noqa: PLC0415 - loaded where the sandbox answers

        running = current()
        return running.behaviour.webhook_secret if running is not None else None
    found = find_key(provider.signing_variable, env=os.environ)
    return found.secret.reveal() if found is not None else None


def notebook_name() -> str | None:
    """Return the notebook's file name where the front end tells it."""
    for variable in ("JPY_SESSION_NAME", "VSCODE_NOTEBOOK"):
        if os.environ.get(variable):
            return Path(os.environ[variable]).name
    return None
