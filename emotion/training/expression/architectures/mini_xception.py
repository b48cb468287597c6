"""mini-Xception: separable convolutions with residuals, 60 thousand parameters.

Arriaga et al. 2017, "Real-time Convolutional Neural Networks for Emotion and Gender
Classification". The paper's network ends in a convolution to the classes and average pooling; here
the features are pooled before the heads, which is equivalent for one head.
"""

from __future__ import annotations

from typing import Any

from keras import layers

from emotion.training.expression.architectures.blocks import Norm, conv


def mini_xception(x: Any, norm: Norm) -> Any:
    """Scaled inputs (N, H, W, 1) to features (N, 128)."""
    for _ in range(2):
        x = layers.ReLU()(norm()(conv(8)(x)))
    for width in (16, 32, 64, 128):
        shortcut = norm()(conv(width, 1, stride=2)(x))
        x = layers.ReLU()(norm()(_separable(width)(x)))
        x = norm()(_separable(width)(x))
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        x = layers.Add()([x, shortcut])
    return layers.GlobalAveragePooling2D()(x)


def _separable(filters: int) -> Any:
    return layers.SeparableConv2D(
        filters, 3, padding="same", use_bias=False, depthwise_initializer="he_normal"
    )
