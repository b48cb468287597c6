"""How the weights move: the optimizer of a configuration and its learning rate over time."""

from __future__ import annotations

from typing import Any

import keras

from emotion.training.expression.config import TrainingConfig


def optimizer_of(config: TrainingConfig, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """SGD with Nesterov momentum, or Adam; with decoupled weight decay and averaged weights."""
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
        # A short run must not average its beginning: at most a tenth of it, then.
        "ema_momentum": max(min(config.ema, 1 - 10 / steps), 0.0),
    }
    if config.optimizer == "adam":
        optimizer = keras.optimizers.Adam(rate, **common)
    else:
        optimizer = keras.optimizers.SGD(rate, momentum=config.momentum, nesterov=True, **common)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


@keras.saving.register_keras_serializable("emotion")
class WarmupStableDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up, a long stay at the peak, then a fall to 0 by 1 - sqrt.

    Hägele et al. 2024, "Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations":
    as good as a cosine, and a run can be lengthened from where the fall begins.
    """

    def __init__(self, peak: float, *, warmup: int, decay_from: float, steps: int) -> None:
        self.peak, self.warmup, self.decay_from, self.steps = peak, warmup, decay_from, steps

    def __call__(self, step: Any) -> Any:
        """The learning rate at a step (a tensor or a number)."""
        now = keras.ops.cast(step, "float32")
        rising = keras.ops.minimum((now + 1) / self.warmup, 1.0)
        fallen = (now - self.decay_from) / max(self.steps - self.decay_from, 1.0)
        return self.peak * rising * (1.0 - keras.ops.sqrt(keras.ops.clip(fallen, 0.0, 1.0)))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal schedule."""
        return {
            "peak": self.peak,
            "warmup": self.warmup,
            "decay_from": self.decay_from,
            "steps": self.steps,
        }
