"""Keras' own applications as a backbone, with weights from a file where there are some."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
from keras import layers

from emotion.errors import ModelError
from emotion.training.expression.architectures.blocks import Features, Norm


def application(name: str) -> Features:
    """The named class of ``keras.applications``, without its top, on faces of any grey size.

    Its inputs are the face three times (R = G = B) in [-1, 1]: choose one that wants this range.
    """

    def features(x: Any, _norm: Norm) -> Any:
        x = layers.Concatenate()([x, x, x])
        backbone = getattr(keras.applications, name)(
            include_top=False, weights=None, input_shape=x.shape[1:], pooling="avg"
        )
        return layers.Dropout(0.3)(backbone(x))

    return features


def load_weights(model: keras.Model, path: Path) -> None:
    """Reads the file of an application's weights without top into its part of ``model``."""
    backbones = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    if len(backbones) != 1:
        raise ModelError(f"{model.name} is no Keras application and takes no weights from {path}.")
    try:
        backbones[0].load_weights(path)
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} does not hold the weights of {model.name} ({error}).") from error
