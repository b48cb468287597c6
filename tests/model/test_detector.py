"""The real detectors on real photos: two portraits, turned, shrunk, darkened, and pictures without.

The portraits come with scikit-image (NASA, public domain) and Matplotlib (US Navy, public domain).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pytest
import skimage.data
from PIL import Image as PILImage

from emotion.detection import Detector, Effort, SearchOptions, SingleShotDetector, load_detector
from emotion.detection.blazeface import BlazeFaceDetector, network
from emotion.detection.hybrid import HybridDetector
from emotion.errors import ModelError
from emotion.geometry.boxes import overlaps
from emotion.types import Detection, Floats, Image

# Read off the pictures by eye: left eye, right eye, nose tip, mouth, as seen in the image.
ASTRONAUT = np.array([[205, 103], [246, 105], [225, 130], [223, 149]], dtype=np.float32)
HOPPER = np.array([[218, 193], [305, 187], [265, 232], [267, 281]], dtype=np.float32)
ASTRONAUT_BOX = np.array([179, 52, 270, 177], dtype=np.float32)  # from the hairline to the chin
ASTRONAUT_SIDE, HOPPER_SIDE = 101, 205  # from the forehead to the chin in pixels

QUICK = SearchOptions(effort=Effort.QUICK)
TOLERANCE = {BlazeFaceDetector: 0.06, HybridDetector: 0.06, SingleShotDetector: 0.10}
"""Of a landmark, as a fraction of the box's longer side; YuNet's are less exact (see its card)."""


@pytest.fixture(scope="module", params=["yunet", "blazeface", "hybrid"])
def detector(request: pytest.FixtureRequest) -> Detector:
    return load_detector(request.param)


@pytest.fixture(scope="module")
def hopper() -> Image:
    path = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    return np.array(PILImage.open(path).convert("RGB"))


def only(detections: Sequence[Detection]) -> Detection:
    assert len(detections) == 1
    return detections[0]


def points_of(detection: Detection) -> Floats:
    assert detection.landmarks is not None
    return detection.landmarks


def assert_points(
    detector: Detector, detection: Detection, expected: np.ndarray, more: float = 0.0
) -> None:
    """Eyes, nose and mouth within a fraction of the box's side of where they are."""
    tolerance = TOLERANCE[type(detector)] + more
    side = float((detection.xyxy[2:] - detection.xyxy[:2]).max())
    away = np.linalg.norm(points_of(detection)[:4] - expected, axis=1) / side
    assert away.max() < tolerance, f"a landmark is {away.max():.3f} of the box away"


def warp(image: Image, matrix: np.ndarray, size: tuple[int, int]) -> Image:
    return np.asarray(cv2.warpAffine(image, matrix, size, borderValue=(90, 90, 90)), np.uint8)


def moved(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])


def test_astronaut(detector: Detector, astronaut: Image) -> None:
    face = only(detector.detect(astronaut))
    assert_points(detector, face, ASTRONAUT)
    assert overlaps(face.xyxy, ASTRONAUT_BOX)[0] > 0.75
    assert face.xyxy.dtype == np.float32
    assert points_of(face).dtype == np.float32
    assert points_of(face).shape == (6, 2)
    assert detector.min_score < face.score <= 1


def test_glasses_and_hat(detector: Detector, hopper: Image) -> None:
    assert_points(detector, only(detector.detect(hopper)), HOPPER)


def test_the_mouths_corners_come_last(hopper: Image) -> None:
    mouth = points_of(only(load_detector("yunet").detect(hopper)))[4:]
    assert HOPPER[0, 0] - 20 < mouth[0, 0] < HOPPER[3, 0] < mouth[1, 0] < HOPPER[1, 0] + 20


def test_blazeface_tells_the_ears(hopper: Image) -> None:
    face = only(BlazeFaceDetector().detect(hopper))
    ears = points_of(face)[4:]
    assert ears[0, 0] < HOPPER[0, 0] < HOPPER[1, 0] < ears[1, 0]


@pytest.mark.parametrize("angle", [-45, -30, -15, 15, 30, 45])
def test_turned_head(detector: Detector, astronaut: Image, hopper: Image, angle: float) -> None:
    for image, points in ((astronaut, ASTRONAUT), (hopper, HOPPER)):
        height, width = image.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 0.7)
        face = only(detector.detect(warp(image, matrix, (width, height))))
        if isinstance(detector, SingleShotDetector) and abs(angle) > 15:
            continue  # YuNet finds leaning heads, but tells little about how they lean (its card)
        assert_points(detector, face, moved(points, matrix))


@pytest.mark.parametrize("side", [60, 40])
def test_small_face_in_a_640_picture(detector: Detector, astronaut: Image, side: int) -> None:
    scale = side / ASTRONAUT_SIDE
    matrix = np.array([[scale, 0, 300], [0, scale, 60.5]])
    face = only(detector.detect(warp(astronaut, matrix, (640, 480))))
    assert_points(detector, face, moved(ASTRONAUT, matrix), 0.04)
    assert face.xyxy[3] - face.xyxy[1] == pytest.approx(1.24 * side, rel=0.2)


@pytest.mark.parametrize("fill", [0.7, 0.9, 1.1])
@pytest.mark.parametrize("size", [(640, 480), (96, 96), (1500, 900)])
def test_a_face_that_fills_the_picture_is_one_face(
    detector: Detector, hopper: Image, fill: float, size: tuple[int, int]
) -> None:
    width, height = size
    scale = fill * min(size) / HOPPER_SIDE
    middle = np.array([260, 241])
    matrix = np.column_stack([np.eye(2) * scale, np.array(size) / 2 - middle * scale])
    face = only(detector.detect(warp(hopper, matrix, (width, height))))
    assert_points(detector, face, moved(HOPPER, matrix), 0.02)
    assert (face.xyxy >= 0).all()
    assert (face.xyxy <= [width, height, width, height]).all()


def test_small_faces_in_a_large_picture_need_the_tiles(detector: Detector, hopper: Image) -> None:
    scale = 36 / HOPPER_SIDE
    head = cv2.resize(hopper, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    picture = np.full((1440, 1920, 3), 90, dtype=np.uint8)
    corners = [(x, y) for y in (100, 640, 1250) for x in (100, 700, 1200, 1700)]
    for x, y in corners:
        picture[y : y + head.shape[0], x : x + head.shape[1]] = head
    expected = {(x + round(260 * scale), y + round(241 * scale)) for x, y in corners}

    def places(detections: Sequence[Detection]) -> set[tuple[int, int]]:
        middles = [(d.xyxy[:2] + d.xyxy[2:]) / 2 for d in detections]
        return {e for e in expected if any(np.abs(m - e).max() < 6 for m in middles)}

    found = detector.detect(picture)
    assert places(found) == expected
    assert len(found) == len(expected)
    assert len(places(detector.detect(picture, options=QUICK))) < len(expected)


def test_face_of_a_tenth_of_a_huge_picture(detector: Detector, astronaut: Image) -> None:
    matrix = np.array([[6.0, 0, 2000], [0, 6.0, 500]])
    picture = warp(astronaut, matrix, (6000, 4000))
    largest = detector.detect(picture)[0]
    assert_points(detector, largest, moved(ASTRONAUT, matrix))


def test_a_known_face_is_left_out_of_a_search(detector: Detector, astronaut: Image) -> None:
    face = only(detector.detect(astronaut, options=QUICK))
    left = detector.detect(astronaut, options=SearchOptions(effort=Effort.QUICK, known=[face]))
    assert left == ()
    elsewhere = replace(face, xyxy=face.xyxy + 200, unclipped=face.unclipped_xyxy + 200)
    found = detector.detect(astronaut, options=SearchOptions(known=[elsewhere]))
    assert only(found).score > detector.min_score


def test_grey_and_dark(detector: Detector, astronaut: Image, hopper: Image) -> None:
    for image, points in ((astronaut, ASTRONAUT), (hopper, HOPPER)):
        gray = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)
        assert_points(detector, only(detector.detect(np.asarray(gray, np.uint8))), points)
        assert_points(detector, only(detector.detect((image * 0.15).astype(np.uint8))), points)


def test_mirrored(detector: Detector, astronaut: Image) -> None:
    face = only(detector.detect(astronaut))
    mirrored = only(detector.detect(np.ascontiguousarray(astronaut[:, ::-1])))
    expected = points_of(face)[[1, 0, 2, 3, 5, 4]] * [-1, 1] + [astronaut.shape[1], 0]
    np.testing.assert_allclose(points_of(mirrored), expected, atol=0.08 * ASTRONAUT_SIDE)


def test_any_memory_layout(detector: Detector, hopper: Image) -> None:
    copied = detector.detect(np.ascontiguousarray(hopper[:, ::-1]))
    for face, same in zip(detector.detect(hopper[:, ::-1]), copied, strict=True):
        np.testing.assert_array_equal(face.xyxy, same.xyxy)
    read_only = hopper.copy()
    read_only.flags.writeable = False
    assert only(detector.detect(read_only)).score > detector.min_score


def test_two_faces_largest_first(detector: Detector, astronaut: Image, hopper: Image) -> None:
    picture = np.zeros((600, 1000, 3), dtype=np.uint8)
    picture[:512, :488] = astronaut[:, :488]
    picture[:, 488:] = hopper
    first, second = detector.detect(picture)
    assert first.area > second.area
    assert_points(detector, first, moved(HOPPER, np.array([[1, 0, 488], [0, 1, 0]])))
    assert_points(detector, second, ASTRONAUT)


@pytest.mark.parametrize("name", ["coffee", "chelsea", "moon", "text"])
def test_no_face(detector: Detector, name: str) -> None:
    picture = np.asarray(getattr(skimage.data, name)(), dtype=np.uint8)
    if picture.ndim == 2:
        picture = np.repeat(picture[:, :, None], 3, axis=2)
    assert detector.detect(picture) == ()


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (700, 1), (2, 3), (40_000, 30), (3, 40_000)])
def test_odd_sizes(detector: Detector, size: tuple[int, int]) -> None:
    assert detector.detect(np.full((*size, 3), 127, dtype=np.uint8)) == ()


def test_min_score(detector: Detector, astronaut: Image) -> None:
    score = only(detector.detect(astronaut)).score
    assert detector.detect(astronaut, min(score + 0.01, 1.0)) == ()
    assert len(detector.detect(astronaut, 0.0)) >= 1
    with pytest.raises(ValueError, match=r"expected a min_score of 0\.\.1, got 70"):
        detector.detect(astronaut, 70)


def test_what_is_no_image(detector: Detector, astronaut: Image) -> None:
    with pytest.raises(ValueError, match="expected an RGB image"):
        detector.detect(astronaut[:, :, 0])
    with pytest.raises(ValueError, match="expected an RGB image"):
        detector.refine(astronaut[:0], [])


def test_refine_follows_a_face_that_moved(detector: Detector, astronaut: Image) -> None:
    before = only(detector.detect(astronaut))
    matrix = np.array([[1.1, 0, 5.0], [0, 1.1, 10.0]])  # a quarter of the face, and nearer
    after = detector.refine(warp(astronaut, matrix, (512, 512)), [before])
    assert after[0] is not None
    assert_points(detector, after[0], moved(ASTRONAUT, matrix))


def test_refine_keeps_order_and_tells_who_left(
    detector: Detector, astronaut: Image, hopper: Image
) -> None:
    here = only(detector.detect(astronaut))
    away = Detection(xyxy=np.array([300, 330, 400, 430], dtype=np.float32), score=0.9)
    without_points = Detection(xyxy=here.xyxy, score=here.score)
    gone, found, again = detector.refine(astronaut, [away, here, without_points])
    assert gone is None
    for face in (found, again):
        assert face is not None
        np.testing.assert_allclose(face.xyxy, here.xyxy, atol=0.08 * ASTRONAUT_SIDE)
    assert detector.refine(hopper, []) == ()


def test_four_threads_equal_one(detector: Detector, astronaut: Image, hopper: Image) -> None:
    pictures = [astronaut, hopper, astronaut[:400, :300], hopper[50:450]] * 4

    def summary(image: Image) -> list[tuple[float, ...]]:
        found = detector.detect(np.ascontiguousarray(image))
        return [(*d.xyxy.tolist(), d.score, *points_of(d).ravel().tolist()) for d in found]

    expected = [summary(image) for image in pictures]
    assert all(len(faces) == 1 for faces in expected)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(summary, pictures)) == expected


def test_input_is_left_alone(detector: Detector, astronaut: Image) -> None:
    before = astronaut.copy()
    detector.detect(astronaut)
    np.testing.assert_array_equal(astronaut, before)


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "missing or unreadable"), (b"TFL3 other", "damaged or of another version")],
)
def test_changed_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, message: str
) -> None:
    monkeypatch.setattr(network, "own_models", lambda: tmp_path / "none")
    monkeypatch.setenv("EMOTION_MODELS", str(tmp_path))
    path = tmp_path / "blazeface" / network.BACK.name
    if content is not None:
        path.parent.mkdir()
        path.write_bytes(content)
    with pytest.raises(ModelError, match=rf"{network.BACK.name} is {message}; install"):
        BlazeFaceDetector()


def test_models_of_ones_own_need_not_hold_blazeface(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hopper: Image
) -> None:
    monkeypatch.setenv("EMOTION_MODELS", str(tmp_path))
    assert len(BlazeFaceDetector().detect(hopper)) == 1
