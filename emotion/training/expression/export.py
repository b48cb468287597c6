"""Export of a trained classifier: ``model.keras``, its compiled form and the spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np

from emotion.expression.classifier import MAX_BATCH
from emotion.models.spec import SPEC_FILE, HeadSpec, ModelSpec
from emotion.training.common.keras_models import predict
from emotion.training.common.publish import save_and_compile, staged
from emotion.training.expression import architectures
from emotion.training.expression.data.faces import FaceFormat, LabelledFaces
from emotion.training.expression.evaluation.calibration import fit_temperature
from emotion.training.expression.targets import majority

LOGIT_TOLERANCE = 1e-3
"""Largest difference of a logit between Keras and the compiled form, relative to the largest logit
where that is above 1; folding batch normalisation into the convolutions reorders float32 sums."""

FLOAT16_FROM = 2_000_000
"""Number of weights from which the served file stores them as float16: half the size at the same
speed, since LiteRT computes in float32."""

FLOAT16_TOLERANCE = 2e-2
"""As ``LOGIT_TOLERANCE``, for such a file."""


def export_model(
    weights: Path,
    folder: Path,
    *,
    arch: str,
    heads: Mapping[str, Sequence[str]],
    input_size: tuple[int, int],
    validation: Sequence[LabelledFaces],
    default_head: str | None = None,
) -> ModelSpec:
    """Exports the best weights of a run; see ``export_keras``.

    Args:
        weights: What ``Trainer.run`` returned.
        folder: The model's folder.
        arch: Name of the architecture.
        heads: Head -> its labels.
        input_size: (height, width) of the model's faces in pixels.
        validation: The validation split of each data set.
        default_head: The default head; the first one where it is None.

    Returns:
        The spec.
    """
    trained = architectures.build(arch, heads, training=True)
    trained.load_weights(weights)
    model = architectures.build(arch, heads, input_size=input_size)
    model.set_weights(trained.get_weights())
    return export_keras(
        model, folder, arch=arch, heads=heads, validation=validation, default_head=default_head
    )


def export_keras(
    model: keras.Model,
    folder: Path,
    *,
    arch: str,
    heads: Mapping[str, Sequence[str]],
    validation: Sequence[LabelledFaces],
    default_head: str | None = None,
    calibrated: Mapping[str, HeadSpec] | None = None,
) -> ModelSpec:
    """Writes ``model.keras``, ``model.tflite`` and ``spec.json``.

    Args:
        model: Model of one input size, with plain normalisation layers.
        folder: The model's folder; unchanged when an error is raised.
        arch: Name of the architecture.
        heads: Head -> its labels.
        validation: The validation split of each data set, on which temperatures are fitted.
        default_head: The default head; the first one where it is None.
        calibrated: Further heads of the model, which have their temperatures already.

    Returns:
        The spec.

    Raises:
        ModelError: When the compiled form does not equal the Keras model.
        ValueError: When a head has no labels in the validation splits.
    """
    _, height, width, channels = model.input_shape
    form = FaceFormat(size=(height, width), channels=channels)
    logits = [predict(model, form.convert(part.images)) for part in validation]
    faces = form.convert(validation[0].images[:MAX_BATCH])
    faces = faces[..., None] if faces.ndim == 3 else faces
    float16 = model.count_params() >= FLOAT16_FROM
    tolerance = FLOAT16_TOLERANCE if float16 else LOGIT_TOLERANCE
    with staged(folder) as stage:
        checksums = save_and_compile(
            model,
            stage,
            [(faces, {head: values[: len(faces)] for head, values in logits[0].items()})],
            {
                head: tolerance * max(1.0, float(np.abs(values).max()))
                for head, values in logits[0].items()
            },
            float16=float16,
        )
        spec = ModelSpec(
            name=folder.name,
            arch=arch,
            input_size=(height, width),
            channels=channels,
            heads=_calibrated(heads, logits, validation) | dict(calibrated or {}),
            default_head=default_head or next(iter(heads)),
            checksums=checksums,
        )
        (stage / SPEC_FILE).write_text(spec.to_json())
    return spec


def _calibrated(
    heads: Mapping[str, Sequence[str]],
    logits: Sequence[Mapping[str, np.ndarray]],
    validation: Sequence[LabelledFaces],
) -> dict[str, HeadSpec]:
    """Each head with the temperature that is fitted to its own labels."""
    known: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for part, outputs in zip(validation, logits, strict=True):
        known.setdefault(part.head, []).append((outputs[part.head], part.labels))
        if part.votes is not None:
            truth = majority(part.votes)
            clear = truth >= 0
            known.setdefault("ferplus", []).append((outputs["ferplus"][clear], truth[clear]))
    temperatures = {
        head: fit_temperature(*(np.concatenate(each) for each in zip(*parts, strict=True)))
        for head, parts in known.items()
    }
    missing = set(heads) - set(temperatures)
    if missing:
        raise ValueError(f"expected validation labels for the heads {sorted(missing)}, got none")
    return {
        head: HeadSpec(labels=tuple(labels), temperature=round(temperatures[head], 4))
        for head, labels in heads.items()
    }
