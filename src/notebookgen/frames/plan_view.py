"""How a plan looks: the price tag first, then what becomes of the rows, then the first prompts."""

from __future__ import annotations

import html
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from notebookgen.jobs.consent import price_tag
from notebookgen.jobs.surveying import FATES, Fate
from notebookgen.normal import NO_MATHS, amount_words, count_words, duration

if TYPE_CHECKING:
    from notebookgen.frames.plan import Plan

__all__ = ["Shown", "plan_view"]

PROMPTS = 3
LONGEST = 100
CELL = "text-align:left;vertical-align:top;padding:2px 14px 2px 0"
NAME = f"{CELL};opacity:0.75;white-space:nowrap"
WORDS = {
    Fate.NEW: "would be sent",
    Fate.CACHED: "paid for before: nothing is sent",
    Fate.DUPLICATE: "equal to an earlier row: shared",
    Fate.RUNNING: "under way already: waited for",
    Fate.AMBIGUOUS: "sent before without an answer: looked for, not sent again",
    Fate.FAILED: "failed before for good: not bought again",
    Fate.SKIPPED: "no prompt or no image: never sent",
    Fate.INVALID: "cannot be sent as they are",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A plan as text and as HTML."""

    text: str
    html: str


def plan_view(plan: Plan) -> Shown:
    """Return how a plan looks."""
    lines = list(_lines(plan))
    wide = max(len(name) for name, _ in lines)
    text = "\n".join(f"{name:{wide}}  {value}" for name, value in lines)
    rows = "".join(
        f'<tr><td style="{NAME}">{html.escape(name)}</td><td style="{CELL}" dir="auto">{html.escape(value)}</td></tr>'
        for name, value in lines
    )
    return Shown(text, f'<div class="{NO_MATHS}" style="font-size:13px"><table>{rows}</table></div>')


def _lines(plan: Plan) -> list[tuple[str, str]]:
    """Return a plan's lines: a name and what it says."""
    survey = plan.survey
    lines = [("rows", _rows(plan)), ("costs", _costs(plan))]
    for (model, price), count in sorted(survey.prices.items(), key=lambda one: -one[1])[:8]:
        lines.append(("", f"{model}: {count} x {price}" + (f" ({price.note})" if price.note else "")))
    if plan.budget.said:
        stop = f", which would stop at {plan.stops}" if plan.stops is not None else ""
        most = f"at most {plan.budget.max_new} new" if plan.budget.max_new is not None else ""
        cap = str(plan.budget) if plan.budget.finite or plan.budget.uncapped else ""
        lines.append(("budget", ", ".join(filter(None, [cap, most])) + stop))
    for one in plan.caps if survey.count(Fate.NEW) else ():
        left = amount_words(max(one.amount, Decimal(0)), one.unit)
        short = ", which would stop the run" if plan.needs(one) > one.amount else ""
        lines.append(("cap", f"{one.words}: {left} left{f' until {one.until} (UTC)' if one.until else ''}{short}"))
    lines += [("balance", f"{provider}: {words}") for provider, words in plan.balances.items()]
    if survey.count(Fate.NEW):
        known = plan.seconds
        lines.append(("time", f"about {duration(known)}" if known is not None else "not known yet"))
    for fate in FATES:
        count = survey.count(fate)
        if count:
            reason = (
                f" ({' '.join(plan.retell(str(survey.error)).split())})"
                if fate is Fate.INVALID and survey.error
                else ""
            )
            lines.append((str(fate), f"{count} {WORDS[fate]}{reason}"))
    lines += _prompts(plan)
    needed = plan.needs_budget
    if needed is not None:
        lines.append(("to run it", plan.retell(str(needed)).splitlines()[-1]))
    return lines


def _rows(plan: Plan) -> str:
    """Return how many rows there are."""
    if not len(plan.table):
        return "none: the frame is empty, so nothing would be sent"
    samples = plan.wanted.samples
    times = f" x {samples} samples" if samples > 1 else ""
    return f"{count_words(len(plan.table), 'row')}{times}, of which {plan.survey.count(Fate.NEW)} new"


def _costs(plan: Plan) -> str:
    """Return what the new rows cost."""
    if not plan.survey.count(Fate.NEW):
        return "nothing"
    tag, unknown = price_tag(plan.survey.costs)
    play = all(asker.lane.realm.sandbox for asker in plan.wanted.askers)
    least = tag.startswith("at least")
    words = (tag if least else f"at most {tag}") + (" of play money (sandbox)" if play else "") if tag else ""
    if unknown:
        words += f"{' and ' if words else ''}an unknown price for {unknown}"
    return words


def _prompts(plan: Plan) -> list[tuple[str, str]]:
    """Return the first prompts as they would be sent."""
    samples = plan.wanted.samples
    first = plan.survey.having(Fate.NEW, Fate.CACHED, Fate.RUNNING)
    places = list(dict.fromkeys(index // samples for index in first[: PROMPTS * samples]))[:PROMPTS]
    lines: list[tuple[str, str]] = []
    for place in places:
        asked = plan.table.asked(place)
        told = ", ".join(f"{key}={value}" for key, value in asked.settings.items())
        prompt = " ".join((asked.prompt or "").split())
        short = prompt if len(prompt) <= LONGEST else f"{prompt[: LONGEST - 1]}…"
        lines.append((plan.table.label(place), f"{short}{f'  ({told})' if told else ''}"))
    return lines
