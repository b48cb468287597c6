"""Groups of pictures that probably show one person, for sets that do not name their subjects.

A network that learned to tell people apart describes each face; hierarchical clustering (average
linkage, cosine distance) of these descriptors gives the groups. They only keep a person's pictures
on one side of a split; nothing of them is stored with a model.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from emotion.training.common.keras_models import predict
from emotion.training.expression import architectures
from emotion.training.expression.data.faces import FaceFormat
from emotion.training.expression.pretrained import load_graph_weights

ARCHITECTURE = "mobilenet_v1"
SIZE = (128, 128)
SAME_PERSON = 0.5
"""Mean cosine similarity within a group, at least; descriptors are centred on the set's mean."""


def identity_groups(images: np.ndarray, network: Path) -> np.ndarray:
    """The group of each face, str (N,).

    Args:
        images: uint8 (N, H, W) or (N, H, W, 3).
        network: The ``.json`` of a published face network, see
            ``emotion.training.expression.pretrained``.
    """
    faces = FaceFormat(size=SIZE, channels=3).convert(images)
    model = architectures.build(ARCHITECTURE, {"unused": ("one",)})
    load_graph_weights(model, network, lambda count: faces[:count])
    pooled = next(
        layer for layer in model.layers if isinstance(layer, keras.layers.GlobalAveragePooling2D)
    )
    found = predict(keras.Model(model.input, {"features": pooled.output}), faces)["features"]
    if len(found) < 2:
        return np.array(["person 1"] * len(found), str)
    tree = linkage(found - found.mean(axis=0), method="average", metric="cosine")
    members = fcluster(tree, t=1.0 - SAME_PERSON, criterion="distance")
    return np.array([f"person {member}" for member in members], str)
