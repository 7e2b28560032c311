"""What can be set, and where it comes from: defaults < project file < environment < ``ng.configure``.

A project file travels with other people's notebooks, so it can set neither addresses (a key goes where they point),
nor the home folder, nor prices (a budget holds by them); those come from the environment or ``ng.configure`` only.
"""

from __future__ import annotations

import math
import os
import re
import stat
import time
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal  # noqa: TC003 - the dataclass's own annotations are read at run time by tools
from functools import lru_cache
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from notebookgen.amounts import OwnPrice, read_amounts, read_prices
from notebookgen.caps import PERIODS, Cap, read_caps
from notebookgen.errors import SettingsError, near_miss
from notebookgen.normal import shown_value
from notebookgen.rates import Rates, read_rates
from notebookgen.wire import shown_address

__all__ = ["PERIODS", "Cap", "Settings", "check_address", "load_settings", "place_of", "read_caps"]

ENCODING = "utf-8-sig"  # as some editors of Windows write it
FILE_NAMES = ("notebookgen.toml", "pyproject.toml")
FILES_KEPT = 64  # of which it is remembered what they say
COARSE = 2_000_000_000  # nanoseconds: within them a file may change twice and show one time (FAT counts so)
NOT_IN_FILES = {  # and where they are set instead
    "home": "ng.configure(home='...') or NOTEBOOKGEN_HOME",
    "base_urls": "ng.configure(base_urls={...}) or a variable such as ARMOX_BASE_URL",
    "prices": "ng.configure(prices={...})",
}
YES_OR_NO = {
    **dict.fromkeys(("1", "true", "yes", "on", "y"), True),
    **dict.fromkeys(("0", "false", "no", "off", "n"), False),
}
Version = tuple[int, ...]  # of a file: see _version
NO_AMOUNTS: Mapping[str, Decimal] = MappingProxyType({})
NO_PRICES: Mapping[str, OwnPrice] = MappingProxyType({})
NO_ADDRESSES: Mapping[str, str] = MappingProxyType({})
LONGEST_SETTLE = 30 * 24 * 3600  # seconds; no service lists a job later than that
WHOLE = {"concurrency": range(1, 1001), "cell_bytes": range(20_000, 100_000_001)}
NO_RATES: Mapping[str, Rates] = MappingProxyType({})
NO_CAPS: Mapping[str, tuple[Cap, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set; frozen, so that a run sees one set of settings from its start to its end.

    Attributes:
        home: Folder of the ledger and of the media.
        model: The model to use where none is named, as ``provider:id``.
        sandbox: Send every provider's name to the embedded sandbox.
        timeout: Seconds to wait for a result; None waits for as long as the job takes. It ends the wait, not the job.
        concurrency: How many creates, and downloads of each service, may be under way at once; a download that takes
            long makes room for another one.
        settle: Seconds after a lost create before its absence from the provider's list counts as a refusal.
        prices: What models cost that no price list has, in the provider's unit: ``{"apimodels:x/y": "0.03"}`` for each
            result, ``"0.03 per second"`` for what has a length.
        credit_price: What one credit costs in USD, by provider: ``{"armox": "0.001"}``.
        total_budget: Caps on what may be spent in all, by provider or for ``all``, that hold here besides those kept in
            the ledger: ``{"armox": "1000 credits per month"}``.
        limits: What an account takes at a time, by provider, of all kernels together:
            ``{"apixo": {"per_minute": 60, "concurrent": 10}}``; also ``per_second``.
        cell_bytes: How many bytes of pictures, clips and sounds one cell's output may hold, all included.
        provenance: Whether the metadata of outputs, and saved files, say where they come from: model, prompt, settings,
            job, cost, time.
        base_urls: Other addresses for providers, by name, up to and including the version path.
        file: The project file that was read, or None.
    """

    home: Path
    model: str | None = None
    sandbox: bool = False
    timeout: float | None = None
    concurrency: int = 16
    settle: float = 60.0
    prices: Mapping[str, OwnPrice] = field(default_factory=lambda: NO_PRICES)
    credit_price: Mapping[str, Decimal] = field(default_factory=lambda: NO_AMOUNTS)
    total_budget: Mapping[str, tuple[Cap, ...]] = field(default_factory=lambda: NO_CAPS)
    limits: Mapping[str, Rates] = field(default_factory=lambda: NO_RATES)
    cell_bytes: int = 3_000_000
    provenance: bool = True
    base_urls: Mapping[str, str] = field(default_factory=lambda: NO_ADDRESSES)
    file: Path | None = None

    def changed(self, where: str, **changes: object) -> Settings:
        """Return these settings with some of them changed and checked.

        Args:
            where: Where the changes come from, for messages.
            **changes: Settings by name.

        Raises:
            SettingsError: A name is unknown (near misses are named) or a value makes no sense.
        """
        known = {one.name for one in fields(self)} - {"file"}
        checked: dict[str, object] = {}
        for name, value in changes.items():
            if name not in known:
                message = (
                    f"{where} sets '{name}', which is no setting.{near_miss(name, known)}\n"
                    f"Settings are: {', '.join(sorted(known))}."
                )
                raise SettingsError(message)
            checked[name] = _checked(where, name, value)
        return replace(self, **checked)  # type: ignore[arg-type]  # each value was checked against its name


def load_settings(env: Mapping[str, str], folder: Path) -> Settings:
    """Return the settings that hold in ``folder``.

    Args:
        env: The environment's variables.
        folder: Where to look for a project file, and upwards from there.

    Raises:
        SettingsError: A project file or a variable cannot be read; the message names the file and the line.
    """
    settings = Settings(home=_home(env))
    path = find_file(folder)
    if path is not None:
        for name, value in _table(path, _version(path)).items():
            settings = settings.changed(place_of(path, name), **{name: value})
        settings = replace(settings, file=path)
    said = env.get("NOTEBOOKGEN_SANDBOX", "").strip()
    if said and said.lower() not in YES_OR_NO:
        message = f"NOTEBOOKGEN_SANDBOX is {said!r}, which is no yes or no. Set it to 1 (on) or 0 (off), or unset it."
        raise SettingsError(message)
    return settings.changed("NOTEBOOKGEN_SANDBOX", sandbox=YES_OR_NO[said.lower()]) if said else settings


def find_file(folder: Path) -> Path | None:
    """Return the nearest project file upwards that speaks of notebookgen, or None."""
    for place in (folder, *folder.parents):
        for name in FILE_NAMES:
            path = place / name
            version = _version(path)
            with suppress(OSError):  # other people's file, which cannot be read just now
                if version is not None and (name == FILE_NAMES[0] or _speaks_of_us(path, version)):
                    return path
    return None


def _version(path: Path) -> Version | None:
    """Return what is another one whenever a file's content may be; None where there is no file.

    One that was written just now may change once more and show the same time and size, so it is read each time.
    """
    try:
        seen = path.stat()
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(seen.st_mode):
        return None
    now = time.time_ns()
    young = now if now - seen.st_mtime_ns < COARSE else 0
    return (seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size, seen.st_ino, young)


def place_of(path: Path, name: str) -> str:
    """Return where a project file sets something, for messages: the file, and the line where it can be told."""
    return _place(path, name, _version(path))


@lru_cache(FILES_KEPT)
def _place(path: Path, name: str, _: Version | None) -> str:
    """Return where that version of a file sets something."""
    try:
        lines = path.read_text(encoding=ENCODING).splitlines()
    except (OSError, UnicodeDecodeError):
        return str(path)
    # In other people's pyproject.toml the same word may stand in tables before ours.
    first = 0 if path.name == FILE_NAMES[0] else next((at for at, one in enumerate(lines) if "notebookgen" in one), 0)
    spelled = re.compile(rf"(?:^|[\s.\[{{,\"']){re.escape(name)}[\"']?\s*[\].=]")
    found = next((at for at, one in enumerate(lines) if at >= first and spelled.search(one)), None)
    return str(path) if found is None else f"{path}, line {found + 1},"


@lru_cache(FILES_KEPT)
def _speaks_of_us(path: Path, _: Version) -> bool:
    """Whether a pyproject.toml has a table for notebookgen, however it is spelled.

    Other people's files may be broken. One that cannot be read and names us may well hold our settings (that nothing
    may be paid for, say), so it counts.

    Raises:
        OSError: It cannot be opened.
    """
    raw = path.read_bytes()
    if not any("notebookgen".encode(coding) in raw for coding in ("utf-8", "utf-16-le", "utf-16-be")):
        return False
    try:
        tool = tomllib.loads(raw.decode(ENCODING)).get("tool")
    except (ValueError, RecursionError):  # no TOML, not UTF-8, a number of too many digits, too many brackets
        return True
    return isinstance(tool, dict) and "notebookgen" in tool


def _home(env: Mapping[str, str]) -> Path:
    """Return the home folder: the variable's, else the platform's folder for user data."""
    if env.get("NOTEBOOKGEN_HOME"):
        return _folder("NOTEBOOKGEN_HOME", env["NOTEBOOKGEN_HOME"])
    import platformdirs  # noqa: PLC0415 - kept out of `import notebookgen`

    return Path(platformdirs.user_data_dir("notebookgen", appauthor=False))


@lru_cache(FILES_KEPT)
def _table(path: Path, _: Version | None) -> Mapping[str, object]:
    """Return the settings that a version of a project file holds."""
    text = ""
    try:
        text = path.read_text(encoding=ENCODING)
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        said = str(error).replace("at end of document", f"at line {len(text.splitlines())}, the last one")
        if not isinstance(error, tomllib.TOMLDecodeError):
            too_many = "brackets" if isinstance(error, RecursionError) else "digits in a number"
            said = f"there are too many {too_many}"
        if isinstance(error, UnicodeDecodeError):
            said = f"it is not in UTF-8 (byte {error.start})"
        message = f"{path} is no valid TOML: {said}.\nMend that line, or remove the file."
        raise SettingsError(message) from error
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}.\nMake it readable, or remove it."
        raise SettingsError(message) from error
    if path.name == "pyproject.toml":
        tool = data.get("tool")
        data = tool.get("notebookgen", {}) if isinstance(tool, dict) else {}
    if not isinstance(data, dict):
        message = f"{path}: [tool.notebookgen] should be a table of settings."
        raise SettingsError(message)
    for name in NOT_IN_FILES.keys() & data.keys():
        message = (
            f"{place_of(path, name)} sets '{name}', which a project file may not: it travels with the notebook.\n"
            f"Set it with {NOT_IN_FILES[name]}"
        )
        raise SettingsError(message)
    return data


def _checked(where: str, name: str, value: object) -> object:
    """Return a value in its setting's own type.

    Raises:
        SettingsError: It makes no sense for that setting.
    """
    if name in {"prices", "credit_price", "total_budget", "limits"}:
        tables = {"prices": read_prices, "total_budget": read_caps, "limits": read_rates}
        return tables[name](where, value) if name in tables else read_amounts(where, name, value)
    if name == "base_urls" and isinstance(value, Mapping):
        return MappingProxyType(
            {str(key): check_address(f"{where} base_urls['{key}']", url) for key, url in value.items()}
        )
    if name == "home" and isinstance(value, str | PathLike):
        return _folder(where, value)
    if name in {"sandbox", "provenance"} and isinstance(value, bool):
        return value
    if name == "model" and (value is None or (isinstance(value, str) and value.strip())):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and _is_finite(value):
        if name in WHOLE and isinstance(value, int) and value in WHOLE[name]:
            return value
        if (name == "timeout" and value > 0) or (name == "settle" and 0 <= value <= LONGEST_SETTLE):
            return float(value)
    if name == "timeout" and value is None:
        return None
    wanted = {
        "concurrency": "a whole number from 1 to 1000",
        "cell_bytes": "a whole number of bytes from 20,000 to 100,000,000",
        "timeout": "a number of seconds above 0, or None",
        "settle": f"a number of seconds, 0 or more, and at most {LONGEST_SETTLE:,}",
        "sandbox": "true or false",
        "provenance": "true or false",
        "model": "text such as 'armox:google/nano-banana'",
        "home": "a folder",
        "base_urls": "a table of addresses such as {'armox': 'https://...'}",
    }
    shown = shown_address(str(value)) if name == "base_urls" else value
    message = f"{where} sets {name} to {shown_value(shown)}; it takes {wanted[name]}."
    raise SettingsError(message)


def _is_finite(value: float) -> bool:
    """Whether a number is one that a float holds."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def check_address(where: str, url: object) -> str:
    """Return a provider's address without its last slash.

    Args:
        where: What names it, for messages.
        url: The address, up to and including the version path.

    Raises:
        SettingsError: It is none, or holds a password or a query: a key is all that a provider gets.
    """
    text = str(url).strip()
    try:
        text.encode()  # half a character cannot be asked for
        parts = urlsplit(text)
        parts.port  # noqa: B018 - reading it checks it
        why = "" if parts.scheme in {"http", "https"} and parts.hostname else "it needs http:// or https:// and a host"
        why = "a name or a password stands in it, which no provider gets" if "@" in parts.netloc else why
        if "?" in text or "#" in text:
            why = why or "a query or a fragment stands in it, and what is asked for is written behind an address"
    except ValueError:  # a port that is no number, an open bracket; its own words could quote a password
        why = "it cannot be read"
    if not why:
        return text.rstrip("/")
    message = f"{where}: {shown_address(text)!r} is no address of a provider: {why}.\nIt should look like https://api.example.com/v1"
    raise SettingsError(message)


def _folder(where: str, value: str | PathLike[str]) -> Path:
    """Return a folder's absolute path.

    Raises:
        SettingsError: It names no folder.
    """
    text = str(value)
    try:
        if text.strip() and "\0" not in text and os.fsencode(text):
            return Path(text).expanduser().absolute()
    except (RuntimeError, UnicodeEncodeError):  # ~somebody, whom this machine does not know; half a character
        pass
    message = f"{where} sets the home folder to {text!r}, which names no folder. Give one such as ~/notebookgen."
    raise SettingsError(message)
