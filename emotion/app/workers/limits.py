"""The limits of a task, and how a worker process sets them for itself."""

from __future__ import annotations

import ctypes
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

MEGABYTE = 1 << 20
MOST_MEMORY_MB = 4096
"""No task may ask for more; a worker cannot raise its own limit above it."""

_PR_SET_NO_NEW_PRIVS = 38  # prctl(2)
_STATM = Path("/proc/self/statm")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a task may use; one that needs more is ended.

    Attributes:
        cpu_s: Processor time of all threads together.
        wall_s: Time from its start, without the time in the queue.
        memory_mb: Address space beyond that of a worker at rest.
    """

    cpu_s: int
    wall_s: float
    memory_mb: int


def drop_rights() -> None:
    """Forbids this process to write files and core dumps, and to gain rights by starting programs.

    Where the system does not know a limit, the others hold.
    """
    for limit in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(limit, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        _limit_memory(MOST_MEMORY_MB, hard=True)


def begin_task(limits: Limits) -> None:
    """Sets the limits for the task that begins now; they count what was used before in."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = int(used.ru_utime + used.ru_stime) + 1 + limits.cpu_s
    # The soft limit alone: its signal, SIGXCPU, ends the process.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, resource.RLIM_INFINITY))
    if sys.platform == "linux":
        _limit_memory(limits.memory_mb, hard=False)


def _limit_memory(megabytes: int, *, hard: bool) -> None:
    """Limits the address space to what is mapped now and so many megabytes more."""
    pages = int(_STATM.read_text(encoding="ascii").split()[0])
    size = pages * resource.getpagesize() + megabytes * MEGABYTE
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    if most != resource.RLIM_INFINITY:
        size = min(size, most)
    resource.setrlimit(resource.RLIMIT_AS, (size, size if hard else most))
