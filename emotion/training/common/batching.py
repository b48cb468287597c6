"""Splitting an epoch into batches."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


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
