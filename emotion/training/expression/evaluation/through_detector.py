"""End-to-end accuracy: the classifier on crops of the detector's boxes, as in serving.

A data set's faces are cropped already, while a detector needs an image around a face. So each face
is enlarged, as if near a camera, and pasted into a larger grey image. Padding with the face's own
edge looks more natural but hides the face: of 80 faces each of FER2013 and RAF-DB the detector
finds 96 and 96 % on grey, 95 and 86 % with the edge repeated and blurred, 86 and 64 % with the edge
repeated, 85 and 64 % with the image reflected. Detector, crop rule and classifier are those that
serve.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from emotion.detection import load_detector
from emotion.expression.classifier import Classifier
from emotion.expression.crop import crop_face, to_input
from emotion.training.expression.evaluation.metrics import rounded
from emotion.training.expression.evaluation.protocols import (
    Predictions,
    Progress,
    compute_logits,
    head_predictions,
    no_progress,
)
from emotion.types import Detection, Image

FACE_SIDE_PX = 192
BORDER_PX = 96
SCENE = (
    f"each face enlarged to {FACE_SIDE_PX} px in a picture of {FACE_SIDE_PX + 2 * BORDER_PX} px, "
    "the rest the face's mean grey"
)


def scene(face: np.ndarray) -> Image:
    """Pastes a face into the middle of a larger grey image.

    Args:
        face: uint8 (H, W) or (H, W, 3).

    Returns:
        RGB uint8 (S, S, 3), S = ``FACE_SIDE_PX`` + 2 ``BORDER_PX``.
    """
    large = cv2.resize(face, (FACE_SIDE_PX, FACE_SIDE_PX), interpolation=cv2.INTER_CUBIC)
    edge, gray = BORDER_PX, float(face.mean())
    picture = cv2.copyMakeBorder(
        large, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=(gray, gray, gray)
    )
    return to_input(np.asarray(picture, np.uint8), picture.shape[:2], 3)


def centered_detection(detections: Sequence[Detection]) -> Detection | None:
    """Finds the detection of the face in the middle of a scene.

    Args:
        detections: Detections in a scene, largest first.

    Returns:
        The largest detection over the middle; None where the face is missed.
    """
    middle = BORDER_PX + FACE_SIDE_PX / 2
    for detection in detections:
        x1, y1, x2, y2 = detection.xyxy
        if x1 < middle < x2 and y1 < middle < y2:
            return detection
    return None


def through_detector(
    classifier: Classifier,
    images: np.ndarray,
    truth: np.ndarray,
    heads: Sequence[str],
    *,
    sample: int,
    seed: int = 0,
    num_threads: int = 1,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Measures the detector's recall and the accuracy on its crops.

    Args:
        classifier: The classifier.
        images: Faces, uint8 (N, H, W) or (N, H, W, 3).
        truth: True classes, (N,), indices into ``EMOTIONS``.
        heads: Heads whose accuracy is measured.
        sample: Largest number of faces, drawn at random.
        seed: Seed of the sample.
        num_threads: Threads of the detector.
        progress: Called with the fraction that is done, 0..1.

    Returns:
        JSON values: ``found``, the fraction of the faces that are detected, and by head the
        accuracy as a fraction: ``given`` on the data's own crops of all faces, ``found`` on the
        detector's crops of those detected (None without any), ``missed_wrong`` the same with missed
        faces counted as errors.
    """
    rows = np.sort(np.random.default_rng(seed).permutation(len(images))[: min(sample, len(images))])
    images, truth = images[rows], truth[rows]
    detector = load_detector(num_threads=num_threads)
    rule, size = classifier.spec.crop, classifier.spec.input_size
    crops, found = [], []
    for i, face in enumerate(images):
        picture = scene(face)
        detection = centered_detection(detector.detect(picture))
        if detection is not None:
            crops.append(crop_face(picture, detection, rule, size))
            found.append(i)
        progress((i + 1) / len(images))
    given = compute_logits(classifier, images)
    cut = classifier.logits(crops)
    seen = np.array(found, np.int64)
    by_head = {}
    for head in heads:
        correct = _is_correct(head_predictions(classifier.spec, head, cut, truth[seen]))
        by_head[head] = {
            "given": rounded(
                _is_correct(head_predictions(classifier.spec, head, given, truth)).mean()
            ),
            "found": rounded(correct.mean()) if found else None,
            "missed_wrong": rounded(correct.sum() / len(images)),
        }
    return {
        "scene": SCENE,
        "detector_sha256": detector.digest,
        "n": len(images),
        "seed": seed,
        "found": rounded(len(found) / len(images)),
        "by_head": by_head,
    }


def _is_correct(predictions: Predictions) -> np.ndarray:
    """Which predictions are correct, bool (N,)."""
    return np.asarray(predictions.probabilities.argmax(axis=1) == predictions.truth)
