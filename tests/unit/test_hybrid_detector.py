"""What the hybrid detector makes of its networks' answers; both are played by fakes."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from emotion.detection import SingleShotDetector
from emotion.detection.base import Candidate, Candidates, Effort
from emotion.detection.blazeface import BlazeFaceDetector
from emotion.detection.hybrid import HybridDetector
from emotion.detection.score_fusion import ScoreFusion
from emotion.geometry.affine import eye_roll
from emotion.geometry.pyramid import Pyramid
from emotion.types import Detection, Floats

FUSION = ScoreFusion(
    coefficients=(0.0, 1.0, 1.0, 0.0, 0.0), refine_from_px=32.0, confirmed_from=0.6
)
BLANK = np.zeros((400, 400, 3), np.uint8)


def landmarks_of(box: Floats, roll: float = 0.0) -> Floats:
    """Six landmarks, whose eyes lean by an angle in radians."""
    middle, side = (box[:2] + box[2:]) / 2, float(box[2] - box[0])
    eye = 0.2 * side * np.array([np.cos(roll), np.sin(roll)])
    return np.array([middle - eye, middle + eye, *[middle] * 4], np.float32)


class FakeYunet(SingleShotDetector):
    def __init__(self, *boxes: tuple[float, ...], score: float = 0.9) -> None:
        self.boxes = np.array(boxes, np.float32).reshape(-1, 4)
        self.score = score

    def propose(self, pyramid: Pyramid, effort: Effort) -> Candidates:
        assert effort is Effort.PHOTO
        points = np.array([landmarks_of(box) for box in self.boxes], np.float32)
        scores = np.full(len(self.boxes), self.score, np.float32)
        return Candidates(self.boxes, points.reshape(-1, 6, 2), scores)


@dataclass
class FakeBlazeFace(BlazeFaceDetector):
    """Refines every face to one box, score and roll, and notes what it was given."""

    box: Floats | None = None
    score: float = 0.9
    roll: float = 0.0
    given: list[Detection] = field(default_factory=list)

    def refine_one(self, pyramid: Pyramid, known: Detection) -> Candidate | None:
        self.given.append(known)
        if self.box is None:
            return None
        return Candidate(self.box, landmarks_of(self.box, self.roll), self.score)


def detect(yunet: FakeYunet, blazeface: FakeBlazeFace) -> tuple[Detection, ...]:
    return HybridDetector(yunet, blazeface, FUSION)._search(BLANK, 0.0, ())


def box(*values: float) -> Floats:
    return np.array(values, np.float32)


def test_no_proposal_is_no_face() -> None:
    assert detect(FakeYunet(), FakeBlazeFace()) == ()


def test_a_confirmed_face_has_the_refined_box_and_landmarks() -> None:
    refined = box(102, 98, 198, 222)
    (face,) = detect(FakeYunet((100, 100, 200, 220)), FakeBlazeFace(refined))
    np.testing.assert_array_equal(face.xyxy, refined)
    np.testing.assert_array_equal(face.landmarks, landmarks_of(refined))
    assert face.score == pytest.approx(1 / (1 + (1 / 9) ** 2))  # both logits are log 9


def test_boxes_that_differ_are_averaged() -> None:
    proposed, refined = box(100, 100, 200, 200), box(140, 100, 240, 200)  # IoU 3/7
    (face,) = detect(FakeYunet(tuple(proposed)), FakeBlazeFace(refined))
    np.testing.assert_allclose(face.xyxy, [120, 100, 220, 200])
    np.testing.assert_array_equal(face.landmarks, landmarks_of(refined))


@pytest.mark.parametrize(
    "blazeface",
    [
        FakeBlazeFace(None),  # nothing found
        FakeBlazeFace(box(180, 180, 280, 280)),  # another face
        FakeBlazeFace(box(100, 100, 200, 200), score=0.5),  # no confirmation
    ],
)
def test_without_confirmation_the_proposal_stays_without_landmarks(
    blazeface: FakeBlazeFace,
) -> None:
    (face,) = detect(FakeYunet((100, 100, 200, 200)), blazeface)
    np.testing.assert_array_equal(face.xyxy, [100, 100, 200, 200])
    assert face.landmarks is None
    assert face.score == pytest.approx(0.9)


def test_small_faces_are_not_refined() -> None:
    blazeface = FakeBlazeFace(box(100, 100, 130, 130))
    (face,) = detect(FakeYunet((100, 100, 130, 130)), blazeface)
    assert face.landmarks is None
    assert not blazeface.given


@pytest.mark.parametrize(("degrees", "passes"), [(5, 1), (40, 2)])
def test_a_head_that_leans_otherwise_is_refined_again(degrees: float, passes: int) -> None:
    blazeface = FakeBlazeFace(box(100, 100, 200, 220), roll=np.radians(degrees))
    detect(FakeYunet((100, 100, 200, 220)), blazeface)
    rolls = [np.degrees(eye_roll(known.landmarks)) for known in blazeface.given]
    np.testing.assert_allclose(rolls, [0, degrees][:passes], atol=1e-3)


def test_one_face_proposed_twice_is_one() -> None:
    refined = box(100, 100, 200, 220)
    found = detect(FakeYunet((100, 100, 200, 220), (90, 90, 210, 230)), FakeBlazeFace(refined))
    assert len(found) == 1


def test_the_largest_of_a_crowd_are_refined() -> None:
    rows = [(x * 40.0, y * 40.0, x * 40 + 33.0, y * 40 + 33.0) for x in range(9) for y in range(9)]
    blazeface = FakeBlazeFace(None)
    assert len(detect(FakeYunet(*rows), blazeface)) == 81
    assert len(blazeface.given) == 64
