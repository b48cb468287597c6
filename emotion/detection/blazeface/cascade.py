"""A cascade of two BlazeFace networks: one proposes faces, the other decides.

The back-camera network runs over the whole picture, and over tiles of a large one, with a low
threshold. The short-range network then refines each proposal in a crop of its own and gives the
final box, landmarks and score, so that all boxes are framed alike: a square from the forehead to
the chin, which is returned as the box from the hairline to the chin that other detectors give.
Safe to use from several threads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial

from emotion.detection.base import (
    THOROUGH,
    Candidate,
    Candidates,
    Effort,
    SearchOptions,
    resolve_min_score,
    to_detection,
    to_detections,
)
from emotion.detection.blazeface.anchors import NUM_LANDMARKS
from emotion.detection.blazeface.box_convention import face_boxes, square_of
from emotion.detection.blazeface.network import BACK, SHORT_RANGE, BlazeFace
from emotion.detection.nms import weighted_nms
from emotion.detection.quarter_turns import detect_any_way_up
from emotion.detection.refinement import RoiRefiner
from emotion.detection.tiling import (
    MARGIN_SIDE,
    Region,
    Tiling,
    detect_margin,
    detect_regions,
    fills,
    map_candidates,
    warp_region,
)
from emotion.geometry.affine import invert
from emotion.geometry.boxes import duplicates_of, overlaps, square_boxes, stack_boxes
from emotion.geometry.pyramid import Pyramid
from emotion.types import Detection, Floats, Image, check_image

DEFAULT_MIN_SCORE = 0.67
"""About 0.05 false faces a picture; chosen on the training part of the face data."""

PROPOSAL_SCORE = 0.3  # a lower one doubles the proposals, most of them false
QUICK_SHRINK, QUICK_SIDE, QUICK_SCORE = 4, 160, 0.25
"""Of a quick detection: how much smaller its input is than the picture, the least longer side of
the input in px, and the score of a proposal.

On 220 training pictures of 640 px it led to .849 of the faces of 60 px and more (.896 with heads
rolled by 30 degrees), an input of 256 px to .862 (.909) at 2.4 times the cost, with as many false
faces.
"""
MAX_PROPOSALS = 64  # a crowd; each costs one run of the small network
REFINED_MIN_SCORE = 0.1  # anchors below say nothing about where a face is
REFINED_VOTE_IOU = 0.3
REPEAT_BELOW_IOU = 0.5  # repeating small faces too costs time and finds none
NMS_IOU = 0.4
NMS_CONTAINMENT = 0.7  # eyes or a mouth found within a large face
TILING = Tiling(side=640, above=1000, max_tiles=12)  # a 60 px face is 24 px of a tile's input

SURE_SCORE = 0.9
"""Of the best face of an upright picture in 30 % of the training pictures with faces of 60 px and
more, of one that is upside down in 5 %."""

MARGIN_MIN_IOU = 0.2
"""Least overlap of a proposal that fills the picture with what its refinement finds."""


class BlazeFaceDetector:
    """Finds faces; holds no state of a picture, safe to call from several threads at once.

    Landmarks are left eye, right eye, nose tip, mouth, left and right ear, as seen in the image.
    """

    def __init__(self, *, num_threads: int = 1) -> None:
        """Loads both networks, which takes about 0.1 s.

        Args:
            num_threads: Of one call to a network.

        Raises:
            ModelError: When a model file is missing or changed.
        """
        self._proposer = BlazeFace(BACK, num_threads=num_threads)
        refining = BlazeFace(SHORT_RANGE, num_threads=num_threads)
        self._refiner = RoiRefiner(
            find=partial(refining.candidates, min_score=REFINED_MIN_SCORE),
            side=SHORT_RANGE.size,
            vote_iou=REFINED_VOTE_IOU,
            square=True,
            repeat_below_iou=REPEAT_BELOW_IOU,
        )

    @property
    def min_score(self) -> float:
        """The score, 0..1, that counts as a face by default."""
        return DEFAULT_MIN_SCORE

    @property
    def digest(self) -> str:
        """The sha256 of both networks' own."""
        return hashlib.sha256((BACK.sha256 + SHORT_RANGE.sha256).encode()).hexdigest()

    def detect(
        self, image: Image, min_score: float | None = None, options: SearchOptions = THOROUGH
    ) -> tuple[Detection, ...]:
        """The faces of an image, largest first; see ``Detector.detect``.

        A large photo is also searched in up to ``TILING.max_tiles`` tiles. With ``Effort.QUICK``
        the input has a quarter of the picture's sides, at which faces of 60 px are detected as
        well.
        """
        wanted = resolve_min_score(DEFAULT_MIN_SCORE, min_score)
        if options.effort is Effort.PHOTO:
            return detect_any_way_up(
                self._search, image, wanted, options.known, sure_score=SURE_SCORE
            )
        return self._search(check_image(image), wanted, options.known, options.effort)

    def _search(
        self,
        image: Image,
        min_score: float,
        known: Sequence[Detection],
        effort: Effort = Effort.PHOTO,
    ) -> tuple[Detection, ...]:
        """``detect`` as the picture lies."""
        pyramid = Pyramid(image)
        proposals = self._propose(pyramid, effort)
        squares = stack_boxes([square_of(face) for face in known])
        proposals = proposals.select(~duplicates_of(proposals.boxes, squares))
        refined = []
        for box, landmarks, _ in zip(*proposals, strict=True):
            face = self._refiner.refine(pyramid, box, landmarks)
            if face is not None and not _lost(box, face, pyramid):
                refined.append(face)
        found = weighted_nms(
            Candidates.stack(refined, NUM_LANDMARKS), iou=NMS_IOU, containment=NMS_CONTAINMENT
        )
        faces = found._replace(boxes=face_boxes(found.boxes, found.landmarks))
        return to_detections(faces, pyramid.size, min_score)

    def refine(
        self, image: Image, detections: Sequence[Detection], min_score: float | None = None
    ) -> tuple[Detection | None, ...]:
        """The given faces where they are now, None for those gone; see ``Detector.refine``."""
        check_image(image)
        wanted = resolve_min_score(DEFAULT_MIN_SCORE, min_score)
        pyramid = Pyramid(image)
        faces = (self.refine_one(pyramid, known) for known in detections)
        return tuple(face and to_detection(face, pyramid.size, wanted) for face in faces)

    def refine_one(self, pyramid: Pyramid, known: Detection) -> Candidate | None:
        """One face where it is now, whatever its score; see ``refine``."""
        face = self._refiner.refine(pyramid, square_of(known), known.landmarks)
        if face is None:
            return None
        (box,) = face_boxes(face.box[None], face.landmarks[None])
        return Candidate(box, face.landmarks, face.score)

    def _propose(self, pyramid: Pyramid, effort: Effort) -> Candidates:
        """Squares where faces may be, best first, at most ``MAX_PROPOSALS``.

        Args:
            pyramid: The picture.
            effort: See ``SearchOptions``.
        """
        side, min_score = BACK.size, PROPOSAL_SCORE
        if effort is Effort.QUICK:
            side = min(max(max(pyramid.size) // QUICK_SHRINK, QUICK_SIDE), side)
            min_score = QUICK_SCORE
        photo = effort is Effort.PHOTO
        propose = partial(self._propose_region, pyramid, side=side, min_score=min_score)
        found = detect_regions(propose, pyramid.size, TILING if photo else None)
        if photo:
            propose = partial(propose, side=MARGIN_SIDE)
            found = Candidates.concatenate([found, detect_margin(propose, pyramid.size)])
        return weighted_nms(found, iou=NMS_IOU).select(slice(MAX_PROPOSALS))

    def _propose_region(
        self, pyramid: Pyramid, region: Region, *, side: int, min_score: float
    ) -> Candidates:
        """Proposals of a region that is shown ``side`` px large, in the picture's pixels."""
        view, matrix = warp_region(pyramid, region, side, self._proposer.stride)
        found = self._proposer.candidates(view, min_score)
        return map_candidates(found._replace(boxes=square_boxes(found.boxes)), invert(matrix))


def _lost(proposed: Floats, face: Candidate, pyramid: Pyramid) -> bool:
    """Whether the refinement of a proposal that fills the picture found a small spot in it."""
    if not fills(proposed, pyramid.size):
        return False
    return bool(overlaps(proposed, face.box)[0] < MARGIN_MIN_IOU)
