"""Pictures with labelled faces: tar shards of images, and a line of JSON for each image.

``SPLIT.jsonl`` names each image's shard and file and lists its faces: ``xyxy``, ``ignore``,
``landmarks`` (absent where unknown), ``landmarks_source`` ("manual" or "auto"). The landmarks are
left eye, right eye, nose tip, left and right corner of the mouth, as seen in the image.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from emotion.detection.anchor_points import LANDMARKS
from emotion.errors import DataError
from emotion.imaging.files import read_image
from emotion.types import Floats, Image

MANUAL_WEIGHT, AUTO_WEIGHT, HIDDEN_WEIGHT = 1.0, 0.3, 0.5
"""How much a face's landmarks teach. Automatic ones repeat another detector's errors; of hidden
ones some are guessed behind the face."""

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True, eq=False)
class Faces:
    """The labelled faces of one picture, N of them; N = 0 is ordinary.

    boxes: float32 (N, 4) px, from the hairline to the chin, clipped to the picture. ignored: bool
    (N,), neither to be found nor background. landmarks: float32 (N, 5, 2) px, 0 where unknown; they
    may lie outside the picture. weights: float32 (N, 5), what each landmark teaches, 0 where it is
    unknown. manual: bool (N,), landmarks set by hand. blur: int8 (N,), 0 none to 2 heavy.
    """

    boxes: Floats
    ignored: np.ndarray
    landmarks: Floats
    weights: Floats
    manual: np.ndarray
    blur: np.ndarray

    def __len__(self) -> int:
        return len(self.boxes)

    def picked(self, keep: np.ndarray) -> Faces:
        """Those of a mask or of indices."""
        return Faces(
            self.boxes[keep], self.ignored[keep], self.landmarks[keep],
            self.weights[keep], self.manual[keep], self.blur[keep],
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Picture:
    """image: RGB uint8 (H, W, 3). name: the file's, within its data set."""

    image: Image
    faces: Faces
    name: str = ""


def joined_faces(parts: Sequence[Faces]) -> Faces:
    """The faces of all parts in one; at least one part."""
    return Faces(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("boxes", "ignored", "landmarks", "weights", "manual", "blur")
        )
    )


def faces_of(rows: Sequence[Mapping[str, Any]]) -> Faces:
    """The faces of one image's ``faces`` list."""
    points = [row.get("landmarks") for row in rows]
    known = np.array([p is not None for p in points], dtype=bool)
    manual = known & np.array([row.get("landmarks_source") == "manual" for row in rows], dtype=bool)
    hidden = np.array([bool(row.get("landmarks_hidden")) for row in rows], dtype=bool)
    weights = np.where(manual, MANUAL_WEIGHT, AUTO_WEIGHT) * np.where(hidden, HIDDEN_WEIGHT, 1.0)
    blank = np.zeros((LANDMARKS, 2))
    return Faces(
        boxes=np.array([row["xyxy"] for row in rows], dtype=np.float32).reshape(-1, 4),
        ignored=np.array([row.get("ignore", 0) for row in rows], dtype=bool),
        landmarks=np.array([blank if p is None else p for p in points], dtype=np.float32).reshape(
            -1, LANDMARKS, 2
        ),
        weights=np.repeat((weights * known)[:, None], LANDMARKS, axis=1).astype(np.float32),
        manual=manual,
        blur=np.array([row.get("blur", 0) for row in rows], dtype=np.int8),
    )


def read_pictures(
    folder: Path, split: str, *, limit: int | None = None, progress: Progress | None = None
) -> Iterator[Picture]:
    """The pictures of ``SPLIT.jsonl`` in its order, decoded one by one.

    Raises ``DataError`` when the split or a shard cannot be read.
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
                    yield Picture(image, faces_of(row["faces"]), str(row["image"]))
        except (OSError, KeyError, tarfile.TarError) as error:
            raise DataError(
                f"{folder / shard} cannot be read ({error}); fetch it again."
            ) from error


def digest(folder: Path, split: str) -> str:
    """The sha256 of the split's labels; each names its image by a hash of its own."""
    return hashlib.sha256((folder / f"{split}.jsonl").read_bytes()).hexdigest()


def set_aside(
    pictures: Sequence[Picture], share: float, seed: int
) -> tuple[list[Picture], list[Picture]]:
    """A part to learn from and a part to choose on, of pictures drawn by the seed.

    share: of the second, as a fraction; each part has at least one picture.
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
