"""Shot cut detection, and shot re-identification: which earlier shot a film cuts back to.

Not thread-safe: one instance belongs to one clip.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import cv2
import numpy as np

from emotion.tracking.track import Track
from emotion.types import Floats, Image

SIDE = 16
"""Frames are compared at this size, in pixels."""

CUT_DIFFERENCE = 0.18
"""Mean difference of two frames' colours, 0..1, above which they are different shots."""

CUT_RATIO = 3.0
"""A cut differs by so many times more than the frames before it did: a shaking camera does not."""

SAME_SHOT_DIFFERENCE = 0.05
"""Mean difference up to which a new shot continues an earlier one: the same camera, still in its
place, as in a talk that is cut to and fro."""

MAX_REMEMBERED_SHOTS = 8


class ShotCutDetector:
    """Compares each frame of one clip with the one before it, at ``SIDE`` x ``SIDE`` pixels.

    Remembers the last frames of ``MAX_REMEMBERED_SHOTS`` shots with the tracks of their faces.
    """

    def __init__(self) -> None:
        self._last: Floats | None = None
        self._before: Floats | None = None
        self._usual = 0.0
        self._shots: deque[tuple[Floats, Sequence[Track]]] = deque(maxlen=MAX_REMEMBERED_SHOTS)

    def is_cut(self, image: Image) -> bool:
        """Whether this RGB uint8 (H, W, 3) frame begins a new shot; the first one does not."""
        # Eight pixels by eight tell a cell's colour as well as all of them.
        few = cv2.resize(image, (8 * SIDE, 8 * SIDE), interpolation=cv2.INTER_NEAREST)
        small = cv2.resize(few, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
        self._before, self._last = self._last, np.asarray(small / 255)
        if self._before is None:
            return False
        change = _difference(self._last, self._before)
        cut = change > max(CUT_DIFFERENCE, CUT_RATIO * self._usual)
        if not cut:
            self._usual = 0.8 * self._usual + 0.2 * change
        return cut

    def reidentify(self, tracks: Sequence[Track]) -> Sequence[Track]:
        """To be called at a cut: remembers the shot that ended, and recognises the one that begins.

        Args:
            tracks: Of the shot that ended.

        Returns:
            The tracks of the earlier shot that continues, empty when there is none. Whether their
            faces are there again is still to be decided by place and appearance.
        """
        if self._before is None or self._last is None:
            return ()
        now = self._last
        known = [shot for shot in self._shots if _difference(shot[0], now) <= SAME_SHOT_DIFFERENCE]
        nearest = min(known, key=lambda shot: _difference(shot[0], now), default=None)
        # By identity: equality of tuples of arrays is an error.
        others = (shot for shot in self._shots if shot is not nearest)
        self._shots = deque(others, MAX_REMEMBERED_SHOTS)
        for track in tracks:
            track.mark_lost()
        self._shots.append((self._before, tuple(tracks)))
        return () if nearest is None else nearest[1]


def _difference(a: Floats, b: Floats) -> float:
    return float(np.abs(a - b).mean())
