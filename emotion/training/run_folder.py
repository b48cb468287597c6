"""The files of a training run: its record, checkpoint, state, best weights and history.

A kill at any moment leaves a folder to go on from: weights and state are written beside the file
and moved over it. One process trains in a folder at a time.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emotion.training.config import RUN_FILE, TrainingConfig, same_run

if TYPE_CHECKING:
    import keras

BEST = "best.weights.h5"
CHECKPOINT = "checkpoint.weights.h5"
HISTORY = "history.csv"
STATE = "state.json"

Report = Callable[[str], None]
"""Called with each line that a person watching reads."""


@dataclass(kw_only=True)
class RunState:
    """How far a run is: epochs that are finished, the best validation score and its epoch, from 1
    on."""

    epoch: int = 0
    best: float = 0.0
    best_epoch: int | None = None


class RunFolder:
    """The folder of one run and the model that is trained there, compiled.

    An epoch ends with ``save_if_best`` where it was evaluated, ``end_epoch`` and ``add_history``,
    in this order.
    """

    def __init__(self, path: Path, model: keras.Model) -> None:
        self.path = path
        self.state = RunState()
        self._model = model

    @property
    def best_weights(self) -> Path:
        """The file of the best averaged weights."""
        return self.path / BEST

    def resume(self, record: dict[str, Any], *, steps: int, kind: type = TrainingConfig) -> bool:
        """Loads the last checkpoint of the same run; without one a new run begins, and False.

        record: of this run, see ``run_record``; another run's files are removed. steps: in an
        epoch. kind: the dataclass of the settings.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        if (self.path / STATE).is_file() and same_run(self.path, record, kind):
            self.state = RunState(**json.loads((self.path / STATE).read_text()))
            self._model.load_weights(self.path / CHECKPOINT)
            # The checkpoint is written before the state: it may be an epoch ahead.
            self.state.epoch = int(self._model.optimizer.iterations) // steps
            return True
        for name in (STATE, HISTORY, BEST, CHECKPOINT):
            (self.path / name).unlink(missing_ok=True)
        (self.path / RUN_FILE).write_text(json.dumps(record, indent=2) + "\n")
        return False

    def save_if_best(self, score: float, epoch: int) -> None:
        """Saves the weights as they are now, unless an epoch before this one had a higher score."""
        if score >= self.state.best:
            self._save(BEST)
            self.state.best, self.state.best_epoch = score, epoch

    def end_epoch(self, epoch: int) -> None:
        """Writes checkpoint and state at the end of an epoch, counted from 1.

        To be called after the evaluation: a kill between the two files finds only milliseconds.
        """
        self._save(CHECKPOINT)
        self.state.epoch = epoch
        partial = self.path / (STATE + ".partial")
        partial.write_text(json.dumps(asdict(self.state)))
        partial.replace(self.path / STATE)

    def add_history(self, row: Mapping[str, Any]) -> None:
        """Appends an epoch's figures to ``history.csv``; all rows have the same names."""
        path = self.path / HISTORY
        new = not path.is_file()
        with open(path, "a", newline="") as file:
            writer = csv.DictWriter(file, list(row))
            if new:
                writer.writeheader()
            writer.writerow(row)

    def _save(self, name: str) -> None:
        """Writes the weights in one move, so that a kill leaves the old file or the new one."""
        partial = self.path / f"partial-{name}"
        self._model.save_weights(partial)
        partial.replace(self.path / name)


def read_history(path: Path) -> list[dict[str, str]]:
    """The rows of a ``history.csv``, one for each epoch; a figure that was not measured is ""."""
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@contextmanager
def averaged(model: keras.Model) -> Iterator[None]:
    """The model has its optimizer's averaged weights for as long as it lasts."""
    variables = model.trainable_variables
    raw = [variable.numpy() for variable in variables]
    model.optimizer.finalize_variable_values(variables)
    try:
        yield
    finally:
        for variable, value in zip(variables, raw, strict=True):
            variable.assign(value)
