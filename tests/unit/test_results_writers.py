"""Table writers: valid at every moment, and resumed without a trace."""

import csv
import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from emotion.results import writers as table_files
from emotion.results.rows import COLUMNS, Row, to_csv
from emotion.results.writers import TABLE_SUFFIXES, forget_rows, open_table, rows_file


def rows(count: int, first: int = 0) -> list[Row]:
    """Rows that differ, with a name that CSV has to quote."""
    return [
        {
            **dict.fromkeys(COLUMNS, 0.25),
            "source": f'a, "{first + index}" é.jpg',
            "frame": first + index if index % 2 else None,
            "track": None,
            "label": "happy",
            "face": 1 + index,
            "event": index or None,
        }
        for index in range(count)
    ]


def read(path: Path) -> list[Row]:
    """The table as any program would read it."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        found: list[Row] = pq.read_table(path).to_pylist()
    elif suffix == ".csv":
        with open(path, newline="", encoding="utf-8") as file:
            found = [
                {
                    k: v if k in ("source", "label") else float(v) if v else None
                    for k, v in row.items()
                }
                for row in csv.DictReader(file, strict=True)
            ]
    elif suffix == ".json":
        found = json.loads(path.read_text())
    else:
        found = [json.loads(line) for line in path.read_text().splitlines()]
    return found


@pytest.mark.parametrize("suffix", TABLE_SUFFIXES)
@pytest.mark.parametrize("parts", [[], [0], [1], [3, 0, 2], [1] * 5])
def test_what_is_added_is_read(tmp_path: Path, suffix: str, parts: list[int]) -> None:
    path = tmp_path / "new" / f"table{suffix}"
    table = open_table(path)
    for index, count in enumerate(parts):
        table.write(rows(count, 10 * index))
    table.close()
    expected = [row for index, count in enumerate(parts) for row in rows(count, 10 * index)]
    assert read(path) == expected
    forget_rows(path)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", [".csv", ".json", ".jsonl"])
def test_the_file_is_whole_after_each_addition(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"table{suffix}"
    table = open_table(path)
    assert read(path) == []
    for count in range(1, 4):
        table.write(rows(1, count))
        assert len(read(path)) == count
    table.close()


def test_csv_is_that_of_the_whole_table(tmp_path: Path) -> None:
    table = open_table(tmp_path / "t.csv")
    table.write(rows(2))
    table.write(rows(2, 2))
    table.close()
    assert (tmp_path / "t.csv").read_bytes() == to_csv(rows(2) + rows(2, 2)).encode()


@pytest.mark.parametrize("suffix", TABLE_SUFFIXES)
@pytest.mark.parametrize("behind", [b"", b'a, "half', b"x" * 5000])
@pytest.mark.parametrize("kept", [0, 2])
def test_going_on_cuts_off_what_is_not_kept(
    tmp_path: Path, suffix: str, behind: bytes, kept: int
) -> None:
    path, straight = tmp_path / f"table{suffix}", tmp_path / f"straight{suffix}"
    table = open_table(path)
    table.write(rows(kept))
    end = table.end
    table.write(rows(3, 50))  # of an input that was not finished
    table.close()
    with open(rows_file(path), "ab") as file:
        file.write(behind)
    table = open_table(path, keep=end)
    table.write(rows(2, kept))
    table.close()
    whole = open_table(straight)
    whole.write(rows(kept + 2)[:kept] + rows(2, kept))
    whole.close()
    assert read(path) == read(straight)
    assert rows_file(path).read_bytes() == rows_file(straight).read_bytes()


@pytest.mark.parametrize("suffix", [".csv", ".json", ".jsonl"])
def test_a_full_disk_costs_the_addition_not_the_table(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"table{suffix}"
    table = open_table(path)
    table.write(rows(2))
    before = path.read_bytes()
    with largest_file(len(before) + 100), pytest.raises(OSError, match="space"):
        table.write(rows(4, 2))
    assert path.read_bytes() == before
    table.write(rows(1, 2))
    table.close()
    assert len(read(path)) == 3


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No byte after this position can be written, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_parquet_is_written_in_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "ROW_GROUP", 4)
    table = open_table(tmp_path / "t.parquet")
    table.write(rows(9))
    table.close()
    file = pq.ParquetFile(tmp_path / "t.parquet")
    assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [4, 4, 1]
    assert file.schema_arrow.names == list(COLUMNS)


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.parquet"):
        open_table(tmp_path / "t.doc")
