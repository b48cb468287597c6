"""Follows the faces of one stream: a full search now and then, cheaper ways in between.

A search several times a second finds new faces and those that were lost; between two searches the
detector looks for each face near its last place only, and between two looks the face's own corners
tell where it went (see ``flow``). A frame is classified in one batch. Not
thread-safe: one instance belongs to one stream and one thread (``locate`` and ``answer``: one
each). Memory is bounded by ``MAX_FACES``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from emotion.detection.base import SearchOptions
from emotion.geometry.boxes import duplicates_of, overlaps, stack_boxes
from emotion.tracking.analyzer import StreamAnalyzer
from emotion.tracking.association import Sight, best_pairs, pair_cost
from emotion.tracking.track import Place, Track, TrackedFace
from emotion.types import Detection, Floats, Image

LOST_AFTER_S = 1.0
"""How long the number of a face that is not found is kept for it."""

UNSURE = 0.6
"""The detector's own threshold begins a track; this part of it goes on with it."""

SURE = 0.8
"""Score from which on one look is enough to begin a track."""

SAME_IOU = 0.55
"""Two tracks that overlap more have run onto one face."""

NEAR = 0.8
"""Cost (see ``association``) up to which a face found now is the one expected here."""

NEAR_GROWS = 0.6
"""By so much a second, since a lost face may have gone further; up to LOST_AFTER_S."""

AGAIN = 0.25
"""Cost up to which a face is one that was expected again: in its place, and looking the same."""

MAX_FACES = 32

THOROUGH_EVERY, THOROUGH_UP_TO = 4, 640
"""Of so many searches one is thorough, in pictures of up to so many pixels a side."""

AT_ONCE = 4
"""Faces of a live frame between two searches that are followed: ten are each seen fourteen times a
second at 30 frames, in two fifths of the time."""

SEARCH_ONE_IN = 3
"""For a live stream: where a busy server makes five analyses a second, it searches every .6 s."""


class FaceTracker:
    """scan_every_s: between two full searches; 0 searches every frame. smoothing: 1 is the tuned
    calm, 2 twice as calm at rest, close to 0 next to none. reuse_numbers: a new face takes the
    smallest number that is free (a live picture), or one that nobody had (a recording). at_once:
    how many faces a frame between two searches follows, in turns; ``update`` gives the others as
    they were, moved on at their last speed, so that a crowd does not slow a stream. search_one_in:
    while all known faces are there, of so many frames one at most is searched: where frames are far
    apart, following comes first."""

    def __init__(
        self,
        analyzer: StreamAnalyzer,
        *,
        scan_every_s: float = 0.25,
        smoothing: float = 1.0,
        reuse_numbers: bool = True,
        at_once: int = MAX_FACES,
        search_one_in: int = 1,
    ) -> None:
        self._analyzer = analyzer
        self.scan_every_s = scan_every_s
        self.smoothing = smoothing
        self._reuse = reuse_numbers
        self._at_once = at_once
        self._search_one_in = search_one_in
        self._waiting: list[Track] = []  # for their turn, in the newest frame
        self._shown: dict[int, TrackedFace] = {}
        self._given = 0
        self._tracks: list[Track] = []
        self._shape: tuple[int, ...] = ()
        self._scanned_s = -np.inf
        self._scans = self._unsearched = 0

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The faces that are followed, also those lost a moment ago."""
        return tuple(self._tracks)

    def reset(self, expected: Sequence[Track] = (), time_s: float = 0.0) -> None:
        """Forgets all faces, as after a cut, but for those ``expected`` again at ``time_s``.

        One of them that is not where it was and as it looked is forgotten as usual, and whoever is
        there instead is somebody new.
        """
        self._tracks = list(expected)
        for track in self._tracks:
            track.await_again(time_s)
        self._scanned_s, self._scans = -np.inf, 0

    def update(self, image: Image, time_s: float) -> tuple[TrackedFace, ...]:
        """The faces of the next frame, RGB uint8 (H, W, 3), largest first.

        time_s: when the frame was taken, on any clock that does not go backwards.
        """
        seen = self.answer(image, self.locate(image, time_s))
        held = [(t, self._shown[t.number]) for t in self._waiting if t.number in self._shown]
        self._shown = {face.number: face for face in (*seen, *(face for _, face in held))}
        moved = [track.moved_on(face, time_s) for track, face in held]
        return _largest_first((*seen, *moved))

    def locate(self, image: Image, time_s: float) -> tuple[Place, ...]:
        """The first half of ``update``: where the faces are.

        The next frame may be searched before, or while, another thread answers for this one.
        """
        if image.shape != self._shape:
            self._shape = image.shape
            self.reset()
        self._tracks = [t for t in self._tracks if time_s - t.seen_s <= LOST_AFTER_S]
        self._waiting = []
        self._unsearched += 1
        followed = self._look(image, time_s)
        if not self._waiting and self._scan_is_due(time_s):
            followed += self._scan(image, time_s, [sight.detection for _, sight in followed])
        return tuple(
            track.follow(sight.detection, sight.looks, time_s, self.smoothing)
            for track, sight in followed
        )

    def answer(self, image: Image, places: Sequence[Place]) -> tuple[TrackedFace, ...]:
        """The second half: the faces of a frame with their expressions, frames in their order."""
        faces = self._analyzer.faces(image, [place.seen for place in places])
        pairs = zip(places, faces, strict=True)
        return _largest_first([place.answered(face) for place, face in pairs])

    @property
    def _unsure(self) -> float:
        return UNSURE * self._analyzer.min_score

    def _scan_is_due(self, time_s: float) -> bool:
        if not self._tracks:
            return True
        lost = any(track.lost for track in self._tracks)
        if not lost and self._unsearched < self._search_one_in:
            return False
        return time_s - self._scanned_s >= (self.scan_every_s / 2 if lost else self.scan_every_s)

    def _look(self, image: Image, time_s: float) -> list[tuple[Track, Sight]]:
        """The known faces near where they were, those whose turn it is."""
        here = [track for track in self._tracks if not track.lost]
        here.sort(key=lambda track: track.seen_s)
        # A search needs to know where everybody is: nobody waits then.
        limit = MAX_FACES if self._scan_is_due(time_s) else self._at_once
        due, self._waiting = here[:limit], here[limit:]
        moved = [(track, track.moved(image, time_s)) for track in due]
        pairs = [(track, Sight(face, track.looks)) for track, face in moved if face is not None]
        if unclear := [track for track, face in moved if face is None]:
            expected = [track.expected(time_s) for track in unclear]
            found = self._analyzer.refine(image, expected, self._unsure)
            for track, detection in zip(unclear, found, strict=True):
                if detection is not None:
                    track.looked_at(image, detection, time_s)
                    pairs.append((track, Sight.of(image, detection)))
        pairs = _without_doubles(pairs, [(t, t.expected(time_s)) for t in self._waiting])
        seen = {id(track) for track, _ in pairs}
        for track in due:
            if id(track) not in seen:
                track.lose()
                self._scanned_s = -np.inf  # search at once, or as soon as nobody waits
        return pairs

    def _scan(
        self, image: Image, time_s: float, known: Sequence[Detection]
    ) -> list[tuple[Track, Sight]]:
        """The faces beside the known ones, each with its track; new ones with a new track."""
        self._scanned_s, self._unsearched = time_s, 0
        # Every fourth search is for small faces too, where that costs no more than one scan.
        quick = self._scans % THOROUGH_EVERY > 0 or max(image.shape) > THOROUGH_UP_TO
        self._scans += 1
        others = self._analyzer.detect(
            image, self._unsure, SearchOptions(quick=quick, known=known)
        )[:MAX_FACES]
        new = ~duplicates_of(_boxes(others), _boxes(known))
        found = [Sight.of(image, face) for face, is_new in zip(others, new, strict=True) if is_new]
        lost = [track for track in self._tracks if track.lost]
        pairs = _associate(lost, found, time_s)
        result = [(lost[row], found[column]) for row, column in pairs]
        for track, sight in result:
            track.looked_at(image, sight.detection, time_s)
        back = {id(track) for track, _ in result}
        self._tracks = [t for t in self._tracks if id(t) in back or not t.awaited]
        taken = {column for _, column in pairs}
        strangers = [sight for column, sight in enumerate(found) if column not in taken]
        begun = islice(self._sure(image, strangers), MAX_FACES - len(self._tracks))
        return result + [(self._begin(sight), sight) for sight in begun]

    def _sure(self, image: Image, sights: Sequence[Sight]) -> Iterator[Sight]:
        """Those that are faces beyond doubt: what is hardly one has to be one at a second look."""
        least = self._analyzer.min_score
        for sight in sights:
            face = sight.detection
            if face.score >= least and (
                face.score >= SURE or self._analyzer.refine(image, [face], least)[0] is not None
            ):
                yield sight

    def _begin(self, sight: Sight) -> Track:
        """A new track, known from now on."""
        if self._reuse:
            taken = {track.number for track in self._tracks}
            number = next(n for n in range(1, len(taken) + 2) if n not in taken)
        else:
            self._given += 1
            number = self._given
        self._tracks.append(Track(number, sight.detection, sight.looks))
        return self._tracks[-1]


def _boxes(faces: Sequence[Detection]) -> Floats:
    return stack_boxes([face.whole for face in faces])


def _associate(
    tracks: Sequence[Track], found: Sequence[Sight], time_s: float
) -> list[tuple[int, int]]:
    """(index of the track, index of the face) of those that are one."""
    cost = np.array(
        [
            [pair_cost(t.expected(time_s), t.looks, f.detection, f.looks) for f in found]
            for t in tracks
        ]
    ).reshape(len(tracks), len(found))
    limits = [
        AGAIN if track.awaited else NEAR + NEAR_GROWS * (time_s - track.seen_s) for track in tracks
    ]
    return best_pairs(cost, limits)


def _largest_first(faces: Sequence[TrackedFace]) -> tuple[TrackedFace, ...]:
    return tuple(sorted(faces, key=lambda face: -face.area))


def _without_doubles(
    pairs: Sequence[tuple[Track, Sight]], waiting: Sequence[tuple[Track, Detection]]
) -> list[tuple[Track, Sight]]:
    """Where several tracks have run onto one face, it stays with the one it looks like.

    waiting: the faces whose turn it is not, where they should be.
    """
    kept: list[tuple[Track, Sight]] = []
    for track, sight in sorted(pairs, key=lambda pair: -_alike(*pair)):
        box, own = sight.detection.xyxy, _alike(track, sight)
        others = [other.detection.xyxy for _, other in kept]
        others += [expected.xyxy for other, expected in waiting if _alike(other, sight) > own]
        if not any(overlaps(box, other)[0] > SAME_IOU for other in others):
            kept.append((track, sight))
    return kept


def _alike(track: Track, sight: Sight) -> float:
    return float(track.looks @ sight.looks)
