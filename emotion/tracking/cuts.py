"""Where one shot of a film ends, and whether the next one was seen before."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import cv2
import numpy as np

from emotion.tracking.track import Track
from emotion.types import Floats, Image

SIDE = 16
DIFFERENT = 0.18
"""Mean difference of two pictures' colours, 0..1, from which on they are different shots."""

STEADY = 3.0
"""A cut differs by so many times more than the frames before it did: a shaking camera does not."""


SAME_SHOT = 0.05
"""Mean difference up to which a new shot goes on with one that was left: the same camera, still
in its place, as in a talk that is cut to and fro."""

KEPT_SHOTS = 8


class CutDetector:
    """Compares each frame of one clip with the one before it, at ``SIDE`` x ``SIDE`` pixels.

    Remembers the last ``KEPT_SHOTS`` shots, with who was in them.
    """

    def __init__(self) -> None:
        self._last: Floats | None = None
        self._before: Floats | None = None
        self._usual = 0.0
        self._left: deque[tuple[Floats, Sequence[Track]]] = deque(maxlen=KEPT_SHOTS)

    def is_cut(self, image: Image) -> bool:
        """Whether this RGB uint8 (H, W, 3) frame begins a new shot; the first one does not."""
        # Eight pixels by eight tell a cell's colour as well as all of them.
        few = cv2.resize(image, (8 * SIDE, 8 * SIDE), interpolation=cv2.INTER_NEAREST)
        small = cv2.resize(few, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
        self._before, self._last = self._last, np.asarray(small / 255)
        if self._before is None:
            return False
        change = _difference(self._last, self._before)
        cut = change > max(DIFFERENT, STEADY * self._usual)
        if not cut:
            self._usual = 0.8 * self._usual + 0.2 * change
        return cut

    def exchange(self, tracks: Sequence[Track]) -> Sequence[Track]:
        """At a cut: keeps the tracks of the shot that ended; those of the new one if it is known.

        Whoever is in it again is still to be told by place and looks.
        """
        if self._before is None or self._last is None:
            return ()
        now = self._last
        known = [shot for shot in self._left if _difference(shot[0], now) <= SAME_SHOT]
        nearest = min(known, key=lambda shot: _difference(shot[0], now), default=None)
        # By identity: equality of tuples of arrays is an error.
        self._left = deque((shot for shot in self._left if shot is not nearest), KEPT_SHOTS)
        for track in tracks:
            track.lose()
        self._left.append((self._before, tuple(tracks)))
        return () if nearest is None else nearest[1]


def _difference(a: Floats, b: Floats) -> float:
    return float(np.abs(a - b).mean())
