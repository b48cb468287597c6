"""Training runs that are stopped on their way, as by Ctrl-C."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from emotion.training.detector.trainer import DetectorTrainer
    from emotion.training.expression.trainer import Trainer


def run_first_epoch(trainer: Trainer | DetectorTrainer) -> None:
    """Runs the trainer and stops it when its first epoch is finished and reported."""

    def stop_after_first(line: str) -> None:
        if line.startswith("epoch 1/"):
            raise KeyboardInterrupt

    trainer._report = stop_after_first
    with pytest.raises(KeyboardInterrupt):
        trainer.run()
