"""A third party's provider: installed from its own package, it generates, is accounted for, and keeps the promises."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import surroundings
from rawserver import RawServer, reply
from three_services import picture

if TYPE_CHECKING:
    from rawserver import Asked

pytestmark = pytest.mark.slow

PLUGIN = Path(__file__).with_name("plugin")
KEY = "kiln-key-made-up-0123456789"
GENERATE = """
import json
import notebookgen as ng
from notebookgen.providers import provider_names

first = ng.generate("a tile", model="kiln:tile-1", glaze="blue", timeout=60)
again = ng.generate("a tile", model="kiln:tile-1", glaze="blue", timeout=60)
(row,) = ng.ledger().frame().select("provider", "model", "status", "charged", "unit", "basis").rows()
print(json.dumps({
    "names": provider_names(),
    "status": first.status,
    "kinds": [asset.kind for asset in first.assets],
    "same": str(first.path) == str(again.path),
    "cost": str(again.cost),
    "row": [str(value) for value in row],
    "models": ng.models("kiln")["model"].to_list(),
}))
"""
ASK = """
import json
import notebookgen as ng
from notebookgen.errors import shown
try:
    {}
except Exception as error:
    print(json.dumps([type(error).__name__, shown(error)]))
"""
PROMISES = """
import json
from notebookgen.testing import promises
from notebookgen_kiln import Kiln
broken = {}
for name, check in (found := promises(Kiln())):
    try:
        check()
    except AssertionError as error:
        broken[name] = str(error)
print(json.dumps([len(found), broken]))
"""
STRAY = """
from notebookgen.wire import HttpRequest
from notebookgen_kiln import Kiln

class Stray(Kiln):
    app_prefix = "set:"

    def apps(self):
        return HttpRequest("GET", "https://elsewhere.example/sets", purpose="models", repeatable=False)
"""


def install(project: Path, target: Path, **changes: Any) -> None:
    """Do what an installer does with a pure package: its modules, its metadata and its entry points in a folder.

    Done by hand, because it must work without a network and whatever build tools there are.
    """
    told = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"] | changes
    shutil.copytree(project / "src", target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    info = target / f"{told['name'].replace('-', '_')}-{told['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {told['name']}\nVersion: {told['version']}\n")
    lines = [
        f"[{group}]\n" + "".join(f"{n} = {v}\n" for n, v in entries.items())
        for group, entries in told["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))


def run(program: str, target: Path, person: Path, **more: str) -> Any:
    """Run a program of somebody who has the packages in ``target``; return what it told."""
    env = surroundings.environment(os.environ, person, PYTHONPATH=str(target), **more)
    done = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False, timeout=120
    )

    assert KEY not in done.stdout + done.stderr
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A fresh folder with the package installed."""
    folder = tmp_path / "packages"
    install(PLUGIN, folder)
    return folder


def service(looks: int) -> RawServer:
    """Return Kiln itself: a job takes so many looks, then there is a tile."""
    left = [looks]

    def answer(asked: Asked) -> bytes:
        if asked.target.endswith("/fire"):
            return reply(json.dumps({"id": "job-7", "state": "drying"}).encode(), "202 Accepted")
        if asked.target.endswith("/jobs/job-7"):
            left[0] -= 1
            done = {"id": "job-7", "state": "cooled", "file": f"{server.url}/v1/tile.png", "cost": "0.035"}
            return reply(json.dumps(done if left[0] < 0 else {"id": "job-7", "state": "firing"}).encode())
        if asked.target.endswith("/tile.png"):
            return reply(picture(), Content_Type="image/png")
        return reply(b"{}", "404 Not Found")

    server = RawServer(answer)
    return server


def test_it_generates_through_its_package(target: Path, tmp_path: Path) -> None:
    """Found by its entry point: a picture comes home over real HTTP, once paid, once kept, in the ledger as its own."""
    with service(looks=2) as server:
        found = run(GENERATE, target, tmp_path / "person", KILN_API_KEY=KEY, KILN_BASE_URL=f"{server.url}/v1")
        creates = [one for one in server.asked if one.method == "POST"]
        files = [one for one in server.asked if one.target.endswith("/tile.png")]

    assert {
        "names": ["apimodels", "apixo", "armox", "kiln"],
        "status": "saved",
        "kinds": ["image"],
        "same": True,
        "cost": "0.035 USD",
        "row": ["kiln", "tile-1", "saved", "0.035000000", "USD", "reported"],
        "models": ["kiln:tile-1"],
    } == found
    assert [{"model": "tile-1", "text": "a tile", "glaze": "blue"}] == [json.loads(one.body) for one in creates]
    assert f"Bearer {KEY}" == creates[0].headers["authorization"]
    assert (1, 3) == (len(files), len([one for one in server.asked if "/jobs/" in one.target]))


def test_its_refusals_are_told_like_ours(target: Path, tmp_path: Path) -> None:
    """A 402 of a stranger's service: its own error, its words, nothing charged, sent once."""
    with RawServer(lambda _: reply(b"the kiln is cold", "402 Payment Required")) as server:
        ask = ASK.format('ng.generate("a tile", model="kiln:tile-1", timeout=60)')
        name, lines = run(ask, target, tmp_path / "person", KILN_API_KEY=KEY, KILN_BASE_URL=server.url)

    assert "InsufficientFunds" == name
    assert "the kiln is cold" in lines[0]
    assert "Nothing was charged" in lines[1]
    assert 1 == len(server.asked)


def test_without_its_key_its_own_page_is_named(target: Path, tmp_path: Path) -> None:
    """The variable and the page are the third party's; it is never the sandbox that answers."""
    ask = ASK.format('ng.generate("a tile", model="kiln:tile-1")')
    name, lines = run(ask, target, tmp_path / "person")

    assert "MissingKey" == name
    assert "KILN_API_KEY is not set. Nothing was sent." in lines[0]
    assert "https://kiln.example/keys" in lines[1]
    assert "set KILN_API_KEY before Python starts" in lines[1]


def test_it_keeps_the_promises(target: Path, tmp_path: Path) -> None:
    """What every provider is checked against, it is checked against in its own tests."""
    count, broken = run(PROMISES, target, tmp_path / "person")

    assert {} == broken
    assert 13 <= count


def test_a_list_that_strays_is_noticed(target: Path, tmp_path: Path) -> None:
    """A third party's list of apps that ignores the configured address, or may not be asked for twice, breaks a promise."""
    (target / "stray.py").write_text(STRAY)
    program = PROMISES.replace("from notebookgen_kiln import Kiln", "from stray import Stray as Kiln")
    _, broken = run(program, target, tmp_path / "person")

    assert {"requests_go_to_the_configured_address", "reads_are_repeatable"} == set(broken)
    assert "https://elsewhere.example/sets" in broken["requests_go_to_the_configured_address"]


def test_two_packages_with_one_name_clash(target: Path, tmp_path: Path) -> None:
    """Nobody wins by the order of installation: both are named, and how to remove one."""
    entries: Any = {"notebookgen.providers": {"kiln": "notebookgen_kiln:AnotherKiln"}}
    install(PLUGIN, target, name="another-kiln", **{"entry-points": entries})
    for call in (
        'ng.generate("a tile", model="kiln:tile-1")',
        'ng.generate("a fox", model="armox:google/nano-banana")',
        "ng.models()",
    ):
        name, lines = run(ASK.format(call), target, tmp_path / "person", ARMOX_API_KEY=KEY)

        assert "ProviderClash" == name
        assert "a provider named 'kiln'" in lines[0]
        assert {"another-kiln", "notebookgen-kiln"} == {word.strip(".") for word in lines[0].split() if "-kiln" in word}
        assert lines[1].startswith("Remove one of them: pip uninstall ")


def test_a_package_that_is_there_twice_is_no_clash(target: Path, tmp_path: Path) -> None:
    """The same package seen twice (an editable install beside a copy) is one provider."""
    install(PLUGIN, tmp_path / "again")
    both = Path(os.pathsep.join(map(str, (target, tmp_path / "again"))))
    count, broken = run(PROMISES, both, tmp_path / "person")

    assert (True, {}) == (count > 0, broken)


def test_a_door_that_leads_to_something_else(tmp_path: Path) -> None:
    """An entry point that names no provider class is told as one, with what it names."""
    entries: Any = {"notebookgen.providers": {"kiln": "notebookgen_kiln:TILE"}}
    install(PLUGIN, tmp_path / "packages", **{"entry-points": entries})
    ask = ASK.format('ng.generate("a tile", model="kiln:tile-1")')
    name, lines = run(ask, tmp_path / "packages", tmp_path / "person", KILN_API_KEY=KEY)

    assert ("UnknownProvider", 1) == (name, len(lines))
    assert "'kiln' (notebookgen_kiln:TILE) is no subclass of notebookgen.providers.Provider" in lines[0]
    report = run(
        "import json, notebookgen as ng; print(json.dumps(ng.Client().doctor()))",
        tmp_path / "packages",
        tmp_path / "person",
    )
    assert "kiln      ! the provider 'kiln'" in report
    assert "armox     no key" in report


def test_a_broken_package_stands_in_nobodys_way(tmp_path: Path) -> None:
    """A provider that cannot be loaded is told as one when it is named; the others go on as if it were not there."""
    entries: Any = {"notebookgen.providers": {"kiln": "notebookgen_kiln_that_is_gone:Kiln"}}
    install(PLUGIN, tmp_path / "packages", **{"entry-points": entries})
    name, lines = run(ASK.format('ng.generate("a tile", model="kiln:tile-1")'), tmp_path / "packages", tmp_path / "one")

    assert ("UnknownProvider", 2) == (name, len(lines))
    assert "'kiln'" in lines[0]
    made = "import json, notebookgen as ng; print(json.dumps([ng.generate('a tile').status, len(ng.models()) > 9]))"
    assert ["saved", True] == run(made, tmp_path / "packages", tmp_path / "two")
