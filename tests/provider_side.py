"""The three services in a process of their own, counted on their side; and workers that are started and killed.

Every test has keys of its own, so that one sandbox serves them all and each sees its own account only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import surroundings
from notebookgen.sandbox.behaviour import fingerprint

if TYPE_CHECKING:
    from notebookgen.sandbox import Handle

WORKER = Path(__file__).with_name("crash_worker.py")
MODELS = {
    "armox": "armox:google/nano-banana",
    "apimodels": "apimodels:gemini-2.5-flash-image",
    "apixo": "apixo:nano-banana",
}
SECONDS = 60.0


class Customer:
    """One person with a home folder and an account at each service."""

    def __init__(self, box: Handle, home: Path) -> None:
        self.box, self.home = box, home
        self.keys = {name: f"key-{uuid.uuid4().hex}" for name in MODELS}
        self.addresses = dict(box.base_urls)

    def variables(self) -> dict[str, str]:
        """Return the environment that leads to the accounts."""
        found = {f"{name.upper()}_API_KEY": key for name, key in self.keys.items()}
        return found | {f"{name.upper()}_BASE_URL": url for name, url in self.addresses.items()}

    def environment(self) -> dict[str, str]:
        """Return a worker's environment."""
        return surroundings.environment(os.environ, self.home.parent, **self.variables())

    def bought(self, service: str) -> list[dict[str, Any]]:
        """Return what the service accepted and charged for."""
        mark = fingerprint(self.keys[service])
        return [one for one in self.box.state()["creates"] if one["key"] == mark and one["service"] == service]

    def begin(self, call: str, *arguments: Any, **more: Any) -> subprocess.Popen[str]:
        """Start a worker."""
        said = {"call": call, "arguments": arguments, **more}
        command = [sys.executable, str(WORKER), json.dumps(said)]
        return subprocess.Popen(
            command,
            cwd=self.home.parent,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, call: str, *arguments: Any, **more: Any) -> dict[str, Any]:
        """Run a worker to its end and return what it says; an empty answer means that it was killed."""
        worker = self.begin(call, *arguments, **more)
        try:
            out, err = worker.communicate(timeout=SECONDS)
        finally:
            worker.kill()
        if worker.returncode and more.get("die") and not out:
            return {}
        assert 0 == worker.returncode, err
        answer: dict[str, Any] = json.loads(out.splitlines()[-1])
        return answer

    def generate(self, service: str, prompt: str, **more: Any) -> dict[str, Any]:
        """Generate in a process of its own."""
        options = {"model": MODELS[service], **more.pop("options", {})}
        return self.run("generate", prompt, options=options, **more)
