"""Words: a text answer that stays with the prompt's own subject and never claims to be a model's."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from notebookgen.sandbox.reading import caption, read
from notebookgen.sandbox.request import Request, dice

if TYPE_CHECKING:
    import random

__all__ = ["words"]

_TOKEN = re.compile(r"[^\W\d_][\w'-]{3,}")
_PLAIN = """
about above after again also along another because been before being below between both could does doing down during
each every explain describe from give have having here into just like list make many more most much must only other over
please poem same should some such summarise summarize tell than that their them then there these they this those three
through under until using very want were what when where which while will with without would write your haiku story
short ideas idea image images picture photo style
"""
_COMMON = frozenset(_PLAIN.split())
_OPENINGS = (
    "This is a rehearsal answer about {topic}. It was written on this machine, cost nothing, and has the shape of the real thing.",
    "Here is a first look at {topic}, written by the sandbox in the place of a paid model.",
    "A few notes on {topic} follow. They stand where a paid model's answer will stand.",
)
_BODIES = (
    "Start with what can be seen. {Topic} is easiest to understand from one concrete example, and {other} makes a good one: it is small enough to look at closely and large enough to surprise.",
    "Three questions help with {topic}. What is it made of, and how does {other} fit in? What changes when one part is left out? And who would notice first?",
    "It helps to put {topic} beside {other}. What the two share is usually the idea; where they differ is usually the interesting part.",
    "People who work with {topic} tend to begin with {other}, keep notes, and change one thing at a time. That habit carries over to almost everything else.",
    "The common mistake with {topic} is to hurry. Looking twice at {other} costs a minute and often saves an hour.",
)
_ENDINGS = (
    "With a key configured, the same cell sends this prompt to the model named {model}; nothing else in the notebook changes.",
    "Run the same cell with a real provider and this text is replaced by what {model} says, next to what it cost.",
)
_LINES = (
    ("{topic}, early light", "somebody stops and looks twice", "the page is still blank"),
    ("quiet around {topic}", "a small bell rings in the fog", "then everyone laughs"),
    ("beside {topic}, rain", "the teacher opens a window", "chalk dust, and swallows"),
)
_STEPS = (
    "Look at {topic} on its own and write down what is certain.", "Compare it with {other}.", "Change one thing and watch what follows.",
    "Ask somebody who sees {topic} for the first time.", "Say in one sentence what {other} has to do with it.", "Throw away the weakest idea and keep the rest.", "Try {topic} at half the size.",
)  # fmt: skip


def words(request: Request) -> str:
    """Return a few sensible paragraphs about the prompt, a list or three lines where it asks for those."""
    rng = dice(request, "words")
    topic, other = _topics(request.prompt, rng)
    fill = {
        "topic": topic,
        "Topic": topic[:1].upper() + topic[1:],
        "other": other,
        "model": request.model or "the model you choose",
    }
    asked = request.prompt[:4000].lower()
    if "haiku" in asked or "poem" in asked or "gedicht" in asked:
        parts = ["\n".join(line.format(**fill) for line in rng.choice(_LINES))]
    elif re.search(r"\b(list|ideas|steps|liste|ideen|bullet)\b", asked):
        steps = rng.sample(_STEPS, 5)
        parts = [
            rng.choice(_OPENINGS).format(**fill),
            "\n".join(f"{number}. {step.format(**fill)}" for number, step in enumerate(steps, 1)),
        ]
    else:
        parts = [rng.choice(_OPENINGS).format(**fill), *(body.format(**fill) for body in rng.sample(_BODIES, 2))]
    parts.append(
        f'You asked: "{caption(request.prompt, 160) or "nothing in particular"}" {rng.choice(_ENDINGS).format(**fill)}'
    )
    if request.references:
        parts.insert(1, f"{len(request.references)} picture(s) came with the question and were received whole.")
    return f"[SANDBOX] {chr(10).join(['', *parts]).strip() if len(parts) == 1 else (chr(10) * 2).join(parts)}\n\n(sample {request.index + 1}, draft {rng.randrange(16**8):08x})"


def _topics(prompt: str, rng: random.Random) -> tuple[str, str]:
    counts = Counter(word.lower() for word in _TOKEN.findall(prompt[:4000]) if word.lower() not in _COMMON)
    best = [word for word, _ in counts.most_common(6)]
    known = [subject.kind.replace("_", " ") for subject in read(prompt).subjects]
    names = list(dict.fromkeys([*best, *known])) or ["the question"]
    topic = names[0]
    others = [name for name in names[1:] if name != topic] or ["an everyday example"]
    return topic, rng.choice(others)
