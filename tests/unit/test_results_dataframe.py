"""Data frames: the table's columns and values, for photos and for clips."""

import io

import numpy as np
import pandas as pd
import pytest

import emotion
from emotion.results.dataframe import Results
from emotion.results.frames import FrameResult, video_rows
from emotion.results.rows import COLUMNS, face_rows, to_csv
from emotion.tracking import TrackedFace
from emotion.types import EMOTIONS, Face


def face(seed: int) -> Face:
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(7)).astype(np.float32)
    box = np.array([1.26, 2, 30 + seed, 40], np.float32)
    return Face(xyxy=box, score=0.875, probabilities=probabilities)


def tracked(seed: int) -> TrackedFace:
    raw = face(seed)
    return TrackedFace(
        xyxy=raw.xyxy + 1, score=raw.score, probabilities=raw.probabilities[::-1],
        track_id=seed, raw=raw, label_index=0, observed_s=0.0,
    )  # fmt: skip


FRAMES = [
    FrameResult(0, 0.0, (tracked(1), tracked(2))),
    FrameResult(1, 0.04, ()),
    FrameResult(2, 0.08, (tracked(2),)),
]


def read_csv(text: str) -> pd.DataFrame:
    """Reads a table that the command line wrote; types aside."""
    return pd.read_csv(io.StringIO(text), keep_default_na=True)


def test_a_photo() -> None:
    frame = emotion.to_dataframe([face(1), face(2)], source="a.jpg")
    pd.testing.assert_frame_equal(
        frame,
        read_csv(to_csv(face_rows("a.jpg", [face(1), face(2)]))),
        check_dtype=False,
    )
    assert frame["time_s"].isna().all()
    assert frame["face"].tolist() == [1, 2]
    assert frame["face"].dtype == pd.Int64Dtype()
    assert frame["event"].isna().all()
    assert frame["event"].dtype == pd.Int64Dtype()


def test_a_clip_has_the_rows_of_its_table() -> None:
    frame = emotion.to_dataframe(iter(FRAMES), source="a.mp4")
    rows = [row for result in FRAMES for row in video_rows("a.mp4", result)]
    pd.testing.assert_frame_equal(frame, read_csv(to_csv(rows)), check_dtype=False)
    assert frame["frame"].tolist() == [0, 0, 2]
    assert frame["track"].tolist() == [1, 2, 2]
    assert frame["face"].tolist() == [1, 2, 2]


def test_several_sources() -> None:
    given: dict[str, Results] = {"a.jpg": [face(1)], "none.jpg": [], "b.mp4": FRAMES}
    frame = emotion.to_dataframe(given)
    assert frame["source"].tolist() == ["a.jpg", "b.mp4", "b.mp4", "b.mp4"]
    assert frame["frame"].isna().tolist() == [True, False, False, False]
    assert frame.groupby("label")["score"].mean().between(0, 1).all()


@pytest.mark.parametrize("nothing", [[], {}, {"a.jpg": []}, [FRAMES[1]]])
def test_no_face_is_an_empty_table(nothing: list[Face]) -> None:
    frame = emotion.to_dataframe(nothing)
    assert list(frame) == list(COLUMNS)
    assert len(frame) == 0
    assert all(frame[name].dtype == np.float64 for name in ("x1", *EMOTIONS))
    assert frame["frame"].dtype == pd.Int64Dtype()


def test_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="expected faces or frames, got str"):
        emotion.to_dataframe(["a.jpg"])  # type: ignore[arg-type]
