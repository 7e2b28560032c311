"""Which kernels live: real processes, killed and put to sleep; an operating-system lock tells them apart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from notebookgen.errors import NotWritable
from notebookgen.ledger.kernels import KernelLock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOLD = """
import sys
from pathlib import Path
from notebookgen.ledger.kernels import KernelLock
lock = KernelLock(Path(sys.argv[1]))
print(lock.id, flush=True)
sys.stdin.read()
"""
FORK = """
import os, sys
from pathlib import Path
from notebookgen.ledger.kernels import KernelLock
lock = KernelLock(Path(sys.argv[1]))
child = os.fork()
if child == 0:
    print(lock.id, os.getpid(), flush=True)  # the child tells it: what it does first as a child is done
    sys.stdin.read()
    os._exit(0)
os._exit(0)
"""


@contextmanager
def holder(folder: Path, program: str = HOLD) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Start a process that holds a lock; give it and the words of its first line."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().split()
    finally:
        process.kill()
        process.communicate(timeout=30)


def test_a_process_that_lives_is_alive(tmp_path: Path) -> None:
    """Its lock is held for as long as it lives, whatever it does meanwhile; asking does not free it."""
    mine = KernelLock(tmp_path)
    with holder(tmp_path) as (_, (other,)):
        assert [True, True, True] == [mine.alive(other) for _ in range(3)]
        assert True is mine.alive(mine.id)
    mine.release()


def test_a_killed_process_is_dead_at_once(tmp_path: Path) -> None:
    """SIGKILL leaves no time to tidy up: the system itself frees the lock, and the file is cleared away."""
    mine = KernelLock(tmp_path)
    with holder(tmp_path) as (process, (other,)):
        assert True is mine.alive(other)
        process.kill()
        process.wait(30)

        assert False is mine.alive(other)
        assert False is mine.alive(other)
        assert [f"{mine.id}.lock"] == sorted(path.name for path in tmp_path.iterdir())
    mine.release()


def test_a_sleeping_process_is_not_dead(tmp_path: Path) -> None:
    """A stopped process (a laptop with its lid closed) keeps its lock, for however long."""
    mine = KernelLock(tmp_path)
    with holder(tmp_path) as (process, (other,)):
        os.kill(process.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)

        assert True is mine.alive(other)
        os.kill(process.pid, signal.SIGCONT)
        assert True is mine.alive(other)
    mine.release()


def test_a_forked_child_does_not_keep_its_parent_alive(tmp_path: Path) -> None:
    """The parent is gone and its child lives on: the kernel is dead, its jobs may be adopted."""
    mine = KernelLock(tmp_path)
    with holder(tmp_path, FORK) as (process, (other, child)):
        process.wait(30)
        os.kill(int(child), 0)  # the child lives

        assert False is mine.alive(other)
    mine.release()


def test_a_kernel_that_gave_its_lock_back_is_dead(tmp_path: Path) -> None:
    """An orderly end leaves nothing behind."""
    mine, other = KernelLock(tmp_path), KernelLock(tmp_path)
    assert True is mine.alive(other.id)
    other.release()

    assert False is mine.alive(other.id)
    mine.release()
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["", "never there", "../../etc/passwd", "a" * 32])
def test_a_kernel_nobody_knows_is_dead(tmp_path: Path, name: str) -> None:
    """Names come out of a file: one that is nothing, or leads elsewhere, is no kernel, and nothing else is touched."""
    mine = KernelLock(tmp_path / "kernels")

    assert False is mine.alive(name)
    mine.release()


def test_what_cannot_be_asked_about_is_not_called_dead(tmp_path: Path) -> None:
    """Where the file is there and cannot be opened, its kernel may live: its jobs are not taken from it."""
    mine = KernelLock(tmp_path)
    (tmp_path / "other.lock").mkdir()

    assert True is mine.alive("other")
    mine.release()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """The message names the folder and where else to go."""
    (tmp_path / "kernels").write_bytes(b"")

    with pytest.raises(NotWritable, match="NOTEBOOKGEN_HOME"):
        KernelLock(tmp_path / "kernels")
