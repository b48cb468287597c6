"""Drawing faces: a box and a tag with number, label and percentage, in the face's colour.

Images are RGB arrays or the planes of a video frame (see ``canvas``); boxes are in their pixels.
The same number always gets the same colour, on the image and beside it. Stateless but for a cache
of rendered tags; safe to use from several threads, each on its own images.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache

import cv2
import numpy as np

from emotion.imaging.canvas import Canvas, Color, I420Canvas, Rect, RgbCanvas
from emotion.imaging.yuv import Planes
from emotion.types import EMOTIONS, Face, Image, check_image

FACE_COLORS: tuple[Color, ...] = (
    (31, 132, 226),  # blue
    (240, 132, 24),  # orange
    (0, 138, 98),  # green
    (232, 110, 186),  # pink
    (222, 184, 20),  # yellow
    (104, 76, 216),  # violet
    (90, 200, 235),  # sky
    (186, 48, 44),  # red
    (190, 172, 150),  # sand
)
"""RGB colours of face 1, 2, ...: based on Okabe and Ito's palette, so that neighbours in the order
are distinct to colour-blind viewers too, and each is visible on light and dark backgrounds."""

_BLACK, _WHITE = (16, 16, 16), (255, 255, 255)
_FONT = cv2.FONT_HERSHEY_DUPLEX
_OVERSAMPLING = 4  # tags are drawn larger and scaled down: OpenCV's small text is ragged
_CAP_HEIGHT = 22.0  # pixels of a capital letter of the font at scale 1


def face_color(index: int) -> Color:
    """The RGB colour of the face with this index from 0; the colours repeat after the last."""
    return FACE_COLORS[index % len(FACE_COLORS)]


def ink_color(color: Color) -> Color:
    """Near-black or white, whichever has more contrast on the given RGB colour (WCAG 2)."""
    luminance = _luminance(color)
    on_white = 1.05 / (luminance + 0.05)
    on_black = (luminance + 0.05) / (_luminance(_BLACK) + 0.05)
    return _WHITE if on_white >= on_black * 0.6 else _BLACK  # white looks better


def annotate(
    image: Image,
    faces: Sequence[Face],
    *,
    numbers: Sequence[int] | None = None,
    labels: bool = True,
) -> Image:
    """A copy of the image with the faces drawn; arguments as for ``annotate_into``."""
    copy = np.array(check_image(image), order="C")
    annotate_into(copy, faces, numbers=numbers, labels=labels)
    return copy


def annotate_into(
    image: Image,
    faces: Sequence[Face],
    *,
    numbers: Sequence[int] | None = None,
    labels: bool = True,
) -> None:
    """Draws the faces into the image itself, each with its number, label and percentage.

    A tag that would cover another tag or face is moved, then shortened down to the number; it is
    left out only where the image is too small even for that.

    Args:
        image: RGB uint8 (H, W, 3), writeable; changed in place.
        faces: Boxes in pixels of the image; parts outside it are cut off.
        numbers: One per face, shown in the tag and selecting the colour: face 1 has
            ``face_color(0)``. By default 1, 2, ...
        labels: False draws boxes and numbers only.

    Raises:
        ValueError: Not a writeable RGB image, or not one number per face.
    """
    if not check_image(image).flags.writeable:
        raise ValueError("expected a writeable image, got a read-only one; use annotate instead")
    # OpenCV draws on whole rows only.
    canvas = image if image.flags.c_contiguous else np.ascontiguousarray(image)
    _annotate(RgbCanvas(canvas), faces, numbers, labels)
    if canvas is not image:
        image[...] = canvas


def annotate_planes(
    planes: Planes,
    faces: Sequence[Face],
    *,
    numbers: Sequence[int] | None = None,
    labels: bool = True,
) -> None:
    """``annotate_into`` for the I420 planes of a video frame."""
    _annotate(I420Canvas(planes), faces, numbers, labels)


def _annotate(
    canvas: Canvas, faces: Sequence[Face], numbers: Sequence[int] | None, labels: bool
) -> None:
    shown = range(1, len(faces) + 1) if numbers is None else numbers
    if len(shown) != len(faces):
        raise ValueError(f"expected one number for each of {len(faces)} faces, got {len(shown)}")
    boxes = [_pixel_box(face, canvas) for face in faces]
    for box, number in zip(boxes, shown, strict=True):
        _draw_box(canvas, box, face_color(number - 1))
    taken: list[Rect] = []
    for index, (face, number) in enumerate(zip(faces, shown, strict=True)):
        others = boxes[:index] + boxes[index + 1 :]
        _draw_tag(canvas, boxes[index], face, number, labels, taken, others)


def _pixel_box(face: Face, canvas: Canvas) -> Rect:
    """The face's box in whole pixels, clipped to the image, at least one pixel wide and high."""
    height, width = canvas.height, canvas.width
    x1, y1, x2, y2 = (round(float(v)) for v in face.xyxy)
    x1, y1 = min(max(x1, 0), width - 1), min(max(y1, 0), height - 1)
    return x1, y1, min(max(x2, x1 + 1), width), min(max(y2, y1 + 1), height)


def _line_width(box: Rect, canvas: Canvas) -> int:
    by_picture = math.sqrt(canvas.height * canvas.width) / 270
    by_face = min(box[2] - box[0], box[3] - box[1]) / 16
    return max(1, round(min(by_picture, by_face)))


def _draw_box(canvas: Canvas, box: Rect, color: Color) -> None:
    width = _line_width(box, canvas)
    canvas.frame(box, _BLACK, width + 2)  # a thin dark outline: visible on light skin and sky
    canvas.frame(box, color, width)


def _draw_tag(
    canvas: Canvas,
    box: Rect,
    face: Face,
    number: int,
    labels: bool,
    taken: list[Rect],
    others: Sequence[Rect],
) -> None:
    """Pastes the longest tag that covers no other tag or face; adds its place to ``taken``."""
    color = face_color(number - 1)
    texts = [str(number)]
    if labels:
        # Of the label itself, which in a video need not be the most probable one (hysteresis).
        percent = round(100 * float(face.probabilities[EMOTIONS.index(face.label)]))
        percent_text = ">99%" if percent == 100 else f"{percent}%"  # never certain
        texts = [f"{number} {face.label} {percent_text}", f"{number} {face.label}", str(number)]
    height = _text_height(box, canvas) if labels else _number_height(box, canvas)
    tags = [_render_tag(text, height, color) for text in texts]
    for tag in tags:
        for place in _places(box, tag, canvas, beside=not labels):
            if not any(_overlap(place, other) for other in (*taken, *others)):
                _paste(canvas, tag, place, taken)
                return
    # No free place: the number, where it hides the least.
    places = list(_places(box, tags[-1], canvas, beside=True))
    if places:
        hidden = [sum(_common(place, other) for other in (*taken, *others)) for place in places]
        _paste(canvas, tags[-1], places[hidden.index(min(hidden))], taken)


def _paste(canvas: Canvas, tag: Image, place: Rect, taken: list[Rect]) -> None:
    canvas.paste(tag, place[0], place[1])
    taken.append(place)


def _places(box: Rect, tag: Image, canvas: Canvas, *, beside: bool) -> Iterator[Rect]:
    """Candidate rectangles for the tag, the best first: above the box, below it, at its top.

    Args:
        box: Of the face.
        tag: To be placed.
        canvas: It has to lie within.
        beside: Also at the box's right ends and sides, before its top, where it hides the face.
    """
    height, width = canvas.height, canvas.width
    tag_height, tag_width = tag.shape[:2]
    if tag_height > height or tag_width > width:
        return
    rim = _line_width(box, canvas) // 2 + 1
    left = min(max(box[0] - rim, 0), width - tag_width)
    right = min(max(box[2] + rim - tag_width, 0), width - tag_width)
    above, below = box[1] - rim - tag_height + 1, box[3] + rim - 1
    corners = [(left, above), (left, below)]
    if beside:
        corners += [(right, above), (right, below)]
        for y in (box[1], box[3] - tag_height):
            corners += [(box[2] + rim - 1, y), (box[0] - rim - tag_width + 1, y)]
    for x, y in (*corners, (left, box[1])):
        if 0 <= y <= height - tag_height and 0 <= x <= width - tag_width:
            yield x, y, x + tag_width, y + tag_height


def _overlap(a: Rect, b: Rect) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _common(a: Rect, b: Rect) -> int:
    """Pixels of the intersection."""
    across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(across, 0) * max(down, 0)


def _number_height(box: Rect, canvas: Canvas) -> int:
    """``_text_height`` of a number alone, which is small beside a small face."""
    usual = math.sqrt(canvas.height * canvas.width) / 44
    return max(8, round(min(0.75 * usual, max(0.4 * usual, (box[2] - box[0]) / 5))))


def _text_height(box: Rect, canvas: Canvas) -> int:
    """Cap height in pixels: grows with the image, slightly smaller for small faces."""
    usual = math.sqrt(canvas.height * canvas.width) / 44
    return max(8, round(min(usual, max(usual * 0.75, (box[2] - box[0]) / 7))))


@lru_cache(maxsize=128)
def _render_tag(text: str, text_height: int, color: Color) -> Image:
    """The tag as a read-only RGB image with even sides: the text on the face's colour."""
    scale = text_height * _OVERSAMPLING / _CAP_HEIGHT
    stroke = max(1, round(text_height * _OVERSAMPLING * 0.13))
    (text_width, _), _ = cv2.getTextSize(text, _FONT, scale, stroke)
    pad_x, pad_y = max(3, round(text_height * 0.5)), max(3, round(text_height * 0.45))
    height = _even(text_height + 2 * pad_y)
    width = _even(-(-text_width // _OVERSAMPLING) + 2 * pad_x)
    large = np.zeros((height * _OVERSAMPLING, width * _OVERSAMPLING), np.uint8)
    origin = (pad_x * _OVERSAMPLING, (pad_y + text_height) * _OVERSAMPLING)
    cv2.putText(large, text, origin, _FONT, scale, 255, stroke, cv2.LINE_AA)
    mask = cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA)[:, :, None] / 255.0
    blend = np.asarray(color) * (1 - mask) + np.asarray(ink_color(color)) * mask
    tag: Image = blend.round().astype(np.uint8)
    tag.flags.writeable = False
    return tag


def _even(length: int) -> int:
    return length + length % 2


def _luminance(color: Color) -> float:
    """Relative luminance, 0..1, of an sRGB colour (WCAG 2)."""
    linear = [v / 3294.6 if v <= 10 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in color]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
