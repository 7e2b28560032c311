"""What a reader sees of one output in one place, and why not more. Pure."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from notebookgen.checkup.links import led
from notebookgen.checkup.places import PLAIN, WIDGET, Place
from notebookgen.checkup.traits import Pages, Traits
from notebookgen.normal import shown_line

if TYPE_CHECKING:
    from notebookgen.checkup.links import Link, Surroundings
    from notebookgen.checkup.reading import Output
    from notebookgen.checkup.traits import Source

__all__ = ["Reason", "Seeing", "Seen", "Verdict"]

CLIP = "data:video/mp4;base64,"
AAC = (b"mp4a",)
H265 = (b"hvc1", b"hev1")
LONGEST = 80  # characters of a MIME type that are shown


class Verdict(IntEnum):
    """How much of an output a reader sees."""

    WHOLE = 0
    PART = 1
    WORDS = 2
    MISSING = 3


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an output is not seen as it was made.

    Attributes:
        said: What stands there, as the end of a sentence.
        step: What mends it.
        problem: Whether something is lost that was meant to be seen; else the story is still told.
        by_address: Whether it lies in where an address leads.
    """

    said: str
    step: str = ""
    problem: bool = True
    by_address: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What a reader sees of an output, and why not more."""

    verdict: Verdict
    reasons: tuple[Reason, ...] = ()


PICTURE = "Show a picture of it, too: image/png or image/jpeg"
OWN = "Show the result itself (its name on the last line, or .show()): what notebookgen draws is kept there"
NESTED = Reason("the player is empty: its address stands on <source>, and is taken away", OWN)
SCRIPT = Reason("a script was to draw it, and no script runs there", PICTURE)
SCRIPTED = Reason("its scripts do not run; its words stay", problem=False)
FRAME = Reason("its frame or embedded page is taken away", PICTURE)
DRAWING = Reason("its SVG is taken away", "Show it as image/png, which every reader draws")
CUSTOM = Reason("its own kind of element is taken away; words inside it stay", PICTURE)
PLAYER = Reason(
    "the player is taken away; its caption stays, and its picture where there is one inside", OWN, problem=False
)
SILENT = Reason("the clip plays without its sound, which is AAC", problem=False)
UNPLAYED = Reason(
    "the clip is H.265, which most browsers do not play",
    "Run it again, which costs nothing: a picture and a link stand in for the player; or save the clip as H.264",
)
STATELESS = Reason(
    "a widget without its saved state: an error or a gap stands there",
    "Run it again and save it with its state (JupyterLab: Settings, Save Widget State Automatically), or show HTML",
)
WIDGET_WORDS = Reason(
    "instead of the widget stands its text, as it was at the beginning",
    "Show the end of it as text or HTML",
    problem=False,
)
WIDGET_WEB = Reason("the widget's code comes from the network", problem=False)
LOST = {
    "expired": Reason("what it shows has expired", by_address=True),
    "missing": Reason("it shows a file that is not there", by_address=True),
    "outside": Reason("it shows a file outside the notebook's folder", by_address=True),
    "here": Reason("it comes from a server of this machine", by_address=True),
    "expires": Reason("it comes from an address that will expire", by_address=True),
    "web": Reason("it comes from the network", "Embed it, as the previews of notebookgen are", problem=False),
    "beside": Reason(
        "it comes from a file beside the notebook", "Show the result itself: its preview is embedded", problem=False
    ),
}


@dataclass(frozen=True, slots=True)
class Seeing:
    """Tells what is seen of one notebook's outputs.

    Attributes:
        around: What is around the notebook.
        widget_models: The widgets whose state is saved; None where the file cannot be opened for want of it.
        pages: What reads its texts.
        links: Where the addresses lead that were met before.
    """

    around: Surroundings
    widget_models: frozenset[str] | None = frozenset()
    pages: Pages = field(default_factory=Pages)
    links: dict[str, Link] = field(default_factory=dict)

    def of(self, output: Output, place: Place) -> Seen:
        """Return what is seen of an output in a place."""
        if output.kind != "result":
            return Seen(Verdict.WHOLE)
        passed: list[Reason] = []
        for mime in place.order:
            if mime not in output.data or (mime != PLAIN and not output.data[mime]):
                continue
            if mime == WIDGET:
                seen = self._widget(output.data[mime], place)
                if seen is None:  # nbconvert passes over a widget without its state
                    continue
                return seen
            if mime in {"text/html", "text/markdown"}:
                return self._page(self.pages.of(output.text(mime), markdown=mime == "text/markdown"), place)
            if mime == PLAIN and (meant := richer(output)):
                passed = [WIDGET_WORDS] if meant == WIDGET else [_words_for(meant)]
            return Seen(Verdict.WORDS if passed else Verdict.WHOLE, tuple(passed))
        return Seen(Verdict.MISSING, (_nothing_for(richer(output)),))

    def _widget(self, view: object, place: Place) -> Seen | None:
        """Return what is seen of a widget where widgets are drawn; None where its text takes its place."""
        model = str(view.get("model_id", "")) if isinstance(view, Mapping) else ""
        if model in (self.widget_models or ()):
            return Seen(Verdict.PART, (WIDGET_WEB,)) if place.fetches_widgets else Seen(Verdict.WHOLE)
        return Seen(Verdict.MISSING, (STATELESS,)) if place.widgets == "lost" else None

    def _page(self, traits: Traits, place: Place) -> Seen:
        """Return what is seen of HTML."""
        reasons: dict[Reason, None] = {}
        kept = int(traits.words)
        for source in traits.sources:
            if source.role in {"link", "script"} or self._taken(source, place):
                continue
            reason = self._lost(self._led(source.address), place)
            kept += reason is None
            if reason is not None and source.role != "poster":
                reasons[reason] = None
        empty = [one for one in traits.sources if one.role == "player" and one.nested]
        facts = (
            ("player", traits.players, PLAYER),
            ("nested", len(empty) if "player" not in place.takes else 0, NESTED),
            ("frame", traits.frames, FRAME),
            ("drawing", traits.drawings, DRAWING),
            ("custom", traits.customs, CUSTOM),
        )
        reasons.update({reason: None for what, count, reason in facts if count and what in place.takes})
        kept += sum(count for what, count, _ in facts[3:4] if what not in place.takes)
        if traits.scripts and "script" in place.takes:
            reasons[SCRIPTED if kept else SCRIPT] = None
        elif traits.scripts:
            kept += 1
        playing = [one for one in traits.sources if one.role == "player" and not self._taken(one, place)]
        if any(_holds(one, H265) for one in playing):
            reasons[UNPLAYED] = None
        if not place.hears_aac and any(_holds(one, AAC) for one in playing):
            reasons[SILENT] = None
        losing = [reason for reason in reasons if reason is not SILENT]
        if losing and not kept:
            return Seen(Verdict.MISSING, tuple(reasons))
        return Seen(Verdict.PART if reasons else Verdict.WHOLE, tuple(reasons))

    def _led(self, address: str) -> Link:
        """Return where an address leads; a disk is asked once."""
        if address not in self.links:
            self.links[address] = led(address, self.around)
        return self.links[address]

    def _lost(self, link: Link, place: Place) -> Reason | None:
        """Return why what an address shows is not seen; None where it is."""
        if link.leads in {"web", "expires"}:
            return None if "web" in place.reaches else LOST[link.leads]
        if link.leads == "beside":
            return None if "beside" in place.reaches else LOST["beside"]
        return LOST.get(link.leads)

    @staticmethod
    def _taken(source: Source, place: Place) -> bool:
        """Whether an element goes, address and all."""
        if source.role in {"player", "poster"}:
            return "player" in place.takes or (source.nested and "nested" in place.takes)
        return source.role == "frame" and "frame" in place.takes


def richer(output: Output) -> str:
    """Return the first MIME type that an output has beside its words; empty where it has none."""
    return next((shown_line(mime[:LONGEST]) for mime in output.data if mime != PLAIN and output.data[mime]), "")


def _words_for(mime: str) -> Reason:
    """Return the reason of an output whose words alone are shown."""
    if mime == "image/svg+xml":
        return Reason("instead of its SVG stand its words", "Show it as image/png, which every reader draws")
    if mime in {"application/javascript", "text/javascript"}:
        return Reason("no script runs there; its words stand there", problem=False)
    drawn = mime.partition("/")[0] in {"image", "video", "audio"} or "vnd." in mime
    return Reason(f"{mime} is not drawn there; its words stand there", PICTURE if drawn else "", problem=drawn)


def _nothing_for(mime: str) -> Reason:
    """Return the reason of an output of which nothing is shown."""
    what = f"{mime} is not drawn there" if mime else "it holds nothing"
    return Reason(f"{what}, and it has no words", "Give it text/plain, and image/png where it is a picture")


def _holds(source: Source, names: tuple[bytes, ...]) -> bool:
    """Whether a player holds a clip in which one of these names of a codec stands."""
    if not source.address.startswith(CLIP):
        return False
    try:
        clip = b64decode(source.address[len(CLIP) :])
    except (binascii.Error, ValueError):
        return False
    return any(name in clip for name in names)
