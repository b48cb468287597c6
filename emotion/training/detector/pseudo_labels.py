"""Semi-supervised training: pseudo-labels of a better detector, and hard negatives.

Labels miss faces, mostly small ones in the background, and each of them is learnt as background.
A teacher's detections become faces with a confidence (soft teacher, Xu et al., ICCV 2021), or
ignored regions where it is unsure. Where neither labels nor teacher know a face, the detections of
the detector that is trained on are false: crops are placed around them (hard negative mining).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from emotion.detection import SingleShotDetector
from emotion.detection.anchor_points import LANDMARKS
from emotion.detection.base import Detector, LoadedDetector
from emotion.detection.loading import detector_folder
from emotion.detection.spec import read_detector_spec
from emotion.geometry.boxes import DUPLICATE_IOU, duplicates_of, overlaps, stack_boxes
from emotion.training.common.run_record import origin_of
from emotion.training.detector.data import (
    AUTO_WEIGHT,
    Faces,
    Picture,
    Progress,
    concatenate_faces,
    parse_faces,
)
from emotion.types import Detection

FACE_SCORE = 0.7
"""From this score on, a teacher's detection is a face: just above the default threshold of
``hybrid`` and ``blazeface``, at which about one picture in twenty has a false face."""

UNSURE_SCORE = 0.3
"""From this score on, a detection is ignored: about even odds of ``hybrid``. Lower ones are mostly
background, and stay so."""

IGNORED_FACE_SCORE = 0.8
"""From this score on, a face that the labels ignore counts. Higher than for others, as somebody
saw a reason to leave it out."""

SMALLEST_FACE_PX = 8.0  # the data's own rule: labels of a lower height are ignored
SHARED_LANDMARKS = 3
"""Eyes and nose tip: the landmarks that all detectors share with the labels. A detection's others
are the middle of the mouth and, for BlazeFace, the ears."""

HARD_NEGATIVE_SCORE = 0.2
"""Lowest score of a hard negative: well below any threshold, as crops change its score."""


def add_pseudo_labels(
    pictures: Sequence[Picture], teacher: Detector, *, progress: Progress | None = None
) -> list[Picture]:
    """Adds the faces that a teacher detects and the labels lack.

    Args:
        pictures: Labelled images.
        teacher: Its full-frame detection runs once over each image.
        progress: Called with the images done and their total.

    Returns:
        The images in the same order, see ``pseudo_labelled``.
    """
    result = []
    for picture in pictures:
        found = teacher.detect(picture.image, UNSURE_SCORE)
        result.append(replace(picture, faces=pseudo_labelled(picture.faces, found)))
        if progress is not None:
            progress(len(result), len(pictures))
    return result


def pseudo_labelled(faces: Faces, detections: Sequence[Detection]) -> Faces:
    """Merges a teacher's detections into an image's labels.

    A detection of a labelled face changes nothing. One of an ignored face replaces it from
    ``IGNORED_FACE_SCORE`` on. Any other becomes a face from ``FACE_SCORE`` on, and below is
    ignored.

    Args:
        faces: The labelled faces of an image.
        detections: The teacher's, without duplicates.

    Returns:
        The labels, unchanged and first but for the ignored faces that were replaced, then
        pseudo-labels and ignored regions. Those below ``SMALLEST_FACE_PX`` are ignored.
    """
    labelled = faces.take(~faces.ignored)
    boxes = stack_boxes([each.xyxy for each in detections])
    new = ~duplicates_of(boxes, labelled.boxes)
    iou = overlaps(boxes[:, None], faces.boxes[None])[0] * faces.ignored
    kept = np.ones(len(faces), dtype=bool)
    added = []
    for i in np.flatnonzero(new).tolist():
        same = iou[i] > DUPLICATE_IOU
        is_tall = boxes[i, 3] - boxes[i, 1] >= SMALLEST_FACE_PX
        counts = is_tall and detections[i].score >= (
            IGNORED_FACE_SCORE if same.any() else FACE_SCORE
        )
        if counts:
            kept &= ~same
        if counts or not same.any():
            added.append(_face_of(detections[i], ignored=not counts))
    return concatenate_faces([faces.take(kept), *added])


def _face_of(detection: Detection, *, ignored: bool) -> Faces:
    """A detection as one face, with the landmarks that the teacher shares with the labels."""
    face = parse_faces([{"xyxy": detection.xyxy, "ignore": ignored}])
    landmarks, weights = face.landmarks, face.weights
    if detection.landmarks is not None and not ignored:
        known = np.arange(LANDMARKS) < SHARED_LANDMARKS
        landmarks[0, known] = detection.landmarks[:SHARED_LANDMARKS]
        weights[0, known] = AUTO_WEIGHT
    confidence = np.array([1.0 if ignored else detection.score], dtype=np.float32)
    return replace(face, landmarks=landmarks, weights=weights, confidence=confidence)


def add_hard_negatives(
    pictures: Sequence[Picture], detector: Detector, *, progress: Progress | None = None
) -> list[Picture]:
    """Adds the false detections in images without faces.

    Args:
        pictures: Images with labels and pseudo-labels.
        detector: The one that is trained on; only images without faces are searched.
        progress: Called with the images done and their total.

    Returns:
        The images in the same order. Detections of ignored faces are no hard negatives.
    """
    result = []
    for picture in pictures:
        if picture.faces.ignored.all():
            found = detector.detect(picture.image, HARD_NEGATIVE_SCORE)
            boxes = stack_boxes([each.xyxy for each in found])
            boxes = boxes[~duplicates_of(boxes, picture.faces.boxes)]
            picture = replace(picture, hard_negatives=boxes)
        result.append(picture)
        if progress is not None:
            progress(len(result), len(pictures))
    return result


def count_added(before: Sequence[Picture], after: Sequence[Picture]) -> dict[str, int]:
    """Counts the pseudo-labels and the hard negatives, for the run's record.

    Args:
        before: Labelled images.
        after: The same with what the functions above added.
    """
    faces = [sum(int((~p.faces.ignored).sum()) for p in each) for each in (before, after)]
    negatives = sum(len(p.hard_negatives) for p in after)
    return {"pseudo_labels": faces[1] - faces[0], "hard_negatives": negatives}


def teacher_origin(name: str, teacher: LoadedDetector) -> dict[str, Any]:
    """Describes a teacher for the run's record.

    Args:
        name: As given to ``load_detector``.
        teacher: The detector of that name.

    Returns:
        As ``origin_of`` for a detector that was trained here; else its name and digest.
    """
    if isinstance(teacher, SingleShotDetector):
        folder = detector_folder(name)
        return origin_of(folder, read_detector_spec(folder))
    return {"model": Path(name).name, "sha256": teacher.digest}
