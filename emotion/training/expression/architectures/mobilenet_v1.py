"""MobileNet v1: depthwise separable convolutions, on faces in colour.

Howard et al. 2017, "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
Applications". Layers have the names of the published network, by which pretrained weights are
loaded (see ``emotion.training.expression.pretrained``).
"""

from __future__ import annotations

from typing import Any

from keras import layers

from emotion.training.expression.architectures.blocks import Features, Norm

PLAN = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2),
    (512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1),
)  # fmt: skip
"""(output channels, stride) of each depthwise separable block after the first convolution."""

STEM_CHANNELS = 32

IMAGENET_MEAN = (123.68, 116.779, 103.939)
"""Mean of R, G and B over ImageNet, 0..255, which the published weights expect subtracted."""


def mobilenet_v1(*, dropout: float) -> Features:
    """The 13 blocks of the paper at full width, 3.2 million weights.

    Args:
        dropout: Fraction of the 1,024 pooled features that is dropped in training.

    Returns:
        A function from mean-subtracted faces (N, H, W, 3) to features (N, 1024).
    """

    def features(x: Any, norm: Norm) -> Any:
        x = layers.Conv2D(
            STEM_CHANNELS, 3, strides=2, padding="same", use_bias=False, name="conv1"
        )(x)
        x = _normalized(x, norm, "conv1")
        for number, (channels, stride) in enumerate(PLAN, start=1):
            depthwise, pointwise = f"conv_dw_{number}", f"conv_pw_{number}"
            x = layers.DepthwiseConv2D(
                3, strides=stride, padding="same", use_bias=False, name=depthwise
            )(x)
            x = _normalized(x, norm, depthwise)
            x = layers.Conv2D(channels, 1, use_bias=False, name=pointwise)(x)
            x = _normalized(x, norm, pointwise)
        x = layers.GlobalAveragePooling2D()(x)
        return layers.Dropout(dropout)(x)

    return features


def _normalized(x: Any, norm: Norm, name: str) -> Any:
    return layers.ReLU(max_value=6, name=f"{name}_relu")(norm(name=f"{name}_bn")(x))
