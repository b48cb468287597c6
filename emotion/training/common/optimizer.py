"""What the optimizers of all runs share: averaged weights, and weights that do not decay."""

from __future__ import annotations

import keras


def ema_momentum(ema: float, steps: int) -> float:
    """The decay of the averaged weights, lowered for short runs.

    Args:
        ema: Decay per step, 0..1.
        steps: Steps of the whole run. Its average spans at most a tenth of it, so that the weights
            of a short run's beginning are not part of the result.

    Returns:
        The decay per step, 0..1.
    """
    return max(min(ema, 1 - 10 / steps), 0.0)


def exclude_from_decay(optimizer: keras.optimizers.Optimizer) -> None:
    """Keeps biases and normalisation parameters out of weight decay."""
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
