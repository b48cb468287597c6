"""The faces of a recording, frame by frame: who is in the picture and what each looks like.

Persons are followed as in a live stream, so that a row of the table says whose face it is.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass

from emotion.analyzer import load_analyzer
from emotion.prefetch import prefetch
from emotion.results.rows import Row
from emotion.tracking import FaceTracker, TrackedFace
from emotion.tracking.analyzer import StreamAnalyzer
from emotion.tracking.cuts import CutDetector
from emotion.tracking.rows import tracked_rows
from emotion.tracking.track import Place
from emotion.types import Image
from emotion.video.clip import Clip, read_frames
from emotion.video.container import Source

SCAN_EVERY_S = 0.2
"""Between two searches of a whole frame for faces; in between, known ones are followed."""


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """The faces of one frame. frame: index from 0 among all frames. time_s: since the start.

    A face's ``number`` is its person's through the clip; its ``raw`` is what this frame alone says.
    """

    frame: int
    time_s: float
    faces: tuple[TrackedFace, ...]


def analyze_video(
    source: Source | Clip,
    analyzer: StreamAnalyzer | None = None,
    *,
    rate_hz: float | None = None,
) -> Generator[FrameResult]:
    """The faces of each frame, or of ``rate_hz`` frames a second; a few frames in memory at a time.

    source: a path or an opened file (binary, seekable). A ``Clip`` that is given is left open: its
    ``damaged`` can be read when the frames are done; closed earlier, the frames end. analyzer: by
    default ``load_analyzer()``.
    Raises ``VideoError``, with the first result asked for, when no picture can be decoded.
    """
    if analyzer is None:
        analyzer = load_analyzer()
    with ExitStack() as stack:
        if isinstance(source, Clip):
            frames = source.frames(rate_hz)
        else:
            frames = stack.enter_context(closing(read_frames(source, rate_hz=rate_hz)))
        for result, _ in stack.enter_context(closing(followed(frames, analyzer))):
            yield result


def video_rows(source: str, result: FrameResult) -> list[Row]:
    """The table's rows of one frame, see ``tracked_rows``."""
    return tracked_rows(source, result.faces, result.time_s, result.frame)


def followed(
    frames: Iterable[tuple[int, float, Image]], analyzer: StreamAnalyzer
) -> Generator[tuple[FrameResult, Image]]:
    """Each frame's faces and the frame itself; persons keep their number from frame to frame.

    After a cut everybody is somebody new, but where the film cuts back to a camera that shows the
    same picture as before: there a face in its old place with its old looks is the same person.
    Otherwise who is who is not told by faces alone, and two people are never made one.

    One thread makes the frames, a second one finds the faces, and the caller's classifies them: a
    few frames are in work. Close it before what ``frames`` reads from.
    """
    tracker = FaceTracker(analyzer, scan_every_s=SCAN_EVERY_S, reuse_numbers=False)
    with (
        closing(_located(frames, tracker)) as finding,
        closing(prefetch(finding)) as found,
    ):
        for index, time_s, image, places in found:
            yield FrameResult(index, time_s, tracker.answer(image, places)), image


def _located(
    frames: Iterable[tuple[int, float, Image]], tracker: FaceTracker
) -> Generator[tuple[int, float, Image, tuple[Place, ...]]]:
    """Each frame with the places of its faces."""
    cuts = CutDetector()
    with closing(prefetch(frames)) as pictures:
        for index, time_s, image in pictures:
            if cuts.is_cut(image):
                tracker.reset(cuts.exchange(tracker.tracks), time_s)
            yield index, time_s, image, tracker.locate(image, time_s)
