"""The detector's data: images in tar shards, and a line of JSON with the faces of each image.

``SPLIT.jsonl`` names each image's shard and file and lists its faces: ``xyxy``, ``ignore``,
``landmarks`` (absent where unknown), ``landmarks_source`` ("manual" or "auto"). The landmarks are
left eye, right eye, nose tip, left and right corner of the mouth, as seen in the image.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from emotion.detection.anchor_points import LANDMARKS
from emotion.errors import DataError
from emotion.imaging.files import read_image
from emotion.models.spec import sha256_of
from emotion.types import Floats, Image

MANUAL_WEIGHT, AUTO_WEIGHT, HIDDEN_WEIGHT = 1.0, 0.3, 0.5
"""Weights of a face's landmarks in the loss. Automatic ones repeat another detector's errors; some
of the hidden ones are guesses."""

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True, eq=False)
class Faces:
    """The labelled faces of one image, N of them; N = 0 is ordinary.

    Attributes:
        boxes: ``xyxy`` float32 (N, 4) px, from the hairline to the chin, clipped to the image.
        ignored: bool (N,), faces that count neither as faces nor as background.
        landmarks: float32 (N, 5, 2) px, 0 where unknown; they may lie outside of the image.
        weights: Weight of each landmark in the loss, float32 (N, 5); 0 where it is unknown.
        manual: Landmarks set by hand, bool (N,).
        blur: 0 (none) to 2 (heavy), int8 (N,).
        confidence: 1 for a label, the teacher's score for a pseudo-label, float32 (N,).
    """

    boxes: Floats
    ignored: np.ndarray
    landmarks: Floats
    weights: Floats
    manual: np.ndarray
    blur: np.ndarray
    confidence: Floats

    def __len__(self) -> int:
        return len(self.boxes)

    def take(self, keep: np.ndarray) -> Faces:
        """Selects faces by a mask, bool (N,), or by indices."""
        return Faces(*(getattr(self, each.name)[keep] for each in fields(self)))


@dataclass(frozen=True, eq=False)
class Picture:
    """A labelled image.

    Attributes:
        image: RGB uint8 (H, W, 3).
        faces: Its labelled faces.
        name: Its file's name within the data set.
        hard_negatives: Boxes that a detector wrongly took for faces, ``xyxy`` float32 (M, 4) px.
    """

    image: Image
    faces: Faces
    name: str = ""
    hard_negatives: Floats = field(default_factory=lambda: np.zeros((0, 4), np.float32))


def concatenate_faces(parts: Sequence[Faces]) -> Faces:
    """Concatenates the faces of at least one image."""
    return Faces(
        *(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Faces))
    )


def parse_faces(rows: Sequence[Mapping[str, Any]]) -> Faces:
    """Parses one image's ``faces`` list.

    Args:
        rows: Of each face ``xyxy``, and where they are given ``ignore``, ``landmarks``,
            ``landmarks_source``, ``landmarks_hidden`` and ``blur``.
    """
    landmarks = [row.get("landmarks") for row in rows]
    known = np.array([each is not None for each in landmarks], dtype=bool)
    manual = known & np.array([row.get("landmarks_source") == "manual" for row in rows], dtype=bool)
    hidden = np.array([bool(row.get("landmarks_hidden")) for row in rows], dtype=bool)
    weights = np.where(manual, MANUAL_WEIGHT, AUTO_WEIGHT) * np.where(hidden, HIDDEN_WEIGHT, 1.0)
    blank = np.zeros((LANDMARKS, 2))
    return Faces(
        boxes=np.array([row["xyxy"] for row in rows], dtype=np.float32).reshape(-1, 4),
        ignored=np.array([row.get("ignore", 0) for row in rows], dtype=bool),
        landmarks=np.array(
            [blank if each is None else each for each in landmarks], dtype=np.float32
        ).reshape(-1, LANDMARKS, 2),
        weights=np.repeat((weights * known)[:, None], LANDMARKS, axis=1).astype(np.float32),
        manual=manual,
        blur=np.array([row.get("blur", 0) for row in rows], dtype=np.int8),
        confidence=np.ones(len(rows), dtype=np.float32),
    )


def read_pictures(
    folder: Path, split: str, *, limit: int | None = None, progress: Progress | None = None
) -> Iterator[Picture]:
    """Reads the images of a split in the order of its ``SPLIT.jsonl``, one at a time.

    Args:
        folder: Holds the ``.jsonl`` files and the shards.
        split: Name of the split, such as ``train``.
        limit: Read only the first ``limit`` images.
        progress: Called with the images done and their total.

    Yields:
        The labelled images.

    Raises:
        DataError: When the split or a shard cannot be read.
    """
    rows = _rows(folder, split)[:limit]
    done = 0
    for shard, group in groupby(rows, key=lambda row: str(row["shard"])):
        try:
            with tarfile.open(folder / shard) as archive:
                for row in group:
                    member = archive.extractfile(row["image"])
                    if member is None:
                        raise KeyError(row["image"])
                    image = read_image(member.read())
                    done += 1
                    if progress is not None:
                        progress(done, len(rows))
                    yield Picture(image, parse_faces(row["faces"]), str(row["image"]))
        except (OSError, KeyError, tarfile.TarError) as error:
            raise DataError(
                f"{folder / shard} cannot be read ({error}); fetch it again."
            ) from error


def digest(folder: Path, split: str) -> str:
    """The sha256 of a split's labels, which name each image by a hash of its content."""
    return sha256_of(folder / f"{split}.jsonl")


def split_validation(
    pictures: Sequence[Picture], share: float, seed: int
) -> tuple[list[Picture], list[Picture]]:
    """Splits images at random into a training and a validation split.

    Args:
        pictures: At least two images.
        share: Fraction of the images in the validation split; each split gets at least one.
        seed: Seed of the random split.

    Returns:
        Training and validation images, each in the order of ``pictures``.

    Raises:
        DataError: When there are fewer than two images.
    """
    if len(pictures) < 2:
        raise DataError(f"There are {len(pictures)} pictures; at least 2 are needed to train.")
    count = min(max(round(share * len(pictures)), 1), len(pictures) - 1)
    order = np.random.default_rng([seed, len(pictures)]).permutation(len(pictures))
    chosen = set(order[:count].tolist())
    return (
        [p for i, p in enumerate(pictures) if i not in chosen],
        [p for i, p in enumerate(pictures) if i in chosen],
    )


def _rows(folder: Path, split: str) -> list[dict[str, Any]]:
    try:
        lines = (folder / f"{split}.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]
    except (OSError, ValueError) as error:
        raise DataError(
            f"{folder} has no readable {split}.jsonl ({error}); name the folder of the face data."
        ) from error
