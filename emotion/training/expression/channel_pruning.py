"""First weights from a network of the same plan that has more channels inside of its blocks.

Of each block those channels are kept that weigh most on what follows, judged without data: by the
normalisation's gain, after Liu et al. 2017, "Learning Efficient Convolutional Networks through
Network Slimming", times the norm of the weights that read the channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import layers

READ = 2
"""The axis of a convolution's kernel (H, W, read, written) along which channels are read."""


def inherit_channels(theirs: Sequence[Any], ours: Sequence[Any]) -> bool:
    """Gives ``ours`` the weights of ``theirs``; False, with nothing changed, when they do not fit.

    Both are the layers with weights, in the order of their network. They fit when they are alike,
    or when ours lack channels only between a convolution, the normalisation behind it and the
    convolution behind that.
    """
    if len(theirs) != len(ours):
        return False
    weights = [layer.get_weights() for layer in theirs]
    for place, (source, target) in enumerate(zip(theirs[:-2], ours[:-2], strict=True)):
        if not (isinstance(source, layers.Conv2D) and isinstance(target, layers.Conv2D)):
            continue
        if target.filters < source.filters:
            _drop(weights[place : place + 3], target.filters)
    wanted = [[values.shape for values in layer.get_weights()] for layer in ours]
    if [[values.shape for values in layer] for layer in weights] != wanted:
        return False
    for layer, values in zip(ours, weights, strict=True):
        layer.set_weights(values)
    return True


def _drop(chain: Sequence[list[np.ndarray]], count: int) -> None:
    """Leaves ``count`` channels in the weights of a convolution, a normalisation, a convolution."""
    written, scaled, read = chain
    if len(scaled) != 4 or len(read[0].shape) != 4 or read[0].shape[READ] != len(scaled[0]):
        return  # not such a chain: the shapes will not fit
    reach = np.sqrt(np.square(read[0]).sum(axis=(0, 1, 3)))
    kept = np.sort(np.argsort(np.abs(scaled[0]) * reach)[-count:])
    written[:] = [values[..., kept] for values in written]
    scaled[:] = [values[kept] for values in scaled]
    read[0] = read[0].take(kept, axis=READ)
