"""Knowledge distillation: a teacher's predictions as soft targets.

Hinton et al. 2015, "Distilling the Knowledge in a Neural Network"; for a student of the teacher's
size, Furlanello et al. 2018, "Born-Again Neural Networks".
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
    """Mixes a teacher's calibrated probabilities into the targets.

    Where a head has no label for a row, the teacher's probabilities alone are the target, with
    weight ``share``: each set then trains the heads of the other sets, too. A head that the teacher
    lacks, or has with other labels, is left unchanged.

    Args:
        targets: Head -> targets over the rows of all sets, one after the other.
        sets: Of each set its faces, uint8 (N, H, W) or (N, H, W, 3).
        teacher: The teacher's folder.
        share: Weight of the teacher's probabilities, 0..1.

    Returns:
        Head -> new targets.
    """
    spec = read_spec(teacher)
    form = FaceFormat.of_model(spec)
    model = load_keras(teacher)
    each = [_teacher_logits(model, form.convert(images)) for images in sets]
    logits = {head: np.concatenate([found[head] for found in each]) for head in each[0]}
    result = dict(targets)
    for head, own in targets.items():
        if head not in spec.heads or spec.heads[head].labels != own.labels:
            continue
        soft = softmax(logits[head] / spec.heads[head].temperature)
        known = (own.weights > 0)[:, None]
        result[head] = Targets(
            labels=own.labels,
            targets=np.where(known, (1 - share) * own.targets + share * soft, soft),
            weights=np.where(known[:, 0], own.weights, np.float32(share)),
        )
    return result


def _teacher_logits(model: keras.Model, images: np.ndarray) -> dict[str, np.ndarray]:
    """Head -> logits (N, C), the mean over each face and its mirror image."""
    plain, mirrored = predict(model, images), predict(model, images[:, :, ::-1])
    return {head: (plain[head] + mirrored[head]) / 2 for head in plain}
