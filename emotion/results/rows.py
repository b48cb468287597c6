"""Faces as rows of a table: one row a face, the same columns for photos and for video.

``source,frame,time_s,track,x1,...,label,angry,...,neutral``: pixels are of the source picture,
probabilities are fractions; photos leave ``frame``, ``time_s`` and ``track`` empty. The standard
library's csv is enough here: the command line starts with this module and must start fast.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TextIO

from emotion.types import EMOTIONS, Face

COLUMNS = (
    "source",
    "frame",
    "time_s",
    "track",
    "x1",
    "y1",
    "x2",
    "y2",
    "score",
    "label",
    *EMOTIONS,
)

Row = dict[str, str | int | float | None]
"""A value for each of ``COLUMNS``; None where the column stays empty."""

_PIXEL_DIGITS = 1
_SECOND_DIGITS = 3
_FRACTION_DIGITS = 4


def face_rows(
    source: str,
    faces: Sequence[Face],
    frame: int | None = None,
    time_s: float | None = None,
    tracks: Sequence[int | None] | None = None,
) -> list[Row]:
    """One row for each face, in their order; numbers are rounded to what they can tell.

    source: name of the picture or clip. frame: index from 0. time_s: since the clip's start.
    tracks: one per face. The values are plain Python numbers, ready for CSV and JSON.
    """
    if tracks is not None and len(tracks) != len(faces):
        raise ValueError(f"expected one track for each of {len(faces)} faces, got {len(tracks)}")
    rows: list[Row] = []
    for index, face in enumerate(faces):
        row: Row = {
            "source": source,
            "frame": frame,
            "time_s": None if time_s is None else round(float(time_s), _SECOND_DIGITS),
            "track": None if tracks is None else tracks[index],
        }
        for name, pixel in zip(("x1", "y1", "x2", "y2"), face.xyxy, strict=True):
            row[name] = round(float(pixel), _PIXEL_DIGITS)
        row["score"] = round(float(face.score), _FRACTION_DIGITS)
        row["label"] = face.label
        for name, probability in zip(EMOTIONS, face.probabilities, strict=True):
            row[name] = round(float(probability), _FRACTION_DIGITS)
        rows.append(row)
    return rows


def write_csv(rows: Iterable[Row], file: TextIO) -> None:
    """Writes the header and the rows to a text file (opened with ``newline=""``), as they come."""
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def to_csv(rows: Iterable[Row]) -> str:
    """The rows as CSV text with its header; only the header when there are none."""
    text = io.StringIO(newline="")
    write_csv(rows, text)
    return text.getvalue()
