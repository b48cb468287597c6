"""Data sets as they are published: their folders, archives, tables and label numbers."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from emotion.cli import main
from emotion.errors import DataError
from emotion.training.expression.data import LabelledFaces, read_faces
from emotion.training.expression.data.archives import is_table
from emotion.training.expression.data.faces import SPLITS
from emotion.training.expression.data.labels import LABEL_ORDERS, label_from_name, parse_order
from emotion.training.expression.data.reading import SetOptions
from emotion.types import EMOTIONS

HAPPY, SAD = EMOTIONS.index("happy"), EMOTIONS.index("sad")
PIXELS = " ".join(["7"] * 2304)


def picture(path: Path, value: int = 10) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((50, 50, 3), value, np.uint8))


def fill(root: Path, *names: str) -> Path:
    """A picture of its own brightness for each name."""
    for value, name in enumerate(names, start=1):
        picture(root / name, 10 * value)
    return root


def content(faces: LabelledFaces) -> set[tuple[int, str, str]]:
    """Brightness, label and split of each row."""
    return {
        (int(image[0, 0]), EMOTIONS[label], split)
        for image, label, split in zip(faces.images, faces.labels, faces.split, strict=True)
    }


@pytest.mark.parametrize(
    ("train", "val", "test"),
    [
        ("train", "validation", "test"),
        ("train", "valid", "test"),
        ("Train", "Val", "Test"),
        ("Training", "PublicTest", "PrivateTest"),
        ("TRAIN", "dev", "testing"),
        ("images/train", "images/validation", "images/test"),
        ("archive/images/train", "archive/images/val", "archive/images/test"),
    ],
)
def test_splits_have_several_names_and_may_lie_deeper(
    tmp_path: Path, train: str, val: str, test: str
) -> None:
    fill(tmp_path, f"{train}/happy/a.png", f"{val}/Sadness/a.png", f"{test}/0_angry/a.png")
    (tmp_path / "README.md").write_text("about")
    faces = read_faces(tmp_path)
    assert content(faces) == {
        (10, "happy", "Training"), (20, "sad", "PublicTest"), (30, "angry", "PrivateTest"),
    }  # fmt: skip
    assert not faces.problems


def test_a_folder_around_labels_is_skipped(tmp_path: Path) -> None:
    fill(tmp_path, "faces/png/happy/a.png", "faces/png/sad/a.png")
    picture(tmp_path / "sample.png")
    faces = read_faces(tmp_path)
    assert sorted(faces.labels) == [HAPPY, SAD]
    assert [p.sentence for p in faces.problems] == [
        "sample.png: 1 picture outside LABEL or train|val|test/LABEL."
    ]


@pytest.mark.parametrize("name", ["holdout", "validate", "images"])
def test_a_split_of_an_unknown_name_is_not_replaced(tmp_path: Path, name: str) -> None:
    fill(tmp_path, "train/happy/a.png", f"{name}/happy/a.png")
    with pytest.raises(DataError, match=f"The folder {name} has labels like a split.*rename it"):
        read_faces(tmp_path)


def test_a_validation_split_without_usable_pictures_is_not_replaced(tmp_path: Path) -> None:
    fill(tmp_path, "train/happy/a.png", "Valid/bored/a.png")
    with pytest.raises(DataError, match=r"validation split Valid has no picture.*Valid/bored"):
        read_faces(tmp_path)


@pytest.mark.parametrize(
    ("preset", "number", "name"),
    [("affectnet", 1, "happy"), ("affectnet", 6, "angry"), ("rafdb", 4, "happy"),
     ("rafdb", 1, "surprise"), ("fer2013", 3, "happy"), ("ckplus", 5, "surprise")],
)  # fmt: skip
def test_numbered_folders_mean_what_is_stated(
    tmp_path: Path, preset: str, number: int, name: str
) -> None:
    fill(tmp_path, f"train/{number}/a.png", f"val/{number}/a.png")
    stated = {"custom": SetOptions(order=LABEL_ORDERS[preset])}
    for faces in (read_faces(f"{preset}={tmp_path}"), read_faces(tmp_path, options=stated)):
        assert {EMOTIONS[label] for label in faces.labels} == {name}
        assert len(faces) == 2


def test_numbered_folders_are_never_guessed(tmp_path: Path) -> None:
    fill(tmp_path, *(f"train/{number}/a.png" for number in range(8)))
    with pytest.raises(
        DataError, match=r"train/0: 1 picture in a numbered folder; say what.*--lab"
    ):
        read_faces(tmp_path)
    faces = read_faces(f"rafdb={tmp_path}")
    assert len(faces) == 7
    (problem,) = faces.problems
    assert problem.sentence == "train/0: 1 picture in a numbered folder that is none of 1..7."
    faces = read_faces(f"affectnet={tmp_path}")
    assert len(faces) == 7
    assert "train/7: 1 picture of contempt" in faces.problems[0].sentence


def test_the_order_of_labels_is_parsed() -> None:
    assert parse_order("affectnet") == LABEL_ORDERS["affectnet"]
    assert parse_order("neutral,Happiness") == {0: "neutral", 1: "happy"}
    assert parse_order("1=surprise,2=fear") == {1: "surprise", 2: "fear"}
    for wrong in ("", "bored", "happy,bored", "x=happy", "1=happy,1=sad"):
        with pytest.raises(DataError, match=r"The labels .* are not understood at"):
            parse_order(wrong)
    assert [label_from_name(t) for t in ("0_angry", "3 - Happiness", "07.sad", "happy2")] == [
        "angry", "happy", "sad", None,
    ]  # fmt: skip


def test_labels_are_an_option_of_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path / "set", *(f"{split}/1/{i}.png" for split in ("train", "val") for i in range(3)))
    arguments = ["data", "--data", str(tmp_path / "set"), "--out", str(tmp_path / "out")]
    assert main(arguments) == 1
    assert "--labels NAME=fer2013" in capsys.readouterr().err
    assert main([*arguments, "--labels", "custom=affectnet"]) == 0
    assert main([*arguments, "--labels", "custom=neutral,bored"]) == 1
    for wrong in ("affectnet", "other=affectnet"):
        with pytest.raises(SystemExit):
            main([*arguments, "--labels", "custom=affectnet", "--labels", wrong])


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("emotion,pixels,Usage", "3,{},Training"),
        ("Emotion,Pixels,usage", "3,{},train"),
        ("emotion;pixels;Usage", "3;{};Training"),
        ("emotion\tpixels\tUsage", "3\t{}\tTraining"),
        ("Usage, EMOTION ,pixels", "Train,3.0,{}"),
        ("\ufeffemotion,Usage,pixels", "happy,TRAINING,{}"),
    ],
)
def test_a_table_may_be_written_in_several_ways(tmp_path: Path, header: str, row: str) -> None:
    path = tmp_path / "fer2013.csv"
    rows = [row.format(PIXELS)] * 2
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    faces = read_faces(path)
    assert faces.labels.tolist() == [HAPPY, HAPPY]
    assert faces.split.tolist() == ["Training", "Training"]
    assert not faces.problems


@pytest.mark.parametrize(
    ("usage", "split"),
    [("val", "PublicTest"), ("Validation", "PublicTest"), ("publictest", "PublicTest"),
     ("test", "PrivateTest"), ("PrivateTest", "PrivateTest")],
)  # fmt: skip
def test_the_splits_of_a_table_have_several_names(tmp_path: Path, usage: str, split: str) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_text(f"emotion,pixels,Usage\n3,{PIXELS},{usage}\n")
    assert read_faces(path).split.tolist() == [split]


def test_a_table_without_splits_is_split_like_a_folder_without_them(tmp_path: Path) -> None:
    """Kaggle's ``train.csv`` of the FER2013 challenge has no column Usage."""
    rng = np.random.default_rng(0)
    lines = [f"{i % 7}," + " ".join(map(str, rng.integers(0, 256, 2304))) for i in range(112)]
    path = tmp_path / "train.csv"
    path.write_text("\n".join(["emotion,pixels", *lines]))
    faces = read_faces(path)
    assert [int(np.sum(faces.split == split)) for split in SPLITS] == [84, 14, 14]
    np.testing.assert_array_equal(read_faces(path).split, faces.split)
    votes = tmp_path / "fer2013new.csv"
    votes.write_text("Usage,name," + ",".join("v" * 10) + "\n" + "Training,a,10" + ",0" * 9 + "\n")
    with pytest.raises(DataError, match="FER\\+ has one row for"):
        read_faces(path, votes)


def test_a_table_of_another_kind_is_named(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("image,label\na.jpg,happy\n")
    with pytest.raises(DataError, match=r"no column emotion, pixels \(it has image, label\)"):
        read_faces(path)


def packed(folder: Path, archive: Path) -> Path:
    """The folder's files in an archive of the format that its name states."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "w") as out:
            for path in sorted(folder.rglob("*")):
                out.write(path, path.relative_to(folder.parent))
    else:
        kind = archive.suffix.lstrip(".")
        with tarfile.open(archive, f"w:{kind if kind != 'tar' else ''}") as out:  # type: ignore[call-overload]
            out.add(folder, folder.name)
    return archive


ARCHIVES = ["set.zip", "set.tar", "set.tar.gz", "set.tar.xz", "set.tar.bz2"]


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_of_pictures_reads_as_its_folder(tmp_path: Path, name: str) -> None:
    root = fill(
        tmp_path / "set", "train/happy/a.png", "train/sad/b.png", "val/happy/c.png",
        "__MACOSX/train/happy/._a.png",
    )  # fmt: skip
    folder, archive = read_faces(root), read_faces(packed(root, tmp_path / name))
    np.testing.assert_array_equal(archive.images, folder.images)
    assert archive.split.tolist() == folder.split.tolist()
    assert archive.digest == folder.digest
    assert not archive.problems


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_of_one_table_reads_as_the_table(
    tmp_path: Path, name: str, fer2013: tuple[Path, Path]
) -> None:
    folder = tmp_path / "fer2013"
    folder.mkdir()
    (folder / "fer2013.csv").write_bytes(fer2013[0].read_bytes())
    (folder / "README").write_text("about")
    archive = read_faces(packed(folder, tmp_path / name), fer2013[1])
    expected = read_faces(*fer2013)
    np.testing.assert_array_equal(archive.images, expected.images)
    np.testing.assert_array_equal(archive.votes, expected.votes)


def test_an_archive_is_known_by_its_content_too(tmp_path: Path) -> None:
    root = fill(tmp_path / "set", "happy/a.png", "sad/b.png")
    archive = packed(root, tmp_path / "set.zip").rename(tmp_path / "download")
    assert len(read_faces(archive)) == 2


def _several_tables(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as out:
        for name in ("train.csv", "test.csv"):
            out.writestr(name, "emotion,pixels\n")


def _locked(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("happy/a.png", b"x")
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (_several_tables, r"holds several tables \(test.csv, train.csv\); unpack it and name one"),
        (_locked, "is locked with a password; unpack it and name the folder"),
        (lambda p: p.write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(50)), "is a 7z file; unpack it"),
        (lambda p: p.write_bytes(b"Rar!\x1a\x07\1\0" + bytes(50)), "is a RAR file; unpack it"),
        (lambda p: p.write_bytes(b"PK\3\4" + bytes(50)), "The archive .* cannot be read"),
    ],
)
def test_an_archive_that_cannot_be_read_says_what_to_do(
    tmp_path: Path, make: Callable[[Path], None], sentence: str
) -> None:
    path = tmp_path / "set.zip"
    make(path)
    with pytest.raises(DataError, match=sentence):
        read_faces(path)


def test_a_folder_of_tables_says_to_name_one(tmp_path: Path) -> None:
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n")
    with pytest.raises(DataError, match=r"no pictures but tables \(fer2013.csv\); name one"):
        read_faces(tmp_path)
    assert [is_table(n) for n in ("a.csv", "a.CSV.gz", "a.tsv", "a.gz", "csv", "a.tar.gz")] == [
        True, True, True, False, False, False,
    ]  # fmt: skip


def test_companion_files_are_no_problem_of_a_set(tmp_path: Path) -> None:
    fill(tmp_path, "train/happy/a.png", "val/happy/b.png", "@eaDir/train/happy/a.png")
    for folder in (tmp_path, tmp_path / "train", tmp_path / "train" / "happy"):
        for name in ("._a.png", ".DS_Store", "Thumbs.db", "desktop.ini"):
            (folder / name).write_bytes(b"\0\5\x16\7")
        picture(folder / "@eaDir" / "a.png")
    faces = read_faces(tmp_path)
    assert len(faces) == 2
    assert not faces.problems


@pytest.mark.parametrize("orientation", [1, 6])
def test_pictures_of_a_set_are_upright_in_every_format(tmp_path: Path, orientation: int) -> None:
    import pillow_heif
    import tifffile
    from PIL import Image as PILImage

    pillow_heif.register_heif_opener()
    face = np.full((48, 48, 3), 30, np.uint8)
    face[:24] = 220
    stored = face if orientation == 1 else np.ascontiguousarray(np.rot90(face))
    exif = PILImage.Exif()
    exif[0x0112] = orientation
    folder = tmp_path / "train" / "happy"
    folder.mkdir(parents=True)
    for name in ("a.jpg", "b.png", "c.webp", "d.avif", "e.heic"):
        PILImage.fromarray(stored).save(folder / name, exif=exif.tobytes())
    tifffile.imwrite(folder / "f.tif", stored, extratags=[(274, "H", 1, orientation, True)])
    faces = read_faces(tmp_path)
    assert len(faces) == 6
    assert faces.images[:, 5, 5].min() > 200
    assert faces.images[:, 5, -5].min() > 200
    assert faces.images[:, -5, 5].max() < 50
