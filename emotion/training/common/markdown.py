"""Markdown tables for cards and commands."""

from __future__ import annotations

from collections.abc import Sequence


def markdown(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Formats a Markdown table.

    Args:
        names: Column headers; the first may be empty.
        rows: Cells of each row.
    """
    header = "|" + "".join(f" {name} |" if name else " |" for name in names)
    lines = [header, "|---" * len(names) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])
