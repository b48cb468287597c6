"""Tracks the faces of one stream: full-frame detection now and then, cheaper steps in between.

A full-frame detection several times a second finds new and lost faces; between two of them each
known face gets ROI refinement at its predicted position, and between two refinements optical flow
follows it. A frame's faces are classified in one batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from emotion.detection.base import Effort, SearchOptions
from emotion.geometry.boxes import duplicates_of, overlaps, stack_boxes
from emotion.tracking.analyzer import StreamAnalyzer
from emotion.tracking.association import Observation, association_cost, greedy_matching
from emotion.tracking.track import Track, TrackedFace, TrackState
from emotion.types import Detection, Floats, Image

MAX_LOST_S = 1.0
"""How long a lost track is kept."""

LOW_SCORE_FACTOR = 0.6
"""Continuing a track needs this fraction of the detector's threshold; starting one needs all."""

HIGH_SCORE = 0.8
"""Score at which a single detection is enough to start a track."""

DUPLICATE_IOU = 0.55
"""Two tracks that overlap more follow the same face."""

ASSOCIATION_GATE = 0.8
"""Highest cost (see ``association``) at which a detection is assigned to a track."""

GATE_GROWTH_PER_S = 0.6
"""Growth of the gate per second, since a lost face may have moved further."""

REIDENTIFICATION_GATE = 0.25
"""Highest cost at which a face is re-identified after a cut: same place, same appearance."""

MAX_FACES = 32

THOROUGH_EVERY, THOROUGH_MAX_SIDE = 4, 640
"""Every fourth full-frame detection includes small faces, in images up to this side in pixels."""

MAX_REFINED_PER_FRAME = 4
"""For a live stream: ten faces are each observed fourteen times a second at 30 fps, in two fifths
of the time."""

DETECT_INTERVAL_FRAMES = 3
"""For a live stream: a busy server that analyses five frames a second detects every 0.6 s."""


class FaceTracker:
    """Gives the faces of a stream stable track ids and smooths them in time.

    Not thread-safe: one instance belongs to one stream and one thread (``locate`` and ``classify``:
    one each). Memory is bounded by ``MAX_FACES``.

    Args:
        analyzer: Detects and classifies.
        detect_every_s: Seconds between two full-frame detections; 0 detects in every frame.
        smoothing: 1 is the tuned amount, 2 twice as much at rest, close to 0 next to none.
        reuse_track_ids: A new face takes the smallest id that is free (a live stream), or one that
            no face had before (a recording).
        max_refined_per_frame: How many faces are followed between two full-frame detections, in
            turns; ``update`` extrapolates the others at their last velocity, so that a crowd does
            not slow a stream.
        detect_interval_frames: While no face is lost, at most one of so many frames gets a
            full-frame detection: where frames are far apart, ROI refinement has priority.

    Example:
        >>> tracker = FaceTracker(emotion.load_analyzer())
        >>> for time_s, image in frames:
        ...     faces = tracker.update(image, time_s)
    """

    def __init__(
        self,
        analyzer: StreamAnalyzer,
        *,
        detect_every_s: float = 0.25,
        smoothing: float = 1.0,
        reuse_track_ids: bool = True,
        max_refined_per_frame: int = MAX_FACES,
        detect_interval_frames: int = 1,
    ) -> None:
        self._analyzer = analyzer
        self.detect_every_s = detect_every_s
        self.smoothing = smoothing
        self._reuse_track_ids = reuse_track_ids
        self._max_refined = max_refined_per_frame
        self._detect_interval_frames = detect_interval_frames
        self._waiting: list[Track] = []  # for their turn, in the newest frame
        self._shown: dict[int, TrackedFace] = {}
        self._last_track_id = 0
        self._tracks: list[Track] = []
        self._shape: tuple[int, ...] = ()
        self._detected_s = -np.inf
        self._detections = self._frames_since_detection = 0

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The faces that are followed, also those lost a moment ago."""
        return tuple(self._tracks)

    def reset(self, expected: Sequence[Track] = (), time_s: float = 0.0) -> None:
        """Drops all tracks, as after a cut.

        Args:
            expected: Tracks whose faces may be back, of a shot that is shown again. One that is not
                found at its old place with its old appearance is dropped as usual; another face
                there gets a new track.
            time_s: Of the next frame.
        """
        self._tracks = list(expected)
        for track in self._tracks:
            track.expect_back(time_s)
        self._detected_s, self._detections = -np.inf, 0

    def update(self, image: Image, time_s: float) -> tuple[TrackedFace, ...]:
        """The faces of the next frame.

        Args:
            image: RGB uint8 (H, W, 3); another size than before resets the tracker.
            time_s: When the frame was taken, on any clock that does not go backwards.

        Returns:
            Largest first.
        """
        seen = self.classify(image, self.locate(image, time_s))
        held = [(t, self._shown[t.track_id]) for t in self._waiting if t.track_id in self._shown]
        self._shown = {face.track_id: face for face in (*seen, *(face for _, face in held))}
        moved = [track.extrapolated(face, time_s) for track, face in held]
        return _largest_first((*seen, *moved))

    def locate(self, image: Image, time_s: float) -> tuple[TrackState, ...]:
        """The first half of ``update``: where the faces are.

        The next frame may be located before, or while, another thread classifies this one.
        """
        if image.shape != self._shape:
            self._shape = image.shape
            self.reset()
        self._tracks = [t for t in self._tracks if time_s - t.observed_s <= MAX_LOST_S]
        self._waiting = []
        self._frames_since_detection += 1
        followed = self._follow(image, time_s)
        if not self._waiting and self._detection_is_due(time_s):
            known = [observation.detection for _, observation in followed]
            followed += self._detect(image, time_s, known)
        return tuple(
            track.update(observation.detection, observation.descriptor, time_s, self.smoothing)
            for track, observation in followed
        )

    def classify(self, image: Image, states: Sequence[TrackState]) -> tuple[TrackedFace, ...]:
        """The second half of ``update``: the faces of a frame with their probabilities.

        Args:
            image: The frame; frames in their order.
            states: That ``locate`` gave for it.

        Returns:
            Largest first.
        """
        faces = self._analyzer.faces(image, [state.detection for state in states])
        pairs = zip(states, faces, strict=True)
        return _largest_first([state.classified(face) for state, face in pairs])

    @property
    def _low_score(self) -> float:
        return LOW_SCORE_FACTOR * self._analyzer.min_score

    def _detection_is_due(self, time_s: float) -> bool:
        if not self._tracks:
            return True
        lost = any(track.lost for track in self._tracks)
        if not lost and self._frames_since_detection < self._detect_interval_frames:
            return False
        every_s = self.detect_every_s / 2 if lost else self.detect_every_s
        return time_s - self._detected_s >= every_s

    def _follow(self, image: Image, time_s: float) -> list[tuple[Track, Observation]]:
        """The known faces near where they were, those whose turn it is."""
        here = [track for track in self._tracks if not track.lost]
        here.sort(key=lambda track: track.observed_s)
        # A full-frame detection needs to know where everybody is: nobody waits then.
        limit = MAX_FACES if self._detection_is_due(time_s) else self._max_refined
        due, self._waiting = here[:limit], here[limit:]
        moved = [(track, track.follow_flow(image, time_s)) for track in due]
        pairs = [(t, Observation(face, t.descriptor)) for t, face in moved if face is not None]
        if unclear := [track for track, face in moved if face is None]:
            predicted = [track.predicted(time_s) for track in unclear]
            found = self._analyzer.refine(image, predicted, self._low_score)
            for track, detection in zip(unclear, found, strict=True):
                if detection is not None:
                    track.refined(image, detection, time_s)
                    pairs.append((track, Observation.of(image, detection)))
        pairs = _suppress_duplicates(pairs, [(t, t.predicted(time_s)) for t in self._waiting])
        seen = {id(track) for track, _ in pairs}
        for track in due:
            if id(track) not in seen:
                track.mark_lost()
                self._detected_s = -np.inf  # detect at once, or as soon as nobody waits
        return pairs

    def _detect(
        self, image: Image, time_s: float, known: Sequence[Detection]
    ) -> list[tuple[Track, Observation]]:
        """The faces beside the known ones, each with its track; new ones with a new track."""
        self._detected_s, self._frames_since_detection = time_s, 0
        quick = self._detections % THOROUGH_EVERY > 0 or max(image.shape) > THOROUGH_MAX_SIDE
        self._detections += 1
        effort = Effort.QUICK if quick else Effort.STREAM  # every fourth is for small faces too
        options = SearchOptions(effort=effort, known=known)
        others = self._analyzer.detect(image, self._low_score, options)[:MAX_FACES]
        new = ~duplicates_of(_boxes(others), _boxes(known))
        found = [
            Observation.of(image, face) for face, is_new in zip(others, new, strict=True) if is_new
        ]
        lost = [track for track in self._tracks if track.lost]
        pairs = _associate(lost, found, time_s)
        result = [(lost[row], found[column]) for row, column in pairs]
        for track, observation in result:
            track.refined(image, observation.detection, time_s)
        back = {id(track) for track, _ in result}
        self._tracks = [t for t in self._tracks if id(t) in back or not t.expected_back]
        taken = {column for _, column in pairs}
        strangers = [each for column, each in enumerate(found) if column not in taken]
        begun = islice(self._certain(image, strangers), MAX_FACES - len(self._tracks))
        return result + [(self._begin(observation), observation) for observation in begun]

    def _certain(self, image: Image, observations: Sequence[Observation]) -> Iterator[Observation]:
        """Those that may begin a track: of a medium score, a refinement has to confirm the face."""
        min_score = self._analyzer.min_score
        for observation in observations:
            face = observation.detection
            if face.score >= min_score and (
                face.score >= HIGH_SCORE
                or self._analyzer.refine(image, [face], min_score)[0] is not None
            ):
                yield observation

    def _begin(self, observation: Observation) -> Track:
        """A new track, known from now on."""
        if self._reuse_track_ids:
            taken = {track.track_id for track in self._tracks}
            track_id = next(n for n in range(1, len(taken) + 2) if n not in taken)
        else:
            self._last_track_id += 1
            track_id = self._last_track_id
        self._tracks.append(Track(track_id, observation.detection, observation.descriptor))
        return self._tracks[-1]


def _boxes(faces: Sequence[Detection]) -> Floats:
    return stack_boxes([face.unclipped_xyxy for face in faces])


def _associate(
    tracks: Sequence[Track], found: Sequence[Observation], time_s: float
) -> list[tuple[int, int]]:
    """(index of the track, index of the observation) of those that are one face."""
    cost = np.array(
        [
            [
                association_cost(t.predicted(time_s), t.descriptor, f.detection, f.descriptor)
                for f in found
            ]
            for t in tracks
        ]
    ).reshape(len(tracks), len(found))
    gates = [
        REIDENTIFICATION_GATE
        if track.expected_back
        else ASSOCIATION_GATE + GATE_GROWTH_PER_S * (time_s - track.observed_s)
        for track in tracks
    ]
    return greedy_matching(cost, gates)


def _largest_first(faces: Sequence[TrackedFace]) -> tuple[TrackedFace, ...]:
    return tuple(sorted(faces, key=lambda face: -face.area))


def _suppress_duplicates(
    pairs: Sequence[tuple[Track, Observation]], waiting: Sequence[tuple[Track, Detection]]
) -> list[tuple[Track, Observation]]:
    """Where several tracks follow one face, it stays with the one of the most similar appearance.

    Args:
        pairs: Tracks with what was observed for them.
        waiting: The tracks whose turn it is not, with where their faces should be.
    """
    kept: list[tuple[Track, Observation]] = []
    for track, observation in sorted(pairs, key=lambda pair: -_similarity(*pair)):
        box, own = observation.detection.xyxy, _similarity(track, observation)
        others = [other.detection.xyxy for _, other in kept]
        others += [
            predicted.xyxy for other, predicted in waiting if _similarity(other, observation) > own
        ]
        if not any(overlaps(box, other)[0] > DUPLICATE_IOU for other in others):
            kept.append((track, observation))
    return kept


def _similarity(track: Track, observation: Observation) -> float:
    return float(track.descriptor @ observation.descriptor)
