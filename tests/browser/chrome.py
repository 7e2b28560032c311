"""Chromium without a window, that can reach this machine and nothing else, and says when a page tries."""

from __future__ import annotations

import re
import shutil
import tempfile
from typing import TYPE_CHECKING, Self

from playwright.sync_api import sync_playwright

from browser import chromium

if TYPE_CHECKING:
    from types import TracebackType

    from playwright.sync_api import Page, Route

WIDTH, HEIGHT = 1200, 900
HERE = re.compile(
    r"^(?:https?|wss?)://(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?(?:/|$)|^(?:file|data|blob|about|chrome-error):"
)
OPTIONS = (
    "--no-sandbox",  # the tests may run as root, in a container
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
)


class Chrome:
    """One browser with one throw-away profile.

    Attributes:
        refused: Addresses off this machine that a page asked for; none was let through.
        errors: Uncaught errors of the pages' own JavaScript.
    """

    def __init__(self) -> None:
        self.refused: list[str] = []
        self.errors: list[str] = []

    def __enter__(self) -> Self:
        path = chromium.find()
        if path is None:
            raise RuntimeError(chromium.MISSING)
        self._profile = tempfile.mkdtemp(prefix="notebookgen-chromium-")
        self._playwright = sync_playwright().start()
        try:
            self._context = self._playwright.chromium.launch_persistent_context(
                self._profile,
                executable_path=path,
                headless=True,
                args=list(OPTIONS),
                viewport={"width": WIDTH, "height": HEIGHT},
                device_scale_factor=1,
            )
            self._context.route(lambda address: HERE.match(address) is None, self._refuse)
        except BaseException:
            self._playwright.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self._context.close()
        finally:
            self._playwright.stop()
            shutil.rmtree(self._profile, ignore_errors=True)

    def page(self) -> Page:
        """Open a new tab."""
        page = self._context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        return page

    def _refuse(self, route: Route) -> None:
        self.refused.append(route.request.url)
        route.abort()
