"""What a saved file says of where it comes from, and the spellings of that which file formats have room for. Pure.

The whole of it is one line of JSON of plain ASCII that begins with ``{"notebookgen":`` and stands in every format as it
is, so that one search finds it in a file of any kind.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape

from notebookgen.normal import shown_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["KEY", "MARK", "MOST", "NoRoom", "Note", "Piece", "Span", "found_in", "note_of", "sized", "xmp"]

KEY = "notebookgen"
MARK = b'{"notebookgen":"'
MOST = 24_000  # characters of the JSON: a JPEG's segment holds 65,533 bytes, and the prompt stands in it twice
LONGEST_PROMPT = 4_000
NOT_IN_XML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\x7f": "\\u007f"})
# Vocabularies and properties of https://www.iptc.org/std/photometadata/specification/IPTC-PhotoMetadata-2025.1.html
SOURCES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
PACKET = """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"\
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:notebookgen="urn:notebookgen:provenance#">
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{prompt}</rdf:li></rdf:Alt></dc:description>
<xmp:CreatorTool>{tool}</xmp:CreatorTool>
<Iptc4xmpExt:DigitalSourceType>{source}</Iptc4xmpExt:DigitalSourceType>
<Iptc4xmpExt:AISystemUsed>{model}</Iptc4xmpExt:AISystemUsed>
<Iptc4xmpExt:AIPromptInformation>{prompt}</Iptc4xmpExt:AIPromptInformation>
{whole}</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""


class NoRoom(Exception):
    """A file of that making has no place for a note, or holds one already that is not ours to change."""


class Span(NamedTuple):
    """A part of the original, copied as it is.

    Attributes:
        start: Where it begins.
        stop: Where it ends.
    """

    start: int
    stop: int


Piece = bytes | Span  # what a stamped copy is made of, in its order


@dataclass(frozen=True, slots=True)
class Note:
    """What is written into a copy.

    Attributes:
        text: All of it, as one line of JSON.
        prompt: What was asked for; empty where nothing was.
        model: What ran.
        tool: Who writes this.
        source: The IPTC's address for how such a thing came to be.
    """

    text: str
    prompt: str
    model: str
    tool: str
    source: str


def note_of(facts: Mapping[str, object]) -> Note:
    """Return the note for facts; the facts that its own text holds make the same note again.

    Args:
        facts: JSON values, ``notebookgen`` (the version) first.
    """
    kept = dict(facts)
    for name, less in (("settings", {}), ("prompt", cut(str(kept.get("prompt", ""))))):
        if len(one_line(kept)) > MOST:
            kept[name] = less
    made_up = kept.get("sandbox") is True
    kind = "trainedAlgorithmicMedia" if not kept.get("images") else "compositeWithTrainedAlgorithmicMedia"
    return Note(
        one_line(kept),
        shown_text(str(kept.get("prompt") or ""))[:LONGEST_PROMPT],
        shown_text(str(kept.get("model") or "")),
        f"{KEY} {kept.get(KEY)}",
        SOURCES + ("algorithmicMedia" if made_up else kind),
    )


def cut(text: str) -> str:
    """Return a prompt that fits, whatever letters it is made of."""
    return text if len(text) <= LONGEST_PROMPT // 4 else text[: LONGEST_PROMPT // 4 - 1] + "…"


def one_line(facts: Mapping[str, object]) -> str:
    """Return facts as JSON that stands in XML, too, as it is."""
    return json.dumps(facts, ensure_ascii=True, separators=(",", ":")).translate(NOT_IN_XML)


def xmp(note: Note, *, whole: bool = True) -> bytes:
    """Return the note as an XMP packet.

    Args:
        note: What is to be said.
        whole: Whether the JSON goes with it, where it has no other place.
    """
    wrapped = f"<notebookgen:provenance>{note.text}</notebookgen:provenance>\n" if whole else ""
    return PACKET.format(
        prompt=escape(note.prompt), tool=escape(note.tool), source=note.source, model=escape(note.model), whole=wrapped
    ).encode()


def found_in(data: bytes) -> dict[str, object] | None:
    """Return the facts whose JSON begins at the beginning of some bytes; None where it is none."""
    try:
        facts, _ = json.JSONDecoder().raw_decode(data.decode("latin-1"))
    except (ValueError, RecursionError):
        return None
    return facts if isinstance(facts, dict) else None


def sized(pieces: Sequence[Piece]) -> int:
    """Return how many bytes pieces are together."""
    return sum(len(one) if isinstance(one, bytes) else one.stop - one.start for one in pieces)
