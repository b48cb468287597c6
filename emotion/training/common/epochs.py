"""The loop over epochs, with checkpoints.

A run writes a checkpoint after every epoch and resumes from it. A resumed run equals an
uninterrupted one, as batches depend on seed and epoch alone and the checkpoint holds weights,
optimizer state and averaged weights.
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
    """The settings that the loop uses; a dataclass with more of them."""

    @property
    def epochs(self) -> int: ...  # noqa: D102


class EpochLoop(ABC):
    """A training run in a folder of its own.

    Args:
        config: Settings of the run, a dataclass.
        model: A compiled model.
        folder: Folder of the run, for checkpoints and history.
        data: The record's entry on the data.
        origins: The record's entries on first weights and teacher.
        report: Called with each progress message.
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
        """Trains for one epoch.

        Args:
            epoch: Number of the epoch, from 0.

        Returns:
            Entries of the history's row, among them ``loss``.
        """

    @abstractmethod
    def validate(self, epoch: int) -> dict[str, Any]:
        """Evaluates the averaged weights, if it is time, and saves them if they are the best.

        Args:
            epoch: Number of the epoch, from 0.

        Returns:
            Entries of the history's row, with None where nothing was evaluated.
        """

    @abstractmethod
    def describe(self, row: Mapping[str, Any]) -> str:
        """Formats an epoch's row of the history for the progress message."""

    def should_stop(self) -> bool:
        """Whether to stop before the last epoch; by default never."""
        return False

    def run(self) -> Path:
        """Trains to the end, from the last checkpoint if there is one.

        Returns:
            Path of the best weights.

        Raises:
            FloatingPointError: When the loss is not finite.
            ModelError: When the checkpoint to resume from is missing.
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
            if self.should_stop():
                break
        return self._folder.best_weights
