"""``emotion data``: statistics, contact sheets and reported problems."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from emotion.cli import main
from emotion.training.expression.augmentation import Augmentation
from emotion.training.expression.data import read_faces, sheets
from emotion.training.expression.data.faces import picture_keys
from emotion.training.expression.data.statistics import as_text, statistics_of
from emotion.types import EMOTIONS
from tests.training.conftest import drawn_face, write_pictures


def test_statistics_count_what_is_there(fer2013: tuple[Path, Path]) -> None:
    faces = read_faces(*fer2013)
    images = faces.images
    images[7] = images[0]  # the same picture and label
    images[8] = images[0]  # the same picture, another label
    images[430], images[500] = _with_closing_zero(images[0]), images[431]
    images[[0, 7, 8]] = images[430]
    images[20] = 0
    (found,) = statistics_of([faces])["sets"]
    assert found["counts"]["Training"] == dict.fromkeys(EMOTIONS, 60)
    assert (found["faces"], found["duplicates"], found["conflicting_labels"]) == (560, 4, 2)
    assert found["blank"] == 1
    assert found["overlaps"] == {
        "Training, PublicTest": 1,
        "Training, PrivateTest": 0,
        "PublicTest, PrivateTest": 1,
    }
    assert found["usable"] == {"Training": 420 - 3, "PublicTest": 69}
    assert found["ferplus_majority"]["PublicTest"]["contempt"] == 0
    assert sum(found["ferplus_majority"]["Training"].values()) == 420
    text = as_text({"sets": [found], "shared": []})
    assert "duplicates of earlier pictures: 4" in text
    assert "faces of PublicTest whose picture is in Training, too: 1" in text
    assert "417 for training, 69 for validation" in text


def _with_closing_zero(image: np.ndarray) -> np.ndarray:
    """Nearly the same picture, with a key that ends in a zero byte, which some tools cut off."""
    found, rng = image.copy(), np.random.default_rng(0)
    while picture_keys(found[None])[0][-1:] != b"\0":
        found[0, :4] = rng.integers(0, 256, 4)
    return found


def test_pictures_of_two_sets_are_found(fer2013: tuple[Path, Path]) -> None:
    faces = read_faces(*fer2013)
    other = replace(faces.subset("PrivateTest"), votes=None, head="other")
    other = replace(other, split=np.full(len(other), "Training"))
    found = statistics_of([faces, other])
    assert found["shared"] == [
        {"sets": ["fer2013", "other"], "pictures": {"PrivateTest, Training": 70}}
    ]
    assert found["sets"][1]["usable"]["Training"] == 0
    assert "pictures in both fer2013 and other: PrivateTest, Training: 70" in as_text(found)


def test_the_command_writes_figures_and_sheets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_pictures(tmp_path / "set", 3)
    config = tmp_path / "run.toml"
    config.write_text("[augmentation]\nflip = 1.0\n")
    out = tmp_path / "out"
    arguments = ["data", "--data", str(tmp_path / "set"), "--out", str(out)]
    assert main([*arguments, "--also", f"mine={tmp_path / 'set'}", "--config", str(config)]) == 0
    found = json.loads((out / "data.json").read_text())
    assert [each["faces"] for each in found["sets"]] == [49, 49]
    assert "custom (set): 49 faces" in capsys.readouterr().out
    for name in ("samples", "classes", "augmentation"):
        sheet = cv2.imread(str(out / f"{name}.png"))
        assert sheet is not None
        assert sheet.std() > 10


def test_problems_are_told_and_are_code_1(
    fer2013: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = fer2013[0].read_text().splitlines()
    for line in range(1, 21):
        rows[line] = "9" + rows[line][1:]
    fer2013[0].write_text("\n".join(rows))
    out = tmp_path / "out"
    assert main(["data", "--data", str(fer2013[0]), "--out", str(out)]) == 1
    said = capsys.readouterr()
    notices = [line for line in said.err.splitlines() if line.startswith("fer2013: ")]
    assert notices[0] == "fer2013: fer2013.csv, line 2: unknown label '9', expected 0..6 or a name."
    assert notices[12] == "fer2013: ... and 8 more like these."
    assert notices[13] == "fer2013: Left out: 20 unknown labels; the rest is used."
    assert len(notices) == 14
    assert "left out: 20 unknown labels" in said.out
    assert len(json.loads((out / "data.json").read_text())["sets"][0]["problem_sentences"]) == 20
    assert not (out / "augmentation.png").exists()


def test_contempt_is_no_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    for name in ("contempt", "anger"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for i in range(4):
            cv2.imwrite(str(tmp_path / "set" / name / f"{i}.png"), drawn_face(0, rng))
    given = f"ckplus={tmp_path / 'set'}"
    assert main(["data", "--data", given, "--out", str(tmp_path / "out")]) == 0
    assert "contempt: 4 pictures of contempt" in capsys.readouterr().err


def test_a_set_that_cannot_be_read_is_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "--data", str(tmp_path / "x.csv"), "--out", str(tmp_path / "o")]) == 1
    assert "cannot be read" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


def test_samples_are_of_their_class_and_the_same_each_time(fer2013: tuple[Path, Path]) -> None:
    faces = read_faces(fer2013[0])
    rows = sheets.sample_rows(faces, 5)
    assert list(rows) == list(EMOTIONS)
    for name, chosen in rows.items():
        assert len(chosen) == 5
        assert {EMOTIONS[label] for label in faces.labels[chosen]} == {name}
        assert set(faces.split[chosen]) == {"Training"}
    again = sheets.sample_rows(faces, 5)
    assert all((again[name] == rows[name]).all() for name in rows)
    test = sheets.sample_rows(faces.subset("PrivateTest"), 5)
    assert len(test) == 7


def test_every_change_is_on_the_sheet(tmp_path: Path) -> None:
    face = drawn_face(3, np.random.default_rng(0))
    strips = sheets.single_changes(face)
    for name, row in strips:
        assert row[0][0] == "as it is"
        for text, image in row[1:]:
            assert image.shape == (48, 48), (name, text)
            assert image.dtype == np.uint8
            assert not np.array_equal(image, face), (name, text)
    named = " ".join(name for name, _ in strips)
    for name in ("rotation", "scale", "shift", "crop", "mirror", "flip", "contrast", "brightness",
                 "blur", "low_resolution", "jpeg", "erase"):  # fmt: skip
        assert name in named
    sheets.augmentations(face, Augmentation(), tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").stat().st_size > 5000
