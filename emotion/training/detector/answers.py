"""What a Keras network finds in pictures, by the decoder that serves; and how well."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import keras
import numpy as np
import tensorflow as tf

from emotion.detection.anchors import clip_boxes
from emotion.detection.points import candidates, merged
from emotion.detection.single_shot import FLOOR, MERGE_IOU, network_input
from emotion.training.detector.data import Picture
from emotion.training.detector.network import MULTIPLE, STRIDES
from emotion.training.detector.scoring import Found, Tally
from emotion.types import Image

Network = Callable[[Any], Mapping[str, Any]]
"""uint8 (1, H, W, 3) -> level's name -> float32 (1, h, w, 15)."""


def graph_of(model: keras.Model) -> Network:
    """The model for pictures one by one, of any size, several times faster than its own call."""

    def answer(images: Any) -> Mapping[str, Any]:
        return dict(model(images, training=False))

    signature = [tf.TensorSpec([1, None, None, 3], tf.uint8)]
    return cast(Network, tf.function(answer, input_signature=signature))


def find(network: Network, image: Image, side: int = 640) -> Found:
    """The faces of one picture, down to a low score, as ``SingleShotDetector`` finds them."""
    view, scale = network_input(image, side, MULTIPLE)
    outputs = {name: np.asarray(value) for name, value in network(view[None]).items()}
    found = candidates(outputs, (view.shape[0], view.shape[1]), STRIDES, FLOOR)
    boxes, points, scores = merged(*found, iou=MERGE_IOU)
    whole = np.asarray(boxes / np.tile(scale, 2), dtype=np.float32)
    boxes = clip_boxes(whole, image.shape[0], image.shape[1])
    return Found(boxes, scores, np.asarray(points / scale, dtype=np.float32))


def judge(model: keras.Model, pictures: Sequence[Picture], side: int = 640) -> Tally:
    """The network with its present weights, measured on labelled pictures."""
    tally, network = Tally(), graph_of(model)
    for picture in pictures:
        faces = picture.faces
        found = find(network, picture.image, side)
        tally.add(found, faces.boxes, faces.ignored, faces.landmarks, faces.manual)
    return tally
