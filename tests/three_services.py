"""The two ways from ``notebookgen`` to the three services played here: the embedded sandbox, and addresses and keys.

In the second the realm is a real one: nothing in the package knows that the services are not the real ones.
"""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import polars as pl

import notebookgen as ng
from notebookgen.client import default_client
from notebookgen.sandbox import start
from notebookgen.sandbox.embedded import embedded, stop

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from notebookgen.sandbox import Handle

WAYS = ("embedded", "real")
QUICK = (0.02, 0.06)
#: How many pixels a picture has that nobody looks at.
SMALL = 64 * 64
PATIENCE = 60.0
#: Where nobody listens: the port that is kept for no service at all.
NOWHERE = "http://127.0.0.1:1/v1"
KEYS = {"armox": "made-up-armox-key", "apimodels": "made-up-apimodels-key", "apixo": "made-up-apixo-key"}


@contextmanager
def services(way: str, monkeypatch: pytest.MonkeyPatch, **behaviour: Any) -> Iterator[Handle]:
    """Start the services and have ``ng`` speak to them in one of the two ways; leave nothing behind."""
    behaviour = {"seconds": QUICK, "pixels": SMALL, **behaviour}
    try:
        if way == "embedded":
            ng.configure(sandbox=True, settle=0.3)
            yield embedded(**behaviour)
        else:
            with start(**behaviour) as handle:
                ng.configure(settle=0.3)
                for name, key in KEYS.items():
                    monkeypatch.setenv(f"{name.upper()}_BASE_URL", handle.base_urls[name])
                    monkeypatch.setenv(f"{name.upper()}_API_KEY", key)
                yield handle
                default_client().close()
    finally:
        default_client().close()
        stop()
        ng.configure(**dict.fromkeys(ng.configuration._configured))


def made(prompt: str = "a fox", **options: Any) -> ng.Result:
    """Make one thing."""
    one = ng.generate(prompt, **{"timeout": PATIENCE, **options})
    assert isinstance(one, ng.Result)
    return one


def numbered(count: int, *, start: int = 0) -> pl.DataFrame:
    """Return a frame of so many rows, with a number ``n`` in each."""
    return pl.DataFrame({"n": range(start, start + count)})


def requests(handle: Handle, part: str) -> int:
    """Return how many requests the services had whose route holds that text."""
    counts = handle.state()["requests"]
    return sum(sum(each.values()) for route, each in counts.items() if part in route)


def accepted(handle: Handle, name: str) -> int:
    """Return how many creates a service has accepted."""
    return int(handle.state()["services"][name]["accepted"])


def sent(handle: Handle) -> dict[str, Any]:
    """Return the body of the newest create that a service has accepted."""
    body: dict[str, Any] = handle.state()["creates"][-1]["body"]
    return body


def picture(colour: str = "red", size: tuple[int, int] = (64, 48), mode: str = "RGB") -> bytes:
    """Return a small PNG, as a file of this machine would hold it."""
    from PIL import Image

    kept = io.BytesIO()
    Image.new(mode, size, colour).save(kept, "PNG")
    return kept.getvalue()
