"""Paths as text for tables and messages, and names for results that do not collide."""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path

MAX_NAME_BYTES = 220
"""Of a result's name: file systems take 255, and a number or ``.partial`` may be added."""


def printable(path: Path) -> str:
    """The path as text that any encoding of a file takes, also where its bytes are not UTF-8."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


def unique_path(path: Path, suffix: str, taken: set[Path]) -> Path:
    """A name for one input's result, numbered where another input of this run has it already.

    The old suffix stays in the name, or ``a.jpg`` and ``a.png`` would share a result. A name that
    would be too long for a file system is shortened, and ends in a hash of the whole.

    Args:
        path: The input's name at the result's place.
        suffix: The result's suffix, appended.
        taken: The names given so far; the new one is added.
    """
    name = _short_name(path.name, MAX_NAME_BYTES - len(suffix))
    unique, number = path.with_name(name + suffix), 2
    while unique in taken:
        unique = path.with_name(f"{name}-{number}{suffix}")
        number += 1
    taken.add(unique)
    return unique


def _short_name(name: str, most: int) -> str:
    """The name in at most ``most`` bytes."""
    data = os.fsencode(name)
    if len(data) <= most:
        return name
    digest = blake2b(data, digest_size=4).hexdigest()
    return f"{data[: most - len(digest) - 1].decode('utf-8', 'ignore')}-{digest}"
