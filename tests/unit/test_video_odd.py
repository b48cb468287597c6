"""Unusual clips: joined, cut, rotated, of changing size, under a wrong name."""

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from emotion.errors import VideoError
from emotion.video.reader import Clip, read_frames
from emotion.video.render import render_clip
from emotion.video.track_store import TrackStore
from tests.clips import QUICK, encode, index_first, picture, turned
from tests.unit.test_video_render import film, sound_of

IRREGULAR = [0, 7, 40, 41, 290, 330, 331, 1000, 1033]  # milliseconds


def times_of(data: bytes) -> list[float]:
    return [time_s for _, time_s, _ in read_frames(io.BytesIO(data))]


def damaged(data: bytes) -> tuple[int, bool]:
    """The number of frames, and whether the clip is reported as damaged."""
    with Clip(io.BytesIO(data)) as clip:
        return len(list(clip.frames())), clip.damaged


@pytest.mark.parametrize(
    ("container", "codec"),
    [("mp4", "libx264"), ("mov", "libx264"), ("matroska", "libx264"), ("webm", "libvpx")],
)
def test_irregular_times_are_exact_also_in_what_is_drawn(container: str, codec: str) -> None:
    data = encode(IRREGULAR, container=container, codec=codec, rate=1000)
    exact = [tick / 1000 for tick in IRREGULAR]
    assert times_of(data) == exact
    assert times_of(film(data)) == exact, "a clock of 1/90000 s loses none of them"


@pytest.mark.parametrize(
    ("container", "codec"), [("mpegts", "libx264"), ("flv", "libx264"), ("avi", "libx264"),
                             ("avi", "mpeg4"), ("avi", "mjpeg")]
)  # fmt: skip
def test_pictures_stored_out_of_order_are_shown_at_their_times(container: str, codec: str) -> None:
    order = {} if codec == "mjpeg" else {"bf": "2"}
    data = encode(range(20), container=container, codec=codec, rate=25, options=order)
    frames = list(read_frames(io.BytesIO(data)))
    assert [time_s for _, time_s, _ in frames] == pytest.approx([i / 25 for i in range(20)])
    if codec == "libx264":
        for index, _, image in frames:
            assert abs(int(image[-1, -1].mean()) - int(picture(index)[-1, -1].mean())) < 4


def test_joined_recordings_follow_each_other_with_their_sound() -> None:
    part = encode(range(31), container="mpegts", codec="libx264", sound="aac")
    assert times_of(part + part) == pytest.approx([i / 30 for i in range(62)])
    assert damaged(part + part) == (62, False)
    _, once, _ = sound_of(film(part))
    _, twice, _ = sound_of(film(part + part))
    assert len(twice) == pytest.approx(2 * len(once), rel=0.1)


@pytest.mark.parametrize("container", ["mpegts", "mp4", "matroska"])
def test_a_late_part_is_drawn_from_the_right_pictures(container: str) -> None:
    """A transport stream of two recordings, whose clock restarts, and files with an index."""
    data = encode(range(90), container=container, codec="libx264")
    if container == "mpegts":
        data = encode(range(60), container=container, codec="libx264") + encode(
            range(60, 90), container=container, codec="libx264"
        )
    out = io.BytesIO()
    for _ in render_clip(io.BytesIO(data), TrackStore(), out, start_s=2.5, end_s=2.7):
        pass
    shown = [image for _, _, image in read_frames(io.BytesIO(out.getvalue()))]
    wanted = [image for _, time_s, image in read_frames(io.BytesIO(data)) if 2.49 < time_s < 2.71]
    assert len(shown) == len(wanted) == 7
    for one, other in zip(shown, wanted, strict=True):
        assert np.abs(one.astype(int) - other.astype(int)).mean() < 6


def _last_for(data: bytes, length_s: float) -> bytes:
    """The clip as an MP4 whose last frame is shown for that long."""
    out = io.BytesIO()
    with av.open(io.BytesIO(data), "r") as source, av.open(out, "w", format="mp4") as target:
        stream = source.streams.video[0]
        packets = [packet for packet in source.demux(stream) if packet.dts is not None]
        copy = target.add_stream_from_template(stream)
        packets[-1].duration = round(Fraction(length_s) / packets[-1].time_base)
        for packet in packets:
            packet.stream = copy
            target.mux(packet)
    return out.getvalue()


def test_a_last_picture_that_stays_is_no_damage() -> None:
    data = _last_for(encode(range(10)), 5.0)
    with Clip(io.BytesIO(data)) as clip:
        assert clip.info.duration_s == pytest.approx(5.3, abs=0.1)
    assert damaged(data) == (10, False)


@pytest.mark.parametrize("kind", ["mp4", "avi", "flv"])
def test_a_clip_cut_short_says_so(kind: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 96, 128, 3), dtype=np.uint8)
    data = encode(range(40), pictures=noise, codec="libx264", options=QUICK, container=kind)
    if kind == "mp4":
        data = index_first(data, tmp_path / "whole.mp4")
    assert damaged(data) == (40, False)
    for share in (0.5, 0.95):
        count, said = damaged(data[: int(len(data) * share)])
        assert 0.7 * share * 40 < count < 40
        assert said


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_clip_is_upright(degrees: int) -> None:
    data = encode(range(3))
    upright = list(read_frames(io.BytesIO(turned(data, degrees))))
    stored = list(read_frames(io.BytesIO(data)))
    for (_, time_s, image), (_, stored_s, before) in zip(upright, stored, strict=True):
        assert time_s == stored_s
        assert np.array_equal(image, np.rot90(before, -degrees // 90))


@pytest.mark.parametrize(
    ("container", "codec"), [("matroska", "mjpeg"), ("webm", "libvpx"), ("mpegts", "libx264")]
)
def test_a_size_that_changes_is_drawn_whole(container: str, codec: str) -> None:
    sizes = [(128, 96), (96, 128), (256, 192)]
    if container == "mpegts":
        data = b"".join(encode(range(5), container=container, codec=codec, size=s) for s in sizes)
    else:
        data = _changing(container, codec, sizes)
    shapes = [image.shape[:2] for _, _, image in read_frames(io.BytesIO(data))]
    assert shapes == [(96, 128)] * 5 + [(128, 96)] * 5 + [(192, 256)] * 5
    drawn = [image for _, _, image in read_frames(io.BytesIO(film(data)))]
    assert [image.shape[:2] for image in drawn] == [(96, 128)] * 15
    assert drawn[7][:, :26].max() < 20, "black beside what stands upright"
    assert drawn[7][:, -26:].max() < 20
    red = drawn[7][:, :, 0].astype(int) - drawn[7][:, :, 2] > 100
    height, width = np.ptp(np.argwhere(red), axis=0) + 1
    assert height / width == pytest.approx(128 / 96, abs=0.15), "not squeezed"


def _changing(container: str, codec: str, sizes: list[tuple[int, int]]) -> bytes:
    """A clip of five pictures of each size."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as target:
        copy: av.VideoStream | None = None
        for number, size in enumerate(sizes):
            ticks = range(5 * number, 5 * number + 5)
            part = encode(ticks, container="matroska", codec=codec, rate=25, size=size)
            with av.open(io.BytesIO(part), "r") as source:
                copy = copy or target.add_stream_from_template(source.streams.video[0])
                for packet in source.demux(source.streams.video[0]):
                    if packet.dts is not None:
                        packet.stream = copy
                        target.mux(packet)
    return out.getvalue()


def test_a_picture_beyond_the_limit_costs_itself() -> None:
    """A small clip may hold frames of any size: its header describes the first one only."""
    huge = io.BytesIO()
    Image.new("L", (9000, 8000)).save(huge, "JPEG")
    out = io.BytesIO()
    small = encode(range(3), container="matroska", codec="mjpeg")
    with av.open(io.BytesIO(small), "r") as source, av.open(out, "w", format="matroska") as target:
        copy = target.add_stream_from_template(source.streams.video[0])
        packets = [p for p in source.demux(source.streams.video[0]) if p.dts is not None]
        for index, packet in enumerate(packets):
            sent = av.Packet(huge.getvalue()) if index == 1 else packet
            sent.pts, sent.dts, sent.time_base = packet.pts, packet.dts, packet.time_base
            sent.stream = copy
            target.mux(sent)
    assert damaged(out.getvalue()) == (2, True)
    with pytest.raises(VideoError, match=r"too large .* make them smaller"):
        list(read_frames(io.BytesIO(_huge_alone(huge.getvalue(), small))))


def _huge_alone(jpeg: bytes, small: bytes) -> bytes:
    """A clip whose header states the size of its one picture."""
    out = io.BytesIO()
    with av.open(io.BytesIO(small), "r") as source, av.open(out, "w", format="matroska") as target:
        copy = target.add_stream_from_template(source.streams.video[0])
        copy.width, copy.height = 9000, 8000
        packet = av.Packet(jpeg)
        packet.pts = packet.dts = 0
        packet.time_base, packet.stream = Fraction(1, 1000), copy
        target.mux(packet)
    return out.getvalue()


@pytest.mark.parametrize("size", [(321, 243), (2, 2)])
def test_one_picture_of_any_size_is_a_clip(size: tuple[int, int]) -> None:
    (frame,) = read_frames(io.BytesIO(encode([0], size=size, codec="mjpeg", container="avi")))
    assert frame[:2] == (0, 0.0)
    assert frame[2].shape == (size[1], size[0], 3)
