"""Labelled faces, whatever set they come from, and what may be trained and chosen on.

No picture of a test split stands in what ``without_copies`` returns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from emotion.errors import DataError
from emotion.training.data.problems import Problem

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
    sha256 of the files that were read; problems: what was left out of them.
    """

    images: np.ndarray
    labels: np.ndarray
    split: np.ndarray
    votes: np.ndarray | None
    head: str
    source: str
    digest: str
    problems: tuple[Problem, ...] = ()

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


def without_copies(faces: LabelledFaces, among: Iterable[LabelledFaces] = ()) -> LabelledFaces:
    """The training rows whose picture, by its pixels, stands in no held-out part and only once.

    among: every set that is read for the same run; neither a picture that one of them is chosen on
    nor one that it is tested on is trained on through another set. Of several copies the first is
    kept, with its own label.
    """
    held_out: set[bytes] = set()
    for other in (faces, *among):
        held_out.update(picture_keys(other.images[other.split != "Training"]))
    keys = picture_keys(faces.images)
    seen: set[bytes] = set()
    keep = np.zeros(len(faces), bool)
    for i in np.flatnonzero(faces.split == "Training"):
        if keys[i] not in held_out and keys[i] not in seen:
            keep[i] = True
            seen.add(keys[i])
    return faces.take(keep)


def choosing_faces(faces: LabelledFaces, among: Iterable[LabelledFaces] = ()) -> LabelledFaces:
    """What a run is chosen and calibrated on: PublicTest, without pictures of PrivateTest.

    among: every set that is read for the same run; no picture of any PrivateTest is chosen on.
    """
    private: set[bytes] = set()
    for other in (faces, *among):
        private.update(picture_keys(other.images[other.split == "PrivateTest"]))
    public = faces.split == "PublicTest"
    keys = picture_keys(faces.images)
    return faces.take(public & np.array([key not in private for key in keys], bool))


def picture_keys(images: np.ndarray) -> np.ndarray:
    """A hash of each picture's pixels, object (N,): equal exactly where the pixels are."""
    return np.array([hashlib.blake2b(i.tobytes(), digest_size=16).digest() for i in images], object)


def resized(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Grey faces uint8 (N, H, W) at another (height, width)."""
    if images.shape[1:] == size:
        return images
    return np.stack([cv2.resize(i, size[::-1], interpolation=cv2.INTER_AREA) for i in images])
