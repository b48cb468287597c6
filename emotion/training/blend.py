"""One answer from several labellings: which heads, in which shares, serve all sets best.

Each head has learned its own set's way of naming expressions. The page shows strangers' faces, so
the blend is chosen by how it does on the validation parts of all sets together.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers

from emotion.expression.classifier import seven_logits
from emotion.models.spec import HeadSpec
from emotion.training.data.faces import LabelledFaces
from emotion.training.evaluation.metrics import fit_temperature
from emotion.training.targets import majority_of_seven
from emotion.types import EMOTIONS

BLEND = "blend"
STEP = 4
"""Shares are multiples of 1 / STEP."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """A validation part as every head can answer it.

    logits: head -> float32 (N, 7), calibrated, in the order of ``EMOTIONS``. truth: int64 (N,).
    """

    name: str
    logits: dict[str, np.ndarray]
    truth: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Blend:
    """shares: head -> its part in the mean of the logits. accuracy: question -> fraction."""

    shares: dict[str, float]
    accuracy: dict[str, float]
    mean: float


def questions(
    parts: Sequence[LabelledFaces],
    logits: Sequence[Mapping[str, np.ndarray]],
    heads: Mapping[str, HeadSpec],
) -> list[Question]:
    """The validation parts with their labels; where there are votes, with their clear majority.

    FER2013's own labels agree with ten annotators on two thirds of the pictures only, so the
    votes are the better truth where the question is what a face looks like.
    """
    result = []
    for part, answers in zip(parts, logits, strict=True):
        rows, truth, asked = np.arange(len(part)), part.labels, part.head
        if part.votes is not None:
            truth = majority_of_seven(part.votes)
            rows, asked = np.flatnonzero(truth >= 0), "ferplus"
        seven = {name: seven_logits(answers[name][rows], spec) for name, spec in heads.items()}
        result.append(Question(name=asked, logits=seven, truth=truth[rows]))
    return result


def table(asked: Sequence[Question], heads: Sequence[str]) -> list[Blend]:
    """Every blend in steps of 1 / STEP, the one with the best mean accuracy first."""
    rows = []
    for shares in _simplex(len(heads)):
        chosen = {head: share for head, share in zip(heads, shares, strict=True) if share}
        each = {q.name: _accuracy(_blended(q, chosen), q.truth) for q in asked}
        mean = round(float(np.mean(list(each.values()))), 4)
        rows.append(Blend(shares=chosen, accuracy=each, mean=mean))
    return sorted(rows, key=lambda row: -row.mean)


def head(asked: Sequence[Question], shares: Mapping[str, float]) -> HeadSpec:
    """The blend as a head; its temperature is fitted on all questions, with the same weight."""
    count = min(len(q.truth) for q in asked)
    rng = np.random.default_rng(0)
    rows = [rng.permutation(len(q.truth))[:count] for q in asked]
    logits = np.concatenate([_blended(q, shares)[r] for q, r in zip(asked, rows, strict=True)])
    truth = np.concatenate([q.truth[r] for q, r in zip(asked, rows, strict=True)])
    return HeadSpec(labels=EMOTIONS, temperature=round(fit_temperature(logits, truth), 4))


def with_blend(
    model: keras.Model, heads: Mapping[str, HeadSpec], shares: Mapping[str, float]
) -> keras.Model:
    """The model with one more head, the blend: calibrated logits of the others, by their shares."""
    outputs = {name: logits for name, logits in model.output.items() if name != BLEND}
    terms = []
    for head, share in shares.items():
        spec = heads[head]
        pick = np.zeros((len(spec.labels), len(EMOTIONS)), np.float32)
        for column, name in enumerate(EMOTIONS):
            pick[spec.labels.index(name), column] = share / spec.temperature
        layer = layers.Dense(len(EMOTIONS), use_bias=False, trainable=False, name=f"{BLEND}_{head}")
        terms.append(layer(outputs[head]))
        layer.set_weights([pick])
    outputs[BLEND] = (
        layers.Add(name=BLEND)(terms) if len(terms) > 1 else layers.Identity(name=BLEND)(terms[0])
    )
    return keras.Model(model.input, outputs, name=model.name)


def _blended(question: Question, shares: Mapping[str, float]) -> np.ndarray:
    return np.asarray(sum(share * question.logits[name] for name, share in shares.items()))


def _accuracy(logits: np.ndarray, truth: np.ndarray) -> float:
    return round(float(np.mean(logits.argmax(axis=1) == truth)), 4)


def _simplex(count: int) -> Iterator[tuple[float, ...]]:
    for steps in itertools.product(range(STEP + 1), repeat=count):
        if sum(steps) == STEP:
            yield tuple(step / STEP for step in steps)
