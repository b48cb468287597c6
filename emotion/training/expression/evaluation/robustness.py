"""How much accuracy a model loses when a face is cut, lit or stored less well than in its data.

A data set's faces are cut already. What a moved, larger or turned box sees beyond that cut is not
known, and the edge is repeated there; in serving the picture goes on, so these losses are upper
estimates. Sizes are fractions of the cut's side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from emotion.expression.classifier import Classifier
from emotion.training.expression import augmentation
from emotion.training.expression.evaluation.metrics import rounded
from emotion.training.expression.evaluation.protocols import (
    Logits,
    Progress,
    between,
    by_labels,
    logits_of,
    silent,
)

NOTE = (
    "The faces of the data are cut already: what a moved, larger or turned box sees beyond "
    "the cut is the edge repeated, which a real picture does not do."
)
SHIFT = 0.10
ANGLE_DEG = 15.0
BLUR = 1 / 32  # sigma; 1.5 px of FER2013's 48
DARK = 0.4  # of the light
LOW_SIDE_PX = 24
JPEG_QUALITY = 30

Alter = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change of a uint8 face (H, W) or (H, W, 3); of several forms the mean counts."""

    text: str
    forms: tuple[Alter, ...]


def moved(x: float = 0.0, y: float = 0.0, *, box: float = 1.0, angle_deg: float = 0.0) -> Alter:
    """The face in a box that lies elsewhere: moved right and down by x and y, ``box`` times as
    large, the square face turned clockwise; beyond the edge the edge is repeated."""

    def alter(face: np.ndarray) -> np.ndarray:
        cos, sin = (f(math.radians(angle_deg)) / box for f in (math.cos, math.sin))
        shift = (sin * y - cos * x, -sin * x - cos * y)  # the face goes where the box comes from
        return augmentation.moved(
            face, face.shape[:2], angle_deg=angle_deg, zoom=1 / box, shift=shift
        )

    return alter


def blurred(face: np.ndarray) -> np.ndarray:
    """Out of focus."""
    return augmentation.blurred(face, BLUR * face.shape[0])


def darkened(face: np.ndarray) -> np.ndarray:
    """With ``DARK`` of the light."""
    return np.asarray(cv2.convertScaleAbs(face, alpha=DARK))


def low_resolution(face: np.ndarray) -> np.ndarray:
    """Shrunk to ``LOW_SIDE_PX`` and enlarged again."""
    return augmentation.low_resolution(face, LOW_SIDE_PX / face.shape[0])


def jpeg(face: np.ndarray) -> np.ndarray:
    """After JPEG compression of ``JPEG_QUALITY``."""
    return augmentation.jpeg(face, JPEG_QUALITY)


def mirror(face: np.ndarray) -> np.ndarray:
    """Left and right exchanged."""
    return face[:, ::-1]


CHANGES: Mapping[str, Change] = {
    "shifted": Change(
        text="box moved by 10 % (left, right, up, down)",
        forms=tuple(moved(x * SHIFT, y * SHIFT) for x, y in ((-1, 0), (1, 0), (0, -1), (0, 1))),
    ),
    "larger_box": Change(text="box 10 % larger", forms=(moved(box=1.1),)),
    "smaller_box": Change(text="box 10 % smaller", forms=(moved(box=0.9),)),
    "rotated": Change(
        text="turned by 15 degrees (both ways)",
        forms=(moved(angle_deg=-ANGLE_DEG), moved(angle_deg=ANGLE_DEG)),
    ),
    "blurred": Change(text="blurred (sigma 1/32 of the side)", forms=(blurred,)),
    "darkened": Change(text="darkened to 40 % of the light", forms=(darkened,)),
    "low_resolution": Change(text="shrunk to 24 px and back", forms=(low_resolution,)),
    "jpeg": Change(text="JPEG of quality 30", forms=(jpeg,)),
    "mirrored": Change(text="mirrored", forms=(mirror,)),
}
"""In the order of the tables."""


def robustness(
    classifier: Classifier,
    images: np.ndarray,
    truth: np.ndarray,
    heads: list[str],
    plain: Logits,
    *,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Accuracy under each of ``CHANGES`` and what it loses, as JSON values (fractions).

    images: uint8 (N, H, W) or (N, H, W, 3). truth: (N,), indices into ``EMOTIONS``. heads: whose
    answers are judged. plain: head -> logits (N, C) of the unchanged faces.
    """
    spec = classifier.spec

    def accuracies(logits: Logits) -> np.ndarray:
        """One for each head."""
        judged = [by_labels(spec, head, logits, truth) for head in heads]
        return np.array([np.mean(j.probabilities.argmax(axis=1) == truth) for j in judged])

    clean = accuracies(plain)
    lengths = [len(change.forms) for change in CHANGES.values()]
    starts = np.cumsum([0, *lengths]) / sum(lengths)
    found: dict[str, np.ndarray] = {}
    for (name, change), start, end in zip(CHANGES.items(), starts, starts[1:], strict=False):
        altered = np.stack([alter(face) for alter in change.forms for face in images])
        logits = logits_of(classifier, altered, between(progress, start, end))
        count = len(images)
        found[name] = np.mean(
            [
                accuracies({head: v[i * count : (i + 1) * count] for head, v in logits.items()})
                for i in range(len(change.forms))
            ],
            axis=0,
        )
    return {
        "note": NOTE,
        "by_head": {
            head: {
                "clean": rounded(clean[i]),
                "changes": {
                    name: {
                        "text": CHANGES[name].text,
                        "accuracy": rounded(values[i]),
                        "lost": rounded(clean[i] - values[i]),
                    }
                    for name, values in found.items()
                },
            }
            for i, head in enumerate(heads)
        },
    }
