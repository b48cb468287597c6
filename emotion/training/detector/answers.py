"""A Keras network as the detector that it would serve as, and how well it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from emotion.detection import SingleShotDetector
from emotion.detection.single_shot import Network
from emotion.detection.spec import DetectorSpec
from emotion.training.detector.data import Picture
from emotion.training.detector.network import MULTIPLE, STRIDES
from emotion.training.detector.peers import found_by
from emotion.training.detector.scoring import Tally
from emotion.types import Image


def detector_of(model: keras.Model) -> SingleShotDetector:
    """The detector with this network and its present weights."""
    spec = DetectorSpec(name="in training", strides=STRIDES, multiple=MULTIPLE)
    return SingleShotDetector(spec, graph_of(model))


def graph_of(model: keras.Model) -> Network:
    """The model for pictures one by one, of any size, several times faster than its own call."""

    def answer(images: Any) -> Mapping[str, Any]:
        return dict(model(images, training=False))

    graph = tf.function(answer, input_signature=[tf.TensorSpec([1, None, None, 3], tf.uint8)])

    def network(images: Image) -> Mapping[str, Any]:
        return {name: np.asarray(value) for name, value in graph(images).items()}

    return network


def judge(detector: SingleShotDetector, pictures: Sequence[Picture]) -> Tally:
    """The detector measured on labelled pictures."""
    tally, find = Tally(), found_by(detector.detect)
    for picture in pictures:
        faces = picture.faces
        tally.add(find(picture.image), faces.boxes, faces.ignored, faces.landmarks, faces.manual)
    return tally
