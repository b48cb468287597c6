"""The served single-shot detector: sizes, tiles, thresholds, threads, damaged files."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from emotion.detection import Effort, SearchOptions, SingleShotDetector
from emotion.detection.spec import DetectorSpec, read_detector_spec
from emotion.errors import ModelError
from emotion.models.spec import SERVED_FILE
from emotion.types import Image
from tests.training.detector.drawn import draw_face, landmarks_of


@pytest.fixture(scope="module")
def detector(trained: Path) -> SingleShotDetector:
    return SingleShotDetector.load(trained)


def scene(height: int, width: int, *boxes: tuple[int, int, int, int]) -> Image:
    image = np.random.default_rng(3).integers(30, 110, (height, width, 3), np.uint8)
    for box in boxes:
        draw_face(image, np.array(box, np.float32))
    return image


def test_faces_largest_first_with_six_landmarks(detector: SingleShotDetector) -> None:
    rows = [(20, 20, 52, 60), (90, 30, 126, 75)]
    found = detector.detect(scene(128, 160, *rows), 0.1)
    assert [f.area for f in found] == sorted((f.area for f in found), reverse=True)
    # Trained for seconds, it finds a little more than there is; the two best are the faces.
    best = sorted(found, key=lambda f: -f.score)[:2]
    faces = sorted(best, key=lambda f: -float(f.xyxy[0]))
    for face, row in zip(faces, reversed(rows), strict=True):
        np.testing.assert_allclose(face.xyxy, row, atol=12)
        assert face.xyxy.dtype == np.float32
        assert face.landmarks is not None
        assert face.landmarks.shape == (6, 2)
        expected = landmarks_of(np.array(row, np.float32))
        np.testing.assert_allclose(face.landmarks[[0, 1, 2, 4, 5]], expected, atol=14)
        np.testing.assert_allclose(face.landmarks[3], face.landmarks[4:].mean(axis=0), atol=1e-3)


def test_small_faces_of_a_large_picture_need_the_tiles(detector: SingleShotDetector) -> None:
    corners = [(100, 100), (1100, 600), (1800, 1300)]
    picture = scene(1500, 2000, *((x, y, x + 32, y + 40) for x, y in corners))

    def hits(effort: Effort) -> int:
        found = detector.detect(picture, 0.3, SearchOptions(effort=effort))
        middles = np.array([(f.xyxy[:2] + f.xyxy[2:]) / 2 for f in found]).reshape(-1, 2)
        near = [np.abs(middles - [x + 16, y + 20]).max(axis=1) < 10 for x, y in corners]
        return sum(int(each.sum()) for each in near)

    assert hits(Effort.PHOTO) == 3
    assert hits(Effort.QUICK) < 3


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (700, 1), (2, 3), (40_000, 30), (33, 65)])
def test_odd_sizes(detector: SingleShotDetector, size: tuple[int, int]) -> None:
    image = np.full((*size, 3), 60, np.uint8)
    for face in detector.detect(image, 0.0):
        assert (face.xyxy >= 0).all()
        assert (face.xyxy <= [size[1], size[0]] * 2).all()


def test_thresholds_and_mistakes(detector: SingleShotDetector) -> None:
    image = scene(128, 160, (20, 20, 60, 70))
    assert len(detector.detect(image, 0.0)) >= len(detector.detect(image, 0.5))
    assert detector.detect(image, 1.0) == ()
    with pytest.raises(ValueError, match=r"expected a min_score of 0\.\.1, got 70"):
        detector.detect(image, 70)
    with pytest.raises(ValueError, match="expected an RGB image"):
        detector.detect(image[..., 0])
    before = image.copy()
    detector.detect(image)
    np.testing.assert_array_equal(image, before)


def test_four_threads_equal_one(detector: SingleShotDetector) -> None:
    pictures = [
        scene(128, 160, (20, 20, 60, 70)),
        scene(96, 96),
        scene(200, 90, (5, 5, 45, 55)),
    ] * 3

    def summary(image: Image) -> list[tuple[float, ...]]:
        return [(*f.xyxy.tolist(), f.score) for f in detector.detect(image, 0.1)]

    expected = [summary(image) for image in pictures]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(summary, pictures)) == expected


def test_damaged_files_are_named(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no readable spec\.json"):
        SingleShotDetector.load(tmp_path)
    shutil.copy(trained / "spec.json", tmp_path)
    (tmp_path / SERVED_FILE).write_bytes(b"TFL3")
    with pytest.raises(ModelError, match="damaged"):
        SingleShotDetector.load(tmp_path)
    for change, message in (
        ({"format": 9}, "format 9"), ({"task": None}, "finds no faces"), ({"more": 1}, "cannot be")
    ):  # fmt: skip
        values = json.loads((trained / "spec.json").read_text()) | change
        (tmp_path / "spec.json").write_text(json.dumps(values))
        with pytest.raises(ModelError, match=message):
            SingleShotDetector.load(tmp_path)


def test_a_spec_is_read_as_it_was_written(trained: Path) -> None:
    spec = read_detector_spec(trained)
    assert DetectorSpec.from_json(spec.to_json()) == spec
