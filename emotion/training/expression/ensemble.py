"""Ensembles: one Keras model that averages the logits of its members.

As it is an ordinary model with one input, it is served, evaluated and selected like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from emotion.errors import ModelError
from emotion.imaging.yuv import BT601_LUMA
from emotion.models.spec import ModelSpec, read_spec
from emotion.training.common.keras_models import load_keras
from emotion.training.expression.blend import BLEND


def ensemble_of(folders: Sequence[Path]) -> tuple[keras.Model, dict[str, tuple[str, ...]]]:
    """Builds an ensemble.

    A head of the ensemble is the mean of the calibrated logits (the geometric mean of the
    probabilities) of the members that have it; their blends are left out, as the ensemble's own has
    to be chosen. Members may differ in input size and channels; the ensemble takes the largest
    size, and RGB if a member does.

    Args:
        folders: The members' folders, at least two.

    Returns:
        The ensemble, and head -> labels.

    Raises:
        ModelError: For fewer than two members, or when members have different labels for a head.
    """
    if len(folders) < 2:
        raise ModelError("An ensemble needs at least two members.")
    specs = [read_spec(folder) for folder in folders]
    heads = _common_heads(specs)
    height = max(spec.input_size[0] for spec in specs)
    width = max(spec.input_size[1] for spec in specs)
    channels = max(spec.channels for spec in specs)
    face = keras.Input((height, width, channels), dtype="uint8", name="face")
    logits_of: dict[str, list[Any]] = {head: [] for head in heads}
    for number, (folder, spec) in enumerate(zip(folders, specs, strict=True)):
        member = load_keras(folder)
        member.name = f"member_{number}"
        inputs = face
        if spec.channels < channels:
            inputs = _gray(inputs)
        if spec.input_size != (height, width):
            inputs = layers.Resizing(*spec.input_size, dtype="float32")(inputs)
        for head, logits in member(inputs).items():
            if head in heads:
                logits_of[head].append(layers.Rescaling(1 / spec.heads[head].temperature)(logits))
    outputs = {
        head: layers.Average(name=head)(each)
        if len(each) > 1
        else layers.Identity(name=head)(each[0])
        for head, each in logits_of.items()
    }
    return keras.Model(face, outputs, name="ensemble"), heads


def _gray(face: Any) -> Any:
    """Converts an RGB face to grey, with the weights of OpenCV (ITU-R BT.601)."""
    weights = np.array(BT601_LUMA, np.float32).reshape(1, 1, 3, 1)
    layer = layers.Conv2D(1, 1, use_bias=False, trainable=False, dtype="float32")
    result = layer(layers.Rescaling(1.0, dtype="float32")(face))
    layer.set_weights([weights])
    return result


def _common_heads(specs: Sequence[ModelSpec]) -> dict[str, tuple[str, ...]]:
    heads: dict[str, tuple[str, ...]] = {}
    for spec in specs:
        for name, head in spec.heads.items():
            if name == BLEND:
                continue
            if heads.setdefault(name, head.labels) != head.labels:
                raise ModelError(f"The members' heads {name!r} have different labels.")
    return heads


def members_record(folders: Sequence[Path]) -> Mapping[str, Any]:
    """The ensemble's entry in ``run.json``: member -> checksums of its files."""
    return {spec.name: spec.checksums for spec in map(read_spec, folders)}
