"""Tokens of callback addresses, and the secret that they are made of."""

from __future__ import annotations

import os
import stat
import threading
from typing import TYPE_CHECKING

import pytest

from notebookgen.webhooks.tokens import FILE_NAME, home_secret, token_of

if TYPE_CHECKING:
    from pathlib import Path

SECRET = bytes(range(32))


def test_each_attempt_has_a_token_of_its_own() -> None:
    """Another attempt, another time (a new ledger counts anew), another content or another home give another token."""
    same = {"key": 7, "at": 1_700_000_000_000_000, "generation": "a" * 64}
    token = token_of(SECRET, **same)  # type: ignore[arg-type]  # a table of arguments
    others = [
        token_of(SECRET, **{**same, **change})  # type: ignore[arg-type]  # likewise
        for change in ({"key": 8}, {"at": 1_700_000_000_000_001}, {"generation": "b" * 64})
    ]
    others.append(token_of(bytes(32), **same))  # type: ignore[arg-type]  # likewise
    assert token == token_of(SECRET, **same)  # type: ignore[arg-type]  # likewise
    assert 5 == len({token, *others})
    assert {43} == {len(one) for one in (token, *others)}
    assert all(one.replace("-", "").replace("_", "").isalnum() for one in (token, *others))


def test_the_secret_of_a_home_folder_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    """It lasts, each home folder has another one, and only its owner can read the file."""
    home = tmp_path / "not" / "there yet"
    first = home_secret(home)
    assert first == home_secret(home)
    assert first != home_secret(tmp_path / "other")
    assert [FILE_NAME] == [one.name for one in home.iterdir()]
    if os.name != "nt":
        assert 0o600 == stat.S_IMODE((home / FILE_NAME).stat().st_mode)


@pytest.mark.skipif(os.name == "nt", reason="rights of another kind")
def test_a_secret_that_a_copy_has_opened_is_closed_again(tmp_path: Path) -> None:
    """Rights that everybody has are taken away at the next use."""
    found = home_secret(tmp_path)
    (tmp_path / FILE_NAME).chmod(0o644)
    assert found == home_secret(tmp_path)
    assert 0o600 == stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode)


@pytest.mark.parametrize("broken", [b"", b"short", b"\xff\xfe", b"zz" * 32, b"00" * 31])
def test_what_can_be_no_secret_is_replaced(tmp_path: Path, broken: bytes) -> None:
    """A file that was cut off or written by somebody else gives way to a new secret, which lasts."""
    (tmp_path / FILE_NAME).write_bytes(broken)
    assert 32 == len(home_secret(tmp_path))
    assert home_secret(tmp_path) == home_secret(tmp_path)


def test_kernels_that_start_together_agree_on_the_secret(tmp_path: Path) -> None:
    """However many make it at once, all have the same one."""
    found: list[bytes] = []
    begin = threading.Barrier(8)

    def make() -> None:
        begin.wait(10)
        found.append(home_secret(tmp_path))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(10)
    assert 8 == len(found)
    assert 1 == len(set(found))
    assert [FILE_NAME] == [one.name for one in tmp_path.iterdir()]
