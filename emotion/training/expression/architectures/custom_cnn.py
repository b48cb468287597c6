"""A plain convolutional network for 28x28 faces: four convolution blocks, three dense layers.

Trained with Adam at 1e-4 and categorical cross-entropy. As with all architectures, the outputs are
logits; softmax is applied by the loss and in serving.
"""

from __future__ import annotations

from typing import Any

from keras import layers

from emotion.training.expression.architectures.blocks import Norm, conv

WIDTHS = (32, 64, 128, 256)
DENSE = (256, 128)
"""Hidden dense layers; the head's own is the third."""


def custom_cnn(x: Any, norm: Norm) -> Any:
    """Scaled inputs (N, 28, 28, 1) to features (N, 128)."""
    for width in WIDTHS:
        for _ in range(2):
            x = layers.ReLU()(norm()(conv(width)(x)))
        # 28 -> 14 -> 7 -> 3 -> 1
        x = layers.MaxPooling2D(2)(x)
        x = layers.Dropout(0.25)(x)
    x = layers.Flatten()(x)
    for units in DENSE:
        x = layers.Dense(units, use_bias=False, kernel_initializer="he_normal")(x)
        # Features are (N, C) here, which the fused kernel does not take.
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.95)(x))
        x = layers.Dropout(0.5)(x)
    return x
