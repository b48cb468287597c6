"""Keras applications as backbones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
from keras import layers

from emotion.errors import ModelError
from emotion.training.expression.architectures.blocks import Features, Norm


def application(name: str) -> Features:
    """Makes a backbone of a Keras application, without its top, for grey faces.

    Args:
        name: A class of ``keras.applications`` whose inputs are in [-1, 1]; the grey face is
            repeated for R, G and B.
    """

    def features(x: Any, _norm: Norm) -> Any:
        x = layers.Concatenate()([x, x, x])
        backbone = getattr(keras.applications, name)(
            include_top=False, weights=None, input_shape=x.shape[1:], pooling="avg"
        )
        return layers.Dropout(0.3)(backbone(x))

    return features


def load_weights(model: keras.Model, path: Path) -> None:
    """Loads the weights of an application without its top.

    Args:
        model: A model with one application as its backbone.
        path: The weights file.

    Raises:
        ModelError: When the model has no such backbone, or the file does not fit.
    """
    backbones = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    if len(backbones) != 1:
        raise ModelError(f"{model.name} is no Keras application and takes no weights from {path}.")
    try:
        backbones[0].load_weights(path)
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} does not hold the weights of {model.name} ({error}).") from error
