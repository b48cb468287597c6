"""Keeps glibc from holding on to memory that was freed. Does nothing on other C libraries."""

from __future__ import annotations

import ctypes
import sys

_M_ARENA_MAX = -8  # mallopt(3)
_ARENAS = 2


def limit_arenas() -> None:
    """Makes all threads allocate from two arenas.

    By default nearly every thread gets its own, and the threads of streams that start and end leave
    each arena half full.
    """
    _call("mallopt", _M_ARENA_MAX, _ARENAS)


def trim() -> None:
    """Returns freed memory to the system; by default glibc keeps all below the top live block."""
    _call("malloc_trim", 0)


def _call(function: str, *arguments: int) -> None:
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), function):
        getattr(library, function)(*arguments)
