"""One face through time: where it is expected, what it answered, how it is shown."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from emotion.tracking.flow import FaceFlow
from emotion.tracking.one_euro import Calm, OneEuro
from emotion.types import EMOTIONS, Detection, Face, Floats, Image

ANSWERS = Calm(min_cutoff_hz=0.6, beta=0.12)
"""Of log-probabilities; a step of five units is followed within 300 ms at 15 frames a second."""

PLACES = Calm(min_cutoff_hz=1.0, beta=4.5)
"""Of boxes and landmarks in face sizes, so that a face near the camera is as calm as a far one."""

LEAD = 0.08
"""By so much another expression must lead before the label changes."""

LOOK_EVERY_S = 0.1
"""For so long a face is followed by its own corners, until the detector looks at it again."""

FLOOR = 1e-4  # of a probability: below, its logarithm says nothing of the face


@dataclass(frozen=True, slots=True, eq=False)
class TrackedFace(Face):
    """A face with the number of its track; box, landmarks and probabilities are smoothed in time.

    raw: the face as one frame alone shows it, the one of ``seen_s``: this one, or in a crowd one a
    few before (see the tracker's ``at_once``). held: the label's index, which another expression
    takes over once it leads by ``LEAD``.
    """

    number: int = field(kw_only=True)
    raw: Face = field(kw_only=True)
    seen_s: float = field(kw_only=True)
    held: int = field(kw_only=True)

    @property
    def label(self) -> str:
        """The expression that is shown: the most probable one, a little held on to."""
        return EMOTIONS[self.held]


class Answers:
    """What one face answered so far: calmed in time, with the label that is held."""

    def __init__(self) -> None:
        self._calm = OneEuro(ANSWERS)
        self._held: int | None = None

    def __call__(
        self, probabilities: Floats, time_s: float, smoothing: float
    ) -> tuple[Floats, int]:
        """The calmed probabilities (7,) of the next frame, and the index of the label to show."""
        self._calm.calm = replace(ANSWERS, min_cutoff_hz=ANSWERS.min_cutoff_hz / smoothing)
        logits = np.log(np.maximum(probabilities, np.float32(FLOOR)))
        calm = np.exp(self._calm(logits, time_s))
        calm /= calm.sum()
        best = int(calm.argmax())
        if self._held is None or calm[best] - calm[self._held] > LEAD:
            self._held = best
        return calm, self._held


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where a track's face is in one frame, before its expression is known.

    seen: by this frame alone. xyxy, landmarks: smoothed in time.
    """

    seen: Detection
    xyxy: Floats
    landmarks: Floats | None
    number: int
    time_s: float
    smoothing: float
    answers: Answers

    def answered(self, face: Face) -> TrackedFace:
        """The face to show. face: ``seen`` with its probabilities; to be called in the frames'
        order."""
        calm, held = self.answers(face.probabilities, self.time_s, self.smoothing)
        return TrackedFace(
            xyxy=self.xyxy,
            score=face.score,
            landmarks=self.landmarks,
            probabilities=calm,
            number=self.number,
            raw=face,
            seen_s=self.time_s,
            held=held,
        )


class Track:
    """What is remembered of one face; bounded, and all that a stream keeps of a person."""

    def __init__(self, number: int, detection: Detection, looks: Floats) -> None:
        self.number = number
        self.seen_s = -np.inf
        self.detection = detection
        self.looks = looks
        self.lost = False
        """True from when the face was not found in its place until it is seen."""
        self.awaited = False
        """True from ``await_again`` until the face is seen; it is lost then, too."""
        self._velocity: Floats = np.zeros(2, np.float32)  # px a second
        self._answers = Answers()
        self._places = OneEuro(PLACES)
        self._flow: FaceFlow | None = None
        self._looked, self._looked_s = detection, -np.inf
        self._looked_velocity = self._velocity

    def await_again(self, time_s: float) -> None:
        """The face was out of the picture until now, and is expected where it was seen last."""
        self.lose()
        self.seen_s, self.awaited = time_s, True
        self._velocity = np.zeros(2, np.float32)
        # What was calm before says nothing of the expression now.
        self._answers, self._places = Answers(), OneEuro(PLACES)

    def looked_at(self, image: Image, seen: Detection, time_s: float) -> None:
        """The detector has seen the face in this frame; to be called before ``follow``."""
        # Where frames are far apart, there is none that could be told by motion.
        soon = time_s - self.seen_s < LOOK_EVERY_S
        self._flow = FaceFlow(image, seen) if soon else None
        self._looked, self._looked_s, self._looked_velocity = seen, time_s, self._velocity

    def lose(self) -> None:
        """The detector does not see the face where it should be: it is to be searched for.

        What its corners alone said since the last look is not trusted: somebody who passes in front
        of a face takes them along.
        """
        self.lost = True
        if self._flow is not None:
            self.detection, self.seen_s, self._flow = self._looked, self._looked_s, None
            self._velocity = self._looked_velocity

    def moved(self, image: Image, time_s: float) -> Detection | None:
        """The face by its own motion since the detector's last look; None where that does not
        tell, or was too long ago."""
        if self._flow is None or time_s - self._looked_s >= LOOK_EVERY_S - 1e-6:
            return None
        return self._flow.moved(image)

    def expected(self, time_s: float) -> Detection:
        """Where the face should be, moved on at its last speed."""
        shift = self._shift(time_s)
        points, uncut = self.detection.landmarks, self.detection.uncut
        both = np.tile(shift, 2)
        return replace(
            self.detection,
            xyxy=self.detection.xyxy + both,
            uncut=None if uncut is None else uncut + both,
            landmarks=None if points is None else points + shift,
        )

    def moved_on(self, face: TrackedFace, time_s: float) -> TrackedFace:
        """The face as it was shown when it was seen last, where it is expected now."""
        shift, points = self._shift(time_s), face.landmarks
        return replace(
            face,
            xyxy=face.xyxy + np.tile(shift, 2),
            landmarks=None if points is None else points + shift,
        )

    def follow(
        self, seen: Detection, looks: Floats, time_s: float, smoothing: float = 1.0
    ) -> Place:
        """Takes a frame's face as this track's. smoothing: see the tracker."""
        self._move(seen, time_s)
        # The looks follow slowly: light and head turn, but a passer-by must not replace them.
        self.looks = np.float32(0.9) * self.looks + np.float32(0.1) * looks
        self.detection, self.seen_s = seen, time_s
        self.lost = self.awaited = False
        xyxy, landmarks = self._placed(seen, time_s)
        return Place(seen, xyxy, landmarks, self.number, time_s, smoothing, self._answers)

    def _shift(self, time_s: float) -> Floats:
        """How far the face should have gone since it was seen, (2,) in pixels."""
        return np.asarray(self._velocity * np.float32(min(time_s - self.seen_s, 0.5)))

    def _move(self, face: Detection, time_s: float) -> None:
        step_s = time_s - self.seen_s
        if step_s <= 0:
            return
        moved = (_center(face.whole) - _center(self.detection.whole)) / np.float32(step_s)
        # A face that was lost for a while says little of how fast it is now, and two frames of one
        # moment hardly more: in a millisecond a still face's box trembles at any speed.
        weight = np.float32(min(0.5, step_s / (step_s + 1 / 30)))
        mean = self._velocity + weight * (moved - self._velocity)
        self._velocity = np.asarray(mean if step_s < 0.3 else np.zeros_like(moved), np.float32)

    def _placed(self, face: Detection, time_s: float) -> tuple[Floats, Floats | None]:
        """Smoothed box and landmarks; in one vector, so that they move together."""
        points = face.landmarks
        flat = face.xyxy if points is None else np.concatenate([face.xyxy, points.ravel()])
        placed = self._places(np.asarray(flat), time_s, unit=max(face.area, 1.0) ** 0.5)
        return placed[:4], None if points is None else placed[4:].reshape(points.shape)


def _center(xyxy: Floats) -> Floats:
    return np.asarray((xyxy[:2] + xyxy[2:]) / 2, np.float32)
