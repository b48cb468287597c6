"""Rendering the annotated video: the clip's frames once more, with the tracked faces drawn in."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import BinaryIO

from emotion.imaging.annotation import annotate_into
from emotion.types import Image
from emotion.video.audio import AudioTrack
from emotion.video.container import Source, reopened
from emotion.video.reader import Clip
from emotion.video.track_store import TrackStore
from emotion.video.writer import ClipWriter

_MAX_FRAME_DURATION_S = 15.0  # of a slide show


def render_clip(
    source: Source,
    tracks: TrackStore,
    out: Path | BinaryIO,
    *,
    start_s: float = 0.0,
    end_s: float | None = None,
    max_side: int | None = None,
) -> Generator[float, None, bool]:
    """Writes an annotated MP4 of a section of the clip, with its audio, frame by frame.

    All frames are written at their own times, also those between two analysed ones. Closing the
    generator early finishes the file with the frames written so far.

    Args:
        source: The clip's path or opened file.
        tracks: The faces found in it.
        out: Where the MP4 goes, see ``ClipWriter``.
        start_s: Start of the section, seconds since the clip's start.
        end_s: End of the section; None for the clip's end.
        max_side: Longest side of the result in pixels; None keeps the clip's size.

    Yields:
        The time of each frame written, seconds since the clip's start.

    Returns:
        Whether all of the audio could be copied.

    Raises:
        VideoError: The clip cannot be read, or the result cannot be written.
    """
    with ExitStack() as stack:
        clip = stack.enter_context(_open_at(source, start_s))
        offset_s = clip.offset_s
        audio = stack.enter_context(
            closing(
                AudioTrack(
                    source,
                    start_s=offset_s + start_s,
                    end_s=None if end_s is None else offset_s + end_s,
                )
            )
        )
        target = ClipWriter(out, audio=audio, max_side=max_side, color_space=clip.color_space)
        writer = stack.enter_context(closing(target))
        for _, time_s, image in clip.frames(start_s=start_s, end_s=end_s):
            _draw_faces(image, tracks, time_s)
            writer.write(image, time_s - start_s)
            yield time_s
        writer.ended(clip.shown_until_s - start_s)
    return not audio.damaged


def render_frame(source: Source, tracks: TrackStore, time_s: float) -> Image | None:
    """The annotated frame that is shown at a time, RGB uint8 (H, W, 3); None after the clip's end.

    Decodes from the keyframe before it, or from the clip's start where seeking does not work.
    """
    found = frame_at(source, time_s)
    return None if found is None else annotated_frame(found, tracks)


def frame_at(source: Source, time_s: float) -> tuple[float, Image] | None:
    """The frame that is shown at a time, with its own time; None after the clip's end."""
    found: tuple[float, Image] | None = None
    with _open_at(source, time_s) as clip:
        for _, frame_s, image in clip.frames(start_s=time_s - _MAX_FRAME_DURATION_S):
            if frame_s > time_s + 1e-6:
                break
            found = frame_s, image
    return found


def annotated_frame(frame: tuple[float, Image], tracks: TrackStore) -> Image:
    """The image of ``frame_at`` with the faces drawn into it."""
    time_s, image = frame
    _draw_faces(image, tracks, time_s)
    return image


def _open_at(source: Source, start_s: float) -> Clip:
    """The clip at a keyframe up to ``start_s`` where seeking works, else at its start."""
    clip = Clip(reopened(source))
    if start_s > 0 and not clip.seek(start_s):
        clip.close()
        clip = Clip(reopened(source))
    return clip


def _draw_faces(image: Image, tracks: TrackStore, time_s: float) -> None:
    faces = tracks.interpolate(time_s)
    annotate_into(image, faces, numbers=[face.track_id for face in faces])
