"""Training of the detector."""

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
from emotion.training.common.optimizer import ema_momentum, exclude_from_decay
from emotion.training.common.run_folder import Report, ema_weights
from emotion.training.common.run_record import origin_of
from emotion.training.detector import network
from emotion.training.detector.batches import DetectorBatch, epoch_batches
from emotion.training.detector.config import DetectorConfig
from emotion.training.detector.data import Picture
from emotion.training.detector.export import validation_metrics
from emotion.training.detector.keras_detector import detector_of
from emotion.training.detector.losses import FaceTargets, concatenate_levels, detector_loss

LOSS_NAMES = ("loss", "score_loss", "box_loss", "landmark_loss")

Step = Callable[[Any, FaceTargets], Any]


class DetectorTrainer(EpochLoop):
    """One training run of a detector, in a folder of its own.

    Args:
        config: Settings of the run.
        pictures: Training images, at least a batch.
        validation: Validation images, which choose the epoch by average precision; never those of a
            test split.
        folder: Folder of the run, for checkpoints and history.
        data: The record's entry on the origin of the images.
        report: Called with each progress message.
        start_from: Folder of a detector whose weights are the first ones.
        record: Further entries of the run's record, such as the teacher.

    Raises:
        ModelError: When the first weights are missing or of another size.
        ValueError: When there are too few images.
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
        record: Mapping[str, Any] | None = None,
    ) -> None:
        self.config = config
        self._pictures, self._validation = pictures, validation
        self._steps = len(pictures) // config.batch_size
        if not self._steps:
            raise ValueError(f"expected at least {config.batch_size} pictures, got {len(pictures)}")
        keras.utils.set_random_seed(config.seed)
        self.model = network.build(config.network)
        origins = dict(record or {})
        if start_from is not None:
            origins["start_from"] = load_first_weights(start_from, self.model)
        self.model.compile(self._optimizer())
        self.model.optimizer.build(self.model.trainable_variables)
        self._step = _train_step(self.model, config)
        super().__init__(
            config, self.model, folder, data=data or {}, origins=origins, report=report
        )

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
            ema_momentum=ema_momentum(c.ema, steps),
        )
        exclude_from_decay(optimizer)
        return optimizer

    def describe(self, row: Mapping[str, Any]) -> str:
        """Losses and average precision of an epoch, as text."""
        parts = ", ".join(f"{name[:-5]} {row[name]:.3f}" for name in LOSS_NAMES[1:])
        ap = f"  AP {row['val_ap']:.4f}" if row["val_ap"] is not None else ""
        return f"loss {row['loss']:.3f} ({parts}){ap}"

    def train_epoch(self, epoch: int) -> dict[str, Any]:
        """Trains for one epoch and returns the mean losses."""
        c = self.config
        batches = epoch_batches(
            self._pictures, c.views, c.colors, batch_size=c.batch_size, side=c.side,
            strides=network.STRIDES, seed=c.seed, epoch=epoch,
        )  # fmt: skip
        losses = [self._step(*_tensors(batch)) for batch in prefetch(batches, depth=3)]
        each = np.array([np.asarray(loss) for loss in losses], dtype=np.float64)
        means = np.asarray(each.mean(axis=0))
        return dict(zip(LOSS_NAMES, means.round(5).tolist(), strict=True))

    def validate(self, epoch: int) -> dict[str, Any]:
        """Evaluates the averaged weights, every ``validate_every`` epochs, and saves the best."""
        c = self.config
        found: dict[str, float | None] = {"val_ap": None, "val_landmark_error": None}
        if (epoch + 1) % c.validate_every == 0 or epoch + 1 == c.epochs:
            with ema_weights(self.model):
                metrics = validation_metrics(detector_of(self.model), self._validation)
                ap = float(np.nan_to_num(metrics.average_precision()))
                found = {"val_ap": round(ap, 5), "val_landmark_error": metrics.landmark_error()}
                if epoch + 1 > c.choose_from * c.epochs:
                    self._folder.save_if_best(ap, epoch + 1)
        return found


def load_first_weights(start: Path, model: keras.Model) -> dict[str, Any]:
    """Copies the weights of another detector.

    Args:
        start: The other detector's folder.
        model: The network that gets the weights.

    Returns:
        The other detector as the run's record names it.

    Raises:
        ModelError: When it is missing or of another size.
    """
    spec = read_detector_spec(start)
    try:
        model.set_weights(load_keras(start).get_weights())
    except ValueError as error:
        raise ModelError(
            f"{start} has a network of another size; a run cannot start from it."
        ) from error
    return origin_of(start, spec)


def _tensors(batch: DetectorBatch) -> tuple[Any, FaceTargets]:
    return tf.constant(batch.images), FaceTargets(
        tf.constant(batch.candidates), tf.constant(batch.boxes), tf.constant(batch.landmarks),
        tf.constant(batch.weights), tf.constant(batch.confidence), tf.constant(batch.ignored),
    )  # fmt: skip


def _train_step(model: keras.Model, config: DetectorConfig) -> Step:
    """A training step as a graph, traced once for any number of faces; it returns losses (4,)."""
    centers, strides = anchor_points(config.side, config.side, network.STRIDES)
    anchors = (tf.constant(centers), tf.constant(strides))
    candidates = 9 * len(network.STRIDES)
    signature = [
        tf.TensorSpec([None, config.side, config.side, 3], tf.uint8),
        FaceTargets(
            tf.TensorSpec([None, candidates], tf.int32), tf.TensorSpec([None, 4]),
            tf.TensorSpec([None, 5, 2]), tf.TensorSpec([None, 5]),
            tf.TensorSpec([None]), tf.TensorSpec([None, len(centers)], tf.bool),
        ),
    ]  # fmt: skip

    def step(images: Any, faces: FaceTargets) -> Any:
        with tf.GradientTape() as tape:
            raw = concatenate_levels(model(images, training=True), network.STRIDES)
            losses = detector_loss(raw, faces, anchors, config.loss)
            total = losses[0]
        gradients = tape.gradient(total, model.trainable_variables)
        model.optimizer.apply(gradients, model.trainable_variables)
        return losses

    return cast(Step, tf.function(step, input_signature=signature))
