"""Attention over face regions: each attention head learns its own region.

After Wang et al. 2020, "Region Attention Networks for Pose and Occlusion Robust Facial Expression
Recognition", and Wen et al. 2023, "Distract Your Attention"; the regions are learned, as maps over
the positions of the last stage.
"""

from __future__ import annotations

from typing import Any

from keras import layers

from emotion.training.expression.architectures.blocks import Norm
from emotion.training.expression.architectures.se_resnet import trunk

WIDTHS, DEPTHS, REGIONS = (32, 64, 128), (2, 2, 2), 4


def region_attention(x: Any, norm: Norm) -> Any:
    """Scaled inputs (N, H, W, 1) to features (N, 128 + 4 * 32): the whole face and its regions."""
    x = trunk(x, norm, WIDTHS, DEPTHS)
    whole = layers.GlobalAveragePooling2D()(x)
    positions = layers.Reshape((-1, WIDTHS[-1]))(x)
    attention = layers.Dense(REGIONS, name="regions")(positions)
    attention = layers.Softmax(axis=1)(attention)  # over the positions, for each region
    values = layers.Dense(WIDTHS[-1] // 4, use_bias=False)(positions)
    regions = layers.Dot(axes=1)([attention, values])
    regions = layers.ReLU()(layers.LayerNormalization()(regions))
    features = layers.Concatenate()([whole, layers.Flatten()(regions)])
    return layers.Dropout(0.3)(features)
