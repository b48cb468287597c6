"""A Keras network in the detector that it would be served in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from emotion.detection import SingleShotDetector
from emotion.detection.single_shot import Network
from emotion.detection.spec import DetectorSpec
from emotion.training.detector.network import MULTIPLE, STRIDES
from emotion.types import Image


def detector_of(model: keras.Model) -> SingleShotDetector:
    """Wraps a network, with its present weights, as a detector.

    Args:
        model: A network as ``network.build`` returns it.

    Returns:
        A detector that runs the Keras model instead of a compiled file.
    """
    spec = DetectorSpec(name="in training", strides=STRIDES, multiple=MULTIPLE)
    return SingleShotDetector(spec, _graph_of(model))


def _graph_of(model: keras.Model) -> Network:
    """The model as a graph for one image of any size, several times faster than calling it."""

    def infer(images: Any) -> Mapping[str, Any]:
        return dict(model(images, training=False))

    graph = tf.function(infer, input_signature=[tf.TensorSpec([1, None, None, 3], tf.uint8)])

    def network(images: Image) -> Mapping[str, Any]:
        return {name: np.asarray(value) for name, value in graph(images).items()}

    return network
