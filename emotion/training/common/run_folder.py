"""The files of a training run: record, checkpoint, state, best weights and history.

A run can be resumed after a kill at any moment: every file is written under another name and moved
into place, and an epoch ends with the move of ``state.json``. Files of a later epoch are discarded;
that epoch is repeated, to the same weights. Only one process may train in a folder at a time.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emotion.errors import ModelError
from emotion.files import atomic_write, partial_path
from emotion.models.spec import RUN_FILE
from emotion.training.common.run_record import same_run

if TYPE_CHECKING:
    import keras

BEST = "best.weights.h5"
CHECKPOINT = "checkpoint-{}.weights.h5"
"""With the number of the epoch after which it was saved."""

HISTORY = "history.csv"
STATE = "state.json"

Report = Callable[[str], None]
"""Called with each progress message."""


@dataclass(kw_only=True)
class RunState:
    """The state of a run.

    Attributes:
        epoch: Number of finished epochs.
        best: Best validation score so far.
        best_epoch: Its epoch, from 1.
        history: A row for each finished epoch.
    """

    epoch: int = 0
    best: float = 0.0
    best_epoch: int | None = None
    history: list[dict[str, Any]] = field(default_factory=list)


class RunFolder:
    """The folder of a run.

    An epoch ends with ``save_if_best``, if it was evaluated, then ``end_epoch``.

    Args:
        path: The folder.
        model: The compiled model that is trained.
    """

    def __init__(self, path: Path, model: keras.Model) -> None:
        self.path = path
        self.state = RunState()
        self._model = model

    @property
    def best_weights(self) -> Path:
        """Path of the best averaged weights."""
        return self.path / BEST

    def resume(self, record: dict[str, Any], *, kind: type) -> bool:
        """Loads the last checkpoint of the same run, or starts a new run.

        Args:
            record: Record of this run, see ``run_record``; the files of another run are removed.
            kind: Dataclass of the settings.

        Returns:
            Whether a checkpoint was loaded.

        Raises:
            ModelError: When the run's checkpoint is missing.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        if not ((self.path / STATE).is_file() and same_run(self.path, record, kind)):
            # The state first: without it, the other files are ignored.
            for path in (self.path / STATE, self.path / HISTORY, self.best_weights):
                path.unlink(missing_ok=True)
            self._remove_all_but(None)
            with atomic_write(self.path / RUN_FILE, keep_suffix=True) as partial:
                partial.write_text(json.dumps(record, indent=2) + "\n")
            return False
        state = RunState(**json.loads((self.path / STATE).read_text()))
        checkpoint = self._checkpoint(state.epoch)
        if not checkpoint.is_file():
            raise ModelError(
                f"{checkpoint} is missing, from which this run would resume after epoch "
                f"{state.epoch}: put it back, or remove {self.path} to start over."
            )
        self.state = state
        self._model.load_weights(checkpoint)
        self._tidy()
        return True

    def save_if_best(self, score: float, epoch: int) -> None:
        """Saves the present weights unless an earlier epoch had a higher score.

        Args:
            score: Validation score, higher is better.
            epoch: Number of the epoch, from 1.
        """
        if score >= self.state.best:
            with atomic_write(self.best_weights, keep_suffix=True) as partial:
                self._model.save_weights(partial)
            self.state.best, self.state.best_epoch = score, epoch

    def end_epoch(self, row: Mapping[str, Any]) -> None:
        """Writes checkpoint, state and history.

        Args:
            row: The epoch's row of the history, with ``epoch`` from 1; all rows have the same keys.
        """
        self.state.epoch = int(row["epoch"])
        self.state.history.append(dict(row))
        with atomic_write(self._checkpoint(self.state.epoch), keep_suffix=True) as partial:
            self._model.save_weights(partial)
        with atomic_write(self.path / STATE, keep_suffix=True) as partial:
            partial.write_text(json.dumps(asdict(self.state)))
        self._tidy()

    def _tidy(self) -> None:
        """Writes ``history.csv`` from the state and removes all other checkpoints."""
        with (
            atomic_write(self.path / HISTORY, keep_suffix=True) as partial,
            open(partial, "w", newline="") as file,
        ):
            writer = csv.DictWriter(file, list(self.state.history[0]))
            writer.writeheader()
            writer.writerows(self.state.history)
        self._remove_all_but(self._checkpoint(self.state.epoch))

    def _checkpoint(self, epoch: int) -> Path:
        return self.path / CHECKPOINT.format(epoch)

    def _remove_all_but(self, checkpoint: Path | None) -> None:
        """Removes the other checkpoints, and partial files."""
        for pattern in (CHECKPOINT.format("*"), partial_path(Path("*"), keep_suffix=True).name):
            for path in self.path.glob(pattern):
                if path != checkpoint:
                    path.unlink()


def read_history(path: Path) -> list[dict[str, str]]:
    """Reads a ``history.csv``, a row for each epoch; a missing value is an empty string."""
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@contextmanager
def ema_weights(model: keras.Model) -> Iterator[None]:
    """Sets the optimizer's averaged weights inside of the context, and restores the others."""
    variables = model.trainable_variables
    raw = [variable.numpy() for variable in variables]
    model.optimizer.finalize_variable_values(variables)
    try:
        yield
    finally:
        for variable, value in zip(variables, raw, strict=True):
            variable.assign(value)
