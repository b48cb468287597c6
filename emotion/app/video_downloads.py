"""The table of a clip as the bytes of a file, in memory."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass

from emotion.results.rows import Row, to_csv
from emotion.results.writers import arrow_table


@dataclass(frozen=True)
class Kind:
    """A format of the table."""

    name: str
    suffix: str
    mime: str


CSV = Kind("CSV", ".csv", "text/csv")
JSON = Kind("JSON", ".json", "application/json")
PARQUET = Kind("Parquet", ".parquet", "application/vnd.apache.parquet")
KINDS = (CSV, JSON, PARQUET)


def table_bytes(rows: Iterable[Row], kind: Kind) -> bytes:
    """The rows in this format, with the same columns as on the command line."""
    if kind == CSV:
        return to_csv(rows).encode()
    if kind == JSON:
        return (json.dumps(list(rows), indent=1) + "\n").encode()
    import pyarrow.parquet as pq

    file = io.BytesIO()
    pq.write_table(arrow_table(list(rows)), file)
    return file.getvalue()
