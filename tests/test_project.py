"""The project as a whole: what its files are called, how long they are, what they speak of, and that exceptions say why."""

from __future__ import annotations

import ast
import os
import re
import tokenize
import tomllib
from functools import cache
from pathlib import Path

import pytest

MOST_LINES = 400
NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc", "tools", "stuff"}
CODE = ("src", "tests", "benchmarks", "docs")
TEXT = {".py", ".md", ".toml", ".ipynb", ".txt", ".json", ".yml", ".yaml", ".cfg", ".js", ".css", ".html", ""}
BUILT = {"_build", "build", "dist", "__pycache__", "node_modules"}

# Where this was made, and by what, is no part of it. Written in pieces, so that this file passes its own test.
ELSEWHERE = (
    r"(?<![\w.])/" + r"work/",
    r"\.\./" + r"shared",
    r"/opt/" + r"(?:wheels|pypi)",
    r"/t" + r"mp/(?:brief|mach|painter)",
    r"(?i)\b(?:issue|pull request|PR)\s+#" + r"\d",
    r"(?i)\b(?:sub)?ag" + r"ents?\b(?<!user-ag" + r"ent)(?!\"?\s*[:,=\]])",
    r"(?i)\bhelper " + r"sessions?\b",
)


@cache
def files(root: Path) -> tuple[Path, ...]:
    """Return the project's own text files; built ones and other people's are not entered."""
    found: list[Path] = []
    for folder, folders, names in os.walk(root):
        folders[:] = [each for each in folders if each == ".ci" or not (each in BUILT or each.startswith("."))]
        found += [Path(folder, name) for name in names]
    return tuple(path for path in sorted(found) if path.suffix in TEXT and not path.name.endswith((".lock", ".log")))


def modules(root: Path) -> list[Path]:
    """Return every Python file that is ours."""
    return [path for path in files(root) if path.suffix == ".py" and path.relative_to(root).parts[0] in CODE]


def test_no_module_is_longer_than_a_person_reads_at_once(root: Path) -> None:
    """No Python file has more than 400 lines; but for tests, which are lists of promises and not read as a whole."""
    read = [path for path in modules(root) if not path.name.startswith("test_")]
    lengths = {str(path.relative_to(root)): len(path.read_text("utf-8").splitlines()) for path in read}

    assert {} == {name: length for name, length in lengths.items() if length > MOST_LINES}


def test_every_module_is_called_what_it_is(root: Path) -> None:
    """No file or folder of code has a name that says nothing."""
    named = [path.relative_to(root) for path in modules(root)]

    assert [] == [str(path) for path in named if NAMELESS & {path.stem, *path.parts[:-1]}]


def test_every_module_states_its_rule(root: Path) -> None:
    """Every Python file begins with a docstring, and has its annotations unevaluated."""
    silent = []
    for path in modules(root):
        text = path.read_text("utf-8")
        if text.strip() and (
            not ast.get_docstring(ast.parse(text))
            or ("def " in text and "from __future__ import annotations" not in text)
        ):
            silent.append(str(path.relative_to(root)))

    assert [] == silent


def test_every_exception_from_a_rule_has_its_reason(root: Path) -> None:
    """Each `noqa` and each `type: ignore` names its codes, and says why on the same line."""
    coded = re.compile(
        r"#\s*noqa: [A-Z]+\d+(?:, ?[A-Z]+\d+)*(?P<noqa>.*)|#\s*type: ignore\[[\w, -]+\](?P<ignore>.*)", re.DOTALL
    )
    bare = []
    for path in modules(root):
        if not re.search(r"noqa|type:\s*ignore|pragma", path.read_text("utf-8")):
            continue
        with path.open("rb") as stream:
            comments = [token for token in tokenize.tokenize(stream.readline) if token.type == tokenize.COMMENT]
        for token in comments:
            if not re.search(r"#\s*(?:noqa|type:\s*ignore|pragma)\b", token.string):
                continue
            match = coded.search(token.string)
            reason = (match["noqa"] or match["ignore"] or "") if match else ""
            if not re.search(r"[A-Za-z]{4}", reason):
                bare.append(f"{path.relative_to(root)}:{token.start[0]} {token.string}")

    assert "" == "\n".join(bare)


def test_every_exception_in_the_configuration_has_its_reason(root: Path) -> None:
    """Each rule that pyproject.toml switches off has a comment on its line."""
    text = (root / "pyproject.toml").read_text("utf-8")
    ignored = re.search(r"^ignore = \[\n(.*?)^\]", text, re.DOTALL | re.MULTILINE)

    assert ignored is not None
    assert [] == [line.strip() for line in ignored[1].splitlines() if line.strip() and "#" not in line]


@pytest.mark.parametrize("pattern", ELSEWHERE)
def test_the_project_speaks_of_itself_alone(root: Path, pattern: str) -> None:
    """No file speaks of the place where it was made."""
    found = [
        f"{path.relative_to(root)}: {match.group()}"
        for path in files(root)
        for match in [re.search(pattern, path.read_text("utf-8", errors="replace"))]
        if match
    ]

    assert [] == found


def test_nothing_is_left_undone(root: Path) -> None:
    """No stub and no note about later in the library: what is not built is absent."""
    undone = re.compile("raise NotImplemented" + "Error|\\b(?:TO" + "DO|FIX" + "ME|X" + "XX)\\b")
    library = [path for path in modules(root) if path.relative_to(root).parts[0] == "src"]

    assert [] == [str(path.relative_to(root)) for path in library if undone.search(path.read_text("utf-8"))]


def test_the_changelog_knows_the_version(root: Path) -> None:
    """The version of pyproject.toml has its part of the changelog."""
    version = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]

    assert f"## {version}" in (root / "docs/changelog.md").read_text("utf-8")
