"""Batches for training: shuffled, augmented, made one ahead of the step that uses them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from emotion.training.expression.augmentation import Augmentation, augment
from emotion.training.expression.targets import Targets


@dataclass(frozen=True, eq=False)
class Batch:
    """images: uint8 (B, H, W, 1 or 3); targets: head -> float32 (B, C); weights: head -> (B,)."""

    images: np.ndarray
    targets: dict[str, np.ndarray]
    weights: dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True, eq=False)
class Draw:
    """How the rows of one set are drawn for an epoch.

    Attributes:
        labels: int (N,), the class of each row.
        wanted: Rows to draw.
        balance: Power of class-balanced sampling, 0..1: a row of a class comes as often as the
            class's frequency to the power ``-balance``. At 0 all rows come alike often, at .5 by
            the inverse square root, at 1 all classes do.
    """

    labels: np.ndarray
    wanted: int
    balance: float = 0.0

    def rows(self, rng: np.random.Generator) -> np.ndarray:
        """The rows of one epoch, int64 (wanted,); within a class none oftener than needed."""
        if not self.balance:
            return _repeated(np.arange(len(self.labels)), self.wanted, rng)
        classes, counts = np.unique(self.labels, return_counts=True)
        mass = counts ** (1.0 - self.balance)
        # Whole numbers that sum to what is wanted.
        ends = np.round(np.cumsum(mass) / mass.sum() * self.wanted).astype(np.int64)
        each = np.diff(ends, prepend=0)
        return np.concatenate(
            [
                _repeated(np.flatnonzero(self.labels == label), count, rng)
                for label, count in zip(classes, each, strict=True)
            ]
        )


def _repeated(rows: np.ndarray, wanted: int, rng: np.random.Generator) -> np.ndarray:
    """So many of the rows, each as often as the others but for one time."""
    rounds = [rng.permutation(rows) for _ in range(max(-(-wanted // len(rows)), 1))]
    return np.concatenate(rounds)[:wanted]


def epoch_batches(
    images: Sequence[np.ndarray] | np.ndarray,
    targets: Mapping[str, Targets],
    config: Augmentation,
    *,
    parts: Sequence[Draw] | None = None,
    batch_size: int,
    size: tuple[int, int],
    channels: int = 1,
    seed: int,
    epoch: int,
) -> Iterator[Batch]:
    """One epoch's full batches; the same for the same seed and epoch, whatever ran before.

    images: of every row a face, uint8 (H, W) or (H, W, 3), of any size. parts: how each set is
    drawn, one after the other; None for every row once. channels: of the batches' faces. The last,
    incomplete batch is left out: its pictures come in other epochs.
    """
    rng = np.random.default_rng([seed, epoch])
    whole = Draw(labels=np.zeros(len(images), np.int64), wanted=len(images))
    order = rng.permutation(_drawn(parts or [whole], rng))
    for start in range(0, len(order) - batch_size + 1, batch_size):
        rows = order[start : start + batch_size]
        faces = np.empty((len(rows), *size, channels), np.uint8)
        for place, row in enumerate(rows):
            face = augment(images[row], size, config, rng)
            faces[place] = face[..., None] if face.ndim == 2 else face  # grey fills all channels
        yield Batch(
            faces,
            {head: t.targets[rows] for head, t in targets.items()},
            {head: t.weights[rows] for head, t in targets.items()},
        )


def _drawn(parts: Sequence[Draw], rng: np.random.Generator) -> np.ndarray:
    """The rows of one epoch, int64, counted over all sets."""
    rows, first = [], 0
    for part in parts:
        rows.append(first + part.rows(rng))
        first += len(part.labels)
    return np.concatenate(rows)
