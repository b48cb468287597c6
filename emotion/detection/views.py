"""Which parts of a picture a network sees, and the way back to the picture's pixels.

A view is an affine map, float64 (2, 3), from picture pixels to input pixels. Coordinates count
pixel edges: pixel 0 reaches from 0 to 1. OpenCV's warps count pixel centres, so half a pixel is
shifted at that border. A ``Pyramid`` belongs to one call; all else is stateless.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from emotion.types import Floats, Image

Affine = npt.NDArray[np.float64]


class Pyramid:
    """A picture and its halvings, each made when first asked for; for one thread.

    Sampling a large face at every seventh pixel would alias, and what the network sees would
    change with every small movement; a halving is the true mean of four pixels.
    """

    def __init__(self, image: Image) -> None:
        self._levels = [(image, 1.0, 1.0)]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the picture."""
        image = self._levels[0][0]
        return image.shape[0], image.shape[1]

    def level(self, shrink: float) -> tuple[Image, float, float]:
        """The smallest level at most ``shrink`` times smaller, and its scale in x and in y."""
        wanted = int(math.log2(shrink)) if shrink >= 2 else 0
        while len(self._levels) <= wanted and max(self._levels[-1][0].shape[:2]) >= 2:
            image, scale_x, scale_y = self._levels[-1]
            by_y, by_x = (2 if side >= 2 else 1 for side in image.shape[:2])
            rows, columns = image.shape[0] // by_y, image.shape[1] // by_x
            # An odd last row or column is left out, so that exactly four pixels make one.
            even = image[: rows * by_y, : columns * by_x]
            half = cv2.resize(even, (columns, rows), interpolation=cv2.INTER_AREA)
            self._levels.append((np.asarray(half), scale_x / by_x, scale_y / by_y))
        return self._levels[min(wanted, len(self._levels) - 1)]

    def sample(self, view: Affine, height: int, width: int) -> Image:
        """What the view sees, uint8 (height, width, 3); black beyond the picture."""
        image, scale_x, scale_y = self.level(1 / math.hypot(view[0, 0], view[1, 0]))
        x1, y1, x2, y2 = _seen(view, height, width)
        # Only the part that is seen: OpenCV cannot warp a picture of 32,767 pixels or more a side.
        left, top = (max(int(v), 0) for v in (x1 * scale_x - 2, y1 * scale_y - 2))
        right, bottom = int(x2 * scale_x) + 3, int(y2 * scale_y) + 3
        part = image[top:bottom, left:right]
        if part.size == 0:
            return np.zeros((height, width, 3), dtype=np.uint8)
        turn = view[:, :2] / [scale_x, scale_y]
        offset = view[:, 2] + turn @ [left + 0.5, top + 0.5] - 0.5
        return np.asarray(
            cv2.warpAffine(part, np.column_stack([turn, offset]), (width, height)),
            dtype=np.uint8,
        )


def scan_view(left: float, top: float, scale: float) -> Affine:
    """The view whose first pixel lies at (left, top) of the picture, ``scale`` times its size."""
    return np.array([[scale, 0, -left * scale], [0, scale, -top * scale]], dtype=np.float64)


def face_view(box: Floats, points: Floats | None, size: int, zoom: float) -> Affine:
    """A square view, ``zoom`` times the box's longer side, turned so that the eyes are level."""
    x1, y1, x2, y2 = (float(v) for v in box)
    scale = size / (max(x2 - x1, y2 - y1, 1.0) * zoom)
    angle = 0.0
    if points is not None and len(points) >= 2:
        eye_x, eye_y = (float(v) for v in points[1] - points[0])
        angle = math.atan2(eye_y, eye_x)
    cos, sin = math.cos(angle) * scale, math.sin(angle) * scale
    turn = np.array([[cos, sin], [-sin, cos]])
    middle = turn @ [(x1 + x2) / 2, (y1 + y2) / 2]
    return np.column_stack([turn, size / 2 - middle])


def to_picture(view: Affine, boxes: Floats, points: Floats) -> tuple[Floats, Floats]:
    """Squares (N, 4) and points (N, K, 2) of a view, in the picture's pixels.

    A box keeps its centre and its size: a face turned upright in the view has the same upright
    square in the picture as if it had been found there.
    """
    back = np.linalg.inv(view[:, :2])
    middle = ((boxes[:, :2] + boxes[:, 2:]) / 2 - view[:, 2]) @ back.T
    side = (boxes[:, 2:] - boxes[:, :2]).mean(axis=1, keepdims=True)
    half = side / (2 * math.hypot(view[0, 0], view[1, 0]))
    squares = np.concatenate([middle - half, middle + half], axis=1)
    return squares.astype(np.float32), ((points - view[:, 2]) @ back.T).astype(np.float32)


def turned_boxes(boxes: Floats, view: Affine) -> npt.NDArray[np.float64]:
    """Upright boxes (N, 4) around what was in upright boxes, after an affine map; float64.

    A face is taken for the ellipse that fits its box, and the result is the box of the turned
    ellipse: the box of the turned corners would be up to twice as large as the face.
    """
    half = (boxes[:, 2:] - boxes[:, :2]).astype(np.float64) / 2
    middle = (boxes[:, :2] + boxes[:, 2:]).astype(np.float64) / 2 @ view[:, :2].T + view[:, 2]
    reach = np.sqrt(np.square(half) @ np.square(view[:, :2]).T)
    return np.concatenate([middle - reach, middle + reach], axis=1)


def tiles(height: int, width: int, *, side: int, overlap: float, limit: int) -> list[list[int]]:
    """Overlapping tiles [left, top, right, bottom], all of one size, that cover the picture.

    side: of a tile, at most the picture's own; it grows until no more than ``limit`` are needed.
    overlap: fraction of a tile that its neighbour sees too, at least.
    """
    while True:
        sizes = [min(side, length) for length in (width, height)]
        starts = [
            _starts(length, size, overlap)
            for length, size in zip((width, height), sizes, strict=True)
        ]
        if len(starts[0]) * len(starts[1]) <= limit:
            break
        side = side * 9 // 8 + 1
    return [[x, y, x + sizes[0], y + sizes[1]] for y in starts[1] for x in starts[0]]


def _starts(length: int, size: int, overlap: float) -> list[int]:
    count = 1 + math.ceil((length - size) / (size * (1 - overlap)))
    return [round(i * (length - size) / max(count - 1, 1)) for i in range(count)]


def _seen(view: Affine, height: int, width: int) -> tuple[float, float, float, float]:
    """Bounds (x1, y1, x2, y2) of what a view sees, in the picture's pixels."""
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], dtype=np.float64)
    seen = (corners - view[:, 2]) @ np.linalg.inv(view[:, :2]).T
    (x1, y1), (x2, y2) = seen.min(axis=0), seen.max(axis=0)
    return float(x1), float(y1), float(x2), float(y2)
