"""What a fault means: for a create, whether it was refused or may have been taken; for a person, an exception. Pure."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Literal

from notebookgen.errors import (
    Forbidden,
    InsufficientFunds,
    InvalidKey,
    NotFound,
    ProviderBroken,
    ProviderError,
    RateLimited,
    Refused,
    UnexpectedResponse,
    near_miss,
)

if TYPE_CHECKING:
    from notebookgen.providers.base import Fault, Provider

__all__ = ["JOBS_WORDS", "Verdict", "fault_error", "verdict"]

Verdict = Literal["refused", "ambiguous"]
# A create that ends in one of these may have been taken all the same (docs/explanation/money.md).
UNCLEAR = frozenset({408, 409, 425, 499})
MINUTE, HOUR = 60, 3600
# How services say that it is not the requests that are too many, but the jobs under way. No page of the three prints such
# a refusal (https://apixo.ai/docs/api-reference limits tasks at once), so plain words are looked for; "too many requests"
# says nothing of jobs.
JOBS_WORDS = re.compile(
    r"concurren|parallel|simultan|in progress|at once|at the same time|already running|running (?:jobs|tasks|generations)|(?:jobs|tasks|generations) (?:are )?(?:already )?running"
    r"|(?:active|pending|running|unfinished) (?:jobs?|tasks?)|too many (?:jobs|tasks|generations)",
    re.IGNORECASE,
)


def verdict(fault: Fault) -> Verdict:
    """Tell what a fault means for a create: was it refused, or is that unclear?

    Refused is a 4xx, as HTTP status or as a code in the body, but for those that a gateway says without knowing
    (408, 409, 425, 499). A 5xx or a redirect anywhere leaves it unclear. No provider documents an idempotency key.
    """
    codes = (fault.status, fault.code)
    if any(code >= 500 or 300 <= code < 400 or code in UNCLEAR for code in codes):
        return "ambiguous"
    return "refused" if any(400 <= code < 500 for code in codes) else "ambiguous"


def fault_error(
    provider: Provider, fault: Fault, doing: str, *, model: str | None = None, sandbox: bool = False
) -> ProviderError:
    """Return the exception for a fault: what failed, the provider's words, the money, the next step.

    Args:
        provider: Who answered.
        fault: What it said.
        doing: What was being done, such as ``"making a picture"``.
        model: Whose settings may be at fault, as ``provider:id``.
        sandbox: Whether the sandbox answered in the provider's place: its money is given, not bought.
    """
    said = f': "{fault.said}"' if fault.said else ""
    charged = "Nothing was charged."
    table: dict[int, tuple[type[ProviderError], str, str]] = {
        401: (
            InvalidKey,
            "does not accept the key",
            (
                f"{charged} Set {provider.key_variable}, or in a notebook: %load_ext notebookgen, then %generate login {provider.name}"
                f" (keys: {provider.keys_page})"
            ),
        ),
        402: (
            InsufficientFunds,
            "says the account has too little left",
            f"{charged} {_more_money(provider, sandbox=sandbox)}",
        ),
        403: (Forbidden, "does not allow it", f"{charged} See the account's plan and the content policy."),
        404: (
            NotFound,
            "knows no such thing",
            f"{charged}{_near(provider, model)} {_elsewhere(provider, model, sandbox=sandbox)}",
        ),
        429: (RateLimited, "takes no more requests for now", f"{charged} Run again {_when(fault.retry_after)}."),
    }
    code = fault.code if fault.code >= 400 else fault.status
    if code in table:
        cls, words, step = table[code]
    elif 400 <= code < 500 and code not in UNCLEAR:
        named = f" For what {model} takes: ng.Client().model('{model}').settings"
        step = charged + (_near(provider, model) or named if model else " See the account's page at the provider.")
        cls, words = Refused, f"refused ({code})"
    elif code >= 500:
        cls, words, step = ProviderBroken, f"is broken just now ({code})", "Try again later."
    else:
        cls, words, step = UnexpectedResponse, f"answered in an unexpected way ({code})", "Try again later."
    message = f"{provider.title} {words} while {doing}{said}\n{step}"
    return cls(message, code=code, said=fault.said, fail_code=fault.fail_code, retry_after=fault.retry_after)


def _when(asked: float | None) -> str:
    """Return when to come back, where a provider asks for so many seconds or for none."""
    if asked is None or asked <= 1.5 * MINUTE:
        return "in a minute"
    if asked <= 2 * HOUR:
        return f"in {math.ceil(asked / MINUTE)} minutes"
    return f"in {math.ceil(asked / HOUR)} hours" if asked <= 48 * HOUR else "on another day"


def _more_money(provider: Provider, *, sandbox: bool) -> str:
    """Return what to do where too little is left."""
    if not sandbox:
        return "Top the account up and run again."
    more = "credits=10000" if provider.unit == "credits" else "balance=50"
    return f"This is the sandbox's play money; for more of it: ng.sandbox({more})"


def _near(provider: Provider, model: str | None) -> str:
    """Return the known models whose names are like one that is not among them; empty where it is known or like none."""
    name = (model or "").partition(":")[2]
    known = [one.id for one in provider.catalogue()]
    return near_miss(name, known, before=f"{provider.name}:") if name and name not in known else ""


def _elsewhere(provider: Provider, model: str | None, *, sandbox: bool) -> str:
    """Return what to do about an address that there is not: the model's name or the base address is wrong."""
    other = not sandbox and provider.base_url.rstrip("/") != provider.default_base_url.rstrip("/")
    base = f"{provider.base_variable} may be wrong: it is {provider.base_url}" if other else ""
    if model is None:
        return base or "Try again later."
    return f"To see the models: ng.models('{provider.name}')" + (f"; {base}" if base else "")
