"""Full-frame detection: the whole picture, and overlapping tiles for small faces of a large one.

Stateless; safe to use from several threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from emotion.detection.base import Candidates
from emotion.geometry.affine import Affine, map_boxes, map_points, scale_to_side
from emotion.geometry.boxes import areas
from emotion.geometry.pyramid import Pyramid
from emotion.types import Floats, Image

MARGIN, MARGIN_SIDE, MARGIN_MIN_FACE = 0.5, 160, 0.4
"""A photo is also searched with black around it, as a face that fills the picture, or is cut by its
edge, is seldom found: width of the margin in sides of the picture, longer side of the input in px,
and the size from which a face counts, in shorter sides of the picture.
"""


class Region(NamedTuple):
    """A part of a picture in whole pixels; right and bottom exclusive."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, kw_only=True)
class Tiling:
    """How a large picture is cut into tiles.

    Attributes:
        side: Of a tile in pixels; it grows until ``max_tiles`` are enough. Tiles are no larger than
            the overlap needs.
        above: Longer side in pixels beyond which a picture is cut at all.
        overlap: Fraction of a tile that its neighbour sees too, at least.
        max_tiles: Bounds the work.
        edge_px: A candidate nearer than this to an inner edge of its tile is cut by it and dropped;
            the next tile or the whole picture has it. None keeps all.
    """

    side: int
    above: int
    max_tiles: int
    overlap: float = 0.2
    edge_px: float | None = None

    def applies_to(self, size: tuple[int, int]) -> bool:
        """Whether a picture of that (height, width) is large enough to be cut."""
        return max(size) > self.above


def detect_regions(
    detect_region: Callable[[Region], Candidates],
    size: tuple[int, int],
    tiling: Tiling | None,
) -> Candidates:
    """The candidates of the whole picture and of its tiles, before any suppression.

    Args:
        detect_region: Candidates of one region, in pixels of the picture.
        size: (height, width) of the picture.
        tiling: None for the whole picture alone.
    """
    found = []
    for region in regions(size, tiling):
        candidates = detect_region(region)
        if tiling is not None and tiling.edge_px is not None:
            cut = cut_by_tile(candidates.boxes, region, size, tiling.edge_px)
            candidates = candidates.select(~cut)
        found.append(candidates)
    return Candidates.concatenate(found)


def regions(size: tuple[int, int], tiling: Tiling | None) -> list[Region]:
    """The whole picture of that (height, width), then its tiles if it is large."""
    height, width = size
    whole = [Region(0, 0, width, height)]
    if tiling is None or not tiling.applies_to(size):
        return whole
    return whole + tiles(height, width, tiling)


def tiles(height: int, width: int, tiling: Tiling) -> list[Region]:
    """Overlapping tiles, all of one size, that cover a picture; row by row."""
    side = tiling.side
    while True:
        sizes = [min(side, length) for length in (width, height)]
        counts = [
            1 + math.ceil((length - size) / (size * (1 - tiling.overlap)))
            for length, size in zip((width, height), sizes, strict=True)
        ]
        if counts[0] * counts[1] <= tiling.max_tiles:
            break
        side = side * 9 // 8 + 1
    sizes = [
        min(size, math.ceil(length / (1 + (count - 1) * (1 - tiling.overlap))))
        for length, size, count in zip((width, height), sizes, counts, strict=True)
    ]
    starts = [
        [round(i * (length - size) / max(count - 1, 1)) for i in range(count)]
        for length, size, count in zip((width, height), sizes, counts, strict=True)
    ]
    return [Region(x, y, x + sizes[0], y + sizes[1]) for y in starts[1] for x in starts[0]]


def cut_by_tile(boxes: Floats, tile: Region, size: tuple[int, int], edge_px: float) -> np.ndarray:
    """Which boxes end at or beyond an edge of a tile that lies inside the picture.

    Args:
        boxes: (N, 4) in pixels of the picture.
        tile: Where they were found.
        size: (height, width) of the picture.
        edge_px: A box this near to the edge ends at it.

    Returns:
        bool (N,).
    """
    height, width = size
    inner = np.array([tile.left > 0, tile.top > 0, tile.right < width, tile.bottom < height])
    distance = np.abs(boxes - np.array(tile, dtype=np.float32))
    beyond = np.concatenate([boxes[:, :2] < tile[:2], boxes[:, 2:] > tile[2:]], axis=1)
    return np.asarray(((distance < edge_px) | beyond)[:, inner].any(axis=1))


def detect_margin(
    detect_region: Callable[[Region], Candidates], size: tuple[int, int]
) -> Candidates:
    """The large candidates of a picture with a black margin.

    Args:
        detect_region: Candidates of a region that reaches beyond the picture, in its pixels.
        size: (height, width) of the picture.
    """
    found = detect_region(with_margin(size))
    return found.select(fills(found.boxes, size))


def with_margin(size: tuple[int, int]) -> Region:
    """A picture of that (height, width) with its margin, in the picture's pixels."""
    height, width = size
    x, y = round(MARGIN * width), round(MARGIN * height)
    return Region(-x, -y, width + x, height + y)


def fills(boxes: Floats, size: tuple[int, int]) -> np.ndarray:
    """Which boxes (N, 4) nearly fill a picture of that (height, width); bool (N,)."""
    return np.asarray(np.sqrt(areas(boxes)) >= MARGIN_MIN_FACE * min(size))


def warp_region(pyramid: Pyramid, region: Region, side: int, multiple: int) -> tuple[Image, Affine]:
    """A region as a network takes it, also one that reaches beyond the picture.

    Args:
        pyramid: The picture.
        region: In its pixels.
        side: Longer side of the result in pixels, before it is rounded.
        multiple: Both sides of the result are multiples of this.

    Returns:
        uint8 (h, w, 3), black beyond the picture, and the map from the picture's pixels to it.
    """
    left, top, right, bottom = region
    scale = side / max(right - left, bottom - top)
    height, width = (
        multiple * max(math.ceil(round(length * scale) / multiple), 1)
        for length in (bottom - top, right - left)
    )
    view = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])
    return pyramid.warp(view, (height, width)), view


def letterbox(
    image: Image, side: int, multiple: int, *, enlarge: float = 1.0
) -> tuple[Image, Floats]:
    """An image as a network takes it: scaled to fit, black added at the right and bottom.

    Args:
        image: RGB uint8 (H, W, 3).
        side: Longest side of the scaled image in pixels.
        multiple: Both sides of the result are multiples of this.
        enlarge: A small image is enlarged by this factor at most; by default not at all.

    Returns:
        uint8 (h, w, 3), and the scale (x, y), float32, from the image to it.
    """
    height, width = image.shape[:2]
    view = scale_to_side(image, side, enlarge=enlarge)
    rows, columns = view.shape[:2]
    if rows % multiple or columns % multiple:
        shape = (-(-rows // multiple) * multiple, -(-columns // multiple) * multiple, 3)
        padded = np.zeros(shape, dtype=np.uint8)
        padded[:rows, :columns] = view
        view = padded
    scale = np.array([columns / width, rows / height], dtype=np.float32)
    return np.ascontiguousarray(view), scale


def map_candidates(candidates: Candidates, affine: Affine) -> Candidates:
    """Candidates after a map of their pixels.

    Args:
        candidates: N of them.
        affine: (2, 3), scales evenly.

    Returns:
        The same with moved boxes and landmarks.
    """
    return Candidates(
        map_boxes(candidates.boxes, affine).astype(np.float32),
        map_points(candidates.landmarks, affine).astype(np.float32),
        candidates.scores,
    )


def from_letterbox(candidates: Candidates, scale: Floats, origin: Sequence[float]) -> Candidates:
    """Candidates of a letterboxed region in pixels of the picture.

    Args:
        candidates: In pixels of the letterbox.
        scale: That ``letterbox`` gave.
        origin: (left, top) of the region in the picture.
    """
    offset = np.array(origin, dtype=np.float32)
    boxes = candidates.boxes / np.tile(scale, 2) + np.tile(offset, 2)
    landmarks = candidates.landmarks / scale + offset
    return Candidates(boxes.astype(np.float32), landmarks.astype(np.float32), candidates.scores)
