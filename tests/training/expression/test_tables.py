"""Rows of a CSV that cannot be used are reported and counted; the rest is read."""

from pathlib import Path

import numpy as np
import pytest

from emotion.errors import DataError
from emotion.training.expression.data import problems as kinds
from emotion.training.expression.data import read_faces
from emotion.training.expression.data.labels import LABEL_ORDERS, label_from_csv, label_from_name
from emotion.training.expression.data.problems import Problem, count_by_kind, lines
from emotion.types import EMOTIONS

PIXELS = " ".join(["7"] * 2304)
HEADER = "emotion,pixels,Usage"


def write(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


@pytest.mark.parametrize(
    ("row", "kind", "sentence"),
    [
        (f"0,{PIXELS} 5,Training", kinds.LENGTH, "2305 pixels, expected 48 x 48 = 2304."),
        ("0,,Training", kinds.LENGTH, "0 pixels, expected 48 x 48 = 2304."),
        (f"9,{PIXELS},Training", kinds.LABEL, "unknown label '9', expected 0..6 or a name."),
        (f"-1,{PIXELS},Training", kinds.LABEL, "unknown label '-1', expected 0..6 or a name."),
        (f"bored,{PIXELS},Training", kinds.LABEL, "unknown label 'bored', expected 0..6"),
        (f",{PIXELS},Training", kinds.LABEL, "unknown label '', expected 0..6"),
        (f"0,256{PIXELS[1:]},Training", kinds.RANGE, "a pixel is no whole number in 0..255."),
        (f"0,-1{PIXELS[1:]},Training", kinds.RANGE, "a pixel is no whole number in 0..255."),
        (f"0,x{PIXELS[1:]},Training", kinds.RANGE, "a pixel is no whole number in 0..255."),
        (f"0,{PIXELS},Elsewhere", kinds.SPLIT, "unknown Usage 'Elsewhere', expected Training, "),
        (f"0,{PIXELS}", kinds.INCOMPLETE, "2 fields, expected 3."),
        (f"0,{PIXELS},Training,x", kinds.INCOMPLETE, "4 fields, expected 3."),
        ("0," + "7" * 140_000 + ",Training", kinds.INCOMPLETE, "1 fields, expected 3."),
    ],
)
def test_a_row_that_cannot_be_used_is_named(
    tmp_path: Path, row: str, kind: str, sentence: str
) -> None:
    good = f"3,{PIXELS},Training"
    faces = read_faces(write(tmp_path / "fer2013.csv", good, row, good))
    assert len(faces) == 2
    assert faces.labels.tolist() == [3, 3]
    (problem,) = faces.problems
    assert problem.kind == kind
    assert problem.sentence.startswith(f"fer2013.csv, line 3: {sentence}")


def test_a_wholly_unusable_file_says_why(tmp_path: Path) -> None:
    bad = write(tmp_path / "fer2013.csv", f"9,{PIXELS},Training", "0,1 2,Training")
    with pytest.raises(DataError, match=r"no row that can be used: .*line 2: unknown label '9'"):
        read_faces(bad)
    with pytest.raises(DataError, match=r"no row that can be used\.$"):
        read_faces(write(bad))
    with pytest.raises(DataError, match=r"no column pixels \(it has emotion, other, Usage\)"):
        read_faces(write(bad, f"0,{PIXELS},Training", header="emotion,other,Usage"))
    bad.write_bytes(b"")
    with pytest.raises(DataError, match=r"no column emotion, pixels \(it is empty\)"):
        read_faces(bad)
    packed = tmp_path / "fer2013.csv.gz"
    packed.write_bytes(b"\x1f\x8b no gzip")
    with pytest.raises(DataError, match="cannot be read as CSV"):
        read_faces(packed)


def test_columns_in_another_order_with_spaces_and_a_mark_are_read(tmp_path: Path) -> None:
    path = tmp_path / "icml.csv"
    text = f"emotion, Usage, pixels, note\n\nhappy, PrivateTest ,{PIXELS},\xff\n"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode("latin-1"))
    faces = read_faces(path)
    assert (faces.labels.tolist(), faces.split.tolist()) == ([3], ["PrivateTest"])
    assert not faces.problems


def test_votes_stay_with_their_faces(fer2013: tuple[Path, Path]) -> None:
    whole = read_faces(*fer2013)
    rows = fer2013[0].read_text().splitlines()
    rows[3] = "9" + rows[3][1:]
    fer2013[0].write_text("\n".join(rows))
    votes = fer2013[1].read_text().splitlines()
    votes[5] = votes[5].replace(",8,", ",many,")
    fer2013[1].write_text("\n".join(votes))
    faces = read_faces(*fer2013)
    assert [p.kind for p in faces.problems] == [kinds.LABEL, kinds.VOTES]
    assert "fer2013new.csv, line 6: expected 10 counts" in faces.problems[1].sentence
    kept = np.delete(np.arange(560), 2)
    assert whole.votes is not None
    assert faces.votes is not None
    expected = whole.votes[kept]
    expected[3] = 0
    np.testing.assert_array_equal(faces.votes, expected)
    np.testing.assert_array_equal(faces.images, whole.images[kept])


def test_votes_in_another_order_are_refused(fer2013: tuple[Path, Path]) -> None:
    header, *rows = fer2013[1].read_text().splitlines()
    fer2013[1].write_text("\n".join([header, *reversed(rows)]))
    with pytest.raises(DataError, match="not in the order of the FER2013 file"):
        read_faces(*fer2013)


def test_ckplus_has_its_own_label_order(tmp_path: Path) -> None:
    rows = [f"{label},{PIXELS},Training" for label in range(9)]
    path = write(tmp_path / "ckextended.csv", *rows)
    faces = read_faces(f"ckplus={path}")
    assert (faces.head, faces.source) == ("ckplus", "ckextended")
    assert [EMOTIONS[label] for label in faces.labels] == [
        "angry", "disgust", "fear", "happy", "sad", "surprise", "neutral",
    ]  # fmt: skip
    assert count_by_kind(faces.problems) == {kinds.CONTEMPT: 1, kinds.LABEL: 1}
    assert "line 9: contempt ('7') is left out." in faces.problems[0].sentence
    assert "unknown label '8', expected 0..7" in faces.problems[1].sentence
    with pytest.raises(DataError, match="leave --ferplus out"):
        read_faces(f"ckplus={path}", tmp_path / "fer2013new.csv")


def test_every_label_order_is_of_known_names() -> None:
    for order in LABEL_ORDERS.values():
        for number, name in order.items():
            assert label_from_csv(str(number), order) == label_from_name(name) == name
        assert label_from_csv(str(max(order) + 1), order) is None
        assert set(EMOTIONS) <= set(order.values())
    assert list(LABEL_ORDERS["fer2013"].values()) == list(EMOTIONS)
    for text, name in [("Happiness", "happy"), ("anger ", "angry"), ("SURPRISED", "surprise")]:
        assert label_from_name(text) == name
    assert label_from_name("bored") is None


def test_many_problems_become_a_dozen_lines_and_a_count() -> None:
    many = [Problem(kind=kinds.LABEL, sentence=f"row {i}") for i in range(30)]
    many.append(Problem(kind=kinds.FOLDER, sentence="x", count=54))
    notices = lines(many)
    assert notices[:12] == [f"row {i}" for i in range(12)]
    assert notices[12:] == [
        "... and 19 more like these.",
        "Left out: 54 folders of an unknown name, 30 unknown labels; the rest is used.",
    ]
    assert lines(many[:1]) == ["row 0", "Left out: 1 unknown labels; the rest is used."]
    assert lines([]) == []
