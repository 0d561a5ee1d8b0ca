"""What a process needs to know of others: its parent's death, its own identity, locks.

A supervisor that is killed must not leave children on the port or at the outbox: every
child asks the kernel to end it when its parent ends.
"""

from __future__ import annotations

import ctypes
import fcntl
import gc
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import IO

from campaigns.core.errors import Conflict

CHILD_MARK = "CAMPAIGNS_CHILD_OF"
_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """End this process when its parent ends.

    On Linux the kernel does it (prctl(2), PR_SET_PDEATHSIG); elsewhere a thread watches.
    """
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the kernel was asked
            os.kill(os.getpid(), signal.SIGTERM)
        return
    threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


def settle() -> None:
    """Tell the collector of cycles that what is loaded now stays, and to look less often.

    A worker makes tens of thousands of short-lived objects for each batch, hardly any of
    them in cycles; without this it looks through all modules again and again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def is_child() -> bool:
    """Tell whether this process was started by ``campaigns run`` or ``campaigns web``."""
    return CHILD_MARK in os.environ


def child_environment(**values: str) -> dict[str, str]:
    """Return the environment for a child process, marked as one."""
    return {**os.environ, CHILD_MARK: str(os.getpid()), **values}


def mark_children() -> None:
    """Let processes that this one's libraries start know that they are children."""
    os.environ[CHILD_MARK] = str(os.getpid())


def identity() -> str:
    """Return ``host:pid:start`` of this process; the start time tells a reused pid apart."""
    return f"{socket.gethostname()}:{os.getpid()}:{started_at(os.getpid()) or 0}"


def started_at(pid: int) -> int | None:
    """Return a process's start time in clock ticks since boot; None if it does not run.

    Source: proc(5), field 22 of /proc/<pid>/stat. Where there is no /proc, 0 stands for
    any running process.
    """
    stat = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self/stat").exists():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            return 0
        return 0
    try:
        fields = stat.read_text().rpartition(")")[2].split()
    except OSError:
        return None
    if fields[0] == "Z":  # ended, not yet collected by its parent
        return None
    return int(fields[19])


def is_alive(holder: str) -> bool | None:
    """Tell whether the process of an ``identity()`` still runs; None if on another host."""
    host, pid, start = holder.rsplit(":", 2)
    if host != socket.gethostname():
        return None
    return started_at(int(pid)) == int(start)


class FileLock:
    """An exclusive lock on a file, held until the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def acquire(self, *, what: str) -> None:
        """Take the lock or raise Conflict that says who holds it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise Conflict(
                "already_running",
                f"Another copy of the service (process {holder}) is running on {what}. "
                "Two copies on one SQLite file are not allowed. Nothing was changed: use the "
                "running one, or end it first.",
            ) from error
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Give the lock back; for tests and orderly ends."""
        if self._file is not None:
            self._file.close()
            self._file = None
