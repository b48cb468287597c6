"""Splitting an epoch into batches, and making them ahead of the training step."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")


def full_batches(order: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
    """Splits an epoch's order into batches; an incomplete last one is dropped.

    Args:
        order: Indices in the order of the epoch, int (N,).
        batch_size: Indices in a batch.

    Yields:
        The indices of each batch, int (batch_size,).
    """
    for start in range(0, len(order) - batch_size + 1, batch_size):
        yield order[start : start + batch_size]


def prefetch(batches: Iterator[Item], depth: int = 3) -> Iterator[Item]:
    """Makes batches in a background thread, ahead of their use.

    Args:
        batches: Where the batches come from; it runs in the thread.
        depth: Number of batches that are made ahead.

    Yields:
        The batches in their order. An error in the thread is raised here; when the consumer stops,
        so does the thread.
    """
    ready: queue.Queue[Item | BaseException | None] = queue.Queue(depth)
    stop = threading.Event()

    def put(item: Item | BaseException | None) -> bool:
        while not stop.is_set():
            try:
                ready.put(item, timeout=0.2)
                return True
            except queue.Full:
                continue
        return False

    def produce() -> None:
        try:
            for batch in batches:
                if not put(batch):
                    return
            put(None)
        except BaseException as error:  # noqa: BLE001  # handed to the consumer, which raises it
            put(error)

    thread = threading.Thread(target=produce, name="batches", daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        thread.join()
