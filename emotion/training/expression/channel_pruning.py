"""Channel pruning: first weights from a network with more channels inside of its blocks.

The most important channels of each block are kept. Importance is computed without data: the gain of
the batch normalisation (Liu et al. 2017, "Learning Efficient Convolutional Networks through Network
Slimming") times the norm of the next convolution's weights for the channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import layers

INPUT_AXIS = 2
"""The axis of the input channels in a convolution's kernel (H, W, inputs, outputs)."""


def inherit_channels(source: Sequence[Any], target: Sequence[Any]) -> bool:
    """Copies weights between networks, pruning channels where the target has fewer.

    The networks fit if they are equal, or if the target has fewer channels only between a
    convolution, the batch normalisation after it and the next convolution.

    Args:
        source: Layers with weights of the source network, in its order.
        target: Layers with weights of the target network, in its order.

    Returns:
        Whether they fit; if not, nothing is changed.
    """
    if len(source) != len(target):
        return False
    weights = [layer.get_weights() for layer in source]
    for place, (wide, narrow) in enumerate(zip(source[:-2], target[:-2], strict=True)):
        if not (isinstance(wide, layers.Conv2D) and isinstance(narrow, layers.Conv2D)):
            continue
        if narrow.filters < wide.filters:
            _prune(weights[place : place + 3], narrow.filters)
    expected = [[values.shape for values in layer.get_weights()] for layer in target]
    if [[values.shape for values in layer] for layer in weights] != expected:
        return False
    for layer, values in zip(target, weights, strict=True):
        layer.set_weights(values)
    return True


def _prune(chain: Sequence[list[np.ndarray]], count: int) -> None:
    """Keeps ``count`` channels in the weights of convolution, normalisation and convolution."""
    first, norm, second = chain
    if len(norm) != 4 or len(second[0].shape) != 4 or second[0].shape[INPUT_AXIS] != len(norm[0]):
        return  # not such a chain: the shapes will not fit
    norms = np.sqrt(np.square(second[0]).sum(axis=(0, 1, 3)))
    kept = np.sort(np.argsort(np.abs(norm[0]) * norms)[-count:])
    first[:] = [values[..., kept] for values in first]
    norm[:] = [values[kept] for values in norm]
    second[0] = second[0].take(kept, axis=INPUT_AXIS)
