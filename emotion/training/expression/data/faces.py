"""Labelled faces, whatever set they come from, and what may be trained and chosen on.

No picture of a test split stands in what ``training_split`` returns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from emotion.errors import DataError
from emotion.expression.crop import to_input
from emotion.training.expression.data.problems import Problem

FACE_SIZE = (48, 48)
FERPLUS_LABELS = (
    "neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt",
)  # fmt: skip
"""The eight expressions of FER+, in the order of its file."""

SPLITS = {"Training": "train", "PublicTest": "val", "PrivateTest": "test"}
"""FER2013's names of its splits -> the folders of a custom set."""

VOTES = 10
"""Annotators of each FER+ picture."""


@dataclass(frozen=True, kw_only=True)
class FaceFormat:
    """What faces are read as, and what a model takes.

    Attributes:
        size: (height, width) in pixels.
        channels: 1 for grey, 3 for RGB.
    """

    size: tuple[int, int] = FACE_SIZE
    channels: int = 1

    def convert(self, images: np.ndarray) -> np.ndarray:
        """Faces uint8 (N, h, w) or (N, h, w, 3) in this format: (N, H, W) or (N, H, W, 3)."""
        shape = (len(images), *self.size) + ((3,) if self.channels == 3 else ())
        if images.shape == shape:
            return images
        out = np.empty(shape, np.uint8)
        for row, image in enumerate(images):
            out[row] = to_input(image, self.size, self.channels)
        return out


FER2013_FORMAT = FaceFormat()
"""48 x 48 and grey, as FER2013 comes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledFaces:
    """Faces with what is known of each.

    Attributes:
        images: uint8 (N, H, W), grey, or (N, H, W, 3), RGB.
        labels: int64 (N,), indices into ``EMOTIONS``.
        votes: int64 (N, 10), FER+ counts (eight expressions, unknown, not a face), or None.
        split: str (N,), FER2013's names of the splits.
        head: What the model's head for this labelling is called. Several sets may share one.
        name: What the set itself is called; the head's name where it is not given.
        source: The files' name; digest: sha256 of the files that were read.
        keys: A hash of each picture, object (N,), where the format is not FER2013's: of the same
            picture read in that format, so that copies are known whatever a model takes.
        groups: str (N,), what must stay on one side of a split (a subject), or None.
        problems: What was left out of the files.
    """

    images: np.ndarray
    labels: np.ndarray
    split: np.ndarray
    votes: np.ndarray | None
    head: str
    source: str
    digest: str
    name: str = ""
    keys: np.ndarray | None = None
    groups: np.ndarray | None = None
    problems: tuple[Problem, ...] = ()

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.head)

    def __len__(self) -> int:
        return len(self.images)

    def picture_keys(self) -> np.ndarray:
        """A hash of each picture, object (N,): equal where two pictures are the same."""
        return picture_keys(self.images) if self.keys is None else self.keys

    def take(self, rows: np.ndarray) -> LabelledFaces:
        """The chosen rows (a mask or indices)."""
        return replace(
            self,
            images=self.images[rows],
            labels=self.labels[rows],
            split=self.split[rows],
            votes=None if self.votes is None else self.votes[rows],
            keys=None if self.keys is None else self.keys[rows],
            groups=None if self.groups is None else self.groups[rows],
        )

    def subset(self, split: str) -> LabelledFaces:
        """The rows of one split: Training, PublicTest or PrivateTest."""
        if split not in SPLITS:
            raise DataError(f"There is no split {split!r}; there are: {', '.join(SPLITS)}.")
        return self.take(self.split == split)


def training_split(faces: LabelledFaces, among: Iterable[LabelledFaces] = ()) -> LabelledFaces:
    """The training rows whose picture, by its pixels, stands in no held-out part and only once.

    among: every set that is read for the same run; neither a picture that one of them is chosen on
    nor one that it is tested on is trained on through another set. Of several copies the first is
    kept, with its own label.
    """
    held_out: set[bytes] = set()
    for other in (faces, *among):
        held_out.update(other.picture_keys()[other.split != "Training"])
    keys = faces.picture_keys()
    seen: set[bytes] = set()
    keep = np.zeros(len(faces), bool)
    for i in np.flatnonzero(faces.split == "Training"):
        if keys[i] not in held_out and keys[i] not in seen:
            keep[i] = True
            seen.add(keys[i])
    return faces.take(keep)


def validation_split(faces: LabelledFaces, among: Iterable[LabelledFaces] = ()) -> LabelledFaces:
    """What a run is chosen and calibrated on: PublicTest, without pictures of PrivateTest.

    among: every set that is read for the same run; no picture of any PrivateTest is chosen on.
    """
    private: set[bytes] = set()
    for other in (faces, *among):
        private.update(other.picture_keys()[other.split == "PrivateTest"])
    public = faces.split == "PublicTest"
    keys = faces.picture_keys()
    return faces.take(public & np.array([key not in private for key in keys], bool))


def picture_keys(images: np.ndarray) -> np.ndarray:
    """A hash of each picture's pixels, object (N,): equal exactly where the pixels are."""
    return np.array([hashlib.blake2b(i.tobytes(), digest_size=16).digest() for i in images], object)
