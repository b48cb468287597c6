"""Drawn people who are found again as a detector would find them; no models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emotion.detection.base import THOROUGH, Effort, SearchOptions
from emotion.tracking import FaceTracker, TrackedFace
from emotion.types import Detection, Face, Image

HAPPY, SAD = 3, 4


@dataclass(frozen=True)
class Actor:
    """A drawn person: where, how large, of which appearance, with which expression."""

    x: float
    y: float = 120.0
    side: float = 60.0
    seed: int = 0
    top: int = HAPPY
    sure: float = 0.9
    score: float = 0.9
    noise: float = 0.0


class Stage:
    """Draws actors, and finds them again as a detector would; counts detections and refinements."""

    min_score = 0.67

    def __init__(self) -> None:
        self.actors: list[Actor] = []
        self.detections = 0
        self.refined: list[int] = []
        self.known: list[int] = []
        self.thorough: list[bool] = []
        self.classified: list[int] = []
        self._rng = np.random.default_rng(0)

    def picture(self) -> Image:
        image = np.full((240, 640, 3), 90, np.uint8)
        for actor in self.actors:
            face = np.random.default_rng(actor.seed).integers(0, 256, (4, 4, 3), np.uint8)
            side = int(actor.side)
            left, top = int(actor.x - side / 2), int(actor.y - side / 2)
            big = face.repeat(side // 4, axis=0).repeat(side // 4, axis=1)
            image[top : top + big.shape[0], left : left + big.shape[1]] = big
        return image

    def detect(
        self, image: Image, min_score: float | None = None, options: SearchOptions = THOROUGH
    ) -> Sequence[Detection]:
        self.detections += 1
        self.known.append(len(options.known))
        self.thorough.append(options.effort is not Effort.QUICK)
        wanted = self.min_score if min_score is None else min_score
        return [self._found(actor) for actor in self.actors if actor.score >= wanted]

    def refine(
        self, image: Image, detections: Sequence[Detection], min_score: float | None = None
    ) -> Sequence[Detection | None]:
        self.refined.append(len(detections))
        return [self._near(detection) for detection in detections]

    def faces(self, image: Image, detections: Sequence[Detection]) -> Sequence[Face]:
        self.classified.append(len(detections))
        return [self._classified(detection) for detection in detections]

    def _found(self, actor: Actor) -> Detection:
        half = actor.side / 2
        box = np.array([actor.x - half, actor.y - half, actor.x + half, actor.y + half], np.float32)
        shaken = box + self._rng.normal(0, actor.noise * actor.side / 50, 4).astype(np.float32)
        return Detection(xyxy=shaken, score=actor.score)

    def _near(self, detection: Detection) -> Detection | None:
        x = float(detection.xyxy[0] + detection.xyxy[2]) / 2
        near = [actor for actor in self.actors if abs(actor.x - x) < actor.side / 2]
        return self._found(min(near, key=lambda actor: abs(actor.x - x))) if near else None

    def _classified(self, detection: Detection) -> Face:
        x = float(detection.xyxy[0] + detection.xyxy[2]) / 2
        actor = min(self.actors, key=lambda actor: abs(actor.x - x))
        logits = np.full(7, np.log((1 - actor.sure) / 6))
        logits[actor.top] = np.log(actor.sure)
        logits += self._rng.normal(0, actor.noise, 7)
        values = np.exp(logits - logits.max())
        return Face(
            xyxy=detection.xyxy,
            score=detection.score,
            probabilities=(values / values.sum()).astype(np.float32),
        )


class Show:
    """A stage, a tracker and a clock that runs at 30 frames a second."""

    def __init__(
        self,
        *,
        detect_every_s: float = 0.25,
        reuse_track_ids: bool = True,
        max_refined_per_frame: int = 32,
    ) -> None:
        self.stage = Stage()
        self.tracker = FaceTracker(
            self.stage,
            detect_every_s=detect_every_s,
            reuse_track_ids=reuse_track_ids,
            max_refined_per_frame=max_refined_per_frame,
        )
        self.frame = 0

    def play(self, *actors: Actor) -> dict[int, TrackedFace]:
        self.stage.actors = list(actors)
        faces = self.tracker.update(self.stage.picture(), self.frame / 30)
        self.frame += 1
        assert len({face.track_id for face in faces}) == len(faces)
        return {face.track_id: face for face in faces}


def center_x(face: Face) -> float:
    return float(face.xyxy[0] + face.xyxy[2]) / 2
