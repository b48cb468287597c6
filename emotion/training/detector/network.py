"""The detector's network: a small residual backbone, a feature pyramid and one convolution as head.

Dense 3x3 convolutions of few channels and an early stride: on a CPU they train several times
faster than depthwise ones for the same work, and run as fast. Inputs are uint8 RGB and scaling is
the first layer, so that training and serving cannot drift. It has no offset: black is zero, so that
black padding at the right and bottom of an image equals the convolutions' own padding.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
from keras import layers

from emotion.detection.anchor_points import VALUES
from emotion.training.common.layers import FusedBatchNormalization

STRIDES = (8, 16, 32, 64)
MULTIPLE = 32
"""Sides of an input are multiples of this."""

PRIOR = 0.01
"""Score of every anchor point before training (Lin et al. 2017, "Focal Loss", section 3.3)."""

Norm = Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Sizes of the network.

    Attributes:
        stem: Channels of two 3x3 convolutions of stride 2, or of one 6x6 convolution of stride 4,
            which takes two thirds of the time.
        widths: Channels at strides 8, 16 and 32.
        depths: Residual convolutions at each of these.
        neck: Channels of the feature pyramid.
    """

    stem: tuple[int, ...] = (32,)
    widths: tuple[int, int, int] = (32, 48, 64)
    depths: tuple[int, int, int] = (2, 1, 1)
    neck: int = 24


def build(
    config: NetworkConfig,
    *,
    training: bool = False,
    input_size: tuple[int, int] | None = None,
) -> keras.Model:
    """Builds a network.

    The pyramid is that of Lin et al. 2017 ("Feature Pyramid Networks"), with a fourth level made
    from the third (RetinaNet). No weights are shared between levels, as faces of different sizes
    are learned from different numbers of examples.

    Args:
        config: Sizes of the network.
        training: Whether to use the fused batch normalisation; weights and their order are the
            same.
        input_size: (height, width), multiples of ``MULTIPLE``; None for any.

    Returns:
        A model from RGB uint8 (N, H, W, 3) to ``stride{s}`` -> float32 (N, H/s, W/s, 15), rounded
        up: the raw predictions of each anchor point.
    """
    # Keras' own momentum of .99 needs some 500 steps until the statistics hold.
    norm = partial(
        FusedBatchNormalization if training else layers.BatchNormalization, momentum=0.97
    )
    height, width = input_size or (None, None)
    inputs = keras.Input((height, width, 3), dtype="uint8", name="image")
    x = layers.Rescaling(1 / 128, dtype="float32", name="scale")(inputs)
    for channels in config.stem:
        one = len(config.stem) == 1
        x = _conv(x, channels, norm, size=6 if one else 3, stride=4 if one else 2)
    features = []
    for channels, depth in zip(config.widths, config.depths, strict=True):
        x = _conv(x, channels, norm, stride=2)
        for _ in range(depth):
            x = _residual(x, norm)
        features.append(x)
    levels = _pyramid(features, config.neck, norm)
    # The anchor points of a stride of 2 are centred on their inputs only with equal padding on both
    # sides, for even and odd sizes alike: 480 px, a multiple of 32 alone, leaves 15 rows here.
    extra = layers.ZeroPadding2D(1)(features[-1])
    levels.append(_conv(extra, config.neck, norm, stride=2, padding="valid"))
    outputs = {
        f"stride{stride}": layers.Conv2D(
            VALUES, 3, padding="same", dtype="float32", name=f"stride{stride}",
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
        )(level)
        for stride, level in zip(STRIDES, levels, strict=True)
    }  # fmt: skip
    model = keras.Model(inputs, outputs, name="single_shot")
    # Assigned here rather than by a custom initializer, which a saved model could not be loaded
    # without: a low score, and boxes of e (2.7) strides.
    first = [-math.log((1 - PRIOR) / PRIOR), 0.0, 0.0, 1.0, 1.0]
    for name in outputs:
        model.get_layer(name).bias.assign(first + [0.0] * (VALUES - len(first)))
    return model


def _conv(
    x: Any,
    channels: int,
    norm: Norm,
    *,
    size: int = 3,
    stride: int = 1,
    padding: str = "same",
    active: bool = True,
) -> Any:
    x = layers.Conv2D(
        channels, size, strides=stride, padding=padding, use_bias=False,
        kernel_initializer="he_normal",
    )(x)  # fmt: skip
    x = norm()(x)
    return layers.ReLU()(x) if active else x


def _residual(x: Any, norm: Norm) -> Any:
    """One convolution with a skip connection (He et al. 2016)."""
    return layers.ReLU()(layers.Add()([x, _conv(x, x.shape[-1], norm, active=False)]))


def _pyramid(features: list[Any], channels: int, norm: Norm) -> list[Any]:
    """Top-down pathway: levels of ``channels`` each, the finest first."""
    above = _conv(features[-1], channels, norm, size=1)
    levels = [above]
    for feature in reversed(features[:-1]):
        lateral = _conv(feature, channels, norm, size=1)
        above = layers.Add()([lateral, layers.UpSampling2D(2)(above)])
        above = _conv(above, channels, norm)
        levels.insert(0, above)
    return levels
