"""The video pipeline: decode, detect and track, classify, frame by frame.

Faces are tracked as in a live stream, so that a table row says whose face it is.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import ExitStack, closing

from emotion.analyzer import load_analyzer
from emotion.prefetch import prefetch
from emotion.results.frames import FrameResult
from emotion.tracking import FaceTracker
from emotion.tracking.analyzer import StreamAnalyzer
from emotion.tracking.shot_cuts import ShotCutDetector
from emotion.tracking.track import TrackState
from emotion.types import Image
from emotion.video.container import Source
from emotion.video.reader import Clip, read_frames

DETECT_EVERY_S = 0.2
"""Time between full-frame detections; in between, known faces are refined and tracked."""


def analyze_video(
    source: Source | Clip,
    analyzer: StreamAnalyzer | None = None,
    *,
    rate_hz: float | None = None,
) -> Generator[FrameResult]:
    """The faces of each frame of a video, with a few frames in memory at a time.

    Args:
        source: A path, or an opened file (binary, seekable). A ``Clip`` is left open: its
            ``damaged`` can be read afterwards; closing it earlier ends the frames.
        analyzer: By default ``load_analyzer()``.
        rate_hz: Most frames to analyse per second of the clip; None for every frame.

    Yields:
        One result per analysed frame, in the order of time.

    Raises:
        VideoError: Not one frame can be decoded; raised when the first result is asked for.

    Example:
        >>> for result in emotion.analyze_video("clip.mp4", rate_hz=5):
        ...     print(result.time_s, [face.label for face in result.faces])
    """
    if analyzer is None:
        analyzer = load_analyzer()
    with ExitStack() as stack:
        if isinstance(source, Clip):
            frames = source.frames(rate_hz)
        else:
            frames = stack.enter_context(closing(read_frames(source, rate_hz=rate_hz)))
        for result, _ in stack.enter_context(closing(track_faces(frames, analyzer))):
            yield result


def track_faces(
    frames: Iterable[tuple[int, float, Image]], analyzer: StreamAnalyzer
) -> Generator[tuple[FrameResult, Image]]:
    """Each frame's faces, tracked from frame to frame, together with the frame's image.

    After a shot cut everybody gets a new track, unless the cut leads back to a camera that shows
    the same picture as before: there a face at its old position with its old appearance keeps its
    track. Faces alone do not re-identify anybody, and two people are never merged into one track.

    The frames are made by one thread, detection and tracking run in a second one and classification
    in the caller's, so a few frames are in work. Close the generator before what ``frames`` reads
    from.

    Args:
        frames: (index, time_s, image) with RGB uint8 (H, W, 3) images, as ``Clip.frames`` gives.
        analyzer: Detector and classifier.
    """
    tracker = FaceTracker(analyzer, detect_every_s=DETECT_EVERY_S, reuse_track_ids=False)
    with (
        closing(_located(frames, tracker)) as locating,
        closing(prefetch(locating)) as located,
    ):
        for index, time_s, image, states in located:
            yield FrameResult(index, time_s, tracker.classify(image, states)), image


def _located(
    frames: Iterable[tuple[int, float, Image]], tracker: FaceTracker
) -> Generator[tuple[int, float, Image, tuple[TrackState, ...]]]:
    """Each frame with the track states of its faces."""
    cuts = ShotCutDetector()
    with closing(prefetch(frames)) as images:
        for index, time_s, image in images:
            if cuts.is_cut(image):
                tracker.reset(cuts.reidentify(tracker.tracks), time_s)
            yield index, time_s, image, tracker.locate(image, time_s)
