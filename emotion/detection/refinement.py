"""ROI refinement: the detector runs on a crop around one face, to follow or localise it.

The crop (the region of interest) is rotated upright by the face's landmarks and shows little around
it: a refinement costs a tenth of a full-frame detection and sees the face at the same size wherever
it is. Stateless; as safe to use from several threads as the network.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from emotion.detection.base import Candidate, Candidates, to_detection
from emotion.detection.nms import best_candidate
from emotion.geometry.affine import Affine, eye_roll, invert, map_boxes, map_points, upright_view
from emotion.geometry.boxes import overlaps, square_boxes
from emotion.geometry.pyramid import Pyramid
from emotion.types import Detection, Floats, Image, check_image

FindCandidates = Callable[[Image], Candidates]
"""RGB uint8 (H, W, 3) -> candidate faces in its pixels, before any suppression."""


@dataclass(frozen=True, kw_only=True)
class RoiRefiner:
    """Finds the face near the middle of an upright crop around a box.

    Attributes:
        find: The network.
        side: Of the square crop in pixels.
        zoom: Side of the crop in box sides: less loses small faces, more gains nothing.
        vote_iou: Candidates that overlap the best one by more than this vote for its box.
        square: The network's boxes are squares; the mean of their two sides counts.
        repeat_below_iou: A large face whose new box overlaps the given one by less is refined a
            second time, from the new box. A face that nearly fills the picture, or more than a
            tile, is proposed in parts, and a crop around a part shows its full size only roughly.
        repeat_from: Width of such a face, as a fraction of the picture's shorter side.
    """

    find: FindCandidates
    side: int = 160
    zoom: float = 2.4
    vote_iou: float = 0.45
    square: bool = False
    repeat_below_iou: float = 0.0
    repeat_from: float = 0.3

    def refine(self, pyramid: Pyramid, box: Floats, landmarks: Floats | None) -> Candidate | None:
        """The best face whose centre lies within half a face of the box's.

        Args:
            pyramid: The picture.
            box: (4,) in its pixels.
            landmarks: (K, 2), the eyes first; None for a crop that is not rotated.

        Returns:
            In pixels of the picture; None where there is no face.
        """
        face = self._refine_once(pyramid, box, landmarks)
        if face is None or not self._needs_second_pass(face.box, box, min(pyramid.size)):
            return face
        return self._refine_once(pyramid, face.box, face.landmarks) or face

    def refine_detections(
        self, image: Image, detections: Sequence[Detection], min_score: float
    ) -> tuple[Detection | None, ...]:
        """``Detector.refine`` for a network whose boxes are those of ``Detection``."""
        pyramid = Pyramid(check_image(image))
        faces = (
            self.refine(pyramid, known.unclipped_xyxy, known.landmarks) for known in detections
        )
        return tuple(face and to_detection(face, pyramid.size, min_score) for face in faces)

    def _refine_once(
        self, pyramid: Pyramid, box: Floats, landmarks: Floats | None
    ) -> Candidate | None:
        view = roi_matrix(box, landmarks, self.side, self.zoom)
        found = self.find(pyramid.warp(view, (self.side, self.side)))
        face = central_candidate(found, self.side, self.zoom, self.vote_iou)
        if face is None:
            return None
        back, own = invert(view), face.box[None]
        (placed,) = map_boxes(square_boxes(own) if self.square else own, back)
        moved = map_points(face.landmarks, back)
        return Candidate(placed.astype(np.float32), moved.astype(np.float32), face.score)

    def _needs_second_pass(self, box: Floats, given: Floats, shorter_side: int) -> bool:
        if box[2] - box[0] <= self.repeat_from * shorter_side:
            return False
        return bool(overlaps(box, given)[0] < self.repeat_below_iou)


def roi_matrix(box: Floats, landmarks: Floats | None, side: int, zoom: float) -> Affine:
    """The map from a picture to the crop around a face.

    Args:
        box: (4,) in pixels of the picture.
        landmarks: (K, 2), the eyes first, which become level; None for no rotation.
        side: Of the square crop in pixels.
        zoom: Side of the crop in longer sides of the box.
    """
    x1, y1, x2, y2 = (float(v) for v in box)
    scale = side / (max(x2 - x1, y2 - y1, 1.0) * zoom)
    center = ((x1 + x2) / 2, (y1 + y2) / 2)
    return upright_view(center, eye_roll(landmarks), (scale, scale), (side, side))


def central_candidate(
    candidates: Candidates, side: int, zoom: float, vote_iou: float
) -> Candidate | None:
    """The best candidate near the middle of a square crop, box voting included.

    Only a centre within half a face of the middle counts, so that a neighbour is not taken for the
    face that was asked for; None where there is none.
    """
    boxes = candidates.boxes
    distance = np.abs((boxes[:, :2] + boxes[:, 2:] - side) / 2).max(axis=1, initial=0)
    near = distance < side / (2 * zoom)
    return best_candidate(candidates.select(near), iou=vote_iou) if near.any() else None
