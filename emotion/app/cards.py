"""One card a face in plain HTML: its thumbnail, the sentence and its bars, in its box's colour."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

import cv2
import numpy as np

from emotion.app.bars import bars_html
from emotion.app.words import face_sentence
from emotion.imaging.annotation import face_color
from emotion.imaging.files import encode_image
from emotion.types import Face, Image

_THUMBNAIL_PX = 112  # shown at half of it: sharp on dense screens
_MARGIN = 0.18  # of the box's longer side, around it
_SMALL_FACE_PX = 40


def thumbnail(image: Image, face: Face) -> str:
    """A small square JPEG of the face as a data address; black where the picture ends."""
    x1, y1, x2, y2 = (float(v) for v in face.xyxy)
    side = max(x2 - x1, y2 - y1, 1.0) * (1 + 2 * _MARGIN)
    scale = _THUMBNAIL_PX / side
    left, top = (x1 + x2 - side) / 2, (y1 + y2 - side) / 2
    # From a plain cut first: warping straight from a large picture would alias.
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


def cards_html(faces: Sequence[Face], thumbnails: Sequence[str]) -> str:
    """The cards of all faces for ``st.html``, in their order, numbered from 1."""
    cards = "".join(
        _card_html(face, number, picture)
        for number, (face, picture) in enumerate(zip(faces, thumbnails, strict=True), start=1)
    )
    return f'<div class="face-cards">{cards}</div>'


def _card_html(face: Face, number: int, picture: str) -> str:
    color = face_color(number - 1)
    sentence = escape(face_sentence(face, number))
    width, height = (float(v) for v in face.xyxy[2:] - face.xyxy[:2])
    note = "A small face: less certain." if max(width, height) < _SMALL_FACE_PX else ""
    return (
        f'<article class="face-card" style="--face:rgb{color}" data-face="{number}">'
        f'<header><img src="{picture}" alt="Face {number}"><div><h3>{sentence}</h3>'
        f"{f'<p>{note}</p>' if note else ''}</div></header>"
        f"{bars_html(face.probabilities, color, title=f'Probabilities of face {number}')}</article>"
    )
