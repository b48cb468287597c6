"""Valence and arousal, derived from the seven probabilities with published coordinates.

Not a measurement of its own: the network was not trained on valence or arousal. Each expression has
the place that people gave its word, and a face lies at their mean, weighted by its probabilities.

Russell & Mehrabian 1977, "Evidence for a three-factor theory of emotions", Journal of Research in
Personality 11(3), 273-294, https://doi.org/10.1016/0092-6566(77)90037-X: mean ratings of the words
angry, disgusted, fearful, happy, sad and surprised, -1..1. Neutral is the scale's zero.
"""

from __future__ import annotations

import numpy as np

from emotion.types import EMOTIONS, Floats

COORDINATES: dict[str, tuple[float, float]] = {
    "angry": (-0.51, 0.59),
    "disgust": (-0.60, 0.35),
    "fear": (-0.64, 0.60),
    "happy": (0.81, 0.51),
    "sad": (-0.63, -0.27),
    "surprise": (0.40, 0.67),
    "neutral": (0.0, 0.0),
}
"""(valence, arousal) of each of ``EMOTIONS``: unpleasant -1 to pleasant 1, calm -1 to excited 1."""

_MATRIX = np.array([COORDINATES[name] for name in EMOTIONS], np.float32)


def valence_arousal(probabilities: np.ndarray) -> Floats:
    """Valence and arousal of apparent expressions.

    Args:
        probabilities: (..., 7), order of ``EMOTIONS``, rows summing to 1.

    Returns:
        float32 (..., 2): valence and arousal, -1..1.
    """
    return np.asarray(np.asarray(probabilities, np.float32) @ _MATRIX)
