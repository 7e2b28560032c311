"""Looking at a notebook's file: the one place here that reads files, keys and the clock. Nothing is sent or changed."""

from __future__ import annotations

import difflib
from datetime import UTC, datetime
from pathlib import Path

from notebookgen.checkup.checkup import Checkup, examined
from notebookgen.checkup.links import Host, Surroundings
from notebookgen.checkup.secrets import Known, finder
from notebookgen.configuration import current_settings
from notebookgen.errors import InvalidCall, NotebookgenError
from notebookgen.jobs.house import house_of
from notebookgen.normal import shown_line
from notebookgen.providers import provider_class, provider_names

__all__ = ["check"]

ENDING = ".ipynb"
MOST_BYTES = 2**28  # a tool that takes several times as much memory could not be run everywhere


def check(notebook: str | Path) -> Checkup:
    """Return what readers will see of a notebook, what its outputs take, where its links lead, and what secrets it holds.

    The file is read as it was saved last; nothing in it is run, changed or sent.

    Args:
        notebook: The file.

    Raises:
        InvalidCall: There is no such file, or it cannot be read.
    """
    path = _at(notebook)
    data = _data(path)
    folder = path.absolute().parent
    around = Surroundings(datetime.now(UTC), _hosts(), lambda inside: _is_file(folder, inside))
    return examined(str(notebook), data, around, finder(_keys()))


def _at(notebook: str | Path) -> Path:
    """Return where it is; ``~`` is the person's home, where there is one."""
    try:
        return Path(notebook).expanduser()
    except RuntimeError:
        return Path(notebook)


def _data(path: Path) -> bytes:
    """Return the file's bytes.

    Raises:
        InvalidCall: There are none to be had.
    """
    name = shown_line(str(path))
    try:
        if path.is_dir():
            raise InvalidCall(f"{name} is a folder. Name a notebook in it: {name}/NOTEBOOK{ENDING}")
        if path.exists() and not path.is_file():  # opening a pipe waits for somebody who writes into it
            raise InvalidCall(f"{name} is no file but a pipe or a device. Save the notebook, and name its file.")
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise InvalidCall(f"there is no file {name}.{_near(path)}") from None
    except (OSError, ValueError) as error:  # a name may hold what no file's name can
        raise InvalidCall(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    if len(data) > MOST_BYTES:
        raise InvalidCall(
            f"{name} has more than {MOST_BYTES // 2**20} MB, which no front end opens. Clear its outputs."
        )
    return data


def _near(path: Path) -> str:
    """Return which notebook may have been meant."""
    try:
        there = [one.name for one in path.absolute().parent.glob(f"*{ENDING}")]
    except OSError:
        return ""
    close = difflib.get_close_matches(path.name, there, 1) or [name for name in there if name == f"{path.name}{ENDING}"]
    if close:
        return f" Did you mean {shown_line(close[0])}?"
    if there:
        return f" Notebooks there: {', '.join(map(shown_line, sorted(there)[:5]))}."
    start = "" if path.is_absolute() else f" Paths begin at {shown_line(str(Path.cwd()))}."
    return f"{start} Name a notebook; without a name, this machine is looked at."


def _is_file(folder: Path, inside: str) -> bool:
    """Whether there is a file at a path beneath a folder."""
    try:
        return (folder / inside).is_file()
    except (OSError, ValueError):
        return False


def _keys() -> list[Known]:
    """Return the keys that are set here, of every provider."""
    found: list[Known] = []
    house = house_of(current_settings())
    for name in provider_names():
        try:
            cls, key = provider_class(name), house.key(name)
        except NotebookgenError:  # the doctor of this machine tells of it
            continue
        if key is not None:
            found.append(Known(cls.title, key.secret.reveal(), cls.keys_page))
    return found


def _hosts() -> dict[str, Host]:
    """Return on which hosts providers keep results, as far as that is known."""
    found: dict[str, Host] = {}
    for name in provider_names():
        try:
            cls = provider_class(name)
        except NotebookgenError:
            continue
        found.update(dict.fromkeys(cls.result_hosts, Host(cls.title, cls.result_seconds)))
    return found
