"""From a prompt to what is in the picture: which subjects, how many, in what colour, where, when and in which style."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notebookgen.sandbox.vocabulary import (
    COLOURS,
    COUNTS,
    IDEOGRAMS,
    LINKS,
    MOODS,
    PLACES,
    STYLES,
    SUBJECTS,
    TINTS,
    WEATHERS,
)

if TYPE_CHECKING:
    from notebookgen.sandbox.colours import RGB

__all__ = ["Brief", "Subject", "caption", "plain", "read"]

_LONGEST = 4000
_WORD = re.compile(r"[^\W_]+")
_QUOTED = re.compile(r"[\"“”„«»]([^\"“”„«»\n]{1,24})[\"“”„«»]")
_ENDINGS = ("", "s", "es", "n", "en", "e", "er", "x")
_MOST_SUBJECTS = 3
_REACH = 3
_PLURAL = 3
_SLEEPERS = "sleeping asleep sleepy napping schlafend schlafende schlaft dort dormant durmiendo dormido dormida"
_ASLEEP = frozenset(_SLEEPERS.split())
#: Words that end in s and yet mean one thing.
_SINGULAR = frozenset({"cactus", "ours", "jupiters", "mars", "christmas", "glass"})


@dataclass(frozen=True, slots=True)
class Subject:
    """One kind of thing in the picture."""

    kind: str
    count: int = 1
    colour: RGB | None = None


@dataclass(frozen=True, slots=True)
class Brief:
    """What a prompt asks to see; empty fields are left to the hash."""

    subjects: tuple[Subject, ...] = ()
    mounted: bool = False
    place: str = ""
    mood: str = ""
    weather: tuple[str, ...] = ()
    style: str = ""
    colour: RGB | None = None
    lettering: str = ""
    asleep: bool = False

    @property
    def known(self) -> bool:
        """Whether any word said what to draw."""
        return bool(self.subjects or self.place or self.weather or self.mood not in {"", "mono", "neon"})


def plain(text: str) -> str:
    """Return the text in lower case and without accents."""
    folded = unicodedata.normalize("NFKD", text[:_LONGEST].casefold())
    return "".join(character for character in folded if not unicodedata.combining(character))


def read(prompt: str) -> Brief:
    """Return what the prompt asks to see, by a small vocabulary; unknown words are simply not drawn."""
    tokens = _WORD.findall(plain(prompt))
    drawn = IDEOGRAMS.keys() & set(prompt[:_LONGEST])
    tokens += [IDEOGRAMS[character] for character in prompt[:_LONGEST] if character in drawn][:9]
    subjects, places = _subjects(tokens)
    mounted = len(places) > 1 and bool(LINKS & set(tokens[places[0] : places[1]]))
    place = _first(tokens, PLACES)
    kinds = [subject.kind for subject, _, _ in subjects]
    if "portrait" in kinds and len(kinds) > 1:
        spare, place = "person" if "person" in kinds else "portrait", place or "backdrop"
        subjects = [entry for entry in subjects if entry[0].kind != spare]
    if mounted and kinds[1] == "moon":
        place, mounted = "space", False
        subjects = [entry for entry in subjects if entry[0].kind != "moon"]
    if "vase" in kinds:
        subjects = [entry for entry in subjects if entry[0].kind != "flower"]
    lettering = _QUOTED.search(prompt[:_LONGEST])
    owned = {at for _, _, at in subjects if at is not None}
    loose = [tint for at, token in enumerate(tokens) if at not in owned and (tint := _tint(token))]
    return Brief(
        subjects=tuple(subject for subject, _, _ in subjects[:_MOST_SUBJECTS]),
        mounted=mounted,
        place=place,
        mood=_first(tokens, MOODS),
        weather=tuple(dict.fromkeys(WEATHERS[token] for token in tokens if token in WEATHERS)),
        style=_first(tokens, STYLES),
        colour=loose[0] if loose else None,
        lettering=caption(lettering[1], 24) if lettering else "",
        asleep=bool(_ASLEEP & set(tokens)),
    )


def caption(prompt: str, longest: int = 90) -> str:
    """Return one short line of the prompt in letters the built-in font has; what it lacks is left out."""
    kept = []
    for character in unicodedata.normalize("NFC", prompt[:_LONGEST]):
        letter = _TYPESET.get(character, character)
        if " " < letter <= "~":
            kept.append(letter)
        elif letter.isspace():
            kept.append(" ")
        else:
            kept += [base for base in unicodedata.normalize("NFKD", letter) if " " < base <= "~"]
    line = " ".join("".join(kept).split())
    if len(line) <= longest:
        return line
    return line[: longest - 3].rsplit(" ", 1)[0].rstrip(" ,.;:-") + "..."


_TYPESET = {
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u2013": "-", "\u2014": "-", "\u2026": "...",
    "\u00df": "ss", "\u00e6": "ae", "\u00f8": "o", "\u0153": "oe",
}  # fmt: skip


def _meaning(token: str, words: dict[str, str]) -> str:
    for ending in _ENDINGS:
        if (
            token.endswith(ending)
            and (stem := token[: len(token) - len(ending)]) in words
            and (not ending or len(stem) > 2)
        ):
            return words[stem]
    return ""


def _tint(token: str) -> RGB | None:
    """Return the colour a word names; French and Spanish put it in the plural."""
    return COLOURS.get(token) or COLOURS.get(token.removesuffix("s"))


def _first(tokens: list[str], words: dict[str, str]) -> str:
    return next((words[token] for token in tokens if token in words), "")


def _subjects(tokens: list[str]) -> tuple[list[tuple[Subject, int, int | None]], list[int]]:
    """Return each subject once, with its place in the text and the place of its colour."""
    found: list[tuple[Subject, int, int | None]] = []
    seen: set[str] = set()
    taken: set[int] = set()
    for at, token in enumerate(tokens):
        kind = _meaning(token, SUBJECTS)
        if not kind or kind in seen:
            continue
        seen.add(kind)
        before = range(at - 1, max(-1, at - 1 - _REACH), -1)
        near = next(
            (spot for spot in (*before, at + 1) if spot not in taken and spot < len(tokens) and _tint(tokens[spot])),
            None,
        )
        count = next((COUNTS[tokens[spot]] for spot in before if tokens[spot] in COUNTS), 0)
        if near is not None:
            taken.add(near)
        several = token.endswith("s") and token not in _SINGULAR and token[:-1] in SUBJECTS
        found.append(
            (
                Subject(
                    kind,
                    count or (_PLURAL if several else 1),
                    _tint(tokens[near]) if near is not None else TINTS.get(token),
                ),
                at,
                near,
            )
        )
    return found, [at for _, at, _ in found]
