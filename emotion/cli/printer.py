"""A table on the standard output, where no file was asked for."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import TextIO

from emotion.results.rows import COLUMNS, Row


class Printer:
    """Rows on a stream as they come: CSV for a program, aligned columns for a person."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._person = stream.isatty()
        self._writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        if self._person:
            print(f"{'expression':<11}{'':>6}  {'box (pixels)':<24}source", file=stream)
        else:
            self._writer.writeheader()

    def skip(self, _: str) -> bool:
        """Nothing printed is known to a later run."""
        return False

    def problem(self, _: str) -> str | None:
        """Nothing printed is known to a later run."""
        return None

    def write(self, _: str, rows: Sequence[Row], __: str | None) -> None:
        """Prints the rows of one input."""
        if not self._person:
            self._writer.writerows(rows)
            self._stream.flush()
            return
        for row in rows:
            box = " ".join(f"{float(row[k] or 0):.0f}" for k in ("x1", "y1", "x2", "y2"))
            probability = float(row[str(row["label"])] or 0)
            print(
                f"{row['label']!s:<11}{probability:>6.0%}  {box:<24}{row['source']}",
                file=self._stream,
            )

    def close(self, *, finished: bool) -> None:
        """Nothing is left to be done."""
