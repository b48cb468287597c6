"""Small square pictures of faces, as data URLs."""

from __future__ import annotations

import base64

from emotion.geometry.affine import shrink_of, upright_view, warp
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
    scale, size = _THUMBNAIL_PX / side, (_THUMBNAIL_PX, _THUMBNAIL_PX)
    view = upright_view(((x1 + x2) / 2, (y1 + y2) / 2), 0.0, (scale, scale), size)
    square = warp(image, view, size, shrink=shrink_of(view))
    data = base64.b64encode(encode_image(square, suffix=".jpg", quality=85)).decode()
    return f"data:image/jpeg;base64,{data}"
