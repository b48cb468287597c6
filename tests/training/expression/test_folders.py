"""Folders and archives of pictures: structure, problems and splits."""

import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emotion.errors import DataError
from emotion.training.expression.data import problems as kinds
from emotion.training.expression.data import read_faces
from emotion.training.expression.data.faces import training_split
from emotion.training.expression.data.folders import read_pictures
from emotion.training.expression.data.grouping import GroupRule, groups_of, subject_of
from emotion.training.expression.data.layout import Location, parse_layout
from emotion.training.expression.data.problems import count_by_kind
from emotion.training.expression.data.splits import (
    add_splits,
    add_validation_split,
    stratified_group_split,
)
from emotion.types import EMOTIONS
from tests.training.conftest import drawn_face


def picture(path: Path, value: int | np.ndarray = 10) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    face = value if isinstance(value, np.ndarray) else np.full((60, 50, 3), value, np.uint8)
    assert cv2.imwrite(str(path), face)
    return path


def test_a_folder_of_pictures_is_a_custom_set(tmp_path: Path) -> None:
    for split, value in (("train", 10), ("val", 20), ("test", 30)):
        picture(tmp_path / split / "happy" / "a.png", value)
    faces = read_faces(tmp_path)
    assert faces.labels.tolist() == [3, 3, 3]
    assert faces.images[:, 0, 0].tolist() == [30, 10, 20]  # in the order of their names
    assert faces.split.tolist() == ["PrivateTest", "Training", "PublicTest"]
    assert faces.head == "custom"
    assert not faces.problems


def test_splits_that_a_table_states_stay(tmp_path: Path) -> None:
    """Drawn anew, they would change with the pictures that a detector finds a face in."""
    for number in range(12):
        picture(tmp_path / "set" / "happy" / f"{number}.png", number)
    table = tmp_path / "groups.csv"
    rows = [f"happy/{n}.png,p{n},{'PrivateTest' if n % 3 else 'Training'}" for n in range(10)]
    table.write_text("picture,group,split\n" + "\n".join(rows) + "\n")
    faces = read_pictures(tmp_path / "set", "custom", grouping=GroupRule.parse(str(table)))
    assert faces.images[:, 0, 0].tolist() == list(range(10)), "the two that it does not name"
    assert (faces.split == "PrivateTest").tolist() == [n % 3 > 0 for n in range(10)]
    table.write_text("picture,group,split\nhappy/0.png,p0,Test\n")
    with pytest.raises(DataError, match=r"names the split 'Test'; there are Training, PublicTest"):
        GroupRule.parse(str(table))


def test_an_archive_reads_as_its_folder(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for label in ("angry", "Happiness"):
        for i in range(8):
            picture(tmp_path / "set" / "train" / label / f"{i}.png", drawn_face(1, rng))
    with tarfile.open(tmp_path / "set.tar", "w") as archive:
        archive.add(tmp_path / "set", ".")
    folder, packed = read_faces(tmp_path / "set"), read_faces(tmp_path / "set.tar")
    for name in ("images", "labels", "split"):
        np.testing.assert_array_equal(getattr(packed, name), getattr(folder, name))
    assert folder.digest == packed.digest
    assert sorted(set(folder.split)) == ["PublicTest", "Training"]


def test_a_damaged_archive_says_so(tmp_path: Path) -> None:
    (tmp_path / "set.tar").write_bytes(b"no archive" * 100)
    with pytest.raises(DataError, match=r"The archive .* cannot be read"):
        read_faces(tmp_path / "set.tar")


def test_what_cannot_be_used_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    for split in ("train", "val"):
        picture(tmp_path / split / "happy" / "a.png")
    picture(tmp_path / "train" / "contempt" / "a.png")
    picture(tmp_path / "train" / "bored" / "a.png")
    picture(tmp_path / "train" / "bored" / "b.png")
    picture(tmp_path / "more" / "happy" / "a.png")
    picture(tmp_path / "train" / "happy" / "more" / "a.png")
    picture(tmp_path / "train" / "a.png")
    happy = tmp_path / "train" / "happy"
    (happy / "broken.png").write_bytes(b"no picture")
    (happy / "empty.jpg").write_bytes(b"")
    (happy / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (happy / "notes.txt").write_text("of the photographer")
    (happy / ".DS_Store").write_text("hidden")
    (tmp_path / "README.md").write_text("about the set")
    faces = read_faces(tmp_path)
    assert len(faces) == 2
    assert count_by_kind(faces.problems) == {
        kinds.PICTURE: 4, kinds.FOLDER: 3, kinds.MISPLACED: 2, kinds.CONTEMPT: 1,
    }  # fmt: skip
    said = "\n".join(problem.sentence for problem in faces.problems)
    for sentence in (
        "train/contempt: 1 picture of contempt, none of the seven expressions.",
        "train/bored: 2 pictures in a folder of an unknown name; expected train|val|test/LABEL",
        "more: 1 picture in a folder of an unknown name",
        "train/happy/more: 1 picture outside train|val|test/LABEL.",
        "train: 1 picture outside train|val|test/LABEL.",
        "train/happy/notes.txt: no picture by its name",
        "train/happy/broken.png: This file is not a picture that can be read",
        "train/happy/empty.jpg: This file is empty",
        "train/happy/gone.png: This file cannot be opened.",
    ):
        assert sentence in said


def test_a_folder_without_any_usable_picture_says_why(tmp_path: Path) -> None:
    picture(tmp_path / "bored" / "a.png")
    with pytest.raises(DataError, match=r"expected train\|val\|test/LABEL/\* or LABEL/\*.*bored"):
        read_faces(tmp_path)


def test_ckplus_by_class_keeps_a_subject_on_one_side(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    names = ("anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise")
    for subject in range(40):
        for name in rng.choice(names, 2, replace=False):
            for frame in range(3):
                file = f"S{subject:03}_{names.index(name):03}_{frame:08}.png"
                picture(tmp_path / "CK+48" / name / file, drawn_face(0, rng))
    faces = read_faces(f"ckplus={tmp_path / 'CK+48'}")
    assert {EMOTIONS[label] for label in faces.labels} == set(EMOTIONS) - {"neutral"}
    left_out = 240 - len(faces)
    assert count_by_kind(faces.problems) == {kinds.CONTEMPT: left_out}
    files = sorted((tmp_path / "CK+48").glob("*/*.png"))
    subjects = np.array([p.name[:4] for p in files if p.parent.name != "contempt"])
    sides = [set(subjects[faces.split == s]) for s in ("Training", "PublicTest", "PrivateTest")]
    assert all(sides)
    assert not sides[0] & sides[1]
    assert not sides[0] & sides[2]
    assert not sides[1] & sides[2]
    assert 0.05 < np.mean(faces.split == "PrivateTest") < 0.2
    again = read_faces(f"ckplus={tmp_path / 'CK+48'}")
    np.testing.assert_array_equal(again.split, faces.split)
    assert len(training_split(faces)) == np.sum(faces.split == "Training")


def test_labels_without_splits_are_split_class_by_class(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name, count in (("happy", 40), ("sad", 16), ("fear", 2)):
        for i in range(count):
            picture(tmp_path / name / f"{i}.png", drawn_face(0, rng))
    faces = read_faces(tmp_path)
    for label, part in ((3, 5), (4, 2), (2, 0)):
        for split in ("PublicTest", "PrivateTest"):
            assert np.sum(faces.subset(split).labels == label) == part


def test_train_and_test_without_val_get_a_part_to_choose_on(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for split in ("train", "test"):
        for name in ("happy", "sad"):
            for i in range(8):
                picture(tmp_path / split / name / f"{i}.png", drawn_face(0, rng))
    faces = read_faces(tmp_path)
    assert [len(faces.subset(s)) for s in ("Training", "PublicTest", "PrivateTest")] == [14, 2, 16]


def test_a_small_set_is_split_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in EMOTIONS:
        picture(tmp_path / "train" / name / "a.png", drawn_face(0, rng))
    assert len(read_faces(tmp_path)) == 7  # one of a class: none can be set aside


def test_subjects_are_read_from_ckplus_names_alone() -> None:
    assert subject_of("S005_001_00000011.png") == "S005"
    assert subject_of("s138_008_00000009.jpg") == "S138"
    for name in ("train_00001_aligned.jpg", "S005.png", "005_001_00000011.png", "Sad_001.png"):
        assert subject_of(name) is None
    assert len(set(groups_of([("a.png",), ("a.png",), ("S001_001_00000001.png",)]))) == 3


LABELS = st.lists(st.integers(0, 6), min_size=1, max_size=80).map(np.array)


@settings(deadline=None)
@given(LABELS, st.integers(1, 12), st.floats(0.05, 0.5), st.integers(0, 99))
def test_groups_are_never_divided(
    labels: np.ndarray, subjects: int, fraction: float, seed: int
) -> None:
    groups = np.random.default_rng(seed).integers(0, subjects, len(labels)).astype(str)
    chosen = stratified_group_split(labels, groups, fraction, seed)
    assert not set(groups[chosen]) & set(groups[~chosen])
    np.testing.assert_array_equal(chosen, stratified_group_split(labels, groups, fraction, seed))


@settings(deadline=None)
@given(LABELS, st.floats(0.05, 0.5), st.integers(0, 99))
def test_single_rows_give_each_class_its_share(
    labels: np.ndarray, fraction: float, seed: int
) -> None:
    groups = np.arange(len(labels)).astype(str)
    chosen = stratified_group_split(labels, groups, fraction, seed)
    wanted = np.round(fraction * np.bincount(labels, minlength=7))
    np.testing.assert_array_equal(np.bincount(labels[chosen], minlength=7), wanted)


def test_nothing_to_set_aside_is_ordinary() -> None:
    none = np.zeros(0, np.int64)
    assert stratified_group_split(none, none.astype(str), 0.1).shape == (0,)


PARTS = st.sampled_from(["train", "val", "test", "happy", "Anger", "contempt", "x", ".git", "a.png",
                         "b.JPG", "c.txt"])  # fmt: skip


@settings(deadline=None)
@example([("x",), ("x", "train", "a.png")])  # an archive may have a file and a folder of one name
@given(st.lists(st.lists(PARTS, min_size=1, max_size=4).map(tuple), max_size=12))
def test_every_picture_has_a_place_or_is_counted(names: list[tuple[str, ...]]) -> None:
    places, problems = parse_layout(names)
    assert len(places) == len(names)
    with_place = [n for n, p in zip(names, places, strict=True) if isinstance(p, Location)]
    visible = [
        n for n in names
        if n[-1].lower().endswith((".png", ".jpg")) and not any(p.startswith(".") for p in n)
    ]  # fmt: skip
    left_out = sum(p.count for p in problems if "no picture by its name" not in p.sentence)
    assert len(with_place) + left_out == len(visible)
    assert len({place.split is None for place in places if place}) <= 1


def test_parts_keep_what_was_a_test_out_of_training(fer2013: tuple[Path, Path]) -> None:
    faces = read_faces(fer2013[0])
    rows = np.arange(len(faces)).astype(str)
    parts = add_splits(faces, rows)
    assert [int(np.sum(parts.split == s)) for s in ("Training", "PublicTest", "PrivateTest")] == [
        420, 70, 70,
    ]  # fmt: skip
    more = add_validation_split(faces, rows)
    np.testing.assert_array_equal(
        more.split[faces.split != "Training"], faces.split[faces.split != "Training"]
    )
