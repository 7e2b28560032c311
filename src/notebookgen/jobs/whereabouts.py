"""Where the files of a job are, or were: what the ledger keeps of it, and each address that is still to be tried. Pure.

An address may lead to a file long after its job was forgotten, and a job may name a better one: what is paid for is
called lost only when neither helps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.ledger.rows import outputs_text
from notebookgen.records import Output

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from notebookgen.records import Asset

__all__ = ["Spare", "another_way", "as_they_came", "known_addresses", "to_fetch"]

Spare = tuple[tuple[int, Output], ...]  # places among the outputs, and what was said to be there, best first


def to_fetch(outputs: Iterable[Output]) -> str:
    """Return what is written down to be fetched: all of it, or nothing where a part of it came inside the reply.

    The ledger keeps no bytes, and places are counted in the whole list: where one is missing the job is asked anew.
    """
    whole = tuple(outputs)
    return outputs_text(() if any(one.data is not None for one in whole) else whole)


def as_they_came(known: Mapping[int, Asset]) -> tuple[Output, ...]:
    """Return the outputs that files were fetched from, where every one of them had an address: it may still lead there.

    Or to something else by now, such as a page that says so or what another job made: only the same bytes are that file.
    """
    files = [known.get(place) for place in range(len(known))]
    whole = all(asset is not None and asset.url for asset in files)
    return tuple(_as_it_came(asset) for asset in files if asset is not None) if whole else ()


def _as_it_came(asset: Asset) -> Output:
    return Output(name=asset.name, url=asset.url, sha256=asset.sha256)


def known_addresses(named: Sequence[Output], known: Mapping[int, Asset]) -> Spare:
    """Return everything that the ledger knows of where files may be: what was to be fetched, then where they came from."""
    first = [(place, output) for place, output in enumerate(named) if output.url or output.text is not None]
    seen = {(place, output.url) for place, output in first}
    came = [(place, _as_it_came(asset)) for place, asset in sorted(known.items()) if asset.url]
    return (*first, *(one for one in came if (one[0], one[1].url) not in seen))


def another_way(outputs: Sequence[Output], spare: Spare, had: Container[int]) -> tuple[tuple[Output, ...], Spare]:
    """Return the outputs with another address for each place that is missing, and what is left to be tried after that.

    Args:
        outputs: What was tried just now.
        spare: What else is known.
        had: The places of which the file is here.

    Returns:
        Nothing where nothing else is known. A place of which nobody knows an address has an empty output.
    """
    chosen: dict[int, Output] = {}
    rest: list[tuple[int, Output]] = []
    for place, output in spare:
        tried = place < len(outputs) and (outputs[place].url, outputs[place].text) == (output.url, output.text)
        if place in had or tried:
            continue
        if place in chosen:
            rest.append((place, output))
        else:
            chosen[place] = output
    if not chosen:
        return (), ()
    whole = dict(enumerate(outputs)) | chosen
    return tuple(whole.get(place, Output()) for place in range(max(whole) + 1)), tuple(rest)
