"""A run's folder after a kill at any moment: the next process finds complete, consistent files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from emotion.errors import ModelError
from emotion.training.common.run_folder import HISTORY, RunFolder, read_history
from emotion.training.common.run_record import run_record
from emotion.training.expression.config import TrainingConfig

EPOCHS = 3
SCORES = (0.5, 0.7, 0.6)
RECORD = run_record(TrainingConfig(), {"source": "none", "sha256": {}})


class Killed(BaseException):
    """In place of the signal: nothing in the program waits for it."""


def model_of_one() -> keras.Model:
    """One weight, which says how many epochs it has been through."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile("sgd", "mse")
    return model


def weight(model: keras.Model) -> float:
    return float(model.get_weights()[0][0, 0])


def train(path: Path) -> RunFolder:
    """Goes on where the folder is, to the last epoch."""
    model = model_of_one()
    folder = RunFolder(path, model)
    model.set_weights([np.zeros((1, 1))])
    folder.resume(RECORD, kind=TrainingConfig)
    assert weight(model) == folder.state.epoch == len(folder.state.history)
    for epoch in range(folder.state.epoch + 1, EPOCHS + 1):
        model.set_weights([np.full((1, 1), epoch)])
        folder.save_if_best(SCORES[epoch - 1], epoch)
        folder.end_epoch({"epoch": epoch, "loss": 1 / epoch, "val": None})
    return folder


def kill_at(monkeypatch: pytest.MonkeyPatch, turn: int) -> Callable[[], int]:
    """Kills in place of the file operation of this turn, counted from 0; how many there were."""
    turns = 0

    def counted(name: str) -> None:
        operation = getattr(Path, name)

        def instead(self: Path, *args: Any, **kwargs: Any) -> Any:
            nonlocal turns
            turns += 1
            if turns > turn:
                raise Killed
            return operation(self, *args, **kwargs)

        monkeypatch.setattr(Path, name, instead)

    for name in ("replace", "unlink", "write_text"):
        counted(name)
    return lambda: turns


def check_finished(folder: RunFolder) -> None:
    assert [int(row["epoch"]) for row in read_history(folder.path / HISTORY)] == [1, 2, 3]
    assert (folder.state.best, folder.state.best_epoch) == (0.7, 2)
    best = model_of_one()
    best.load_weights(folder.best_weights)
    assert weight(best) == 2
    left = sorted(path.name for path in folder.path.iterdir())
    assert left == [
        "best.weights.h5", "checkpoint-3.weights.h5", "history.csv", "run.json", "state.json",
    ]  # fmt: skip


def test_a_kill_at_any_moment_loses_no_finished_epoch(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patch:
        operations = kill_at(patch, 1_000)
        check_finished(train(tmp_path / "whole"))
        count = operations()
    assert count > 3 * EPOCHS
    for turn in range(count):
        path = tmp_path / str(turn)
        with monkeypatch.context() as patch:
            kill_at(patch, turn)
            with pytest.raises(Killed):
                train(path)
        check_finished(train(path))


def test_a_finished_run_is_left_as_it_is(tmp_path: Path) -> None:
    train(tmp_path)
    (tmp_path / HISTORY).unlink()
    check_finished(train(tmp_path))


def test_without_its_checkpoint_a_run_is_left_alone_and_the_sentence_names_it(
    tmp_path: Path,
) -> None:
    train(tmp_path)
    (tmp_path / "checkpoint-3.weights.h5").unlink()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ModelError, match=r"checkpoint-3\.weights\.h5 is missing.*after epoch 3"):
        train(tmp_path)
    assert sorted(tmp_path.iterdir()) == before


def test_another_run_begins_anew(tmp_path: Path) -> None:
    train(tmp_path)
    other = run_record(TrainingConfig(seed=9), {"source": "none", "sha256": {}})
    folder = RunFolder(tmp_path, model_of_one())
    assert not folder.resume(other, kind=TrainingConfig)
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]
    assert folder.state.epoch == 0
