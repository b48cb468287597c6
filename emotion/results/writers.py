"""Table writers: files that grow while the work goes on and are valid at every moment.

Rows are appended with one system call that ends with a complete row, so a killed program leaves a
readable table, and a full disk costs only the rows being appended. Rows are never kept in memory. A
writer belongs to one file and one thread.
"""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from emotion.files import atomic_write
from emotion.results.rows import COLUMNS, CSV_HEADER, Row, write_csv_rows

if TYPE_CHECKING:
    import pyarrow as pa

TABLE_SUFFIXES = (".csv", ".json", ".jsonl", ".parquet")
"""File name endings of the formats; .jsonl holds one JSON object per line."""

ROW_GROUP = 50_000
"""Rows of a Parquet file that are written, and held in memory, at a time."""


class Table(Protocol):
    """A table file that grows."""

    @property
    def end(self) -> int:
        """Size in bytes of the rows written so far: where the next row goes."""
        ...

    def write(self, rows: Sequence[Row]) -> None:
        """Appends rows and hands them to the operating system, so that a killed run keeps them.

        Raises:
            OSError: They cannot be written; the table is as it was before.
        """
        ...

    def close(self) -> None:
        """Closes the file, after which it is complete."""
        ...


def open_table(path: Path, keep: int | None = None, *, bom: bool = False) -> Table:
    """A table in the format that the path's ending names; its folder is created.

    Args:
        path: Ends in one of ``TABLE_SUFFIXES``.
        keep: Append to an existing file after this many bytes (an earlier table's ``end``),
            discarding what follows; None starts a new file.
        bom: Begin a CSV with a byte order mark, by which Excel knows that it is UTF-8.

    Raises:
        ValueError: Another ending, or a byte order mark in a format other than CSV.
        OSError: The file cannot be written.
    """
    suffix = path.suffix.lower()
    if bom:
        if suffix != ".csv":
            raise ValueError(f"expected a .csv to have a byte order mark, got {path.name}")
        return _LineTable(path, _CsvWithMark(), keep)
    if suffix == ".parquet":
        return _ParquetTable(path, keep)
    if suffix not in _FORMATS:
        raise ValueError(f"expected a name ending in {', '.join(TABLE_SUFFIXES)}, got {path.name}")
    return _LineTable(path, _FORMATS[suffix], keep)


def rows_file(path: Path) -> Path:
    """The file that holds a table's rows while it grows: the table itself, except for Parquet."""
    if path.suffix.lower() == ".parquet":
        return path.with_name(path.name + ".rows.jsonl")
    return path


def forget_rows(path: Path) -> None:
    """Removes the separate file of rows, which a finished table no longer needs."""
    if rows_file(path) != path:
        rows_file(path).unlink(missing_ok=True)


def arrow_schema(columns: Sequence[str] = COLUMNS) -> pa.Schema:
    """The column types in Parquet and Arrow."""
    import pyarrow as pa  # a quarter of a second; only this format needs it

    kinds = {name: pa.string() for name in ("source", "label")}
    kinds |= {name: pa.int64() for name in ("frame", "track", "face", "event")}
    return pa.schema([(name, kinds.get(name, pa.float64())) for name in columns])


def arrow_table(rows: Sequence[Row], columns: Sequence[str] = COLUMNS) -> pa.Table:
    """The rows as an Arrow table with ``arrow_schema``."""
    import pyarrow as pa

    return pa.Table.from_pylist(list(rows), schema=arrow_schema(columns))


class _LineFormat:
    """A text format with one row per line; as it is, JSON Lines."""

    header, footer, separator = b"", b"", b""

    def lines(self, rows: Sequence[Row]) -> list[bytes]:
        """The encoded rows, without separators."""
        return [json.dumps(row).encode() + b"\n" for row in rows]


class _JsonArray(_LineFormat):
    """One array; its closing bracket is rewritten after each addition."""

    header, footer, separator = b"[", b"\n]\n", b","

    def lines(self, rows: Sequence[Row]) -> list[bytes]:
        return [b"\n" + json.dumps(row).encode() for row in rows]


class _Csv(_LineFormat):
    header = CSV_HEADER.encode()

    def lines(self, rows: Sequence[Row]) -> list[bytes]:
        text = io.StringIO(newline="")
        write_csv_rows(rows, text)
        return [text.getvalue().encode()] if rows else []


class _CsvWithMark(_Csv):
    header = codecs.BOM_UTF8 + _Csv.header


_FORMATS = {".csv": _Csv(), ".json": _JsonArray(), ".jsonl": _LineFormat()}


class _LineTable:
    def __init__(self, path: Path, line_format: _LineFormat, keep: int | None) -> None:
        self._format = line_format
        if keep is None or not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(path) as partial:
                partial.write_bytes(line_format.header + line_format.footer)
            keep = len(line_format.header)
        self._file = path.open("r+b", buffering=0)
        self.end = keep
        self._cut()

    def write(self, rows: Sequence[Row]) -> None:
        lines = self._format.lines(rows)
        if not lines:
            return
        added = self._format.separator.join(lines)
        if self.end > len(self._format.header):
            added = self._format.separator + added
        self._file.seek(self.end)
        written = self._file.write(added + self._format.footer)  # in one call
        if written != len(added) + len(self._format.footer):
            self._cut()
            raise OSError(28, "No space left on device", self._file.name)
        self.end += len(added)

    def close(self) -> None:
        self._file.close()

    def _cut(self) -> None:
        """Cuts off what follows the complete rows."""
        self._file.seek(self.end)
        self._file.write(self._format.footer)
        self._file.truncate(self.end + len(self._format.footer))


class _ParquetTable(_LineTable):
    """Parquet is readable only once its footer is written: the rows grow in a file beside it."""

    def __init__(self, path: Path, keep: int | None) -> None:
        self._path = path
        super().__init__(rows_file(path), _FORMATS[".jsonl"], keep)

    def close(self) -> None:
        """Writes the Parquet file from the rows, in one step; the rows stay beside it."""
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
