"""The state of one track: where its face is expected, its smoothed box and probabilities."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from emotion.tracking.one_euro import OneEuroFilter, OneEuroParameters
from emotion.tracking.optical_flow import FaceFlow
from emotion.types import EMOTIONS, Detection, Face, Floats, Image

PROBABILITY_SMOOTHING = OneEuroParameters(min_cutoff_hz=0.6, beta=0.12)
"""Of log-probabilities; a step of five units is followed within 300 ms at 15 fps."""

BOX_SMOOTHING = OneEuroParameters(min_cutoff_hz=1.0, beta=4.5)
"""Of boxes and landmarks in face sizes, so that near and far faces are smoothed alike."""

HYSTERESIS_MARGIN = 0.08
"""How much more probable another expression must be before the label changes."""

REFINE_EVERY_S = 0.1
"""How long a face is followed by optical flow until the next ROI refinement."""

MIN_PROBABILITY = 1e-4  # lower values are noise, which the logarithm would amplify


@dataclass(frozen=True, slots=True, eq=False)
class TrackedFace(Face):
    """A face of a track; box, landmarks and probabilities are smoothed in time.

    Attributes:
        track_id: From 1; the same face keeps it from frame to frame.
        raw: The face as one frame alone shows it, without smoothing.
        observed_s: Time of that frame: this one, or in a crowd one a few before (see the tracker's
            ``max_refined_per_frame``).
        label_index: Of ``label`` in ``EMOTIONS``. With hysteresis: another expression takes over
            once it leads by ``HYSTERESIS_MARGIN``.
    """

    track_id: int = field(kw_only=True)
    raw: Face = field(kw_only=True)
    observed_s: float = field(kw_only=True)
    label_index: int = field(kw_only=True)

    @property
    def label(self) -> str:
        """The expression that is shown: the most probable one, with hysteresis."""
        return EMOTIONS[self.label_index]


class ProbabilitySmoother:
    """Smooths one face's probabilities in time and holds its label with hysteresis."""

    def __init__(self) -> None:
        self._filter = OneEuroFilter(PROBABILITY_SMOOTHING)
        self._label_index: int | None = None

    def __call__(
        self, probabilities: Floats, time_s: float, smoothing: float
    ) -> tuple[Floats, int]:
        """Adds a frame's probabilities.

        Args:
            probabilities: (7,) of one frame.
            time_s: Of that frame; must not go backwards.
            smoothing: See ``FaceTracker``.

        Returns:
            The smoothed probabilities (7,), summing to 1, and the index of the label to show.
        """
        self._filter.parameters = replace(
            PROBABILITY_SMOOTHING, min_cutoff_hz=PROBABILITY_SMOOTHING.min_cutoff_hz / smoothing
        )
        logits = np.log(np.maximum(probabilities, np.float32(MIN_PROBABILITY)))
        smooth = np.exp(self._filter(logits, time_s))
        smooth /= smooth.sum()
        best, held = int(smooth.argmax()), self._label_index
        if held is None or smooth[best] - smooth[held] > HYSTERESIS_MARGIN:
            held = self._label_index = best
        return smooth, held


@dataclass(frozen=True, slots=True, eq=False)
class TrackState:
    """Where a track's face is in one frame, before its expression is known.

    Attributes:
        detection: By this frame alone.
        xyxy: Smoothed in time.
        landmarks: Smoothed in time, or None.
        track_id: Of the track.
        time_s: Of the frame.
        smoothing: See ``FaceTracker``.
        smoother: Of the track.
    """

    detection: Detection
    xyxy: Floats
    landmarks: Floats | None
    track_id: int
    time_s: float
    smoothing: float
    smoother: ProbabilitySmoother

    def classified(self, face: Face) -> TrackedFace:
        """The face to show; to be called in the frames' order.

        Args:
            face: ``detection`` with its probabilities.
        """
        probabilities, index = self.smoother(face.probabilities, self.time_s, self.smoothing)
        return TrackedFace(
            xyxy=self.xyxy,
            score=face.score,
            landmarks=self.landmarks,
            probabilities=probabilities,
            track_id=self.track_id,
            raw=face,
            observed_s=self.time_s,
            label_index=index,
        )


class Track:
    """The state of one face's track; bounded, and all that a stream keeps of a person."""

    def __init__(self, track_id: int, detection: Detection, descriptor: Floats) -> None:
        self.track_id = track_id
        self.observed_s = -np.inf
        self.detection = detection
        self.descriptor = descriptor
        self.lost = False
        """True from when ROI refinement did not find the face until it is observed again."""
        self.expected_back = False
        """True from ``expect_back`` until the face is observed; the track is lost as well then."""
        self._velocity: Floats = np.zeros(2, np.float32)  # px a second
        self._smoother = ProbabilitySmoother()
        self._box_filter = OneEuroFilter(BOX_SMOOTHING)
        self._flow: FaceFlow | None = None
        self._refined, self._refined_s = detection, -np.inf
        self._refined_velocity = self._velocity

    def expect_back(self, time_s: float) -> None:
        """Expects the absent face where it was last observed (shot re-identification)."""
        self.mark_lost()
        self.observed_s, self.expected_back = time_s, True
        self._velocity = np.zeros(2, np.float32)
        # The earlier smoothed values are unrelated to the present expression.
        self._smoother, self._box_filter = ProbabilitySmoother(), OneEuroFilter(BOX_SMOOTHING)

    def refined(self, image: Image, detection: Detection, time_s: float) -> None:
        """Records that ROI refinement found the face in this frame; called before ``update``."""
        # Where frames are far apart, no later frame comes soon enough for optical flow.
        soon = time_s - self.observed_s < REFINE_EVERY_S
        self._flow = FaceFlow(image, detection) if soon else None
        self._refined, self._refined_s = detection, time_s
        self._refined_velocity = self._velocity

    def mark_lost(self) -> None:
        """Marks the track as lost: ROI refinement did not find the face at its predicted position.

        Only full-frame detection can find it again. Positions by optical flow since the last
        refinement are discarded: a person passing in front of a face drags its tracked corners
        along.
        """
        self.lost = True
        if self._flow is not None:
            self.detection, self.observed_s, self._flow = self._refined, self._refined_s, None
            self._velocity = self._refined_velocity

    def follow_flow(self, image: Image, time_s: float) -> Detection | None:
        """The face by optical flow since the last refinement.

        Returns:
            None where the flow is not reliable, or the refinement too long ago.
        """
        if self._flow is None or time_s - self._refined_s >= REFINE_EVERY_S - 1e-6:
            return None
        return self._flow.follow(image)

    def predicted(self, time_s: float) -> Detection:
        """Where the face should be, extrapolated at its last velocity."""
        shift = self._shift(time_s)
        landmarks, unclipped = self.detection.landmarks, self.detection.unclipped
        both = np.tile(shift, 2)
        return replace(
            self.detection,
            xyxy=self.detection.xyxy + both,
            unclipped=None if unclipped is None else unclipped + both,
            landmarks=None if landmarks is None else landmarks + shift,
        )

    def extrapolated(self, face: TrackedFace, time_s: float) -> TrackedFace:
        """The face as last shown, moved to where it is expected now."""
        shift, landmarks = self._shift(time_s), face.landmarks
        return replace(
            face,
            xyxy=face.xyxy + np.tile(shift, 2),
            landmarks=None if landmarks is None else landmarks + shift,
        )

    def update(
        self, detection: Detection, descriptor: Floats, time_s: float, smoothing: float = 1.0
    ) -> TrackState:
        """Takes a frame's face as this track's.

        Args:
            detection: The face in this frame.
            descriptor: Its appearance.
            time_s: Of the frame.
            smoothing: See ``FaceTracker``.
        """
        self._update_velocity(detection, time_s)
        # Slowly: light and head pose change, but a passer-by must not replace the face.
        self.descriptor = np.float32(0.9) * self.descriptor + np.float32(0.1) * descriptor
        self.detection, self.observed_s = detection, time_s
        self.lost = self.expected_back = False
        xyxy, landmarks = self._smoothed(detection, time_s)
        return TrackState(
            detection, xyxy, landmarks, self.track_id, time_s, smoothing, self._smoother
        )

    def _shift(self, time_s: float) -> Floats:
        """How far the face should have gone since it was observed, (2,) in pixels."""
        return np.asarray(self._velocity * np.float32(min(time_s - self.observed_s, 0.5)))

    def _update_velocity(self, face: Detection, time_s: float) -> None:
        step_s = time_s - self.observed_s
        if step_s <= 0:
            return
        moved = (
            _center(face.unclipped_xyxy) - _center(self.detection.unclipped_xyxy)
        ) / np.float32(step_s)
        # After a longer gap the mean velocity says little about the present one. So do two frames
        # at almost the same time: jitter of the box over a millisecond looks like high speed.
        weight = np.float32(min(0.5, step_s / (step_s + 1 / 30)))
        mean = self._velocity + weight * (moved - self._velocity)
        self._velocity = np.asarray(mean if step_s < 0.3 else np.zeros_like(moved), np.float32)

    def _smoothed(self, face: Detection, time_s: float) -> tuple[Floats, Floats | None]:
        """Smoothed box and landmarks; in one vector, so that they move together."""
        points = face.landmarks
        flat = face.xyxy if points is None else np.concatenate([face.xyxy, points.ravel()])
        unit = max(face.area, 1.0) ** 0.5
        smooth = self._box_filter(np.asarray(flat), time_s, unit=unit)
        return smooth[:4], None if points is None else smooth[4:].reshape(points.shape)


def _center(xyxy: Floats) -> Floats:
    return np.asarray((xyxy[:2] + xyxy[2:]) / 2, np.float32)
