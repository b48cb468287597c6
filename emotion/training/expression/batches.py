"""Batches of the classifier: sampled by class, augmented, with the targets of each head."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from emotion.training.common.batching import full_batches
from emotion.training.expression.augmentation import Augmentation, augment
from emotion.training.expression.targets import Targets


@dataclass(frozen=True, eq=False)
class Batch:
    """B faces with their targets.

    Attributes:
        images: uint8 (B, H, W, 1), grey, or (B, H, W, 3), RGB.
        targets: Head -> float32 (B, C), rows summing to 1.
        weights: Head -> float32 (B,), 0 where the head has no label.
    """

    images: np.ndarray
    targets: dict[str, np.ndarray]
    weights: dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassBalancedSampler:
    """Samples the rows of one data set for an epoch.

    Attributes:
        labels: Class of each row, int (N,).
        num_samples: Number of rows to sample.
        balance: Power of class-balanced sampling, 0..1: a row is sampled in proportion to its
            class's frequency to the power ``-balance``. At 0 all rows are sampled equally often, at
            .5 by the inverse square root of the class's frequency, at 1 all classes are.
    """

    labels: np.ndarray
    num_samples: int
    balance: float = 0.0

    def sample(self, rng: np.random.Generator) -> np.ndarray:
        """Samples the rows of one epoch.

        Args:
            rng: Source of all random numbers.

        Returns:
            int64 (num_samples,). Within a class, no row comes two times more often than another.
        """
        if not self.balance:
            return _repeated(np.arange(len(self.labels)), self.num_samples, rng)
        classes, counts = np.unique(self.labels, return_counts=True)
        mass = counts ** (1.0 - self.balance)
        # Rounding the cumulative sum gives whole numbers with the right total.
        ends = np.round(np.cumsum(mass) / mass.sum() * self.num_samples).astype(np.int64)
        each = np.diff(ends, prepend=0)
        return np.concatenate(
            [
                _repeated(np.flatnonzero(self.labels == label), count, rng)
                for label, count in zip(classes, each, strict=True)
            ]
        )


def _repeated(rows: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """``count`` of the rows in random order, all repeated before any is repeated again."""
    rounds = [rng.permutation(rows) for _ in range(max(-(-count // len(rows)), 1))]
    return np.concatenate(rounds)[:count]


def epoch_batches(
    images: Sequence[np.ndarray] | np.ndarray,
    targets: Mapping[str, Targets],
    config: Augmentation,
    *,
    samplers: Sequence[ClassBalancedSampler] | None = None,
    batch_size: int,
    size: tuple[int, int],
    channels: int = 1,
    seed: int,
    epoch: int,
) -> Iterator[Batch]:
    """Makes one epoch's full batches; they depend on seed and epoch alone.

    Args:
        images: Faces, uint8 (H, W) or (H, W, 3), of any size.
        targets: Head -> targets of all rows.
        config: How faces are augmented.
        samplers: How each data set is sampled, in the order of its rows; None for every row once.
        batch_size: Faces in a batch; an incomplete last batch is dropped.
        size: (height, width) of the batches' faces in pixels.
        channels: Channels of the batches' faces; grey faces fill all three.
        seed: Seed of the run.
        epoch: Number of the epoch, from 0.

    Yields:
        The batches.
    """
    rng = np.random.default_rng([seed, epoch])
    every_row = ClassBalancedSampler(labels=np.zeros(len(images), int), num_samples=len(images))
    order = rng.permutation(_sampled(samplers or [every_row], rng))
    for rows in full_batches(order, batch_size):
        faces = np.empty((len(rows), *size, channels), np.uint8)
        for i, row in enumerate(rows):
            face = augment(images[row], size, config, rng)
            faces[i] = face[..., None] if face.ndim == 2 else face
        yield Batch(
            faces,
            {head: t.targets[rows] for head, t in targets.items()},
            {head: t.weights[rows] for head, t in targets.items()},
        )


def _sampled(samplers: Sequence[ClassBalancedSampler], rng: np.random.Generator) -> np.ndarray:
    """The rows of one epoch, int64, numbered over all data sets."""
    rows, first = [], 0
    for sampler in samplers:
        rows.append(first + sampler.sample(rng))
        first += len(sampler.labels)
    return np.concatenate(rows)
