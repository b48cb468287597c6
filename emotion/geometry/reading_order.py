"""Boxes in the order in which a page is read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def reading_order(boxes: Sequence[npt.ArrayLike]) -> list[int]:
    """Indices of the boxes from left to right in rows from top to bottom.

    A box belongs to a row if its centre is within the height of the row's first box.

    Args:
        boxes: Of each x1, y1, x2, y2.

    Example:
        >>> reading_order([(0, 50, 9, 59), (20, 2, 29, 11), (0, 0, 9, 9)])
        [2, 1, 0]
    """
    corners = np.asarray(boxes, np.float64).reshape(-1, 4)
    x, y = (corners[:, 0] + corners[:, 2]) / 2, (corners[:, 1] + corners[:, 3]) / 2
    left = list(np.argsort(corners[:, 1], kind="stable"))
    order: list[int] = []
    while left:
        first = corners[left[0]]
        row = [i for i in left if y[i] <= first[3]]
        order += sorted((int(i) for i in row), key=lambda i: x[i])
        left = [i for i in left if i not in row]
    return order
