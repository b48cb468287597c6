"""The training loop: epochs of batches, averaged weights, choice on validation, exact resume.

A run writes into its folder after every epoch and goes on from there when it was stopped: batches
depend on the seed and the epoch alone, and the checkpoint holds weights, optimizer and averages.
"""

from __future__ import annotations

import csv
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from emotion.training import architectures
from emotion.training.batches import epoch_batches, prefetched
from emotion.training.config import RUN_FILE, TrainingConfig, run_of, run_record, same_run
from emotion.training.data.faces import LabelledFaces, resized
from emotion.training.distill import taught
from emotion.training.keras_models import computing_in, predict
from emotion.training.optimizer import optimizer_of
from emotion.training.targets import teaching_of
from emotion.training.transfer import begin_from, freeze

CHECKPOINT = "checkpoint.weights.h5"
STATE = "state.json"
BEST = "best.weights.h5"
HISTORY = "history.csv"

Report = Callable[[str], None]


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
        self.folder = folder
        self._report = report
        self._images = np.concatenate([faces.images for faces in sets])
        self._teaching = teaching_of(sets, config.votes_share, config.class_balance)
        self._origins = {}
        if teacher is not None:
            self._origins["teacher"] = run_of(teacher)
            self._teaching = taught(self._teaching, self._images, teacher, config.teacher_share)
        self._parts = [(len(s), round(len(s) * config.shares.get(s.head, 1.0))) for s in sets]
        self._data = {
            "source": "+".join(faces.source for faces in sets),
            "sha256": {faces.source: faces.digest for faces in sets},
        }
        self._validation = [
            replace(v, images=resized(v.images, config.input_size)) for v in validation
        ]
        drawn = sum(wanted for _, wanted in self._parts)
        self._steps = drawn // config.batch_size
        if not self._steps:
            raise ValueError(f"expected at least {config.batch_size} faces, got {drawn}")
        self._state: dict[str, Any] = {"epoch": 0, "best": 0.0, "best_epoch": None}
        keras.utils.set_random_seed(config.seed)
        with computing_in(config.precision):
            self.model = architectures.build(config.arch, self.heads, training=True)
        if start_from is not None:
            self._origins["start_from"] = begin_from(start_from, self.model, self.heads)
        if config.frozen:
            freeze(self.model, self.heads)
        self._compile()

    @property
    def heads(self) -> dict[str, tuple[str, ...]]:
        """Head -> its labels; the first set's own comes first."""
        return {head: t.labels for head, t in self._teaching.items()}

    def run(self) -> Path:
        """Trains to the end, from the last checkpoint if there is one; path of the best weights."""
        self._start_or_resume()
        for epoch in range(self._state["epoch"], self.config.epochs):
            started = time.monotonic()
            row: dict[str, Any] = {
                "epoch": epoch + 1,
                "side": self.config.side(epoch),
                **self._epoch(epoch),
            }
            row |= self._finish(epoch)
            row["seconds"] = round(time.monotonic() - started, 1)
            self._write_history(row)
            self._report(self._line(row))
            if self._stands_still(epoch):
                self._report(f"no better for {self.config.patience} epochs: the run ends here")
                break
        return self.folder / BEST

    def _stands_still(self, epoch: int) -> bool:
        """Whether the last ``patience`` epochs were no better than what was before them."""
        best_epoch, patience = self._state["best_epoch"], self.config.patience
        return None not in (best_epoch, patience) and epoch + 1 - best_epoch >= patience

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
        self.folder.mkdir(parents=True, exist_ok=True)
        if (self.folder / STATE).is_file() and same_run(self.folder, record):
            self._state = json.loads((self.folder / STATE).read_text())
            self.model.load_weights(self.folder / CHECKPOINT)
            self._state["epoch"] = int(self.model.optimizer.iterations) // self._steps
            self._report(f"going on after epoch {self._state['epoch']}")
            return
        for name in (STATE, HISTORY, BEST, CHECKPOINT):
            (self.folder / name).unlink(missing_ok=True)
        (self.folder / RUN_FILE).write_text(json.dumps(record, indent=2) + "\n")

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
            seed=self.config.seed,
            epoch=epoch,
        )
        logs = []
        for batch in prefetched(batches):
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

    def _finish(self, epoch: int) -> dict[str, float | None]:
        """Writes the checkpoint, and the averaged weights if they are the best; their accuracies:
        the mean over the sets, and each."""
        found: dict[str, float | None] = {"val_accuracy": None}
        found |= {f"val_{part.head}": None for part in self._validation}
        if epoch + 1 > self.config.choose_from * self.config.epochs:
            found = self._evaluate_average()
            if (mean := found["val_accuracy"]) is not None and mean >= self._state["best"]:
                self._state.update(best=mean, best_epoch=epoch + 1)
        # Evaluated first: between these two files a kill finds only milliseconds.
        self._save(CHECKPOINT)
        self._state["epoch"] = epoch + 1
        partial = self.folder / (STATE + ".partial")
        partial.write_text(json.dumps(self._state))
        partial.replace(self.folder / STATE)
        return found

    def _evaluate_average(self) -> dict[str, float | None]:
        """The averaged weights' accuracies, see ``_finish``; they are saved if best so far."""
        variables = self.model.trainable_variables
        raw = [variable.numpy() for variable in variables]
        self.model.optimizer.finalize_variable_values(variables)
        each = {
            f"val_{part.head}": float(
                np.mean(predict(self.model, part.images)[part.head].argmax(axis=1) == part.labels)
            )
            for part in self._validation
        }
        mean = float(np.mean(list(each.values())))
        if mean >= self._state["best"]:
            self._save(BEST)
        for variable, value in zip(variables, raw, strict=True):
            variable.assign(value)
        return {"val_accuracy": mean, **each}

    def _save(self, name: str) -> None:
        """Writes the weights in one move, so that a kill leaves the old file or the new one."""
        partial = self.folder / f"partial-{name}"
        self.model.save_weights(partial)
        partial.replace(self.folder / name)

    def _write_history(self, row: Mapping[str, Any]) -> None:
        path = self.folder / HISTORY
        new = not path.is_file()
        with open(path, "a", newline="") as file:
            writer = csv.DictWriter(file, list(row))
            if new:
                writer.writeheader()
            writer.writerow(row)
