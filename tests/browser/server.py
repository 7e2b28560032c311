"""A JupyterLab of our own: on a free loopback port, with throw-away folders, gone when the block ends."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import surroundings

if TYPE_CHECKING:
    from types import TracebackType

START_SECONDS = 90.0
STOP_SECONDS = 15.0
TICK = 0.1

OPTIONS = (
    "--no-browser",
    "--allow-root",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port_retries=0",
    "--IdentityProvider.token=",
    "--ServerApp.password=",
    "--ServerApp.disable_check_xsrf=True",
    "--ServerApp.terminals_enabled=False",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
    "--LabApp.expose_app_in_browser=True",  # window.jupyterapp: commands and models, for the page to be asked
)
PREFERENCES = {
    # Every cell is drawn, also those out of sight: what is not drawn cannot be asserted on.
    "notebook-extension/tracker": {"windowingMode": "none", "scrollPastEnd": False},
    # A busy test machine may be slower than the second that Lab gives a kernel; how fast ours is, is measured elsewhere.
    "completer-extension/manager": {"providerTimeout": 15_000},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


def free_port() -> int:
    """Return a loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class LabServer:
    """JupyterLab serving one folder.

    Attributes:
        root: The folder that it serves.
        url: Its address, without a slash at the end.
        home: The ``NOTEBOOKGEN_HOME`` of its kernels.
        data: Jupyter's own data folder, which holds whom it trusts.
    """

    def __init__(self, root: Path, **variables: str) -> None:
        self.root = root
        self._folder = Path(tempfile.mkdtemp(prefix="notebookgen-lab-"))
        self._log = self._folder / "server.log"
        self._port = free_port()
        self.data = self._folder / "jupyter-data"
        self.url = f"http://127.0.0.1:{self._port}"
        self._environment = surroundings.environment(
            os.environ,
            self._folder,
            # The data folder holds the trust database: a fresh one trusts nobody.
            JUPYTER_CONFIG_DIR=str(self._folder / "jupyter-config"),
            JUPYTER_DATA_DIR=str(self.data),
            JUPYTER_RUNTIME_DIR=str(self._folder / "jupyter-runtime"),
            JUPYTERLAB_SETTINGS_DIR=str(self._folder / "lab-settings"),
            JUPYTERLAB_WORKSPACES_DIR=str(self._folder / "lab-workspaces"),
            PYTHONUNBUFFERED="1",
            **variables,
        )
        self.home = Path(self._environment["NOTEBOOKGEN_HOME"])
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def __enter__(self) -> Self:
        for name, value in PREFERENCES.items():
            file = self._folder / "lab-settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(value), encoding="utf-8")
        command = [sys.executable, "-m", "jupyterlab", *OPTIONS]
        command += [f"--ServerApp.port={self._port}", f"--ServerApp.root_dir={self.root}"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=self.root, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            self._wait_until_up()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            with contextlib.suppress(OSError):  # a server that no longer answers is ended below
                for kernel in self.ask("/api/kernels"):
                    self.ask(f"/api/kernels/{kernel['id']}", method="DELETE")
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(STOP_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)

    def ask(self, path: str, *, method: str = "GET") -> Any:
        """Return the answer of the server's REST interface; None where it is empty."""
        request = urllib.request.Request(self.url + path, method=method)
        with self._opener.open(request, timeout=STOP_SECONDS) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def _wait_until_up(self) -> None:
        for _ in range(int(START_SECONDS / TICK)):
            if self._process.poll() is not None:
                break
            try:
                self.ask("/api/status")
            except OSError:
                threading.Event().wait(TICK)
            else:
                return
        said = self._log.read_text(encoding="utf-8", errors="replace")[-3000:]
        raise RuntimeError(f"JupyterLab did not start in {START_SECONDS:.0f} s:\n{said}")
