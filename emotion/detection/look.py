"""Looks at one face in a small view of its own: to follow it, or to see it better.

The view is turned upright by the face's landmarks and shows little around it, so that a look costs
a tenth of a search and sees the face at the same size wherever it is. Stateless; as safe to use
from several threads as the network that looks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from emotion.detection.anchors import clip_boxes
from emotion.detection.points import best, merged
from emotion.detection.views import Affine, Pyramid, face_view, turned_boxes
from emotion.geometry.boxes import areas
from emotion.types import Detection, Floats, Image, check_image

SIDE = 160  # px of a view; the face is 67 of them
ZOOM = 2.4  # side of a view in box sides
MERGE_IOU = 0.45
LOOK_FROM = 60.0  # px; the search itself sees smaller faces no worse
LOOK_SCORE = 0.2  # of a face that is worth a look; a lower one gains nothing and costs three times
MAX_LOOKS = 16  # the largest faces of a crowd

Found = tuple[Floats, Floats, Floats]
"""Boxes (N, 4), landmarks (N, K, 2) and scores (N,), in pixels of what was looked at."""

Look = Callable[[Image], Found]


def refined(
    look: Look, image: Image, detections: Sequence[Detection], min_score: float
) -> tuple[Detection | None, ...]:
    """The given faces where they are now, in their order; None for one that is gone.

    Each is looked for near its last box, by up to half its size. Duplicates are not merged.
    """
    pyramid = Pyramid(check_image(image))
    result: list[Detection | None] = []
    for face in detections:
        box, points, score = _seen(look, pyramid, face.whole, face.landmarks)
        gone = points is None
        result.append(None if gone else detection_of(box, points, score, pyramid.size, min_score))
    return tuple(result)


def detection_of(
    box: Floats, points: Floats | None, score: float, size: tuple[int, int], least: float
) -> Detection | None:
    """The face of a box in a picture of that height and width.

    None where its score is below ``least`` or nothing of it is in the picture.
    """
    clipped = clip_boxes(box, *size)
    if score < least or areas(clipped) <= 0:
        return None
    return Detection(xyxy=clipped, score=float(score), landmarks=points, uncut=box)


def largest_first(found: Found, size: tuple[int, int], least: float) -> tuple[Detection, ...]:
    """Those of the found faces that are detections, see ``detection_of``."""
    faces = (detection_of(*face, size, least) for face in zip(*found, strict=True))
    return tuple(sorted((face for face in faces if face), key=lambda face: -face.area))


def threshold(own: float, given: float | None) -> float:
    """The score that counts as a face: the given one, else the detector's own."""
    if given is None:
        return own
    if not 0 <= given <= 1:
        raise ValueError(f"expected a min_score of 0..1, got {given}")
    return given


def looked_again(look: Look, image: Image, found: Found) -> Found:
    """What was found, the large faces seen once more: box and landmarks of the view, mean score.

    A face is seen larger, upright and of one size, which tells true ones from false and places
    them better. One that is not seen again has half its score.
    """
    boxes, points, scores = (values.copy() for values in found)
    size = np.where(scores >= LOOK_SCORE, np.sqrt(areas(boxes)), 0)
    pyramid = Pyramid(image)
    large = np.argsort(-size, kind="stable")[:MAX_LOOKS]
    for i in large[size[large] >= LOOK_FROM].tolist():
        box, six, score = _seen(look, pyramid, boxes[i], points[i])
        scores[i] = (scores[i] + score) / 2
        if six is not None:
            boxes[i], points[i] = box, six
    return merged(boxes, points, scores, iou=MERGE_IOU)


def _seen(
    look: Look, pyramid: Pyramid, box: Floats, points: Floats | None
) -> tuple[Floats, Floats | None, float]:
    """The best face near a box's middle, in the picture's pixels; the box, None and 0 if none."""
    view = face_view(box, points, SIDE, ZOOM)
    boxes, found, scores = look(pyramid.sample(view, SIDE, SIDE))
    away = np.abs((boxes[:, :2] + boxes[:, 2:] - SIDE) / 2).max(axis=1, initial=0)
    near = away < SIDE / (2 * ZOOM)
    if not near.any():
        return box, None, 0.0
    own, six, score = best(boxes[near], found[near], scores[near], iou=MERGE_IOU)
    return *_in_picture(view, own[None], six), score


def _in_picture(view: Affine, box: Floats, points: Floats) -> tuple[Floats, Floats]:
    """A box (1, 4) as (4,) and points (K, 2) of a view, in the picture's pixels."""
    back = np.linalg.inv(view[:, :2])
    inverse = np.column_stack([back, -back @ view[:, 2]])
    moved = points @ inverse[:, :2].T + inverse[:, 2]
    return turned_boxes(box, inverse)[0].astype(np.float32), moved.astype(np.float32)
