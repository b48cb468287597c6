"""Table rows: the contract's columns, numbers that read back, names that stay one field."""

import csv
import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.results.cells import original_text
from emotion.results.rows import COLUMNS, face_rows, to_csv
from emotion.types import EMOTIONS, Face


def face(box: tuple[float, float, float, float], seed: int = 0, score: float = 0.875) -> Face:
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(7)).astype(np.float32)
    return Face(xyxy=np.array(box, np.float32), score=score, probabilities=probabilities)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_columns_are_the_contracts() -> None:
    assert ",".join(COLUMNS) == (
        "source,frame,time_s,track,x1,y1,x2,y2,score,label,"
        "angry,disgust,fear,happy,sad,surprise,neutral,face,event"
    )
    assert to_csv([]) == ",".join(COLUMNS) + "\n"


def test_a_photo_leaves_frame_time_and_track_empty() -> None:
    (row,) = read(to_csv(face_rows("a.jpg", [face((1, 2, 30.26, 40))])))
    assert (row["frame"], row["time_s"], row["track"]) == ("", "", "")
    assert (row["x1"], row["y1"], row["x2"], row["y2"]) == ("1.0", "2.0", "30.3", "40.0")
    assert row["score"] == "0.875"


def test_a_photos_faces_are_numbered_as_they_are_drawn() -> None:
    faces = [face((0, 0, 9, 9), 1), face((5, 5, 9, 9), 2)]
    assert [row["face"] for row in read(to_csv(face_rows("a.jpg", faces)))] == ["1", "2"]


def test_the_event_is_empty_unless_one_was_marked() -> None:
    faces = [face((0, 0, 9, 9), 1)]
    assert read(to_csv(face_rows("a.jpg", faces)))[0]["event"] == ""
    assert read(to_csv(face_rows("webcam", faces, None, 1.0, [1], 2)))[0]["event"] == "2"


def test_a_frame_tells_its_index_time_and_tracks() -> None:
    faces = [face((0, 0, 9, 9), 1), face((5, 5, 9, 9), 2)]
    rows = read(to_csv(face_rows("a.mp4", faces, frame=7, time_s=1 / 3, tracks=[4, 2])))
    assert [(r["frame"], r["time_s"], r["track"], r["face"]) for r in rows] == [
        ("7", "0.333", "4", "4"),
        ("7", "0.333", "2", "2"),
    ]


def test_no_face_is_no_row() -> None:
    assert face_rows("a.jpg", []) == []


def test_tracks_must_match_the_faces() -> None:
    with pytest.raises(ValueError, match="one track"):
        face_rows("a.mp4", [face((0, 0, 1, 1))], tracks=[])


# What a file can be called: no control characters and no surrogates.
names = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40)
pixels = st.floats(0, 9000, width=32)


@given(source=names, box=st.tuples(pixels, pixels, pixels, pixels), seed=st.integers(0, 999))
def test_rows_read_back(source: str, box: tuple[float, float, float, float], seed: int) -> None:
    given_face = face(box, seed)
    rows = face_rows(source, [given_face])
    (row,) = read(to_csv(rows))
    assert original_text(row["source"]) == source
    assert not row["source"].startswith(("=", "+", "-", "@"))
    assert row["label"] == given_face.label
    found = np.array([float(row[name]) for name in EMOTIONS])
    assert np.abs(found - given_face.probabilities).max() <= 0.5e-4 + 1e-7
    corners = np.array([float(row[name]) for name in ("x1", "y1", "x2", "y2")])
    assert np.abs(corners - given_face.xyxy).max() <= 0.05 + 1e-3
    assert json.loads(json.dumps(rows)) == rows, "plain values only"


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("a.jpg", "a.jpg"),
        ("=cmd|' /C calc'!A0.jpg", "'=cmd|' /C calc'!A0.jpg"),
        ("+1.jpg", "'+1.jpg"),
        ("-1.jpg", "'-1.jpg"),
        ("@SUM(A1).jpg", "'@SUM(A1).jpg"),
        ("\t=1.jpg", "'\t=1.jpg"),
        ("'=1.jpg", "''=1.jpg"),
        ("'n Roll.jpg", "'n Roll.jpg"),
        ("''.jpg", "''.jpg"),
        ("", ""),
    ],
)
def test_a_name_is_no_formula_in_a_spreadsheet(name: str, cell: str) -> None:
    (row,) = read(to_csv(face_rows(name, [face((1, 2, 30, 40))])))
    assert row["source"] == cell
    assert original_text(cell) == name


def test_numbers_below_zero_stay_numbers() -> None:
    (made,) = face_rows("a.jpg", [face((1, 2, 30, 40))])
    (row,) = read(to_csv([{**made, "x1": -1.5}]))
    assert row["x1"] == "-1.5"
