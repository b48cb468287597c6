"""What the architectures are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from keras import layers

Norm = Callable[..., Any]
"""Makes a batch normalisation layer: plain or fused, chosen by whoever builds the network."""

Features = Callable[[Any, Norm], Any]
"""Maps scaled inputs (N, H, W, channels) to features (N, C)."""

SYMMETRIC = (1 / 127.5, (-1.0,))
"""0..255 to [-1, 1]."""


@dataclass(frozen=True)
class Architecture:
    """A network without its heads, and how its inputs are made.

    Attributes:
        features: See ``Features``.
        input_size: (height, width) that it was made for.
        channels: 1 for grey faces, 3 for RGB.
        scale: (factor, offset of each channel) of its inputs: value = uint8 * factor + offset.
        any_size: Whether the same weights take other sizes too, so that training may begin on
            smaller ones.
        settings: Of ``TrainingConfig``, where its own differ from the default.
    """

    features: Features
    input_size: tuple[int, int] = (48, 48)
    channels: int = 1
    scale: tuple[float, tuple[float, ...]] = SYMMETRIC
    any_size: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)


def conv(filters: int, size: int = 3, *, stride: int = 1) -> Any:
    """A convolution without bias, for a normalisation behind it (He et al. 2015)."""
    return layers.Conv2D(
        filters,
        size,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
    )


def squeeze_excite(x: Any, ratio: int = 8) -> Any:
    """Channel attention: Hu et al. 2018, "Squeeze-and-Excitation Networks"."""
    channels = x.shape[-1]
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(channels // ratio, 1, activation="relu")(gate)
    gate = layers.Conv2D(channels, 1, activation="sigmoid")(gate)
    return layers.Multiply()([x, gate])


def residual(x: Any, filters: int, norm: Norm, *, inner: int, stride: int, attention: bool) -> Any:
    """Basic block of He et al. 2016, with squeeze and excitation on its branch where asked.

    inner: channels between its two convolutions.
    """
    shortcut = x
    if stride > 1 or x.shape[-1] != filters:
        if stride > 1:
            shortcut = layers.AveragePooling2D(2, padding="same")(shortcut)
        shortcut = norm()(conv(filters, 1)(shortcut))
    y = norm()(conv(inner, stride=stride)(x))
    y = layers.ReLU()(y)
    # Starting each block as the identity (Goyal et al. 2017) makes a high learning rate safe.
    y = norm(gamma_initializer="zeros")(conv(filters)(y))
    if attention:
        y = squeeze_excite(y)
    return layers.ReLU()(layers.Add()([shortcut, y]))
