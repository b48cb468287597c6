"""Paths as text for tables and messages, and names for results that do not collide."""

from __future__ import annotations

from pathlib import Path


def printable(path: Path) -> str:
    """The path as text that any encoding of a file takes, also where its bytes are not UTF-8."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


def unique_path(path: Path, suffix: str, taken: set[Path]) -> Path:
    """A name for one input's result, numbered where another input of this run has it already.

    The old suffix stays in the name, or ``a.jpg`` and ``a.png`` would share a result.

    Args:
        path: The input's name at the result's place.
        suffix: The result's suffix, appended.
        taken: The names given so far; the new one is added.
    """
    unique, number = path.with_name(path.name + suffix), 2
    while unique in taken:
        unique = path.with_name(f"{path.name}-{number}{suffix}")
        number += 1
    taken.add(unique)
    return unique
