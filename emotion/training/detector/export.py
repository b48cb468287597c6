"""From a detector's weights to its folder: ``model.keras``, its compiled form and the spec."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from emotion.detection import SingleShotDetector
from emotion.detection.spec import DetectorSpec
from emotion.errors import ModelError
from emotion.models.litert import CompiledModel
from emotion.models.spec import KERAS_FILE, SERVED_FILE, SPEC_FILE, sha256_of
from emotion.training.common.staging import staged
from emotion.training.detector import network
from emotion.training.detector.answers import judge
from emotion.training.detector.data import Picture

TOLERANCE = 2e-3
"""Largest difference of an output between Keras and the compiled form, logits and strides alike;
folding batch normalisation into the convolutions reorders float32 sums."""

CHECKED_SIZES = ((320, 320), (256, 320), (480, 640), (640, 448))
"""Heights and widths on which the compiled form is compared; 480 is no multiple of 64."""


def export_detector(
    weights: Path, folder: Path, config: network.NetworkConfig, validation: Sequence[Picture]
) -> DetectorSpec:
    """Writes ``model.keras``, ``model.tflite`` and ``spec.json`` into ``folder``; the spec.

    One compiled file takes every input size. validation: the part to choose on; the default
    threshold leaves 0.05 false faces a picture there. Raises ``ModelError`` when the compiled form
    does not answer as Keras does; then, as after any other error, ``folder`` is what it was before.
    """
    trained = network.build(config, training=True)
    trained.load_weights(weights)
    model = network.build(config)
    model.set_weights(trained.get_weights())
    with staged(folder) as stage:
        model.save(stage / KERAS_FILE)
        model.export(stage / SERVED_FILE, format="litert", verbose=False)
        check_equal(model, (stage / SERVED_FILE).read_bytes())
        spec = DetectorSpec(
            name=folder.name,
            strides=network.STRIDES,
            multiple=network.MULTIPLE,
            checksums={name: sha256_of(stage / name) for name in (KERAS_FILE, SERVED_FILE)},
        )
        (stage / SPEC_FILE).write_text(spec.to_json())
        threshold = judge(SingleShotDetector.load(stage), validation).threshold()
        spec = replace(spec, min_score=round(float(np.clip(threshold, 0.15, 0.95)), 3))
        (stage / SPEC_FILE).write_text(spec.to_json())
    return spec


def check_equal(model: keras.Model, served: bytes) -> None:
    """Compares the compiled form with Keras on noise of several sizes, or ``ModelError``."""
    compiled = CompiledModel(served)
    rng = np.random.default_rng(0)
    for height, width in CHECKED_SIZES:
        images = rng.integers(0, 256, (1, height, width, 3), dtype=np.uint8)
        outputs = compiled(images)
        for name, expected in model(images, training=False).items():
            if name not in outputs:
                raise ModelError(f"The compiled detector has no output {name}: {sorted(outputs)}.")
            if outputs[name].shape != tuple(expected.shape):
                raise ModelError(
                    f"The compiled detector's {name} has shape {outputs[name].shape} for an input "
                    f"of {width}x{height}, not {tuple(expected.shape)}; it was not taken."
                )
            gap = float(np.abs(outputs[name] - np.asarray(expected)).max())
            if gap > TOLERANCE:
                raise ModelError(
                    f"The compiled detector differs from Keras by {gap:.2g} in {name}, more than "
                    f"{TOLERANCE:g}; it was not taken."
                )
