"""The annotated video against its original: frames, times, size, rotation and audio."""

import io
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from emotion.imaging.annotation import face_color
from emotion.results.frames import FrameResult
from emotion.tracking import TrackedFace
from emotion.types import EMOTIONS, Face
from emotion.video.reader import read_frames
from emotion.video.render import render_clip, render_frame
from emotion.video.track_store import TrackStore
from tests.clips import encode, picture, turned


def face(number: int, x: float, top: str = "happy", seen: str | None = None) -> TrackedFace:
    """A face of 40 pixels at (x, 10). top: the shown label; seen: the label of the frame alone."""
    box = np.array([x, 10, x + 40, 50], np.float32)
    answers = []
    for label in (top, seen or top):
        probabilities = np.full(7, 0.05, np.float32)
        probabilities[EMOTIONS.index(label)] = 0.7
        answers.append(probabilities)
    return TrackedFace(
        xyxy=box,
        score=0.9,
        probabilities=answers[0],
        track_id=number,
        label_index=EMOTIONS.index(top),
        raw=Face(xyxy=box + 1, score=0.9, probabilities=answers[1]),
        observed_s=0.0,
    )


def recording(*frames: tuple[float, list[TrackedFace]], rate: int = 30) -> TrackStore:
    record = TrackStore()
    for time_s, faces in frames:
        record.add(FrameResult(round(time_s * rate), time_s, tuple(faces)))
    return record


def film(
    data: bytes,
    record: TrackStore | None = None,
    *,
    start_s: float = 0.0,
    end_s: float | None = None,
    max_side: int | None = None,
) -> bytes:
    out = io.BytesIO()
    drawing = render_clip(
        io.BytesIO(data),
        record or TrackStore(),
        out,
        start_s=start_s,
        end_s=end_s,
        max_side=max_side,
    )
    for _ in drawing:
        pass
    return out.getvalue()


def sound_of(data: bytes) -> tuple[str, np.ndarray, float]:
    """Codec, samples of the first channel, and when the loud part begins, in seconds."""
    with av.open(io.BytesIO(data), "r") as clip:
        stream = clip.streams.audio[0]
        begins_s, waves = None, []
        for frame in clip.decode(stream):
            wave = frame.to_ndarray().astype(np.float64)
            wave = wave[0] if wave.shape[0] <= 2 else wave
            waves.append(wave)
            if begins_s is None and np.abs(wave).max() > 0.1 * max(1.0, np.abs(wave).max()):
                begins_s = frame.time
        return stream.codec_context.codec.canonical_name, np.concatenate(waves), begins_s or -1.0


def test_every_frame_is_there_at_its_own_time() -> None:
    ticks = [0, 1, 2, 7, 8, 30, 31, 33, 60]
    before = list(read_frames(io.BytesIO(encode(ticks))))
    after = list(read_frames(io.BytesIO(film(encode(ticks)))))
    assert len(after) == len(ticks)
    assert np.allclose([t for _, t, _ in after], [t for _, t, _ in before], atol=0.0005)
    for index, _, image in after:
        assert abs(int(image[-1, -1].mean()) - int(picture(index)[-1, -1].mean())) < 8


def test_faces_are_drawn_where_they_are_also_between_analysed_frames() -> None:
    record = recording((0.0, [face(1, 0)]), (1.0, [face(1, 80)]))
    shown = [image for _, _, image in read_frames(io.BytesIO(film(encode(range(31)), record)))]
    plain = [image for _, _, image in read_frames(io.BytesIO(film(encode(range(31)))))]
    for index in (0, 15, 30):
        changed = np.abs(shown[index].astype(int) - plain[index]).max(axis=2) > 60
        columns = np.flatnonzero(changed[40:48].any(axis=0))
        left = 80 * index / 30
        assert columns[0] == pytest.approx(max(left, 0), abs=5)
        assert columns[-1] == pytest.approx(left + 40, abs=5)


def test_the_tables_face_is_the_number_that_is_drawn() -> None:
    record = recording((0.0, [face(2, 10), face(7, 80)]), (1.0, [face(7, 80), face(2, 10)]))
    data = film(encode(range(31), size=(512, 384)), record)
    shown = [image for _, _, image in read_frames(io.BytesIO(data))]
    rows = list(record.rows("a.mp4"))
    assert [(row["frame"], row["face"]) for row in rows] == [(0, 2), (0, 7), (30, 7), (30, 2)]
    for row in rows:
        image = shown[int(row["frame"] or 0)]
        edge = image[int(float(row["y2"] or 0)) - 2, int(float(row["x1"] or 0)) + 20].astype(int)
        color = face_color(int(row["face"] or 0) - 1)
        assert np.abs(edge - color).max() < 60, "each number has its colour"


@pytest.mark.parametrize(
    ("container", "codec", "sound", "kept"),
    [
        ("mp4", "mpeg4", "aac", "aac"),
        ("mp4", "mpeg4", "libmp3lame", "mp3"),
        ("webm", "libvpx", "libopus", "opus"),
        ("avi", "mpeg4", "pcm_s16le", "aac"),
        ("matroska", "mpeg4", "ac3", "aac"),
    ],
)
def test_the_sound_comes_along_at_its_time(
    container: str, codec: str, sound: str, kept: str
) -> None:
    data = encode(list(range(61)), container=container, codec=codec, sound=sound)
    before, after = sound_of(data), sound_of(film(data))
    assert after[0] == kept
    assert after[2] == pytest.approx(before[2], abs=0.03)
    assert after[2] == pytest.approx(0.5, abs=0.06)


def test_a_part_has_the_part_of_the_sound() -> None:
    data = film(encode(list(range(61)), sound="aac"), start_s=0.4, end_s=1.2)
    frames = list(read_frames(io.BytesIO(data)))
    assert len(frames) == 25
    assert frames[0][1] == 0
    _, wave, begins_s = sound_of(data)
    assert begins_s == pytest.approx(0.1, abs=0.05)
    assert len(wave) / 48_000 == pytest.approx(0.8, abs=0.1)


def test_a_turned_clip_is_drawn_upright_and_odd_sides_lose_one_row() -> None:
    (_, _, image), *_ = read_frames(io.BytesIO(film(turned(encode(range(5))))))
    assert image.shape == (128, 96, 3)
    odd = film(encode(range(3), codec="libvpx", container="webm", size=(127, 95)))
    assert next(read_frames(io.BytesIO(odd)))[2].shape == (94, 126, 3)


def test_a_large_clip_is_made_smaller_where_asked() -> None:
    (_, _, image), *_ = read_frames(io.BytesIO(film(encode(range(3)), max_side=64)))
    assert image.shape == (48, 64, 3)


def test_stopped_half_way_the_file_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    source = tmp_path / "clip.mp4"
    source.write_bytes(encode(range(30), sound="aac"))
    drawing = render_clip(source, TrackStore(), path)
    for _ in range(10):
        next(drawing)
    assert not path.exists(), "nothing stands there before it is whole"
    drawing.close()
    assert len(list(read_frames(path))) == 10
    assert sorted(tmp_path.iterdir()) == [source, path]


def test_the_frame_of_a_moment() -> None:
    data = io.BytesIO(encode(range(30)))
    shown = render_frame(data, TrackStore(), 0.5)
    assert shown is not None
    assert abs(int(shown[-1, -1].mean()) - int(picture(15)[-1, -1].mean())) < 8
    between = render_frame(data, TrackStore(), 0.52)
    assert between is not None
    assert np.array_equal(between, shown), "the frame is shown until the next one"
    assert render_frame(data, TrackStore(), 30.0) is None


@pytest.mark.parametrize(
    ("container", "codec"), [("mp4", "libx264"), ("avi", "mpeg4"), ("gif", "")]
)
def test_the_frame_of_a_late_moment_is_the_one_that_reading_on_gives(
    container: str, codec: str
) -> None:
    data = encode(list(range(200)), container=container, codec=codec) if codec else _gif(60)
    frames = list(read_frames(io.BytesIO(data)))
    for index in (3, len(frames) // 2, len(frames) - 2):
        shown = render_frame(io.BytesIO(data), TrackStore(), frames[index][1] + 0.001)
        assert shown is not None
        assert np.array_equal(shown, frames[index][2])


def _gif(count: int) -> bytes:
    buffer = io.BytesIO()
    first, *rest = (Image.fromarray(picture(index)) for index in range(count))
    first.save(buffer, "GIF", save_all=True, append_images=rest, duration=40)
    return buffer.getvalue()
