"""Where Chromium is on this machine, and how to get Debian's where it is missing.

The browser tests never download a browser: they drive the one that the system keeps up to date. Run as a program,
it prints the path; with ``--install`` it asks apt-get for Chromium first where there is none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ELSEWHERE = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
MISSING = (
    "The browser tests need Chromium, and there is none here.\n"
    "  Debian, Ubuntu: apt-get install chromium      Fedora: dnf install chromium\n"
    "  macOS: brew install --cask chromium           or name one: CHROMIUM=/path/to/chrome make test\n"
    "  Everything else runs without it: make check"
)
APT_SECONDS = 900


def find() -> str | None:
    """Return the path of Chromium (or of Chrome), or None."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    candidates = (*(shutil.which(name) for name in NAMES), *(path for path in ELSEWHERE if Path(path).exists()))
    return next((path for path in candidates if path), None)


def install() -> str | None:
    """Ask apt-get for Chromium, as root or by a sudo that asks for no password; return its path, or None."""
    apt = shutil.which("apt-get")
    if apt is None:
        return None
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    rights = [] if root else ["sudo", "-n"]
    if rights and shutil.which("sudo") is None:
        return None
    patient = [*rights, "env", "DEBIAN_FRONTEND=noninteractive", apt, "-q", "-o", "DPkg::Lock::Timeout=300"]
    sys.stdout.write("installing Chromium with apt-get (once)\n")
    sys.stdout.flush()
    done = subprocess.CompletedProcess([], 0, "", "")
    for command in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        # An update that fails for one of several sources does not keep the next step from working.
        done = subprocess.run([*patient, *command], capture_output=True, text=True, check=False, timeout=APT_SECONDS)
    if done.returncode:
        last = (done.stdout + done.stderr).strip().splitlines()[-5:]
        sys.stderr.write("\n".join(last) + "\n")
    return find()


def main(arguments: list[str]) -> int:
    """Print where Chromium is; 1 with a word on what to do where it is not."""
    path = find() or (install() if "--install" in arguments else None)
    (sys.stdout if path else sys.stderr).write(f"{path or MISSING}\n")
    return 0 if path else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
