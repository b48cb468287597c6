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


def inherit_channels(theirs: Sequence[Any], ours: Sequence[Any]) -> bool:
    """Copies weights between networks, pruning channels where the target has fewer.

    The networks fit if they are equal, or if the target has fewer channels only between a
    convolution, the batch normalisation after it and the next convolution.

    Args:
        theirs: Layers with weights of the source network, in its order.
        ours: Layers with weights of the target network, in its order.

    Returns:
        Whether they fit; if not, nothing is changed.
    """
    if len(theirs) != len(ours):
        return False
    weights = [layer.get_weights() for layer in theirs]
    for place, (source, target) in enumerate(zip(theirs[:-2], ours[:-2], strict=True)):
        if not (isinstance(source, layers.Conv2D) and isinstance(target, layers.Conv2D)):
            continue
        if target.filters < source.filters:
            _prune(weights[place : place + 3], target.filters)
    expected = [[values.shape for values in layer.get_weights()] for layer in ours]
    if [[values.shape for values in layer] for layer in weights] != expected:
        return False
    for layer, values in zip(ours, weights, strict=True):
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
