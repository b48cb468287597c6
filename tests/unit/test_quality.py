"""What makes a face hard to classify, measured on a drawn face that is spoiled in one way."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from emotion.expression.quality import FaceQuality, face_quality
from emotion.types import Detection, Image

BOX = np.array([100, 80, 300, 320], np.float32)
LANDMARKS = np.array([[160, 170], [240, 170], [200, 215], [200, 270]], np.float32)
FACE = Detection(xyxy=BOX, score=0.9, landmarks=LANDMARKS)


def crop() -> Image:
    """Skin, eyes, brows and a mouth, with fine grain."""
    image = np.full((80, 80, 3), 170, np.uint8)
    for x in (24, 56):
        cv2.ellipse(image, (x, 30), (8, 4), 0, 0, 360, (40, 40, 40), -1)
        cv2.line(image, (x - 9, 20), (x + 9, 20), (70, 50, 40), 3)
    cv2.ellipse(image, (40, 62), (16, 5), 0, 0, 360, (150, 60, 60), -1)
    grain = np.random.default_rng(0).normal(0, 4, image.shape)
    return np.clip(image + grain, 0, 255).astype(np.uint8)


def flags(quality: FaceQuality) -> set[str]:
    names = ("is_small", "is_blurred", "is_turned", "is_dark", "is_cut")
    return {name for name in names if getattr(quality, name)}


def test_a_good_face_has_no_flaw() -> None:
    found = face_quality(FACE, crop())
    assert flags(found) == set()
    assert found.side_px == 240
    assert found.turn == pytest.approx(0)
    assert found.visible == 1
    assert 150 < found.brightness < 190


@pytest.mark.parametrize(("side", "expected"), [(39.0, {"is_small"}), (41.0, set())])
def test_small(side: float, expected: set[str]) -> None:
    box = np.array([10, 10, 10 + side * 0.8, 10 + side], np.float32)
    assert flags(face_quality(replace(FACE, xyxy=box), crop())) == expected


def test_blurred_and_a_small_face_is_not_called_blurred() -> None:
    soft = np.asarray(cv2.GaussianBlur(crop(), (0, 0), 5), np.uint8)
    assert flags(face_quality(FACE, soft)) == {"is_blurred"}
    small = replace(FACE, xyxy=np.array([0, 0, 20, 30], np.float32))
    assert flags(face_quality(small, soft)) == {"is_small"}
    plain = np.full((80, 80, 3), 128, np.uint8)
    assert face_quality(FACE, plain).is_blurred


@pytest.mark.parametrize(("nose_x", "expected"), [(240, {"is_turned"}), (216, set())])
@pytest.mark.parametrize("mirrored", [False, True])
def test_turned(nose_x: float, expected: set[str], mirrored: bool) -> None:
    landmarks = LANDMARKS.copy()
    landmarks[2, 0] = 400 - nose_x if mirrored else nose_x
    assert flags(face_quality(replace(FACE, landmarks=landmarks), crop())) == expected
    roll = cv2.getRotationMatrix2D((200, 200), 35, 1.0)
    turned = (landmarks @ roll[:, :2].T + roll[:, 2]).astype(np.float32)
    assert flags(face_quality(replace(FACE, landmarks=turned), crop())) == expected


def test_dark() -> None:
    assert flags(face_quality(FACE, crop() // 5)) == {"is_dark"}


@pytest.mark.parametrize(("right", "expected"), [(330.0, set()), (360.0, {"is_cut"})])
def test_cut(right: float, expected: set[str]) -> None:
    whole = np.array([100, 80, right, 320], np.float32)
    assert flags(face_quality(replace(FACE, unclipped=whole), crop())) == expected


@pytest.mark.parametrize("landmarks", [None, LANDMARKS[:2], LANDMARKS[[0, 0, 2]]])
def test_without_usable_landmarks_nothing_is_said_about_turning(
    landmarks: np.ndarray | None,
) -> None:
    found = face_quality(replace(FACE, landmarks=landmarks), crop())
    assert found.turn is None
    assert not found.is_turned
