"""Small data sets in the real files' form, made in the test."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from emotion.types import EMOTIONS

COLUMNS = (
    "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt",
    "unknown", "NF",
)  # fmt: skip
TO_FERPLUS = (4, 5, 6, 1, 3, 2, 0)  # our order -> the column of FER+


def drawn_face(label: int, rng: np.random.Generator) -> np.ndarray:
    """A 48 x 48 picture that tells its label: a bright bar at a height of its own, on noise."""
    face = rng.integers(60, 120, (48, 48), np.uint8)
    top = 3 + 6 * label
    face[top : top + 5, 8:40] = 230
    return cv2.GaussianBlur(face, (0, 0), 0.8)


def write_fer2013(folder: Path, count: int, seed: int = 0) -> tuple[Path, Path]:
    """fer2013.csv and the FER+ votes beside it: three quarters Training, an eighth each test."""
    rng = np.random.default_rng(seed)
    data, votes = folder / "fer2013.csv", folder / "fer2013new.csv"
    with open(data, "w", newline="") as a, open(votes, "w", newline="") as b:
        pixels, crowd = csv.writer(a), csv.writer(b)
        pixels.writerow(["emotion", "pixels", "Usage"])
        crowd.writerow(["Usage", "Image name", *COLUMNS])
        for i in range(count):
            label = i % 7
            usage = "Training" if i < count * 3 // 4 else "PublicTest"
            usage = "PrivateTest" if i >= count * 7 // 8 else usage
            face = drawn_face(label, rng)
            pixels.writerow([label, " ".join(map(str, face.ravel().tolist())), usage])
            row = [0] * 10
            row[TO_FERPLUS[label]] = 8
            row[8] = 2
            crowd.writerow([usage, f"fer{i:07}.png", *row])
    return data, votes


def write_pictures(folder: Path, count: int, seed: int = 0) -> None:
    """train|val/LABEL/*.png: ``count`` pictures of each expression to learn, 4 to choose on."""
    rng = np.random.default_rng(seed)
    for part, number in (("train", count), ("val", 4)):
        for label, name in enumerate(EMOTIONS):
            (folder / part / name).mkdir(parents=True)
            for i in range(number):
                cv2.imwrite(str(folder / part / name / f"{i}.png"), drawn_face(label, rng))


@pytest.fixture
def fer2013(tmp_path: Path) -> tuple[Path, Path]:
    return write_fer2013(tmp_path, 560)
