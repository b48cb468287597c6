"""A viewer's processor with synthetic frames; needs no browser."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from typing import Any, TypeAlias

import av
import numpy as np
import pytest

from emotion.app.widgets.sparkline import sparkline_svg
from emotion.app.widgets.stacked_area_chart import EMOTION_COLORS
from emotion.detection.base import THOROUGH, SearchOptions
from emotion.live import LiveProcessor, LiveSettings, SettingsHolder
from emotion.live.av_frames import annotated_frame
from emotion.live.load_shedding import LoadLevel, LoadShedder
from emotion.tracking import TrackedFace
from emotion.types import Detection, Face, Image


def make_face(x: float = 40, *, top: int = 3, sure: float = 0.94) -> Face:
    probabilities = np.full(7, (1 - sure) / 6, np.float32)
    probabilities[top] = sure
    xyxy = np.array([x, 30, x + 60, 100], np.float32)
    return Face(xyxy=xyxy, score=0.9, probabilities=probabilities)


def make_frame(pts: int = 0, *, width: int = 160, height: int = 120) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(np.full((height, width, 3), 128, np.uint8), format="rgb24")
    frame.pts, frame.time_base = pts, Fraction(1, 90_000)
    return frame


class Analyzer:
    """Returns given faces; a refined face stays where it was."""

    min_score = 0.5

    def __init__(self, answer: Callable[[Image], tuple[Face, ...]]) -> None:
        self.answer = answer

    def detect(
        self, image: Image, min_score: float | None = None, options: SearchOptions = THOROUGH
    ) -> Sequence[Detection]:
        return self.answer(image)

    def refine(
        self, image: Image, detections: Sequence[Detection], min_score: float | None = None
    ) -> Sequence[Detection | None]:
        return [*self.answer(image), *[None] * len(detections)][: len(detections)]

    def faces(self, image: Image, detections: Sequence[Detection]) -> Sequence[Face]:
        return [face for face in detections if isinstance(face, Face)]


def wait_until(condition: Callable[[], bool], timeout_s: float = 10) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.002)


def analyzed(processor: LiveProcessor, count: int) -> bool:
    return processor.snapshot().analyzed == count


Answer: TypeAlias = Callable[[Image], tuple[Face, ...]]
Make: TypeAlias = Callable[[Answer], LiveProcessor]


@pytest.fixture
def make_processor() -> Iterator[Make]:
    made: list[LiveProcessor] = []

    def make(answer: Answer) -> LiveProcessor:
        made.append(LiveProcessor(Analyzer(answer)))
        return made[-1]

    yield make
    for processor in made:
        processor.on_ended()


def test_a_face_is_drawn_and_published_and_time_stamps_stay(make_processor: Make) -> None:
    processor = make_processor(lambda image: (make_face(),))
    assert processor.snapshot().analyzed == 0
    first = make_frame(3000)
    assert processor.recv(first) is first  # no result yet
    wait_until(lambda: processor.snapshot().analyzed == 1)
    frame = make_frame(6000)
    drawn = processor.recv(frame)
    assert (drawn.pts, drawn.time_base) == (frame.pts, frame.time_base)
    assert (drawn.width, drawn.height) == (160, 120)
    assert not np.array_equal(drawn.to_ndarray(format="rgb24"), frame.to_ndarray(format="rgb24"))
    seen = processor.snapshot()
    assert [face.label for face in seen.faces] == ["happy"]
    assert [face.track_id for face in seen.faces] == [1]
    assert (seen.frames, seen.size_wh, seen.failed) == (2, (160, 120), False)
    assert seen.analysis_ms >= 0


def test_the_picture_shows_what_was_published_until_the_next_is(
    make_processor: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[str, float]] = []

    def spy(frame: av.VideoFrame, faces: Sequence[TrackedFace], **options: object) -> Any:
        drawn.append((faces[0].label, float(faces[0].probabilities.max())))
        return annotated_frame(frame, faces)

    monkeypatch.setattr("emotion.live.processor.annotated_frame", spy)
    for limit in ("STALE_S", "LOADED_STALE_S", "PUBLISHED_S"):  # however busy the machine is
        monkeypatch.setattr(f"emotion.live.processor.{limit}", 600.0)
    answers = iter(range(100))
    processor = make_processor(lambda image: (make_face(sure=0.9 - 0.05 * next(answers)),))

    def show(count: int) -> None:
        processor.recv(make_frame(count))
        wait_until(partial(analyzed, processor, count))

    show(1)
    published = processor.publish()
    assert published.time_s is not None
    for count in (2, 3, 4):
        show(count)
    (face,) = published.faces
    assert drawn == [(face.label, float(face.probabilities.max()))] * 3
    assert float(processor.snapshot().faces[0].probabilities.max()) != drawn[-1][1]
    assert published.faces[0].observed_s == published.time_s
    (newer,) = processor.publish().faces
    show(5)
    assert drawn[-1] == (newer.label, float(newer.probabilities.max()))
    monkeypatch.setattr("emotion.live.processor.PUBLISHED_S", -1.0)
    (live,) = processor.snapshot().faces
    show(6)
    assert drawn[-1] == (live.label, float(live.probabilities.max())), "nobody reads any more"


def test_without_a_face_the_frame_itself_comes_back(make_processor: Make) -> None:
    processor = make_processor(lambda image: ())
    processor.recv(make_frame())
    wait_until(lambda: processor.snapshot().analyzed == 1)
    frame = make_frame(1)
    assert processor.recv(frame) is frame


def test_an_error_is_logged_once_and_the_stream_lives_on(
    make_processor: Make, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(image: Image) -> tuple[Face, ...]:
        raise RuntimeError("no such luck")

    processor = make_processor(fail)
    for count in range(1, 4):
        frame = make_frame(count)
        assert processor.recv(frame) is frame
        wait_until(partial(analyzed, processor, count))
    assert processor.snapshot().failed
    assert len([r for r in caplog.records if r.name.startswith("emotion")]) == 1


def test_a_frame_that_cannot_be_read_is_reported(
    make_processor: Make, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(pixels: Image) -> Image:
        raise RuntimeError("no such luck")

    processor = make_processor(lambda image: (make_face(),))
    processor.recv(make_frame(1))
    wait_until(partial(analyzed, processor, 1))
    monkeypatch.setattr("emotion.live.processor.to_rgb", unreadable)
    processor.recv(make_frame(2))
    wait_until(partial(analyzed, processor, 2))
    seen = processor.snapshot()
    assert (seen.failed, seen.faces, seen.size_wh) == (True, (), (160, 120))


def test_a_broken_frame_comes_back_as_it_is(
    make_processor: Make, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        """Not a frame: no attribute can be read."""

    processor = make_processor(lambda image: ())
    broken: Any = Broken()
    assert processor.recv(broken) is broken
    wait_until(lambda: len(caplog.records) == 1)
    assert processor.recv(broken) is broken
    whole = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
    processor.recv(whole)
    wait_until(lambda: processor.snapshot().analyzed == 1)
    assert processor.recv(broken) is broken  # also when there is something to draw
    assert len(caplog.records) == 1


def test_slow_analysis_delays_no_frame_and_skips_to_the_latest(make_processor: Make) -> None:
    go_on = threading.Event()
    shades: list[int] = []

    def slow(image: Image) -> tuple[Face, ...]:
        shades.append(int(image[0, 0, 0]))
        go_on.wait(10)
        return ()

    processor = make_processor(slow)
    begun = time.monotonic()
    for shade in range(0, 200, 10):
        image = np.full((48, 64, 3), shade, np.uint8)
        processor.recv(av.VideoFrame.from_ndarray(image, format="rgb24"))
        if shade == 0:
            wait_until(lambda: shades == [0])
    assert time.monotonic() - begun < 5
    go_on.set()
    wait_until(lambda: processor.snapshot().analyzed == 2)
    assert shades == [0, 190]
    assert processor.snapshot().frames == 20


def test_the_snapshot_has_the_age_of_the_drawn_faces(make_processor: Make) -> None:
    processor = make_processor(lambda image: (make_face(),))
    begun = time.monotonic()
    processor.recv(make_frame())
    wait_until(lambda: processor.snapshot().analyzed == 1)
    assert processor.snapshot().behind_ms == 0  # nothing has been drawn yet
    time.sleep(0.08)
    processor.recv(make_frame(1))
    passed_ms = 1000 * (time.monotonic() - begun)
    assert 80 <= processor.snapshot().behind_ms <= passed_ms


def test_boxes_of_another_picture_size_are_not_drawn(make_processor: Make) -> None:
    go_on = threading.Event()
    go_on.set()
    processor = make_processor(lambda image: (make_face(),) if go_on.wait(10) else ())
    processor.recv(make_frame())
    wait_until(lambda: processor.snapshot().analyzed == 1)
    go_on.clear()
    smaller = make_frame(1, width=80, height=60)
    assert processor.recv(smaller) is smaller
    go_on.set()
    wait_until(lambda: processor.snapshot().size_wh == (80, 60))


def test_a_stream_that_ended_holds_no_picture(make_processor: Make) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slowly(image: Image) -> tuple[Face, ...]:
        begun.set()
        assert go_on.wait(10)
        return (make_face(),)

    processor = make_processor(slowly)
    processor.recv(make_frame())
    assert begun.wait(10)
    go_on.set()
    wait_until(lambda: analyzed(processor, 1))
    assert processor.latest_image() is not None
    begun.clear()
    go_on.clear()
    processor.recv(make_frame(1))
    assert begun.wait(10)
    processor.on_ended()
    assert processor.latest_image() is None
    go_on.set()  # the analysis in flight publishes nothing any more
    wait_until(lambda: not any(t.name == "live-analysis" for t in threading.enumerate()))
    assert processor.latest_image() is None
    assert processor.snapshot().analyzed == 1


class FixedShedder(LoadShedder):
    """Reports the level that a test sets."""

    fixed: LoadLevel = LoadLevel.NORMAL

    @property
    def level(self) -> LoadLevel:
        return self.fixed


@pytest.fixture
def holder() -> SettingsHolder:
    return SettingsHolder()


@pytest.fixture
def shedder() -> FixedShedder:
    return FixedShedder()


@pytest.fixture
def processor(holder: SettingsHolder, shedder: FixedShedder) -> Iterator[LiveProcessor]:
    made = LiveProcessor(Analyzer(lambda image: (make_face(),)), holder, shedder)
    yield made
    made.on_ended()


def test_a_paused_video_is_frozen_but_its_timestamps_advance(
    processor: LiveProcessor, holder: SettingsHolder
) -> None:
    processor.recv(make_frame(0))
    wait_until(lambda: processor.snapshot().analyzed == 1)
    holder.settings = LiveSettings(paused=True)
    first = processor.recv(make_frame(3000)).to_ndarray(format="rgb24")
    other = make_frame(6000, width=80, height=60)
    second = processor.recv(other)
    assert (second.pts, second.time_base) == (6000, other.time_base)
    assert np.array_equal(second.to_ndarray(format="rgb24"), first)
    seen = processor.snapshot()
    assert (seen.paused, seen.frames, seen.analyzed) == (True, 3, 1)
    holder.settings = LiveSettings()
    assert processor.recv(make_frame(9000, width=80, height=60)).width == 80
    wait_until(lambda: processor.snapshot().analyzed == 2)


@pytest.mark.parametrize("mirror", [False, True])
def test_under_load_the_returned_picture_is_smaller_and_the_analysed_one_is_not(
    processor: LiveProcessor, holder: SettingsHolder, shedder: FixedShedder, mirror: bool
) -> None:
    holder.settings = LiveSettings(mirror=mirror)
    shedder.fixed = LoadLevel.REDUCED_ANALYSIS
    assert processor.recv(make_frame(0, width=642, height=482)).width == 642
    shedder.fixed = LoadLevel.REDUCED_SIZE
    frame = make_frame(3000, width=642, height=482)
    small = processor.recv(frame)
    assert (small.width, small.height) == (320, 240)
    assert (small.pts, small.time_base) == (frame.pts, frame.time_base)
    wait_until(lambda: processor.snapshot().analyzed >= 1)
    assert processor.snapshot().size_wh == (642, 482)
    assert processor.snapshot().level == LoadLevel.REDUCED_SIZE
    assert processor.recv(make_frame(6000, width=320, height=240)).width == 320


def test_under_load_the_analysis_rests_longer(
    processor: LiveProcessor, shedder: FixedShedder
) -> None:
    assert processor._rest_s(0.02) == pytest.approx(0.02)
    shedder.fixed = LoadLevel.REDUCED_ANALYSIS
    assert processor._rest_s(0.02) == pytest.approx(0.08)
    assert processor._rest_s(9.0) == pytest.approx(0.5)


@pytest.mark.parametrize(("format_name", "rounded"), [("rgb24", 0), ("yuv420p", 6)])
def test_a_mirrored_picture_has_its_box_on_the_other_side(format_name: str, rounded: int) -> None:
    holder = SettingsHolder()
    processor = LiveProcessor(Analyzer(lambda image: (make_face(10),)), holder)
    try:
        image = np.full((120, 160, 3), 128, np.uint8)
        image[:, :20] = 0
        frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=format_name)
        frame.pts, frame.time_base = 0, Fraction(1, 90_000)
        processor.recv(frame)
        wait_until(lambda: processor.snapshot().analyzed == 1)
        plain = processor.recv(frame).to_ndarray(format="rgb24")
        holder.settings = LiveSettings(mirror=True, labels=False)
        mirror = processor.recv(frame).to_ndarray(format="rgb24")
        assert mirror[110, 150].max() <= rounded
        # The conversion to YUV rounds: small differences are no change.
        changed = np.abs(mirror.astype(int) - image[:, ::-1]).max(axis=(0, 2)) > 6
        assert changed[85:155].any()
        assert not changed[:80].any()
        assert (np.abs(plain.astype(int) - image).max(axis=(0, 2)) > 6)[5:75].any()
        still = processor.latest_image()
        assert still is not None
        assert np.abs(still.astype(int) - image).max() <= rounded
    finally:
        processor.on_ended()


def test_the_sparkline_shows_the_past_and_leaves_gaps() -> None:
    times = np.concatenate([np.arange(-60, -40, 0.2), np.arange(-20, 0.1, 0.2)]).astype(np.float32)
    values = np.zeros((len(times), 7), np.float32)
    values[:, 3] = 1
    svg = sparkline_svg(times, values)
    assert svg.count("<path") == 7
    happy = svg.split(f'fill="{EMOTION_COLORS["happy"]}" d="')[1].split('"')[0]
    assert happy.count("M") == 2
    assert happy.count("Z") == 2
    across = [float(point.split(",")[0]) for point in happy.replace("M", "L").split("L")[1:]]
    assert min(across) == 0.0
    assert not any(101 < x < 199 for x in across)
    assert sparkline_svg(times[:1], values[:1]) == ""
