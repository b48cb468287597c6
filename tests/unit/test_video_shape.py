"""Pixel aspect ratio, duration and choice of stream: a clip is seen as players show it."""

import contextlib
import io
import itertools
from fractions import Fraction

import av
import numpy as np
import pytest
from av.stream import Disposition
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from emotion.types import Image as Pixels
from emotion.video.reader import Clip, read_frames, read_info
from emotion.video.render import render_frame
from emotion.video.rgb import display_size
from emotion.video.track_store import TrackStore
from emotion.video.writer import ClipWriter
from tests.clips import QUICK, encode, picture, streamed, turned
from tests.unit.test_video_render import film


def stored(shown: Pixels, size: tuple[int, int]) -> Pixels:
    """The picture squeezed into (width, height) pixels."""
    squeezed = Image.fromarray(shown).resize(size, Image.Resampling.BOX)
    return np.asarray(squeezed, np.uint8)


def shown_as(height: int, width: int) -> Pixels:
    """A picture whose red corner is a square of a third of its height."""
    image = np.full((height, width, 3), 90, np.uint8)
    image[: height // 3, : height // 3] = (220, 20, 20)
    return image


def red_size(image: Pixels) -> tuple[int, int]:
    """(height, width) of the red corner."""
    red = image[:, :, 0].astype(int) - image[:, :, 2] > 100
    height, width = np.ptp(np.argwhere(red), axis=0) + 1
    return int(height), int(width)


@pytest.mark.parametrize(
    ("container", "codec", "size", "pixel_aspect", "shown"),
    [
        ("mp4", "libx264", (400, 480), Fraction(2), (480, 800)),
        ("mov", "mpeg4", (240, 180), Fraction(4, 3), (180, 320)),  # as HDV 1440 x 1080
        ("matroska", "libx264", (720, 480), Fraction(8, 9), (540, 720)),  # DVD, NTSC 4:3
        ("mpegts", "mpeg2video", (720, 576), Fraction(64, 45), (576, 1024)),  # DVB, PAL 16:9
        ("vob", "mpeg2video", (720, 576), Fraction(16, 15), (576, 768)),  # DVD, PAL 4:3
        ("avi", "mpeg4", (160, 180), Fraction(2), (180, 320)),
    ],
)
def test_pictures_have_the_shape_in_which_they_are_shown(
    container: str,
    codec: str,
    size: tuple[int, int],
    pixel_aspect: Fraction,
    shown: tuple[int, int],
) -> None:
    image = stored(shown_as(*shown), size)
    options = QUICK if codec == "libx264" else {"b": "8000000"}
    data = encode(
        range(4), container=container, codec=codec, size=size, pictures=[image] * 4,
        pixel_aspect=pixel_aspect, options=options, rate=25,
    )  # fmt: skip
    with Clip(io.BytesIO(data)) as clip:
        assert (clip.info.height, clip.info.width) == shown
        frames = [frame for _, _, frame in clip.frames()]
    drawn = film(data)
    with av.open(io.BytesIO(drawn)) as opened:
        assert opened.streams.video[0].sample_aspect_ratio in (None, 0, 1)
    moment = render_frame(io.BytesIO(data), TrackStore(), 0.04)
    assert moment is not None
    for each in (*frames, moment, *(frame for _, _, frame in read_frames(io.BytesIO(drawn)))):
        assert each.shape[:2] == shown
        height, width = red_size(each)
        assert height == pytest.approx(shown[0] / 3, abs=3)
        assert width == pytest.approx(height, abs=4), "a square stays a square"


def test_a_turned_clip_is_stretched_before_it_is_turned() -> None:
    data = encode(range(3), codec="libx264", pixel_aspect=Fraction(2), size=(64, 96))
    (_, _, image), *_ = read_frames(io.BytesIO(turned(data)))
    assert image.shape == (128, 96, 3)
    with Clip(io.BytesIO(turned(data))) as clip:
        assert (clip.info.height, clip.info.width) == (128, 96)


@pytest.mark.parametrize("codec", ["libx264", "mpeg2video"])
def test_a_broadcast_that_changes_its_shape_is_right_before_and_after(codec: str) -> None:
    still = [picture(0, 288, 360)] * 12
    parts = [
        encode(
            range(12),
            pictures=still,
            container="mpegts",
            codec=codec,
            size=(360, 288),
            rate=25,
            pixel_aspect=aspect,
        )
        for aspect in (Fraction(16, 15), Fraction(64, 45))
    ]
    shapes = [image.shape[:2] for _, _, image in read_frames(io.BytesIO(b"".join(parts)))]
    assert shapes == [(288, 384)] * 12 + [(288, 512)] * 12


@pytest.mark.parametrize(
    ("pixel_aspect", "size"),
    [
        (Fraction(1), (1920, 1080)),
        (Fraction(1281, 1280), (1920, 1080)),
        (Fraction(1, 60), (1920, 1080)),
        (Fraction(4096), (1920, 1080)),
        (Fraction(1, 2), (1920, 2160)),
        (Fraction(40, 33), (2327, 1080)),
    ],
)
def test_only_a_plausible_shape_is_believed(pixel_aspect: Fraction, size: tuple[int, int]) -> None:
    assert display_size(1920, 1080, pixel_aspect) == size
    assert display_size(8000, 8000, Fraction(2)) == (8000, 4000), "within the limit of a picture"


def durations(data: bytes) -> tuple[float, float]:
    """Stated by the file for itself, and for its video stream."""
    with av.open(io.BytesIO(data), "r") as opened:
        stream = opened.streams.video[0]
        assert opened.duration is not None
        assert stream.duration is not None
        assert stream.time_base is not None
        return opened.duration / 1e6, float(stream.duration * stream.time_base)


def gif(durations_ms: list[int]) -> bytes:
    buffer = io.BytesIO()
    first, *rest = (Image.fromarray(picture(index)) for index in range(len(durations_ms)))
    first.save(buffer, "GIF", save_all=True, append_images=rest, duration=durations_ms)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "length_s"),
    [
        (encode(range(5), rate=1), 5.0),
        (encode(range(100), rate=25), 4.0),
        (encode(range(100), rate=25, codec="libx264", container="matroska"), 4.0),
        (encode(range(50), rate=25, codec="libx264", container="mpegts"), 2.0),
        (encode(range(30), rate=30, codec="mjpeg", container="avi"), 1.0),
        (encode([0]), 1 / 30),
        (encode([0, 3, 4, 40, 41, 42, 100], rate=100), 1.0 + 0.01),
        (encode([0, 3, 4, 5, 6, 7, 90], rate=10, container="matroska"), 9.0 + 0.1),
        (gif([1000, 5000]), 6.0),
        (gif([40] * 20), 0.8),
    ],
    ids=["1 fps", "25 fps", "mkv", "ts", "avi", "alone", "uneven", "gap", "gif", "short gif"],
)  # fmt: skip
def test_the_last_picture_is_shown_for_its_time(data: bytes, length_s: float) -> None:
    for stated_s in durations(film(data)):
        assert stated_s == pytest.approx(length_s, abs=0.002)
    with Clip(io.BytesIO(film(data))) as clip:
        list(clip.frames())
        assert clip.shown_until_s == pytest.approx(length_s, abs=0.002), "also when read again"
        assert not clip.damaged


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(st.sampled_from([1, 1, 2, 3, 10, 50, 300]), min_size=0, max_size=30),
    last=st.sampled_from([1, 4, 100, 700]),
)
def test_uneven_times_and_the_length_are_exact(steps: list[int], last: int) -> None:
    """Steps in hundredths of a second: what is shown last need not be decoded last."""
    times = [tick / 100 for tick in itertools.accumulate(steps, initial=0)]
    out = io.BytesIO()
    with contextlib.closing(ClipWriter(out)) as writer:
        for index, time_s in enumerate(times):
            writer.write(np.roll(shown_as(48, 64), index, axis=1), time_s)
        writer.ended(times[-1] + last / 100)
    for stated_s in durations(out.getvalue()):
        assert stated_s == pytest.approx(times[-1] + last / 100, abs=1e-4)
    with Clip(io.BytesIO(out.getvalue())) as clip:
        assert [time_s for _, time_s, _ in clip.frames()] == pytest.approx(times, abs=1e-4)
        assert clip.shown_until_s == pytest.approx(times[-1] + last / 100, abs=1e-4)
        assert not clip.damaged


def test_a_section_lasts_as_long_as_it_was_chosen() -> None:
    data = encode(range(100), rate=25, sound="aac")
    for stated_s in durations(film(data, start_s=1.0, end_s=2.5)):
        assert stated_s == pytest.approx(1.54, abs=0.03), "a frame begins at its very end"
    slides = encode(range(5), rate=1)
    assert durations(film(slides, end_s=2.5))[1] == pytest.approx(2.5, abs=0.002)
    assert durations(film(slides, start_s=3.0))[1] == pytest.approx(2.0, abs=0.002)


def two_videos(default: int) -> bytes:
    """A file with a dark and a bright video, of which one is flagged as the default."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as out:
        streams = [out.add_stream("mpeg4", rate=10) for _ in range(2)]
        for number, stream in enumerate(streams):
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            stream.disposition = Disposition(int(number == default))
        for index in range(5):
            for shade, stream in zip((40, 200), streams, strict=True):
                image = np.full((48, 64, 3), shade, np.uint8)
                frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                frame.pts, frame.time_base = index, Fraction(1, 10)
                out.mux(stream.encode(frame))
        for stream in streams:
            out.mux(stream.encode(None))
    return buffer.getvalue()


@pytest.mark.parametrize(("default", "shade"), [(0, 40), (1, 200), (2, 40)])
def test_the_video_that_is_flagged_as_default_is_read(default: int, shade: int) -> None:
    frames = list(read_frames(io.BytesIO(two_videos(default))))
    assert len(frames) == 5
    assert frames[0][2].mean() == pytest.approx(shade, abs=4)


@pytest.mark.parametrize(("container", "codec"), [("webm", "libvpx"), ("matroska", "mpeg4")])
def test_a_duration_that_is_not_stated_is_counted(container: str, codec: str) -> None:
    data = streamed(encode(range(75), container="matroska", codec=codec, rate=25), container)
    with Clip(io.BytesIO(data)) as clip:
        assert clip.info.duration_s is None
    info = read_info(io.BytesIO(data))
    assert info.duration_s == pytest.approx(3.0, abs=0.05)
    assert info.frame_count == 75
    stated = encode([0, 5, 9], rate=10)
    with Clip(io.BytesIO(stated)) as clip:
        assert read_info(io.BytesIO(stated)) == clip.info
