"""The default detector: streams, small faces, turned pictures, faces at the edge."""

import cv2
import numpy as np
import pytest
import skimage.data

import emotion
from emotion.detection import Effort, SearchOptions, SingleShotDetector, load_detector
from emotion.detection.base import Candidates
from emotion.detection.hybrid import HybridDetector
from emotion.errors import ModelError
from emotion.geometry.affine import eye_roll
from emotion.geometry.boxes import overlaps
from emotion.types import Image

ASTRONAUT_BOX = np.array([179, 52, 270, 177], dtype=np.float32)


@pytest.fixture(scope="module")
def detector() -> HybridDetector:
    found = load_detector("hybrid")
    assert isinstance(found, HybridDetector)
    return found


def test_streams_are_searched_by_blazeface(detector: HybridDetector, astronaut: Image) -> None:
    cascade = load_detector("blazeface")
    for effort in (Effort.QUICK, Effort.STREAM):
        options = SearchOptions(effort=effort)
        (face,) = detector.detect(astronaut, options=options)
        (expected,) = cascade.detect(astronaut, options=options)
        np.testing.assert_array_equal(face.xyxy, expected.xyxy)
    assert detector.min_score == cascade.min_score


def test_many_small_faces(detector: HybridDetector, astronaut: Image) -> None:
    """Faces 33 px high, below the size from which they are refined."""
    head = cv2.resize(astronaut[30:200, 150:300], (40, 45), interpolation=cv2.INTER_AREA)
    picture = np.full((480, 640, 3), 110, np.uint8)
    places = [(x, y) for y in range(20, 400, 80) for x in range(20, 560, 80)]
    for x, y in places:
        picture[y : y + 45, x : x + 40] = head
    found = detector.detect(picture)
    middles = {tuple(((f.xyxy[:2] + f.xyxy[2:]) / 2 // 80).astype(int)) for f in found}
    assert len(found) == len(places) == len(middles)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_photo(detector: HybridDetector, astronaut: Image, turns: int) -> None:
    turned = np.ascontiguousarray(np.rot90(astronaut, turns))
    (face,) = detector.detect(turned)
    degrees = np.degrees(eye_roll(face.landmarks))
    assert abs((degrees + 90 * turns + 180) % 360 - 180) < 12
    analyzer = emotion.load_analyzer()
    (upright,), (seen,) = analyzer.analyze(astronaut), analyzer.analyze(turned)
    assert seen.label == upright.label
    np.testing.assert_allclose(seen.probabilities, upright.probabilities, atol=0.1)


@pytest.mark.parametrize("part", [0.6, 0.75])
@pytest.mark.parametrize("name", ["hybrid", "blazeface"])
def test_a_face_that_is_larger_than_the_picture(name: str, astronaut: Image, part: float) -> None:
    """The inner part of a face, as a telephone held too near shows it."""
    x1, y1, x2, y2 = ASTRONAUT_BOX
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    half = part * (y2 - y1) / 2
    inner = astronaut[int(y - half) : int(y + half), int(x - half) : int(x + half)]
    picture = cv2.resize(inner, (480, 480), interpolation=cv2.INTER_CUBIC)
    (face,) = load_detector(name).detect(np.asarray(picture, np.uint8))
    assert (face.xyxy[2] - face.xyxy[0]) > 0.6 * 480
    assert face.unclipped_xyxy[3] - face.unclipped_xyxy[1] > 480


@pytest.mark.parametrize("edge", ["left", "right", "top", "bottom"])
def test_a_face_cut_by_the_edge(detector: HybridDetector, astronaut: Image, edge: str) -> None:
    x, y = 225, 115  # the middle of the face
    cut = {
        "left": astronaut[:, x - 15 :], "right": astronaut[:, : x + 15],
        "top": astronaut[y - 20 :], "bottom": astronaut[: y + 25],
    }[edge]  # fmt: skip
    (face,) = detector.detect(np.ascontiguousarray(cut))
    offset = np.array({"left": [x - 15, 0], "top": [0, y - 20]}.get(edge, [0, 0]))
    assert overlaps(face.unclipped_xyxy + np.tile(offset, 2), ASTRONAUT_BOX)[0] > 0.5


@pytest.mark.parametrize("name", sorted(["cat", "coffee", "rocket", "brick", "grass", "gravel"]))
def test_no_false_face(detector: HybridDetector, name: str) -> None:
    picture = np.asarray(getattr(skimage.data, name)(), np.uint8)
    if picture.ndim == 2:
        picture = np.repeat(picture[:, :, None], 3, axis=2)
    assert detector.detect(picture) == ()


def test_the_work_on_a_huge_picture_is_bounded(
    detector: HybridDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    candidates = SingleShotDetector.candidates

    def counting(detector: SingleShotDetector, view: Image) -> Candidates:
        sizes.append(view.shape[:2])
        return candidates(detector, view)

    monkeypatch.setattr(SingleShotDetector, "candidates", counting)
    detector.detect(np.zeros((6000, 9000, 3), np.uint8))
    assert len(sizes) == 6 + 3 * 2  # and turned by a quarter, a half and three quarters
    assert max(max(size) for size in sizes) <= 960


def test_an_unknown_folder_is_told() -> None:
    with pytest.raises(ModelError, match="no model 'nobody'"):
        load_detector("nobody")
