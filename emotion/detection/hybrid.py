"""The default detector: YuNet finds the faces of photos, BlazeFace those of streams.

YuNet finds small and hard faces that BlazeFace misses. BlazeFace's ROI refinement of the large ones
gives landmarks, tells faces from dogs and sees leaning heads upright. The scores of both are fused.
Streams are searched by BlazeFace alone: at the size of input that a frame can afford, YuNet misses
leaning heads. Safe to use from several threads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from emotion.detection.base import (
    THOROUGH,
    Candidate,
    Effort,
    SearchOptions,
    resolve_min_score,
    to_detection,
)
from emotion.detection.blazeface import BlazeFaceDetector
from emotion.detection.nms import nms_indices
from emotion.detection.quarter_turns import detect_any_way_up
from emotion.detection.score_fusion import Evidence, ScoreFusion
from emotion.detection.single_shot import SingleShotDetector
from emotion.geometry.affine import eye_roll
from emotion.geometry.boxes import areas, duplicates_of, overlaps, stack_boxes
from emotion.geometry.pyramid import Pyramid
from emotion.models.spec import sha256_of
from emotion.types import Detection, Floats, Image, check_image

NMS_IOU, NMS_CONTAINMENT = 0.4, 0.7
MIN_AGREEMENT = 0.2  # IoU; a refined box elsewhere, or much smaller, confirms nothing
FULL_AGREEMENT = 0.6
"""IoU of the proposed and the refined box below which neither is right alone: their mean counts.

Above, the refined one does, as in streams: the crop that is classified depends on it.
"""
SURE_SCORE = 0.998
"""Of the best face of an upright picture in 82 % of the training pictures with faces of 60 px and
more, of one that is upside down in 3 %. Without a refinement no face is that sure: a photo of small
faces alone is searched turned, too."""
MAX_PROPOSALS = 400  # best first
MAX_REFINED = 64  # the largest faces of a crowd
REFINE_AGAIN_FROM = math.radians(12)  # a face that leans this much more than its proposal said


class Proposal(NamedTuple):
    """A possible face.

    Attributes:
        box: From the hairline to the chin, float32 (4,).
        landmarks: float32 (6, 2).
        evidence: The scores so far.
    """

    box: Floats
    landmarks: Floats
    evidence: Evidence

    @property
    def size(self) -> float:
        """Root of the box's area in pixels."""
        return math.sqrt(float(areas(self.box)))


class HybridDetector:
    """Finds faces; holds no state of a picture, safe to call from several threads at once.

    Landmarks are those of ``BlazeFaceDetector``; a face that no refinement confirmed has none.

    Args:
        yunet: Proposes the faces of photos.
        blazeface: Refines them, and searches streams.
        fusion: How the scores of a face become one.
    """

    def __init__(
        self, yunet: SingleShotDetector, blazeface: BlazeFaceDetector, fusion: ScoreFusion
    ) -> None:
        self._yunet, self._blazeface, self._fusion = yunet, blazeface, fusion

    @property
    def min_score(self) -> float:
        """The score, 0..1, that counts as a face by default, in photos and streams alike."""
        return self._blazeface.min_score

    @property
    def digest(self) -> str:
        """The sha256 of those of all networks and coefficients."""
        parts = (self._yunet.digest, self._blazeface.digest, self._fusion.to_json())
        return sha256_of("".join(parts).encode())

    def detect(
        self, image: Image, min_score: float | None = None, options: SearchOptions = THOROUGH
    ) -> tuple[Detection, ...]:
        """The faces of an image, largest first; see ``Detector.detect``."""
        if options.effort is not Effort.PHOTO:
            return self._blazeface.detect(image, min_score, options)
        wanted = resolve_min_score(self.min_score, min_score)
        return detect_any_way_up(self._search, image, wanted, options.known, sure_score=SURE_SCORE)

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
        kept = nms_indices(boxes, scores, iou=NMS_IOU, containment=NMS_CONTAINMENT)
        found = (
            self._detection(faces[i], float(scores[i]), pyramid.size, min_score)
            for i in kept.tolist()
        )
        return tuple(sorted((face for face in found if face), key=lambda face: -face.area))

    def propose(self, image: Image) -> list[Proposal]:
        """The possible faces of a photo as it lies, the large ones refined, in any order.

        Raises:
            ValueError: For anything that is no RGB image, uint8 (H, W, 3).
        """
        pyramid = Pyramid(check_image(image))
        return self._refined(pyramid, self._propose(pyramid))

    def _propose(self, pyramid: Pyramid) -> list[Proposal]:
        found = self._yunet.propose(pyramid, Effort.PHOTO).select(slice(MAX_PROPOSALS))
        return [
            Proposal(box, landmarks, Evidence(float(score)))
            for box, landmarks, score in zip(*found, strict=True)
        ]

    def _refined(self, pyramid: Pyramid, proposals: Sequence[Proposal]) -> list[Proposal]:
        """The same, the largest of those that are large enough refined."""
        result = list(proposals)
        largest_first = sorted(range(len(result)), key=lambda i: -result[i].size)
        for i in largest_first[:MAX_REFINED]:
            if result[i].size < self._fusion.refine_from_px:
                break
            result[i] = self._refine(pyramid, result[i])
        return result

    def _refine(self, pyramid: Pyramid, proposal: Proposal) -> Proposal:
        face = self._refined_face(pyramid, proposal)
        if face is None:
            return proposal
        agreement = float(overlaps(proposal.box, face.box)[0])
        if agreement < MIN_AGREEMENT:
            return proposal
        evidence = proposal.evidence._replace(refined=face.score, agreement=agreement)
        if not self._fusion.confirms(face.score):
            return proposal._replace(evidence=evidence)
        both = np.stack([proposal.box, face.box])
        box = face.box if agreement >= FULL_AGREEMENT else np.asarray(both.mean(axis=0), np.float32)
        return Proposal(box, face.landmarks, evidence)

    def _refined_face(self, pyramid: Pyramid, proposal: Proposal) -> Candidate | None:
        """ROI refinement, repeated where the head leans otherwise than was thought."""
        box, landmarks, _ = proposal
        face = self._blazeface.refine_one(pyramid, Detection(box, 1.0, landmarks, box))
        if face is None:
            return None
        turn = math.remainder(eye_roll(face.landmarks) - eye_roll(landmarks), math.tau)
        if abs(turn) < REFINE_AGAIN_FROM:
            return face
        again = Detection(face.box, 1.0, face.landmarks, face.box)
        return self._blazeface.refine_one(pyramid, again) or face

    def _detection(
        self, face: Proposal, score: float, size: tuple[int, int], min_score: float
    ) -> Detection | None:
        """A face with landmarks only if a refinement confirmed them: a proposal's are too rough."""
        found = to_detection(Candidate(face.box, face.landmarks, score), size, min_score)
        if found is None or self._fusion.confirms(face.evidence.refined):
            return found
        return replace(found, landmarks=None)
