"""The annotated video: a clip's pictures once more, with the faces that were found drawn in."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import BinaryIO

from emotion.imaging.annotation import annotate_into
from emotion.types import Image
from emotion.video.clip import Clip
from emotion.video.container import Source
from emotion.video.record import Recording
from emotion.video.sound import Soundtrack, own_handle
from emotion.video.writer import ClipWriter

_LONGEST_S = 15.0  # so long a frame is shown at most: a slide


def draw_film(
    source: Source,
    recording: Recording,
    out: Path | BinaryIO,
    *,
    start_s: float = 0.0,
    end_s: float | None = None,
    max_side: int | None = None,
) -> Generator[float, None, bool]:
    """Writes an MP4 of the clip's part, frame by frame; yields the time each frame is shown at.

    All frames are written at their own times, also those between two that were analysed, with the
    sound. Closed before its end, the generator finishes the file with what it has. max_side: see
    ``ClipWriter``. Returns whether all of the sound came along.
    """
    with ExitStack() as stack:
        clip = stack.enter_context(_clip_from(source, start_s))
        zero_s = clip.zero_s
        sound = stack.enter_context(
            closing(
                Soundtrack(
                    source,
                    start_s=zero_s + start_s,
                    end_s=None if end_s is None else zero_s + end_s,
                )
            )
        )
        film = stack.enter_context(closing(ClipWriter(out, sound=sound, max_side=max_side)))
        for _, time_s, image in clip.frames(start_s=start_s, end_s=end_s):
            draw_faces(image, recording, time_s)
            film.write(image, time_s - start_s)
            yield time_s
        film.ended()
    return not sound.damaged


def _clip_from(source: Source, start_s: float) -> Clip:
    """The clip, at a key frame up to ``start_s`` where one can be found, else at its start."""
    clip = Clip(own_handle(source))
    if start_s > 0 and not clip.skip_to(start_s):
        clip.close()
        clip = Clip(own_handle(source))
    return clip


def frame_at(source: Source, recording: Recording, time_s: float) -> Image | None:
    """The clip's frame that is shown at a time, annotated, RGB uint8 (H, W, 3); None after its end.

    Read from the key frame before it, or from the clip's start where that does not lead there.
    """
    found: tuple[float, Image] | None = None
    with _clip_from(source, time_s) as clip:
        for _, shown_s, image in clip.frames(start_s=time_s - _LONGEST_S):
            if shown_s > time_s + 1e-6:
                break
            found = shown_s, image
    if found is None:
        return None
    draw_faces(found[1], recording, found[0])
    return found[1]


def draw_faces(image: Image, recording: Recording, time_s: float) -> None:
    """Draws the faces of a moment into its frame."""
    faces = recording.shown_at(time_s)
    annotate_into(image, faces, numbers=[face.track_id for face in faces])
