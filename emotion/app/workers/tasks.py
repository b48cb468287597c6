"""What is done in workers. Nothing here runs in the server, apart from the types of the results."""

from __future__ import annotations

import gc
import io
import os
from collections.abc import Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cache, lru_cache

import cv2

import emotion
from emotion.app import malloc
from emotion.app.analyzed_photo import AnalyzedPhoto, analyze_image, annotated_jpeg
from emotion.app.widgets.thumbnail import thumbnail
from emotion.app.workers.pixel_gate import Pixels
from emotion.expression.classifier import Classifier
from emotion.expression.crop import crop_face
from emotion.geometry.affine import shrink_to_side
from emotion.imaging.files import encode_image, image_size
from emotion.imaging.formats import restrict_pillow
from emotion.models.spec import model_folder
from emotion.results.frames import FrameResult
from emotion.samples import SAMPLES
from emotion.types import Face, Floats, Image
from emotion.video.info import ClipInfo
from emotion.video.pipeline import track_faces
from emotion.video.reader import Clip
from emotion.video.render import frame_at, render_clip
from emotion.video.track_store import TrackStore

MAX_CLIP_PIXELS = 4096 * 2304
"""Width times height of a clip; decoders keep up to some twenty pictures."""

MAX_VIDEO_SIDE_PX = 1280
"""Longer side of the annotated video, which is kept in memory."""

MAX_VIDEO_BYTES = 300_000_000
"""A larger annotated video ends there, and the page says so; the command line has no limit."""

_PREVIEW_PX = 1280
_MAX_THUMBNAILS = 100  # people; more are passers-by in a crowd
_BETTER = 1.3  # factor of quality that is worth a new thumbnail
_PHOTO_NICENESS, _CLIP_NICENESS = 5, 10
"""Added to the workers': the server, which answers everybody and sends the streams, goes first."""


@cache
def analyzer() -> emotion.Analyzer:
    """The default model's analyzer of this worker.

    Raises:
        ModelError: There is no usable model.
    """
    return emotion.load_analyzer()


def warm_up(*, clips: bool) -> None:
    """Loads what tasks need, so that the first file is answered as fast as the next."""
    restrict_pillow()
    malloc.limit_arenas()
    cv2.setNumThreads(1)
    with suppress(emotion.EmotionError):  # without a model every task says so
        analyze_image(emotion.read_photo(SAMPLES[0].read()), analyzer())
    if clips:
        import av  # noqa: F401 - takes longer than all else
    os.nice(_CLIP_NICENESS if clips else _PHOTO_NICENESS)
    gc.collect()
    gc.freeze()


def photo(data: bytes) -> Generator[Pixels, None, AnalyzedPhoto]:
    """Reads and analyses a photo.

    Args:
        data: An image file.

    Returns:
        The photo, without ``data``.

    Raises:
        ImageError: The bytes cannot be read as an image.
    """
    width, height = image_size(data)
    yield Pixels(width * height)
    return analyze_image(emotion.read_photo(data), analyzer())


def annotated(data: bytes, faces: Sequence[Face]) -> Generator[Pixels, None, bytes]:
    """The annotated photo in full size, as JPEG.

    Args:
        data: An image file.
        faces: In pixels of the file.
    """
    width, height = image_size(data)
    yield Pixels(width * height)
    read = emotion.read_photo(data)
    return annotated_jpeg(read.image, read.in_image_pixels(faces))


def probabilities(
    data: bytes, faces: Sequence[Face], model: str
) -> Generator[Pixels, None, Floats]:
    """A photo's faces classified by another model.

    Args:
        data: An image file.
        faces: In pixels of the file.
        model: A name under ``models/``.

    Returns:
        float32 (N, 7).
    """
    classifier = _classifier(model)
    width, height = image_size(data)
    yield Pixels(width * height)
    read = emotion.read_photo(data)
    spec = classifier.spec
    return classifier.classify(
        [
            crop_face(read.image, face, spec.crop, spec.input_size)
            for face in read.in_image_pixels(faces)
        ]
    )


@lru_cache(maxsize=2)
def _classifier(model: str) -> Classifier:
    return Classifier(model_folder(model))


@dataclass(frozen=True, kw_only=True)
class ClipFacts:
    """What is known of a clip before its analysis.

    Args:
        info: What the file states.
        preview: The first frame as JPEG.
    """

    info: ClipInfo
    preview: bytes


def clip_facts(data: bytes) -> ClipFacts:
    """Opens a clip and decodes its first frame.

    Raises:
        VideoError: It cannot be read.
    """
    with Clip(io.BytesIO(data), max_pixels=MAX_CLIP_PIXELS) as clip:
        _, _, image = next(clip.frames())
        preview = encode_image(shrink_to_side(image, _PREVIEW_PX), suffix=".jpg")
        return ClipFacts(info=clip.complete_info(), preview=preview)


def clip_frame(data: bytes, time_s: float) -> tuple[float, Image] | None:
    """See ``emotion.video.render.frame_at``."""
    return frame_at(io.BytesIO(data), time_s)


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """One analysed frame of a clip.

    Args:
        result: Its faces.
        thumbnails: By track, a data URL for each person of whom this frame has the best picture.
    """

    result: FrameResult
    thumbnails: dict[int, str]


@dataclass(frozen=True, kw_only=True)
class Analysed:
    """All frames are analysed; the annotated video follows if there is a face.

    Args:
        damaged: Whether part of the clip could not be decoded.
    """

    damaged: bool


@dataclass(frozen=True, kw_only=True)
class DrawnTo:
    """The annotated video is drawn up to this time of the clip.

    Args:
        time_s: Seconds since the clip's start.
    """

    time_s: float


@dataclass(frozen=True, kw_only=True)
class AnnotatedVideo:
    """The end of a clip's work.

    Args:
        data: The MP4 file; None where there is none.
        note: A message on it, if any.
    """

    data: bytes | None = None
    note: str = ""


def clip(
    data: bytes, rate_hz: float | None, start_s: float, end_s: float | None
) -> Generator[Seen | Analysed | DrawnTo, None, AnnotatedVideo]:
    """Analyses a section of a clip, then draws the annotated video.

    Args:
        data: A video file.
        rate_hz: Analysed frames per second; None for all.
        start_s: Start of the section, seconds since the clip's start.
        end_s: Its end; None for the end of the clip.

    Raises:
        VideoError: The clip cannot be read.
    """
    store, best = TrackStore(), _BestThumbnails()
    with Clip(io.BytesIO(data), max_pixels=MAX_CLIP_PIXELS) as opened:
        frames = opened.frames(rate_hz, start_s=start_s, end_s=end_s)
        with closing(track_faces(frames, analyzer())) as found:
            for result, image in found:
                store.add(result)
                yield Seen(result=result, thumbnails=best.of(result, image))
        damaged = opened.damaged
    yield Analysed(damaged=damaged)
    if not len(store.faces):
        return AnnotatedVideo()
    try:
        return (yield from _drawn(data, store, start_s, end_s))
    except emotion.EmotionError as error:
        return AnnotatedVideo(note=f"There is no annotated video: {error}")


def _drawn(
    data: bytes, store: TrackStore, start_s: float, end_s: float | None
) -> Generator[DrawnTo, None, AnnotatedVideo]:
    """Draws the annotated video, frame by frame."""
    video, note = io.BytesIO(), ""
    drawing = render_clip(
        io.BytesIO(data), store, video, start_s=start_s, end_s=end_s, max_side=MAX_VIDEO_SIDE_PX
    )
    with closing(drawing):
        while True:
            if video.tell() > MAX_VIDEO_BYTES:
                note = "The annotated video is too long for the page and ends early."
                break
            try:
                yield DrawnTo(time_s=next(drawing))
            except StopIteration as end:
                note = "" if end.value else "Part of the sound could not be kept."
                break
    if not video.tell():
        note = "There is no annotated video: the clip could not be read again."
    return AnnotatedVideo(data=video.getvalue() or None, note=note)


class _BestThumbnails:
    """Chooses each person's thumbnail while the clip is analysed."""

    def __init__(self) -> None:
        self._qualities: dict[int, float] = {}

    def of(self, result: FrameResult, image: Image) -> dict[int, str]:
        """The thumbnails that this frame gives, by track."""
        chosen = {}
        for face in result.faces:
            quality = face.score * face.area**0.5
            known = self._qualities.get(face.track_id)
            if known is None and len(self._qualities) >= _MAX_THUMBNAILS:
                continue
            if known is None or quality > _BETTER * known:
                self._qualities[face.track_id] = quality
                chosen[face.track_id] = thumbnail(image, face)
        return chosen
