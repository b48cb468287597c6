"""Groups pictures that probably show the same person, for sets without subject names.

The embeddings of a face recognition network are clustered hierarchically (average linkage, cosine
distance). The groups only keep a person's pictures in the same split; they are not stored with a
model.
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
"""Lowest mean cosine similarity within a group, of embeddings centred on the set's mean."""


def identity_groups(images: np.ndarray, network: Path) -> np.ndarray:
    """Clusters faces by identity.

    Args:
        images: uint8 (N, H, W) or (N, H, W, 3).
        network: The ``.json`` of a published face recognition network, see
            ``emotion.training.expression.pretrained``.

    Returns:
        The group of each face, str (N,).
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
