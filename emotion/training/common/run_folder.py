"""The files of a training run: its record, checkpoint, state, best weights and history.

A kill at any moment leaves a folder to go on from: every file is written beside its place and moved
there, and an epoch is done with ``state.json``, which names it; what lies there beyond that is of
an epoch that begins again, to the same weights. One process trains in a folder at a time.
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
from emotion.training.common.run_record import RUN_FILE, same_run

if TYPE_CHECKING:
    import keras

BEST = "best.weights.h5"
CHECKPOINT = "checkpoint-{}.weights.h5"
"""With the number of the epoch whose end it is."""

HISTORY = "history.csv"
STATE = "state.json"

Report = Callable[[str], None]
"""Called with each line that a person watching reads."""


@dataclass(kw_only=True)
class RunState:
    """How far a run is: epochs that are finished, the figures of each, the best validation score
    and its epoch, from 1 on."""

    epoch: int = 0
    best: float = 0.0
    best_epoch: int | None = None
    history: list[dict[str, Any]] = field(default_factory=list)


class RunFolder:
    """The folder of one run and the model that is trained there, compiled.

    An epoch ends with ``save_if_best`` where it was evaluated, then ``end_epoch``.
    """

    def __init__(self, path: Path, model: keras.Model) -> None:
        self.path = path
        self.state = RunState()
        self._model = model

    @property
    def best_weights(self) -> Path:
        """The file of the best averaged weights."""
        return self.path / BEST

    def resume(self, record: dict[str, Any], *, kind: type) -> bool:
        """Loads the last checkpoint of the same run; without one a new run begins, and False.

        record: of this run, see ``run_record``; another run's files are removed. kind: the
        dataclass of the settings. Raises ``ModelError`` where the run's own checkpoint is missing.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        if not ((self.path / STATE).is_file() and same_run(self.path, record, kind)):
            # The state first: without it the rest counts for nothing.
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
                f"{checkpoint} is missing, from which this run would go on after epoch "
                f"{state.epoch}: put it back, or remove {self.path} to begin anew."
            )
        self.state = state
        self._model.load_weights(checkpoint)
        self._tidy()
        return True

    def save_if_best(self, score: float, epoch: int) -> None:
        """Saves the weights as they are now, unless an epoch before this one had a higher score."""
        if score >= self.state.best:
            with atomic_write(self.best_weights, keep_suffix=True) as partial:
                self._model.save_weights(partial)
            self.state.best, self.state.best_epoch = score, epoch

    def end_epoch(self, row: Mapping[str, Any]) -> None:
        """Writes an epoch's end. row: its figures, ``epoch`` among them, counted from 1; all rows
        have the same names."""
        self.state.epoch = int(row["epoch"])
        self.state.history.append(dict(row))
        with atomic_write(self._checkpoint(self.state.epoch), keep_suffix=True) as partial:
            self._model.save_weights(partial)
        with atomic_write(self.path / STATE, keep_suffix=True) as partial:
            partial.write_text(json.dumps(asdict(self.state)))
        self._tidy()

    def _tidy(self) -> None:
        """Makes the rest what the state says: ``history.csv``, and no checkpoint but its own."""
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
        """Removes the other checkpoints, and what was not moved to its place."""
        for pattern in (CHECKPOINT.format("*"), partial_path(Path("*"), keep_suffix=True).name):
            for path in self.path.glob(pattern):
                if path != checkpoint:
                    path.unlink()


def read_history(path: Path) -> list[dict[str, str]]:
    """The rows of a ``history.csv``, one for each epoch; a figure that was not measured is ""."""
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@contextmanager
def ema_weights(model: keras.Model) -> Iterator[None]:
    """The model has its optimizer's averaged weights for as long as it lasts."""
    variables = model.trainable_variables
    raw = [variable.numpy() for variable in variables]
    model.optimizer.finalize_variable_values(variables)
    try:
        yield
    finally:
        for variable, value in zip(variables, raw, strict=True):
            variable.assign(value)
