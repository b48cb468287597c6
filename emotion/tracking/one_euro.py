"""The One Euro filter: much smoothing while a signal rests, little while it moves.

Casiez et al. 2012, "1 € Filter: A Simple Speed-based Low-pass Filter for Noisy Input in Interactive
Systems": a low-pass filter whose cutoff grows with the signal's speed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from emotion.types import Floats


@dataclass(frozen=True, kw_only=True)
class OneEuroParameters:
    """How much is smoothed.

    Attributes:
        min_cutoff_hz: Cutoff of a signal at rest; lower smooths more.
        beta: What each unit of speed, in the signal's unit per second, adds to the cutoff; higher
            lags less.
        speed_cutoff_hz: Cutoff of the low-pass filter of the speed itself.
    """

    min_cutoff_hz: float
    beta: float
    speed_cutoff_hz: float = 1.0


class OneEuroFilter:
    """Filters a vector; its fastest element sets the cutoff of all, so that they move together.

    Not thread-safe. ``parameters`` may be replaced between two values.
    """

    def __init__(self, parameters: OneEuroParameters) -> None:
        self.parameters = parameters
        self._value: Floats | None = None
        self._speed: Floats | None = None
        self._time_s = 0.0

    def __call__(self, value: Floats, time_s: float, unit: float = 1.0) -> Floats:
        """The filtered vector.

        Args:
            value: Of the signal; one of another shape resets the filter.
            time_s: When it was measured; must not go backwards.
            unit: What a speed of 1 is measured in, in the vector's own unit.

        Returns:
            float32 of the same shape.
        """
        value = np.asarray(value, np.float32)
        if self._value is None or self._speed is None or self._value.shape != value.shape:
            self._value, self._speed = value, np.zeros_like(value)
            self._time_s = time_s
            return value
        step_s = time_s - self._time_s
        if step_s <= 0:
            return self._value
        own = self.parameters
        speed = (value - self._value) / np.float32(step_s)
        self._speed = self._speed + _weight(own.speed_cutoff_hz, step_s) * (speed - self._speed)
        fastest = float(np.abs(self._speed).max(initial=0.0)) / unit
        cutoff = own.min_cutoff_hz + own.beta * fastest
        self._value = self._value + _weight(cutoff, step_s) * (value - self._value)
        self._time_s = time_s
        return self._value


def _weight(cutoff_hz: float, step_s: float) -> np.float32:
    """How much of a new value a low-pass filter of that cutoff takes after ``step_s``."""
    return np.float32(1.0 / (1.0 + 1.0 / (2.0 * math.pi * cutoff_hz * step_s)))
