"""ROI refinement with a stub network; no model, no files."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.detection.base import Candidate, Candidates
from emotion.detection.blazeface.cascade import REFINED_MIN_SCORE, REFINED_VOTE_IOU
from emotion.detection.refinement import (
    FindCandidates,
    RoiRefiner,
    central_candidate,
    roi_matrix,
)
from emotion.geometry.affine import invert, map_boxes, map_points
from emotion.types import Detection, Image
from tests.boxes import face, squares

SIDE, ZOOM = RoiRefiner.side, RoiRefiner.zoom
Faces = list[tuple[float, float, float, float]]
BLANK = np.zeros((480, 640, 3), np.uint8)


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


def chosen(faces: Faces) -> Candidate | None:
    """What is taken of a 128 px crop with faces (centre x, centre y, side, score)."""
    found = squares(*(face[:3] for face in faces)) if faces else np.zeros((0, 4), np.float32)
    points = np.tile(found[:, None, :2], (1, 6, 1))
    scores = np.array([score for *_, score in faces], np.float32)
    seen = Candidates(found, points, scores).select(scores > REFINED_MIN_SCORE)
    return central_candidate(seen, 128, ZOOM, REFINED_VOTE_IOU)


def test_the_middle_face_is_chosen_over_a_better_neighbour() -> None:
    face = chosen([(66, 62, 50, 0.7), (115, 64, 50, 0.99)])
    assert face is not None
    np.testing.assert_allclose(face.box, squares((66, 62, 50))[0], atol=1e-3)
    assert face.score == pytest.approx(0.7)


def test_anchors_that_agree_are_averaged() -> None:
    face = chosen([(60, 64, 50, 0.8), (68, 64, 50, 0.8)])
    assert face is not None
    np.testing.assert_allclose(face.box, squares((64, 64, 50))[0], atol=1e-3)


@pytest.mark.parametrize("faces", [[], [(64, 64, 50, 0.01)], [(64 + 128 / ZOOM, 64, 50, 0.9)]])
def test_no_face_in_the_middle(faces: Faces) -> None:
    assert chosen(faces) is None


@given(
    st.floats(-300, 900),
    st.floats(-300, 900),
    st.floats(8, 700),
    st.floats(-3.1, 3.1),
)
def test_a_face_returns_from_its_view(x: float, y: float, side: float, angle: float) -> None:
    box = squares((x, y, side))[0]
    eyes = np.array([[0, 0], [np.cos(angle), np.sin(angle)]]) * side / 2 + [x, y]
    view = roi_matrix(box, eyes.astype(np.float32), 128, 2.0)
    in_view = eyes @ view[:, :2].T + view[:, 2]
    assert in_view[0, 1] == pytest.approx(in_view[1, 1], abs=0.01)  # level
    assert in_view[0, 0] < in_view[1, 0]
    back = map_boxes(squares((64, 64, 64)), invert(view))
    points = map_points(in_view.astype(np.float32), invert(view))
    np.testing.assert_allclose(back[0], box, atol=0.02)
    np.testing.assert_allclose(points, eyes, atol=0.02)


def test_a_view_without_points_is_not_turned() -> None:
    view = roi_matrix(squares((100, 80, 40))[0], None, 128, 2.0)
    np.testing.assert_allclose(view, [[1.6, 0, 64 - 160], [0, 1.6, 64 - 128]])
