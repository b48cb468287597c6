"""Robustness: the accuracy that a model loses under perturbations of box, light and resolution.

A data set's faces are cropped already. Beyond the crop, a shifted, larger or rotated box shows the
repeated edge; in serving the image continues there, so these losses are upper estimates. Sizes are
fractions of the crop's side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from emotion.expression.classifier import Classifier
from emotion.training.common import degradations
from emotion.training.expression import augmentation
from emotion.training.expression.evaluation.metrics import rounded
from emotion.training.expression.evaluation.protocols import (
    Logits,
    Progress,
    compute_logits,
    head_predictions,
    no_progress,
    progress_range,
)

NOTE = (
    "The faces of the data are cut already: what a moved, larger or turned box sees beyond "
    "the cut is the edge repeated, which a real picture does not do."
)
SHIFT = 0.10
ANGLE_DEG = 15.0
BLUR = 1 / 32  # sigma; 1.5 px of FER2013's 48
DARK = 0.4  # gain
LOW_SIDE_PX = 24
JPEG_QUALITY = 30

Transform = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Change:
    """A perturbation of a face, uint8 (H, W) or (H, W, 3).

    Attributes:
        text: Its name for people.
        forms: Its variants, whose accuracies are averaged.
    """

    text: str
    forms: tuple[Transform, ...]


def shifted_box(
    x: float = 0.0, y: float = 0.0, *, box: float = 1.0, angle_deg: float = 0.0
) -> Transform:
    """Crops the face with another box; beyond the edge, the edge is repeated.

    Args:
        x: Shift of the box to the right, as a fraction of its side.
        y: Shift of the box down.
        box: Factor of the box's side.
        angle_deg: Clockwise rotation of the face.
    """

    def alter(face: np.ndarray) -> np.ndarray:
        cos, sin = (f(math.radians(angle_deg)) / box for f in (math.cos, math.sin))
        shift = (sin * y - cos * x, -sin * x - cos * y)  # the face moves against the box
        return augmentation.affine_warp(
            face, face.shape[:2], angle_deg=angle_deg, zoom=1 / box, shift=shift
        )

    return alter


def blurred(face: np.ndarray) -> np.ndarray:
    """Blurs a face by ``BLUR`` of its side."""
    return degradations.gaussian_blur(face, BLUR * face.shape[0])


def darkened(face: np.ndarray) -> np.ndarray:
    """Darkens a face to ``DARK``."""
    return np.asarray(cv2.convertScaleAbs(face, alpha=DARK))


def low_resolution(face: np.ndarray) -> np.ndarray:
    """Shrinks a face to ``LOW_SIDE_PX`` and enlarges it again."""
    return degradations.low_resolution(face, LOW_SIDE_PX / face.shape[0])


def jpeg(face: np.ndarray) -> np.ndarray:
    """Compresses a face with ``JPEG_QUALITY``."""
    return degradations.jpeg(face, JPEG_QUALITY)


def mirror(face: np.ndarray) -> np.ndarray:
    """Mirrors a face."""
    return face[:, ::-1]


CHANGES: Mapping[str, Change] = {
    "shifted": Change(
        text="box moved by 10 % (left, right, up, down)",
        forms=tuple(
            shifted_box(x * SHIFT, y * SHIFT) for x, y in ((-1, 0), (1, 0), (0, -1), (0, 1))
        ),
    ),
    "larger_box": Change(text="box 10 % larger", forms=(shifted_box(box=1.1),)),
    "smaller_box": Change(text="box 10 % smaller", forms=(shifted_box(box=0.9),)),
    "rotated": Change(
        text="turned by 15 degrees (both ways)",
        forms=(shifted_box(angle_deg=-ANGLE_DEG), shifted_box(angle_deg=ANGLE_DEG)),
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
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Measures the accuracy under each of ``CHANGES``.

    Args:
        classifier: The classifier.
        images: Faces, uint8 (N, H, W) or (N, H, W, 3).
        truth: True classes, (N,), indices into ``EMOTIONS``.
        heads: Heads whose accuracy is measured.
        plain: Head -> logits (N, C) of the unchanged faces.
        progress: Called with the fraction that is done, 0..1.

    Returns:
        JSON values: by head the accuracy of unchanged faces, and of each change the accuracy and
        the loss, as fractions.
    """
    spec = classifier.spec

    def accuracies(logits: Logits) -> np.ndarray:
        """One for each head."""
        each = [head_predictions(spec, head, logits, truth) for head in heads]
        return np.array([np.mean(p.probabilities.argmax(axis=1) == truth) for p in each])

    clean = accuracies(plain)
    lengths = [len(change.forms) for change in CHANGES.values()]
    starts = np.cumsum([0, *lengths]) / sum(lengths)
    found: dict[str, np.ndarray] = {}
    for (name, change), start, end in zip(CHANGES.items(), starts, starts[1:], strict=False):
        altered = np.stack([alter(face) for alter in change.forms for face in images])
        logits = compute_logits(classifier, altered, progress_range(progress, start, end))
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
