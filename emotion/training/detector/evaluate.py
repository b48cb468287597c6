"""Evaluates detectors on labelled images: unchanged, rotated, blurred and darkened."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from emotion.detection.score_fusion import FUSION_FILE
from emotion.geometry.affine import Affine, map_boxes, warp
from emotion.models.spec import EVAL_FILE, SERVED_FILE
from emotion.training.detector import card, plots
from emotion.training.detector.baselines import MeasuredDetector
from emotion.training.detector.data import Picture
from emotion.training.detector.metrics import HEIGHT_RANGES, DetectionMetrics, finite

MAX_SIDE_PX = 640  # of a rotated image
ROLLS = (15, 30, 45)  # degrees
BLURS = (1.5, 3.0)  # sigma in px
DARKS = (0.3, 0.1)  # gain
MIN_CHANGED_FACE_PX = 60.0  # faces that count in perturbed images

Progress = Callable[[int, int | None], None]
Perturbation = Callable[[Picture, int], Picture]


def perturbations() -> dict[str, Perturbation]:
    """Name -> perturbation of an image, which is also given the image's number."""
    return {
        **{f"roll {degrees}": _roll(degrees) for degrees in ROLLS},
        **{f"blur {sigma:g}": _blur(sigma) for sigma in BLURS},
        **{f"dark {gain:g}": _dark(gain) for gain in DARKS},
    }


def _roll(degrees: float) -> Perturbation:
    return lambda picture, number: rotate_picture(picture, degrees if number % 2 else -degrees)


def _blur(sigma: float) -> Perturbation:
    return lambda picture, _: replace(
        picture, image=np.asarray(cv2.GaussianBlur(picture.image, (0, 0), sigma), np.uint8)
    )


def _dark(gain: float) -> Perturbation:
    return lambda picture, _: replace(
        picture, image=(picture.image * np.float32(gain)).astype(np.uint8)
    )


def evaluate(
    detectors: Mapping[str, MeasuredDetector],
    pictures: Sequence[Picture],
    out: Path,
    *,
    about: Mapping[str, Any],
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Evaluates detectors and writes ``eval.json`` and the plots.

    Args:
        detectors: Name -> detector, the one under evaluation first.
        pictures: Labelled images.
        out: Folder for the files. Where it is a detector's own folder, its card is written, too.
        about: Further entries of ``eval.json``: command and data.
        progress: Called with the images done and their total.

    Returns:
        The values of ``eval.json``.
    """
    result: dict[str, Any] = {**about, "detectors": {}}
    curves = {}
    total = len(detectors) * len(pictures)
    for number, (name, detector) in enumerate(detectors.items()):

        def advance(done: int, before: int = number * len(pictures)) -> None:
            if progress is not None:
                progress(before + done, total)

        result["detectors"][name], curves[name] = measure(detector, pictures, advance)
    out.mkdir(parents=True, exist_ok=True)
    (out / EVAL_FILE).write_text(json.dumps(result, indent=1) + "\n")
    plots.precision_recall(curves, out / "precision_recall.png")
    plots.robustness(result["detectors"], out / "robustness.png")
    if (out / SERVED_FILE).is_file() or (out / FUSION_FILE).is_file():
        card.write(out)
    return result


def measure(
    detector: MeasuredDetector, pictures: Sequence[Picture], progress: Callable[[int], object]
) -> tuple[dict[str, Any], tuple[np.ndarray, np.ndarray]]:
    """Computes one detector's metrics.

    Recall in perturbed images is measured at the threshold with 0.05 false positives per unchanged
    image, as the page uses one threshold whatever the light.

    Args:
        detector: The detector.
        pictures: Labelled images.
        progress: Called with the number of images done.

    Returns:
        The metrics as JSON values, and recall and precision over all scores.
    """
    detect = detector.detect
    unchanged, without_faces = DetectionMetrics(), DetectionMetrics()
    changed = {name: DetectionMetrics() for name in perturbations()}
    for i, picture in enumerate(pictures):
        unchanged.add_picture(detect, picture)
        if not len(picture.faces):
            without_faces.add_picture(detect, picture)
        for name, perturb in perturbations().items():
            changed[name].add_picture(detect, perturb(picture, i))
        progress(i + 1)
    threshold = unchanged.threshold()
    figures = unchanged.figures()
    figures["without_faces"] = {
        "pictures": without_faces.pictures,
        "false_per_picture": round(without_faces.false_rate(threshold), 5),
    }
    if detector.min_score is not None:
        figures["default_threshold"] = {
            "min_score": detector.min_score,
            "precision": finite(unchanged.precision(detector.min_score)),
            "recall": finite(unchanged.recall(detector.min_score)),
            "false_per_picture": finite(unchanged.false_rate(detector.min_score)),
            "false_per_picture_without_faces": finite(without_faces.false_rate(detector.min_score)),
        }
    figures["changed"] = {
        name: {
            "recall": finite(metrics.recall(threshold, MIN_CHANGED_FACE_PX)),
            "false_per_picture": metrics.false_rate(threshold),
        }
        for name, metrics in {"unchanged": unchanged, **changed}.items()
    }
    return figures, unchanged.curve(*HEIGHT_RANGES["all"])


def rotate_picture(picture: Picture, degrees: float) -> Picture:
    """Rotates a labelled image about its centre, without cutting anything off.

    Args:
        picture: The image and its faces.
        degrees: Angle, anticlockwise.

    Returns:
        The rotated image, shrunk to at most 640 px. A face's box is that of the rotated ellipse
        inside the old box, see ``map_boxes``.
    """
    height, width = picture.image.shape[:2]
    affine: Affine = np.asarray(
        cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0), dtype=np.float64
    )
    cos, sin = abs(affine[0, 0]), abs(affine[0, 1])
    size = np.array([width * cos + height * sin, width * sin + height * cos])
    scale = min(MAX_SIDE_PX / size.max(), 1.0)
    affine[:, 2] += (size - np.array([width, height])) / 2
    affine *= scale
    columns, rows = (max(int(side * scale), 1) for side in size)
    faces = picture.faces
    boxes = np.clip(map_boxes(faces.boxes, affine), 0, [columns, rows, columns, rows])
    landmarks = (faces.landmarks @ affine[:, :2].T + affine[:, 2]).astype(np.float32)
    return Picture(
        warp(picture.image, affine, (rows, columns)),
        replace(faces, boxes=boxes.astype(np.float32), landmarks=landmarks),
        picture.name,
    )
