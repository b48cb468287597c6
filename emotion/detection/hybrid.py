"""Photo search by libfacedetection, confirmed by BlazeFace; streams by BlazeFace alone.

libfacedetection finds small and hard faces that BlazeFace misses; BlazeFace finds leaning heads
and very large faces, and its ROI refinement gives landmarks and tells faces from dogs. A photo is
proposed by both, large proposals are refined, and the scores are fused. At the size that a stream
can afford, libfacedetection is no better than BlazeFace and three times slower. Safe to use from
several threads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from emotion.detection.base import (
    THOROUGH,
    Candidate,
    Candidates,
    Effort,
    SearchOptions,
    resolve_min_score,
    to_detection,
)
from emotion.detection.blazeface import BlazeFaceDetector
from emotion.detection.blazeface.box_convention import face_boxes
from emotion.detection.libfacedetection import MAX_SIDE, LibFaceDetection
from emotion.detection.nms import nms_indices, weighted_nms
from emotion.detection.quarter_turns import detect_any_way_up
from emotion.detection.score_fusion import Evidence, ScoreFusion
from emotion.detection.tiling import Region, Tiling, detect_regions, from_letterbox, letterbox
from emotion.geometry.affine import eye_roll
from emotion.geometry.boxes import areas, duplicates_of, overlaps, stack_boxes
from emotion.geometry.pyramid import Pyramid
from emotion.models.spec import sha256_of
from emotion.types import Detection, Floats, Image

TILING = Tiling(side=MAX_SIDE, above=1280, max_tiles=4, edge_px=2.0)
WHOLE_SIDE, TILE_SIDE = 640, 896
"""Longest side in pixels of libfacedetection's inputs of a picture that is cut into tiles. What is
too small at 640 px lies whole within a tile. Five inputs bound the time of a large picture."""

NMS_IOU, NMS_CONTAINMENT = 0.4, 0.7
SAME_FACE_IOU = 0.4  # of the two networks' proposals
MIN_AGREEMENT = 0.2  # IoU; a refined box elsewhere, or much smaller, confirms nothing
MAX_PROPOSALS = 400  # of libfacedetection, best first
MAX_REFINED = 64  # the largest faces of a crowd
REFINE_AGAIN_FROM = math.radians(12)  # a face that leans this much more than its proposal said
LANDMARKS_FROM_PX = 32.0
"""Smaller faces have no landmarks: the error of their roll would be as large as the roll itself."""


_NO_LANDMARKS = np.zeros((0, 2), np.float32)


class Proposal(NamedTuple):
    """A possible face.

    Attributes:
        box: From the hairline to the chin, float32 (4,).
        landmarks: float32 (6, 2), or None.
        evidence: The scores so far.
    """

    box: Floats
    landmarks: Floats | None
    evidence: Evidence


class HybridDetector:
    """Finds faces; holds no state of a picture, safe to call from several threads at once.

    Landmarks are those of ``BlazeFaceDetector``; small faces have none.

    Args:
        fusion: How the scores of a face become one.
        num_threads: Of one call to a network.

    Raises:
        ModelError: When a network is missing.
    """

    def __init__(self, fusion: ScoreFusion, *, num_threads: int = 1) -> None:
        self._native = LibFaceDetection(num_threads=num_threads)
        self._blazeface = BlazeFaceDetector(num_threads=num_threads)
        self._fusion = fusion

    @classmethod
    def load(cls, folder: Path, *, num_threads: int = 1) -> HybridDetector:
        """The detector with the coefficients in a folder.

        Raises:
            ModelError: When a network or the coefficients are missing.
        """
        return cls(ScoreFusion.read(folder), num_threads=num_threads)

    @property
    def min_score(self) -> float:
        """The score, 0..1, that counts as a face by default, in photos and streams alike."""
        return self._blazeface.min_score

    @property
    def digest(self) -> str:
        """The sha256 of those of all networks and coefficients."""
        parts = (self._native.digest, self._blazeface.digest, self._fusion.to_json())
        return sha256_of("".join(parts).encode())

    def detect(
        self, image: Image, min_score: float | None = None, options: SearchOptions = THOROUGH
    ) -> tuple[Detection, ...]:
        """The faces of an image, largest first; see ``Detector.detect``."""
        if options.effort is not Effort.PHOTO:
            return self._blazeface.detect(image, min_score, options)
        wanted = resolve_min_score(self.min_score, min_score)
        return detect_any_way_up(self._search, image, wanted, options.known)

    def refine(
        self, image: Image, detections: Sequence[Detection], min_score: float | None = None
    ) -> tuple[Detection | None, ...]:
        """The given faces where they are now, None for those gone; see ``Detector.refine``."""
        return self._blazeface.refine(image, detections, min_score)

    def _search(
        self, image: Image, min_score: float, known: Sequence[Detection]
    ) -> tuple[Detection, ...]:
        """The faces of a photo as it lies."""
        pyramid = Pyramid(image)
        proposals = self._propose(pyramid)
        others = ~duplicates_of(
            stack_boxes([proposal.box for proposal in proposals]),
            stack_boxes([face.unclipped_xyxy for face in known]),
        )
        new = [p for p, is_new in zip(proposals, others, strict=True) if is_new]
        faces = self._refined(pyramid, new)
        scores = np.array([self._fusion.score(face.evidence) for face in faces], np.float32)
        boxes = stack_boxes([face.box for face in faces])
        result = []
        for i in nms_indices(boxes, scores, iou=NMS_IOU, containment=NMS_CONTAINMENT).tolist():
            if scores[i] < min_score:
                continue
            face = self._placed(pyramid, faces[i])
            candidate = Candidate(face.box, _NO_LANDMARKS, float(scores[i]))
            if (found := to_detection(candidate, pyramid.size, min_score)) is not None:
                result.append(replace(found, landmarks=face.landmarks))
        return tuple(sorted(result, key=lambda face: -face.area))

    def propose(self, image: Image) -> list[Proposal]:
        """The possible faces of a photo as it lies, the large ones refined, in any order."""
        pyramid = Pyramid(image)
        return self._refined(pyramid, self._propose(pyramid))

    def _propose(self, pyramid: Pyramid) -> list[Proposal]:
        """The proposals of both networks, those of the same face united."""
        first = detect_regions(partial(self._native_region, pyramid), pyramid.size, TILING)
        if TILING.applies_to(pyramid.size):
            first = weighted_nms(first, iou=NMS_IOU, containment=NMS_CONTAINMENT)
        first = first.select(slice(MAX_PROPOSALS))
        second = self._blazeface.propose(pyramid, Effort.PHOTO, tiled=False)
        second = second._replace(boxes=face_boxes(second.boxes, second.landmarks))
        sizes = np.sqrt(areas(first.boxes)).tolist()
        result = [
            Proposal(box, None, Evidence(float(score), None, None, size))
            for box, score, size in zip(first.boxes, first.scores, sizes, strict=True)
        ]
        for box, landmarks, score in zip(*second, strict=True):  # best first
            iou = overlaps(box, first.boxes)[0]
            same = int(iou.argmax()) if iou.max(initial=0) > SAME_FACE_IOU else None
            if same is None:
                size = math.sqrt(float(areas(box)))
                result.append(Proposal(box, landmarks, Evidence(None, float(score), None, size)))
            elif result[same].evidence.second is None:
                proposal = result[same]
                evidence = proposal.evidence._replace(second=float(score))
                result[same] = Proposal(proposal.box, landmarks, evidence)
        return result

    def _native_region(self, pyramid: Pyramid, region: Region) -> Candidates:
        """libfacedetection's proposals in a region, without landmarks, in the image's pixels."""
        left, top, right, bottom = region
        side = MAX_SIDE
        if TILING.applies_to(pyramid.size):
            side = WHOLE_SIDE if (bottom - top, right - left) == pyramid.size else TILE_SIDE
        image, by_x, by_y = pyramid.level(max(right - left, bottom - top) / side)
        left, right = round(left * by_x), round(right * by_x)
        top, bottom = round(top * by_y), round(bottom * by_y)
        view, scale = letterbox(image[top:bottom, left:right], side, 1)
        boxes, scores = self._native.boxes(view)
        best_first = np.argsort(-scores, kind="stable")
        found = Candidates(boxes, np.zeros((len(boxes), 0, 2), np.float32), scores)
        by = np.array([by_x, by_y], np.float32)
        return from_letterbox(found.select(best_first), scale * by, (left / by_x, top / by_y))

    def _refined(self, pyramid: Pyramid, proposals: Sequence[Proposal]) -> list[Proposal]:
        """The same, the largest of those that are large enough refined."""
        result = list(proposals)
        largest_first = sorted(range(len(result)), key=lambda i: -result[i].evidence.size)
        for i in largest_first[:MAX_REFINED]:
            if result[i].evidence.size < self._fusion.refine_from_px:
                break
            result[i] = self._refine(pyramid, result[i])
        return result

    def _refine(self, pyramid: Pyramid, proposal: Proposal) -> Proposal:
        box, landmarks, evidence = proposal
        face = self._look(pyramid, box, landmarks)
        if face is None:
            return proposal
        agreement = float(overlaps(box, face.box)[0])
        if agreement < MIN_AGREEMENT:
            return proposal
        evidence = evidence._replace(refined=face.score, agreement=agreement)
        if self._fusion.confirms(face.score):
            # Framed as in a stream: the classifier's crop depends on it.
            return Proposal(face.box, face.landmarks, evidence)
        return Proposal(box, landmarks, evidence)

    def _look(self, pyramid: Pyramid, box: Floats, landmarks: Floats | None) -> Candidate | None:
        """ROI refinement, repeated where the head leans otherwise than was thought."""
        face = self._blazeface.refine_one(pyramid, Detection(box, 1.0, landmarks, box))
        if face is None:
            return None
        turn = math.remainder(eye_roll(face.landmarks) - eye_roll(landmarks), math.tau)
        if abs(turn) < REFINE_AGAIN_FROM:
            return face
        again = Detection(face.box, 1.0, face.landmarks, face.box)
        return self._blazeface.refine_one(pyramid, again) or face

    def _placed(self, pyramid: Pyramid, face: Proposal) -> Proposal:
        """A face with its final box, and landmarks only if a refinement confirmed them.

        Faces below the size at which the refinement tells true from false are refined here, for
        their place alone: the landmarks of a proposal are too rough.
        """
        if LANDMARKS_FROM_PX <= face.evidence.size < self._fusion.refine_from_px:
            face = self._refine(pyramid, face)
        confirmed = self._fusion.confirms(face.evidence.refined)
        return face if confirmed else face._replace(landmarks=None)
