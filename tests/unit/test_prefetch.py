"""Prefetching, also of frames and detections: order, errors, closing early, memory."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from emotion.errors import VideoError
from emotion.prefetch import prefetch
from emotion.types import Image
from emotion.video.pipeline import analyze_video, track_faces
from emotion.video.reader import Clip
from tests.clips import encode
from tests.unit.test_video_reader import CountingAnalyzer


def workers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]


def frames(count: int, made: list[int] | None = None) -> Iterator[tuple[int, float, Image]]:
    for index in range(count):
        if made is not None:
            made.append(index)
        yield index, index / 30, np.full((48, 64, 3), index, np.uint8)


def broken(count: int) -> Iterator[tuple[int, float, Image]]:
    yield from frames(count)
    raise VideoError("cut short")


@pytest.mark.parametrize("count", [0, 1, 2, 3, 50])
def test_the_order_stays(count: int) -> None:
    assert list(prefetch(range(count))) == list(range(count))
    assert not workers()


def test_items_are_made_by_another_thread_at_most_depth_ahead() -> None:
    made: list[str] = []

    def items() -> Iterator[int]:
        for index in range(20):
            made.append(threading.current_thread().name)
            yield index

    for index in prefetch(items(), depth=3):
        assert len(made) <= index + 1 + 3
    assert all(name.startswith("prefetch") for name in made)


def test_items_before_an_error_are_kept() -> None:
    found = track_faces(broken(7), CountingAnalyzer())
    for index in range(7):
        result, image = next(found)
        assert (result.frame, image[0, 0, 0]) == (index, index)
    with pytest.raises(VideoError, match="cut short"):
        next(found)
    assert not workers()


def test_an_error_of_the_model_comes_with_its_frame() -> None:
    class Failing(CountingAnalyzer):
        def refine(self, image, detections, min_score=None):  # type: ignore[no-untyped-def]
            if image[0, 0, 0] == 4:
                raise RuntimeError("no more")
            return super().refine(image, detections, min_score)

    found = track_faces(frames(6), Failing())
    assert [next(found)[0].frame for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(RuntimeError, match="no more"):
        next(found)


def test_closed_early_it_ends_its_threads_at_once() -> None:
    made: list[int] = []
    with closing(track_faces(frames(1000, made), CountingAnalyzer())) as found:
        next(found)
        assert workers()
    assert not workers()
    assert len(made) < 10, "a few frames are in work, whatever the clip's length"


def test_a_generator_that_is_never_started_has_no_threads() -> None:
    with closing(track_faces(frames(3), CountingAnalyzer())):
        assert not workers()


def test_a_clip_may_be_closed_once_its_results_are() -> None:
    with Clip(io.BytesIO(encode(list(range(60))))) as clip:
        with closing(analyze_video(clip, CountingAnalyzer())) as results:
            assert next(results).frame == 0
        assert not workers()
    again = analyze_video(io.BytesIO(encode(list(range(30)))), CountingAnalyzer())
    assert [result.frame for result in again] == list(range(30))


def test_a_clip_that_is_closed_while_frames_are_read_ahead_just_ends() -> None:
    clip = Clip(io.BytesIO(encode(list(range(90)))))
    with closing(analyze_video(clip, CountingAnalyzer())) as results:
        assert next(results).frame == 0
        clip.close()
        assert len(list(results)) < 10, "those that were in work"
    assert not workers()
