"""Detection in turned pictures, with a search that knows where the face of a drawn picture is."""

from collections.abc import Sequence

import numpy as np
import pytest

from emotion.detection.quarter_turns import detect_any_way_up
from emotion.geometry.affine import eye_roll
from emotion.types import Detection, Image

SURE = 0.97
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def picture(turns: int) -> Image:
    """A face of three dots, turned back by quarter turns: eyes red and green, mouth blue."""
    image = np.zeros((60, 90, 3), np.uint8)
    image[20:22, 30:32], image[20:22, 50:52], image[40:42, 40:42] = RED, GREEN, BLUE
    return np.ascontiguousarray(np.rot90(image, -turns))


def middle(image: Image, color: Sequence[int]) -> np.ndarray:
    rows, columns = np.nonzero((image == color).all(axis=2))
    return np.array([columns.mean() + 0.5, rows.mean() + 0.5], np.float32)


class DotSearch:
    """Finds the face when it is upright alone; counts its calls."""

    def __init__(self, score: float = 0.98, landmarks: bool = True) -> None:
        self.score, self.landmarks, self.calls = score, landmarks, 0

    def __call__(
        self, image: Image, min_score: float, known: Sequence[Detection]
    ) -> tuple[Detection, ...]:
        self.calls += 1
        left, right, mouth = (middle(image, color) for color in (RED, GREEN, BLUE))
        if not (left[1] == right[1] < mouth[1] and left[0] < right[0]):
            return ()
        box = np.array([left[0] - 10, left[1] - 15, right[0] + 10, mouth[1] + 10], np.float32)
        points = np.stack([left, right]) if self.landmarks else None
        return (Detection(box, self.score, points, box),)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_face_is_found_any_way_up(turns: int) -> None:
    image = picture(turns)
    (face,) = detect_any_way_up(DotSearch(), image, 0.5, sure_score=SURE)
    assert face.landmarks is not None
    np.testing.assert_allclose(face.landmarks[0], middle(image, RED))
    np.testing.assert_allclose(face.landmarks[1], middle(image, GREEN))
    x1, y1, x2, y2 = face.xyxy
    mouth = middle(image, BLUE)
    assert x1 < mouth[0] < x2
    assert y1 < mouth[1] < y2
    assert sorted([x2 - x1, y2 - y1]) == [40, 45]


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_face_without_landmarks_keeps_its_roll(turns: int) -> None:
    (face,) = detect_any_way_up(DotSearch(landmarks=False), picture(turns), 0.5, sure_score=SURE)
    degrees = np.degrees(eye_roll(face.landmarks))
    assert np.isclose((degrees - 90 * turns) % 360, 0, atol=1e-3)


def test_a_sure_face_is_searched_once_and_a_doubtful_one_again() -> None:
    sure, doubtful = DotSearch(score=0.98), DotSearch(score=0.7)
    detect_any_way_up(sure, picture(0), 0.5, sure_score=SURE)
    (face,) = detect_any_way_up(doubtful, picture(0), 0.5, sure_score=SURE)
    assert (sure.calls, doubtful.calls) == (1, 4)
    assert eye_roll(face.landmarks) == 0
    assert detect_any_way_up(DotSearch(score=0.7), picture(2), 0.5, sure_score=SURE) == ()


@pytest.mark.parametrize(("turned_score", "expected"), [(0.995, True), (0.991, False)])
def test_a_face_upside_down_gives_way_to_a_surer_one(turned_score: float, expected: bool) -> None:
    """Both scores are near 1, as those of good detectors are."""

    def search(image: Image, min_score: float, known: Sequence[Detection]) -> tuple[Detection, ...]:
        upright = DotSearch(score=turned_score)(image, min_score, known)
        return upright or (Detection(np.array([0, 0, 9, 9], np.float32), 0.99),)

    (face,) = detect_any_way_up(search, picture(2), 0.5, sure_score=0.999)
    assert (face.score == turned_score) is expected


def test_the_lowest_score_holds_for_what_is_returned() -> None:
    assert detect_any_way_up(DotSearch(score=0.9), picture(0), 0.96, sure_score=SURE) == ()
    assert len(detect_any_way_up(DotSearch(score=0.97), picture(2), 0.96, sure_score=SURE)) == 1


def test_beside_known_faces_the_picture_is_searched_as_it_lies() -> None:
    search = DotSearch()
    known = Detection(np.zeros(4, np.float32), 0.9)
    assert detect_any_way_up(search, picture(1), 0.5, [known], sure_score=SURE) == ()
    assert search.calls == 1
