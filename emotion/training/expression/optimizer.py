"""The optimizer of a run and its learning rate schedule."""

from __future__ import annotations

from typing import Any

import keras

from emotion.training.common.optimizer import ema_momentum, exclude_from_decay
from emotion.training.expression.config import TrainingConfig


def optimizer_of(config: TrainingConfig, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """SGD with Nesterov momentum or Adam, with decoupled weight decay and averaged weights.

    Args:
        config: Settings of the run.
        steps_per_epoch: Number of batches in an epoch.
    """
    steps = config.epochs * steps_per_epoch
    rate = WarmupStableDecay(
        config.learning_rate,
        warmup=steps_per_epoch,
        decay_from=config.decay_from * steps,
        steps=steps,
    )
    common: dict[str, Any] = {
        "weight_decay": config.weight_decay,
        "use_ema": True,
        "ema_momentum": ema_momentum(config.ema, steps),
    }
    if config.optimizer == "adam":
        optimizer = keras.optimizers.Adam(rate, **common)
    else:
        optimizer = keras.optimizers.SGD(rate, momentum=config.momentum, nesterov=True, **common)
    exclude_from_decay(optimizer)
    return optimizer


@keras.saving.register_keras_serializable("emotion")
class WarmupStableDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up, a constant learning rate, then a decay to 0 by 1 - sqrt.

    Hägele et al. 2024, "Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations":
    as good as a cosine, and a run can be extended from where the decay begins.

    Args:
        peak: The highest learning rate.
        warmup: Steps of the warm-up.
        decay_from: Step at which the decay begins.
        steps: Steps of the whole run.
    """

    def __init__(self, peak: float, *, warmup: int, decay_from: float, steps: int) -> None:
        self.peak, self.warmup, self.decay_from, self.steps = peak, warmup, decay_from, steps

    def __call__(self, step: Any) -> Any:
        """The learning rate at a step, a tensor or a number."""
        now = keras.ops.cast(step, "float32")
        rising = keras.ops.minimum((now + 1) / self.warmup, 1.0)
        fallen = (now - self.decay_from) / max(self.steps - self.decay_from, 1.0)
        return self.peak * rising * (1.0 - keras.ops.sqrt(keras.ops.clip(fallen, 0.0, 1.0)))

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor, for Keras."""
        return {
            "peak": self.peak,
            "warmup": self.warmup,
            "decay_from": self.decay_from,
            "steps": self.steps,
        }
