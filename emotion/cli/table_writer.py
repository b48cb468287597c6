"""Where ``analyze`` writes its rows: a file that a later run can resume, or the standard output."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, TextIO

from emotion.cli.progress import print_above_progress
from emotion.cli.resume_journal import ResumeJournal, journal_path
from emotion.results.rows import CSV_HEADER, Row, write_csv_rows
from emotion.results.writers import Table, forget_rows, open_table, rows_file


class TableWriter(Protocol):
    """Takes the rows of one input after the other; inputs have the names that the table shows."""

    def skip(self, name: str, /) -> bool:
        """Whether an earlier run has finished this input."""

    def problem(self, name: str, /) -> str | None:
        """What was wrong with an input that an earlier run has finished."""

    def write(self, name: str, rows: Sequence[Row], problem: str | None, /) -> None:
        """Writes all rows of one input, which is finished with them."""

    def close(self, *, finished: bool) -> None:
        """Ends the table; ``finished`` tells whether all inputs are in it."""


class ResumableTableWriter:
    """A table's file together with its journal: a finished input is in both, or in neither.

    Args:
        path: The table; its suffix names the format.
        settings: What the rows depend on, see ``ResumeJournal``.
        resume: Continue with the table that is there.
        bom: See ``open_table``.
    """

    def __init__(
        self, path: Path, settings: dict[str, Any], *, resume: bool, bom: bool = False
    ) -> None:
        self._path = path
        rows = rows_file(path)
        table_bytes = rows.stat().st_size if rows.exists() else 0
        self._journal = ResumeJournal(
            journal_path(path), settings, resume=resume, table_bytes=table_bytes
        )
        self._table: Table = open_table(path, self._journal.table_end, bom=bom)
        self.skip, self.problem = self._journal.skip, self._journal.problem

    def write(self, name: str, rows: Sequence[Row], problem: str | None) -> None:
        """Writes the rows, then the journal's line."""
        self._table.write(rows)
        self._journal.add(name, problem, self._table.end)

    def close(self, *, finished: bool) -> None:
        """Ends the table; the journal is removed if nothing is left to resume."""
        self._table.close()
        if self._journal.close(finished=finished):
            forget_rows(self._path)


class StreamTableWriter:
    """Rows on a stream as they come: CSV for a program, aligned columns on a terminal.

    Args:
        stream: Where they are printed.
        bom: Begin the CSV with a byte order mark.
    """

    def __init__(self, stream: TextIO, *, bom: bool = False) -> None:
        self._stream = stream
        self._aligned = stream.isatty()
        if self._aligned:
            print(f"{'expression':<11}{'':>6}  {'box (pixels)':<24}{'face':<6}source", file=stream)
        else:
            stream.write("\ufeff" if bom else "")
            stream.write(CSV_HEADER)

    def skip(self, _name: str, /) -> bool:
        """False: what was printed cannot be resumed."""
        return False

    def problem(self, _name: str, /) -> str | None:
        """None, for the same reason."""
        return None

    def write(self, _name: str, rows: Sequence[Row], _problem: str | None, /) -> None:
        """Prints the rows of one input."""
        if not self._aligned:
            write_csv_rows(rows, self._stream)
            self._stream.flush()
            return
        for row in rows:
            box = " ".join(f"{float(row[k] or 0):.0f}" for k in ("x1", "y1", "x2", "y2"))
            probability = float(row[str(row["label"])] or 0)
            print_above_progress(
                f"{row['label']!s:<11}{probability:>6.0%}  {box:<24}"
                f"{row['face']!s:<6}{row['source']}",
                file=self._stream,
            )

    def close(self, *, finished: bool) -> None:
        """Nothing is left to be done."""
