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
    """widths: channels of each stage; depths: its blocks. Each stage but the first halves.

    inner: of each stage, the channels between a block's two convolutions; None: its width.
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
    """Scaled inputs to the last stage's map, an eighth of the input's size for three stages."""
    x = layers.ReLU()(norm()(conv(widths[0], stride=2)(x)))
    stages = zip(widths, depths, inner or widths, strict=True)
    for stage, (width, depth, progress_range) in enumerate(stages):
        for block in range(depth):
            # Squeeze and excitation on the first stage's large maps costs a third of a step's
            # time on a CPU (its memory traffic) and is left to the later ones.
            stride = 2 if stage and not block else 1
            x = residual(x, width, norm, inner=progress_range, stride=stride, attention=stage > 0)
    return x
