"""Table rows: one row per face, the same columns for photos and for video.

``source,frame,time_s,track,x1,...,label,angry,...,neutral,face,event``: boxes are in pixels of the
source image, probabilities are fractions, ``face`` is the number shown by the annotated picture or
video. Photos leave ``frame``, ``time_s`` and ``track`` empty. ``event`` is the number of the last
event that was marked in a live session or a clip, empty before the first and in photos. New columns
are added at the end. In CSV, a source that a spreadsheet would take for a formula has an apostrophe
in front (``emotion.results.cells``). Only the standard library's csv is used: the command line
imports this module and must start fast.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TextIO

from emotion.results.cells import safe_cell
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
    "face",
    "event",
)

CHANGE_COLUMNS = tuple(f"{name}_change" for name in EMOTIONS)
"""After ``COLUMNS`` in the table of a live session with a baseline: the probabilities of the row
less those of the face's resting face, -1..1; empty for a face without a baseline."""

Row = dict[str, str | int | float | None]
"""A value for each of the table's columns; None where the column stays empty."""

_PIXEL_DIGITS = 1
_SECOND_DIGITS = 3
_FRACTION_DIGITS = 4


def face_rows(
    source: str,
    faces: Sequence[Face],
    frame: int | None = None,
    time_s: float | None = None,
    tracks: Sequence[int] | None = None,
    event: int | None = None,
) -> list[Row]:
    """One row per face, in the same order, with values rounded to a meaningful precision.

    Args:
        source: Name of the image or clip.
        faces: The faces of one image or frame.
        frame: Index of the frame, from 0; None for a photo.
        time_s: Seconds since the clip's start; None for a photo.
        tracks: Track number of each face, which is also the number drawn; None for a photo, whose
            faces are numbered from 1.
        event: Number of the last event marked in a live session or a clip, if any.

    Returns:
        Plain Python values, ready for CSV and JSON.

    Raises:
        ValueError: Not one track per face.
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
        row["face"] = index + 1 if tracks is None else tracks[index]
        row["event"] = event
        rows.append(row)
    return rows


CSV_HEADER = ",".join(COLUMNS) + "\n"


def write_csv_rows(rows: Iterable[Row], file: TextIO, columns: Sequence[str] = COLUMNS) -> None:
    """Writes the rows one by one, without a header; open the file with ``newline=""``."""
    writer = csv.DictWriter(file, columns, lineterminator="\n")
    for row in rows:
        writer.writerow({**row, "source": safe_cell(str(row["source"]))})


def to_csv(rows: Iterable[Row], columns: Sequence[str] = COLUMNS) -> str:
    """The rows as CSV text, with a header also when there are none."""
    text = io.StringIO(newline="")
    text.write(",".join(columns) + "\n")
    write_csv_rows(rows, text, columns)
    return text.getvalue()
