"""What is configured, reachable and writable here, and what to type next. Looks; changes and charges nothing."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import sys
import threading
from typing import TYPE_CHECKING, Any

from notebookgen.errors import LedgerError, NotebookgenError, NotWritable, TransportError, UnexpectedResponse
from notebookgen.jobs.choosing import to_set_a_key
from notebookgen.jobs.paces import limit_lines
from notebookgen.ledger.filesystem import is_network_folder, why_not_writable
from notebookgen.ledger.reading import open_to_read
from notebookgen.ledger.store import FILE_NAME
from notebookgen.ledger.trouble import translated
from notebookgen.normal import amount_words, count_words
from notebookgen.providers import fault_error, provider_class, provider_names
from notebookgen.transport import read
from notebookgen.transport.choosing import transport_words
from notebookgen.wire import shown_address

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from notebookgen.jobs.house import House
    from notebookgen.jobs.ticket import Lane
    from notebookgen.providers import Provider

__all__ = ["balance_words", "examine"]

LITTLE_ROOM = 2 * 2**30
PATIENCE = 2.0  # seconds that a report waits for an account
# What https://requests.readthedocs.io/en/latest/user/advanced/#proxies and the part above it name.
CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
NETWORK = (*PROXIES, *(name.lower() for name in PROXIES if os.name != "nt"), *CERTIFICATES)  # there both are one
OPEN = """SELECT state, count(*) FROM attempts
    WHERE state IN ('intent', 'submitted', 'completed', 'ambiguous') GROUP BY state"""

BEGUN = "ledger    empty: its file was begun and never set up (a full disk does that), so nothing was asked for;"


def examine(house: House, own: Mapping[str, Mapping[str, Any]] | None = None) -> str:
    """Return a report, a fact a line, each problem followed by what to type.

    Args:
        house: What is examined.
        own: What a client was given of its own, by provider: ``api_key``, ``base_url``, ``session``.
    """
    lines = [*_place(house), *_ledger(house.settings.home), *_accounts(house, own or {}), *_network(), *_around()]
    return "\n".join(lines)


def _place(house: House) -> list[str]:
    """Return what is to be said about the home folder."""
    home = house.settings.home
    lines = [f"home      {home}"]
    fault = why_not_writable(home)
    if fault:
        lines.append(f"  !       cannot be written ({fault}). Type: ng.configure(home='a folder of yours')")
        return lines
    free = shutil.disk_usage(next(one for one in (home, *home.parents) if one.exists())).free
    if free < LITTLE_ROOM:
        lines.append(
            f"  !       only {free // 2**20} MB are free there. Make room, or type: ng.configure(home='a folder of yours')"
        )
    if is_network_folder(home):
        lines.append(
            "  !       it lies on a network file system: slower, and one kernel at a time. Prefer a local folder."
        )
    if _vanishes(home):
        lines.append(
            "  !       it vanishes with this session (Colab, Binder): save what you paid for, or give a folder that stays:"
            " ng.configure(home='...')"
        )
    if house.settings.file is not None:
        lines.append(f"settings  {house.settings.file}")
    return lines


def _vanishes(home: Path) -> bool:
    """Whether the home folder is gone when the session ends, as far as the environment tells."""
    if "google.colab" in sys.modules or "COLAB_RELEASE_TAG" in os.environ:
        return not str(home).startswith("/content/drive")
    return "BINDER_SERVICE_HOST" in os.environ or "BINDER_LAUNCH_HOST" in os.environ


def _ledger(home: Path) -> list[str]:
    """Return what is to be said about the ledger."""
    path = home / FILE_NAME
    if not path.exists():
        return ["ledger    empty: nothing was asked for yet"]
    try:
        with translated(path):
            database = open_to_read(path, timeout=5.0)
            try:
                (shape,) = database.execute("PRAGMA user_version").fetchone()
                if not shape:
                    return [BEGUN, "          the next call does, where there is room and it may write"]
                (count,) = database.execute("SELECT count(*) FROM attempts").fetchone()
                rows = database.execute(OPEN).fetchall()
            finally:
                database.close()
    except (LedgerError, NotWritable, sqlite3.Error) as error:
        return [
            f"ledger    ! {line}" if number == 0 else f"          {line}"
            for number, line in enumerate(str(error).splitlines())
        ]
    still = ", ".join(f"{number} {state}" for state, number in rows)
    lines = [f"ledger    {count_words(count, 'attempt')}" + (f", of which open: {still}" if still else "")]
    if any(state == "ambiguous" for state, _ in rows):
        lines.append("  !       nobody knows of some whether they were accepted. Type: ng.runs()")
    elif still:
        lines.append("          to pick them up, type: ng.resume()")
    return lines


def _accounts(house: House, own: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return what is to be said about each provider: its key (never shown), and whether it answers."""
    lines: list[str] = []
    without: list[type[Provider]] = []
    keys = 0
    for name in provider_names():
        given = own.get(name, {})
        try:
            cls = provider_class(name)
            found = house.key(name, given.get("api_key"))
        except NotebookgenError as error:
            lines.append(f"{name:9} ! {error}")
            continue
        if found is None:
            without.append(cls)
            lines.append(f"{name:9} no key ({cls.key_variable}); one is made at {cls.keys_page}")
            continue
        keys += 1
        answer, *steps = _answer(house, name, given)
        lines.append(f"{name:9} key {masked(found.secret.reveal())} from the {found.source}; {answer}")
        lines += [f"          {step}" for step in steps]
    if without:
        lines.append(f"          to use one, {to_set_a_key(without[-1])}")
    if house.settings.sandbox:
        lines.append("sandbox   on: every provider's name goes to this machine's sandbox, nothing is charged")
    elif not keys:
        lines.append("sandbox   answers where no provider is named, since there is no key: nothing is charged")
    return lines


def masked(key: str) -> str:
    """Return at most the last four characters of a key, and of a short one nothing."""
    return f"…{key[-4:]}" if len(key) >= 16 else "…"


def _answer(house: House, name: str, given: Mapping[str, Any]) -> list[str]:
    """Return whether the provider can be reached with that key; where it cannot, what to do in lines of their own."""
    where = ""
    try:
        lane = house.lane(name, **given)
        other = lane.provider.base_url
        where = "" if other == lane.provider.default_base_url else other
        held = _held(lane)
        if held:
            return [held, *limit_lines(house.paces, lane.realm)]
        words = _balance(lane)
    except NotebookgenError as error:
        first, *steps = str(error).splitlines()
        if isinstance(error, UnexpectedResponse) and not steps:
            steps.append("Try again later.")
        if where and isinstance(error, TransportError | UnexpectedResponse):
            steps.append(f"{provider_class(name).base_variable} is {where}")
        step = " ".join(steps).removeprefix("Nothing was charged. ")
        return [f"! {first}", *([step] if step else [])]
    told = f"{words}, at {where}" if where and words.endswith(" left") else words
    return [told, *limit_lines(house.paces, lane.realm)]


def _held(lane: Lane) -> str:
    """Return why an account is not asked now, where it would be long until it may be; nobody waits for a report."""
    wait = lane.gate.until("other")
    return f"not asked now: its limit is used up, and there is room again in {wait:.0f} s" if wait > PATIENCE else ""


def _one_more_try(lane: Lane) -> Callable[[float], bool]:
    """Return what waits before a second try, if that is soon, and before no third one."""
    tries = iter((1,))

    def wait(seconds: float) -> bool:
        soon = max(seconds, lane.gate.until("other")) <= PATIENCE
        return next(tries, None) is None or not soon or threading.Event().wait(seconds)

    return wait


def balance_words(lane: Lane) -> str:
    """Return what an account has left, or why that cannot be told."""
    try:
        return _balance(lane)
    except NotebookgenError as error:
        return f"! {str(error).splitlines()[0]}"


def _balance(lane: Lane) -> str:
    """Return what an account has left, in words.

    Raises:
        ProviderError, TransportError: It cannot be told.
    """
    request = lane.provider.balance() or lane.provider.models()
    if request is None:
        return f"{lane.provider.base_url}: nothing can be asked for free"
    response = read(lane.transport, request, wait=_one_more_try(lane), rng=random.random)
    fault = lane.provider.read_fault(response)
    if fault is not None:
        raise fault_error(lane.provider, fault, "asking for the balance")
    if request.purpose != "balance":
        return f"{lane.provider.base_url} answers"
    balance = lane.provider.read_balance(response)
    return f"{amount_words(balance.amount, balance.unit)} left"


def _network() -> list[str]:
    """Return which proxies and certificates the environment names (a password is not shown), and what sends."""
    told = [name for name in NETWORK if os.environ.get(name)]
    shown = {name: os.environ[name] if name in CERTIFICATES else shown_address(os.environ[name]) for name in told}
    return [f"network   {name}={value}" for name, value in shown.items()] + [f"sends by  {transport_words(os.environ)}"]


def _around() -> list[str]:
    """Return what is to be said about Python and what is installed."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - rarely asked for

    def known(package: str) -> str:
        try:
            return f"{package} {version(package)}"
        except PackageNotFoundError:
            return f"{package} missing"

    packages = ", ".join(map(known, ("notebookgen", "ipython", "ipykernel", "polars", "requests", "keyring")))
    return [f"python    {sys.version.split()[0]}, {packages}"]
