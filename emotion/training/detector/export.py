"""Export of a trained detector: ``model.keras``, its compiled form and the spec."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from emotion.detection import SingleShotDetector
from emotion.detection.spec import DetectorSpec
from emotion.models.spec import SPEC_FILE
from emotion.training.common.publish import Check, save_and_compile, staged
from emotion.training.detector import network
from emotion.training.detector.baselines import as_detect
from emotion.training.detector.data import Picture
from emotion.training.detector.metrics import DetectionMetrics

TOLERANCE = 2e-3
"""Largest difference of an output between Keras and the compiled form, logits and strides alike;
the compiled form reorders float32 sums."""

CHECKED_SIZES = ((320, 320), (256, 320), (480, 640), (640, 448))
"""(height, width) of the inputs that are compared; 480 is no multiple of 64."""


def export_detector(
    weights: Path, folder: Path, config: network.NetworkConfig, validation: Sequence[Picture]
) -> DetectorSpec:
    """Writes ``model.keras``, ``model.tflite`` and ``spec.json``; one file serves every input size.

    Args:
        weights: A run's best weights.
        folder: The detector's folder; unchanged when an error is raised.
        config: Sizes of the network.
        validation: The validation split; the default score threshold is the one with 0.05 false
            positives per image here.

    Returns:
        The spec.

    Raises:
        ModelError: When the compiled form does not equal the Keras model.
    """
    model = network.build(config)
    model.load_weights(weights)
    with staged(folder) as stage:
        spec = save_detector(model, stage, folder.name)
        threshold = validation_metrics(SingleShotDetector.load(stage), validation).threshold()
        spec = replace(spec, min_score=round(float(np.clip(threshold, 0.15, 0.95)), 3))
        (stage / SPEC_FILE).write_text(spec.to_json())
    return spec


def save_detector(
    model: keras.Model, stage: Path, name: str, *, min_score: float = DetectorSpec.min_score
) -> DetectorSpec:
    """Writes ``model.keras``, ``model.tflite`` and ``spec.json`` of a network as it is.

    Args:
        model: A network of ``network.build``.
        stage: Folder for the files, see ``staged``.
        name: The detector's.
        min_score: The default score threshold.

    Returns:
        The spec.

    Raises:
        ModelError: When the compiled form does not equal the Keras model.
    """
    spec = DetectorSpec(
        name=name,
        strides=network.STRIDES,
        multiple=network.MULTIPLE,
        min_score=min_score,
        checksums=save_and_compile(model, stage, checks(model), tolerances(model)),
    )
    (stage / SPEC_FILE).write_text(spec.to_json())
    return spec


def checks(model: keras.Model) -> Iterator[Check]:
    """Noise of several sizes, uint8 (1, H, W, 3), and the network's outputs for it."""
    rng = np.random.default_rng(0)
    for height, width in CHECKED_SIZES:
        images = rng.integers(0, 256, (1, height, width, 3), dtype=np.uint8)
        outputs = model(images, training=False)
        yield images, {name: np.asarray(value) for name, value in outputs.items()}


def tolerances(model: keras.Model) -> dict[str, float]:
    """Name of an output -> its ``TOLERANCE``."""
    return dict.fromkeys(model.output, TOLERANCE)


def validation_metrics(
    detector: SingleShotDetector, pictures: Sequence[Picture]
) -> DetectionMetrics:
    """Measures a detector on labelled images.

    Args:
        detector: The detector; its detections are taken down to a low score.
        pictures: The validation split.
    """
    metrics, detect = DetectionMetrics(), as_detect(detector.detect)
    for picture in pictures:
        metrics.add_picture(detect, picture)
    return metrics
