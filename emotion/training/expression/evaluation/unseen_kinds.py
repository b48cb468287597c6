"""Kinds of pictures that a network never saw in training: accuracy, and how to calibrate for them.

A network is too sure of itself on pictures of another kind than those it learned from, so the
temperature of the default answer is fitted on kinds that were left out of training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from emotion.expression.classifier import softmax
from emotion.training.expression.evaluation.metrics import (
    balanced_accuracy,
    calibration_error,
    fit_temperature,
    rounded,
)
from emotion.types import EMOTIONS


def shared_temperature(logits: Sequence[np.ndarray], truths: Sequence[np.ndarray]) -> float:
    """The temperature that fits several sets, each with the same weight.

    Args:
        logits: Of each set, (N, 7).
        truths: Of each set, (N,).
    """
    count = min(map(len, truths))
    rng = np.random.default_rng(0)
    rows = [rng.permutation(len(truth))[:count] for truth in truths]
    some = np.concatenate([values[r] for values, r in zip(logits, rows, strict=True)])
    truth = np.concatenate([values[r] for values, r in zip(truths, rows, strict=True)])
    return fit_temperature(some, truth)


@dataclass(frozen=True, kw_only=True)
class UnseenKind:
    """What the answer reaches on a kind of picture that its network never saw in training.

    ece: with the temperature that fits the other unseen kinds. recall: label -> fraction.
    """

    model: str
    n: int
    accuracy: float
    balanced_accuracy: float
    ece: float
    recall: dict[str, float]


def unseen_kinds(
    kinds: Mapping[str, tuple[str, np.ndarray, np.ndarray]],
) -> dict[str, UnseenKind]:
    """Figures of kinds of pictures that were left out, and their calibration among each other.

    Args:
        kinds: Set -> (the model that was trained without it, its blended logits (N, 7), truth).
    """
    found = {}
    for name, (model, logits, truth) in kinds.items():
        others = [each for other, each in kinds.items() if other != name] or [kinds[name]]
        temperature = shared_temperature([o[1] for o in others], [o[2] for o in others])
        guesses = logits.argmax(axis=1)
        found[name] = UnseenKind(
            model=model,
            n=len(truth),
            accuracy=rounded(np.mean(guesses == truth)),
            balanced_accuracy=rounded(balanced_accuracy(guesses, truth)),
            ece=rounded(calibration_error(softmax(logits / temperature), truth)),
            recall={
                EMOTIONS[label]: rounded(np.mean(guesses[truth == label] == label))
                for label in np.unique(truth)
            },
        )
    return found
