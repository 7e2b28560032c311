"""Every exception, as one tree; nothing else.

Split by who must act. A message says what failed, in the provider's words where there are any, whether money
was spent, and ends with the next thing to type. Facts are attributes, so that nobody parses prose::

    NotebookgenError
    ├── ConfigurationError        you: keys, settings, files of this machine
    │   ├── SettingsError             a project file or a setting cannot be read
    │   ├── MissingKey                no API key for the provider
    │   ├── MissingExtra              an optional package is not installed
    │   ├── UnknownProvider           no provider of that name
    │   ├── ProviderClash             two packages claim one provider name
    │   └── NotWritable               the home folder or a result cannot be written (rights, full disk)
    ├── InputError                you: what was asked for cannot be sent as it is
    │   ├── InvalidPrompt             empty, or naming something that does not exist
    │   ├── UnknownModel              the provider's list lacks it
    │   ├── InvalidSetting            a known setting out of its allowed values
    │   ├── InvalidImage              missing, unreadable, too large, or of no use to the provider
    │   └── InvalidCall               a flag or argument that makes no sense
    ├── BudgetExceeded            you: a cap, yours, is in the way
    │   └── BudgetNeeded              many purchases at once, and no cap was said
    ├── ProviderError             the provider answered, and it is not what was hoped for
    │   ├── Refused                   it said no and charged nothing
    │   │   ├── InvalidKey                401
    │   │   ├── InsufficientFunds         402
    │   │   ├── Forbidden                 403
    │   │   ├── NotFound                  404
    │   │   └── RateLimited               429
    │   ├── ProviderBroken            5xx: its fault
    │   └── UnexpectedResponse        not what its own pages describe
    ├── TransportError            the wire
    │   ├── NotSent                   nothing left this machine
    │   └── ReplyLost                 sent, and no complete reply came
    ├── JobError                  a job that was accepted did not end well
    │   ├── JobFailed
    │   ├── JobCancelled
    │   ├── JobAmbiguous              sent, and nobody knows whether it was accepted
    │   └── StillRunning              the wait ended, not the job
    ├── AssetError                what came back cannot be fetched or kept
    │   ├── AssetRefused              it is not what was due, or its address is not allowed
    │   └── AssetGone                 it is no longer there
    └── LedgerError               the record itself
        ├── LedgerTooNew              written by a newer version
        └── IllegalMove               a state change that the table does not have (a bug)

``Stopped`` stands beside the tree: it is a ``KeyboardInterrupt``, so that *Run All* stops too.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "AssetError",
    "AssetGone",
    "AssetRefused",
    "BudgetExceeded",
    "BudgetNeeded",
    "ConfigurationError",
    "Forbidden",
    "IllegalMove",
    "InputError",
    "InsufficientFunds",
    "InvalidCall",
    "InvalidImage",
    "InvalidKey",
    "InvalidPrompt",
    "InvalidSetting",
    "JobAmbiguous",
    "JobCancelled",
    "JobError",
    "JobFailed",
    "LedgerError",
    "LedgerTooNew",
    "MissingExtra",
    "MissingKey",
    "NotFound",
    "NotSent",
    "NotWritable",
    "NotebookgenError",
    "ProviderBroken",
    "ProviderClash",
    "ProviderError",
    "RateLimited",
    "Refused",
    "ReplyLost",
    "SettingsError",
    "StillRunning",
    "Stopped",
    "TransportError",
    "UnexpectedResponse",
    "UnknownModel",
    "UnknownProvider",
    "near_miss",
]

MOST_LINES = 4
LONGEST_LINE = 400
SHORTEST = 3  # characters of a word that is looked for inside longer ones; an "a" is nearly everywhere


def shown(exception: BaseException) -> list[str]:
    """Return the lines a notebook shows: the class's plain name and at most four short lines."""
    text = "\n".join(" ".join(line.split()) for line in str(exception).splitlines() if line.strip())
    lines = [line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…" for line in text.splitlines()]
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], lines[-1]]
    first, *rest = lines or [""]
    name = type(exception).__name__
    return [first if first.startswith(name) else f"{name}: {first}", *rest]


class NotebookgenError(Exception):
    """Whatever notebookgen raises on purpose; shown in a notebook as one to four lines."""

    def __str__(self) -> str:
        """Return the message; half a character, which a person may have typed, is written as its number: no kernel sends it."""
        return super().__str__().encode("utf-8", "backslashreplace").decode("utf-8")

    def _render_traceback_(self) -> list[str]:
        """Tell IPython what to show instead of a traceback."""
        return shown(self)


class ConfigurationError(NotebookgenError):
    """Keys, settings or files of this machine are not as they must be."""


class SettingsError(ConfigurationError):
    """A project file or a setting cannot be read."""


class MissingKey(ConfigurationError):
    """No API key for a provider that was named."""


class MissingExtra(ConfigurationError):
    """An optional package is needed and not installed."""


class UnknownProvider(ConfigurationError):
    """No provider of that name is installed."""


class ProviderClash(ConfigurationError):
    """Two installed packages claim the same provider name."""


class NotWritable(ConfigurationError):
    """The home folder or a result cannot be written: rights, or a full disk."""


class InputError(NotebookgenError):
    """What was asked for cannot be sent as it is. Nothing was sent."""


class InvalidPrompt(InputError):
    """The prompt is empty, too long, or names something that does not exist."""


class UnknownModel(InputError):
    """The provider's own list lacks the model."""


class InvalidSetting(InputError):
    """A known setting has a value outside the allowed ones."""


class InvalidImage(InputError):
    """An input image is missing, unreadable, too large, or of no use to the provider."""


class InvalidCall(InputError):
    """A flag or argument makes no sense."""


class BudgetExceeded(NotebookgenError):
    """A cap set by the user does not cover what was asked for. Nothing was sent."""


class BudgetNeeded(BudgetExceeded):
    """Many new generations and no cap: the price tag, and what to add. Nothing was sent."""


class ProviderError(NotebookgenError):
    """The provider answered, and it is not what was hoped for.

    Attributes:
        code: The HTTP status, or the code in the body where that one speaks.
        said: The provider's own words.
        fail_code: The provider's machine-readable reason, where it gives one.
        retry_after: Seconds the provider asks to wait, where it does.
    """

    def __init__(
        self,
        message: str,
        *,
        code: int | None = None,
        said: str = "",
        fail_code: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.said = said
        self.fail_code = fail_code
        self.retry_after = retry_after


class Refused(ProviderError):
    """The provider said no and charged nothing."""


class InvalidKey(Refused):
    """401: the key is missing, wrong or withdrawn."""


class InsufficientFunds(Refused):
    """402: the account has too little left."""


class Forbidden(Refused):
    """403: the plan or the policy does not allow it."""


class NotFound(Refused):
    """404: no such model, job or task."""


class RateLimited(Refused):
    """429: too many requests; free to try again after a wait."""


class ProviderBroken(ProviderError):
    """5xx: the provider's fault, and no word on whether anything was charged."""


class UnexpectedResponse(ProviderError):
    """A reply that is not what the provider's own pages describe."""


class TransportError(NotebookgenError):
    """The wire between here and the provider."""


class NotSent(TransportError):
    """Nothing left this machine: no name, no route, no TLS. Free to try again."""


class ReplyLost(TransportError):
    """The request left, and no complete reply came back."""


class JobError(NotebookgenError):
    """A job that was (or may have been) accepted did not end well.

    Attributes:
        id: The generation's id, to give to ``ng.resolve`` or to look up in the ledger.
        job: The provider's handle, where it is known.
        fail_code: The provider's machine-readable reason, where it gives one.
        retryable: Whether buying again may help; None where nobody says.
    """

    def __init__(
        self,
        message: str,
        *,
        id: str | None = None,
        job: str | None = None,
        fail_code: str | None = None,
        retryable: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.id = id
        self.job = job
        self.fail_code = fail_code
        self.retryable = retryable


class JobFailed(JobError):
    """The provider took the job and could not finish it."""


class JobCancelled(JobError):
    """The job was cancelled at the provider."""


class JobAmbiguous(JobError):
    """It was sent, and nobody knows whether it was accepted."""


class StillRunning(JobError):
    """The waiting ended, not the job."""


class AssetError(NotebookgenError):
    """What came back cannot be fetched or kept."""


class AssetRefused(AssetError):
    """The file is not what was due, or its address is not allowed.

    Attributes:
        final: Whether it is the file's own size, or that of what is in it, that is beyond all limits.
        sha256: The hash of what came, where the same bytes will be refused again; None where that says nothing, as of an
            error page.
        unknown: Whether it is of no type that is known: it may be what was made all the same.
    """

    def __init__(
        self, message: str = "", *, final: bool = False, sha256: str | None = None, unknown: bool = False
    ) -> None:
        super().__init__(message)
        self.final = final
        self.sha256 = sha256
        self.unknown = unknown


class AssetGone(AssetError):
    """The file is no longer there (its address expired)."""


class LedgerError(NotebookgenError):
    """The ledger cannot be read or written."""


class LedgerTooNew(LedgerError):
    """The ledger was written by a newer version of notebookgen."""


class IllegalMove(LedgerError):
    """A state change that the table of states does not have: a bug in notebookgen."""


class Stopped(KeyboardInterrupt):
    """A person pressed Stop: one line says what became of the jobs and the money."""

    def _render_traceback_(self) -> list[str]:
        """Tell IPython to show the line alone; the cell still ends in an error, so Run All stops."""
        return shown(self)


def near_miss(word: str, known: Iterable[str], *, most: int = 3, before: str = "") -> str:
    """Return ``" Did you mean 'a' or 'b'?"`` for the known words nearest to ``word``, else an empty string.

    Args:
        word: What was written.
        known: What might have been meant.
        most: How many are named.
        before: What each is told with in front.
    """
    names: Sequence[str] = sorted(set(known))
    lower: dict[str, Any] = {name.lower(): name for name in names}
    close = [lower[name] for name in difflib.get_close_matches(word.lower(), list(lower), n=most, cutoff=0.6)]
    if not close:
        close = [name for name in names if len(word) >= SHORTEST and word.lower() in name.lower()][:most]
    return f" Did you mean {' or '.join(repr(before + name) for name in close)}?" if close else ""
