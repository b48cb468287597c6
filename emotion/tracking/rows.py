"""Tracked faces as rows of the table."""

from __future__ import annotations

from collections.abc import Sequence

from emotion.results.rows import Row, face_rows
from emotion.tracking.track import TrackedFace


def tracked_rows(
    source: str, faces: Sequence[TrackedFace], time_s: float, frame: int | None = None
) -> list[Row]:
    """One row for each face, by what this frame alone shows, without smoothing.

    Args:
        source: Name of the file or stream.
        faces: Of one frame.
        time_s: Of the frame.
        frame: Its index from 0, or None for a live stream.
    """
    return face_rows(
        source,
        [face.raw for face in faces],
        frame,
        time_s,
        [face.track_id for face in faces],
    )
