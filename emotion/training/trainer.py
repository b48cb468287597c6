"""The training loop: epochs of batches, averaged weights, choice on validation, exact resume.

A run writes into its folder after every epoch and goes on from there when it was stopped: batches
depend on the seed and the epoch alone, and the checkpoint holds weights, optimizer and averages.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from emotion.prefetch import prefetch
from emotion.training import architectures
from emotion.training.batches import Draw, epoch_batches
from emotion.training.config import TrainingConfig, run_of, run_record
from emotion.training.data.faces import FaceFormat, LabelledFaces
from emotion.training.distill import taught
from emotion.training.keras_models import computing_in, predict
from emotion.training.optimizer import optimizer_of
from emotion.training.run_folder import Report, RunFolder, averaged
from emotion.training.targets import teaching_of
from emotion.training.transfer import begin_from, freeze


class Trainer:
    """One run in one folder.

    sets: of each set the training rows, without copies; each set teaches the heads of its own
    labelling. validation: of each, what the best epoch is chosen on, by the mean of the sets'
    accuracies; never a test split. start_from: a model's folder, or weights that another run left,
    see ``transfer.begin_from``. teacher: a model's folder, see ``distill.taught``.
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
        self._report = report
        self.format = FaceFormat(
            size=config.input_size, channels=architectures.ARCHITECTURES[config.arch].channels
        )
        self._images = [image for faces in sets for image in faces.images]  # sizes may differ
        self._teaching = teaching_of(sets, config.votes_share, config.class_balance)
        self._origins = {}
        if teacher is not None:
            self._origins["teacher"] = run_of(teacher)
            self._teaching = taught(
                self._teaching, [faces.images for faces in sets], teacher, config.teacher_share
            )
        self._parts = [
            Draw(
                labels=faces.labels,
                wanted=round(len(faces) * config.shares.get(faces.name, 1.0)),
                balance=config.class_sampling,
            )
            for faces in sets
        ]
        self._data = {
            "source": "+".join(faces.source for faces in sets),
            "sha256": {faces.source: faces.digest for faces in sets},
        }
        self._validation = [(part, self.format.of(part.images)) for part in validation]
        drawn = sum(part.wanted for part in self._parts)
        self._steps = drawn // config.batch_size
        if not self._steps:
            raise ValueError(f"expected at least {config.batch_size} faces, got {drawn}")
        keras.utils.set_random_seed(config.seed)
        with computing_in(config.precision):
            self.model = architectures.build(config.arch, self.heads, training=True)
        if start_from is not None:
            self._origins["start_from"] = begin_from(
                start_from, self.model, self.heads, self._some_faces
            )
        if config.frozen:
            freeze(self.model, self.heads)
        self._compile()
        self._folder = RunFolder(folder, self.model)

    @property
    def heads(self) -> dict[str, tuple[str, ...]]:
        """Head -> its labels; the first set's own comes first."""
        return {head: t.labels for head, t in self._teaching.items()}

    def run(self) -> Path:
        """Trains to the end, from the last checkpoint if there is one; path of the best weights."""
        self._start_or_resume()
        for epoch in range(self._folder.state.epoch, self.config.epochs):
            started = time.monotonic()
            row: dict[str, Any] = {
                "epoch": epoch + 1,
                "side": self.config.side(epoch),
                **self._epoch(epoch),
            }
            row |= self._evaluated(epoch)
            row["seconds"] = round(time.monotonic() - started, 1)
            self._folder.end_epoch(row)
            self._report(self._line(row))
            if self._stands_still(epoch):
                self._report(f"no better for {self.config.patience} epochs: the run ends here")
                break
        return self._folder.best_weights

    def _stands_still(self, epoch: int) -> bool:
        """Whether the last ``patience`` epochs were no better than what was before them."""
        best_epoch, patience = self._folder.state.best_epoch, self.config.patience
        if best_epoch is None or patience is None:
            return False
        return epoch + 1 - best_epoch >= patience

    def _line(self, row: Mapping[str, Any]) -> str:
        """What a person watching reads of an epoch."""
        chosen = f"validation {row['val_accuracy']:.4f}  " if row["val_accuracy"] else ""
        left_min = (self.config.epochs - row["epoch"]) * row["seconds"] / 60
        return (
            f"epoch {row['epoch']}/{self.config.epochs}  {row['side']} px  loss {row['loss']:.4f}  "
            f"{chosen}{row['seconds']:.0f} s, about {left_min:.0f} min left"
        )

    def _compile(self) -> None:
        optimizer = optimizer_of(self.config, self._steps)
        loss = {head: keras.losses.CategoricalCrossentropy(from_logits=True) for head in self.heads}
        # No XLA: on a CPU its convolutions are several times slower than oneDNN's.
        self.model.compile(optimizer, loss, jit_compile=False)
        optimizer.build(self.model.trainable_variables)

    def _start_or_resume(self) -> None:
        record = run_record(self.config, self._data) | self._origins
        if self._folder.resume(record):
            self._report(f"going on after epoch {self._folder.state.epoch}")

    def _epoch(self, epoch: int) -> dict[str, float]:
        """Trains for one epoch; the mean losses."""
        side = self.config.side(epoch)
        self._reseed_dropout(epoch)
        batches = epoch_batches(
            self._images,
            self._teaching,
            self.config.augmentation,
            parts=self._parts,
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
        if not math.isfinite(losses["loss"]):
            raise FloatingPointError(
                f"the loss is {losses['loss']} in epoch {epoch + 1}: lower the learning rate"
            )
        return losses

    def _reseed_dropout(self, epoch: int) -> None:
        """Dropout depends on seed and epoch alone: Keras' checkpoints leave out its generators."""
        for layer in self.model.layers:
            if isinstance(layer, keras.layers.Dropout):
                layer.seed_generator.state.assign([self.config.seed, epoch << 20])

    def _evaluated(self, epoch: int) -> dict[str, float | None]:
        """The accuracies of the averaged weights, their mean over the sets and each; saves the
        weights if they are the best."""
        found: dict[str, float | None] = {"val_accuracy": None}
        found |= {f"val_{part.name}": None for part, _ in self._validation}
        if epoch + 1 > self.config.choose_from * self.config.epochs:
            with averaged(self.model):
                each = {
                    f"val_{part.name}": self._accuracy(part, images)
                    for part, images in self._validation
                }
                mean = float(np.mean(list(each.values())))
                found = {"val_accuracy": mean, **each}
                self._folder.save_if_best(mean, epoch + 1)
        return found

    def _accuracy(self, part: LabelledFaces, images: np.ndarray) -> float:
        """The mean of accuracy and balanced accuracy of a set, by the head of its labelling.

        Accuracy alone is decided by happy and neutral, the mean recall by the rarest class.
        """
        guesses = predict(self.model, images)[part.head].argmax(axis=1)
        right = guesses == part.labels
        recalls = [right[part.labels == label].mean() for label in np.unique(part.labels)]
        return float((right.mean() + np.mean(recalls)) / 2)

    def _some_faces(self, count: int) -> np.ndarray:
        """Faces from all over the training rows, in the network's format."""
        rows = np.linspace(0, len(self._images) - 1, count).astype(int)
        return np.concatenate([self.format.of(self._images[row][None]) for row in rows])
