"""Labelled faces, whatever set they come from, and what may be trained and chosen on.

No picture of a test split stands in what ``without_copies`` returns.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import cv2
import numpy as np
from sklearn.model_selection import train_test_split

from emotion.errors import DataError

FACE_SIZE = (48, 48)
FERPLUS_LABELS = (
    "neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt",
)  # fmt: skip
"""The eight expressions of FER+, in the order of its file."""

SPLITS = {"Training": "train", "PublicTest": "val", "PrivateTest": "test"}
"""FER2013's names of its splits -> the folders of a custom set."""

VOTES = 10
"""Annotators of each FER+ picture."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledFaces:
    """Faces with what is known of each.

    images: uint8 (N, 48, 48). labels: int64 (N,), indices into ``EMOTIONS``. votes: int64 (N, 10),
    FER+ counts (eight expressions, unknown, not a face), or None. split: str (N,), FER2013's names.
    head: what the model's head for this labelling is called. source: a data set's name; digest:
    sha256 of the files that were read.
    """

    images: np.ndarray
    labels: np.ndarray
    split: np.ndarray
    votes: np.ndarray | None
    head: str
    source: str
    digest: str

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: np.ndarray) -> LabelledFaces:
        """The chosen rows (a mask or indices)."""
        return replace(
            self,
            images=self.images[rows],
            labels=self.labels[rows],
            split=self.split[rows],
            votes=None if self.votes is None else self.votes[rows],
        )

    def part(self, split: str) -> LabelledFaces:
        """The rows of one split: Training, PublicTest or PrivateTest."""
        if split not in SPLITS:
            raise DataError(f"There is no split {split!r}; there are: {', '.join(SPLITS)}.")
        return self.take(self.split == split)


def without_copies(faces: LabelledFaces) -> LabelledFaces:
    """The training rows whose picture, by its pixels, stands in no test split and only once.

    Of several copies the first is kept, with its own label.
    """
    keys = picture_keys(faces.images)
    held_out = set(keys[faces.split != "Training"])
    seen: set[bytes] = set()
    keep = np.zeros(len(faces), bool)
    for i in np.flatnonzero(faces.split == "Training"):
        if keys[i] not in held_out and keys[i] not in seen:
            keep[i] = True
            seen.add(keys[i])
    return faces.take(keep)


def choosing_faces(faces: LabelledFaces) -> LabelledFaces:
    """What a run is chosen and calibrated on: PublicTest, without pictures of PrivateTest."""
    keys = picture_keys(faces.images)
    private = set(keys[faces.split == "PrivateTest"])
    public = faces.split == "PublicTest"
    return faces.take(public & np.array([key not in private for key in keys], bool))


def picture_keys(images: np.ndarray) -> np.ndarray:
    """A hash of each picture's pixels, object (N,): equal exactly where the pixels are."""
    return np.array([hashlib.blake2b(i.tobytes(), digest_size=16).digest() for i in images], object)


def resized(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Grey faces uint8 (N, H, W) at another (height, width)."""
    if images.shape[1:] == size:
        return images
    return np.stack([cv2.resize(i, size[::-1], interpolation=cv2.INTER_AREA) for i in images])


def with_validation(faces: LabelledFaces, fraction: float, seed: int = 0) -> LabelledFaces:
    """The same rows, where ``fraction`` of each class of Training has become PublicTest.

    For sets that come without a part to choose on. The same rows for the same seed.
    """
    training = np.flatnonzero(faces.split == "Training")
    _, chosen = train_test_split(
        training, test_size=fraction, random_state=seed, stratify=faces.labels[training]
    )
    split = faces.split.astype("<U11")
    split[chosen] = "PublicTest"
    return replace(faces, split=split)
