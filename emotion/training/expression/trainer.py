"""Training of the expression classifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from emotion.prefetch import prefetch
from emotion.training.common.epochs import EpochLoop
from emotion.training.common.keras_models import dtype_policy, predict
from emotion.training.common.run_folder import Report, ema_weights
from emotion.training.common.run_record import origin_of
from emotion.training.expression import architectures
from emotion.training.expression.batches import ClassBalancedSampler, epoch_batches
from emotion.training.expression.config import TrainingConfig
from emotion.training.expression.data.faces import FaceFormat, LabelledFaces
from emotion.training.expression.distillation import soft_targets
from emotion.training.expression.optimizer import optimizer_of
from emotion.training.expression.targets import targets_of_sets
from emotion.training.expression.transfer import freeze, load_first_weights


class Trainer(EpochLoop):
    """One training run of a classifier, in a folder of its own.

    Args:
        config: Settings of the run.
        sets: The training split of each data set; each set trains the head of its labelling.
        validation: The validation split of each, which choose the epoch by the mean over the sets
            of accuracy and balanced accuracy; never a test split.
        folder: Folder of the run, for checkpoints and history.
        report: Called with each progress message.
        start_from: A model's folder or a weights file, see ``transfer.load_first_weights``.
        teacher: A model's folder, see ``distillation.soft_targets``.

    Raises:
        ModelError: When the first weights or the teacher cannot be used.
        ValueError: When an epoch has no full batch.
    """

    def __init__(
        self,
        config: TrainingConfig,
        sets: Sequence[LabelledFaces],
        validation: Sequence[LabelledFaces],
        folder: Path,
        report: Report = print,
        *,
        start_from: Path | None = None,
        teacher: Path | None = None,
    ) -> None:
        self.config = config
        self.format = FaceFormat(
            size=config.input_size, channels=architectures.ARCHITECTURES[config.arch].channels
        )
        self._images = [image for faces in sets for image in faces.images]  # sizes may differ
        self._targets = targets_of_sets(sets, config.votes_share, config.class_balance)
        origins: dict[str, Any] = {}
        if teacher is not None:
            origins["teacher"] = origin_of(teacher)
            self._targets = soft_targets(
                self._targets, [faces.images for faces in sets], teacher, config.teacher_share
            )
        self._samplers = [
            ClassBalancedSampler(
                labels=faces.labels,
                num_samples=round(len(faces) * config.shares.get(faces.name, 1.0)),
                balance=config.class_sampling,
            )
            for faces in sets
        ]
        self._validation = [(part, self.format.convert(part.images)) for part in validation]
        samples = sum(sampler.num_samples for sampler in self._samplers)
        self._steps = samples // config.batch_size
        if not self._steps:
            raise ValueError(f"expected at least {config.batch_size} faces, got {samples}")
        keras.utils.set_random_seed(config.seed)
        with dtype_policy(config.precision):
            self.model = architectures.build(config.arch, self.heads, training=True)
        if start_from is not None:
            origins["start_from"] = load_first_weights(
                start_from, self.model, self.heads, self._sample_faces
            )
        if config.frozen:
            freeze(self.model, self.heads)
        self._compile()
        data = {
            "source": "+".join(faces.source for faces in sets),
            "sha256": {faces.source: faces.digest for faces in sets},
        }
        super().__init__(config, self.model, folder, data=data, origins=origins, report=report)

    @property
    def heads(self) -> dict[str, tuple[str, ...]]:
        """Head -> its labels; the first set's own comes first."""
        return {head: t.labels for head, t in self._targets.items()}

    def should_stop(self) -> bool:
        """Whether the last ``patience`` epochs brought no improvement."""
        state, patience = self._folder.state, self.config.patience
        if state.best_epoch is None or patience is None:
            return False
        if state.epoch - state.best_epoch < patience:
            return False
        self._report(f"no improvement for {patience} epochs: stopping early")
        return True

    def describe(self, row: Mapping[str, Any]) -> str:
        """Size, loss and validation metric of an epoch, as text."""
        chosen = f"  validation {row['val_accuracy']:.4f}" if row["val_accuracy"] else ""
        return f"{row['side']} px  loss {row['loss']:.4f}{chosen}"

    def _compile(self) -> None:
        optimizer = optimizer_of(self.config, self._steps)
        loss = {head: keras.losses.CategoricalCrossentropy(from_logits=True) for head in self.heads}
        # No XLA: on a CPU its convolutions are several times slower than oneDNN's.
        self.model.compile(optimizer, loss, jit_compile=False)
        optimizer.build(self.model.trainable_variables)

    def train_epoch(self, epoch: int) -> dict[str, Any]:
        """Trains for one epoch and returns the faces' side in px and the mean losses."""
        side = self.config.side(epoch)
        self._reseed_dropout(epoch)
        batches = epoch_batches(
            self._images,
            self._targets,
            self.config.augmentation,
            samplers=self._samplers,
            batch_size=self.config.batch_size,
            size=(side, side),
            channels=self.format.channels,
            seed=self.config.seed,
            epoch=epoch,
        )
        logs = []
        for batch in prefetch(batches, depth=3):
            self.model.reset_metrics()
            logs.append(
                self.model.train_on_batch(
                    batch.images, batch.targets, batch.weights, return_dict=True
                )
            )
        losses = {name: float(np.mean([log[name] for log in logs])) for name in logs[0]}
        return {"side": side, **losses}

    def _reseed_dropout(self, epoch: int) -> None:
        """Makes dropout depend on seed and epoch alone: Keras' checkpoints lack its generators."""
        for layer in self.model.layers:
            if isinstance(layer, keras.layers.Dropout):
                layer.seed_generator.state.assign([self.config.seed, epoch << 20])

    def validate(self, epoch: int) -> dict[str, Any]:
        """Evaluates the averaged weights on each set, after ``choose_from``, and saves the best."""
        found: dict[str, float | None] = {"val_accuracy": None}
        found |= {f"val_{part.name}": None for part, _ in self._validation}
        if epoch + 1 > self.config.choose_from * self.config.epochs:
            with ema_weights(self.model):
                each = {
                    f"val_{part.name}": self._accuracy(part, images)
                    for part, images in self._validation
                }
                mean = float(np.mean(list(each.values())))
                found = {"val_accuracy": mean, **each}
                self._folder.save_if_best(mean, epoch + 1)
        return found

    def _accuracy(self, part: LabelledFaces, images: np.ndarray) -> float:
        """The mean of accuracy and balanced accuracy of a set, with the head of its labelling.

        Happy and neutral dominate the accuracy, the rarest class the mean recall.
        """
        predicted = predict(self.model, images)[part.head].argmax(axis=1)
        correct = predicted == part.labels
        recalls = [correct[part.labels == label].mean() for label in np.unique(part.labels)]
        return float((correct.mean() + np.mean(recalls)) / 2)

    def _sample_faces(self, count: int) -> np.ndarray:
        """``count`` faces spread over all training rows, in the network's format."""
        rows = np.linspace(0, len(self._images) - 1, count).astype(int)
        return np.concatenate([self.format.convert(self._images[row][None]) for row in rows])
