"""ROI refinement, and the conversion of BlazeFace's squares; no model, no files."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.detection.base import Candidates
from emotion.detection.blazeface.box_convention import (
    HEIGHT,
    RAISED,
    WIDTH,
    face_boxes,
    square_of,
)
from emotion.detection.refinement import MAX_REFINED, REFINE_FROM_PX, FindCandidates, RoiRefiner
from emotion.types import Detection, Image

RNG = np.random.default_rng(0)
SIDE, ZOOM = RoiRefiner.side, RoiRefiner.zoom
BLANK = np.zeros((480, 640, 3), np.uint8)


def face(x: float, y: float, width: float, height: float, roll: float = 0.0) -> Detection:
    """A face whose eyes are turned by ``roll``."""
    eyes = np.array([[-math.cos(roll), -math.sin(roll)], [math.cos(roll), math.sin(roll)]])
    middle = np.array([x, y])
    points = np.zeros((6, 2), np.float32) + middle
    points[:2] += eyes * width / 4
    half = np.array([width, height]) / 2
    box = np.concatenate([middle - half, middle + half]).astype(np.float32)
    return Detection(xyxy=box, score=0.9, landmarks=points.astype(np.float32))


class Seen:
    """A network that answers each view with the given boxes, and keeps the views."""

    def __init__(self, *rows: tuple[float, float, float, float, float]) -> None:
        self.views: list[Image] = []
        self._rows = np.array(rows, np.float32).reshape(-1, 5)

    def __call__(self, view: Image) -> Candidates:
        self.views.append(view)
        boxes = self._rows[:, :4]
        middle = (boxes[:, :2] + boxes[:, 2:]) / 2
        return Candidates(boxes, np.repeat(middle[:, None], 6, axis=1), self._rows[:, 4])


def refine(
    find: FindCandidates, image: Image, detections: Sequence[Detection], min_score: float
) -> tuple[Detection | None, ...]:
    return RoiRefiner(find=find).refine_detections(image, detections, min_score)


def refine_largest(find: FindCandidates, image: Image, candidates: Candidates) -> Candidates:
    return RoiRefiner(find=find).refine_largest(image, candidates)


def around(
    x: float, y: float, width: float, height: float, score: float
) -> tuple[float, float, float, float, float]:
    return (x - width / 2, y - height / 2, x + width / 2, y + height / 2, score)


def test_a_face_in_the_middle_of_its_view_stays_where_it_is() -> None:
    side = SIDE / ZOOM
    find = Seen(around(SIDE / 2, SIDE / 2, 0.8 * side, side, 0.8))
    (found,) = refine(find, BLANK, [face(300, 200, 80, 100)], 0.5)
    assert found is not None
    np.testing.assert_allclose(found.xyxy, [260, 150, 340, 250], atol=1e-3)
    assert found.landmarks is not None
    np.testing.assert_allclose(found.landmarks[2], [300, 200], atol=1e-3)
    assert found.score == pytest.approx(0.8)
    assert find.views[0].shape == (SIDE, SIDE, 3)


def test_a_turned_face_keeps_an_upright_box() -> None:
    side = SIDE / ZOOM
    find = Seen(around(SIDE / 2, SIDE / 2, 0.5 * side, side, 0.8))
    (found,) = refine(find, BLANK, [face(300, 200, 100, 100, math.pi / 2)], 0.5)
    assert found is not None  # lying on its side, it is twice as wide as high
    np.testing.assert_allclose(found.xyxy, [250, 175, 350, 225], atol=1e-3)


def test_neighbours_and_weak_answers_are_not_taken() -> None:
    side = SIDE / ZOOM
    beside = around(SIDE / 2 + 0.7 * side, SIDE / 2, side, side, 0.99)
    weak = around(SIDE / 2, SIDE / 2, side, side, 0.3)
    known = face(300, 200, 100, 100)
    assert refine(Seen(beside), BLANK, [known], 0.5) == (None,)
    assert refine(Seen(weak), BLANK, [known], 0.5) == (None,)
    assert refine(Seen(), BLANK, [known], 0.0) == (None,)
    (found,) = refine(Seen(beside, weak), BLANK, [known], 0.2)
    assert found is not None
    assert found.score == pytest.approx(0.3)
    assert refine(Seen(weak), BLANK, [], 0.5) == ()


def test_a_face_that_left_the_picture_is_gone() -> None:
    find = Seen(around(SIDE / 2, SIDE / 2, 20, 20, 0.9))
    assert refine(find, BLANK, [face(-200, 200, 100, 100)], 0.5) == (None,)


def found_at(*faces: Detection, score: float = 0.6) -> Candidates:
    points = [face.landmarks for face in faces if face.landmarks is not None]
    scores = np.full(len(faces), score, np.float32)
    return Candidates(np.stack([face.xyxy for face in faces]), np.stack(points), scores)


def test_large_faces_are_seen_once_more() -> None:
    find = Seen(around(SIDE / 2, SIDE / 2, 0.5 * SIDE / ZOOM, SIDE / ZOOM, 0.8))
    small, large = face(500, 100, 40, 50), face(200, 200, 100, 100)
    boxes, points, scores = refine_largest(find, BLANK, found_at(small, large))
    assert len(find.views) == 1
    np.testing.assert_allclose(boxes[0], [175, 150, 225, 250], atol=1e-3)
    np.testing.assert_allclose(points[0][0], [200, 200], atol=1e-3)
    np.testing.assert_allclose(boxes[1], small.xyxy, atol=1e-3)
    np.testing.assert_allclose(scores, [0.7, 0.6], atol=1e-6)


def test_a_face_that_is_not_seen_again_counts_half() -> None:
    large = face(200, 200, 100, 100)
    boxes, _, scores = refine_largest(Seen(), BLANK, found_at(large))
    np.testing.assert_allclose(boxes[0], large.xyxy)
    np.testing.assert_allclose(scores, [0.3], atol=1e-6)


def test_a_crowd_of_large_faces_and_weak_ones_cost_no_more() -> None:
    side = REFINE_FROM_PX + 1
    crowd = [face(x * 70 + 40, y * 70 + 40, side, side) for x in range(8) for y in range(6)]
    find = Seen()
    refine_largest(find, BLANK, found_at(*crowd))
    assert len(find.views) == MAX_REFINED
    find = Seen()
    refine_largest(find, BLANK, found_at(*crowd, score=0.15))
    assert not find.views


@given(
    st.floats(-180, 180), st.floats(20, 400), st.floats(0, 640), st.floats(0, 480)
)  # fmt: skip
def test_squares_and_boxes_are_each_others_way_back(
    degrees: float, side: float, x: float, y: float
) -> None:
    known = face(x, y, side, side, math.radians(degrees))
    assert known.landmarks is not None
    box = face_boxes(known.xyxy[None], known.landmarks[None])[0]
    back = square_of(Detection(xyxy=box, score=1.0, landmarks=known.landmarks))
    np.testing.assert_allclose(back, known.xyxy, atol=1e-3 * side + 1e-2)


def test_an_upright_square_becomes_a_higher_box_above_it() -> None:
    known = face(100, 100, 50, 50)
    assert known.landmarks is not None
    x1, y1, x2, y2 = face_boxes(known.xyxy[None], known.landmarks[None])[0].tolist()
    assert (x2 - x1, y2 - y1) == pytest.approx((50 * WIDTH, 50 * HEIGHT))
    assert (y1 + y2) / 2 == pytest.approx(100 - 50 * RAISED)
    without = square_of(Detection(xyxy=np.array([x1, y1, x2, y2], np.float32), score=1.0))
    np.testing.assert_allclose(without, known.xyxy, atol=1e-3)
