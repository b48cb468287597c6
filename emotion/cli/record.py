"""The record of a run: which inputs are finished, so that ``--resume`` goes on behind them.

A file beside the results, ``NAME.progress``: a line of the settings, then a line for each finished
input with its name, what was wrong with it and where the table ended. Its rows are written before
its line: what a killed run left of an unfinished input stands behind the last recorded end, and is
cut off.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from emotion.cli.common import usage_error
from emotion.files import atomic_write
from emotion.results.rows import COLUMNS, Row
from emotion.results.writers import Table, forget_rows, open_table, rows_file


class Record:
    """What is finished, and what was wrong with it; one process writes it.

    settings: what the rows depend on; a record of others ends the program with code 2, or one table
    would hold two kinds of rows. whole: the size of the results' file in bytes; what the record
    says of rows behind it is not believed.
    """

    def __init__(
        self, path: Path, settings: dict[str, Any], *, resume: bool, whole: int = 0
    ) -> None:
        self._path = path
        self._settings = {"columns": list(COLUMNS), **settings}
        self._resume = resume
        self.end: int | None = None
        """Where the table ended behind the last finished input; None where nothing is finished."""
        self._finished: Counter[str] = Counter()
        self._problems: dict[str, str] = {}
        lines = self._read(whole) if resume else []
        path.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(line) + "\n" for line in [self._settings, *lines])
        with atomic_write(path) as partial:
            partial.write_text(text)
        self._file = path.open("ab", buffering=0)

    def skip(self, name: str) -> bool:
        """Whether this input is finished; each time that it was is told once."""
        if not self._finished[name]:
            return False
        self._finished[name] -= 1
        return True

    def problem(self, name: str) -> str | None:
        """What was wrong with a finished input."""
        return self._problems.get(name)

    def add(self, name: str, problem: str | None = None, end: int = 0) -> None:
        """Takes note that an input is finished; its rows are written already."""
        line = {"source": name, "problem": problem, "end": end}
        self._file.write(json.dumps(line).encode() + b"\n")

    def close(self, *, finished: bool) -> bool:
        """Ends the record; True when it was removed.

        A finished run needs it no more, but for one that was told to go on: the same command then
        does what has come since, or nothing.
        """
        self._file.close()
        if finished and not self._resume:
            self._path.unlink(missing_ok=True)
            return True
        return False

    def _read(self, whole: int) -> list[dict[str, Any]]:
        try:
            text = self._path.read_text()
        except FileNotFoundError:
            return []
        complete = []
        for line in text.splitlines(keepends=True):
            try:
                complete.append(json.loads(line if line[-1] == "\n" else ""))
            except json.JSONDecodeError:
                break  # what a power cut left of the last lines
        if not complete:
            return []
        settings, *lines = complete
        if settings != self._settings:
            usage_error(
                f"{self._path} is of a run with other settings or another model; give the same "
                "again, or leave out --resume to begin anew"
            )
        # After a power cut the table may have lost what the record already names.
        lines = [line for line in lines if line["end"] <= whole]
        for line in lines:
            self._finished[line["source"]] += 1
            self.end = line["end"]
            if line["problem"]:
                self._problems[line["source"]] = line["problem"]
        return lines


def record_path(results: Path) -> Path:
    """Where the record of a table, a video or a folder of results stands: beside it."""
    whole = results.resolve()  # "." has no name
    return whole.with_name(whole.name + ".progress")


class RecordedTable:
    """A table together with its record: what is finished is in both, or in none."""

    def __init__(self, path: Path, settings: dict[str, Any], *, resume: bool) -> None:
        self._path = path
        rows = rows_file(path)
        whole = rows.stat().st_size if rows.exists() else 0
        self._record = Record(record_path(path), settings, resume=resume, whole=whole)
        self._table: Table = open_table(path, self._record.end)
        self.skip, self.problem = self._record.skip, self._record.problem

    def write(self, name: str, rows: Sequence[Row], problem: str | None) -> None:
        """Adds all rows of one input, which is finished with them."""
        self._table.write(rows)
        self._record.add(name, problem, self._table.end)

    def close(self, *, finished: bool) -> None:
        """Ends the table; the record goes when nothing is left to be done."""
        self._table.close()
        if self._record.close(finished=finished):
            forget_rows(self._path)
