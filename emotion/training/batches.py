"""Batches for training: shuffled, augmented, made one ahead of the step that uses them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from emotion.training.augment import Augmentation, augment
from emotion.training.targets import Targets

Made = TypeVar("Made")


@dataclass(frozen=True, eq=False)
class Batch:
    """images: uint8 (B, H, W, 1); targets: head -> float32 (B, C); weights: head -> (B,)."""

    images: np.ndarray
    targets: dict[str, np.ndarray]
    weights: dict[str, np.ndarray]


def epoch_batches(
    images: np.ndarray,
    teaching: Mapping[str, Targets],
    config: Augmentation,
    *,
    parts: Sequence[tuple[int, int]] | None = None,
    batch_size: int,
    size: tuple[int, int],
    seed: int,
    epoch: int,
) -> Iterator[Batch]:
    """One epoch's full batches; the same for the same seed and epoch, whatever ran before.

    parts: of each set, one after the other, how many rows it has and how many of them are drawn
    (more than it has: some twice); None for every row once. The last, incomplete batch is left
    out: its pictures come in other epochs.
    """
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(_drawn(parts or [(len(images), len(images))], rng))
    for start in range(0, len(order) - batch_size + 1, batch_size):
        rows = order[start : start + batch_size]
        faces = np.stack([augment(images[row], size, config, rng) for row in rows])[..., None]
        yield Batch(
            faces,
            {head: t.targets[rows] for head, t in teaching.items()},
            {head: t.weights[rows] for head, t in teaching.items()},
        )


def _drawn(parts: Sequence[tuple[int, int]], rng: np.random.Generator) -> np.ndarray:
    """The rows of one epoch, int64: of each part as many as asked, none oftener than needed."""
    rows, first = [], 0
    for count, wanted in parts:
        rounds = [rng.permutation(count) for _ in range(-(-wanted // count))]
        rows.append(first + np.concatenate(rounds)[:wanted])
        first += count
    return np.concatenate(rows)


def prefetched(batches: Iterator[Made], depth: int = 3) -> Iterator[Made]:
    """The same batches, made in a thread up to ``depth`` ahead; its errors are raised here."""
    ready: queue.Queue[Made | BaseException | None] = queue.Queue(depth)
    stop = threading.Event()

    def put(item: Made | BaseException | None) -> bool:
        while not stop.is_set():
            try:
                ready.put(item, timeout=0.2)
                return True
            except queue.Full:
                continue
        return False

    def make() -> None:
        try:
            for batch in batches:
                if not put(batch):
                    return
            put(None)
        except BaseException as error:  # noqa: BLE001  # handed to the consumer, which raises it
            put(error)

    thread = threading.Thread(target=make, name="batches", daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        thread.join()
