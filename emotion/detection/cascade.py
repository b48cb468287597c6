"""The face detector: a scan proposes faces, a second look at each decides.

BlazeFace's back-camera model scans the whole picture, and tiles of a large one, with a low
threshold. Its short-range model then sees each proposal alone, turned upright and large, and gives
the final box, points and score, so that all boxes are framed alike: a square from the forehead to
the chin, which is given out as the box from the hairline to the chin that other detectors give.
Safe to use from several threads.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import numpy as np

from emotion.detection.anchors import (
    NUM_POINTS,
    decode,
    logit,
    sigmoid,
    weighted_nms,
)
from emotion.detection.blazeface import BACK, SHORT_RANGE, BlazeFace, to_input
from emotion.detection.look import detection_of, largest_first, threshold
from emotion.detection.squares import face_boxes, square_of
from emotion.detection.views import Pyramid, face_view, scan_view, tiles, to_picture
from emotion.geometry.boxes import overlaps, same_faces, stacked
from emotion.types import Detection, Floats, Image, check_image

DEFAULT_MIN_SCORE = 0.67
"""About 0.05 false faces a picture; chosen on the training part of the face data."""

PROPOSAL_SCORE = 0.3  # a lower one doubles the proposals, most of them false
QUICK_SHRINK, QUICK_SIDE, QUICK_SCORE = 4, 160, 0.25
"""Of a quick scan: how much smaller it is than the picture, its least longer side in px, and the
score of a proposal. On 220 training pictures of 640 px it led to .849 of the faces of 60 px and
more (.896 with heads rolled by 30 degrees), a scan at 256 px to .862 (.909) at 2.4 times the cost,
with as many false ones."""
MAX_PROPOSALS = 64  # a crowd; each costs one run of the small model
ZOOM = 2.4  # side of the second look in box sides: less loses small faces, more gains nothing
LOOK_FLOOR = 0.1  # anchors below say nothing about where a face is
AGREE_IOU = 0.3
TRUSTED_IOU = 0.5  # of a given box and the fresh one; below, a large face is looked at once more
LARGE = 0.3  # of the picture's shorter side
MERGE_IOU = 0.4
MERGE_CONTAINED = 0.7  # eyes or a mouth found within a large face

TILES_FROM = 1000  # longer side in px; beyond, a 60 px face is less than 16 px of the scan
TILE_SIDE = 640  # a 60 px face is 24 px of a tile's scan
TILE_OVERLAP = 0.2
MAX_TILES = 12

_Found = tuple[Floats, Floats, Floats]  # boxes (N, 4), points (N, 6, 2), scores (N,)


class FaceDetector:
    """Finds faces; holds no state of a picture, safe to call from several threads at once."""

    def __init__(self, *, num_threads: int = 1) -> None:
        """Loads both models (about 0.1 s); ``ModelError`` when one is missing or changed."""
        self._scan = BlazeFace(BACK, num_threads=num_threads)
        self._look = BlazeFace(SHORT_RANGE, num_threads=num_threads)

    @property
    def min_score(self) -> float:
        """The score that counts as a face by default, 0..1."""
        return DEFAULT_MIN_SCORE

    @property
    def digest(self) -> str:
        """The sha256 of both networks' own."""
        return hashlib.sha256((BACK.sha256 + SHORT_RANGE.sha256).encode()).hexdigest()

    def detect(
        self,
        image: Image,
        min_score: float | None = None,
        *,
        quick: bool = False,
        known: Sequence[Detection] = (),
    ) -> tuple[Detection, ...]:
        """The faces of an RGB uint8 (H, W, 3) image, largest first; empty when there is none.

        min_score: 0..1, ``DEFAULT_MIN_SCORE`` by default; 0 gives all that was found. A picture
        beyond ``TILES_FROM`` is searched in parts too, for its small faces, by up to ``MAX_TILES``
        times the work. quick: not, and a small picture is scanned at a quarter of its sides, which
        finds faces of 60 px as well. known: faces that are not looked at once more.
        """
        height, width = check_image(image).shape[:2]
        pyramid = Pyramid(image)
        boxes, points, _ = self._propose(pyramid, height, width, quick)
        new = ~same_faces(boxes, stacked([square_of(face) for face in known]))
        _, seen = self._second_look(pyramid, boxes[new], points[new])
        found = weighted_nms(*seen, iou=MERGE_IOU, contained=MERGE_CONTAINED)
        wanted = threshold(DEFAULT_MIN_SCORE, min_score)
        return largest_first(_faces(found), (height, width), wanted)

    def refine(
        self, image: Image, detections: Sequence[Detection], min_score: float | None = None
    ) -> tuple[Detection | None, ...]:
        """The given faces where they are now, in their order; None for one that is gone.

        For following faces through a video without a scan: each is looked for near its last box
        (by up to half its size). Duplicates are not merged.
        """
        height, width = check_image(image).shape[:2]
        result: list[Detection | None] = [None] * len(detections)
        squares = [square_of(d) for d in detections]
        index, found = self._second_look(Pyramid(image), squares, [d.landmarks for d in detections])
        wanted = threshold(DEFAULT_MIN_SCORE, min_score)
        for i, face in zip(index, zip(*_faces(found), strict=True), strict=True):
            result[i] = detection_of(*face, (height, width), wanted)
        return tuple(result)

    def _propose(self, pyramid: Pyramid, height: int, width: int, quick: bool) -> _Found:
        """Where faces may be, best first, at most ``MAX_PROPOSALS``."""
        parts = [[0, 0, width, height]]
        size, least = self._scan.file.size, PROPOSAL_SCORE
        longest = max(height, width)
        if quick:
            size, least = min(max(longest // QUICK_SHRINK, QUICK_SIDE), size), QUICK_SCORE
        elif longest > TILES_FROM:
            parts += tiles(height, width, side=TILE_SIDE, overlap=TILE_OVERLAP, limit=MAX_TILES)
        found = [self._scan_part(pyramid, part, size, least) for part in parts]
        merged = weighted_nms(*_stack(found), iou=MERGE_IOU)
        return merged[0][:MAX_PROPOSALS], merged[1][:MAX_PROPOSALS], merged[2][:MAX_PROPOSALS]

    def _scan_part(self, pyramid: Pyramid, part: Sequence[int], size: int, least: float) -> _Found:
        """What the scan proposes in a part of the picture that it sees ``size`` px large."""
        left, top, right, bottom = part
        stride = self._scan.stride
        scale = size / max(right - left, bottom - top)
        height, width = (
            stride * max(math.ceil(round(side * scale) / stride), 1)
            for side in (bottom - top, right - left)
        )
        view = scan_view(left, top, scale)
        batch = np.empty((1, height, width, 3), dtype=np.float32)
        to_input(pyramid.sample(view, height, width), batch[0])
        logits, raw = self._scan(batch)
        keep = logits[0] > logit(least)
        boxes, points = decode(raw[0, keep], self._scan.centers(height, width)[keep])
        return *to_picture(view, boxes, points), sigmoid(logits[0, keep])

    def _second_look(
        self,
        pyramid: Pyramid,
        boxes: Sequence[Floats] | Floats,
        points: Sequence[Floats | None] | Floats,
    ) -> tuple[list[int], _Found]:
        """Which of the given faces are still there, and their boxes, points and scores.

        A face that nearly fills the picture, or more than a tile, is proposed in parts, and a view
        of a part shows its full size only roughly: there the fresh box disagrees with the given
        one, and is looked at in turn. For small faces that costs time and finds none.
        """
        faces = {
            i: face
            for i, face in enumerate(self._look_at(pyramid, boxes, points))
            if face is not None
        }
        large = LARGE * min(pyramid.size)
        poor = [
            i
            for i, (box, _, _) in faces.items()
            if box[0, 2] - box[0, 0] > large and overlaps(box[0], boxes[i])[0] < TRUSTED_IOU
        ]
        if poor:
            again = self._look_at(
                pyramid, [faces[i][0][0] for i in poor], [faces[i][1][0] for i in poor]
            )
            faces |= {i: face for i, face in zip(poor, again, strict=True) if face is not None}
        return list(faces), _stack(list(faces.values()))

    def _look_at(
        self,
        pyramid: Pyramid,
        boxes: Sequence[Floats] | Floats,
        points: Sequence[Floats | None] | Floats,
    ) -> list[_Found | None]:
        """The face that the small model sees at each box, turned upright by the points."""
        size = self._look.file.size
        views = [face_view(b, p, size, ZOOM) for b, p in zip(boxes, points, strict=True)]
        batch = np.empty((len(views), size, size, 3), dtype=np.float32)
        for view, out in zip(views, batch, strict=True):
            to_input(pyramid.sample(view, size, size), out)
        logits, raw = self._look(batch)
        centers = self._look.centers(size, size)
        seen = (central_face(logits[i], raw[i], centers, size) for i in range(len(views)))
        return [
            face and (*to_picture(view, face[0], face[1]), face[2])
            for view, face in zip(views, seen, strict=True)
        ]


def central_face(logits: Floats, raw: Floats, centers: Floats, size: int) -> _Found | None:
    """The best face near the middle of a square input: box (1, 4), points (1, 6, 2), score (1,).

    Box and points are the mean, weighted by score, of the anchors that agree with the best one.
    Only a centre within half a face of the middle counts, so that a neighbour is not taken for the
    face that was asked for; None where there is none.
    """
    keep = logits > logit(LOOK_FLOOR)
    boxes, points = decode(raw[keep], centers[keep])
    away = np.abs((boxes[:, :2] + boxes[:, 2:] - size) / 2).max(axis=1, initial=0)
    scores = np.where(away < size / (2 * ZOOM), sigmoid(logits[keep]), 0)
    if not scores.any():
        return None
    best = int(scores.argmax())
    agree = overlaps(boxes[best], boxes)[0] > AGREE_IOU
    weight = np.where(agree, scores, 0)
    weight /= weight.sum()
    return (weight @ boxes)[None], np.einsum("a,apc->pc", weight, points)[None], scores[[best]]


def _stack(found: Sequence[_Found]) -> _Found:
    if not found:
        empty = np.zeros((0, NUM_POINTS, 2), dtype=np.float32)
        return empty[:, 0].repeat(2, axis=1), empty, empty[:, 0, 0]
    boxes, points, scores = (np.concatenate(values) for values in zip(*found, strict=True))
    return boxes, points, scores


def _faces(found: _Found) -> _Found:
    """The same with boxes from the hairline to the chin."""
    squares, points, scores = found
    return face_boxes(squares, points), points, scores
