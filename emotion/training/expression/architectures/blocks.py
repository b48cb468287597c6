"""Building blocks of the architectures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from keras import layers

Norm = Callable[..., Any]
"""Makes a batch normalisation layer, plain or fused."""

Features = Callable[[Any, Norm], Any]
"""Maps scaled inputs, float32 (N, H, W, channels), to features (N, C)."""

SYMMETRIC = (1 / 127.5, (-1.0,))
"""0..255 to [-1, 1]."""


@dataclass(frozen=True)
class Architecture:
    """A backbone, and how its inputs are made.

    Attributes:
        features: The backbone, see ``Features``.
        input_size: Usual (height, width) in pixels.
        channels: 1 for grey faces, 3 for RGB.
        scale: (factor, offset of each channel): input = uint8 * factor + offset.
        any_size: Whether the same weights work at other sizes, as progressive resizing needs.
        settings: Values of ``TrainingConfig`` that differ from the defaults.
    """

    features: Features
    input_size: tuple[int, int] = (48, 48)
    channels: int = 1
    scale: tuple[float, tuple[float, ...]] = SYMMETRIC
    any_size: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)


def conv(filters: int, size: int = 3, *, stride: int = 1) -> Any:
    """A convolution without bias, as a normalisation follows; initialised as He et al. 2015."""
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
    """Basic residual block (He et al. 2016).

    Args:
        x: Features (N, H, W, C).
        filters: Channels of the result.
        norm: Makes the normalisation layers.
        inner: Channels between the two convolutions.
        stride: Stride of the first convolution.
        attention: Whether to apply squeeze and excitation.

    Returns:
        Features (N, H / stride, W / stride, filters).
    """
    shortcut = x
    if stride > 1 or x.shape[-1] != filters:
        if stride > 1:
            shortcut = layers.AveragePooling2D(2, padding="same")(shortcut)
        shortcut = norm()(conv(filters, 1)(shortcut))
    y = norm()(conv(inner, stride=stride)(x))
    y = layers.ReLU()(y)
    # Initialising each block as the identity (Goyal et al. 2017) allows high learning rates.
    y = norm(gamma_initializer="zeros")(conv(filters)(y))
    if attention:
        y = squeeze_excite(y)
    return layers.ReLU()(layers.Add()([shortcut, y]))
