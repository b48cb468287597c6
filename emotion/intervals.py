"""Confidence intervals of counted fractions."""

from __future__ import annotations

import math

_Z = 1.959964  # standard normal quantile of 97.5 %


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % score interval of a proportion (Wilson 1927).

    Args:
        successes: 0..trials.
        trials: At least 1.

    Returns:
        (low, high), 0..1.

    Example:
        >>> low, high = wilson_interval(5, 10)
        >>> round(low, 2), round(high, 2)
        (0.24, 0.76)
    """
    share, spread = successes / trials, _Z * _Z / trials
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * math.sqrt(share * (1 - share) / trials + spread / trials / 4) / (1 + spread)
    return max(middle - half, 0.0), min(middle + half, 1.0)
