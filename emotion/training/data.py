"""Labelled faces for training and evaluation, read from the data sets' own files.

``fer2013.csv`` (columns emotion, pixels, Usage; also .gz and .xz), the FER+ votes beside it, and
folders ``train|val|test/LABEL/*``. Faces are grey uint8 (N, 48, 48). No picture of a test split
stands in what ``without_copies`` returns.
"""

from __future__ import annotations

import hashlib
import lzma
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from emotion.crop import to_gray
from emotion.errors import DataError, EmotionError
from emotion.images import IMAGE_SUFFIXES, read_image
from emotion.types import EMOTIONS

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
    source: a data set's name; digest: sha256 of the files that were read.
    """

    images: np.ndarray
    labels: np.ndarray
    split: np.ndarray
    votes: np.ndarray | None
    source: str
    digest: str

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: np.ndarray) -> LabelledFaces:
        """The chosen rows (a mask or indices)."""
        return LabelledFaces(
            images=self.images[rows],
            labels=self.labels[rows],
            split=self.split[rows],
            votes=None if self.votes is None else self.votes[rows],
            source=self.source,
            digest=self.digest,
        )

    def part(self, split: str) -> LabelledFaces:
        """The rows of one split: Training, PublicTest or PrivateTest."""
        if split not in SPLITS:
            raise DataError(f"There is no split {split!r}; there are: {', '.join(SPLITS)}.")
        return self.take(self.split == split)


def read_faces(data: str | Path, ferplus: str | Path | None = None) -> LabelledFaces:
    """The faces of a ``fer2013.csv`` (with the FER+ votes where given) or of a custom folder."""
    path = Path(data)
    if path.is_dir():
        if ferplus:
            raise DataError("The FER+ votes belong to fer2013.csv; leave --ferplus out here.")
        return _read_folder(path)
    return _read_fer2013(path, Path(ferplus) if ferplus else None)


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


def _read_fer2013(path: Path, ferplus: Path | None) -> LabelledFaces:
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise DataError(f"The data file {path} cannot be read as CSV ({error}).") from error
    missing = {"emotion", "pixels", "Usage"} - set(table.columns)
    if missing:
        raise DataError(
            f"{path} has no column {', '.join(sorted(missing))}; "
            "expected FER2013's emotion, pixels and Usage."
        )
    images = np.empty((len(table), *FACE_SIZE), np.uint8)
    for row, text in enumerate(table["pixels"]):
        pixels = text.split()
        if len(pixels) != FACE_SIZE[0] * FACE_SIZE[1]:
            raise DataError(
                f"Row {row + 2} of {path} has {len(pixels)} pixels, expected 48 x 48 = 2304."
            )
        try:
            images[row] = np.array(pixels, np.uint8).reshape(FACE_SIZE)
        except (ValueError, OverflowError) as error:
            raise DataError(f"Row {row + 2} of {path} has pixels outside 0..255.") from error
    labels = table["emotion"].to_numpy(np.int64)
    if len(labels) and not (labels.min() >= 0 and labels.max() < len(EMOTIONS)):
        raise DataError(f"{path} has labels outside 0..{len(EMOTIONS) - 1}.")
    split = table["Usage"].to_numpy(str)
    unknown = sorted(set(split) - set(SPLITS))
    if unknown:
        raise DataError(f"{path} has the unknown Usage {str(unknown[0])!r}.")
    return LabelledFaces(
        images=images,
        labels=labels,
        split=split,
        votes=_read_votes(ferplus, split) if ferplus else None,
        source="fer2013" + ("+ferplus" if ferplus else ""),
        digest=_digest([path, *([ferplus] if ferplus else [])]),
    )


def _read_votes(path: Path, split: np.ndarray) -> np.ndarray:
    """FER+ counts, int64 (N, 10), row for row with FER2013."""
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise DataError(f"The FER+ file {path} cannot be read as CSV ({error}).") from error
    if len(table) != len(split) or len(table.columns) != 2 + VOTES:
        raise DataError(
            f"{path} has {len(table)} rows and {len(table.columns)} columns; FER+ has one row for "
            f"each of the {len(split)} faces and {2 + VOTES} columns."
        )
    if not np.array_equal(table.iloc[:, 0].to_numpy(str), split):
        raise DataError(f"The rows of {path} are not in the order of the FER2013 file.")
    return np.asarray(table.iloc[:, 2:], np.int64)


def _read_folder(root: Path) -> LabelledFaces:
    images, labels, split, files = [], [], [], []
    for usage, folder in SPLITS.items():
        for label, name in enumerate(EMOTIONS):
            for path in sorted((root / folder / name).glob("*")):
                if path.suffix.lower() not in IMAGE_SUFFIXES:
                    continue
                try:
                    face = to_gray(read_image(path.read_bytes()), FACE_SIZE)
                except EmotionError as error:
                    raise DataError(f"{path}: {error}") from error
                images.append(face)
                labels.append(label)
                split.append(usage)
                files.append(path)
    if not images:
        raise DataError(
            f"No pictures under {root}: expected train|val|test/LABEL/*, "
            f"with LABEL one of {', '.join(EMOTIONS)}."
        )
    return LabelledFaces(
        images=np.stack(images),
        labels=np.array(labels, np.int64),
        split=np.array(split),
        votes=None,
        source=root.name,
        digest=_digest(files),
    )


def _digest(paths: Iterable[Path]) -> str:
    """sha256 over the files' bytes, in the given order."""
    total = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


def resized(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Grey faces uint8 (N, H, W) at another (height, width)."""
    if images.shape[1:] == size:
        return images
    return np.stack([cv2.resize(i, size[::-1], interpolation=cv2.INTER_AREA) for i in images])
