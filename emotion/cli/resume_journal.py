"""The journal of a run: which inputs are finished, so that ``--resume`` continues after them.

A file beside the results, ``NAME.progress``, one JSON object a line: first the settings, then for
each finished input its name, what was wrong with it, and how many bytes the table then had. An
input's rows are written before its line: whatever an interrupted run left of an unfinished input
lies behind the last recorded end and is cut off.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from emotion.cli.console import usage_error
from emotion.files import atomic_write
from emotion.results.rows import COLUMNS


class ResumeJournal:
    """The finished inputs of a run, and what was wrong with some; written by one process.

    Args:
        path: The journal's file, see ``journal_path``.
        settings: Everything that the rows depend on, as JSON can hold it. A journal with other
            settings exits with code 2: one table would hold two kinds of rows.
        resume: Continue with the journal that is there; otherwise it is restarted.
        table_bytes: The present size of the table. What the journal says of rows beyond it is
            ignored: after a power cut a table may have lost what its journal already names.

    Attributes:
        table_end: The table's size after the last finished input, in bytes; None where nothing is
            finished.
    """

    def __init__(
        self, path: Path, settings: dict[str, Any], *, resume: bool, table_bytes: int = 0
    ) -> None:
        self._path = path
        self._settings = {"columns": list(COLUMNS), **settings}
        self._resume = resume
        self.table_end: int | None = None
        self._finished: Counter[str] = Counter()
        self._problems: dict[str, str] = {}
        lines = self._read(table_bytes) if resume else []
        path.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(line) + "\n" for line in [self._settings, *lines])
        with atomic_write(path) as partial:
            partial.write_text(text)
        self._file = path.open("ab", buffering=0)

    def skip(self, name: str) -> bool:
        """Whether this input is finished; True as many times as it was, if it was named twice."""
        if not self._finished[name]:
            return False
        self._finished[name] -= 1
        return True

    def problem(self, name: str) -> str | None:
        """What was wrong with a finished input; None if nothing was."""
        return self._problems.get(name)

    def add(self, name: str, problem: str | None = None, table_end: int = 0) -> None:
        """Records a finished input, whose rows must have been written.

        Args:
            name: The input as the table names it.
            problem: What was wrong with it.
            table_end: The table's size with its rows, in bytes.
        """
        line = {"source": name, "problem": problem, "end": table_end}
        self._file.write(json.dumps(line).encode() + b"\n")

    def close(self, *, finished: bool) -> bool:
        """Closes the journal, and removes it if nothing is left to resume.

        The journal of a finished run with ``--resume`` stays: the same command then does
        what has been added since, or nothing.

        Args:
            finished: Whether the run came to its end.

        Returns:
            Whether the journal was removed.
        """
        self._file.close()
        if finished and not self._resume:
            self._path.unlink(missing_ok=True)
            return True
        return False

    def _read(self, table_bytes: int) -> list[dict[str, Any]]:
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
                "again, or leave out --resume to restart"
            )
        lines = [line for line in lines if line["end"] <= table_bytes]
        for line in lines:
            self._finished[line["source"]] += 1
            self.table_end = line["end"]
            if line["problem"]:
                self._problems[line["source"]] = line["problem"]
        return lines


def journal_path(results: Path) -> Path:
    """Where the journal of a table, a video or a folder of results lies: beside it."""
    whole = results.resolve()  # "." has no name
    return whole.with_name(whole.name + ".progress")
