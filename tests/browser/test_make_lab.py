"""``make lab`` as the README tells it: every address that it gives leads to the quickstart."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import surroundings
from browser.lab import OPEN_SECONDS, PANEL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from browser.chrome import Chrome

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
STOP_SECONDS = 5.0
TICK = 0.1


@pytest.fixture
def left(tmp_path: Path) -> Iterator[str]:
    """Run ``make lab`` where no browser can be opened; give the address in the page that Jupyter leaves to be opened."""
    runtime = tmp_path / "runtime"
    environment = surroundings.environment(
        os.environ, tmp_path, JUPYTER_RUNTIME_DIR=str(runtime), BROWSER="true", PYTHONUNBUFFERED="1"
    )
    ready = ["-o", ".venv/.ready-demo"]  # what this environment holds is what is tested
    made = [f"BIN={Path(sys.executable).parent}", f"BUILD={tmp_path / 'build'}"]
    with (tmp_path / "make.log").open("wb") as log:
        make = subprocess.Popen(
            ["make", *ready, "lab", *made],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        for _ in range(int(OPEN_SECONDS / TICK)):
            if (found := addresses(runtime)) or make.poll() is not None:
                break
            threading.Event().wait(TICK)
        assert len(found) == 1, (tmp_path / "make.log").read_text("utf-8", "replace")[-3000:]
        yield found.pop()
    finally:
        end(make)


def addresses(runtime: Path) -> set[str]:
    """What the page links to; none as long as Jupyter has made the file and not written it."""
    pages = [page.read_text("utf-8") for page in runtime.glob("jpserver-*-open.html")]
    return {link for page in pages for link in re.findall(r'href="([^"]+)"', page)}


def end(make: subprocess.Popen[bytes]) -> None:
    """End what make has started: the server may stay with its threads after it has stopped serving."""
    with contextlib.suppress(ProcessLookupError):  # nobody of the group is left
        os.killpg(make.pid, signal.SIGTERM)
        make.wait(OPEN_SECONDS)
        for _ in range(int(STOP_SECONDS / TICK)):
            os.killpg(make.pid, 0)
            threading.Event().wait(TICK)
        os.killpg(make.pid, signal.SIGKILL)  # its kernels end with it


def test_every_address_of_make_lab_leads_to_the_quickstart(left: str, chrome: Chrome, tmp_path: Path) -> None:
    """Where no browser opens by itself, the printed address and the page that is left both open the notebook."""
    page = chrome.page()
    page.goto(left, wait_until="domcontentloaded", timeout=OPEN_SECONDS * 1000)
    page.wait_for_selector(f"{PANEL} .jp-Notebook .jp-Cell", timeout=OPEN_SECONDS * 1000)
    title = page.title()
    page.close()
    printed = re.findall(r"https?://\S+", (tmp_path / "make.log").read_text("utf-8", "replace"))

    assert title.startswith("quickstart")
    assert {"/lab/tree/quickstart.ipynb"} == {
        re.sub(r"^https?://[^/]+|\?.*$", "", one) for one in printed if "token=" in one
    }
