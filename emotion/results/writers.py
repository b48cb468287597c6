"""Tables as files that grow while the work goes on, and are whole at every moment.

Each addition is one call to the system that ends with a whole row, so a program that is killed
leaves a table that reads as it is; a disk that fills up costs the addition, not the table. Rows
are never kept in memory. One writer belongs to one file and one thread.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from emotion.files import atomic_write
from emotion.results.rows import COLUMNS, Row

if TYPE_CHECKING:
    import pyarrow as pa

TABLE_SUFFIXES = (".csv", ".json", ".jsonl", ".parquet")
"""Endings of the tables that can be written; .jsonl holds one JSON object a line."""

ROW_GROUP = 50_000
"""Rows of a Parquet file that are written, and held in memory, at a time."""


class Table(Protocol):
    """A table that grows."""

    @property
    def end(self) -> int:
        """How many bytes of the rows' file are used: where the next row will stand."""
        ...

    def write(self, rows: Sequence[Row]) -> None:
        """Adds rows and hands them to the system, so that a killed run keeps them."""
        ...

    def close(self) -> None:
        """Ends the file."""
        ...


def open_table(path: Path, keep: int | None = None) -> Table:
    """A table in the format that the path's ending names; its folder is made.

    keep: go on with the file that is there, behind so many bytes (an earlier table's ``end``); None
    begins anew. Raises ``ValueError`` for another ending and ``OSError`` when it cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _ParquetTable(path, keep)
    if suffix not in _FORMS:
        raise ValueError(f"expected a name ending in {', '.join(TABLE_SUFFIXES)}, got {path.name}")
    return _LineTable(path, _FORMS[suffix], keep)


def rows_file(path: Path) -> Path:
    """Where the rows of a table stand while it grows: itself, but for Parquet."""
    if path.suffix.lower() == ".parquet":
        return path.with_name(path.name + ".rows.jsonl")
    return path


def forget_rows(path: Path) -> None:
    """Takes away what a finished table needs no more."""
    if rows_file(path) != path:
        rows_file(path).unlink(missing_ok=True)


def arrow_schema() -> pa.Schema:
    """The columns' types in Parquet and Arrow."""
    import pyarrow as pa  # a quarter of a second; only this format needs it

    kinds = {"source": pa.string(), "label": pa.string(), "frame": pa.int64(), "track": pa.int64()}
    return pa.schema([(name, kinds.get(name, pa.float64())) for name in COLUMNS])


def arrow_table(rows: Sequence[Row]) -> pa.Table:
    """The rows as columns of ``arrow_schema``."""
    import pyarrow as pa

    return pa.Table.from_pylist(list(rows), schema=arrow_schema())


class _Form:
    """A text format of one row a line: JSON objects, one after the other."""

    head, foot, joint = b"", b"", b""

    def lines(self, rows: Sequence[Row]) -> list[bytes]:
        """Each row's text, without what stands between two of them."""
        return [json.dumps(row).encode() + b"\n" for row in rows]


class _JsonArray(_Form):
    """One array; its closing bracket is written anew behind each addition."""

    head, foot, joint = b"[", b"\n]\n", b","

    def lines(self, rows: Sequence[Row]) -> list[bytes]:
        return [b"\n" + json.dumps(row).encode() for row in rows]


class _Csv(_Form):
    head = ",".join(COLUMNS).encode() + b"\n"

    def lines(self, rows: Sequence[Row]) -> list[bytes]:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writerows(rows)
        return [text.getvalue().encode()] if rows else []


_FORMS = {".csv": _Csv(), ".json": _JsonArray(), ".jsonl": _Form()}


class _LineTable:
    def __init__(self, path: Path, form: _Form, keep: int | None) -> None:
        self._form = form
        if keep is None or not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(path) as partial:
                partial.write_bytes(form.head + form.foot)
            keep = len(form.head)
        self._file = path.open("r+b", buffering=0)
        self.end = keep
        self._cut()

    def write(self, rows: Sequence[Row]) -> None:
        lines = self._form.lines(rows)
        if not lines:
            return
        added = self._form.joint.join(lines)
        if self.end > len(self._form.head):
            added = self._form.joint + added
        self._file.seek(self.end)
        written = self._file.write(added + self._form.foot)  # one call: all of it, or it is undone
        if written != len(added) + len(self._form.foot):
            self._cut()
            raise OSError(28, "No space left on device", self._file.name)
        self.end += len(added)

    def close(self) -> None:
        self._file.close()

    def _cut(self) -> None:
        """Takes away what stands behind the whole rows."""
        self._file.seek(self.end)
        self._file.write(self._form.foot)
        self._file.truncate(self.end + len(self._form.foot))


class _ParquetTable(_LineTable):
    """Parquet can be read only once its end is written: the rows grow in a file beside it."""

    def __init__(self, path: Path, keep: int | None) -> None:
        self._path = path
        super().__init__(rows_file(path), _FORMS[".jsonl"], keep)

    def close(self) -> None:
        """Makes the Parquet file of the rows, which stay beside it; it appears whole."""
        super().close()
        import pyarrow.parquet as pq

        with (
            atomic_write(self._path) as partial,
            pq.ParquetWriter(partial, arrow_schema()) as writer,
        ):
            for rows in _groups(rows_file(self._path)):
                writer.write_table(arrow_table(rows))


def _groups(path: Path) -> Iterator[list[Row]]:
    with open(path, encoding="utf-8") as file:
        while rows := [json.loads(line) for line in islice(file, ROW_GROUP)]:
            yield rows
