"""Affine maps between the pixels of two images: boxes, landmarks and the pixels themselves.

A map is float64 (2, 3): ``target = matrix[:, :2] @ source + matrix[:, 2]``. Coordinates count pixel
edges, x right and y down: pixel 0 reaches from 0 to 1. OpenCV's warps count pixel centres; ``warp``
alone converts between the two. Stateless; safe to use from several threads.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from emotion.types import Floats, Image

Affine = npt.NDArray[np.float64]


def eye_roll(landmarks: Floats | None) -> float:
    """The head's roll in the image plane, from the line between the eyes.

    Args:
        landmarks: (K, 2), the image's left and right eye first, or None.

    Returns:
        Radians, clockwise in the image positive; 0 where there are no two distinct eyes.
    """
    if landmarks is None or len(landmarks) < 2:
        return 0.0
    return float(eye_rolls(landmarks[None])[0])


def eye_rolls(landmarks: Floats) -> npt.NDArray[np.float64]:
    """``eye_roll`` in radians, float64 (N,), of the landmarks (N, K, 2) of several faces."""
    x, y = (landmarks[:, 1] - landmarks[:, 0]).astype(np.float64).T
    return np.asarray(np.arctan2(y, x))


def upright_view(
    center: tuple[float, float], roll: float, scale: tuple[float, float], size: tuple[int, int]
) -> Affine:
    """The map to a view around a point that levels a roll.

    Args:
        center: (x, y) in source pixels; the middle of the view.
        roll: Radians, clockwise positive, see ``eye_roll``; level in the view.
        scale: Target pixels per source pixel, along the view's x and y.
        size: (height, width) of the view.
    """
    cos, sin = math.cos(roll), math.sin(roll)
    linear = np.array([[cos * scale[0], sin * scale[0]], [-sin * scale[1], cos * scale[1]]])
    height, width = size
    return np.column_stack([linear, np.array([width, height]) / 2 - linear @ center])


def invert(matrix: Affine) -> Affine:
    """The map from target pixels back to source pixels."""
    back = np.linalg.inv(matrix[:, :2])
    return np.column_stack([back, -back @ matrix[:, 2]])


def map_points(points: npt.NDArray[np.floating], matrix: Affine) -> npt.NDArray[np.float64]:
    """Points (..., 2) after an affine map; float64."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])


def map_boxes(boxes: Floats, matrix: Affine) -> npt.NDArray[np.float64]:
    """Upright boxes around faces after an affine map.

    A face is taken for the ellipse that fits its box, and the result is the box of the mapped
    ellipse: the box of the mapped corners would be up to twice as large as the face.

    Args:
        boxes: ``xyxy`` (N, 4) in source pixels.
        matrix: The map, which may rotate, scale and mirror.

    Returns:
        ``xyxy`` float64 (N, 4) in target pixels.
    """
    half = (boxes[:, 2:] - boxes[:, :2]).astype(np.float64) / 2
    center = map_points((boxes[:, :2] + boxes[:, 2:]).astype(np.float64) / 2, matrix)
    reach = np.sqrt(np.square(half) @ np.square(matrix[:, :2]).T)
    return np.concatenate([center - reach, center + reach], axis=1)


def shrink_to_side(image: Image, side: int) -> Image:
    """The image with its longer side at most ``side`` pixels; a small one as it is.

    Each pixel of the result is the mean of those that it covers.
    """
    return scale_to_side(image, side, enlarge=1.0)


def scale_to_side(image: Image, side: int, *, enlarge: float) -> Image:
    """The image with its longer side ``side`` pixels long.

    Args:
        image: uint8 (H, W) or (H, W, 3).
        side: In pixels.
        enlarge: Largest enlargement, by linear interpolation; a smaller image ends below ``side``.
    """
    height, width = image.shape[:2]
    factor = min(side / max(height, width), enlarge)
    rows, columns = max(round(height * factor), 1), max(round(width * factor), 1)
    if (rows, columns) == (height, width):
        return image
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (columns, rows), interpolation=interpolation), np.uint8)


def downscale(image: Image, by_x: int, by_y: int) -> Image:
    """The image shrunk by whole factors; each result pixel is the mean of ``by_x * by_y`` pixels.

    Columns and rows left over at the right and the bottom are dropped, so that each mean has the
    same number of pixels. The image must have at least ``by_y`` rows and ``by_x`` columns.
    """
    rows, columns = image.shape[0] // by_y, image.shape[1] // by_x
    even = image[: rows * by_y, : columns * by_x]
    return np.asarray(cv2.resize(even, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)


def warp(
    image: Image,
    matrix: Affine,
    size: tuple[int, int],
    *,
    shrink: int = 1,
    repeat_edge: bool = False,
    fill: tuple[int, ...] = (0, 0, 0),
) -> Image:
    """The image after an affine map, bilinear; large reductions are averaged first.

    Only the visible part of the image is touched: OpenCV cannot warp an image of 32,767 pixels or
    more a side.

    Args:
        image: uint8 (H, W) or (H, W, 3).
        matrix: From pixels of ``image`` to pixels of the result.
        size: (height, width) of the result.
        shrink: Average this many pixels in x and y before the warp. Bilinear interpolation alone
            aliases where the map shrinks by more than two; ``shrink_of`` gives the usual value.
        repeat_edge: Repeat the image's edge beyond it, in place of ``fill``.
        fill: Colour beyond the image.

    Returns:
        uint8 (height, width) or (height, width, 3).
    """
    # Pixel centres lie at whole numbers for OpenCV, at halves here.
    linear = matrix[:, :2]
    centers = np.column_stack([linear, matrix[:, 2] + linear @ [0.5, 0.5] - 0.5])
    part, centers = _visible_part(image, centers, size, shrink)
    border = cv2.BORDER_REPLICATE if repeat_edge else cv2.BORDER_CONSTANT
    warped = cv2.warpAffine(part, centers, size[::-1], borderMode=border, borderValue=fill)
    return np.asarray(warped, np.uint8)


def shrink_of(matrix: Affine) -> int:
    """How many source pixels lie along one target pixel in x, rounded down; at least 1."""
    scale = math.hypot(matrix[0, 0], matrix[0, 1])
    return max(int(1 / max(scale, 1e-6)), 1)


def _visible_part(
    image: Image, matrix: Affine, size: tuple[int, int], shrink: int
) -> tuple[Image, Affine]:
    """The part of an image that a map of pixel centres shows, shrunk, and the map from it."""
    height, width = size
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], dtype=np.float64)
    seen = map_points(corners, invert(matrix))
    lengths = np.array([image.shape[1], image.shape[0]])
    # A margin for the interpolation; at least one pixel, also where nothing is visible.
    first = np.clip(np.floor(seen.min(axis=0)) - shrink, 0, lengths - 1).astype(int)
    last = np.clip(np.ceil(seen.max(axis=0)) + shrink, first + 1, lengths).astype(int)
    (left, top), (right, bottom) = first.tolist(), last.tolist()
    part, linear = image[top:bottom, left:right], matrix[:, :2]
    if shrink > 1 and min(part.shape[:2]) >= shrink:
        part = downscale(part, shrink, shrink)
    else:
        shrink = 1
    # part -> image: x_image = (x_part + 0.5) * shrink - 0.5 + left
    offset = linear @ (np.array([left, top]) + (shrink - 1) / 2) + matrix[:, 2]
    return part, np.column_stack([linear * shrink, offset])
