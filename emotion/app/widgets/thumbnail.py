"""Small square pictures of faces, as data URLs."""

from __future__ import annotations

import base64

import cv2
import numpy as np

from emotion.imaging.files import encode_image
from emotion.types import Face, Image

_THUMBNAIL_PX = 112  # twice the size on the page: sharp on high-density screens
_MARGIN = 0.18  # on each side, as a fraction of the box's longer side


def thumbnail(image: Image, face: Face) -> str:
    """The face with a margin as a square JPEG, black outside the image.

    Args:
        image: RGB uint8 (H, W, 3).
        face: Of the image; only its box is used.

    Returns:
        A data URL.
    """
    x1, y1, x2, y2 = (float(v) for v in face.xyxy)
    side = max(x2 - x1, y2 - y1, 1.0) * (1 + 2 * _MARGIN)
    scale = _THUMBNAIL_PX / side
    left, top = (x1 + x2 - side) / 2, (y1 + y2 - side) / 2
    # Shrink the crop first: warping straight from a large image would alias.
    x, y = max(0, int(left)), max(0, int(top))
    cut = image[y : max(y + 1, int(top + side) + 1), x : max(x + 1, int(left + side) + 1)]
    shrink = min(scale, 1.0)
    size = (max(1, round(cut.shape[1] * shrink)), max(1, round(cut.shape[0] * shrink)))
    cut = np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    zoom = scale / shrink
    move = np.array([[zoom, 0, (x - left) * scale], [0, zoom, (y - top) * scale]], dtype=np.float64)
    warped = cv2.warpAffine(cut, move, (_THUMBNAIL_PX, _THUMBNAIL_PX), flags=cv2.INTER_LINEAR)
    square = np.asarray(warped, dtype=np.uint8)
    data = base64.b64encode(encode_image(square, suffix=".jpg", quality=85)).decode()
    return f"data:image/jpeg;base64,{data}"
