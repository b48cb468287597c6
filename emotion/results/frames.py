"""The faces of one video frame, and their table rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emotion.results.rows import Row, face_rows
from emotion.tracking import TrackedFace


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """The faces of one frame of a video; immutable.

    Attributes:
        frame: Index among all frames, from 0.
        time_s: Seconds since the clip's start.
        faces: A face's ``track_id`` is the same person's throughout the clip; its ``raw`` is what
            this frame alone shows, without smoothing.
    """

    frame: int
    time_s: float
    faces: tuple[TrackedFace, ...]


def video_rows(source: str, result: FrameResult) -> list[Row]:
    """The table rows of one frame; ``source`` is the clip's name."""
    return tracked_rows(source, result.faces, result.time_s, result.frame)


def tracked_rows(
    source: str,
    faces: Sequence[TrackedFace],
    time_s: float,
    frame: int | None = None,
    event: int | None = None,
) -> list[Row]:
    """One row per face: the unsmoothed values of its frame, with the track's number.

    Args:
        source: Name of the clip or stream.
        faces: The frame's faces.
        time_s: Seconds since the start.
        frame: Index of the frame, None for a live stream.
        event: See ``face_rows``.
    """
    return face_rows(
        source,
        [face.raw for face in faces],
        frame,
        time_s,
        [face.track_id for face in faces],
        event,
    )
