"""SE-ResNet: residual network with channel attention, for small faces.

He et al. 2016, "Deep Residual Learning for Image Recognition"; Hu et al. 2018,
"Squeeze-and-Excitation Networks".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import layers

from emotion.training.expression.architectures.blocks import Features, Norm, conv, residual


def se_resnet(
    widths: Sequence[int],
    depths: Sequence[int],
    *,
    dropout: float,
    inner: Sequence[int] | None = None,
) -> Features:
    """Makes a backbone of residual blocks; each stage but the first halves the resolution.

    Args:
        widths: Channels of each stage.
        depths: Number of blocks of each stage.
        dropout: Fraction of the pooled features that is dropped in training.
        inner: Channels between a block's two convolutions, for each stage; None for its width.
    """

    def features(x: Any, norm: Norm) -> Any:
        x = trunk(x, norm, widths, depths, inner)
        x = layers.GlobalAveragePooling2D()(x)
        return layers.Dropout(dropout)(x)

    return features


def trunk(
    x: Any,
    norm: Norm,
    widths: Sequence[int],
    depths: Sequence[int],
    inner: Sequence[int] | None = None,
) -> Any:
    """Maps scaled inputs to the features of the last stage: an eighth of the size for three."""
    x = layers.ReLU()(norm()(conv(widths[0], stride=2)(x)))
    stages = zip(widths, depths, inner or widths, strict=True)
    for stage, (width, depth, inner_width) in enumerate(stages):
        for block in range(depth):
            # Squeeze and excitation on the first stage's large maps costs a third of a step's
            # time on a CPU (its memory traffic) and is left to the later ones.
            stride = 2 if stage and not block else 1
            x = residual(x, width, norm, inner=inner_width, stride=stride, attention=stage > 0)
    return x
