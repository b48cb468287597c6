"""The detector's network: YuNet (Wu et al., Machine Intelligence Research 2023).

A backbone of separable convolutions, a feature pyramid without convolutions of its own on the way
down, and one separable convolution as head of each level: 53 thousand parameters, 10 ms for
640x480 on one thread. There is no normalisation: training starts from weights in which it is folded
(``--start-from yunet``). Inputs are uint8 RGB, whatever they were trained with: that is part of the
first convolution's weights.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers, ops

from emotion.detection.anchor_points import VALUES

STRIDES = (8, 16, 32)
MULTIPLE = 32
"""Sides of an input are multiples of this."""

PRIOR = 0.01
"""Score of every anchor point before training (Lin et al. 2017, "Focal Loss", section 3.3)."""


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Sizes of the network; the defaults are those of YuNet-n.

    Attributes:
        stem: Channels of the first convolutions.
        widths: Channels of the two blocks at stride 4; all coarser levels have the second number.
    """

    stem: int = 16
    widths: tuple[int, int] = (32, 64)


def build(config: NetworkConfig) -> keras.Model:
    """Builds a network with random weights, for inputs of any size.

    Args:
        config: Sizes of the network.

    Returns:
        A model from RGB uint8 (N, H, W, 3) to ``stride{s}`` -> float32 (N, H/s, W/s, 15): the raw
        predictions of each anchor point.
    """
    inputs = keras.Input((None, None, 3), dtype="uint8", name="image")
    x = layers.Rescaling(1.0, dtype="float32", name="to_float")(inputs)
    # Equal padding on both sides: "same" pads even sides at the end alone.
    x = layers.ZeroPadding2D(1)(x)
    x = layers.Conv2D(
        config.stem, 3, strides=2, activation="relu", kernel_initializer="he_normal", name="stem"
    )(x)
    x = layers.MaxPooling2D(2)(_separable(x, config.stem, "stem_dp"))
    narrow, wide = config.widths
    x = _block(x, narrow, "block1")
    x = _block(x, wide, "block2")
    features = []
    for number, _ in enumerate(STRIDES, 3):
        x = _block(layers.MaxPooling2D(2)(x), wide, f"block{number}")
        features.append(x)
    outputs, above = {}, None
    for level in reversed(range(len(STRIDES))):
        x = features[level]
        if above is not None:
            x = layers.Add()([layers.UpSampling2D(2)(above), x])
        above = _separable(x, wide, f"lateral{level}")
        outputs[f"stride{STRIDES[level]}"] = _head(above, level)
    return keras.Model(inputs, {f"stride{s}": outputs[f"stride{s}"] for s in STRIDES}, name="yunet")


def _block(x: Any, channels: int, name: str) -> Any:
    """Two separable convolutions; the second one may widen."""
    return _separable(_separable(x, x.shape[-1], f"{name}_dp1"), channels, f"{name}_dp2")


def _separable(x: Any, channels: int, name: str) -> Any:
    """A 1x1 convolution, then a 3x3 convolution of each channel."""
    x = layers.Conv2D(channels, 1, kernel_initializer="he_normal", name=f"{name}_pointwise")(x)
    return layers.DepthwiseConv2D(
        3, padding="same", activation="relu", depthwise_initializer="he_normal",
        name=f"{name}_depthwise",
    )(x)  # fmt: skip


def _head(x: Any, level: int) -> Any:
    """The predictions of a level.

    As in YOLOX, there are two logits: of the class, and of there being anything. The score is the
    geometric mean of both probabilities, here as a logit.
    """
    x = layers.Conv2D(VALUES + 1, 1, name=f"head{level}_pointwise")(x)
    layer = layers.DepthwiseConv2D(
        3, padding="same", dtype="float32", name=f"head{level}_depthwise"
    )
    x = layer(x)
    # Assigned, as a model with a custom initializer could not be loaded without its code: a low
    # score, and boxes of e (2.7) strides.
    first = [math.log(PRIOR / (1 - PRIOR))] * 2 + [0.0, 0.0, 1.0, 1.0]
    layer.bias.assign(first + [0.0] * (VALUES + 1 - len(first)))
    log_score = -0.5 * (ops.softplus(-x[..., 0:1]) + ops.softplus(-x[..., 1:2]))
    log_score = ops.minimum(log_score, -1e-6)  # at 0 the logit is infinite
    score = log_score - ops.log(1 - ops.exp(log_score))
    return layers.Concatenate(name=f"stride{STRIDES[level]}")([score, x[..., 2:]])
