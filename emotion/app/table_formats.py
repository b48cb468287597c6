"""A table of faces as the bytes of a file, made in memory.

CSV starts with a byte order mark here, unlike the command line's: a visitor opens it in a
spreadsheet, and Excel takes a CSV without one for the system's old encoding.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emotion.results.rows import CHANGE_COLUMNS, COLUMNS, Row, to_csv
from emotion.results.writers import arrow_table

if TYPE_CHECKING:
    from emotion.live import LiveHistory


@dataclass(frozen=True)
class TableFormat:
    """A file format: name on the page, file suffix with its dot, MIME type."""

    name: str
    suffix: str
    mime: str


CSV = TableFormat("CSV", ".csv", "text/csv")
JSON = TableFormat("JSON", ".json", "application/json")
PARQUET = TableFormat("Parquet", ".parquet", "application/vnd.apache.parquet")
TABLE_FORMATS = (CSV, JSON, PARQUET)


def table_bytes(
    rows: Iterable[Row], table_format: TableFormat, columns: Sequence[str] = COLUMNS
) -> bytes:
    """The rows in this format; by default with the columns of the command line's tables."""
    if table_format == CSV:
        return to_csv(rows, columns).encode("utf-8-sig")
    if table_format == JSON:
        return (json.dumps(list(rows), indent=1) + "\n").encode()
    import pyarrow.parquet as pq

    file = io.BytesIO()
    pq.write_table(arrow_table(list(rows), columns), file)
    return file.getvalue()


def session_table(record: LiveHistory | None, table_format: TableFormat) -> bytes:
    """The table of a live session, without a session that of none."""
    rows = [] if record is None else record.rows()
    with_changes = bool(rows) and CHANGE_COLUMNS[0] in rows[0]
    return table_bytes(rows, table_format, COLUMNS + CHANGE_COLUMNS * with_changes)
