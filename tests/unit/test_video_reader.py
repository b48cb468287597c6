"""Clips of every kind, encoded here: times, rotation, and what cannot be read."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotion.errors import VideoError
from emotion.files import VIDEO_SUFFIXES
from emotion.types import Detection, Face
from emotion.video.pipeline import analyze_video
from emotion.video.reader import Clip, read_frames
from tests.clips import encode, picture, sound_only, turned


def times_of(data: bytes, rate_hz: float | None = None) -> list[float]:
    return [time_s for _, time_s, _ in read_frames(io.BytesIO(data), rate_hz=rate_hz)]


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("mp4", "mpeg4"),
        ("mov", "mpeg4"),
        ("matroska", "libvpx"),
        ("webm", "libvpx"),
        ("avi", "mpeg4"),
    ],
)
def test_the_usual_containers_are_read(container: str, codec: str) -> None:
    data = encode(list(range(10)), container=container, codec=codec)
    frames = list(read_frames(io.BytesIO(data)))
    assert [index for index, _, _ in frames] == list(range(10))
    assert np.allclose([time_s for _, time_s, _ in frames], np.arange(10) / 30, atol=0.002)
    for index, _, image in frames:
        assert image.shape == (96, 128, 3)
        assert image.dtype == np.uint8
        assert abs(int(image[-1, -1].mean()) - (40 + 8 * index)) < 8, "in order and in RGB"
        assert image[5, 5, 0] > 150 > 90 > image[5, 5, 2]


@pytest.mark.parametrize(
    ("suffix", "container", "codec"),
    [
        (".3gp", "3gp", "mpeg4"),
        (".3g2", "3g2", "mpeg4"),
        (".f4v", "f4v", "libx264"),
        (".M2TS", "mpegts", "libx264"),
        (".mts", "mpegts", "mpeg2video"),
        (".vob", "vob", "mpeg2video"),
        (".mpg", "mpeg", "mpeg1video"),
        (".mod", "vob", "mpeg2video"),
        (".ogv", "ogg", "libvpx"),
        (".flv", "flv", "flv1"),
        (".wmv", "asf", "wmv2"),
        (".y4m", "yuv4mpegpipe", "rawvideo"),
    ],
)
def test_the_endings_of_what_is_read_are_known(
    suffix: str, container: str, codec: str, tmp_path: Path
) -> None:
    path = tmp_path / f"clip{suffix}"
    path.write_bytes(encode(range(10), container=container, codec=codec))
    assert path.name.lower().endswith(VIDEO_SUFFIXES), "it is found in a folder"
    assert len(list(read_frames(path))) == 10


def test_gif_is_a_clip() -> None:
    buffer = io.BytesIO()
    first, *rest = [Image.fromarray(picture(index)) for index in range(4)]
    first.save(buffer, "GIF", save_all=True, append_images=rest, duration=100)
    assert np.allclose(times_of(buffer.getvalue()), [0, 0.1, 0.2, 0.3], atol=0.011)


def test_variable_frame_rate_keeps_its_times() -> None:
    ticks = [0, 1, 2, 10, 11, 40, 41, 60]
    assert np.allclose(times_of(encode(ticks)), np.array(ticks) / 30, atol=0.001)


def test_the_rate_is_by_time_and_the_index_counts_all_frames() -> None:
    data = encode(list(range(48)), rate=24)
    frames = list(read_frames(io.BytesIO(data), rate_hz=10))
    assert len(frames) == 20
    assert np.abs(np.diff([time_s for _, time_s, _ in frames]) - 0.1).max() < 0.045
    assert all(abs(time_s - index / 24) < 0.001 for index, time_s, _ in frames)
    assert len(times_of(data, rate_hz=1000)) == 48
    with pytest.raises(ValueError, match="above 0"):
        list(read_frames(io.BytesIO(data), rate_hz=0))


def test_rotation_is_honoured() -> None:
    data = encode(list(range(3)))
    (_, _, upright), *_ = read_frames(io.BytesIO(turned(data)))
    (_, _, stored), *_ = read_frames(io.BytesIO(data))
    assert upright.shape == (128, 96, 3)
    assert np.array_equal(upright, np.rot90(stored, -1))
    assert upright[5, -5, 0] > 150 > 90 > upright[5, -5, 2], "the corner went to the right"
    with Clip(io.BytesIO(turned(data))) as clip:
        assert (clip.info.width, clip.info.height) == (96, 128)


def test_a_path_works_as_well_as_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(encode(list(range(5))))
    assert len(list(read_frames(path))) == len(list(read_frames(str(path)))) == 5
    with Clip(path) as clip:
        assert clip.info.rate_hz == pytest.approx(30)
        assert clip.info.duration_s == pytest.approx(5 / 30, abs=0.01)
        assert clip.info.frame_count == 5


def test_sound_only_garbage_and_nothing_are_one_sentence(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, 50_000, dtype=np.uint8).tobytes()
    for data, words in ((sound_only(), "only sound"), (noise, "not a video"), (b"", "is empty")):
        with pytest.raises(VideoError, match=words) as caught:
            list(read_frames(io.BytesIO(data)))
        assert str(caught.value).endswith(".")
        assert "\n" not in str(caught.value)
    with pytest.raises(VideoError, match="no file"):
        list(read_frames(tmp_path / "missing.mp4"))


@pytest.mark.parametrize(
    "text",
    [
        "ffconcat version 1.0\nfile '{path}'\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{path}\n#EXT-X-ENDLIST\n",
    ],
)
def test_a_playlist_opens_no_other_file(text: str, tmp_path: Path) -> None:
    other = tmp_path / "other.mp4"
    other.write_bytes(encode(list(range(5))))
    playlist = tmp_path / "list.m3u8"
    playlist.write_text(text.format(path=other))
    with pytest.raises(VideoError):
        list(read_frames(playlist))
    with pytest.raises(VideoError):
        list(read_frames(io.BytesIO(playlist.read_bytes())))


def test_a_clip_cut_short_gives_what_it_has_and_says_so() -> None:
    # Matroska has its index first or none: a cut file can be opened.
    data = encode(list(range(90)), container="matroska", codec="mpeg4")
    with Clip(io.BytesIO(data)) as clip:
        assert len(list(clip.frames())) == 90
        assert not clip.damaged
    with Clip(io.BytesIO(data[: len(data) // 2])) as clip:
        count = len(list(clip.frames()))
        assert 20 < count < 70
        assert clip.damaged


def test_an_mp4_cut_short_before_its_index_is_one_sentence() -> None:
    data = encode(list(range(30)))
    with pytest.raises(VideoError, match="not a video"):
        list(read_frames(io.BytesIO(data[: len(data) // 2])))


def test_a_head_without_a_picture_is_one_sentence() -> None:
    data = encode(list(range(30)), container="matroska", codec="mpeg4")
    head = data[: data.index(b"\x1f\x43\xb6\x75")]  # up to Matroska's first cluster
    with pytest.raises(VideoError):
        list(read_frames(io.BytesIO(head)))


class CountingAnalyzer:
    """Finds one face in every picture, and remembers how many it saw."""

    min_score = 0.5

    def __init__(self) -> None:
        self.seen = 0

    def detect(
        self, image: np.ndarray, min_score: float | None = None, options: object = None
    ) -> list[Detection]:
        return [Detection(xyxy=np.array([0, 0, *image.shape[1::-1]], np.float32), score=1.0)]

    def refine(
        self, image: np.ndarray, detections: Sequence[Detection], min_score: float | None = None
    ) -> Sequence[Detection]:
        return detections

    def faces(self, image: np.ndarray, detections: Sequence[Detection]) -> list[Face]:
        self.seen += 1
        flat = np.full(7, 1 / 7, np.float32)
        return [Face(xyxy=d.xyxy, score=d.score, probabilities=flat) for d in detections]


def test_analyzing_is_lazy_and_in_the_pictures_pixels() -> None:
    analyzer = CountingAnalyzer()
    results = analyze_video(io.BytesIO(turned(encode(list(range(30))))), analyzer, rate_hz=10)
    first = next(results)
    assert analyzer.seen == 1
    assert (first.frame, first.time_s) == (0, 0.0)
    assert first.faces[0].xyxy.tolist() == [0, 0, 96, 128]
    assert [result.frame for result in results] == [3, 6, 9, 12, 15, 18, 21, 24, 27]


def test_a_clip_that_is_given_stays_open() -> None:
    with Clip(io.BytesIO(encode(list(range(6))))) as clip:
        assert len(list(analyze_video(clip, CountingAnalyzer()))) == 6
        assert clip.damaged is False


def test_a_part_keeps_the_index_and_the_times() -> None:
    clip = io.BytesIO(encode(list(range(30))))
    part = [(i, time_s) for i, time_s, _ in Clip(clip).frames(start_s=0.5, end_s=0.8)]
    assert [i for i, _ in part] == list(range(15, 25))
    assert np.allclose([time_s for _, time_s in part], np.arange(15, 25) / 30, atol=0.002)
    whole = Clip(io.BytesIO(encode(list(range(30)))))
    assert not list(whole.frames(start_s=9.0))
    ended = Clip(io.BytesIO(encode(list(range(90)))))
    list(ended.frames(end_s=0.2))
    assert not ended.damaged, "an end that was asked for is no damage"
