"""The steps of one photo of 640x480 pixels, and ``fit_into``, which makes a photo that large."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from emotion.analyzer import Analyzer
from emotion.benchmarking.timing import peak_memory, time_step
from emotion.expression.crop import crop_face
from emotion.imaging.annotation import annotate_into
from emotion.types import Image

FRAME_SIZE = (480, 640)
"""Height and width of the measured frames."""


def fit_into(image: Image, size: tuple[int, int] = FRAME_SIZE) -> Image:
    """The whole image, scaled and centred in a gray frame.

    Args:
        image: RGB uint8 (H, W, 3).
        size: Height and width of the frame.

    Returns:
        RGB uint8 of that size.
    """
    height, width = size
    scale = min(height / image.shape[0], width / image.shape[1])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    frame = np.full((height, width, 3), 96, np.uint8)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    frame[top : top + small.shape[0], left : left + small.shape[1]] = small
    return frame


def time_stages(analyzer: Analyzer, image: Image, repeats: int) -> list[dict[str, Any]]:
    """Times each step of an analysis.

    Args:
        analyzer: The models.
        image: RGB uint8 (H, W, 3), with a face or more.
        repeats: Runs of each step.

    Returns:
        For each step ``stage`` (its name), ``median_ms``, ``p95_ms``, and ``peak_memory_mb`` of
        the process up to the step's end.
    """
    detections = analyzer.detect(image)
    faces = analyzer.faces(image, detections)
    rule, size = analyzer.spec.crop, analyzer.spec.input_size
    crops = [crop_face(image, d, rule, size) for d in detections]
    one = crops[:1] or [np.zeros(size, np.uint8)]
    canvas = image.copy()
    steps: list[tuple[str, Callable[[], object]]] = [
        ("detect", lambda: analyzer.detect(image)),
        (f"crop ({len(crops)})", lambda: [crop_face(image, d, rule, size) for d in detections]),
        ("classify (1)", lambda: analyzer.classify(one)),
        ("classify (10)", lambda: analyzer.classify(one * 10)),
        ("draw", lambda: annotate_into(canvas, faces)),
        ("analyze, whole", lambda: analyzer.analyze(image)),
    ]
    return [{"stage": name, **time_step(step, repeats), **peak_memory()} for name, step in steps]
