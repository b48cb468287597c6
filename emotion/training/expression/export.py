"""From trained weights to a model's folder: ``model.keras``, its compiled form and the spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from emotion.errors import ModelError
from emotion.expression.classifier import MAX_BATCH
from emotion.models.litert import CompiledModel
from emotion.models.spec import KERAS_FILE, SERVED_FILE, SPEC_FILE, HeadSpec, ModelSpec, sha256_of
from emotion.training.common.keras_models import predict
from emotion.training.common.staging import staged
from emotion.training.expression import architectures
from emotion.training.expression.data.faces import FaceFormat, LabelledFaces
from emotion.training.expression.evaluation.metrics import fit_temperature
from emotion.training.expression.targets import majority

LOGIT_TOLERANCE = 1e-3
"""Largest difference of a logit between Keras and the compiled form, for logits up to 1, and in
proportion above; folding batch normalisation into the convolutions reorders float32 sums."""

HALF_FROM = 2_000_000
"""Weights from which on the served file stores them as float16: half the size, the same speed,
since LiteRT computes in float32."""

HALF_TOLERANCE = 2e-2
"""Of logits of such a file, as ``LOGIT_TOLERANCE``."""


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
    """What ``Trainer.run`` left as ``weights``, as a model's folder; see ``export_keras``."""
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
    """Writes ``model.keras``, ``model.tflite`` and ``spec.json`` into ``folder``; the spec.

    model: of one input size, with plain normalisation. validation: of each set, the part to choose
    on; temperatures are fitted on it. calibrated: further heads of the model, with their
    temperatures. Raises ``ModelError`` when the compiled form does not answer as Keras does; then,
    as after any other error, ``folder`` is what it was before.
    """
    _, height, width, channels = model.input_shape
    form = FaceFormat(size=(height, width), channels=channels)
    logits = [predict(model, form.of(part.images)) for part in validation]
    some = form.of(validation[0].images[:MAX_BATCH])
    with staged(folder) as stage:
        model.save(stage / KERAS_FILE)
        half = model.count_params() >= HALF_FROM
        model.export(stage / SERVED_FILE, format="litert", verbose=False, **_storage(half))
        _check_equal(
            stage / SERVED_FILE, some, logits[0], HALF_TOLERANCE if half else LOGIT_TOLERANCE
        )
        spec = ModelSpec(
            name=folder.name,
            arch=arch,
            input_size=(height, width),
            channels=channels,
            heads=_calibrated(heads, logits, validation) | dict(calibrated or {}),
            default_head=default_head or next(iter(heads)),
            checksums={name: sha256_of(stage / name) for name in (KERAS_FILE, SERVED_FILE)},
        )
        (stage / SPEC_FILE).write_text(spec.to_json())
    return spec


def _calibrated(
    heads: Mapping[str, Sequence[str]],
    logits: Sequence[Mapping[str, np.ndarray]],
    validation: Sequence[LabelledFaces],
) -> dict[str, HeadSpec]:
    """Each head with the temperature that fits the labels of its own labelling."""
    known: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for part, answers in zip(validation, logits, strict=True):
        known.setdefault(part.head, []).append((answers[part.head], part.labels))
        if part.votes is not None:
            truth = majority(part.votes)
            clear = truth >= 0
            known.setdefault("ferplus", []).append((answers["ferplus"][clear], truth[clear]))
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


def _storage(half: bool) -> dict[str, Any]:
    """Arguments of the export: weights in float16 or as they are."""
    if not half:
        return {}
    import tensorflow as tf

    return {
        "optimizations": [tf.lite.Optimize.DEFAULT],
        "target_spec": {"supported_types": [tf.float16]},
    }


def _check_equal(
    served: Path, faces: np.ndarray, logits: Mapping[str, np.ndarray], tolerance: float
) -> None:
    batch = faces[..., None] if faces.ndim == 3 else faces
    compiled = CompiledModel(served.read_bytes())(batch)
    for head, expected in logits.items():
        if head not in compiled:
            raise ModelError(f"The compiled model has no output {head!r}, only {sorted(compiled)}.")
        gap = float(np.abs(compiled[head] - expected[: len(faces)]).max())
        if gap > tolerance * max(1.0, float(np.abs(expected).max())):
            raise ModelError(
                f"The compiled model differs from Keras by {gap:.2g} in the head {head!r}, "
                f"more than {tolerance:g}; it was not taken."
            )
