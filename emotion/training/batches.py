"""Batches for training: shuffled, augmented, made one ahead of the step that uses them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from emotion.training.augment import Augmentation, augment
from emotion.training.targets import Targets


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
    batch_size: int,
    size: tuple[int, int],
    seed: int,
    epoch: int,
) -> Iterator[Batch]:
    """One epoch's full batches; the same for the same seed and epoch, whatever ran before.

    The last, incomplete batch is left out: its pictures come in other epochs.
    """
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(len(images))
    for start in range(0, len(order) - batch_size + 1, batch_size):
        rows = order[start : start + batch_size]
        faces = np.stack([augment(images[row], size, config, rng) for row in rows])[..., None]
        yield Batch(
            faces,
            {head: t.targets[rows] for head, t in teaching.items()},
            {head: t.weights[rows] for head, t in teaching.items()},
        )


def prefetched(batches: Iterator[Batch], depth: int = 3) -> Iterator[Batch]:
    """The same batches, made in a thread up to ``depth`` ahead; its errors are raised here."""
    ready: queue.Queue[Batch | BaseException | None] = queue.Queue(depth)
    stop = threading.Event()

    def put(item: Batch | BaseException | None) -> bool:
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
