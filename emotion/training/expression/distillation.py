"""Learning from another model's answers.

Hinton et al. 2015, "Distilling the Knowledge in a Neural Network"; for a student of the teacher's
own size Furlanello et al. 2018, "Born-Again Neural Networks".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np

from emotion.expression.classifier import softmax
from emotion.models.spec import read_spec
from emotion.training.common.keras_models import load_keras, predict
from emotion.training.expression.data.faces import FaceFormat
from emotion.training.expression.targets import Targets


def soft_targets(
    targets: Mapping[str, Targets], sets: Sequence[np.ndarray], teacher: Path, share: float
) -> dict[str, Targets]:
    """The same targets with ``share`` of the teacher's calibrated answers in its targets.

    Args:
        targets: Head -> targets over the rows of all sets, one after the other.
        sets: Of each set its faces, uint8 (N, H, W) or (N, H, W, 3).
        teacher: Folder of the model that answers.
        share: Part of its answers in the targets. Where a head has no label for a row, the
            teacher's answer alone is the target, with weight ``share``: a set thus teaches the
            heads of other sets. A head that the teacher does not have, or has with other labels,
            stays as it is.
    """
    spec = read_spec(teacher)
    form = FaceFormat(size=spec.input_size, channels=spec.channels)
    model = load_keras(teacher)
    each = [_answers(model, form.of(images)) for images in sets]
    answers = {head: np.concatenate([found[head] for found in each]) for head in each[0]}
    result = dict(targets)
    for head, own in targets.items():
        if head not in spec.heads or spec.heads[head].labels != own.labels:
            continue
        given = softmax(answers[head] / spec.heads[head].temperature)
        known = (own.weights > 0)[:, None]
        result[head] = Targets(
            labels=own.labels,
            targets=np.where(known, (1 - share) * own.targets + share * given, given),
            weights=np.where(known[:, 0], own.weights, np.float32(share)),
        )
    return result


def _answers(model: keras.Model, images: np.ndarray) -> dict[str, np.ndarray]:
    """Head -> logits (N, C), the mean over each face and its mirrored copy."""
    plain, mirrored = predict(model, images), predict(model, images[:, :, ::-1])
    return {head: (plain[head] + mirrored[head]) / 2 for head in plain}
