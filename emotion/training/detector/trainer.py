"""Training of the detector: averaged weights, choice by average precision."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import keras
import numpy as np
import tensorflow as tf

from emotion.detection.anchor_points import anchor_points
from emotion.detection.spec import read_detector_spec
from emotion.errors import ModelError
from emotion.prefetch import prefetch
from emotion.training.common.epochs import EpochLoop
from emotion.training.common.keras_models import load_keras
from emotion.training.common.run_folder import Report, ema_weights
from emotion.training.common.run_record import run_of
from emotion.training.detector import network
from emotion.training.detector.answers import detector_of, judge
from emotion.training.detector.batches import DetectorBatch, epoch_batches
from emotion.training.detector.config import DetectorConfig
from emotion.training.detector.data import Picture
from emotion.training.detector.losses import Faces, detector_loss, joined

PARTS = ("loss", "score_loss", "box_loss", "landmark_loss")

Step = Callable[[Any, Faces], Any]


class DetectorTrainer(EpochLoop):
    """One run in one folder.

    Args:
        config: Its settings.
        pictures: To learn from.
        validation: What the best epoch is chosen on, by average precision; never a test split.
        folder: Where checkpoints and the history go.
        data: What the record says of the pictures' origin.
        report: Called with each line that a person watching reads.
        start_from: A detector's folder whose weights the run begins with.
    """

    def __init__(
        self,
        config: DetectorConfig,
        pictures: Sequence[Picture],
        validation: Sequence[Picture],
        folder: Path,
        *,
        data: Mapping[str, Any] | None = None,
        report: Report = print,
        start_from: Path | None = None,
    ) -> None:
        self.config = config
        self._pictures, self._validation = pictures, validation
        self._steps = len(pictures) // config.batch_size
        if not self._steps:
            raise ValueError(f"expected at least {config.batch_size} pictures, got {len(pictures)}")
        keras.utils.set_random_seed(config.seed)
        self.model = network.build(config.network, training=True)
        origins = (
            {} if start_from is None else {"start_from": load_first_weights(start_from, self.model)}
        )
        self.model.compile(self._optimizer())
        self.model.optimizer.build(self.model.trainable_variables)
        self._step = _step_of(self.model, config)
        super().__init__(
            config, self.model, folder, data=data or {}, origins=origins, report=report
        )

    def should_stop(self, epoch: int) -> bool:
        """Never: the learning rate falls to the end."""
        return epoch + 1 >= self.config.epochs

    def _optimizer(self) -> Any:
        c = self.config
        steps = c.epochs * self._steps
        warmup = max(min(round(c.warmup * self._steps), steps // 2), 1)
        schedule = keras.optimizers.schedules.CosineDecay(
            c.learning_rate / 100, max(steps - warmup, 1),
            alpha=0.01, warmup_target=c.learning_rate, warmup_steps=warmup,
        )  # fmt: skip
        optimizer = keras.optimizers.AdamW(
            schedule,
            weight_decay=c.weight_decay,
            global_clipnorm=c.clip_norm,
            use_ema=True,
            # A short run must not average its beginning: at most a tenth of it, then.
            ema_momentum=max(min(c.ema, 1 - 10 / steps), 0.0),
        )
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        return optimizer

    def describe(self, row: Mapping[str, Any]) -> str:
        """Losses and average precision."""
        parts = ", ".join(f"{name[:-5]} {row[name]:.3f}" for name in PARTS[1:])
        ap = f"  AP {row['val_ap']:.4f}" if row["val_ap"] is not None else ""
        return f"loss {row['loss']:.3f} ({parts}){ap}"

    def train_epoch(self, epoch: int) -> dict[str, Any]:
        """Trains for one epoch; the mean losses."""
        c = self.config
        batches = epoch_batches(
            self._pictures, c.views, c.colors, batch_size=c.batch_size, side=c.side,
            strides=network.STRIDES, seed=c.seed, epoch=epoch,
        )  # fmt: skip
        losses = [self._step(*_tensors(batch)) for batch in prefetch(batches, depth=3)]
        each = np.array([np.asarray(loss) for loss in losses], dtype=np.float64)
        means = np.asarray(each.mean(axis=0))
        return dict(zip(PARTS, means.round(5).tolist(), strict=True))

    def validate(self, epoch: int) -> dict[str, Any]:
        """The averaged weights' figures where it is time; saves the weights if they are the
        best."""
        c = self.config
        found: dict[str, float | None] = {"val_ap": None, "val_landmark_error": None}
        if (epoch + 1) % c.validate_every == 0 or epoch + 1 == c.epochs:
            with ema_weights(self.model):
                tally = judge(detector_of(self.model), self._validation)
                ap = float(np.nan_to_num(tally.average_precision()))
                found = {"val_ap": round(ap, 5), "val_landmark_error": tally.landmark_error()}
                if epoch + 1 > c.choose_from * c.epochs:
                    self._folder.save_if_best(ap, epoch + 1)
        return found


def load_first_weights(start: Path, model: keras.Model) -> dict[str, Any]:
    """Gives ``model`` the weights of the detector in ``start``; what the run's record says of it.

    Raises ``ModelError`` when it is missing or of another size.
    """
    spec = read_detector_spec(start)
    try:
        model.set_weights(load_keras(start).get_weights())
    except ValueError as error:
        raise ModelError(
            f"{start} has a network of another size; no run can begin there."
        ) from error
    return run_of(start, spec)


def _tensors(batch: DetectorBatch) -> tuple[Any, Faces]:
    return tf.constant(batch.images), Faces(
        tf.constant(batch.candidates), tf.constant(batch.boxes), tf.constant(batch.landmarks),
        tf.constant(batch.weights), tf.constant(batch.ignored),
    )  # fmt: skip


def _step_of(model: keras.Model, config: DetectorConfig) -> Step:
    """One step as a graph, traced once for any number of faces; it returns the losses (4,)."""
    centers, strides = anchor_points(config.side, config.side, network.STRIDES)
    points = (tf.constant(centers), tf.constant(strides))
    candidates = 9 * len(network.STRIDES)
    signature = [
        tf.TensorSpec([None, config.side, config.side, 3], tf.uint8),
        Faces(
            tf.TensorSpec([None, candidates], tf.int32), tf.TensorSpec([None, 4]),
            tf.TensorSpec([None, 5, 2]), tf.TensorSpec([None, 5]),
            tf.TensorSpec([None, len(centers)], tf.bool),
        ),
    ]  # fmt: skip

    def step(images: Any, faces: Faces) -> Any:
        with tf.GradientTape() as tape:
            raw = joined(model(images, training=True), network.STRIDES)
            losses = detector_loss(raw, faces, points, config.loss)
            total = losses[0]
        gradients = tape.gradient(total, model.trainable_variables)
        model.optimizer.apply(gradients, model.trainable_variables)
        return losses

    return cast(Step, tf.function(step, input_signature=signature))
