"""Labelled faces of any data set, and their training and validation splits without leakage.

``training_split`` never returns a picture of a validation or test split.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from emotion.errors import DataError
from emotion.expression.crop import to_input
from emotion.models.spec import ModelSpec
from emotion.training.expression.data.problems import Problem

FACE_SIZE = (48, 48)
FERPLUS_LABELS = (
    "neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt",
)  # fmt: skip
"""The eight expressions of FER+, in the order of its file."""

SPLITS = {"Training": "train", "PublicTest": "val", "PrivateTest": "test"}
"""FER2013's names of its splits -> the folders of a custom set."""

SPLIT_SPELLINGS = {
    "Training": ("training", "train"),
    "PublicTest": ("publictest", "val", "valid", "validation", "dev", "eval", "evaluation"),
    "PrivateTest": ("privatetest", "test", "testing"),
}
"""FER2013's names of the splits -> their spellings in data sets, lower case."""

_SPLIT_OF = {text: split for split, texts in SPLIT_SPELLINGS.items() for text in texts}

VOTES = 10
"""Number of annotators of each FER+ picture, and of its columns of votes."""


def split_of(text: str) -> str | None:
    """FER2013's name of a split in any known spelling and case; None for another name."""
    return _SPLIT_OF.get(text.strip().lower())


@dataclass(frozen=True, kw_only=True)
class FaceFormat:
    """The format of a model's faces.

    Attributes:
        size: (height, width) in pixels.
        channels: 1 for grey, 3 for RGB.
    """

    size: tuple[int, int] = FACE_SIZE
    channels: int = 1

    @classmethod
    def of_model(cls, spec: ModelSpec) -> FaceFormat:
        """The format that a model takes."""
        return cls(size=spec.input_size, channels=spec.channels)

    def convert(self, images: np.ndarray) -> np.ndarray:
        """Converts faces to this format.

        Args:
            images: uint8 (N, h, w) or (N, h, w, 3).

        Returns:
            uint8 (N, H, W) or (N, H, W, 3); ``images`` itself where they have the format.
        """
        shape = (len(images), *self.size) + ((3,) if self.channels == 3 else ())
        if images.shape == shape:
            return images
        out = np.empty(shape, np.uint8)
        for row, image in enumerate(images):
            out[row] = to_input(image, self.size, self.channels)
        return out


FER2013_FORMAT = FaceFormat()
"""FER2013's own format: 48 x 48 and grey."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledFaces:
    """The labelled faces of one data set.

    Attributes:
        images: uint8 (N, H, W), grey, or (N, H, W, 3), RGB.
        labels: int64 (N,), indices into ``EMOTIONS``.
        votes: int64 (N, 10), FER+ counts (eight expressions, unknown, not a face), or None.
        split: str (N,), FER2013's names of the splits.
        head: Name of the model's head for this labelling; several sets may share one.
        source: Name of the files.
        digest: sha256 of the files.
        name: Name of the set; by default that of the head.
        keys: A hash of each picture in FER2013's format, object (N,), so that duplicates are found
            whatever the format; None where the images have that format.
        groups: Rows with an equal value belong in the same split (a subject), str (N,), or None.
        problems: What could not be used of the files.
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
        """A hash of each picture, object (N,), equal for duplicates."""
        return picture_keys(self.images) if self.keys is None else self.keys

    def take(self, rows: np.ndarray) -> LabelledFaces:
        """Selects rows by a mask, bool (N,), or by indices."""
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
        """Selects one split.

        Args:
            split: Training, PublicTest or PrivateTest.

        Raises:
            DataError: For any other name.
        """
        if split not in SPLITS:
            raise DataError(f"There is no split {split!r}; there are: {', '.join(SPLITS)}.")
        return self.take(self.split == split)


def training_split(faces: LabelledFaces, among: Iterable[LabelledFaces] = ()) -> LabelledFaces:
    """Selects the training rows, without duplicates of each other and of held-out pictures.

    Args:
        faces: The data set.
        among: All data sets of the run; pictures of their validation and test splits are left out,
            too.

    Returns:
        The rows; of several duplicates the first one, with its own label.
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
    """Selects the validation rows, PublicTest, without duplicates of test pictures.

    Args:
        faces: The data set.
        among: All data sets of the run; pictures of their test splits are left out, too.
    """
    private: set[bytes] = set()
    for other in (faces, *among):
        private.update(other.picture_keys()[other.split == "PrivateTest"])
    public = faces.split == "PublicTest"
    keys = faces.picture_keys()
    return faces.take(public & np.array([key not in private for key in keys], bool))


def picture_keys(images: np.ndarray) -> np.ndarray:
    """Hashes each picture's pixels, (N, ...) -> object (N,)."""
    return np.array([hashlib.blake2b(i.tobytes(), digest_size=16).digest() for i in images], object)
