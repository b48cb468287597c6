"""Pretrained weights from a published TensorFlow.js graph of a MobileNet with folded BatchNorm.

Such a graph holds only a factor and a bias of each batch normalisation. Fine-tuned without
normalisation, a network is several points less accurate, so it is restored as the identity over
real faces: gamma is the standard deviation of the convolution's outputs, beta their mean plus the
folded bias, and the moving statistics are those of the same faces.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from emotion.errors import ModelError
from emotion.models.spec import sha256_of

_TYPES = {"float32": "<f4", "int32": "<i4"}
FACES = 192
"""Number of faces for the statistics of the normalisation."""


def load_graph_weights(
    model: keras.Model, path: Path, some_faces: Callable[[int], np.ndarray]
) -> dict[str, Any]:
    """Loads the weights of a published graph into the backbone of a model.

    Args:
        model: A ``mobilenet_v1``; its heads are left unchanged.
        path: The graph's ``.json``, with its ``.bin`` file beside it.
        some_faces: Returns the given number of real faces, uint8 (N, H, W, 3).

    Returns:
        The weights' origin for the run's record.

    Raises:
        ModelError: When the files cannot be read or are of another network.
    """
    weights, binary = _read_weights(path)
    x = np.asarray(some_faces(FACES))
    for layer in model.layers[1:]:
        if isinstance(layer, layers.GlobalAveragePooling2D):
            break
        if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D):
            layer.set_weights([_kernel(layer, weights, path)])
        elif isinstance(layer, layers.BatchNormalization):
            _make_identity(layer, x, _weight(weights, _folded(layer.name, "sub"), path))
        x = np.asarray(layer(x, training=False))
    return {
        "model": path.name,
        "sha256": sha256_of(binary),
        "run": None,
    }


def _make_identity(layer: Any, outputs: np.ndarray, bias: np.ndarray) -> None:
    """Sets weights with which the layer adds ``bias`` to these outputs (N, H, W, C)."""
    mean = outputs.mean(axis=(0, 1, 2), dtype=np.float64)
    variance = outputs.var(axis=(0, 1, 2), dtype=np.float64)
    layer.set_weights([np.sqrt(variance + layer.epsilon), mean + bias, mean, variance])


def _kernel(layer: Any, weights: Mapping[str, np.ndarray], path: Path) -> np.ndarray:
    if isinstance(layer, layers.DepthwiseConv2D):
        kernel = _weight(weights, f"{layer.name}/depthwise_kernel", path)
        factor = _weight(weights, _folded(f"{layer.name}_bn", "mul"), path)
        kernel = kernel * factor[:, None]
    else:
        kernel = _weight(weights, f"{layer.name}/convolution/merged_input", path)
    if kernel.shape != layer.kernel.shape:
        raise ModelError(
            f"{path} holds {kernel.shape} for {layer.name}, expected {tuple(layer.kernel.shape)}."
        )
    return kernel


def _folded(normalization: str, part: str) -> str:
    return f"{normalization}/batchnorm_1/{part}"


def _weight(weights: Mapping[str, np.ndarray], name: str, path: Path) -> np.ndarray:
    if name not in weights:
        raise ModelError(f"{path} has no weights {name!r}; it is another network.")
    return weights[name]


def _read_weights(path: Path) -> tuple[dict[str, np.ndarray], Path]:
    """Name -> weights of a graph, and the binary file that holds them one after the other."""
    try:
        manifest = json.loads(path.read_text())["weightsManifest"][0]
        binary = path.with_name(manifest["paths"][0])
        data = binary.read_bytes()
        found, start = {}, 0
        for entry in manifest["weights"]:
            if "quantization" in entry:
                raise ModelError(f"{path}: the weights {entry['name']!r} are quantized.")
            kind = _TYPES[entry["dtype"]]
            values = np.frombuffer(data, kind, math.prod(entry["shape"]), start)
            found[entry["name"]] = values.reshape(entry["shape"])
            start += values.nbytes
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise ModelError(f"{path} is no TensorFlow.js graph with its weights ({error}).") from error
    return found, binary
