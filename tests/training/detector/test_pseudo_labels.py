"""Pseudo-labels and hard negatives: detectors that find real faces, and their way into training."""

import io
import json
import tarfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emotion.cli import main
from emotion.detection import load_detector
from emotion.detection.base import LoadedDetector
from emotion.detection.spec import read_detector_spec
from emotion.geometry.boxes import overlaps
from emotion.imaging.files import read_image
from emotion.models.spec import KERAS_FILE
from emotion.samples import SAMPLES
from emotion.training.common.run_folder import read_history
from emotion.training.detector.data import AUTO_WEIGHT, Picture, parse_faces
from emotion.training.detector.evaluate import rotate_picture
from emotion.training.detector.geometric_augmentation import (
    GeometricConfig,
    random_affine,
    random_crop,
)
from emotion.training.detector.pseudo_labels import (
    add_hard_negatives,
    add_pseudo_labels,
    count_added,
    pseudo_labelled,
    teacher_origin,
)
from emotion.types import Detection
from tests.training.detector.drawn import write_pack

BOX = (20.0, 20.0, 60.0, 70.0)
ELSEWHERE = (100.0, 20.0, 140.0, 70.0)


@pytest.fixture(scope="module")
def teacher() -> LoadedDetector:
    return load_detector("blazeface")


def sample(name: str) -> Picture:
    """A photograph of one or two people, without labels."""
    data = next(each for each in SAMPLES if each.name == name).read()
    return Picture(read_image(data), parse_faces([]), name)


def detection(box: Sequence[float], score: float) -> Detection:
    return Detection(np.array(box, np.float32), score)


def test_a_teacher_finds_what_the_labels_lack(teacher: LoadedDetector) -> None:
    pictures = [sample("pair"), sample("hopper")]
    found = add_pseudo_labels(pictures, teacher)
    assert [len(p.faces) for p in found] == [2, 1]
    faces = found[0].faces
    expected = teacher.detect(pictures[0].image, 0.7)
    np.testing.assert_array_equal(faces.boxes, [d.xyxy for d in expected])
    np.testing.assert_allclose(faces.confidence, [d.score for d in expected])
    assert not faces.ignored.any()
    assert not faces.manual.any()
    for i, each in enumerate(expected):
        assert each.landmarks is not None
        np.testing.assert_array_equal(faces.landmarks[i, :3], each.landmarks[:3])
    np.testing.assert_allclose(faces.weights, [[AUTO_WEIGHT] * 3 + [0] * 2] * 2)
    assert count_added(pictures, found) == {"pseudo_labels": 3, "hard_negatives": 0}


def test_labels_stay_as_they_are(teacher: LoadedDetector) -> None:
    subject = sample("pair")
    first, second = (each.xyxy for each in teacher.detect(subject.image))
    shifted = first + 0.05 * (first[2] - first[0])
    labels = parse_faces([{"xyxy": shifted, "ignore": 0}, {"xyxy": second, "ignore": 1}])
    (found,) = add_pseudo_labels([replace(subject, faces=labels)], teacher)
    assert found.faces.ignored.tolist() == [False, False]  # the ignored face is surely one
    np.testing.assert_array_equal(found.faces.boxes, [shifted, second])
    assert found.faces.confidence[0] == 1
    assert found.faces.confidence[1] < 1


@pytest.mark.parametrize(
    ("label", "score", "ignored", "confidence"),
    [
        ({"xyxy": BOX, "ignore": 0}, 0.95, [False], [1.0]),
        ({"xyxy": BOX, "ignore": 1}, 0.85, [False], [0.85]),
        ({"xyxy": BOX, "ignore": 1}, 0.75, [True], [1.0]),
        ({"xyxy": ELSEWHERE, "ignore": 0}, 0.75, [False, False], [1.0, 0.75]),
        ({"xyxy": ELSEWHERE, "ignore": 1}, 0.75, [True, False], [1.0, 0.75]),
        ({"xyxy": ELSEWHERE, "ignore": 0}, 0.5, [False, True], [1.0, 1.0]),
    ],
)
def test_a_detection_counts_by_score_and_label(
    label: dict[str, object], score: float, ignored: list[bool], confidence: list[float]
) -> None:
    faces = pseudo_labelled(parse_faces([label]), [detection(BOX, score)])
    assert faces.ignored.tolist() == ignored
    np.testing.assert_allclose(faces.confidence, confidence)


def test_a_part_of_a_labelled_face_and_a_tiny_one_are_no_faces() -> None:
    faces = parse_faces([{"xyxy": BOX, "ignore": 0}])
    part = detection((25, 25, 45, 45), 0.95)
    tiny = detection((100, 20, 106, 27), 0.95)
    found = pseudo_labelled(faces, [part, tiny])
    assert found.ignored.tolist() == [False, True]
    assert pseudo_labelled(parse_faces([]), []).boxes.shape == (0, 4)


def test_crops_are_placed_around_hard_negatives(teacher: LoadedDetector) -> None:
    pictures = [sample("hopper"), add_pseudo_labels([sample("hopper")], teacher)[0]]
    empty, known = add_hard_negatives(pictures, teacher)
    assert len(known.hard_negatives) == 0  # this picture has a face
    (false,) = (box for box in empty.hard_negatives if box[3] - box[1] > 100)
    assert overlaps(false, known.faces.boxes[0])[0] == 1
    config = GeometricConfig(around_face=1.0)
    subject = replace(empty, hard_negatives=false[None])
    middle = (false[:2] + false[2:]) / 2
    for seed in range(10):
        affine = random_affine(subject, 128, 1.0, config, np.random.default_rng(seed))
        assert ((affine @ [*middle, 1] >= 0) & (affine @ [*middle, 1] <= 128)).all()
    assert not len(rotate_picture(subject, 30).hard_negatives)  # they were not turned
    ignored = replace(empty, faces=parse_faces([{"xyxy": false, "ignore": 1}]))
    (found,) = add_hard_negatives([ignored], teacher)
    assert not (overlaps(false, found.hard_negatives)[0] > 0.4).any()


def test_crops_and_mosaics_keep_the_confidence() -> None:
    faces = pseudo_labelled(parse_faces([]), [detection(BOX, 0.75), detection(ELSEWHERE, 0.9)])
    subject = Picture(np.zeros((100, 160, 3), np.uint8), faces)
    seen = set()
    for seed in range(20):
        config = GeometricConfig(mosaic=0.5, framed=0.5)
        _, moved = random_crop([subject], 0, 128, config, np.random.default_rng(seed))
        assert moved.confidence.shape == (len(moved),)
        seen |= set(moved.confidence.round(3).tolist())
    assert {round(each, 2) for each in seen} == {0.75, 0.9}


def test_a_teacher_is_named_by_its_run_or_its_digest(
    teacher: LoadedDetector, trained: Path
) -> None:
    named = teacher_origin("blazeface", teacher)
    assert named == {"model": "blazeface", "sha256": teacher.digest}
    own = teacher_origin(str(trained), load_detector(trained))
    assert own["sha256"] == read_detector_spec(trained).checksums[KERAS_FILE]
    assert own["run"]["config"]["epochs"] == 15


def test_a_run_with_a_teacher_is_recorded_and_resumes(
    tmp_path: Path, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_pack(tmp_path, "train", 12)
    with tarfile.open(tmp_path / "train-01.tar", "w") as archive:
        data = next(each for each in SAMPLES if each.name == "pair").read()
        info = tarfile.TarInfo("train/pair.jpg")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    row = {"shard": "train-01.tar", "image": "train/pair.jpg", "faces": []}
    with (tmp_path / "train.jsonl").open("a") as lines:
        lines.write("\n" + json.dumps(row))
    arguments = [
        "train-detector", "--data", str(tmp_path), "--out", str(tmp_path / "own"),
        "--runs", str(tmp_path / "runs"), "--epochs", "1", "--batch-size", "4", "--side", "64",
        "--start-from", str(trained),
    ]  # fmt: skip
    with_teacher = [*arguments, "--teacher", "blazeface"]
    assert main(with_teacher) == 0
    record = json.loads((tmp_path / "own" / "run.json").read_text())
    assert record["teacher"]["model"] == "blazeface"
    assert record["pseudo_labels"] == 2
    assert f"2 pseudo-labels, {record['hard_negatives']} hard" in capsys.readouterr().out
    assert main(with_teacher) == 0  # finished already: nothing is trained again
    assert "resuming after epoch 1" in capsys.readouterr().out
    assert len(read_history(tmp_path / "own" / "history.csv")) == 1
    assert main(arguments) == 0  # without the teacher it is another run
    assert "resuming" not in capsys.readouterr().out
    assert "teacher" not in json.loads((tmp_path / "own" / "run.json").read_text())
