"""The loop over epochs that classifier and detector training share.

A run writes into its folder after every epoch and goes on from there when it was stopped: batches
depend on the seed and the epoch alone, and the checkpoint holds weights, optimizer and averages.
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import keras

from emotion.training.common.run_folder import Report, RunFolder
from emotion.training.common.run_record import run_record


class RunSettings(Protocol):
    """What the loop needs of a run's settings, a dataclass."""

    @property
    def epochs(self) -> int: ...  # noqa: D102


class EpochLoop(ABC):
    """One run in one folder.

    Args:
        config: The run's settings.
        model: A compiled model.
        folder: Where checkpoints and the history go.
        data: What the record says of the data.
        origins: What the record says of first weights and teachers.
        report: Called with each line that a person watching reads.
    """

    def __init__(
        self,
        config: RunSettings,
        model: keras.Model,
        folder: Path,
        *,
        data: Mapping[str, Any],
        origins: Mapping[str, Any],
        report: Report,
    ) -> None:
        self._settings = config
        self._record = run_record(config, dict(data)) | dict(origins)
        self._report = report
        self._folder = RunFolder(folder, model)

    @abstractmethod
    def train_epoch(self, epoch: int) -> dict[str, Any]:
        """Trains for one epoch, counted from 0; its row of the history, ``loss`` among it."""

    @abstractmethod
    def validate(self, epoch: int) -> dict[str, Any]:
        """The averaged weights' figures, None where it is not time; saves them if they are best."""

    @abstractmethod
    def describe(self, row: Mapping[str, Any]) -> str:
        """What a person watching reads of an epoch's losses and figures."""

    @abstractmethod
    def should_stop(self, epoch: int) -> bool:
        """Whether the run ends early after this epoch, counted from 0."""

    def run(self) -> Path:
        """Trains to the end, from the last checkpoint if there is one; path of the best weights.

        Raises:
            FloatingPointError: When the loss is no longer a number.
        """
        if self._folder.resume(self._record, kind=type(self._settings)):
            self._report(f"resuming after epoch {self._folder.state.epoch}")
        epochs = self._settings.epochs
        for epoch in range(self._folder.state.epoch, epochs):
            started = time.monotonic()
            row: dict[str, Any] = {"epoch": epoch + 1, **self.train_epoch(epoch)}
            if not math.isfinite(row["loss"]):
                raise FloatingPointError(
                    f"the loss is {row['loss']} in epoch {epoch + 1}: lower the learning rate"
                )
            row |= self.validate(epoch)
            row["seconds"] = round(time.monotonic() - started, 1)
            self._folder.end_epoch(row)
            left_min = (epochs - row["epoch"]) * row["seconds"] / 60
            self._report(
                f"epoch {row['epoch']}/{epochs}  {self.describe(row)}  {row['seconds']:.0f} s, "
                f"about {left_min:.0f} min left"
            )
            if self.should_stop(epoch):
                break
        return self._folder.best_weights
