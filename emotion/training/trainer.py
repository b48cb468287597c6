"""The training loop: epochs of batches, averaged weights, choice on validation, exact resume.

A run writes into its folder after every epoch and goes on from there when it was stopped: batches
depend on the seed and the epoch alone, and the checkpoint holds weights, optimizer and averages.
"""

from __future__ import annotations

import csv
import json
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from emotion.spec import KERAS_FILE
from emotion.training import architectures
from emotion.training.batches import epoch_batches, prefetched
from emotion.training.config import RUN_FILE, TrainingConfig, run_of, run_record, same_run
from emotion.training.data import LabelledFaces, resized
from emotion.training.targets import targets_of

CHECKPOINT = "checkpoint.weights.h5"
STATE = "state.json"
BEST = "best.weights.h5"
HISTORY = "history.csv"

Report = Callable[[str], None]


class Trainer:
    """One run in one folder.

    faces: training rows only, without copies. validation: what the best epoch is chosen on; never
    a test split. start_from: a model's folder of the same architecture and heads; its weights are
    the first ones.
    """

    def __init__(
        self,
        config: TrainingConfig,
        faces: LabelledFaces,
        validation: LabelledFaces,
        folder: Path,
        report: Report = print,
        start_from: Path | None = None,
    ) -> None:
        self.config = config
        self.folder = folder
        self._faces = faces
        self._report = report
        self._teaching = targets_of(faces, config.votes_share)
        self._validation = (resized(validation.images, config.input_size), validation.labels)
        self._steps = len(faces) // config.batch_size
        if not self._steps:
            raise ValueError(f"expected at least {config.batch_size} faces, got {len(faces)}")
        self._state: dict[str, Any] = {"epoch": 0, "best": 0.0, "best_epoch": None}
        keras.utils.set_random_seed(config.seed)
        self.model = architectures.build(config.arch, self.heads, training=True)
        self._origin = run_of(start_from) if start_from else None
        if start_from is not None:
            known = keras.saving.load_model(start_from / KERAS_FILE, compile=False)
            self.model.set_weights(known.get_weights())
        self._compile()

    @property
    def heads(self) -> dict[str, tuple[str, ...]]:
        """Head -> its labels; the first is the one that the validation labels belong to."""
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
            row["val_accuracy"] = self._finish(epoch)
            row["seconds"] = round(time.monotonic() - started, 1)
            self._write_history(row)
            self._report(self._line(row))
        return self.folder / BEST

    def _line(self, row: Mapping[str, Any]) -> str:
        """What a person watching reads of an epoch."""
        chosen = f"validation {row['val_accuracy']:.4f}  " if row["val_accuracy"] else ""
        left_min = (self.config.epochs - row["epoch"]) * row["seconds"] / 60
        return (
            f"epoch {row['epoch']}/{self.config.epochs}  {row['side']} px  loss {row['loss']:.4f}  "
            f"{chosen}{row['seconds']:.0f} s, about {left_min:.0f} min left"
        )

    def _compile(self) -> None:
        c = self.config
        steps = c.epochs * self._steps
        optimizer = keras.optimizers.SGD(
            WarmCosine(c.learning_rate, steps, self._steps),
            momentum=c.momentum,
            nesterov=True,
            weight_decay=c.weight_decay,
            use_ema=True,
            # A short run must not average its beginning: at most a tenth of it, then.
            ema_momentum=max(min(c.ema, 1 - 10 / steps), 0.0),
        )
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        loss = {head: keras.losses.CategoricalCrossentropy(from_logits=True) for head in self.heads}
        # No XLA: on a CPU its convolutions are several times slower than oneDNN's.
        self.model.compile(optimizer, loss, jit_compile=False)
        optimizer.build(self.model.trainable_variables)

    def _start_or_resume(self) -> None:
        record = run_record(self.config, data_digest=self._faces.digest, source=self._faces.source)
        if self._origin:
            record["start_from"] = self._origin
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
            self._faces.images,
            self._teaching,
            self.config.augmentation,
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

    def _finish(self, epoch: int) -> float | None:
        """Writes the checkpoint, and the averaged weights if they are the best; their accuracy."""
        accuracy = None
        if epoch + 1 > self.config.choose_from * self.config.epochs:
            accuracy = self._evaluate_average()
            if accuracy >= self._state["best"]:
                self._state.update(best=accuracy, best_epoch=epoch + 1)
        # Evaluated first: between these two files a kill finds only milliseconds.
        self._save(CHECKPOINT)
        self._state["epoch"] = epoch + 1
        partial = self.folder / (STATE + ".partial")
        partial.write_text(json.dumps(self._state))
        partial.replace(self.folder / STATE)
        return accuracy

    def _evaluate_average(self) -> float:
        """The averaged weights' accuracy on the validation faces; they are saved if best so far."""
        variables = self.model.trainable_variables
        raw = [variable.numpy() for variable in variables]
        self.model.optimizer.finalize_variable_values(variables)
        images, labels = self._validation
        head = next(iter(self.heads))
        guesses = predict(self.model, images)[head].argmax(axis=1)
        accuracy = float(np.mean(guesses == labels))
        if accuracy >= self._state["best"]:
            self._save(BEST)
        for variable, value in zip(variables, raw, strict=True):
            variable.assign(value)
        return accuracy

    def _save(self, name: str) -> None:
        """Writes the weights in one move, so that a kill leaves the old file or the new one."""
        partial = self.folder / f"partial-{name}"
        self.model.save_weights(partial)
        partial.replace(self.folder / name)

    def _write_history(self, row: Mapping[str, float]) -> None:
        path = self.folder / HISTORY
        new = not path.is_file()
        with open(path, "a", newline="") as file:
            writer = csv.DictWriter(file, list(row))
            if new:
                writer.writeheader()
            writer.writerow(row)


@keras.saving.register_keras_serializable("emotion")
class WarmCosine(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up over ``warm`` steps, then half a cosine down to 0 at ``steps``."""

    def __init__(self, peak: float, steps: int, warm: int) -> None:
        self.peak, self.steps, self.warm = peak, steps, warm

    def __call__(self, step: Any) -> Any:
        """The learning rate at a step (a tensor or a number)."""
        now = keras.ops.cast(step, "float32")
        rising = (now + 1) / self.warm
        falling = 0.5 * (1 + keras.ops.cos(math.pi * keras.ops.minimum(now / self.steps, 1.0)))
        return self.peak * keras.ops.minimum(rising, 1.0) * falling

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal schedule."""
        return {"peak": self.peak, "steps": self.steps, "warm": self.warm}


def predict(model: keras.Model, images: np.ndarray, batch_size: int = 256) -> dict[str, np.ndarray]:
    """Head -> logits float32 (N, C), of grey uint8 faces (N, H, W)."""
    parts: list[dict[str, np.ndarray]] = [
        {head: np.asarray(value) for head, value in answer.items()}
        for start in range(0, len(images), batch_size)
        for answer in [model.predict_on_batch(images[start : start + batch_size, ..., None])]
    ]
    return {head: np.concatenate([p[head] for p in parts]) for head in parts[0]}
