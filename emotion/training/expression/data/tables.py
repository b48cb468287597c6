"""Reads CSV files of faces as strings of pixels, and the FER+ votes, compressed or in an archive.

Rows that cannot be used are reported as problems; the rest is used.
"""

from __future__ import annotations

import csv
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from emotion.errors import DataError
from emotion.training.expression.data import problems as kinds
from emotion.training.expression.data.archives import is_archive, table_in, table_opener
from emotion.training.expression.data.faces import FACE_SIZE, SPLITS, VOTES, split_of
from emotion.training.expression.data.labels import (
    CONTEMPT,
    LabelOrder,
    label_from_csv,
    numbers_text,
)
from emotion.training.expression.data.problems import Problem, summary
from emotion.types import EMOTIONS

COLUMNS = ("emotion", "pixels", "Usage")
_PIXELS = FACE_SIZE[0] * FACE_SIZE[1]


@dataclass(frozen=True, kw_only=True, eq=False)
class FaceTable:
    """The usable rows of a CSV of faces.

    Attributes:
        images: uint8 (N, 48, 48).
        labels: int64 (N,), indices into ``EMOTIONS``.
        split: str (N,), or None if the file has no column Usage.
        rows: Their numbers among all rows of the file, from 0, int64 (N,).
        total: Number of all rows of the file.
        problems: The other rows.
    """

    images: np.ndarray
    labels: np.ndarray
    split: np.ndarray | None
    rows: np.ndarray
    total: int
    problems: tuple[Problem, ...]


def read_face_table(path: Path, order: LabelOrder) -> FaceTable:
    """Reads a CSV with the columns emotion, pixels and, if it has one, Usage.

    Columns may be in any order and case, and separated by commas, semicolons or tabs.

    Args:
        path: The file, or an archive that holds it and no other table.
        order: What the label numbers mean.

    Raises:
        DataError: When the file cannot be read, lacks a column or has no usable row.
    """
    images, labels, split, rows = bytearray(), [], [], []
    problems: list[Problem] = []
    total = 0
    with _opened(path) as reader:
        places = _columns(reader, path)
        for line, fields in _rows(reader):
            total += 1
            found = _face(fields, places, order)
            if isinstance(found, tuple):
                images += found[0]
                labels.append(found[1])
                split.append(found[2] or "")
                rows.append(total - 1)
            else:
                sentence = f"{path.name}, line {line}: {found.sentence}"
                problems.append(Problem(kind=found.kind, sentence=sentence))
    if not rows:
        why = f": {problems[0].sentence} (in all: {summary(problems)})" if problems else "."
        raise DataError(f"{path} has no row that can be used{why}")
    return FaceTable(
        images=np.frombuffer(images, np.uint8).reshape(-1, *FACE_SIZE),
        labels=np.array(labels, np.int64),
        split=None if places.usage is None else np.array(split),
        rows=np.array(rows, np.int64),
        total=total,
        problems=tuple(problems),
    )


def read_votes(path: Path, table: FaceTable) -> tuple[np.ndarray, tuple[Problem, ...]]:
    """Reads the FER+ votes of a table's rows.

    Args:
        path: The file of votes.
        table: The faces.

    Returns:
        Votes, int64 (N, 10), and the problems. Votes that cannot be read are zeros, so that the
        face keeps its label.

    Raises:
        DataError: When the file's columns, rows or order do not match the table.
    """
    votes, usage, problems = [], [], []
    with _opened(path) as reader:
        columns = len(next(reader, []))
        for line, fields in _rows(reader):
            counts = [f.strip() for f in fields[2:]]
            usable = len(counts) == VOTES and all(c.isascii() and c.isdigit() for c in counts)
            if not usable:
                sentence = f"{path.name}, line {line}: expected {VOTES} counts of votes."
                problems.append(Problem(kind=kinds.VOTES, sentence=sentence))
            votes.append([int(c) for c in counts] if usable else [0] * VOTES)
            usage.append(fields[0] if fields else "")
    if len(votes) != table.total or columns != 2 + VOTES:
        raise DataError(
            f"{path} has {len(votes)} rows and {columns} columns; FER+ has one row for "
            f"each of the {table.total} faces and {2 + VOTES} columns."
        )
    named = [split_of(text) or "" for text in usage]
    if table.split is None or not np.array_equal(np.array(named)[table.rows], table.split):
        raise DataError(f"The rows of {path} are not in the order of the FER2013 file.")
    return np.array(votes, np.int64)[table.rows], tuple(problems)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A CSV reader over the file; errors of reading are raised as ``DataError``."""
    try:
        # Invalid UTF-8 makes only its row unusable; a byte order mark is skipped.
        with _open_text(path) as file:
            first = file.readline()
            yield csv.reader(chain([first], file), delimiter=_delimiter(first))
    except (OSError, EOFError, csv.Error, lzma.LZMAError, zlib.error) as error:
        raise DataError(f"The file {path} cannot be read as CSV ({error}).") from error


def _open_text(path: Path) -> IO[str]:
    settings: dict[str, Any] = {"encoding": "utf-8-sig", "errors": "replace", "newline": ""}
    if not is_archive(path):
        return cast("IO[str]", table_opener(path)(path, "rt", **settings))
    data = table_in(path)
    if data is None:
        raise DataError(f"{path} holds no table; name a .csv, or an archive with one.")
    return io.TextIOWrapper(io.BytesIO(data), **settings)


def _delimiter(header: str) -> str:
    """The separator of the header's columns: the most frequent of comma, semicolon and tab."""
    return max(",;\t", key=header.count)


@dataclass(frozen=True)
class _Columns:
    """Where the columns are; ``usage`` is None where there is none."""

    emotion: int
    pixels: int
    usage: int | None
    count: int


def _columns(reader: Any, path: Path) -> _Columns:
    header = [name.strip() for name in next(reader, [])]
    lower = [name.lower() for name in header]
    missing = [name for name in COLUMNS[:2] if name not in lower]
    if missing:
        has = f"it has {', '.join(header[:8])}" if any(header) else "it is empty"
        raise DataError(
            f"{path} has no column {', '.join(missing)} ({has[:120]}); expected FER2013's emotion, "
            "pixels and Usage."
        )
    emotion, pixels = (lower.index(name) for name in COLUMNS[:2])
    usage = lower.index("usage") if "usage" in lower else None
    return _Columns(emotion, pixels, usage, len(header))


def _rows(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """(line in the file, fields) of each non-empty row; one empty field for an invalid row."""
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error:
            fields = [""]
        if fields:
            yield reader.line_num, fields


def _face(
    fields: list[str], places: _Columns, order: LabelOrder
) -> tuple[bytes, int, str | None] | Problem:
    """(pixels, label, split) of a row, or the problem with it."""
    width = places.count
    if len(fields) != width:
        return Problem(kind=kinds.INCOMPLETE, sentence=f"{len(fields)} fields, expected {width}.")
    label, text = fields[places.emotion], fields[places.pixels]
    split = None if places.usage is None else split_of(fields[places.usage])
    if places.usage is not None and split is None:
        expected, given = ", ".join(SPLITS), _short(fields[places.usage].strip())
        return Problem(kind=kinds.SPLIT, sentence=f"unknown Usage {given}, expected {expected}.")
    name = label_from_csv(label, order)
    if name == CONTEMPT:
        return Problem(kind=kinds.CONTEMPT, sentence=f"contempt ({_short(label)}) is left out.")
    if name is None:
        known = f"{numbers_text(order)} or a name"
        return Problem(
            kind=kinds.LABEL, sentence=f"unknown label {_short(label)}, expected {known}."
        )
    values = text.split()
    if len(values) != _PIXELS:
        return Problem(
            kind=kinds.LENGTH,
            sentence=f"{len(values)} pixels, expected {FACE_SIZE[0]} x {FACE_SIZE[1]} = {_PIXELS}.",
        )
    try:
        pixels = bytes(map(int, values))  # checks and converts in one fast step
    except ValueError:
        return Problem(kind=kinds.RANGE, sentence="a pixel is no whole number in 0..255.")
    return pixels, EMOTIONS.index(name), split


def _short(text: str) -> str:
    """A field for a message, escaped and shortened."""
    return repr(text if len(text) <= 30 else text[:27] + "...")
